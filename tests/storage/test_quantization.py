"""Rounding errors of both storage formats are bounded; weights they cannot hold are refused."""

from pathlib import Path

import pytest
import torch

from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.storage.model_directory import load_model, save_model
from seq2seq.storage.quantization import pack, unpack
from seq2seq.storage.settings import WEIGHTS, Settings
from seq2seq.text.tokenizer import Tokenizer


def test_a_row_is_kept_to_half_a_step_of_its_own_scale() -> None:
    """Each row is kept to half a step of its own scale; a row of zeros stays zero."""
    matrix = torch.tensor([[0.5, -1.27, 0.0], [1000.0, 3.0, -127.0], [0.0, 0.0, 0.0], [1e-30, 0.0, -1e-30]])
    weights = {"m": matrix, "v": torch.tensor([0.1, 2.0]), "n": torch.tensor([3])}
    packed = pack(weights, "int8")
    assert packed["m"].dtype == torch.int8 and packed["v"].dtype == torch.float16
    assert packed["m"].tolist() == [[50, -127, 0], [127, 0, -16], [0, 0, 0], [127, 0, -127]]
    found = unpack(packed)
    steps = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert ((found["m"] - matrix).abs() <= steps / 2 * 1.0001).all()
    assert found["v"].dtype == torch.float32 and found["n"].tolist() == [3]
    assert torch.equal(unpack(pack(found, "int8"))["m"], found["m"]), "stored twice it is another model"


def test_int8_directory_is_half_as_large_and_loads(
    tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer
) -> None:
    """A directory in int8 is half as large and loads."""
    settings = Settings(["en"], ["de"], 16, 40)
    for storage in ("float16", "int8"):
        save_model(tmp_path / storage, tiny_model, tiny_tokenizer, settings, "card", storage)
    sizes = [(tmp_path / storage / WEIGHTS).stat().st_size for storage in ("float16", "int8")]
    matrices = sum(each.numel() for each in tiny_model.parameters() if each.dim() > 1)
    assert sizes[0] - sizes[1] > 0.5 * matrices
    loaded = load_model(tmp_path / "int8").model
    for name, weight in tiny_model.state_dict().items():
        step = weight.flatten(1).abs().amax(dim=1) / 127 if weight.dim() > 1 else weight.abs() / 500
        wide = step.view(-1, *[1] * (weight.dim() - 1)) if weight.dim() > 1 else step
        assert ((loaded.state_dict()[name] - weight).abs() <= wide * 0.51 + 1e-7).all(), name


def test_what_cannot_be_stored_or_read_is_refused() -> None:
    """Weights that are not finite, and scales that fit no matrix, are refused."""
    for storage in ("float16", "int8"):
        with pytest.raises(ValueError, match="weight m has values that are not finite"):
            pack({"m": torch.tensor([[1.0, float("nan")]])}, storage)
    with pytest.raises(ValueError, match="beyond the 65504"):
        pack({"v": torch.tensor([1e6])}, "int8")
    with pytest.raises(ValueError, match="has no matrix"):
        unpack({"m:scale": torch.ones(2)})
    with pytest.raises(ValueError, match=r"weight m is \[3, 2\], but its scale is \[2\]"):
        unpack({"m": torch.zeros(3, 2, dtype=torch.int8), "m:scale": torch.ones(2)})


def test_an_unknown_storage_is_refused(
    tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer
) -> None:
    """An unknown storage format is refused."""
    translator = Translator(tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 16, 40))
    with pytest.raises(ValueError, match="storage is 'int4'; choose 'float16' or 'int8'"):
        translator.save_pretrained(tmp_path / "model", "int4")  # type: ignore[arg-type]
    assert not (tmp_path / "model").exists()


def test_saved_again_it_is_stored_as_it_was(
    tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer
) -> None:
    """A loaded model is saved in the format it was stored in."""
    fresh = Translator(tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 16, 40))
    fresh.save_pretrained(tmp_path / "one", "int8")
    loaded = Translator.from_pretrained(tmp_path / "one", "cpu")
    loaded.save_pretrained(tmp_path / "two")
    loaded.save_pretrained(tmp_path / "wide", "float16")
    one, two, wide = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("one", "two", "wide"))
    assert one == two and len(wide) > len(one)
