"""A translator of facts: restored names, one line at a time, equal results in every call."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seq2seq.config import ModelConfig
from seq2seq.data_to_text.codec import FactsCodec, RerankerSettings
from seq2seq.data_to_text.facts import FactsForm
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import Settings
from seq2seq.storage.settings import config_bytes
from seq2seq.text.tokenizer import Tokenizer

FORM = FactsForm(["name", "near"], {"food": ["French", "Italian"], "area": ["riverside", "city centre"]})
FACTS = "name[Zum Löwen], food[French], near[東京 Inn]"
SENTENCES = ["X is a French place near Y.", "Near Y you find X.", "X food French area riverside near Y"] * 9
SHORT = DecodeOptions(max_length=12)


@pytest.fixture
def translator() -> Translator:
    """An untrained model that reads facts."""
    tokenizer = Tokenizer.train(SENTENCES, 40)
    torch.manual_seed(2)
    config = ModelConfig(len(tokenizer), width=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
    settings = Settings(["facts"], ["en"], 16, 16, codec=FactsCodec(FORM, RerankerSettings(beam=7)))
    return Translator(Transformer(config).eval(), tokenizer, settings)


def test_the_search_is_as_wide_as_the_reranker_asks(translator: Translator) -> None:
    """Every call ranks the beam of config.json and returns as many results as requested."""
    seen = []
    assert translator.reranker is not None
    rank = translator.reranker.rerank
    translator.reranker.rerank = lambda source, found: seen.append(len(found)) or rank(source, found)  # type: ignore
    result = translator.translate(FACTS, replace(SHORT, num_hypotheses=2))
    assert seen == [7] and len(result.alternatives) == 1
    translator.attention(FACTS)
    assert seen == [7, 7]
    translator.translate(FACTS, replace(SHORT, beam_size=1))
    assert seen == [7, 7]  # greedy: there is nothing to choose from


def test_names_are_in_every_answer(translator: Translator) -> None:
    """Names are restored in every result and alternative."""
    force = replace(SHORT, max_length=16, target_prefix="Near 東京 Inn you find zum löwen")
    result = translator.translate(FACTS, force)
    assert result.text.startswith("Near 東京 Inn you find Zum Löwen")
    assert "".join(translator.stream(FACTS, force)).startswith("Near 東京 Inn you find Zum Löwen")


def test_stream_is_the_greedy_text(translator: Translator) -> None:
    """A joined stream is the greedy text."""
    greedy = translator.translate(FACTS, replace(SHORT, beam_size=1))
    assert "".join(translator.stream(FACTS, SHORT)) == greedy.text


def test_score_is_that_of_the_pieces(translator: Translator) -> None:
    """The score of a sentence is that of its tokens, with letters for names."""
    text = "Zum Löwen is a French place near 東京 Inn."
    pieces = translator.tokenizer.pieces(translator.tokenizer_of(FACTS).encode(text))
    assert "".join(pieces) == "▁X▁is▁a▁French▁place▁near▁Y."
    source = translator.tokenizer.pieces(translator.tokenizer.encode("X food French near Y"))
    found, (forced,) = translator.score(FACTS, text), translator.score([source], [pieces])
    assert found.log_probability == pytest.approx(forced.log_probability, abs=1e-5)


def test_links_go_from_facts_to_words(translator: Translator) -> None:
    """Links join facts and words of the final text."""
    text = "Zum Löwen is near 東京 Inn."
    maps = translator.attention(FACTS, text)
    assert FACTS[slice(*maps.source_spans[0])] == "Zum Löwen"
    grid = maps.alignment(translator.settings.alignment).matrix()
    assert [FACTS[start:end] for start, end in grid.source_spans] == FACTS.split(", ")
    assert grid.weights.sum(dim=1) == pytest.approx([1.0] * len(grid.target_spans), abs=1e-5)
    assert translator.translate(FACTS, SHORT).alignment.matrix().weights.shape[1] == 3


def test_each_line_is_facts_of_its_own(translator: Translator) -> None:
    """Each line is translated as facts of its own; a long line of facts is not cut."""
    text = f"{FACTS}\n\n  name[{'long ' * 90}name], area[city centre]"
    result = translator.translate(text, SHORT)
    assert [part.source for part in result.parts if part.source] == [FACTS, text.split("\n  ")[1]]
    assert translator.translate("", SHORT).text == ""
    with pytest.raises(ValueError, match="'hello there' is no fact"):
        list(translator.translate([FACTS, "hello there"], SHORT))


def test_config_keeps_form_and_reranker(translator: Translator, tmp_path: Path) -> None:
    """config.json keeps the form of the facts and the re-ranker."""
    translator.save_pretrained(tmp_path / "model")
    stored = json.loads((tmp_path / "model" / "config.json").read_text())
    assert stored["reranker"] == {"kind": "slots", "beam": 7, "temperature": 2.0}
    again = Translator.from_pretrained(tmp_path / "model", "cpu")
    assert again.settings == translator.settings
    assert again.translate(FACTS, SHORT).text == translator.translate(FACTS, SHORT).text


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("facts", {"copied": ["name"]}, "facts lacks the key 'values'"),
        ("facts", None, "reranker is 'slots' without facts"),
        ("facts", 3, "facts is 3, not an object"),
        ("reranker", {"kind": "words", "beam": 4, "temperature": 1.0}, "reranker.kind is 'words'"),
        ("reranker", {"kind": "slots", "beam": 0, "temperature": 1.0}, "reranker.beam is 0"),
        ("reranker", {"kind": "slots", "beam": 4, "temperature": 0}, "reranker.temperature is 0"),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(
    translator: Translator, tmp_path: Path, key: str, value: object, said: str
) -> None:
    """Contradictions in config.json are refused when it is read."""
    translator.save_pretrained(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_bytes(config_bytes({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ValueError, match=said):
        Translator.from_pretrained(tmp_path / "model", "cpu")


def test_a_prefix_of_unknown_characters_is_refused(translator: Translator) -> None:
    """A prefix with unknown characters is refused, whatever the names of the facts."""
    with pytest.raises(ValueError, match="target_prefix has '犬'"):
        translator.translate(FACTS, replace(SHORT, max_length=16, target_prefix="Near 東京 Inn 犬"))
