"""Attributes of HTML that are texts: shown in a tooltip or a field, read aloud, or the page's own summary.

    alt title placeholder aria-label ...    of any element
    label                                   of option, optgroup and track
    value                                   of <input type=submit>, button and reset
    content                                 of <meta name=description> and its kin (og:title, twitter:title)

The language of the root, and of <meta http-equiv=content-language>, becomes the target language.
"""

from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from seq2seq.documents.html_tokenizer import Tag
from seq2seq.documents.inline import is_identifier, is_language
from seq2seq.documents.template import LanguageCode, Markup, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

_ANYWHERE = """
    alt title placeholder summary aria-label aria-description aria-placeholder aria-roledescription
    aria-valuetext aria-braillelabel
"""
TEXTS = frozenset(_ANYWHERE.split())
_OF_ELEMENTS = {"label": ("option", "optgroup", "track", "menuitem"), "abbr": ("th",)}
_META = """
    description keywords abstract subject dc.title dc.description dcterms.title dcterms.description
    og:title og:description og:image:alt twitter:title twitter:description twitter:image:alt
"""
_META_NAMES = ("name", "property", "itemprop")
_SUMMARIES = frozenset(_META.split())
_BUTTONS = frozenset({"submit", "button", "reset"})


@dataclass(frozen=True)
class AttributeValue:
    """A slot for the value of an attribute: its text, and the same as written, with its quotes."""

    text: str
    raw: str

    def write(self, translation: "Translation") -> str:
        """Return the translation in the quotes of the source."""
        if translation.text == self.text:
            return self.raw
        quote = "'" if self.raw.startswith("'") else '"'
        text = translation.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return quote + text.replace(quote, "&#39;" if quote == "'" else "&quot;") + quote


def with_slots(tag: Tag) -> str:
    """Return a tag's source, as `Markup` if one of its attributes is a text or the document's language."""
    if tag.closes or "=" not in tag.raw:
        return tag.raw
    parts: Template = []
    position, seen = 0, set()
    for name, start, end in tag.values():
        if name in seen or start == end:
            continue
        seen.add(name)
        raw = tag.raw[start:end]
        inner = raw[1:].removesuffix(raw[0]) if raw[0] in "\"'" else raw
        text = " ".join(unescape(inner).split())
        if _is_code(tag, name):
            shift = int(raw[0] in "\"'")
            parts += [tag.raw[position : start + shift], LanguageCode(inner)]
            position = start + shift + len(inner)
        elif is_language(text) and _is_text(tag, name) and not is_identifier(text):
            parts += [tag.raw[position:start], AttributeValue(text, raw)]
            position = end
    return Markup(tag.raw, [*parts, tag.raw[position:]]) if parts else tag.raw


def _is_text(tag: Tag, name: str) -> bool:
    if name in TEXTS or tag.name in _OF_ELEMENTS.get(name, ()):
        return True
    if tag.name == "input" and name == "value":
        return tag.attributes.get("type", "").strip().lower() in _BUTTONS
    if tag.name == "meta" and name == "content":
        key = next((tag.attributes[name] for name in _META_NAMES if name in tag.attributes), "")
        return key.strip().lower() in _SUMMARIES
    return False


def _is_code(tag: Tag, name: str) -> bool:
    """Return whether an attribute is the language of the document."""
    if tag.name == "html":
        return name in ("lang", "xml:lang")
    declares = tag.name == "meta" and name == "content" and "http-equiv" in tag.attributes
    return declares and tag.attributes["http-equiv"].strip().lower() == "content-language"
