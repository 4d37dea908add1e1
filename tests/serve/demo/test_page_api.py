"""The page's functions by name: Gradio's own client calls them, and so does a client of MCP."""

import asyncio
import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from visit import SENTENCE

from seq2seq import DecodeOptions

if TYPE_CHECKING:
    from gradio_client import Client

    from seq2seq import Translator
    from tests.serve.conftest import Make, Running

NAMES = {"languages", "translate", "alternatives", "score", "align", "attention", "candidates"}
PAIR = (SENTENCE, "a man sleeps", "en", "de")


@pytest.fixture(scope="module")
def address(make: "Make", running: "Running") -> Iterator[str]:
    """A server of the tiny translator, its functions offered as tools where mcp is installed."""
    from serve.app import ServerOptions

    with running(make(options=ServerOptions(mcp=importlib.util.find_spec("mcp") is not None))) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> "Client":
    """Gradio's own client."""
    from gradio_client import Client

    return Client(address, verbose=False, httpx_kwargs={"timeout": 300})  # on a busy machine


def test_functions_have_names_and_types(client: "Client") -> None:
    """The functions have names and types; events of the page are not shown."""
    described: Any = client.view_api(print_info=False, return_format="dict")
    named = described["named_endpoints"]
    assert set(named) == {f"/{name}" for name in NAMES}
    assert described["unnamed_endpoints"] == {}
    types = {
        each["parameter_name"]: each["python_type"]["type"] for each in named["/attention"]["parameters"]
    }
    assert types["text"] == "str" and types["layer"] == "int"
    assert types["flow"] == "Literal['cross', 'encoder', 'decoder']"


def test_translates_as_the_library_does(client: "Client", translator: "Translator") -> None:
    """Programs get the library's translations and alternatives."""
    assert client.predict(api_name="/languages") == [["en", "de"]]
    assert client.predict(SENTENCE, "en", "de", api_name="/translate") == translator.translate(SENTENCE).text
    found = client.predict(SENTENCE, "en", "de", 3, api_name="/alternatives")
    expected = translator.translate(SENTENCE, DecodeOptions(num_hypotheses=3))
    assert [each["text"] for each in found] == [expected.text, *(a.text for a in expected.alternatives)]


def test_explains_as_the_library_does(client: "Client", translator: "Translator") -> None:
    """Scores, links and weights are the library's."""
    source, target = PAIR[:2]
    score = client.predict(*PAIR, api_name="/score")
    assert score == pytest.approx(translator.score(source, target).log_probability)
    assert client.predict(*PAIR, api_name="/align") == translator.align(source, target).to_json()
    head = translator.settings.alignment
    found = client.predict(*PAIR, layer=head.layer, head=head.head, api_name="/attention")
    assert found["rows"] == target.split() and found["columns"] == source.split()
    for row in found["weights"]:
        assert sum(row) == pytest.approx(1.0, abs=0.01)
    steps = client.predict(*PAIR, api_name="/candidates")
    assert len(steps) == len(translator.tokenizer.encode(target)) + 1


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("/translate", (SENTENCE, "fr", "de"), "fr is not supported as source"),
        ("/translate", ("x" * 20_001, "en", "de"), "at most 20000 are allowed"),
        ("/alternatives", (SENTENCE, "en", "de", 1000), "at most 8 are allowed"),
        ("/alternatives", (SENTENCE, "en", "de", 0), "give a whole number from 1"),
        ("/score", (*PAIR[:2], "auto", "de"), "auto is not supported as source"),
        ("/attention", (*PAIR, "cross", 9, 0, "words"), "is not among the 2 layers of 4 heads"),
        ("/attention", (*PAIR, "sideways", 0, 0, "words"), "sideways"),
        ("/candidates", ("😀", "a man", "en", "de"), "knows no token"),
    ],
)
def test_refusals_are_sentences(client: "Client", name: str, given: tuple[Any, ...], said: str) -> None:
    """A refusal is a sentence that names what was wrong, without a traceback."""
    from gradio_client.exceptions import AppError

    with pytest.raises((AppError, ValueError), match=said) as error:
        client.predict(*given, api_name=name)
    assert "Traceback" not in str(error.value)


def test_rate_holds_for_programs_too(make: "Make", running: "Running") -> None:
    """The rate of the REST routes holds for the page, too."""
    import httpx
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    from serve.app import ServerOptions

    with running(make(options=ServerOptions(rate=2))) as address:
        client = Client(address, verbose=False, httpx_kwargs={"timeout": 300})
        client.predict(SENTENCE, "en", "de", api_name="/translate")
        client.predict(*PAIR, api_name="/score")
        with pytest.raises(AppError, match=r"Slowdown: at most 2 \w+ a minute"):
            client.predict(SENTENCE, "en", "de", api_name="/translate")
        body = {"q": SENTENCE, "source": "en", "target": "de"}
        assert httpx.post(f"{address}/translate", json=body, timeout=300).status_code == 429


def test_tools_are_listed_and_called(address: str, translator: "Translator") -> None:
    """A client of MCP finds the named tools and can call them."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def ask() -> tuple[set[str], str]:
        async with (
            streamable_http_client(f"{address}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            given = {"text": SENTENCE, "source": "en", "target": "de"}
            answer: Any = await session.call_tool("translate", given)
            return tools, answer.content[0].text

    assert asyncio.run(ask()) == (NAMES, translator.translate(SENTENCE).text)


def test_tools_are_off_by_default_and_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools are off by default; without their extra the error names the command that installs it."""
    from serve.app import ServerOptions
    from serve.command import main

    assert ServerOptions().mcp is False
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mcp" else find(name))
    with pytest.raises(ValueError, match=r"pip install '\.\[mcp\]' -c constraints\.txt"):
        main(["--mcp"])


def test_tools_ask_nobody_for_a_key(tmp_path: Any) -> None:
    """Tools and keys exclude each other, for tools send no key."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from serve.command import main

    with pytest.raises(ValueError, match="leave one of them out"):
        main(["--mcp", "--api-keys", str(tmp_path / "keys")])
