"""From source ids to hypotheses: batches of like length, encoded once each, then searched.

    sources (ids without special symbols) -> encode -> start -> search -> hypotheses, in the order given

This is where a Transformer and the search meet; neither knows the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from seq2seq.config import PAD
from seq2seq.model.batch import make_batch, token_budget_batches
from seq2seq.model.transformer import Model
from seq2seq.options import DecodeOptions
from seq2seq.search import (
    AttentionTrace,
    BannedTexts,
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
from seq2seq.storage.settings import AlignmentHead

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


class Decode(Protocol):
    """What searches for the hypotheses of each source: `decode_sources`, or who has it done elsewhere."""

    def __call__(
        self,
        model: Model,
        sources: Sequence[Sequence[int]],
        options: DecodeOptions,
        prefixes: Sequence[Sequence[int]] | None = None,
        *,
        cancelled: Cancelled | None = None,
        vocabulary: Vocabulary | None = None,
        phrases: Sequence[Sequence[PhraseConstraint]] | None = None,
    ) -> list[list[Hypothesis]]:
        """The hypotheses for each source, best first."""


def decode_sources(
    model: Model,
    sources: Sequence[Sequence[int]],
    options: DecodeOptions,
    prefixes: Sequence[Sequence[int]] | None = None,
    observer: Observer | None = None,
    cancelled: Cancelled | None = None,
    vocabulary: Vocabulary | None = None,
    phrases: Sequence[Sequence[PhraseConstraint]] | None = None,
) -> list[list[Hypothesis]]:
    """The hypotheses for each source, best first; `prefixes` are ids that the results must begin with.

    `phrases` are those that the results for each source must have. Options that speak of words, and
    phrases, want a vocabulary. An observer of the beam is told the numbers of sentences in their batch;
    give it one source. A source that is given up (asked by its number, at every step) has no hypotheses.
    """
    found: list[list[Hypothesis]] = [[]] * len(sources)
    lengths = [(len(ids) + 1, 1) for ids in sources]
    budget = max(BUDGET, max((length for length, _ in lengths), default=1))
    demanded = [len(phrases[row]) if phrases else 0 for row in range(len(sources))]
    # How wide a sentence is searched follows from its own phrases, so those of as many go together.
    for count in sorted(set(demanded)):
        rows_of = [row for row, each in enumerate(demanded) if each == count]
        share = budget // (WIDER * (count + 1)) if count else budget
        share = max(share, max((lengths[row][0] for row in rows_of), default=1))
        for batch in token_budget_batches([lengths[row] for row in rows_of], share, seed=None):
            rows = [rows_of[place] for place in batch]
            results = _decode_batch(
                model,
                [sources[row] for row in rows],
                options,
                None if prefixes is None else [prefixes[row] for row in rows],
                observer,
                rows_cancelled(cancelled, rows),
                vocabulary,
                [phrases[row] for row in rows] if phrases and count else None,
            )
            for row, hypotheses in zip(rows, results, strict=True):
                found[row] = hypotheses
    return found


@torch.inference_mode()
def _decode_batch(
    model: Model,
    sources: Sequence[Sequence[int]],
    options: DecodeOptions,
    prefixes: Sequence[Sequence[int]] | None,
    observer: Observer | None,
    cancelled: Cancelled | None,
    vocabulary: Vocabulary | None,
    phrases: Sequence[Sequence[PhraseConstraint]] | None,
) -> list[list[Hypothesis]]:
    limits = length_limits(model, sources, options)
    if phrases is None:
        state = start(model, sources, max(limits))
        surfaces = vocabulary.surfaces if vocabulary else ()
        return decode(
            model.step, state, len(sources), limits, options, prefixes, observer, cancelled, surfaces
        )
    assert vocabulary is not None, "phrases want a vocabulary"
    if options.max_length is None:
        longest = model.config.max_length - 1
        more = [sum(len(phrase.tokens) for phrase in each) for each in phrases]
        limits = [min(longest, limit + extra) for limit, extra in zip(limits, more, strict=True)]
    state = start(model, sources, max(limits))
    room = [limit - len(prefix) for limit, prefix in zip(limits, prefixes or [()] * len(limits), strict=True)]
    look = None
    if not model.config.cross_attention.linear:  # its sums have no single keys
        head = vocabulary.head
        state.watch(head.layer, head.head)
        look = AttentionTrace(lambda: state.looked, head.read == "input")
    closers = torch.tensor(vocabulary.closers, device=state.device)
    surfaces, wider = vocabulary.surfaces, searching(options, max(map(len, phrases)))
    stops = BannedTexts(options.stop, surfaces) if options.stop else None
    constraints = make_constraints(phrases, room, closers, max(map(len, sources)) + 1, look, stops)
    found = decode(
        model.step, state, len(sources), limits, wider, prefixes, observer, cancelled, surfaces, constraints
    )
    return [hypotheses[: options.num_hypotheses] for hypotheses in found]


def searching(options: DecodeOptions, phrases: int) -> DecodeOptions:
    """The options of a search for so many demanded phrases: always a beam, and for each bank a wider one."""
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
    """The steps of greedy search or sampling for one source, as they are made."""
    (limit,) = length_limits(model, [source], options)
    surfaces = vocabulary.surfaces if vocabulary else ()
    yield from stream(
        model.step, start(model, [source], limit), limit, options, list(prefix) or None, surfaces
    )


def length_limits(model: Model, sources: Sequence[Sequence[int]], options: DecodeOptions) -> list[int]:
    """The most pieces of each result, its end counted: 2 x source pieces + 20 where none is asked for."""
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
    """The sources read, nothing written; room for `limit` pieces after the start symbol."""
    source = make_batch(sources).source.to(next(model.parameters()).device)
    mask = source != PAD
    return model.start(model.encode(source), None if bool(mask.all()) else mask, limit + 1)
