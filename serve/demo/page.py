"""The demo page: a text and its translation above, views of them in tabs below.

    text ─> translate ─> text as it is written, PageState ─┬─> words       both sentences in place
                                                           ├─> attention   every map
           alternative, forced token ─> another version ───┼─> what if     candidates, tree, comparison
                                                           └─> learn       the formula, step by step
    prompt ─> generate ─> text as it is written                completion  where there is a language model

This module lays the page out and connects its events; `handlers.py` holds their functions.
"""

import json
from functools import partial
from typing import Any

import gradio as gr

from .api import PageApi
from .backend import Backend
from .corrections import connect_corrections
from .handlers import Handlers
from .hardening import HardenedBlocks
from .header import Header, title_row
from .labels import say
from .state import PageState
from .tabs.attention import AttentionTab
from .tabs.base import Tab
from .tabs.completion import CompletionPanel
from .tabs.documents import DocumentPanel
from .tabs.learn import LearnTab
from .tabs.what_if import WhatIfTab
from .tabs.words import WordsTab
from .visitor import Visitor

QUEUE_SIZE = 64  # events of the page that may wait
CONCURRENCY = 8  # events of the page that are handled at once, step by step in turns
FILE_CLEANUP = (600, 3600)  # seconds: how often files are looked for, and how old they may become
# Short events go by themselves, not through the queue's one stream of answers. On a busy machine a first
# click beside the page's own first event was sometimes never answered while both went through it.
# None is dropped because the one before is on its way, which is Gradio's way by default.
QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "queue": False,
    "trigger_mode": "multiple",
}
BROWSER: dict[str, Any] = {"api_visibility": "private", "trigger_mode": "multiple"}  # events without Python
# The mark of a page that listens and has handled its own first event: scripts and tests wait for it.
READY = "() => { document.documentElement.dataset.ready = 'true'; }"
# Functions of page.js, which counts what the visitor asks for until it is drawn.
BEGIN = "(...values) => seq2seq.begin(...values)"
END = "() => { seq2seq.end(); }"
# The choices may be renewed while one of them is on its way; Gradio would call such a choice a fault.
# These events take it as it was sent, and the handlers check it.
UNCHECKED: dict[str, Any] = {**QUIET, "preprocess": False}


