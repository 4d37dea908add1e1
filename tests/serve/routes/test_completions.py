"""POST /v1/completions with OpenAI's own client, and beside or without translators."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import openai
import pytest

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

    with running(make_app(ModelRegistry({"tiny": translator}, writers={"bard": generator}))) as address:
        yield address


@pytest.fixture(scope="module")
def client(server: str) -> openai.OpenAI:
    """OpenAI's client, told another address and nothing else."""
    return openai.OpenAI(base_url=f"{server}/v1", api_key="any", max_retries=0)


@pytest.fixture(scope="module")
def alone(generator: Generator) -> Iterator["TestClient"]:
    """The application of a server with nothing but a language model."""
    from fastapi.testclient import TestClient

    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    app = make_app(ModelRegistry({}, writers={"bard": generator}))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def test_a_completion_is_what_the_generator_writes(client: openai.OpenAI, generator: Generator) -> None:
    """Programs written for OpenAI's server would fail, or get another text than the library gives."""
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
    """What is shown as it is written would not be the text that is answered at once."""
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
    """Those who asked for them with a stream would get none, or those of another text."""
    asked = {"model": "bard", "prompt": PROMPT, "echo": True, "logprobs": 0, **SAMPLED}
    whole = client.completions.create(**asked).choices[0]
    if stops:
        asked["stop"] = whole.text[len(PROMPT) + 9 :][:3]
        whole = client.completions.create(**asked).choices[0]
    parts = [part.choices[0] for part in client.completions.create(stream=True, **asked)]
    assert "".join(part.text for part in parts) == whole.text
    for name in ("tokens", "token_logprobs", "text_offset"):
        told = [each for part in parts for each in getattr(part.logprobs, name)]
        assert told == pytest.approx(getattr(whole.logprobs, name), abs=1e-5), name


def test_several_prompts_and_texts_keep_their_order(client: openai.OpenAI) -> None:
    """A choice would belong to another prompt than its index says, or its prompt be missing."""
    prompts = ["a dog", "two men sleep"]
    found = client.completions.create(
        model="bard", prompt=prompts, n=3, echo=True, max_tokens=5, seed=1, temperature=1
    )
    assert [choice.index for choice in found.choices] == list(range(6))
    starts = [prompts[choice.index // 3] for choice in found.choices]
    assert all(choice.text.startswith(start) for choice, start in zip(found.choices, starts, strict=True))


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_text_ends_a_completion(client: openai.OpenAI, stream: bool) -> None:
    """The text would run on past what it was told to stop before, or show it."""
    asked = {"model": "bard", "prompt": PROMPT, **SAMPLED}
    text = client.completions.create(**asked).choices[0].text
    stop = text[9:12]
    expected = text[: text.index(stop)]
    if stream:
        parts = list(client.completions.create(stop=stop, stream=True, **asked))
        found, reason = "".join(part.choices[0].text for part in parts), parts[-1].choices[0].finish_reason
    else:
        choice = client.completions.create(stop=[stop], **asked).choices[0]
        found, reason = choice.text, choice.finish_reason
    assert (found, reason) == (expected, "stop")


def test_a_stop_text_ends_the_work(client: openai.OpenAI) -> None:
    """A completion would be written to its limit and cut then, and be charged otherwise than a stream."""
    asked = {"model": "bard", "prompt": PROMPT, **SAMPLED}
    text = client.completions.create(**asked).choices[0].text
    stop = text[9:12]
    found = client.completions.create(stop=[stop, stop], logprobs=0, **asked)
    used = found.usage.completion_tokens
    assert used == text.index(stop) + 3 < 24
    assert "".join(found.choices[0].logprobs.tokens) == found.choices[0].text
    *_, last = client.completions.create(
        stop=stop, stream=True, stream_options={"include_usage": True}, **asked
    )
    assert last.usage == found.usage


def test_who_has_left_keeps_nobody_waiting(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A completion that was abandoned would be written to its end while all others wait."""
    steps: list[int] = []
    step = generator.model.step
    monkeypatch.setattr(generator.model, "step", lambda *given: (steps.append(1), step(*given))[1])
    options = replace(OPTIONS, max_length=200)
    (found,) = _generate(generator, options, [PROMPT], lambda _: len(steps) >= 3)
    assert found.text == "" and len(steps) < 10


def test_temperature_zero_is_greedy(client: openai.OpenAI, generator: Generator) -> None:
    """OpenAI's way to ask for the likeliest text would be refused, or answered by chance."""
    found = client.completions.create(model="bard", prompt=PROMPT, temperature=0, max_tokens=9)
    assert found.choices[0].text == generator.generate(PROMPT, DecodeOptions(beam_size=1, max_length=9)).text


def test_models_are_listed(client: openai.OpenAI) -> None:
    """A client could not choose, for it would not see the language model, or not which kind it is."""
    found = {model.id: model for model in client.models.list()}
    assert set(found) == {"tiny", "bard"}
    assert found["bard"].languages == ["en"] and found["bard"].context == 16  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
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
    ],
)
def test_a_wrong_value_is_said(
    alone: "TestClient", refusal: "Refusal", wrong: dict[str, object], said: str
) -> None:
    """Whoever sent it would not learn what to change."""
    assert said in refusal(alone.post("/v1/completions", json={"prompt": "a", **wrong}))


def test_a_prompt_longer_than_the_context_goes_on(alone: "TestClient", generator: Generator) -> None:
    """It would be refused, or counted as if all of it had been read."""
    answer = alone.post("/v1/completions", json={"prompt": "a dog " * 9, "max_tokens": 3, "seed": 1}).json()
    assert answer["usage"]["prompt_tokens"] == generator.model.config.max_length
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_server_without_translators(alone: "TestClient", refusal: "Refusal") -> None:
    """A language model alone could not be served, or would break the routes of translation."""
    assert alone.get("/ready").status_code == 200
    assert alone.get("/languages").json() == []
    assert "en is not supported" in refusal(
        alone.post("/translate", json={"q": "a", "source": "en", "target": "de"})
    )
    assert alone.get("/").status_code == 200


def test_a_server_without_language_models(make: object, refusal: "Refusal") -> None:
    """The sentence would not say what is missing."""
    from fastapi.testclient import TestClient

    with TestClient(make(), base_url="http://localhost") as client:  # type: ignore[operator]
        assert "no language model" in refusal(client.post("/v1/completions", json={"prompt": "a"}))


def test_keys_come_as_openai_sends_them(generator: Generator) -> None:
    """A server with keys would turn OpenAI's client away."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions, make_app
    from serve.engine.registry import ModelRegistry

    app = make_app(
        ModelRegistry({}, writers={"bard": generator}), options=ServerOptions(keys=frozenset({"secret"}))
    )
    with TestClient(app, base_url="http://localhost") as client:
        body = {"prompt": "a", "max_tokens": 2}
        assert client.post("/v1/completions", json=body).status_code == 403
        headers = {"Authorization": "Bearer secret"}
        assert client.post("/v1/completions", json=body, headers=headers).status_code == 200


def test_what_may_be_a_stop_text_is_held_back() -> None:
    """A stream would show the beginning of a stop text, or swallow what only looked like one."""
    held = StopBuffer(["END", "NDX"])
    assert [held.add(piece) for piece in ("aE", "N", "d", "EN", "DX")] == ["a", "", "ENd", "", ""]
    assert held.stopped and held.rest == ""
    assert cut_at("aENdEND", ["aE", "Nd", "EN", "D"], ["END"]) == ("aENd", 2)
