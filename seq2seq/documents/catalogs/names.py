"""Names of translated catalogs: where each format's tools look for the file of a language.

app.pot                          de.po
res/values/strings.xml           res/values-de/strings.xml
Strings.resx                     Strings.de.resx

"""

import re
from pathlib import PurePath

_LOCALE = r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*"


def localized_name(path: str, language: str) -> str:
    """Return the path of the file that holds the translation of a catalog into a language.

    A bilingual file keeps its path: it holds its translation itself. A template gets the language's name.
    """
    pure = PurePath(path)
    match pure.suffix.lower():
        case ".pot":
            return str(pure.with_name(f"{language.replace('-', '_')}.po"))
        case ".xml":
            return _android_path(pure, language)
        case ".resx" | ".resw":
            stem = re.sub(rf"\.{_LOCALE}$", "", pure.stem)
            return str(pure.with_name(f"{stem}.{language.replace('_', '-')}{pure.suffix}"))
        case _:
            return path


def _android_path(path: PurePath, language: str) -> str:
    """Return values-de/strings.xml for values/strings.xml; other qualifiers stay behind the language."""
    parts = path.parent.name.split("-")
    if parts[0] != "values":
        return str(path.with_name(f"{path.stem}.{language}{path.suffix}"))
    folder = "-".join(["values", _android_qualifier(language), *parts[1:]])
    return str(path.parent.with_name(folder) / path.name)


def _android_qualifier(language: str) -> str:
    """Return a language as a folder's name has it: de, pt-rBR, b+zh+Hans."""
    subtags = language.replace("_", "-").split("-")
    if len(subtags) == 1:
        return subtags[0]
    if len(subtags) == 2 and re.fullmatch("[A-Za-z]{2}", subtags[1]):
        return f"{subtags[0]}-r{subtags[1].upper()}"
    return "b+" + "+".join(subtags)
