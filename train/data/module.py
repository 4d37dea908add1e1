"""Data of a translation's training: the section `data` of a recipe and a tokenizer -> batches of ids.

    pairs of texts -> ids (once; anew each epoch where segmentation is sampled) -> BatchOrder -> Batch

Lightning sees one endless epoch; the position in the data is stored as (epoch, position) in checkpoints.
"""

import functools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader

from seq2seq.data_to_text.codec import FactsCodec, RerankerSettings
from seq2seq.model.batch import Batch, token_budget_batches
from seq2seq.text.tokenizer import Tokenizer

from ..initialization import Initialization
from .batch_order import BatchOrder, BatchPosition
from .corpus import Corpus, Direction
from .examples import (
    EvalExample,
    Example,
    PackedExamples,
    by_source,
    directions_of,
    load_examples,
    spread,
    targets_of,
    texts_of,
)
from .fact_pairs import follow_references, learn_form, written
from .loader import BatchList, BatchLoader, BatchStream, as_it_is, ignore_interrupts, pairs_to_batch
from .masking import masked_copies
from .mixture import make_mixture
from .packed import IdPair, PackedIds
from .strings import PLACEHOLDERS
from .subword_sampling import make_sampler, sample
from .word_links import WordLinks, count_links, load_links

MOST_TEMPERATURE = 100


@dataclass(frozen=True)
class DataSettings(Corpus):
    """A corpus, or several, their vocabulary and their batches.

    Args:
        also: further corpora to train on, each with the settings from name to max_ratio.
        held_out: files of texts (one a line, or the cells of a table), such as test sets, that no training
            pair may hold.
        temperature: above 1 the corpora are trained on more evenly than their sizes are; instead of weights.
        vocabulary_size: tokens of the joint vocabulary of all languages.
        subwords: the kind of vocabulary.
        sampling: subword regularization: segment training texts at random, anew each epoch; 0 for off. With
            bpe the probability that a merge is left out (0.1 makes texts 1.4 times as long), with unigram
            the power its probabilities are raised to (the smaller, the more random).
        form: text as it is, or facts such as name[The Eagle], food[French] to sentences.
        masked: share of the pairs that are trained on a second time with placeholders in place of words that
            translate each other; the vocabulary, also that of --init, gets placeholder pieces for them.
        copied: of facts, the slots whose values are names, such as [name, near]; the first names the subject.
        batch_tokens: largest rows x longer padded side of a batch.
        valid_sentences: translate only this many validation pairs, evenly spread, while training; 0 for all.
        workers: loader processes beside the training process.
    """

    also: list[Corpus] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)
    temperature: float = 1.0
    vocabulary_size: int = 8000
    subwords: Literal["bpe", "unigram"] = "bpe"
    sampling: float = 0.0
    form: Literal["text", "facts"] = "text"
    masked: float = 0.0
    copied: list[str] = field(default_factory=list)
    batch_tokens: int = 4096
    valid_sentences: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("batch_tokens", 2), ("valid_sentences", 0), ("workers", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"data.{name} is {getattr(self, name)}; give at least {least}")
        if (self.form == "facts") != bool(self.copied):
            raise ValueError(
                f"data.form is {self.form!r} and data.copied {self.copied}; facts need the slots of names, "
                "text has none"
            )
        if not 1 <= self.temperature <= MOST_TEMPERATURE:
            raise ValueError(
                f"data.temperature is {self.temperature}; give 1 to {MOST_TEMPERATURE}, such as 5"
            )
        is_weighted = any(corpus.weight != 1 for corpus in self.corpora)
        if is_weighted and self.temperature > 1:
            raise ValueError("data has a temperature and a weight of a corpus; give one of the two")
        if self.form == "facts" and (is_weighted or self.temperature > 1):
            raise ValueError("data.form is 'facts', whose corpora have no weights; leave them out")
        for name, share, usual in (("sampling", self.sampling, 0.1), ("masked", self.masked, 0.9)):
            if not 0 <= share <= 1:
                raise ValueError(f"data.{name} is {share}; give a number from 0 to 1, such as {usual}")
        if self.form == "facts" and self.masked:
            raise ValueError(
                "data.form is 'facts', which mask the values of slots themselves; leave data.masked out"
            )

    @property
    def has_placeholders(self) -> bool:
        """Return whether the vocabulary needs placeholder pieces."""
        return self.masked > 0 or any(corpus.strings for corpus in self.corpora)

    @property
    def corpora(self) -> list[Corpus]:
        """This corpus and the further ones."""
        return [self, *self.also]


