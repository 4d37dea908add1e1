"""Alignment error rate (AER) of predicted word links against links annotated by people.

    precision = |A & P| / |A|      recall = |A & S| / |S|      A predicted, S sure, P possible (S included)
    AER = 1 - (|A & S| + |A & P|) / (|A| + |S|)                Och and Ney 2003

A gold file has one line for each pair of texts. Its links are written `i-j` (sure) and `ipj` (possible) and
join blank-separated words, numbered from 0 or from 1.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seq2seq.alignment.symmetrization import Link
from seq2seq.text.normalization import word_spans


class GoldLinks(NamedTuple):
    """Annotated links of one pair of texts: sure links, and possible links (which include the sure ones)."""

    sure: frozenset[Link]
    possible: frozenset[Link]


class LinkScores(NamedTuple):
    """Error rate (AER), precision and recall over all pairs, each from 0 to 1."""

    error_rate: float
    precision: float
    recall: float


def read_gold(lines: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[GoldLinks]:
    """Parse gold links, one line for each pair of texts, into links numbered from 0.

    A file in which no word has the number 0 is taken to count from 1.

    Raises:
        ValueError: a number of lines other than that of the pairs, a malformed link, or a word number beyond
            the end of a text.
    """
    if len(lines) != len(pairs):
        raise ValueError(f"there are {len(pairs)} pairs of texts but {len(lines)} lines of gold links")
    parsed = [_parsed(line, number) for number, line in enumerate(lines, 1)]
    # Gold files count from 0 or from 1 and do not say which.
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
        affected = len({line for line, *_ in wrong})
        raise ValueError(
            f"line {number} of the gold links has {source}-{target}, counted from {first}, but its texts "
            f"have {counts[0]} and {counts[1]} words ({affected} lines are like that); give the very "
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
    """Return AER, precision and recall of predicted links against gold links.

    Precision is 1 without a predicted link, recall is 1 without a sure one.

    Raises:
        ValueError: a different number of pairs on the two sides, or no link at all.
    """
    if len(links) != len(gold):
        raise ValueError(f"there are {len(links)} aligned pairs but {len(gold)} lines of gold links")
    in_sure = in_possible = predicted_count = sure_count = 0
    for pair_links, (sure, possible) in zip(links, gold, strict=True):
        predicted = set(pair_links)
        in_sure += len(predicted & sure)
        in_possible += len(predicted & possible)
        predicted_count += len(predicted)
        sure_count += len(sure)
    if not predicted_count + sure_count:
        raise ValueError("neither side has a link; an error rate needs at least one")
    return LinkScores(
        1 - (in_sure + in_possible) / (predicted_count + sure_count),
        in_possible / predicted_count if predicted_count else 1.0,
        in_sure / sure_count if sure_count else 1.0,
    )


def _parsed(line: str, number: int) -> list[tuple[int, int, bool]]:
    """Parse one line into links (source, target, sure), with the numbers of the file."""
    links = []
    for link in line.split():
        source, mark, target = link.partition("p" if "p" in link else "-")
        if not (source.isdecimal() and target.isdecimal()):
            raise ValueError(
                f"line {number} of the gold links has {link!r}; write i-j (sure) or ipj (possible)"
            )
        links.append((int(source), int(target), mark == "-"))
    return links
