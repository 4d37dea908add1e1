"""Names and fallbacks of languages from Unicode's CLDR, which Babel ships.

language_name("de")                     German
language_name("zh-Hant", "de")          Chinesisch (traditionell)
native_name("pt-BR")                    Português (Brasil)
served_language("zh-CN", ["de", "zh"])  zh
"""

import re
from collections.abc import Iterable
from functools import lru_cache

LONGEST_CODE = 35  # characters; RFC 5646 asks for room for as many
_LIBRETRANSLATE = {"zt": "zh-Hant", "pb": "pt-BR"}  # codes of its models, which its older clients still send
_CODE = re.compile(r"[a-zA-Z]{2,3}(?:[_-][A-Za-z0-9]{2,8}){0,3}")
_MODIFIERS = {"latin": "Latn", "cyrillic": "Cyrl"}  # of POSIX locales: sr@latin


@lru_cache(maxsize=1024)
def language_name(code: str, display: str = "en") -> str:
    """Return the name of a language in a display language.

    Args:
        code: A language with or without script and region, such as "de", "zh-Hans" or "pt-BR".
        display: The language of the name.

    Returns:
        The name as CLDR writes it; the code itself where there is no such language.

    Raises:
        ValueError: `display` is a language that CLDR has no names in.
    """
    from babel import Locale, UnknownLocaleError
    from babel.core import get_locale_identifier, parse_locale

    try:
        names = Locale.parse(display, sep="-")
    except (ValueError, UnknownLocaleError):
        raise ValueError(f"there are no names of languages in {display!r}; give a code such as en") from None
    # Not `Locale.parse(code)`: it knows only languages that a program can be localised to.
    try:
        language, territory, script, *_ = parse_locale(code, sep="-")
    except ValueError:
        return code
    # CLDR has names of its own for some whole tags: "Simplified Chinese", "Brazilian Portuguese".
    whole: str | None = names.languages.get(get_locale_identifier((language, territory, script)))
    if whole is not None:
        return whole
    name: str | None = names.languages.get(language)
    if name is None:
        return code
    details = [names.scripts.get(script or "", script), names.territories.get(territory or "", territory)]
    suffix = ", ".join(detail for detail in details if detail)
    return f"{name} ({suffix})" if suffix else name


def native_name(code: str) -> str:
    """Return the name of a language in that language, capitalised for a list."""
    try:
        name = language_name(code, code)
    except ValueError:
        return code
    # CLDR writes "čeština" as inside a sentence. `title`, not `upper`: Georgian has capitals for titles in
    # full capitals only.
    return name if name == code else name[:1].title() + name[1:]


def is_language_code(text: str) -> bool:
    """Return whether a text is the code of a language that CLDR names, such as a column's name in a table."""
    return bool(_CODE.fullmatch(text)) and language_name(text) != text


def served_language(code: str, served: Iterable[str]) -> str | None:
    """Return the served language in which a text of another code can be written, None where there is none.

    A region falls back to its language, and so does the script in which that language is written:
    "en-GB" is served by "en", "zh-Hans" and "zh-CN" by "zh". Another script does not: "zh-TW" is written in
    traditional characters, so that a model of "zh" neither knows nor writes them.

    Args:
        code: A code in any case, with - or _, as a locale ("de_DE.UTF-8") or in ISO 639-2 ("deu"), or one of
            LibreTranslate's own ("zt", "pb").
        served: The codes of the languages that are served.
    """
    code = _LIBRETRANSLATE.get(code.lower(), code)
    known = {_comparable(each): each for each in served}
    if _comparable(code) in known:
        return known[_comparable(code)]
    wanted = _full_locale(code)
    if wanted is None:
        return None
    locales = {each: _full_locale(each) for each in known.values()}
    language_and_script = [each for each, full in locales.items() if full and full[:2] == wanted[:2]]
    # Of "pt" and "pt-BR" the one of the same region comes first, then the one without a region.
    same_region = (each for each in language_and_script if locales[each] == wanted)
    return next(same_region, min(language_and_script, key=len, default=None))


def code_with_script(code: str) -> str | None:
    """Return a code with its script where CLDR names that combination ("zh": "zh-Hans"), otherwise None."""
    from babel import Locale

    full = _full_locale(code)
    if full is None or code != full[0]:
        return None
    return f"{code}-{full[1]}" if f"{code}_{full[1]}" in Locale("en").languages else None


def base_language(code: str) -> str:
    """Return the language of a code without script, region and encoding: "zh" of "zh_Hans" and "zh-CN"."""
    return re.split(r"[-_.@]", code, maxsplit=1)[0].lower()


def _comparable(code: str) -> str:
    return code.replace("_", "-").lower()


@lru_cache(maxsize=1024)
def _full_locale(code: str) -> tuple[str, str, str] | None:
    """Return language, script and region of a code, the likely ones where it has none; None if not known."""
    from babel.core import get_global, parse_locale

    if len(code) > LONGEST_CODE:
        return None
    try:
        language, region, script, _, *modifier = parse_locale(code.replace("_", "-"), sep="-")
    except ValueError:
        return None
    language = get_global("language_aliases").get(language, language)
    script = script or _MODIFIERS.get((modifier[0] if modifier else None) or "")
    likely = get_global("likely_subtags")
    # CLDR's order (UTS 35, Likely Subtags): the most specific entry decides.
    keys = (f"{language}_{script}_{region}", f"{language}_{region}", f"{language}_{script}", language)
    entry = next((likely[key] for key in keys if key in likely), None)
    if entry is None:
        return None
    _, likely_script, likely_region = entry.split("_")
    return language, script or likely_script, region or likely_region
