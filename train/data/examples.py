"""Training and evaluation examples: the rows of one corpus or several, in every direction.

    rows of each corpus --clean--> kept rows --directions--> Example(source, target, languages)

For a model of several target languages a tag on the source names the one to write (`Tokenizer.tag`). A
validation text of any corpus, and every held-out text, is kept out of the training rows of all corpora.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import NamedTuple, TypeVar

from seq2seq.documents.bitext import bitext_files, is_bitext, read_bitext_entries
from seq2seq.text.tables import TableRow, read_texts

from .cleaning import CleaningReport, row_digest
from .corpus import Corpus, Direction, clean_corpus, load_pairs, read_corpus, synthetic_corpora
from .packed import Packed, PackedRows, PackedTexts


class Example(NamedTuple):
    """A text and its translation, with their languages."""

    source: str
    target: str
    source_language: str
    target_language: str

    @property
    def direction(self) -> Direction:
        """The source and the target language."""
        return self.source_language, self.target_language


class PackedExamples(Packed[Example]):
    """Examples of some corpora in one buffer; a text that stands in several directions is held once.

    Attributes:
        texts: the texts of all examples.
        sources: the place of each example's source in `texts`.
        targets: likewise that of its target.
        directions: the number of its direction in `names`.
        corpora: the number of its corpus.
        names: all directions.
    """

    def __init__(self, examples: Iterable[Example] = ()):
        self.texts = PackedTexts()
        self.sources, self.targets = array("q"), array("q")
        self.directions, self.corpora = array("H"), array("H")
        self.names: list[Direction] = []
        for example in examples:
            self.add(example, 0)

    @classmethod
    def of(cls, examples: Iterable[Example]) -> "PackedExamples":
        """Return the examples themselves where they are packed already, else a packed copy."""
        return examples if isinstance(examples, cls) else cls(examples)

    def add(self, example: Example, corpus: int) -> None:
        """Add an example of the corpus with this number."""
        source, target = self.texts.append(example.source), self.texts.append(example.target)
        self._add(source, target, example.direction, corpus)

    def add_rows(self, corpus: Corpus, rows: PackedRows, number: int = 0) -> None:
        """Add the examples of some rows: one per direction of the corpus, row by row."""
        if not rows:
            return
        first = 0
        if len(self.texts):
            first = self.texts.extend(rows.texts)
        else:
            self.texts = rows.texts  # of one corpus there is no second copy
        # Source and target may be of one language, as a summary is.
        places = {language: place for place, language in enumerate(corpus.languages)}
        pairs = [(places[a], places[b]) for a, b in corpus.directions] if places else [(0, 1)]
        for row in rows.rows:
            start = first + row * rows.width
            for (source, target), direction in zip(pairs, corpus.directions, strict=True):
                self._add(start + source, start + target, direction, number)

    def select(self, chosen: Iterable[object]) -> "PackedExamples":
        """Return the examples of which `chosen` has a true value; they share the texts."""
        kept = PackedExamples()
        kept.texts, kept.names, flags = self.texts, self.names, bytes(map(bool, chosen))
        kept.sources, kept.targets, kept.directions, kept.corpora = (
            array(each.typecode, compress(each, flags))
            for each in (self.sources, self.targets, self.directions, self.corpora)
        )
        return kept

    def each_direction(self) -> Iterator[Direction]:
        """Yield the direction of each example."""
        return map(self.names.__getitem__, self.directions)

    def item(self, place: int) -> Example:
        """Return the example at a place."""
        source, target = self.texts.item(self.sources[place]), self.texts.item(self.targets[place])
        return Example(source, target, *self.names[self.directions[place]])

    def __len__(self) -> int:
        return len(self.sources)

    def _add(self, source: int, target: int, direction: Direction, corpus: int = 0) -> None:
        if direction not in self.names:
            self.names.append(direction)
        self.sources.append(source)
        self.targets.append(target)
        self.directions.append(self.names.index(direction))
        self.corpora.append(corpus)


def directions_of(corpora: Iterable[Corpus]) -> list[Direction]:
    """Return all directions of some corpora, each once, in the order in which they are named."""
    return list(dict.fromkeys(direction for corpus in corpora for direction in corpus.directions))


def targets_of(corpora: Iterable[Corpus]) -> list[str]:
    """Return the target languages that need a tag: none where there is only one."""
    targets = list(dict.fromkeys(target for _, target in directions_of(corpora)))
    return targets if len(targets) > 1 else []


def load_examples(
    corpora: Sequence[Corpus], held_out: Sequence[str]
) -> tuple[PackedExamples, PackedExamples, CleaningReport]:
    """Return training and validation examples of all corpora, and the report of the cleaning.

    Args:
        corpora: where the rows come from.
        held_out: files of texts (a line each, or the cells of a table) that no training row may hold.
    """
    read = [(number, corpus, *read_corpus(corpus)) for number, corpus in enumerate(corpora)]
    read += [
        (number, table, load_pairs(table, "train"), PackedRows(), 0)
        for number, corpus in enumerate(corpora)
        for table in synthetic_corpora(corpus)
    ]
    held: dict[str, set[str]] = defaultdict(set)
    for _, corpus, _, validation, _ in read:
        for row in validation:
            for language, text in zip(corpus.spoken, row, strict=True):
                held[language].add(text)
    excluded = {text for file in held_out for text in _texts_in(file)}
    training, evaluation = PackedExamples(), PackedExamples()
    total, several = CleaningReport(), len(read) > 1
    seen: set[int] = set()  # in another corpus
    while read:  # each is freed as soon as its rows are taken over
        number, corpus, raw, validation, split_off = read.pop(0)
        kept, report = clean_corpus(corpus, raw, [held[language] | excluded for language in corpus.spoken])
        fresh = _unseen(corpus, kept, seen) if several else kept
        report.duplicate += len(kept) - len(fresh)
        report.kept, report.split_off = len(fresh), split_off
        training.add_rows(corpus, fresh, number)
        evaluation.add_rows(corpus, validation, number)
        total += report
    return training, evaluation, total


def _texts_in(file: str) -> Iterator[str]:
    """Yield all texts of a file or folder, in any language."""
    if not is_bitext(file):
        yield from read_texts(file)
        return
    for each in bitext_files(file):
        for entry in read_bitext_entries(each):
            yield from (text for _, text in entry.texts)


def _unseen(corpus: Corpus, rows: PackedRows, seen: set[int]) -> PackedRows:
    """Return the rows that were not seen in these languages, and remember them."""
    fresh: list[int] = []
    for place, row in enumerate(rows):
        digest = row_digest((*corpus.spoken, *row))
        if digest not in seen:
            seen.add(digest)
            fresh.append(place)
    return rows.select(fresh)


def expand(corpus: Corpus, rows: Sequence[TableRow]) -> PackedExamples:
    """Return the examples of some rows: one per direction of the corpus, row by row."""
    examples = PackedExamples()
    examples.add_rows(corpus, PackedRows.of(rows))
    return examples


class EvalExample(NamedTuple):
    """A text and its references, with their languages."""

    source: str
    references: list[str]
    source_language: str
    target_language: str

    @property
    def direction(self) -> Direction:
        """The source and the target language."""
        return self.source_language, self.target_language


AnyExample = TypeVar("AnyExample", Example, EvalExample)


def by_source(examples: Iterable[Example]) -> list[EvalExample]:
    """Return each source of a direction once, in order, with all its references."""
    examples_by_source: dict[tuple[str, Direction], EvalExample] = {}
    for source, reference, *direction in examples:
        first = examples_by_source.setdefault(
            (source, (direction[0], direction[1])), EvalExample(source, [], *direction)
        )
        first.references.append(reference)
    return list(examples_by_source.values())


def by_direction(examples: Iterable[Example | EvalExample]) -> dict[Direction, list[int]]:
    """Return the indices of the examples of each direction."""
    indices: dict[Direction, list[int]] = defaultdict(list)
    for index, direction in enumerate(_each_direction(examples)):
        indices[direction].append(index)
    return dict(indices)


def _each_direction(examples: Iterable[Example | EvalExample]) -> Iterator[Direction]:
    if isinstance(examples, PackedExamples):
        return examples.each_direction()
    return (example.direction for example in examples)


def spread(examples: Sequence[AnyExample], most: int) -> list[AnyExample]:
    """Return at most `most` examples, evenly spread over each direction, one direction after the other."""
    # Directions alternate, so a stride over the examples could pick one direction only.
    ordered = list(chain.from_iterable(by_direction(examples).values()))
    kept = min(most, len(ordered))
    return [examples[ordered[index * len(ordered) // kept]] for index in range(kept)]


def texts_of(examples: Sequence[Example]) -> Iterator[str]:
    """Yield all texts of some examples; of several directions each different text once."""
    several = len(set(_each_direction(examples))) > 1
    seen: set[int] = set()
    for example in examples:
        for text in example[:2]:
            if several:
                digest = row_digest((text,))
                if digest in seen:
                    continue
                seen.add(digest)
            yield text
