"""The `Generator`: texts that a language model generates after prompts, and scores of given texts.

    prompt -> ids -> one step of the model -> search, by default sampling -> ids -> text

Of a prompt longer than the context only the newest part is read. The same holds once the generated text
has outgrown the context.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from torch import Tensor

from seq2seq.config import END, EOS
from seq2seq.inference.backends.selection import (
    Backend,
    ComputeType,
    choose_backend,
    make_language_engine,
)
from seq2seq.inference.completion import decode_prompts, length_limit, log_probabilities, stream_prompt
from seq2seq.inference.processing import cut_before, cut_unfinished, end_at_stop, prefix_ids
from seq2seq.inference.results import Finish, Score
from seq2seq.model.device import choose_device
from seq2seq.model.language_model import LanguageModel
from seq2seq.options import OF_SOURCES, DecodeOptions
from seq2seq.search import Cancelled, Hypothesis, rows_cancelled
from seq2seq.storage.hub import push
from seq2seq.storage.model_directory import load_language_model, save_model
from seq2seq.storage.quantization import StorageFormat
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import LanguageSettings
from seq2seq.text.normalization import check_text
from seq2seq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from seq2seq.inference.backends.language_engine import CTranslate2LanguageEngine

SAMPLING = DecodeOptions(sampling_topk=0)


@dataclass(frozen=True)
class Generation:
    """A text generated after a prompt.

    Attributes:
        prompt: The prompt.
        text: The continuation, without the prompt. It is `tokens` joined; where it ends before a stop text,
            the tokens go on to the end of the stop text.
        score: log_probability / n ** length_penalty, where n counts the tokens and, if reached, the end.
        log_probability: The sum of `token_log_probabilities`.
        tokens: The text of each generated token.
        finish: "end", or "length" where the limit was reached first.
        prompt_tokens: The number of tokens read as prompt.
        token_log_probabilities: Log p of each of the n tokens.
        alternatives: The further hypotheses, best first.
        token_ids: The id of each generated token.
    """

    prompt: str
    text: str
    score: float
    log_probability: float
    tokens: list[str]
    finish: Finish
    prompt_tokens: int
    token_log_probabilities: list[float] = field(repr=False)
    alternatives: list["Generation"] = field(default_factory=list)
    token_ids: list[int] = field(default_factory=list, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the fields that `seq2seq generate --json` prints."""
        return {
            "prompt": self.prompt,
            "text": self.text,
            "score": self.score,
            "log_probability": self.log_probability,
            "alternatives": [
                {"text": a.text, "score": a.score, "log_probability": a.log_probability}
                for a in self.alternatives
            ],
            "tokens": self.tokens,
            "finish": self.finish,
        }


class LikelihoodMeasure(NamedTuple):
    """The likelihood of a text under a model.

    Attributes:
        nats: Negative log-probability per character, in nats.
        perplexity: Perplexity per token.
        characters: The number of characters that were scored.
        tokens: The number of tokens that were scored.
    """

    nats: float
    perplexity: float
    characters: int
    tokens: int


