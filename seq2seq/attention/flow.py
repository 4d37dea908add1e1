"""Axis 2, the flow: where queries, keys and values come from.

    self            x asks x                 every position sees every other at once
    causal self     x asks x's past          a decoder may not read what it has yet to write
    cross           x asks another source    queries from one sequence, keys and values from another

All three are the same four moves: query, compress, expand, attend. What else the config asks for
(score, heads, masks, linear) is the same in each of them.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from seq2seq.attention.attend import Attended, attend, check_mask
from seq2seq.attention.cache import KeyValueCache, LinearState, Memory, Remembered
from seq2seq.attention.heads import LatentHeads, SharedHeads, dense_weight, make_heads
from seq2seq.attention.linear import causal_linear_attention, linear_attention, read_sums, summed
from seq2seq.attention.mask import all_of, causal_mask, group_queries, newest, sparse_mask, window_mask
from seq2seq.attention.score import (
    ScaledDotScore,
    ScoreFactory,
    ScoreFunction,
    is_pairwise,
    is_scaled_dot,
    make_score,
)
from seq2seq.attention.transforms import functorch_is_active
from seq2seq.attention.window import attend_window, block_length
from seq2seq.config import AttentionConfig


class Attention(nn.Module):
    """The parts every flow shares: heads, a score, and the formula between them.

    `score` makes a score of one's own, which takes the place of the one that the config names. The score may
    also be exchanged later: every call asks the score that is there which fast paths it allows.

    Raises:
        ValueError: a score of one's own beside linear attention, which compares by its features.
    """

    score: ScoreFunction

    def __init__(
        self, width: int, config: AttentionConfig, memory_width: int, score: ScoreFactory | None = None
    ):
        super().__init__()
        self.config = config
        self.heads = make_heads(width, config, memory_width)
        key_width = self.heads.key_width
        self.score = make_score(config, key_width) if score is None else score(key_width)
        self.check_score()
        # Keys and values of multi-head attention are views of the memory: torch's kernel can read them there.
        self._reads_views = (
            config.latent is None and config.shared_heads == config.heads and not config.linear
        )

    @property
    def dropout(self) -> float:
        """The share of weights dropped: the config's in training, else none."""
        return self.config.dropout if self.training else 0.0

    def check_score(self) -> None:
        """Refuse a score of one's own beside linear attention, which would never call it."""
        if self.config.linear and not is_scaled_dot(self.score):
            raise ValueError(
                f"linear is True beside a score of your own, {type(self.score).__name__}; linear attention "
                "compares by its own features, leave out the score or set linear to False"
            )

    def read(self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool) -> Attended:
        """Queries [B, H, T, D] read a compressed memory [B, S, C] -> context [B, T, M]."""
        if self._reads_views and not need_weights and torch.is_inference_mode_enabled():
            plain = not self.training and type(self.score) is ScaledDotScore
            if plain and (mask is None or mask.ndim > 1) and not functorch_is_active():
                return self.read_views(query, compressed, mask)
        if self.absorbs(query.shape[2]):
            return self.read_absorbed(query, compressed, mask, need_weights)
        shared = self.config.shared_heads < self.config.heads
        if shared and not self.config.linear and is_pairwise(self.score):
            return self.read_grouped(query, compressed, mask, need_weights)
        return self.read_expanded(query, compressed, mask, need_weights)

    def read_views(self, query: Tensor, compressed: Tensor, mask: Tensor | None) -> Attended:
        """Read as `read` does, in the fewest steps: one token of a small model is mostly such steps."""
        if mask is not None:
            check_mask(mask, query, compressed)
        key, value = self.heads.pairs(compressed)
        return Attended(self.heads.merge(scaled_dot_product_attention(query, key, value, mask)), None)

    def read_expanded(
        self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool
    ) -> Attended:
        """As `read`: the heads' keys and values are made of the memory, then attended to."""
        key, value = self.heads.expand(compressed)
        if self.config.linear:
            self.check_score()
            found = linear_attention(query, key, value, mask, dropout=self.dropout, need_weights=need_weights)
        else:
            found = self._attend(query, key, value, mask, need_weights)
        return self._merge(found)

    def read_absorbed(
        self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool
    ) -> Attended:
        """As `read`: latent heads ask the memory itself, no keys and values are made of it."""
        assert isinstance(self.heads, LatentHeads)
        latents = compressed[:, None].expand(-1, self.heads.heads, -1, -1)
        found = self._attend(self.heads.absorb(query), latents, latents, mask, need_weights)
        return self._merge(Attended(self.heads.release(found.context), found.weights))

    def read_grouped(
        self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool
    ) -> Attended:
        """As `read`: the queries of a group's heads are all asked of the one key/value head they share.

        So keys and values are not copied for every head of the group, which in decoding, where one
        query reads all of them, would be most of the work.
        """
        assert isinstance(self.heads, SharedHeads)
        check_mask(mask, query, compressed)
        key, value = self.heads.pairs(compressed)
        shared, group = key.shape[1], self.heads.heads // key.shape[1]
        asked = query.unflatten(1, (shared, group)).flatten(2, 3)  # [B, K, H / K T, D]
        mask = None if mask is None else group_queries(mask, (shared, group, query.shape[2]))
        found = self._attend(asked, key, value, mask, need_weights)
        context, weights = (
            None if x is None else x.unflatten(2, (group, query.shape[2])).flatten(1, 2) for x in found
        )
        assert context is not None
        return self._merge(Attended(context, weights))

    def absorbs(self, queries: int) -> bool:
        """Whether `read_absorbed` does, and pays: latent heads, dot products, queries fewer than D.

        To ask the latents costs H T latent a key, to expand them M latent.
        """
        dot = is_scaled_dot(self.score) and not self.config.linear
        return dot and isinstance(self.heads, LatentHeads) and queries < self.heads.head_width

    def read_near(self, query: Tensor, compressed: Tensor, mask: Tensor | None, *, causal: bool) -> Attended:
        """As `read` under the config's window, queries and keys being the same positions, in blocks."""
        assert self.config.window is not None
        key, value = self.heads.expand(compressed)
        present = None if mask is None else mask[:, 0, 0]
        context = attend_window(
            query,
            key,
            value,
            self.score,
            self.config.window,
            present,
            causal=causal,
            dropout=self.dropout,
        )
        return self._merge(Attended(context, None))

    def near_only(self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool) -> bool:
        """Whether `read_near` does, and pays: a window and nothing else over many blocks, no map wanted."""
        config, length = self.config, compressed.shape[1]
        if config.window is None or config.global_tokens or config.stride is not None or need_weights:
            return False
        if not is_pairwise(self.score):
            return False
        of_keys = mask is None or mask.shape == (query.shape[0], 1, 1, length)
        return of_keys and query.shape[2] == length >= 4 * block_length(config.window)

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, need_weights: bool
    ) -> Attended:
        return attend(query, key, value, self.score, mask, dropout=self.dropout, need_weights=need_weights)

    def _merge(self, found: Attended) -> Attended:
        return Attended(self.heads.merge(found.context), found.weights)


