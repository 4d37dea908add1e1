"""What the events of the page give back, without a browser: texts, status, what is shown, refusals."""

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
def acts(translator: "Translator", make_backend: "MakeBackend") -> Callable[..., "Handlers"]:
    """The events of a page for English to German and German to French, with limits of one's own."""
    from dataclasses import replace

    from seq2seq import Translator
    from serve.demo.handlers import Handlers

    settings = replace(translator.settings, source_languages=["de"], target_languages=["fr"])
    second = Translator(translator.model, translator.tokenizer, settings)

    def make(**named: Any) -> Handlers:
        return Handlers(make_backend({"first": translator, "second": second}, pivot=True, **named), [])

    return make


def translate(acts: "Handlers", way: int, text: str, options: tuple[Any, ...] = OPTIONS) -> list[list[Any]]:
    """All that the page is given for a text, in order."""

    async def collect() -> list[list[Any]]:
        return [each async for each in acts.translate(way, "attention", text, *options)]

    return asyncio.run(collect())


def test_text_comes_before_its_best_translation(acts: Any, translator: "Translator") -> None:
    """The page would wait for the beam, end with another text than the library's, or show no alternatives."""
    from serve.demo.labels import say

    updates = translate(acts(), 0, f"{SENTENCE}\n\na man sleeps.")
    texts = [update[0] for update in updates]
    expected = [
        translator.translate(text, DecodeOptions(num_hypotheses=4)) for text in (SENTENCE, "a man sleeps.")
    ]
    assert texts[-1] == f"{expected[0].text}\n\n{expected[1].text}"
    assert len(texts) > 5 and say("searching") in updates[-2][1]
    shown = updates[-1][2]
    assert shown.pair == ("en", "de")
    assert [part.source for part in shown.parts if part.source] == [SENTENCE, "a man sleeps."]
    first = shown.parts[0]
    assert [each.text for each in first.versions] == [
        expected[0].text,
        *(each.text for each in expected[0].alternatives),
    ]
    assert updates[-1][1] == say("done")


def test_way_is_said(acts: Any, translator: "Translator") -> None:
    """A reader would take the work of two models for that of one, or not learn what was detected."""
    from serve.demo.labels import say

    page = acts()
    assert page.backend.directions[4] == ("auto", "fr")
    *_, (text, told, shown, *_) = translate(page, 4, SENTENCE)
    between = translator.translate(SENTENCE).text
    assert text == translator.translate(between).text
    assert told == f"{say('way')} (English → Deutsch → Français)"
    assert shown.pair == ("de", "fr")
    assert "".join(part.source + part.separator for part in shown.parts) == between
    *_, (text, told, shown, *_) = translate(page, 3, GERMAN)
    assert (text, told, shown.pair) == (GERMAN, f"{say('same_language')} (Deutsch)", None)


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
    acts: Any, text: str, options: tuple[Any, ...], limits: dict[str, int], kind: str, note: str
) -> None:
    """What was refused would be said in English to all, or not at all."""
    from serve.demo.labels import say

    page = acts(**limits)
    if kind == "busy_slow":
        object.__setattr__(page.backend.limits, "seconds", -1)
    told = unescape(translate(page, 0, text, options)[-1][1])
    assert told.startswith(say(kind)) and told.endswith(f"{note})")


def test_fault_is_told_without_details(acts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor would read what only the log is for."""
    from serve.demo.labels import say

    def fail(*given: Any) -> None:
        raise RuntimeError("my secret")

    page = acts()
    monkeypatch.setattr(page.backend.service, "route", fail)
    assert translate(page, 0, SENTENCE)[-1][1] == say("fault")


def test_looks_count_as_requests(acts: Any) -> None:
    """A rate that holds for the REST routes could be got around by way of the page."""
    from serve.demo.labels import say
    from serve.demo.tabs.attention import AttentionTab

    page = acts(rate=2)
    shown = translate(page, 0, SENTENCE)[-1][2]
    import gradio as gr

    with gr.Blocks(analytics_enabled=False):
        page.tabs.append(AttentionTab())
    for expected in (None, "slowdown"):
        told, drawing = asyncio.run(page.refresh("attention", shown, 0))
        assert (drawing is None) == (expected is not None)
        assert expected is None or say(expected) in told
