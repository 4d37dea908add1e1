"""The memory of a layer while it decodes.

    KeyValueCache   compressed keys and values of the tokens read so far, [N, S, C]; under a window
                    only of those that a later token may still see
    LinearState     sums of linear attention over all tokens, [N, H, D, D] and [N, H, D], of constant
                    size; in cross-attention the sums over the source, computed once a sentence

Without a memory, each new token would send the whole prefix through the layer again. The caller holds the
memory and passes it to the layer, which keeps no state. Both kinds have `append`, `select`, `length` and
`nbytes`.
"""

import torch
from torch import Tensor


class KeyValueCache:
    """Compressed keys and values of one layer: [N, S, C], growing along S up to a capacity.

    Its room doubles when it is full, so that appending seldom copies. With a `window`, the cache drops
    tokens that no later token sees: all but the newest window - 1.
    """

    def __init__(
        self,
        rows: int,
        capacity: int,
        width: int,
        *,
        window: int | None = None,
        dtype: torch.dtype,
        device: torch.device,
    ):
        self.capacity, self.window = capacity, window
        self.length = 0
        self._start = self._end = 0  # the part of the room that is in use
        self._entries = torch.empty(rows, min(capacity, 16), width, dtype=dtype, device=device)

    def append(self, entries: Tensor) -> Tensor:
        """Add the entries of T new tokens [N, T, C] and return those that they may see, [N, S, C].

        These are all entries so far; under a window the newest window - 1 and the new ones.

        Raises:
            ValueError: The tokens exceed the capacity.
        """
        tokens = entries.shape[1]
        if self.length + tokens > self.capacity:
            raise ValueError(
                f"{self.length + tokens} tokens do not fit a memory of {self.capacity}; "
                "start with a larger capacity"
            )
        recorded = entries.requires_grad or self._entries.requires_grad
        if recorded or self._end + tokens > self._entries.shape[1]:
            self._make_room(tokens)  # the backward pass must find the old room as it was read
        start, end = self._start, self._end + tokens
        self._entries[:, self._end : end] = entries
        self._end = end
        self.length += tokens
        if self.window is not None:
            self._start = max(start, end - (self.window - 1))
        return self._entries[:, start:end]

    def hiding(self, keys: int) -> int | None:
        """Return the window if it is narrower than the keys that several new tokens see, else None."""
        return None if self.window is None or self.window >= keys else self.window

    def select(self, rows: Tensor) -> None:
        """Keep these rows [N'], in this order; a row may come several times."""
        room = self._entries.shape[1]
        selected = self._entries.new_empty(len(rows), room, self._entries.shape[2])
        used = self._entries[:, self._start : self._end]
        place = selected[:, self._start : self._end]
        if used.requires_grad:  # torch refuses out= where gradients are recorded
            place.copy_(used.index_select(0, rows))
        else:
            torch.index_select(used, 0, rows, out=place)
        self._entries = selected

    @property
    def nbytes(self) -> int:
        """Bytes of the entries in use; spare room is not counted."""
        return self._used.numel() * self._entries.element_size()

    @property
    def _used(self) -> Tensor:
        return self._entries[:, self._start : self._end]

    def _make_room(self, tokens: int) -> None:
        """Move the entries in use to the front of a new room, twice as large as is needed now."""
        rows, _, width = self._entries.shape
        used = self._end - self._start
        larger = self._entries.new_empty(rows, min(self.capacity, 2 * (used + tokens)), width)
        larger[:, :used] = self._used
        self._entries, self._start, self._end = larger, 0, used


class LinearState:
    """Sums of linear attention over the tokens read, of constant size.

    `sums` [N, H, D, D] adds up feature times value, `totals` [N, H, D] the features.
    """

    def __init__(self, rows: int, heads: int, width: int, *, dtype: torch.dtype, device: torch.device):
        self.length = 0
        self.sums = torch.zeros(rows, heads, width, width, dtype=dtype, device=device)
        self.totals = torch.zeros(rows, heads, width, dtype=dtype, device=device)

    def append(self, key: Tensor, value: Tensor) -> None:
        """Add T new tokens: the features of their keys, and their values, [N, H, T, D] each."""
        # New tensors, not in place: the backward pass needs the old sums.
        self.sums = self.sums + key.transpose(-2, -1) @ value
        self.totals = self.totals + key.sum(dim=-2)
        self.length += key.shape[-2]

    def __len__(self) -> int:
        """Return N, the number of rows."""
        return len(self.sums)

    def select(self, rows: Tensor) -> None:
        """Keep these rows [N'], in this order; a row may come several times."""
        self.sums, self.totals = self.sums[rows], self.totals[rows]

    @property
    def nbytes(self) -> int:
        """Bytes of both sums, the same from the first token on."""
        return sum(part.numel() * part.element_size() for part in (self.sums, self.totals))

    @property
    def device(self) -> torch.device:
        """Device of the sums."""
        return self.sums.device


Memory = KeyValueCache | LinearState
Remembered = Tensor | LinearState  # the source as cross-attention reads it: compressed [B, S, C], or sums
