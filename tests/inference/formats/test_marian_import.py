"""Marian models are imported: their own logits, tokens and translations, in a model directory of ours."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from marian_models import SOURCES, TARGETS, train_spm, write_marian
from transformers import MarianMTModel, MarianTokenizer

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.formats.marian_import import import_marian
from seq2seq.model.batch import make_batch
from seq2seq.options import FIDELITY

TEXTS = ["Two dogs play in the park.", "A bicycle… with 12 Ω windows?", "Is there an apple"]
PLAIN = DecodeOptions(beam_size=1, max_length=20, **dict.fromkeys(FIDELITY, False))
VARIANTS = {
    "shared": {},
    "unscaled": {"scale_embedding": False, "activation_function": "gelu"},
    "untied": {"tie_word_embeddings": False, "activation_function": "relu"},
    "separate": {"separate": True},
    "tagged": {"tags": (">>deu<<", ">>fr<<")},
}


@pytest.fixture(scope="module", params=VARIANTS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A checkpoint by `transformers`, its tokenizer, and our translator of the imported directory."""
    folder = tmp_path_factory.mktemp(request.param)
    write_marian(folder / "theirs", **VARIANTS[request.param])
    import_marian(folder / "theirs", folder / "ours")
    theirs = MarianMTModel.from_pretrained(folder / "theirs").eval()
    tokenizer = MarianTokenizer.from_pretrained(folder / "theirs")
    ours = Translator.from_pretrained(folder / "ours", device="cpu", **BACKEND)
    language = "de" if request.param == "tagged" else None
    return theirs, tokenizer, ours.directed(None, language)


BACKEND = {"backend": "torch"}


def tagged(translator: Translator, text: str) -> str:
    """Return a text as Marian's tokenizer wants it: after its tag, if there are tags."""
    return f">>deu<< {text}" if translator.tokenizer.tags else text


def test_the_same_pieces(pair) -> None:
    """Sources and targets have the pieces of Marian's tokenizer, a tag before the source."""
    _, theirs, ours = pair
    for text in TEXTS:
        source = ours.tokenizer.tagged(ours.tokenizer.encode(text), ours.tag)
        names = {index: piece for piece, index in theirs.encoder.items()}
        expected = [names[index] for index in theirs(tagged(ours, text))["input_ids"]]
        assert [*ours.tokenizer.pieces(source), "</s>"] == expected
    for text in ("Zwei Hunde essen.", "Gibt es Ω?"):
        ids = theirs(text_target=text)["input_ids"]
        vocabulary = theirs.target_encoder if theirs.separate_vocabs else theirs.encoder
        names = {index: piece for piece, index in vocabulary.items()}
        assert [*ours.tokenizer.pieces(ours.tokenizer.target.encode(text)), "</s>"] == [names[i] for i in ids]


@torch.inference_mode()
def test_the_same_logits(pair) -> None:
    """Logits of every piece differ by rounding only, also beside padding."""
    theirs, tokenizer, ours = pair
    given = tokenizer([tagged(ours, text) for text in TEXTS], return_tensors="pt", padding=True)
    target = [ours.tokenizer.target.encode(text) for text in TARGETS[:3]]
    batch = make_batch(
        [ours.tokenizer.tagged(ours.tokenizer.encode(text), ours.tag) for text in TEXTS], target
    )
    pieces = ours.tokenizer.pieces(range(len(ours.tokenizer)))
    ids = tokenizer.target_encoder if tokenizer.separate_vocabs else tokenizer.encoder
    row = {place: ids[piece] for place, piece in enumerate(pieces) if piece in ids}
    start = theirs.config.decoder_start_token_id
    read = [[start if i == 2 else row[i] for i in side] for side in batch.target_input.tolist()]
    expected = theirs(**given, decoder_input_ids=torch.tensor(read)).logits
    got = ours.model(batch.source, batch.target_input).logits
    real = batch.target_input != 0
    difference = got[..., list(row)] - expected[..., list(row.values())]
    assert difference[real].abs().max() < 1e-4
    assert got[..., [i for i in range(len(pieces)) if i not in row]].max() < expected.min() - 50


def test_the_same_translations(pair) -> None:
    """Greedy search writes what `generate` writes."""
    theirs, tokenizer, ours = pair
    for text in TEXTS:
        given = tokenizer(tagged(ours, text), return_tensors="pt")
        # Marian's search forces an end at the limit; ours writes another piece there.
        found = theirs.generate(**given, num_beams=1, max_length=21, forced_eos_token_id=None)
        expected = tokenizer.decode(found[0], skip_special_tokens=True)
        expected = expected.replace(">>fr<<", "")  # to us a tag is no text
        assert ours.translate(text, PLAIN).text.split() == expected.split()


