"""Corrections of the page: a translation that the reader changed is kept, where the server keeps some."""

from typing import Any

from .backend import Backend, failure_message
from .explain import NothingToExplainError
from .header import status
from .state import PageState


class Corrections:
    """The function behind the button that keeps a translation."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def keep(self, state: PageState, source: str, target: str) -> str:
        """Keep the translation on the page as that of its text; return the status.

        `source` is the text above, for a translation through another language, whose parts are of that.
        """
        try:
            if state.pair is None or not state.parts:
                raise NothingToExplainError("blank" if not state.parts else state.unchanged)
            languages = state.route or state.pair
            text = source if len(languages) > 2 else state.source
            self.backend.admit()
            self.backend.limits.check_texts([text, target])
            await self.backend.service.suggest(text, target, languages[0], languages[-1])
        except Exception as error:
            return status(*failure_message(error))
        return status("kept")


def connect_corrections(backend: Backend, header: Any, state: Any, **quiet: Any) -> None:
    """Connect the button that keeps the translation on the page."""
    header.keep.click(
        Corrections(backend).keep, [state, header.source, header.target], header.status, **quiet
    )
