"""Placement of marks in a translation, and wrapping of a translation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import linked

from seq2seq.documents.inline import TextToken, wrap
from seq2seq.documents.inline.placement import Mark, place_marks
from seq2seq.inference.results import Translation
from seq2seq.text.normalization import word_spans


def placed(source: str, target: str, links: list[tuple[int, int]], *marks: Mark) -> list[str]:
    """Return the spans of the target that marks are placed on."""
    return [target[a:b] for a, b in place_marks(linked(source, target, links), marks)]


def test_an_outlier_moves_nothing() -> None:
    """One wrong link does not stretch a tag over the sentence."""
    source, target = "the red dog runs home now", "der rote Hund läuft jetzt heim"
    links = [(0, 0), (1, 1), (2, 2), (3, 3), (2, 5), (5, 4)]
    assert placed(source, target, links, Mark(4, 11)) == ["rote Hund"]


def test_siblings_do_not_overlap() -> None:
    """Two marks linked to one word do not overlap."""
    source, target = "snow man", "Schneemann"
    assert placed(source, target, [(0, 0), (1, 0)], Mark(0, 4), Mark(5, 8)) == ["Schneemann", ""]


def test_punctuation_stays_outside_unless_it_was_inside() -> None:
    """Punctuation after a marked word is marked only where it was in the source."""
    source, target = "a dog, big", "ein Hund, groß"
    links = [(0, 0), (1, 1), (2, 2)]
    assert placed(source, target, links, Mark(2, 5)) == ["Hund"]
    assert placed(source, target, links, Mark(2, 6)) == ["Hund,"]


def test_without_links_words_count_from_the_start() -> None:
    """Without an alignment, words are linked by position."""
    marks = [Mark(0, 3), Mark(4, 7)]
    assert place_marks(Translation("abc def", "abc def"), marks) == [(0, 3), (4, 7)]
    assert place_marks(Translation("abc def", ""), marks) == [(0, 0), (0, 0)]


texts = st.lists(st.sampled_from(["a", "dog,", "(cat", "中文", "x2", "…", "don't"]), max_size=8).map(" ".join)


@given(st.data(), texts, texts)
def test_places_nest_as_marks_do(data: st.DataObject, source: str, target: str) -> None:
    """For any alignment, spans nest as the marks do and lie inside the text."""
    sources, targets = len(word_spans(source)), len(word_spans(target))
    pairs = st.tuples(st.integers(0, max(sources - 1, 0)), st.integers(0, max(targets - 1, 0)))
    links = sorted(data.draw(st.sets(pairs, max_size=12))) if sources and targets else []
    marks: list[Mark] = []
    for number in range(data.draw(st.integers(0, 6))):
        parent = data.draw(st.integers(-1, number - 1))
        low = marks[parent].start if parent >= 0 else 0
        high = marks[parent].end if parent >= 0 else len(source)
        before = [mark.end for mark in marks if mark.parent == parent]
        start = data.draw(st.integers(max([low, *before]), high))
        end = data.draw(st.integers(start, high))
        marks.append(Mark(start, end, parent, start == low and data.draw(st.booleans()) and not before))
    places = place_marks(linked(source, target, links), marks)
    for number, (mark, (a, b)) in enumerate(zip(marks, places, strict=True)):
        low, high = places[mark.parent] if mark.parent >= 0 else (0, len(target))
        assert low <= a <= b <= high
        for other in range(number):
            if marks[other].parent == mark.parent and a < b:
                c, d = places[other]
                assert b <= c or d <= a, "two siblings overlap, or one lies inside the other"


@pytest.mark.parametrize(
    ("text", "lines", "expected"),
    [
        ("Ein Hund läuft im Park", 2, "Ein Hund\nläuft im Park"),
        ("Ein Hund", 4, "Ein\nHund"),
        ("Hund", 2, "Hund"),
        ("一只狗在公园里跑。", 2, "一只狗在\n公园里跑。"),
    ],
)
def test_wrapping(text: str, lines: int, expected: str) -> None:
    """A translation is wrapped between words into lines of about equal length."""
    assert (
        "".join(token.text for token in wrap([TextToken(text)], lines) if isinstance(token, TextToken))
        == expected
    )
