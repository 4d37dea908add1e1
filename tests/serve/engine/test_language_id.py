"""Language identification: right on sentences and words, and honest about languages that are not served."""

import pytest

from serve.engine.language_id import DetectedLanguage, LanguageIdentifier

SENTENCES = {
    "en": "Two dogs are playing in the snow.",
    "de": "Zwei Hunde spielen im Schnee.",
    "fr": "Deux chiens jouent dans la neige.",
    "zh": "两只狗在雪地里玩耍。",
}
NOT_SERVED = {
    "es": "Dos perros juegan en la nieve.",
    "it": "Due cani giocano nella neve.",
    "pt": "Dois cães brincam na neve.",
    "nl": "Twee honden spelen in de sneeuw.",
    "pl": "Dwa psy bawią się w śniegu.",
    "ru": "Две собаки играют в снегу.",
    "uk": "Двоє собак граються в снігу.",
    "ar": "كلبان يلعبان في الثلج.",
    "ja": "二匹の犬が雪の中で遊んでいる。",
    "ko": "개 두 마리가 눈 속에서 놀고 있다.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_sentences_are_told_apart(code: str) -> None:
    """Sentences of the known languages are identified."""
    first, *others = LanguageIdentifier(list(SENTENCES)).rank(SENTENCES[code])
    assert first.language == code
    assert first.confidence > 90
    assert sum(each.confidence for each in (first, *others)) == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("code", NOT_SERVED)
def test_languages_that_are_not_served_are_named(code: str) -> None:
    """A sentence in a language that is not served is identified, and is not taken for one that is."""
    identifier = LanguageIdentifier(list(SENTENCES))
    ranked = identifier.rank(NOT_SERVED[code])
    assert ranked[0].language == code
    assert ranked[0].confidence > 80
    assert identifier.not_served(ranked) == ranked[0]


@pytest.mark.parametrize("code", SENTENCES)
def test_served_languages_are_served(code: str) -> None:
    """A sentence in a language of the server is not taken for one that is not served."""
    identifier = LanguageIdentifier(list(SENTENCES))
    assert identifier.not_served(identifier.rank(SENTENCES[code])) is None


def test_served_languages_are_always_listed() -> None:
    """Every language of the server is ranked, and others where they are possible."""
    assert [each.language for each in LanguageIdentifier(["en", "de"]).rank(SENTENCES["fr"])] == [
        "fr",
        "en",
        "de",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A", "en"),
        ("A man", "en"),
        ("Two", "en"),
        ("Un", "fr"),
        ("Une femme", "fr"),
        ("Ein", "de"),
        ("狗", "zh"),
    ],
)
def test_one_or_two_words(text: str, code: str) -> None:
    """Frequent words are identified although they have few n-grams."""
    assert LanguageIdentifier(["cs", *SENTENCES]).rank(text)[0].language == code


def test_one_word_of_many_languages_counts_as_served() -> None:
    """A word that is likeliest in a language that is not served, but by little, is not given back."""
    identifier = LanguageIdentifier(["cs", "en", "zh"])
    polish, english, czech = (DetectedLanguage(*each) for each in (("pl", 41.0), ("en", 34.0), ("cs", 25.0)))
    assert identifier.not_served([polish, english, czech]) is None
    assert identifier.not_served([polish, english]) == polish


@pytest.mark.parametrize("text", ["", "  ", "123", "😀", "?!"])
def test_text_without_letters_has_no_language(text: str) -> None:
    """A text without letters has no language."""
    identifier = LanguageIdentifier(["en", "de"])
    ranked = identifier.rank(text)
    assert [each.confidence for each in ranked] == [0, 0]
    assert identifier.not_served(ranked) is None


def test_regions_stand_for_their_language() -> None:
    """A model of zh-hans is found by `auto`, and one of Norwegian under either of its codes."""
    assert LanguageIdentifier(["en", "zh-hans"]).rank(SENTENCES["zh"])[0].language == "zh-hans"
    assert LanguageIdentifier(["en", "nb"]).rank("To hunder leker i snøen.")[0].language == "nb"


def test_two_codes_of_one_language_count_once() -> None:
    """Two regions of a language do not outweigh a language that is not served."""
    identifier = LanguageIdentifier(["en", "pt-br", "pt-pt"])
    ranked = identifier.rank(NOT_SERVED["es"])
    assert identifier.not_served(ranked) == ranked[0]


def test_codes_nobody_knows_are_no_fault() -> None:
    """Codes of no known language are ignored."""
    assert [each.confidence for each in LanguageIdentifier(["xx", "yy"]).rank("abc")] == [0, 0]


def test_unknown_code_may_be_any_language() -> None:
    """Beside a served language that the detector does not know, no language is called not served."""
    identifier = LanguageIdentifier(["en", "xx"])
    ranked = identifier.rank(NOT_SERVED["es"])
    assert {each.language for each in ranked} == {"en", "xx"}
    assert identifier.not_served(ranked) is None


def test_source_that_is_contradicted() -> None:
    """A text that is for certain in another language than its source is recognised; short ones are not."""
    identifier = LanguageIdentifier(["en", "de"])
    contradiction = identifier.contradiction(SENTENCES["de"], "en")
    assert contradiction is not None
    assert contradiction.language == "de"
    assert identifier.contradiction(SENTENCES["de"], "de-AT") is None
    assert identifier.contradiction("Restaurant", "en") is None
    assert identifier.contradiction("123", "en") is None
