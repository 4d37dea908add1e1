"""An export is checked by the program it is written for; what that cannot express is refused."""

import json
from pathlib import Path

import pytest
import torch
from marian_models import SOURCES, TARGETS, write_marian
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from seq2seq import DecodeOptions, Translator
from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.inference.formats.exporting import export
from seq2seq.inference.formats.marian_import import import_marian
from seq2seq.inference.formats.onnx_model import OnnxModel
from seq2seq.inference.formats.peers import OnnxPeer
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.options import FIDELITY
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer

GREEDY = DecodeOptions(beam_size=1, max_length=20, **dict.fromkeys(FIDELITY, False))


def make_translator(languages: tuple[str, ...] = (), **settings: object) -> Translator:
    """Return a random translator over a vocabulary of the sample texts."""
    tokenizer = Tokenizer.train([*SOURCES, *TARGETS], 90, languages=languages, placeholders=2)
    attentions = dict.fromkeys(("decoder_attention", "cross_attention"), AttentionConfig(heads=3))
    config = ModelConfig(
        **{
            "vocabulary_size": len(tokenizer),
            "width": 24,
            "feed_forward": 31,
            "encoder_layers": 2,
            "decoder_layers": 1,
            "max_length": 64,
            **attentions,
            **settings,
        }
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = Transformer(config).eval().requires_grad_(False)
        for name, parameter in model.named_parameters():
            if "norm" not in name:
                parameter.normal_(std=0.3)
    return Translator(
        model, tokenizer, Settings(["en"], list(languages) or ["de"], 64, 64), card="# A card\n"
    )


FITTING = {
    "marian": {"norm_order": "post", "output_bias": True, "activation": "swish"},
    "marian untied": {"norm_order": "post", "tied_embeddings": False},
    "pegasus": {"norm_order": "pre", "activation": "gelu"},
}


@torch.inference_mode()
@pytest.mark.parametrize("name", FITTING)
def test_transformers_loads_the_export(name: str, tmp_path: Path) -> None:
    """Auto classes read a text as we do, tag and placeholder too, and write the same."""
    ours = make_translator(("de", "fr"), **FITTING[name]).directed("en", "fr")
    report = export(ours, tmp_path / "out", "transformers")
    assert report.same_translations == report.sentences > 5 and report.difference < 1e-4
    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    for text in (*SOURCES[:3], "A ⟦1⟧ and Ω"):
        source = [*ours.tokenizer.encode(text), *ours.tag]
        given = tokenizer(f"{text} <2fr>", return_tensors="pt")
        assert given["input_ids"][0].tolist() == [*source, 3]
        target = ours.tokenizer.encode(TARGETS[0])
        batch = make_batch([source], [target])
        logits = model(**given, decoder_input_ids=batch.target_input).logits
        torch.testing.assert_close(
            logits, ours.model(batch.source, batch.target_input).logits, atol=1e-4, rtol=0
        )
        if "⟦" not in text:
            found = model.generate(**given, max_new_tokens=20, max_length=None)
            written = tokenizer.decode(found[0], skip_special_tokens=True).replace(" <s>", "")
            assert written == ours.translate(text, GREEDY).text


REFUSED = {
    "rotary": ({"positions": "rotary"}, "rotary positions"),
    "learned": ({"positions": "learned"}, "learned positions"),
    "rms": ({"norm": "rms"}, "norm 'rms'"),
    "gate": ({"activation": "swiglu"}, "a gate"),
    "grouped": ({"encoder_attention": AttentionConfig(kv_heads=2)}, "encoder_attention of this model"),
    "heads": ({"cross_attention": AttentionConfig(heads=4)}, "two numbers of heads"),
    "untied": ({"tied_embeddings": False, "norm_order": "pre"}, "separate embeddings"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_transformers_refuses(name: str, tmp_path: Path) -> None:
    """A part that no class of transformers has is named, and nothing is written."""
    settings, reason = REFUSED[name]
    with pytest.raises(ValueError, match=reason):
        export(make_translator(**settings), tmp_path / "out", "transformers")
    assert not (tmp_path / "out").exists()


def test_an_imported_model_goes_back(tmp_path: Path) -> None:
    """A Marian model that was imported is written again, its own tokenizer with it."""
    write_marian(tmp_path / "theirs", tags=(">>deu<<", ">>fr<<"))
    import_marian(tmp_path / "theirs", tmp_path / "ours")
    ours = Translator.from_pretrained(tmp_path / "ours", "cpu", "torch").directed("en", "fr")
    assert export(ours, tmp_path / "back", "transformers").difference < 1e-4
    for name in ("source.spm", "target.spm"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()
    first, second = (AutoTokenizer.from_pretrained(tmp_path / name) for name in ("theirs", "back"))
    text = ">>fr<< " + SOURCES[0]
    assert first.tokenize(text) == second.tokenize(text)
    assert second(text)["input_ids"] == [*ours.tag, *ours.tokenizer.encode(SOURCES[0]), 3]


def test_onnx_with_quantized_weights(tmp_path: Path) -> None:
    """The report has what was compared, and chrF before and after quantization."""
    ours = make_translator(positions="rotary")
    report = export(
        ours, tmp_path / "out", "onnx", quantization="int8", sources=SOURCES[:4], references=TARGETS[:4]
    )
    assert not report.invented and report.sentences == report.same_translations == 4
    assert report.chrf is not None and all(0 <= value <= 100 for value in report.chrf)
    saved = json.loads((tmp_path / "out" / "export.json").read_text())
    assert saved["quantization"] == "int8" and saved["difference"] == report.difference <= 1e-4
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"encoder.onnx", "step.onnx", "tokenizer.model", "README.md", "export.json"}
    # An earlier export is replaced; without references chrF compares with the translations in float32.
    again = export(ours, tmp_path / "out", "onnx", quantization="int8")
    assert again.invented and again.chrf is None and again.chrf_to_float32 is not None


def test_a_translator_over_onnx(tmp_path: Path) -> None:
    """Our beam, glossary and scores work with onnxruntime in place of the network."""
    ours = make_translator(positions="rotary")
    export(ours, tmp_path / "out", "onnx")
    model = OnnxModel.load(tmp_path / "out", ours.model.config)
    theirs = Translator(model, ours.tokenizer, ours.settings)
    options = DecodeOptions(beam_size=3, max_length=20, glossary={"dogs": "Hunde"})
    for text in SOURCES[:2]:
        expected, got = ours.translate(text, options), theirs.translate(text, options)
        assert got.text == expected.text and got.score == pytest.approx(expected.score, abs=1e-4)
    assert theirs.score(SOURCES[0], TARGETS[0]).log_probability == pytest.approx(
        ours.score(SOURCES[0], TARGETS[0]).log_probability, abs=1e-3
    )


def test_ctranslate2(tmp_path: Path) -> None:
    """The engine's own search and scores are compared."""
    pytest.importorskip("ctranslate2", reason="the extra fast is not installed")
    report = export(make_translator(("de", "fr")).directed("en", "de"), tmp_path / "out", "ctranslate2")
    assert report.difference < 1e-4 and (tmp_path / "out" / "model.bin").is_file()


def test_a_failed_check_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other scores are refused, and what was there before stays."""
    ours = make_translator()
    export(ours, tmp_path / "out", "onnx")
    before = (tmp_path / "out" / "step.onnx").read_bytes()
    scores = OnnxPeer.scores
    monkeypatch.setattr(OnnxPeer, "scores", lambda *args: [value + 1e-3 for value in scores(*args)])
    with pytest.raises(ValueError, match=r"differs by 0.001.*, more than 0.0001; nothing was written"):
        export(ours, tmp_path / "out", "onnx")
    assert (tmp_path / "out" / "step.onnx").read_bytes() == before


def test_bad_arguments(tmp_path: Path) -> None:
    """Formats, quantizations, references and places that do not fit are named."""
    ours = make_translator()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    for match, values in {
        "format is 'tflite'; choose": {"format": "tflite"},
        "quantization is 'int4'; for onnx choose int8": {"quantization": "int4"},
        "1 sources but 2 references": {"sources": ["a"], "references": ["b", "c"]},
        "letters is there already and is no export": {"directory": tmp_path / "letters"},
    }.items():
        arguments = {"directory": tmp_path / "out", "format": "onnx", **values}
        with pytest.raises(ValueError, match=match):
            export(ours, **arguments)
    assert not (tmp_path / "out").exists()
