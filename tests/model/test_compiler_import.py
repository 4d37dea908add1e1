"""Loading and translating leave torch's compiler alone: 1.5 s and 71 MiB for nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys

from seq2seq import Translator

translation = Translator.from_pretrained("en-de").translate("A dog runs.")
assert translation.text
assert "torch._dynamo" not in sys.modules, "torch's compiler was imported"
"""


def run(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_translation_does_not_import_the_compiler(repository: Path) -> None:
    """Regression: drawing random numbers on the meta device went through torch._dynamo."""
    if not (repository / "seq2seq" / "models" / "en-de" / "config.json").is_file():
        pytest.skip("the model en-de is not in seq2seq/models")
    run(SCRIPT)


def test_no_model_imports_the_compiler() -> None:
    """Models of every kind of positions and score are made on the meta device, loaded and run without it."""
    run("""
import sys

import torch

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer

for positions in ("sinusoidal", "learned", "rotary"):
    for score in ("scaled_dot", "additive", "target_aware"):
        if positions != "rotary" or score == "scaled_dot":
            attention = AttentionConfig(score=score)
            names = ("encoder_attention", "decoder_attention", "cross_attention")
            attentions = dict.fromkeys(names, attention)
            for kind, build in (("encoder_decoder", Transformer), ("decoder", LanguageModel)):
                config = ModelConfig(23, kind, positions=positions, **attentions)
                with torch.device("meta"):
                    outline = build(config)
                model = build(config).eval()
                outline.to_empty(device="cpu").load_state_dict(model.state_dict())
                tokens = torch.tensor([[2, 5]])
                with torch.inference_mode():
                    model(tokens, tokens) if kind == "encoder_decoder" else model(tokens)
                assert "torch._dynamo" not in sys.modules, (positions, score, kind)
""")
