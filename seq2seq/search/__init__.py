"""Finding a likely output of a model that says how likely each next token is.

    loop    decode (many sentences) and stream (one, as it is written)
    choose  the best token, or one by chance
    beam    several hypotheses at once
    rules   what may not be written next
    phrases what must be written somewhere
    demands how a beam finds a place for it
    task    what goes in and what comes out

A model is `step(tokens [N, T], state) -> logits [N, V]` and a state with `device` and
`select(rows, sentences)`; search knows nothing else of it.
"""

from seq2seq.search.beam import Candidates, Observer
from seq2seq.search.constraints import (
    AttentionTrace,
    BatchConstraints,
    PhraseConstraint,
    make_constraints,
)
from seq2seq.search.loop import decode, stream
from seq2seq.search.processors import BannedTexts
from seq2seq.search.types import Cancelled, Hypothesis, State, Step, rows_cancelled

__all__ = [
    "AttentionTrace",
    "BannedTexts",
    "BatchConstraints",
    "Cancelled",
    "Candidates",
    "Hypothesis",
    "Observer",
    "PhraseConstraint",
    "State",
    "Step",
    "decode",
    "make_constraints",
    "rows_cancelled",
    "stream",
]
