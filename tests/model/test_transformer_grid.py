"""Every attention of the family in a whole model: trained, decoded with its cache, searched, mapped.

The cells come from the config's types (attention_cells.py). What is refused is in attention/test_grid.py.
"""

import dataclasses
import random
from functools import partial

import pytest
import torch
from attention_cells import ALIVE, hold_for_all, model_config, models, name_of
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.model.transformer import DecoderState, Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode

CELLS = models()
# Encoder, decoder and cross-attention of different kinds, drawn once.
DRAW = random.Random(1)
UNTURNED = [config for config in ALIVE if not config.rotary]
MIXED = [
    model_config(
        DRAW.choice(UNTURNED),
        "sinusoidal",
        decoder_attention=DRAW.choice(UNTURNED),
        cross_attention=DRAW.choice(UNTURNED),
    )
    for _ in range(20)
]
EXACT = {torch.float32: 1e-5, torch.float64: 1e-10}
# One of each kind, for what takes long to show.
KINDS = [
    model_config(config, positions)
    for config, positions in (
        (AttentionConfig(score="additive"), "sinusoidal"),
        (AttentionConfig(score="target_aware", kv_heads=1), "learned"),
        (AttentionConfig(latent=5), "rotary"),
        (AttentionConfig(window=3, global_tokens=2, stride=3), "rotary"),
        (AttentionConfig(linear=True), "sinusoidal"),
    )
]


def name_of_model(config: ModelConfig) -> str:
    """Return the name of a cell in failures and in pytest's list."""
    return f"{config.positions}-{name_of(config.encoder_attention)}"


def make_model(config: ModelConfig) -> Transformer:
    """In eval mode, all parameters random, also those that start at 0 or 1."""
    torch.manual_seed(1)
    model = Transformer(config).eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def make_pair() -> tuple[Tensor, Tensor]:
    """Two sources [2, 7], the second of 4 tokens and 3 of padding, and two targets [2, 11]."""
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(4, 23, (2, 7), generator=generator)
    source[1, 4:] = PAD
    target = torch.randint(4, 23, (2, 11), generator=generator)
    target[:, 0] = BOS
    return source, target


def begin(model: Transformer, source: Tensor) -> DecoderState:
    """Return the state after the source was read and before anything is written."""
    return model.start(model.encode(source), source != PAD, 40)


@torch.no_grad()
def test_step_by_step_is_all_at_once() -> None:
    """Token by token, in parts, and after a select, steps give the logits of the full pass."""

    def check(config: ModelConfig, dtype: torch.dtype) -> None:
        steps_are_all_at_once(make_model(config).to(dtype), dtype)

    hold_for_all([*CELLS, *MIXED], partial(check, dtype=torch.float64), name_of_model)
    hold_for_all([*KINDS, *MIXED], partial(check, dtype=torch.float32), name_of_model)


def steps_are_all_at_once(model: Transformer, dtype: torch.dtype) -> None:
    """Check one model in one precision."""
    source, target = make_pair()
    near = partial(torch.testing.assert_close, atol=EXACT[dtype], rtol=0)
    whole = model(source, target).logits

    state = begin(model, source)
    single = [model.step(token, state) for token in target.split(1, dim=1)]
    near(torch.stack(single, dim=1), whole)

    state, rows = begin(model, source), torch.tensor([0, 0, 1, 1])
    for part in target[:, :6].split([1, 3, 2], dim=1):
        logits = model.step(part, state)
        near(logits, whole[:, state.length - 1])
    state.select(rows)
    model.step(torch.tensor([[4], [5], [6], [7]]), state)
    state.select(torch.tensor([3, 2]), torch.tensor([1]))  # sentence 0 leaves, the rows of 1 change places
    for part in target[:, 7:].split([1, 3], dim=1):
        logits = model.step(part, state)
    written = torch.cat([target[[1, 1], :6], torch.tensor([[7], [6]]), target[:, 7:]], dim=1)
    near(logits, model(source[[1, 1]], written).logits[:, -1])


