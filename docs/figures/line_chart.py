"""Line charts as SVG: numbers in, one self-contained `<svg>` out, light or dark as the page is.

    Line     a name and its points (x, y), with a band from low to high where there is a spread
    Panel    lines over one pair of axes, each axis linear or logarithmic
    draw     panels side by side, every line named at its end, in its colour

Lengths are pixels. Text is escaped, never markup; fonts are the system's.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

FONTS = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'Segoe UI', Helvetica, Arial, sans-serif"
STYLE = (
    "<style>.paper{fill:#fff}.ink{fill:#1c2733}.faint{fill:#5b6775}.axis{stroke:#8a96a3}.grid{stroke:#e3e8ee}.ground{fill:#f1f4f8}"
    "@media (prefers-color-scheme:dark){.paper{fill:#0f151c}.ink{fill:#e6ebf1}.faint{fill:#a3afbc}"
    ".axis{stroke:#6b7785}.grid{stroke:#26303b}.ground{fill:#1a222c}}</style>"
)
# Dark enough on white and light enough on black; the order keeps neighbours apart.
COLOURS = ("#2f7fd0", "#d9730d", "#2a9d6b", "#cf4a63", "#8a66d6", "#1798a8", "#b0812b", "#c458a5", "#7b8794")
DASHES = ("", "7 4", "2 4")
MARGIN, GAP = 12.0, 24.0
HEAD = 36.0  # above a panel: its title
FOOT = 46.0  # below: ticks and what x is
LEFT = 62.0  # beside: ticks and what y is
LETTER = 6.6  # about the width of a letter of SIZE
SIZE = 12.5


@dataclass(frozen=True)
class Line:
    """Points of one line, in order of x; `low` and `high`, one per point, draw a band behind it."""

    name: str
    points: Sequence[tuple[float, float]]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    colour: int = 0
    dash: int = 0


@dataclass(frozen=True)
class Panel:
    """Lines over one pair of axes. `y_range` fixes the axis; `level` is a named horizontal, as chance is."""

    title: str
    x_label: str
    lines: Sequence[Line]
    x_log: bool = True
    y_log: bool = False
    y_range: tuple[float, float] | None = None
    y_text: Callable[[float], str] = "{:g}".format
    x_text: Callable[[float], str] = "{:,g}".format
    level: tuple[str, float] | None = None
    width: float = 330.0
    height: float = 240.0


@dataclass(frozen=True)
class Axis:
    """Mapping from numbers to pixels: `low` is at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: list[float] = field(default_factory=list)

    def place(self, value: float) -> float:
        """Return the pixel of a number."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = map(math.log, (low, high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)


def draw(panels: Sequence[Panel], title: str, columns: int | None = None) -> str:
    """Return the panels as one SVG, `columns` side by side (None: all); `title` describes it in words.

    Raises:
        ValueError: a line without points, or a number that a logarithmic axis has no place for.
    """
    columns = columns or len(panels)
    rooms = [0.0] * columns  # how wide each column is
    for number, panel in enumerate(panels):
        _check(panel)
        wide = LEFT + panel.width + _label_room(panel)
        rooms[number % columns] = max(rooms[number % columns], wide)
    parts: list[str] = []
    top = MARGIN
    for first in range(0, len(panels), columns):
        row = panels[first : first + columns]
        for number, panel in enumerate(row):
            left = MARGIN + sum(rooms[:number]) + GAP * number + LEFT
            parts += _panel(panel, left, top + HEAD)
        top += HEAD + max(panel.height for panel in row) + FOOT
    return frame(2 * MARGIN + sum(rooms) + GAP * (columns - 1), top + MARGIN, title, parts)


def frame(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return a picture of this size on paper that follows the page's colours."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONTS}" font-size="{SIZE}" '
        f'aria-label="{escape(title)}">'
    )
    paper = f'<rect class="paper" width="{width:.0f}" height="{height:.0f}" rx="8"/>'
    return "\n".join([head, STYLE, paper, *parts, "</svg>"]) + "\n"


def words(text: str, x: float, y: float, *, kind: str = "ink", anchor: str = "start", more: str = "") -> str:
    """Return text at a position; `kind` is ink or faint, `more` further attributes."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _check(panel: Panel) -> None:
    for line in panel.lines:
        if not line.points:
            raise ValueError(f"the line {line.name!r} has no points; leave it out")
        for x, y in line.points:
            if (panel.x_log and x <= 0) or (panel.y_log and y <= 0):
                raise ValueError(
                    f"({x}, {y}) of {line.name!r} has no place on a logarithmic axis; draw it linear"
                )


def _label_room(panel: Panel) -> float:
    return 14 + LETTER * max(len(line.name) for line in panel.lines)


