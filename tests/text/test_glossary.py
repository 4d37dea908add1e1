"""Glossary files, and terms found in texts."""

from pathlib import Path

import pytest

from seq2seq.options import DecodeOptions
from seq2seq.text.glossary import find_terms, read_glossary


def found(text: str, pairs: dict[str, str]) -> list[tuple[str, str]]:
    """Return each term as written in the text, with its target."""
    return [(text[each.start : each.end], each.target) for each in find_terms(text, tuple(pairs.items()))]


def test_terms_are_whole_words_whatever_their_capitals() -> None:
    """A term matches whole words in any case, not parts of words."""
    assert found("Dog and dogma, hot dog-food; DOG.", {"dog": "Hund"}) == [
        ("Dog", "Hund"),
        ("dog", "Hund"),
        ("DOG", "Hund"),
    ]


def test_the_longest_term_wins() -> None:
    """Of overlapping terms the longest matches."""
    pairs = {"ice": "Eis", "cream": "Sahne", "ice cream": "Speiseeis"}
    assert found("ice cream and cream", pairs) == [("ice cream", "Speiseeis"), ("cream", "Sahne")]


def test_terms_in_scripts_without_blanks() -> None:
    """A term matches between Han characters."""
    assert found("两只狗在跑", {"狗": "dog"}) == [("狗", "dog")]


def test_a_file_is_read(tmp_path: Path) -> None:
    """A byte order mark, carriage returns and blank lines are no part of a term."""
    path = tmp_path / "terms.tsv"
    path.write_bytes("\ufeffdog\tHund\r\n\r\nice cream\tSpeiseeis\n".encode())
    assert read_glossary(path) == (("dog", "Hund"), ("ice cream", "Speiseeis"))


def test_accents_however_they_are_coded() -> None:
    """A term matches at its place whether accents are composed or not."""
    apart = "Le cafe\u0301  noir, le cafe\u0301."
    pairs = {"café": "coffee", "cafe\u0301 noir": "black coffee"}
    assert found(apart, pairs) == [("cafe\u0301  noir", "black coffee"), ("cafe\u0301", "coffee")]
    assert found("cafés, cafe\u0301s", pairs) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"dog\tHund\ncat\n", "line 2: give a term, a tab and its translation"),
        (b"dog\tHund\tKatze\n", "line 1: give a term"),
        (b"dog\t\n", "empty side, beside 'dog'"),
        (b"dog\tHund\nDog\tDackel\n", "the term 'Dog' twice"),
        (b"dog\tH\xfcnd\n", "not UTF-8"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    """A malformed line and a term given twice are refused with their place."""
    path = tmp_path / "terms.tsv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_glossary(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error for a missing file names it."""
    with pytest.raises(ValueError, match=r"cannot read the glossary .*none\.tsv"):
        read_glossary(tmp_path / "none.tsv")


def test_options_take_it_as_an_object_or_pairs() -> None:
    """Options take a glossary as an object or as pairs, and stay hashable."""
    pairs = (("dog", "Hund"),)
    for given in ({"dog": "Hund"}, [["dog", "Hund"]], pairs):
        options = DecodeOptions(glossary=given)  # type: ignore[arg-type]
        assert options.glossary == pairs and hash(options)


def test_a_letter_with_a_longer_small_form_changes_nothing_else() -> None:
    """Regression: one İ, whose lower case is longer, made the whole text case-sensitive."""
    assert found("İstanbul: Dog", {"dog": "Hund"}) == [("Dog", "Hund")]
    assert found("the İSTANBUL Dog", {"İstanbul dog": "Hund"}) == [("İSTANBUL Dog", "Hund")]
    assert found("İ DOG", {"dog": "Hund", "İ": "I"}) == [("İ", "I"), ("DOG", "Hund")]


def test_capitals_of_a_final_sigma() -> None:
    """A Greek word in capitals matches its lower case with a final sigma."""
    assert found("ΟΔΟΣ οδος", {"οδος": "street"}) == [("ΟΔΟΣ", "street"), ("οδος", "street")]


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\v", "\f"])
def test_only_line_feeds_part_the_lines_of_a_file(tmp_path: Path, sign: str) -> None:
    """Only line feeds separate the lines of a glossary file."""
    path = tmp_path / "terms.tsv"
    path.write_bytes(f"ice{sign}cream\tSpeise{sign}eis\r\ndog\tHund\n".encode())
    assert read_glossary(path) == ((f"ice{sign}cream", f"Speise{sign}eis"), ("dog", "Hund"))
