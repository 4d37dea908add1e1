r"""Strings of PO files, in lines as gettext's tools break them, so that a filled file looks like theirs.

    msgstr "short"
    msgstr ""
    "a sentence that is longer than the line and therefore begins on a line of its "
    "own\n"

Lines may end where Unicode's line breaking (UAX #14) allows it. Its pair table is here in the classes that
texts of programs have; others count as letters.
"""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from seq2seq.documents.catalogs.po_syntax import escape_po

# Classes of UAX #14 by their signs; IDEOGRAPH, DIGIT, SPACE, COMBINING and LETTER are told by Unicode's data.
_SIGNS = {
    "OPEN": "([{¿¡„‚（「『【《〈［｛〔",
    "CLOSE": "}、。，．）」』】》〉］｝〕",
    "PARENTHESIS": ")]",
    "EXCLAMATION": "!?！？",
    "INFIX": ",.:;",
    "SLASH": "/",
    "HYPHEN": "-",
    "BREAK_AFTER": "|–‐\u00ad\u200b\u0f0b",
    "DASH": "—",
    "QUOTE": "\"'“”‘’«»‹›",
    "PREFIX": "$+\\£¥€±№₩₽",
    "POSTFIX": "%°‰′″¢℃",
    "ELLIPSIS": "…‥",
    "NON_STARTER": "：；・ー々ゝゞヽヾ\u203c\u2047‼ぁぃぅぇぉっゃゅょァィゥェォッャュョ゛゜",
    "GLUE": "\u00a0\u202f\u2007\u2011\u2060\ufeff",
}
_CLASS = {sign: name for name, signs in _SIGNS.items() for sign in signs}
_NEVER_BEFORE = frozenset(
    {"CLOSE", "PARENTHESIS", "EXCLAMATION", "INFIX", "SLASH"}  # not after spaces, either
)
_JOINED_BEFORE = frozenset({"QUOTE", "BREAK_AFTER", "HYPHEN", "NON_STARTER", "ELLIPSIS", "GLUE"})
_WORD = frozenset({"LETTER", "DIGIT"})
_AROUND = frozenset({"PREFIX", "POSTFIX"})
_JOINED = {
    ("HYPHEN", "DIGIT"),
    ("SLASH", "DIGIT"),
    ("INFIX", "DIGIT"),
    ("PARENTHESIS", "LETTER"),
    ("PARENTHESIS", "DIGIT"),
    ("LETTER", "OPEN"),
    ("DIGIT", "OPEN"),
    ("PREFIX", "IDEOGRAPH"),
    ("IDEOGRAPH", "POSTFIX"),
    ("DASH", "DASH"),
    *((before, after) for before in _WORD for after in _WORD),
    *((before, after) for before in _WORD for after in _AROUND),
    *((before, after) for before in _AROUND for after in (*_WORD, "OPEN")),
    *((before, after) for before in ("CLOSE", "PARENTHESIS") for after in _AROUND),
}


def po_lines(value: str, column: int, width: int | None) -> list[str]:
    """Return a text as the quoted lines after a keyword; the first is `""` if there are several.

    Args:
        value: the text, unescaped.
        column: the columns before the first quote: the keyword and a blank.
        width: the longest line in columns, with its quotes; None breaks after line ends only.
    """
    portions = _by_line_feed(value)
    if len(portions) == 1:
        escaped = escape_po(value)
        if width is None or (escaped.isascii() and column + len(escaped) + 2 <= width):
            return [f'"{escaped}"']
        pieces = _pieces(portions[0], column, width)
        if len(pieces) == 1:
            return [f'"{pieces[0]}"']
    lines = ['""']
    for portion in portions:
        lines += [f'"{piece}"' for piece in _pieces(portion, 0, width)]
    return lines


def _by_line_feed(value: str) -> list[str]:
    portions = value.split("\n")
    whole = [f"{portion}\n" for portion in portions[:-1]]
    return [*whole, portions[-1]] if portions[-1] or not whole else whole


def _pieces(portion: str, column: int, width: int | None) -> list[str]:
    """Return an escaped portion in pieces that fit into a line, where it can be broken."""
    if width is None:
        return [escape_po(portion)]
    body = portion.removesuffix("\n")
    places = [0, *_breaks(body), len(body)]
    units = [escape_po(body[start:end]) for start, end in pairwise(places)]
    units[-1] += "\\n" * (len(portion) - len(body))
    pieces, piece, used = [], "", column + 2
    for unit in units:
        columns = sum(map(_width, unit))
        if piece and used + columns > width:
            pieces.append(piece)
            piece, used = "", 2
        piece += unit
        used += columns
    return [*pieces, piece]


def _width(sign: str) -> int:
    if sign < "\u0300":
        return 0 if sign == "\u00ad" else 1
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _breaks(text: str) -> Iterator[int]:
    """Yield the places where a line may be broken."""
    before, spaced = "", False  # the class of the last sign that is no space; whether a space follows it
    for place, sign in enumerate(text):
        kind = _class(sign)
        if kind == "SPACE":
            spaced = True
            continue
        if kind == "COMBINING" and not spaced:
            continue
        allowed = _may_break_at_space if spaced else _may_break
        # What is escaped begins with a backslash.
        if place and allowed(before, "PREFIX" if sign in '"\t' else kind):
            yield place
        before, spaced = kind, False


def _may_break_at_space(before: str, after: str) -> bool:
    if after in _NEVER_BEFORE or before == "OPEN":
        return False
    return not (before == "QUOTE" and after == "OPEN")


def _may_break(before: str, after: str) -> bool:
    if after in _NEVER_BEFORE or after in _JOINED_BEFORE or before in ("OPEN", "QUOTE", "GLUE"):
        return False
    return (before, after) not in _JOINED


def _class(sign: str) -> str:
    """Return the class of a sign in UAX #14, by our names."""
    if sign == " ":
        return "SPACE"
    if found := _CLASS.get(sign):
        return found
    if sign < "\u0300":
        return "DIGIT" if sign.isdigit() and sign.isascii() else "LETTER"
    category = unicodedata.category(sign)
    if category in ("Mn", "Me", "Mc"):
        return "COMBINING"
    if unicodedata.east_asian_width(sign) in "WF":
        return "IDEOGRAPH"
    return "DIGIT" if category == "Nd" else "LETTER"
