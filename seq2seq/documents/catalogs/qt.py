"""Qt's .ts catalogs: translations are filled and stay `type="unfinished"` until somebody has looked at them.

    <message numerus="yes">
        <source>%n file(s)</source>
        <translation type="unfinished"><numerusform>%n Datei</numerusform>...</translation>

A message with numerus has as many forms as the file gives it, or else as the language has. Vanished messages,
obsolete ones and those with variants of several lengths are kept. A note becomes a `<translatorcomment>`.
"""

import re
from collections.abc import Iterator

from seq2seq.documents.catalogs.entry import (
    Catalog,
    CatalogEntry,
    CatalogError,
    Filling,
    Replacement,
    edited,
)
from seq2seq.documents.catalogs.plurals import gettext_plurals
from seq2seq.documents.catalogs.xml_tree import XmlElement, XmlFile, characters_of

_BYTE = re.compile(r"""<byte\s+value\s*=\s*["'](x?)([0-9A-Fa-f]{1,4})["']\s*(?:/>|>\s*</byte>)""")
_CONTROL = re.compile("([\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f])")
_STAND_IN = 0xF0000  # private signs, which stand for bytes while a text is read
_STAND_INS = re.compile("[\U000f0000-\U000f00ff]")
_GONE = frozenset({"vanished", "obsolete"})


def read_catalog(
    name: str, data: bytes, target_language: str | None = None, existing: bytes | None = None
) -> "QtCatalog":
    """Read a .ts file of Qt; `existing` is always None, since a file holds both languages.

    Raises:
        CatalogError: the bytes are not such a file.
    """
    file = XmlFile(name, data)
    if file.root.name != "TS":
        raise CatalogError(name, f"is no catalog of Qt: it begins with <{file.root.raw_name}>, not <TS>")
    return QtCatalog(file, target_language)


