"""Limits of one request, and of all requests together. Every limit is on by default.

A refusal names the limit, the value and what is allowed. Characters are not tokens (one rare character can
become 33 tokens), so both are counted. Each field is a flag of `seq2seq serve`: --max-NAME.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import RefusalError


def limit(default: int, help: str) -> Any:
    """Return a field with a help text: what it counts."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Limits:
    """The most that the server accepts."""

    texts: int = limit(128, "texts of one request")
    characters: int = limit(20_000, "characters of all texts of one request together")
    tokens: int = limit(
        8_000,
        "source tokens of all texts of one request together; several placeholders multiply a sentence's own",
    )
    candidates: int = limit(8, "translations of one text, the best one included; also the beam size")
    # A character outside the basic plane can be written as \ud83d\ude00 in JSON: 12 bytes.
    body_bytes: int = limit(524_288, "bytes of a body; JSON may need 12 for one character")
    file_bytes: int = limit(10_485_760, "bytes of a file, an archive's contents included")
    file_characters: int = limit(200_000, "characters of all texts of a file together")
    seconds: int = limit(60, "seconds of one request, waiting included")
    file_seconds: int = limit(900, "seconds of one file, waiting included")
    waiting_tokens: int = limit(50_000, "tokens of all requests that wait or run; further ones get 503")
    connections: int = limit(2_000, "open connections")
    header_seconds: int = limit(15, "seconds until the header of a request is complete")
    body_seconds: int = limit(60, "seconds until a body is complete, and until an answer is taken")

    def __post_init__(self) -> None:
        for known in fields(self):
            value = getattr(self, known.name)
            # True is an int in Python, and would be a limit of 1.
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"the limit {known.name} is {value!r}; give a whole number from 1")

    def check_texts(self, texts: Sequence[str]) -> None:
        """Refuse (ValueError) too many texts or characters."""
        self._check("texts", len(texts), self.texts)
        self._check("characters", sum(map(len, texts)), self.characters)

    def check_token_count(self, count: int, kept: int = 0) -> None:
        """Refuse (ValueError) too many tokens for one request; `kept` are the placeholders of a sentence."""
        remedy = "send it in smaller parts"
        if kept > 1:
            times = 1 + kept * (kept - 1) // 2
            remedy += f"; a sentence has {kept} placeholders, so that its tokens count {times} times"
        self._check("tokens", count, self.tokens, remedy)

    def check_candidates(self, alternatives: int) -> None:
        """Refuse (ValueError) too many alternatives of one text; the best translation counts, too."""
        self._check("candidates", 1 + alternatives, self.candidates, "ask for fewer alternatives")

    def check_beam(self, size: int) -> None:
        """Refuse (ValueError) a beam, or a number of hypotheses, beyond the candidates."""
        self._check("candidates", size, self.candidates, "lower beam_size or num_hypotheses")

    def check_body(self, size: int) -> None:
        """Refuse (ValueError) a body that is too long, or the part of it that has arrived."""
        self._check("body bytes", size, self.body_bytes)

    def check_file(self, size: int) -> None:
        """Refuse (ValueError) a body with a file that is too long, or the part of it that has arrived."""
        self._check("file bytes", size, self.file_bytes)

    def check_file_texts(self, texts: Sequence[str]) -> None:
        """Refuse (ValueError) too many characters of all texts of a file."""
        self._check("file characters", sum(map(len, texts)), self.file_characters)

    def _check(self, name: str, value: int, allowed: int, remedy: str = "send it in smaller parts") -> None:
        if value > allowed:
            raise RefusalError(
                f"over_{name.replace(' ', '_')}",
                f"the request has {value} {name}, but at most {allowed} are allowed; {remedy}",
                f"{value} > {allowed}",
            )
