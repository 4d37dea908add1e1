"""Numbers: a translation has those of its source and no others, as digits or, up to twelve, as words."""

import re
from collections import Counter

_NUMBER = re.compile(r"\d+(?:[.,:/'’\u00a0\u202f-]\d+)*")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")

# Words of the numbers from 0 to 12, every form that stands for the number itself.
_WORDS: dict[str, list[str]] = {
    "en": [
        "zero none no",
        "one a an once single",
        "two both twice pair couple",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve dozen",
    ],
    "de": [
        "null kein keine keinen keinem keiner keines",
        "eins ein eine einen einem einer eines einmal",
        "zwei beide beiden zweimal zweier zwo",
        "drei dreier dreimal",
        "vier viermal",
        "fünf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
        "elf",
        "zwölf dutzend",
    ],
    "fr": [
        "zéro aucun aucune",
        "un une",
        "deux",
        "trois",
        "quatre",
        "cinq",
        "six",
        "sept",
        "huit",
        "neuf",
        "dix",
        "onze",
        "douze douzaine",
    ],
    "cs": [
        "nula žádný",
        "jeden jedna jedno jednoho jedné jednu jedním jednom",
        "dva dvě dvou dvěma",
        "tři tří třech třem třemi",
        "čtyři čtyř čtyřech čtyřem čtyřmi",
        "pět pěti",
        "šest šesti",
        "sedm sedmi",
        "osm osmi",
        "devět devíti",
        "deset deseti",
        "jedenáct jedenácti",
        "dvanáct dvanácti",
    ],
    "es": [
        "cero",
        "un uno una",
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce docena",
    ],
    "zh": [
        "零〇",
        "一",
        "二两兩双",
        "三",
        "四",
        "五",
        "六",
        "七",
        "八",
        "九",
        "十",
        "",
        "",
    ],
}


def has_same_numbers(
    source: str, target: str, source_language: str | None, target_language: str | None
) -> bool:
    """Return whether a translation has each number of its source, and no digits of its own.

    Digits may be grouped or separated otherwise. A number up to twelve may be written out, and one that the
    source writes out may be written in digits.
    """
    read, written = _numbers(source), _numbers(target)
    if not read and not written:
        return True
    missing, added = read - written, written - read
    words = _written_out(target, target_language)
    for number, count in missing.items():
        if words[number] < count:
            return False
    spoken = _written_out(source, source_language)
    return all(spoken[number] >= count for number, count in added.items())


def _numbers(text: str) -> Counter[str]:
    """Count the numbers of a text; thousands may be grouped, other separators count by their place."""
    return Counter(_canonical(found[0]) for found in _NUMBER.finditer(text))


def _canonical(number: str) -> str:
    """Return the digits of a number with a bar for each separator that groups no thousands.

    1,234.56 and 1.234,56 are 1234|56; 3.5 is 3|5, and 12:30 is 12|30.
    """
    parts: list[str] = _DIGITS.findall(number)
    first, *groups = parts
    canonical, is_grouped = first, len(first) < 4
    for group in groups:
        is_grouped = is_grouped and len(group) == 3
        canonical += group if is_grouped else f"|{group}"
    return canonical


def _written_out(text: str, language: str | None) -> Counter[str]:
    """Count the numbers up to twelve that a text writes in words."""
    forms = _WORDS.get((language or "").partition("-")[0].lower())
    counts: Counter[str] = Counter()
    if not forms:
        return counts
    if (language or "").lower().startswith("zh"):
        for number, characters in enumerate(forms):
            counts[str(number)] = sum(text.count(character) for character in characters)
        counts["11"], counts["12"] = text.count("十一"), text.count("十二")
        return counts
    by_word = {form: str(number) for number, words in enumerate(forms) for form in words.split()}
    for found in _WORD.finditer(text.lower()):
        if found[0] in by_word:
            counts[by_word[found[0]]] += 1
    return counts
