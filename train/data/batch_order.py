"""The order of training batches: endless, a pure function of (seed, epoch).

Lightning never tells a batch sampler its epoch, so the order keeps it: epochs 0, 1, 2, ... follow each
other, and a position is the pair (epoch, position), which a checkpoint stores. Subword sampling is part of
the order: an epoch's ids are sampled from (seed, epoch) and then batched, so that no batch exceeds its
budget.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from seq2seq.model.batch import token_budget_batches

from .packed import IdPair, lengths_of


@dataclass(frozen=True)
class BatchPosition:
    """The next batch: its epoch, and its position among the batches of this process there."""

    epoch: int = 0
    position: int = 0


class BatchOrder:
    """The batches of all epochs from `start` on, each the indices of its pairs and their ids.

    `draw(epoch)` returns the corpus as ids, always the same for the same epoch, and `select(epoch)` the
    places of the pairs that the epoch has, all where it is None. Of `world` processes each takes every
    world-th batch; batches that do not divide evenly are left out of that epoch.

    Raises:
        ValueError: a corpus with fewer batches than processes.
    """

    def __init__(
        self,
        draw: Callable[[int], Sequence[IdPair]],
        budget: int,
        seed: int,
        *,
        select: Callable[[int], Sequence[int]] | None = None,
        rank: int = 0,
        world: int = 1,
        start: BatchPosition | None = None,
    ):
        self.draw, self.select, self.budget, self.seed = draw, select, budget, seed
        self.rank, self.world = rank, world
        self.start = start or BatchPosition()
        self._sizes: dict[int, int] = {}

    def batches(self, epoch: int, pairs: Sequence[IdPair]) -> list[list[int]]:
        """Return this process's batches of one epoch, as indices of pairs."""
        lengths = [(source + 1, target + 1) for source, target in lengths_of(pairs)]
        places = self.select(epoch) if self.select else None
        if places is not None:
            lengths = [lengths[place] for place in places]
        batches = token_budget_batches(lengths, self.budget, seed=self.seed, epoch=epoch)
        if places is not None:
            batches = [[places[index] for index in batch] for batch in batches]
        # Every process needs the same number of batches: one without would leave the others waiting for it.
        share = len(batches) // self.world
        if not share:
            raise ValueError(
                f"the corpus makes {len(batches)} batches of data.batch_tokens {self.budget}, fewer than the "
                f"{self.world} processes; lower data.batch_tokens"
            )
        self._sizes[epoch] = share
        return batches[self.rank : share * self.world : self.world]

    def __iter__(self) -> Iterator[tuple[list[int], list[IdPair]]]:
        epoch, position = self.start.epoch, self.start.position
        while True:
            pairs = self.draw(epoch)
            for batch in self.batches(epoch, pairs)[position:]:
                yield batch, [pairs[index] for index in batch]
            epoch, position = epoch + 1, 0

    def position_after(self, taken: int) -> BatchPosition:
        """Return the position after `taken` batches from `start` on."""
        epoch, position = self.start.epoch, self.start.position + taken
        while position >= (size := self._size(epoch)):
            position -= size
            epoch += 1
        return BatchPosition(epoch, position)

    def _size(self, epoch: int) -> int:
        """Return the number of batches of an epoch, counted here where only loader workers iterated it."""
        if epoch not in self._sizes:
            self.batches(epoch, self.draw(epoch))
        return self._sizes[epoch]
