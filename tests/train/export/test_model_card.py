"""The model card of a training: scores by direction, how they were decoded, the model it began with."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("lightning")

from calibrations import ONLY_SCORE
from huggingface_hub import ModelCard

from seq2seq.data_to_text.codec import FactsCodec, RerankerSettings
from seq2seq.data_to_text.facts import FactsForm
from seq2seq.inference.generator import Generator
from seq2seq.metrics.corpus import CorpusScore
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.settings import Settings
from train.data.language_module import TextSettings
from train.data.module import DataSettings, TranslationData
from train.export import language_model as language_release
from train.export.language_model import LanguageModelCandidate
from train.export.model_card import _confidence, make_card
from train.export.translation import described
from train.initialization import Initialization
from train.tasks.validation import Scores


def test_each_direction_has_its_scores(tmp_path: Path, tiny_model: Transformer) -> None:
    """The metadata has the scores of each direction under its own name."""
    (tmp_path / "t.tsv").write_text("en\tde\n" + "".join(f"a dog {n}\tein Hund {n}\n" for n in range(40)))
    settings = DataSettings(files=str(tmp_path / "t.tsv"), languages=["en", "de"], vocabulary_size=60)
    data = TranslationData(settings, 64, 1, Initialization(init="captions"))
    data.load()
    found = {
        direction: (CorpusScore("BLEU", bleu, "b"), CorpusScore("chrF", bleu + 20, "c"))
        for direction, bleu in ((("en", "de"), 30.0), (("de", "en"), 40.0))
    }
    scores = Scores(35.0, 55.0, "b", "c", found)
    card = ModelCard(make_card(tiny_model, data, "the best", scores, [], "", "beam 5", "it", "float16"))
    read = [(each.dataset_name, each.metric_type, each.metric_value) for each in card.data.eval_results]
    assert read == [
        *(("en-de", "bleu", 30.0), ("en-de", "chrf", 50.0)),
        *(("de-en", "bleu", 40.0), ("de-en", "chrf", 60.0)),
    ]
    assert (
        "The run began with the weights of `captions`." in card.text
        and "pairs), beam 5, weights" in card.text
    )


def test_confidences_are_described() -> None:
    """A card names the score below which a text is unlike the training texts, if confidences were fitted."""
    assert "-1.50 (de)" in _confidence({"de": ONLY_SCORE})
    assert _confidence(None) == ""


def test_metadata_is_what_the_hub_takes(tmp_path: Path, tiny_model: Transformer) -> None:
    """Metadata has no local folder as data set and only ISO codes as languages."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "train.csv").write_text("zh-CN,facts\n" + "".join(f"狗 {n},a dog {n}\n" for n in range(40)))
    (folder / "valid.csv").write_text("zh-CN,facts\n猫 1,a cat 1\n")
    settings = DataSettings(name=str(folder), source="zh-CN", target="facts", vocabulary_size=40)
    data = TranslationData(settings, 64, 1)
    data.load()
    scores = Scores(1.0, 2.0, "b", "c", {("zh-CN", "facts"): (CorpusScore("BLEU", 1.0, "b"),) * 2})
    card = ModelCard(make_card(tiny_model, data, "the best", scores, [], "", "beam 5", "it", "float16"))
    assert card.data.datasets is None and card.data.language == ["zh"]
    assert card.data.model_name == "zh-CN-facts" and card.data.eval_results[0].dataset_type == "files"


@pytest.mark.parametrize("name", ["own", "owner/books"])
def test_metadata_of_a_language_model(
    name: str, tmp_path: Path, tiny_generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A language model's metadata names a data set of the hub, but no local folder."""
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    data = SimpleNamespace(settings=TextSettings(name), report="corpus")
    chosen = LanguageModelCandidate("the best", {}, 1.5)
    card = ModelCard(language_release.make_card(tiny_generator.model, data, chosen, [], "", None))
    assert card.data.datasets == (None if name == "own" else [name]) and card.data.language == ["en"]


def test_what_decoded_is_said() -> None:
    """The card says the beam size and the re-ranker of its scores."""
    facts = FactsCodec(FactsForm(["name"], {"food": ["French"]}), RerankerSettings())
    plain, ranked = (Settings(["en"], ["en"], 9, 9, codec=codec) for codec in (None, facts))
    assert described(DecodeOptions(), plain) == "beam 5"
    assert described(DecodeOptions(), ranked) == "beam 12, re-ranked by slots"
    assert described(DecodeOptions(beam_size=20), ranked) == "beam 20, re-ranked by slots"
