"""What one request may cost. Every limit is on by default and is checked before work is done.

A refusal names the limit, what was given and what is allowed. Characters are not tokens (a rare
character can become several), so both are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seq2seq.tokenizer import Tokenizer


@dataclass(frozen=True)
class Limits:
    """The most that one request may hold."""

    texts: int = 128
    characters: int = 20_000  # of all texts together
    tokens: int = 8_000  # source pieces of all texts together
    candidates: int = 8  # translations a text: the best one and its alternatives
    body_bytes: int = 524_288  # JSON may need 12 bytes a character

    def check_texts(self, texts: Sequence[str]) -> None:
        """Raises ValueError when there are too many texts or characters."""
        self._check("texts", len(texts), self.texts)
        self._check("characters", sum(map(len, texts)), self.characters)

    def check_tokens(self, texts: Sequence[str], tokenizer: "Tokenizer") -> None:
        """Raises ValueError when the texts have too many pieces for one request."""
        self._check("tokens", sum(len(tokenizer.encode(text)) for text in texts), self.tokens)

    def check_candidates(self, alternatives: int) -> None:
        """Raises ValueError when a text's best translation and its alternatives are too many."""
        self._check("candidates", 1 + alternatives, self.candidates, "ask for fewer alternatives")

    def check_body(self, size: int) -> None:
        """Raises ValueError when a body, or what has come of it, is too long."""
        self._check("body bytes", size, self.body_bytes)

    def _check(self, what: str, given: int, allowed: int, remedy: str = "send it in smaller parts") -> None:
        if given > allowed:
            raise ValueError(f"the request has {given} {what}, but at most {allowed} are allowed; {remedy}")
