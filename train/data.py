"""Data of a run: the section `data` of a recipe and a tokenizer -> batches of ids.

    pairs of texts -> ids (once; anew each epoch where segmentation is sampled) -> BatchOrder -> Batch

Lightning sees one endless epoch; where training stands is kept as (epoch, position) in the checkpoint.
"""

import functools
import itertools
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from seq2seq.batch import Batch, make_batch, token_budget_batches
from seq2seq.tokenizer import Tokenizer

from .corpus import Corpus
from .examples import Example, by_direction, directions_of, load_examples, targets_of, texts_of
from .links import WordLinks, load_links
from .order import BatchOrder, Pair, Place
from .sampling import make_sampler, sample


@dataclass(frozen=True)
class DataSettings(Corpus):
    """A corpus, or several, and how their texts become batches.

    Args:
        also: further corpora to learn from, each with the settings from name to max_ratio.
        held_out: files of texts (one a line, or the cells of a TSV), such as test sets, that no training pair
            may hold.
        vocabulary_size: pieces of the joint vocabulary of all languages.
        subwords: how the vocabulary is made.
        sampling: cut training texts anew each epoch; 0 for not at all. With bpe the probability that a
            merge is left out (0.1 makes texts 1.4 times as long), with unigram the power its probabilities
            are raised to (the smaller, the more random).
        batch_tokens: largest rows x longer padded side of a batch.
        valid_sentences: judge only so many validation pairs, evenly spread, while training; 0 for all.
        workers: loader processes beside the training one.
    """

    also: list[Corpus] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)
    vocabulary_size: int = 8000
    subwords: Literal["bpe", "unigram"] = "bpe"
    sampling: float = 0.0
    batch_tokens: int = 4096
    valid_sentences: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("batch_tokens", 2), ("valid_sentences", 0), ("workers", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"data.{name} is {getattr(self, name)}; give at least {least}")
        if not 0 <= self.sampling <= 1:
            raise ValueError(f"data.sampling is {self.sampling}; give a number from 0 to 1, such as 0.1")

    @property
    def corpora(self) -> list[Corpus]:
        """All corpora."""
        return [self, *self.also]


class Segmentation:
    """Examples as ids, for each epoch: the same every time, or sampled from (seed, epoch)."""

    def __init__(
        self,
        texts: Sequence[Example],
        tokenizer: Tokenizer,
        sampling: float,
        seed: int,
        longest: int,
    ):
        self.seed, self.limit = seed, longest
        self.sampler = make_sampler(tokenizer, sampling) if sampling else None
        encoded = encode_examples(texts, tokenizer)
        fits = [max(map(len, pair)) < longest for pair in encoded]
        self.plain = list(itertools.compress(encoded, fits))
        self.texts = list(itertools.compress(texts, fits))
        dropped = len(encoded) - len(self.plain)
        self.report = f"; {dropped} pairs of more than {longest - 1} pieces left out" if dropped else ""
        if not self.plain:
            raise ValueError(f"no training pair has at most {longest - 1} pieces; raise model.max_length")
        self.tags = [tokenizer.tag(text.target_language) for text in self.texts] if self.sampler else []
        self.longest = tuple(max(map(len, side)) + 1 for side in zip(*self.plain, strict=True))

    def __call__(self, epoch: int) -> Sequence[Pair]:
        """The pairs of an epoch."""
        if self.sampler is None:
            return self.plain
        generator = random.Random(f"{self.seed} {epoch}")
        sources, targets = (
            sample(self.sampler, [pair[side] for pair in self.texts], generator) for side in (0, 1)
        )
        sources = [source + tag for source, tag in zip(sources, self.tags, strict=True)]
        # A long pair may be cut finer than the model can read: then take it as it is.
        return [
            drawn if max(map(len, drawn)) < self.limit else plain
            for drawn, plain in zip(zip(sources, targets, strict=True), self.plain, strict=True)
        ]


def encode_examples(examples: Sequence[Example], tokenizer: Tokenizer) -> list[Pair]:
    """The ids of examples, each source with its tag; a text that comes again is not cut again."""
    encode = functools.cache(tokenizer.encode)
    tags = {language: tokenizer.tag(language) for language in {each.target_language for each in examples}}
    return [(encode(each.source) + tags[each.target_language], encode(each.target)) for each in examples]


class BatchStream(IterableDataset[Batch]):
    """The order's batches as tensors, with links where given; of several workers each makes every n-th."""

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
    """Batches that are there already."""

    def __init__(self, batches: list[Batch]):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        return self.batches[index]


def pairs_to_batch(pairs: Sequence[Pair]) -> Batch:
    """A batch of training pairs."""
    return make_batch([source for source, _ in pairs], [target for _, target in pairs])


def as_it_is(batch: Any) -> Batch:
    """What a loader collates: nothing, the batch is made already."""
    return batch


