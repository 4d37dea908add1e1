"""An n-best list has different texts, and as many as were asked for where the model has them."""

from dataclasses import replace

import pytest

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.distinct import Ranked, different, fill, wider
from seq2seq.inference.results import Alternative, Translation
from seq2seq.search import Hypothesis

DOGS = "Two dogs are playing in the snow."


def ranked(*rows: tuple[str, float]) -> list[Ranked]:
    """Candidates of these texts and scores."""
    return [
        Ranked(Hypothesis([], score, score, "end", []), Alternative(text, score, score, [], "end"))
        for text, score in rows
    ]


def rows_of(found: list[Ranked]) -> list[tuple[str, float]]:
    """The texts and scores of candidates."""
    return [(each.alternative.text, each.alternative.score) for each in found]


def texts_of(translation: Translation) -> list[str]:
    """The texts of a translation and its alternatives."""
    return [translation.text, *(each.text for each in translation.alternatives)]


def test_of_equal_texts_the_best_stays() -> None:
    """Later duplicates and wrong texts leave; the first stays, right or wrong."""
    found = different(
        ranked(("a", -0.1), ("a", -0.2), ("b", -0.3), ("c", -0.4), ("b", -0.5)), "ac".__contains__
    )
    assert rows_of(found) == [("a", -0.1), ("c", -0.4)]
    assert rows_of(different(ranked(("b", -0.1)), "ac".__contains__)) == [("b", -0.1)]


def test_a_wider_search_adds_in_order() -> None:
    """What the wider search adds is sorted in, without what would come before the first."""
    first, more = ranked(("a", -0.2), ("b", -0.6)), ranked(("d", -0.1), ("a", -0.2), ("c", -0.4), ("e", -0.7))
    assert rows_of(fill(first, more, by_score=True)) == [("a", -0.2), ("c", -0.4), ("b", -0.6), ("e", -0.7)]
    assert "".join(text for text, _ in rows_of(fill(first, more, by_score=False))) == "abdce"


def test_the_wider_search_has_a_limit() -> None:
    """Options stay within their ranges; the largest list is not searched again."""
    assert wider(DecodeOptions(num_hypotheses=3)) == DecodeOptions(beam_size=20, num_hypotheses=12)
    assert wider(DecodeOptions(num_hypotheses=40, beam_size=50)) == DecodeOptions(
        beam_size=64, num_hypotheses=64
    )
    assert wider(DecodeOptions(num_hypotheses=64, beam_size=64)) is None
    samples = DecodeOptions(sampling_topk=0, num_hypotheses=2)
    assert wider(samples) == replace(samples, num_hypotheses=8)


@pytest.mark.parametrize(("name", "text"), [("en-zh", DOGS), ("en-zh", "A man"), ("en-de", "A man")])
def test_texts_differ(name: str, text: str) -> None:
    """Segmentations of one text, and texts that differ in a mended final mark, count once."""
    translator = Translator.from_pretrained(name, device="cpu")
    found = translator.translate(text, DecodeOptions(num_hypotheses=5))
    assert len(set(texts_of(found))) == 5
    scores = [found.score, *(each.score for each in found.alternatives)]
    assert scores == sorted(scores, reverse=True)
    assert found.text == translator.translate(text).text


def test_alternatives_differ_and_have_the_numbers() -> None:
    """Also with constraints, in samples and with a stop text; alternatives keep numbers."""
    translator = Translator.from_pretrained("en-de", device="cpu")
    two = DecodeOptions(num_hypotheses=4)
    for options in (two, replace(two, stop=(" im",)), replace(two, sampling_topk=20, seed=1)):
        found = texts_of(translator.translate("Two dogs with {name} play in the snow.", options))
        assert len(set(found)) == len(found) == 4
    assert all("42" in text for text in texts_of(translator.translate("42 dogs play in the snow.", two)))


def test_fewer_texts_than_asked_for() -> None:
    """Where no further text exists, the list is shorter."""
    translator = Translator.from_pretrained("en-de", device="cpu")
    options = DecodeOptions(num_hypotheses=5, sampling_topk=2, sampling_topp=0.01, seed=1)
    assert len(texts_of(translator.translate(DOGS, options))) == 1
