"""Training and evaluation examples: the rows of one corpus or several, in every direction.

    rows of each corpus --clean--> kept rows --directions--> Example(source, target, languages)

For a model of several target languages a tag on the source names the one to write (`Tokenizer.tag`). A
validation text of any corpus, and every held-out text, is kept out of the training rows of all corpora.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

from .cleaning import CleaningReport
from .corpus import Corpus, Direction, clean_corpus, load_pairs, read_corpus, synthetic_corpora
from .files import TableRow, read_texts


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


def directions_of(corpora: Iterable[Corpus]) -> list[Direction]:
    """Return all directions of some corpora, each once, in the order in which they are named."""
    return list(dict.fromkeys(direction for corpus in corpora for direction in corpus.directions))


def targets_of(corpora: Iterable[Corpus]) -> list[str]:
    """Return the target languages that need a tag: none where there is only one."""
    targets = list(dict.fromkeys(target for _, target in directions_of(corpora)))
    return targets if len(targets) > 1 else []


def load_examples(
    corpora: Sequence[Corpus], held_out: Sequence[str]
) -> tuple[list[Example], list[Example], CleaningReport]:
    """Return training and validation examples of all corpora, and the report of the cleaning.

    Args:
        corpora: where the rows come from.
        held_out: files of texts (a line each, or the cells of a table) that no training row may hold.
    """
    read = [(corpus, *read_corpus(corpus)) for corpus in corpora]
    synthetic = [table for corpus in corpora for table in synthetic_corpora(corpus)]
    read += [(table, load_pairs(table, "train"), [], 0) for table in synthetic]
    held: dict[str, set[str]] = defaultdict(set)
    for corpus, _, validation, _ in read:
        for row in validation:
            for language, text in zip(corpus.spoken, row, strict=True):
                held[language].add(text)
    excluded = {text for file in held_out for text in read_texts(file)}
    training: list[Example] = []
    evaluation: list[Example] = []
    total = CleaningReport()
    seen: set[tuple[tuple[str, ...], TableRow]] = set()  # in another corpus
    for corpus, raw, validation, split_off in read:
        kept, report = clean_corpus(corpus, raw, [held[language] | excluded for language in corpus.spoken])
        fresh = [row for row in kept if (corpus.spoken, row) not in seen]
        seen.update((corpus.spoken, row) for row in fresh)
        report.duplicate += len(kept) - len(fresh)
        report.kept, report.split_off = len(fresh), split_off
        training += expand(corpus, fresh)
        evaluation += expand(corpus, validation)
        total += report
    return training, evaluation, total


def expand(corpus: Corpus, rows: Sequence[TableRow]) -> list[Example]:
    """Return the examples of some rows: one per direction of the corpus, row by row."""
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
    for index, example in enumerate(examples):
        indices[example.direction].append(index)
    return dict(indices)


def spread(examples: Sequence[AnyExample], most: int) -> list[AnyExample]:
    """Return at most `most` examples, evenly spread over each direction, one direction after the other."""
    # Directions alternate, so a stride over the examples could pick one direction only.
    ordered = list(chain.from_iterable(by_direction(examples).values()))
    kept = min(most, len(ordered))
    return [examples[ordered[index * len(ordered) // kept]] for index in range(kept)]


def texts_of(examples: Sequence[Example]) -> Iterable[str]:
    """Return all texts of some examples; of several directions each different text once."""
    texts = chain.from_iterable((example.source, example.target) for example in examples)
    return dict.fromkeys(texts) if len(by_direction(examples)) > 1 else texts
