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


def gettext_plurals(language: str | None) -> tuple[int, str]:
    """Return the number of forms and the C expression of a language; English's for one that is not known."""
    locale = _locale(language)
    if locale is None:
        return 2, "(n != 1)"
    rule = get_plural(locale)
    return rule.num_plurals, rule.plural_expr


def _locale(language: str | None) -> Locale | None:
    if not language:
        return None
    try:
        return Locale.parse(language.replace("-", "_").split("@")[0].split(".")[0])
    except (UnknownLocaleError, ValueError):
        return None
