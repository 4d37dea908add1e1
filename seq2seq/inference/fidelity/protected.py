"""Parts of a text that a translation copies: placeholders, markup, code, addresses and identifiers.

Every repetition is bounded or possessive (++): a pattern that is tried again from every character would take
the square of the length of a hostile text.
"""

import re
from collections.abc import Iterable, Iterator

from seq2seq.text.normalization import UNSPACED

Span = tuple[int, int]

_LETTER = rf"[^\W{UNSPACED}]"
_CLOSING = r".,;:!?\]}'’”»"  # an address does not end with these
_GROUP = rf"\([^\s<>\"(){UNSPACED}]*\)"
_CONVERSION = (
    r"(?:\(\w++\)|<\w++>|\d++\$)?+[-+#0 ']{0,3}+(?:\d++|\*)?+(?:\.(?:\d++|\*))?+(?:hh|h|ll|l|q|j|z|t|L)?+"
)
_SUFFIXES = (
    "com|org|net|edu|gov|info|io|dev|app|de|fr|cz|uk|eu|ch|at|cn|jp|nl|es|it|pl|ru|br|ca|au|me|tv|"
    "example|local"
)
_FILES = (
    "txt|md|rst|html?|css|jsx?|tsx?|json|ya?ml|toml|ini|cfg|conf|xml|csv|tsv|py|rb|rs|go|java|c|h|cpp|hpp|sh|bat|"
    "exe|dll|so|zip|gz|tar|7z|pdf|docx?|xlsx?|pptx?|od[tsp]|png|jpe?g|gif|svg|webp|mp[34]|wav|ogg|po|pot|mo|ts|log"
)

