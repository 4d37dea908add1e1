"""The encoder-decoder Transformer, from our own attention.

    encode   source [B, S]            -> memory [B, S, M]          once a sentence
    start    memory                   -> state                     the source compressed, nothing written
    step     tokens [N, T], state     -> logits [N, V]             the state moves on in place
    decode   memory, target [B, T]    -> logits [B, T, V]          all positions at once
    forward  source [B, S], target [B, T] -> logits [B, T, V]      encode, then decode

A memory may come from elsewhere, such as an image, and be of another width: `start` and `decode` take any.
`step` after `step` gives what `forward` gives at once: the masks are the same functions of
positions, and the caches hold what the full pass would compute again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from seq2seq.attention import LinearState, Memory, Remembered, padding_mask
from seq2seq.attention.score import ScoreFactory
from seq2seq.config import PAD, ModelConfig
from seq2seq.model.dropout import Dropout
from seq2seq.model.layers import (
    DecoderLayer,
    DecoderMaps,
    Embedding,
    EncoderLayer,
    Stack,
    make_norm,
    make_positions,
)


class Maps(NamedTuple):
    """Every attention map of one pass, a tensor a layer."""

    cross: list[Tensor]  # [B, H, T, S] each
    encoder: list[Tensor]  # [B, H, S, S] each
    decoder: list[Tensor]  # [B, H, T, T] each


class TransformerOutput(NamedTuple):
    """Logits [B, T, V] of the next token at each position, and the maps where asked for."""

    logits: Tensor
    maps: Maps | None


class DecoderStates(NamedTuple):
    """What the output layer reads, [B, T, M], and the cross-attention map [B, H, T, S] of one layer."""

    states: Tensor
    cross: Tensor | None


@dataclass
class DecoderState:
    """Where decoding stands: what each layer remembers of the rows [N] and of their sources [B]."""

    memories: list[Memory]
    remembered: list[Remembered]  # [B, S, C] each, or their sums
    source_mask: Tensor | None  # [B, 1, 1, S]; None also where sums have left the filler out
    watched: tuple[int, int] | None = None  # a layer and head of the cross-attention, which every step
    looked: Tensor | None = None  # writes here: where the newest token of each row looked, [N, S]

    @property
    def length(self) -> int:
        """Tokens read so far."""
        return self.memories[0].length

    @property
    def device(self) -> torch.device:
        """Where tokens and row numbers are expected."""
        return self.remembered[0].device

    @property
    def nbytes(self) -> int:
        """Bytes remembered of the target (the source's share does not grow)."""
        return sum(memory.nbytes for memory in self.memories)

    def watch(self, layer: int, head: int) -> None:
        """Have every step from now on tell where this head looks."""
        self.watched = layer, head

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep these rows, in this order; a row may come several times.

        Shapes: rows [N'], sentences [B'] the sentences that stay (None: all). Rows lie grouped by
        sentence, equally many each.
        """
        for memory in self.memories:
            memory.select(rows)
        if sentences is not None:
            self.remembered = [pick(source, sentences) for source in self.remembered]
            if self.source_mask is not None:
                self.source_mask = self.source_mask[sentences]


def pick(source: Remembered, sentences: Tensor) -> Remembered:
    """What is remembered of these sentences' sources."""
    if isinstance(source, LinearState):
        source.select(sentences)
        return source
    return source[sentences]


class Model(Protocol):
    """What search and forced pass ask of a network, be it one `Transformer` or several of them.

    Memories and states are its own affair.
    """

    @property
    def config(self) -> ModelConfig:
        """The shape; its `max_length` holds."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights."""

    def encode(self, source: Tensor) -> Any:
        """Tokens [B, S] -> what was read of them."""

    def start(self, memory: Any, mask: Tensor | None, capacity: int) -> Any:
        """The state before anything is written."""

    def step(self, tokens: Tensor, state: Any) -> Tensor:
        """Tokens [N, T] -> logits [N, V]."""

    def __call__(self, source: Tensor, target: Tensor, *, need_weights: bool = False) -> TransformerOutput:
        """Logits [B, T, V] of a given target, and maps."""


class Transformer(nn.Module):
    """An encoder-decoder Transformer (Vaswani et al. 2017), built as its config says.

    `score` makes a score of one's own for each attention, in place of the one that the config names. A config
    does not store it: whoever loads the weights gives it again.
    """

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.config = config
        encodes = config.encoder_layers > 0
        if encodes:
            self.source_embedding = Embedding(config)
        shared = encodes and config.tied_embeddings
        self.target_embedding = self.source_embedding if shared else Embedding(config)
        self.output = self.target_embedding if config.tied_embeddings else Embedding(config)
        self.positions = make_positions(config)
        self.dropout = Dropout(config.dropout)
        self.encoder = Stack[EncoderLayer](EncoderLayer(config, score) for _ in range(config.encoder_layers))
        self.decoder = Stack[DecoderLayer](DecoderLayer(config, score) for _ in range(config.decoder_layers))
        pre = config.norm_order == "pre"
        self.encoder_norm = make_norm(config) if pre and encodes else nn.Identity()
        self.decoder_norm = make_norm(config) if pre else nn.Identity()

    def encode(self, source: Tensor) -> Tensor:
        """Read the source: tokens [B, S], filled up with PAD -> memory [B, S, M].

        Raises:
            ValueError: this model has no encoder; a source longer than max_length.
        """
        return self._encode(source, need_weights=False)[0]

    def start(self, memory: Tensor, mask: Tensor | None, capacity: int) -> DecoderState:
        """A state that has written nothing yet, one row a sentence.

        Shapes: memory [B, S, M], or as wide as `memory_width` says, mask [B, S] (true = real) or None;
        capacity in target tokens, the start symbol counted.

        Raises:
            ValueError: a memory or mask of another shape.
        """
        padding = self._padding(memory, mask)
        return DecoderState(
            [layer.self_attention.empty_memory(memory.shape[0], capacity) for layer in self.decoder],
            [layer.cross_attention.remember_for_steps(memory, padding) for layer in self.decoder],
            None if self.config.cross_attention.linear else padding,
        )

    def step(self, tokens: Tensor, state: DecoderState) -> Tensor:
        """Read the T newest tokens [N, T] and score what may follow them: [N, V].

        Raises:
            ValueError: more tokens, with those before, than max_length or than the state's capacity.
        """
        x = self._embed(tokens, self.target_embedding, state.length)
        watched, head = state.watched or (-1, -1)
        for number, layer in enumerate(self.decoder):
            remembered, memory = state.remembered[number], state.memories[number]
            x, maps = layer(x, remembered, state.source_mask, memory, need_cross=number == watched)
            if maps.cross is not None:  # [B, H, W x T, S], the rows of a beam one after the other
                state.looked = maps.cross[:, head].reshape(*x.shape[:2], -1)[:, -1]
        return self.output.scores(self.decoder_norm(x[:, -1]))

    def forward(self, source: Tensor, target: Tensor, *, need_weights: bool = False) -> TransformerOutput:
        """Score every next token of a given target at once.

        Shapes: source [B, S] and target [B, T] (the start symbol first), filled up with PAD ->
        logits [B, T, V], maps where `need_weights`.

        Raises:
            ValueError: this model has no encoder; a source or target longer than max_length.
        """
        memory, encoder_maps = self._encode(source, need_weights=need_weights)
        output = self.decode(memory, source != PAD, target, need_weights=need_weights)
        if output.maps is None:
            return output
        return TransformerOutput(output.logits, output.maps._replace(encoder=encoder_maps))

    def decode(
        self, memory: Tensor, mask: Tensor | None, target: Tensor, *, need_weights: bool = False
    ) -> TransformerOutput:
        """As `forward`, over a memory and mask as `start` takes them; the maps have no encoder's.

        Raises:
            ValueError: a memory or mask of another shape, a mask that is not boolean; a target longer than
                max_length.
        """
        states, maps = self._decode(memory, mask, target, need_weights=need_weights)
        logits = self.output.scores(states)
        if not need_weights:
            return TransformerOutput(logits, None)
        cross = [layer_maps.cross for layer_maps in maps if layer_maps.cross is not None]
        decoder = [layer_maps.decoder for layer_maps in maps if layer_maps.decoder is not None]
        return TransformerOutput(logits, Maps(cross, [], decoder))

    def states(self, source: Tensor, target: Tensor, *, cross_layer: int | None = None) -> DecoderStates:
        """What `forward` gives its output layer, for a loss that computes both at once.

        Of `cross_layer` the map is given too; all other attentions stay on their fast path.

        Raises:
            ValueError: this model has no encoder; a source or target longer than max_length.
        """
        memory, _ = self._encode(source, need_weights=False)
        states, maps = self._decode(memory, source != PAD, target, cross_layer=cross_layer)
        return DecoderStates(states, None if cross_layer is None else maps[cross_layer].cross)

    def _decode(
        self,
        memory: Tensor,
        mask: Tensor | None,
        target: Tensor,
        *,
        need_weights: bool = False,
        cross_layer: int | None = None,
    ) -> tuple[Tensor, list[DecoderMaps]]:
        source_mask = self._padding(memory, mask)
        x = self._embed(target, self.target_embedding)
        maps: list[DecoderMaps] = []
        for number, layer in enumerate(self.decoder):
            remembered = layer.cross_attention.remember(memory)
            need_cross = number == cross_layer
            x, layer_maps = layer(
                x, remembered, source_mask, need_weights=need_weights, need_cross=need_cross
            )
            maps.append(layer_maps)
        return self.decoder_norm(x), maps

    def _padding(self, memory: Tensor, mask: Tensor | None) -> Tensor | None:
        """The mask as attention takes it, [B, 1, 1, S]; a memory that does not fit is refused."""
        width = self.config.memory_width or self.config.width
        if memory.ndim != 3 or memory.shape[2] != width:
            raise ValueError(
                f"the memory is {list(memory.shape)}, but this model reads [sentences, positions, {width}]; "
                "project it to that width, or build the model with its own as memory_width"
            )
        if mask is not None and mask.shape != memory.shape[:2]:
            raise ValueError(
                f"the mask is {list(mask.shape)} beside a memory of {list(memory.shape)}; give one value, "
                "true for real, a position"
            )
        return None if mask is None else padding_mask(mask)

    def _encode(self, source: Tensor, *, need_weights: bool) -> tuple[Tensor, list[Tensor]]:
        if not self.config.encoder_layers:
            raise ValueError(
                "encoder_layers is 0, so this model reads no source tokens; give a memory to start or decode"
            )
        x = self._embed(source, self.source_embedding)
        real = source != PAD
        # Without padding the kernel is faster without a mask; elsewhere than here the question would wait for a
        # device, or be asked of a tracer.
        here = source.device.type == "cpu" and not torch.compiler.is_compiling()
        full = here and torch.is_inference_mode_enabled() and bool(real.all())
        mask = None if full else padding_mask(real)
        maps: list[Tensor] = []
        for layer in self.encoder:
            x, weights = layer(x, mask, need_weights=need_weights)
            if weights is not None:
                maps.append(weights)
        return self.encoder_norm(x), maps

    def _embed(self, tokens: Tensor, embedding: Embedding, first: int = 0) -> Tensor:
        end = first + tokens.shape[1]
        if end > self.config.max_length:
            raise ValueError(
                f"a sequence of {end} tokens is longer than max_length, {self.config.max_length}; "
                "split the text or use a model with a larger max_length"
            )
        x = embedding(tokens)
        if self.positions is not None:
            x = x + self.positions(torch.arange(first, end, device=tokens.device))
        return self.dropout(x) if self.training else x
