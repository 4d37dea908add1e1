"""Words as aligners count them: punctuation by itself, or left out."""

import re
import string
from collections.abc import Sequence

from seq2seq.text import word_spans


def token_spans(text: str) -> list[tuple[int, int]]:
    """Each word's (start, end) as in `text.word_spans`, with each punctuation mark a word of its own."""
    return [
        (start + part.start(), start + part.end())
        for start, end in word_spans(text)
        for part in _PARTS.finditer(text[start:end])
    ]


def spelt_words(words: Sequence[str]) -> list[str]:
    """Words as they are counted: without case, and without the punctuation that is written to them."""
    return [word.strip(_PUNCTUATION).lower() or word for word in words]


_PUNCTUATION = string.punctuation + "«»„“”‚‘’…–—¿¡，。、！？：；（）「」『』《》"
_PARTS = re.compile(f"[{re.escape(_PUNCTUATION)}]|[^{re.escape(_PUNCTUATION)}]+")