class SelfAttention(Attention):
    """Each position of a sequence asks every position of it."""

    def __init__(self, width: int, config: AttentionConfig, score: ScoreFactory | None = None):
        super().__init__(width, config, width, score)

    def forward(self, x: Tensor, mask: Tensor | None = None, *, need_weights: bool = False) -> Attended:
        """x [B, T, M], mask broadcastable to [B, H, T, T] -> context [B, T, M], weights [B, H, T, T].

        Raises:
            ValueError: a mask of wrong shape or dtype.
        """
        positions = torch.arange(x.shape[1], device=x.device)
        query, compressed = self.heads.query(x, positions), self.heads.compress(x, positions)
        if mask is not None:
            check_mask(mask, query, compressed)
        if self.config.sparse:
            if self.near_only(query, compressed, mask, need_weights):
                return self.read_near(query, compressed, mask, causal=False)
            mask = all_of(mask, sparse_mask(self.config, positions, positions))
        return self.read(query, compressed, mask, need_weights)


class CausalSelfAttention(Attention):
    """Each position asks itself and what came before it, in this call or, remembered, in earlier ones."""

    def __init__(self, width: int, config: AttentionConfig, score: ScoreFactory | None = None):
        super().__init__(width, config, width, score)

    def empty_memory(self, rows: int, capacity: int, window: int | None = None) -> Memory:
        """A memory for so many rows and tokens, to be given back as `memory=`.

        With a `window` it forgets all but the newest so many, as if the config's window were no wider.
        """
        heads, config = self.heads, self.config
        weight = dense_weight(heads.query_projection)
        dtype, device = weight.dtype, weight.device
        if config.linear:
            dtype = torch.promote_types(dtype, torch.float32)  # long sums would drown in 16 bit
            return LinearState(rows, heads.heads, heads.head_width, dtype=dtype, device=device)
        alone = not config.global_tokens and config.stride is None
        near = config.window if alone else None  # others may still ask for what left the window
        window = near if window is None else min(window, near or window)
        return KeyValueCache(
            rows, capacity, heads.compressed_width, window=window, dtype=dtype, device=device
        )

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        memory: Memory | None = None,
        need_weights: bool = False,
    ) -> Attended:
        """The T newest tokens ask all S so far (S = T without a memory).

        Shapes: x [B, T, M], mask broadcastable to [B, H, T, S] -> context [B, T, M],
        weights [B, H, T, S] (under a window with a memory, its newest columns). The memory is
        appended to in place.

        Raises:
            ValueError: a mask of wrong shape or dtype; more tokens than the memory's capacity; of linear
                attention beside a memory, a wish for weights or a mask that differs between queries.
        """
        read = 0 if memory is None else memory.length
        end = read + x.shape[1]
        alone = x.shape[1] == 1 and not self.config.sparse  # a single newest token has no future to hide
        positions = None
        if self.config.rotary or not alone:
            positions = torch.arange(read, end, device=x.device)
        query, compressed = self.heads.query(x, positions), self.heads.compress(x, positions)
        if self.config.linear:
            self.check_score()
            assert not isinstance(memory, KeyValueCache)
            mask = newest(mask, x.shape[1], end)
            return self._read_running(query, compressed, mask, memory, need_weights)
        assert not isinstance(memory, LinearState)
        if memory is not None:
            compressed = memory.append(compressed)
        if mask is not None:
            mask = newest(mask, compressed.shape[1], end)
            check_mask(mask, query, compressed)
        forgets = memory is not None and memory.window is not None
        rolling = memory.hiding(compressed.shape[1]) if memory is not None and forgets else None
        if self.config.sparse and rolling in (None, self.config.window):
            if self.near_only(query, compressed, mask, need_weights):
                return self.read_near(query, compressed, mask, causal=True)
        if positions is not None and not alone:
            held = torch.arange(end - compressed.shape[1], end, device=x.device)
            near = None if rolling is None else window_mask(positions, held, rolling)
            shown = sparse_mask(self.config, positions, held)
            mask = all_of(mask, shown, near, causal_mask(positions, held))
        return self.read(query, compressed, mask, need_weights)

    def _read_running(
        self,
        query: Tensor,
        compressed: Tensor,
        mask: Tensor | None,
        state: LinearState | None,
        need_weights: bool,
    ) -> Attended:
        key, value = self.heads.expand(compressed)
        return self._merge(
            causal_linear_attention(
                query,
                key,
                value,
                mask,
                state=state,
                dropout=self.dropout,
                need_weights=need_weights,
            )
        )


