"""Constraints on results: phrases that must occur, and the source positions they stand for.

Shapes: J phrases of at most P tokens, S source positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.search.processors import BannedTexts


class PhraseConstraint(NamedTuple):
    """Tokens that must occur in a row, and the source positions they stand for (none: any).

    With `is_only` the tokens are generated for this phrase and never freely, since they stand for another
    text.
    """

    tokens: tuple[int, ...]
    columns: tuple[int, ...] = ()
    is_only: bool = False


class AttentionTrace(NamedTuple):
    """Access to the attention of the newest tokens [N] over the source: shares [N, S].

    With `reads_input` the attention belongs to the token that was read, not to the one it predicts.
    """

    shares: Callable[[], Tensor]
    reads_input: bool


@dataclass(frozen=True)
class BatchConstraints:
    """Phrases that every result of each of B sentences must contain.

    Shapes: phrases [B, J, P] (-1 after their end), lengths [B, J] (0: no phrase), columns [B, J, S] (0 or 1),
    only [B, J] (true: generated for the phrase alone), closers [V] (true: a word may end before this token).
    blank: the token that is a blank and nothing else, -1 for none.
    `trace` gives the attention of hypotheses to the source; without it phrases may stand anywhere at no cost.
    `stops` are texts that may not occur while a phrase is missing.
    """

    phrases: Tensor
    lengths: Tensor
    columns: Tensor
    only: Tensor
    closers: Tensor
    trace: AttentionTrace | None
    stops: BannedTexts | None
    blank: int = -1

    def of(self, sentences: Tensor) -> "BatchConstraints":
        """Return the constraints of these sentences [B']."""
        return replace(
            self,
            phrases=self.phrases[sentences],
            lengths=self.lengths[sentences],
            columns=self.columns[sentences],
            only=self.only[sentences],
        )

    def nothing_written(self) -> Tensor:
        """Return the initial progress [B, 1, J + 2]; phrases without tokens count as written."""
        count = len(self.lengths)
        fresh = torch.tensor([-1, 0], device=self.lengths.device).expand(count, 2)
        return torch.cat([(self.lengths == 0).long(), fresh], 1)[:, None]


def make_constraints(
    phrases: Sequence[Sequence[PhraseConstraint]],
    limits: Sequence[int],
    closers: Tensor,
    source_length: int,
    trace: AttentionTrace | None,
    stops: BannedTexts | None = None,
    blank: int = -1,
) -> BatchConstraints:
    """Return the constraints of some sentences, given a list of phrases for each.

    Raises:
        ValueError: the phrases of a sentence do not fit its limit, the end symbol counted.
    """
    count = max(map(len, phrases))
    longest = max(len(phrase.tokens) for sentence in phrases for phrase in sentence)
    tokens = torch.full((len(phrases), count, longest), -1, dtype=torch.long)
    columns = torch.zeros(len(phrases), count, source_length)
    only = torch.zeros(len(phrases), count, dtype=torch.bool)
    for sentence, (required, limit) in enumerate(zip(phrases, limits, strict=True)):
        needed = sum(len(phrase.tokens) for phrase in required) + 1
        if needed > limit:
            raise ValueError(
                f"what must be written (glossary, forced_words, things kept) takes {needed} pieces with the "
                f"end, more than the limit of {limit}; ask for less or raise max_length"
            )
        for number, phrase in enumerate(required):
            tokens[sentence, number, : len(phrase.tokens)] = torch.tensor(phrase.tokens)
            # Equal phrases are interchangeable: each may stand for the source of any of them.
            twin_columns = [other.columns for other in required if other.tokens == phrase.tokens]
            columns[sentence, number, [column for twin in twin_columns for column in twin]] = 1.0
            only[sentence, number] = phrase.is_only
    device = closers.device
    return BatchConstraints(
        phrases=tokens.to(device),
        lengths=(tokens >= 0).sum(2).to(device),
        columns=columns.to(device),
        only=only.to(device),
        closers=closers,
        trace=trace,
        stops=stops,
        blank=blank,
    )
