"""Plural forms of a language by Babel: CLDR's categories, and the rule of gettext's catalogs."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.messages.plurals import get_plural

CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # CLDR's order


@lru_cache(maxsize=256)
def plural_categories(language: str | None) -> tuple[str, ...]:
    """Return the categories of a language, in CLDR's order; one and other for one that is not known."""
    locale = _locale(language)
    if locale is None:
        return ("one", "other")
    tags = {*locale.plural_form.tags, "other"}
    return tuple(category for category in CATEGORIES if category in tags)


def singular_category(language: str | None) -> str:
    """Return the category of the number 1."""
    locale = _locale(language)
    return locale.plural_form(1) if locale else "one"


@lru_cache(maxsize=256)
def ordinal_categories(language: str | None) -> tuple[str, ...]:
    """Return the categories of a language's ordinal numbers (1st, 2nd), in CLDR's order."""
    locale = _locale(language)
    tags = {*locale.ordinal_form.tags, "other"} if locale else {"other"}
    return tuple(category for category in CATEGORIES if category in tags)


@lru_cache(maxsize=256)
def integer_categories(language: str | None) -> tuple[str, ...]:
    """Return the categories that whole numbers of a language have, in CLDR's order."""
    locale = _locale(language)
    tags = {locale.plural_form(number) for number in range(200)} if locale else {"one", "other"}
    return tuple(category for category in CATEGORIES if category in tags)


@lru_cache(maxsize=256)
def singular_form(categories: tuple[str, ...], language: str | None, ordinal: bool = False) -> int | None:
    """Return the number of the form among `categories` that serves the number 1; None if it serves all."""
    locale = _locale(language)
    rule = locale.ordinal_form if locale and ordinal else None
    category = rule(1) if rule else singular_category(language)
    return categories.index(category) if category != "other" and category in categories else None


def gettext_plurals(language: str | None) -> tuple[int, str]:
    """Return the number of forms and the C expression of a language; English's for one that is not known."""
    locale = _locale(language)
    if locale is None:
        return 2, "(n != 1)"
    rule = get_plural(locale)
    if "1000000" in rule.plural_expr:  # CLDR's form for millions, in French or Spanish; gettext has none
        return 2, "(n > 1)" if "n == 0" in rule.plural_expr else "(n != 1)"
    return rule.num_plurals, rule.plural_expr


def _locale(language: str | None) -> Locale | None:
    if not language:
        return None
    try:
        return Locale.parse(language.replace("-", "_").split("@")[0].split(".")[0])
    except (UnknownLocaleError, ValueError):
        return None
