"""One query of one head, step by step, computed anew by the formula that the page explains.

    scores [S]     score of the query with each key: q . k, or the model's own score
    scaled [S]     scores / sqrt(D)
    allowed [S]    the keys that the mask allows; the scores of the others become minus infinity
    weights [S]    softmax: from 0 to 1, with sum 1
    mix [D]        sum of weights x values [S, D]

The inputs are those of the model's own pass; a test holds `weights` equal to the map of that pass.
"""

import math
from collections.abc import Sequence
from threading import get_ident
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seq2seq import Translator
from seq2seq.alignment.head_maps import Flow
from seq2seq.attention import ScaledDotScore, all_of, causal_mask
from seq2seq.attention.attend import masked_softmax
from seq2seq.attention.flow import Attention, CrossAttention
from seq2seq.attention.mask import sparse_mask
from seq2seq.config import END, START
from seq2seq.inference.forced_decoding import encode_side
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer


class AttentionSteps(NamedTuple):
    """The numbers of one query [S keys, D wide]; `query` counts among `queries`, layer and head from 0.

    `score` names the score; `scale` is sqrt(D), or None where the score is not scaled. Of a cross or
    decoder flow the queries are the tokens read, the start symbol first.
    """

    flow: Flow
    layer: int
    head: int
    query: int
    queries: list[str]
    keys: list[str]
    score: str
    scale: float | None
    scores: list[float]
    scaled: list[float]
    allowed: list[bool]
    weights: list[float]
    values: list[list[float]]
    mix: list[float]


@torch.inference_mode()
def attention_steps(
    translator: Translator, source: str, target: str, flow: Flow, layer: int, head: int, query: int
) -> AttentionSteps:
    """Return the numbers of one query of one head, for a source and its target.

    Raises:
        ValueError: there is no such layer, head or query, or the attention is linear: it has no softmax.
    """
    attention = _attention(translator, flow, layer)
    _check("head", head, attention.config.heads)
    if attention.config.linear:
        raise ValueError("this model's attention is linear: it has no scores and no softmax to show")
    tokenizer = translator.tokenizer_of(source)
    sides = [encode_side(tokenizer, source, translator.tag), encode_side(tokenizer.target, target)]
    sources, targets = (tokenizer.pieces(side.ids) for side in sides)
    queries = [*sources, END] if flow == "encoder" else [START, *targets]
    keys = queries if flow != "cross" else [*sources, END]
    _check("query", query, len(queries))
    projected, compressed = _inputs(translator, attention, [side.ids for side in sides])
    return _compute(attention, projected, compressed, flow, layer, head, query, queries, keys)


def _compute(
    attention: Attention,
    projected: Tensor,
    compressed: Tensor,
    flow: Flow,
    layer: int,
    head: int,
    query: int,
    queries: list[str],
    keys: list[str],
) -> AttentionSteps:
    """Compute the steps from projected queries [1, H, T, D] and a compressed memory [1, S, C]."""
    key, value = attention.heads.expand(compressed)
    query_positions, key_positions = torch.arange(projected.shape[2]), torch.arange(key.shape[2])
    causal = causal_mask(query_positions, key_positions) if flow == "decoder" else None
    mask = all_of(sparse_mask(attention.config, query_positions, key_positions), causal)
    scaled = attention.score(projected, key)[0, head, query].cpu()
    scale = math.sqrt(projected.shape[-1]) if isinstance(attention.score, ScaledDotScore) else None
    allowed = (
        torch.ones(len(keys), dtype=torch.bool) if mask is None else mask.expand(len(queries), -1)[query]
    )
    weights = masked_softmax(scaled.clone(), allowed)  # it may overwrite its argument
    values = value[0, head].cpu()
    return AttentionSteps(
        flow,
        layer,
        head,
        query,
        queries,
        keys,
        attention.config.score,
        scale,
        (scaled if scale is None else scaled * scale).tolist(),
        scaled.tolist(),
        allowed.tolist(),
        weights.tolist(),
        values.tolist(),
        (weights @ values).tolist(),
    )


def _attention(translator: Translator, flow: Flow, number: int) -> Attention:
    model = translator.model
    assert isinstance(model, Transformer), "the demo shows one model"
    stacks: dict[Flow, Sequence[Attention]] = {
        "encoder": [layer.self_attention for layer in model.encoder],
        "decoder": [layer.self_attention for layer in model.decoder],
        "cross": [layer.cross_attention for layer in model.decoder],
    }
    layers = stacks[flow]
    _check("layer", number, len(layers))
    return layers[number]


def _check(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise ValueError(f"{name} {value} is not among the {count} there are, counted from 0")


def _inputs(translator: Translator, attention: Attention, ids: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Return the queries [1, H, T, D] and the compressed memory [1, S, C] of an attention in one pass."""
    calls: list[tuple[Any, ...]] = []
    thread = get_ident()

    def record(_module: nn.Module, arguments: tuple[Any, ...], _keywords: dict[str, Any]) -> None:
        if get_ident() == thread:  # other threads may use the model meanwhile, and the hook sees them all
            calls.append(arguments)

    hook = attention.register_forward_pre_hook(record, with_kwargs=True)
    try:
        batch = make_batch(ids[:1], ids[1:]).to(next(translator.model.parameters()).device)
        assert batch.target_input is not None
        translator.model(batch.source, batch.target_input)
    finally:
        hook.remove()
    x, *rest = calls[0]
    if isinstance(attention, CrossAttention):
        return attention.heads.query(x), rest[0]
    positions = torch.arange(x.shape[1], device=x.device)
    return attention.heads.query(x, positions), attention.heads.compress(x, positions)
