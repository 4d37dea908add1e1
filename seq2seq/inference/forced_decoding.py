"""Forced decoding: one teacher-forced pass over given pairs, for scores, attention maps and candidates.

    pairs of ids (no special symbols) -> log p of each target token and of the end symbol
                                      -> AttentionMaps of one pair
                                      -> the most probable tokens of each step of one pair

The search keeps no attention maps. A map of its result comes from a forced pass over that result.
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

BUDGET = 4096  # tokens of a batch: rows x the longer padded side


class TooLongError(ValueError):
    """An error of a side with more tokens than the model reads."""


class EncodedSide(NamedTuple):
    """One side of a pair: its text, its ids, and the characters of each id in the text.

    The ids of a source may have a language tag, without a span behind them or with an empty one before.
    """

    text: str
    ids: list[int]
    spans: list[Span]


def encode_side(tokenizer: Tokenizer, text: str, tag: Sequence[int] = ()) -> EncodedSide:
    """Encode a text, with blanks between words of unspaced scripts removed first.

    `tag`: the ids from `Tokenizer.tag`, which a source has beside its own.
    """
    joined = join_segmented(text)
    ids, spans = tokenizer.encode_with_spans(joined.text)
    spans = [joined.original_span(*span) for span in spans]
    return EncodedSide(text, tokenizer.tagged(ids, tag), tokenizer.tagged_spans(spans, tag))


def decode_side(tokenizer: Tokenizer, ids: list[int]) -> EncodedSide:
    """Decode ids, with the characters of each of them; its span leaves out the blank before it."""
    spans, before = [], ""
    # Prefixes are decoded, not single ids: the text of a piece depends on the pieces before it.
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count])
        new = text[len(before) :]
        spans.append((len(text) - len(new.lstrip()), len(text)))
        before = text
    return EncodedSide(before, ids, spans)


def force_decode(
    model: Model, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[list[float]]:
    """Compute log p of each target token and of the end symbol, one list for each pair.

    Raises:
        TooLongError: A side has more tokens than the model reads.
    """
    lengths = [(len(s) + 1, len(t) + 1) for s, t in zip(sources, targets, strict=True)]
    for number, pair in enumerate(lengths, 1):
        _check_lengths(model, *pair, f" of pair {number}")
    # A pair longer than the budget is a batch of its own.
    budget = max(BUDGET, max((max(pair) for pair in lengths), default=1))
    scores: list[list[float]] = [[]] * len(lengths)
    for rows in token_budget_batches(lengths, budget, seed=None):
        log_p, _ = _pass(model, [sources[r] for r in rows], [targets[r] for r in rows], need_weights=False)
        for row, values in zip(rows, log_p.tolist(), strict=True):
            scores[row] = values[: lengths[row][1]]
    return scores


def explain(
    model: Model, tokenizer: Tokenizer, source: EncodedSide, target: EncodedSide
) -> tuple[list[float], AttentionMaps]:
    """Compute log p of each target token and of the end symbol, and all attention maps of one pair.

    Raises:
        TooLongError: A side has more tokens than the model reads.
    """
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
    """Yield the attention maps of pairs of texts; `tags` has for each pair the tag of its source."""
    for (source, target), tag in zip(pairs, tags or [()] * len(pairs), strict=True):
        sides = encode_side(tokenizer, source, tag), encode_side(tokenizer.target, target)
        yield explain(model, tokenizer, *sides)[1]


class TokenCandidate(NamedTuple):
    """A token that a step could generate, and its probability under the model."""

    token: int
    probability: float


@torch.inference_mode()
def top_candidates(
    model: Model, source: Sequence[int], target: Sequence[int], count: int
) -> list[list[TokenCandidate]]:
    """Return the most probable tokens of each step of a target, best first.

    The last step is the one after the target, where the end symbol may follow.
    """
    _check_lengths(model, len(source) + 1, len(target) + 1)
    batch = make_batch([source], [target]).to(next(model.parameters()).device)
    assert batch.target_input is not None
    logits = model(batch.source, batch.target_input).logits[0].float()
    probabilities = logits.softmax(dim=-1)
    probabilities[:, [PAD, BOS]] = -1.0  # no result can have them
    best = probabilities.topk(min(count, probabilities.shape[1] - 2))
    return [
        [TokenCandidate(*candidate) for candidate in zip(tokens, values, strict=True)]
        for tokens, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


@torch.inference_mode()
def _pass(
    model: Model,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    need_weights: bool,
) -> tuple[Tensor, Maps | None]:
    """Compute log p [B, T] of each target token, on the CPU, and with `need_weights` the maps."""
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
