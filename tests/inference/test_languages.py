"""Models of several target languages: the tag selects the language in every call."""

from pathlib import Path

import pytest
import torch

from seq2seq import DecodeOptions, Translator
from seq2seq.config import ModelConfig
from seq2seq.model.transformer import Transformer
from seq2seq.storage import registry as released
from seq2seq.storage.model_directory import save_model
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer

OPTIONS = DecodeOptions(max_length=8)


@pytest.fixture(scope="module")
def translator(sentences: list[str]) -> Translator:
    """An untrained model of three languages, with different embeddings for its tags."""
    tokenizer = Tokenizer.train(sentences, 80, languages=["de", "fr", "en"])
    torch.manual_seed(3)
    model = Transformer(
        ModelConfig(len(tokenizer), width=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
    )
    languages = ["de", "fr", "en"]
    return Translator(model.eval(), tokenizer, Settings(languages, languages, 20, 40))


def test_tags_cannot_be_written_or_read(sentences: list[str]) -> None:
    """A tag is neither read from a text nor generated."""
    tokenizer = Tokenizer.train([*sentences, "<2>dfr"], 80, languages=["de", "fr"])
    assert tokenizer.tags == {"de": 4, "fr": 5} and len(tokenizer) == 80
    assert tokenizer.tag("fr") == [5] and tokenizer.decode([5]) == ""
    assert not {4, 5} & set(tokenizer.encode("a dog <2de> <2fr>"))
    with pytest.raises(ValueError, match="'cs' has no tag; choose de or fr"):
        tokenizer.tag("cs")
    assert Tokenizer.train(sentences, 60).tag("anything") == []


def test_every_call_heeds_the_target_language(translator: Translator) -> None:
    """Every call uses the target language it is given."""
    text = "two dogs play in the snow."
    german, french = (translator.directed("en", target) for target in ("de", "fr"))
    results = [translator.translate(text, OPTIONS, "en", each) for each in ("de", "fr")]
    assert results[0].score != results[1].score, "the tag changes nothing"
    for directed, result in zip((german, french), results, strict=True):
        assert directed.translate(text, OPTIONS).tokens == result.tokens
        assert [each.tokens for each in directed.translate([text], OPTIONS)] == [result.tokens]
        assert directed.translate_batch([text], OPTIONS)[0].tokens == result.tokens
        scored = directed.score(text, result.text)
        assert result.finish == "length", "the forced pass below counts an end that was not written"
        forced = sum(directed.translate(text, OPTIONS).token_log_probabilities[:-1])
        assert forced == pytest.approx(result.log_probability, abs=1e-4)
        assert scored.log_probability == directed.score([text], [result.text])[0].log_probability
        assert (
            "".join(directed.stream(text, OPTIONS))
            == directed.translate(text, DecodeOptions(max_length=8, beam_size=1)).text
        )
        maps = directed.attention(text, "a dog")
        assert maps.source_tokens[-2:] == [f"<2{directed.target_language}>", "</s>"]
        assert maps.cross.shape[-1] == len(maps.source_tokens) == len(maps.source_spans) + 2
    assert german.score(text, "a dog") != french.score(text, "a dog")


def test_the_tag_is_no_word(translator: Translator) -> None:
    """No word is linked to the tag."""
    alignment = translator.directed("en", "de").align("a dog", "two dogs play")
    assert {s for s, _ in alignment.links()} <= {0, 1} and len({t for _, t in alignment.links()}) == 3
    grid = alignment.matrix("pieces")
    assert grid.weights.sum(dim=1).tolist() == pytest.approx([1.0] * len(grid.target_spans))


def test_languages_are_filled_in_or_asked_for(translator: Translator) -> None:
    """A single target language is filled in; among several one must be given."""
    with pytest.raises(ValueError, match="no target language was named; choose de or fr or en by target"):
        translator.translate("a dog")
    with pytest.raises(ValueError, match=r"choose fr or en by target_language \(--target-language\)"):
        translator.translate("a dog", source_language="de")
    with pytest.raises(ValueError, match="'cs' is not supported; this model translates de and fr and en to"):
        translator.translate("a dog", target_language="cs")
    with pytest.raises(ValueError, match="de to de is not supported"):
        translator.translate("a dog", source_language="de", target_language="de")
    directed = translator.directed("en", "de")
    assert directed.directed(None, "en").target_language == "en"
    assert (directed.directed(None, "en").source_language, directed.target_language) == (None, "de")
    assert directed.directed("en", None) is directed
    two = Settings(["en", "zh"], ["zh", "en"], 9, 9)
    assert two.direction(None, "en") == two.direction("zh", None) == ("zh", "en")
    assert two.direction(None, None) == (None, None)


def test_one_model_under_several_names(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A released model is found by each of its directions, and a special model comes first."""
    for name, sources, targets in (
        ("many", ["de", "fr", "en"], ["de", "fr", "en"]),
        ("en-de", ["en"], ["de"]),
    ):
        settings = Settings(sources, targets, 20, 40)
        save_model(tmp_path / name, translator.model, translator.tokenizer, settings, "# card\n")
    monkeypatch.setattr(released, "MODELS", tmp_path)
    for name, directory in (("fr-en", "many"), ("de-fr", "many"), ("en-de", "en-de"), ("de-en", "many")):
        assert released.find_model(name) == tmp_path / directory
        found = Translator.from_pretrained(name, "cpu")
        assert f"{found.source_language}-{found.target_language}" == name
        assert (
            found.translate("a dog", OPTIONS).text
            == translator.translate("a dog", OPTIONS, *name.split("-")).text
        )
    assert released.default_model("en", "de") == released.default_model(None, None) == "en-de"
    assert released.default_model("en", "fr") == released.reverse_model("fr", "de") == "many"
    assert released.names_of("many") == ["de-fr", "de-en", "fr-de", "fr-en", "en-fr"]
    with pytest.raises(ValueError, match=r"no model 'en-cs'.*en-de, many, de-fr"):
        Translator.from_pretrained("en-cs")
