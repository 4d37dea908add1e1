"""One query step by step: the numbers must be those of the model itself, whatever its attention."""

from typing import TYPE_CHECKING, get_args

import pytest
import torch

from seq2seq.alignment.head_maps import Flow

if TYPE_CHECKING:
    from seq2seq import Tokenizer, Translator

SOURCE, TARGET = "two dogs sleeps.", "a man in."
KINDS = {
    "plain": {},
    "grouped": {"kv_heads": 2},
    "latent": {"latent": 8},
    "additive": {"score": "additive"},
    "target-aware": {"score": "target_aware"},
    "window": {"window": 2},
    "rotary": {"positions": "rotary"},
}


def build(tokenizer: "Tokenizer", **options: object) -> "Translator":
    """An untrained translator (width 16, two layers of 4 heads) with such an attention everywhere."""
    from seq2seq import Translator
    from seq2seq.attention import AttentionConfig
    from seq2seq.config import ModelConfig
    from seq2seq.model.transformer import Transformer
    from seq2seq.storage.model_directory import Settings

    torch.manual_seed(2)
    positions = options.pop("positions", "sinusoidal")
    attention = AttentionConfig(**options)  # type: ignore[arg-type]
    config = ModelConfig(
        vocabulary_size=len(tokenizer),
        width=16,
        feed_forward=32,
        encoder_layers=2,
        decoder_layers=2,
        max_length=64,
        positions=positions,  # type: ignore[arg-type]
        encoder_attention=attention,
        decoder_attention=attention,
        cross_attention=attention,
    )
    return Translator(Transformer(config).eval(), tokenizer, Settings(["en"], ["de"], 30, 30))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flow", get_args(Flow))
def test_weights_are_those_of_the_models_own_map(tiny_tokenizer: "Tokenizer", kind: str, flow: Flow) -> None:
    """The weights of every query are those of the model's own map."""
    from serve.views.attention_steps import attention_steps

    translator = build(tiny_tokenizer, **KINDS[kind])
    maps = getattr(translator.attention(SOURCE, TARGET), flow)
    for layer, head, query in ((0, 1, 0), (1, 3, 2)):
        lesson = attention_steps(translator, SOURCE, TARGET, flow, layer, head, query)
        torch.testing.assert_close(
            torch.tensor(lesson.weights), maps[layer, head, query], atol=1e-6, rtol=1e-5
        )
        assert len(lesson.queries) == maps.shape[2]
        assert len(lesson.keys) == maps.shape[3] == len(lesson.values)


@pytest.mark.parametrize("kind", ["plain", "grouped", "latent"])
@pytest.mark.parametrize("flow", get_args(Flow))
def test_mixes_of_all_heads_are_what_the_layer_gives_on(
    tiny_tokenizer: "Tokenizer", kind: str, flow: Flow
) -> None:
    """The weighted sums of all heads, merged, are the layer's output."""
    from serve.views.attention_steps import attention_steps

    translator = build(tiny_tokenizer, **KINDS[kind])
    stack = translator.model.encoder if flow == "encoder" else translator.model.decoder
    layer = list(stack)[1]
    attention = layer.cross_attention if flow == "cross" else layer.self_attention
    given = []
    hook = attention.register_forward_hook(lambda _module, _given, found: given.append(found.context))
    translator.attention(SOURCE, TARGET)
    hook.remove()
    query = 2
    mixes = [attention_steps(translator, SOURCE, TARGET, flow, 1, head, query).mix for head in range(4)]
    with torch.no_grad():
        merged = attention.heads.merge(torch.tensor(mixes)[None, :, None])[0, 0]
    torch.testing.assert_close(merged, given[0][0, query], atol=1e-5, rtol=1e-4)


def test_each_step_follows_from_the_one_before(tiny_tokenizer: "Tokenizer") -> None:
    """Each column follows from the one before as its heading says."""
    from serve.views.attention_steps import attention_steps

    lesson = attention_steps(build(tiny_tokenizer), SOURCE, TARGET, "decoder", 1, 0, 1)
    assert lesson.scale == 2.0
    scaled = torch.tensor(lesson.scores) / lesson.scale
    torch.testing.assert_close(torch.tensor(lesson.scaled), scaled)
    assert lesson.allowed == [place <= 1 for place in range(len(lesson.keys))]
    masked = scaled.masked_fill(~torch.tensor(lesson.allowed), -torch.inf)
    torch.testing.assert_close(torch.tensor(lesson.weights), masked.softmax(0))
    mix = torch.tensor(lesson.weights) @ torch.tensor(lesson.values)
    torch.testing.assert_close(torch.tensor(lesson.mix), mix)


def test_scores_without_a_root_have_no_scale(tiny_tokenizer: "Tokenizer") -> None:
    """An additive score has no scale."""
    from serve.views.attention_steps import attention_steps

    lesson = attention_steps(build(tiny_tokenizer, score="additive"), SOURCE, TARGET, "cross", 0, 0, 0)
    assert lesson.scale is None
    assert lesson.scores == lesson.scaled


@pytest.mark.parametrize(
    ("layer", "head", "query", "name"), [(2, 0, 0, "layer 2"), (0, 4, 0, "head 4"), (0, 0, 99, "query 99")]
)
def test_what_is_not_there_is_refused(
    tiny_tokenizer: "Tokenizer", layer: int, head: int, query: int, name: str
) -> None:
    """A layer, head or query that is not there is refused by name."""
    from serve.views.attention_steps import attention_steps

    with pytest.raises(ValueError, match=name):
        attention_steps(build(tiny_tokenizer), SOURCE, TARGET, "cross", layer, head, query)


def test_linear_attention_is_refused_with_a_reason(tiny_tokenizer: "Tokenizer") -> None:
    """Linear attention, which has no softmax, is refused with that reason."""
    from serve.views.attention_steps import attention_steps

    with pytest.raises(ValueError, match="linear"):
        attention_steps(build(tiny_tokenizer, linear=True), SOURCE, TARGET, "encoder", 0, 0, 0)
