"""Words of other scripts, and with letters that the vocabulary lacks, come back exactly once."""

import pytest

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.fidelity.unknown_words import MOST, foreign_runs, unknown_words

WORDS = [
    "привет",
    "Привет, мир",
    "王小明",
    "マリア",
    "مرحبا",
    "สวัสดี",
    "नमस्ते दुनिया",
    "안녕하세요",
    "שלום",
    "Ἀθῆναι",
    "Đặng",
]
PLACES = ["A man named {} is running.", "{} is playing with a dog.", "The word is {}", "A woman, {}, sings."]


@pytest.mark.parametrize("name", ["en-de", "en-fr", "en-zh"])
def test_words_of_other_scripts_are_kept_once(name: str) -> None:
    """A word of another script is copied, wherever it stands."""
    translator = Translator.from_pretrained(name, device="cpu")
    pairs = [(word, PLACES[number % len(PLACES)]) for number, word in enumerate(WORDS)]
    texts = [place.format(word) for word, place in pairs]
    results = translator.translate(texts, DecodeOptions(beam_size=2))
    wrong = {
        text: result.text
        for (word, _), text, result in zip(pairs, texts, results, strict=True)
        if result.text.count(word) != 1
    }
    assert not wrong


def test_the_option_switches_it_off() -> None:
    """Without `keep_signs` the vocabulary decides."""
    translator = Translator.from_pretrained("en-de", device="cpu")
    text = "A man named 王小明 is running."
    assert "王小明" not in translator.translate(text, DecodeOptions(keep_signs=False)).text
    assert translator.translate("Привет, мир!").text == "Привет, мир!"


def test_rare_characters_of_the_language_stay_with_the_model() -> None:
    """A rare Chinese character in Chinese is a part of a word, and not copied."""
    translator = Translator.from_pretrained("zh-en", device="cpu")
    assert "涧" not in translator.translate("一条山涧从山间流入深谷。").text
    assert "สวัสดี" in translator.translate("一个男人说สวัสดี。").text


def test_words_around_unknown_characters() -> None:
    """Words are extended to all their letters, and joined across blanks and marks."""
    source = "Das Wort привет, мир! und Dvořák ♪"
    spans = [(9, 15), (17, 20), (29, 30), (33, 34)]
    found = unknown_words(source, spans, "de")
    assert [source[start:end] for start, end in found] == ["привет, мир", "Dvořák"]
    assert unknown_words("a я " * (MOST + 1), [(4 * n + 2, 4 * n + 3) for n in range(MOST + 1)], "en") == []


def test_foreign_runs() -> None:
    """Chinese in English is foreign; a text that is all Chinese, and Chinese in Chinese, is not."""
    source = "A man, 王小明。plays"
    assert [source[start:end] for start, end in foreign_runs(source, "en")] == ["王小明"]
    assert foreign_runs(source, "zh-CN") == foreign_runs(source, None) == []
    assert foreign_runs("王小明在玩。 https://e.org", "en") == []


def test_many_unknown_words_are_bounded() -> None:
    """A long line of unknown words comes back with all of them, in bounded work."""
    translator = Translator.from_pretrained("en-de", device="cpu")
    words = [f"a ж{'жш'[n % 2] * (n % 7)}" for n in range(1000)]
    segments = translator.prepare(" ".join(words))
    assert max(len(segment.source.phrases) for segment in segments) <= MOST
