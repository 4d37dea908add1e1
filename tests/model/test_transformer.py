"""Properties of every Transformer that a config can describe; the grid is made from the config's types.

Steps equal the full pass, the future and padding change nothing, rows and sentences come and go.
"""

import itertools
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
import torch
from attention_cells import hold_for_all
from torch import Tensor

from seq2seq.config import BOS, PAD, AttentionConfig, ModelConfig
from seq2seq.model.transformer import DecoderState, Transformer

HEADS = 4
# The choices of an encoder-decoder: fields that are a Literal or a bool, and the ways to share four heads.
CHOICES: dict[str, tuple[Any, ...]] = {
    name: (False, True) if hint is bool else get_args(hint)
    for name, hint in get_type_hints(ModelConfig).items()
    if (get_origin(hint) is Literal or hint is bool) and name != "kind"  # a decoder alone: LanguageModel
}
CHOICES["kv_heads"] = (None, 2, 1)
CELLS = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
# 11 divides no number of choices: an eleventh of the grid, and every pair of choices in it.
SPREAD_CELLS = CELLS[::11]


def name_of(cell: dict[str, Any]) -> str:
    """Return the name of a cell in failures."""
    return "-".join(map(str, cell.values()))


def make_model(*, kv_heads: int | None = None, layers: int = 1, **changes: Any) -> Transformer:
    """Width 16, four heads, in eval mode; all parameters random, also those that start at 0 or 1."""
    torch.manual_seed(1)
    attention = AttentionConfig(heads=HEADS, kv_heads=kv_heads)
    config = ModelConfig(
        vocabulary_size=23,
        width=16,
        feed_forward=20,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention=attention,
        decoder_attention=attention,
        cross_attention=attention,
        **{"dropout": 0.3, "max_length": 40, **changes},
    )
    model = Transformer(config).eval()
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model


def make_pair() -> tuple[Tensor, Tensor]:
    """Two sources [2, 7], the second of 4 tokens and 3 of padding, and two targets [2, 6]."""
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(4, 23, (2, 7), generator=generator)
    source[1, 4:] = PAD
    target = torch.randint(4, 23, (2, 6), generator=generator)
    target[:, 0] = BOS
    return source, target


def begin(model: Transformer, source: Tensor, capacity: int = 40) -> DecoderState:
    """Return the state after the source was read and before anything is written."""
    return model.start(model.encode(source), source != PAD, capacity)


def steps(model: Transformer, target: Tensor, state: DecoderState) -> Tensor:
    """Return logits [N, T, V] token by token."""
    return torch.stack([model.step(token, state) for token in target.split(1, dim=1)], dim=1)


@torch.no_grad()
def test_step_by_step_is_all_at_once() -> None:
    """Steps give the logits of the full pass, with or without its maps; a row of a map sums to 1."""

    def check(cell: dict[str, Any]) -> None:
        model = make_model(**cell)
        source, target = make_pair()
        whole = model(source, target)
        near = partial(torch.testing.assert_close, atol=1e-5, rtol=0)
        near(steps(model, target, begin(model, source)), whole.logits)

        state = begin(model, source)
        for part in target.split([3, 1, 2], dim=1):
            near(model.step(part, state), whole.logits[:, state.length - 1])

        explained = model(source, target, need_weights=True)
        near(explained.logits, whole.logits)
        for maps in explained.maps:
            assert all(torch.allclose(layer.sum(-1), torch.ones(())) for layer in maps)

    hold_for_all(SPREAD_CELLS, check, name_of)


@torch.no_grad()
def test_future_and_padding_change_nothing() -> None:
    """The future changes no bit; padding, in double, nothing to rounding (sums are grouped otherwise)."""

    def check(cell: dict[str, Any]) -> None:
        model = make_model(**cell)
        source, target = make_pair()
        logits = model(source, target).logits
        other = target.clone()
        other[:, 4:] = (other[:, 4:] + 5) % 19 + 4
        assert torch.equal(model(source, other).logits[:, :4], logits[:, :4])

        model, near = model.double(), partial(torch.testing.assert_close, atol=1e-10, rtol=0)
        logits = model(source, target).logits
        near(model(source[1:, :4], target[1:]).logits, logits[1:])
        longer = torch.cat([source, torch.full((2, 5), PAD)], dim=1)
        near(model(longer, target).logits, logits)
        near(model.encode(longer)[0, :7], model.encode(source)[0])

    hold_for_all(SPREAD_CELLS, check, name_of)


