"""Two translations side by side, words that only one of them has marked.

Words are compared as a person reads them: blank-separated, characters in scripts without blanks.
"""

from difflib import SequenceMatcher
from html import escape

from seq2seq.text.normalization import word_spans

from .labels import say
from .state import PartVersion


def draw_difference(first: PartVersion, second: PartVersion) -> str:
    """Both texts with their scores; words that only one of them has are struck out or underlined."""
    if first.text == second.text:
        return f'<p class="note">{say("same")}</p>'
    one, other = _words(first.text), _words(second.text)
    matcher = SequenceMatcher(None, [word for word, _ in one], [word for word, _ in other], autojunk=False)
    kept_one, kept_other = set(), set()
    for a, b, size in matcher.get_matching_blocks():
        kept_one |= set(range(a, a + size))
        kept_other |= set(range(b, b + size))
    return (
        f'<div class="difference">{_side(first, one, kept_one, "del")}'
        f"{_side(second, other, kept_other, 'ins')}</div>"
    )


def _words(text: str) -> list[tuple[str, str]]:
    """Each word, and what stands between it and the one before."""
    words, before = [], 0
    for start, end in word_spans(text, "words"):
        words.append((text[start:end], text[before:start]))
        before = end
    return words


def _side(version: PartVersion, words: list[tuple[str, str]], kept: set[int], mark: str) -> str:
    text = "".join(
        f"{escape(gap)}{escape(word) if place in kept else f'<{mark}>{escape(word)}</{mark}>'}"
        for place, (word, gap) in enumerate(words)
    )
    numbers = f"{version.score:.3f} · log p {version.log_probability:.2f}"
    return f'<section><p class="text" dir="auto">{text}</p><p class="note">{numbers}</p></section>'
