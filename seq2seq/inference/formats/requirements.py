"""Packages of optional extras, imported on use."""

import importlib
from types import ModuleType


def required(module: str, extra: str) -> ModuleType:
    """Import a module of an optional extra.

    Raises:
        ValueError: It is not installed, with the extra that has it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise ValueError(
            f"{module.partition('.')[0]} is not installed; run in the clone of seq2seq: "
            f"pip install '.[{extra}]' -c constraints.txt"
        ) from error
