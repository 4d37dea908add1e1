"""Tags around words that are translated: which of them form a unit, and where they stand afterwards.

    format --read--> tokens --gather--> units --translate, place--> tokens --write--> format

`tokens` is what formats speak, `nesting` pairs the tags of a unit, `unit` makes a text of it and puts the
tags back, `placement` finds where by the alignment, `atoms` cuts words as finely as tags do, `wrapping`
restores line ends.
"""

from seq2seq.documents.inline.tokens import (
    Break,
    Close,
    Inline,
    InlineToken,
    Open,
    Point,
    TextToken,
    is_address,
    is_language,
)
from seq2seq.documents.inline.unit import InlineUnit, gather
from seq2seq.documents.inline.wrapping import wrap

__all__ = [
    "Break",
    "Close",
    "Inline",
    "InlineToken",
    "InlineUnit",
    "Open",
    "Point",
    "TextToken",
    "gather",
    "is_address",
    "is_language",
    "wrap",
]
