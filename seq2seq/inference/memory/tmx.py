"""TMX 1.4, the exchange format of translation memories: read as a stream, written as a whole.

    <tu><tuv xml:lang="en-US"><seg>Open <ph x="1">%s</ph></seg></tuv><tuv xml:lang="de">...</tuv></tu>

Inline elements become text: the native code that they hold ("%s", "<b>") or, where they hold none, a
placeholder that is the same in every language ({1}, <1>, </1>). A reader keeps one unit at a time, however
large the file is. Declared entities can grow without bound and are refused; nothing outside of the file is
read.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from seq2seq import __version__
from seq2seq.inference.memory.entries import MemoryEntry
from seq2seq.text.compression import open_file

BLOCK = 2**16  # bytes that are parsed at once
MOST_TEXT = 2**20  # characters of one unit; more are no label and no sentence
_CONTEXTS = ("x-context", "context", "msgctxt", "x-msgctxt")  # types of <prop>
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_CONTROL = "x-char"  # the type of <ph> in place of a character that XML cannot hold
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INLINE = {"ph": "{%s}", "it": "{%s}", "ut": "{%s}", "bpt": "<%s>", "ept": "</%s>"}


def read_tmx(path: str | Path) -> Iterator[MemoryEntry]:
    """Yield the units of a file, plain or compressed, each with its languages as the file names them.

    Raises:
        ValueError: The file cannot be read, is no whole TMX, or declares entities.
    """
    reader = _TmxReader()
    try:
        with open_file(str(path)) as file:
            yield from _parsed(file.read, reader)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise ValueError(f"{path}, line {error.lineno}: no whole XML ({what}); export it again") from None
    except (_TmxError, LookupError) as error:
        raise ValueError(f"{path}, line {reader.parser.CurrentLineNumber}: {error}") from None


def write_tmx(entries: Iterable[MemoryEntry], source_language: str) -> Iterator[bytes]:
    """Yield a TMX 1.4 of units in UTF-8, piece by piece."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">\n'
        f'<header creationtool="seq2seq" creationtoolversion="{__version__}" segtype="block" o-tmf="seq2seq" '
        f'adminlang="en" srclang={quoteattr(source_language)} datatype="plaintext"/>\n<body>\n'
    ).encode()
    for entry in entries:
        yield _written(entry).encode()
    yield b"</body>\n</tmx>\n"


def _written(entry: MemoryEntry) -> str:
    properties = "".join(
        f'<prop type="{kind}">{escape(_FORBIDDEN.sub(UNKNOWN, text), _RETURN)}</prop>'
        for kind, text in (("x-context", entry.context), ("x-origin", entry.origin))
        if text
    )
    variants = "".join(
        f"<tuv xml:lang={quoteattr(language)}><seg>{_escaped(text)}</seg></tuv>"
        for language, text in entry.texts
    )
    return f"<tu>{properties}{variants}</tu>\n"


_RETURN = {"\r": "&#13;"}  # written as it is, a parser would read a line feed


def _escaped(text: str) -> str:
    """Return a text as XML; a character that XML cannot hold becomes an inline element."""
    return _FORBIDDEN.sub(
        lambda found: f'<ph type="{_CONTROL}">U+{ord(found[0]):04X}</ph>', escape(text, _RETURN)
    )


class _TmxError(Exception):
    """Something in the file that is refused; the message says what and names a remedy."""


def _parsed(read: Callable[[int], bytes], reader: "_TmxReader") -> Iterator[MemoryEntry]:
    while block := read(BLOCK):
        reader.parser.Parse(block, False)
        yield from reader.take()
    reader.parser.Parse(b"", True)
    yield from reader.take()
    if not reader.is_tmx:
        raise _TmxError("no <tmx> in this file; give a TMX 1.4")


class _TmxReader:
    """The handlers of expat, and the units that are complete."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse_entity
        self.parser.SkippedEntityHandler = self._refuse_unknown
        self.is_tmx = False
        self._entries: list[MemoryEntry] = []
        self._texts: list[tuple[str, str]] = []
        self._language = ""
        self._property = ""
        self._values: dict[str, str] = {}
        self._collected: list[str] | None = None  # pieces of the text of a <seg> or <prop>
        self._size = 0
        self._inline: list[tuple[str, dict[str, str], int]] = []  # open elements: name, attributes, place

    def take(self) -> list[MemoryEntry]:
        """Return the units that were completed since the last call."""
        taken, self._entries = self._entries, []
        return taken

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "tmx":
                self.is_tmx = True
            case "tu":
                self._texts, self._values, self._size = [], {}, 0
            case "tuv":
                self._language = attributes.get("xml:lang") or attributes.get("lang") or ""
            case "prop":
                self._property, self._collected = attributes.get("type", ""), []
            case "seg":
                self._collected, self._inline = [], []
            case _ if name in _INLINE and self._collected is not None:
                self._inline.append((name, attributes, len(self._collected)))

    def _characters(self, text: str) -> None:
        if self._collected is None:
            return
        self._size += len(text)
        if self._size > MOST_TEXT:
            raise _TmxError(f"a unit of more than {MOST_TEXT:,} characters; leave it out")
        self._collected.append(text)

    def _end(self, name: str) -> None:
        if name in _INLINE and self._inline:
            self._end_inline(*self._inline.pop())
        elif name == "seg" and self._collected is not None:
            self._texts.append((self._language.strip(), "".join(self._collected)))
            self._collected = None
        elif name == "prop" and self._collected is not None:
            self._values.setdefault(self._property.lower(), "".join(self._collected))
            self._collected = None
        elif name == "tu":
            context = next((self._values[kind] for kind in _CONTEXTS if self._values.get(kind)), None)
            self._entries.append(MemoryEntry(tuple(self._texts), context, self._values.get("x-origin")))

    def _end_inline(self, name: str, attributes: dict[str, str], start: int) -> None:
        """Keep the code of an inline element, or put a placeholder where it has none."""
        assert self._collected is not None
        code = "".join(self._collected[start:])
        if attributes.get("type") == _CONTROL and (found := re.fullmatch(r"U\+([0-9A-F]{4,6})", code)):
            number = int(found[1], 16)
            self._collected[start:] = [chr(number)] if number <= 0x10FFFF else [code]
        elif not code:
            number_of = attributes.get("x") or attributes.get("i") or str(len(self._collected) + 1)
            self._collected.append(_INLINE[name] % number_of)

    def _refuse_entity(self, name: str, *declaration: object) -> None:
        raise _TmxError(f"the entity {name[:40]!r} is declared, which is not read; export it without")

    def _refuse_unknown(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise _TmxError(f"the entity {name[:40]!r} is not declared; export it again")
