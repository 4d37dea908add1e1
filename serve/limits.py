"""What one request may cost, and all of them together. Every limit is on by default.

A refusal names the limit, what was given and what is allowed. Characters are not tokens (a rare
character can become 33), so both are counted. Each field is a flag of `seq2seq serve`: --max-NAME.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .errors import RefusalError

if TYPE_CHECKING:
    from seq2seq.text.tokenizer import Tokenizer


def limit(default: int, help: str) -> Any:
    """A field with what it counts."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Limits:
    """The most that is accepted."""

    texts: int = limit(128, "texts of one request")
    characters: int = limit(20_000, "characters of all texts of one request together")
    tokens: int = limit(8_000, "source pieces of all texts of one request together")
    candidates: int = limit(8, "translations a text: the best one and its alternatives; and the beam's size")
    body_bytes: int = limit(524_288, "bytes of a body; JSON may need 12 a character")
    file_bytes: int = limit(10_485_760, "bytes of a file, what comes out of an archive counted")
    file_characters: int = limit(200_000, "characters of all texts of a file together")
    seconds: int = limit(60, "seconds that one request may take, its waiting counted")
    file_seconds: int = limit(900, "seconds that one file may take, its waiting counted")
    waiting_tokens: int = limit(50_000, "tokens of all requests that wait or run; more are told to come back")
    connections: int = limit(2_000, "connections that are open at once")
    header_seconds: int = limit(15, "seconds in which the header of a request must have come")
    body_seconds: int = limit(60, "seconds in which a body must have come, and an answer must be taken")

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"the limit {each.name} is {value!r}; give a whole number from 1")

    def check_texts(self, texts: Sequence[str]) -> None:
        """Raises ValueError when there are too many texts or characters."""
        self._check("texts", len(texts), self.texts)
        self._check("characters", sum(map(len, texts)), self.characters)

    def check_tokens(self, texts: Sequence[str], tokenizer: "Tokenizer") -> None:
        """Raises ValueError when the texts have too many pieces for one request."""
        self.check_token_count(sum(len(tokenizer.encode(text)) for text in texts))

    def check_token_count(self, count: int) -> None:
        """Raises ValueError when there are too many pieces for one request."""
        self._check("tokens", count, self.tokens)

    def check_candidates(self, alternatives: int) -> None:
        """Raises ValueError when a text's best translation and its alternatives are too many."""
        self._check("candidates", 1 + alternatives, self.candidates, "ask for fewer alternatives")

    def check_beam(self, size: int) -> None:
        """Raises ValueError when more hypotheses are asked for, or kept at each step, than candidates."""
        self._check("candidates", size, self.candidates, "lower beam_size or num_hypotheses")

    def check_body(self, size: int) -> None:
        """Raises ValueError when a body, or what has come of it, is too long."""
        self._check("body bytes", size, self.body_bytes)

    def check_file(self, size: int) -> None:
        """Raises ValueError when a body that holds a file, or what has come of it, is too long."""
        self._check("file bytes", size, self.file_bytes)

    def check_file_texts(self, texts: Sequence[str]) -> None:
        """Raises ValueError when the texts of a file have too many characters."""
        self._check("file characters", sum(map(len, texts)), self.file_characters)

    def _check(self, what: str, given: int, allowed: int, remedy: str = "send it in smaller parts") -> None:
        if given > allowed:
            raise RefusalError(
                f"over_{what.replace(' ', '_')}",
                f"the request has {given} {what}, but at most {allowed} are allowed; {remedy}",
                f"{given} > {allowed}",
            )