class QtCatalog(Catalog):
    """A .ts file of Qt.

    Args:
        file: the file's XML.
        target_language: the language, where the file names none.
    """

    def __init__(self, file: XmlFile, target_language: str | None) -> None:
        self._file = file
        attributes = file.root.attributes
        language = attributes.get("language") or target_language
        messages = [each for each in file.root.walk() if each.name == "message" and _is_live(each)]
        forms = max(
            (len(t.children) for each in messages if (t := each.child("translation")) is not None), default=0
        )
        self._plural_forms = forms or gettext_plurals(language)[0]
        self._messages = {self._entry(message): message for message in messages}
        self._new_language: str | None = None
        super().__init__(file.name, list(self._messages), attributes.get("sourcelanguage"), language)

    def set_target_language(self, code: str) -> None:
        """Set the language, which is written into the root element."""
        super().set_target_language(code)
        self._new_language = code.replace("-", "_")

    def to_bytes(self) -> bytes:
        """Return the file with its filled messages."""
        changes = [
            change
            for entry, filling in self._fillings.items()
            for change in self._changes(entry, self._messages[entry], filling)
        ]
        root, old = self._file.root, self._file.root.attributes.get("language")
        new = self._new_language or old or (self.target_language or "").replace("-", "_")
        if new and new != old and (changes or self._new_language):
            changes.append(
                Replacement(root.start, root.inner, self._file.with_attributes(root, {"language": new}))
            )
        return self._file.decoded.encode(edited(self._file.text, changes))

    def _changes(self, entry: CatalogEntry, message: XmlElement, filling: Filling) -> Iterator[Replacement]:
        translation = message.child("translation")
        if filling.note:
            yield from self._note(message, translation, filling.note)
        if translation is None:
            last = message.children[-1]
            state = ' type="unfinished"' if filling.review else ""
            inner = self._written(entry, last, filling.targets)
            new = f"{self._file.indent(last)}<translation{state}>{inner}</translation>"
            yield Replacement(last.end, last.end, new)
            return
        tag = self._file.with_attributes(translation, {"type": "unfinished" if filling.review else None})
        if translation.is_empty_tag:
            inner = self._written(entry, translation, filling.targets)
            end = f"{inner}</{translation.raw_name}>"
            yield Replacement(translation.start, translation.end, re.sub(r"\s*/>$", ">", tag) + end)
            return
        if tag != translation.tag:
            yield Replacement(translation.start, translation.inner, tag)
        places = translation.children if entry.source_plural is not None else [translation]
        if len(places) != entry.plural_forms:
            inner = self._written(entry, translation, filling.targets)
            yield Replacement(translation.inner, translation.close, inner)
            return
        for place, target in zip(places, filling.targets, strict=True):
            if place.is_empty_tag:
                new = f"<{place.raw_name}>{self._escape(target)}</{place.raw_name}>"
                yield Replacement(place.start, place.end, new)
            elif self._text(place) != target:
                yield Replacement(place.inner, place.close, self._escape(target))

    def _written(self, entry: CatalogEntry, translation: XmlElement, targets: list[str]) -> str:
        """Return what stands in a translation; plural forms stand on lines as lupdate writes them."""
        texts = list(map(self._escape, targets))
        if entry.source_plural is None:
            return texts[0]
        indent = self._file.indent(translation)
        forms = "".join(f"{indent and indent + '    '}<numerusform>{text}</numerusform>" for text in texts)
        return forms + indent

    def _note(self, message: XmlElement, translation: XmlElement | None, note: str) -> Iterator[Replacement]:
        comment = message.child("translatorcomment")
        written = self._file.escape(note)
        if comment is None:
            before = [each for each in message.children if each is not translation]
            last = next((e for e in reversed(before) if not e.name.startswith(("userdata", "extra-"))), None)
            if last:
                new = f"{self._file.indent(last)}<translatorcomment>{written}</translatorcomment>"
                yield Replacement(last.end, last.end, new)
        elif note not in self._file.characters(comment).split("\n"):
            if comment.is_empty_tag:
                new = f"<translatorcomment>{written}</translatorcomment>"
                yield Replacement(comment.start, comment.end, new)
            else:
                yield Replacement(comment.close, comment.close, self._file.newline + written)

    def _entry(self, message: XmlElement) -> CatalogEntry:
        context = message.parent.child("name") if message.parent else None
        words = {child.name: self._text(child) for child in message.children}
        source, scope = words["source"], self._text(context) if context else ""
        identity = message.attributes.get("id") or "|".join(
            filter(None, (scope, source, words.get("comment")))
        )
        numerus = message.attributes.get("numerus") == "yes"
        forms = self._plural_forms if numerus else 1
        targets = self._targets(message, forms)
        translation = message.child("translation")
        unfinished = translation is not None and translation.attributes.get("type") == "unfinished"
        remarks = [words.get(name) for name in ("comment", "extracomment", "translatorcomment")]
        return CatalogEntry(
            key=identity,
            source=source,
            targets=targets,
            context=scope,
            source_plural=source if numerus else None,
            plural_forms=forms,
            flags=frozenset({"qt-plural-format" if numerus else "qt-format"})
            if "%" in source
            else frozenset(),
            state="missing" if not all(targets) else "review" if unfinished else "done",
            comment="\n".join(filter(None, remarks)),
            line=message.line,
        )

    def _targets(self, message: XmlElement, forms: int) -> list[str]:
        translation = message.child("translation")
        if translation is None:
            return [""] * forms
        if message.attributes.get("numerus") != "yes":
            return [self._text(translation)]
        texts = [self._text(child) for child in translation.children]
        return [*texts, *[""] * forms][:forms]

    def _text(self, element: XmlElement) -> str:
        """Return the text of an element; `<byte>` stands for a sign that XML forbids."""
        raw = self._file.inner(element)
        if "<byte" not in raw:
            return characters_of(raw)
        raw = _BYTE.sub(lambda match: chr(_STAND_IN + int(match[2], 16 if match[1] else 10) % 256), raw)
        return _STAND_INS.sub(lambda match: chr(ord(match[0]) - _STAND_IN), characters_of(raw))

    def _escape(self, text: str) -> str:
        pieces = _CONTROL.split(text)
        return "".join(
            f'<byte value="x{ord(piece):x}"/>' if number % 2 else self._file.escape(piece)
            for number, piece in enumerate(pieces)
        )


def _is_live(message: XmlElement) -> bool:
    """Return whether a message is part of the program, and of a kind that can be filled."""
    source, translation = message.child("source"), message.child("translation")
    if source is None or source.is_empty_tag:
        return False
    attributes = translation.attributes if translation else {}
    return attributes.get("type") not in _GONE and attributes.get("variants") != "yes"