def _panel(panel: Panel, left: float, top: float) -> list[str]:
    x_axis, y_axis = _axes(panel, left, top)
    right, bottom = left + panel.width, top + panel.height
    parts = [words(panel.title, left, top - 16, more=' font-weight="600"')]
    for tick in y_axis.ticks:
        y = y_axis.place(tick)
        parts.append(f'<path class="grid" d="M{left:.1f} {y:.1f}H{right:.1f}"/>')
        parts.append(words(panel.y_text(tick), left - 8, y + 4, kind="faint", anchor="end"))
    for tick in x_axis.ticks:
        x = x_axis.place(tick)
        parts.append(f'<path class="axis" d="M{x:.1f} {bottom:.1f}v5"/>')
        parts.append(words(panel.x_text(tick), x, bottom + 19, kind="faint", anchor="middle"))
    parts.append(f'<path class="axis" d="M{left:.1f} {bottom:.1f}H{right:.1f}"/>')
    parts.append(words(panel.x_label, (left + right) / 2, bottom + 38, kind="faint", anchor="middle"))
    if panel.level is not None:
        name, value = panel.level
        y = y_axis.place(value)
        parts.append(f'<path class="axis" stroke-dasharray="3 4" d="M{left:.1f} {y:.1f}H{right:.1f}"/>')
        parts.append(words(name, left + 6, y - 5, kind="faint"))
    for line in panel.lines:
        parts += _line(line, x_axis, y_axis)
    return parts + _names(panel.lines, x_axis, y_axis)


def _axes(panel: Panel, left: float, top: float) -> tuple[Axis, Axis]:
    xs = [x for line in panel.lines for x, _ in line.points]
    ys = [y for line in panel.lines for _, y in line.points]
    ys += [y for line in panel.lines for y in (*line.low, *line.high)]
    if panel.level is not None:
        ys.append(panel.level[1])
    low, high = panel.y_range or _widened(min(ys), max(ys), panel.y_log)
    x_axis = Axis(min(xs), max(xs), left, left + panel.width, panel.x_log)
    x_axis.ticks.extend(_thinned(sorted(set(xs)), x_axis, panel.x_text))
    y_ticks = _decades(low, high) if panel.y_log else _steps(low, high)
    return (
        x_axis,
        Axis(low, high, top + panel.height, top, panel.y_log, y_ticks),
    )


def _widened(low: float, high: float, log: bool) -> tuple[float, float]:
    """Return a range with room around the lines: zero included where linear, a quarter decade where not."""
    if log:
        return low / 1.8, high * 1.8
    return min(0.0, low), high * 1.05 if high > 0 else 1.0


def _thinned(values: list[float], axis: Axis, text: Callable[[float], str]) -> list[float]:
    """Return the values, the last among them, whose labels do not overlap."""
    kept: list[float] = []
    for value in reversed(values):
        room = LETTER * len(text(value)) + 10
        if not kept or axis.place(kept[0]) - axis.place(value) >= room:
            kept.insert(0, value)
    return kept


def _steps(low: float, high: float) -> list[float]:
    """Return about five round numbers between two."""
    rough = (high - low) / 5 or 1.0
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Return the powers of ten between two numbers; within a decade, also halves and fifths."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1,) if high / low > 20 else (1, 2, 5)
    return [f * 10.0**p for p in powers for f in factors if low <= f * 10.0**p <= high]


def _line(line: Line, x_axis: Axis, y_axis: Axis) -> list[str]:
    colour = COLOURS[line.colour % len(COLOURS)]
    places = [(x_axis.place(x), y_axis.place(y)) for x, y in line.points]
    parts = []
    if line.low and line.high:
        there = [(x, y_axis.place(v)) for (x, _), v in zip(places, line.high, strict=True)]
        back = [(x, y_axis.place(v)) for (x, _), v in zip(places, line.low, strict=True)]
        band = "L".join(f"{x:.1f} {y:.1f}" for x, y in [*there, *reversed(back)])
        parts.append(f'<path fill="{colour}" fill-opacity="0.16" d="M{band}z"/>')
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dash = f' stroke-dasharray="{DASHES[line.dash]}"' if line.dash else ""
    parts.append(f'<path fill="none" stroke="{colour}" stroke-width="2"{dash} d="M{path}"/>')
    for (x, y), point in zip(places, line.points, strict=True):
        said = escape(f"{line.name}: {point[0]:g}, {point[1]:.4g}")
        parts.append(
            f'<circle fill="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{said}</title></circle>'
        )
    return parts


def _names(lines: Sequence[Line], x_axis: Axis, y_axis: Axis) -> list[str]:
    """Return each line's name in the margin, at its end, moved apart where names would overlap."""
    wanted = sorted((y_axis.place(line.points[-1][1]), number) for number, line in enumerate(lines))
    heights = spread([y for y, _ in wanted], SIZE + 2.5, y_axis.end, y_axis.start + 6)
    parts = []
    for (y, number), height in zip(wanted, heights, strict=True):
        line = lines[number]
        colour = COLOURS[line.colour % len(COLOURS)]
        x, edge = x_axis.place(line.points[-1][0]), x_axis.end + 10
        if abs(height - y) > 3 or edge - x > 12:
            parts.append(
                f'<path fill="none" stroke="{colour}" stroke-opacity="0.45" '
                f'd="M{x + 4:.1f} {y:.1f}L{edge - 1:.1f} {height:.1f}"/>'
            )
        parts.append(
            f'<text fill="{colour}" x="{edge + 2:.1f}" y="{height + 4:.1f}">{escape(line.name)}</text>'
        )
    return parts


def spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Return rising positions moved as little as possible until each is `apart` from the next."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, low if not moved else moved[-1] + apart))
    limit = high
    for number in reversed(range(len(moved))):
        moved[number] = min(moved[number], limit)
        limit = moved[number] - apart
    return moved
