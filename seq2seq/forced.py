"""One teacher-forced pass explains a given pair: how probable each piece is, and what it looked at.

    pairs of ids (no special symbols) -> log p of each target piece and of the end symbol
                                      -> AttentionMaps of one pair

Search carries no maps; whoever wants to see one runs this pass over the text that was chosen.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from seq2seq.alignment import AttentionMaps, Span
from seq2seq.batch import make_batch, token_budget_batches
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Maps, Transformer

END = "</s>"
BUDGET = 4096  # tokens a batch, rows x the longer padded side


def force(
    model: Transformer, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[list[float]]:
    """log p of each target piece and of the end symbol, one list a pair, in natural logarithms."""
    lengths = [(len(s) + 1, len(t) + 1) for s, t in zip(sources, targets, strict=True)]
    for pair in lengths:
        _check_lengths(model, *pair)
    budget = max(BUDGET, max((max(pair) for pair in lengths), default=1))
    scores: list[list[float]] = [[]] * len(lengths)
    for rows in token_budget_batches(lengths, budget, seed=None):
        found, _ = _pass(model, [sources[r] for r in rows], [targets[r] for r in rows], need_weights=False)
        for row, values in zip(rows, found.tolist(), strict=True):
            scores[row] = values[: lengths[row][1]]
    return scores


def explain(
    model: Transformer,
    tokenizer: Tokenizer,
    source: tuple[str, Sequence[int], list[Span]],
    target: tuple[str, Sequence[int], list[Span]],
) -> tuple[list[float], AttentionMaps]:
    """log p of each piece and every attention map of one pair; a side is (text, ids, spans of the pieces)."""
    (source_text, source_ids, source_spans), (target_text, target_ids, target_spans) = source, target
    _check_lengths(model, len(source_ids) + 1, len(target_ids) + 1)
    scores, maps = _pass(model, [source_ids], [target_ids], need_weights=True)
    assert maps is not None
    return scores[0].tolist(), AttentionMaps(
        torch.stack([layer[0] for layer in maps.cross]).cpu(),
        torch.stack([layer[0] for layer in maps.encoder]).cpu(),
        torch.stack([layer[0] for layer in maps.decoder]).cpu(),
        [*tokenizer.pieces(source_ids), END],
        [*tokenizer.pieces(target_ids), END],
        source_text,
        target_text,
        source_spans,
        target_spans,
    )


def decoded_spans(tokenizer: Tokenizer, ids: Sequence[int]) -> list[Span]:
    """Where each piece stands in the text that the ids decode to, the blank before it left out."""
    spans, before = [], ""
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count])
        new = text[len(before) :]
        spans.append((len(text) - len(new.lstrip()), len(text)))
        before = text
    return spans


def explain_texts(
    model: Transformer, tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]
) -> Iterator[AttentionMaps]:
    """The attention maps of pairs of texts, one after the other."""
    for source, target in pairs:
        sides = [(text, *tokenizer.encode_with_spans(text)) for text in (source, target)]
        yield explain(model, tokenizer, sides[0], sides[1])[1]


@torch.inference_mode()
def _pass(
    model: Transformer,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    need_weights: bool,
) -> tuple[Tensor, Maps | None]:
    """log p [B, T] of each target piece, on the CPU, and the maps where they are wanted."""
    batch = make_batch(sources, targets).to(next(model.parameters()).device)
    output = model(batch.source, batch.target_input, need_weights=need_weights)
    assert batch.target_output is not None
    log_p = output.logits.float().log_softmax(dim=-1)
    return log_p.gather(2, batch.target_output.unsqueeze(2)).squeeze(2).cpu(), output.maps


def _check_lengths(model: Transformer, source: int, target: int) -> None:
    longest = model.config.max_length
    for side, length in (("source", source), ("target", target)):
        if length > longest:
            raise ValueError(
                f"the {side} has {length} pieces with its end, more than the {longest} this model reads; "
                "give it sentence by sentence"
            )
