"""Uploads to the page: room for each visitor and for all, expiry, and folders of servers that were killed."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import HTTPException

from serve.demo.page_folder import PREFIX, open_page_folder
from serve.demo.uploads import BLOCK, KEPT_SECONDS, UploadStore, cost_of
from serve.http.auth import Authenticator
from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

MEGABYTES = 1_000_000


class Clock:
    """A clock that is set by hand, ahead of the file system's."""

    def __init__(self) -> None:
        self.now = 2e9

    def __call__(self) -> float:
        return self.now


def used(folder: Path) -> int:
    """The bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_visitor_and_all_have_room_of_their_own(tmp_path: Path) -> None:
    """A thousand uploads from fifty addresses leave 64 MB at most; one address has a quarter of that."""
    store = UploadStore(tmp_path, 10 * MEGABYTES, Clock())
    content = b"x" * 8 * MEGABYTES
    statuses = []
    for number in range(1000):
        try:
            store.put(f"address {number % 50}", "note.txt", content)
        except HTTPException as error:
            statuses.append(error.status_code)
    assert set(statuses) == {413, 503}
    assert 50 * MEGABYTES < used(tmp_path) <= 64 * MEGABYTES
    with pytest.raises(HTTPException, match="at most 16000000 are allowed") as refused:
        store.put("address 0", "note.txt", content)
    assert refused.value.status_code == 413


def test_smallest_files_count_what_they_take(tmp_path: Path) -> None:
    """An empty file counts as the disk that it and its folder take, so that their number is bounded, too."""
    store = UploadStore(tmp_path, 1000, Clock())
    store.client_bytes = 3 * cost_of(0)
    for _ in range(3):
        store.put("a", "x", b"")
    with pytest.raises(HTTPException):
        store.put("a", "x", b"")
    assert cost_of(0) == cost_of(1) == 2 * BLOCK


def test_room_comes_back(tmp_path: Path) -> None:
    """A file that was read, and one that waited too long, make room; their folders go as well."""
    clock = Clock()
    store = UploadStore(tmp_path, 1000, clock)
    store.client_bytes = cost_of(1)
    store.put("a", "x", b"x").unlink()
    kept = store.put("a", "x", b"x")
    clock.now += KEPT_SECONDS + 1
    store.put("a", "x", b"x")
    assert not kept.exists()
    clock.now += 2 * KEPT_SECONDS
    store.sweep()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "", "a\0b.txt", "C:\\x.txt", "x" * 999 + ".txt", "☃.txt"]
)
def test_names_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    """Whatever an upload is called, its file is two levels below the folder."""
    path = UploadStore(tmp_path, 1000).put("a", name, b"x")
    assert path.resolve().parent.parent == tmp_path.resolve() and path.read_bytes() == b"x"


def guarded(rate: int | None = None) -> "TestClient":
    """A client of the guard alone, in front of an application that answers nothing."""
    from fastapi.testclient import TestClient

    from serve.demo.guard import PageGuard

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("an upload is not passed on")

    backend = SimpleNamespace(access=Authenticator(rate), limits=Limits())
    blocks = SimpleNamespace(fns={}, blocks={})
    return TestClient(PageGuard(behind, blocks, backend), base_url="http://localhost")  # type: ignore[arg-type]


def test_uploads_are_counted_by_the_rate() -> None:
    """Each upload is charged to its address, as a text is."""
    client = guarded(rate=2)
    sent = {"files": ("note.txt", b"two dogs")}
    paths = [client.post("/gradio_api/upload", files=sent).json()[0] for _ in range(2)]
    assert len(set(paths)) == 2 and all(Path(path).read_bytes() == b"two dogs" for path in paths)
    refused = client.post("/gradio_api/upload/", files=sent)
    assert refused.status_code == 429 and "at most 2 texts" in refused.json()["error"]
    assert refused.headers["retry-after"]


def test_other_bodies_are_refused_as_uploads() -> None:
    """A body without a file is refused with a sentence."""
    client = guarded()
    for options in ({"json": {}}, {"files": {"other": (None, "x")}}, {"data": {"files": "x"}}):
        answer = client.post("/gradio_api/upload", **options)  # type: ignore[arg-type]
        assert answer.status_code == 400 and list(answer.json()) == ["error"]
    many = [("files", (f"{number}.txt", b"x")) for number in range(20)]
    assert client.post("/gradio_api/upload", files=many).status_code == 400


def test_folders_of_killed_servers_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that starts removes the folders of servers that are gone, and neither others' nor a link's."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    killed, other = tmp_path / f"{PREFIX}killed", tmp_path / "note"
    linked = tmp_path / f"{PREFIX}link"
    (killed / "upload").mkdir(parents=True)
    (killed / "upload" / "note.txt").write_text("x", encoding="utf-8")
    other.mkdir()
    linked.symlink_to(other)
    os.utime(killed, (0, 0))
    running = open_page_folder.__wrapped__()
    assert not killed.exists()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    started = open_page_folder.__wrapped__()
    assert running.is_dir() and started.is_dir() and running != started
    assert other.is_dir() and linked.is_symlink()
    assert running.stat().st_mode & 0o077 == 0
