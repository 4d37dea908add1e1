r"""Blocks of Markdown beyond CommonMark: formulas, templates' code, callouts, definitions.

$$ ... $$   \[ ... \]   \begin{x} ... \end{x}       kept as a whole
{% highlight x %} ... {% endhighlight %}            kept, as are raw, verbatim, mermaid
!!! note "Title"   ??? tip   === "Tab"              a title, and a body that is indented by four blanks
> [!NOTE] Title   ::: warning Title                 a mark and a title, then the body's paragraphs
: a definition   [^1]: a note   *[AB]: an abbreviation        a mark, then text
"""

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

NOTE = re.compile(r"\[\^[^\]\s]+\]:[ \t]*")
_FORMULA_STARTS = ((r"$$", r"$$"), ("\\[", "\\]"), ("\\begin{", "\\end{"))
_CODE_TAG = re.compile(
    r"(\{\{[<%]|\{%-?)\s*(raw|verbatim|highlight|code|codeblock|code-block|mermaid|math|katex|comment)\b"
)
_ADMONITION = re.compile(r'(?:!!!|\?\?\?\+?)(?=[ \t]+[\w"])|===[!+]?(?=[ \t]+")')
_INDENT = 4  # blanks before the body of an admonition
_TEXT_MARK = re.compile(rf"{NOTE.pattern}|[:~][ \t]+|\*\[[^\]\n]+\]:[ \t]*")
_TITLE_MARK = re.compile(
    r"""\[![\w|-]+\][+-]?[ \t]*(?P<alert>.*)
      | :{3,}[ \t]*(?:\{[^}\n]*\}|[\w-]*)(?:\[(?P<bracketed>[^\]\n]*)\])?(?:\{[^}\n]*\})?[ \t]*
        (?P<container>.*)
      | (?:!!!|\?\?\?\+?|===[!+]?)[ \t]+[^"\n]*(?:"(?P<quoted>[^"\n]*)".*)?""",
    re.VERBOSE,
)


class LineMark(NamedTuple):
    """The text of a line after its mark, as a span; whether the line is a title, apart from the next."""

    start: int
    end: int
    is_title: bool


def split_mark(text: str, start: int, end: int) -> LineMark | None:
    """Return the text of the line from `start` to `end` if it begins with a mark, else None."""
    if match := _TEXT_MARK.match(text, start, end):
        return LineMark(match.end(), end, False)
    match = _TITLE_MARK.match(text, start, end)
    if not match:
        return None
    group = next((group for group, value in match.groupdict().items() if value), None)
    return LineMark(*(match.span(group) if group else (end, end)), True)


def add_rules(parser: MarkdownIt) -> None:
    """Add the rules of these blocks to a parser."""
    interrupts = {"alt": ["paragraph", "blockquote", "list"]}
    for name, rule in (("formula", _formula), ("template_code", _template_code), ("admonition", _admonition)):
        parser.block.ruler.before("fence", name, rule, interrupts)  # type: ignore[arg-type]


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a formula of several lines."""
    if state.is_code_block(start):
        return False
    line = _line(state, start).rstrip()
    for opening, closing in _FORMULA_STARTS:
        if line.startswith(opening):
            if closing in line[len(opening) :]:
                return False  # all on one line, which is inline syntax
            return _keep(state, start, end, silent, re.compile(rf"\s*.*{re.escape(closing)}"))
    return False


def _template_code(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse the code between two tags of a template."""
    match = None if state.is_code_block(start) else _CODE_TAG.match(_line(state, start))
    if not match:
        return False
    ending = rf"end{match[2]}\b" if match[1].startswith("{%") else rf"/\s*{match[2]}\b"
    if re.search(ending, _line(state, start)[match.end() :]):
        return False
    return _keep(state, start, end, silent, re.compile(rf".*(?:{re.escape(match[1][:2])}.?-?\s*){ending}"))


def _keep(state: StateBlock, start: int, end: int, silent: bool, closing: re.Pattern[str]) -> bool:
    """Parse the lines up to one that matches `closing` as one block without text."""
    # A search that failed would fail again from any later line: without this, time is quadratic.
    failed = state.env.setdefault("unclosed", set())
    if (closing.pattern, end) in failed:
        return False
    for number in range(start + 1, end):
        is_outside = state.sCount[number] < state.blkIndent and not state.isEmpty(number)
        if is_outside:
            return False
        if closing.match(_line(state, number)):
            if not silent:
                state.push("kept", "", 0).map = [start, number + 1]
                state.line = number + 1
            return True
    failed.add((closing.pattern, end))
    return False


def _admonition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a title and the indented body below it."""
    if state.is_code_block(start) or not _ADMONITION.match(_line(state, start)):
        return False
    if silent:
        return True
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = _line(state, start).strip(), [start, start + 1], []
    after = start + 1
    while after < end and (state.isEmpty(after) or state.sCount[after] >= state.blkIndent + _INDENT):
        after += 1
    indent, last, parent = state.blkIndent, state.lineMax, state.parentType
    state.blkIndent, state.lineMax, state.parentType = indent + _INDENT, after, "admonition"
    state.level += 1
    state.md.block.tokenize(state, start + 1, after)
    state.level -= 1
    state.blkIndent, state.lineMax, state.parentType = indent, last, parent
    state.line = after
    return True
