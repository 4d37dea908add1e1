"""Language identification: right on sentences, and limited to the known languages."""

import pytest

from serve.engine.language_id import LanguageIdentifier

SENTENCES = {
    "en": "Two dogs are playing in the snow.",
    "de": "Zwei Hunde spielen im Schnee.",
    "fr": "Deux chiens jouent dans la neige.",
    "zh": "两只狗在雪地里玩耍。",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_sentences_are_told_apart(code: str) -> None:
    """Sentences of the known languages are identified."""
    first, *others = LanguageIdentifier(list(SENTENCES)).rank(SENTENCES[code])
    assert first.language == code
    assert first.confidence > 90
    assert sum(each.confidence for each in (first, *others)) == pytest.approx(100, abs=0.5)


def test_only_known_languages_are_named() -> None:
    """Only languages that the server knows are reported."""
    assert {each.language for each in LanguageIdentifier(["en", "de"]).rank(SENTENCES["fr"])} == {"en", "de"}


@pytest.mark.parametrize("text", ["", "  ", "123", "😀", "?!"])
def test_text_without_letters_has_no_language(text: str) -> None:
    """A text without letters has no language."""
    assert [each.confidence for each in LanguageIdentifier(["en", "de"]).rank(text)] == [0, 0]


def test_regions_stand_for_their_language() -> None:
    """A model of zh-hans is found by `auto`."""
    assert LanguageIdentifier(["en", "zh-hans"]).rank(SENTENCES["zh"])[0].language == "zh-hans"


def test_codes_nobody_knows_are_no_fault() -> None:
    """Codes of no known language are ignored."""
    assert [each.confidence for each in LanguageIdentifier(["xx", "yy"]).rank("abc")] == [0, 0]
