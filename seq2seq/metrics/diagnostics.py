"""Diagnostics of a test set: BLEU by source length, repetition, copying, and length ratio.

    length      BLEU of the lines whose source has a given number of words
    repetition  share of lines in which a word or phrase is followed by itself ("in the in the")
    copying     share of words that occur in the source unchanged
    size        words of the outputs / words of the references

References repeat and copy too (names, numbers), so their rates are the baseline for those of the outputs.
Words are blank-separated; in scripts without blanks each character is a word.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from seq2seq.metrics.corpus import ReferenceColumns, bleu_of
from seq2seq.text.normalization import word_spans

BOUNDS = (5, 10, 15, 20, 30, 50)  # words of a source, the upper ends of the rows; the last row is open
LONGEST_PHRASE = 4  # words


class LengthRow(NamedTuple):
    """BLEU of the lines whose sources have `low` to `high` words; `high` None is unbounded."""

    low: int
    high: int | None
    lines: int
    bleu: float

    @property
    def name(self) -> str:
        """The range in words, such as "6 to 10"."""
        if self.high is None:
            return f"over {self.low - 1}"
        return f"{self.low} to {self.high}" if self.low else f"up to {self.high}"


class Diagnostics(NamedTuple):
    """Rates of a set of texts, each from 0 to 1; `size` is a ratio of word counts and may exceed 1."""

    repetition: float
    copying: float
    size: float

    def to_json(self) -> dict[str, Any]:
        """Return the rates by name."""
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
    """Return BLEU for each range of source lengths that has at least one line."""
    counts = [len(word_spans(source)) for source in sources]
    rows = []
    for low, high in zip((0, *(bound + 1 for bound in BOUNDS)), (*BOUNDS, None), strict=True):
        lines = [k for k, count in enumerate(counts) if low <= count <= (high or count)]
        if lines:
            line_references = [[texts[k] for k in lines] for texts in references]
            line_outputs = [outputs[k] for k in lines]
            bleu = bleu_of(line_outputs, line_references, language, tokenized=tokenized, lowercase=lowercase)
            rows.append(LengthRow(low, high, len(lines), bleu.value))
    return rows


def diagnose(sources: Sequence[str], texts: Sequence[str], reference: Sequence[str]) -> Diagnostics:
    """Return the rates of texts, given their sources and one reference each."""
    repeating = copied = total = 0
    for source, text in zip(sources, texts, strict=True):
        words, known = _words(text), set(_words(source))
        repeating += repeats(words)
        # Punctuation is the same in most languages: counted, it would hide what is really copied.
        copied += sum(word in known for word in words if any(map(str.isalnum, word)))
        total += len(words)
    expected = sum(len(_words(text)) for text in reference)
    return Diagnostics(repeating / max(1, len(texts)), copied / max(1, total), total / max(1, expected))


def repeats(words: Sequence[str]) -> bool:
    """Return whether a phrase of up to LONGEST_PHRASE words is immediately followed by itself."""
    return any(
        words[start : start + size] == words[start + size : start + 2 * size]
        for size in range(1, LONGEST_PHRASE + 1)
        for start in range(len(words) - 2 * size + 1)
    )


def _words(text: str) -> list[str]:
    return [text[start:end].casefold() for start, end in word_spans(text)]
