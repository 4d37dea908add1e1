"""The demo page: a text in, its translation as it is decoded, then what the model looked at.

    text ─> segments ─> Translator.stream, one after another ─> translation
                            └─> Shown: pairs (source, target) ─> Translator.attention ─> map of one head

The page keeps the pairs and nothing else: a map is computed anew (one pass) when another is chosen.
Analytics, sharing, run history and uploads are off; fonts are those of the system.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App as GradioApp
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Mount

from seq2seq import Translator
from seq2seq.settings import AlignmentHead

from .attention_view import STYLE, Drawing, Units, attention_view, draw_view, message_view
from .catalog import Catalog, language_name
from .guard import describe, http_error
from .limits import Limits
from .worker import Worker

EXAMPLES = {
    "en": [
        "Two dogs play in the snow.",
        "A young girl in a red dress is reading a book on a bench.",
        "Three men are waiting next to a yellow taxi in the rain.",
    ],
    "de": ["Zwei Hunde spielen im Schnee.", "Ein Mann fährt mit einem roten Fahrrad durch die Stadt."],
}
FONTS = ["system-ui", "Noto Sans", "Noto Sans CJK SC", "Segoe UI", "Helvetica", "Arial", "sans-serif"]
MONOSPACED = ["ui-monospace", "Noto Sans Mono", "Consolas", "monospace"]
WAITING = 64  # requests of the page that may wait
AT_ONCE = 8  # requests of the page that are worked on, step by step in turns
MOST_CELLS = 40_000  # a larger map would be slow to draw
TITLE = "# seq2seq\nA small Transformer translates, and shows where it looked."
HONEST = (
    "Attention shows where a head looked, not why a word was chosen: by itself it is no explanation. "
    "Special symbols are hidden, and what is left of each row is scaled to sum to 1."
)


class Shown(NamedTuple):
    """What is on the page: which pair of languages, and each segment with its translation."""

    pair: int = 0
    segments: tuple[tuple[str, str], ...] = ()


class Choice(NamedTuple):
    """Which map is to be seen; layer and head count from 0."""

    segment: int
    layer: int
    head: int
    units: Units
    drawing: Drawing


def mount_demo(app: FastAPI, page: "Page", stopping: asyncio.Event) -> None:
    """Puts a page at /, behind the routes that the application has already.

    `stopping` ends the connections that open pages keep, which a stopping server would wait for.
    """
    gr.mount_gradio_app(
        app,
        page.build(),
        path="/",
        theme=gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=FONTS, font_mono=MONOSPACED),
        css=STYLE,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size="1kb",  # the page takes no files
        pwa=False,
        mcp_server=False,
        ssr_mode=False,
    )
    mounts = [route for route in app.routes if isinstance(route, Mount)]
    mounted = next(mount.app for mount in mounts if isinstance(mount.app, GradioApp))
    mounted.stop_event = stopping
    mounted.add_exception_handler(StarletteHTTPException, http_error)


class Page:
    """The parts of the page, and what they do."""

    def __init__(self, catalog: Catalog, worker: Worker, limits: Limits) -> None:
        self.catalog = catalog
        self.worker = worker
        self.limits = limits

    def build(self) -> gr.Blocks:
        """The page with its events connected."""
        with gr.Blocks(title="seq2seq", analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
            gr.Markdown(TITLE)
            pair = self._pair_chooser()
            with gr.Row(equal_height=True):
                source = gr.Textbox(label="Text", lines=4, max_lines=12, min_width=300)
                target = gr.Textbox(
                    label="Translation", lines=4, max_lines=12, min_width=300, interactive=False
                )
            with gr.Row():
                go = gr.Button("Translate", variant="primary", scale=0, min_width=160)
                stop = gr.Button("Stop", scale=0, min_width=100)
            examples = EXAMPLES.get(self.catalog.pairs[0][0], [])
            chosen = [gr.Examples(examples, source).load_input_event.then] if examples else []
            gr.Markdown("## Where the decoder looked")
            choosers, back = self._choosers()
            view = attention_view()
            gr.Markdown(HONEST)
            shown = gr.State(Shown())
            running = [
                start(
                    self.translate,
                    [pair, source, *choosers],
                    [target, shown, choosers[0], view],
                    show_progress="minimal",
                    show_progress_on=target,
                    api_visibility="private",
                )
                for start in (go.click, source.submit, *chosen)
            ]
            stop.click(None, cancels=running)
            self._connect_choosers(pair, shown, choosers, back, view)
        blocks.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE)
        return blocks

    def _connect_choosers(
        self,
        pair: gr.Dropdown,
        shown: gr.State,
        choosers: list[gr.Dropdown | gr.Radio],
        back: gr.Button,
        view: gr.HTML,
    ) -> None:
        """A chooser that is changed by hand draws the map anew; so does going back to the alignment head."""
        _, layer, head, *_ = choosers
        events = [chooser.input for chooser in choosers]
        for event in (pair.change, back.click):
            events.append(event(self.alignment_head, pair, [layer, head], api_visibility="private").then)
        for event in events:
            event(self.draw, [shown, *choosers], view, show_progress="hidden", api_visibility="private")

    async def translate(self, pair: int, source: str, *chosen: Any) -> AsyncIterator[tuple[Any, ...]]:
        """Streams (translation, what is shown, segment chooser, map), the map once the text is there."""
        translator = self._translator(pair)
        try:
            self.limits.check_texts([source])
            parts = await self.worker.run(lambda: self._segments(translator, source))
            text, done = "", []
            yield text, Shown(pair), gr.skip(), message_view("The map appears when the text is translated.")
            for part, separator in parts:
                start = len(text)
                async for piece in self.worker.stream(translator.stream(part)):
                    text += piece
                    yield text, gr.skip(), gr.skip(), gr.skip()
                if part.strip():
                    done.append((part, text[start:]))
                text += separator
            shown = Shown(pair, tuple(done))
            names = [(f"{number}: {part[:40]}", number - 1) for number, (part, _) in enumerate(done, 1)]
            chooser = gr.Dropdown(names, value=0, visible=len(names) > 1) if names else gr.skip()
            yield text, shown, chooser, await self._draw(shown, Choice(0, *chosen[1:]))
        except Exception as error:
            yield gr.skip(), Shown(pair), gr.skip(), message_view(_sentence(error))

    async def draw(self, shown: Shown, *chosen: Any) -> str:
        """The map of another segment, layer or head, in other units, or drawn another way."""
        try:
            return await self._draw(Shown(*shown), Choice(*chosen))
        except Exception as error:
            return message_view(_sentence(error))

    def alignment_head(self, pair: int) -> tuple[gr.Dropdown, gr.Dropdown]:
        """The choosers of layer and head for a pair of languages, at the model's alignment head."""
        layers, heads, chosen = self._heads(pair)
        return (
            gr.Dropdown(list(range(layers)), value=chosen.layer),
            gr.Dropdown(list(range(heads)), value=chosen.head),
        )

    async def _draw(self, shown: Shown, choice: Choice) -> str:
        if not shown.segments:
            return message_view("There is nothing to show: the text is blank.")
        translator = self._translator(shown.pair)
        source, target = shown.segments[choice.segment]
        return await self.worker.run(lambda: _map(translator, source, target, choice))

    def _pair_chooser(self) -> gr.Dropdown:
        names = [f"{language_name(s)} to {language_name(t)}" for s, t in self.catalog.pairs]
        numbered = [(name, number) for number, name in enumerate(names)]
        return gr.Dropdown(numbered, value=0, label="Languages", visible=len(names) > 1)

    def _choosers(self) -> tuple[list[gr.Dropdown | gr.Radio], gr.Button]:
        layers, heads, chosen = self._heads(0)
        segment = gr.Dropdown([("1", 0)], value=0, label="Segment", visible=False)
        with gr.Row():
            layer = gr.Dropdown(list(range(layers)), value=chosen.layer, label="Layer", min_width=90)
            head = gr.Dropdown(list(range(heads)), value=chosen.head, label="Head", min_width=90)
            units = gr.Radio(["words", "pieces"], value="words", label="Units", min_width=190)
            drawing = gr.Radio(["matrix", "ribbons"], value="matrix", label="Drawing", min_width=190)
        back = gr.Button("Back to the alignment head", size="sm", elem_classes="narrow")
        return [segment, layer, head, units, drawing], back

    def _heads(self, pair: int) -> tuple[int, int, AlignmentHead]:
        translator = self._translator(pair)
        config = translator.model.config
        return config.decoder_layers, config.cross_attention.heads, translator.settings.alignment

    def _translator(self, pair: int) -> Translator:
        return self.catalog.find(*self.catalog.pairs[pair])

    def _segments(self, translator: Translator, text: str) -> list[tuple[str, str]]:
        self.limits.check_tokens([text], translator.tokenizer)
        return translator.segments(text)


def _map(translator: Translator, source: str, target: str, choice: Choice) -> str:
    """The markup of one map, or the reason why there is none."""
    if not translator.knows(translator.tokenizer.encode(source)):
        return message_view("The model knows no piece of this text, so it is given back as it is.")
    maps = translator.attention(source, target)
    if maps.cross.shape[2] * maps.cross.shape[3] > MOST_CELLS:
        return message_view("This text is too long for a map; translate it sentence by sentence.")
    aligned = translator.settings.alignment
    head = AlignmentHead(choice.layer, choice.head, aligned.read)
    role = ", the head that is read as word alignment" if head == aligned else ""
    when = "predicts" if head.read == "output" else "has just read"
    caption = (
        f"Layer {head.layer}, head {head.head}{role}. A row is the step that {when} the word. "
        f"{'Sums over source pieces, means over target pieces.' if choice.units == 'words' else ''}"
    )
    return draw_view(maps, head, choice.units, choice.drawing, caption)


def _sentence(error: Exception) -> str:
    """What the page says of a failure; of a fault of ours without its details."""
    return str(error) if type(error) is ValueError else describe(error)[1]