@torch.no_grad()
def test_maps_explain_the_same_model() -> None:
    """Logits are the same beside maps; a row of a map sums to 1 or 0, without future and padding."""

    def check(config: ModelConfig) -> None:
        model = make_model(config).double()
        source, target = make_pair()
        explained = model(source, target, need_weights=True)
        torch.testing.assert_close(explained.logits, model(source, target).logits, atol=1e-10, rtol=0)
        assert explained.maps is not None
        for maps in explained.maps:
            sums = maps[0].sum(-1)
            torch.testing.assert_close(sums, (sums > 0.5).double())
        (encoder,), (decoder,) = explained.maps.encoder, explained.maps.decoder
        (cross,) = explained.maps.cross
        assert encoder.shape == (2, 4, 7, 7) and cross.shape == (2, 4, 11, 7)
        assert (decoder.triu(1) == 0).all()
        assert (encoder[1, ..., 4:] == 0).all() and (cross[1, ..., 4:] == 0).all()

    hold_for_all([*CELLS, *MIXED], check, name_of_model)


def test_every_cell_trains() -> None:
    """Every parameter gets a finite gradient that is not zero."""

    def check(config: ModelConfig) -> None:
        model = make_model(config).train()
        source, target = make_pair()
        model(source, target).logits.square().sum().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
            # A constant added to all scores of a row is taken away again by the softmax.
            constant = name.endswith("score.narrow.bias")
            assert constant or parameter.grad.abs().sum() > 0, f"{name} does not learn"

    hold_for_all(CELLS, check, name_of_model)


@torch.no_grad()
def test_a_beam_scores_what_a_forced_pass_scores() -> None:
    """The log-probability of each hypothesis is that of one pass over it, in every kind of memory."""

    def check(config: ModelConfig) -> None:
        model = make_model(config)
        source, _ = make_pair()
        options = DecodeOptions(beam_size=3, num_hypotheses=3)
        results = decode(model.step, begin(model, source), 2, [9, 9], options)
        for row, hypotheses in enumerate(results):
            for hypothesis in hypotheses:
                pieces = hypothesis.tokens + [EOS] * (hypothesis.finish == "end")
                logits = model(source[row : row + 1], torch.tensor([[BOS, *pieces[:-1]]])).logits
                forced = logits.log_softmax(-1)[0].gather(1, torch.tensor(pieces)[:, None]).sum()
                assert hypothesis.log_probability == pytest.approx(forced.item(), abs=1e-4)

    hold_for_all(CELLS[::3], check, name_of_model)


@torch.no_grad()
def test_future_and_padding_change_nothing() -> None:
    """The future changes no bit; padding changes nothing to rounding (sums are grouped otherwise)."""

    def check(config: ModelConfig) -> None:
        model = make_model(config).double()
        source, target = make_pair()
        logits = model(source, target).logits
        other = target.clone()
        other[:, 5:] = (other[:, 5:] + 5) % 19 + 4
        assert torch.equal(model(source, other).logits[:, :5], logits[:, :5])
        longer = torch.cat([source, torch.full((2, 5), PAD)], dim=1)
        torch.testing.assert_close(model(longer, target).logits, logits, atol=1e-10, rtol=0)

    hold_for_all(CELLS[::3], check, name_of_model)


@pytest.mark.parametrize("config", KINDS, ids=name_of_model)
@torch.no_grad()
def test_bfloat16_is_near(config: ModelConfig) -> None:
    """Probabilities in half precision are those of single precision up to its rounding, in steps, too."""
    exact, half = make_model(config), make_model(config).bfloat16()
    source, target = make_pair()
    expected = exact(source, target).logits.softmax(-1)
    torch.testing.assert_close(half(source, target).logits.float().softmax(-1), expected, atol=2e-2, rtol=0)
    state = begin(half, source)
    logits = torch.stack([half.step(token, state) for token in target.split(1, dim=1)], dim=1)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float().softmax(-1), expected, atol=2e-2, rtol=0)


@pytest.mark.parametrize("config", KINDS, ids=name_of_model)
def test_compiled_is_eager(config: ModelConfig) -> None:
    """A compiled model is one graph and computes the same forward and backward.

    It is traced only: making machine code takes a minute.
    """
    model = make_model(dataclasses.replace(config, dropout=0.0)).train()
    source, target = make_pair()
    torch._dynamo.reset()
    results = []
    for forward in (model, torch.compile(model, backend="aot_eager", fullgraph=True)):
        model.zero_grad()
        logits = forward(source, target).logits
        logits.square().sum().backward()
        results.append([logits, *(p.grad.clone() for p in model.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-5)
