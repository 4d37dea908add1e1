"""Links that people made, and how well found ones agree with them.

    precision = |A & P| / |A|      recall = |A & S| / |S|      A found, S sure, P possible (S among them)
    AER = 1 - (|A & S| + |A & P|) / (|A| + |S|)                Och and Ney 2003

A gold file has a line for each pair, of links `i-j` (sure) and `ipj` (possible), between blank-separated
words that are counted from 0 or from 1, as the file does.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seq2seq.alignment.maps import Link
from seq2seq.text.normalization import word_spans


class GoldLinks(NamedTuple):
    """The links of one pair that a person made: sure ones, and possible ones (which include the sure)."""

    sure: frozenset[Link]
    possible: frozenset[Link]


class LinkScores(NamedTuple):
    """Error rate (AER), precision and recall over all pairs, each from 0 to 1."""

    error_rate: float
    precision: float
    recall: float


def read_gold(lines: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[GoldLinks]:
    """Gold links of these pairs of texts, counted from 0.

    A file in which no word has number 0 counts from 1.

    Raises:
        ValueError: another number of lines, something that is no link, or a word that the texts do not have.
    """
    if len(lines) != len(pairs):
        raise ValueError(f"there are {len(pairs)} pairs of texts but {len(lines)} lines of gold links")
    parsed = [_parsed(line, number) for number, line in enumerate(lines, 1)]
    first = 0 if any(0 in link[:2] for line in parsed for link in line) else 1
    lengths = [(len(word_spans(s, "blanks")), len(word_spans(t, "blanks"))) for s, t in pairs]
    wrong = [
        (number, source, target, counts)
        for number, (line, counts) in enumerate(zip(parsed, lengths, strict=True), 1)
        for source, target, _ in line
        if source - first >= counts[0] or target - first >= counts[1]
    ]
    if wrong:
        number, source, target, counts = wrong[0]
        lines_like_it = len({line for line, *_ in wrong})
        raise ValueError(
            f"line {number} of the gold links has {source}-{target}, counted from {first}, but its texts "
            f"have {counts[0]} and {counts[1]} words ({lines_like_it} lines are like that); give the very "
            "texts the links were made for, tokenised if they were"
        )
    return [
        GoldLinks(
            frozenset((s - first, t - first) for s, t, sure in line if sure),
            frozenset((s - first, t - first) for s, t, _ in line),
        )
        for line in parsed
    ]


def score_links(links: Sequence[Iterable[Link]], gold: Sequence[GoldLinks]) -> LinkScores:
    """How well found links agree with gold ones; without any found link precision is 1."""
    if len(links) != len(gold):
        raise ValueError(f"there are {len(links)} aligned pairs but {len(gold)} lines of gold links")
    sure = possible = found = wanted = 0
    for pair, (certain, allowed) in zip(links, gold, strict=True):
        pair = set(pair)
        sure += len(pair & certain)
        possible += len(pair & allowed)
        found += len(pair)
        wanted += len(certain)
    if not found + wanted:
        raise ValueError("neither side has a link; an error rate needs at least one")
    return LinkScores(
        1 - (sure + possible) / (found + wanted),
        possible / found if found else 1.0,
        sure / wanted if wanted else 1.0,
    )


def _parsed(line: str, number: int) -> list[tuple[int, int, bool]]:
    """The links of a line as they stand there: two numbers, and whether they are sure."""
    links = []
    for link in line.split():
        source, mark, target = link.partition("p" if "p" in link else "-")
        if not (source.isdecimal() and target.isdecimal()):
            raise ValueError(
                f"line {number} of the gold links has {link!r}; write i-j (sure) or ipj (possible)"
            )
        links.append((int(source), int(target), mark == "-"))
    return links
