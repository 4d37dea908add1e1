"""Logits processors: rules on the next token, each a small object applied only while it can matter.

A processor edits `scores` [N, V] in place, log-probabilities of which larger is better, given the tokens of
each row, `history` [N, T]. Nothing is renormalised, so a token that no processor changes keeps its
log-probability.
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
BLOCK = 64  # tokens of the vocabulary whose maximum `top_k` compares first


class LogitsProcessor(Protocol):
    """A change to the scores of the next token."""

    def applies(self, position: int) -> bool:
        """Return whether the processor can change anything after `position` tokens."""

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Edit scores [N, V] in place, given history [N, position]."""


@dataclass(frozen=True)
class MinimumLength:
    """Ban the end symbol before `length` tokens."""

    length: int

    def applies(self, position: int) -> bool:
        """Return whether the length is not reached."""
        return position < self.length

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Ban the end symbol."""
        scores[:, EOS] = BANNED


@dataclass(frozen=True)
class NoUnknown:
    """Ban the unknown token."""

    def applies(self, position: int) -> bool:
        """Return True: it applies at every position."""
        return True

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Ban the unknown token."""
        scores[:, UNK] = BANNED


@dataclass(frozen=True)
class NoRepeatedNgram:
    """Ban tokens that would repeat an n-gram of `size` tokens."""

    size: int

    def applies(self, position: int) -> bool:
        """Return whether a whole n-gram has been generated."""
        return position >= self.size

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Ban the last token of every n-gram that the newest tokens begin."""
        ngrams = history.unfold(1, self.size, 1)  # [N, T - size + 1, size]
        newest = history[:, history.shape[1] - self.size + 1 :]
        again = (ngrams[:, :, :-1] == newest[:, None]).all(2)
        ceiling = torch.zeros_like(scores[:, :1]).expand(again.shape).masked_fill(again, BANNED)
        # amin, not assignment: a token may occur in several n-grams, some of them banned and some not.
        scores.scatter_reduce_(1, ngrams[:, :, -1], ceiling, "amin")


@dataclass(frozen=True)
class RepetitionPenalty:
    """Raise the probability of tokens already generated to the power of `exponent`.

    After CTRL (Keskar et al., 2019), but on log-probabilities: logits are defined up to a constant, on which
    dividing them would depend.
    """

    exponent: float

    def applies(self, position: int) -> bool:
        """Return whether any token has been generated."""
        return position > 0

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Multiply the log-probabilities of generated tokens by the exponent."""
        scores.scatter_(1, history, scores.gather(1, history) * self.exponent)


