"""Draws which word came from which, as an SVG picture on standard output.

    python docs/draw_alignment.py "Two dogs play in the snow." > alignment.svg

Words of the text stand across, words of its translation down; the darker a cell, the more weight the
model's alignment head gave it.
"""

import argparse
import sys

from seq2seq import Alignment, Translator
from seq2seq.figure import draw_matrix


def draw(alignment: Alignment) -> str:
    """The alignment of words as one SVG element."""
    grid = alignment.matrix("words")
    sources = [alignment.source[start:end] for start, end in grid.source_spans]
    targets = [alignment.target[start:end] for start, end in grid.target_spans]
    return draw_matrix(sources, targets, grid.weights.tolist())


def main() -> None:
    """Translate the text given and draw what its words were made from."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text")
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    arguments = parser.parse_args()
    translation = Translator.from_pretrained(arguments.model).translate(arguments.text)
    sys.stdout.write(draw(translation.alignment) + "\n")


if __name__ == "__main__":
    main()
