"""Graphs of a model for ONNX: an encoder, and one step of the decoder as a pure function.

    encoder   source [B, S]                      -> source_mask [B, S], remembered.0 ... [B, S, C]
    step      tokens [N], position [1], source_mask, remembered.*, cache.* [N, T, C]
                                                 -> logits [N, V], alignment [N, S], new_cache.* [N, T + 1, C]

N is a multiple of B: the rows of a beam follow one another and share their source. The first step reads
caches of no token (T = 0). `alignment` is the row of the alignment head. With linear attention the caches are
sums, `sums.*` [N, H, D, D] and `totals.*` [N, H, D]. A language model has the step alone, without a source.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq.alignment.head import AlignmentHead
from seq2seq.attention.cache import LinearState
from seq2seq.attention.flow import CausalSelfAttention
from seq2seq.attention.heads import dense_weight
from seq2seq.attention.linear import causal_linear_attention
from seq2seq.attention.mask import all_of, padding_mask, sparse_mask
from seq2seq.config import PAD, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.layers import CausalLayer, DecoderLayer, EncoderLayer
from seq2seq.model.transformer import Transformer

SOURCE, MASK, TOKENS, POSITION = "source", "source_mask", "tokens", "position"
LOGITS, ALIGNMENT, NEW = "logits", "alignment", "new_"
ROWS, SENTENCES, READ, LENGTH = "rows", "sentences", "read", "length"  # names of dynamic axes

Axes = dict[str, dict[int, str]]


class GraphNames(NamedTuple):
    """Names of the inputs and outputs of the two graphs, by layer."""

    remembered: list[str]
    caches: list[str]

    @property
    def new_caches(self) -> list[str]:
        """The caches that a step returns."""
        return [NEW + name for name in self.caches]


def graph_names(config: ModelConfig) -> GraphNames:
    """Return the names of the tensors of a model's graphs."""
    layers = range(config.decoder_layers)
    kinds = ("sums", "totals") if config.decoder_attention.linear else ("cache",)
    translates = config.kind == "encoder_decoder"
    return GraphNames(
        [f"remembered.{layer}" for layer in layers] if translates else [],
        [f"{kind}.{layer}" for layer in layers for kind in kinds],
    )


def empty_caches(model: Transformer | LanguageModel, rows: int, read: int = 0) -> list[Tensor]:
    """Return caches of so many rows that have read `read` tokens of zeros, in the order of their names."""
    layers = model.decoder if isinstance(model, Transformer) else model.layers
    caches = []
    for layer in layers:
        heads = layer.self_attention.heads
        dtype = dense_weight(heads.query_projection).dtype
        if layer.self_attention.config.linear:
            shape = (rows, heads.heads, heads.head_width)
            caches += [torch.zeros(*shape, heads.head_width), torch.zeros(shape)]
        else:
            caches.append(torch.zeros(rows, read, heads.compressed_width, dtype=dtype))
    return caches


class EncoderGraph(nn.Module):
    """The encoder, with the keys and values that each decoder layer will read."""

    def __init__(self, model: Transformer):
        super().__init__()
        self.model = model

    def forward(self, source: Tensor) -> tuple[Tensor, ...]:
        """Map a source [B, S] to its mask [B, S] and a compressed source [B, S, C] for each layer."""
        model, present = self.model, source != PAD
        places = torch.arange(source.shape[1], device=source.device)
        x: Tensor = model.source_embedding(source)
        if model.positions is not None:
            x = x + model.positions(places)
        for layer in model.encoder:
            x = self._layer(layer, x, places, padding_mask(present))
        x = model.encoder_norm(x)
        return (present, *(layer.cross_attention.remember(x) for layer in model.decoder))

    def _layer(self, layer: EncoderLayer, x: Tensor, places: Tensor, mask: Tensor) -> Tensor:
        heads, inner = layer.self_attention.heads, layer.self_residual.enter(x)
        seen = all_of(mask, sparse_mask(layer.self_attention.config, places, places))
        # The plain way: others stack queries by their number, which a trace would take for the example's.
        attended = layer.self_attention.read_expanded(
            heads.query(inner, places), heads.compress(inner, places), seen, need_weights=False
        )
        x = layer.self_residual.leave(x, attended.context)
        fed: Tensor = layer.feed_forward_residual(x, layer.feed_forward)
        return fed


