"""JSON: string values are slots; keys, numbers, order, blanks and escapes are kept as written.

    {"id": "dog_1", "name": "Two dogs", "body": "<p>a <b>dog</b></p>"}
           kept             slot                 slots of HTML, its tags kept

Not translated: values without letters; single addresses, paths, @names and identifiers (snake_case, dog.png,
en-US); values of keys that name an identifier (id, url, class, slug, user_id, imageUrl, ...), and of keys
that usually do (type, language, ...) where the value is one word.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from seq2seq.documents.html import read_html
from seq2seq.documents.inline import is_identifier, is_language
from seq2seq.documents.template import Group, Part

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"(\s*:)?|[\[\]{}]')
_TAG = re.compile(r"<(?:/?[A-Za-z][\w:-]*(?:\s[^<>]*)?/?>|!--)")
_ALWAYS = """
    id uuid guid uid key url uri href src path file filename filepath slug class classname anchor selector
    hash sha sha1 sha256 md5 checksum token email username mime mimetype contenttype ref schema charset
    encoding timezone regex pattern uniqueid endpoint host hostname domain permalink
"""
_ONE_WORD = """
    type kind lang language locale code format version icon color colour method currency status state role
    target direction align layout template component namespace scope event action
"""
_IDENTIFIER_KEYS = frozenset(_ALWAYS.split())
_ENUMERATION_KEYS = frozenset(_ONE_WORD.split())
_LAST_WORD = re.compile(r"[A-Z]?[a-z]+$|[A-Z]+$|[a-z]+$")


@dataclass(frozen=True)
class Value:
    """A slot for a string value; `ascii_only` if the document writes other characters as escapes."""

    text: str
    literal: str
    ascii_only: bool

    def write(self, translation: "Translation") -> str:
        """Return the translation as a JSON string."""
        return _encode(self, translation.text)


def read_values(text: str, name: str) -> list[Part]:
    """Read a JSON text into its untouched parts and the slots of its string values.

    Raises:
        ValueError: the text is not valid JSON.
    """
    try:
        json.loads(text, parse_int=str, parse_float=str)  # Python refuses to parse integers of 4,300 digits
    except RecursionError as error:
        raise ValueError(f"{name!r} is nested too deeply; use fewer levels") from error
    except ValueError as error:
        raise ValueError(f"{name!r} is not valid JSON ({error}); correct it") from error
    return list(_parts(text, text.isascii() and "\\u" in text))


def _parts(text: str, ascii_only: bool) -> Iterator[Part]:
    position = 0
    for literal, start, key in _values(text):
        value = json.loads(literal, strict=False)
        if is_language(value) and not is_identifier(value) and not _names_identifier(key, value):
            yield text[position:start]
            yield _part(Value(value, literal, ascii_only))
            position = start + len(literal)
    yield text[position:]


def _part(value: Value) -> Part:
    """Return the part of a value: a slot or, where it holds tags, the slots of its HTML."""
    if not _TAG.search(value.text):
        return value
    return Group(read_html(value.text), partial(_encode, value))


def _encode(value: Value, text: str) -> str:
    if text == value.text:
        return value.literal
    literal = json.dumps(text, ensure_ascii=value.ascii_only)
    # A lone surrogate cannot be encoded; it comes from an escape in the source and becomes one again.
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", literal)


def _values(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield each string value as written, its position and its key; a list's values have the list's key."""
    keys = [""]  # of the open objects and lists
    for match in _TOKEN.finditer(text):
        sign = match[0]
        if sign in ("{", "["):
            keys.append(keys[-1] if sign == "[" else "")
        elif sign in ("}", "]"):
            keys.pop()
        elif match[1] is not None:
            keys[-1] = json.loads(sign[: -len(match[1])], strict=False)
        else:
            yield sign, match.start(), keys[-1]


def _names_identifier(key: str, value: str) -> bool:
    """Return whether a key says that its value is an identifier: id, user_id, imageUrl, @type."""
    whole = re.sub(r"[^a-z\d]", "", key.lower())
    last = _LAST_WORD.search(key.strip("@$_-: "))
    names = {whole, last[0].lower() if last else ""} if _is_name(key) else {whole}
    return bool(names & _IDENTIFIER_KEYS) or (bool(names & _ENUMERATION_KEYS) and len(value.split()) == 1)


def _is_name(key: str) -> bool:
    """Return whether a key is a name of a program, and not a sentence that is itself the source text."""
    return bool(re.fullmatch(r"[@$]?[\w.:-]+", key))
