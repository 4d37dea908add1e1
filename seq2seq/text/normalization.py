"""Normalisation that records the origin of each character, and the words of a text.

    original --(drop, blanks, width)--> kept characters --(NFC)--> normalised
    original[origins[i]:ends[i]] is the source of normalised character i

A model must see one spelling of texts that look the same, while an attention map must point at the text of
the user. SentencePiece's own normaliser is `identity`, so this module is the only place where text changes.
Every function takes time linear in the length of its text.
"""

import re
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

BLANK_PIECE = "\u2581"  # the blank of SentencePiece
_JOINERS = "\u200c\u200d"
# Format characters that are part of the writing: Arabic number signs, Syriac abbreviation, flag emoji.
_WRITTEN_FORMAT = {
    *range(0x600, 0x606),
    0x6DD,
    0x70F,
    0x890,
    0x891,
    0x8E2,
    0x110BD,
    0x110CD,
    *range(0xE0020, 0xE0080),
}

# For a character class: scripts without blanks between words (Thai, CJK radicals to Bopomofo, Han, Kana) and
# wide punctuation.
UNSPACED = (
    "\u0e00-\u0e7f\u2e80-\u2fdf\u3001-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_MARKS = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u302a-\u302f\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
# Letters, digits and signs of full width are folded to their usual forms. Not so wide ! ( ) , : ; ?, which
# are Chinese punctuation; right after a Han character the narrow ones become wide.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0) not in "!(),:;?~"}
_WIDE |= {0xFE50: 0xFF0C, 0xFE54: 0xFF1B, 0xFE55: 0xFF1A, 0xFE56: 0xFF1F, 0xFE57: 0xFF01}  # small forms
_LATIN = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"  # those with marks, too: letters compose after the fold
_NARROW = re.compile(f"(?<=[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u300b\u201d])[!,:;?](?![0-9{_LATIN}])")
_WIDTH = re.compile(f"[{''.join(map(re.escape, map(chr, _WIDE)))}]|{_NARROW.pattern}")
_WORD = re.compile(f"[{UNSPACED}][{_MARKS}]*|[^\\s{UNSPACED}]+")
_BLANK_SEPARATED = re.compile(r"\S+")
_PUNCTUATION = string.punctuation + "«»„“”‚‘’…–—¿¡，。、！？：；（）「」『』《》"
_LONG_RUN = re.compile("[^\0-\u02ff]{33,}")  # where a run of marks may be; none is below U+0300
_PARTS = re.compile(f"[{re.escape(_PUNCTUATION)}]|[^{re.escape(_PUNCTUATION)}]+")


@dataclass(frozen=True)
class Normalized:
    """A normalised text; its character i comes from `original[origins[i]:ends[i]]`."""

    text: str
    origins: list[int]
    ends: list[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text behind normalised characters [start, end)."""
        if start >= end:
            at = self.origins[start] if start < len(self.origins) else (self.ends[-1] if self.ends else 0)
            return at, at
        return self.origins[start], self.ends[end - 1]


def normalize(text: str) -> Normalized:
    """Normalise a text to NFC, with blanks collapsed and trimmed and control characters removed.

    Any run of Unicode blanks becomes one space. Letters and digits of full width become the usual ones, a
    narrow mark after a Han character the wide one; each stays one character. Control and format characters,
    lone surrogates and noncharacters are removed. Joiners stay after a letter of a script that uses them and
    inside emoji. U+2581, which SentencePiece could not tell from a blank, becomes an underscore.
    """
    if _is_plain(text):  # the usual case, checked without a loop over characters
        return Normalized(text, list(range(len(text))), list(range(1, len(text) + 1)))
    kept, positions = _keep(text)
    kept = _NARROW.sub(lambda mark: chr(ord(mark[0]) + 0xFEE0), kept.translate(_WIDE))
    if unicodedata.is_normalized("NFC", kept):
        return Normalized(kept, positions, [position + 1 for position in positions])
    return _compose(kept, positions)


def compose(text: str) -> str:
    """Normalise a text to NFC in linear time, whatever the order of its marks."""
    if unicodedata.is_normalized("NFC", text):
        return text
    # `unicodedata` sorts marks by insertion: quadratic for a hostile run, so long runs are sorted before.
    return unicodedata.normalize("NFC", _LONG_RUN.sub(_in_order, text))


def _in_order(run: re.Match[str]) -> str:
    """Decompose a run of characters and sort its marks in the order of NFD."""
    decomposed = "".join(unicodedata.normalize("NFD", character) for character in run[0])
    groups = groupby(decomposed, key=lambda character: unicodedata.combining(character) > 0)
    return "".join(
        "".join(sorted(group, key=unicodedata.combining) if are_marks else group)
        for are_marks, group in groups
    )


def word_spans(text: str, units: Literal["words", "blanks"] = "words") -> list[tuple[int, int]]:
    """Return the (start, end) of each word.

    Words are separated by blanks; with "words" each character of an unspaced script is a word, too.
    """
    pattern = _WORD if units == "words" else _BLANK_SEPARATED
    return [match.span() for match in pattern.finditer(text)]


def check_text(text: str) -> str:
    """Return a text unchanged.

    Raises:
        ValueError: It is no string.
    """
    if not isinstance(text, str):
        raise ValueError(f"a text is {text!r}, a {type(text).__name__}; give strings")
    return text


def bare_word_spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each word as `word_spans` does, with punctuation marks as words."""
    return [
        (start + part.start(), start + part.end())
        for start, end in word_spans(text)
        for part in _PARTS.finditer(text[start:end])
    ]


def spelt_words(words: Sequence[str]) -> list[str]:
    """Return words in lower case and without adjacent punctuation, for counting."""
    return [word.strip(_PUNCTUATION).lower() or word for word in words]


def base_language(code: str) -> str:
    """Return the language of a code without region or script, in lower case: zh-CN -> zh, zho_Hans -> zho."""
    return code.replace("_", "-").partition("-")[0].lower()


def is_word(character: str) -> bool:
    """Return whether a character is a letter or digit of a script with blanks between words."""
    return character.isalnum() and len(word_spans(2 * character)) == 1


def join_segmented(text: str) -> Normalized:
    """Remove the blanks between words of scripts that are written without blanks (Han, Kana, Thai).

    Gold alignments and many corpora have such blanks; models are trained on text without.
    """
    # Written twice, a word of such a script is two words, any other a longer one.
    spans = [(start, end, len(word_spans(2 * text[start:end])) == 2) for start, end in word_spans(text)]
    joined = [(a[1], b[0]) for a, b in pairwise(spans) if a[2] and b[2] and text[a[1] : b[0]].isspace()]
    kept = list(range(len(text)))
    for start, end in reversed(joined):
        del kept[start:end]
    return Normalized("".join(text[index] for index in kept), kept, [index + 1 for index in kept])


def _is_plain(text: str) -> bool:
    return (
        text.isprintable()  # no control, format, surrogate or unassigned characters, no blank but the space
        and BLANK_PIECE not in text
        and " ".join(text.split(" ")) == text.strip(" ")
        and "  " not in text
        and not _WIDTH.search(text)
        and unicodedata.is_normalized("NFC", text)
    )


def _keep(text: str) -> tuple[str, list[int]]:
    """Return the characters that are kept, blanks collapsed, and the position of each."""
    kept: list[str] = []
    positions: list[int] = []
    base = " "  # the last character that is not a mark
    for position, character in enumerate(text):
        if character.isspace():
            if base == " " and (not kept or kept[-1] == " "):
                continue
            character = " "
        elif character == BLANK_PIECE:
            character = "_"
        elif character in _JOINERS:
            if not _joins(base):
                continue
        elif _is_removed(character):
            continue
        kept.append(character)
        positions.append(position)
        if not unicodedata.category(character).startswith("M"):
            base = character
    if kept and kept[-1] == " ":
        kept.pop()
        positions.pop()
    return "".join(kept), positions


def _joins(base: str) -> bool:
    """Return whether a joiner after this character can change the rendered text.

    It can in Semitic and Indic scripts and among symbols and emoji. Latin, Greek and Cyrillic letters (below
    U+0590, and U+1E00 to U+218F) do not join, and a second joiner in a row has no effect.
    """
    code = _WIDE.get(ord(base), ord(base))  # a letter of full width becomes one that does not join
    return (0x590 <= code < 0x1E00 or code >= 0x2190) and base not in _JOINERS


def _is_removed(character: str) -> bool:
    code = ord(character)
    if code < 0x80:
        return code < 0x20 or code == 0x7F
    if unicodedata.category(character) in ("Cc", "Cf", "Cs"):
        return code not in _WRITTEN_FORMAT
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _compose(kept: str, positions: list[int]) -> Normalized:
    """Normalise the kept characters to NFC group by group, which gives each result its origin."""
    pieces: list[str] = []
    origins: list[int] = []
    ends: list[int] = []
    for start, end in _groups(kept):
        composed = compose(kept[start:end])
        count, kept_count = len(composed), end - start
        pieces.append(composed)
        # The base takes over the marks composed with it; marks left over are the last ones of the group.
        first = [start] + [max(start, end - count + i) for i in range(1, count)]
        last = [max(start, end - count), *first[1:]]
        if count > kept_count:  # NFC decomposes some characters: each part stands for the whole
            first, last = [start] * count, [end - 1] * count
        origins.extend(positions[i] for i in first)
        ends.extend(positions[i] + 1 for i in last)
    return Normalized("".join(pieces), origins, ends)


def _groups(text: str) -> list[tuple[int, int]]:
    """Return the spans that NFC treats independently: a base with its marks, or letters that compose."""
    starts = [0]
    for position in range(1, len(text)):
        character = text[position]
        if character < "\u0300":  # nothing below composes with what stands before it
            starts.append(position)
        elif unicodedata.combining(unicodedata.normalize("NFD", character)[0]):
            continue  # a mark, or one that NFC decomposes into marks (Tibetan U+0F73)
        elif not _fuses(text[starts[-1] : position], character):
            starts.append(position)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _fuses(group: str, character: str) -> bool:
    """Return whether NFC composes a character with the group before it (Hangul, some Indic vowels)."""
    return compose(group + character) != compose(group) + compose(character)
