"""Drawing of a pronoun's attention over all layers and heads, and of how often it is on the right noun.

    python docs/figures/draw_pronoun.py > docs/figures/pronoun.svg
    python docs/figures/draw_pronoun.py --table
    python docs/figures/draw_pronoun.py --questions MINE.tsv --model MODEL > pronoun.svg

Above, the first pair of the kind --show: a row a head, a column a word, darker for more of the pronoun's
weight, the largest of all framed. Below, for each kind of question, how often each head gives the noun that
is meant more weight than the other one; in half of the sentences that is the first noun, in half the second.
`pronouns.py` has the marks of the questions, and works with any language.
"""

import argparse
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

import torch
from line_chart import COLOURS, MARGIN, frame, words
from pronouns import Question, held_out, judge, pronoun_weights, read_questions, strongest

from seq2seq import Translator

PRINTED = 6  # sentences of the kind that is shown
QUESTIONS = Path(__file__).with_name("pronouns.tsv")
CELL, ROW = 34.0, 11.0  # a word's column and a head's row
LAYER_GAP, SLANT, LEFT = 5.0, 74.0, 62.0
SQUARE = 52.0


def figure(translator: Translator, questions: dict[str, list[Question]], kind: str) -> str:
    """Return the drawing: the first pair of a kind as two maps, and all heads' accuracy for every kind."""
    if kind not in questions:
        raise ValueError(f"there is no kind {kind!r} of question; choose one of {', '.join(questions)}")
    parts: list[str] = []
    left, bottom = MARGIN, 0.0
    for question in questions[kind][:2]:
        drawn, right, bottom = _map(translator, question, left, MARGIN)
        parts += drawn
        left = right + 34
    width, left, top = left, MARGIN + LEFT, bottom + 40
    for name, asked in questions.items():
        drawn, right, bottom = _accuracy(translator, name, asked, left, top)
        parts += drawn
        width, left = max(width, right), right + 60
    return frame(width + MARGIN, bottom + MARGIN, "What a pronoun attends to, head by head", parts)


def _map(
    translator: Translator, question: Question, left: float, top: float
) -> tuple[list[str], float, float]:
    """Return one sentence over all heads, with its right and lower edge."""
    weights, spans = pronoun_weights(translator, question)
    layers, heads, _ = weights.shape
    best = strongest(translator, question)
    grid, head = left + LEFT, top + SLANT + 8
    bottom = head + layers * (heads * ROW + LAYER_GAP)
    parts = []
    for number, span in enumerate(spans):
        bold = max(span[0], question.meant[0]) < min(span[1], question.meant[1])
        asks = max(span[0], question.pronoun[0]) < min(span[1], question.pronoun[1])
        more = ' font-weight="700"' if bold else ' font-style="italic"' if asks else ""
        x = grid + (number + 0.5) * CELL
        turn = f' transform="rotate(-45 {x:.1f} {head - 6:.1f})"'
        shown = escape(question.text[slice(*span)])
        parts.append(f'<text class="ink" x="{x:.1f}" y="{head - 6:.1f}"{more}{turn}>{shown}</text>')
    for layer in range(layers):
        y = head + layer * (heads * ROW + LAYER_GAP)
        parts.append(words(f"layer {layer}", grid - 8, y + heads * ROW / 2 + 4, kind="faint", anchor="end"))
        for number in range(heads):
            for word, weight in enumerate(weights[layer, number].tolist()):
                corner = f'x="{grid + word * CELL:.1f}" y="{y + number * ROW:.1f}"'
                box = f'{corner} width="{CELL - 1}" height="{ROW - 1}"'
                chosen = (layer, number) == best[:2] and question.text[slice(*spans[word])] == best.word
                frame_of = f' stroke="{COLOURS[1]}" stroke-width="2"' if chosen else ""
                said = escape(f"layer {layer}, head {number}: {weight:.2f}")
                parts.append(f'<rect class="ground" {box}/>')
                parts.append(
                    f'<rect fill="{COLOURS[0]}" fill-opacity="{weight:.2f}" {box}{frame_of}>'
                    f"<title>{said}</title></rect>"
                )
    return parts, grid + len(spans) * CELL, bottom


def _accuracy(
    translator: Translator, kind: str, questions: Sequence[Question], left: float, top: float
) -> tuple[list[str], float, float]:
    """Return the accuracy of each head for one kind of question, a square each."""
    right = judge(translator, questions)
    shares = right.float().mean(dim=0)
    told = f"{kind}: heads right about {len(questions)} sentences"
    below = f"a head chosen on the other half of them: {held_out(right):.0%}"
    parts = [words(told, left, top, more=' font-weight="600"'), words(below, left, top + 17, kind="faint")]
    top += 17
    for layer, row in enumerate(shares.tolist()):
        for head, share in enumerate(row):
            x, y = left + head * (SQUARE + 3), top + 12 + layer * 29
            parts.append(f'<rect class="ground" x="{x:.1f}" y="{y:.1f}" width="{SQUARE}" height="26"/>')
            strength = abs(share - 0.5) * 2
            colour = COLOURS[2] if share >= 0.5 else COLOURS[3]
            parts.append(
                f'<rect fill="{colour}" fill-opacity="{strength:.2f}" x="{x:.1f}" y="{y:.1f}" '
                f'width="{SQUARE}" height="26"/>'
            )
            parts.append(words(f"{share:.0%}", x + SQUARE / 2, y + 17.5, anchor="middle"))
        parts.append(words(f"layer {layer}", left - 8, top + 29 + layer * 29, kind="faint", anchor="end"))
    heads = shares.shape[1]
    edge = left + max(heads * (SQUARE + 3), 6.6 * len(below))
    return parts, edge, top + 12 + len(shares) * 29


def table(translator: Translator, questions: dict[str, list[Question]], kind: str) -> str:
    """Return every head's accuracy by kind, the strongest attention of each pronoun, and translations."""
    lines = []
    for name, asked in questions.items():
        right = judge(translator, asked)
        shares = right.float().mean(dim=0)
        both = (right[0::2] & right[1::2]).float().mean(dim=0)
        lines.append(
            f"{name}: {len(asked)} sentences, heads right {shares.min():.2f} to {shares.max():.2f}, in "
            f"both of a pair at most {both.max():.2f}; head chosen on the other half {held_out(right):.2f}"
        )
        found = [strongest(translator, question) for question in asked]
        hits = sum(
            f.word.strip(".,。") in (q.text[slice(*q.meant)], q.text[slice(*q.other)])
            for f, q in zip(found, asked, strict=True)
        )
        mean = torch.tensor([f.weight for f in found]).mean()
        lines.append(f"{name}: the largest weight of all, {mean:.2f} in the mean, lies on a noun in {hits}")
    for question in questions[kind][:PRINTED]:
        where = strongest(translator, question)
        lines.append(f"{question.text} -> {translator.translate(question.text).text}")
        lines.append(
            f"    layer {where.layer}, head {where.head}: {where.weight:.2f} on {where.word!r}, the largest"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, or print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="lines: kind, tab, marked sentence")
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    parser.add_argument("--show", default="sense", help="the kind whose first pair is drawn")
    parser.add_argument("--table", action="store_true", help="print figures instead")
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model, device="cpu")
    show = table if arguments.table else figure
    sys.stdout.write(show(translator, read_questions(arguments.questions), arguments.show))


if __name__ == "__main__":
    main()
