"""Names of languages in a display language, and the served language that stands for another code."""

import subprocess
import sys

import pytest
from tables import check_rows

from seq2seq.text.languages import code_with_script, language_name, native_name, served_language

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
    """A code that names no language is returned as it is, in every display language."""
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


def test_regions_and_scripts_fall_back_to_the_served_language() -> None:
    """A region, or the script in which a language is written here, is served; another script is not."""
    served = ["de", "en", "fr", "zh"]

    def check(codes: str, expected: str | None) -> None:
        for code in codes.split():
            assert served_language(code, served) == expected, code

    rows = [
        ("zh ZH zh-Hans zh_Hans zh_hans zh-CN zh_CN zh-Hans-CN zh-SG cmn-Hans zho chi", "zh"),
        ("en en-US en_GB EN-us en-Latn eng", "en"),
        ("de-DE de_DE.UTF-8 de-AT deu ger", "de"),
        ("zh-Hant zh_Hant zh-TW zh-HK zt en-Cyrl es pb x e2e - @ _ de- 123 ", None),
        ("x" * 10_000, None),
    ]
    check_rows(check, rows)
    assert served_language("", served) is None


def test_best_of_several_served_codes() -> None:
    """The same region is preferred, then the code without one; so with LibreTranslate's own codes."""

    def check(code: str, served: list[str], expected: str | None) -> None:
        assert served_language(code, served) == expected

    rows = [
        ("pt-BR", ["pt", "pt-BR"], "pt-BR"),
        ("pb", ["pt", "pt-BR"], "pt-BR"),
        ("pt-AO", ["pt-BR", "pt"], "pt"),
        ("pt", ["pt-BR"], "pt-BR"),
        ("zh", ["zh-Hant", "zh-Hans"], "zh-Hans"),
        ("zh-TW", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("sr@latin", ["sr"], None),
        ("sr-Latn", ["sr-Latn", "sr"], "sr-Latn"),
        ("e2e", ["e2e"], "e2e"),
    ]
    check_rows(check, rows)


def test_code_with_script() -> None:
    """A language that CLDR names by its script has a second code; others have none."""
    assert code_with_script("zh") == "zh-Hans"
    for code in ("de", "en", "zh-Hans", "e2e", ""):
        assert code_with_script(code) is None
