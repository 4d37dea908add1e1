"""The encoder-decoder Transformer.

    encode   source [B, S]            -> memory [B, S, M]          once a sentence
    start    memory                   -> state                     the source compressed, nothing written
    step     tokens [N, T], state     -> logits [N, V]             the state moves on in place
    decode   memory, target [B, T]    -> logits [B, T, V]          all positions at once
    forward  source [B, S], target [B, T] -> logits [B, T, V]      encode, then decode

A memory may come from elsewhere, such as an image, and have another width: `start` and `decode` take any.
Calls of `step` give the logits that `forward` gives at once: masks are the same functions of positions, and
caches hold the keys and values that the full pass computes again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from seq2seq.attention import LinearState, Memory, Remembered, padding_mask
from seq2seq.attention.score import ScoreFactory
from seq2seq.attention.transforms import functorch_is_active
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
    """The attention maps of one pass, a tensor a layer."""

    cross: list[Tensor]  # [B, H, T, S] each
    encoder: list[Tensor]  # [B, H, S, S] each
    decoder: list[Tensor]  # [B, H, T, T] each


class TransformerOutput(NamedTuple):
    """Logits [B, T, V] of the next token at each position and, on request, the maps."""

    logits: Tensor
    maps: Maps | None


class DecoderStates(NamedTuple):
    """Input of the output layer, [B, T, M], and the cross-attention map [B, H, T, S] of one layer."""

    states: Tensor
    cross: Tensor | None


@dataclass
class DecoderState:
    """State of decoding: the memories of each layer for the rows [N] and for their sources [B]."""

    memories: list[Memory]
    remembered: list[Remembered]  # [B, S, C] each, or their sums
    source_mask: Tensor | None  # [B, 1, 1, S]; None also where sums have left padding out
    watched: tuple[int, int] | None = None  # a layer and head of the cross-attention; every step writes
    looked: Tensor | None = None  # its weights here, for the newest token of each row, [N, S]

    @property
    def length(self) -> int:
        """Tokens of the target read so far."""
        return self.memories[0].length

    @property
    def device(self) -> torch.device:
        """Device that tokens and row numbers are expected on."""
        return self.remembered[0].device

    @property
    def nbytes(self) -> int:
        """Bytes of the target's memories; those of the source do not grow."""
        return sum(memory.nbytes for memory in self.memories)

    def watch(self, layer: int, head: int) -> None:
        """Record the weights of this head of the cross-attention at every step from now on."""
        self.watched = layer, head

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep these rows, in this order; a row may come several times.

        Shapes: rows [N'], sentences [B'] that stay (None: all). Rows are grouped by sentence, equally many
        each.
        """
        for memory in self.memories:
            memory.select(rows)
        if sentences is not None:
            self.remembered = [pick(source, sentences) for source in self.remembered]
            if self.source_mask is not None:
                self.source_mask = self.source_mask[sentences]


def pick(source: Remembered, sentences: Tensor) -> Remembered:
    """Select the sources of these sentences."""
    if isinstance(source, LinearState):
        source.select(sentences)
        return source
    return source[sentences]


class Model(Protocol):
    """The interface of search and forced decoding to a network: one `Transformer` or an ensemble.

    Memories and states are opaque to the caller.
    """

    @property
    def config(self) -> ModelConfig:
        """Config of the network; its `max_length` bounds sources and targets."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over all weights."""

    def encode(self, source: Tensor) -> Any:
        """Read tokens [B, S] -> memory."""

    def start(self, memory: Any, mask: Tensor | None, capacity: int) -> Any:
        """Return the state before anything is written."""

    def step(self, tokens: Tensor, state: Any) -> Tensor:
        """Read tokens [N, T] -> logits [N, V]."""

    def __call__(self, source: Tensor, target: Tensor, *, need_weights: bool = False) -> TransformerOutput:
        """Compute the logits [B, T, V] of a given target, and maps."""


