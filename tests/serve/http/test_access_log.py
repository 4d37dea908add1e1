"""Metrics and the access log: each request is counted once, and its text appears nowhere."""

import json
import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import Make

SECRET = "two dogs and my secret"
BODY = {"q": SECRET, "source": "en", "target": "de", "api_key": "secret key"}


@pytest.fixture(scope="module")
def recorded(make: "Make") -> "TestClient":
    """A client of an application that writes an access log."""
    from fastapi.testclient import TestClient

    from serve.app import ServerOptions

    return TestClient(make(options=ServerOptions(access_log=True)), base_url="http://localhost")


def metrics_of(client: "TestClient") -> dict[str, float]:
    """The values of GET /metrics by name and labels."""
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_metrics_count_what_happened(recorded: "TestClient") -> None:
    """Each request raises the counters of its route and status by one, and leaves the queue empty."""
    before = metrics_of(recorded)
    recorded.post("/translate", json=BODY)
    recorded.post("/translate", json={})
    recorded.post("/v1/stream", json=BODY)
    recorded.get("/nowhere")
    after = metrics_of(recorded)

    def growth(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    requests = 'seq2seq_requests_total{{method="{}",route="{}",status="{}"}}'.format
    assert growth(requests("POST", "/translate", 200)) == 1
    assert growth(requests("POST", "/translate", 400)) == 1
    assert growth(requests("GET", "other", 404)) == 1
    assert growth("seq2seq_batch_size_count") == 1
    assert growth("seq2seq_first_token_seconds_count") == 1
    assert growth("seq2seq_tokens_in_total") > 2
    assert growth("seq2seq_tokens_out_total") > 2
    assert after["seq2seq_queue_depth"] == after["seq2seq_queue_tokens"] == 0


def test_nothing_that_was_said_is_recorded(recorded: "TestClient", caplog: pytest.LogCaptureFixture) -> None:
    """Neither log nor metrics hold a text, a key, or a name that somebody put into a path."""
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
    """No request is logged unless the access log is switched on."""
    with caplog.at_level(logging.DEBUG, "seq2seq.access"):
        client.get("/health")
    assert not [record for record in caplog.records if record.name == "seq2seq.access"]
