"""Normalisation: one spelling for texts that look the same, and spans in the original text."""

import sys
import unicodedata
from time import thread_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seq2seq.text.normalization import (
    bare_word_spans,
    compose,
    join_segmented,
    normalize,
    spelt_words,
    word_spans,
)

# Letters, marks, jamo, Indic vowels, blanks, joiners, controls, emoji, halves of characters, side by side.
TROUBLE = st.text(
    st.sampled_from("aeA\u0301\u0308\u0323 \u00a0\u3000\n\t\0\ufeff\u200b\u200c\u200d\ud800\udfff\u2581")
    | st.sampled_from("\u1112\u1161\u11ab\u09c7\u09be\u0dd9\u0dcf\u0dca\u0915\u093c\u0958\u0344\u0f71\u0f73")
    | st.sampled_from("你가é👩💻\ufe0fن\u0646\u064b\u0651\u2126\u212b")
)
ANY = st.text(st.characters(), max_size=40) | TROUBLE


@given(ANY)
@example("\u064b\u0f73\u0dca")  # a character that is no mark, but that NFC takes apart into two
def test_result_is_in_nfc_and_holds_nothing_invisible(text: str) -> None:
    """The result is in NFC and has no invisible characters."""
    plain = normalize(text).text
    assert unicodedata.is_normalized("NFC", plain)
    assert plain == " ".join(plain.split())
    assert not [c for c in plain if unicodedata.category(c) in ("Cc", "Cs")]


@given(ANY)
def test_every_normalised_character_has_its_place_in_the_original(text: str) -> None:
    """Every normalised character has a span in the original text, in order."""
    result = normalize(text)
    assert len(result.origins) == len(result.ends) == len(result.text)
    assert result.origins == sorted(result.origins) and result.ends == sorted(result.ends)
    for character, start, end in zip(result.text, result.origins, result.ends, strict=True):
        assert 0 <= start < end <= len(text)
        if character not in " \u200c\u200d" and not unicodedata.combining(character):
            behind = unicodedata.normalize("NFD", normalize(text[start:end]).text)
            # A narrow mark becomes a wide one by the Han character before it, which the stretch lacks.
            forms = {character, chr(ord(character) - 0xFEE0)} if character in "！，：；？" else {character}
            assert behind[0] in {unicodedata.normalize("NFD", each)[0] for each in forms}


@given(ANY)
def test_normalising_twice_changes_nothing(text: str) -> None:
    """Normalising is idempotent."""
    once = normalize(text).text
    assert normalize(once).text == once


@given(st.text(st.sampled_from("ab é\u0301ü\u1112\u1161\u11ab"), max_size=20))
def test_composition_agrees_with_the_whole_text_at_once(text: str) -> None:
    """Composing group by group equals composing the whole text at once."""
    assert normalize(text).text == " ".join(unicodedata.normalize("NFC", text).split())


def test_composed_letter_stands_for_base_and_mark() -> None:
    """The span of a composed letter covers its base and its mark."""
    result = normalize("cafe\u0301!")
    assert result.text == "café!"
    assert result.origins == [0, 1, 2, 3, 5] and result.ends == [1, 2, 3, 5, 6]
    assert result.original_span(3, 4) == (3, 5)


def test_character_taken_apart_by_nfc_keeps_its_place() -> None:
    """A character that NFC decomposes (Devanagari qa) keeps its place, and so does the text after it."""
    result = normalize("\u0958b")
    assert result.text == "\u0915\u093cb"
    assert result.origins == [0, 0, 1] and result.ends == [1, 1, 2]


def test_mark_that_does_not_compose_keeps_its_own_place() -> None:
    """A mark that does not compose has a span of its own."""
    result = normalize("e\u0323\u0301")
    assert result.text == "\u1eb9\u0301"
    assert (result.origins, result.ends) == ([0, 2], [2, 3])


def test_hangul_from_letters_is_one_syllable() -> None:
    """Hangul letters compose to syllables."""
    result = normalize("\u1112\u1161\u11ab\u1100\u1173\u11af")
    assert result.text == "한글" and result.origins == [0, 3] and result.ends == [3, 6]


def test_unicode_blanks_collapse_to_one_space() -> None:
    """All Unicode blanks collapse to one space."""
    result = normalize("\u3000 a \u00a0\t\r\nb\u2028c ")
    assert result.text == "a b c"
    assert result.origins == [2, 3, 8, 9, 10]


def test_control_format_and_broken_characters_leave() -> None:
    """Control characters, format characters and lone surrogates are removed."""
    assert normalize("\ufeffa\0b\x07\u200bc\ud83d\u202ed\uffff\u00ad").text == "abcd"


def test_joiners_stay_where_they_are_read() -> None:
    """Joiners stay inside emoji and Persian words and are removed elsewhere."""
    assert normalize("👩\u200d💻 می\u200cخواهم").text == "👩\u200d💻 می\u200cخواهم"
    assert normalize("Auf\u200clage \u200d a").text == "Auflage a"


def test_blank_of_sentencepiece_is_not_taken_for_a_blank() -> None:
    """U+2581 in a text does not come back as a space."""
    assert normalize("a\u2581b").text == "a_b"


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\0", "\u200b\ufeff"])
def test_nothing_to_read_is_empty(text: str) -> None:
    """A text without visible characters normalises to an empty one."""
    assert normalize(text).text == "" and normalize(text).original_span(0, 0) == (0, 0)


