"""Configs survive JSON unchanged, and impossible ones are refused with value and remedy."""

import dataclasses
import itertools
import json
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from tables import check_rows

from seq2seq.config import AttentionConfig, ModelConfig

CHOICES = {
    name: get_args(hint) for name, hint in get_type_hints(ModelConfig).items() if get_origin(hint) is Literal
}


def test_json_round_trip() -> None:
    """A config comes back from JSON equal."""
    config = ModelConfig(
        vocabulary_size=101,
        width=24,
        encoder_attention=AttentionConfig(heads=6, kv_heads=3, dropout=0.25),
        cross_attention=AttentionConfig(heads=2),
        positions="learned",
        tied_embeddings=False,
        max_length=7,
    )
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_every_choice_goes_to_json_and_back() -> None:
    """Every combination of the values that the types allow is read back equal."""

    def check(*choice: Any) -> None:
        config = ModelConfig(vocabulary_size=11, **dict(zip(CHOICES, choice, strict=True)))
        assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config

    check_rows(check, itertools.product(*CHOICES.values()))


def test_what_is_left_out_has_its_default() -> None:
    """A model saved before a field existed still loads, with the default of the field."""
    assert ModelConfig.from_json({"vocabulary_size": 11}) == ModelConfig(vocabulary_size=11)
    values = {"vocabulary_size": 11, "encoder_attention": {"heads": 2}}
    assert ModelConfig.from_json(values).encoder_attention == AttentionConfig(heads=2)


def test_a_config_of_version_one_still_loads() -> None:
    """A config of the first format, with five fields an attention, loads as plain attention."""
    attention = {"score": "scaled_dot", "heads": 8, "kv_heads": None, "rotary": False, "dropout": 0.1}
    values = {"vocabulary_size": 11, "cross_attention": attention}
    assert ModelConfig.from_json(values).cross_attention == AttentionConfig(heads=8, dropout=0.1)


def test_rotary_does_not_concern_cross_attention() -> None:
    """Cross-attention may have any score beside rotary self-attentions."""
    additive = AttentionConfig(score="additive")
    ModelConfig(vocabulary_size=11, positions="rotary", cross_attention=additive)


def test_only_turned_heads_need_an_even_width() -> None:
    """An odd head width is refused only where rotary turns it: not in cross-attention, nor in MLA."""
    two, odd, latent = AttentionConfig(heads=2), AttentionConfig(heads=4), AttentionConfig(heads=4, latent=5)
    ModelConfig(11, width=12, positions="rotary", encoder_attention=two, decoder_attention=latent)
    with pytest.raises(ValueError, match="odd head width in decoder_attention"):
        ModelConfig(11, width=12, positions="rotary", encoder_attention=two, decoder_attention=odd)


@pytest.mark.parametrize(
    ("values", "unused"),
    [
        ({"kind": "decoder"}, ["encoder_attention", "cross_attention"]),
        ({"encoder_layers": 0}, ["encoder_attention"]),
    ],
)
def test_an_attention_that_is_not_built_is_not_judged(values: dict[str, Any], unused: list[str]) -> None:
    """The head width of an attention that the model does not have is not checked."""
    fields = ("encoder_attention", "decoder_attention", "cross_attention")
    fitting = {name: AttentionConfig(heads=3) for name in fields if name not in unused}
    config = ModelConfig(11, width=6, **values, **fitting)
    assert ModelConfig.from_json(config.to_json()) == config
    for name in fitting:
        with pytest.raises(ValueError, match=rf"{name}\.heads is 4, which does not divide width 6"):
            ModelConfig(11, width=6, **values, **{**fitting, name: AttentionConfig(heads=4)})