class Segmentation:
    """Examples as ids for each epoch: always the same, or sampled from (seed, epoch)."""

    def __init__(
        self,
        texts: Sequence[Example],
        tokenizer: Tokenizer,
        sampling: float,
        seed: int,
        longest: int,
    ):
        self.seed, self.limit, self.size = seed, longest, len(tokenizer)
        self.sampler, self.tagged = make_sampler(tokenizer, sampling) if sampling else None, tokenizer.tagged
        self.plain = PackedIds(self.size)
        fits = bytearray()
        for source, target in encode_examples(texts, tokenizer):
            fits.append(max(len(source), len(target)) < longest)
            if fits[-1]:
                self.plain.append(source, target)
        self.texts = PackedExamples.of(texts)
        dropped = fits.count(0)
        if dropped:
            self.texts = self.texts.select(fits)
        self.report = f"; {dropped} pairs of more than {longest - 1} pieces left out" if dropped else ""
        if not self.plain:
            raise ValueError(f"no training pair has at most {longest - 1} pieces; raise model.max_length")
        languages = self.texts.each_direction() if self.sampler else ()
        self.tags = {target: tokenizer.tag(target) for _, target in set(languages)}
        self.longest = tuple(max(side) + 1 for side in zip(*self.plain.lengths(), strict=True))

    def __call__(self, epoch: int) -> Sequence[IdPair]:
        """Return the pairs of an epoch."""
        if self.sampler is None:
            return self.plain
        generator = random.Random(f"{self.seed} {epoch}")
        # All sources go first: the draws of an epoch are one sequence of random numbers.
        sources, targets = PackedIds(self.size), PackedIds(self.size)
        for sides, side in ((sources, 0), (targets, 1)):
            for ids in sample(self.sampler, (pair[side] for pair in self.texts), generator):
                sides.append(ids, ())
        drawn = PackedIds(self.size)
        each = zip(sources, targets, self.texts.each_direction(), self.plain, strict=True)
        for (source, _), (target, _), (_, language), plain in each:
            source = self.tagged(source, self.tags[language])
            # Sampling may make a long pair longer than the model reads: it is then taken unsampled.
            fits = max(len(source), len(target)) < self.limit
            drawn.append(*((source, target) if fits else plain))
        return drawn


def encode_examples(examples: Iterable[Example], tokenizer: Tokenizer) -> Iterator[IdPair]:
    """Yield the ids of examples, each source with its tag."""
    # A text of several directions or references comes again soon: more is not worth its memory.
    encode, write = (functools.lru_cache(maxsize=4096)(side.encode) for side in (tokenizer, tokenizer.target))
    tag = functools.cache(tokenizer.tag)
    for source, target, _, language in examples:
        yield tokenizer.tagged(encode(source), tag(language)), write(target)


def check_tags(tokenizer: Tokenizer, targets: Sequence[str]) -> None:
    """Raise ValueError for a vocabulary without tags for all of several target languages."""
    known = tokenizer.tags
    if set(targets) - set(known):
        raise ValueError(
            f"data has the target languages {', '.join(targets)}, but the model's vocabulary has tags for "
            f"{', '.join(known) or 'none'}, so it cannot name the target language; leave out --init, for a "
            "new vocabulary, or give a model of several directions, such as fr-en"
        )


