"""Converted models are made once; a cache that fails costs a sentence and no translation."""

import errno
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from seq2seq import Translator
from seq2seq.inference.backends import conversion
from seq2seq.inference.backends.cache import ABANDONED, cache_folder, cache_key, cached_files

pytest.importorskip("ctranslate2", reason="the extra `fast` is not installed")

TEXT, GERMAN = "Two dogs play in the snow.", "Zwei Hunde spielen im Schnee."


def make(folder: Path) -> None:
    (folder / "a").write_bytes(b"first" * 100)
    (folder / "b").write_bytes(b"second")


def fail(folder: Path) -> None:
    raise AssertionError("a model that the cache has was made again")


FILES = {"a": b"first" * 100, "b": b"second"}


def load() -> Translator:
    return Translator.from_pretrained("en-de", "cpu", "ctranslate2")


def test_a_model_is_made_once(cache: Path) -> None:
    """The second reader gets the files that the first has made, and nothing else lies in the folder."""
    key = cache_key(weights="1")
    assert cached_files(key, make) == FILES
    assert cached_files(key, fail) == FILES
    assert [path.name for path in cache.iterdir()] == [f"{key}.zip"]


def test_a_key_is_of_all_causes() -> None:
    """Another value of any cause has another key; the order of the causes has none."""
    key = cache_key(weights="1", version="4.8")
    assert key == cache_key(version="4.8", weights="1")
    assert key not in (cache_key(weights="2", version="4.8"), cache_key(weights="1", version="4.9"))


def damage_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_model(path: Path) -> None:
    cached_files(cache_key(weights="2"), make)
    (path.parent / f"{cache_key(weights='2')}.zip").replace(path)


@pytest.mark.parametrize("damage", [damage_end, damage_middle, empty, other_model])
def test_a_damaged_model_is_made_anew(cache: Path, caplog: pytest.LogCaptureFixture, damage: Any) -> None:
    """A torn or changed file, and one of another model, is told in a sentence and made anew."""
    key = cache_key(weights="1")
    cached_files(key, make)
    damage(cache / f"{key}.zip")
    assert cached_files(key, make) == FILES
    assert len(caplog.messages) == 1 and "is made anew" in caplog.text
    assert cached_files(key, fail) == FILES


def test_what_a_killed_process_left_is_removed(cache: Path) -> None:
    """Folders of processes that were killed a day ago are removed; newer ones may be in use."""
    cache.mkdir(parents=True)
    for name, age in ((".new-old", ABANDONED + 10), (".new-young", 10)):
        (cache / name).mkdir()
        os.utime(cache / name, (time.time() - age, time.time() - age))
    cached_files(cache_key(weights="1"), make)
    assert sorted(path.name for path in cache.glob(".new-*")) == [".new-young"]


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without XDG_CACHE_HOME, or with a relative one, which the convention ignores, it is in ~/.cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_folder() == tmp_path / ".cache" / "seq2seq" / "ctranslate2"


def check_torch_serves(caplog: pytest.LogCaptureFixture, reason: str) -> None:
    translator = load()
    assert translator.translate(TEXT).text == GERMAN
    assert translator.translate(TEXT).text == GERMAN
    assert translator.backend == "torch"
    (message,) = caplog.messages
    assert message.startswith("CTranslate2 is not used and torch searches: ") and reason in message


def test_a_cache_that_cannot_be_written_leaves_torch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Torch serves where no folder can be made, and one sentence says why."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    check_torch_serves(caplog, "Not a directory")


def test_a_full_disk_leaves_torch(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a full disk torch serves, one sentence says why, and no part of a model is left."""

    def full(model: Any, folder: Path, quantization: str) -> None:
        (folder / "model.bin").write_bytes(b"part")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(conversion, "convert_to_ctranslate2", full)
    check_torch_serves(caplog, "No space left on device")
    assert list(cache.iterdir()) == []


def test_files_that_the_engine_refuses_leave_torch(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Files of a version that the engine does not read leave the search to torch, with its reason."""
    load().translate(TEXT)
    (path,) = cache.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["model.bin"] = (99).to_bytes(4, "little") + files["model.bin"][4:]
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = path.stem.encode()
        for name, data in files.items():
            archive.writestr(name, data)
    check_torch_serves(caplog, "version")


def test_two_processes_at_once(cache: Path) -> None:
    """Two processes that convert the same model at the same time both translate by it."""
    program = (
        "from seq2seq import Translator\n"
        "translator = Translator.from_pretrained('de-en', 'cpu', 'ctranslate2')\n"
        "print(translator.translate('Zwei Hunde spielen im Schnee.').text, translator.backend)\n"
    )
    command = [sys.executable, "-c", program]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [error for _, error in outputs] == [b"", b""]
    assert {out.decode() for out, _ in outputs} == {"Two dogs are playing in the snow. ctranslate2 int8\n"}
    assert [path.suffix for path in cache.iterdir()] == [".zip"]
