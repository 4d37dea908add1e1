"""The page with a project: recalled texts, the server's terms, and translations that a reader keeps."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from seq2seq import Translator
    from serve.demo.backend import Backend
    from tests.serve.conftest import MakeBackend

OPTIONS = (4, 5, 1.0, 1.0, 0, "")  # as the controls stand at first
PAIRS = [("en", "de"), ("de", "fr"), ("en", "fr")]


@pytest.fixture
def backend(translator: "Translator", make_backend: "MakeBackend", tmp_path: Path) -> "Backend":
    """Return the backend of a page for English to German to French, with a memory and kept suggestions."""
    from dataclasses import replace

    from seq2seq import Translator
    from serve.engine.project import Project

    (tmp_path / "memory.tsv").write_text("en\tde\na dog\tein Hund\n")
    settings = replace(translator.settings, source_languages=["de"], target_languages=["fr"])
    second = Translator(translator.model, translator.tokenizer, settings)
    backend = make_backend({"first": translator, "second": second}, pivot=True)
    backend.service.project = Project.load(
        PAIRS, [str(tmp_path / "memory.tsv")], suggestions=str(tmp_path / "kept.jsonl")
    )
    return backend


def translate(backend: "Backend", text: str, direction: int = 0) -> list[Any]:
    """Return the last update of the page for a text."""
    from serve.demo.handlers import Handlers
    from serve.demo.visitor import Visitor

    async def collect() -> list[Any]:
        updates = Handlers(backend, []).translate(1, Visitor(), "attention", direction, text, *OPTIONS)
        return [update async for update in updates][-1]

    return asyncio.run(collect())


def keep(backend: "Backend", *values: Any) -> str:
    """Return the status after the translation on the page was kept."""
    from serve.demo.corrections import Corrections

    return asyncio.run(Corrections(backend).keep(*values))


def test_a_recalled_text_has_its_percentage_and_tokens(backend: "Backend") -> None:
    """A text of the memory is shown with its percentage; its tokens are there for the drawings."""
    text, line, state, *_ = translate(backend, "A dog…")
    assert text == "Ein Hund…" and "99 %" in line
    assert (state.pair, state.recalled, state.source) == (("en", "de"), 99, "A dog…")
    assert "".join(state.parts[0].version.tokens).replace("\N{LOWER ONE EIGHTH BLOCK}", " ").strip()
    assert translate(backend, "a cat")[2].recalled == 0


def test_a_kept_translation_is_recalled(backend: "Backend") -> None:
    """What a reader keeps is how the text is translated from then on; of a pivot the first text counts."""
    from serve.demo.labels import say

    state = translate(backend, "a cat")[2]
    assert keep(backend, state, "another text", "eine Katze") == say("kept")
    assert translate(backend, "A cat")[0] == "Eine Katze"
    direction = backend.directions.index(("en", "fr"))
    state = translate(backend, "a bird", direction)[2]
    assert state.source != "a bird", "the last model read another text"
    assert keep(backend, state, "a bird", "un oiseau") == say("kept")
    assert translate(backend, "a bird", direction)[0] == "un oiseau"


def test_the_servers_terms_are_heeded(backend: "Backend") -> None:
    """A text is translated with the server's glossary where the page's own is empty."""
    from serve.engine.project import Project

    backend.service.project = Project(PAIRS, glossaries={("en", "de"): (("dog", "Hund Hund"),)})
    assert "Hund Hund" in translate(backend, "a dog plays")[0]


def test_nothing_is_kept_of_nothing(backend: "Backend", tmp_path: Path) -> None:
    """Without a translation, or with a blank one, the page says so, and nothing is kept."""
    from serve.demo.labels import say
    from serve.demo.state import PageState

    state = translate(backend, "a cat")[2]
    assert keep(backend, PageState(), "a cat", "eine Katze") == say("blank")
    assert keep(backend, state, "a cat", " ") == say("blank")
    assert say("over_characters") in keep(backend, state, "a cat", "x" * 50_000)
    assert not (tmp_path / "kept.jsonl").exists()


def test_the_button_is_there_where_suggestions_are_kept(
    backend: "Backend", translator: "Translator", make_backend: Callable[..., "Backend"]
) -> None:
    """The translation can be changed and kept on such a server only."""
    from serve.demo.page import Page

    def components(some: "Backend") -> dict[str, Any]:
        page = Page(some)
        return {block.elem_id: block for block in page.build().blocks.values() if block.elem_id}

    assert components(backend)["target"].interactive and "keep" in components(backend)
    plain = components(make_backend({"first": translator}))
    assert not plain["target"].interactive and "keep" not in plain
