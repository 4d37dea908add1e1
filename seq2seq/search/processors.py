"""Rules that change what may be written next, each a small object, applied only while it matters.

A rule edits `scores` [N, V] in place, log-probabilities of which higher is better, given what each
row has written, `history` [N, T]. Nothing is renormalised, so a piece that no rule touches keeps
its own log-probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD, UNK
from seq2seq.options import DecodeOptions
from seq2seq.text.normalization import BLANK_PIECE, is_word

BANNED = float("-inf")
BLOCK = 64  # tokens, of the vocabulary, whose maximum `top_k` looks at first


class LogitsProcessor(Protocol):
    """A change to the scores that holds from one position to another."""

    def applies(self, position: int) -> bool:
        """Whether the rule can change anything once `position` tokens are written."""

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Edit scores [N, V] in place, knowing history [N, position]."""


@dataclass(frozen=True)
class MinimumLength:
    """The end may not come before `length` tokens."""

    length: int

    def applies(self, position: int) -> bool:
        return position < self.length

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        scores[:, EOS] = BANNED


@dataclass(frozen=True)
class NoUnknown:
    """The unknown piece is never written."""

    def applies(self, position: int) -> bool:
        return True

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        scores[:, UNK] = BANNED


@dataclass(frozen=True)
class NoRepeatedNgram:
    """No sequence of `size` tokens is written twice."""

    size: int

    def applies(self, position: int) -> bool:
        return position >= self.size

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        ngrams = history.unfold(1, self.size, 1)  # [N, T - size + 1, size]
        newest = history[:, history.shape[1] - self.size + 1 :]
        again = (ngrams[:, :, :-1] == newest[:, None]).all(2)
        ceiling = torch.zeros_like(scores[:, :1]).expand(again.shape).masked_fill(again, BANNED)
        # amin, not assignment: the same token may stand in the list banned once and free once.
        scores.scatter_reduce_(1, ngrams[:, :, -1], ceiling, "amin")


@dataclass(frozen=True)
class RepetitionPenalty:
    """The probability of a token already written is raised to `exponent`.

    After CTRL (Keskar et al., 2019), but on log-probabilities: logits are free up to a constant, on
    which dividing them would depend.
    """

    exponent: float

    def applies(self, position: int) -> bool:
        return position > 0

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        scores.scatter_(1, history, scores.gather(1, history) * self.exponent)


class BannedWords:
    """No word of a list is written, in whatever pieces, nor a piece that ends in one begun before.

    ban "Hund" after "▁Hu": the piece "nd"; anywhere: "▁Hund"; after "(": "Hund"
    ban "小狗", which no blank sets apart, after "只小": all that begin with "狗"; anywhere: "一只小狗"
    """

    def __init__(self, words: Sequence[str], surfaces: Sequence[str]) -> None:
        self.surfaces = surfaces
        self.always: list[int] = []
        # What is written, the piece that would complete a word, and whether a word must have begun there.
        self.after: list[tuple[str, int, bool]] = []
        for word in words:
            marked = BLANK_PIECE.join(word.split())
            if is_word(marked[0]):
                self._ban_word(BLANK_PIECE + marked)
            else:
                self._ban_anywhere(marked)
        self.longest = max((len(before) for before, _, _ in self.after), default=0) + 1

    def _ban_word(self, marked: str) -> None:
        """Ban a word with the blank before it, and what makes it one after something else."""
        known = {surface: token for token, surface in enumerate(self.surfaces)}
        for cut in range(len(marked)):
            if (last := known.get(marked[cut:])) is None:
                continue
            if cut == 0:
                self.always.append(last)
            else:
                self.after.append((marked[1:cut], last, True))

    def _ban_anywhere(self, text: str) -> None:
        """Ban a text that begins no word of a script with blanks, whatever stands around it in a piece."""
        for token, surface in enumerate(self.surfaces[EOS + 1 :], EOS + 1):
            if text in surface:
                self.always.append(token)
            for cut in range(1, len(text)):
                if surface.startswith(text[cut:]):
                    self.after.append((text[:cut], token, False))

    def applies(self, position: int) -> bool:
        return True

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        scores[:, self.always] = BANNED
        for row, tokens in enumerate(history[:, -self.longest :].tolist()):
            written = (BLANK_PIECE + "".join(self.surfaces[token] for token in tokens))[-self.longest :]
            for before, last, begins in self.after:
                if written.endswith(before) and not (begins and is_word(written[-len(before) - 1])):
                    scores[row, last] = BANNED


class BannedTexts:
    """The tokens that would complete one of some texts, whatever stands around it in a piece.

    That a result begins without a blank is not heeded: a text may be found where there is none, never missed.
    """

    def __init__(self, texts: Sequence[str], surfaces: Sequence[str]) -> None:
        self.surfaces = surfaces
        self.after: dict[str, list[int]] = {}  # what is written, the tokens that would complete a text
        for text in (each.replace(" ", BLANK_PIECE) for each in texts):
            for token, surface in enumerate(surfaces[EOS + 1 :], EOS + 1):
                if text in surface:
                    self.after.setdefault("", []).append(token)
                for cut in range(1, len(text)):
                    if surface.startswith(text[cut:]):
                        self.after.setdefault(text[:cut], []).append(token)
        self.longest = max(map(len, self.after), default=0)

    def completing(self, history: Tensor, size: int) -> Tensor:
        """Which tokens would complete a text, [N, size], after a history [N, T]."""
        found = torch.zeros(len(history), size, dtype=torch.bool, device=history.device)
        tail = history[:, max(0, history.shape[1] - self.longest) :]
        for row, tokens in enumerate(tail.tolist()):
            written = "".join(self.surfaces[token] for token in tokens)
            for before, last in self.after.items():
                if written.endswith(before):
                    found[row, last] = True
        return found


