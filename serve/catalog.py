"""Which loaded translator answers for which pair of languages.

(source, target) -> translator        one for each pair: a second one is refused
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seq2seq import Translator

Pair = tuple[str, str]  # codes of the source and the target language

LANGUAGE_NAMES = {
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


class Catalog:
    """The translators that a server offers, by language pair."""

    def __init__(self, translators: "Mapping[str, Translator]") -> None:
        """Takes translators by the name they were loaded from; ValueError when two offer the same pair."""
        self._by_pair: dict[Pair, Translator] = {}
        names: dict[Pair, str] = {}
        for name, translator in translators.items():
            settings = translator.settings
            for source in settings.source_languages:
                for target in settings.target_languages:
                    pair = source.lower(), target.lower()
                    if pair in names:
                        raise ValueError(
                            f"the models {names[pair]} and {name} both translate {pair[0]} to {pair[1]}; "
                            "serve one of them"
                        )
                    self._by_pair[pair] = translator
                    names[pair] = name

    @property
    def pairs(self) -> list[Pair]:
        """All language pairs, in the order in which their models were given."""
        return list(self._by_pair)

    def find(self, source: str, target: str) -> "Translator":
        """The translator for a pair of codes in any case; ValueError names what is not supported."""
        pair = source.lower(), target.lower()
        if pair in self._by_pair:
            return self._by_pair[pair]
        sources = sorted({s for s, _ in self._by_pair})
        if pair[0] not in sources:
            raise ValueError(f"{_short(source)} is not supported as source; choose {' or '.join(sources)}")
        targets = sorted(t for s, t in self._by_pair if s == pair[0])
        raise ValueError(
            f"{_short(target)} is not supported as target of {pair[0]}; choose {' or '.join(targets)}"
        )

    def languages(self) -> list[dict[str, str | list[str]]]:
        """Every language, with its English name and the languages it can be translated to."""
        codes = sorted({code for pair in self._by_pair for code in pair})
        return [
            {
                "code": code,
                "name": LANGUAGE_NAMES.get(code, code),
                "targets": sorted(t for s, t in self._by_pair if s == code),
            }
            for code in codes
        ]


def language_name(code: str) -> str:
    """The English name of a language code, or the code itself where we know none."""
    return LANGUAGE_NAMES.get(code, code)


def _short(code: str) -> str:
    return code if code.isalnum() and len(code) <= 20 else repr(code[:20])
