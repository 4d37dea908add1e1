"""Phrases that a beam must write, each once: dynamic beam allocation, and places found by attention.

    bank      a hypothesis that has written or begun k of its J phrases competes with those of the same
              k; the beam takes the best of each bank in turn (Post and Vilar 2018; Hu et al. 2019)
    phrase    once begun it is written to its end and left where a word may end; how it is spelled costs
              nothing beyond its first token, or those just begun would push out those half written
    place     a phrase may stand for a stretch of the source. Of a word that the model does not know, no
              head tells where it belongs; but other tokens that look there say the same in other words,
              before it, after it or instead: each costs STRAY x the share of its look. A phrase whose tokens
              look, on average, where others stand has taken their place, and costs CROSSED x that share
    stop      a text that would end the result is not written while a phrase is still to come

A phrase that the model wrote of its own accord counts as well. Shapes: J phrases of at most P tokens,
S source positions; `progress` [B, W, J + 2] holds for each hypothesis which phrases are written (0 or 1),
the phrase it is in (-1: none) and how many of its tokens are written.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.config import EOS
from seq2seq.search.constraints import BatchConstraints
from seq2seq.search.processors import BANNED

# Chosen on a valid set (benchmarks/glossary.py), STRAY among equals there by sentences with terms and
# placeholders: a distilled model is so sure of its own words that it writes them too where they cost little.
# The first token of a phrase that stands for something counts little, for how probable a rare word is says
# less about its place than what it replaces.
STRAY, CROSSED, FIRST = 12.0, 16.0, 0.3


class ConstrainedCandidates(NamedTuple):
    """Ways to go on, O of each sentence: [B, O] each (progress [B, O, J + 2]); -inf totals are none."""

    totals: Tensor
    parents: Tensor
    tokens: Tensor
    progress: Tensor
    ends: Tensor  # whether it may be a result now


class ConstraintState(NamedTuple):
    """Where hypotheses [B, W] stand before their next token.

    written [B, W, J]: phrases written, `closed` those that are once a word ends here; current, offset
    [B, W]: the phrase it is in and how much of it is written; inside: in its middle; leaving: at its end,
    where only a closer may follow; needed [B, W]: tokens still to be written of phrases.
    """

    written: Tensor
    closed: Tensor
    current: Tensor
    offset: Tensor
    inside: Tensor
    leaving: Tensor
    needed: Tensor


def constraint_state(constraints: BatchConstraints, progress: Tensor, tokens: Tensor) -> ConstraintState:
    """Read off progress [B, W, J + 2] and what was written, tokens [B, W, n]."""
    written, current, offset = progress[..., :-2] > 0, progress[..., -2], progress[..., -1]
    lengths = constraints.lengths[:, None]
    own = current.clamp(min=0)
    length = lengths.expand_as(written).gather(2, own[..., None]).squeeze(2)
    inside = (current >= 0) & (offset < length)
    leaving = (current >= 0) & (offset == length)
    done = _ends_with(constraints, tokens, constraints.lengths) & ~written & ~inside[..., None]
    first = done & (done.cumsum(2) == 1)
    closed = written | first
    needed = (lengths * ~written).sum(2) - torch.where(current >= 0, offset, 0)
    return ConstraintState(written, closed, current, offset, inside, leaving, needed)


def _ends_with(constraints: BatchConstraints, tokens: Tensor, lengths: Tensor) -> Tensor:
    """Of which phrases the tokens [B, W, n] end with the first `lengths` [B, J]: [B, W, J]."""
    longest = constraints.phrases.shape[2]
    tail = F.pad(tokens, (longest, 0), value=-2)[..., -longest:]
    places = torch.arange(longest, device=tokens.device) - (longest - lengths[..., None])
    wanted = constraints.phrases.gather(2, places.clamp(min=0))  # right-aligned
    same = (tail[:, :, None] == wanted[:, None]) | (places < 0)[:, None]
    return same.all(3) & (constraints.lengths > 0)[:, None]


def propose(
    constraints: BatchConstraints,
    totals: Tensor,
    scores: Tensor,
    log_probabilities: Tensor,
    progress: Tensor,
    tokens: Tensor,
    room: Tensor,
    begins: Tensor,
    size: int,
) -> ConstrainedCandidates:
    """Ways to go on: the best free tokens of each hypothesis, and the phrases it can begin or is in.

    Shapes: totals [B, W], scores and log_probabilities [B, W, V], tokens [B, W, n], room [B] (tokens that
    may still be written, the end counted), begins [B] (whether a phrase may be begun: not in a prefix).
    """
    now = constraint_state(constraints, progress, tokens)
    strays, crossed = _strays(constraints, now, tokens.shape[2])
    if (
        constraints.look is not None and constraints.look.reads_input
    ):  # the newest token is the one that looked
        own = crossed.gather(2, now.current.clamp(min=0)[..., None]).squeeze(2)
        totals = totals - torch.where(now.current >= 0, own, strays)
        strays, crossed = torch.zeros_like(strays), torch.zeros_like(crossed)
    repeats, within = _repeats(now, tokens)
    stopping = None
    if constraints.stops is not None:
        stopping = constraints.stops.completing(tokens.flatten(0, 1), scores.shape[2]).view_as(scores)
    free = _free(constraints, now, scores, log_probabilities, room, begins)
    free.masked_fill_(
        repeats[..., None] & constraints.closers | within[..., None] & ~constraints.closers, BANNED
    )
    _keep_apart(constraints, free, tokens, begins)
    if stopping is not None:
        still = begins[:, None] & ~now.closed.all(2)
        free.masked_fill_(stopping & still[..., None], BANNED)
    found = free.topk(min(size + 1, free.shape[2]), 2)
    closes = constraints.closers[found.indices][..., None]
    written = torch.where(closes, now.closed[:, :, None], now.written[:, :, None])
    nowhere = torch.tensor([-1, 0], device=tokens.device).expand(*found.indices.shape, 2)
    usual = ConstrainedCandidates(
        (totals - strays)[..., None] + found.values,
        _rows(found.indices),
        found.indices,
        torch.cat([written.long(), nowhere], 3),
        written.all(3) & ((found.indices == EOS) | (room == 1)[:, None, None]),
    )
    may_begin = begins[:, None] & ~repeats
    demanded = _demanded(constraints, now, totals[..., None] - crossed, log_probabilities, may_begin)
    if stopping is not None:
        demanded.totals.masked_fill_(stopping.gather(2, demanded.tokens) & begins[:, None, None], BANNED)
    pairs = zip(usual, demanded, strict=True)
    return ConstrainedCandidates(*(torch.cat([a.flatten(1, 2), b.flatten(1, 2)], 1) for a, b in pairs))


def _free(
    constraints: BatchConstraints,
    now: ConstraintState,
    scores: Tensor,
    log_probabilities: Tensor,
    room: Tensor,
    begins: Tensor,
) -> Tensor:
    """The scores [B, W, V] of tokens that are written freely; the end where nothing else is left."""
    free = scores.clone()
    all_closed = now.closed.all(2)
    free[..., EOS].masked_fill_(~all_closed, BANNED)
    tight = begins[:, None] & (now.needed > 0) & (now.needed + 1 >= room[:, None])
    free.masked_fill_((now.inside | (tight & ~all_closed))[..., None], BANNED)
    free.masked_fill_((now.leaving | tight)[..., None] & ~constraints.closers, BANNED)
    stuck = all_closed & ~now.inside & (free.amax(2) == BANNED)
    free[..., EOS] = torch.where(stuck, log_probabilities[..., EOS], free[..., EOS])
    return free


def _keep_apart(constraints: BatchConstraints, free: Tensor, tokens: Tensor, begins: Tensor) -> None:
    """Ban in `free` [B, W, V] the token that would complete what only a demanded phrase may say."""
    if not constraints.only.any():
        return
    last = (constraints.lengths - 1).clamp(min=0)
    completing = constraints.phrases.gather(2, last[..., None]).squeeze(2).clamp(min=0)
    banned = _ends_with(constraints, tokens, last) & (constraints.only & begins[:, None])[:, None]
    ceiling = torch.full_like(banned, torch.inf, dtype=free.dtype).masked_fill(banned, BANNED)
    # amin, not assignment: two phrases may end with one token, one of them begun and one not.
    free.scatter_reduce_(2, completing[:, None].expand_as(banned), ceiling, "amin")


def _repeats(now: ConstraintState, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Which hypotheses say again what a better one says: [B, W] if a word ends now, and if none does.

    A phrase may be written freely and as demanded: two ways to one text, which differ until its word ends.
    """
    outside = ~now.inside
    alike = (tokens[:, :, None] == tokens[:, None]).all(3) & outside[:, :, None] & outside[:, None]
    earlier = alike.tril(-1)
    closed = (now.closed[:, :, None] == now.closed[:, None]).all(3)
    written = (now.written[:, :, None] == now.written[:, None]).all(3) & ~now.leaving[:, None]
    return (earlier & closed).any(2), (earlier & written).any(2)


