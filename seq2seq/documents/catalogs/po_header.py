"""The header of a PO file: its charset, language and plural forms, and the changes that complete it."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import c2py

from seq2seq.documents.catalogs.entry import CatalogError, Replacement
from seq2seq.documents.catalogs.plurals import gettext_plurals
from seq2seq.documents.catalogs.po_syntax import PoMessage, PoString
from seq2seq.documents.encoding import known_encoding

_HEADER = re.compile(rb'^[ \t]*msgid[ \t]*""\s*msgstr[ \t]*((?:"[^\n]*"\s*)+)', re.MULTILINE)
_CHARSET = re.compile(rb"Content-Type:[^\n\"]*?charset=([A-Za-z0-9_.:+-]+)", re.IGNORECASE)
_TEMPLATE = "CHARSET"  # what xgettext writes where nobody has chosen one
_ASCII = frozenset({_TEMPLATE, "ASCII", "US-ASCII", "ANSI_X3.4-1968"})
_SINGLE_BYTE = ("iso8859", "cp12", "koi8")
_PLURAL_FORMS = re.compile(r"nplurals\s*=\s*(\d{1,2})\s*;\s*plural\s*=\s*([^;\n]+)")
_LANGUAGE = re.compile(r"^Language:[ \t]*(\S*)", re.MULTILINE)
_MOST_FORMS = 10


def decode_po(name: str, data: bytes) -> tuple[str, str]:
    """Return the text of a PO file without its byte order mark, and the charset that its header declares.

    Raises:
        CatalogError: the charset is not known, or the bytes are not in it.
    """
    found = _HEADER.search(data)
    charset = _CHARSET.search(found[1]) if found else None
    declared = charset[1].decode() if charset else "UTF-8"
    encoding = encoding_of(declared)
    if not encoding:
        raise CatalogError(
            name, f"its header says charset={declared}, which is not known; write charset=UTF-8"
        )
    if b"\0" in data:
        raise CatalogError(name, "is UTF-16, which PO files cannot be; save it as UTF-8")
    content = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        sentence = f"byte {error.start} is not {declared}, the charset of its header; correct the header"
        raise CatalogError(name, sentence, content.count(b"\n", 0, error.start) + 1) from error
    if encoding.startswith(_SINGLE_BYTE) and _is_utf_8(content):
        raise CatalogError(
            name, f"its header says charset={declared}, but its bytes are UTF-8; correct the header"
        )
    if text.encode(encoding) != content:
        raise CatalogError(
            name, f"cannot be written again in {declared}; convert it, msgconv --to-code=UTF-8"
        )
    return text, declared


def encoding_of(charset: str) -> str:
    """Return Python's name of a header's charset, "" if it is not known; a template's is UTF-8."""
    return "utf-8" if charset.upper() in _ASCII else known_encoding(charset)


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return not content.isascii()


@dataclass
class PoHeader:
    """The fields of a PO file's header, which may be missing.

    Attributes:
        string: its msgstr, None if there is no header.
        charset: the charset that it declares.
        language: the language that it declares, or else the caller's.
        forms: the number of plural forms.
        singular: the form of the number 1; None if one form serves all.
        lacks_rule: whether it has no plural rule, so that Babel's is to be added.
    """

    string: PoString | None
    charset: str
    language: str | None
    forms: int
    singular: int | None
    lacks_rule: bool

    def changes(
        self, text: str, newline: str, new_language: str | None, *, with_plurals: bool, is_ascii: bool
    ) -> Iterator[Replacement]:
        """Yield the changes that complete the header of a file with translations.

        Args:
            text: the file's text, in which the header lies.
            newline: the line end of the file.
            new_language: the language that was set, None to keep a declared one.
            with_plurals: whether plural messages were filled, which need a rule.
            is_ascii: whether the filled file has no other characters.
        """
        if not self.string:
            return
        raw = text[self.string.quote : self.string.end]
        new = raw
        if self.charset.upper() in _ASCII and (self.charset == _TEMPLATE or not is_ascii):
            new = re.sub(r"(charset=)[^\\\"\n]+", r"\g<1>UTF-8", new, count=1, flags=re.IGNORECASE)
        language = new_language or (self.language or "").replace("-", "_")
        if re.search(r"Language:[ \t]*(?=\\n|\"|$)", new) or new_language:
            new = _with_field(new, "Language", language, newline)
        count, rule = gettext_plurals(self.language)
        if self.lacks_rule and count == self.forms and ("nplurals=INTEGER" in new or with_plurals):
            new = _with_field(new, "Plural-Forms", f"nplurals={count}; plural={rule};", newline)
        if new != raw:
            yield Replacement(self.string.quote, self.string.end, new)


def read_header(
    messages: list[PoMessage], charset: str, target_language: str | None
) -> tuple[PoMessage | None, PoHeader]:
    """Return the message that is the header, if any, and what it says.

    Args:
        messages: all messages of the file.
        charset: the charset that was found.
        target_language: the language where the header declares none.
    """
    message = next((m for m in messages if not m.context and m.source and not m.source.value), None)
    string = message.forms.get(0) if message else None
    declared = _LANGUAGE.search(string.value) if string else None
    language = (declared and declared[1]) or target_language
    found = _PLURAL_FORMS.search(string.value) if string else None
    count, rule = (int(found[1]), found[2]) if found else gettext_plurals(language)
    used = 0 if found else max((len(m.forms) for m in messages if _is_translated(m)), default=0)
    count = min(max(used or count, 1), _MOST_FORMS)
    try:
        singular = c2py(rule.strip())(1)
    except (ValueError, ZeroDivisionError, RecursionError):  # a rule that no tool accepts
        singular = 0
    return message, PoHeader(string, charset, language, count, singular if count > 1 else None, not found)


def _is_translated(message: PoMessage) -> bool:
    return bool(message.plural) and any(form.value for form in message.forms.values())


def _with_field(raw: str, name: str, value: str, newline: str) -> str:
    """Return the quoted lines of a header with a field replaced or added at the end."""
    field, found = re.subn(rf"({name}:)[^\\\"\n]*", lambda match: f"{match[1]} {value}", raw, count=1)
    if found:
        return field
    end = "" if raw.endswith('\\n"') or raw == '""' else "\\n"
    return f'{raw}{newline}"{end}{name}: {value}\\n"'
