"""Translators of words with exact links, for tests of documents."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from seq2seq.alignment.maps import Alignment, Grid, Units
from seq2seq.alignment.symmetrization import Link
from seq2seq.inference.results import ForcedDecoding, Translation
from seq2seq.text.normalization import word_spans

Model = Callable[[list[str]], Iterator[Translation]]


@dataclass(frozen=True)
class Known(Alignment):
    """An alignment whose links are given, whatever a map with such weights would be read as."""

    known: tuple[Link, ...] = ()

    def links(self, units: Units = "words") -> list[Link]:
        return sorted(self.known)


def linked(source: str, target: str, links: Sequence[tuple[int, int]]) -> Translation:
    """Return a translation whose alignment is the given links of words, counted from 0."""
    sources, targets = word_spans(source), word_spans(target)
    weights = torch.zeros(len(targets), len(sources))
    for s, t in links:
        weights[t, s] = 1.0
    alignment = Known(source, target, (Grid(sources, targets, weights),), known=tuple(links))
    return Translation(source, target, explain=lambda: ForcedDecoding([], alignment))


def phrases(book: Mapping[str, tuple[str, str]]) -> Model:
    """Return a model of whole texts: source -> target and links as in "0-1 1-0"."""

    def translate(texts: list[str]) -> Iterator[Translation]:
        for text in texts:
            target, links = book[text]
            pairs = [link.split("-") for link in links.split()]
            yield linked(text, target, [(int(s), int(t)) for s, t in pairs])

    return translate


def identity(texts: list[str]) -> Iterator[Translation]:
    """Translate every text as itself, as a model does with text that it does not know."""
    return (Translation(text, text) for text in texts)


def upper(texts: list[str]) -> Iterator[Translation]:
    """Translate every word to upper case, in its place."""
    for text in texts:
        count = len(word_spans(text))
        target = text.upper() if len(word_spans(text.upper())) == count else text
        yield linked(text, target, [(n, n) for n in range(count)])


def mirror(texts: list[str]) -> Iterator[Translation]:
    """Translate words to upper case, in reverse order."""
    for text in texts:
        words = text.upper().split()
        count = len(words)
        target = " ".join(reversed(words))
        if len(word_spans(target)) == count == len(word_spans(text)):
            yield linked(text, target, [(n, count - 1 - n) for n in range(count)])
        else:  # characters of a script without blanks
            yield Translation(text, target)


def saying(answer: str) -> Model:
    """Return a model that translates everything as one answer, without alignment."""
    return lambda texts: (Translation(text, answer) for text in texts)
