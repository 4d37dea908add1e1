"""The layers of encoder and decoder: attention and a feed-forward net, each in a residual branch.

post-norm   x = norm(x + f(x))      Vaswani et al. 2017
pre-norm    x = x + f(norm(x))      steadier when deep; wants one more norm after the last layer
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from seq2seq.attention import CausalSelfAttention, CrossAttention, Memory, Remembered, SelfAttention
from seq2seq.attention.positions import LearnedPositions, SinusoidalPositions, make_embedding
from seq2seq.attention.score import ScoreFactory
from seq2seq.config import ModelConfig
from seq2seq.model.dropout import Dropout

Layer = TypeVar("Layer", bound=nn.Module)


class Stack(nn.ModuleList, Generic[Layer]):
    """Layers one above the other, of a type that a checker of types knows."""

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Layer]: ...


def make_positions(config: ModelConfig) -> nn.Module | None:
    """What is added to the embeddings; None where the self-attentions turn queries and keys themselves."""
    match config.positions:
        case "sinusoidal":
            return SinusoidalPositions(config.max_length, config.width)
        case "learned":
            return LearnedPositions(config.max_length, config.width)
        case "rotary":
            return None


def make_norm(config: ModelConfig) -> nn.Module:
    """The normalisation the config names, over the last axis."""
    match config.norm:
        case "layer":
            return nn.LayerNorm(config.width)
        case "rms":
            return nn.RMSNorm(config.width, eps=1e-5)


class FeedForward(nn.Module):
    """Each position by itself, widened and narrowed: [B, T, M] -> [B, T, M].

    SwiGLU multiplies two widened halves, one through SiLU (Shazeer 2020).
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.activation = config.activation
        widened = 2 * config.feed_forward if config.activation == "swiglu" else config.feed_forward
        self.widen = nn.Linear(config.width, widened)
        self.narrow = nn.Linear(config.feed_forward, config.width)
        for linear in (self.widen, self.narrow):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.widen(x)
        match self.activation:
            case "relu":
                hidden = functional.relu(hidden)
            case "gelu":
                hidden = functional.gelu(hidden)
            case "swiglu":
                gate, content = hidden.chunk(2, dim=-1)
                hidden = functional.silu(gate) * content
        return self.narrow(hidden)


class Residual(nn.Module):
    """What stands around a sublayer f: the norm before or after it, dropout, and the way past it."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.norm = make_norm(config)
        self.dropout = Dropout(config.dropout)
        self.pre = config.norm_order == "pre"

    def forward(self, x: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        """x with f in the branch: [B, T, M] -> [B, T, M]."""
        return self.leave(x, f(self.enter(x)))

    def enter(self, x: Tensor) -> Tensor:
        """What f reads."""
        return self.norm(x) if self.pre else x

    def leave(self, x: Tensor, found: Tensor) -> Tensor:
        """x with what f found added."""
        x = x + (self.dropout(found) if self.training else found)
        return x if self.pre else self.norm(x)


class EncoderLayer(nn.Module):
    """Self-attention, then feed-forward."""

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.self_attention = SelfAttention(config.width, config.self_attention("encoder"), score)
        self.feed_forward = FeedForward(config)
        self.self_residual = Residual(config)
        self.feed_forward_residual = Residual(config)

    def forward(
        self, x: Tensor, mask: Tensor | None, *, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """x [B, S, M], mask [B, 1, 1, S] -> x, weights [B, H, S, S] or None."""
        found = self.self_attention(self.self_residual.enter(x), mask, need_weights=need_weights)
        x = self.self_residual.leave(x, found.context)
        return self.feed_forward_residual(x, self.feed_forward), found.weights


class CausalLayer(nn.Module):
    """Causal self-attention, then feed-forward: a decoder layer that has no source to ask."""

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.self_attention = CausalSelfAttention(config.width, config.self_attention("decoder"), score)
        self.feed_forward = FeedForward(config)
        self.self_residual = Residual(config)
        self.feed_forward_residual = Residual(config)

    def forward(
        self, x: Tensor, memory: Memory | None = None, *, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """x [N, T, M] after what the memory holds -> x, weights [N, H, T, S] or None."""
        found = self.self_attention(self.self_residual.enter(x), memory=memory, need_weights=need_weights)
        x = self.self_residual.leave(x, found.context)
        return self.feed_forward_residual(x, self.feed_forward), found.weights


class DecoderMaps(NamedTuple):
    """Where one decoder layer looked: own past [B, H, T, T] and source [B, H, T, S], or None each."""

    decoder: Tensor | None
    cross: Tensor | None


class DecoderLayer(nn.Module):
    """Causal self-attention, cross-attention to the source, feed-forward."""

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.self_attention = CausalSelfAttention(config.width, config.self_attention("decoder"), score)
        self.cross_attention = CrossAttention(
            config.width, config.cross_attention, config.memory_width, score
        )
        self.feed_forward = FeedForward(config)
        self.self_residual = Residual(config)
        self.cross_residual = Residual(config)
        self.feed_forward_residual = Residual(config)

    def forward(
        self,
        x: Tensor,
        remembered: Remembered,
        source_mask: Tensor | None,
        memory: Memory | None = None,
        *,
        need_weights: bool = False,
        need_cross: bool = False,
    ) -> tuple[Tensor, DecoderMaps]:
        """x [N, T, M] beside the remembered source [B, S, C], N a multiple of B -> x, maps (N = B).

        `need_weights` asks for both maps, `need_cross` for that of the source alone.

        Raises:
            ValueError: N is no multiple of B.
        """
        read = 0 if memory is None else memory.length
        own = self.self_attention(self.self_residual.enter(x), memory=memory, need_weights=need_weights)
        x = self.self_residual.leave(x, own.context)

        # The rows of one sentence's beam ask the same source: to cross-attention they are simply
        # more queries, so the source is held once however wide the beam.
        beam = rows_a_sentence(len(x), len(remembered))
        asking = self.cross_residual.enter(x).reshape(len(remembered), beam * x.shape[1], x.shape[-1])
        places = None
        if self.cross_attention.config.sparse:  # of each query, the rows of a beam one after the other
            places = torch.arange(read, read + x.shape[1], device=x.device).repeat(beam)
        source = self.cross_attention(
            asking, remembered, source_mask, positions=places, need_weights=need_weights or need_cross
        )
        x = self.cross_residual.leave(x, source.context.reshape(x.shape))

        x = self.feed_forward_residual(x, self.feed_forward)
        return x, DecoderMaps(own.weights, source.weights)


def rows_a_sentence(rows: int, sentences: int) -> int:
    """W, how many rows ask each source.

    Raises:
        ValueError: they cannot be shared out equally; some would ask another sentence's source.
    """
    if rows % max(1, sentences):
        raise ValueError(
            f"{rows} rows of the target cannot be shared out among {sentences} sources; give one row, or "
            "equally many, for each"
        )
    return rows // max(1, sentences)


class Embedding(nn.Module):
    """Tokens as vectors, scaled by sqrt(M) so that they are as large as the positions added to them."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.table = make_embedding(config.vocabulary_size, config.width)
        self.scale = config.width**0.5

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens [N, T] -> [N, T, M]."""
        return self.table(tokens) * self.scale

    def scores(self, x: Tensor) -> Tensor:
        """How well each vector fits each token of the vocabulary: [..., M] -> [..., V]."""
        return torch.matmul(x, self.table.weight.t())
