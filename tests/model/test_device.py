"""The device: the default, and refusals of devices that are not there."""

import argparse

import pytest
import torch

from seq2seq.model.device import add_device, choose_device


@pytest.mark.parametrize(("there", "taken"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_a_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, there: bool, taken: str
) -> None:
    """ "auto" is the GPU if there is one, else the CPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device() == choose_device("auto") == taken
    assert choose_device("cpu") == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that this PyTorch lacks is refused before a model is read."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda") == "cuda" and choose_device("cuda:1") == "cuda:1"
    with pytest.raises(ValueError, match=r"'cuda:2', but there is no such CUDA device .*cpu or auto"):
        choose_device("cuda:2")
    for module in (torch.cuda, torch.mps):
        monkeypatch.setattr(module, "is_available", lambda: False)
    for device in ("cuda", "mps"):
        with pytest.raises(ValueError, match=f"no such {device.upper()} device in this PyTorch"):
            choose_device(device)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "meta", "vulkan"])
def test_a_name_of_no_device_is_refused(name: str) -> None:
    """A name of no device, or of one without numbers, is refused."""
    with pytest.raises(ValueError, match=f"device is '{name}', which is none; use --device auto"):
        choose_device(name)


def test_flag_says_auto_by_default() -> None:
    """A command without the flag takes "auto"."""
    parser = argparse.ArgumentParser()
    add_device(parser)
    assert parser.parse_args([]).device == "auto"
    assert parser.parse_args(["--device", "cpu"]).device == "cpu"
