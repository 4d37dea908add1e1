"""Types of a search: its task, the model's state, and its results.

A model is two things here: `step`, from the newest tokens [N, T] to the logits [N, V] of the next token, and
a state whose rows can be reordered. N = B x W: B sentences with W rows (hypotheses) each.
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

# Returns whether a sentence, given by its number, is cancelled; once true it stays true.
Cancelled = Callable[[int], bool]


def rows_cancelled(cancelled: Cancelled | None, rows: Sequence[int]) -> Cancelled | None:
    """Return the same callback for places in a batch, given the number of each; None stays None."""
    return None if cancelled is None else lambda place: cancelled(rows[place])


class State(Protocol):
    """The model's state after the tokens read so far, one row for each hypothesis, grouped by sentence."""

    @property
    def device(self) -> torch.device:
        """The device on which tokens and row numbers are expected."""

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep, reorder or repeat rows [N']; `sentences` [B'] is given only where sentences leave."""


@dataclass(frozen=True)
class Step:
    """One token of a stream: its id and its log-probability under the model."""

    token: int
    log_probability: float


@dataclass(frozen=True)
class Hypothesis:
    """One result of a search, without its end symbol.

    `token_log_probabilities` has one number for each token and, where `finish` is "end", a last one for the
    end symbol. `log_probability` is their sum. Both are of the model's own distribution: processors and
    temperature change the choice only. `score` = log_probability / n ** length_penalty, where n counts the
    end symbol.
    """

    tokens: list[int]
    log_probability: float
    score: float
    finish: Literal["end", "length"]
    token_log_probabilities: Sequence[float]


@dataclass(frozen=True)
class SearchTask:
    """A search to run: the model, and the limit and forced prefix of each of B sentences.

    Shapes: limits [B] (tokens generated, the end symbol counted), forced [B, P] (-1 where nothing is forced).
    """

    read: Callable[[Tensor], Tensor]
    select: Callable[[Tensor, Tensor | None], None]
    limits: Tensor
    forced: Tensor
    options: DecodeOptions
    processors: list[LogitsProcessor]
    device: torch.device
    cancelled: Cancelled | None
    constraints: BatchConstraints | None = None

    @property
    def ranks_by_other_scores(self) -> bool:
        """True where the search ranks hypotheses by more than the log-probabilities in their score."""
        return (
            self.options.repetition_penalty != 1.0 or bool(self.options.stop) or self.constraints is not None
        )

    @property
    def sentences(self) -> int:
        """The number of sentences, B."""
        return len(self.limits)

    @property
    def longest(self) -> int:
        """The largest limit."""
        return int(self.limits.max())

    def is_cancelled(self, sentences: Tensor) -> Tensor | None:
        """Return which of these sentences [B'] are cancelled, [B']; None where none can be."""
        if self.cancelled is None:
            return None
        cancelled = [self.cancelled(number) for number in sentences.tolist()]
        return torch.tensor(cancelled, dtype=torch.bool, device=self.device)

    def forced_tokens(self, sentences: Tensor, position: int) -> Tensor | None:
        """Return the forced token of each of these sentences [B'] at a position: [B'], -1 for none.

        The result is None where no prefix reaches that far.
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
    """Return a search task, after checking limits and prefixes.

    `surfaces` and `constraints` are explained in `processors.py` and `constraints.py`.

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
        processors=make_processors(options, surfaces),
        device=state.device,
        cancelled=cancelled,
        constraints=constraints,
    )


def make_hypothesis(
    tokens: list[int], log_probabilities: list[float], limit: int, length_penalty: float
) -> Hypothesis:
    """Return the result in a row of tokens: those before the first end symbol or the limit."""
    ended = EOS in tokens[:limit]
    length = tokens.index(EOS) + 1 if ended else limit
    own = log_probabilities[:length]
    total = sum(own)
    return Hypothesis(
        tokens=tokens[: length - 1 if ended else length],
        log_probability=total,
        score=total / length**length_penalty,
        finish="end" if ended else "length",
        token_log_probabilities=own,
    )
