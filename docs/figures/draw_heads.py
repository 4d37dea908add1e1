"""Drawing of all heads of a model: role, entropy, and the map of one sentence.

    python docs/figures/draw_heads.py --source val.en > docs/figures/heads.svg
    python docs/figures/draw_heads.py --source val.en --table

Each tile is a head, layers from top to bottom: its map of the first sentence that --show gives, the role
that takes most of its weight over all sentences of --source, the share of that role, and its entropy
(0 = one key takes all, 1 = all alike). `head_roles.py` says how they are measured.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from head_roles import Heads, measure_cross, measure_self
from line_chart import COLOURS, MARGIN, frame, words
from torch import Tensor

from seq2seq import DecodeOptions, Translator
from seq2seq.alignment.aligner import align_texts

TILE, ACROSS, DOWN = 88.0, 98.0, 132.0
BLOCK_GAP = 26.0
LEVELS = 5  # shades of a map
SHOWN = "Two dogs play in the snow while a man takes a picture."
ROLES = (
    *("to write", "previous", "next", "separators", "two before", "same", "written"),
    *("two after", "mixed", "diagonal"),
)
NAMES = {
    "encoder": "Encoder, self-attention",
    "decoder": "Decoder, causal self-attention",
    "cross": "Decoder, cross-attention",
}


def measure(translator: Translator, sentences: Sequence[str]) -> dict[str, Heads]:
    """Measure every head of the model, by attention."""
    translations = [t.text for t in translator.translate(sentences, DecodeOptions(beam_size=1))]
    pairs = list(zip(sentences, translations, strict=True))
    maps = [translator.attention(source, target) for source, target in pairs]
    return {
        "encoder": measure_self(maps, "encoder"),
        "decoder": measure_self(maps, "decoder"),
        "cross": measure_cross(maps, align_texts(pairs)),
    }


def figure(translator: Translator, sentences: Sequence[str], shown: str) -> str:
    """Return the drawing: a tile per head, in a block per attention."""
    found = measure(translator, sentences)
    example = translator.attention(shown, translator.translate(shown).text)
    maps = {"encoder": example.encoder, "decoder": example.decoder, "cross": example.cross}
    parts: list[str] = []
    left = MARGIN
    layers = len(found["encoder"])
    for name, heads in found.items():
        parts.append(words(NAMES[name], left, MARGIN + 14, more=' font-weight="600"'))
        for layer, row in enumerate(heads):
            for number, head in enumerate(row):
                x, y = left + number * ACROSS, MARGIN + 30 + layer * DOWN
                parts += _tile(maps[name][layer, number], x, y, head.role)
                share = (
                    f" {head.shares[head.role]:.2f}".replace("0.", ".") if head.role in head.shares else ""
                )
                parts.append(_label(head.role + share, head.role, x, y + TILE + 14))
                said = f"entropy {head.entropy:.2f}"
                parts.append(words(said, x, y + TILE + 28, kind="faint", more=' font-size="11"'))
        left += len(heads[0]) * ACROSS + BLOCK_GAP
        layers = max(layers, len(heads))
    title = "What each head does: its map of one sentence, its role over many, its entropy"
    return frame(left - BLOCK_GAP + MARGIN - 10, MARGIN + 30 + layers * DOWN, title, parts)


def _tile(weights: Tensor, left: float, top: float, role: str) -> list[str]:
    """Return the elements of one map [T, S]: queries down, keys across, in LEVELS shades."""
    rows, columns = weights.shape
    wide, high = TILE / columns, TILE / rows
    parts = [f'<rect class="ground" x="{left:.1f}" y="{top:.1f}" width="{TILE}" height="{TILE}"/>']
    for level in range(1, LEVELS + 1):
        cells = [
            f"M{left + s * wide:.1f} {top + t * high:.1f}h{wide:.1f}v{high:.1f}h{-wide:.1f}z"
            for t, row in enumerate(weights.tolist())
            for s, weight in enumerate(row)
            if round(weight * LEVELS) == level
        ]
        if cells:
            colour = COLOURS[ROLES.index(role) % len(COLOURS)]
            shade = f'fill="{colour}" fill-opacity="{level / LEVELS:.1f}"'
            parts.append(f'<path {shade} d="{"".join(cells)}"/>')
    return parts


def _label(text: str, role: str, x: float, y: float) -> str:
    colour = COLOURS[ROLES.index(role) % len(COLOURS)]
    return f'<text fill="{colour}" font-size="11" font-weight="600" x="{x:.1f}" y="{y:.1f}">{text}</text>'


def table(translator: Translator, sentences: Sequence[str]) -> str:
    """Return a line per head: attention, layer, head, entropy, role, and every share beside the even one."""
    lines = []
    for name, layers in measure(translator, sentences).items():
        for layer, row in enumerate(layers):
            for number, head in enumerate(row):
                shares = "  ".join(
                    f"{r} {share:.2f} ({head.even[r]:.2f})" for r, share in head.shares.items()
                )
                place = f"{name} {layer} {number}"
                lines.append(f"{place:12} entropy {head.entropy:.2f}  {head.role:14} {shares}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw the heads, or print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, required=True, help="sentences, one a line")
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    parser.add_argument("--show", default=SHOWN, help="the sentence whose maps are drawn")
    parser.add_argument("--table", action="store_true", help="print a line a head instead")
    arguments = parser.parse_args()
    sentences = [line for line in arguments.source.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not sentences:
        parser.error(f"{arguments.source} has no sentence; give a file with one a line")
    translator = Translator.from_pretrained(arguments.model, device="cpu")
    if arguments.table:
        sys.stdout.write(table(translator, sentences))
    else:
        sys.stdout.write(figure(translator, sentences, arguments.show))


if __name__ == "__main__":
    main()
