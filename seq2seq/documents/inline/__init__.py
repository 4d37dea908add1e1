"""Inline tags: the units of text between them, and where they are placed in the translation.

    format --read--> tokens --gather--> units --translate, place--> tokens --write--> format

Formats read and write `tokens`; `entities` reads character references. `nesting` pairs the tags of a unit.
`unit` joins its text, and puts the tags back where `placement` projects them by the word alignment. `atoms`
splits words where tags do, and `wrapping` restores line ends.
"""

from seq2seq.documents.inline.entities import reference_token, text_tokens
from seq2seq.documents.inline.tokens import (
    Blank,
    Break,
    Close,
    Inline,
    InlineToken,
    Open,
    Point,
    TextToken,
    is_address,
    is_identifier,
    is_language,
)
from seq2seq.documents.inline.unit import InlineUnit, gather
from seq2seq.documents.inline.wrapping import wrap

__all__ = [
    "Blank",
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
    "is_identifier",
    "is_language",
    "reference_token",
    "text_tokens",
    "wrap",
]
