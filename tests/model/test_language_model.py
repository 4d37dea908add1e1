"""The language model: steps equal the full pass, rows stay apart, and texts outgrow the context."""

import itertools

import pytest
import torch

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel

VOCABULARY, CONTEXT = 23, 12
KINDS = {
    "multi-head": {},
    "grouped": {"kv_heads": 2},
    "latent": {"latent": 6},
    "window": {"window": 5},
    "global": {"window": 3, "global_tokens": 2},
    "strided": {"window": 2, "stride": 3},
    "linear": {"linear": True},
    "additive": {"score": "additive"},
    "target-aware": {"score": "target_aware"},
}
POSITIONS = ("rotary", "learned", "sinusoidal")
CELLS = [
    (kind, positions)
    for kind, positions in itertools.product(KINDS, POSITIONS)
    if positions != "rotary" or kind not in ("linear", "additive", "target-aware")
]


def make(kind: str = "multi-head", positions: str = "rotary", layers: int = 2) -> LanguageModel:
    """Return a small model with fixed random weights."""
    torch.manual_seed(3)
    config = ModelConfig(
        VOCABULARY,
        "decoder",
        width=16,
        feed_forward=24,
        decoder_layers=layers,
        decoder_attention=AttentionConfig(**KINDS[kind]),  # type: ignore[arg-type]
        positions=positions,  # type: ignore[arg-type]
        norm_order="pre",
        max_length=CONTEXT,
    )
    return LanguageModel(config).eval().requires_grad_(False)


def texts(rows: int, length: int) -> torch.Tensor:
    """Draw random tokens [rows, length]."""
    return torch.randint(4, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(("kind", "positions"), CELLS)
def test_step_by_step_is_all_at_once(kind: str, positions: str) -> None:
    """Steps give the logits of the full pass, for every attention and kind of positions."""
    model, tokens = make(kind, positions), texts(3, CONTEXT)
    whole = model(tokens).logits
    state = model.start(3)
    result = [model.step(tokens[:, :4], state)]
    result += [model.step(tokens[:, t : t + 1], state) for t in range(4, CONTEXT)]
    torch.testing.assert_close(torch.stack(result, 1), whole[:, 3:], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize(("kind", "positions"), CELLS)
def test_the_future_changes_nothing(kind: str, positions: str) -> None:
    """Later tokens change no earlier logit."""
    model, tokens = make(kind, positions), texts(1, CONTEXT)
    changed = tokens.clone()
    changed[:, 7:] = 4 + (changed[:, 7:] - 3) % (VOCABULARY - 4)
    before, after = model(tokens).logits, model(changed).logits
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert (before[:, 7:] - after[:, 7:]).abs().max() > 1e-3


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
def test_past_the_context_the_newest_half_is_read_again(positions: str) -> None:
    """Past the context, numbered positions begin again with the newest half of it."""
    model, tokens = make(positions=positions), texts(2, 2 * CONTEXT + 5)
    state = model.start(2)
    held = 0
    for end in range(1, tokens.shape[1] + 1):
        result = model.step(tokens[:, end - 1 : end], state)
        held = held + 1 if held < CONTEXT else CONTEXT // 2
        expected = model(tokens[:, end - held : end]).logits[:, -1]
        torch.testing.assert_close(result, expected, atol=2e-5, rtol=1e-4)
    assert held < CONTEXT < tokens.shape[1], "the text never outgrew the context"


def test_rotary_caches_roll() -> None:
    """Caches of rotary models drop tokens older than the context, and steps go on.

    One layer sees nothing but its context, so its step is the full pass over the newest tokens, wherever
    in the text they stand.
    """
    model, tokens = make(layers=1), texts(2, 3 * CONTEXT)
    state = model.start(2)
    for end in range(1, tokens.shape[1] + 1):
        result = model.step(tokens[:, end - 1 : end], state)
        expected = model(tokens[:, max(0, end - CONTEXT) : end]).logits[:, -1]
        torch.testing.assert_close(result, expected, atol=2e-5, rtol=1e-4)
    assert model.rolls and state.length == 3 * CONTEXT
    assert state.nbytes == 2 * (CONTEXT - 1) * 2 * 16 * 4, "a cache holds more than the context"


def test_what_must_be_found_by_its_place_does_not_roll() -> None:
    """Models with global tokens or a stride do not drop tokens that later ones read."""
    assert not make("global").rolls and not make("strided").rolls and make("window").rolls


@pytest.mark.parametrize("positions", POSITIONS)
def test_rows_move_with_all_they_remember(positions: str) -> None:
    """After a select, each row goes on from its own text, also when it is read again."""
    model, tokens = make(positions=positions), texts(3, CONTEXT + 7)
    rows = torch.tensor([2, 0, 0])
    state, moved = model.start(3), model.start(3)
    model.step(tokens[:, :6], state)
    model.step(tokens[rows, :6], moved)
    state.select(rows)
    for t in range(6, tokens.shape[1]):
        newest = tokens[rows, t : t + 1]
        torch.testing.assert_close(model.step(newest, state), model.step(newest, moved))


@pytest.mark.parametrize("positions", POSITIONS)
def test_of_a_longer_prompt_the_newest_part_is_read(positions: str) -> None:
    """Of a prompt longer than the context the newest part is read."""
    model, tokens = make(positions=positions), texts(1, CONTEXT + 9)
    result = model.step(tokens, model.start(1))
    torch.testing.assert_close(result, model(tokens[:, -CONTEXT:]).logits[:, -1], atol=2e-5, rtol=1e-4)


def test_maps_are_of_the_past() -> None:
    """Maps sum to 1 and are zero in the future."""
    output = make()(texts(2, 7), need_weights=True)
    assert output.maps is not None and len(output.maps) == 2
    for weights in output.maps:
        assert weights.shape == (2, 4, 7, 7)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 7))
        assert weights.triu(1).abs().max() == 0


def test_what_cannot_be_is_refused() -> None:
    """A text longer than the context and a config of an encoder-decoder are refused."""
    with pytest.raises(ValueError, match="longer than the context, 12"):
        make()(texts(1, CONTEXT + 1))
    with pytest.raises(ValueError, match="of kind decoder"):
        LanguageModel(ModelConfig(VOCABULARY))
