"""A document as its untouched parts and the slots between them that a translation fills.

Every format reads its bytes into such a list and joins it again; what is not in a slot comes back as it was.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from seq2seq.inference.results import Translation

TranslateTexts = Callable[[list[str]], Iterable[Translation]]
ReportProgress = Callable[[int, int], None]


class Slot(Protocol):
    """A place for a translation: `text` is to be translated, `write` says what stands there then."""

    @property
    def text(self) -> str: ...

    def write(self, translation: Translation) -> str: ...


Template = list["str | Slot"]


def fill(template: Template, translate: TranslateTexts, progress: ReportProgress | None = None) -> str:
    """A document with its slots translated, all in one call; `progress(done, all)` after each of them."""
    return fill_all([template], translate, progress)[0]


def fill_all(
    templates: Sequence[Template], translate: TranslateTexts, progress: ReportProgress | None = None
) -> list[str]:
    """The same for several texts of one document, still in one call."""
    slots = [part for template in templates for part in template if not isinstance(part, str)]
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