@pytest.mark.parametrize("positions", CHOICES["positions"])
@torch.no_grad()
def test_rows_and_sentences_come_and_go(positions: str) -> None:
    """After beams are widened and reordered and sentences leave, each row has its own past and source."""
    model = make_model(positions=positions, kv_heads=2, layers=2)
    source = torch.cat([make_pair()[0], make_pair()[0].flip(0).roll(1, 1).clamp(min=5)])[:3]
    begun, middle, last = (torch.randint(4, 23, (rows, 1)) for rows in (3, 6, 4))

    state = begin(model, source)
    model.step(begun, state)
    state.select(torch.tensor([0, 0, 1, 1, 2, 2]))
    model.step(middle, state)
    state.select(torch.tensor([1, 1, 5, 4]), torch.tensor([0, 2]))  # sentence 1 leaves
    result = model.step(last, state)

    rows, sentences = [1, 1, 5, 4], [0, 0, 2, 2]
    written = torch.cat([begun[sentences], middle[rows], last], dim=1)
    expected = model(source[sentences], written).logits[:, -1]
    torch.testing.assert_close(result, expected, atol=1e-5, rtol=0)
    assert state.length == 3


@torch.no_grad()
def test_a_mask_that_hides_nothing_is_no_mask() -> None:
    """A batch without padding gives the same logits with and without its mask."""
    model = make_model()
    source, target = make_pair()[0][:1], make_pair()[1][:1]
    memory = model.encode(source)
    states = [model.start(memory, mask, 9) for mask in (None, source != PAD)]
    one, other = (steps(model, target, state) for state in states)
    torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


@torch.no_grad()
def test_memory_is_counted_in_proportion() -> None:
    """MHA : GQA : MQA cache 4 : 2 : 1 numbers a token, times layers and rows, the source not counted."""
    counted = []
    for kv_heads in (None, 2, 1):
        model = make_model(kv_heads=kv_heads, layers=3)
        state = begin(model, make_pair()[0])
        assert state.nbytes == 0 and state.length == 0
        model.step(make_pair()[1][:, :5], state)
        counted.append(state.nbytes)
        state.select(torch.tensor([0, 0, 1, 1]))
        assert state.nbytes == 2 * counted[-1]
    layers, rows, tokens, bytes_a_number = 3, 2, 5, 4
    assert counted == [layers * rows * tokens * width * bytes_a_number for width in (32, 16, 8)]


def test_one_token_too_many_is_said() -> None:
    """Tokens beyond the memory's capacity or the positions' range are refused with both numbers."""
    model = make_model(max_length=8)
    source, target = make_pair()
    state = begin(model, source, capacity=3)
    model.step(target[:, :3], state)
    with pytest.raises(ValueError, match="4 tokens do not fit a memory of 3; start with a larger capacity"):
        model.step(target[:, 3:4], state)
    with pytest.raises(ValueError, match="9 tokens is longer than max_length, 8; split the text"):
        model.encode(torch.full((1, 9), 5))
    with pytest.raises(ValueError, match="9 tokens is longer than max_length, 8"):
        model(source, torch.full((2, 9), 5))
    state = begin(model, source)
    model.step(target[:, :5], state)
    with pytest.raises(ValueError, match="9 tokens is longer than max_length, 8"):
        model.step(target[:, :4], state)


@pytest.mark.parametrize("tied", [False, True])
def test_tied_embeddings_are_one_parameter(tied: bool) -> None:
    """Tied, one matrix serves three times; untied, three learn apart."""
    model = make_model(tied_embeddings=tied)
    tables = [p for p in model.parameters() if p.shape == (23, 16)]
    assert len(tables) == (1 if tied else 3)
    model.train()
    source, target = make_pair()
    model(source, target).logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("positions", CHOICES["positions"])
def test_order_counts(positions: str) -> None:
    """With every kind of positions the order of the source changes the logits."""
    model = make_model(positions=positions)
    source, target = make_pair()
    logits = model(source[:1], target[:1]).logits
    assert (model(source[:1].flip(1), target[:1]).logits - logits).abs().max() > 1e-3


def test_training_mode_drops_and_repeats_with_the_seed() -> None:
    """In training dropout falls, and a seed repeats it."""
    model = make_model().train()
    source, target = make_pair()
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(model(source, target).logits)
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize("positions", CHOICES["positions"])
@torch.no_grad()
def test_bfloat16_is_near(positions: str) -> None:
    """Probabilities in half precision are those of single precision up to its rounding, in steps, too."""
    exact = make_model(positions=positions)
    half = make_model(positions=positions).bfloat16()
    source, target = make_pair()
    expected = exact(source, target).logits.softmax(-1)
    for logits in (half(source, target).logits, steps(half, target, begin(half, source))):
        assert logits.dtype == torch.bfloat16
        torch.testing.assert_close(logits.float().softmax(-1), expected, atol=2e-2, rtol=0)


def test_compiled_is_eager() -> None:
    """A compiled model is one graph and computes the same forward and backward (traced only)."""
    model = make_model(kv_heads=2, positions="rotary", dropout=0.0).train()
    source, target = make_pair()
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    results = []
    for forward in (model, compiled):
        model.zero_grad()
        logits = forward(source, target).logits
        logits.square().sum().backward()
        results.append([logits, *(p.grad.clone() for p in model.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