class BannedWords:
    """Ban words in every tokenisation, as whole words and as the beginning of longer ones.

    Banned are tokens that contain a word, and tokens that would complete one begun before:

        ban "Hund" after "▁Hu": the token "nd"; everywhere: "▁Hund"; after "(": "Hund"
        ban "小狗" (a script without blanks) after "只小": tokens beginning with "狗"; everywhere: "一只小狗"
    """

    def __init__(self, words: Sequence[str], surfaces: Sequence[str]) -> None:
        self.surfaces = surfaces
        self.always: list[int] = []
        # Text generated before, the token that would complete a word, and whether the word must begin there.
        self.after: list[tuple[str, int, bool]] = []
        for word in words:
            marked = BLANK_PIECE.join(word.split())
            if is_word(marked[0]):
                self._ban_word(BLANK_PIECE + marked)
            else:
                self._ban_anywhere(marked)
        self.longest = max((len(before) for before, _, _ in self.after), default=0) + 1

    def _ban_word(self, marked: str) -> None:
        """Ban a word with the blank before it, and tokens that complete it at a word boundary."""
        known = {surface: token for token, surface in enumerate(self.surfaces)}
        for cut in range(len(marked)):
            if (last := known.get(marked[cut:])) is None:
                continue
            if cut == 0:
                self.always.append(last)
            else:
                self.after.append((marked[1:cut], last, True))

    def _ban_anywhere(self, text: str) -> None:
        """Ban a text of a script without blanks, whatever surrounds it in a token."""
        for token, surface in enumerate(self.surfaces[EOS + 1 :], EOS + 1):
            if text in surface:
                self.always.append(token)
            for cut in range(1, len(text)):
                if surface.startswith(text[cut:]):
                    self.after.append((text[:cut], token, False))

    def applies(self, position: int) -> bool:
        """Return True: it applies at every position."""
        return True

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Ban words, and tokens that would complete one."""
        scores[:, self.always] = BANNED
        for row, tokens in enumerate(history[:, -self.longest :].tolist()):
            written = (BLANK_PIECE + "".join(self.surfaces[token] for token in tokens))[-self.longest :]
            for before, last, begins in self.after:
                if written.endswith(before) and not (begins and is_word(written[-len(before) - 1])):
                    scores[row, last] = BANNED


class BannedTexts:
    """Finds the tokens that would complete one of several texts, whatever surrounds it in a token.

    It errs to one side only: as results begin without a blank, a text may be reported there that is none, but
    never missed.
    """

    def __init__(self, texts: Sequence[str], surfaces: Sequence[str]) -> None:
        self.surfaces = surfaces
        self.after: dict[str, list[int]] = {}  # text generated before -> tokens that would complete a text
        for text in (text.replace(" ", BLANK_PIECE) for text in texts):
            for token, surface in enumerate(surfaces[EOS + 1 :], EOS + 1):
                if text in surface:
                    self.after.setdefault("", []).append(token)
                for cut in range(1, len(text)):
                    if surface.startswith(text[cut:]):
                        self.after.setdefault(text[:cut], []).append(token)
        self.longest = max(map(len, self.after), default=0)

    def completing(self, history: Tensor, size: int) -> Tensor:
        """Return which tokens would complete a text, [N, size], after a history [N, T]."""
        completing = torch.zeros(len(history), size, dtype=torch.bool, device=history.device)
        tail = history[:, max(0, history.shape[1] - self.longest) :]
        for row, tokens in enumerate(tail.tolist()):
            written = "".join(self.surfaces[token] for token in tokens)
            for before, last in self.after.items():
                if written.endswith(before):
                    completing[row, last] = True
        return completing


class StopTexts:
    """Allow only the end symbol, with log-probability 0, once a row contains one of these texts.

    The blank before the first word is no part of the result, except for a vocabulary with a token for line
    breaks, which keeps every blank.
    """

    def __init__(self, texts: Sequence[str], surfaces: Sequence[str]) -> None:
        self.texts, self.surfaces = texts, surfaces
        self.marked = "" if "\n" in surfaces else BLANK_PIECE

    def applies(self, position: int) -> bool:
        """Return whether any token has been generated."""
        return position > 0

    def __call__(self, scores: Tensor, history: Tensor) -> None:
        """Allow only the end symbol in rows that contain a stop text."""
        for row, tokens in enumerate(history.tolist()):
            written = "".join(self.surfaces[token] for token in tokens).removeprefix(self.marked)
            written = written.replace(BLANK_PIECE, " ")
            if any(text in written for text in self.texts):
                scores[row] = BANNED
                scores[row, EOS] = 0.0


def make_processors(options: DecodeOptions, surfaces: Sequence[str]) -> list[LogitsProcessor]:
    """Return the processors that the options ask for, the penalty first, since bans are final.

    `surfaces` are the tokens as text, with U+2581 for a blank; processors of texts need them.
    """
    processors: list[LogitsProcessor] = []
    if options.repetition_penalty != 1.0:
        processors.append(RepetitionPenalty(options.repetition_penalty))
    if options.no_repeat_ngram_size:
        processors.append(NoRepeatedNgram(options.no_repeat_ngram_size))
    if options.disable_unk:
        processors.append(NoUnknown())
    if options.min_length:
        processors.append(MinimumLength(options.min_length))
    if options.banned_words:
        processors.append(BannedWords(options.banned_words, surfaces))
    if options.stop:
        processors.append(StopTexts(options.stop, surfaces))
    return processors


def rank(
    log_probabilities: Tensor, history: Tensor, processors: list[LogitsProcessor], forced: Tensor | None
) -> Tensor:
    """Return the scores by which the next token is chosen, from log-probabilities [N, V].

    Padding and the start symbol are banned in `log_probabilities` itself. A row for which every token is
    banned may end. A forced token [N] (-1: none) overrides all processors. Without active processors the
    scores are the log-probabilities themselves.
    """
    log_probabilities[:, PAD] = BANNED
    log_probabilities[:, BOS] = BANNED
    active = [processor for processor in processors if processor.applies(history.shape[1])]
    scores = log_probabilities
    if active:
        scores = log_probabilities.clone()
        for processor in active:
            processor(scores, history)
        stuck = scores.amax(1) == BANNED
        scores[:, EOS] = torch.where(stuck, log_probabilities[:, EOS], scores[:, EOS])
    if forced is None:
        return scores
    only = torch.full_like(scores, BANNED)
    index = forced.clamp(min=0)[:, None]
    only.scatter_(1, index, log_probabilities.gather(1, index))
    return torch.where((forced >= 0)[:, None], only, scores)


def top_k(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest values of each row, [N, V] -> values and indices, largest first."""
    if count == 1:
        best = values.max(1, keepdim=True)
        return best.values, best.indices
    return top_k_sums(values.new_zeros(len(values), 1), values, count)


def top_k_sums(totals: Tensor, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the largest totals[b, w] + values[b x W + w, v] of each b, with their index w x V + v.

    Shapes: totals [B, W], values [B x W, V] -> sums and indices [B, count], largest first. Equal to `topk` of
    all sums, and several times faster for a large V: the `count` blocks with the largest maxima contain the
    largest values, and block maxima are one vectorised pass.
    """
    batch, width = totals.shape
    size = values.shape[1]
    blocks = size // BLOCK
    if blocks < 2 * count:
        sums = (values.view(batch, width, size) + totals[:, :, None]).flatten(1)
        best = sums.topk(count, 1)
        return best.values, best.indices
    maxima = values[:, : blocks * BLOCK].unflatten(1, (blocks, BLOCK)).amax(2)
    best_blocks = (maxima.view(batch, width, blocks) + totals[:, :, None]).flatten(1).topk(count, 1).indices
    first = best_blocks // blocks * size + best_blocks % blocks * BLOCK
    members = (first[:, :, None] + torch.arange(BLOCK, device=values.device)).flatten(1)
    if size % BLOCK:  # the tokens after the last whole block of each row
        rest = torch.arange(width * size, device=values.device).view(width, size)[:, blocks * BLOCK :]
        members = torch.cat([members, rest.reshape(1, -1).expand(batch, -1)], 1)
    sums = values.view(batch, -1).gather(1, members) + totals.gather(1, members // size)
    best = sums.topk(count, 1)
    return best.values, members.gather(1, best.indices)
