"""Layers of encoder and decoder: attention and a feed-forward net, each in a residual branch.

post-norm   x = norm(x + f(x))      Vaswani et al. 2017
pre-norm    x = x + f(norm(x))      more stable when deep; needs one more norm after the last layer
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
    """A list of layers with their static type."""

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Layer]: ...


def make_positions(config: ModelConfig) -> nn.Module | None:
    """Build the positions added to embeddings; None for rotary ones, which belong to self-attention."""
    match config.positions:
        case "sinusoidal":
            return SinusoidalPositions(config.max_length, config.width)
        case "learned":
            return LearnedPositions(config.max_length, config.width)
        case "rotary":
            return None


def make_norm(config: ModelConfig) -> nn.Module:
    """Build the norm that the config names, over the last axis."""
    match config.norm:
        case "layer":
            return nn.LayerNorm(config.width)
        case "rms":
            return nn.RMSNorm(config.width, eps=1e-5)


class FeedForward(nn.Module):
    """A net of one hidden layer, applied to each position: [B, T, M] -> [B, T, M].

    SwiGLU multiplies the two halves of a hidden layer of double width, one after SiLU (Shazeer 2020).
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
        """Widen, activate and narrow each position."""
        hidden = self.widen(x)
        match self.activation:
            case "relu":
                hidden = functional.relu(hidden)
            case "gelu":
                hidden = functional.gelu(hidden)
            case "swish":
                hidden = functional.silu(hidden)
            case "swiglu":
                gate, content = hidden.chunk(2, dim=-1)
                hidden = functional.silu(gate) * content
        narrowed: Tensor = self.narrow(hidden)
        return narrowed


class Residual(nn.Module):
    """Pre- or post-norm residual connection with dropout."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.norm = make_norm(config)
        self.dropout = Dropout(config.dropout)
        self.pre = config.norm_order == "pre"

    def forward(self, x: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        """Add the branch f to x: [B, T, M] -> [B, T, M]."""
        return self.leave(x, f(self.enter(x)))

    def enter(self, x: Tensor) -> Tensor:
        """Return the input of the branch."""
        return self.norm(x) if self.pre else x

    def leave(self, x: Tensor, branch: Tensor) -> Tensor:
        """Add the output of the branch to x."""
        x = x + (self.dropout(branch) if self.training else branch)
        return x if self.pre else self.norm(x)


class EncoderLayer(nn.Module):
    """Encoder layer: self-attention, then feed-forward."""

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.self_attention = SelfAttention(config.width, config.self_attention("encoder"), score)
        self.feed_forward = FeedForward(config)
        self.self_residual = Residual(config)
        self.feed_forward_residual = Residual(config)

    def forward(
        self, x: Tensor, mask: Tensor | None, *, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Map x [B, S, M] under a mask [B, 1, 1, S] to x and the weights [B, H, S, S] or None."""
        attended = self.self_attention(self.self_residual.enter(x), mask, need_weights=need_weights)
        x = self.self_residual.leave(x, attended.context)
        return self.feed_forward_residual(x, self.feed_forward), attended.weights


class CausalLayer(nn.Module):
    """Decoder layer without a source: causal self-attention, then feed-forward."""

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.self_attention = CausalSelfAttention(config.width, config.self_attention("decoder"), score)
        self.feed_forward = FeedForward(config)
        self.self_residual = Residual(config)
        self.feed_forward_residual = Residual(config)

    def forward(
        self, x: Tensor, memory: Memory | None = None, *, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Map x [N, T, M], which follows the memory, to x and the weights [N, H, T, S] or None."""
        attended = self.self_attention(self.self_residual.enter(x), memory=memory, need_weights=need_weights)
        x = self.self_residual.leave(x, attended.context)
        return self.feed_forward_residual(x, self.feed_forward), attended.weights


class DecoderMaps(NamedTuple):
    """Maps of one decoder layer: its own past [B, H, T, T] and the source [B, H, T, S], or None each."""

    decoder: Tensor | None
    cross: Tensor | None


class DecoderLayer(nn.Module):
    """Decoder layer: causal self-attention, cross-attention to the source, feed-forward."""

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
        """Map x [N, T, M] and the remembered source [B, S, C], N a multiple of B, to x and maps (N = B).

        `need_weights` asks for both maps, `need_cross` for that of the source alone.

        Raises:
            ValueError: N is no multiple of B.
        """
        read = 0 if memory is None else memory.length
        own = self.self_attention(self.self_residual.enter(x), memory=memory, need_weights=need_weights)
        x = self.self_residual.leave(x, own.context)

        # The rows of one sentence's beam read the same source. To cross-attention they are further
        # queries, so the source is held once however wide the beam.
        beam = rows_a_sentence(len(x), len(remembered))
        queries = self.cross_residual.enter(x).reshape(len(remembered), beam * x.shape[1], x.shape[-1])
        positions = None
        if self.cross_attention.config.sparse:  # those of one row of the beam after those of another
            positions = torch.arange(read, read + x.shape[1], device=x.device).repeat(beam)
        source = self.cross_attention(
            queries, remembered, source_mask, positions=positions, need_weights=need_weights or need_cross
        )
        x = self.cross_residual.leave(x, source.context.reshape(x.shape))

        x = self.feed_forward_residual(x, self.feed_forward)
        return x, DecoderMaps(own.weights, source.weights)


def rows_a_sentence(rows: int, sentences: int) -> int:
    """Return W, the rows of each source.

    Raises:
        ValueError: The rows cannot be shared out equally.
    """
    # Some rows would read another sentence's source, in silence where the number of tokens happens to fit.
    if rows % max(1, sentences):
        raise ValueError(
            f"{rows} rows of the target cannot be shared out among {sentences} sources; give one row, or "
            "equally many, for each"
        )
    return rows // max(1, sentences)


class Embedding(nn.Module):
    """Embeddings of tokens, scaled by sqrt(M) to the size of the positions added to them.

    The table is that of an output layer, too; only there is the `bias` used, [V] or None.
    """

    def __init__(self, config: ModelConfig, *, biased: bool = False):
        super().__init__()
        self.table = make_embedding(config.vocabulary_size, config.width)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary_size)) if biased else None
        self.scale = config.width**0.5

    def forward(self, tokens: Tensor) -> Tensor:
        """Look up tokens [N, T] -> [N, T, M]."""
        vectors: Tensor = self.table(tokens) * self.scale
        return vectors

    def scores(self, x: Tensor) -> Tensor:
        """Compute the logits of every token of the vocabulary: [..., M] -> [..., V]."""
        logits = torch.matmul(x, self.table.weight.t())
        return logits if self.bias is None else logits + self.bias
