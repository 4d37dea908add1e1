"""List markers, and the full stop that a fragment does not have.

"* A man" -> marker "* ", text "A man" -> "Ein Mann." -> "* Ein Mann"
"""

import re
from collections.abc import Sequence

from seq2seq.inference.fidelity.edits import Edit

# A number before a month is a date, and a letter before a full stop an initial.
_MONTHS = "Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|led|úno|bře|dub|kvě|čer|srp|zář|říj|lis|pro"
_MARKER = re.compile(
    r"\s*(?:(?:"
    r"[*+•‣◦▪▸►○●■□–—-]|>+|#{1,6}|"  # bullets, quotations, headings
    rf"\d{{1,3}}[.)](?!\s*(?:{_MONTHS}))|\(\d{{1,3}}\)|[a-z]\)|"  # enumerations
    r"\[[ xX✓✔]\]|[☐☑☒✓✔✗✘]"  # tasks
    r")[ \t\u00a0]+)+"
)
_CLOSING = "\"'”’»›)]}」』）》】*_`~ \t"
_FULL_STOPS = ".。．"
_ENDS = ".。．!！?？…:：;；,，、،؟۔।"
_SENTENCE_MARKS = ".。!！?？"
_WIDE = {".": "。", "!": "！", "?": "？"}
_NARROW = {wide: mark for mark, wide in _WIDE.items()}


def marker_of(text: str) -> str:
    """Return the list marker at the start of a segment, with the blanks after it; empty for none."""
    found = _MARKER.match(text)
    return found[0] if found and any(map(str.isalnum, text[found.end() :])) else ""


def final_mark_edits(source: str, target: str, protected: Sequence[str] = ()) -> list[Edit]:
    """Return the edits that give a translation the final mark of its source, or none where that has none.

    `protected` texts are copied: their characters are no marks of the sentence.
    """
    mark, _ = _final_mark(source, protected)
    own, end = _final_mark(target, protected)
    if own in _FULL_STOPS and own and not mark:
        start = end
        while start and target[start - 1] in _FULL_STOPS:
            start -= 1
        return [Edit(start, end, "")] if target[:start].strip() else []
    if not own and mark in _SENTENCE_MARKS and mark and end:
        narrow = _NARROW.get(mark, mark)
        is_wide = "\u3000" <= target[end - 1] <= "\u9fff"
        return [Edit(end, end, _WIDE[narrow] if is_wide else narrow)]
    return []


def _final_mark(text: str, protected: Sequence[str]) -> tuple[str, int]:
    """Return the mark that ends a text, empty for none, and where it ends or would stand.

    Closing quotation marks and brackets may follow it, but none that belong to a protected text.
    """
    bare = text.rstrip()
    end = len(bare)
    if not any(bare.endswith(each) for each in protected):
        inner = bare.rstrip(_CLOSING)
        if inner and inner[-1] in _ENDS and not any(inner.endswith(each) for each in protected):
            return inner[-1], len(inner)
    return "", end
