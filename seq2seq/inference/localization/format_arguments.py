"""Arguments of format strings: `%s`, `%1$d`, `{name}`, `%1`, `$HOME`, tags and entities.

The flags of a catalog's entry say which syntaxes are placeholders: `c-format`, `python-brace-format`,
`qt-format` and so on, as gettext names them. Without a flag each syntax counts where it cannot be prose.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

_C_TAIL = r"(?:\d+|\*(?:\d+\$)?)?(?:\.(?:\d+|\*(?:\d+\$)?)?)?(?:hh|h|ll|l|q|j|z|t|L|I64|I32|I)?"
_C_END = r"(?:[diouxXeEfFgGaAcspn@mCS]|<[A-Z]\w{0,20}>)"
_BRACES = r"\{[^{}\n]{0,200}\}"
_NAMED = r"%\([^()\n]{1,100}\)"

# As the flag promises: all that the syntax has. `%%`, `{{` and `}}` are literal and skipped.
_SYNTAX = {
    "c": rf"%%|%(?:\d+\$)?[-+ #0'I]*{_C_TAIL}{_C_END}",
    "python": rf"%%|(?:{_NAMED}|%)[-+ #0]*{_C_TAIL}[diouxXeEfFgGcrsa]",
    "brace": rf"\{{\{{|\}}\}}|{_BRACES}",
    "qt": r"%L?\d{1,2}|%Ln|%n",
    "shell": r"\$\{\w+\}|\$[A-Za-z_]\w*",
    "ruby": r"%%|%<\w+>[-+ #0]*[\d.]*[a-zA-Z]|%\{\w+\}|%[-+ #0]*[\d.]*[diouxXeEfFgGcsp]",
}
# Without a flag: what prose does not have. "50% of", "100%d" and "{ a }" are prose.
_LIKELY = (
    r"(?<![\w%])%[A-Za-z_][\w.-]{1,40}%(?![\w%])|"  # Symfony's and Drupal's names
    r"\$t\([^()\n]{1,200}\)|"  # another key of i18next
    r"\{\s{0,3}(?:[$-][A-Za-z][\w.-]{0,100}|[A-Z][A-Z_]{2,40}\([^(){}\n]{0,200}\))\s{0,3}\}|"  # Fluent's
    rf"%%|(?<![\w%])%(?:\d+\$)?[-+#0']{{0,3}}{_C_TAIL}[diouxXeEfFgGaAcspn@](?![^\W\d_])|"
    rf"(?<!\d)%(?:\d+\$)?(?:\.\d+)?[sd]|{_NAMED}[-+#0]*[\d.]*[a-zA-Z]|"
    r"(?<![\w%])%L?\d{1,2}(?![\w%])|(?<![\w%])%Ln(?!\w)|(?<![\w%])%[A-Z][A-Z0-9_]+%?|%\{\w+\}|%<\w+>[a-z]|"
    r"\$?\{\{?[\w.:!,%-]{0,100}\}?\}|\$\[\w+\]|(?<!\w)\$[A-Za-z_]{2}\w*|\[X\d+X\]"
)
_MARKUP = r"</?[A-Za-z][\w:.-]*(?:\s[^<>\n]{0,300})?/?>|&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z]\w{0,30});"

_BY_FLAG = {
    "c-format": "c",
    "objc-format": "c",
    "c++-format": "brace",
    "gcc-internal-format": "c",
    "php-format": "c",
    "lua-format": "c",
    "awk-format": "c",
    "perl-format": "c",
    "pascal-format": "c",
    "object-pascal-format": "c",
    "python-format": "python",
    "python-brace-format": "brace",
    "perl-brace-format": "brace",
    "java-format": "brace",
    "csharp-format": "brace",
    "rust-format": "brace",
    "javascript-format": "c",
    "java-printf-format": "c",
    "go-format": "c",
    "qt-format": "qt",
    "qt-plural-format": "qt",
    "kde-format": "qt",
    "kde-kuit-format": "qt",
    "boost-format": "c",
    "sh-format": "shell",
    "ruby-format": "ruby",
    "ycp-format": "qt",
}
_LITERAL = frozenset({"%%", "{{", "}}"})
# Unnumbered arguments are taken in the order of the text: %s, %d, {}.
_UNNUMBERED = re.compile(
    r"%(?![({]|<[a-z]|L?\d{1,2}\Z|L?n\Z|\d+\$|[A-Z][A-Z0-9_]).*|\{(?:[:!][^{}]*)?\}", re.DOTALL
)


class FormatArgument(NamedTuple):
    """A placeholder, characters [start, end) of a text.

    `is_positional`: it is known by its place among the others, so that their order must not change.
    """

    start: int
    end: int
    text: str
    is_positional: bool


def format_arguments(text: str, flags: Collection[str] = ()) -> list[FormatArgument]:
    """Return the placeholders of a string in order, tags and entities among them."""
    return list(_arguments(text, _pattern(frozenset(flags))))


def has_format_flag(flags: Collection[str]) -> bool:
    """Return whether flags name the syntax of the placeholders."""
    return any(flag in _BY_FLAG for flag in flags)


def _arguments(text: str, pattern: re.Pattern[str]) -> Iterator[FormatArgument]:
    for found in pattern.finditer(text):
        if found[0] not in _LITERAL:
            is_markup = found[0][0] in "<&"
            positional = not is_markup and _UNNUMBERED.fullmatch(found[0]) is not None
            yield FormatArgument(*found.span(), found[0], positional)


def _pattern(flags: frozenset[str]) -> re.Pattern[str]:
    known = _PATTERNS.get(flags)
    if known is None:
        if len(_PATTERNS) > 256:  # files may hold any flags
            _PATTERNS.clear()
        syntaxes = sorted({_BY_FLAG[flag] for flag in flags if flag in _BY_FLAG})
        parts = [_SYNTAX[syntax] for syntax in syntaxes] or [_LIKELY]
        known = _PATTERNS[flags] = re.compile("|".join([*parts, _MARKUP]))
    return known


_PATTERNS: dict[frozenset[str], re.Pattern[str]] = {}
