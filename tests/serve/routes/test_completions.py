"""POST /v1/completions with OpenAI's own client, on servers with and without translation models."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import openai
import pytest
from tables import check_rows

from seq2seq import DecodeOptions, Generator
from serve.routes.completion_stops import StopBuffer, cut_at
from serve.routes.completions import _generate

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Refusal, Running

PROMPT = "a dog runs"
SAMPLED = {"temperature": 0.9, "seed": 4, "max_tokens": 24}
OPTIONS = DecodeOptions(beam_size=1, sampling_topk=0, sampling_temperature=0.9, seed=4, max_length=24)


@pytest.fixture(scope="module")
def server(translator: "Translator", generator: Generator, running: "Running") -> Iterator[str]:
    """A server with a translator and a language model."""
    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    with running(
        make_app(ModelRegistry({"tiny": translator}, language_models={"bard": generator}))
    ) as address:
        yield address


@pytest.fixture(scope="module")
def client(server: str) -> openai.OpenAI:
    """OpenAI's client with the address of the server."""
    return openai.OpenAI(base_url=f"{server}/v1", api_key="any", max_retries=0)


@pytest.fixture(scope="module")
def alone(generator: Generator) -> Iterator["TestClient"]:
    """A client of an application with nothing but a language model."""
    from fastapi.testclient import TestClient

    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    app = make_app(ModelRegistry({}, language_models={"bard": generator}))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def test_a_completion_is_what_the_generator_writes(client: openai.OpenAI, generator: Generator) -> None:
    """A completion has OpenAI's shape and the text, tokens and log-probabilities of the library."""
    found = client.completions.create(model="bard", prompt=PROMPT, logprobs=0, **SAMPLED)
    expected = generator.generate(PROMPT, OPTIONS)
    (choice,) = found.choices
    assert (choice.text, choice.index, choice.finish_reason) == (expected.text, 0, "length")
    assert choice.logprobs.tokens == expected.tokens and choice.logprobs.text_offset[:2] == [0, 1]
    assert choice.logprobs.token_logprobs == pytest.approx(expected.token_log_probabilities, abs=1e-5)
    assert (found.object, found.model) == ("text_completion", "bard")
    used = found.usage
    assert (used.prompt_tokens, used.completion_tokens, used.total_tokens) == (10, 24, 34)


def test_a_stream_is_the_completion_in_parts(client: openai.OpenAI) -> None:
    """The parts of a stream join to the text, and end with the reason and usage, of the whole answer."""
    whole = client.completions.create(model="bard", prompt=PROMPT, **SAMPLED)
    usage = {"include_usage": True}
    *parts, last = client.completions.create(
        model="bard", prompt=PROMPT, stream=True, stream_options=usage, **SAMPLED
    )
    assert "".join(part.choices[0].text for part in parts) == whole.choices[0].text
    reasons = [part.choices[0].finish_reason for part in parts]
    assert reasons[-1] == "length" and set(reasons[:-1]) == {None}
    assert last.usage == whole.usage and not last.choices


@pytest.mark.parametrize("stops", [False, True])
def test_a_stream_tells_the_log_probabilities(client: openai.OpenAI, stops: bool) -> None:
    """The logprobs of a stream join to those of the whole answer, also where a stop text cuts it."""
    request = {"model": "bard", "prompt": PROMPT, "echo": True, "logprobs": 0, **SAMPLED}
    whole = client.completions.create(**request).choices[0]
    if stops:
        request["stop"] = whole.text[len(PROMPT) + 9 :][:3]
        whole = client.completions.create(**request).choices[0]
    parts = [part.choices[0] for part in client.completions.create(stream=True, **request)]
    assert "".join(part.text for part in parts) == whole.text
    for name in ("tokens", "token_logprobs", "text_offset"):
        told = [each for part in parts for each in getattr(part.logprobs, name)]
        assert told == pytest.approx(getattr(whole.logprobs, name), abs=1e-5), name


