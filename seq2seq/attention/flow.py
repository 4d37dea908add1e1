"""Axis 2, the flow: the source of queries, keys and values.

    self            x reads x                 every position sees every other at once
    causal self     x reads its past          a decoder may not see what it has yet to write
    cross           x reads another source    queries from one sequence, keys and values from another

All three are the same four moves: query, compress, expand, attend. Everything else that a config names
(score, heads, masks, linear) is the same in each of them.
"""

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
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
    """The parts of every flow: heads, a score, and the ways to read a memory with them.

    `score` makes a score of your own in place of the one that the config names. The attribute may also be
    replaced later: every call asks the score itself which fast paths it allows.

    Raises:
        ValueError: A score of your own stands beside linear attention, which compares by features.
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
        """Share of the weights dropped: the config's in training, else none."""
        return self.config.dropout if self.training else 0.0

    def check_score(self) -> None:
        """Refuse a score of your own beside linear attention, which never calls it.

        Raises:
            ValueError: Linear attention has a score other than the scaled dot product.
        """
        if self.config.linear and not is_scaled_dot(self.score):
            raise ValueError(
                f"linear is True beside a score of your own, {type(self.score).__name__}; linear attention "
                "compares by its own features, leave out the score or set linear to False"
            )

    def read(
        self,
        query: Tensor,
        compressed: Tensor,
        mask: Tensor | None,
        need_weights: bool,
        *,
        is_causal: bool = False,
    ) -> Attended:
        """Read a compressed memory [B, S, C] by queries [B, H, T, D] -> context [B, T, M], weights.

        The score and the heads decide the way; a test holds all ways equal. `is_causal` stands for a causal
        mask, T = S, and for no other beside it.
        """
        if self._reads_views and not (need_weights or self.training or torch.is_grad_enabled()):
            plain = type(self.score) is ScaledDotScore and (mask is None or mask.ndim > 1)
            # `transformed` written out: this runs in every layer of every step.
            if plain and not functorch_is_active() and forward_ad._current_level < 0:
                return self.read_views(query, compressed, mask, is_causal=is_causal)
        if self.absorbs(query.shape[2]):
            return self.read_absorbed(query, compressed, mask, need_weights, is_causal=is_causal)
        shared = self.config.shared_heads < self.config.heads
        if shared and not is_causal and not self.config.linear and is_pairwise(self.score):
            return self.read_grouped(query, compressed, mask, need_weights)
        return self.read_expanded(query, compressed, mask, need_weights, is_causal=is_causal)

    def read_views(
        self, query: Tensor, compressed: Tensor, mask: Tensor | None, *, is_causal: bool = False
    ) -> Attended:
        """Read views of the memory by torch's kernel: multi-head dot products without maps or gradients.

        It takes the fewest calls of Python, which are most of the time of one token of a small model.
        """
        assert isinstance(self.heads, SharedHeads)
        if mask is not None:
            check_mask(mask, query, compressed)
        key, value = self.heads.pairs(compressed)
        context = scaled_dot_product_attention(query, key, value, mask, 0.0, is_causal)
        return Attended(self.heads.merge(context), None)

    def read_expanded(
        self,
        query: Tensor,
        compressed: Tensor,
        mask: Tensor | None,
        need_weights: bool,
        *,
        is_causal: bool = False,
    ) -> Attended:
        """Read by keys and values of every head, made from the memory: the plain way."""
        key, value = self.heads.expand(compressed)
        if self.config.linear:
            self.check_score()
            attended = linear_attention(
                query, key, value, mask, dropout=self.dropout, need_weights=need_weights
            )
        else:
            attended = self._attend(query, key, value, mask, need_weights, is_causal)
        return self._merge(attended)

    def read_absorbed(
        self,
        query: Tensor,
        compressed: Tensor,
        mask: Tensor | None,
        need_weights: bool,
        *,
        is_causal: bool = False,
    ) -> Attended:
        """Read the latents themselves; no keys and values are made of them."""
        assert isinstance(self.heads, LatentHeads)
        latents = compressed[:, None].expand(-1, self.heads.heads, -1, -1)
        attended = self._attend(self.heads.absorb(query), latents, latents, mask, need_weights, is_causal)
        return self._merge(Attended(self.heads.release(attended.context), attended.weights))

    def read_grouped(
        self, query: Tensor, compressed: Tensor, mask: Tensor | None, need_weights: bool
    ) -> Attended:
        """Read each shared key/value head by the queries of all heads of its group, as further queries."""
        # So keys and values are not copied for every head of the group. In decoding, where one query reads
        # all of them, these copies would be most of the work.
        assert isinstance(self.heads, SharedHeads)
        check_mask(mask, query, compressed)
        key, value = self.heads.pairs(compressed)
        shared, group = key.shape[1], self.heads.heads // key.shape[1]
        stacked = query.unflatten(1, (shared, group)).flatten(2, 3)  # [B, K, H / K T, D]
        mask = None if mask is None else group_queries(mask, (shared, group, query.shape[2]))
        attended = self._attend(stacked, key, value, mask, need_weights)
        context, weights = (
            None if x is None else x.unflatten(2, (group, query.shape[2])).flatten(1, 2) for x in attended
        )
        assert context is not None
        return self._merge(Attended(context, weights))

    def absorbs(self, queries: int) -> bool:
        """Return whether `read_absorbed` is right and pays: latents, dot products, fewer queries than D."""
        # Reading the latents costs H T latent a key, expanding them M latent = H D latent.
        dot = is_scaled_dot(self.score) and not self.config.linear
        return dot and isinstance(self.heads, LatentHeads) and queries < self.heads.head_width

    def read_near(self, query: Tensor, compressed: Tensor, mask: Tensor | None, *, causal: bool) -> Attended:
        """Read under the config's window in blocks, queries and keys being the same positions."""
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
        """Return whether `read_near` is right and pays: a window alone over many blocks, without a map."""
        config, length = self.config, compressed.shape[1]
        if config.window is None or config.global_tokens or config.stride is not None or need_weights:
            return False
        if not is_pairwise(self.score):
            return False
        of_keys = mask is None or mask.shape == (query.shape[0], 1, 1, length)
        return of_keys and query.shape[2] == length >= 4 * block_length(config.window)

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        need_weights: bool,
        is_causal: bool = False,
    ) -> Attended:
        return attend(
            query,
            key,
            value,
            self.score,
            mask,
            dropout=self.dropout,
            need_weights=need_weights,
            is_causal=is_causal,
        )

    def _merge(self, attended: Attended) -> Attended:
        return Attended(self.heads.merge(attended.context), attended.weights)


