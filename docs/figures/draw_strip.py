"""Drawing of a strip of handwriting and, word by word, the columns it was read from.

    python examples/digits.py --look docs/figures/strip.json
    python docs/figures/draw_strip.py docs/figures/strip.json > docs/figures/strip.svg

A row is a word: darker for more of its cross-attention, framed where its digit stands. Last comes a question,
whose answer was read from the strip and from the question's own words, on the right.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from line_chart import COLOURS, LETTER, MARGIN, frame, words

PIXEL = 9.0
ROW, GAP = 24.0, 7.0
SHADES = 10


def figure(found: dict[str, Any]) -> str:
    """Return the drawing: the strip, a row per word, and a row for the answer to a question."""
    image, stride = found["image"], found["stride"]
    left, top = MARGIN + 70, MARGIN
    wide = len(image[0]) * PIXEL
    parts = [_shaded(image, left, top, PIXEL, PIXEL)]
    top += len(image) * PIXEL + 2 * GAP
    for row in found["words"]:
        parts += _row(row, left, top, stride)
        top += ROW + GAP
    asked = found["asked"]
    parts.append(words(" ".join(asked["question"]) + "?", MARGIN, top + 2 * GAP + 4))
    top += 3 * GAP
    parts += _row(asked, left, top, stride)
    x = left + wide + 2 * GAP
    for word, weight in zip(asked["question"], asked["of_question"], strict=True):
        room = LETTER * len(word) + 10
        parts.append(_cell(x, top, room, ROW, weight))
        parts.append(words(word, x + 5, top + 16))
        x += room + 3
    return frame(x + MARGIN, top + ROW + MARGIN, "Where each word looked in a handwritten strip", parts)


def _row(row: dict[str, Any], left: float, top: float, stride: int) -> list[str]:
    """Return one word: its weights over the columns, and a frame around its digit."""
    largest = max(row["weights"])
    wide = len(row["weights"]) * stride * PIXEL
    shares = [weight / largest for weight in row["weights"]]
    start, end = (left + PIXEL * edge for edge in row["digit"])
    return [
        words(row["word"], left - 10, top + 16, anchor="end"),
        f'<rect class="ground" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{ROW:.1f}"/>',
        _shaded([shares], left, top, stride * PIXEL, ROW, COLOURS[0]),
        f'<rect fill="none" stroke="{COLOURS[1]}" stroke-width="1.5" x="{start:.1f}" y="{top:.1f}" '
        f'width="{end - start:.1f}" height="{ROW:.1f}" rx="2"/>',
    ]


def _shaded(
    values: list[list[float]], left: float, top: float, wide: float, high: float, colour: str | None = None
) -> str:
    """Return values of 0 to 1 as cells, those of one shade in one path; without a colour, ink."""
    cells: dict[int, list[str]] = {}
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            if shade := round(SHADES * value):
                cell = f"M{left + x * wide:.1f} {top + y * high:.1f}h{wide:.1f}v{high:.1f}h-{wide:.1f}z"
                cells.setdefault(shade, []).append(cell)
    fill = 'class="ink"' if colour is None else f'fill="{colour}"'
    return "\n".join(
        f'<path {fill} fill-opacity="{shade / SHADES:g}" d="{"".join(cells[shade])}"/>'
        for shade in sorted(cells)
    )


def _cell(x: float, y: float, wide: float, high: float, share: float) -> str:
    return (
        f'<rect fill="{COLOURS[0]}" fill-opacity="{0.08 + 0.7 * share:.2f}" x="{x:.1f}" y="{y:.1f}" '
        f'width="{wide:.1f}" height="{high:.1f}" rx="3"/>'
    )


def main() -> None:
    """Draw the output of `examples/digits.py --look`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("looks", type=Path, help="what examples/digits.py --look wrote")
    arguments = parser.parse_args()
    try:
        found = json.loads(arguments.looks.read_text(encoding="utf-8"))
        sys.stdout.write(figure(found))
    except (OSError, ValueError, KeyError) as error:
        print(
            f"{arguments.looks} cannot be drawn ({error}); write it with examples/digits.py", file=sys.stderr
        )
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
