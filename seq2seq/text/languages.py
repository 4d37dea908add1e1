"""Names of languages from Unicode's CLDR, which Babel ships.

language_name("de")              German
language_name("zh-Hant", "de")   Chinesisch (traditionell)
native_name("pt-BR")             Português (Brasil)
"""

from functools import lru_cache


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
