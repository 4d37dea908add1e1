"""Gettext's catalogs, PO and POT: msgstr is filled and marked `#, fuzzy`; all else is kept.

    # from the memory, 100 %
    #: window.c:12
    #, fuzzy, c-format
    msgid "%d files"
    msgstr "%d Dateien"

A plural message gets the forms that the header's Plural-Forms has, or else those of the language.
Placeholders in a template's header (charset, language, plural forms) are filled along with its messages.
Obsolete messages are kept. A note becomes a translator's comment.
"""

import codecs
from collections.abc import Iterator, Sequence

from seq2seq.documents.catalogs.entry import (
    Catalog,
    CatalogEntry,
    CatalogError,
    Filling,
    Replacement,
    State,
    edited,
)
from seq2seq.documents.catalogs.po_header import PoHeader, decode_po, encoding_of, read_header
from seq2seq.documents.catalogs.po_syntax import PoMessage, read_po
from seq2seq.documents.catalogs.po_wrapping import po_lines

_SEPARATOR = "\x04"  # between context and msgid, as in compiled catalogs
_OURS = (".", ":", ",", "|")  # second signs of comments that are no translator's


def read_catalog(
    name: str, data: bytes, target_language: str | None = None, existing: bytes | None = None
) -> "GettextCatalog":
    """Read a PO or POT file; `existing` is always None, since a file holds both languages.

    Raises:
        CatalogError: the bytes are not a PO file in the charset that it declares.
    """
    text, charset = decode_po(name, data)
    mark = data[:3] if data.startswith(codecs.BOM_UTF8) else b""
    return GettextCatalog(name, text, charset, mark, target_language)


