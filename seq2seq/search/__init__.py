"""Search for likely outputs of a model that scores each next token.

    loop             decode (many sentences) and stream (one, token by token)
    sampling         the next token by chance
    beam             several hypotheses at once
    processors       rules on the next token
    constraints      phrases that results must contain
    beam_allocation  how a beam finds a place for each of them
    types            the search's task, state and results

A model is `step(tokens [N, T], state) -> logits [N, V]` and a state with `device` and `select(rows,
sentences)`. Search knows nothing else of it.
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
