"""What must be written: phrases, where they stand in the source, and what is known of the tokens around them.

Shapes: J phrases of at most P tokens, S source positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.search.processors import BannedTexts


class PhraseConstraint(NamedTuple):
    """Tokens that must be written one after the other; the source positions they stand for (none: any).

    `is_only`: they are written for this phrase and never else, for they stand for another text.
    """

    tokens: tuple[int, ...]
    columns: tuple[int, ...] = ()
    is_only: bool = False


class AttentionTrace(NamedTuple):
    """How to see where the newest tokens [N] looked: shares [N, S] of the source.

    `reads_input`: the look belongs to the token that was read, not to the one it predicts.
    """

    shares: Callable[[], Tensor]
    reads_input: bool


@dataclass(frozen=True)
class BatchConstraints:
    """What each of B sentences must have in every result.

    Shapes: phrases [B, J, P] (-1 after their end), lengths [B, J] (0: no phrase), columns [B, J, S] (0 or
    1), only [B, J] (true: written for the phrase alone), closers [V] (true: a word may end before this
    token). `look` shows where hypotheses looked in the source; None where that is not known, and phrases
    then stand anywhere at no cost. `stops` are texts that may not be written while a phrase is to come.
    """

    phrases: Tensor
    lengths: Tensor
    columns: Tensor
    only: Tensor
    closers: Tensor
    look: AttentionTrace | None
    stops: BannedTexts | None

    def of(self, sentences: Tensor) -> "BatchConstraints":
        """The demands of these sentences [B']."""
        return replace(
            self,
            phrases=self.phrases[sentences],
            lengths=self.lengths[sentences],
            columns=self.columns[sentences],
            only=self.only[sentences],
        )

    def nothing_written(self) -> Tensor:
        """Progress [B, 1, J + 2] where nothing is written; phrases that are none count as written."""
        count = len(self.lengths)
        fresh = torch.tensor([-1, 0], device=self.lengths.device).expand(count, 2)
        return torch.cat([(self.lengths == 0).long(), fresh], 1)[:, None]


def make_constraints(
    phrases: Sequence[Sequence[PhraseConstraint]],
    limits: Sequence[int],
    closers: Tensor,
    source_length: int,
    look: AttentionTrace | None,
    stops: BannedTexts | None = None,
) -> BatchConstraints:
    """The demands of some sentences, a list of phrases each.

    Raises:
        ValueError: the phrases of a sentence do not fit its limit, the end counted.
    """
    count = max(map(len, phrases))
    longest = max(len(phrase.tokens) for of in phrases for phrase in of)
    tokens = torch.full((len(phrases), count, longest), -1, dtype=torch.long)
    columns = torch.zeros(len(phrases), count, source_length)
    only = torch.zeros(len(phrases), count, dtype=torch.bool)
    for sentence, (wanted, limit) in enumerate(zip(phrases, limits, strict=True)):
        needed = sum(len(phrase.tokens) for phrase in wanted) + 1
        if needed > limit:
            raise ValueError(
                f"what must be written (glossary, forced_words, things kept) takes {needed} pieces with the "
                f"end, more than the limit of {limit}; ask for less or raise max_length"
            )
        for number, phrase in enumerate(wanted):
            tokens[sentence, number, : len(phrase.tokens)] = torch.tensor(phrase.tokens)
            alike = [other.columns for other in wanted if other.tokens == phrase.tokens]
            columns[sentence, number, [column for each in alike for column in each]] = 1.0
            only[sentence, number] = phrase.is_only
    device = closers.device
    return BatchConstraints(
        phrases=tokens.to(device),
        lengths=(tokens >= 0).sum(2).to(device),
        columns=columns.to(device),
        only=only.to(device),
        closers=closers,
        look=look,
        stops=stops,
    )