class StepGraph(nn.Module):
    """One step of an encoder-decoder, whose whole state is its arguments."""

    def __init__(self, model: Transformer, head: AlignmentHead):
        super().__init__()
        self.model, self.head = model, head

    def forward(self, tokens: Tensor, position: Tensor, mask: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Map the newest tokens [N] and the state to logits, alignment and the new caches."""
        model = self.model
        layers = len(model.decoder)
        remembered, caches = state[:layers], state[layers:]
        each = len(caches) // layers
        x = _embedded(model, tokens, position)
        row, fresh = None, []
        for number, layer in enumerate(model.decoder):
            x, new = self_step(layer, x, position, caches[number * each : (number + 1) * each])
            fresh += new
            x, weights = self._read_source(layer, x, position, mask, remembered[number], number)
            if weights is not None:  # [B, H, W, S]
                row = weights[:, self.head.head].reshape(tokens.shape[0], -1)
            x = layer.feed_forward_residual(x, layer.feed_forward)
        assert row is not None
        return (model.output.scores(model.decoder_norm(x[:, -1])), row, *fresh)

    def _read_source(
        self, layer: DecoderLayer, x: Tensor, position: Tensor, mask: Tensor, remembered: Tensor, number: int
    ) -> tuple[Tensor, Tensor | None]:
        attention = layer.cross_attention
        # The rows of a sentence's beam are further queries, as in `DecoderLayer`.
        queries = layer.cross_residual.enter(x).reshape(remembered.shape[0], -1, x.shape[-1])
        seen: Tensor | None = padding_mask(mask)
        if attention.config.sparse:
            places = torch.arange(remembered.shape[1], device=x.device)
            seen = all_of(seen, sparse_mask(attention.config, position, places))
        attended = attention.read_expanded(
            attention.heads.query(queries), remembered, seen, need_weights=number == self.head.layer
        )
        return layer.cross_residual.leave(x, attended.context.reshape(x.shape)), attended.weights


class LanguageStepGraph(nn.Module):
    """One step of a language model, whose whole state is its arguments."""

    def __init__(self, model: LanguageModel):
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, position: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """Map the newest tokens [N] and the caches to logits and the new caches."""
        model = self.model
        each = len(caches) // len(model.layers)
        x, fresh = _embedded(model, tokens, position), []
        for number, layer in enumerate(model.layers):
            x, new = self_step(layer, x, position, caches[number * each : (number + 1) * each])
            fresh += new
            x = layer.feed_forward_residual(x, layer.feed_forward)
        return (model.output.scores(model.norm(x[:, -1])), *fresh)


def _embedded(model: Transformer | LanguageModel, tokens: Tensor, position: Tensor) -> Tensor:
    embedding = model.target_embedding if isinstance(model, Transformer) else model.embedding
    x: Tensor = embedding(tokens[:, None])
    return x if model.positions is None else x + model.positions(position)


def self_step(
    layer: DecoderLayer | CausalLayer, x: Tensor, position: Tensor, cache: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Add the self-attention of one new token to x [N, 1, M]; return it with the new cache."""
    attention = layer.self_attention
    inner = layer.self_residual.enter(x)
    query = attention.heads.query(inner, position)
    entry = attention.heads.compress(inner, position)
    if attention.config.linear:
        context, fresh = _linear_step(attention, query, entry, cache)
    else:
        compressed = torch.cat([cache[0], entry], dim=1)
        places = torch.arange(compressed.shape[1], device=x.device)
        mask = sparse_mask(attention.config, position, places)
        context, fresh = attention.read(query, compressed, mask, need_weights=False).context, [compressed]
    return layer.self_residual.leave(x, context), fresh


def _linear_step(
    attention: CausalSelfAttention, query: Tensor, entry: Tensor, cache: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    heads = attention.heads
    state = LinearState(0, heads.heads, heads.head_width, dtype=cache[0].dtype, device=cache[0].device)
    state.sums, state.totals = cache
    attended = causal_linear_attention(query, *heads.expand(entry), state=state)
    return heads.merge(attended.context), [state.sums, state.totals]


def encoder_axes(names: GraphNames) -> Axes:
    """Return the dynamic axes of the encoder's tensors."""
    read = {0: SENTENCES, 1: LENGTH}
    return {name: read for name in (SOURCE, MASK, *names.remembered)}


def step_axes(names: GraphNames) -> Axes:
    """Return the dynamic axes of the step's tensors."""
    read = {0: SENTENCES, 1: LENGTH}
    axes = {name: read for name in (MASK, *names.remembered)} if names.remembered else {}
    for name, new in zip(names.caches, names.new_caches, strict=True):
        grows = name.startswith("cache")
        axes[name] = {0: ROWS, 1: READ} if grows else {0: ROWS}
        axes[new] = {0: ROWS, 1: f"{READ}+1"} if grows else {0: ROWS}
    return {**axes, TOKENS: {0: ROWS}, LOGITS: {0: ROWS}, ALIGNMENT: {0: ROWS, 1: LENGTH}}
