"""Language detection: probabilities of all languages, and the lists of words behind them."""

import pytest

from seq2seq.text.detection import MAX_CHARACTERS, WORDS, detect_language, read_word_lists


def test_probabilities() -> None:
    """Probabilities are sorted and sum to 1; sentences are clear without any expectation."""
    probabilities = detect_language("Zwei Hunde spielen im Schnee.")
    assert next(iter(probabilities)) == "de"
    assert list(probabilities.values()) == sorted(probabilities.values(), reverse=True)
    assert sum(probabilities.values()) == pytest.approx(1)
    assert len(probabilities) > 90


def test_expected_languages_are_more_probable() -> None:
    """An expected language gains probability; unknown codes change nothing."""
    text = "Menu"
    assert detect_language(text, ["cs"])["cs"] > detect_language(text)["cs"]
    assert detect_language(text, ["xx"]) == detect_language(text)


@pytest.mark.parametrize("text", ["", "123 %", "😀", "__", "½ ²"])
def test_no_letters(text: str) -> None:
    """A text without letters has no language."""
    assert detect_language(text) == {}


def test_long_text_is_cut() -> None:
    """Only the beginning of a long text is read, from its first letter on."""
    beginning = ("Zwei Hunde spielen. " * MAX_CHARACTERS)[:MAX_CHARACTERS]
    assert detect_language(beginning + "Two dogs." * 1000) == detect_language(beginning)
    assert detect_language("1 " * MAX_CHARACTERS + beginning) == detect_language(beginning)


def test_lists() -> None:
    """Lists hold lower-case words, and vocabularies no word that is frequent in any language."""
    lists = read_word_lists()
    frequent = {word for words, _ in lists.values() for word in words}
    for words, vocabulary in lists.values():
        assert len(set(words)) == len(words)
        assert all(word.isalpha() and word == word.lower() for word in [*words, *vocabulary])
        assert not frequent & set(vocabulary)
    assert all(path.stat().st_size < 50_000 for path in WORDS.glob("*.txt"))
