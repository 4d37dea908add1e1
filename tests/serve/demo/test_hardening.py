"""The page's events, called by hand as a stranger would: files that nobody uploaded are refused."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Refusal

ELSEWHERE = "http://elsewhere.example/note.txt"
TABLE = "id,text\n1,two dogs\n"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what Gradio would fetch: addresses of its inputs, hosts that it passes on."""
    import safehttpx
    from gradio import processing_utils

    fetched: list[str] = []

    async def fail(address: str, *others: Any) -> Any:
        fetched.append(address)
        raise OSError("the network is not there in a test")

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", fail)
    monkeypatch.setattr(safehttpx, "async_validate_url", fail)
    return fetched


def find_event(client: "TestClient", kind: str) -> tuple[int, list[str]]:
    """Return the number of the first event with an input of a kind, and the kinds of its inputs."""
    config = client.get("/config").json()
    kinds = {each["id"]: each["type"] for each in config["components"]}
    for event in config["dependencies"]:
        inputs = [kinds[number] for number in event["inputs"]]
        if kind in inputs and event["backend_fn"]:
            return event["id"], inputs
    raise AssertionError(f"the page has no event with a {kind}")


def send(client: "TestClient", event: int, data: list[Any]) -> dict[str, Any]:
    """Return the last message of an event."""
    event_data = {"data": data, "fn_index": event, "session_hash": "stranger"}
    assert client.post("/gradio_api/queue/join", json=event_data).status_code == 200
    messages = client.get("/gradio_api/queue/data?session_hash=stranger").text.splitlines()
    sent = [json.loads(line.removeprefix("data: ")) for line in messages if line]
    return next(each for each in sent if each["msg"] == "process_completed")


def translate_file(client: "TestClient", path: str) -> dict[str, Any]:
    """Return the answer of the document panel for a path."""
    event, inputs = find_event(client, "file")
    assert inputs == ["dropdown", "file", "textbox"]
    return send(client, event, [0, file_at(path), "text"])


def file_at(path: str) -> dict[str, Any]:
    """Return a path as Gradio's own pages send an uploaded file."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_upload_is_translated(client: "TestClient", translator: "Translator") -> None:
    """A file that a visitor uploaded is translated."""
    sent = client.post("/gradio_api/upload", files={"files": ("table.csv", TABLE.encode())})
    answer = translate_file(client, sent.json()[0])
    assert answer["success"], answer
    made = answer["output"]["data"][1]["value"]
    expected = translator.translate("two dogs").text
    assert client.get(f"/gradio_api/file={made['path']}").text == f"id,text\n1,{expected}\n"


def test_files_of_the_server_are_not_read(client: "TestClient", tmp_path: Path) -> None:
    """A path that nobody uploaded is refused, and its file neither read nor deleted."""
    secret = tmp_path / "secret.csv"
    secret.write_text(TABLE, encoding="utf-8")
    answer = translate_file(client, str(secret))
    assert not answer["success"] and "two dogs" not in json.dumps(answer)
    assert secret.exists()


@pytest.mark.parametrize("kind", ["file", "textbox", "dropdown"])
def test_events_fetch_nothing(client: "TestClient", fetched: list[str], kind: str) -> None:
    """No field of the page makes the server fetch an address."""
    event, inputs = find_event(client, kind)
    data = [file_at(ELSEWHERE) if each == kind else 0 for each in inputs]
    answer = send(client, event, data)
    assert not answer["success"] and "fetches nothing" in answer["output"]["error"]
    assert fetched == []


def test_addresses_are_not_passed_on(client: "TestClient", refusal: "Refusal", fetched: list[str]) -> None:
    """The server is no open proxy: addresses in its file routes are refused."""
    for method in ("GET", "HEAD"):
        for path in ("file=", "file/"):
            assert client.request(method, f"/gradio_api/{path}{ELSEWHERE}").status_code == 403
    assert "fetches nothing" in refusal(client.get("/gradio_api/file=https://elsewhere.example/x"), 403)
    assert fetched == []


def test_recordings_are_not_kept(client: "TestClient", refusal: "Refusal") -> None:
    """Gradio's route for recordings, which would store files for ever, is closed."""
    sent = client.post("/gradio_api/process_recording", files={"file": ("clip.wav", b"RIFF" * 1000)})
    assert "records nothing" in refusal(sent, 403)