_PATTERNS = [
    # Addresses of the web, as far as a bracket or mark of the sentence, and of mail.
    rf"(?:[a-z][a-z0-9+.-]{{0,40}}+://|www\.)"
    rf"(?:{_GROUP}|(?!{_GROUP})[^\s<>\"{UNSPACED}])*(?:{_GROUP}|[^\s<>\"(){_CLOSING}{UNSPACED}])",
    rf"(?<!{_LETTER})(?<![.+-])(?:{_LETTER}|[.+-])++@(?:{_LETTER}|-)++(?:\.(?:{_LETTER}|-)++)++",
    rf"(?<![\w.@/-])(?:[a-z0-9](?:[a-z0-9-]{{0,62}})\.){{1,5}}(?:{_SUFFIXES})(?![\w-])(?:/[^\s<>\"'{UNSPACED}]*)?",
    # Markdown and code.
    r"!?\[[^\[\]\n]{0,200}\]\([^()\s]{1,500}\)",
    r"``[^`\n]{1,300}``|`[^`\n]{1,300}`",
    # Templates: {{ x }}, {x}, { x }, ${x}, #{x}, {% x %}, <%= x %>, $t(key), ICU arguments, Fluent's calls.
    r"\{\{\{?[^{}\n]{0,200}\}?\}\}|\{%[^{}\n]{0,200}%\}|<%[^<>\n]{0,200}%>|\$t?\([^()\n]{1,200}\)",
    r"[$#%]?\{[^{}\s]{0,200}\}|\{ ?\$[\w.-]{1,100} ?\}|\{ ?[\w.-]{1,100}(?:, ?[\w.,: -]{0,100})?\}|"
    r"\{ ?(?:[\w.-]{1,100}|\"[^\"{}\n]{0,100}\"|[A-Z][A-Z_]{1,40}\([^(){}\n]{0,200}\)) ?\}",
    # printf and its kin: also within a word for the commonest two, elsewhere apart. "5 % der" is prose.
    rf"(?<![\d%])(?!% )%{_CONVERSION}[sd]",
    rf"(?<![\w%])(?!% )%{_CONVERSION}[diouxXeEfFgGaAcpn@](?!\w)|(?<![\w%])(?<!\d )% [di](?!\w)",
    r"(?<![\w%])%L?\d{1,2}(?![\w%])|(?<![\w%])%Ln(?!\w)|(?<![\w%])%[A-Z][A-Z0-9_]++%?|"
    r"(?<![\w%])%[A-Za-z_][\w.-]{1,60}%(?![\w%])",
    # Stand-ins of translation platforms: [X0X], xx0xx, __count__, $Username, :name, &brand;
    r"\[X\d{1,4}X\]|⟦\d{1,3}⟧|(?<!\w)xx\d{1,4}xx(?!\w)|(?<!\w)__[A-Za-z]\w{0,60}?__(?!\w)",
    r"(?<![\w$])\$[A-Za-z_]\w{0,60}+",
    r"(?<![\w:/]):[a-z_][\w+-]{0,60}:(?!\w)|(?<![\w:/]):[a-z_]\w{0,60}+(?![\w:/])",
    r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][\w.-]{0,40});",
    # Tags and escapes written out.
    r"</?[a-z][\w:.-]{0,40}(?:\s[^<>\n]{0,300})?/?>",
    r"\\[ntrfv0\"'\\](?![A-Za-z]{2})|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}",
    # Mentions, tags, paths, identifiers, options, files, versions. "file(s)" is a word, not a call.
    r"(?<![\w@#/&])[@#][A-Za-z_][\w-]{0,60}+",
    r"(?<![\w/.])(?:~|\.{1,2})?/[\w.@+-]{1,100}(?:/[\w.@+*-]{0,100}){0,30}|(?<!\w)[A-Z]:\\[\w.\\-]{1,300}",
    r"(?<![\w-])--?[a-z][\w-]{0,40}(?:=[^\s]{1,100})?(?!\w)",
    r"(?<!\w)[A-Za-z]\w{0,60}?_\w{1,60}+|(?<!\w)[a-z]{1,40}[A-Z]\w{0,60}+",
    r"(?<!\w)[A-Za-z_][\w.]{0,60}\((?!(?:e?s|ies|e?n|e|x)\))[^()\s]{0,60}\)|(?<!\w)\w{1,60}=\w{1,60}+|(?<!\w)\w{1,40}::\w{1,60}+",
    rf"(?<![\w.])[\w*-]{{1,80}}\.(?:{_FILES})(?![\w.]*\w)",
    r"(?<![\w.])v?\d{1,5}(?:\.\d{1,5}){1,4}(?:\.x|-[a-z0-9.]{1,20}|[a-z]\d{0,3})(?!\w)",
    r"(?<![\w.])v\d{1,5}(?:\.\d{1,5}){0,4}(?!\w)",
]
# Identifiers and stand-ins mean their letters as they stand; addresses, tags and conversions either way.
_PROTECTED = [
    re.compile(pattern, re.IGNORECASE if index in (0, 1, 2, 13, 14) else 0)
    for index, pattern in enumerate(_PATTERNS)
]
# Without one of these a text has nothing to protect: most sentences are done after one look.
_HINT = re.compile(
    r"[@⟦#$%&\\/<>{}\[\]`_=:~]|--|\w\.\w|[a-z][A-Z]|\bxx\d|\bv\d|\w\(| -[a-z]|^-[a-z]", re.ASCII
)


def protected_spans(text: str) -> Iterator[Span]:
    """Yield the parts of a text that are copied, in no order; they may overlap."""
    if not _HINT.search(text):
        return
    for pattern in _PROTECTED:
        for found in pattern.finditer(text):
            if found.end() > found.start():
                yield found.span()


def merged_spans(text: str) -> list[Span]:
    """Return the parts of a text that are copied, in order; those that overlap or touch are one."""
    return merge_spans(sorted(protected_spans(text)))


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Merge sorted spans that overlap or touch, since adjacent placeholders could not be told apart."""
    merged: list[Span] = []
    for low, high in spans:
        if merged and low <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged
