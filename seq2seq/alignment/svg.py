"""SVG drawings of attention: words and weights in, one self-contained `<svg>` out.

    matrix   target words down, source words across, weights [T', S'] as shades
    ribbons  source words above, target words below, each weight a band as wide as itself

Words are inserted as escaped text, never as markup. Elements carry the indices of their words (data-s,
data-t) and their weight (data-w) for pages that highlight them, and classes for style sheets that recolour
them. Without a style sheet the drawing is light.
"""

import colorsys
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape

Weights = Sequence[Sequence[float]]  # [T', S']

FONTS = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', 'Segoe UI', Helvetica, Arial, sans-serif"
SIZE = 15  # font size; all lengths here are in pixels
INK, FAINT, GROUND, STRONG = "#1c2733", "#6b7785", "#eef2f7", "#0b5fa5"
MARGIN = 18
LONGEST_WORD = 18  # characters shown of a word; its title has all of them
NARROW, WIDE = "fijlrtI.,;:!|'()[] ", "mwMWQO@%&—…"
FAINTEST = 0.04  # smallest weight drawn as a band; thinner bands would be hairs


def draw_matrix(sources: Sequence[str], targets: Sequence[str], weights: Weights) -> str:
    """Draw a matrix: a row for each target word, a column for each source word, darker for more weight."""
    _check(sources, targets, weights)
    side = max(14.0, min(34.0, 900 / max(1, len(sources))))
    slant = 0.71 * max(map(_width, sources), default=0.0)  # column labels are rotated by 45 degrees
    left = MARGIN + 10 + max(map(_width, targets), default=0.0)
    top = MARGIN + 12 + slant
    wide, high = side * len(sources), side * len(targets)
    parts = [f'<rect class="ground" fill="{GROUND}" {_box(left, top, wide, high)} rx="5"/>']
    for t, row in enumerate(weights):
        for s, weight in enumerate(row):
            box = _box(left + s * side + 1, top + t * side + 1, side - 2, side - 2)
            parts.append(
                f'<rect class="cell" fill="{STRONG}" fill-opacity="{weight:.3f}" {box} rx="3" '
                f"{_data(s, t, weight)}>{_pair_title(sources[s], targets[t], weight)}</rect>"
            )
    for s, word in enumerate(sources):
        x, y = left + (s + 0.5) * side + 2, top - 8
        parts.append(_word(word, f'data-s="{s}" transform="translate({x:.1f} {y:.1f}) rotate(-45)"'))
    for t, word in enumerate(targets):
        y = top + (t + 0.5) * side + 0.35 * SIZE
        parts.append(_word(word, f'data-t="{t}" x="{left - 9:.1f}" y="{y:.1f}" text-anchor="end"'))
    width = left + wide + max(MARGIN, slant - side / 2 + MARGIN)
    title = "Attention: each row is a word of the translation, each column a word of the source"
    return _svg(width, top + high + MARGIN, title, parts)


def draw_ribbons(sources: Sequence[str], targets: Sequence[str], weights: Weights) -> str:
    """Draw two sentences, one above the other, joined by bands as wide as the weights.

    The bands of a target word fill its width, because the weights of a row sum to 1. At a source word they
    share its width. Weights below FAINTEST are not drawn.
    """
    _check(sources, targets, weights)
    above, below = _lay_out(sources), _lay_out(targets)
    width = max(_extent(above), _extent(below)) + 2 * MARGIN
    above, below = _centre(above, width), _centre(below, width)
    top, bottom = MARGIN + 26.0, MARGIN + 26.0 + 130.0
    colours = [_colour(s, len(sources)) for s in range(len(sources))]
    parts = list(_bands(sources, targets, weights, (above, top), (below, bottom), colours))
    for s, ((left, wide), word) in enumerate(zip(above, sources, strict=True)):
        parts.append(f'<rect class="bar" fill="{colours[s]}" {_box(left, top - 4, wide, 4)} data-s="{s}"/>')
        parts.append(
            _word(word, f'data-s="{s}" x="{left + wide / 2:.1f}" y="{top - 13:.1f}" text-anchor="middle"')
        )
    for t, ((left, wide), word) in enumerate(zip(below, targets, strict=True)):
        colour = colours[list(weights[t]).index(max(weights[t]))] if any(weights[t]) else FAINT
        parts.append(f'<rect class="bar" fill="{colour}" {_box(left, bottom, wide, 4)} data-t="{t}"/>')
        parts.append(
            _word(word, f'data-t="{t}" x="{left + wide / 2:.1f}" y="{bottom + 23:.1f}" text-anchor="middle"')
        )
    title = "Attention: the source above, the translation below, bands as wide as the weights"
    return _svg(width, bottom + 26 + MARGIN, title, parts)


PlacedWords = list[tuple[float, float]]  # left edge and width of each word on a line


def _bands(
    sources: Sequence[str],
    targets: Sequence[str],
    weights: Weights,
    above: tuple[PlacedWords, float],
    below: tuple[PlacedWords, float],
    colours: Sequence[str],
) -> Iterator[str]:
    """Yield a curved band for each pair of words, at both ends in the order of the other sentence."""
    (upper, top), (lower, bottom) = above, below
    sums = [sum(row[s] for row in weights) or 1.0 for s in range(len(sources))]
    used = [0.0] * len(sources)
    for t, row in enumerate(weights):
        end, wide = lower[t]
        for s, weight in enumerate(row):
            start = upper[s][0] + used[s]
            share = upper[s][1] * weight / sums[s]
            reach = wide * weight
            used[s] += share
            if weight >= FAINTEST:
                path = _band((start, share, top), (end, reach, bottom))
                yield (
                    f'<path class="band" fill="{colours[s]}" fill-opacity="{0.15 + 0.5 * weight:.3f}" '
                    f'd="{path}" {_data(s, t, weight)}>{_pair_title(sources[s], targets[t], weight)}</path>'
                )
            end += reach


def _band(above: tuple[float, float, float], below: tuple[float, float, float]) -> str:
    """Return the outline of a band between two stretches, each (left edge, width, y)."""
    (start, share, top), (end, reach, bottom) = above, below
    middle = (top + bottom) / 2
    down = f"C{start:.1f} {middle:.1f} {end:.1f} {middle:.1f} {end:.1f} {bottom:.1f}"
    right, back = start + share, end + reach
    up = f"C{back:.1f} {middle:.1f} {right:.1f} {middle:.1f} {right:.1f} {top:.1f}"
    return f"M{start:.1f} {top:.1f}{down}h{reach:.1f}{up}z"


def _lay_out(words: Sequence[str]) -> PlacedWords:
    """Place words in a row, from the left edge 0."""
    row, left = [], 0.0
    for word in words:
        wide = max(18.0, _width(word) + 6)
        row.append((left, wide))
        left += wide + 12
    return row


def _extent(row: PlacedWords) -> float:
    """Return the width of a row of placed words."""
    return row[-1][0] + row[-1][1] if row else 0.0


def _centre(row: PlacedWords, width: float) -> PlacedWords:
    """Shift a row of placed words to the centre of a drawing of a given width."""
    shift = (width - _extent(row)) / 2
    return [(left + shift, wide) for left, wide in row]


def _colour(number: int, count: int) -> str:
    """Return the colour of a word, from blue over violet to rose, evenly spaced over the words."""
    hue = (205 + 140 * number / max(1, count - 1)) / 360
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, 0.47, 0.62))


def _check(sources: Sequence[str], targets: Sequence[str], weights: Weights) -> None:
    if len(weights) != len(targets) or any(len(row) != len(sources) for row in weights):
        raise ValueError(
            f"weights are not {len(targets)} rows of {len(sources)}; give one row for each target word and "
            "one weight for each source word"
        )


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="attention" role="group" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONTS}" '
        f'font-size="{SIZE}" aria-label="{escape(title)}">'
    )
    paper = f'<rect class="paper" fill="#fff" width="{width:.0f}" height="{height:.0f}" rx="8"/>'
    return "\n".join([head, paper, *parts, "</svg>"]) + "\n"


def _word(word: str, place: str) -> str:
    """Draw a word as focusable text; a shortened word has its full text as title."""
    shown = _shown(word)
    title = f"<title>{escape(_drawable(word))}</title>" if shown != word else ""
    word = f'data-word="{escape(_drawable(word))}" tabindex="0"'
    return f'<text class="word" fill="{INK}" {word} {place}>{escape(shown)}{title}</text>'


def _shown(word: str) -> str:
    """Return the text drawn for a word, shortened to LONGEST_WORD characters."""
    word = _drawable(word)
    return word if len(word) <= LONGEST_WORD else word[: LONGEST_WORD - 1] + "…"


def _drawable(word: str) -> str:
    """Return a word without characters that XML forbids; an empty or blank word becomes an open box."""
    kept = "".join(c for c in word if unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    return kept if kept.strip() else "␣"


def _width(word: str) -> float:
    """Estimate the drawn width of a word in pixels; fonts differ, so callers leave room around it."""
    units = 0.0
    for character in _shown(word):
        if unicodedata.combining(character):
            continue
        if unicodedata.east_asian_width(character) in "WF":
            units += 1.0
        elif character in NARROW:
            units += 0.33
        elif character in WIDE:
            units += 0.88
        else:
            units += 0.66 if character.isupper() else 0.56
    return units * SIZE


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'


def _data(s: int, t: int, weight: float) -> str:
    return f'data-s="{s}" data-t="{t}" data-w="{weight:.2f}"'


def _pair_title(source: str, target: str, weight: float) -> str:
    return f"<title>{escape(_shown(source))} → {escape(_shown(target))}: {weight:.2f}</title>"