class SelfAttention(Attention):
    """Attention of each position of a sequence to all of its positions."""

    def __init__(self, width: int, config: AttentionConfig, score: ScoreFactory | None = None):
        super().__init__(width, config, width, score)

    def forward(self, x: Tensor, mask: Tensor | None = None, *, need_weights: bool = False) -> Attended:
        """Let every position of x read all of x.

        Shapes: x [B, T, M], mask broadcastable to [B, H, T, T] -> context [B, T, M], weights [B, H, T, T].

        Raises:
            ValueError: The mask has a wrong shape or dtype.
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
    """Attention of each position to itself and to those before it, of this call and of earlier ones."""

    def __init__(self, width: int, config: AttentionConfig, score: ScoreFactory | None = None):
        super().__init__(width, config, width, score)

    def empty_memory(self, rows: int, capacity: int, window: int | None = None) -> Memory:
        """Return an empty memory for so many rows and tokens, to be passed as `memory=`.

        With a `window` it drops all but the newest so many, as if the config's window were no wider.
        """
        heads, config = self.heads, self.config
        weight = dense_weight(heads.query_projection)
        dtype, device = weight.dtype, weight.device
        if config.linear:
            dtype = torch.promote_types(dtype, torch.float32)  # long sums lose their newest terms in 16 bit
            return LinearState(rows, heads.heads, heads.head_width, dtype=dtype, device=device)
        alone = not config.global_tokens and config.stride is None
        near = config.window if alone else None  # global tokens and strides reach beyond the window
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
        """Let the T newest tokens read all S so far (S = T without a memory).

        Shapes: x [B, T, M], mask broadcastable to [B, H, T, S] -> context [B, T, M],
        weights [B, H, T, S] (under a window with a memory, its newest columns). The memory grows in place.

        Raises:
            ValueError: The mask has a wrong shape or dtype, or the tokens exceed the memory's capacity. Or
                linear attention has a memory beside `need_weights` or a mask that differs between queries.
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
        blocks = self.config.sparse and rolling in (None, self.config.window)
        if blocks and self.near_only(query, compressed, mask, need_weights):
            return self.read_near(query, compressed, mask, causal=True)
        if mask is None and rolling is None and not alone and self.kernel_hides(compressed, x, need_weights):
            return self.read(query, compressed, None, need_weights, is_causal=True)
        if positions is not None and not alone:
            places = torch.arange(end - compressed.shape[1], end, device=x.device)  # of the keys in memory
            near = None if rolling is None else window_mask(positions, places, rolling)
            shown = sparse_mask(self.config, positions, places)
            mask = all_of(mask, shown, near, causal_mask(positions, places))
        return self.read(query, compressed, mask, need_weights)

    def kernel_hides(self, compressed: Tensor, x: Tensor, need_weights: bool) -> bool:
        """Return whether torch's kernel hides the future: dot products of one sequence, without a map.

        It computes no hidden half, and no mask of T x T is made.
        """
        same = compressed.shape[1] == x.shape[1] and not self.config.sparse
        return same and not need_weights and is_scaled_dot(self.score)

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
    """Attention of each position of one sequence to a memory of another: a text, an image, any [B, S, *].

    Raises:
        ValueError: The config is rotary; positions of two sequences have no distance.
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
        """Compress the source once, for all later queries: [B, S, memory width] -> [B, S, C]."""
        return self.heads.compress(source)

    def remember_for_steps(self, source: Tensor, mask: Tensor | None = None) -> Remembered:
        """Compress the source for decoding, step by step and without maps: linear attention sums it up.

        The sums leave out the keys that the mask, broadcastable to [B, H, 1, S], hides. `forward` then takes
        no mask.

        Raises:
            ValueError: The mask of linear attention has a wrong shape or dtype.
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
        """Let every position of x read a remembered source.

        Shapes: x [B, T, M], remembered [B, S, C], mask broadcastable to [B, H, T, S] -> context [B, T, M],
        weights [B, H, T, S]. `positions` [T] are those of the queries (None: 0, 1, ...), for sparse masks.

        Raises:
            ValueError: The mask has a wrong shape or dtype, or a mask or `need_weights` stands beside sums.
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
