"""The newest request of a visitor wins, in whatever order requests arrive or are answered.

    translation 1  ───────────────╮ ended, says nothing more
    translation 2                 ╰─ begins when 1 has ended ──────────╮ ended, keeps its draft
    stop 3                                                             ╯

The browser numbers translations and stops in the order of the clicks. All else is numbered here, in the order
of arrival: an answer that is no longer that of the newest request of its kind is not shown.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from contextvars import copy_context
from typing import Any, Literal, TypeVar

Update = TypeVar("Update")
Kind = Literal["tab", "version", "map", "comparison", "tree"]


class Visitor:
    """The requests of one visitor's page, kept as long as the page; made anew for each page."""

    def __init__(self) -> None:
        self._newest = 0
        self._stop = -1
        self._running = asyncio.Lock()
        self._changed = asyncio.Event()
        self._begun: Counter[Kind] = Counter()
        self.text = 0  # how many translations were begun, which tells the answers about one from the next

    def __deepcopy__(self, memo: dict[int, Any]) -> "Visitor":
        """Return a new visitor: Gradio copies the value of a state for each page that is opened."""
        return Visitor()

    def begin(self, kind: Kind) -> int:
        """Return the number of a new request of a kind."""
        self._begun[kind] += 1
        return self._begun[kind]

    def is_newest(self, kind: Kind, number: int) -> bool:
        """Return whether no request of the kind has begun since."""
        return self._begun[kind] == number

    def stop(self, number: int) -> None:
        """End the translation that is being written, and those clicked before that are still to come."""
        self._stop = max(self._stop, number)
        self._announce(number)

    def is_stopped(self) -> bool:
        """Return whether the visitor's last click was to stop."""
        return self._stop == self._newest

    def is_translating(self, number: int) -> bool:
        """Return whether a translation is still the one that the visitor waits for."""
        return self._newest == number and not self.is_stopped()

    async def translate(
        self, number: int, updates: AsyncGenerator[Update, None]
    ) -> AsyncGenerator[Update, None]:
        """Yield the updates of a translation until it ends or the visitor clicks again.

        The translation before it has ended by then: none of its updates comes after one of these. Nothing is
        yielded of a translation that is older than the visitor's last click.
        """
        context = copy_context()  # in which Gradio tells the visitor's address
        self.text += 1
        self._announce(number)
        async with aclosing(updates), self._running:
            changed = asyncio.create_task(self._changed.wait())
            try:
                while self.is_translating(number):
                    step = asyncio.create_task(_next(updates), context=context)
                    try:
                        await asyncio.wait({step, changed}, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        if not step.done():
                            step.cancel()
                            await asyncio.wait({step})
                    if not self.is_translating(number):
                        step.cancelled() or step.exception()  # asked for, or asyncio reports it as a fault
                        return
                    if (update := step.result()) is None:
                        return
                    yield update
            finally:
                changed.cancel()

    def _announce(self, number: int) -> None:
        if number > self._newest:
            self._newest = number
            self._changed.set()  # to those who wait for this one; the next wait for another
            self._changed = asyncio.Event()


def read_number(value: Any) -> int:
    """Return the number of a request as the browser sent it, 0 where it is none."""
    return int(value) if isinstance(value, int | float) and abs(value) < 2**53 else 0


async def _next(updates: AsyncGenerator[Update, None]) -> Update | None:
    """Return the next update, None after the last."""
    return await anext(updates, None)
