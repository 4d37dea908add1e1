"""The text between the translations of two parts of a text."""

import pytest

from seq2seq import DecodeOptions, Translator
from seq2seq.text.joining import StreamJoiner, join, separator_of, separators_of

CASES = [
    pytest.param(("A dog.", "一只狗。"), " ", ("A cat.", "一只猫。"), "", id="no blank in Chinese"),
    pytest.param(("A dog.", "一只狗。"), "  ", ("Tom.", "Tom。"), "", id="after a Chinese mark"),
    pytest.param(("A dog", "狗"), " ", ("Tom", "Tom"), " ", id="a blank beside Latin letters"),
    pytest.param(("A dog.", "一只狗。"), "\n", ("A cat.", "一只猫。"), "\n", id="a line stays a line"),
    pytest.param(
        ("A dog.", "一只狗。"), " \r\n ", ("A cat.", "一只猫。"), " \r\n ", id="blanks of a line end"
    ),
    pytest.param(("一只狗。", "A dog."), "", ("一只猫。", "A cat."), " ", id="a blank between English"),
    pytest.param(("一只狗，", "A dog, "), "", ("一只猫。", "a cat."), "", id="there is one already"),
    pytest.param(("一只狗。", "犬。"), "", ("一只猫。", "猫。"), "", id="from Chinese to Japanese"),
    pytest.param(("aaaa", "bbbb"), "", ("aa", "bb"), "", id="a word that was cut"),
    pytest.param(("A dog.", "Ein Hund."), "  ", ("A cat.", "Eine Katze."), "  ", id="blanks are kept"),
    pytest.param(("你好。", "你好。"), " ", ("再见。", "再见。"), " ", id="what is given back as it is"),
    pytest.param(("", ""), " ", ("A cat.", "一只猫。"), " ", id="blanks at the start"),
]


@pytest.mark.parametrize(("before", "blanks", "after", "expected"), CASES)
def test_seam_is_that_of_the_target(
    before: tuple[str, str], blanks: str, after: tuple[str, str], expected: str
) -> None:
    assert separator_of(before, blanks, after) == expected


@pytest.mark.parametrize(("before", "blanks", "after", "expected"), CASES)
def test_growing_text_is_the_sewn_one(
    before: tuple[str, str], blanks: str, after: tuple[str, str], expected: str
) -> None:
    growing, grown = StreamJoiner(), ""
    for (source, text), separator in ((before, blanks), (after, "\n")):
        growing.begin(source)
        pieces = [text] if text == source else [text[:1], text[1:]]
        grown += "".join(growing.add(piece) for piece in filter(None, pieces))
        growing.end(separator)
    assert growing.text == grown == before[1] + expected + after[1]
    assert growing.blanks == "\n"
    assert growing.part == after[1]
    assert join([before, after], [blanks, "\n"]) == grown + "\n"


def test_last_separator_is_kept() -> None:
    parts = [("一。", "One."), ("二。", "Two."), ("三。", "Three.")]
    assert separators_of(parts, ["", "", " "]) == [" ", " ", " "]
    assert separators_of([], []) == []


def test_joined_links_are_those_of_the_parts_shifted() -> None:
    whole = Translator.from_pretrained("zh-en").translate("我很累。我们回家吧。汤姆在等我们。")
    first, second = whole.parts
    assert whole.text == f"{first.text} {second.text}"
    shifted = len(first.alignment.matrix().source_spans), len(first.alignment.matrix().target_spans)
    assert whole.alignment.links() == [
        *first.alignment.links(),
        *((source + shifted[0], target + shifted[1]) for source, target in second.alignment.links()),
    ]


@pytest.mark.parametrize(
    ("model", "text", "seamed"),
    [
        ("zh-en", "我很累。我们回家吧。汤姆在等我们。", ". Tom"),
        ("en-zh", "I am tired. Let us go. Tom waits.\nGo on.", "。汤姆"),
    ],
)
def test_stream_and_alternatives_have_the_same_seams(model: str, text: str, seamed: str) -> None:
    translator = Translator.from_pretrained(model)
    greedy = DecodeOptions(beam_size=1)
    whole = translator.translate(text, greedy)
    assert "".join(translator.stream(text, greedy)) == whole.text
    assert seamed in whole.text
    beam = translator.translate(text, DecodeOptions(beam_size=2, num_hypotheses=2))
    assert [seamed in each.text for each in (beam, *beam.alternatives)] == [True, True]
