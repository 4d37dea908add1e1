"""The demo page: a text and its translation above, ways of looking at them in tabs below.

    text ─> translate ─> text as it is written, Shown ─┬─> words       both sentences in place
                                                       ├─> attention   every map
       alternative, forced piece ─> another Version ───┼─> what if     candidates, tree, comparison
                                                       └─> learn       the formula, step by step
    beginning ─> write on ─> text as it is written            write       where there is a language model

This file lays the page out and connects its events; `acts.py` is what they do.
"""

from functools import partial
from typing import Any

import gradio as gr

from .api import PageApi
from .backend import Backend
from .handlers import Handlers
from .hardening import HardenedBlocks
from .header import Header, header
from .labels import say
from .state import PageState
from .tabs.attention import AttentionTab
from .tabs.base import Tab
from .tabs.completion import CompletionPanel
from .tabs.documents import DocumentPanel
from .tabs.learn import LearnTab
from .tabs.what_if import WhatIfTab
from .tabs.words import WordsTab

WAITING = 64  # requests of the page that may wait
AT_ONCE = 8  # requests of the page that are worked on, step by step in turns
FORGET = (600, 3600)  # seconds: how often files are looked at, and how old they may become
# Short events go by themselves, not through the queue's one stream of answers. On a busy machine a first
# click beside the page's own first event was sometimes never answered while both went through it.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
# What is chosen from may be renewed while a choice is on its way; Gradio would call such a choice a fault.
# These events take it as it was sent, and the acts check it.
LOOSE: dict[str, Any] = {**QUIET, "preprocess": False}


class Page:
    """The parts of the page and the events between them."""

    def __init__(self, desk: Backend) -> None:
        self.desk = desk

    def build(self) -> gr.Blocks:
        """The page with its events connected."""
        with HardenedBlocks(title="seq2seq", analytics_enabled=False, delete_cache=FORGET) as blocks:
            if not self.desk.service.catalog.pairs:
                header()
                CompletionPanel(self.desk)
                blocks.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE)
                return blocks
            self.top = Header(self.desk)
            self.shown = gr.State(PageState())
            self.open = gr.State(WordsTab.name)
            self._lay_out_tabs()
            PageApi(self.desk).offer()  # first, so that no event of the page takes a name of theirs
            self.acts = Handlers(self.desk, self.tabs)
            self._connect_text()
            self._connect_versions()
            self._connect_views()
        blocks.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE)
        return blocks

    def _lay_out_tabs(self) -> None:
        with gr.Tabs(overflow_behavior="wrap"):
            with gr.Tab(say("tab_words"), id=WordsTab.name) as words:
                self.words = WordsTab()
                self.documents = DocumentPanel(self.desk)
            with gr.Tab(say("tab_attention"), id=AttentionTab.name) as attention:
                self.attention = AttentionTab()
            with gr.Tab(say("tab_what_if"), id=WhatIfTab.name) as what_if:
                self.what_if = WhatIfTab()
            with gr.Tab(say("tab_learn"), id=LearnTab.name) as learn:
                self.learn = LearnTab()
            if self.desk.service.catalog.writers:
                with gr.Tab(say("tab_write"), id="write"):
                    CompletionPanel(self.desk)
        self.tabs: list[Tab] = [self.words, self.attention, self.what_if, self.learn]
        self.places = [words, attention, what_if, learn]

    def _connect_text(self) -> None:
        """What begins a translation, ends it, or changes its languages."""
        top = self.top
        running = [self._translate(top.go.click), self._translate(top.source.submit)]
        running += [self._translate(each.load_input_event.then) for _, each in top.examples.values()]
        swapped = top.swap.click(self.acts.swap, [top.pair, top.target], [top.pair, top.source], **QUIET)
        running.append(self._translate(swapped.then))
        top.stop.click(None, cancels=running)
        self.documents.connect(top.pair)
        top.pair.change(self.acts.change_pair, top.pair, top.swap, **QUIET)
        if len(top.examples) > 1:
            choose = partial(self.acts.choose_examples, list(top.examples))
            top.pair.change(choose, top.pair, [column for column, _ in top.examples.values()], **QUIET)

    def _translate(self, start: Any) -> Any:
        top = self.top
        event = start(
            self.acts.translate,
            [top.pair, self.open, top.source, *top.controls],
            [top.target, top.status, self.shown, top.segment, self.words.view, self.attention.view],
            show_progress="minimal",
            show_progress_on=top.target,
            api_visibility="private",
        )
        self._refresh(event.then)
        return event

    def _refresh(self, start: Any) -> None:
        """Fills the open tab anew when something has happened."""
        inputs = [self.open, self.shown, self.top.segment, *(i for tab in self.tabs for i in tab.inputs)]
        outputs = [self.top.status, *(output for tab in self.tabs for output in tab.outputs)]
        start(self.acts.refresh, inputs, outputs, **LOOSE)

    def _connect_versions(self) -> None:
        """What puts another translation of the segment on the page."""
        words, what_if = self.words, self.what_if
        seen = [self.shown, self.top.segment]
        controls = self.top.controls
        changed = [self.shown, self.top.target, self.top.status]
        events = [
            words.alternatives.input(self.acts.choose, [*seen, words.alternatives], changed, **LOOSE),
            what_if.own.click(self.acts.choose, seen, changed, **LOOSE),
            what_if.candidates.select(self.acts.force, [*seen, *controls], changed, **LOOSE),
            what_if.tree.select(self.acts.force_path, [*seen, what_if.nodes, *controls], changed, **LOOSE),
        ]
        for event in events:
            self._refresh(event.then)

    def _connect_views(self) -> None:
        """What is looked at in another way, the translation being the same."""
        what_if, learn = self.what_if, self.learn
        seen = [self.shown, self.top.segment]
        for tab, place in zip(self.tabs, self.places, strict=True):
            opened = place.select(lambda name=tab.name: name, None, self.open, **QUIET)
            self._refresh(opened.then)
        self._refresh(self.top.segment.input)
        self.attention.view.missing(
            self.acts.fetch_map, seen, [self.attention.view, self.top.status], **LOOSE
        )
        grown = [what_if.tree, what_if.nodes, self.top.status]
        what_if.grow.click(self.acts.grow, [*seen, *self.top.controls], grown, **LOOSE)
        for side in (what_if.first, what_if.second):
            compared = [*seen, what_if.first, what_if.second]
            side.input(self.acts.compare, compared, [*what_if.compared, self.top.status], **LOOSE)
        for control in (learn.flow, learn.layer, learn.head):
            self._refresh(control.input)
        self._refresh(learn.step.select(self.acts.choose_query, None, learn.query, **QUIET).then)