class BatchLoader(DataLoader[Batch]):
    """A loader that says so where one of its processes dies, in whatever way torch comes to notice."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        try:
            yield from super().__iter__()
        except (RuntimeError, OSError, EOFError) as error:
            if not self.num_workers:
                raise
            raise RuntimeError(
                f"a loader process died ({' '.join(str(error).split()) or type(error).__name__}); go on with "
                "--ckpt_path last, and fewer data.workers if memory is short"
            ) from error


def ignore_interrupts(worker: int) -> None:
    """Leave Ctrl-C, which all processes of a terminal receive, to the training process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class TranslationData(LightningDataModule):
    """Pairs of texts, their tokenizer and their batches.

    `max_length` is the longest sequence the model reads, specials counted: longer training pairs are
    dropped. `seed` is that of order and sampling.
    """

    def __init__(self, settings: DataSettings, max_length: int, seed: int):
        super().__init__()
        self.settings, self.max_length, self.seed = settings, max_length, seed
        self.report = ""
        self.links: WordLinks | None = None
        self.start, self.taken = Place(), 0

    def load(self, tokenizer: Tokenizer | None = None) -> None:
        """Read and clean the corpus, learn the vocabulary unless one is given, and cut texts into pieces."""
        settings = self.settings
        self.training, self.validation, report = load_examples(settings.corpora, settings.held_out)
        self.tokenizer = tokenizer or Tokenizer.train(
            texts_of(self.training),
            settings.vocabulary_size,
            settings.subwords,
            self.seed,
            targets_of(settings.corpora),
        )
        longest = min(self.max_length, settings.batch_tokens)
        self.segmentation = Segmentation(self.training, self.tokenizer, settings.sampling, self.seed, longest)
        self.report = str(report) + self._told_directions() + self.segmentation.report
        self._leave_out_long_validation()
        self.longest = self.segmentation.longest

    def _told_directions(self) -> str:
        directions = directions_of(self.settings.corpora)
        return f"; {len(self.training)} examples of {len(directions)} directions" if directions[1:] else ""

    def _leave_out_long_validation(self) -> None:
        """A text that the model cannot read whole is not judged in part."""
        encoded = encode_examples(self.validation, self.tokenizer)
        fits = [max(map(len, pair)) < self.max_length for pair in encoded]
        dropped = fits.count(False)
        if dropped:
            self.validation = list(itertools.compress(self.validation, fits))
            self.report += f"; {dropped} validation pairs of more than {self.max_length - 1} pieces left out"
        if not self.validation:
            raise ValueError(
                f"no validation pair has at most {self.max_length - 1} pieces; raise model.max_length"
            )

    def link_words(self, cache: Path, advance: Callable[[], object]) -> None:
        """Give each training batch its links, which are in the cache or counted now."""
        texts = self.segmentation.texts
        self.links = WordLinks(texts, load_links(cache, texts, advance), self.tokenizer)

    def state_dict(self) -> dict[str, Any]:
        """Which batch comes next."""
        place = self.order.place(self.taken)
        return {"epoch": place.epoch, "position": place.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with that batch."""
        self.start, self.taken = Place(state["epoch"], state["position"]), 0

    def train_dataloader(self) -> DataLoader[Batch]:
        """Training batches without end, from where the run stands."""
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        self.order = BatchOrder(
            self.segmentation,
            self.settings.batch_tokens,
            self.seed,
            rank=rank,
            world=world,
            start=self.start,
        )
        workers = self.settings.workers
        # Not fork: torch's threads are running by now, and a forked child may wait for one forever.
        context = get_context("forkserver") if workers else None
        if context:
            context.set_forkserver_preload([__name__])  # imported once, not once a worker
        return BatchLoader(
            BatchStream(self.order, self.links),
            batch_size=None,
            collate_fn=as_it_is,
            num_workers=workers,
            worker_init_fn=ignore_interrupts if workers else None,
            multiprocessing_context=context,
            generator=torch.Generator(),  # loaders draw a seed; let it not be from the model's random numbers
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """The judged validation pairs, short to long, for loss and perplexity."""
        pairs = encode_examples(self.judged(), self.tokenizer)
        lengths = [(len(source) + 1, len(target) + 1) for source, target in pairs]
        budget = max(self.settings.batch_tokens, max(map(max, lengths)))
        groups = token_budget_batches(lengths, budget, seed=None, epoch=0)
        batches = BatchList([pairs_to_batch([pairs[index] for index in group]) for group in groups])
        return DataLoader(batches, batch_size=None, collate_fn=as_it_is, generator=torch.Generator())

    def judged(self) -> list[Example]:
        """The validation examples that are decoded while training, as many of each direction."""
        count = len(self.validation)
        kept = min(self.settings.valid_sentences or count, count)
        sorted_by_direction = list(itertools.chain(*by_direction(self.validation).values()))
        return [self.validation[sorted_by_direction[index * count // kept]] for index in range(kept)]

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Lightning does not know our batches."""
        return batch.to(device)