def test_words_are_between_blanks_and_single_characters_of_unspaced_scripts() -> None:
    """Words are blank-separated, and single characters in scripts without blanks."""

    def words(text: str, units: Any) -> list[str]:
        return [text[start:end] for start, end in word_spans(text, units)]

    assert words("Zwei Hunde, ja!", "words") == ["Zwei", "Hunde,", "ja!"]
    assert words("我有GPU。\u3042\u3099い ก\u0e34น", "words") == [
        *"我有",
        "GPU",
        "。",
        "\u3042\u3099",
        "い",
        "ก\u0e34",
        "น",
    ]
    assert words("我有 两只狗 。", "blanks") == ["我有", "两只狗", "。"]
    assert words("  ", "words") == []


@given(ANY)
def test_words_cover_all_but_blanks(text: str) -> None:
    """Every character but blanks belongs to exactly one word."""
    covered = {i for start, end in word_spans(text) for i in range(start, end)}
    assert covered == {i for i, character in enumerate(text) if not character.isspace()}


@pytest.mark.parametrize(
    "unit", ["e\u0301", "\u0301", " ", "\u200d", "ن\u200d", "\u09c7\u09be", "\u1161", "a\u200d\u0301"]
)
def test_time_grows_with_length_alone(unit: str, count_calls) -> None:
    """Time is linear in the length of hostile texts, counted in lines run."""
    short, long = (count_calls(lambda n=n: normalize(unit * n)) for n in (500, 1000))
    assert long < 2.2 * short + 200


@pytest.fixture
def count_calls():
    """Count the lines of Python that a call runs."""

    def count(call) -> int:
        lines = 0

        def trace(frame, event, argument):
            nonlocal lines
            lines += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            call()
        finally:
            sys.settrace(before)
        return lines

    return count


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ＴＶ１２３％", "TV123%"),
        ("好吗?", "好吗？"),
        ("他说:“好!”", "他说：“好！”"),
        ("《书》,好﹐", "《书》，好，"),
        ("在12:30,他来了", "在12:30,他来了"),
        ("第1,2章", "第1,2章"),
        ("（好）", "（好）"),
        ("Tom, are you there?", "Tom, are you there?"),
        ("中国3:2胜", "中国3:2胜"),
    ],
)
def test_width_is_one_and_every_character_keeps_its_place(written: str, read: str) -> None:
    """Full-width and half-width characters are unified, and keep their places."""
    found = normalize(written)
    assert found.text == read
    assert found.origins == list(range(len(written))) and found.ends == list(range(1, len(written) + 1))
    assert normalize(found.text).text == found.text


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("我 喜欢 吃 苹果 。", "我喜欢吃苹果。"),
        ("a red dog", "a red dog"),
        ("用 GPU 训练 3 天", "用 GPU 训练 3 天"),
        ("", ""),
    ],
)
def test_segmented_chinese_is_joined(text: str, joined: str) -> None:
    """Blanks between words of scripts without blanks are removed; every character keeps its place."""
    found = join_segmented(text)
    assert found.text == joined
    assert "".join(text[a:b] for a, b in zip(found.origins, found.ends, strict=True)) == joined


def test_words_as_aligners_count_them() -> None:
    """Punctuation is no part of a word for the aligner, and a dash alone stays a word."""
    text = "He said: «don't», – 好。"
    parts = ["He", "said", ":", "«", "don", "'", "t", "»", ",", "–", "好", "。"]
    assert [text[start:end] for start, end in bare_word_spans(text)] == parts
    assert spelt_words(["He", "said:", "«Don't»,", "–"]) == ["he", "said", "don't", "–"]


@given(
    st.text(
        st.sampled_from("aé\u1ea5\u0301\u0316\u0323\u0344\u0f71\u0f72\u0f73\u0f74\u3099か\u1112\u1161가"),
        min_size=40,
        max_size=120,
    )
)
def test_composed_is_nfc(text: str) -> None:
    """Composition equals NFC, also for long runs of marks."""
    assert compose(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0f73\u0316"])
def test_marks_out_of_order_cost_what_others_do(marks: str) -> None:
    """Runs of marks out of order are linear, unlike in the standard library."""
    times = []
    for text in ("a" + "".join(mark * 15000 for mark in marks), "e\u0301" * 15000):
        before = thread_time()
        normalized = normalize(text)
        times.append(thread_time() - before)
        assert normalized.ends[-1] == len(text) and len(normalized.origins) == len(normalized.text)
    assert times[0] < 5 * times[1]


def test_joiner_after_a_letter_of_full_width() -> None:
    """Regression: a joiner after a letter of full width stayed, and a second normalization removed it."""
    assert normalize("ｂ\u200d👩").text == "b👩"
    assert normalize("ハ\u200d").text == "ハ\u200d"


def test_mark_before_a_letter_that_composes() -> None:
    """Regression: a comma before a letter with a mark of its own became wide at a second normalization."""
    assert normalize("狗,A\u0300").text == normalize("狗,À").text == "狗,À"
