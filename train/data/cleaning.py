"""Cleaning of parallel text, with a count of dropped rows by reason.

Dropped are rows with an empty side, a side that is too long, a length ratio that is too large, duplicates,
and rows with a held-out text, ignoring case and punctuation. Comparisons are on normalized text.
"""

import hashlib
import unicodedata
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields

from seq2seq.text.normalization import normalize
from seq2seq.text.tables import TableRow

from .packed import PackedRows

_RATIO_SLACK = 10  # characters added to both sides: a short text such as "OK." may have a long translation


@dataclass
class CleaningReport:
    """Counts of pairs kept and of pairs dropped by reason; `split_off` pairs became validation."""

    kept: int = 0
    empty: int = 0
    too_long: int = 0
    ratio: int = 0
    duplicate: int = 0
    held_out: int = 0
    split_off: int = 0

    def __str__(self) -> str:
        counts = {part.name: getattr(self, part.name) for part in fields(self)}
        kept, split = counts.pop("kept"), counts.pop("split_off")
        dropped = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        line = f"corpus: {kept} of {kept + sum(counts.values())} pairs kept; dropped: {dropped or 'none'}"
        return f"{line}; {split} more split off for validation" if split else line

    def __add__(self, other: "CleaningReport") -> "CleaningReport":
        counts = {part.name: getattr(self, part.name) + getattr(other, part.name) for part in fields(self)}
        return CleaningReport(**counts)


def clean(
    rows: Iterable[TableRow],
    *,
    max_characters: int = 1000,
    max_ratio: float = 6.0,
    held_out: Sequence[Collection[str]] = (),
) -> tuple[PackedRows, CleaningReport]:
    """Return the rows to train on, in order, and how many were dropped for which reason.

    Args:
        rows: texts that translate each other, a row each.
        max_characters: of the longest side.
        max_ratio: of the longest side to the shortest, with slack for short texts.
        held_out: for each column the texts that no row may hold, such as those of the validation set.
    """
    held = [{key for text in texts if (key := _key(text))} for texts in held_out]
    packed = PackedRows.of(rows)
    kept = array("q")
    report = CleaningReport()
    seen: set[int] = set()
    for place, row in enumerate(packed):
        # Normalizing takes time, and collapsed blanks never shorten a text this much.
        if max(map(len, row)) > 8 * max_characters:
            report.too_long += 1
            continue
        plain = tuple(normalize(text).text for text in row)
        shorter, *_, longer = sorted(map(len, plain))
        if not shorter:
            report.empty += 1
        elif longer > max_characters:
            report.too_long += 1
        elif longer + _RATIO_SLACK > max_ratio * (shorter + _RATIO_SLACK):
            report.ratio += 1
        elif (digest := row_digest(plain)) in seen:
            report.duplicate += 1
        elif held and any(_key(text) in texts for text, texts in zip(plain, held, strict=True)):
            report.held_out += 1
        else:
            seen.add(digest)
            kept.append(place)
    report.kept = len(kept)
    return packed.select(kept), report


def row_digest(row: TableRow) -> int:
    """Return 128 bits that tell rows apart, in a third of the memory of their texts."""
    joined = "\0".join(row).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=16).digest())


def _key(text: str) -> str:
    """Return a key that is equal for texts that differ only in case, width, blanks and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LMN")
