"""Synthetic language pair whose word links are known exactly.

    python experiments/synthetic_language.py FOLDER --pairs 20000

    source   subject words  VERB  object words        adjectives before their nouns
    target   subject words  object words  VERB        adjectives after their nouns

Words are made of syllables, with the frequencies of real text (1 / rank). Some words become two words, some
none, some share their translation with another word. A link joins each target word with the source word it
came from; the target is a function of the source, so a perfect translation and a perfect alignment exist.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

Link = tuple[int, int]

SYLLABLES = (("bdfgklmnprstvz", "aeiou"), ("chjqwxyñßðþ", "äöüåø"))  # of source and of target words
SHARED, DOUBLED, DROPPED = 0.1, 0.1, 0.05  # of the words of a class: what happens to them
MOST_NOUNS = 3  # on each side of the verb


class Pair(NamedTuple):
    """A sentence, its translation, and links (source word, target word) counted from 0."""

    source: str
    target: str
    links: frozenset[Link]


class WordClass:
    """Words of one kind with their translations: one target word, two or none."""

    def __init__(self, size: int, draw: random.Random, words: Iterator[tuple[str, str]]):
        self.translations: dict[str, list[str]] = {}
        targets: list[str] = []
        for _ in range(size):
            source, target = next(words)
            chance = draw.random()
            if chance < SHARED and targets:
                target = draw.choice(targets)
            targets.append(target)
            two = SHARED <= chance < SHARED + DOUBLED
            none = SHARED + DOUBLED <= chance < SHARED + DOUBLED + DROPPED
            self.translations[source] = [] if none else [target, next(words)[1]] if two else [target]
        self.words = list(self.translations)
        self.frequencies = list(accumulate(1 / rank for rank in range(1, size + 1)))


class Language:
    """A grammar and its dictionary, made from a seed."""

    def __init__(self, size: int = 600, seed: int = 1):
        draw = random.Random(f"dictionary {seed}")
        words = _words(draw)
        self.nouns, self.adjectives, self.verbs = (
            WordClass(count, draw, words) for count in (size // 2, size // 4, size // 4)
        )

    def pairs(self, count: int, seed: int) -> list[Pair]:
        """Return `count` pairs, the same for the same seed."""
        draw = random.Random(f"text {seed}")
        return [self._pair(draw) for _ in range(count)]

    def _pair(self, draw: random.Random) -> Pair:
        subject, object_ = self._phrases(draw), self._phrases(draw)
        before, after = ([word for phrase in phrases for word in phrase] for phrases in (subject, object_))
        source = [*before, (self.verbs, _drawn(self.verbs, draw)), *after]
        verb = len(before)
        order = [*_reordered(subject, 0), *_reordered(object_, verb + 1), verb]
        target, links = [], set()
        for place in order:
            kind, word = source[place]
            for translation in kind.translations[word]:
                links.add((place, len(target)))
                target.append(translation)
        if not target:
            return self._pair(draw)
        return Pair(" ".join(word for _, word in source), " ".join(target), frozenset(links))

    def _phrases(self, draw: random.Random) -> list[list[tuple[WordClass, str]]]:
        """Draw nouns, each with at most two adjectives before it."""
        phrases = []
        for _ in range(draw.randint(1, MOST_NOUNS)):
            adjectives = [
                (self.adjectives, _drawn(self.adjectives, draw))
                for _ in range(draw.choices((0, 1, 2), (6, 3, 1))[0])
            ]
            phrases.append([*adjectives, (self.nouns, _drawn(self.nouns, draw))])
        return phrases


def write_files(folder: Path, name: str, pairs: Sequence[Pair]) -> None:
    """Write NAME.tsv with a header, and NAME.links with Pharaoh lines counted from 0."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["en\tde", *(f"{pair.source}\t{pair.target}" for pair in pairs)]
    (folder / f"{name}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    lines = [" ".join(f"{s}-{t}" for s, t in sorted(pair.links)) for pair in pairs]
    (folder / f"{name}.links").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _reordered(phrases: Sequence[Sequence[object]], first: int) -> Iterator[int]:
    """Yield the source positions of the words of phrases in target order: each noun first."""
    for phrase in phrases:
        noun = first + len(phrase) - 1
        yield noun
        yield from range(first, noun)
        first = noun + 1


def _drawn(kind: WordClass, draw: random.Random) -> str:
    return draw.choices(kind.words, cum_weights=kind.frequencies)[0]


def _words(draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yield new words of source and target, of two or three syllables, all different."""
    known: set[str] = set()
    while True:
        pair = []
        for consonants, vowels in SYLLABLES:
            syllables = draw.randint(2, 3)
            pair.append("".join(draw.choice(consonants) + draw.choice(vowels) for _ in range(syllables)))
        if not known & set(pair):
            known |= set(pair)
            yield pair[0], pair[1]


def main() -> None:
    """Write train, valid and test sets of a language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=20_000, help="training pairs")
    parser.add_argument("--words", type=int, default=600, help="words of the dictionary")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    language = Language(arguments.words, arguments.seed)
    for number, (name, count) in enumerate((("train", arguments.pairs), ("valid", 500), ("test", 1000))):
        write_files(arguments.folder, name, language.pairs(count, 10 * arguments.seed + number))


if __name__ == "__main__":
    main()
