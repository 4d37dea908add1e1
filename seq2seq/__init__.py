"""A sequence-to-sequence Transformer toolkit: translate, score, align, and look at the attention.

The public names load on first use, so that `import seq2seq` costs nothing and imports no torch.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seq2seq.alignment import Alignment, AttentionMaps
    from seq2seq.generator import Generation, Generator
    from seq2seq.options import DecodeOptions
    from seq2seq.released import released_models
    from seq2seq.tokenizer import Tokenizer
    from seq2seq.translation import Score, Translation
    from seq2seq.translator import Translator

__version__ = "0.1.0"
__all__ = [
    "Alignment",
    "AttentionMaps",
    "DecodeOptions",
    "Generation",
    "Generator",
    "Score",
    "Tokenizer",
    "Translation",
    "Translator",
    "__version__",
    "released_models",
]

_MODULES = {
    "Alignment": "alignment",
    "AttentionMaps": "alignment",
    "DecodeOptions": "options",
    "Generation": "generator",
    "Generator": "generator",
    "Score": "translation",
    "Tokenizer": "tokenizer",
    "Translation": "translation",
    "Translator": "translator",
    "released_models": "released",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'seq2seq' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"seq2seq.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
