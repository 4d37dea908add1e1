"""ICU's message format: choices by plural category, gender and the like, and its quotes.

    {count, plural, =0{No files} one{# file} other{# files}}

Arguments without branches (`{name}`, `{n, number}`) stay inside the texts.
"""

import re

from seq2seq.documents.catalogs.choices import Choice, ChoiceBranch, Pattern

DEEPEST_MESSAGE = 12  # choices inside choices
_HEAD = re.compile(r"\{\s*[^\s{},']+\s*,\s*(plural|selectordinal|select)\s*,(?:\s*offset\s*:\s*\d+)?")
_LEAD = re.compile(r"\s*(=\d+|[^\s{}=,]+)\s*\{")
_TAIL = re.compile(r"\s*\}")
_TEXT = re.compile(r"[^{}']++")
_QUOTED = re.compile(r"'(?:[^']|'')*+'")
CHOICE = re.compile(r"\{\s*[^\s{},']+\s*,\s*(?:plural|selectordinal|select)\s*,")


def read_icu(message: str) -> Pattern:
    """Return the texts and choices of a message.

    Raises:
        ValueError: braces are not balanced, or a choice has no branch `other`.
    """
    reader = _IcuReader(message)
    pattern = reader.pattern(0)
    if reader.position < len(message):
        raise ValueError(
            f"'}}' at character {reader.position + 1} closes nothing; remove it or open it before"
        )
    return pattern


def quote_icu(text: str, choice: Choice) -> str:
    """Return a text as it is written inside a choice: there a # is the number, so that it is quoted."""
    return text if choice.kind == "select" else re.sub(r"'#'|#", "'#'", text)


def rekey_icu(lead: str, old: str, new: str) -> str:
    """Return what is written before a branch, for another category."""
    return re.sub(rf"{re.escape(old)}(?=\s*\{{$)", new, lead)


def unescape_icu(text: str) -> str:
    """Return a text without doubled apostrophes; quoted braces stay as they are written."""
    return text.replace("''", "'") if _doubles(text) else text


def escape_icu(text: str, source: str, in_branch: bool) -> str:
    """Return a translation as a message writes it: an apostrophe must not quote the brace behind it.

    Apostrophes are doubled where the source, as written, doubles them. Elsewhere one before a brace becomes
    ’, since not every reader of such files heeds a doubled one.
    """
    if _doubles(source):
        return text.replace("'", "''")
    if re.search(r"'[{}#]", source):
        return text
    return re.sub(r"'(?=[{}#]|\Z)" if in_branch else r"'(?=[{}])", "’", text)


def _doubles(source: str) -> bool:
    return "''" in source and not re.search(r"(?<!')'[{}#]", source)


class _IcuReader:
    """A message and the position in it."""

    def __init__(self, message: str) -> None:
        self._message = message
        self.position = 0

    def pattern(self, depth: int) -> Pattern:
        """Read texts and choices up to a closing brace or the end."""
        if depth > DEEPEST_MESSAGE:
            raise ValueError(f"has more than {DEEPEST_MESSAGE} choices inside each other; use fewer")
        parts: Pattern = []
        begin = self.position
        while self.position < len(self._message) and self._message[self.position] != "}":
            match = _HEAD.match(self._message, self.position)
            if match is None:
                self._pass_text()
                continue
            if begin < self.position:
                parts.append(self._message[begin : self.position])
            parts.append(self._choice(match, depth))
            begin = self.position
        rest = self._message[begin : self.position]
        return [*parts, rest] if rest or not parts else parts

    def _choice(self, head: re.Match[str], depth: int) -> Choice:
        self.position = head.end()
        branches = []
        while match := _LEAD.match(self._message, self.position):
            self.position = match.end()
            pattern = self.pattern(depth + 1)
            self._close()
            branches.append(ChoiceBranch(match[0], match[1], pattern, "}"))
        tail = _TAIL.match(self._message, self.position)
        if not tail:
            raise ValueError(f"the choice {head[0]!r} is not closed; add '}}'")
        self.position = tail.end()
        if "other" not in [branch.key for branch in branches]:
            raise ValueError(f"the choice {head[0]!r} has no branch 'other'; add it")
        kind = {"plural": "plural", "selectordinal": "ordinal", "select": "select"}[head[1]]
        return Choice(head[0], kind, branches, tail[0])  # type: ignore[arg-type]

    def _pass_text(self) -> None:
        """Pass plain text, a quoted piece, or an argument with all that is inside."""
        if match := _TEXT.match(self._message, self.position):
            self.position = match.end()
        elif self._message[self.position] == "'":
            self._apostrophe()
        else:
            self._argument()

    def _apostrophe(self) -> None:
        """Pass an apostrophe; one before a brace or # begins a quoted piece, which ends at the next."""
        following = self._message[self.position + 1 : self.position + 2]
        quoted = _QUOTED.match(self._message, self.position) if following and following in "{}#" else None
        if quoted:
            self.position = quoted.end()
        else:
            self.position += 2 if following == "'" else 1

    def _argument(self) -> None:
        depth = 0
        for match in re.compile(r"[{}]").finditer(self._message, self.position):
            depth += 1 if match[0] == "{" else -1
            if depth == 0:
                self.position = match.end()
                return
        raise ValueError(f"'{{' at character {self.position + 1} is not closed; add '}}'")

    def _close(self) -> None:
        if not self._message.startswith("}", self.position):
            raise ValueError("a branch is not closed; add '}'")
        self.position += 1
