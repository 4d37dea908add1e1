"""The settings that a training writes into config.json."""

from pathlib import Path

import pytest

pytest.importorskip("lightning")

from seq2seq.alignment.head import AlignmentHead
from seq2seq.inference.confidence import Evidence
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer
from train.data.examples import EvalExample
from train.data.module import DataSettings, TranslationData
from train.export.confidence import LEAST_PAIRS, fit_calibration, fit_confidence, judged_words
from train.export.translation import make_settings


def settings_of(folder: Path, sources: list[str]) -> Settings:
    """Return the settings of a model trained on these sources."""
    rows = "".join(f"{source}\tein Satz {number}\n" for number, source in enumerate(sources))
    (folder / "t.tsv").write_text("en\tde\n" + rows)
    data = TranslationData(DataSettings(files=str(folder / "t.tsv"), vocabulary_size=60), 64, 1)
    data.load()
    return make_settings(data, AlignmentHead())


def test_how_many_sentences_were_read_at_once_is_counted(tmp_path: Path) -> None:
    """The model reads as many sentences at once as one source in a hundred has."""
    single, several = ([f"{begins} {n}" for n in range(200)] for begins in ("A dog", "A dog. A cat"))
    assert settings_of(tmp_path, single).most_sentences == 1
    assert settings_of(tmp_path, single[1:] + several[:1]).most_sentences == 1
    assert settings_of(tmp_path, single[10:] + several[:10]).most_sentences == 2


def translation_of(words: list[str], right: list[bool]) -> tuple[Translation, str]:
    """Return a translation, sure of its right words and unsure of the others, and its reference."""
    text = " ".join(words)
    starts = [len(" ".join(words[:number])) + (number > 0) for number in range(len(words))]
    side = EncodedSide(
        text, list(range(9, 9 + len(words))), [(a, a + len(w)) for a, w in zip(starts, words, strict=True)]
    )
    values = [-0.05 if is_right else -1.5 for is_right in right]
    evidence = Evidence("ein Satz", [5, 6], side.ids, [*values, -0.1], lambda: side)
    reference = " ".join(word if is_right else "?" for word, is_right in zip(words, right, strict=True))
    return Translation("ein Satz", text, tokens=words, evidence=evidence), reference


def test_confidences_are_fitted_to_references() -> None:
    """Likely words come out right and unlikely ones wrong, a good text above a bad one."""
    words = ["alpha", "beta", "gamma", "delta"]
    pairs = [translation_of(words, [number % 5 < 4, True, number % 3 < 1, True]) for number in range(60)]
    assert fit_calibration(pairs[: LEAST_PAIRS - 1]) is None
    calibration = fit_calibration(pairs)
    assert calibration is not None
    (good, _), (bad, reference) = translation_of(words, [True] * 4), translation_of(words, [False] * 4)
    assert isinstance(good.evidence, Evidence) and isinstance(bad.evidence, Evidence)
    sentence = [calibration.of_sentence(evidence.features()) for evidence in (good.evidence, bad.evidence)]
    assert sentence[0] > 0.9 > 0.5 > sentence[1]
    assert all(calibration.of_word(features) > 0.9 for features, _ in judged_words(good.evidence, ""))
    judged = judged_words(bad.evidence, reference)
    assert all(calibration.of_word(features) < 0.2 and not is_right for features, is_right in judged)


def test_a_word_is_right_as_often_as_the_reference_has_it() -> None:
    """A word that comes twice is right once where the reference has it once."""
    translation, _ = translation_of(["ein", "Hund", "ein"], [True, True, True])
    assert isinstance(translation.evidence, Evidence)
    assert [right for _, right in judged_words(translation.evidence, "Ein Kater.")] == [True, False, False]


def test_each_target_language_has_its_calibration(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> None:
    """The fit takes translations of the model itself, and leaves out a language with few examples."""
    translator = Translator(tiny_model, tiny_tokenizer, Settings(["en", "de"], ["de", "en"], 40, 40))
    rows = [EvalExample(f"a dog {n}", ["ein Hund"], "en", "de") for n in range(LEAST_PAIRS)]
    settings = fit_confidence(translator, [*rows, EvalExample("ein Hund", ["a dog"], "de", "en")])
    assert settings.confidence is not None and list(settings.confidence) == ["de"]
