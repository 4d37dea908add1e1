"""Draws which word came from which, as an SVG picture on standard output.

    python docs/draw_alignment.py "Two dogs play in the snow." > alignment.svg

Source words stand across, words of the translation down; the darker a cell, the more weight the
model's alignment head gave it. A dot marks each link that `seq2seq align` would print.
"""

import argparse
import sys
from html import escape

from seq2seq import Translator
from seq2seq.alignment import Alignment

CELL = 34  # pixels a cell is wide and high
LETTER = 8.5  # pixels to allow for a letter of a label


def draw(alignment: Alignment) -> str:
    """The alignment as one SVG element, links marked."""
    grid = alignment.matrix("words")
    sources = [alignment.source[start:end] for start, end in grid.source_spans]
    targets = [alignment.target[start:end] for start, end in grid.target_spans]
    left = 20 + LETTER * max(map(len, targets), default=0)
    top = 20 + 0.8 * LETTER * max(map(len, sources), default=0)
    width, height = left + CELL * len(sources) + 0.8 * top, top + CELL * len(targets) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="sans-serif" font-size="15">',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for column, word in enumerate(sources):
        x, y = left + CELL * (column + 0.6), top - 8
        lines.append(f'<text transform="translate({x:.0f} {y:.0f}) rotate(-45)">{escape(word)}</text>')
    for row, word in enumerate(targets):
        x, y = left - 8, top + CELL * (row + 0.65)
        lines.append(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="end">{escape(word)}</text>')
    lines += cells(grid.weights.tolist(), set(alignment.links("words")), left, top)
    return "\n".join([*lines, "</svg>"])


def cells(weights: list[list[float]], links: set[tuple[int, int]], left: float, top: float) -> list[str]:
    """A square a pair of words, its blue as deep as the weight, and a dot where they are linked."""
    lines = []
    for row, values in enumerate(weights):
        for column, weight in enumerate(values):
            x, y = left + CELL * column, top + CELL * row
            lines.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL}" height="{CELL}" stroke="#d0d0d0" '
                f'fill="#1f5fa8" fill-opacity="{weight:.3f}"><title>{weight:.2f}</title></rect>'
            )
            if (column, row) in links:
                x, y = x + CELL / 2, y + CELL / 2
                lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#ffffff" stroke="#1f5fa8"/>')
    return lines


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
