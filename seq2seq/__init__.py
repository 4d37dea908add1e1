"""A sequence-to-sequence Transformer toolkit: translation, scoring, word alignment and attention maps.

Public names load on first use. `import seq2seq` is therefore fast and imports no torch.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seq2seq.alignment.maps import Alignment, AttentionMaps
    from seq2seq.inference.generator import Generation, Generator
    from seq2seq.inference.memory.memory import TranslationMemory
    from seq2seq.inference.results import Score, Translation
    from seq2seq.inference.translator import Translator
    from seq2seq.options import DecodeOptions
    from seq2seq.storage.registry import released_models
    from seq2seq.text.tokenizer import Tokenizer

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
    "TranslationMemory",
    "Translator",
    "__version__",
    "released_models",
]

_MODULES = {
    "Alignment": "alignment.maps",
    "AttentionMaps": "alignment.maps",
    "DecodeOptions": "options",
    "Generation": "inference.generator",
    "Generator": "inference.generator",
    "Score": "inference.results",
    "Tokenizer": "text.tokenizer",
    "Translation": "inference.results",
    "TranslationMemory": "inference.memory.memory",
    "Translator": "inference.translator",
    "released_models": "storage.registry",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'seq2seq' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"seq2seq.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
