"""Stop texts: a text ends before the first of them, whole or while it is being written.

A stream may not show the beginning of what may turn out to be such a text, so it holds that back.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.options import DecodeOptions
from seq2seq.search import Hypothesis


def cut_before(text: str, stops: Sequence[str]) -> str:
    """A text up to the first of some texts."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def until(text: str, stops: Sequence[str]) -> str:
    """A text up to the first of some texts, and without an end that may become the beginning of one."""
    if len(cut := cut_before(text, stops)) < len(text):
        return cut
    begun = (length for stop in stops for length in range(1, len(stop)) if text.endswith(stop[:length]))
    return text[: len(text) - max(begun, default=0)]


def stopped(side: EncodedSide, stops: Sequence[str]) -> EncodedSide:
    """A side up to the first of some texts; pieces after that have no characters."""
    cut = len(cut_before(side.text, stops))
    return EncodedSide(side.text[:cut], side.ids, [(min(a, cut), min(b, cut)) for a, b in side.spans])


def ended(found: Hypothesis, text: str, options: DecodeOptions) -> Hypothesis:
    """A hypothesis with this text; the end that a stop text brought is the user's, in none of the figures."""
    if cut_before(text, options.stop or ()) == text:
        return found
    values = found.token_log_probabilities[: len(found.tokens)]
    total = math.fsum(values)
    return replace(
        found,
        finish="end",
        token_log_probabilities=values,
        log_probability=total,
        score=total / len(values) ** options.length_penalty,
    )