def _strays(constraints: BatchConstraints, now: ConstraintState, length: int) -> tuple[Tensor, Tensor]:
    """What a look costs a hypothesis: in a token of its own choice [B, W], of each phrase [B, W, J]."""
    count, width, phrases = now.written.shape
    if constraints.look is None or (constraints.look.reads_input and length == 0):
        nothing = torch.zeros(count, width, phrases, device=now.needed.device)
        return nothing[..., 0], nothing
    shares = constraints.look.shares().float().view(count, width, -1)
    taken = constraints.columns.amax(1)
    crossed = torch.einsum("bws,bjs->bwj", shares, taken[:, None] - constraints.columns)
    crossed = crossed / constraints.lengths.clamp(min=1)[:, None]
    return STRAY * torch.einsum("bws,bs->bw", shares, taken), CROSSED * crossed


def _demanded(
    constraints: BatchConstraints,
    now: ConstraintState,
    totals: Tensor,
    log_probabilities: Tensor,
    begins: Tensor,
) -> ConstrainedCandidates:
    """The next token of the phrase a hypothesis is in, or the first of each it lacks: [B, W, J].

    Shapes: totals [B, W, J], begins [B, W] (whether one may be begun).
    """
    numbers = torch.arange(constraints.lengths.shape[1], device=totals.device)
    going = now.inside[..., None] & (numbers == now.current[..., None])
    offset = torch.where(going, now.offset[..., None], 0)
    phrases = constraints.phrases[:, None].expand(-1, totals.shape[1], -1, -1)
    tokens = phrases.gather(3, offset[..., None]).squeeze(3).clamp(min=0)
    twins = (constraints.phrases[:, :, None] == constraints.phrases[:, None]).all(3).tril(-1)
    waits = (twins[:, None] & ~now.closed[:, :, None]).any(3)  # of equal phrases the first is begun first
    may = going | ((~now.inside & begins)[..., None] & ~now.closed & ~waits)
    weight = torch.where(constraints.columns.any(2), FIRST, 1.0)[:, None]
    own = (weight * log_probabilities.gather(2, tokens)).masked_fill(going, 0.0)
    values = totals + own
    written = torch.where(going[..., None], now.written[:, :, None], now.closed[:, :, None])
    numbered = numbers.expand_as(tokens)
    progress = torch.cat([written.long(), numbered[..., None], offset[..., None] + 1], 3)
    values = values.masked_fill(~may, BANNED)
    return ConstrainedCandidates(values, _rows(tokens), tokens, progress, torch.zeros_like(may))


