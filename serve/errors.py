"""Refusals that have a kind: the sentence is English, for programs; the kind finds the reader's own words.

    RefusalError   a ValueError: the user's fault                   400
    Busy           the server's, for now: full, stopping, too slow  503 with Retry-After
    Slowdown       too many requests of one client                  429 with Retry-After

A kind names a sentence of the page (`demo/labels.py`); `note` is what needs no translation: numbers, codes.
"""

from fastapi import HTTPException

from seq2seq.documents.errors import RefusalError

__all__ = ["Busy", "RefusalError", "Slowdown"]


class Busy(HTTPException):
    """Says when to come back."""

    def __init__(self, kind: str, sentence: str, seconds: int) -> None:
        super().__init__(503, sentence, {"retry-after": str(seconds)})
        self.kind = kind
        self.note = f"{seconds} s"


class Slowdown(HTTPException):
    """Says how long to be silent."""

    kind = "slowdown"

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(429, sentence, {"retry-after": str(seconds)})
        self.note = f"{seconds} s"
