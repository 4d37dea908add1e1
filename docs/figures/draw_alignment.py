"""Drawing of a word alignment, as SVG on standard output.

    python docs/figures/draw_alignment.py "Two dogs play in the snow." > alignment.svg
    python docs/figures/draw_alignment.py --drawing matrix "Two dogs play in the snow." > alignment.svg

Ribbons join the words of the text, above, with those of its translation, below; each is as wide as the weight
that the model's alignment head gave. The matrix has the words of the text across, those of the translation
down, and darker cells for more weight.
"""

import argparse
import sys

from seq2seq import Translator
from seq2seq.alignment.svg import draw_matrix, draw_ribbons


def main() -> None:
    """Translate the text and draw its word alignment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text")
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    parser.add_argument("--drawing", choices=["ribbons", "matrix"], default="ribbons")
    arguments = parser.parse_args()
    alignment = Translator.from_pretrained(arguments.model).translate(arguments.text).alignment
    grid = alignment.matrix("words")
    sources = [alignment.source[start:end] for start, end in grid.source_spans]
    targets = [alignment.target[start:end] for start, end in grid.target_spans]
    draw = draw_ribbons if arguments.drawing == "ribbons" else draw_matrix
    sys.stdout.write(draw(sources, targets, grid.weights.tolist()))


if __name__ == "__main__":
    main()