class TranslationData(LightningDataModule):
    """Pairs of texts, their tokenizer and their batches.

    Args:
        settings: the section `data`.
        max_length: the longest sequence the model reads, start or end counted; longer pairs are dropped.
        seed: of order and sampling.
        start_model: the model of --init, if any.
    """

    def __init__(
        self,
        settings: DataSettings,
        max_length: int,
        seed: int,
        start_model: Initialization = Initialization(),  # noqa: B008 - frozen
    ):
        super().__init__()
        self.settings, self.max_length, self.seed = settings, max_length, seed
        self.start_model = start_model
        self.report = ""
        self.links: WordLinks | None = None
        self.start, self.taken = BatchPosition(), 0

    def load(self, tokenizer: Tokenizer | None = None) -> None:
        """Read and clean the corpus, learn the vocabulary unless one is given, and encode the texts.

        Raises:
            ValueError: the data cannot be used, or the tokenizer has no tags for its target languages.
        """
        settings = self.settings
        if tokenizer:
            check_tags(tokenizer, targets_of(settings.corpora))
        self.training, self.validation, report = load_examples(settings.corpora, settings.held_out)
        self.report, self.written_validation = str(report), self.validation
        self.codec: FactsCodec | None = None
        if settings.form == "facts":
            self._write_facts()
        elif self.start_model.facts:
            raise ValueError(
                "the model of --init reads facts; set data.form to facts and data.copied to "
                f"[{', '.join(self.start_model.facts.copied)}]"
            )
        self.tokenizer = tokenizer or Tokenizer.train(
            texts_of(self.training),
            settings.vocabulary_size,
            settings.subwords,
            self.seed,
            targets_of(settings.corpora),
            placeholders=PLACEHOLDERS if settings.has_placeholders else 0,
        )
        if settings.masked:
            self._add_masked_copies()
        longest = min(self.max_length, settings.batch_tokens)
        self.segmentation = Segmentation(self.training, self.tokenizer, settings.sampling, self.seed, longest)
        self.report += self._directions_report() + self.segmentation.report
        self._mix()
        self._leave_out_long_validation()
        # A model fine-tuned on short texts still reads the long ones of its first training.
        self.longest = tuple(map(max, self.segmentation.longest, self.start_model.longest))

    def _mix(self) -> None:
        """Weight the corpora against each other, where the settings ask for it."""
        corpora, settings = self.settings.corpora, self.settings
        weights = [corpus.weight for corpus in corpora]
        texts = self.segmentation.texts
        self.mixture = make_mixture(texts.corpora, weights, settings.temperature, self.seed)
        if self.mixture:
            names = [corpus.name or Path(corpus.files_of("train")[0]).name for corpus in corpora]
            self.report += self.mixture.report(names)

    def _add_masked_copies(self) -> None:
        """Add copies of training pairs with placeholders, by word links that are counted here."""
        links = count_links(self.training, lambda: None)
        copies = list(masked_copies(self.training, links, self.settings.masked, self.seed))
        for place, copy in copies:
            self.training.add(copy, self.training.corpora[place])
        self.report += f"; {len(copies)} copies with placeholders"

    def _write_facts(self) -> None:
        """Write the pairs as the model reads and writes them; texts of the evaluation stay unchanged."""
        pairs = [*self.training, *self.validation]  # a rare value may occur in validation only
        form = learn_form(pairs, self.settings.copied, self.start_model.facts)
        self.codec = FactsCodec(form, RerankerSettings())
        followed, report = follow_references(self.training, form)
        self.training = PackedExamples(followed)
        self.written_validation = PackedExamples(written(pair, form) for pair in self.validation)
        self.report += str(report)

    @property
    def directions(self) -> list[Direction]:
        """The source and target languages of all corpora."""
        return directions_of(self.settings.corpora)

    def _directions_report(self) -> str:
        count = len(self.directions)
        return f"; {len(self.training)} examples of {count} directions" if count > 1 else ""

    def _leave_out_long_validation(self) -> None:
        """Leave out validation pairs that the model cannot read whole, rather than score a part of them."""
        encoded = encode_examples(self.written_validation, self.tokenizer)
        fits = [max(map(len, pair)) < self.max_length for pair in encoded]
        dropped = fits.count(False)
        if dropped:
            self.validation = self.validation.select(fits)
            self.written_validation = self.written_validation.select(fits)
            self.report += f"; {dropped} validation pairs of more than {self.max_length - 1} pieces left out"
        if not self.validation:
            raise ValueError(
                f"no validation pair has at most {self.max_length - 1} pieces; raise model.max_length"
            )

    def link_words(self, cache: Path, advance: Callable[[], object]) -> None:
        """Load the word links of the training pairs from the cache, or count them, for each batch to come."""
        texts, fixed = self.segmentation.texts, None if self.segmentation.sampler else self.segmentation.plain
        self.links = WordLinks(texts, load_links(cache, texts, advance), self.tokenizer, fixed)

    def state_dict(self) -> dict[str, Any]:
        """Return the position of the next batch."""
        place = self.order.position_after(self.taken)
        return {"epoch": place.epoch, "position": place.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from that position."""
        self.start, self.taken = BatchPosition(state["epoch"], state["position"]), 0

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the endless training batches, from the current position."""
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        self.order = BatchOrder(
            self.segmentation,
            self.settings.batch_tokens,
            self.seed,
            select=self.mixture.places if self.mixture else None,
            rank=rank,
            world=world,
            start=self.start,
        )
        workers = self.settings.workers
        # Not fork: torch's threads are running by now, and a forked child may wait for one of them forever.
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
            generator=torch.Generator(),  # a loader draws a seed; not from the generator of dropout
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return batches of the evaluated validation pairs, short to long, for loss and perplexity."""
        evaluated = {(example.source, example.direction) for example in self.eval_examples()}
        chosen = [(example.source, example.direction) in evaluated for example in self.validation]
        pairs = list(encode_examples(self.written_validation.select(chosen), self.tokenizer))
        lengths = [(len(source) + 1, len(target) + 1) for source, target in pairs]
        budget = max(self.settings.batch_tokens, max(map(max, lengths)))
        groups = token_budget_batches(lengths, budget, seed=None, epoch=0)
        batches = BatchList([pairs_to_batch([pairs[index] for index in group]) for group in groups])
        return DataLoader(batches, batch_size=None, collate_fn=as_it_is, generator=torch.Generator())

    def eval_examples(self) -> list[EvalExample]:
        """Return the validation sources that are translated while training, evenly of each direction."""
        sources = by_source(self.validation)
        return spread(sources, self.settings.valid_sentences or len(sources))

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move a batch; Lightning does not know its type."""
        return batch.to(device)