class Page:
    """The parts of the page and the events between them."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def build(self) -> gr.Blocks:
        """Return the page with its events connected."""
        self.blocks = blocks = HardenedBlocks(
            title="seq2seq", analytics_enabled=False, delete_cache=FILE_CLEANUP
        )
        with blocks:
            if self.backend.service.registry.pairs:
                self._build_translation()
            else:
                title_row()
                CompletionPanel(self.backend)
                blocks.load(None, js=READY, api_visibility="private")
        blocks.queue(max_size=QUEUE_SIZE, default_concurrency_limit=CONCURRENCY)
        return blocks

    def _build_translation(self) -> None:
        self.header = Header(self.backend)
        self.state = gr.State(PageState())
        self.visitor = gr.State(Visitor())
        self.number = gr.Number(0, visible=False)  # of a translation or a stop, which the browser counts
        self.open_tab = gr.State(WordsTab.name)
        self._lay_out_tabs()
        PageApi(self.backend).offer()  # first, so that no event of the page takes a name of theirs
        self.handlers = Handlers(self.backend, self.tabs)
        self._connect_text()
        self._connect_versions()
        self._connect_views()

    def _lay_out_tabs(self) -> None:
        with gr.Tabs(overflow_behavior="wrap"):
            with gr.Tab(say("tab_words"), id=WordsTab.name) as words:
                self.words = WordsTab()
                self.documents = DocumentPanel(self.backend)
            with gr.Tab(say("tab_attention"), id=AttentionTab.name) as attention:
                self.attention = AttentionTab()
            with gr.Tab(say("tab_what_if"), id=WhatIfTab.name) as what_if:
                self.what_if = WhatIfTab()
            with gr.Tab(say("tab_learn"), id=LearnTab.name) as learn:
                self.learn = LearnTab()
            if self.backend.service.registry.language_models:
                with gr.Tab(say("tab_completion"), id="completion"):
                    CompletionPanel(self.backend)
        self.tabs: list[Tab] = [self.words, self.attention, self.what_if, self.learn]
        self.tab_items = [words, attention, what_if, learn]

    def _connect_text(self) -> None:
        """Connect what begins a translation, stops it, or changes its languages."""
        header, handlers = self.header, self.handlers
        direction = header.direction
        examples = [each.load_input_event.then for _, each in header.examples.values()]
        for listener in (header.go.click, header.source.submit, *examples):
            self._translate(listener)
        swapped = header.swap.click(
            handlers.swap, [direction, header.target], [direction, header.source], **QUIET
        )
        self._translate(swapped.then)
        stop = "(...values) => seq2seq.count(...values)"
        header.stop.click(handlers.stop, [self.number, self.visitor], None, js=stop, **QUIET)
        self.documents.connect(direction)
        if self.backend.keeps_suggestions:
            connect_corrections(self.backend, header, self.state, **QUIET)
        self._keep_text()
        direction.change(handlers.change_direction, direction, header.swap, **QUIET)
        if len(header.examples) > 1:
            choose = partial(handlers.choose_examples, list(header.examples))
            direction.change(choose, direction, [column for column, _ in header.examples.values()], **QUIET)

    def _translate(self, listener: Any) -> None:
        header = self.header
        event = listener(
            self.handlers.translate,
            [self.number, self.visitor, self.open_tab, *self._asked_inputs()],
            [
                header.target,
                header.status,
                self.state,
                header.segment,
                self.words.view,
                self.attention.view,
            ],
            js="(...values) => seq2seq.translate(...values)",
            show_progress="minimal",
            show_progress_on=header.target,
            api_visibility="private",
            trigger_mode="multiple",
        )
        event.then(None, js="() => { seq2seq.written(); }", **BROWSER)
        self._refresh(event.then)

    def _asked_inputs(self) -> list[Any]:
        """Return the components whose values make a translation what it is."""
        return [self.header.direction, self.header.source, *self.header.controls]

    def _keep_text(self) -> None:
        """Keep text and languages in the address, and mark a translation whose text is another by now."""
        header = self.header
        pairs = json.dumps(self.backend.directions)
        compare = f"(...values) => {{ seq2seq.compare(...values); seq2seq.keep({pairs}, ...values); }}"
        for component in self._asked_inputs():
            component.change(None, self._asked_inputs(), None, js=compare, **BROWSER)
        restored = self.blocks.load(
            None, None, [header.direction, header.source], js=f"() => seq2seq.restore({pairs})", **BROWSER
        )
        restored.then(None, js="() => { seq2seq.resume(); }", **BROWSER)

    def _refresh(self, listener: Any, **options: Any) -> Any:
        """Let an event renew the open tab, which ends what the visitor asked for."""
        inputs = [self.visitor, self.open_tab, self.state, self.header.segment]
        inputs += [component for tab in self.tabs for component in tab.inputs]
        outputs = [self.header.status, *(component for tab in self.tabs for component in tab.outputs)]
        refreshed = listener(self.handlers.refresh, inputs, outputs, **UNCHECKED, **options)
        return refreshed.then(None, js=END, **BROWSER)

    def _connect_versions(self) -> None:
        """Connect what puts another translation of the segment on the page."""
        words, what_if, handlers = self.words, self.what_if, self.handlers
        segment = [self.state, self.header.segment]
        controls = self.header.controls
        changed = [self.state, self.header.target, self.header.status]
        nodes = [self.visitor, *segment, what_if.nodes, *controls]
        for listener, handler, inputs in (
            (words.alternatives.input, handlers.choose, [*segment, words.alternatives]),
            (what_if.own.click, handlers.choose, segment),
            (what_if.candidates.select, handlers.force, [self.visitor, *segment, *controls]),
            (what_if.tree.select, handlers.force_path, nodes),
        ):
            self._refresh(listener(handler, inputs, changed, js=BEGIN, **UNCHECKED).then)

    def _connect_views(self) -> None:
        """Connect what shows the same translation in another way."""
        what_if, learn, handlers = self.what_if, self.learn, self.handlers
        segment, status = [self.visitor, self.state, self.header.segment], self.header.status
        for tab, item in zip(self.tabs, self.tab_items, strict=True):
            opened = item.select(lambda name=tab.name: name, None, self.open_tab, js=BEGIN, **QUIET)
            refreshed = self._refresh(opened.then)
            if tab is self.words:  # Gradio opens the first tab when the page is loaded
                refreshed.then(None, js=READY, **BROWSER)
        self._refresh(self.header.segment.input, js=BEGIN)
        for control in (learn.flow, learn.layer, learn.head):
            self._refresh(control.input, js=BEGIN)
        self._refresh(learn.step.select(handlers.choose_query, None, learn.query, js=BEGIN, **QUIET).then)
        self._show(self.attention.view.missing, handlers.fetch_map, segment, [self.attention.view, status])
        grown = [what_if.tree, what_if.nodes, status]
        self._show(what_if.grow.click, handlers.grow, [*segment, *self.header.controls], grown)
        for version in (what_if.first, what_if.second):
            inputs = [*segment, what_if.first, what_if.second]
            self._show(version.input, handlers.compare, inputs, [*what_if.compared, status])

    def _show(self, listener: Any, handler: Any, inputs: list[Any], outputs: list[Any]) -> None:
        """Connect an event that draws something and changes nothing else."""
        listener(handler, inputs, outputs, js=BEGIN, **UNCHECKED).then(None, js=END, **BROWSER)
