"""The accuracy of language detection that docs/serving.md names, and the lists of words behind it."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from serve.engine.language_id import LanguageIdentifier


@pytest.fixture
def detection(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return importlib.import_module("detection")


@pytest.mark.parametrize(("kind", "count", "least"), [("first", 1, 0.8), ("any", 1, 0.8), ("any", 2, 0.95)])
def test_few_words(detection: ModuleType, data_directory: Path, kind: str, count: int, least: float) -> None:
    """One word of a test sentence is right in 80 % in each language, two in 95 %."""
    by_code = detection.sentences(data_directory, "test")
    for code, texts in detection.short_texts(data_directory, "test", by_code, kind, count).items():
        assert len(texts) == 200
        assert detection.right(detection.ours, texts, code, detection.SERVED) >= least, code


def test_languages_that_are_not_served(detection: ModuleType) -> None:
    """Of 50 sentences in each of ten languages that are not served, 95 % are named and given back."""
    identifier = LanguageIdentifier(detection.SERVED)
    languages = detection.other_sentences()
    assert len(languages) == 10
    for code, texts in languages.items():
        answers = [identifier.not_served(identifier.rank(text)) for text in texts]
        assert len(answers) == 50
        assert sum(answer is not None and answer.language == code for answer in answers) >= 48, code


def test_vocabularies_tell_languages(detection: ModuleType) -> None:
    """Words are assigned to the language whose tokenizers have them."""
    words = importlib.import_module("detection_words").words_by_language()
    for code, word in {"en": "snow", "de": "schnee", "fr": "neige", "cs": "sněhu"}.items():
        assert [each for each in words if word in words[each]] == [code]


def test_lists_are_written_anew(detection: ModuleType, tmp_path: Path) -> None:
    """The script keeps the frequent words, and writes no word that is frequent in some language."""
    script = importlib.import_module("detection_words")
    script.write_words(tmp_path)
    lists = script.read_word_lists()
    for code, (frequent, _) in lists.items():
        begin, _, vocabulary = (tmp_path / f"{code}.txt").read_text(encoding="utf-8").partition("\n\n")
        assert begin.split() == frequent
        assert not {word for words, _ in lists.values() for word in words} & set(vocabulary.split())
