"""Segments: nothing is lost, everything fits, and cuts fall at sentence, clause or word boundaries."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.normalization import normalize
from seq2seq.text.sentences import Segment, count_sentences, split_segments

BLANKISH = st.text(st.sampled_from("ab.B!? \n\r\t\u00a0\u2028。，,”\"')(1é\u0301👩\u200d\0"), max_size=60)
TEXTS = BLANKISH | st.text(st.characters(), max_size=60)


def joined(segments: list[Segment]) -> str:
    return "".join(part.text + part.separator for part in segments)


def texts(segments: list[Segment]) -> list[str]:
    return [part.text for part in segments]


def words(text: str) -> int:
    return len(text.split())


@given(TEXTS, st.integers(1, 20))
def test_joined_again_it_is_the_text(text: str, longest: int) -> None:
    """Segments and the blanks after them join to the original text."""
    assert joined(split_segments(text, longest, len)) == text
    assert joined(split_segments(text, longest, words)) == text


@given(TEXTS, st.integers(1, 20))
def test_every_segment_fits_unless_it_is_one_character(text: str, longest: int) -> None:
    """Every segment fits the limit, unless it is a single character."""

    def measure(part: str) -> int:
        return len(normalize(part).text.encode())

    assert all(
        measure(part.text) <= longest or len(part.text) == 1
        for part in split_segments(text, longest, measure)
    )


@given(TEXTS)
def test_short_text_is_split_at_line_breaks_only(text: str) -> None:
    """Short sentences of one line stay together."""
    for part in split_segments(text, 1000, len):
        assert len((part.text + "|").splitlines()) == 1
        assert part.text == part.text.strip()
        assert (
            not part.text
            or not part.separator
            or joined([part]) == text[-len(joined([part])) :]
            or (len(("|" + part.separator + "|").splitlines()) > 1)
        )


@given(TEXTS)
def test_no_segment_begins_or_ends_with_blanks_when_there_is_room(text: str) -> None:
    """Segments that fit neither begin nor end with blanks."""
    assert all(part.text == part.text.strip() for part in split_segments(text, 10, len))


def test_blanks_at_the_start_follow_an_empty_segment() -> None:
    """Leading blanks are kept, after an empty first segment."""
    assert split_segments("  a\n\n\tb \n", 9, len) == [
        Segment("", "  "),
        Segment("a", "\n\n\t"),
        Segment("b", " \n"),
    ]
    assert split_segments(" \n ", 9, len) == [Segment("", " \n ")]
    assert split_segments("", 9, len) == []


def test_long_line_becomes_sentences() -> None:
    """A long line is cut between sentences where its sentences fit."""
    text = 'Two dogs play. "Is it cold?" she asks! They run (far away.) Then they sleep… Good night.'
    assert texts(split_segments(text, 30, len)) == [
        "Two dogs play.",
        '"Is it cold?" she asks!',
        "They run (far away.)",
        "Then they sleep…",
        "Good night.",
    ]


@given(TEXTS, st.integers(1, 20), st.integers(1, 3))
def test_limited_sentences_join_and_fit_as_well(text: str, longest: int, most: int) -> None:
    """Segments with a limited number of sentences join to the text and fit, too."""
    parts = split_segments(text, longest, len, sentences=most)
    assert joined(parts) == text
    assert all(len(part.text) <= longest for part in parts)
    assert all(count_sentences(part.text) <= most for part in parts)


def test_sentences_are_cut_however_short_the_line() -> None:
    """For a model that reads one sentence at once every sentence is a segment."""
    text = "  A dog runs. Dr. Who sits!\nA cat?  Yes. No.\n"
    parts = split_segments(text, 1000, len, sentences=1)
    assert texts(parts) == ["", "A dog runs.", "Dr. Who sits!", "A cat?", "Yes.", "No."]
    assert [part.separator for part in parts] == ["  ", " ", "\n", "  ", " ", "\n"]
    parts = split_segments(text, 1000, len, sentences=2)
    assert texts(parts) == ["", "A dog runs. Dr. Who sits!", "A cat?  Yes.", "No."]
    assert texts(split_segments(text, 1000, len))[1:] == ["A dog runs. Dr. Who sits!", "A cat?  Yes. No."]


def test_abbreviations_initials_and_days_do_not_end_a_sentence() -> None:
    """Abbreviations, initials and ordinal days do not end a sentence."""
    text = "Am 3. Mai traf Dr. J. Weiß z. B. Frau Prof. Klein, u.a. Danach ging er. He left at 5 p.m."
    assert texts(split_segments(text, 75, len)) == [
        "Am 3. Mai traf Dr. J. Weiß z. B. Frau Prof. Klein, u.a. Danach ging er.",
        "He left at 5 p.m.",
    ]


def test_chinese_sentences_end_without_blanks() -> None:
    """Chinese sentences end at their full stops, without blanks."""
    text = "他说：“你好。”我笑了！真的吗？？是的"
    assert texts(split_segments(text, 8, len)) == ["他说：“你好。”", "我笑了！", "真的吗？？", "是的"]


def test_long_sentence_is_cut_after_a_late_clause_else_between_words_else_anywhere() -> None:
    """A long sentence is cut after a late clause, else between words, else anywhere."""
    assert texts(split_segments("one two three, four five", 18, len)) == ["one two three,", "four five"]
    assert texts(split_segments("a, two three four five six", 18, len)) == ["a, two three four", "five six"]
    assert texts(split_segments("他们在雪地里，玩得很开心", 8, len)) == ["他们在雪地里，", "玩得很开心"]
    assert texts(split_segments("abcdefgh ij", 4, len)) == ["abcd", "efgh", "ij"]


def test_letter_and_accent_stay_together() -> None:
    """A cut never separates a letter from its accent, nor the parts of an emoji."""
    assert texts(split_segments("abce\u0301f", 4, len)) == ["abc", "e\u0301f"]
    assert texts(split_segments("aa👩\u200d💻", 4, len)) == ["aa", "👩\u200d💻"]


def test_measure_is_trusted_even_where_a_shorter_text_measures_more() -> None:
    """Every segment fits by the measure, even where a shorter text measures more."""

    def measure(part: str) -> int:
        return len(part) + (9 if part.endswith(",") else 0)

    parts = split_segments("one two three, four five", 18, measure)
    assert joined(parts) == "one two three, four five" and all(measure(part.text) <= 18 for part in parts)


@pytest.mark.parametrize(
    "unit", ["x", "x ", "x. ", "。", "....", '"', "(", "\u0301", "，", "a,\u00a0", "   ", "Dr. "]
)
def test_work_grows_with_length_alone(unit: str) -> None:
    """Work is linear in the length of the text, counted in characters measured."""

    def work(size: int) -> int:
        measured = 0

        def measure(part: str) -> int:
            nonlocal measured
            measured += len(part)
            return len(part.split()) + len(part)

        text = unit * (size // len(unit))
        assert joined(split_segments(text, 50, measure)) == text
        return measured

    small, middle, large = work(5_000), work(25_000), work(100_000)
    assert large < 5 * middle + 1000 and middle < 6 * small + 1000 and large < 40 * 100_000


def test_hundred_thousand_characters_without_blanks_are_split() -> None:
    """A word of 100,000 characters is split."""
    parts = split_segments("x" * 100_000, 128, len)
    assert len(parts) == 782 and joined(parts) == "x" * 100_000
    assert all(len(a.text) == 128 for a, _ in pairwise(parts))


def test_no_room_is_refused() -> None:
    """A limit below one is refused."""
    with pytest.raises(ValueError, match="longest is 0"):
        split_segments("a", 0, len)
