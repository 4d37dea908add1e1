"""The device that a model computes on: the flag and its default."""

import argparse

AUTO = "auto"


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the flag --device to a parser."""
    parser.add_argument("--device", default=AUTO, help="auto (a GPU where there is one), cpu, cuda, ...")


def choose_device(name: str = AUTO) -> str:
    """Return the name of a device that is there; "auto" is a GPU if there is one, else the CPU.

    Raises:
        ValueError: No device has that name, or this PyTorch does not find it.
    """
    import torch  # on use, for a command's flags are read without it

    if name == AUTO:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        kind = torch.get_device_module(device.type)
    except RuntimeError:
        raise ValueError(f"device is {name!r}, which is none; use --device auto, cpu or cuda") from None
    if device.type != "cpu" and (device.index or 0) >= (kind.device_count() if kind.is_available() else 0):
        raise ValueError(
            f"device is {name!r}, but there is no such {device.type.upper()} device in this PyTorch; "
            "use --device cpu or auto"
        )
    return name
