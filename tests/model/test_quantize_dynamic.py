"""Models whose linear layers torch quantized: `torch.ao.quantization.quantize_dynamic`."""

import pytest
import torch
from attention_cells import hold_for_all, models
from torch import nn

from seq2seq.config import BOS, PAD, AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode

pytestmark = [
    # torch moves this function to another package, torchao, which quantizes in place and needs nothing of us.
    pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning"),
]
ERRORS = {torch.float16: 0.01, torch.qint8: 0.5}  # of logits whose standard deviation is about 1
CELLS = [model for model in models() if not model.cross_attention.sparse]


def quantize(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=dtype)


@torch.no_grad()
def test_a_quantized_transformer_translates() -> None:
    """Regression: starting to decode failed, for a quantized layer's weight is a method.

    Half-precision weights keep the logits of the model, in steps, too; 8-bit ones stay near.
    """

    def check(config: ModelConfig) -> None:
        torch.manual_seed(1)
        model = Transformer(config).eval()
        source, target = torch.randint(4, 23, (2, 2, 7)).unbind()
        source[1, 4:], target[:, 0] = PAD, BOS
        expected = model(source, target).logits
        for dtype, error in ERRORS.items():
            quantized = quantize(model, dtype)
            logits = quantized(source, target, need_weights=True).logits
            torch.testing.assert_close(logits, expected, atol=error, rtol=0)
            state = quantized.start(quantized.encode(source), source != PAD, 9)
            steps = torch.stack([quantized.step(token, state) for token in target.split(1, dim=1)], dim=1)
            # Activations are scaled by what a call reads, so that 8-bit steps are near the pass, not equal.
            torch.testing.assert_close(steps, logits, atol=1e-5 if dtype == torch.float16 else error, rtol=0)
            state = quantized.start(quantized.encode(source), source != PAD, 9)
            results = decode(quantized.step, state, 2, [9, 9], DecodeOptions(beam_size=1))
            assert all(len(hypotheses) == 1 for hypotheses in results)

    hold_for_all(CELLS, check, str)


@pytest.mark.parametrize("choice", [{}, {"kv_heads": 1}, {"latent": 5}, {"window": 3}], ids=str)
@torch.no_grad()
def test_a_quantized_language_model_writes(choice: dict[str, int]) -> None:
    """A decoder alone reads and steps with quantized layers, past its context, too."""
    torch.manual_seed(2)
    attention = AttentionConfig(**choice)
    config = ModelConfig(
        vocabulary_size=23,
        kind="decoder",
        width=16,
        feed_forward=20,
        decoder_layers=2,
        decoder_attention=attention,
        positions="rotary",
        max_length=12,
    )
    model = LanguageModel(config).eval()
    tokens = torch.randint(4, 23, (2, 12))
    for dtype, error in ERRORS.items():
        quantized = quantize(model, dtype)
        logits = quantized(tokens).logits
        torch.testing.assert_close(logits, model(tokens).logits, atol=error, rtol=0)
        state = quantized.start(2)
        steps = torch.stack([quantized.step(token, state) for token in tokens.split(1, dim=1)], dim=1)
        torch.testing.assert_close(steps, logits, atol=1e-5 if dtype == torch.float16 else error, rtol=0)
        assert quantized.step(tokens[:, :1], state).isfinite().all()
