"""Whole models inside `torch.func`: batched over further axes, and one gradient an example."""

from typing import Any

import pytest
import torch
from torch import Tensor

from seq2seq.config import PAD, AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer

KINDS: dict[str, dict[str, Any]] = {
    "multi-head": {},
    "latent": {"latent": 5},
    "additive": {"score": "additive"},
    "target-aware, one key/value head": {"score": "target_aware", "kv_heads": 1},
    "window": {"window": 3},
    "linear": {"linear": True},
}


def make_config(choice: dict[str, Any], **changes: Any) -> ModelConfig:
    attention = AttentionConfig(**choice)
    return ModelConfig(
        **{
            "vocabulary_size": 23,
            "width": 16,
            "feed_forward": 20,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention": attention,
            "decoder_attention": attention,
            "cross_attention": attention,
            **changes,
        }
    )


def make_texts() -> tuple[Tensor, Tensor]:
    """Sources and targets [3, 2, 7]: three batches of two, with padding."""
    texts = torch.randint(4, 23, (2, 3, 2, 7), generator=torch.Generator().manual_seed(1))
    texts[0, 1, 1, 4:] = PAD
    return texts[0], texts[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_batches_of_batches(kind: str, mode: Any) -> None:
    """`vmap` over batches gives the logits and maps of each."""
    with mode():
        hold_batches_of_batches(kind)


def hold_batches_of_batches(kind: str) -> None:
    """Compare batches of batches with each by itself, of a Transformer and of a language model."""
    torch.manual_seed(1)
    sources, targets = make_texts()
    model = Transformer(make_config(KINDS[kind])).eval()
    reader = LanguageModel(make_config(KINDS[kind], kind="decoder")).eval()
    for need_weights in (False, True):

        def translate(source: Tensor, target: Tensor, need_weights: bool = need_weights) -> list[Tensor]:
            output = model(source, target, need_weights=need_weights)
            return [output.logits, *(part for maps in output.maps or () for part in maps)]

        def read(tokens: Tensor, need_weights: bool = need_weights) -> list[Tensor]:
            output = reader(tokens, need_weights=need_weights)
            return [output.logits, *(output.maps or ())]

        for function, inputs in ((translate, (sources, targets)), (read, (targets,))):
            batched = torch.func.vmap(function)(*inputs)
            alone = [function(*texts) for texts in zip(*inputs, strict=True)]
            for part, parts in zip(batched, zip(*alone, strict=True), strict=True):
                torch.testing.assert_close(part, torch.stack(parts), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_one_gradient_an_example(kind: str) -> None:
    """`vmap` of `grad` gives the gradient of each example, while dropout falls, too."""
    torch.manual_seed(2)
    model = Transformer(make_config(KINDS[kind], dropout=0.0)).train()
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    sources, targets = (texts.flatten(0, 1) for texts in make_texts())

    def loss(weights: dict[str, Tensor], source: Tensor, target: Tensor) -> Tensor:
        logits = torch.func.functional_call(model, weights, (source[None], target[None])).logits
        return logits.square().mean()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(weights, sources, targets)
    whole = torch.func.grad(loss)(weights, sources[3], targets[3])
    for name, gradient in whole.items():
        torch.testing.assert_close(each[name][3], gradient, atol=1e-5, rtol=1e-4)
    for layer in model.modules():
        if hasattr(layer, "p"):
            layer.p = 0.3
    dropped = torch.func.vmap(torch.func.grad(loss), (None, 0, 0), randomness="different")(
        weights, sources, targets
    )
    assert all(gradient.isfinite().all() for gradient in dropped.values())
    assert any((dropped[name][3] - whole[name]).abs().max() > 1e-6 for name in whole)
