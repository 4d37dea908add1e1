"""From source ids to hypotheses: batches of like length, encoded once each, then searched.

    sources (ids without special symbols) -> encode -> start -> search -> hypotheses, in the order given

This is where a Transformer and the search meet; neither knows the other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import EOS, PAD
from seq2seq.model.batch import token_budget_batches
from seq2seq.model.transformer import Model
from seq2seq.options import DecodeOptions
from seq2seq.search import (
    AttentionTrace,
    BannedTexts,
    BatchConstraints,
    Cancelled,
    Hypothesis,
    Observer,
    PhraseConstraint,
    Step,
    decode,
    make_constraints,
    rows_cancelled,
    stream,
)

BUDGET = 2048  # source tokens decoded side by side, padding counted
WIDEST, WIDER = 64, 2  # hypotheses a sentence where something is demanded: a bank, for each asked for


@dataclass(frozen=True)
class Vocabulary:
    """What a search knows of its tokens [V]: how each is written, and before which a word may end.

    `head` is the cross-attention head that shows from where a token was translated.
    """

    surfaces: list[str]
    closers: list[bool]
    head: AlignmentHead


@dataclass(frozen=True)
class SearchRequest:
    """Sources to be decoded, and everything a search must know of them.

    Attributes:
        sources: the ids of each source, language tag included, end not.
        options: the options of the search, those of words and lengths among them.
        prefixes: ids that the results for each source begin with; empty where none are asked for.
        phrases: what the results for each source must contain; empty where nothing is demanded.
        vocabulary: what is known of the tokens; wanted by phrases and by options that speak of words.
        cancelled: polled at each step with a source's number; a cancelled source has no hypotheses.
        observer: sees each step of the beam, with numbers of sentences in their batch: give it one source.
    """

    sources: Sequence[Sequence[int]]
    options: DecodeOptions
    prefixes: Sequence[Sequence[int]] = ()
    phrases: Sequence[Sequence[PhraseConstraint]] = ()
    vocabulary: Vocabulary | None = None
    cancelled: Cancelled | None = None
    observer: Observer | None = None

    def of_rows(self, rows: Sequence[int]) -> "SearchRequest":
        """Return the request for some of its sources."""
        if list(rows) == list(range(len(self.sources))):
            return self
        return replace(
            self,
            sources=[self.sources[row] for row in rows],
            prefixes=[self.prefixes[row] for row in rows] if self.prefixes else (),
            phrases=[self.phrases[row] for row in rows] if self.phrases else (),
            cancelled=rows_cancelled(self.cancelled, rows),
        )


# Searches for the hypotheses of each source, best first: `decode_sources`, or a call of another process.
Decode = Callable[[Model, SearchRequest], list[list[Hypothesis]]]


def decode_sources(model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
    """Return the hypotheses for each source, best first."""
    hypotheses: list[list[Hypothesis]] = [[]] * len(request.sources)
    for rows in _batches(request):
        results = _decode_batch(model, request.of_rows(rows))
        for row, of_source in zip(rows, results, strict=True):
            hypotheses[row] = of_source
    return hypotheses


def _batches(request: SearchRequest) -> Iterator[list[int]]:
    """Yield the numbers of sources that are decoded side by side, of like length."""
    if len(request.sources) == 1:
        yield [0]
        return
    lengths = [(len(ids) + 1, 1) for ids in request.sources]
    budget = max(BUDGET, max((length for length, _ in lengths), default=1))
    counts = list(map(len, request.phrases)) or [0] * len(lengths)
    # The width of a sentence's beam follows from its own phrases, so those of as many go together.
    for count in sorted(set(counts)):
        rows = [row for row, own in enumerate(counts) if own == count]
        share = budget // (WIDER * (count + 1)) if count else budget
        share = max(share, max(lengths[row][0] for row in rows))
        for batch in token_budget_batches([lengths[row] for row in rows], share, seed=None):
            yield [rows[place] for place in batch]


@torch.inference_mode()
def _decode_batch(model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
    sources, options, vocabulary = request.sources, request.options, request.vocabulary
    limits = length_limits(model, sources, options)
    if not any(request.phrases):
        surfaces = vocabulary.surfaces if vocabulary else ()
        return decode(
            model.step,
            start(model, sources, max(limits)),
            len(sources),
            limits,
            options,
            request.prefixes or None,
            request.observer,
            request.cancelled,
            surfaces,
        )
    assert vocabulary is not None, "phrases want a vocabulary"
    if options.max_length is None:
        longest = model.config.max_length - 1
        more = [sum(len(phrase.tokens) for phrase in own) for own in request.phrases]
        limits = [min(longest, limit + extra) for limit, extra in zip(limits, more, strict=True)]
    state = start(model, sources, max(limits))
    hypotheses = decode(
        model.step,
        state,
        len(sources),
        limits,
        constrained(options, max(map(len, request.phrases))),
        request.prefixes or None,
        request.observer,
        request.cancelled,
        vocabulary.surfaces,
        _constraints(model, request, vocabulary, limits, state),
    )
    return [of_source[: options.num_hypotheses] for of_source in hypotheses]


def _constraints(
    model: Model, request: SearchRequest, vocabulary: Vocabulary, limits: Sequence[int], state: Any
) -> BatchConstraints:
    """Return what the results of a batch must contain, with where the model looks while it writes."""
    trace = None
    if not model.config.cross_attention.linear:  # its sums have no single keys
        head = vocabulary.head
        state.watch(head.layer, head.head)
        trace = AttentionTrace(lambda: state.looked, head.read == "input")
    stop = request.options.stop
    prefixes = request.prefixes or [()] * len(limits)
    return make_constraints(
        request.phrases,
        [limit - len(prefix) for limit, prefix in zip(limits, prefixes, strict=True)],
        torch.tensor(vocabulary.closers, device=state.device),
        max(map(len, request.sources)) + 1,
        trace,
        BannedTexts(stop, vocabulary.surfaces) if stop else None,
    )


def constrained(options: DecodeOptions, phrases: int) -> DecodeOptions:
    """Return the options of a search with so many phrases: always a beam, and a wider one for each bank."""
    width = max(options.beam_size, DecodeOptions.beam_size, options.num_hypotheses)
    return replace(
        options,
        beam_size=min(WIDEST, WIDER * (phrases + 1) * width),
        sampling_topk=1,
        sampling_temperature=1.0,
        sampling_topp=1.0,
        sampling_minp=0.0,
    )


@torch.inference_mode()
def stream_source(
    model: Model,
    source: Sequence[int],
    options: DecodeOptions,
    prefix: Sequence[int] = (),
    vocabulary: Vocabulary | None = None,
) -> Iterator[Step]:
    """Yield the steps of greedy search or sampling for one source, as they are made."""
    (limit,) = length_limits(model, [source], options)
    surfaces = vocabulary.surfaces if vocabulary else ()
    yield from stream(
        model.step, start(model, [source], limit), limit, options, list(prefix) or None, surfaces
    )


def length_limits(model: Model, sources: Sequence[Sequence[int]], options: DecodeOptions) -> list[int]:
    """Return the most pieces of each result, its end counted.

    Without `max_length`: 2 x source pieces + 20, as far as the model's limit allows.

    Raises:
        ValueError: the options ask for more pieces than the model can write.
    """
    longest = model.config.max_length - 1  # so that a forced pass can read even what has not ended
    asked = max(options.max_length or 1, options.min_length + 1)
    if asked > longest:
        name = "max_length" if asked == options.max_length else "min_length"
        raise ValueError(
            f"{name} is {getattr(options, name)}, but this model writes at most {longest} pieces; lower it"
        )
    if options.max_length is not None:
        return [options.max_length] * len(sources)
    return [min(longest, max(2 * len(ids) + 20, options.min_length + 1)) for ids in sources]


def start(model: Model, sources: Sequence[Sequence[int]], limit: int) -> Any:
    """Encode the sources; return a state with nothing written and room for `limit` pieces after the start."""
    longest = max(map(len, sources))
    rows = [[*ids, EOS, *[PAD] * (longest - len(ids))] for ids in sources]
    source = torch.tensor(rows, device=next(model.parameters()).device)
    mask = source != PAD if min(map(len, sources)) < longest else None
    return model.start(model.encode(source), mask, limit + 1)