def test_maps_scores_and_glossaries(pair) -> None:
    """Alignment, scores and required words work on both sides' own pieces."""
    *_, ours = pair
    result = ours.translate(
        "Two dogs play.", DecodeOptions(beam_size=4, glossary={"dogs": "Hunde"}, max_length=20)
    )
    assert "Hunde" in result.text
    maps = ours.attention(SOURCES[0], TARGETS[0])
    assert len(maps.source_tokens) == maps.cross.shape[-1]
    grid = maps.alignment(ours.settings.alignment).matrix()
    assert [SOURCES[0][a:b] for a, b in grid.source_spans] == ["Two", "dogs", "play", "in", "the", "snow."]
    torch.testing.assert_close(grid.weights.sum(1), torch.ones(len(grid.weights)))
    assert ours.score(SOURCES[0], TARGETS[0]).log_probability < 0


def test_stored_in_16_bit_and_exported_again(tmp_path: Path) -> None:
    """A directory is written in any storage format and stays the same tokenizer."""
    write_marian(tmp_path / "theirs")
    for storage in ("float32", "float16", "int8"):
        import_marian(tmp_path / "theirs", tmp_path / storage, storage=storage)
        translator = Translator.from_pretrained(tmp_path / storage, device="cpu", **BACKEND)
        assert translator.storage == storage
        translator.save_pretrained(tmp_path / "again")
        again = Translator.from_pretrained(tmp_path / "again", device="cpu", **BACKEND)
        assert again.tokenizer.cuts_as(translator.tokenizer)
        assert again.translate(TEXTS[0], PLAIN).text == translator.translate(TEXTS[0], PLAIN).text


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A checkpoint to be damaged."""
    write_marian(tmp_path / "theirs")
    return tmp_path / "theirs"


def edit(path: Path, **values: object) -> None:
    """Change values of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values), encoding="utf-8")


REFUSED = {
    "another vocabulary": (
        lambda f: edit(f / "vocab.json", **{"new": len(json.loads((f / "vocab.json").read_text()))}),
        "the tokenizer does not fit the model",
    ),
    "another language's pieces": (
        lambda f: (f / "source.spm").write_bytes(train_spm(["Съешь ещё этих мягких французских булок"], 30)),
        "the tokenizer does not fit the model",
    ),
    "no SentencePiece": (
        lambda f: (f / "source.spm").write_bytes(b"no"),
        "source.spm is no SentencePiece model",
    ),
    "no target": (lambda f: (f / "target.spm").unlink(), "target.spm is missing"),
    "padding elsewhere": (lambda f: edit(f / "config.json", pad_token_id=5), "padding and end are"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "is not valid JSON"),
    "another kind": (lambda f: edit(f / "config.json", model_type="t5"), "model_type is 't5'"),
    "another activation": (
        lambda f: edit(f / "config.json", activation_function="gelu_new"),
        "activation_function is 'gelu_new'",
    ),
    "other layers": (lambda f: edit(f / "config.json", decoder_layers=2), "the checkpoint lacks"),
    "another width": (lambda f: edit(f / "config.json", d_model=36), "weight|positions"),
    "half a file": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:5000]),
        "model.safetensors is damaged",
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has neither model.safetensors nor"),
    "no languages": (
        lambda f: (f / "tokenizer_config.json").unlink(),
        "does not say its source language; give --source-language",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(theirs: Path, case: str) -> None:
    """A file that is damaged or does not fit is refused by its name, and nothing is written."""
    damage, message = REFUSED[case]
    damage(theirs)
    with pytest.raises(ValueError, match=message):
        import_marian(theirs, theirs.parent / "ours")
    assert not (theirs.parent / "ours").exists()


def test_a_pickle_that_runs_code_is_refused(theirs: Path) -> None:
    """A pickle of tensors is read; one that would call something is not."""
    state = MarianMTModel.from_pretrained(theirs).state_dict()
    (theirs / "model.safetensors").unlink()
    torch.save(dict(state), theirs / "pytorch_model.bin")
    import_marian(theirs, theirs.parent / "ours")
    torch.save({"weight": shutil.rmtree}, theirs / "pytorch_model.bin")
    with pytest.raises(ValueError, match="holds more than tensors"):
        import_marian(theirs, theirs.parent / "other")
