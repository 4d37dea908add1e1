"""Functions of the page's events: values of components in, values of components out.

A failure is a sentence on the page, never a fault of it; what a browser sends is checked before it is used.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from seq2seq import DecodeOptions, Translator
from seq2seq.text.languages import native_name

from .backend import Backend, failure_message
from .controls import Controls
from .explain import (
    NothingToExplainError,
    decode_on,
    explain_draft,
    grow_tree,
    path_to,
    show_maps,
    show_pair,
    show_tree,
)
from .header import done_status, status
from .live_maps import Drawing
from .state import PagePart, PageState
from .tabs.attention import AttentionTab, read_selection
from .tabs.base import Tab, clamp
from .tabs.what_if import WhatIfTab
from .visitor import Kind, Visitor, read_number


class Handlers:
    """The functions of the page's events; they know its tabs and the backend."""

    def __init__(self, backend: Backend, tabs: list[Tab]) -> None:
        self.backend = backend
        self.tabs = tabs

    # --- the text ------------------------------------------------------------------------------------

    async def translate(
        self, number: Any, visitor: Visitor, open_tab: str, direction: int, source: str, *values: Any
    ) -> AsyncIterator[list[Any]]:
        """Yield (translation, status, state, segments, drawing of words, drawing of maps) as they change.

        `number` counts what the visitor began and stopped: the newest wins, and an older one yields nothing.
        """
        skip = gr.skip()
        is_writing = True
        updates = self._write(open_tab, direction, source, values)
        async with aclosing(visitor.translate(read_number(number), updates)) as newest:
            async for update in newest:
                is_writing = not isinstance(update[2], PageState) or update[2].is_writing
                yield update
        if is_writing and visitor.is_stopped():  # what was written stays to be read
            yield [skip, status("stopped"), PageState(), skip, None, None]

    def stop(self, number: Any, visitor: Visitor) -> None:
        """End the translation that is being written; the event that writes it says so."""
        visitor.stop(read_number(number))

    async def _write(
        self, open_tab: str, direction: int, source: str, values: tuple[Any, ...]
    ) -> AsyncGenerator[list[Any], None]:
        skip = gr.skip()
        draws_maps = open_tab == AttentionTab.name
        yield ["", status("writing"), PageState(is_writing=True), skip, None, None]
        try:
            draw = _draw_maps if draws_maps else _draw_pair
            options = self._read_options(values)
            async with aclosing(self.backend.translate(direction, source, options, draw)) as updates:
                async for update in updates:
                    drawings: list[Any] = [skip, skip]
                    if update.drawing is not None:
                        drawings[draws_maps] = update.drawing
                    line, segments = skip, skip
                    if update.searching:
                        line = status("searching")
                    if update.state is not None:
                        line, segments = _completion_status(update.state), _segment_list(update.state)
                    yield [update.text, line, update.state or skip, segments, *drawings]
        except Exception as error:
            yield [skip, status(*failure_message(error)), PageState(), skip, skip, skip]

    def change_direction(self, direction: int) -> gr.Button:
        """Return the button that swaps the languages, visible where the opposite direction is offered."""
        return gr.Button(visible=self.backend.reverse(direction) is not None)

    def choose_examples(self, languages: list[str], direction: int) -> list[gr.Column]:
        """Return the examples of each language, those of the source language visible, else the first."""
        source = self.backend.directions[direction][0]
        visible = source if source in languages else languages[0]
        return [gr.Column(visible=language == visible) for language in languages]

    def swap(self, direction: int, target: str) -> list[Any]:
        """Return the opposite direction and, as its text, the translation; without one the text stays."""
        reverse = self.backend.reverse(direction)
        return [gr.skip(), gr.skip()] if reverse is None else [reverse, target or gr.skip()]

    # --- views ---------------------------------------------------------------------------------------

    async def refresh(
        self, visitor: Visitor, open_tab: str, state: PageState, segment: int, *inputs: Any
    ) -> list[Any]:
        """Return the status and the values of all tabs: of the open one new, of the others as they are.

        While a translation is being written, all stay as they are; its end renews them.
        """
        number = visitor.begin("tab")
        nothing_new = [gr.skip()] * (1 + sum(len(tab.outputs) for tab in self.tabs))
        if state.is_writing:
            return nothing_new
        values: list[Any] = []
        line = gr.skip()
        for tab in self.tabs:
            own, inputs = inputs[: len(tab.inputs)], inputs[len(tab.inputs) :]
            if tab.name != open_tab:
                values += [gr.skip()] * len(tab.outputs)
                continue
            try:
                values += await self._on_part(state, segment, tab.show, *own)
            except Exception as error:
                values += tab.clear()
                line = status(*failure_message(error)) if state.parts else line
        return [line, *values] if visitor.is_newest("tab", number) else nothing_new

    async def fetch_map(
        self, visitor: Visitor, state: PageState, segment: int, event: gr.EventData
    ) -> list[Any]:
        """Return the maps, one that the browser lacks among them, and the status."""
        tab = next(tab for tab in self.tabs if isinstance(tab, AttentionTab))

        async def fetch() -> list[Any]:
            selection = read_selection(event._data)
            return [*await self._on_part(state, segment, tab.show, selection), gr.skip()]

        return await self._newest(visitor, "map", fetch, [gr.skip()])

    async def compare(
        self, visitor: Visitor, state: PageState, segment: int, first: int, second: int
    ) -> list[Any]:
        """Return two translations of the segment side by side, and the status."""
        tab = next(tab for tab in self.tabs if isinstance(tab, WhatIfTab))

        async def compare() -> list[Any]:
            return [*await self._on_part(state, segment, tab.compare, first, second), gr.skip()]

        return await self._newest(visitor, "comparison", compare, [gr.skip()] * len(tab.compared))

    async def grow(self, visitor: Visitor, state: PageState, segment: int, *values: Any) -> list[Any]:
        """Return the tree of a beam search over the segment, its nodes, and the status."""

        async def grow() -> list[Any]:
            options = self._read_options(values)
            nodes = await self._on_part(state, segment, grow_tree, options)
            return [show_tree(nodes), nodes, gr.skip()]

        return await self._newest(visitor, "tree", grow, [None, []])

    async def _newest(
        self, visitor: Visitor, kind: Kind, work: Callable[[], Awaitable[list[Any]]], failed: list[Any]
    ) -> list[Any]:
        """Return what some work returns, or the values of a failure and its status.

        Nothing is shown of a request that is not the newest of its kind, or that is about an earlier text.
        """
        number, text = visitor.begin(kind), visitor.text
        try:
            values = await work()
        except Exception as error:
            values = [*failed, status(*failure_message(error))]
        is_shown = visitor.is_newest(kind, number) and visitor.text == text
        return values if is_shown else [gr.skip()] * len(values)

    def choose_query(self, event: gr.EventData) -> int:
        """Return the number of the query that was clicked."""
        return _number(event, "query")

    async def _on_part(
        self, state: PageState, segment: int, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """Return what a function makes of the segment that the reader looks at, called in the worker."""
        if not state.parts:
            raise NothingToExplainError("writing" if state.is_writing else "blank")
        if state.pair is None:
            raise NothingToExplainError(state.unchanged)
        client = self.backend.admit()
        translator = await self.backend.translator(state.pair)
        part = state.parts[clamp(segment, len(state.parts))]
        cost = len(translator.tokenizer_of(part.source).encode(part.source)) + len(part.version.tokens) + 2
        return await self.backend.run(client, cost, lambda: function(translator, part, *arguments))

    def _read_options(self, values: tuple[Any, ...]) -> DecodeOptions:
        """Return the options of the controls, within the limits whatever the browser sent."""
        options = Controls.read(values)
        self.backend.limits.check_beam(options.beam_size)
        return options

    # --- other translations --------------------------------------------------------------------------

    def choose(self, state: PageState, segment: int, number: int = 0) -> list[Any]:
        """Put another known translation on the page, by default the model's best: state, text, status."""
        if not state.parts:
            return [gr.skip(), gr.skip(), gr.skip()]
        place = clamp(segment, len(state.parts))
        part = state.parts[place]
        changed = state.replace(place, part.choose(clamp(number, len(part.versions))))
        return [changed, changed.text, status("done")]

    async def force(
        self, visitor: Visitor, state: PageState, segment: int, event: gr.EventData, *values: Any
    ) -> list[Any]:
        """Decode on from the candidate that was clicked: state, text, status."""

        def beginning(part: PagePart) -> list[str]:
            return [*part.version.tokens[: _number(event, "step")], str(event._data.get("token", ""))]

        return await self._decode_on(visitor, state, segment, beginning, values)

    async def force_path(
        self,
        visitor: Visitor,
        state: PageState,
        segment: int,
        nodes: list[Any],
        event: gr.EventData,
        *values: Any,
    ) -> list[Any]:
        """Decode on from the path to the node that was clicked: state, text, status."""

        def beginning(part: PagePart) -> list[str]:
            number = _number(event, "node")
            return path_to(nodes, number) if number < len(nodes) else []

        return await self._decode_on(visitor, state, segment, beginning, values)

    async def _decode_on(
        self,
        visitor: Visitor,
        state: PageState,
        segment: int,
        beginning: Callable[[PagePart], list[str]],
        values: tuple[Any, ...],
    ) -> list[Any]:
        """Return the state, the whole text and the status once the model has decoded on from a beginning."""

        async def work() -> list[Any]:
            options = self._read_options(values)

            def decode(translator: Translator, part: PagePart) -> PagePart:
                tokens = beginning(part)
                step = len(tokens) - 1
                forced = (*(earlier for earlier in part.forced if earlier < step), step)
                return part.add(decode_on(translator, part.source, tokens, options), forced)

            part = await self._on_part(state, segment, decode)
            changed = state.replace(clamp(segment, len(state.parts)), part)
            return [changed, changed.text, status("forced")]

        return await self._newest(visitor, "version", work, [gr.skip(), gr.skip()])


def _completion_status(state: PageState) -> str:
    if state.recalled:
        return status("recalled", f"{state.recalled} %")
    if state.left_out:
        return status("incomplete", state.left_out)
    if state.is_unlike:
        return status("unlike", " → ".join(map(native_name, state.route)))
    return done_status(state.route, "way" if state.pair else state.unchanged)


def _draw_pair(translator: Translator, source: str, target: str) -> Drawing:
    scores, maps = explain_draft(translator, source, target)
    return show_pair(translator, scores, maps, growing=True)


def _draw_maps(translator: Translator, source: str, target: str) -> Drawing:
    _, maps = explain_draft(translator, source, target)
    return show_maps(translator, maps, None, growing=True)


def _segment_list(state: PageState) -> gr.Dropdown:
    """Return the segments to choose from; hidden where there is only one."""
    names = [
        (f"{count}: {state.parts[number].source[:40]}", number)
        for count, number in enumerate(state.visible, 1)
    ]
    return gr.Dropdown(names, value=names[0][1] if names else None, visible=len(names) > 1)


def _number(event: gr.EventData, name: str) -> int:
    """Return a whole number from 0 that the browser sent with an event."""
    value = event._data.get(name) if isinstance(event._data, dict) else None
    # bool is a subclass of int: true would pass for 1.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r}; give a whole number from 0")
    return value
