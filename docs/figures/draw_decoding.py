"""Drawing of the cost of the next token against length: processor time of a step and cached bytes.

    python benchmarks/decoding_cost.py > docs/figures/decoding.json      (measures)
    python docs/figures/draw_decoding.py docs/figures/decoding.json > docs/figures/decoding.svg
    python docs/figures/draw_decoding.py docs/figures/decoding.json --table

Logarithmic axes: a cost that does not depend on length is level. Bands go from quartile to quartile.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from line_chart import Line, Panel, draw

MIB = 2.0**20


def times(kinds: dict[str, Any]) -> list[Line]:
    """Return a line per kind: milliseconds of a step."""
    return [
        Line(
            name,
            [(int(length), middle) for length, (_, middle, _) in found["milliseconds"].items()],
            [low for low, _, _ in found["milliseconds"].values()],
            [high for _, _, high in found["milliseconds"].values()],
            colour=number,
        )
        for number, (name, found) in enumerate(kinds.items())
    ]


def sizes(kinds: dict[str, Any]) -> list[Line]:
    """Return a line per kind: mebibytes cached."""
    return [
        Line(name, [(int(length), held / MIB) for length, held in found["bytes"].items()], colour=number)
        for number, (name, found) in enumerate(kinds.items())
    ]


def figure(found: dict[str, Any]) -> str:
    """Return the drawing: time and bytes side by side."""
    x = "tokens read, of source and target each"
    step = Panel("Time of a step", x, times(found["kinds"]), y_log=True, y_text="{:g} ms".format)
    held = Panel("Remembered", x, sizes(found["kinds"]), y_log=True, y_text="{:g} MiB".format)
    return draw([step, held], "Decoding: what the next token costs, and what is remembered, against length")


def table(found: dict[str, Any]) -> str:
    """Return both at the shortest and the longest length, in Markdown."""
    kinds = found["kinds"]
    lengths = list(next(iter(kinds.values()))["bytes"])
    short, long = lengths[0], lengths[-1]
    lines = [
        f"| kind | step after {short}, ms | after {long}, ms | ratio | KiB after {short} | after {long} |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, values in kinds.items():
        low, middle, high = values["longest over shortest"]
        step = [f"{values['milliseconds'][length][1]:.2f}" for length in (short, long)]
        held = [f"{values['bytes'][length] / 1024:,.0f}" for length in (short, long)]
        ratio = f"{middle:.2f} ({low:.2f} to {high:.2f})"
        lines.append(f"| {' | '.join((name, *step, ratio, *held))} |")
    return "\n".join(lines)


def main() -> None:
    """Read the measurements; write the drawing, or the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("found", type=Path)
    parser.add_argument("--table", action="store_true", help="the table in Markdown instead")
    arguments = parser.parse_args()
    found = json.loads(arguments.found.read_text(encoding="utf-8"))
    sys.stdout.write(table(found) + "\n" if arguments.table else figure(found))


if __name__ == "__main__":
    main()
