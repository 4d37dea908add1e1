"""Memories from elsewhere, such as an image, of any width, under every kind of cross-attention."""

from typing import Any

import pytest
import torch
from torch import Tensor

from seq2seq.config import PAD, AttentionConfig, ModelConfig
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode

SEEN = 7  # numbers a position, where the model is 16 wide
KINDS: dict[str, dict[str, Any]] = {
    "multi-head": {},
    "one key/value head": {"kv_heads": 1},
    "latent": {"latent": 5},
    "linear": {"linear": True},
    "additive": {"score": "additive"},
    "window": {"window": 3, "global_tokens": 1},
}


def make_model(**changes: Any) -> Transformer:
    """Width 16, no encoder, in eval mode."""
    torch.manual_seed(1)
    config = ModelConfig(
        vocabulary_size=23,
        width=16,
        feed_forward=20,
        decoder_layers=2,
        max_length=12,
        **{"encoder_layers": 0, "memory_width": SEEN, **changes},
    )
    return Transformer(config).eval()


def make_memory(width: int = SEEN) -> tuple[Tensor, Tensor, Tensor]:
    """Memories [2, 9, width], the second with 4 real positions, their mask, and two targets [2, 5]."""
    chance = torch.Generator().manual_seed(1)
    memory = torch.randn(2, 9, width, generator=chance)
    mask = torch.arange(9) < torch.tensor([[9], [4]])
    return memory, mask, torch.randint(4, 23, (2, 5), generator=chance)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_step_by_step_is_all_at_once(kind: str) -> None:
    """Steps over a memory of another width give the logits of the full pass, and maps without padding."""
    model = make_model(cross_attention=AttentionConfig(**KINDS[kind]))
    memory, mask, target = make_memory()
    whole = model.decode(memory, mask, target).logits
    state = model.start(memory, mask, 5)
    steps = torch.stack([model.step(token, state) for token in target.split(1, dim=1)], dim=1)
    torch.testing.assert_close(steps, whole, atol=1e-5, rtol=0)
    explained = model.decode(memory, mask, target, need_weights=True)
    torch.testing.assert_close(explained.logits, whole, atol=1e-5, rtol=0)
    assert explained.maps is not None and explained.maps.encoder == []
    assert all((layer[1, :, :, 4:] == 0).all() for layer in explained.maps.cross)  # nothing in the padding


@torch.no_grad()
def test_padding_changes_nothing() -> None:
    """A narrow image reads the same alone and padded beside a wide one."""
    model = make_model()
    memory, mask, target = make_memory()
    alone = model.decode(memory[1:, :4], None, target[1:]).logits
    torch.testing.assert_close(model.decode(memory, mask, target).logits[1:], alone, atol=1e-5, rtol=0)


@torch.no_grad()
def test_the_same_start_takes_text_and_image() -> None:
    """Beam search runs over a memory from elsewhere."""
    model = make_model()
    memory, mask, _ = make_memory()
    options = DecodeOptions(beam_size=3, num_hypotheses=2)
    result = decode(model.step, model.start(memory, mask, 8), 2, [7, 7], options)
    assert [len(hypotheses) for hypotheses in result] == [2, 2]


@torch.no_grad()
def test_forward_is_encode_then_decode() -> None:
    """`forward` equals `encode` followed by `decode`, to the bit."""
    model = make_model(encoder_layers=2, memory_width=None)
    source, target = torch.tensor([[5, 9, 4, PAD], [7, 7, 8, 20]]), make_memory()[2]
    apart = model.decode(model.encode(source), source != PAD, target).logits
    torch.testing.assert_close(model(source, target).logits, apart, rtol=0, atol=0)


def test_without_an_encoder_there_are_no_weights_for_one() -> None:
    """A model without an encoder has no parameters of one."""
    names = [name for name, _ in make_model().named_parameters()]
    assert not [name for name in names if name.startswith(("encoder", "source_embedding"))]


def test_the_config_comes_back() -> None:
    """The config of such a model survives JSON."""
    config = make_model().config
    assert ModelConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("memory", "mask", "said"),
    [
        (torch.zeros(2, 9, 16), None, r"the memory is \[2, 9, 16\], .* \[sentences, positions, 7\]; project"),
        (torch.zeros(2, 9), None, r"the memory is \[2, 9\], but"),
        (
            torch.zeros(2, 9, SEEN),
            torch.ones(2, 8, dtype=torch.bool),
            r"the mask is \[2, 8\] beside",
        ),
    ],
)
def test_a_memory_that_does_not_fit_is_refused(memory: Tensor, mask: Tensor | None, said: str) -> None:
    """A memory or mask of another shape is refused with the shape that the model reads."""
    with pytest.raises(ValueError, match=said):
        make_model().start(memory, mask, 5)
    with pytest.raises(ValueError, match=said):
        make_model().decode(memory, mask, torch.tensor([[2, 5], [2, 5]]))


def test_source_tokens_are_refused_without_an_encoder() -> None:
    """A model without an encoder refuses source tokens."""
    with pytest.raises(ValueError, match="encoder_layers is 0, so this model reads no source tokens"):
        make_model().encode(torch.tensor([[5, 6]]))
