"""What the events of the page do: values of components in, values of components out.

A failure is a sentence on the page, never a fault of it; what a browser sends is checked before it is used.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import gradio as gr

from seq2seq import DecodeOptions, Translator

from .backend import Backend, explain_failure
from .controls import Controls
from .explain import (
    NothingToExplainError,
    beginning_at,
    decode_on,
    explain_draft,
    grow_tree,
    show_maps,
    show_pair,
    show_tree,
)
from .header import status, tell_way
from .live_maps import Drawing
from .state import PagePart, PageState
from .tabs.attention import AttentionTab, read_choice
from .tabs.base import Tab, within
from .tabs.what_if import WhatIfTab


class Handlers:
    """The page's events, which know its tabs and the desk at which the work is done."""

    def __init__(self, desk: Backend, tabs: list[Tab]) -> None:
        self.desk = desk
        self.tabs = tabs

    # --- the text ------------------------------------------------------------------------------------

    async def translate(self, way: int, open_tab: str, source: str, *values: Any) -> AsyncIterator[list[Any]]:
        """Streams (translation, status, what is shown, segments, and a drawing in one of two tabs)."""
        skip = gr.skip()
        in_attention = open_tab == AttentionTab.name
        yield ["", status("writing"), PageState(), skip, None, None]
        try:
            draw = _draw_maps if in_attention else _draw_pair
            async for update in self.desk.translate(way, source, self._read(values), draw):
                drawings: list[Any] = [skip, skip]
                if update.drawing is not None:
                    drawings[in_attention] = update.drawing
                told = status("searching") if update.searching else skip
                told = told if update.shown is None else _sum_up(update.shown)
                segments = skip if update.shown is None else _list_segments(update.shown)
                yield [update.text, told, update.shown or skip, segments, *drawings]
        except Exception as error:
            yield [skip, status(*explain_failure(error)), PageState(), skip, skip, skip]

    def change_pair(self, way: int) -> gr.Button:
        """The way back, if there is one."""
        return gr.Button(visible=self.desk.reverse(way) is not None)

    def choose_examples(self, languages: list[str], way: int) -> list[gr.Column]:
        """Of the examples in these languages those of the way's own; the first where it has none."""
        source = self.desk.ways[way][0]
        shown = source if source in languages else languages[0]
        return [gr.Column(visible=language == shown) for language in languages]

    def swap(self, way: int, target: str) -> list[Any]:
        """The other direction, the translation being its text."""
        back = self.desk.reverse(way)
        return [gr.skip(), gr.skip()] if back is None else [back, target]

    # --- looking -------------------------------------------------------------------------------------

    async def refresh(self, open_tab: str, shown: PageState, segment: int, *given: Any) -> list[Any]:
        """The status and the values of all tabs: of the open one new, the others as they are."""
        values: list[Any] = []
        told = gr.skip()
        for tab in self.tabs:
            own, given = given[: len(tab.inputs)], given[len(tab.inputs) :]
            if tab.name != open_tab:
                values += [gr.skip()] * len(tab.outputs)
                continue
            try:
                values += await self._see(shown, segment, tab.show, *own)
            except Exception as error:
                values += tab.clear()
                told = status(*explain_failure(error)) if shown.parts else told
        return [told, *values]

    async def fetch_map(self, shown: PageState, segment: int, event: gr.EventData) -> list[Any]:
        """The maps with one that the browser lacks among them, and the status."""
        tab = next(tab for tab in self.tabs if isinstance(tab, AttentionTab))
        try:
            return [*await self._see(shown, segment, tab.show, read_choice(event._data)), gr.skip()]
        except Exception as error:
            return [gr.skip(), status(*explain_failure(error))]

    async def compare(self, shown: PageState, segment: int, first: int, second: int) -> list[Any]:
        """Two translations of the segment beside each other, and the status."""
        tab = next(tab for tab in self.tabs if isinstance(tab, WhatIfTab))
        try:
            return [*await self._see(shown, segment, tab.compare, first, second), gr.skip()]
        except Exception as error:
            return [*(gr.skip() for _ in tab.compared), status(*explain_failure(error))]

    async def grow(self, shown: PageState, segment: int, *values: Any) -> list[Any]:
        """The tree of a beam search over the segment, its nodes, and the status."""
        try:
            options = self._read(values)
            nodes = await self._see(shown, segment, grow_tree, options)
            return [show_tree(nodes), nodes, gr.skip()]
        except Exception as error:
            return [None, [], status(*explain_failure(error))]

    def choose_query(self, event: gr.EventData) -> int:
        """The number of the query that was clicked."""
        return _number(event, "query")

    async def _see(self, shown: PageState, segment: int, show: Callable[..., Any], *given: Any) -> Any:
        """What a function shows of the part that is looked at, in the worker."""
        if not shown.parts:
            raise NothingToExplainError("blank")
        if shown.pair is None:
            raise NothingToExplainError("same_language")
        client = self.desk.admit()
        translator = await self.desk.find(shown.pair)
        part = shown.parts[within(segment, len(shown.parts))]
        cost = len(translator.tokenizer_of(part.source).encode(part.source)) + len(part.version.pieces) + 2
        return await self.desk.look(client, cost, lambda: show(translator, part, *given))

    def _read(self, values: tuple[Any, ...]) -> DecodeOptions:
        """The options that the sliders stand for, within the limits whatever the browser sent."""
        options = Controls.read(values)
        self.desk.limits.check_beam(options.beam_size)
        return options

    # --- other translations --------------------------------------------------------------------------

    def choose(self, shown: PageState, segment: int, number: int = 0) -> list[Any]:
        """Another of the translations known, by default the model's own best: shown, text, status."""
        if not shown.parts:
            return [gr.skip(), gr.skip(), gr.skip()]
        place = within(segment, len(shown.parts))
        part = shown.parts[place]
        changed = shown.replace(place, part.choose(within(number, len(part.versions))))
        return [changed, changed.text, status("done")]

    async def force(self, shown: PageState, segment: int, event: gr.EventData, *values: Any) -> list[Any]:
        """The translation in which a step writes the piece that was clicked."""

        def beginning(part: PagePart) -> list[str]:
            return [*part.version.pieces[: _number(event, "step")], str(event._data.get("token", ""))]

        return await self._decode_on(shown, segment, beginning, values)

    async def force_path(
        self, shown: PageState, segment: int, nodes: list[Any], event: gr.EventData, *values: Any
    ) -> list[Any]:
        """The translation that begins with the path to the node that was clicked."""

        def beginning(part: PagePart) -> list[str]:
            number = _number(event, "node")
            return beginning_at(nodes, number) if number < len(nodes) else []

        return await self._decode_on(shown, segment, beginning, values)

    async def _decode_on(
        self,
        shown: PageState,
        segment: int,
        beginning: Callable[[PagePart], list[str]],
        values: tuple[Any, ...],
    ) -> list[Any]:
        """What is shown, the whole text and the status once the model has gone on from a beginning."""
        try:
            options = self._read(values)

            def go_on(translator: Translator, part: PagePart) -> PagePart:
                pieces = beginning(part)
                step = len(pieces) - 1
                forced = (*(each for each in part.forced if each < step), step)
                return part.add(decode_on(translator, part.source, pieces, options), forced)

            part = await self._see(shown, segment, go_on)
        except Exception as error:
            return [gr.skip(), gr.skip(), status(*explain_failure(error))]
        changed = shown.replace(within(segment, len(shown.parts)), part)
        return [changed, changed.text, status("forced")]


def _sum_up(shown: PageState) -> str:
    """What the status says of a translation: that it is done, and the way where it is to be told."""
    return tell_way(shown.way, "way" if shown.pair else "same_language")


def _draw_pair(translator: Translator, source: str, target: str) -> Drawing:
    scores, maps = explain_draft(translator, source, target)
    return show_pair(translator, scores, maps, growing=True)


def _draw_maps(translator: Translator, source: str, target: str) -> Drawing:
    _, maps = explain_draft(translator, source, target)
    return show_maps(translator, maps, None, growing=True)


def _list_segments(shown: PageState) -> gr.Dropdown:
    """The segments to choose from; out of sight where there is but one."""
    names = [
        (f"{count}: {shown.parts[number].source[:40]}", number)
        for count, number in enumerate(shown.visible, 1)
    ]
    return gr.Dropdown(names, value=names[0][1] if names else None, visible=len(names) > 1)


def _number(event: gr.EventData, name: str) -> int:
    """A whole number from 0 that the browser sent with an event."""
    value = event._data.get(name) if isinstance(event._data, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r}; give a whole number from 0")
    return value
