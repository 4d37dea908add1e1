"""XML without loss: the raw tags and characters of a text, each start tag with its end tag.

The text is parsed by expat first, so that whatever follows may rely on well-formed XML. Entities that a
document type declares can grow without bound ("billion laughs"), so none are read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from xml.parsers import expat

from seq2seq.documents.inline import is_identifier, is_language
from seq2seq.documents.template import LanguageCode, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_PART = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>|</[^>]*+>"
    r"""|<(?P<name>[^\s/>]++)(?:[^"'>/]|/(?!>)|"[^"]*"|'[^']*')*+(?P<empty>/?)>|[^<]++""",
    re.DOTALL,
)
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_XML = 16 * 2**20  # bytes of one part
StartTag = Callable[[str, dict[str, str]], None]


class XmlParts:
    """The tags and characters of an XML text.

    Attributes:
        parts: the raw tags and characters; joined, they are the text.
        names: of start tags, as `canonical` gives them; None for other parts.
        ends: of a start tag the index of its end tag; else the part's own index.

    Args:
        xml: well-formed XML.
        canonical: maps a name with its prefix to the name by which a reader knows it.
    """

    def __init__(self, xml: str, canonical: Callable[[str], str]) -> None:
        self.parts: list[str] = []
        self.names: list[str | None] = []
        self.ends: list[int] = []
        stack: list[int] = []
        for number, match in enumerate(_PART.finditer(xml)):
            self.parts.append(match[0])
            self.ends.append(number)
            self.names.append(match["name"] and canonical(match["name"]))
            if match["name"] and not match["empty"]:
                stack.append(number)
            elif match[0].startswith("</"):
                self.ends[stack.pop()] = number

    def raw(self, start: int, end: int) -> str:
        """Return the source of some parts, `end` not included."""
        return "".join(self.parts[start:end])

    def characters(self, start: int, end: int) -> str:
        """Return the text of some parts, entities resolved."""
        return "".join(
            part[9:-3] if part.startswith("<![CDATA[") else unescape(part)
            for part in self.parts[start:end]
            if not part.startswith("<") or part.startswith("<![CDATA[")
        )


@dataclass(frozen=True)
class XmlText:
    """A slot for the text of an element or an attribute, and the same as written."""

    text: str
    raw: str

    def write(self, translation: "Translation") -> str:
        """Return the translation, escaped."""
        if translation.text == self.text:
            return self.raw
        return escape_xml(translation.text).replace('"', "&quot;")


def escape_xml(text: str) -> str:
    """Escape a text so that it can stand between tags; characters that XML forbids are dropped."""
    text = _FORBIDDEN.sub("", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def checked_xml(
    content: bytes, name: str, start: StartTag | None = None, *, may_have_type: bool = False
) -> str:
    """Return the text of an XML part; `start` is called with each start tag.

    Args:
        content: the part's bytes.
        name: the document's name, for errors.
        start: called with the name and the attributes of each start tag.
        may_have_type: allow a document type, though without entities.

    Raises:
        ValueError: the part is not well-formed XML in UTF-8, or declares a type or entities.
    """
    if len(content) > MOST_XML:
        raise ValueError(f"a text in {name!r} has over {MOST_XML >> 20} MiB; split the document")

    def refuse(*_: object) -> None:
        raise ValueError(f"{name!r} holds a document type with entities of its own; save it again")

    parser = expat.ParserCreate("utf-8")
    if may_have_type:
        parser.EntityDeclHandler = refuse
    else:
        parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    try:
        text = content.decode("utf-8-sig")
        parser.Parse(content, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise ValueError(f"{name!r} holds XML that is damaged ({error}); save it again") from error
    return text


def read_elements(xml: str, names: frozenset[str], codes: frozenset[str] = frozenset()) -> Template:
    """Read the elements of given names that hold nothing but text.

    Args:
        xml: well-formed XML.
        names: qualified names of elements that are translated, such as dc:title.
        codes: of those that hold the code of the document's language.
    """
    xml_parts = XmlParts(xml, lambda name: name)
    template: Template = []
    number = 0
    while number < len(xml_parts.parts):
        template.append(xml_parts.parts[number])
        end = xml_parts.ends[number]
        content = xml_parts.raw(number + 1, end)
        number += 1
        known = xml_parts.names[number - 1] in names | codes
        if not known or not content or any(xml_parts.names[number:end]):
            continue
        text = xml_parts.characters(number, end).strip()
        if xml_parts.names[number - 1] in codes:
            template.append(LanguageCode(content))
        elif is_language(text) and not is_identifier(text):
            template.append(XmlText(text, content))
        else:
            template.append(content)
        number = end
    return template
