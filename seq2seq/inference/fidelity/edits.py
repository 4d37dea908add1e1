"""Edits of a text whose tokens keep their places in it."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from seq2seq.inference.forced_decoding import EncodedSide


class Edit(NamedTuple):
    """Characters start to end (not included) of a text, and what takes their place."""

    start: int
    end: int
    text: str


def edit_text(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with non-overlapping edits applied."""
    parts, at = [], 0
    for edit in sorted(edits):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join(parts) + text[at:]


def edit_side(side: EncodedSide, edits: Sequence[Edit]) -> EncodedSide:
    """Return a side with non-overlapping edits of its text; the spans of its tokens move along.

    A token whose characters are replaced spans the replacement. What is inserted belongs to no token.
    """
    if not edits:
        return side
    ordered = sorted(edits)
    starts = [edit.start for edit in ordered]
    shifts = [0]
    for edit in ordered:
        shifts.append(shifts[-1] + len(edit.text) - (edit.end - edit.start))

    def moved(position: int, *, is_end: bool) -> int:
        # An insertion at the end of a token comes after it, one at its start before it.
        count = (bisect_left if is_end else bisect_right)(starts, position)
        if count and position < ordered[count - 1].end:
            edit = ordered[count - 1]
            return edit.start + shifts[count - 1] + (len(edit.text) if is_end else 0)
        return position + shifts[count]

    spans = []
    for start, end in side.spans:
        if start == end:
            spans.append((moved(start, is_end=True),) * 2)
        else:
            spans.append((moved(start, is_end=False), moved(end, is_end=True)))
    return EncodedSide(edit_text(side.text, ordered), side.ids, spans)
