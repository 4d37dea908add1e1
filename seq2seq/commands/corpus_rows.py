"""Cleaning of a corpus of strings: what teaches a model nothing is left out, and counted by reason.

    ("OK", "OK")            equal on both sides
    ("%s: %d", "%s : %d")   no word that could be translated
    ("Open", "Öffnen") x 9  one row, and ("Open", "Offen") x 2 is dropped for the more frequent

Strings are short, and their lengths vary: "OK" is three words elsewhere. So a side may have 40 characters
more than the limit of the ratio allows.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from seq2seq.inference.fidelity.protected import protected_spans
from seq2seq.text.accelerators import take_accelerator
from seq2seq.text.normalization import normalize
from seq2seq.text.tables import TableRow

MOST_CHARACTERS = 1000  # of a side; more are no string of a program but a licence or a manual page
MOST_RATIO, RATIO_SLACK = 3.0, 40  # longer <= ratio x shorter + slack, in characters
_WORD = re.compile(r"[^\W\d_]")
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")


class CorpusRow(NamedTuple):
    """Texts that translate each other, with the program and the context in which they stand."""

    texts: TableRow
    program: str = ""
    context: str = ""


class CorpusRows:
    """The rows that are kept: each source once, with its most frequent translation.

    Attributes:
        dropped: the number of rows that were dropped for each reason.
        taken: the number of rows that were given.
    """

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.taken = 0
        self._rows: dict[str, dict[TableRow, CorpusRow]] = {}
        self._counts: Counter[TableRow] = Counter()

    def add(self, row: CorpusRow) -> None:
        """Take a row, or count why it is dropped."""
        self.taken += 1
        if reason := problem_of(row.texts):
            self.dropped[reason] += 1
            return
        known = self._rows.setdefault(row.texts[0], {})
        if row.texts in known:
            self.dropped["duplicate"] += 1
        known.setdefault(row.texts, row)
        self._counts[row.texts] += 1

    def kept(self) -> Iterator[CorpusRow]:
        """Yield each source with its most frequent translation, of equally frequent ones the first."""
        for known in self._rows.values():
            yield known[max(known, key=self._counts.__getitem__)]

    def count(self) -> int:
        """Return the number of rows that are kept, after counting the translations that are not."""
        rarer = sum(len(known) - 1 for known in self._rows.values())
        if rarer:
            self.dropped["rarer translation of the same text"] = rarer
        return len(self._rows)


def problem_of(texts: TableRow) -> str | None:
    """Return why a row teaches nothing, None where it may."""
    plain = [normalize(text).text for text in texts]
    if not all(plain):
        return "empty"
    if max(map(len, plain)) > MOST_CHARACTERS:
        return f"more than {MOST_CHARACTERS} characters"
    if len({take_accelerator(text)[0].casefold() for text in plain}) < len(plain):
        return "equal on both sides"
    if not all(map(has_words, plain)):
        return "without words"
    shorter, *_, longer = sorted(map(len, plain))
    if longer > MOST_RATIO * shorter + RATIO_SLACK:
        return "lengths too different"
    return None


def has_words(text: str) -> bool:
    """Return whether a text has something to translate beside placeholders, markup and signs."""
    at, parts = 0, []
    for start, end in sorted(protected_spans(text)):
        parts.append(text[at:start])
        at = max(at, end)
    left = take_accelerator("".join([*parts, text[at:]]))[0]
    # One letter of Chinese is a word, one of Latin a key or a unit.
    return any(_TWO_LETTERS.search(left) or ord(letter) > 0x2E80 for letter in _WORD.findall(left))


def report_lines(rows: CorpusRows, sources: Iterable[str]) -> list[str]:
    """Return what was taken, kept and dropped, a line each."""
    kept = rows.count()
    lines = [*sources, f"kept {kept:,} of {rows.taken:,} rows"]
    return [*lines, *(f"dropped {count:,}: {reason}" for reason, count in rows.dropped.most_common())]
