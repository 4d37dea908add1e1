"""The layers around attention, by hand: feed-forward nets, norms, residual branches, embeddings."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.layers import DecoderLayer, Embedding, EncoderLayer, FeedForward, Residual, make_norm


def config(**changes: Any) -> ModelConfig:
    """Width 6, two heads, without dropout."""
    two = AttentionConfig(heads=2)
    sizes = {"vocabulary_size": 11, "width": 6, "feed_forward": 10, "dropout": 0.0}
    attentions = {"encoder_attention": two, "decoder_attention": two, "cross_attention": two}
    return ModelConfig(**{**sizes, **attentions, **changes})


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", [0.0, 2.0]),
        # x * Phi(x), with Phi the normal distribution
        ("gelu", [-1 * 0.5 * (1 + math.erf(-1 / 2**0.5)), 2 * 0.5 * (1 + math.erf(2 / 2**0.5))]),
        ("swish", [-1 / (1 + math.e), 2 / (1 + math.exp(-2))]),  # x * sigmoid(x)
        # x * sigmoid(x), times the other half, which is x + 10 here
        ("swiglu", [-1 / (1 + math.e) * 9, 2 / (1 + math.exp(-2)) * 12]),
    ],
)
def test_activations_by_hand(activation: str, expected: list[float]) -> None:
    """Each activation is the one named, and SwiGLU gates with its first half."""
    one = AttentionConfig(heads=1)
    attentions = {"encoder_attention": one, "decoder_attention": one, "cross_attention": one}
    net = FeedForward(config(width=2, feed_forward=2, activation=activation, **attentions))
    with torch.no_grad():
        net.widen.weight.copy_(torch.eye(2).repeat(len(net.widen.weight) // 2, 1))
        net.widen.bias[2:] = 10.0
        net.narrow.weight.copy_(torch.eye(2))
    assert net(torch.tensor([[[-1.0, 2.0]]])).flatten().tolist() == pytest.approx(expected, abs=1e-5)


def test_norms_by_hand() -> None:
    """(1, 2, 3) has mean 2 and variance 2/3; the root of its mean square is the root of 14/3."""
    three = {f"{name}_attention": AttentionConfig(heads=1) for name in ("encoder", "decoder", "cross")}
    x = torch.tensor([1.0, 2.0, 3.0])
    layer, rms = (
        make_norm(config(width=3, positions="learned", norm=norm, **three)) for norm in ("layer", "rms")
    )
    assert layer(x).tolist() == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5], abs=1e-4)
    assert rms(x).tolist() == pytest.approx([v / (14 / 3) ** 0.5 for v in (1, 2, 3)], abs=1e-4)


@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_the_norm_stands_where_its_name_says(norm_order: str) -> None:
    """post: norm(x + f(x)); pre: x + f(norm(x))."""
    torch.manual_seed(1)
    branch, x = Residual(config(norm_order=norm_order)), torch.randn(2, 3, 6)
    norm = branch.norm
    result = branch(x, lambda y: 3 * y)
    expected = x + 3 * norm(x) if norm_order == "pre" else norm(x + 3 * x)
    torch.testing.assert_close(result, expected)


def test_dropout_falls_on_the_branch_only() -> None:
    """Dropout never falls on the residual itself."""
    torch.manual_seed(2)
    branch = Residual(config(norm_order="pre", dropout=0.5))
    x = torch.randn(5, 7, 6)
    assert torch.equal(branch.leave(x, torch.zeros_like(x)), x)
    changed = (branch.leave(x, torch.ones_like(x)) - x).round().unique()
    assert changed.tolist() == [0.0, 2.0]


def test_embedding_and_output_are_one_matrix() -> None:
    """Embeddings are scaled by the root of the width, logits are not (section 3.4 of the paper)."""
    torch.manual_seed(3)
    embedding = Embedding(config())
    vectors = embedding(torch.tensor([[4, 10]]))
    torch.testing.assert_close(vectors[0, 1], embedding.table.weight[10] * 6**0.5)
    scores = embedding.scores(vectors)
    assert scores.shape == (1, 2, 11)
    torch.testing.assert_close(scores[0, 1, 3], vectors[0, 1] @ embedding.table.weight[3])


def test_embeddings_start_as_large_as_positions() -> None:
    """Embeddings start with standard deviation 1, the size of the waves added to them."""
    torch.manual_seed(4)
    embedding = Embedding(config(vocabulary_size=500))
    assert embedding(torch.arange(500)).std().item() == pytest.approx(1.0, abs=0.1)


def test_a_decoder_layer_reads_its_own_source() -> None:
    """Rows of a beam, grouped by sentence, read the source of their own sentence."""
    torch.manual_seed(5)
    layer = DecoderLayer(config()).eval()
    sources, x = torch.randn(2, 7, 6), torch.randn(6, 1, 6)
    remembered = layer.cross_attention.remember(sources)
    mask = torch.ones(2, 1, 1, 7, dtype=torch.bool)
    mask[1, ..., 5:] = False
    together, _ = layer(x, remembered, mask)
    for row in range(6):
        sentence = slice(row // 3, row // 3 + 1)
        alone, _ = layer(x[row : row + 1], remembered[sentence], mask[sentence])
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("rows", "tokens"), [(1, 4), (3, 2), (5, 4)])
def test_rows_that_cannot_be_shared_out_are_refused(rows: int, tokens: int) -> None:
    """Rows that sources cannot share equally are refused, also where the number of tokens would fit."""
    layer = DecoderLayer(config()).eval()
    remembered = layer.cross_attention.remember(torch.randn(2, 7, 6))
    with pytest.raises(ValueError, match=rf"{rows} rows of the target cannot be shared out among 2 sources"):
        layer(torch.randn(rows, tokens, 6), remembered, None)


@pytest.mark.parametrize("cross", [{}, {"stride": 2}, {"linear": True}])
def test_no_sentences_are_no_error(cross: dict[str, Any]) -> None:
    """A batch of no sentences gives no rows."""
    layer = DecoderLayer(config(cross_attention=AttentionConfig(heads=2, **cross))).eval()
    remembered = layer.cross_attention.remember(torch.randn(0, 7, 6))
    x, _ = layer(torch.randn(0, 3, 6), remembered, None)
    assert x.shape == (0, 3, 6)


def test_maps_are_given_only_when_asked_for() -> None:
    """Maps are None unless asked for, and then complete."""
    torch.manual_seed(6)
    encoder, decoder = EncoderLayer(config()).eval(), DecoderLayer(config()).eval()
    x = torch.randn(2, 5, 6)
    remembered = decoder.cross_attention.remember(torch.randn(2, 7, 6))
    assert encoder(x, None)[1] is None
    assert decoder(x, remembered, None)[1] == (None, None)
    assert encoder(x, None, need_weights=True)[1].shape == (2, 2, 5, 5)
    maps = decoder(x, remembered, None, need_weights=True)[1]
    assert maps.decoder.shape == (2, 2, 5, 5) and maps.cross.shape == (2, 2, 5, 7)


def test_every_parameter_learns() -> None:
    """Every parameter of the layers gets a gradient."""
    torch.manual_seed(7)
    layers = nn.ModuleList([EncoderLayer(config(activation="swiglu")), DecoderLayer(config(norm="rms"))])
    x, _ = layers[0](torch.randn(2, 5, 6), None)
    x, _ = layers[1](x, layers[1].cross_attention.remember(x), None)
    (x * torch.randn_like(x)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layers.parameters())
