"""Signs that the vocabulary lacks, or knows too little of: emoji, arrows, bullets, notes.

    "A dog 😀 plays." is read as "A dog plays."; the sign follows the word that is linked to "dog"

The model never sees a sign, so that it cannot change the words beside it.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from seq2seq.inference.fidelity.edits import Edit
from seq2seq.text.normalization import word_spans

Span = tuple[int, int]

# Known to some vocabularies from a few lines, in which they say something else than in a text of a user.
_ALWAYS = frozenset("*•→←↑↓‹›=|–—\\`~^#+<>_§©®™♪♫°¶†‡…" + "\u00b7") - frozenset("…")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=8xX][-o*']?[)\](\[dDpPoO/\\|3]|<3|\^_?\^|[oO]_[oO]|T_T)(?![^\s.,!?)])")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")  # within an emoji
_CANDIDATE = re.compile(r"[^\w\s.,;:!?'\"()\[\]{}/&%$€£@’‘“”„«»¿¡。，、！？：；（）「」『』《》【】-]|_")


class Sign(NamedTuple):
    """A sign that is taken out, with the blanks around it: the characters start to end of the source."""

    start: int
    end: int
    text: str


def find_signs(source: str, protected: Sequence[Span], knows: Callable[[str], bool]) -> list[Sign]:
    """Return the runs of signs in a source outside of protected spans; `knows` asks the vocabulary."""
    if not _CANDIDATE.search(source) and not _EMOTICON.search(source):
        return []
    covered = {place for start, end in protected for place in range(start, end)}
    signs = [
        Sign(*found.span(), found[0]) for found in _EMOTICON.finditer(source) if found.start() not in covered
    ]
    covered |= {place for sign in signs for place in range(sign.start, sign.end)}
    at = 0
    while at < len(source):
        if at in covered or not _is_sign(source[at], knows):
            at += 1
            continue
        end = at + 1
        while end < len(source) and end not in covered:
            if not (_is_sign(source[end], knows) or source[end] in _JOINERS or _modifies(source[end])):
                break
            end += 1
        signs.append(Sign(at, end, source[at:end]))
        at = end
    return sorted(signs)


def sign_edits(
    source: str, target: str, signs: Sequence[Sign], links: Sequence[tuple[int, int]]
) -> list[Edit]:
    """Return the edits that put signs into a translation.

    A sign follows what is linked to the word before it, or else precedes what is linked to the word after it;
    at an end of the source it stands at that end. `links` are (source word, target word), counted from 0.
    """
    words, targets = word_spans(source), word_spans(target)
    spoken = [n for n, (start, end) in enumerate(words) if any(map(str.isalnum, source[start:end]))]
    places: dict[int, str] = {}
    for sign in signs:
        left = "" if not sign.start or not source[sign.start - 1].isspace() else " "
        right = "" if sign.end == len(source) or not source[sign.end].isspace() else " "
        touches_next = not right and bool(left) and sign.end < len(source)
        before = [n for n in spoken if _core_end(source, words[n]) <= sign.start]
        after = [n for n in spoken if words[n][0] >= sign.end]
        if not before:
            position, text = _leading(target, sign, source), sign.text + right
        elif not after:
            position, text = _trailing(source, target, sign), left + sign.text
        elif touches_next and (linked := [t for s, t in links if s == after[0]]):
            position, text = targets[min(linked)][0], sign.text
        elif linked := [t for s, t in links if s == before[-1]]:
            position, text = _core_end(target, targets[max(linked)]), left + sign.text
        elif linked := [t for s, t in links if s == after[0]]:
            position, text = targets[min(linked)][0], sign.text + right
        else:
            nearest = round(len(targets) * len(before) / (len(before) + len(after)))
            position = _core_end(target, targets[nearest - 1]) if nearest else 0
            text = left + sign.text
        places[position] = places.get(position, "") + text
    return [Edit(position, position, text) for position, text in places.items()]


def _is_sign(character: str, knows: Callable[[str], bool]) -> bool:
    if character.isspace() or character.isalnum():
        return False
    if character in _ALWAYS:
        return True
    category = unicodedata.category(character)
    return category[0] in "SPC" and category not in ("Cc", "Cf", "Cs") and not knows(character)


def _modifies(character: str) -> bool:
    """Return whether a character changes the emoji before it: a skin tone, a flag's tag."""
    return 0x1F3FB <= ord(character) <= 0x1F3FF or 0xE0020 <= ord(character) <= 0xE007F


def _core_end(text: str, word: Span) -> int:
    """Return where a word ends without the punctuation after it."""
    start, end = word
    while end > start + 1 and not text[end - 1].isalnum():
        end -= 1
    return end


def _leading(target: str, sign: Sign, source: str) -> int:
    """Return the place of a sign before all words: the start, or after an opening quotation mark."""
    opened = len(source[: sign.start]) - len(source[: sign.start].lstrip("\"'“„«‹(["))
    own = len(target) - len(target.lstrip("\"'“„«‹(["))
    return min(opened, own)


def _trailing(source: str, target: str, sign: Sign) -> int:
    """Return the place of a sign after all words: before the final marks that it precedes."""
    marks = sum(1 for character in source[sign.end :] if not character.isspace() and not character.isalnum())
    end = len(target.rstrip())
    while marks and end and not target[end - 1].isalnum() and not target[end - 1].isspace():
        end, marks = end - 1, marks - 1
    return end
