"""Figures and the access log: every request is there once, and nothing of what it said."""

import json
import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make

SECRET = "two dogs and my secret"
BODY = {"q": SECRET, "source": "en", "target": "de", "api_key": "secret key"}


@pytest.fixture
def recorded(make: "Make") -> "TestClient":
    """A client of an application that writes an access log."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions

    return TestClient(make(options=ServerOptions(access_log=True)), base_url="http://localhost")


def figure(client: "TestClient", name: str) -> float:
    """A figure of GET /metrics."""
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


def test_figures_count_what_happened(recorded: "TestClient") -> None:
    """An operator would see a quiet server that is busy, or the other way round."""
    recorded.post("/translate", json=BODY)
    recorded.post("/translate", json={})
    recorded.post("/v1/stream", json=BODY)
    recorded.get("/nowhere")
    requests = 'seq2seq_requests_total{{method="{}",route="{}",status="{}"}}'.format
    assert figure(recorded, requests("POST", "/translate", 200)) == 1
    assert figure(recorded, requests("POST", "/translate", 400)) == 1
    assert figure(recorded, requests("GET", "other", 404)) == 1
    assert figure(recorded, "seq2seq_batch_size_count") == 1
    assert figure(recorded, "seq2seq_first_token_seconds_count") == 1
    assert figure(recorded, "seq2seq_tokens_in_total") > 2
    assert figure(recorded, "seq2seq_tokens_out_total") > 2
    assert figure(recorded, "seq2seq_queue_depth") == figure(recorded, "seq2seq_queue_tokens") == 0


def test_nothing_that_was_said_is_recorded(recorded: "TestClient", caplog: pytest.LogCaptureFixture) -> None:
    """Texts, keys, or names that people put into paths would lie in logs and figures."""
    with caplog.at_level(logging.INFO, "seq2seq.access"):
        recorded.post("/translate?secret=1", json=BODY)
        recorded.get("/secret/path")
        recorded.request("SECRET", "/translate")
    assert "secret" not in recorded.get("/metrics").text.lower()
    lines = [json.loads(r.getMessage()) for r in caplog.records if r.name == "seq2seq.access"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/translate", 200),
        ("GET", "other", 404),
        ("other", "/translate", lines[2]["status"]),
    ]
    assert "secret" not in json.dumps(lines)
    assert set(lines[0]) == {
        "time",
        "client",
        "method",
        "route",
        "status",
        "seconds",
        "bytes_in",
        "bytes_out",
    }
    assert lines[0]["bytes_in"] == len(json.dumps(BODY, separators=(",", ":")))


def test_no_log_unless_it_is_wanted(client: "TestClient", caplog: pytest.LogCaptureFixture) -> None:
    """Who asked when would be written down without anybody having asked for it."""
    with caplog.at_level(logging.DEBUG, "seq2seq.access"):
        client.get("/health")
    assert not [each for each in caplog.records if each.name == "seq2seq.access"]
