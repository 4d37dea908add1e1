"""Word documents (docx, docm): paragraphs are units, and the formats of their runs move with the words.

Body, tables, text boxes, headers, footers, footnotes, endnotes, comments, chart titles and the title among
the document's properties are translated; all other parts of the file, macros among them, and what is not
text, are kept byte for byte. Links and insertions are inline tags. Tracked deletions and formulas are not
translated.
"""

from collections.abc import Callable
from functools import partial

from seq2seq.documents.office import Dialect, read_package, read_runs
from seq2seq.documents.slides import DRAWING, DRAWN_PARTS
from seq2seq.documents.template import Template

WORD = Dialect(
    namespace="wordprocessingml/(?:2006/)?main",
    wrappers=frozenset({"hyperlink", "ins", "moveTo", "smartTag", "bdo", "dir"}),
    starts=frozenset({"bookmarkStart", "commentRangeStart", "moveToRangeStart"}),
    ends=frozenset({"bookmarkEnd", "commentRangeEnd", "moveToRangeEnd"}),
    breaks=frozenset({"tab", "br", "cr", "ptab", "fldChar", "instrText", "pgNum"}),
    untouched=frozenset({"del", "moveFrom", "m:oMath", "m:oMathPara"}),
    dropped=frozenset({"proofErr", "lastRenderedPageBreak", "softHyphen"}),
    space=' xml:space="preserve"',
)
_MAIN = r"\.(?:wordprocessingml\.document|ms-word\.document\.macroEnabled)\.main\+xml"
_OTHERS = r"\.wordprocessingml\.(?:header|footer|footnotes|endnotes|comments)\+xml"


def read_word(content: bytes, name: str) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read a Word document: a template for each part with text, and a function from their texts to bytes.

    Raises:
        ValueError: the bytes are not a Word document.
    """
    readers = [(f"{_MAIN}|{_OTHERS}", partial(read_runs, WORD)), (DRAWN_PARTS, partial(read_runs, DRAWING))]
    return read_package(content, name, "Word document; save it as .docx", _MAIN, readers)