class GettextCatalog(Catalog):
    """A PO or POT file.

    Args:
        name: the file's name.
        text: its text.
        charset: the charset that its header declares.
        mark: its byte order mark, empty if it has none.
        target_language: the language, where the header names none.
    """

    def __init__(self, name: str, text: str, charset: str, mark: bytes, target_language: str | None) -> None:
        self._text, self._mark, self._encoding = text, mark, encoding_of(charset)
        messages, self._width = read_po(text, name, self._encoding)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        header, self._header = read_header(messages, charset, target_language)
        self._messages = {_entry(each, self._header): each for each in messages if each is not header}
        self._new_language: str | None = None
        super().__init__(name, list(self._messages), None, self._header.language)

    def set_target_language(self, code: str) -> None:
        """Set the language, which is written into the header."""
        super().set_target_language(code)
        self._new_language = code.replace("-", "_")

    def to_bytes(self) -> bytes:
        """Return the file with its filled messages."""
        changes = [
            change
            for entry, filling in self._fillings.items()
            for change in self._changes(self._messages[entry], filling)
        ]
        if changes or self._new_language:
            with_plurals = any(entry.source_plural is not None for entry in self._fillings)
            is_ascii = edited(self._text, changes).isascii()
            changes += self._header.changes(
                self._text, self._newline, self._new_language, with_plurals=with_plurals, is_ascii=is_ascii
            )
        return self._mark + edited(self._text, changes).encode(self._encoding)

    def _check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        for target in targets:
            try:
                target.encode(self._encoding)
            except UnicodeEncodeError as error:
                sign = target[error.start]
                charset = self._header.charset
                sentence = f"its charset, {charset}, has no {sign!r}; convert it, msgconv --to-code=UTF-8"
                raise CatalogError(self.name, sentence, entry.line) from error

    def _changes(self, message: PoMessage, filling: Filling) -> Iterator[Replacement]:
        lines = [f"# {line}".rstrip() for line in (filling.note or "").splitlines()]
        if lines and not set(lines) <= {comment.text for comment in message.comments}:
            yield self._new_lines(self._place_of_note(message), lines)
        yield from self._mark_review(message) if filling.review else self._unmark_review(message)
        yield from self._translation(message, filling.targets)

    def _translation(self, message: PoMessage, targets: list[str]) -> Iterator[Replacement]:
        """Yield the replacements of msgstr; forms that stay equal keep their lines, those too many go."""
        numbered = bool(message.plural)
        for number, form in message.forms.items():
            if number >= len(targets):
                yield self._without_line(form.start, form.end)
        added: list[str] = []
        for number, target in enumerate(targets):
            keyword = f"msgstr[{number}]" if numbered else "msgstr"
            lines = po_lines(target, len(keyword) + 1, self._width)
            written = f"{keyword} {self._newline.join(lines)}"
            old = message.forms.get(number) if message.numbered == numbered else None
            if old is None:
                added.append(written)
            elif old.value != target:
                yield Replacement(old.start, old.end, written)
        if not added:
            return
        if message.forms and message.numbered != numbered:  # a plural message with a single msgstr
            old = message.forms[0]
            yield Replacement(old.start, old.end, self._newline.join(added))
            return
        kept = [form for number, form in message.forms.items() if number < len(targets)]
        parts = [message.source, message.plural, *kept]
        end = max(part.end for part in parts if part)
        yield Replacement(end, end, self._newline.join(["", *added]))

    def _mark_review(self, message: PoMessage) -> Iterator[Replacement]:
        if "fuzzy" in message.flags:
            return
        for comment in message.comments:
            if comment.text.startswith("#,"):
                yield Replacement(comment.start + 2, comment.start + 2, " fuzzy,")
                return
        previous = [comment.start for comment in message.comments if comment.text.startswith("#|")]
        yield self._new_lines(min([*previous, message.start]), ["#, fuzzy"])

    def _unmark_review(self, message: PoMessage) -> Iterator[Replacement]:
        """Take the mark away, and the previous msgid that explains it."""
        if "fuzzy" not in message.flags:
            return
        for comment in message.comments:
            if comment.text.startswith("#|"):
                yield self._without_line(comment.start, comment.end)
            elif comment.text.startswith("#,") and "fuzzy" in comment.text:
                flags = [flag.strip() for flag in comment.text[2:].split(",")]
                kept = ", ".join(flag for flag in flags if flag not in ("", "fuzzy"))
                if kept:
                    yield Replacement(comment.start, comment.end, f"#, {kept}")
                else:
                    yield self._without_line(comment.start, comment.end)

    def _place_of_note(self, message: PoMessage) -> int:
        """Return the place after the translator's comments of the block in front of a message."""
        place, block = message.start, message.comments
        for number in range(len(block) - 1, -1, -1):
            if self._text[block[number].end : place].count("\n") > 1:
                break  # an empty line: what stands before it is about the file
            place = block[number].start
        start = place
        for comment in block:
            if comment.start >= start and comment.text[1:2] not in _OURS:
                place = self._line_end(comment.end)
        return place

    def _new_lines(self, place: int, lines: list[str]) -> Replacement:
        """Return the insertion of lines before the line of a place, or right there if words precede it."""
        start = self._text.rfind("\n", 0, place) + 1
        text = "".join(line + self._newline for line in lines)
        if self._text[start:place].strip():
            return Replacement(place, place, self._newline + text)
        return Replacement(start, start, text)

    def _without_line(self, start: int, end: int) -> Replacement:
        """Return the removal of a comment or string, with its line if nothing precedes it there."""
        line = self._text.rfind("\n", 0, start) + 1
        if self._text[line:start].strip():
            return Replacement(start, end, "")
        return Replacement(line, self._line_end(end), "")

    def _line_end(self, place: int) -> int:
        end = self._text.find("\n", place)
        return len(self._text) if end < 0 else end + 1


def _entry(message: PoMessage, header: PoHeader) -> CatalogEntry:
    """Return the entry of a message."""
    assert message.source  # the reader refuses a message without one
    source, context = message.source.value, message.context.value if message.context else ""
    forms = header.forms if message.plural else 1
    targets = [message.forms[number].value if number in message.forms else "" for number in range(forms)]
    state: State = "review" if "fuzzy" in message.flags else "done"
    remarks = [comment.text[2:].strip() for comment in message.comments if comment.text[1:2] not in _OURS[1:]]
    return CatalogEntry(
        key=context + _SEPARATOR + source if message.context else source,
        source=source,
        targets=targets,
        context=context,
        source_plural=message.plural.value if message.plural else None,
        plural_forms=forms,
        singular_form=header.singular if message.plural else None,
        flags=frozenset(message.flags) - {"fuzzy"},
        state=state if all(targets) else "missing",
        comment="\n".join(filter(None, remarks)),
        line=message.line,
    )
