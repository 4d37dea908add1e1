"""Which rows of parallel text are worth training on; the others are dropped for a reason that is counted.

Dropped are rows with an empty side, a side too long, or lengths too far apart, exact repetitions, and rows of
which a held-out text is a side, case and punctuation aside. Normalised text is compared.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields

from seq2seq.text.normalization import normalize

from .files import TableRow

_RATIO_SLACK = 10  # characters added to both sides, so that "OK." may be translated at length


@dataclass
class CleaningReport:
    """How many pairs were kept, and how many dropped for which reason; `split_off` became validation."""

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
        said = f"corpus: {kept} of {kept + sum(counts.values())} pairs kept; dropped: {dropped or 'none'}"
        return f"{said}; {split} more split off for validation" if split else said

    def __add__(self, other: "CleaningReport") -> "CleaningReport":
        counts = {part.name: getattr(self, part.name) + getattr(other, part.name) for part in fields(self)}
        return CleaningReport(**counts)


def clean(
    rows: Iterable[TableRow],
    *,
    max_characters: int = 1000,
    max_ratio: float = 6.0,
    held_out: Sequence[Collection[str]] = (),
) -> tuple[list[TableRow], CleaningReport]:
    """Gives the rows worth training on, in order, and how many were dropped for which reason.

    held_out: texts, one collection a column, of which no row may hold one, such as the validation set's.
    """
    held = [{key for text in texts if (key := _key(text))} for texts in held_out]
    kept: list[TableRow] = []
    report = CleaningReport()
    seen: set[TableRow] = set()
    for row in rows:
        if max(map(len, row)) > 8 * max_characters:  # not worth normalising: blanks do not make up that much
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
        elif plain in seen:
            report.duplicate += 1
        elif held and any(_key(text) in texts for text, texts in zip(plain, held, strict=True)):
            report.held_out += 1
        else:
            seen.add(plain)
            kept.append(row)
    report.kept = len(kept)
    return kept, report


def _key(text: str) -> str:
    """What two texts share that differ in case, width, blanks and punctuation alone."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if unicodedata.category(character)[0] in "LMN")
