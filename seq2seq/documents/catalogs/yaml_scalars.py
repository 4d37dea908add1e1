"""YAML's scalars: which plain ones are texts, and how a text is written in each style."""

import re
from typing import Literal

ScalarStyle = Literal["plain", "single", "double", "literal", "folded"]

_NULL = re.compile(r"~|null|Null|NULL|")
_NO_TEXT = re.compile(
    r"""true|True|TRUE|false|False|FALSE
      | [-+]?(?:0b[01_]+|0o?[0-7_]+|0x[\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|\.\d[\d_]*)
      | [-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)? | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
      | \d{4}-\d\d?-\d\d?(?:[Tt\ ].*)?""",
    re.VERBOSE,
)
_RUBY_WORDS = re.compile(r"(?:yes|no|on|off|Yes|No|On|Off|YES|NO|ON|OFF)")
_RESERVED = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)", re.IGNORECASE)
_PLAIN = re.compile(r"[^\W\d_](?:[^\n\r:#]|:(?=\S)|(?<=\S)\#)*+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def is_null(raw: str) -> bool:
    """Return whether a plain scalar is null."""
    return bool(_NULL.fullmatch(raw))


def is_text_plain(raw: str, is_ruby: bool) -> bool:
    """Return whether a plain scalar is a text, and no number, date or boolean; for Ruby `no` is one."""
    return not (_NO_TEXT.fullmatch(raw) or (is_ruby and _RUBY_WORDS.fullmatch(raw)))


def scalar(text: str, style: str, indent: str, newline: str, in_flow: bool) -> str:
    """Return a text as a scalar.

    Args:
        text: the text.
        style: the style that is wanted; another is taken if it cannot hold the text.
        indent: the blanks before the lines of a block.
        newline: the line end.
        in_flow: whether it stands in braces or brackets.
    """
    if _UNPRINTABLE.search(text):
        return _double(text)
    if style in ("literal", "folded") and _fits_block(text):
        return _block(text, style, indent, newline)
    if "\n" in text or style in ("double", "literal", "folded"):
        return _double(text)
    return text if style == "plain" and _is_plain(text, in_flow) else _single(text)


def key_scalar(key: str) -> str:
    """Return a key as a scalar, quoted where it must be."""
    is_name = re.fullmatch(r"[A-Za-z_][\w.-]*", key) and not _RESERVED.fullmatch(key)
    return key if is_name else scalar(key, "plain", "", "\n", True)


def _is_plain(text: str, in_flow: bool) -> bool:
    if not _PLAIN.fullmatch(text) or text.endswith((" ", "\t", ":")) or _RESERVED.fullmatch(text):
        return False
    return not (in_flow and re.search(r"[,\[\]{}:]", text))


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    def escape(match: re.Match[str]) -> str:
        sign = match[0]
        return _ESCAPES.get(sign) or (f"\\x{ord(sign):02x}" if ord(sign) < 256 else f"\\u{ord(sign):04x}")

    escaped = re.sub(r'[\\"\n\t]', escape, text)
    return '"' + _UNPRINTABLE.sub(escape, escaped) + '"'


def _fits_block(text: str) -> bool:
    """Return whether a text can be a block: no line begins with a blank, and it has more than line ends."""
    return bool(text.strip()) and not re.search(r"(?m)^[ \t]|[ \t]$", text) and not text.startswith("\n")


def _block(text: str, style: str, indent: str, newline: str) -> str:
    content = text.rstrip("\n")
    ends = len(text) - len(content)
    header = ("|" if style == "literal" else ">") + ("-" if ends == 0 else "" if ends == 1 else "+")
    if style == "folded":
        content = re.sub(r"\n+", lambda match: match[0] + "\n", content)
    lines = [f"{indent}{line}" if line else "" for line in content.split("\n")]
    return newline.join([header, *lines, *[""] * max(ends - 1, 0)])