def test_configs_do_not_change() -> None:
    """A config is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig(vocabulary_size=11).width = 3  # type: ignore[misc]


def test_rotary_goes_to_both_self_attentions_only() -> None:
    """Rotary positions reach both self-attentions and never cross-attention."""
    model = ModelConfig(vocabulary_size=11, positions="rotary")
    assert model.self_attention("encoder").rotary and model.self_attention("decoder").rotary
    assert not model.cross_attention.rotary
    assert not ModelConfig(vocabulary_size=11).self_attention("decoder").rotary


def test_shared_heads() -> None:
    """`kv_heads` None is one key/value head for each query head."""
    assert AttentionConfig(heads=6).shared_heads == 6
    assert AttentionConfig(heads=6, kv_heads=1).shared_heads == 1


REFUSED_ATTENTIONS = [
    ({"heads": 0}, r"heads is 0; .*at least 1"),
    ({"heads": 2.0}, r"heads is 2\.0; it must be int"),
    ({"heads": True}, r"heads is True; it must be int"),
    ({"heads": "4"}, r"heads is '4'; it must be int"),
    ({"kv_heads": 3}, r"kv_heads is 3; choose a divisor of heads \(4\)"),
    ({"kv_heads": 0}, r"kv_heads is 0; choose a divisor of heads \(4\)"),
    ({"kv_heads": -2}, r"kv_heads is -2; choose a divisor"),
    ({"kv_heads": "2"}, r"kv_heads is '2'; it must be int \| None"),
    ({"score": "dot"}, r"score is 'dot'; it must be 'scaled_dot'"),
    ({"score": ["scaled_dot"]}, r"score is \['scaled_dot'\]; it must be 'scaled_dot'"),
    ({"latent": 0}, r"latent is 0; choose at least 1, or leave it out \(null\)"),
    ({"window": 0}, r"window is 0; choose at least 1, or leave it out \(null\)"),
    ({"window": True}, r"window is True; it must be int \| None"),
    ({"stride": -3}, r"stride is -3; choose at least 1, or leave it out \(null\)"),
    ({"global_tokens": -1}, r"global_tokens is -1; choose 0 \(none\) or more"),
    ({"global_tokens": None}, r"global_tokens is None; it must be int"),
    *(
        ({name: 10**30}, rf"{name} is 10+; choose at most 1048576")
        for name in ("latent", "window", "stride", "global_tokens")
    ),
    ({"latent": 8, "kv_heads": 2}, r"latent is 8 beside kv_heads 2; .* leave out \(null\) one"),
    ({"latent": 8, "kv_heads": 4}, r"latent is 8 beside kv_heads 4; .* leave out \(null\) one"),
    ({"linear": True, "score": "additive"}, r"linear is True beside score 'additive'; .* set score to"),
    ({"linear": True, "window": 3}, r"linear is True beside window 3, .*; .* drop these or set linear"),
    ({"linear": True, "global_tokens": 1}, r"linear is True beside .*global_tokens 1 .* drop these"),
    ({"linear": True, "stride": 2}, r"linear is True beside .*stride 2; .* drop these"),
    ({"rotary": True, "linear": True}, r"rotary is True beside linear True; .* set rotary to False"),
    ({"rotary": True, "score": "additive"}, r"rotary is True beside score 'additive'; .* set rotary"),
    ({"rotary": True, "score": "target_aware"}, r"rotary is True beside score 'target_aware'; .* set rot"),
    ({"global_tokens": 1}, r"global_tokens is 1 without a window; .* set window to at least 1"),
    ({"global_tokens": 2, "stride": 3}, r"global_tokens is 2 without a window"),
    ({"rotary": 1}, r"rotary is 1; it must be bool"),
    ({"dropout": 1.0}, r"dropout is 1\.0; choose a number from 0 up to, but not including, 1"),
    ({"dropout": -0.1}, r"dropout is -0\.1; choose"),
    ({"dropout": float("nan")}, r"dropout is nan; choose"),
    ({"dropout": False}, r"dropout is False; it must be float"),
]

REFUSED_MODELS = [
    *(
        ({name: 0}, rf"{name} is 0; it must be at least 1")
        for name in ("width", "feed_forward", "decoder_layers", "max_length")
    ),
    ({"encoder_layers": -1}, r"encoder_layers is -1; give at least 1, or 0 for a memory from elsewhere"),
    ({"memory_width": 7}, r"memory_width is 7 beside encoder_layers 4, .*; set encoder_layers to 0"),
    ({"memory_width": 0, "encoder_layers": 0}, r"memory_width is 0; choose at least 1, or null"),
    ({"max_length": 10**8}, r"max_length is 100000000; choose at most 131072"),
    ({"memory_width": 10**9, "encoder_layers": 0}, r"memory_width is 10+; choose at most 1048576"),
    ({"vocabulary_size": 3}, r"vocabulary_size is 3; .* need 4"),
    ({"vocabulary_size": None}, r"vocabulary_size is None; it must be int"),
    ({"width": 33}, r"encoder_attention\.heads is 4, which does not divide width 33; choose a divisor"),
    (
        {"cross_attention": AttentionConfig(heads=3)},
        r"cross_attention\.heads is 3, which does not divide width 128; choose a divisor",
    ),
    ({"decoder_attention": AttentionConfig(rotary=True)}, r"decoder_attention\.rotary .* positions: rotary"),
    (
        {"decoder_attention": AttentionConfig(linear=True), "positions": "rotary"},
        r"positions is rotary, but decoder_attention has linear True, .* choose positions: sinusoidal",
    ),
    ({"width": 12, "positions": "rotary"}, r"width 12 over 4 heads .* odd .* need an even one"),
    ({"dropout": 1}, r"dropout is 1; choose a number from 0"),
    ({"norm": "batch"}, r"norm is 'batch'; it must be 'layer' or 'rms'"),
    ({"norm_order": "sandwich"}, r"norm_order is 'sandwich'; it must be 'pre' or 'post'"),
    ({"activation": "tanh"}, r"activation is 'tanh'; it must be 'relu' or 'gelu' or 'swiglu'"),
    ({"output_bias": True, "kind": "decoder"}, r"output_bias is True beside kind 'decoder'; only encoder"),
    ({"positions": None}, r"positions is None; it must be 'sinusoidal' or 'learned' or 'rotary'"),
    ({"tied_embeddings": "yes"}, r"tied_embeddings is 'yes'; it must be bool"),
    ({"encoder_attention": {"heads": 2}}, r"encoder_attention is \{'heads': 2\}; it must be AttentionConfig"),
]


def test_an_impossible_attention_is_refused() -> None:
    """The error names the field, its value and what to give instead."""

    def check(values: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            AttentionConfig(**values)

    check_rows(check, REFUSED_ATTENTIONS)


def test_an_impossible_model_is_refused() -> None:
    """The error names the field, its value and what to give instead."""

    def check(values: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ModelConfig(**{"vocabulary_size": 11, **values})

    check_rows(check, REFUSED_MODELS)


def test_odd_width_is_refused_for_sinusoids_only() -> None:
    """Sinusoidal positions need an even width (sines and cosines come in pairs), learned ones do not."""
    one = AttentionConfig(heads=1)
    odd: dict[str, Any] = {
        "vocabulary_size": 11,
        "width": 7,
        "encoder_attention": one,
        "decoder_attention": one,
        "cross_attention": one,
    }
    with pytest.raises(ValueError, match="width is 7; sinusoidal positions need an even one"):
        ModelConfig(**odd)
    ModelConfig(**odd, positions="learned")


DAMAGED = [
    ({}, r"ModelConfig has no 'vocabulary_size', which has no default; add it"),
    ({"vocabulary_size": 11, "widht": 3}, r"ModelConfig has no field 'widht'; its fields are .*width"),
    (
        {"vocabulary_size": 11, "encoder_attention": {"head": 2}},
        r"AttentionConfig has no field 'head'; its fields are score, heads",
    ),
    ({"vocabulary_size": 11, "cross_attention": 4}, r"AttentionConfig is 4; it must be a mapping"),
    ({"vocabulary_size": 11, "cross_attention": None}, r"AttentionConfig is None; it must be a mapping"),
    ({"vocabulary_size": "11"}, r"vocabulary_size is '11'; it must be int"),
    ([], r"ModelConfig is \[\]; it must be a mapping"),
    (None, r"ModelConfig is None; it must be a mapping"),
    ("text", r"ModelConfig is 'text'; it must be a mapping"),
]


def test_damaged_json_is_refused() -> None:
    """A misspelt or missing key and a value of the wrong type are refused by name."""

    def check(values: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ModelConfig.from_json(values)

    check_rows(check, DAMAGED)
