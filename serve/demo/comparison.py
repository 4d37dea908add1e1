"""Two translations side by side, with the words marked that only one of them has.

Words are compared as a person reads them: blank-separated, characters in scripts without blanks.
"""

from difflib import SequenceMatcher
from html import escape

from seq2seq.text.normalization import word_spans

from .labels import say
from .state import PartVersion


def draw_difference(first: PartVersion, second: PartVersion) -> str:
    """Return HTML of both texts with their scores; words that only one of them has are marked."""
    if first.text == second.text:
        return f'<p class="note">{say("same")}</p>'
    first_words, second_words = _words(first.text), _words(second.text)
    # autojunk would ignore words that are frequent in a long text, such as articles.
    matcher = SequenceMatcher(
        None, [word for word, _ in first_words], [word for word, _ in second_words], autojunk=False
    )
    first_common: set[int] = set()
    second_common: set[int] = set()
    for first_start, second_start, size in matcher.get_matching_blocks():
        first_common |= set(range(first_start, first_start + size))
        second_common |= set(range(second_start, second_start + size))
    return (
        f'<div class="difference">{_side(first, first_words, first_common, "del")}'
        f"{_side(second, second_words, second_common, 'ins')}</div>"
    )


def _words(text: str) -> list[tuple[str, str]]:
    """Return each word with the text between it and the word before."""
    words, end_before = [], 0
    for start, end in word_spans(text, "words"):
        words.append((text[start:end], text[end_before:start]))
        end_before = end
    return words


def _side(version: PartVersion, words: list[tuple[str, str]], common: set[int], mark: str) -> str:
    text = "".join(
        f"{escape(gap)}{escape(word) if place in common else f'<{mark}>{escape(word)}</{mark}>'}"
        for place, (word, gap) in enumerate(words)
    )
    numbers = f"{version.score:.3f} · log p {version.log_probability:.2f}"
    return f'<section><p class="text" dir="auto">{text}</p><p class="note">{numbers}</p></section>'
