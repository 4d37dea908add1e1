"""Inline elements of a catalog's strings: codes become short placeholders, which the translation moves about.

    in the file     Press <ph id="1" equiv-text="Key"><b>{key}</b></ph> to <g id="2">go</g>
    in the entry    Press <ph id="1"/> to <g id="2">go</g>

An element whose content is code is opaque: it is carried as an empty element of the same name, and comes back
as it was, even if it overlaps others. Elements with words inside keep their tags.
"""

import re
from collections.abc import Callable
from html import unescape

from seq2seq.documents.xml_parts import XmlParts, escape_xml

_ID = re.compile(r"""\s(?:id|rid|startRef)\s*=\s*["']([^"'<>&]{1,60})["']""")
Convert = Callable[[str], str]


class InlineText:
    """The text of a string with its inline elements.

    Attributes:
        text: an XML fragment with short placeholders if there are elements, otherwise plain text.
        has_elements: whether it is such a fragment.
        codes: the elements as written, by their placeholders.

    Args:
        xml: what stands between the tags of the string, as written.
        opaque: names without prefix of elements whose content is code.
        read: converts each text from the format's own escapes; the references of XML are resolved before.
        as_fragment: make a fragment even without elements, as those of its siblings are.
    """

    def __init__(
        self, xml: str, opaque: frozenset[str], read: Convert = str, as_fragment: bool = False
    ) -> None:
        parts = XmlParts(xml.replace("\r\n", "\n"), str)
        self.has_elements = as_fragment or any(name is not None for name in parts.names)
        self.codes: dict[str, str] = {}
        pieces: list[str] = []
        number = 0
        while number < len(parts.parts):
            part, name = parts.parts[number], parts.names[number]
            if name is not None and name.rpartition(":")[2] in opaque:
                pieces.append(self._placeholder(name, part, parts.raw(number, parts.ends[number] + 1)))
                number = parts.ends[number]
            elif name is not None or part.startswith("</"):
                pieces.append(part)
            else:  # comments and instructions have no characters
                text = read(parts.characters(number, number + 1))
                pieces.append(escape_xml(text) if self.has_elements else text)
            number += 1
        self.text = "".join(pieces)

    def _placeholder(self, name: str, tag: str, raw: str) -> str:
        found = _ID.search(tag)
        identity = found[1] if found else str(len(self.codes) + 1)
        placeholder, count = f'<{name} id="{identity}"/>', 1
        while self.codes.get(placeholder, raw) != raw:
            count += 1
            placeholder = f'<{name} id="{identity}-{count}"/>'
        self.codes[placeholder] = raw
        return placeholder

    def write(self, target: str, escape: Convert) -> str:
        """Return a translation in the syntax of the file.

        Args:
            target: a fragment with the same elements, or plain text if there are none.
            escape: converts plain text to the format's escapes and XML's references.
        """
        if not self.has_elements:
            return escape(target)
        parts = XmlParts(target, str)
        pieces: list[str] = []
        number = 0
        while number < len(parts.parts):
            part, name = parts.parts[number], parts.names[number]
            found = _ID.search(part) if name is not None else None
            raw = self.codes.get(f'<{name} id="{found[1]}"/>') if found else None
            if raw is not None:
                pieces.append(raw)
                number = parts.ends[number]
            elif part.startswith("<"):
                pieces.append(part)
            else:
                pieces.append(escape(unescape(part)))
            number += 1
        return "".join(pieces)
