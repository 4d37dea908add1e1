"""The results of the page's events, without a browser: texts, status, state, refusals."""

import asyncio
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from visit import SENTENCE

from seq2seq import DecodeOptions

if TYPE_CHECKING:
    from seq2seq import Translator
    from serve.demo.handlers import Handlers
    from tests.serve.conftest import MakeBackend

OPTIONS = (4, 5, 1.0, 1.0, 0, "")  # as the controls stand at first
GERMAN = "zwei Hunde spielen im Schnee und der Mann schaut zu"


@pytest.fixture
def make_handlers(translator: "Translator", make_backend: "MakeBackend") -> Callable[..., "Handlers"]:
    """Return the handlers of a page for English to German and German to French, with some limits."""
    from dataclasses import replace

    from seq2seq import Translator
    from serve.demo.handlers import Handlers

    settings = replace(translator.settings, source_languages=["de"], target_languages=["fr"])
    second = Translator(translator.model, translator.tokenizer, settings)

    def make(**named: Any) -> Handlers:
        return Handlers(make_backend({"first": translator, "second": second}, pivot=True, **named), [])

    return make


def translate(
    handlers: "Handlers", direction: int, text: str, options: tuple[Any, ...] = OPTIONS
) -> list[list[Any]]:
    """Return all updates of the page for a text, in order."""
    from serve.demo.visitor import Visitor

    async def collect() -> list[list[Any]]:
        updates = handlers.translate(1, Visitor(), "attention", direction, text, *options)
        return [update async for update in updates]

    return asyncio.run(collect())


def test_text_comes_before_its_best_translation(make_handlers: Any, translator: "Translator") -> None:
    """The page shows a draft, then the library's translation and its alternatives."""
    from serve.demo.labels import say

    updates = translate(make_handlers(), 0, f"{SENTENCE}\n\na man sleeps.")
    texts = [update[0] for update in updates]
    expected = [
        translator.translate(text, DecodeOptions(num_hypotheses=4)) for text in (SENTENCE, "a man sleeps.")
    ]
    assert texts[-1] == f"{expected[0].text}\n\n{expected[1].text}"
    assert len(texts) > 5 and say("searching") in updates[-2][1]
    state = updates[-1][2]
    assert state.pair == ("en", "de")
    assert [part.source for part in state.parts if part.source] == [SENTENCE, "a man sleeps."]
    first = state.parts[0]
    assert [version.text for version in first.versions] == [
        expected[0].text,
        *(alternative.text for alternative in expected[0].alternatives),
    ]
    assert updates[-1][1] == say("done")


def test_way_is_said(make_handlers: Any, translator: "Translator") -> None:
    """The status names the route of a pivoted text, and the language that was detected."""
    from serve.demo.labels import say

    page = make_handlers()
    assert page.backend.directions[4] == ("auto", "fr")
    *_, (text, line, state, *_) = translate(page, 4, SENTENCE)
    between = translator.translate(SENTENCE).text
    assert text == translator.translate(between).text
    assert line == f"{say('way')} (English → Deutsch → Français)"
    assert state.pair == ("de", "fr")
    assert "".join(part.source + part.separator for part in state.parts) == between
    *_, (text, line, state, *_) = translate(page, 3, GERMAN)
    assert (text, line, state.pair) == (GERMAN, f"{say('same_language')} (Deutsch)", None)
    spanish = "Dos perros juegan en la nieve."
    *_, (text, line, state, *_) = translate(page, 3, spanish)
    assert (text, line, state.pair) == (spanish, f"{say('not_served')} (Español)", None)


def test_an_unlike_text_is_said(make_handlers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status says that a text is unlike those the model was trained on."""
    from seq2seq.inference.confidence import Assessment, Evidence
    from serve.demo.labels import say

    page = make_handlers()
    assert translate(page, 0, SENTENCE)[-1][1] == say("done")
    monkeypatch.setattr(Evidence, "assess", lambda evidence: Assessment(0.1, True, 3))
    *_, (_, line, state, *_) = translate(page, 0, SENTENCE)
    assert state.is_unlike and line == say("unlike")


def test_what_is_left_out_is_said(make_handlers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status quotes the words that no word of the translation looked at."""
    from seq2seq.alignment.maps import Alignment
    from serve.demo.labels import say

    monkeypatch.setattr(Alignment, "uncovered", lambda alignment: [(0, 8), (9, 14)])
    *_, (_, line, state, *_) = translate(make_handlers(), 0, SENTENCE)
    assert state.left_out == f"{SENTENCE[:8]} … {SENTENCE[9:14]}"
    assert line == f"{say('incomplete')} ({state.left_out})"


@pytest.mark.parametrize(
    ("text", "options", "limits", "kind", "note"),
    [
        ("x" * 101, OPTIONS, {"characters": 100}, "over_characters", "101 > 100"),
        (SENTENCE, OPTIONS, {"tokens": 3}, "over_tokens", "> 3"),
        (SENTENCE, (9, 9, 1.0, 1.0, 0, ""), {}, "over_candidates", "9 > 8"),
        (SENTENCE, OPTIONS, {"seconds": 1}, "busy_slow", "5 s"),
    ],
)
def test_refusals_have_a_name(
    make_handlers: Any, text: str, options: tuple[Any, ...], limits: dict[str, int], kind: str, note: str
) -> None:
    """A refusal has a label of its own, with the numbers behind it."""
    from serve.demo.labels import say

    page = make_handlers(**limits)
    if kind == "busy_slow":
        object.__setattr__(page.backend.limits, "seconds", -1)
    line = unescape(translate(page, 0, text, options)[-1][1])
    assert line.startswith(say(kind)) and line.endswith(f"{note})")


def test_fault_is_told_without_details(make_handlers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a fault a visitor reads no details."""
    from serve.demo.labels import say

    def fail(*given: Any) -> None:
        raise RuntimeError("my secret")

    page = make_handlers()
    monkeypatch.setattr(page.backend.service, "route", fail)
    assert translate(page, 0, SENTENCE)[-1][1] == say("fault")


def test_looks_count_as_requests(make_handlers: Any) -> None:
    """The rate of the REST routes holds for the page, too."""
    from serve.demo.labels import say
    from serve.demo.tabs.attention import AttentionTab
    from serve.demo.visitor import Visitor

    page = make_handlers(rate=2)
    state = translate(page, 0, SENTENCE)[-1][2]
    import gradio as gr

    with gr.Blocks(analytics_enabled=False):
        page.tabs.append(AttentionTab())
    for expected in (None, "slowdown"):
        line, drawing = asyncio.run(page.refresh(Visitor(), "attention", state, 0))
        assert (drawing is None) == (expected is not None)
        assert expected is None or say(expected) in line
