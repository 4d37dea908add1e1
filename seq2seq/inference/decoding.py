"""Decoding of source ids: batches of like length, encoded once each, then searched.

    sources (ids without special symbols) -> encode -> start -> search -> hypotheses, in the order given

This module connects a Transformer with the search; neither imports the other.
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
from seq2seq.text.normalization import BLANK_PIECE

BUDGET = 2048  # source tokens of a batch, padding counted
# With phrase constraints the beam is divided into banks, so each of them needs its own hypotheses: WIDER x
# the usual width for each bank, at most WIDEST.
WIDEST, WIDER = 64, 2


@dataclass(frozen=True)
class Vocabulary:
    """The properties of tokens [V] that constraints in a search need.

    Attributes:
        surfaces: How each token is written, with U+2581 for a blank.
        closers: Whether a word may end before each token.
        head: The cross-attention head whose maximum is the source position of a token.
    """

    surfaces: list[str]
    closers: list[bool]
    head: AlignmentHead


@dataclass(frozen=True)
class SearchRequest:
    """Sources to decode, with the options and constraints of the search.

    Attributes:
        sources: The ids of each source, with its language tag and without the end symbol.
        options: The options of the search.
        prefixes: The ids that the results for each source begin with; empty without prefixes.
        phrases: The phrases that the results for each source must contain; empty without constraints.
        vocabulary: The properties of the tokens; needed by phrases and by options on words.
        cancelled: Polled at each step with the number of a source; a cancelled source has no hypotheses.
        observer: Called at each step of the beam. It sees numbers of sentences within a batch, so give it
            one source.
    """

    sources: Sequence[Sequence[int]]
    options: DecodeOptions
    prefixes: Sequence[Sequence[int]] = ()
    phrases: Sequence[Sequence[PhraseConstraint]] = ()
    vocabulary: Vocabulary | None = None
    cancelled: Cancelled | None = None
    observer: Observer | None = None

    def of_rows(self, rows: Sequence[int]) -> "SearchRequest":
        """Return the request restricted to some of its sources."""
        if list(rows) == list(range(len(self.sources))):
            return self
        return replace(
            self,
            sources=[self.sources[row] for row in rows],
            prefixes=[self.prefixes[row] for row in rows] if self.prefixes else (),
            phrases=[self.phrases[row] for row in rows] if self.phrases else (),
            cancelled=rows_cancelled(self.cancelled, rows),
        )


# A function like `decode_sources`; it may run in another process.
Decode = Callable[[Model, SearchRequest], list[list[Hypothesis]]]


def decode_sources(model: Model, request: SearchRequest) -> list[list[Hypothesis]]:
    """Return the hypotheses for each source, best first."""
    hypotheses: list[list[Hypothesis]] = [[]] * len(request.sources)
    for rows in _batches(request):
        results = _decode_batch(model, request.of_rows(rows))
        for row, row_hypotheses in zip(rows, results, strict=True):
            hypotheses[row] = row_hypotheses
    return hypotheses


def _batches(request: SearchRequest) -> Iterator[list[int]]:
    """Yield the numbers of the sources of each batch, which are of like length."""
    if len(request.sources) == 1:
        yield [0]
        return
    lengths = [(len(ids) + 1, 1) for ids in request.sources]
    # A source longer than the budget is a batch of its own.
    budget = max(BUDGET, max((length for length, _ in lengths), default=1))
    counts = list(map(len, request.phrases)) or [0] * len(lengths)
    # The beam size of a sentence follows from its number of phrases, so a batch has sentences of one number.
    for count in sorted(set(counts)):
        rows = [row for row, row_count in enumerate(counts) if row_count == count]
        row_budget = budget // (WIDER * (count + 1)) if count else budget
        row_budget = max(row_budget, max(lengths[row][0] for row in rows))
        for batch in token_budget_batches([lengths[row] for row in rows], row_budget, seed=None):
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
    assert vocabulary is not None, "phrases need a vocabulary"
    if options.max_length is None:
        # Phrases come on top of what the model would write by itself.
        longest = model.config.max_length - 1
        extras = [sum(len(phrase.tokens) for phrase in phrases) for phrases in request.phrases]
        limits = [min(longest, limit + extra) for limit, extra in zip(limits, extras, strict=True)]
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
    return [row_hypotheses[: options.num_hypotheses] for row_hypotheses in hypotheses]


def _constraints(
    model: Model, request: SearchRequest, vocabulary: Vocabulary, limits: Sequence[int], state: Any
) -> BatchConstraints:
    """Return the constraints of a batch, with a trace of the alignment head where the model has one."""
    trace = None
    if not model.config.cross_attention.linear:  # linear attention has no weights of single keys
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
        vocabulary.surfaces.index(BLANK_PIECE) if BLANK_PIECE in vocabulary.surfaces else -1,
    )


def constrained(options: DecodeOptions, phrases: int) -> DecodeOptions:
    """Return the options of a search with this many phrases: a beam, wider with each bank."""
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
    """Yield the steps of greedy search or sampling for one source as they are decoded."""
    (limit,) = length_limits(model, [source], options)
    surfaces = vocabulary.surfaces if vocabulary else ()
    yield from stream(
        model.step, start(model, [source], limit), limit, options, list(prefix) or None, surfaces
    )


def length_limits(model: Model, sources: Sequence[Sequence[int]], options: DecodeOptions) -> list[int]:
    """Return the maximum length of each result in tokens, its end counted.

    Without `max_length` it is 2 x source tokens + 20, as far as the model's limit allows.

    Raises:
        ValueError: The options require more tokens than the model can write.
    """
    longest = model.config.max_length - 1  # so that a forced pass can read even what has not ended
    required = max(options.max_length or 1, options.min_length + 1)
    if required > longest:
        name = "max_length" if required == options.max_length else "min_length"
        raise ValueError(
            f"{name} is {getattr(options, name)}, but this model writes at most {longest} pieces; lower it"
        )
    if options.max_length is not None:
        return [options.max_length] * len(sources)
    return [min(longest, max(2 * len(ids) + 20, options.min_length + 1)) for ids in sources]


def start(model: Model, sources: Sequence[Sequence[int]], limit: int) -> Any:
    """Encode sources and return a decoder state with room for the start symbol and `limit` tokens."""
    longest = max(map(len, sources))
    rows = [[*ids, EOS, *[PAD] * (longest - len(ids))] for ids in sources]
    source = torch.tensor(rows, device=next(model.parameters()).device)
    mask = source != PAD if min(map(len, sources)) < longest else None
    return model.start(model.encode(source), mask, limit + 1)
