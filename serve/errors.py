"""Errors with a kind, which the page translates; programs read their English sentence.

    RefusalError   a ValueError: the user's mistake                      400
    Busy           the server is full, stopping or too slow, for now     503 with Retry-After
    Slowdown       too many requests of one client                       429 with Retry-After

A kind is the key of a translated sentence of the page. `note` is the part that needs no translation: numbers,
language codes.
"""

from fastapi import HTTPException

from seq2seq.documents.errors import RefusalError

__all__ = ["Busy", "RefusalError", "Slowdown"]


class Busy(HTTPException):
    """The server cannot answer now; Retry-After says when to ask again."""

    def __init__(self, kind: str, sentence: str, seconds: int) -> None:
        super().__init__(503, sentence, {"retry-after": str(seconds)})
        self.kind = kind
        self.note = f"{seconds} s"


class Slowdown(HTTPException):
    """A client asks too often; Retry-After says when to ask again."""

    kind = "slowdown"

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(429, sentence, {"retry-after": str(seconds)})
        self.note = f"{seconds} s"
