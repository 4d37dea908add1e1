"""Drawings of a text that is still being written, made beside it so that the text never waits for them."""

import asyncio
from collections.abc import Callable
from typing import Any

from seq2seq import Translator

from ..engine.executor import Executor

PAUSE = 0.15  # seconds between two drawings of a text that is being written
Drawing = dict[str, Any]
# (translator, source, its translation so far) -> the value of a view
Draw = Callable[[Translator, str, str], Drawing]


class LiveMaps:
    """The drawings of one text, one at a time."""

    def __init__(self, executor: Executor, translator: Translator, draw: Draw) -> None:
        self._executor = executor
        self._translator = translator
        self._draw = draw
        self._task: asyncio.Task[Drawing] | None = None
        self._next = 0.0

    def offer(self, source: str, target: str) -> None:
        """Begin a drawing, unless one is in progress or was made within the last `PAUSE`."""
        now = asyncio.get_running_loop().time()
        if self._task is None and now >= self._next and target.strip():
            self._next = now + PAUSE
            self._task = asyncio.create_task(
                self._executor.run(lambda: self._draw(self._translator, source, target))
            )

    def take(self) -> Drawing | None:
        """Return the drawing that has become ready, if any.

        A draft that cannot be drawn (too long, say) is no error here: the finished text says why.
        """
        if self._task is None or not self._task.done():
            return None
        task, self._task = self._task, None
        return None if task.cancelled() or task.exception() else task.result()

    def stop(self) -> None:
        """Cancel the drawing in progress."""
        if self._task is not None:
            self._task.cancel()
