"""The bodies of Gradio's routes: our sentences for what is wrong, and nothing of a visitor in the log."""

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import check_rows

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Refusal

JOIN = "/gradio_api/queue/join"
SECRET = "xyzzy-secret"


def post(client: "TestClient", path: str, body: Any) -> Any:
    """Send JSON, with half characters as JSON can write them."""
    return client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})


def events(client: "TestClient") -> list[dict[str, Any]]:
    """The events of the page that have a function on the server."""
    return [event for event in client.get("/config").json()["dependencies"] if event["backend_fn"]]


def test_bodies_are_refused_with_sentences(client: "TestClient", refusal: "Refusal") -> None:
    """What Gradio could not work with is refused before it sees it, with the field and the remedy."""
    first = events(client)[0]
    count = len(first["inputs"])
    good = {"data": [None] * count, "fn_index": first["id"], "session_hash": "s"}

    def check(path: str, fields: Any, sentence: str, status: int) -> None:
        body = {**good, **fields} if isinstance(fields, dict) else fields
        assert sentence in refusal(post(client, path, body), status)

    rows = [
        (JOIN, {"session_hash": "\ud800"}, "half a character", 400),
        (JOIN, {"data": [["\udfff"]]}, "half a character", 400),
        (JOIN, {"session_hash": "a b"}, "no name of a session", 400),
        (JOIN, {"session_hash": "a" * 65}, "no name of a session", 400),
        (JOIN, {"session_hash": 5}, "session_hash is 5", 400),
        (JOIN, {"session_hash": None}, "session_hash is missing", 400),
        (JOIN, {"data": [None] * (count + 1)}, f"the event has {count} inputs", 400),
        (JOIN, {"data": []}, "data has 0 values", 400),
        (JOIN, {"data": {}}, "data is an object", 400),
        (JOIN, {"fn_index": 10**9}, "no such event", 404),
        (JOIN, {"fn_index": None}, "no such event", 404),
        (JOIN, {"fn_index": True}, "fn_index is true", 400),
        (JOIN, {"fn_index": "0"}, "fn_index is '0'", 400),
        (JOIN, {"trigger_id": 10**9}, "trigger_id is 1000000000", 400),
        (JOIN, {"event_data": [1]}, "event_data is a list", 400),
        (JOIN, {"batched": True}, "batched is set", 400),
        (JOIN, [1], "the JSON is a list", 400),
        ("/gradio_api/run/translate", {"fn_index": None, "data": ["a"]}, "data has 1 values", 400),
        ("/gradio_api/api/nothing", {"fn_index": None}, "no such event", 404),
        ("/gradio_api/call/translate", {"fn_index": None, "data": ["a"]}, "the event has 3 inputs", 400),
        ("/gradio_api/call/nothing", {"fn_index": None}, "no such event", 404),
        ("/gradio_api/call/v2/nothing", {}, "no such event", 404),
        ("/gradio_api/cancel", {"session_hash": "\ud800", "event_id": "x"}, "half a character", 400),
        (
            "/gradio_api/run/translate",
            {"fn_index": None, "data": ["a", "en", 5]},
            "5 is no text; give a string",
            400,
        ),
        ("/gradio_api/cancel", {"fn_index": None, "event_id": "x"}, "fn_index is missing", 400),
        ("/gradio_api/component_server", {}, "this page has no 'component_server'", 404),
    ]
    check_rows(check, rows)
    for path in ("queue/data?session_hash=%ED%A0%80", "queue/data?session_hash=a%20b", "heartbeat/a%20b"):
        assert "no name of a session" in refusal(client.get(f"/gradio_api/{path}"))
    assert "session_hash is missing" in refusal(client.get("/gradio_api/queue/data"))
    assert "not JSON" in refusal(client.post(JOIN, content=b"{"))
    assert "has no 'dev'" in refusal(client.get("/gradio_api/dev/reload"), 404)


def test_faults_say_nothing_of_a_visitor(
    client: "TestClient", capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A value that an event cannot take is answered with a sentence, and neither log nor console hold it."""
    with caplog.at_level(logging.DEBUG):
        for event in events(client):
            body = {"data": [SECRET] * len(event["inputs"]), "fn_index": event["id"], "session_hash": "s"}
            answer = post(client, "/gradio_api/run/predict", body)
            assert answer.status_code == 200 or isinstance(answer.json()["error"], str), answer.text
    out, error = capfd.readouterr()
    assert SECRET not in out + error + caplog.text
    assert "Traceback" not in out + error + caplog.text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "data": st.lists(VALUES, max_size=9) | VALUES,
        "fn_index": st.integers(0, 30) | VALUES,
        "session_hash": st.just("s") | VALUES,
        "event_id": VALUES,
        "trigger_id": VALUES,
        "event_data": VALUES,
        "batched": VALUES,
        "simple_format": VALUES,
        "oauth_token": VALUES,
    },
)
PATHS = ["run/predict", "run/translate", "call/align", "call/v2/score", "cancel", "reset", "api/languages"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), fields=FIELDS)
def test_no_body_is_a_fault(client: "TestClient", path: str, fields: dict[str, Any]) -> None:
    """Any object is answered with a result or a sentence."""
    answer = post(client, f"/gradio_api/{path}", fields)
    assert answer.status_code == 200 or isinstance(answer.json()["error"], str), answer.text
