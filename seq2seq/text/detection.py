"""Language detection: the probability of each of some hundred languages, given a text.

    text -> byte n-grams        (py3langid's naive Bayes)  -+
         -> scripts of its letters                          |
         -> words of languages  (`words/CODE.txt`)          +-> softmax -> {"de": 0.97, "nl": 0.02, ...}
    languages that are expected, and common ones           -+

Sentences are decided by the n-grams. One to three words have too few of them, so known words add evidence; a
word that no list has subtracts nothing, since the lists are short. The weights were chosen on validation
texts; docs/serving.md has the accuracy that they reach.
"""

import functools
import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

MAX_CHARACTERS = 2_000  # of a text that are read, from its first letter on; more do not change the result

WORDS = Path(__file__).parent / "words"
NO_LANGUAGE = "zxx"  # py3langid's label of numbers and code
SAME_LANGUAGE = {"nb": "no", "nn": "no", "iw": "he", "in": "id"}  # other codes -> py3langid's

# Widely written languages, more probable than the others where a text does not decide.
COMMON = frozenset(
    [
        "ar",
        "bg",
        "bn",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "lt",
        "lv",
        "ms",
        "nl",
        "no",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "ta",
        "te",
        "th",
        "tr",
        "uk",
        "ur",
        "vi",
        "zh",
    ]
)
# Log-odds relative to a common language that is not expected.
EXPECTED_BONUS = 1.75
RARE_PENALTY = 1.5
ENGLISH_BONUS = 0.25
SCRIPT_PENALTY = 4.0
SHARPNESS = 1.8  # of the softmax: without it, answers on validation texts are right more often than they say
# Evidence of a word in nats: by its rank in the list of frequent words, or for being in a model's vocabulary.
FREQUENT_BONUS, FREQUENT_DECAY = 4.0, 0.42
VOCABULARY_BONUS = 1.3

# First words of Unicode's names of letters -> languages that are written in them; all others in Latin ones.
SCRIPTS = {
    "ARABIC": "ar ary arz az fa ku ps sdh ug ur",
    "ARMENIAN": "hy",
    "BENGALI": "as bn",
    "CJK": "ja ko wuu yue zh",
    "CYRILLIC": "az ba be bg kk ky mk mn ru sr tg tk tt uk uz",
    "DEVANAGARI": "hi mr ne",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el grc",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "KHMER": "km",
    "LAO": "lo",
    "LATIN": "az ku sr tk uz",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
_SCRIPTS = {script: frozenset(languages.split()) for script, languages in SCRIPTS.items()}
_NOT_LATIN = frozenset().union(*_SCRIPTS.values()) - _SCRIPTS["LATIN"]

_WORD = re.compile(r"[^\W\d_]+")


def detect_language(text: str, expected: Collection[str] = ()) -> dict[str, float]:
    """Return the probability of each language that the detector knows, most probable first.

    Args:
        text: The text; 2,000 characters from its first letter on are read.
        expected: Codes of languages that are more probable than others, without region, such as those that
            a server translates. Codes that the detector does not know are ignored.

    Returns:
        Code -> probability, in sum 1; empty for a text without letters.
    """
    first = next((place for place, character in enumerate(text) if character.isalpha()), len(text))
    text = text[first : first + MAX_CHARACTERS]
    # "½" is part of a word for a regular expression, but no letter.
    words = [word for word in _WORD.findall(text.lower()) if any(map(str.isalpha, word))]
    if not words:
        return {}
    scores = _ngram_scores(text)
    known_as = {SAME_LANGUAGE.get(code, code): code for code in expected}
    for language in scores:
        if language in known_as:
            scores[language] += EXPECTED_BONUS
        elif language not in COMMON:
            scores[language] -= RARE_PENALTY
    scores["en"] += ENGLISH_BONUS
    # Rare Chinese characters have no n-grams. Any text may have names in Latin letters, so that a language is
    # improbable only where none of its scripts occurs.
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in set("".join(words))}
    for language in scores:
        if not any(_is_written_in(language, script) for script in scripts):
            scores[language] -= SCRIPT_PENALTY
    # The square root, as for the n-grams: neighbouring words are not independent.
    weight = 1 / math.sqrt(len(words))
    for word in words:
        for language, evidence in _word_evidence().get(word, {}).items():
            scores[language] += weight * evidence
    highest = max(scores.values())
    odds = {
        known_as.get(code, code): math.exp(SHARPNESS * (score - highest)) for code, score in scores.items()
    }
    total = sum(odds.values())
    return {code: odds[code] / total for code in sorted(odds, key=lambda code: -odds[code])}


def read_word_lists() -> dict[str, tuple[list[str], list[str]]]:
    """Return language -> its frequent words, most frequent first, and words of the models' vocabularies."""
    lists = {}
    for path in sorted(WORDS.glob("*.txt")):
        frequent, _, vocabulary = path.read_text(encoding="utf-8").partition("\n\n")
        lists[path.stem] = frequent.split(), vocabulary.split()
    return lists


def _is_written_in(language: str, script: str) -> bool:
    """Return whether a language has this script; every language may have one that is not listed."""
    if script == "LATIN" and language not in _NOT_LATIN:
        return True
    return language in _SCRIPTS.get(script, {language})


@functools.cache
def _word_evidence() -> Mapping[str, dict[str, float]]:
    """Return word -> language -> log-odds that the word adds to the language."""
    evidence: dict[str, dict[str, float]] = {}
    lists = read_word_lists()
    for language, (frequent, _) in lists.items():
        for rank, word in enumerate(frequent):
            bonus = FREQUENT_BONUS - FREQUENT_DECAY * math.log(
                rank + 2
            )  # Zipf's law: log-frequency of a rank
            evidence.setdefault(word, {})[language] = bonus
    # A frequent word of any language is judged by these lists alone: vocabularies have no frequencies.
    frequent_words = set(evidence)
    for language, (_, vocabulary) in lists.items():
        for word in vocabulary:
            if word not in frequent_words:
                evidence[word] = {language: VOCABULARY_BONUS}
    return evidence


def _ngram_scores(text: str) -> dict[str, float]:
    """Return language -> log-likelihood of the n-grams, tempered by the square root of the length."""
    # Only `rank` is public; its log-probabilities differ from the scores by a constant. The floor is that of
    # single precision, in which an improbable language has 0.
    return {
        code: math.log(max(probability, 1e-30))
        for code, probability in _identifier().rank(text)
        if code != NO_LANGUAGE
    }


@functools.cache
def _identifier() -> Any:  # a class of a package without types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
