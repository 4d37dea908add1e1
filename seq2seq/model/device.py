"""Where a model computes: the flag that asks for it, and what is taken where nothing is said."""

import argparse

AUTO = "auto"


def add_device(parser: argparse.ArgumentParser) -> None:
    """The flag that says on which device."""
    parser.add_argument("--device", default=AUTO, help="auto (a GPU where there is one), cpu, cuda, ...")


def choose_device(asked: str = AUTO) -> str:
    """The device that was asked for; "auto" is a GPU where there is one.

    Raises:
        ValueError: no device has that name, or this PyTorch does not find it.
    """
    import torch  # on use, for a command's flags are read without it

    if asked == AUTO:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(asked)
        kind = torch.get_device_module(device.type)
    except RuntimeError:
        raise ValueError(f"device is {asked!r}, which is none; use --device auto, cpu or cuda") from None
    if device.type != "cpu" and (device.index or 0) >= (kind.device_count() if kind.is_available() else 0):
        raise ValueError(
            f"device is {asked!r}, but there is no such {device.type.upper()} device in this PyTorch; "
            "use --device cpu or auto"
        )
    return asked
