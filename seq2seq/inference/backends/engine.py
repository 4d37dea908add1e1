"""The search of a translator on CTranslate2, with torch for what that cannot do.

    SearchRequest ─> rows that the engine can search ─> hypotheses ─> those that keep the options
                 └─> all others ────────────────────────> torch <──── all others

Nothing is dropped: a text with a prefix or with phrases, and a result that has a token or a length which our
search forbids, is searched by torch in the same call. The log-probability of each token costs a further pass,
which runs when it is looked at.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, overload

from seq2seq.config import BOS, EOS, PAD, UNK
from seq2seq.inference.backends.expressible import option_against
from seq2seq.inference.decoding import BUDGET, Decode, SearchRequest, length_limits
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Model
from seq2seq.options import DecodeOptions
from seq2seq.search import Hypothesis, Step

log = logging.getLogger("seq2seq")

# A beam goes on until so many times its places have ended. At 1, the engine's default, de-en lost 0.3 BLEU on
# validation texts beside our search, which goes on until nothing better can come; at 2 and 3 nothing.
PATIENCE = 2
NEVER = [["<pad>"], ["<s>"]]  # never written, as in our search
Load = Callable[[], "LoadedEngine"]


class LoadedEngine(NamedTuple):
    """A translator or generator of CTranslate2, and the name of each token of its vocabulary."""

    engine: Any
    tokens: list[str]


class LazyLogProbabilities(Sequence[float]):
    """The log-probability of each token of a result, computed when the first of them is looked at."""

    def __init__(self, count: int, compute: Callable[[], list[float]]) -> None:
        self._count = count
        self._compute = compute
        self._values: list[float] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> float: ...

    @overload
    def __getitem__(self, index: slice) -> list[float]: ...

    def __getitem__(self, index: int | slice) -> float | list[float]:
        if self._values is None:
            self._values = self._compute()[: self._count]
        return self._values[index]


class CTranslate2Engine:
    """The search of one model on CTranslate2.

    `load` makes the engine at the first search. Where that fails, one sentence says why, and torch searches
    from then on. The same holds once the weights of the model have been changed.

    Attributes:
        model: The model that the engine computes.
        number_format: The format of weights, such as "int8".
    """

    def __init__(self, model: Model | LanguageModel, number_format: str, load: Load) -> None:
        self.model: Any = model
        self.number_format = number_format
        self._load = load
        self._lock = threading.Lock()
        self._loaded: LoadedEngine | None = None
        self._ids: dict[str, int] = {}
        self._failed = False
        # A training step, or loading other weights, changes parameters in place, and torch counts that.
        self._parameters = [each for each in model.parameters() if not each.is_inference()]
        self._versions = [parameter._version for parameter in self._parameters]

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Return None for a copy: a copied or pickled translator has a model of its own, for torch."""
        return type(None), ()

    def ready(self) -> LoadedEngine | None:
        """Return the engine, loaded if this is its first use; None where torch must search."""
        if self._loaded is None and not self._failed:
            with self._lock:
                if self._loaded is None and not self._failed:
                    self._start()
        if self._failed or [parameter._version for parameter in self._parameters] != self._versions:
            return None
        return self._loaded

    @property
    def name(self) -> str:
        """The back end that searches, loaded if need be: "torch", or such as "ctranslate2 int8"."""
        return f"ctranslate2 {self.number_format}" if self.ready() else "torch"

    def _start(self) -> None:
        try:
            loaded = self._load()
        except (OSError, RuntimeError, ValueError, ImportError, MemoryError) as error:
            self._failed = True
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            log.warning("CTranslate2 is not used and torch searches: %s", reason)
            return
        self._ids = {token: number for number, token in enumerate(loaded.tokens)}
        self._loaded = loaded

    def search(self, model: Model, request: SearchRequest, torch_search: Decode) -> list[list[Hypothesis]]:
        """Return the hypotheses for each source, best first; `torch_search` finds those for the others."""
        rows = self._expressible_rows(model, request)
        loaded = self.ready() if rows else None
        found = self._search_rows(loaded, request, rows) if loaded else {}
        rest = [row for row in range(len(request.sources)) if row not in found]
        if rest:
            found |= zip(rest, torch_search(model, request.of_rows(rest)), strict=True)
        return [found[row] for row in range(len(request.sources))]

    def stream(
        self, model: Model, source: Sequence[int], options: DecodeOptions, prefix: Sequence[int]
    ) -> Iterator[Step] | None:
        """Return the steps of greedy search or sampling for one source; None where torch must search."""
        request = SearchRequest([source], options, [prefix] if prefix else ())
        if options.num_hypotheses != 1 or not self._expressible_rows(model, request):
            return None
        loaded = self.ready()
        return self._steps(loaded, source, options) if loaded else None

    def _steps(self, loaded: LoadedEngine, source: Sequence[int], options: DecodeOptions) -> Iterator[Step]:
        (limit,) = length_limits(self.model, [source], options)
        steps = loaded.engine.generate_tokens(
            self._named(source),
            max_decoding_length=limit,
            min_decoding_length=options.min_length,
            max_input_length=0,
            disable_unk=options.disable_unk,
            suppress_sequences=NEVER,
            return_log_prob=True,
            **sampling_arguments(options),
        )
        for step in steps:
            if step.token_id != EOS:
                yield Step(step.token_id, step.log_prob)

    def _expressible_rows(self, model: Model, request: SearchRequest) -> list[int]:
        """Return the numbers of the sources that the engine can search, as far as is known before."""
        if model is not self.model or request.observer is not None or option_against(request.options):
            return []
        longest = model.config.max_length - 1  # longer sources are refused by our model
        prefixes, phrases = request.prefixes, request.phrases
        return [
            row
            for row, source in enumerate(request.sources)
            if 0 < len(source) <= longest
            and not (prefixes and prefixes[row])
            and not (phrases and phrases[row])
        ]

    def _search_rows(
        self, loaded: LoadedEngine, request: SearchRequest, rows: Sequence[int]
    ) -> dict[int, list[Hypothesis]]:
        """Return the hypotheses of some of the sources, without those that torch must search."""
        limits = length_limits(self.model, request.sources, request.options)
        found: dict[int, list[Hypothesis]] = {}
        for batch in _batches(request, rows):
            going = [row for row in batch if request.cancelled is None or not request.cancelled(row)]
            if not going:
                continue
            results = self._translate(loaded, request, going, max(limits[row] for row in going))
            for row, result in zip(going, results, strict=True):
                hypotheses = self._hypotheses(loaded, request, row, result, limits[row])
                if hypotheses is not None:
                    found[row] = hypotheses
        if request.cancelled is not None:
            found |= {row: [] for row in rows if request.cancelled(row)}
        return found

    def _translate(
        self, loaded: LoadedEngine, request: SearchRequest, rows: Sequence[int], limit: int
    ) -> list[Any]:
        options = request.options
        is_beam = options.search_kind == "beam"
        results: list[Any] = loaded.engine.translate_batch(
            [self._named(request.sources[row]) for row in rows],
            beam_size=options.beam_size if is_beam else 1,
            num_hypotheses=options.num_hypotheses,
            patience=PATIENCE if is_beam else 1,
            length_penalty=options.length_penalty,
            max_batch_size=BUDGET,
            batch_type="tokens",
            max_input_length=0,
            max_decoding_length=limit,
            # With a minimum of 1 the engine would leave the end symbol out of the first softmax.
            min_decoding_length=0,
            return_scores=True,
            return_end_token=True,
            **sampling_arguments(options),
        )
        return results

    def _hypotheses(
        self, loaded: LoadedEngine, request: SearchRequest, row: int, result: Any, limit: int
    ) -> list[Hypothesis] | None:
        """Return the result for a source; None where our search would not have found it."""
        options = request.options
        # Where our search bans a token, and the engine did not, the result is that of our search all the same
        # as long as it has none of them.
        forbidden = {PAD, BOS, UNK} if options.disable_unk else {PAD, BOS}
        hypotheses = []
        for names, score in zip(result.hypotheses, result.scores, strict=True):
            ids = [self._ids[name] for name in names]
            ended = ids[-1:] == [EOS]
            tokens = ids[:-1] if ended else ids
            fits = len(ids) <= limit if ended else len(ids) == limit
            if not fits or len(tokens) < options.min_length or forbidden & set(tokens):
                return None
            finish: Literal["end", "length"] = "end" if ended else "length"
            own = LazyLogProbabilities(len(ids), partial(self._score, loaded, request.sources[row], tokens))
            total = score * len(ids) ** options.length_penalty
            hypotheses.append(Hypothesis(tokens, total, score, finish, own))
        return hypotheses if len(hypotheses) == options.num_hypotheses else None

    def _score(self, loaded: LoadedEngine, source: Sequence[int], tokens: Sequence[int]) -> list[float]:
        """Return the log-probability of each token and of the end symbol after them."""
        (result,) = loaded.engine.score_batch(
            [self._named(source)], [self._named(tokens)], max_input_length=0
        )
        return [float(value) for value in result.log_probs]

    def _named(self, ids: Sequence[int]) -> list[str]:
        assert self._loaded is not None
        return [self._loaded.tokens[number] for number in ids]


def sampling_arguments(options: DecodeOptions) -> dict[str, Any]:
    """Return the arguments of sampling; none where nothing is sampled."""
    if options.search_kind != "sampling":
        return {}
    return {
        "sampling_topk": options.sampling_topk,
        "sampling_topp": options.sampling_topp,
        "sampling_temperature": options.sampling_temperature,
    }


def _batches(request: SearchRequest, rows: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the sources that are searched by one call: all, or few where a caller may cancel them.

    The engine sorts the sources of a call by length and divides them into batches.
    """
    if request.cancelled is None:
        yield rows
        return
    size = max(1, BUDGET // max(len(request.sources[row]) + 1 for row in rows))
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
