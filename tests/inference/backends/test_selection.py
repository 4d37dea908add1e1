"""The back end is chosen by what is installed, what the model has, and what was requested."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seq2seq import Translator
from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.inference.backends.selection import TORCH, choose_backend, planned_backend
from seq2seq.storage.registry import MODELS

CONFIG = ModelConfig(100, width=16)
WINDOWED = replace(CONFIG, encoder_attention=AttentionConfig(window=3))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """CTranslate2 seems to be installed, and no environment variable names a back end."""
    monkeypatch.delenv("SEQ2SEQ_BACKEND", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.fixture
def missing(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """CTranslate2 is not installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("backend", "compute_type", "chosen"),
    [
        ("auto", "auto", "ctranslate2 int8"),
        ("auto", "float32", "ctranslate2 float32"),
        ("ctranslate2", "int8", "ctranslate2 int8"),
        ("torch", "auto", "torch"),
        ("torch", "float32", "torch"),
    ],
)
def test_an_installed_engine_is_taken(installed: None, backend: Any, compute_type: Any, chosen: str) -> None:
    """ "auto" takes CTranslate2 if it is installed and has the model, by default in int8."""
    assert str(choose_backend(CONFIG, backend, compute_type, "cpu")) == chosen


def test_without_the_package_torch_searches(missing: None) -> None:
    """Without the package "auto" is torch, and CTranslate2 by name is refused with the remedy."""
    assert choose_backend(CONFIG, "auto", "auto", "cpu") == TORCH
    with pytest.raises(ValueError, match="pip install ctranslate2"):
        choose_backend(CONFIG, "ctranslate2", "auto", "cpu")


def test_a_model_it_lacks_is_left_to_torch(installed: None) -> None:
    """A model that CTranslate2 cannot express is torch's; named, it is refused with the reason."""
    assert choose_backend(WINDOWED, "auto", "auto", "cpu") == TORCH
    with pytest.raises(ValueError, match=r"no sparse attention.*encoder_attention.*use backend torch"):
        choose_backend(WINDOWED, "ctranslate2", "auto", "cpu")
    assert choose_backend(CONFIG, "auto", "auto", "cpu", models=2) == TORCH
    assert choose_backend(CONFIG, "auto", "auto", "mps") == TORCH


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "onnx"}, "backend is 'onnx'; choose auto, torch or ctranslate2"),
        ({"compute_type": "int4"}, "compute_type is 'int4'"),
        ({"backend": "torch", "compute_type": "int8"}, "compute_type is int8"),
        ({"compute_type": "float16"}, "in which no CPU computes"),
    ],
)
def test_what_cannot_be_is_refused(installed: None, arguments: dict[str, Any], message: str) -> None:
    """An unknown name and a format that is not computed in are refused by their values."""
    with pytest.raises(ValueError, match=message):
        choose_backend(CONFIG, **{"backend": "auto", "compute_type": "auto", "device": "cpu", **arguments})


def test_the_environment_names_the_default(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """SEQ2SEQ_BACKEND replaces "auto" and nothing that was named; an unknown name is refused."""
    monkeypatch.setenv("SEQ2SEQ_BACKEND", "torch")
    assert choose_backend(CONFIG, "auto", "auto", "cpu") == TORCH
    assert choose_backend(CONFIG, "ctranslate2", "auto", "cpu").name == "ctranslate2"
    monkeypatch.setenv("SEQ2SEQ_BACKEND", "ctranslate2")
    with pytest.raises(ValueError, match="backend ctranslate2 cannot be used"):
        choose_backend(WINDOWED, "auto", "auto", "cpu")
    monkeypatch.setenv("SEQ2SEQ_BACKEND", "onnx")
    with pytest.raises(ValueError, match="SEQ2SEQ_BACKEND is 'onnx'"):
        choose_backend(CONFIG, "auto", "auto", "cpu")


def test_the_plan_is_told_without_loading(installed: None) -> None:
    """The back end of a model directory is read from its config."""
    assert planned_backend(MODELS / "en-de") == "ctranslate2 int8"
    assert planned_backend(MODELS / "en-de", "torch") == "torch"


def test_an_ensemble_is_torchs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ensemble, which CTranslate2 does not have, is searched by torch."""
    monkeypatch.delenv("SEQ2SEQ_BACKEND")
    ensemble = Translator.from_pretrained(["en-de", "en-de"], "cpu")
    assert ensemble.engine is None and ensemble.backend == "torch"
