"""Drawing of copying and recall from far: accuracy against distance, and training time against length.

    python experiments/far_copy.py --runs DIR > docs/figures/distance.json      (trains; takes a while)
    python docs/figures/draw_distance.py docs/figures/distance.json > docs/figures/distance.svg

Lines are medians over the seeds, bands go from the worst to the best of them; for the time, medians
and quartiles of interleaved rounds.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from line_chart import Line, Panel, draw

TITLES = {"copy": "Symbols copied right", "recall": "Facts recalled right"}


def figure(found: dict[str, Any]) -> str:
    """Return the drawing of the output of `far_copy.py`."""
    panels = [
        accuracy_panel(TITLES[task], by_model, found["chance"])
        for task, by_model in found["accuracy"].items()
    ]
    colours = {name: number for number, name in enumerate(found["accuracy"]["copy"])}
    title = "Copying and recalling from far: accuracy against distance, and training time against length"
    return draw([*panels, time_panel(found["step_ratio"], colours)], title)


def accuracy_panel(title: str, by_model: dict[str, dict[str, list[float]]], chance: float) -> Panel:
    """Return one task's panel: a line per model, a band from the worst seed to the best."""
    lines = []
    for number, (name, by_distance) in enumerate(by_model.items()):
        shares = list(by_distance.values())
        points = [(int(d), statistics.median(s)) for d, s in by_distance.items()]
        lines.append(Line(name, points, [min(s) for s in shares], [max(s) for s in shares], number))
    return Panel(
        title, "distance in tokens", lines, y_range=(0, 1), y_text="{:.0%}".format, level=("chance", chance)
    )


def time_panel(ratios: dict[str, dict[str, list[float]]], colours: dict[str, int]) -> Panel:
    """Return the panel of the rivals' training step relative to ours."""
    lines = []
    for name, by_distance in ratios.items():
        low, middle, high = zip(*by_distance.values(), strict=True)
        lines.append(
            Line(name, list(zip(map(int, by_distance), middle, strict=True)), low, high, colours[name])
        )
    title = "Time of a training step, attention = 1"
    return Panel(title, "distance in tokens", lines, y_log=True, level=("attention", 1.0))


def main() -> None:
    """Draw the file given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("found", type=Path, help="what experiments/far_copy.py printed")
    found = json.loads(parser.parse_args().found.read_text(encoding="utf-8"))
    sys.stdout.write(figure(found))


if __name__ == "__main__":
    main()
