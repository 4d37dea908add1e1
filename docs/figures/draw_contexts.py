"""Drawing of one word in two contexts: the distance between its two senses, layer by layer.

    python docs/figures/draw_contexts.py > docs/figures/contexts.svg
    python docs/figures/draw_contexts.py --table
    python docs/figures/draw_contexts.py --uses MINE.tsv --model MODEL > contexts.svg

For each word, the mean distance between its movements in different senses and in the same one; where
attention tells the senses apart, the first line rises above the second. `contexts.py` has the measures.
"""

import argparse
import sys
from pathlib import Path

from contexts import Use, movement, read_uses
from line_chart import Line, Panel, draw

from seq2seq import Translator

USES = Path(__file__).with_name("contexts.tsv")


def figure(translator: Translator, uses: dict[str, list[Use]]) -> str:
    """Return the drawing, a panel per word."""
    panels = []
    for word, found in uses.items():
        moved = movement(translator, found)
        senses = list(dict.fromkeys(use.sense for use in found))
        lines = [
            Line(name, list(enumerate(values, 1)), colour=colour)
            for name, values, colour in (
                ("other sense", moved.apart, 1),
                ("same sense", moved.together, 0),
            )
        ]
        title = f"{word}: {' and '.join(senses)}"
        panels.append(Panel(title, "layer", lines, x_log=False, y_range=(0, 0.4), width=200.0, height=180.0))
    return draw(panels, "Distance between uses of one word in two senses, layer by layer", columns=2)


def table(translator: Translator, uses: dict[str, list[Use]]) -> str:
    """Return a line per word and layer."""
    lines = ["word    layer  other sense  same sense  nearest use has the same sense"]
    for word, found in uses.items():
        moved = movement(translator, found)
        for layer, (apart, together, nearest) in enumerate(zip(*moved, strict=True), 1):
            lines.append(f"{word:8} {layer:4}  {apart:11.2f}  {together:10.2f}  {nearest:.2f}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, or print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uses", type=Path, default=USES, help="lines: word, tab, sense, tab, sentence")
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    parser.add_argument("--table", action="store_true", help="print figures instead")
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model, device="cpu")
    show = table if arguments.table else figure
    sys.stdout.write(show(translator, read_uses(arguments.uses)))


if __name__ == "__main__":
    main()
