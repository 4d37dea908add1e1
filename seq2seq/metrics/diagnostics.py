"""Habits of a translator that a single score hides: how it does by length, whether it repeats or copies.

    length      BLEU of the lines whose source has so many words
    repetition  share of lines in which a word or phrase is at once followed by itself ("in the in the")
    copying     share of words that stand in the source just so
    size        words of the outputs / words of the references

References repeat and copy too (names, numbers), so their own rates stand beside those of the outputs.
Words are as everywhere: blank-separated, characters in scripts without blanks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from seq2seq.metrics.corpus import ReferenceColumns, bleu_of
from seq2seq.text.normalization import word_spans

BOUNDS = (5, 10, 15, 20, 30, 50)  # words of a source; the last row holds what is longer
LONGEST_PHRASE = 4  # words


class LengthRow(NamedTuple):
    """BLEU of the lines whose sources have from `low` to `high` words (None: any number more)."""

    low: int
    high: int | None
    lines: int
    bleu: float

    @property
    def name(self) -> str:
        """Such as "6 to 10"."""
        if self.high is None:
            return f"over {self.low - 1}"
        return f"{self.low} to {self.high}" if self.low else f"up to {self.high}"


class Diagnostics(NamedTuple):
    """Rates of a set of texts, each from 0 to 1; `size` is a ratio of word counts."""

    repetition: float
    copying: float
    size: float

    def to_json(self) -> dict[str, Any]:
        """The rates by name."""
        return self._asdict()


def by_length(
    sources: Sequence[str],
    outputs: Sequence[str],
    references: ReferenceColumns,
    language: str,
    *,
    tokenized: bool = False,
    lowercase: bool = False,
) -> list[LengthRow]:
    """BLEU for each range of source lengths that has lines at all."""
    counts = [len(word_spans(source)) for source in sources]
    rows = []
    for low, high in zip((0, *(bound + 1 for bound in BOUNDS)), (*BOUNDS, None), strict=True):
        chosen = [k for k, count in enumerate(counts) if low <= count <= (high or count)]
        if chosen:
            several = [[texts[k] for k in chosen] for texts in references]
            found = [outputs[k] for k in chosen]
            score = bleu_of(found, several, language, tokenized=tokenized, lowercase=lowercase).value
            rows.append(LengthRow(low, high, len(chosen), score))
    return rows


def diagnose(sources: Sequence[str], texts: Sequence[str], reference: Sequence[str]) -> Diagnostics:
    """The rates of `texts` for these sources, measured by one reference."""
    repeating = copied = total = 0
    for source, text in zip(sources, texts, strict=True):
        words, known = _words(text), set(_words(source))
        repeating += repeats(words)
        copied += sum(word in known for word in words if any(map(str.isalnum, word)))
        total += len(words)
    wanted = sum(len(_words(text)) for text in reference)
    return Diagnostics(repeating / max(1, len(texts)), copied / max(1, total), total / max(1, wanted))


def repeats(words: Sequence[str]) -> bool:
    """Whether a phrase of up to LONGEST_PHRASE words is at once followed by itself."""
    return any(
        words[start : start + size] == words[start + size : start + 2 * size]
        for size in range(1, LONGEST_PHRASE + 1)
        for start in range(len(words) - 2 * size + 1)
    )


def _words(text: str) -> list[str]:
    return [text[start:end].casefold() for start, end in word_spans(text)]
