"""From source ids to hypotheses: batches of like length, encoded once each, then searched.

    sources (ids without special symbols) -> encode -> start -> search -> hypotheses, in the order given

This is where a Transformer and the search meet; neither knows the other.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from seq2seq.batch import make_batch, token_budget_batches
from seq2seq.config import PAD
from seq2seq.options import DecodeOptions
from seq2seq.search import GivenUp, Hypothesis, Observer, Step, decode, stream
from seq2seq.transformer import Model

BUDGET = 2048  # source tokens decoded side by side, padding counted


def decode_sources(
    model: Model,
    sources: Sequence[Sequence[int]],
    options: DecodeOptions,
    prefixes: Sequence[Sequence[int]] | None = None,
    observer: Observer | None = None,
    given_up: GivenUp | None = None,
) -> list[list[Hypothesis]]:
    """The hypotheses for each source, best first; `prefixes` are ids that the results must begin with.

    An observer of the beam is told the numbers of sentences in their batch; give it one source. A source
    that is given up (asked by its number, at every step) has no hypotheses.
    """
    found: list[list[Hypothesis]] = [[]] * len(sources)
    lengths = [(len(ids) + 1, 1) for ids in sources]
    budget = max(BUDGET, max((length for length, _ in lengths), default=1))
    for rows in token_budget_batches(lengths, budget, seed=None):
        gone = None if given_up is None else _in_batch(given_up, rows)
        limits = length_limits(model, [sources[row] for row in rows], options)
        with torch.inference_mode():
            state = start(model, [sources[row] for row in rows], max(limits))
            chosen = None if prefixes is None else [prefixes[row] for row in rows]
            results = decode(model.step, state, len(rows), limits, options, chosen, observer, gone)
        for row, hypotheses in zip(rows, results, strict=True):
            found[row] = hypotheses
    return found


@torch.inference_mode()
def stream_source(
    model: Model, source: Sequence[int], options: DecodeOptions, prefix: Sequence[int] = ()
) -> Iterator[Step]:
    """The steps of greedy search or sampling for one source, as they are made."""
    (limit,) = length_limits(model, [source], options)
    yield from stream(model.step, start(model, [source], limit), limit, options, list(prefix) or None)


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


def _in_batch(given_up: GivenUp, rows: Sequence[int]) -> GivenUp:
    """The same question, asked by a source's place in its batch."""
    return lambda place: given_up(rows[place])


def start(model: Model, sources: Sequence[Sequence[int]], limit: int) -> Any:
    """The sources read, nothing written; room for `limit` pieces after the start symbol."""
    source = make_batch(sources).source.to(next(model.parameters()).device)
    mask = source != PAD
    return model.start(model.encode(source), None if bool(mask.all()) else mask, limit + 1)
