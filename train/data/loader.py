"""Loaders of batches as tensors, in worker processes where data.workers says so."""

import signal
from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from seq2seq.model.batch import Batch, make_batch

from .batch_order import BatchOrder
from .packed import IdPair
from .word_links import WordLinks


class BatchStream(IterableDataset[Batch]):
    """The batches of an order as tensors, with links where given; of n workers each makes every n-th."""

    def __init__(self, order: BatchOrder, links: WordLinks | None = None):
        self.order, self.links = order, links

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for number, (places, pairs) in enumerate(self.order):
            if number % step == first:
                batch = pairs_to_batch(pairs)
                batch.links = self.links.of_batch(places, pairs) if self.links else None
                yield batch


class BatchList(Dataset[Batch]):
    """Batches that are made already."""

    def __init__(self, batches: list[Batch]):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        return self.batches[index]


def pairs_to_batch(pairs: Sequence[IdPair]) -> Batch:
    """Return a batch of training pairs."""
    return make_batch([source for source, _ in pairs], [target for _, target in pairs])


def as_it_is(batch: Any) -> Any:
    """Return the batch itself: it is made already, so the loader has nothing to collate."""
    return batch


class BatchLoader(DataLoader[Batch]):
    """A loader that raises one clear error where a worker process dies, however torch notices it."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        try:
            yield from super().__iter__()
        except (RuntimeError, OSError, EOFError) as error:
            if not self.num_workers:
                raise
            raise RuntimeError(
                f"a loader process died ({' '.join(str(error).split()) or type(error).__name__}); resume "
                "with --ckpt_path last, and fewer data.workers if memory is short"
            ) from error


def ignore_interrupts(worker: int) -> None:
    """Leave Ctrl-C, which all processes of a terminal receive, to the training process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