def test_several_prompts_and_texts_keep_their_order(client: openai.OpenAI) -> None:
    """Choices are numbered prompt by prompt, and `echo` puts its prompt before each."""
    prompts = ["a dog", "two men sleep"]
    found = client.completions.create(
        model="bard", prompt=prompts, n=3, echo=True, max_tokens=5, seed=1, temperature=1
    )
    assert [choice.index for choice in found.choices] == list(range(6))
    starts = [prompts[choice.index // 3] for choice in found.choices]
    assert all(choice.text.startswith(start) for choice, start in zip(found.choices, starts, strict=True))


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_text_ends_a_completion(client: openai.OpenAI, stream: bool) -> None:
    """The text ends before the stop text, with the reason `stop`, whole and streamed."""
    request = {"model": "bard", "prompt": PROMPT, **SAMPLED}
    text = client.completions.create(**request).choices[0].text
    stop = text[9:12]
    expected = text[: text.index(stop)]
    if stream:
        parts = list(client.completions.create(stop=stop, stream=True, **request))
        found, reason = "".join(part.choices[0].text for part in parts), parts[-1].choices[0].finish_reason
    else:
        choice = client.completions.create(stop=[stop], **request).choices[0]
        found, reason = choice.text, choice.finish_reason
    assert (found, reason) == (expected, "stop")


def test_a_stop_text_ends_the_work(client: openai.OpenAI) -> None:
    """Generation ends with the stop text, and whole answer and stream count the same tokens."""
    request = {"model": "bard", "prompt": PROMPT, **SAMPLED}
    text = client.completions.create(**request).choices[0].text
    stop = text[9:12]
    found = client.completions.create(stop=[stop, stop], logprobs=0, **request)
    used = found.usage.completion_tokens
    assert used == text.index(stop) + 3 < 24
    assert "".join(found.choices[0].logprobs.tokens) == found.choices[0].text
    *_, last = client.completions.create(
        stop=stop, stream=True, stream_options={"include_usage": True}, **request
    )
    assert last.usage == found.usage


def test_who_has_left_keeps_nobody_waiting(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled completion ends at the next step."""
    steps: list[int] = []
    step = generator.model.step
    monkeypatch.setattr(generator.model, "step", lambda *arguments: (steps.append(1), step(*arguments))[1])
    options = replace(OPTIONS, max_length=200)
    (found,) = _generate(generator, options, [PROMPT], lambda _: len(steps) >= 3)
    assert found.text == "" and len(steps) < 10


def test_temperature_zero_is_greedy(client: openai.OpenAI, generator: Generator) -> None:
    """Temperature 0 is greedy search."""
    found = client.completions.create(model="bard", prompt=PROMPT, temperature=0, max_tokens=9)
    assert found.choices[0].text == generator.generate(PROMPT, DecodeOptions(beam_size=1, max_length=9)).text


def test_models_are_listed(client: openai.OpenAI) -> None:
    """Translation models and language models are listed, the latter with languages and context."""
    found = {model.id: model for model in client.models.list()}
    assert set(found) == {"tiny", "bard"}
    assert found["bard"].languages == ["en"] and found["bard"].context == 16  # type: ignore[attr-defined]


@pytest.mark.parametrize("stop", [None, "e"])
def test_likeliest_tokens(client: openai.OpenAI, stop: str | None) -> None:
    """With `logprobs` N each token has the N likeliest beside it, whole and streamed; it is one of them."""
    request = {"model": "bard", "prompt": [PROMPT, "two"], "n": 2, "echo": True, "stop": stop, **SAMPLED}
    plain = client.completions.create(logprobs=0, **request).choices
    found = client.completions.create(logprobs=3, **request)
    parts = [part.choices[0] for part in client.completions.create(logprobs=3, stream=True, **request)]
    assert [choice.text for choice in found.choices] == [choice.text for choice in plain]
    for choice, other in zip(found.choices, plain, strict=True):
        assert choice.finish_reason == other.finish_reason
        assert other.logprobs.top_logprobs is None
        assert choice.logprobs.tokens == other.logprobs.tokens
        assert choice.logprobs.text_offset == other.logprobs.text_offset
        assert choice.logprobs.token_logprobs == pytest.approx(other.logprobs.token_logprobs)
        tops = choice.logprobs.top_logprobs
        for token, value, top in zip(
            choice.logprobs.tokens, choice.logprobs.token_logprobs, tops, strict=True
        ):
            assert top[token] == value and 3 <= len(top) <= 4
    assert found.usage.completion_tokens > 0
    for part in parts:
        for token, value, top in zip(
            part.logprobs.tokens, part.logprobs.token_logprobs, part.logprobs.top_logprobs or (), strict=True
        ):
            assert top[token] == value and 3 <= len(top) <= 4
    first = [top for part in parts if part.index == 0 for top in part.logprobs.top_logprobs or ()]
    single = client.completions.create(logprobs=3, **{**request, "prompt": PROMPT, "n": 1}).choices[0]
    assert [sorted(top) for top in first] == [sorted(top) for top in single.logprobs.top_logprobs]


def test_one_model_is_described(client: openai.OpenAI) -> None:
    """A model is described by its name as in the list; one that is not served is not found."""
    listed = {model.id: model for model in client.models.list()}
    assert client.models.retrieve("bard") == listed["bard"]
    for name in ("gpt-4o", "a/b"):
        with pytest.raises(openai.NotFoundError) as missing:
            client.models.retrieve(name)
        assert "GET /v1/models lists the models" in missing.value.response.json()["error"]


def test_a_wrong_value_is_refused(alone: "TestClient", refusal: "Refusal") -> None:
    """A wrong value is refused with the value and what to give instead."""

    def check(wrong: dict[str, object], sentence: str) -> None:
        assert sentence in refusal(alone.post("/v1/completions", json={"prompt": "a", **wrong}))

    rows: list[tuple[dict[str, object], str]] = [
        ({"model": "gpt"}, "model is gpt, which this server does not write with; choose bard"),
        ({"temperature": -1}, "temperature is -1; give a number from 0"),
        ({"top_p": 1.5}, "top_p is 1.5; give a number from 0 to 1"),
        ({"seed": "x"}, "seed is 'x'; give a whole number"),
        ({"n": 3, "temperature": 0}, "n is 3, but temperature 0"),
        ({"max_tokens": 100_000}, "tokens, but at most"),
        ({"max_tokens": 1_000_000}, "max_tokens is 1000000; give the most tokens to write"),
        ({"stop": ""}, "stop holds an empty text"),
        ({"presence_penalty": 1}, "presence_penalty is 1; give 0"),
        ({"prompt": 3}, "prompt is 3; give a text"),
        ({"prompt": ["a", None]}, "prompt has null at place 2; give a text or a list of texts"),
        ({"n": 50}, "candidates"),
    ]
    check_rows(check, rows)


def test_a_prompt_longer_than_the_context_goes_on(alone: "TestClient", generator: Generator) -> None:
    """Of a prompt longer than the context the last tokens are read, and only they are counted."""
    answer = alone.post("/v1/completions", json={"prompt": "a dog " * 9, "max_tokens": 3, "seed": 1}).json()
    assert answer["usage"]["prompt_tokens"] == generator.model.config.max_length
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_server_without_translators(alone: "TestClient", refusal: "Refusal") -> None:
    """A language model alone is served: the page opens and the routes of translation refuse properly."""
    assert alone.get("/ready").status_code == 200
    assert alone.get("/languages").json() == []
    assert "en is not supported" in refusal(
        alone.post("/translate", json={"q": "a", "source": "en", "target": "de"})
    )
    assert alone.get("/").status_code == 200


def test_a_server_without_language_models(address: str, refusal: "Refusal") -> None:
    """Without a language model the refusal says that there is none."""
    assert "no language model" in refusal(httpx.post(f"{address}/v1/completions", json={"prompt": "a"}))


def test_keys_come_as_openai_sends_them(generator: Generator) -> None:
    """A key in the Authorization header admits as one in the body does."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions, make_app
    from serve.engine.registry import ModelRegistry

    app = make_app(
        ModelRegistry({}, language_models={"bard": generator}),
        options=ServerOptions(keys=frozenset({"secret"})),
    )
    with TestClient(app, base_url="http://localhost") as client:
        body = {"prompt": "a", "max_tokens": 2}
        assert client.post("/v1/completions", json=body).status_code == 403
        headers = {"Authorization": "Bearer secret"}
        assert client.post("/v1/completions", json=body, headers=headers).status_code == 200


def test_what_may_be_a_stop_text_is_held_back() -> None:
    """A piece that may begin a stop text is held back until it is known not to."""
    buffer = StopBuffer(["END", "NDX"])
    assert [buffer.add(piece) for piece in ("aE", "N", "d", "EN", "DX")] == ["a", "", "ENd", "", ""]
    assert buffer.stopped and buffer.rest == ""
    assert cut_at("aENdEND", ["aE", "Nd", "EN", "D"], ["END"]) == ("aENd", 2)
