"""Names of translated catalogs: where each format's tools look for the file of a language.

app.pot                          de.po
res/values/strings.xml           res/values-de/strings.xml
Strings.resx                     Strings.de.resx

"""

import re
from pathlib import PurePath

_LOCALE = r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*"
# Languages that programs are written in or translated to; other folders of two letters (js, ui) are none.
_CODES = """
    af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fil fr ga gl gu he hi hr hu hy id
    is it ja ka kk km kn ko ku ky lo lt lv mk ml mn mr ms my nb ne nl nn no or pa pl pt ro ru si sk
    sl sq sr sv sw ta te th tr uk ur uz vi zh zu
"""
_LANGUAGES = "|".join(_CODES.split())


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
        case ".strings" if pure.parent.suffix == ".lproj":
            return str(pure.parent.with_name(f"{language.replace('_', '-')}.lproj") / pure.name)
        case ".properties" | ".arb":
            stem = re.sub(rf"_(?={_LOCALE}\Z)(?:{_LANGUAGES})(?:_[A-Za-z0-9]+)*\Z", "", pure.stem)
            return str(pure.with_name(f"{stem}_{language.replace('-', '_')}{pure.suffix}"))
        case ".strings" | ".ftl" | ".json" | ".yml" | ".yaml":
            return _path_with_code(pure, language)
        case _:
            return path


def _path_with_code(path: PurePath, language: str) -> str:
    """Return a path with another language's code: the name, its end, or the nearest folder that is a code."""
    code = language.replace("_", "-")
    *stem, last = path.stem.split(".")
    if _is_code(last):
        return str(path.with_name(".".join([*stem, _as_written(code, last)]) + path.suffix))
    for place in range(len(path.parts) - 2, -1, -1):
        part = path.parts[place]
        if _is_code(part):
            # A browser's folders join the parts of a code by an underscore.
            written = _as_written(code, "_" if path.parts[place - 1] == "_locales" else part)
            return str(PurePath(*path.parts[:place], written, *path.parts[place + 1 :]))
    return str(path.with_name(f"{path.stem}.{code}{path.suffix}"))


def _is_code(part: str) -> bool:
    """Return whether a part of a path is the code of a language: en, en-US, zh_Hans."""
    return bool(re.fullmatch(rf"(?:{_LANGUAGES})(?:[_-][A-Z][A-Za-z]{{1,3}}|[_-]\d{{3}})*", part))


def _as_written(code: str, model: str) -> str:
    """Return a code with an underscore if the other has one."""
    return code.replace("-", "_") if "_" in model else code


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
