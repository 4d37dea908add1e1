"""Names of languages in a display language, for a server's list and the page's."""

import subprocess
import sys

import pytest

from seq2seq.text.languages import language_name, native_name

ENGLISH = {
    "ar": "Arabic",
    "cs": "Czech",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
NATIVE = {
    "ar": "العربية",
    "cs": "Čeština",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "hi": "हिन्दी",
    "it": "Italiano",
    "ja": "日本語",
    "ka": "ქართული",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ru": "Русский",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "vi": "Tiếng Việt",
    "zh": "中文",
}


def test_names_are_english_unless_asked_otherwise() -> None:
    """`GET /languages` names languages in English, as it did when the names were a table."""
    assert {code: language_name(code) for code in ENGLISH} == ENGLISH


def test_names_have_a_display_language() -> None:
    """The same language is named in English, German and Chinese."""
    assert [language_name("fr", display) for display in ("en", "de", "zh")] == [
        "French",
        "Französisch",
        "法语",
    ]


@pytest.mark.parametrize(
    ("code", "display", "name"),
    [
        ("zh-Hans", "en", "Simplified Chinese"),
        ("zh-hant", "zh", "繁体中文"),
        ("zh-Hant", "de", "Chinesisch (traditionell)"),
        ("pt-BR", "en", "Brazilian Portuguese"),
        ("pt-BR", "de", "Portugiesisch (Brasilien)"),
        ("de-LI", "en", "German (Liechtenstein)"),
        ("uz-Cyrl-UZ", "de", "Usbekisch (Kyrillisch, Usbekistan)"),
    ],
)
def test_scripts_and_regions_are_part_of_the_name(code: str, display: str, name: str) -> None:
    """A script or a region is named, in one word with the language where it has one."""
    assert language_name(code, display) == name


@pytest.mark.parametrize("code", ["facts", "qqq", "", "no code", "x" * 200, "de--", "zh-"])
def test_unknown_code_is_its_own_name(code: str) -> None:
    """What is no language is called by its code, in every display language."""
    assert language_name(code) == language_name(code, "zh") == native_name(code) == code


def test_unknown_display_language_is_refused() -> None:
    """A display language without names is an error that names it."""
    with pytest.raises(ValueError, match="'qqq'"):
        language_name("de", "qqq")


def test_languages_are_named_in_themselves() -> None:
    """A native name begins with a capital where its script has capitals for it."""
    assert {code: native_name(code) for code in NATIVE} == NATIVE


def test_babel_is_loaded_on_use() -> None:
    """`import seq2seq` loads no Babel, nor does this module before a name is asked for."""
    code = "import sys, seq2seq, seq2seq.text.languages; print('babel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
