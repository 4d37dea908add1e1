"""Names of translations of formats that have the language in a file's or a folder's name."""

import pytest

from seq2seq.documents.catalogs import localized_name


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("App/en.lproj/Main.strings", "pt_BR", "App/pt-BR.lproj/Main.strings"),
        ("App/Base.lproj/Main.strings", "de", "App/de.lproj/Main.strings"),
        ("Main.strings", "de", "Main.de.strings"),
        ("Localizable.xcstrings", "de", "Localizable.xcstrings"),
        ("messages.properties", "pt-BR", "messages_pt_BR.properties"),
        ("messages_en.properties", "de", "messages_de.properties"),
        ("messages_en_US.properties", "de", "messages_de.properties"),
        ("main_menu.properties", "de", "main_menu_de.properties"),
        ("locales/en-US/app/main.ftl", "de", "locales/de/app/main.ftl"),
        ("main.ftl", "de", "main.de.ftl"),
        ("lib/l10n/app_en.arb", "zh-Hans", "lib/l10n/app_zh_Hans.arb"),
        ("locales/en/translation.json", "pt-BR", "locales/pt-BR/translation.json"),
        ("src/en.json", "cs", "src/cs.json"),
        ("js/ui/strings.json", "cs", "js/ui/strings.cs.json"),
        ("_locales/en/messages.json", "pt-BR", "_locales/pt_BR/messages.json"),
        ("config/locales/en.yml", "pt-BR", "config/locales/pt-BR.yml"),
        ("config/locales/devise.en.yml", "de", "config/locales/devise.de.yml"),
        ("translations/messages+intl-icu.en.yaml", "fr", "translations/messages+intl-icu.fr.yaml"),
        ("translations/messages.en_GB.yaml", "pt-BR", "translations/messages.pt_BR.yaml"),
    ],
)
def test_names_of_translations(name: str, language: str, expected: str) -> None:
    """The code stands where the source's stands, written as it is; else before the suffix."""
    assert localized_name(name, language) == expected
