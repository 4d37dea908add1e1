"""`seq2seq doctor` says what it finds, and its exit code whether something failed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.commands import doctor, doctor_models
from seq2seq.commands.doctor_machine import DoctorCheck, requirement_checks, size_of
from seq2seq.commands.doctor_models import KNOWN, KnownOutput, model_checks
from seq2seq.storage.registry import MODELS, released_models

Run = Callable[..., Any]  # the fixture `run`


def states(checks: list[DoctorCheck]) -> dict[str, str]:
    """Return the state of each subject."""
    return {check.subject: check.state for check in checks}


def test_report_of_a_model(run: Run, model_directory: Path) -> None:
    """The report has versions, devices, threads, disk, caches and the model, as rows and as JSON."""
    ran = run("doctor", "--json", "--model", model_directory, "--device", "cpu")
    checks = {(row := json.loads(line))["subject"]: row for line in ran.out.splitlines()}
    for subject in ("seq2seq", "torch", "devices", "threads", "disk, here", "disk, temporary", "cache, hub"):
        assert subject in checks
    assert checks[f"model {model_directory}, torch"]["state"] == "ok"
    assert checks["torch"]["state"] == "ok"
    assert ran.code == any(check["state"] == "failed" for check in checks.values())


def test_damage_is_exit_code_1(run: Run, model_directory: Path) -> None:
    """A damaged file fails by its name."""
    (model_directory / "tokenizer.model").write_bytes(b"?")
    ran = run("doctor", "--model", model_directory)
    assert ran.code == 1
    failed = [line for line in ran.out.splitlines() if line.startswith("failed")]
    assert any("tokenizer.model has 1 bytes" in line for line in failed)
    assert run("doctor", "--model", "no-such-model").code == 1


def test_wrong_output_fails(model_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A released model that writes something else than what is known fails, with both texts."""
    monkeypatch.setattr(doctor_models, "MODELS", model_directory.parent)
    monkeypatch.setitem(KNOWN, "model", KnownOutput("a dog", ("Hund.",)))
    found = next(iter(model_checks(str(model_directory), "cpu")))
    assert found.state == "failed" and "'a dog' became" in found.found and "'Hund.'" in found.found


def test_directory_is_sealed(run: Run, model_directory: Path) -> None:
    """--seal gives config.json its checksum; before, the model is noted, and a changed one is refused."""
    path = model_directory / "config.json"
    config = json.loads(path.read_text())
    sealed = config["files"].pop("config.json")
    path.write_text(json.dumps(config))
    assert (
        states(list(model_checks(str(model_directory), "cpu")))[f"model {model_directory}, torch"] == "note"
    )
    assert run("doctor", "--seal", model_directory).code == 0
    assert json.loads(path.read_text())["files"]["config.json"] == sealed
    (model_directory / "model.safetensors").write_bytes(b"")
    refused = run("doctor", "--seal", model_directory)
    assert refused.code == 2 and "model.safetensors" in refused.err


def test_requirements() -> None:
    """A missing requirement of the library and a wrong version fail; a missing one of an extra is noted."""
    found = states(
        list(
            requirement_checks(
                [
                    "pytest>=1",
                    "torch<0.1",
                    "no-such-distribution",
                    "no-such-extra; extra == 'serve'",
                    "never-needed; python_version < '3'",
                    "of-tests; extra == 'test'",
                    "lightning!=2.6.2,>999; extra == 'train'",
                ]
            )
        )
    )
    assert found == {
        "pytest": "ok",
        "torch": "failed",
        "no-such-distribution": "failed",
        "no-such-extra": "note",
        "lightning": "failed",
    }


def test_size_of_a_folder(tmp_path: Path) -> None:
    """Sizes are those of files at every depth; a link does not count twice."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"x" * 1000)
    (tmp_path / "c").symlink_to(tmp_path / "a" / "b")
    assert 1000 <= size_of(tmp_path) < 1500


@pytest.mark.skipif(not (MODELS / "en-de").is_dir(), reason="no released models")
def test_every_released_model_has_a_known_output() -> None:
    """Each released model is tried, and only these."""
    assert set(KNOWN) == set(released_models())


@pytest.mark.skipif(not (MODELS / "en-de").is_dir(), reason="no released models")
@pytest.mark.parametrize("name", KNOWN)
def test_released_models_write_what_is_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each released model passes on torch."""
    monkeypatch.setattr(doctor_models, "get_args", lambda backend: ("auto", "torch"))
    assert [check.state for check in model_checks(name, "cpu")] == ["ok"]


def test_exit_code_is_for_scripts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are no failure."""
    monkeypatch.setattr(doctor, "_checks", lambda names, device: iter([DoctorCheck("a", "note", "b")]))
    ran = run("doctor")
    assert ran.code == 0 and ran.out == f"note    {'a':<28} b\n"
