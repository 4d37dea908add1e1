"""The model card of a training: whose scores are whose, how they were decoded, and what it began with."""

from pathlib import Path

import pytest

pytest.importorskip("lightning")

from huggingface_hub import ModelCard

from seq2seq.facts import FactsForm
from seq2seq.options import DecodeOptions
from seq2seq.scores import CorpusScore
from seq2seq.settings import RerankerSettings, Settings
from seq2seq.transformer import Transformer
from train.card import make_card
from train.data import DataSettings, TranslationData
from train.release import described
from train.start import Start
from train.validation import Scores


def test_each_direction_has_its_scores(tmp_path: Path, tiny_model: Transformer) -> None:
    """The hub would show the figures of all directions under the first."""
    (tmp_path / "t.tsv").write_text("en\tde\n" + "".join(f"a dog {n}\tein Hund {n}\n" for n in range(40)))
    settings = DataSettings(files=str(tmp_path / "t.tsv"), languages=["en", "de"], vocabulary_size=60)
    data = TranslationData(settings, 64, 1, Start(init="captions"))
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


def test_what_decoded_is_said() -> None:
    """Figures of a wide beam that slots choose in would be read as those of a beam of 5."""
    facts = FactsForm(["name"], {"food": ["French"]})
    plain, ranked = (
        Settings(["en"], ["en"], 9, 9, facts=form, reranker=reranker)
        for form, reranker in ((None, None), (facts, RerankerSettings()))
    )
    assert described(DecodeOptions(), plain) == "beam 5"
    assert described(DecodeOptions(), ranked) == "beam 12, re-ranked by slots"
    assert described(DecodeOptions(beam_size=20), ranked) == "beam 20, re-ranked by slots"
