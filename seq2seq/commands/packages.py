"""Commands by the name of their module, which may be in `train` or `serve`, imported on use."""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import seq2seq


def load_entry(module: str, name: str = "main") -> Callable[..., Any]:
    """Import a module of ours and return one of its functions.

    Raises:
        ValueError: the module's package is not the one beside `seq2seq`, or needs what is not installed.
    """
    # `train` and `serve` are common names: a file or folder of the user's may come first on the path.
    package = module.partition(".")[0]
    home = Path(seq2seq.__file__).resolve().parents[1]
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ValueError(f"the package {package!r} is not installed; install seq2seq again")
    origin = Path(spec.origin or next(iter(spec.submodule_search_locations or [""]))).resolve()
    if home / package not in (origin, origin.parent):
        raise ValueError(
            f"{origin} is in the way of the package {package!r} of seq2seq; "
            "rename it or run from another folder"
        )
    try:
        entry: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("seq2seq", "train", "serve"):
            raise
        raise ValueError(
            f"`{package}` needs {error.name}, which is not installed; run in the clone of seq2seq: "
            f"pip install '.[{package}]' -c constraints.txt"
        ) from error
    return entry