class CrossAttention(Attention):
    """Each position of one sequence asks a memory made from another: a text, an image, anything [B, S, *].

    Raises:
        ValueError: a config with rotary, for positions of two sequences are not to be compared.
    """

    def __init__(
        self,
        width: int,
        config: AttentionConfig,
        memory_width: int | None = None,
        score: ScoreFactory | None = None,
    ):
        super().__init__(width, config, width if memory_width is None else memory_width, score)
        if config.rotary:
            raise ValueError(
                "rotary is True in cross-attention, where queries and keys count "
                "positions of different sequences; set it to False"
            )

    def remember(self, source: Tensor) -> Tensor:
        """Compress the source once, for every later question: [B, S, memory width] -> [B, S, C]."""
        return self.heads.compress(source)

    def remember_for_steps(self, source: Tensor, mask: Tensor | None = None) -> Remembered:
        """As `remember`, for questions that come one by one and want no map: linear attention sums up.

        Those sums leave out what the mask, broadcastable to [B, H, 1, S], hides; none is given with them.

        Raises:
            ValueError: of linear attention, a mask of wrong shape or dtype.
        """
        self.check_score()
        remembered = self.remember(source)
        return summed(*self.heads.expand(remembered), mask) if self.config.linear else remembered

    def forward(
        self,
        x: Tensor,
        remembered: Remembered,
        mask: Tensor | None = None,
        *,
        positions: Tensor | None = None,
        need_weights: bool = False,
    ) -> Attended:
        """x [B, T, M] asks remembered [B, S, C]; mask to [B, H, T, S] -> context [B, T, M], weights.

        `positions` [T] says where the queries stand (None: 0, 1, ...), which a sparse mask asks for.

        Raises:
            ValueError: a mask of wrong shape or dtype; a mask or a wish for weights beside sums.
        """
        query = self.heads.query(x)
        if isinstance(remembered, LinearState):
            if need_weights or mask is not None:
                raise ValueError(
                    "a LinearState has no single keys to weigh or to mask; give what `remember` made of "
                    "the source to see its weights, and the mask to `remember_for_steps`"
                )
            return self._merge(Attended(read_sums(query, remembered), None))
        if self.config.sparse:
            check_mask(mask, query, remembered)
            if positions is None:
                positions = torch.arange(x.shape[1], device=x.device)
            places = torch.arange(remembered.shape[1], device=x.device)
            mask = all_of(mask, sparse_mask(self.config, positions, places))
        return self.read(query, remembered, mask, need_weights)
