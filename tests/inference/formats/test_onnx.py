"""ONNX graphs compute what torch computes, for every kind of attention, at any batch and length."""

from pathlib import Path

import pytest
import torch
from attention_cells import ALIVE, PLAIN, hold_for_all, name_of

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.inference.formats.onnx_export import onnx_files, quantized
from seq2seq.inference.formats.onnx_model import OnnxLanguageModel, OnnxModel
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer

HEAD = AlignmentHead(layer=0, head=1)


def make_config(attention: AttentionConfig = PLAIN, **settings: object) -> ModelConfig:
    """Return a config of a model that a test can afford to trace."""
    sizes = {"vocabulary_size": 19, "width": 24, "feed_forward": 11, "max_length": 31}
    layers = {"encoder_layers": 1, "decoder_layers": 1}
    attentions = dict.fromkeys(("encoder_attention", "decoder_attention", "cross_attention"), attention)
    return ModelConfig(**{**sizes, **layers, **attentions, **settings})


def make_model(config: ModelConfig) -> Transformer:
    """Return a random model; its biases are random, too."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = Transformer(config).eval().requires_grad_(False)
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_()
    return model


def written(files: dict[str, bytes], folder: Path) -> Path:
    """Write files and return their folder."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@torch.inference_mode()
def check(model: Transformer, folder: Path) -> None:
    """Compare steps of a beam of 3 for 2 sources, one padded, and the row of the alignment head."""
    onnx = OnnxModel.load(written(onnx_files(model, HEAD), folder), model.config)
    source = torch.tensor([[7, 8, 9, 10, 11, 12, EOS], [9, 7, EOS, PAD, PAD, PAD, PAD]])
    states = [
        each.start(each.encode(source), source != PAD, 12)  # type: ignore[attr-defined]
        for each in (model, onnx)
    ]
    rows, sentences = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([0, 1])
    tokens = torch.full((2, 1), BOS)
    for step in range(6):
        if not model.config.cross_attention.linear:
            states[0].watch(HEAD.layer, HEAD.head)
            states[1].watch(HEAD.layer, HEAD.head)
        expected, got = model.step(tokens, states[0]), onnx.step(tokens, states[1])
        torch.testing.assert_close(got, expected, atol=2e-5, rtol=1e-4)
        if states[0].looked is not None:
            torch.testing.assert_close(states[1].looked, states[0].looked, atol=1e-5, rtol=1e-4)
        for state in states:
            state.select(rows if step == 0 else torch.tensor([1, 0, 2, 4, 4, 3]), sentences)
        tokens = torch.arange(6)[:, None] + 4 + step


def test_every_attention(tmp_path: Path) -> None:
    """The graphs of each kind of attention compute what torch computes."""
    chosen = [cell for cell in ALIVE if not cell.rotary]
    # Scores, heads and masks are computed one after the other: a part of their combinations has each of them.
    assert len(chosen) > 60
    hold_for_all(chosen[::17], lambda cell: check(make_model(make_config(cell)), tmp_path), name_of)


VARIANTS = {
    "rotary": {"positions": "rotary", "norm_order": "pre", "norm": "rms", "activation": "swiglu"},
    "rotary latent": {"positions": "rotary", "attention": AttentionConfig(latent=5)},
    "learned": {"positions": "learned", "activation": "gelu", "tied_embeddings": False},
    "two layers": {"encoder_layers": 2, "decoder_layers": 3, "activation": "swish", "output_bias": True},
    "target aware": {"attention": AttentionConfig(score="target_aware")},
    "linear": {"attention": AttentionConfig(linear=True)},
    "window and grouped": {"attention": AttentionConfig(window=3, global_tokens=2, kv_heads=2)},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_model(name: str, tmp_path: Path) -> None:
    """So do those of each other choice of a config."""
    check(make_model(make_config(**VARIANTS[name])), tmp_path)


@pytest.mark.parametrize("linear", [False, True])
def test_language_models(linear: bool, tmp_path: Path) -> None:
    """A language model's step gives the logits of the whole text."""
    config = make_config(
        kind="decoder", decoder_attention=AttentionConfig(linear=linear), norm="rms", activation="swiglu"
    )
    model = LanguageModel(config).eval()
    onnx = OnnxLanguageModel.load(written(onnx_files(model, None), tmp_path), config)
    text = torch.tensor([[5, 9, 13, 4, 7], [6, 6, 8, 18, 3]])
    state = onnx.start(2)
    with torch.inference_mode():
        steps = torch.stack([onnx.step(column, state) for column in text.split(1, dim=1)], dim=1)
        torch.testing.assert_close(steps, model(text).logits, atol=1e-5, rtol=1e-4)


def test_a_model_in_training_goes_on_training(tmp_path: Path) -> None:
    """An export changes neither mode nor weights."""
    model = make_model(make_config()).train()
    model.output.table.weight.requires_grad_(True)
    onnx_files(model, HEAD)
    assert model.training and model.encoder.training
    assert [name for name, each in model.named_parameters() if each.requires_grad] == [
        "source_embedding.table.weight"
    ]


def test_files_of_another_model_are_refused(tmp_path: Path) -> None:
    """Graphs of another shape, torn files and missing ones are named."""
    written(onnx_files(make_model(make_config()), HEAD), tmp_path)
    for other in (make_config(vocabulary_size=20), make_config(decoder_layers=2)):
        with pytest.raises(ValueError, match=r"step.onnx is of another model"):
            OnnxModel.load(tmp_path, other)
    (tmp_path / "step.onnx").write_bytes((tmp_path / "step.onnx").read_bytes()[:400])
    with pytest.raises(ValueError, match=r"step.onnx is no ONNX file"):
        OnnxModel.load(tmp_path, make_config())
    (tmp_path / "encoder.onnx").unlink()
    with pytest.raises(ValueError, match=r"encoder.onnx is missing; export the model again"):
        OnnxModel.load(tmp_path, make_config())


def test_a_model_without_an_encoder_is_refused() -> None:
    """A memory from elsewhere has no graph."""
    with pytest.raises(ValueError, match="encoder_layers 0"):
        onnx_files(make_model(make_config(encoder_layers=0)), HEAD)


def test_weights_of_8_bit(tmp_path: Path) -> None:
    """Quantized graphs are smaller and close."""
    config = make_config(width=96, feed_forward=400)
    model = make_model(config)
    whole = onnx_files(model, HEAD)
    packed = quantized(onnx_files(model, HEAD, fold=True))
    assert all(len(packed[name]) < 0.7 * len(whole[name]) for name in whole)
    onnx = OnnxModel.load(written(packed, tmp_path), config)
    source, target = torch.tensor([[7, 8, 9, EOS]]), torch.tensor([[BOS, 5, 6]])
    with torch.inference_mode():
        difference = onnx(source, target).logits - model(source, target).logits
    assert 0 < difference.abs().max() < 0.5


def test_maps_need_torch(tmp_path: Path) -> None:
    """The graphs say that they have no maps."""
    config = make_config()
    onnx = OnnxModel.load(written(onnx_files(make_model(config), HEAD), tmp_path), config)
    with pytest.raises(ValueError, match="no attention maps"):
        onnx(torch.tensor([[EOS]]), torch.tensor([[BOS]]), need_weights=True)
