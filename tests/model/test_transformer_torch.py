"""Our Transformer beside torch's nn.Transformer with the same weights: two independent implementations."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_twins import transformer_twin

from seq2seq.config import BOS, PAD, AttentionConfig, ModelConfig
from seq2seq.model.transformer import Transformer

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:The PyTorch API of nested")


def make_model(**changes: Any) -> Transformer:
    """Two layers a side, three heads; all parameters random, also those that start at 0 or 1."""
    torch.manual_seed(1)
    heads = AttentionConfig(heads=3)
    attentions = {"encoder_attention": heads, "decoder_attention": heads, "cross_attention": heads}
    sizes = {"width": 18, "feed_forward": 29, "encoder_layers": 2, "decoder_layers": 3, "max_length": 17}
    model = Transformer(ModelConfig(vocabulary_size=31, **attentions, **sizes, **changes)).eval()
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return model


def make_pair() -> tuple[Tensor, Tensor]:
    """Three sources with padding, and targets."""
    generator = torch.Generator().manual_seed(2)
    source = torch.randint(4, 31, (3, 11), generator=generator)
    source[0, 7:], source[2, 1:] = PAD, PAD
    target = torch.randint(4, 31, (3, 5), generator=generator)
    target[:, 0] = BOS
    return source, target


def embed(model: Transformer, tokens: Tensor) -> Tensor:
    """Embeddings with positions by the formula of the paper, which torch's Transformer leaves to its user."""
    width = model.config.width
    frequencies = 10000.0 ** -(torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(tokens.shape[1])[:, None] * frequencies
    embedded = model.source_embedding.table.weight[tokens] * width**0.5
    return embedded + torch.cat([angles.sin(), angles.cos()], dim=1).float()


def torch_logits(twin: nn.Transformer, model: Transformer, source: Tensor, target: Tensor) -> Tensor:
    """Return the logits of torch's Transformer, whose masks are true where ours are false."""
    decoded = twin(
        embed(model, source),
        embed(model, target),
        tgt_mask=torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1),
        src_key_padding_mask=source == PAD,
        memory_key_padding_mask=source == PAD,
    )
    return decoded @ model.output.table.weight.T


@pytest.mark.parametrize("norm_order", ["post", "pre"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@torch.no_grad()
def test_logits_are_torchs(norm_order: str, activation: str) -> None:
    """Logits are torch's, in both norm orders, with and without maps."""
    model = make_model(norm_order=norm_order, activation=activation)
    source, target = make_pair()
    expected = torch_logits(transformer_twin(model), model, source, target)
    assert expected.std() > 1, "logits this flat would show nothing"
    for need_weights in (False, True):
        result = model(source, target, need_weights=need_weights).logits
        torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_gradients_are_torchs(norm_order: str) -> None:
    """Gradients are torch's in double, to 1e-10 of the largest."""
    model = make_model(norm_order=norm_order, dropout=0.0).double()
    twin = transformer_twin(model)
    source, target = make_pair()
    table = model.source_embedding.table.weight
    results = []
    for logits in (model(source, target).logits, torch_logits(twin, model, source, target)):
        results.append(torch.autograd.grad(logits.log_softmax(-1)[..., 7].sum(), table)[0])
    torch.testing.assert_close(results[0], results[1], atol=1e-10 * float(results[1].abs().max()), rtol=1e-9)