def _rows(tokens: Tensor) -> Tensor:
    """The number of the hypothesis of each offer: like its tokens [B, W, ...]."""
    return torch.arange(tokens.shape[1], device=tokens.device)[None, :, None].expand_as(tokens)


def allocate(offers: ConstrainedCandidates, size: int) -> tuple[Tensor, Tensor]:
    """Which offers become results and which live on, [B, size] each, best first.

    Live: the best of each bank, then the second best of each, ...; a bank without further offers leaves
    its turn to the others. Results: those that end among the best `size` of their bank.
    """
    order = offers.totals.argsort(1, descending=True)
    begun = (offers.progress[..., :-2] > 0).sum(2) + (offers.progress[..., -2] >= 0)
    banks = begun.gather(1, order)
    members = F.one_hot(banks, offers.progress.shape[2])
    place = (members.cumsum(1) * members).sum(2)  # in its bank, from 1
    totals, ends = offers.totals.gather(1, order), offers.ends.gather(1, order)
    count = min(size, order.shape[1])
    results = (ends & (place <= size)).float().topk(count, 1).indices
    turn = place * members.shape[2] - banks
    never = (totals == BANNED) | (offers.tokens.gather(1, order) == EOS)
    live = turn.masked_fill(never, torch.iinfo(torch.long).max).topk(count, 1, largest=False).indices
    return order.gather(1, results), order.gather(1, live.sort(1).values)
