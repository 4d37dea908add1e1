"""One teacher-forced pass explains a given pair: how probable each piece is, and what it looked at.

    pairs of ids (no special symbols) -> log p of each target piece and of the end symbol
                                      -> AttentionMaps of one pair
                                      -> the likeliest pieces of each step of one pair

Search carries no maps; whoever wants to see one runs this pass over the text that was chosen.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.alignment.maps import AttentionMaps, Span
from seq2seq.config import BOS, END, PAD
from seq2seq.model.batch import make_batch, token_budget_batches
from seq2seq.model.transformer import Maps, Model
from seq2seq.text.normalization import join_segmented
from seq2seq.text.tokenizer import Tokenizer

BUDGET = 4096  # tokens a batch, rows x the longer padded side


class TooLongError(ValueError):
    """A side has more pieces than the model reads."""


class EncodedSide(NamedTuple):
    """One side of a pair: its text, its ids, and where each piece stands in the text.

    A language tag may end the ids of a source; it has no span.
    """

    text: str
    ids: list[int]
    spans: list[Span]


def encode_side(tokenizer: Tokenizer, text: str, tag: Sequence[int] = ()) -> EncodedSide:
    """A text as the model reads it; Chinese that was segmented with blanks is joined before.

    `tag`: what `Tokenizer.tag` gives, for a source.
    """
    joined = join_segmented(text)
    ids, spans = tokenizer.encode_with_spans(joined.text)
    return EncodedSide(text, [*ids, *tag], [joined.original_span(*span) for span in spans])


def decode_side(tokenizer: Tokenizer, ids: list[int]) -> EncodedSide:
    """What ids decode to, as a side; the blank before a piece is left out of its span."""
    spans, before = [], ""
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count])
        new = text[len(before) :]
        spans.append((len(text) - len(new.lstrip()), len(text)))
        before = text
    return EncodedSide(before, ids, spans)


def force_decode(
    model: Model, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[list[float]]:
    """log p of each target piece and of the end symbol, one list a pair, in natural logarithms."""
    lengths = [(len(s) + 1, len(t) + 1) for s, t in zip(sources, targets, strict=True)]
    for number, pair in enumerate(lengths, 1):
        _check_lengths(model, *pair, f" of pair {number}")
    budget = max(BUDGET, max((max(pair) for pair in lengths), default=1))
    scores: list[list[float]] = [[]] * len(lengths)
    for rows in token_budget_batches(lengths, budget, seed=None):
        found, _ = _pass(model, [sources[r] for r in rows], [targets[r] for r in rows], need_weights=False)
        for row, values in zip(rows, found.tolist(), strict=True):
            scores[row] = values[: lengths[row][1]]
    return scores


def explain(
    model: Model, tokenizer: Tokenizer, source: EncodedSide, target: EncodedSide
) -> tuple[list[float], AttentionMaps]:
    """log p of each target piece and of the end symbol, and every attention map of one pair."""
    _check_lengths(model, len(source.ids) + 1, len(target.ids) + 1)
    scores, maps = _pass(model, [source.ids], [target.ids], need_weights=True)
    assert maps is not None
    return scores[0].tolist(), AttentionMaps(
        torch.stack([layer[0] for layer in maps.cross]).cpu(),
        torch.stack([layer[0] for layer in maps.encoder]).cpu(),
        torch.stack([layer[0] for layer in maps.decoder]).cpu(),
        [*tokenizer.pieces(source.ids), END],
        [*tokenizer.pieces(target.ids), END],
        source.text,
        target.text,
        source.spans,
        target.spans,
    )


def explain_texts(
    model: Model,
    tokenizer: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    tags: Sequence[Sequence[int]] | None = None,
) -> Iterator[AttentionMaps]:
    """The attention maps of pairs of texts, one after the other; `tags` as for `encode_side`, one a pair."""
    for (source, target), tag in zip(pairs, tags or [()] * len(pairs), strict=True):
        sides = encode_side(tokenizer, source, tag), encode_side(tokenizer, target)
        yield explain(model, tokenizer, *sides)[1]


class TokenCandidate(NamedTuple):
    """A piece that a step could write, and its probability under the model."""

    token: int
    probability: float


@torch.inference_mode()
def top_candidates(
    model: Model, source: Sequence[int], target: Sequence[int], count: int
) -> list[list[TokenCandidate]]:
    """The likeliest pieces of each step of a target, best first; the last step is the one after it."""
    _check_lengths(model, len(source) + 1, len(target) + 1)
    batch = make_batch([source], [target]).to(next(model.parameters()).device)
    assert batch.target_input is not None
    logits = model(batch.source, batch.target_input).logits[0].float()
    probabilities = logits.softmax(dim=-1)
    probabilities[:, [PAD, BOS]] = -1.0  # no result can have them
    found = probabilities.topk(min(count, probabilities.shape[1] - 2))
    return [
        [TokenCandidate(*each) for each in zip(tokens, values, strict=True)]
        for tokens, values in zip(found.indices.tolist(), found.values.tolist(), strict=True)
    ]


@torch.inference_mode()
def _pass(
    model: Model,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    need_weights: bool,
) -> tuple[Tensor, Maps | None]:
    """log p [B, T] of each target piece, on the CPU, and the maps where they are wanted."""
    batch = make_batch(sources, targets).to(next(model.parameters()).device)
    assert batch.target_input is not None and batch.target_output is not None
    output = model(batch.source, batch.target_input, need_weights=need_weights)
    log_p = output.logits.float().log_softmax(dim=-1)
    return log_p.gather(2, batch.target_output.unsqueeze(2)).squeeze(2).cpu(), output.maps


def _check_lengths(model: Model, source: int, target: int, of: str = "") -> None:
    longest = model.config.max_length
    for side, length in (("source", source), ("target", target)):
        if length > longest:
            raise TooLongError(
                f"the {side}{of} has {length} pieces with its end, more than the {longest} this model reads; "
                "give it sentence by sentence"
            )
