"""The base of all tabs: a part of the text in, the values of the tab's components out."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from gradio.components import Component

from seq2seq import Translator

from ..state import PagePart


def clamp(number: Any, count: int) -> int:
    """Return a number as one of `count` from 0: the last where it is too large, 0 where it is no number.

    A choice made while the choices are renewed arrives after them, and a browser may send anything.
    """
    return min(max(0, number), count - 1) if isinstance(number, int) else 0


class Tab(ABC):
    """One tab: its components, laid out where it is constructed, and their values for a part of the text."""

    name: ClassVar[str]  # its id among the tabs; "tab_" and this is its label
    inputs: list[Component]  # whose values `show` takes
    outputs: list[Component]  # whose values `show` returns

    @abstractmethod
    def show(self, translator: Translator, part: PagePart, *inputs: Any) -> list[Any]:
        """Return the values of `outputs` for a part; called in the worker.

        Raises:
            NothingToExplainError: the part cannot be explained.
        """

    @abstractmethod
    def clear(self) -> list[Any]:
        """Return the values of `outputs` where there is nothing to show."""
