"""A document as its untouched parts and the slots between them, which translations fill.

Every format reads its text into such a list and joins it again; what is not in a slot comes back as it was.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

TranslateTexts = Callable[[list[str]], Iterable["Translation"]]
ReportProgress = Callable[[int, int], None]


class Slot(Protocol):
    """A place for a translation."""

    @property
    def text(self) -> str:
        """The text to be translated."""

    def write(self, translation: "Translation") -> str:
        """Return the translation in the syntax of the format."""


Template = list[str | Slot]


def texts_of(templates: Sequence[Template]) -> list[str]:
    """Return the texts of all slots, in order."""
    return [slot.text for slot in _slots(templates)]


def fill(template: Template, translate: TranslateTexts) -> str:
    """Return a text with its slots filled, translated in one call."""
    return fill_all([template], translate)[0]


def fill_all(
    templates: Sequence[Template], translate: TranslateTexts, progress: ReportProgress | None = None
) -> list[str]:
    """Return the texts of several templates, all translated in one call of `translate`.

    `progress(done, total)` is called after each slot.
    """
    slots = _slots(templates)
    written: list[str] = []
    if slots:
        for slot, translation in zip(slots, translate([slot.text for slot in slots]), strict=True):
            written.append(slot.write(translation))
            if progress:
                progress(len(written), len(slots))
    filled = iter(written)
    return [
        "".join(part if isinstance(part, str) else next(filled) for part in template)
        for template in templates
    ]


def _slots(templates: Sequence[Template]) -> list[Slot]:
    return [part for template in templates for part in template if not isinstance(part, str)]
