"""What a layer remembers while it decodes.

    KeyValueCache   the compressed keys and values of the tokens read so far, [N, S, C]; under a
                    window only of those that a later token may still see
    LinearState     linear attention's sums over all of them, [N, H, D, D] and [N, H, D]: constant;
                    in cross-attention the sums over the source, made once a sentence

Without a memory, each new token would send the whole prefix through the layer again. It is given to
the layer and handed back, never hidden in it. Both kinds have `append`, `select`, `length`, `nbytes`.
"""

import torch
from torch import Tensor


class KeyValueCache:
    """Compressed keys and values of one layer: [N, S, C], growing along S up to a capacity.

    Room is taken at the first token and doubled when needed, so that appending seldom copies. With
    a `window`, tokens that no later one sees (all but the newest window - 1) are forgotten.
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
        self._start = self._end = 0  # the part of the room that is remembered
        self._entries = torch.empty(rows, min(capacity, 16), width, dtype=dtype, device=device)

    def append(self, entries: Tensor) -> Tensor:
        """Add the entries of T new tokens [N, T, C]; gives back what they may see, [N, S, C].

        That is all entries so far; under a window the newest window - 1 and the new ones.

        Raises:
            ValueError: more tokens than the capacity.
        """
        tokens = entries.shape[1]
        if self.length + tokens > self.capacity:
            raise ValueError(
                f"{self.length + tokens} tokens do not fit a memory of {self.capacity}; "
                "start with a larger capacity"
            )
        recorded = entries.requires_grad or self._entries.requires_grad
        if recorded or self._end + tokens > self._entries.shape[1]:
            self._make_room(tokens)  # backward must find the old room as it was read
        start, end = self._start, self._end + tokens
        self._entries[:, self._end : end] = entries
        self._end = end
        self.length += tokens
        if self.window is not None:
            self._start = max(start, end - (self.window - 1))
        return self._entries[:, start:end]

    def hiding(self, keys: int) -> int | None:
        """The window, where it is narrower than so many keys, which several new tokens see at once."""
        return None if self.window is None or self.window >= keys else self.window

    def select(self, rows: Tensor) -> None:
        """Keep these rows [N'], in this order; a row may come several times."""
        room = self._entries.shape[1]
        kept = self._entries.new_empty(len(rows), room, self._entries.shape[2])
        read = self._entries[:, self._start : self._end]
        place = kept[:, self._start : self._end]
        if read.requires_grad:  # torch refuses out= where gradients are recorded
            place.copy_(read.index_select(0, rows))
        else:
            torch.index_select(read, 0, rows, out=place)
        self._entries = kept

    @property
    def nbytes(self) -> int:
        """Bytes of the entries remembered (the spare room not counted)."""
        return self._held.numel() * self._entries.element_size()

    @property
    def _held(self) -> Tensor:
        return self._entries[:, self._start : self._end]

    def _make_room(self, tokens: int) -> None:
        """Move what is held to the front of a new room, twice as large as what it must hold now."""
        rows, _, width = self._entries.shape
        held = self._end - self._start
        larger = self._entries.new_empty(rows, min(self.capacity, 2 * (held + tokens)), width)
        larger[:, :held] = self._held
        self._entries, self._start, self._end = larger, 0, held


class LinearState:
    """What linear attention keeps of the tokens read: sums, of one size however many they were.

    sums [N, H, D, D] of feature times value, totals [N, H, D] of features.
    """

    def __init__(self, rows: int, heads: int, width: int, *, dtype: torch.dtype, device: torch.device):
        self.length = 0
        self.sums = torch.zeros(rows, heads, width, width, dtype=dtype, device=device)
        self.totals = torch.zeros(rows, heads, width, dtype=dtype, device=device)

    def append(self, key: Tensor, value: Tensor) -> None:
        """Add T new tokens: features of their keys and their values, [N, H, T, D] each."""
        self.sums = self.sums + key.transpose(-2, -1) @ value
        self.totals = self.totals + key.sum(dim=-2)
        self.length += key.shape[-2]

    def __len__(self) -> int:
        """N, the rows held."""
        return len(self.sums)

    def select(self, rows: Tensor) -> None:
        """Keep these rows [N'], in this order; a row may come several times."""
        self.sums, self.totals = self.sums[rows], self.totals[rows]

    @property
    def nbytes(self) -> int:
        """Bytes of the two sums, from the first token on."""
        return sum(part.numel() * part.element_size() for part in (self.sums, self.totals))

    @property
    def device(self) -> torch.device:
        """Where the sums lie."""
        return self.sums.device


Memory = KeyValueCache | LinearState
Remembered = Tensor | LinearState  # what cross-attention asks: compressed [B, S, C], or its sums