class StopTexts:
    """Once a row has written one of these texts, only its end may follow, at no cost to its rank.

    The blank before the first word is no part of the text, but for a vocabulary that has a piece for the
    line break, which keeps every blank as it is.
    """

    def __init__(self, texts: Sequence[str], surfaces: Sequence[str]) -> None:
        self.texts, self.surfaces = texts, surfaces
        self.marked = "" if "\n" in surfaces else BLANK_PIECE

    def applies(self, position: int) -> bool:
        return position > 0

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        for row, tokens in enumerate(history.tolist()):
            written = "".join(self.surfaces[token] for token in tokens).removeprefix(self.marked)
            written = written.replace(BLANK_PIECE, " ")
            if any(text in written for text in self.texts):
                scores[row] = BANNED
                scores[row, EOS] = 0.0


def make_processors(options: DecodeOptions, surfaces: Sequence[str]) -> list[LogitsProcessor]:
    """The rules that these options ask for; the penalty first, for bans are final.

    `surfaces`: how each token is written, a blank before it as U+2581; asked for by rules on texts.
    """
    rules: list[LogitsProcessor] = []
    if options.repetition_penalty != 1.0:
        rules.append(RepetitionPenalty(options.repetition_penalty))
    if options.no_repeat_ngram_size:
        rules.append(NoRepeatedNgram(options.no_repeat_ngram_size))
    if options.disable_unk:
        rules.append(NoUnknown())
    if options.min_length:
        rules.append(MinimumLength(options.min_length))
    if options.banned_words:
        rules.append(BannedWords(options.banned_words, surfaces))
    if options.stop:
        rules.append(StopTexts(options.stop, surfaces))
    return rules


def rank(
    log_probabilities: Tensor, history: Tensor, rules: list[LogitsProcessor], forced: Tensor | None
) -> Tensor:
    """The scores by which the next token is chosen, from the model's log-probabilities [N, V].

    Padding and the start symbol are never chosen (banned in `log_probabilities` itself; no result
    can have them). A row for which the rules leave nothing may end. A forced token [N] (-1: free) is
    above every rule. Without active rules the scores are the log-probabilities themselves.
    """
    log_probabilities[:, PAD] = BANNED
    log_probabilities[:, BOS] = BANNED
    active = [rule for rule in rules if rule.applies(history.shape[1])]
    scores = log_probabilities
    if active:
        scores = log_probabilities.clone()
        for rule in active:
            rule(scores, history)
        stuck = scores.amax(1) == BANNED
        scores[:, EOS] = torch.where(stuck, log_probabilities[:, EOS], scores[:, EOS])
    if forced is None:
        return scores
    only = torch.full_like(scores, BANNED)
    index = forced.clamp(min=0)[:, None]
    only.scatter_(1, index, log_probabilities.gather(1, index))
    return torch.where((forced >= 0)[:, None], only, scores)


def top_k(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest of each row: values [N, V] -> values and indices [N, count], largest first."""
    if count == 1:
        found = values.max(1, keepdim=True)
        return found.values, found.indices
    return top_k_sums(values.new_zeros(len(values), 1), values, count)


def top_k_sums(totals: Tensor, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest totals[b, w] + values[b x w, v] of each b, with their places w x V + v in b.

    Shapes: totals [B, W], values [B x W, V] -> sums and places [B, count], largest first. The same
    as `topk` of all sums, several times faster for a large V: the `count` blocks with the largest
    maxima hold the largest values, and block maxima are one vectorised pass.
    """
    count_b, width = totals.shape
    size = values.shape[1]
    blocks = size // BLOCK
    if blocks < 2 * count:
        sums = (values.view(count_b, width, size) + totals[:, :, None]).flatten(1)
        found = sums.topk(count, 1)
        return found.values, found.indices
    maxima = values[:, : blocks * BLOCK].unflatten(1, (blocks, BLOCK)).amax(2)
    chosen = (maxima.view(count_b, width, blocks) + totals[:, :, None]).flatten(1).topk(count, 1).indices
    first = chosen // blocks * size + chosen % blocks * BLOCK
    members = (first[:, :, None] + torch.arange(BLOCK, device=values.device)).flatten(1)
    if size % BLOCK:  # what is left over at the end of each row
        rest = torch.arange(width * size, device=values.device).view(width, size)[:, blocks * BLOCK :]
        members = torch.cat([members, rest.reshape(1, -1).expand(count_b, -1)], 1)
    sums = values.view(count_b, -1).gather(1, members) + totals.gather(1, members // size)
    found = sums.topk(count, 1)
    return found.values, members.gather(1, found.indices)
