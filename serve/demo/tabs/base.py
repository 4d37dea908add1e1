"""What the tabs of the page have in common: a part of the text in, the values of the tab's components out."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from gradio.components import Component

from seq2seq import Translator

from ..state import PagePart


def within(number: Any, count: int) -> int:
    """The number of one of `count`: the last where it is beyond them, the first where it is none at all.

    A choice made while the choices were renewed arrives after them, and a browser may send what it likes.
    """
    return min(max(0, number), count - 1) if isinstance(number, int) else 0


class Tab(ABC):
    """One tab, built where it is made: its components, and how they show a part of the text."""

    name: ClassVar[str]  # its id among the tabs; its label is called "tab_" and this
    inputs: list[Component]  # whose values `show` is given
    outputs: list[Component]  # whose values `show` gives back

    @abstractmethod
    def show(self, translator: Translator, part: PagePart, *given: Any) -> list[Any]:
        """The values of `outputs` for a part, computed in the worker.

        Raises:
            UnseenError: there is nothing to be seen of the part.
        """

    @abstractmethod
    def clear(self) -> list[Any]:
        """The values of `outputs` where there is nothing to be seen."""
