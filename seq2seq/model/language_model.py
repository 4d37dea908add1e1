"""The language model: a decoder alone, which predicts the next token.

    start    rows                   -> state                 nothing read
    step     tokens [N, T], state   -> logits [N, V]         the state moves on in place
    forward  tokens [B, T]          -> logits [B, T, V]      all positions at once

Layers, caches and the contract of `step` are those of the encoder-decoder. A text may be longer than the
context. With rotary positions, which encode distances only, the caches then roll: each layer drops tokens
older than the context. Other positions are numbered and run out, so the newest half of the context is read
again from position 0, once every half context.
"""

import sys
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq.attention import Memory
from seq2seq.attention.score import ScoreFactory
from seq2seq.config import ModelConfig
from seq2seq.model.dropout import Dropout
from seq2seq.model.layers import CausalLayer, Embedding, Stack, make_norm, make_positions


class LanguageOutput(NamedTuple):
    """Logits [B, T, V] of the next token at each position and, on request, a map [B, H, T, T] a layer."""

    logits: Tensor
    maps: list[Tensor] | None


@dataclass
class LanguageState:
    """State of reading: the memory of each layer for the rows [N], and their newest tokens [N, T]."""

    memories: list[Memory]
    tokens: Tensor

    @property
    def length(self) -> int:
        """Tokens that the layers have read since they last began at position 0."""
        return self.memories[0].length

    @property
    def device(self) -> torch.device:
        """Device that tokens and row numbers are expected on."""
        return self.tokens.device

    @property
    def nbytes(self) -> int:
        """Bytes of the memories of all layers."""
        return sum(memory.nbytes for memory in self.memories)

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep these rows [N'], in this order; a row may come several times."""
        for memory in self.memories:
            memory.select(rows)
        self.tokens = self.tokens[rows]


class LanguageModel(nn.Module):
    """A decoder-only Transformer (Radford et al. 2018), built by its config.

    `score` makes a score of your own for each attention, in place of the one that the config names. No config
    stores it: give it again to load the weights.

    Raises:
        ValueError: The config is of another kind.
    """

    def __init__(self, config: ModelConfig, score: ScoreFactory | None = None):
        super().__init__()
        if config.kind != "decoder":
            raise ValueError(f"kind is {config.kind!r}; a language model is of kind decoder")
        self.config = config
        self.embedding = Embedding(config)
        self.output = self.embedding if config.tied_embeddings else Embedding(config)
        self.positions = make_positions(config)
        self.dropout = Dropout(config.dropout)
        self.layers = Stack[CausalLayer](CausalLayer(config, score) for _ in range(config.decoder_layers))
        self.norm = make_norm(config) if config.norm_order == "pre" else nn.Identity()

    @property
    def rolls(self) -> bool:
        """True where caches may drop the oldest token: no position and no mask refers to its number."""
        attention = self.config.decoder_attention
        counted = attention.global_tokens > 0 or attention.stride is not None
        return self.config.positions == "rotary" and not counted

    def start(self, rows: int) -> LanguageState:
        """Return the state of so many rows before anything is read."""
        device = self.embedding.table.weight.device
        return LanguageState(self._memories(rows), torch.empty(rows, 0, dtype=torch.long, device=device))

    def step(self, tokens: Tensor, state: LanguageState) -> Tensor:
        """Read the T newest tokens [N, T] and return the logits of the next one, [N, V].

        Of more tokens than the context, the newest are read, as if the others had been read before.
        """
        context = self.config.max_length
        tokens = tokens[:, -context:]
        if not self.rolls:
            newest = torch.cat([state.tokens, tokens], dim=1)
            if newest.shape[1] > context:
                tokens = newest = newest[:, -max(tokens.shape[1], (context + 1) // 2) :]
                state.memories = self._memories(len(tokens))
            state.tokens = newest
        x = self._embed(tokens, state.length)
        for layer, memory in zip(self.layers, state.memories, strict=True):
            x, _ = layer(x, memory)
        return self.output.scores(self.norm(x[:, -1]))

    def forward(self, tokens: Tensor, *, need_weights: bool = False) -> LanguageOutput:
        """Compute the logits of every next token of given texts [B, T] at once.

        Raises:
            ValueError: The texts are longer than the context.
        """
        states, maps = self._read(tokens, need_weights=need_weights)
        return LanguageOutput(self.output.scores(states), maps if need_weights else None)

    def states(self, tokens: Tensor) -> Tensor:
        """Return the input of the output layer, [B, T, M], for a loss that includes that layer."""
        return self._read(tokens, need_weights=False)[0]

    def _read(self, tokens: Tensor, *, need_weights: bool) -> tuple[Tensor, list[Tensor]]:
        if tokens.shape[1] > self.config.max_length:
            raise ValueError(
                f"a text of {tokens.shape[1]} tokens is longer than the context, {self.config.max_length}; "
                "read it in windows"
            )
        x = self._embed(tokens, 0)
        maps: list[Tensor] = []
        for layer in self.layers:
            x, weights = layer(x, need_weights=need_weights)
            if weights is not None:
                maps.append(weights)
        return self.norm(x), maps

    def _embed(self, tokens: Tensor, first: int) -> Tensor:
        x: Tensor = self.embedding(tokens)
        if self.positions is not None:
            x = x + self.positions(torch.arange(first, first + tokens.shape[1], device=tokens.device))
        return self.dropout(x) if self.training else x

    def _memories(self, rows: int) -> list[Memory]:
        context = self.config.max_length
        capacity, window = (sys.maxsize, context) if self.rolls else (context, None)
        return [layer.self_attention.empty_memory(rows, capacity, window) for layer in self.layers]
