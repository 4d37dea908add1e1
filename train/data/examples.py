"""What a model learns from: the rows of one corpus or several, in every direction they are to be translated.

    rows of each corpus --clean--> kept rows --directions--> Example(source, target, from, to)

A model of several target languages is told by a tag on the source which one to write (`Tokenizer.tag`).
A text that any corpus validates with, or that is held out, is kept out of the training of all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

from .cleaning import CleaningReport
from .corpus import Corpus, Direction, clean_corpus, load_pairs, made_corpora, read_corpus
from .files import TableRow, read_texts


class Example(NamedTuple):
    """A text and its translation, with their languages."""

    source: str
    target: str
    source_language: str
    target_language: str

    @property
    def direction(self) -> Direction:
        """From which language to which."""
        return self.source_language, self.target_language


def directions_of(corpora: Iterable[Corpus]) -> list[Direction]:
    """All directions of some corpora, each once, in the order in which they are named."""
    return list(dict.fromkeys(direction for corpus in corpora for direction in corpus.directions))


def targets_of(corpora: Iterable[Corpus]) -> list[str]:
    """The languages to be told apart by a tag: none where there is but one to write."""
    targets = list(dict.fromkeys(target for _, target in directions_of(corpora)))
    return targets if len(targets) > 1 else []


def load_examples(
    corpora: Sequence[Corpus], held_out: Sequence[str]
) -> tuple[list[Example], list[Example], CleaningReport]:
    """Training and validation examples of all corpora, and how many rows cleaning dropped.

    held_out: files of texts (a line each, the cells of a table) that no training row may hold.
    """
    read = [(corpus, *read_corpus(corpus)) for corpus in corpora]
    read += [(made, load_pairs(made, "train"), [], 0) for corpus in corpora for made in made_corpora(corpus)]
    held: dict[str, set[str]] = defaultdict(set)
    for corpus, _, validation, _ in read:
        for row in validation:
            for language, text in zip(corpus.spoken, row, strict=True):
                held[language].add(text)
    excluded = {text for file in held_out for text in read_texts(file)}
    training: list[Example] = []
    judged: list[Example] = []
    total = CleaningReport()
    seen: set[tuple[tuple[str, ...], TableRow]] = set()  # in another corpus
    for corpus, raw, validation, split_off in read:
        kept, report = clean_corpus(corpus, raw, [held[language] | excluded for language in corpus.spoken])
        fresh = [row for row in kept if (corpus.spoken, row) not in seen]
        seen.update((corpus.spoken, row) for row in fresh)
        report.duplicate += len(kept) - len(fresh)
        report.kept, report.split_off = len(fresh), split_off
        training += expand(corpus, fresh)
        judged += expand(corpus, validation)
        total += report
    return training, judged, total


def expand(corpus: Corpus, rows: Sequence[TableRow]) -> list[Example]:
    """The examples that rows give, one a direction of the corpus, row by row."""
    if not corpus.languages:  # source and target may be of one language, as a summary is
        return [Example(source, target, corpus.source, corpus.target) for source, target in rows]
    places = {language: place for place, language in enumerate(corpus.spoken)}
    return [
        Example(row[places[source]], row[places[target]], source, target)
        for row in rows
        for source, target in corpus.directions
    ]


class EvalExample(NamedTuple):
    """A text and its references, with their languages."""

    source: str
    references: list[str]
    source_language: str
    target_language: str

    @property
    def direction(self) -> Direction:
        """From which language to which."""
        return self.source_language, self.target_language


AnyExample = TypeVar("AnyExample", Example, EvalExample)


def by_source(examples: Iterable[Example]) -> list[EvalExample]:
    """Each source of a direction once, in order, with all its references."""
    found: dict[tuple[str, Direction], EvalExample] = {}
    for source, reference, *direction in examples:
        first = found.setdefault((source, (direction[0], direction[1])), EvalExample(source, [], *direction))
        first.references.append(reference)
    return list(found.values())


def by_direction(examples: Iterable[Example | EvalExample]) -> dict[Direction, list[int]]:
    """The places of the examples of each direction."""
    found: dict[Direction, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        found[example.direction].append(place)
    return dict(found)


def spread(examples: Sequence[AnyExample], most: int) -> list[AnyExample]:
    """At most so many of the examples, evenly spread over each direction, one direction after the other."""
    # Rows give an example a direction in turn, so that a stride over them might meet one direction alone.
    ordered = list(chain.from_iterable(by_direction(examples).values()))
    kept = min(most, len(ordered))
    return [examples[ordered[index * len(ordered) // kept]] for index in range(kept)]


def texts_of(examples: Sequence[Example]) -> Iterable[str]:
    """All texts of some examples; of several directions each different text once."""
    texts = chain.from_iterable((example.source, example.target) for example in examples)
    return dict.fromkeys(texts) if len(by_direction(examples)) > 1 else texts
