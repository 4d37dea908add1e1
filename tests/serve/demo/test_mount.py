"""The page as the server gives it: small, closed where it must be, laid out without a model."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import MakeBackend


@pytest.fixture(scope="module")
def blocks(make_backend: "MakeBackend") -> Any:
    """The page of a registry whose model must not be loaded for it."""
    from serve.demo.page import Page
    from serve.engine.registry import TranslationModel

    def load() -> "Translator":
        raise AssertionError("the page loaded a model to be laid out")

    return Page(make_backend({"lazy": TranslationModel("lazy", ["en"], ["de"], load)})).build()


def test_page_is_under_a_megabyte(client: "TestClient") -> None:
    """The page itself, beside Gradio's own files, is under a megabyte."""
    answer = client.get("/")
    assert answer.status_code == 200
    assert len(answer.content) < 1_000_000


def test_page_keeps_and_tells_nothing(client: "TestClient", blocks: Any) -> None:
    """The page has no analytics, history, sharing or monitoring."""
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False
    assert not config.get("run_history") and not config.get("share")
    assert client.get("/monitoring").status_code in (403, 404)
    assert blocks.analytics_enabled is False and blocks.delete_cache == (600, 3600)


def test_only_named_functions_are_public(blocks: Any) -> None:
    """Programs see the named functions, and no events of the page."""
    from serve.demo.api import PageApi

    public = {fn.api_name for fn in blocks.fns.values() if fn.api_visibility == "public"}
    assert public == {name for name in vars(PageApi) if not name.startswith("_")} - {"offer"}


def test_way_back_is_offered_where_there_is_one(
    translator: "Translator", make_backend: "MakeBackend"
) -> None:
    """Swap is offered where the opposite direction is served."""
    from serve.demo.handlers import Handlers
    from serve.engine.registry import TranslationModel

    back = TranslationModel("back", ["de"], ["en"], lambda: translator)
    both = make_backend({"there": translator, "back": back})
    one = make_backend({"there": translator})
    assert (both.reverse(0), both.reverse(1), one.reverse(0)) == (1, 0, None)
    assert Handlers(both, []).swap(0, "Hunde") == [1, "Hunde"]
