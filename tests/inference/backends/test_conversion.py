"""A model converted to CTranslate2 computes what the model computes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seq2seq import DecodeOptions
from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.inference.backends.conversion import convert_to_ctranslate2, vocabulary
from seq2seq.inference.backends.expressible import reason_against
from seq2seq.inference.forced_decoding import force_decode
from seq2seq.inference.generator import Generator
from seq2seq.inference.translator import Translator
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer

ctranslate2 = pytest.importorskip("ctranslate2", reason="the extra `fast` is not installed")

SETTINGS = Settings(["en"], ["de"], 30, 30, AlignmentHead(1, 2))
BASE = ModelConfig(
    100, width=16, feed_forward=32, encoder_layers=2, decoder_layers=2, max_length=64, norm_order="pre"
)
FOUR = AttentionConfig(heads=4, kv_heads=2)
EXPRESSIBLE = {
    "sinusoidal": {},
    "post": {"norm_order": "post"},
    "learned": {"positions": "learned", "activation": "gelu"},
    "rotary": {"positions": "rotary", "norm": "rms", "activation": "swiglu"},
    "untied": {"tied_embeddings": False},
    "grouped": {"decoder_attention": FOUR, "encoder_attention": FOUR, "cross_attention": FOUR},
}
INEXPRESSIBLE = {
    "additive": {"encoder_attention": AttentionConfig("additive")},
    "target_aware": {"cross_attention": AttentionConfig("target_aware")},
    "linear": {"decoder_attention": AttentionConfig(linear=True)},
    "latent": {"cross_attention": AttentionConfig(latent=4)},
    "window": {"encoder_attention": AttentionConfig(window=3)},
    "heads": {"cross_attention": AttentionConfig(heads=2)},
    "encoder_layers": {"encoder_layers": 0},
}
SENTENCES = ["two dogs play in the snow.", "a man sleeps.", "an old woman looks at a big park!"]


def translator_of(tokenizer: Tokenizer, changes: dict[str, object]) -> Translator:
    torch.manual_seed(3)
    config = replace(BASE, **changes)  # type: ignore[arg-type]
    model = Transformer(config).eval().requires_grad_(False)
    for name, weight in model.named_parameters():
        if name.endswith("bias") or ".norm." in name:
            weight += torch.randn_like(weight) / 5  # such as training leaves them
    return Translator(model, tokenizer, SETTINGS)


@pytest.mark.parametrize("name", EXPRESSIBLE)
def test_log_probabilities_are_those_of_the_model(
    name: str, tiny_tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """Log-probabilities of given targets agree within 1e-4, and converting leaves our model as it was."""
    translator = translator_of(tiny_tokenizer, EXPRESSIBLE[name])
    sources = [tiny_tokenizer.encode(text) for text in SENTENCES]
    targets = [tiny_tokenizer.encode(text) for text in reversed(SENTENCES)]
    expected = force_decode(translator.model, sources, targets)
    convert_to_ctranslate2(translator, tmp_path / "model")
    assert force_decode(translator.model, sources, targets) == expected
    engine = ctranslate2.Translator(str(tmp_path / "model"), intra_threads=1)
    tokens = vocabulary(tiny_tokenizer)
    named = [[[tokens[i] for i in ids] for ids in side] for side in (sources, targets)]
    for result, values in zip(engine.score_batch(*named), expected, strict=True):
        assert result.log_probs == pytest.approx(values, abs=1e-4)


def test_the_engine_returns_the_alignment_head(tiny_tokenizer: Tokenizer, tmp_path: Path) -> None:
    """The attention that the engine returns is that of the head that the settings name."""
    translator = translator_of(tiny_tokenizer, {})
    convert_to_ctranslate2(translator, tmp_path)
    tokens = vocabulary(tiny_tokenizer)
    source = tiny_tokenizer.encode(SENTENCES[0])
    engine = ctranslate2.Translator(str(tmp_path), intra_threads=1)
    (result,) = engine.translate_batch(
        [[tokens[i] for i in source]], beam_size=1, max_decoding_length=9, return_attention=True
    )
    written = [tokens.index(token) for token in result.hypotheses[0]]
    pair = torch.tensor([[*source, 3]]), torch.tensor([[2, *written]])
    maps = translator.model(*pair, need_weights=True).maps
    ours = maps.cross[1][0, 2, : len(written), : len(source)]
    theirs = torch.tensor(result.attention[0])[: len(written), : len(source)]
    assert torch.allclose(theirs, ours, atol=1e-5)


def test_a_language_model_is_converted(tiny_generator: Generator, tmp_path: Path) -> None:
    """Within the context a language model generates the same tokens."""
    convert_to_ctranslate2(tiny_generator, tmp_path)
    engine = ctranslate2.Generator(str(tmp_path), intra_threads=1)
    ids = tiny_generator.read("two")
    tokens = vocabulary(tiny_generator.tokenizer)
    options = DecodeOptions(beam_size=1, max_length=10)
    expected = tiny_generator.generate("two", options)
    (result,) = engine.generate_batch(
        [[tokens[i] for i in ids]],
        max_length=10,
        min_length=10,
        disable_unk=True,
        include_prompt_in_result=False,
        suppress_sequences=[["<pad>"], ["<s>"]],
    )
    assert result.sequences_ids[0] == expected.token_ids


@pytest.mark.parametrize("name", INEXPRESSIBLE)
def test_other_models_are_refused_with_the_reason(
    name: str, tiny_tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """A model that CTranslate2 lacks the parts of is refused, and nothing is written."""
    config = replace(BASE, **INEXPRESSIBLE[name])
    reason = reason_against(config)
    assert reason is not None and name in reason
    translator = Translator(Transformer(config).eval(), tiny_tokenizer, SETTINGS)
    with pytest.raises(ValueError, match="use the model with torch"):
        convert_to_ctranslate2(translator, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_score_of_ones_own_is_refused(tiny_tokenizer: Tokenizer, tmp_path: Path) -> None:
    """A score that the config does not name is not taken for the one it names."""

    class OwnScore(torch.nn.Module):
        def forward(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
            return query @ key.transpose(-2, -1)

    model = LanguageModel(replace(BASE, kind="decoder"), lambda width: OwnScore()).eval()
    translator = translator_of(tiny_tokenizer, {})
    translator.model = model  # type: ignore[assignment]
    with pytest.raises(ValueError, match="no score OwnScore"):
        convert_to_ctranslate2(translator, tmp_path / "model")


def test_each_token_has_a_name_of_its_own(tiny_tokenizer: Tokenizer) -> None:
    """The engine tells tokens apart by their names; special ones have the usual ones."""
    tokens = vocabulary(tiny_tokenizer)
    assert tokens[:4] == ["<pad>", "<unk>", "<s>", "</s>"] and len(set(tokens)) == 100
