"""What a layer remembers while it decodes: the compressed keys and values of every token read so far.

Without it, each new token would send the whole prefix through the layer again. The memory is given
to the layer and handed back, never hidden in it.
"""

import torch
from torch import Tensor


class KeyValueCache:
    """Compressed keys and values of one layer: [N, S, C], growing along S up to a capacity.

    Room is taken at the first token and doubled when needed, so that appending seldom copies.
    """

    def __init__(self, rows: int, capacity: int, width: int, *, dtype: torch.dtype, device: torch.device):
        self.capacity = capacity
        self.length = 0
        self._entries = torch.empty(rows, min(capacity, 16), width, dtype=dtype, device=device)

    def append(self, entries: Tensor) -> Tensor:
        """Add the entries of T new tokens [N, T, C]; gives back all of them, [N, S, C].

        Raises:
            ValueError: more tokens than the capacity.
        """
        end = self.length + entries.shape[1]
        if end > self.capacity:
            raise ValueError(
                f"{end} tokens do not fit a memory of {self.capacity}; start with a larger capacity"
            )
        if end > self._entries.shape[1]:
            self._grow(end)
        self._entries[:, self.length : end] = entries
        self.length = end
        return self._entries[:, :end]

    def select(self, rows: Tensor) -> None:
        """Keep these rows [N'], in this order; a row may come several times."""
        room = self._entries.shape[1]
        kept = self._entries.new_empty(len(rows), room, self._entries.shape[2])
        read, place = self._entries[:, : self.length], kept[:, : self.length]
        if read.requires_grad:  # torch refuses out= where gradients are recorded
            place.copy_(read.index_select(0, rows))
        else:
            torch.index_select(read, 0, rows, out=place)
        self._entries = kept

    @property
    def nbytes(self) -> int:
        """Bytes of the entries remembered (the spare room not counted)."""
        rows, _, width = self._entries.shape
        return rows * self.length * width * self._entries.element_size()

    def _grow(self, needed: int) -> None:
        rows, room, width = self._entries.shape
        larger = self._entries.new_empty(rows, min(self.capacity, max(needed, 2 * room)), width)
        larger[:, : self.length] = self._entries[:, : self.length]
        self._entries = larger
