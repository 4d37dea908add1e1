"""Strings through a translator: what it reads, what comes back, and the second try."""

from collections.abc import Sequence
from typing import Any

import pytest

from seq2seq.inference.localization.string_translator import (
    StringRequest,
    StringTranslator,
    WordsTranslation,
    words_translation,
)
from seq2seq.inference.results import Alternative, Translation
from seq2seq.inference.translator import Translator
from seq2seq.options import DecodeOptions


class Pieces:
    """A tokenizer of letters that knows every word in lower case."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text if letter not in "G"]


class Book:
    """A translator that has a list of translations for each text, best first, and notes what it is asked."""

    target_language = "de"
    tokenizer = Pieces()

    def __init__(self, pages: dict[str, list[str]]) -> None:
        self.pages = pages
        self.asked: list[tuple[list[str], DecodeOptions]] = []

    def translate_batch(self, texts: Sequence[str], options: DecodeOptions) -> list[Translation]:
        self.asked.append((list(texts), options))
        results = []
        for text in texts:
            best, *others = self.pages.get(text, [text.upper()])
            more = [Alternative(other, -2.0, -2.0, [], "end") for other in others]
            results.append(Translation(text, best, -1.0, alternatives=more))
        return results


def strings(pages: dict[str, list[str]], **settings: Any) -> tuple[StringTranslator, Book]:
    """Return a translator of strings over a book, and the book."""
    book = Book(pages)
    return StringTranslator(book, **settings), book  # type: ignore[arg-type]


def texts(translator: StringTranslator, *sources: str) -> list[str]:
    """Return the translations of strings without flags."""
    return [each.text for each in translator.translate([StringRequest(source) for source in sources])]


def test_words_are_translated_once_whatever_their_frame() -> None:
    """One batch has each text once; accelerator, ellipsis and blanks come back with each label."""
    translator, book = strings({"Open file": ["Datei öffnen"]})
    assert texts(translator, "_Open File…", "Open File", " &Open File:\n") == [
        "_Datei öffnen…",
        "Datei öffnen",
        " &Datei öffnen:\n",
    ]
    assert [asked for asked, _ in book.asked] == [["Open file"]]
    texts(translator, "Open File...")
    assert len(book.asked) == 1


def test_what_has_no_words_is_copied() -> None:
    """Placeholders, numbers and signs need no model."""
    translator, book = strings({})
    results = translator.translate(
        [StringRequest("%d%%", frozenset({"c-format"})), StringRequest("<b>%s</b>: %s"), StringRequest("…")]
    )
    assert [each.text for each in results] == ["%d%%", "<b>%s</b>: %s", "…"]
    assert all(each.is_copied and not each.problems and each.confidence is None for each in results)
    assert not book.asked


def test_lines_are_translated_one_by_one() -> None:
    """Each line keeps its indent and its line break; an underscore in lines is no accelerator."""
    translator, _ = strings(
        {"first": ["eins"], "second": ["zwei"], "use _GNU_SOURCE": ["_GNU_SOURCE nutzen"]}
    )
    assert texts(translator, "first\n  second\n\n", "first\nuse _GNU_SOURCE") == [
        "eins\n  zwei\n\n",
        "eins\n_GNU_SOURCE nutzen",
    ]


def test_a_broken_rule_gets_a_second_try() -> None:
    """The placeholders are forced, and the best hypothesis that keeps all rules is taken."""
    flags = frozenset({"c-format"})
    translator, book = strings({"save %s": ["sichern", "%d sichern", "%s sichern", "sichere %s"]})
    result = translator.translate([StringRequest("save %s", flags)])[0]
    assert result.text == "%s sichern" and result.problems == []
    options = book.asked[1][1]
    assert options.keep_words == ("%s",) and options.num_hypotheses == options.beam_size


def test_what_stays_broken_is_named() -> None:
    """Where no hypothesis keeps the rules, the first try comes with its problems."""
    translator, _ = strings({"save %s": ["sichern", "retten"]})
    result = translator.translate([StringRequest("save %s", frozenset({"c-format"}))])[0]
    assert result.text == "sichern" and result.problems == ["lacks %s"]


def test_a_length_is_met_by_a_shorter_hypothesis() -> None:
    """Of the hypotheses the best one that is short enough is taken."""
    translator, _ = strings({"preferences": ["Einstellungen", "Optionen", "Opt"]})
    result = translator.translate([StringRequest("preferences", max_length=8)])[0]
    assert result.text == "Optionen" and not result.problems


def test_tags_are_given_to_whoever_places_them() -> None:
    """Strings with tags go to `tagged`, all others to the translator."""
    seen: list[str] = []

    def tagged(words: list[str]) -> list[WordsTranslation]:
        seen.extend(words)
        return [WordsTranslation("<b>fett</b>", 0.5, -1.0) for _ in words]

    translator, book = strings({"plain": ["einfach"]}, tagged=tagged)
    assert texts(translator, "<b>bold</b>", "plain", "<b>bold</b>:") == [
        "<b>fett</b>",
        "einfach",
        "<b>fett</b>:",
    ]
    assert seen == ["<b>bold</b>"] and [asked for asked, _ in book.asked] == [["plain"]]


def test_the_least_confidence_of_the_lines_counts() -> None:
    """A string is as sure as its least sure line, and of unknown confidence if any line is."""
    known = {"one": WordsTranslation("eins", 0.9, -0.1), "two": WordsTranslation("zwei", 0.4, -0.8)}
    translator, _ = strings({})
    translator._known |= {**known, "three": WordsTranslation("drei", None, -0.2)}
    sure, unknown = translator.translate([StringRequest("one\ntwo"), StringRequest("one\nthree")])
    assert (sure.confidence, sure.score) == (0.4, -0.8)
    assert (unknown.confidence, unknown.score) == (None, -0.2)


def test_a_released_model_keeps_what_is_no_word() -> None:
    """Strings through a real model come back in their frame, with every placeholder."""
    model = Translator.from_pretrained("en-de", "cpu")
    translator = StringTranslator(model, DecodeOptions(beam_size=2))
    sources = [
        "  _Two dogs…\n",
        "A man has %d dogs.",
        "Two dogs play in {place}:",
        "A dog in <b>the snow</b>",
    ]
    for source, result in zip(sources, translator.translate(list(map(StringRequest, sources))), strict=True):
        assert result.problems == [], (source, result.text)
        assert result.confidence is not None


@pytest.mark.parametrize("score", [-1.0, 0.0])
def test_words_have_score_and_confidence(score: float) -> None:
    """What a string needs of a translation is its text, confidence and score."""
    assert words_translation(Translation("a", "b", score)) == ("b", None, score)
