"""A document as its untouched parts and the slots between them, which translations fill.

Every format reads its text into such a list and joins it again; what is not in a slot comes back as it was.

    str           kept as it is
    Slot          a text, translated
    LanguageCode  the document's language, replaced by the target language
    Group         a text in another syntax, such as HTML in a JSON string, with slots of its own
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

TranslateTexts = Callable[[list[str]], Iterable["Translation"]]
ReportProgress = Callable[[int, int], None]


class Slot(Protocol):
    """A place for a translation.

    A slot whose tags hold texts of their own (the `alt` of an image in a sentence) has them in `inner`, a
    template that is translated first; its `write` returns parts of that template among its own text.
    """

    @property
    def text(self) -> str:
        """The text to be translated."""

    def write(self, translation: "Translation") -> "str | Template":
        """Return the translation in the syntax of the format."""


@dataclass(frozen=True)
class LanguageCode:
    """A place for the code of the document's language; `raw` is the source's."""

    raw: str


@dataclass(frozen=True, eq=False)
class Group:
    """Parts that are joined and then encoded for the text around them."""

    parts: "Template"
    encode: Callable[[str], str]


Part = str | Slot | LanguageCode | Group
Template = list[Part]


class Markup(str):
    """The source of a tag, with the slots inside it as `parts`.

    It is a string, so that whatever moves tags about need not know that some hold texts.
    """

    parts: Template

    def __new__(cls, source: str, parts: Template) -> "Markup":
        """Return the source of a tag with its parts."""
        markup = super().__new__(cls, source)
        markup.parts = parts
        return markup


def expand(raws: Iterable[str]) -> Template:
    """Return the parts of strings, some of which may be `Markup`."""
    return [part for raw in raws for part in (raw.parts if isinstance(raw, Markup) else [raw])]


def inner_parts(raws: Iterable[str | None]) -> Template:
    """Return the parts of those strings that are `Markup`."""
    return [part for raw in raws if isinstance(raw, Markup) for part in raw.parts]


def texts_of(templates: Sequence[Template]) -> list[str]:
    """Return the texts of all slots, in order."""
    return [slot.text for template in templates for slot in _slots(template)]


def fill(template: Template, translate: TranslateTexts, target: str | None = None) -> str:
    """Return a text with its slots filled, translated in one call."""
    return fill_all([template], translate, target=target)[0]


def fill_all(
    templates: Sequence[Template],
    translate: TranslateTexts,
    progress: ReportProgress | None = None,
    target: str | None = None,
) -> list[str]:
    """Return the texts of several templates, all translated in one call of `translate`.

    `progress(done, total)` is called after each slot. `target` is the code of the target language, which
    replaces the one that the document declares; None keeps it.
    """
    slots = [slot for template in templates for slot in _slots(template)]
    written: dict[int, str] = {}  # by the identity of a slot: two slots may be equal
    language = target and target.replace("_", "-")

    def join(part: Part) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, LanguageCode):
            return language or part.raw
        if isinstance(part, Group):
            return part.encode("".join(map(join, part.parts)))
        return written[id(part)]

    if slots:
        for slot, translation in zip(slots, translate([slot.text for slot in slots]), strict=True):
            result = slot.write(translation)
            written[id(slot)] = result if isinstance(result, str) else "".join(map(join, result))
            if progress:
                progress(len(written), len(slots))
    return ["".join(map(join, template)) for template in templates]


def _slots(template: Template) -> Iterator[Slot]:
    """Yield all slots; those inside another one come before it."""
    for part in template:
        if isinstance(part, str | LanguageCode):
            continue
        if isinstance(part, Group):
            yield from _slots(part.parts)
        else:
            yield from _slots(getattr(part, "inner", []))
            yield part
