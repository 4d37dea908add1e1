"""Masked copies of training pairs: placeholders in place of words that translate each other.

    "A man in a red shirt."   "Ein Mann in einem roten Hemd."
    "A man in a red ⟦1⟧."     "Ein Mann in einem roten ⟦1⟧."     a copy

From such copies a model learns to copy a placeholder and to write the sentence around it. A phrase is masked
where its words are linked to words of one stretch of the other side, and these only to it (Och et al. 1999).
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from seq2seq.alignment.maps import Span
from seq2seq.alignment.symmetrization import Link
from seq2seq.text.normalization import bare_word_spans, normalize

from .examples import Example
from .strings import PLACEHOLDERS

LENGTHS = (1, 1, 1, 2)  # words of a masked phrase of the source, and how often each
COUNTS = (1, 1, 1, 2, 3)  # phrases of a copy, likewise
LEAST = 4  # characters of a masked phrase of the source: shorter words are mostly articles and prepositions
LONGEST_TARGET = 3  # words that a masked phrase of the target has at most

Phrase = tuple[range, range]  # words of the source, and of the target


def masked_copies(
    examples: Sequence[Example], links: Sequence[Sequence[Link]], share: float, seed: int
) -> Iterator[tuple[int, Example]]:
    """Yield masked copies of a share of some examples, with their places; a function of the seed.

    Args:
        examples: pairs of texts; those that hold a placeholder already have no copy.
        links: links between the tokens of each of them (`count_links`).
        share: of the examples that have a copy where a phrase can be masked.
        seed: of the choice.
    """
    generator = random.Random(f"{seed} masked")
    for place, (example, pair_links) in enumerate(zip(examples, links, strict=True)):
        if generator.random() < share and "⟦" not in example.source + example.target:
            copy = masked_copy(example, pair_links, generator)
            if copy is not None:
                yield place, copy


def masked_copy(example: Example, links: Sequence[Link], generator: random.Random) -> Example | None:
    """Return a pair with placeholders in place of one to three phrases; None where it has none to mask."""
    source, target = normalize(example.source).text, normalize(example.target).text
    source_spans, target_spans = bare_word_spans(source), bare_word_spans(target)
    words = [
        {place for place, (start, end) in enumerate(spans) if text[start:end].isalpha()}
        for text, spans in ((source, source_spans), (target, target_spans))
    ]
    phrases = [
        phrase
        for phrase in linked_phrases(links, words[0], words[1], generator.choice(LENGTHS))
        if source_spans[phrase[0][-1]][1] - source_spans[phrase[0][0]][0] >= LEAST
    ]
    chosen = _apart(generator.sample(phrases, len(phrases)), generator.choice(COUNTS))
    if not chosen:
        return None
    # The first ones most often, as they are used; all of them, for a text may need many.
    every = range(PLACEHOLDERS)
    numbers = every if generator.random() < 0.5 else sorted(generator.sample(every, len(chosen)))
    names = [f"⟦{number + 1}⟧" for number in numbers[: len(chosen)]]
    return example._replace(
        source=_masked(source, source_spans, [phrase[0] for phrase in chosen], names),
        target=_masked(target, target_spans, [phrase[1] for phrase in chosen], names),
    )


def linked_phrases(
    links: Iterable[Link], source_words: set[int], target_words: set[int], length: int
) -> Iterator[Phrase]:
    """Yield the phrases of `length` source words that are linked to one stretch of words, and only they."""
    targets, sources = defaultdict(set), defaultdict(set)
    for source, target in links:
        targets[source].add(target)
        sources[target].add(source)
    for start in sorted(targets):
        phrase = range(start, start + length)
        linked = set().union(*(targets[place] for place in phrase))
        stretch = range(min(linked), max(linked) + 1)
        if (
            all(place in source_words and place in targets for place in phrase)
            and len(stretch) <= LONGEST_TARGET
            and all(place in target_words and sources[place] for place in stretch)
            and set().union(*(sources[place] for place in stretch)) <= set(phrase)
        ):
            yield phrase, stretch


def _apart(phrases: Iterable[Phrase], most: int) -> list[Phrase]:
    """Return the first phrases that neither overlap nor touch on a side, in the order of the source."""
    chosen: list[Phrase] = []
    for phrase in phrases:
        if len(chosen) < most and all(
            side.stop < other.start or other.stop < side.start
            for another in chosen
            for side, other in zip(phrase, another, strict=True)
        ):
            chosen.append(phrase)
    return sorted(chosen, key=lambda phrase: phrase[0].start)


def _masked(text: str, spans: Sequence[Span], phrases: Iterable[range], names: Iterable[str]) -> str:
    for words, name in sorted(zip(phrases, names, strict=True), key=lambda pair: -pair[0].start):
        text = text[: spans[words.start][0]] + name + text[spans[words.stop - 1][1] :]
    return text
