"""What a search is given and what it gives back.

A model is two things here: `step`, from the newest tokens [N, T] to the logits [N, V] of what may
follow, and a state that can be reordered. N = B x W: B sentences, W rows (hypotheses) of each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD
from seq2seq.options import DecodeOptions
from seq2seq.search.constraints import BatchConstraints
from seq2seq.search.processors import LogitsProcessor, make_processors

# Whether nobody waits for a sentence, by its number, any more; once true it stays so.
Cancelled = Callable[[int], bool]


def rows_cancelled(cancelled: Cancelled | None, rows: Sequence[int]) -> Cancelled | None:
    """The same question, asked by a sentence's place in its batch; None stays None."""
    return None if cancelled is None else lambda place: cancelled(rows[place])


class State(Protocol):
    """What the model has read so far, one row a hypothesis, grouped by sentence."""

    @property
    def device(self) -> torch.device:
        """Where tokens and row numbers are expected."""

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep, reorder or repeat rows [N']; `sentences` [B'] only where sentences leave."""


@dataclass(frozen=True)
class Step:
    """One piece of a stream: its id and its log-probability under the model."""

    token: int
    log_probability: float


@dataclass(frozen=True)
class Hypothesis:
    """One result of a search, without its end symbol.

    `token_log_probabilities` has one number a token and, where `finish` is "end", a last one for
    the end symbol; `log_probability` is their sum, of the model's own distribution: rules and
    temperature change the choice, not these. `score` = log_probability / n ** length_penalty,
    where n counts the end symbol.
    """

    tokens: list[int]
    log_probability: float
    score: float
    finish: Literal["end", "length"]
    token_log_probabilities: list[float]


@dataclass(frozen=True)
class SearchTask:
    """A search to do: the model, and for each of B sentences its limit and forced beginning.

    Shapes: limits [B] (tokens written, the end counted), forced [B, P] (-1 where nothing is forced).
    """

    read: Callable[[Tensor], Tensor]
    select: Callable[[Tensor, Tensor | None], None]
    limits: Tensor
    forced: Tensor
    options: DecodeOptions
    rules: list[LogitsProcessor]
    device: torch.device
    cancelled: Cancelled | None
    constraints: BatchConstraints | None = None

    @property
    def ranks_otherwise(self) -> bool:
        """Whether a search goes by more than the model's own probabilities, which are the score."""
        return (
            self.options.repetition_penalty != 1.0 or bool(self.options.stop) or self.constraints is not None
        )

    @property
    def sentences(self) -> int:
        """How many sentences are decoded."""
        return len(self.limits)

    @property
    def longest(self) -> int:
        """The largest limit."""
        return int(self.limits.max())

    def is_gone(self, sentences: Tensor) -> Tensor | None:
        """Which of these sentences [B'] nobody waits for any more, [B']; None where none can be given up."""
        if self.cancelled is None:
            return None
        cancelled = [self.cancelled(number) for number in sentences.tolist()]
        return torch.tensor(cancelled, dtype=torch.bool, device=self.device)

    def forced_tokens(self, sentences: Tensor, position: int) -> Tensor | None:
        """What each of these sentences [B'] must write at a position: tokens [B'], -1 for free choice.

        None where no prefix reaches that far.
        """
        return self.forced[sentences, position] if position < self.forced.shape[1] else None


def make_search_task(
    read: Callable[[Tensor], Tensor],
    state: State,
    limits: Sequence[int],
    options: DecodeOptions,
    prefixes: Sequence[Sequence[int]] | None,
    cancelled: Cancelled | None = None,
    surfaces: Sequence[str] = (),
    constraints: BatchConstraints | None = None,
) -> SearchTask:
    """Put a search together and refuse limits and prefixes that cannot be met.

    `surfaces` and `constraints` are explained in `rules` and `phrases`.

    Raises:
        ValueError: a limit below 1, a prefix longer than its limit or with a special symbol in it.
    """
    prefixes = [[] for _ in limits] if prefixes is None else prefixes
    assert len(prefixes) == len(limits), "one prefix a sentence"
    for limit, prefix in zip(limits, prefixes, strict=True):
        if limit < 1:
            raise ValueError(f"max_length leaves {limit} pieces for a result; allow at least 1")
        if len(prefix) > limit:
            raise ValueError(
                f"target_prefix has {len(prefix)} pieces, more than the limit of {limit}; "
                "shorten it or raise max_length"
            )
        if {PAD, BOS, EOS} & set(prefix):
            raise ValueError(
                f"target_prefix has the ids {list(prefix)}, among them a padding, start or end symbol; "
                "give ordinary pieces only"
            )
    longest = max(map(len, prefixes), default=0)
    forced = [list(prefix) + [-1] * (longest - len(prefix)) for prefix in prefixes]
    return SearchTask(
        read=read,
        select=state.select,
        limits=torch.tensor(list(limits), device=state.device),
        forced=torch.tensor(forced, dtype=torch.long, device=state.device).view(len(limits), longest),
        options=options,
        rules=make_processors(options, surfaces),
        device=state.device,
        cancelled=cancelled,
        constraints=constraints,
    )


def make_hypothesis(
    tokens: list[int], log_probabilities: list[float], limit: int, length_penalty: float
) -> Hypothesis:
    """The result in a row of written tokens: what stands before the first end symbol or the limit."""
    ended = EOS in tokens[:limit]
    length = tokens.index(EOS) + 1 if ended else limit
    kept = log_probabilities[:length]
    total = sum(kept)
    return Hypothesis(
        tokens=tokens[: length - 1 if ended else length],
        log_probability=total,
        score=total / length**length_penalty,
        finish="end" if ended else "length",
        token_log_probabilities=kept,
    )
