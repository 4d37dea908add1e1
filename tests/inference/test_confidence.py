"""Confidences of translations: by pencil, joined over parts, in the right range, and at no cost unread."""

import json
import math
from dataclasses import replace

import pytest
from calibrations import ONLY_SCORE

from seq2seq import Tokenizer, Translator
from seq2seq.inference.confidence import (
    MOST_ODDS,
    Assessment,
    Evidence,
    JoinedEvidence,
    Part,
    WordConfidence,
    bare_word,
)
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.model.transformer import Transformer
from seq2seq.storage.calibration import SENTENCE_FEATURES, WORD_FEATURES, Calibration, read_calibrations
from seq2seq.storage.settings import Settings


def evidence(*log_probabilities: float, calibration: Calibration | None = ONLY_SCORE) -> Evidence:
    """Evidence of "two dogs." -> "zwei Hunde.": three tokens, the second word of two, and the end."""
    side = EncodedSide("zwei Hunde.", [5, 6, 7], [(0, 4), (5, 10), (10, 11)])
    return Evidence("two dogs.", [8, 9, 7], [5, 6, 7], list(log_probabilities), lambda: side, calibration)


def test_features_by_pencil() -> None:
    """Each feature of a sentence is what its name says."""
    features = evidence(-0.1, -1.0, -0.2, -0.3).features()
    assert tuple(features) == SENTENCE_FEATURES
    assert features == pytest.approx(
        {
            "score": -0.4,
            "least": -1.0,
            "doubtful": 0.25,
            "length": math.log(4),
            "ratio": 0.0,
            "unknown": 0.0,
            "copied": 1 / 3,
            "pieces": 1.5,
        }
    )


def test_sentence_and_words_by_pencil() -> None:
    """With these weights a sentence has the logistic function of score + 2, a word its own probability."""
    found = evidence(-0.1, -1.0, -0.2, -0.3)
    assessment = found.assess()
    assert assessment == Assessment(pytest.approx(1 / (1 + math.exp(-1.6))), False, 3)
    assert found.words() == [
        WordConfidence("zwei", 0, 4, pytest.approx(math.exp(-0.1))),
        WordConfidence("Hunde.", 5, 11, pytest.approx(math.exp(-1.2))),
    ]
    assert tuple(found.word_features()[0][3] or ()) == WORD_FEATURES
    assert evidence(-2.0, -2.0, -2.0, -2.0).assess().is_unlike  # type: ignore[union-attr]


def test_a_certain_word_has_bounded_odds() -> None:
    """A probability of 1 has the most odds that a feature has, and no error."""
    words = [features for *_, features in evidence(0.0, 0.0, 0.0, 0.0).word_features()]
    assert [features and features["word"] for features in words] == [MOST_ODDS, MOST_ODDS]


def test_parts_are_joined() -> None:
    """A text has the mean of its parts, weighted by tokens; its words have characters of the whole text."""
    first, second = evidence(-0.1, -0.1, -0.1, -0.1), evidence(-3.0, -3.0, -3.0, -3.0)
    parts = [Part("zwei Hunde.", first), Part("😀 x", None), Part("zwei Hunde.", second)]
    joined = JoinedEvidence(parts, lambda: ["\n", " ", ""])
    whole = joined.assess()
    assert whole is not None and whole.tokens == 6 and not whole.is_unlike
    expected = [part.assess().confidence for part in (first, second)]  # type: ignore[union-attr]
    assert whole.confidence == pytest.approx(sum(expected) / 2)
    text = "zwei Hunde.\n😀 x zwei Hunde."
    words = joined.words()
    assert [text[word.start : word.end] for word in words] == [word.text for word in words]
    assert [word.confidence is None for word in words] == [False, False, True, True, False, False]


def test_without_calibration_nothing_is_known() -> None:
    """A model without calibration has no confidences, and calls no text unlike."""
    unknown = evidence(-9.0, -9.0, -9.0, -9.0, calibration=None)
    assert unknown.assess() is None and unknown.words() == []
    joined = JoinedEvidence([Part("a", unknown), Part("b", None)], lambda: [" ", ""])
    assert joined.assess() is None and joined.words() == []


@pytest.mark.parametrize(
    ("word", "bare"), [("Hunde.", "hunde"), ("«Dog»", "dog"), ("...", "..."), ("", ""), ("don't!", "don't")]
)
def test_bare_words(word: str, bare: str) -> None:
    """Marks around a word do not count; a word of marks alone is itself."""
    assert bare_word(word) == bare


def test_settings_keep_the_calibration(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> None:
    """The calibration comes back from JSON, and the translator of its target language uses it."""
    settings = Settings(["en"], ["de"], 40, 40, confidence={"de": ONLY_SCORE})
    again = Settings.from_json(json.loads(json.dumps(settings.to_json())))
    assert again == settings
    assert "confidence" not in replace(settings, confidence=None).to_json()
    translation = Translator(tiny_model, tiny_tokenizer, again).translate("a dog plays.\n\n  two dogs")
    assert translation.confidence is not None and 0 < translation.confidence < 1
    words = translation.word_confidence
    assert [translation.text[word.start : word.end] for word in words] == [word.text for word in words]
    plain = Translator(tiny_model, tiny_tokenizer, replace(settings, confidence=None)).translate("a dog")
    assert plain.confidence is None and not plain.is_unlike and plain.word_confidence == []
    blank = Translator(tiny_model, tiny_tokenizer, again).translate("  ")
    assert blank.confidence is None and not blank.is_unlike


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "give an object of target languages"),
        ({"de": {"sentence": {}}}, "confidence of de"),
        ({"de": {"sentence": {"bias": 1.0}, "word": {}, "least_score": 0}}, "sentence of a confidence"),
        ({"de": {**vars(ONLY_SCORE), "least_score": float("nan")}}, "least_score of a confidence is nan"),
        ({"de": {**vars(ONLY_SCORE), "word": {**ONLY_SCORE.word, "word": "1"}}}, "word of word"),
    ],
)
def test_broken_calibrations_are_refused(values: object, message: str) -> None:
    """A calibration with a missing, unknown or wrong number is refused with its name."""
    with pytest.raises(ValueError, match=message):
        read_calibrations(values)


def test_a_language_of_another_model_is_refused() -> None:
    """A calibration belongs to a target language of the model."""
    with pytest.raises(ValueError, match="confidence has 'fr'"):
        Settings(["en"], ["de"], 40, 40, confidence={"fr": ONLY_SCORE})


def test_extreme_features_do_not_overflow() -> None:
    """Any finite features give a confidence between 0 and 1."""
    for score in (-1e9, 1e9):
        features = {**dict.fromkeys(SENTENCE_FEATURES, 0.0), "score": score}
        assert 0.0 <= ONLY_SCORE.of_sentence(features) <= 1.0