class Transformer(nn.Module):
    """An encoder-decoder Transformer (Vaswani et al. 2017), built by its config.

    `score` makes a score of your own for each attention, in place of the one that the config names. No config
    stores it: give it again to load the weights.
    """

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        self.config = config
        encodes, tied = config.encoder_layers > 0, config.tied_embeddings
        biased = config.output_bias and tied  # of one matrix for all three
        if encodes:
            self.source_embedding = Embedding(config, biased=biased)
        shared = encodes and tied
        self.target_embedding = self.source_embedding if shared else Embedding(config, biased=biased)
        self.output = self.target_embedding if tied else Embedding(config, biased=config.output_bias)
        self.positions = make_positions(config)
        self.dropout = Dropout(config.dropout)
        self.encoder = Stack[EncoderLayer](EncoderLayer(config, score) for _ in range(config.encoder_layers))
        self.decoder = Stack[DecoderLayer](DecoderLayer(config, score) for _ in range(config.decoder_layers))
        pre = config.norm_order == "pre"
        self.encoder_norm = make_norm(config) if pre and encodes else nn.Identity()
        self.decoder_norm = make_norm(config) if pre else nn.Identity()

    def encode(self, source: Tensor) -> Tensor:
        """Read the source: tokens [B, S], padded with PAD -> memory [B, S, M].

        Raises:
            ValueError: This model has no encoder, or the source is longer than max_length.
        """
        return self._encode(source, need_weights=False)[0]

    def start(self, memory: Tensor, mask: Tensor | None, capacity: int) -> DecoderState:
        """Return the state before anything is written, one row a sentence.

        Shapes: memory [B, S, M], or of the width `memory_width`, mask [B, S] (true = real) or None;
        capacity in target tokens, the start symbol counted.

        Raises:
            ValueError: The memory or mask has another shape.
        """
        padding = self._padding(memory, mask)
        return DecoderState(
            [layer.self_attention.empty_memory(memory.shape[0], capacity) for layer in self.decoder],
            [layer.cross_attention.remember_for_steps(memory, padding) for layer in self.decoder],
            None if self.config.cross_attention.linear else padding,
        )

    def step(self, tokens: Tensor, state: DecoderState) -> Tensor:
        """Read the T newest tokens [N, T] and return the logits of the next one, [N, V].

        Raises:
            ValueError: All tokens together exceed max_length or the state's capacity.
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
        """Compute the logits of every next token of a given target at once.

        Shapes: source [B, S] and target [B, T] (the start symbol first), padded with PAD ->
        logits [B, T, V], and maps with `need_weights`.

        Raises:
            ValueError: This model has no encoder, or the source or target is longer than max_length.
        """
        memory, encoder_maps = self._encode(source, need_weights=need_weights)
        output = self.decode(memory, source != PAD, target, need_weights=need_weights)
        if output.maps is None:
            return output
        return TransformerOutput(output.logits, output.maps._replace(encoder=encoder_maps))

    def decode(
        self, memory: Tensor, mask: Tensor | None, target: Tensor, *, need_weights: bool = False
    ) -> TransformerOutput:
        """Compute `forward` over a memory and mask as `start` takes them, without maps of the encoder.

        Raises:
            ValueError: The memory or mask has another shape, the mask is not boolean, or the target is
                longer than max_length.
        """
        states, maps = self._decode(memory, mask, target, need_weights=need_weights)
        logits = self.output.scores(states)
        if not need_weights:
            return TransformerOutput(logits, None)
        cross = [layer_maps.cross for layer_maps in maps if layer_maps.cross is not None]
        decoder = [layer_maps.decoder for layer_maps in maps if layer_maps.decoder is not None]
        return TransformerOutput(logits, Maps(cross, [], decoder))

    def states(self, source: Tensor, target: Tensor, *, cross_layer: int | None = None) -> DecoderStates:
        """Return the input of the output layer, for a loss that includes that layer.

        The map of `cross_layer` is returned too; all other attentions stay on their fast path.

        Raises:
            ValueError: This model has no encoder, or the source or target is longer than max_length.
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
        """Return the mask in the form of attention, [B, 1, 1, S], once memory and mask are known to fit."""
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
        # Without padding the kernel is faster without a mask. On another device the question would wait for
        # the device, and a tracer or vmap has no answer.
        here = source.device.type == "cpu" and not torch.compiler.is_compiling() and not functorch_is_active()
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
        x: Tensor = embedding(tokens)
        if self.positions is not None:
            x = x + self.positions(torch.arange(first, end, device=tokens.device))
        return self.dropout(x) if self.training else x
