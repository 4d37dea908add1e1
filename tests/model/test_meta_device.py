"""Models made on the meta device, where tensors have shapes and no numbers, and loaded afterwards."""

import pickle
from copy import deepcopy

import pytest
import torch

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer

CASES = [
    (kind, positions, score)
    for kind in ("encoder_decoder", "decoder")
    for positions, score in (
        ("sinusoidal", "scaled_dot"),
        ("sinusoidal", "additive"),
        ("learned", "target_aware"),
        ("rotary", "scaled_dot"),
    )
]


def make_model(kind: str, positions: str, score: str = "scaled_dot") -> Transformer | LanguageModel:
    attention = AttentionConfig(score=score)
    config = ModelConfig(
        vocabulary_size=23,
        kind=kind,
        width=16,
        feed_forward=20,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention=attention,
        decoder_attention=attention,
        cross_attention=attention,
        positions=positions,
        max_length=12,
    )
    return (Transformer if kind == "encoder_decoder" else LanguageModel)(config).eval()


def compute(model: Transformer | LanguageModel) -> torch.Tensor:
    tokens = torch.randint(4, 23, (2, 9), generator=torch.Generator().manual_seed(1))
    return model(tokens, tokens).logits if isinstance(model, Transformer) else model(tokens).logits


@pytest.mark.parametrize(("kind", "positions", "score"), CASES)
@torch.no_grad()
def test_a_model_from_the_meta_device_computes_what_was_saved(kind: str, positions: str, score: str) -> None:
    """Regression: with sinusoidal positions, whose table no file holds, every logit was NaN."""
    expected = make_model(kind, positions, score)
    weights = expected.state_dict()
    with torch.device("meta"):
        outline = make_model(kind, positions, score)
    assert all(parameter.is_meta for parameter in outline.parameters())
    assert {name: tensor.shape for name, tensor in outline.state_dict().items()} == {
        name: tensor.shape for name, tensor in weights.items()
    }
    emptied = deepcopy(outline).to_empty(device="cpu")
    for buffer in emptied.buffers():  # what the memory happens to hold
        buffer.fill_(torch.nan)
    emptied.load_state_dict(weights)
    assert torch.equal(compute(emptied), compute(expected))

    assigned = deepcopy(outline)
    assigned.load_state_dict(weights, assign=True)
    assert torch.equal(compute(assigned), compute(expected))


@pytest.mark.parametrize("kind", ["encoder_decoder", "decoder"])
@torch.no_grad()
def test_a_model_in_half_precision_keeps_its_table_through_loading(kind: str) -> None:
    """The table is rounded to the model's type, and copies and pickles of the model compute the same."""
    model = make_model(kind, "sinusoidal").bfloat16()
    expected, table = compute(model), model.positions.table.clone()
    model.load_state_dict(deepcopy(model.state_dict()))
    assert model.positions.table.dtype == torch.bfloat16 and torch.equal(model.positions.table, table)
    for copy in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(compute(copy), expected)


def test_a_table_can_be_written_anew() -> None:
    """`reset_parameters` does for the table what torch's own layers do for their weights."""
    positions = make_model("decoder", "sinusoidal").positions
    expected = positions.table.clone()
    positions.to_empty(device="cpu").reset_parameters()
    assert torch.equal(positions.table, expected)