class Generator:
    """A language model with its tokenizer, ready to generate and to score texts."""

    def __init__(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        settings: LanguageSettings,
        card: str = "",
        storage: StorageFormat = "float16",
        engine: "CTranslate2LanguageEngine | None" = None,
    ) -> None:
        self.model = model
        self.engine = engine
        self.tokenizer = tokenizer
        self.settings = settings
        self.card = card
        self.storage: StorageFormat = storage  # the format of `save_pretrained` that changes no weight

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        device: str = "auto",
        backend: Backend = "auto",
        compute_type: ComputeType = "auto",
    ) -> "Generator":
        """Load a generator by the name of a released model, a model directory or a hub id.

        `device` "auto" uses a GPU where there is one. `backend` and `compute_type` are those of `Translator`.
        Only a hub id is downloaded.

        Raises:
            ValueError: The name leads to no model, or `backend` is "ctranslate2" and cannot be used.
        """
        directory, device = find_model(name), choose_device(device)
        loaded = load_language_model(directory, device)
        choice = choose_backend(loaded.model.config, backend, compute_type, device)
        return cls(*loaded, make_language_engine(loaded, directory, choice, device))

    @property
    def backend(self) -> str:
        """The back end that searches, loaded if need be: "torch", or such as "ctranslate2 int8"."""
        return self.engine.name if self.engine is not None else "torch"

    def save_pretrained(self, directory: str | Path, storage: StorageFormat | None = None) -> None:
        """Write a model directory, from which `from_pretrained` loads the same generator.

        `storage` None is the format of the directory it was loaded from, else "float16"; see `Translator`.
        """
        save_model(directory, self.model, self.tokenizer, self.settings, self.card, storage or self.storage)

    def push_to_hub(self, hub_id: str, *, private: bool = False, storage: StorageFormat | None = None) -> str:
        """Upload the model to the Hugging Face hub as `owner/name` and return its address."""
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(Path(folder) / "model", storage)
            return push(Path(folder) / "model", hub_id, private=private)

    @overload
    def generate(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
        self, prompts: str, options: DecodeOptions | None = None, cancelled: Cancelled | None = None
    ) -> Generation: ...

    @overload
    def generate(
        self,
        prompts: Iterable[str],
        options: DecodeOptions | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[Generation]: ...

    def generate(
        self,
        prompts: str | Iterable[str],
        options: DecodeOptions | None = None,
        cancelled: Cancelled | None = None,
    ) -> Generation | list[Generation]:
        """Generate a continuation of a prompt, or of each of several.

        Without options it samples among all tokens. `max_length` None is 256 tokens. `cancelled(i)` is
        polled at each step; a cancelled prompt gets an empty continuation.

        Raises:
            ValueError: An option concerns a source, which a language model does not have.
        """
        if isinstance(prompts, str):
            return self.generate([prompts], options, cancelled)[0]
        texts = [check_text(prompt) for prompt in prompts]
        options = self._effective_options(options or SAMPLING)
        prompt_ids = [self.read(text) for text in texts]
        prefix = self._prefix(options)

        def torch_search(rows: Sequence[int]) -> list[list[Hypothesis]]:
            own, polled = [prompt_ids[row] for row in rows], rows_cancelled(cancelled, rows)
            return decode_prompts(self.model, own, options, prefix, self._surfaces, polled)

        if self.engine is None:
            hypotheses = torch_search(range(len(texts)))
        else:
            hypotheses = self.engine.complete(prompt_ids, options, prefix, cancelled, torch_search)
        return [self._generation(*row, options) for row in zip(texts, prompt_ids, hypotheses, strict=True)]

    def stream(self, prompt: str, options: DecodeOptions | None = None) -> Iterator[str]:
        """Yield the continuation piece by piece; with a seed, joined pieces equal the text of `generate`.

        `beam_size` is not used, since a beam revises what it has generated.
        """
        stops = (options or SAMPLING).stop or ()
        generated = emitted = ""
        for text, _ in self.steps(prompt, options):
            generated += text
            if more := cut_unfinished(generated, stops)[len(emitted) :]:
                yield more
                emitted += more
        yield from filter(None, [cut_before(generated, stops)[len(emitted) :]])

    def steps(self, prompt: str, options: DecodeOptions | None = None) -> Iterator[tuple[str, float]]:
        """Yield the text and log-probability of each token but the end, those of a stop text included."""
        ids, options = self.read(check_text(prompt)), self._effective_options(options or SAMPLING)
        prefix = self._prefix(options)
        steps = self.engine.stream_prompt(ids, options, prefix) if self.engine else None
        if steps is None:
            steps = stream_prompt(self.model, ids, options, prefix, self._surfaces)
        for step in steps:
            yield self.tokenizer.decode([step.token]), step.log_probability

    def steps_with_candidates(
        self, prompt: str, options: DecodeOptions | None, count: int
    ) -> Iterator[tuple[str, float, dict[str, float]]]:
        """Yield as `steps`, with the log-probabilities of the `count` most probable tokens by their texts.

        They are of the model's own distribution, and the chosen token is always among them.
        """
        ids, options = self.read(check_text(prompt)), self._effective_options(options or SAMPLING)
        newest: list[Tensor] = []

        def observe(logits: Tensor) -> None:
            newest[:] = [logits]

        for step in stream_prompt(self.model, ids, options, self._prefix(options), self._surfaces, observe):
            top = self._candidates(newest[0], step.token, step.log_probability, count)
            yield self.tokenizer.decode([step.token]), step.log_probability, top

    def candidates(self, generation: Generation, count: int) -> list[dict[str, float]]:
        """Return for each token of a generation what `steps_with_candidates` yields with it.

        The tokens are decoded once more, so that this takes about the time of the generation.
        """
        tokens, values = generation.token_ids, generation.token_log_probabilities
        if not tokens:
            return []
        logits: list[Tensor] = []
        ids, options = self.read(generation.prompt), DecodeOptions(beam_size=1, max_length=len(tokens))
        for _ in stream_prompt(self.model, ids, options, tokens, observe=logits.append):
            pass
        return [
            self._candidates(row, token, value, count)
            for row, token, value in zip(logits, tokens, values[: len(tokens)], strict=True)
        ]

    def _candidates(self, logits: Tensor, token: int, value: float, count: int) -> dict[str, float]:
        """Return the log-probabilities of the `count` most probable tokens and of the chosen one, by text."""
        likeliest = logits.float().log_softmax(0).topk(min(count, len(logits)))
        top: dict[str, float] = {}
        for text, own in zip(self._texts(likeliest.indices.tolist()), likeliest.values.tolist(), strict=True):
            top.setdefault(text, own)  # two tokens may have one text
        return {**top, self._texts([token])[0]: value}

    @overload
    def score(self, texts: str) -> Score: ...  # type: ignore[overload-overlap]

    @overload
    def score(self, texts: Iterable[str]) -> list[Score]: ...

    def score(self, texts: str | Iterable[str]) -> Score | list[Score]:
        """Score a text, or each of several, by its log-probability from the beginning on.

        Of a text longer than the context each token is predicted from at least half a context.
        """
        if isinstance(texts, str):
            return self.score([texts])[0]
        scores = []
        for text in texts:
            ids = self._sequence(check_text(text))
            values = log_probabilities(self.model, ids, self.model.config.max_length // 2).tolist()
            scores.append(Score(math.fsum(values), self._texts(ids[1:]), values))
        return scores

    def measure(self, text: str) -> LikelihoodMeasure:
        """Measure the likelihood of a text over independent windows of the context, as in training.

        Where texts have no end symbol, nothing precedes the first token, and it is not scored.

        Raises:
            ValueError: The text is too short to score any token.
        """
        ids = self._sequence(text) if self.settings.ends else self.tokenizer.encode(text)
        if not text or len(ids) < 2:
            raise ValueError(f"the text {text!r} is too short to foretell anything of it; give a longer one")
        unscored = 0 if self.settings.ends else len(self.tokenizer.decode(ids[:1]))
        values = log_probabilities(self.model, ids).double()
        total, characters = -float(values.sum()), len(text) - unscored
        return LikelihoodMeasure(total / characters, math.exp(total / len(values)), characters, len(values))

    def read(self, prompt: str) -> list[int]:
        """Encode a prompt; where texts end, as the beginning of a new text."""
        ids = self.tokenizer.encode(prompt)
        return [self.opening, *ids] if self.settings.ends or not ids else ids

    @property
    def opening(self) -> int:
        """The token before a text: the end symbol of the text before it, or a line break."""
        return EOS if self.settings.ends else self.tokenizer.encode("\n")[0]

    def _sequence(self, text: str) -> list[int]:
        """Encode a whole text, with its opening token and, where texts end, the end symbol."""
        end = [EOS] if self.settings.ends else []
        return [self.opening, *self.tokenizer.encode(text), *end]

    def _effective_options(self, options: DecodeOptions) -> DecodeOptions:
        """Return the options for this model: no unknown piece, and no end symbol where training had none.

        Raises:
            ValueError: An option concerns a source, which a language model does not have.
        """
        for name in OF_SOURCES:
            if getattr(options, name):
                raise ValueError(
                    f"{name} speaks of a text to be translated; leave it out with a language model"
                )
        if self.settings.ends:
            return replace(options, disable_unk=True)
        # The model never saw an end symbol, so its probability means nothing: generation runs to the limit.
        limit = length_limit(options)
        return replace(options, disable_unk=True, min_length=limit, max_length=limit)

    def _prefix(self, options: DecodeOptions) -> list[int]:
        """Return the ids that every result begins with."""
        return prefix_ids(options.target_prefix or (), self.tokenizer)

    @cached_property
    def _surfaces(self) -> list[str]:
        """The surface of each token, for options on words."""
        return self.tokenizer.pieces(range(len(self.tokenizer)))

    def _generation(
        self, prompt: str, ids: Sequence[int], hypotheses: Sequence[Hypothesis], options: DecodeOptions
    ) -> Generation:
        """Convert the hypotheses for a prompt; without any (it was cancelled) the text is empty."""
        count = min(len(ids), self.model.config.max_length)
        if not hypotheses:
            return Generation(prompt, "", 0.0, 0.0, [], "length", count, [])
        generations = [self._convert(prompt, count, hypothesis, options) for hypothesis in hypotheses]
        if options.stop:  # scores changed, since the end after a stop text is not counted
            generations.sort(key=lambda generation: generation.score, reverse=True)
        best, *others = generations
        return replace(best, alternatives=others)

    def _convert(self, prompt: str, count: int, hypothesis: Hypothesis, options: DecodeOptions) -> Generation:
        """Convert one hypothesis to a text that ends before a stop text."""
        text = self.tokenizer.decode(hypothesis.tokens)
        hypothesis = end_at_stop(hypothesis, text, options)
        return Generation(
            prompt,
            cut_before(text, options.stop or ()),
            hypothesis.score,
            hypothesis.log_probability,
            self._texts(hypothesis.tokens),
            hypothesis.finish,
            count,
            list(hypothesis.token_log_probabilities),
            token_ids=hypothesis.tokens,
        )

    def _texts(self, ids: Sequence[int]) -> list[str]:
        """Return the text of each token; with a verbatim vocabulary, joined texts are the whole text."""
        return [END if index == EOS else self.tokenizer.decode([index]) for index in ids]
