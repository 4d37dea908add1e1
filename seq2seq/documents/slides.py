"""Presentations (pptx, pptm): paragraphs of slides, tables, notes, drawings, charts and comments are units.

The title among the document's properties and the alternative texts of pictures are translated. Layouts and
masters are kept: their texts ("Click to edit ...") are shown in no slide. So are the numbers of charts and
the tables inside them, which a spreadsheet in the archive holds as well.
"""

from collections.abc import Callable
from functools import partial

from seq2seq.documents.office import Dialect, read_package, read_runs
from seq2seq.documents.template import Template
from seq2seq.documents.xml_parts import read_elements

DRAWING = Dialect(namespace="drawingml/(?:2006/)?main", untouched=frozenset({"a14:m", "mc:AlternateContent"}))
DRAWN_PARTS = r"\.drawingml\.(?:chart|diagramData|diagramDrawing)\+xml"
_MAIN = r"\.(?:presentationml\.presentation|ms-powerpoint\.presentation\.macroEnabled)\.main\+xml"
_SLIDES = rf"\.presentationml\.(?:slide|notesSlide)\+xml|ms-powerpoint\.comments\+xml|{DRAWN_PARTS}"
_COMMENTS = r"\.presentationml\.comments\+xml"


def read_slides(content: bytes, name: str) -> tuple[list[Template], Callable[[list[str]], bytes]]:
    """Read a presentation: a template for each part with text, and a function from their texts to bytes.

    Raises:
        ValueError: the bytes are not a presentation.
    """
    readers = [
        (_SLIDES, partial(read_runs, DRAWING)),
        (_COMMENTS, partial(read_elements, names=frozenset({"p:text"}))),
    ]
    return read_package(content, name, "presentation; save it as .pptx", _MAIN, readers)
