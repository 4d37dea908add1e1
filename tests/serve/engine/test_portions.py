"""Documents in portions: bounded, complete, and long texts whole again."""

from typing import TYPE_CHECKING

import pytest

from seq2seq.inference.processing import PreparedSegment
from seq2seq.inference.results import Translation
from seq2seq.inference.terminology import PreparedSource
from seq2seq.text.normalization import normalize
from seq2seq.text.tokenizer import Encoding
from serve.engine.routing import Route
from serve.engine.segments import (
    TEXTS,
    TOKENS,
    DocumentPart,
    RoutedTranslation,
    SegmentedText,
    portions,
    whole_texts,
)

if TYPE_CHECKING:
    from seq2seq import Translator


def cut_of(text: str, cost: int) -> SegmentedText:
    """A text whose words are its segments, each of a cost."""
    words = text.split(" ")
    parts = [(word, " ") for word in words[:-1]] + [(words[-1], "")]
    return SegmentedText(text, [segment(*part) for part in parts], [cost] * len(words))


def segment(text: str, separator: str) -> PreparedSegment:
    """Return a prepared segment without ids."""
    return PreparedSegment(PreparedSource(text, Encoding([], [], (normalize(""),))), separator, [], True)


@pytest.mark.parametrize(
    ("cuts", "sizes"),
    [
        ([cut_of("a", 1)] * (TEXTS + 1), [TEXTS, 1]),
        ([cut_of("a b", TOKENS // 4)] * 5, [2, 2, 1]),
        ([cut_of("a", TOKENS + 1), cut_of("b", 1)], [1, 1]),
        ([cut_of("a b c d e", TOKENS // 2), cut_of("f", 1)], [1, 1, 2]),
        ([], []),
    ],
)
def test_portions_are_small(cuts: list[SegmentedText], sizes: list[int]) -> None:
    """No portion exceeds the limit, and every document is accepted."""
    found = list(portions(cuts))
    assert [len(portion) for portion in found] == sizes
    for portion in found:
        assert len(portion) == 1 or sum(sum(part.segmented.costs) for part in portion) <= TOKENS
    parts = [part for portion in found for part in portion]
    text = "".join(
        part.segmented.text + ("|" if part.separator is None else part.separator) for part in parts
    )
    assert text == "".join(cut.text + "|" for cut in cuts)


def test_parted_text_is_the_text_translated(
    translator: "Translator", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long line in portions keeps its blanks, words and links, on every hop."""
    monkeypatch.setattr("serve.engine.segments.TOKENS", 30)
    text = " two dogs plays in the snow.  A man sleeps. \n" * 3 + "a cat "
    parts = [part for portion in portions([SegmentedText.of(translator, text)]) for part in portion]
    assert len(parts) > 2

    def translated(part: DocumentPart) -> RoutedTranslation:
        first = translator.translate(part.segmented.text)
        return RoutedTranslation(part.segmented.text, Route(()), [first, translator.translate(first.text)])

    (whole,) = whole_texts((part, translated(part)) for part in parts)
    between = translator.translate(text)
    assert whole.text == text
    check_same(whole.steps[0], between)
    check_same(whole.steps[1], translator.translate(between.text))


def check_same(found: Translation, expected: Translation) -> None:
    """Assert that two translations of one text agree in every field that is read."""
    assert (found.source, found.text, found.tokens) == (expected.source, expected.text, expected.tokens)
    assert found.alignment.links() == expected.alignment.links()


def test_parted_text_has_the_seams_of_its_language() -> None:
    """A Chinese text in two portions, by English to Japanese: a blank between the English parts alone."""
    cut = SegmentedText("一。二。", [segment("一。", ""), segment("二。", "")], [TOKENS, TOKENS])
    parts = [part for portion in portions([cut]) for part in portion]
    english = {"一。": Translation("一。", "One."), "二。": Translation("二。", "Two.")}
    japanese = {"One.": Translation("One.", "いち。"), "Two.": Translation("Two.", "に。")}
    steps = [[english[part.segmented.text], japanese[english[part.segmented.text].text]] for part in parts]
    (whole,) = whole_texts(
        (part, RoutedTranslation(part.segmented.text, Route(()), done))
        for part, done in zip(parts, steps, strict=True)
    )
    assert [(step.source, step.text) for step in whole.steps] == [
        ("一。二。", "One. Two."),
        ("One. Two.", "いち。に。"),
    ]
