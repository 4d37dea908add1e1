"""Dynamic beam allocation for phrases that must occur once each, placed by attention.

    bank      a hypothesis that has written or begun k of its J phrases competes with those of the same k;
              the beam takes the best of each bank in turn (Post and Vilar 2018; Hu et al. 2019)
    phrase    a phrase that has begun is completed and left where a word may end. Only its first token costs
              its log-probability: else hypotheses with a new phrase would displace those in the middle of one
    place     a phrase may stand for a span of the source. No attention head locates a word that the model
              does not know, but other tokens that attend to the span translate it in other words, before
              the phrase, after it or instead of it: each costs STRAY x the share of its attention. A phrase
              whose tokens attend, on average, to the spans of others has taken their place and costs
              CROSSED x that share. A blank that is a token by itself costs nothing: the phrase follows
    stop      a text that would end the result may not occur while a phrase is missing

A phrase that the model generates freely counts as well. Shapes: J phrases of at most P tokens, S source
positions. `progress` [B, W, J + 2] holds for each hypothesis which phrases are written (0 or 1), the phrase
it is in (-1: none) and how many of its tokens are written.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.config import EOS
from seq2seq.search.constraints import BatchConstraints
from seq2seq.search.processors import BANNED

# Chosen on a validation set (benchmarks/glossary.py), STRAY among equal values by sentences with terms and
# placeholders: a distilled model is so confident of its own words that it adds them where that costs little.
# The first token of a phrase with a source span counts little: the probability of a rare word says less about
# its place than the words it replaces.
STRAY, CROSSED, FIRST = 12.0, 16.0, 0.3


class ConstrainedCandidates(NamedTuple):
    """Continuations, O for each sentence: [B, O] each (progress [B, O, J + 2]); totals of -inf are none."""

    totals: Tensor
    parents: Tensor
    tokens: Tensor
    progress: Tensor
    ends: Tensor  # whether it may be a result


class ConstraintState(NamedTuple):
    """The state of hypotheses [B, W] before their next token.

    written [B, W, J]: the phrases written, `closed` also those that count if a word ends here. current,
    offset [B, W]: the phrase a hypothesis is in and how much of it is written. inside: in the middle of it.
    leaving: at its end, where only a closer may follow. needed [B, W]: tokens of phrases that remain to be
    written.
    """

    written: Tensor
    closed: Tensor
    current: Tensor
    offset: Tensor
    inside: Tensor
    leaving: Tensor
    needed: Tensor


def constraint_state(constraints: BatchConstraints, progress: Tensor, tokens: Tensor) -> ConstraintState:
    """Return the state given by progress [B, W, J + 2] and the tokens written so far [B, W, n]."""
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
    """Return whether the tokens [B, W, n] end with the first `lengths` [B, J] of each phrase: [B, W, J]."""
    longest = constraints.phrases.shape[2]
    tail = F.pad(tokens, (longest, 0), value=-2)[..., -longest:]
    places = torch.arange(longest, device=tokens.device) - (longest - lengths[..., None])
    expected = constraints.phrases.gather(2, places.clamp(min=0))  # right-aligned
    same = (tail[:, :, None] == expected[:, None]) | (places < 0)[:, None]
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
    """Return continuations: the best free tokens of each hypothesis, and phrases it can begin or continue.

    Shapes: totals [B, W], scores and log_probabilities [B, W, V], tokens [B, W, n], room [B] (tokens that
    remain, the end symbol counted), begins [B] (whether a phrase may begin: not within a prefix).
    """
    state = constraint_state(constraints, progress, tokens)
    strays, crossed = _strays(constraints, state, tokens.shape[2])
    # Attention of the token read is known only now, after that token has been chosen: its cost is due here.
    if constraints.trace is not None and constraints.trace.reads_input:
        strays = strays.masked_fill(tokens[..., -1:].eq(constraints.blank).any(2), 0.0)
        own = crossed.gather(2, state.current.clamp(min=0)[..., None]).squeeze(2)
        totals = totals - torch.where(state.current >= 0, own, strays)
        strays, crossed = torch.zeros_like(strays), torch.zeros_like(crossed)
    repeats, within = _repeats(state, tokens)
    stopping = None
    if constraints.stops is not None:
        stopping = constraints.stops.completing(tokens.flatten(0, 1), scores.shape[2]).view_as(scores)
    free = _free(constraints, state, scores, log_probabilities, room, begins)
    free.masked_fill_(
        repeats[..., None] & constraints.closers | within[..., None] & ~constraints.closers, BANNED
    )
    _keep_apart(constraints, free, tokens, begins)
    if stopping is not None:
        unfinished = begins[:, None] & ~state.closed.all(2)
        free.masked_fill_(stopping & unfinished[..., None], BANNED)
    best = free.topk(min(size + 1, free.shape[2]), 2)
    closes = constraints.closers[best.indices][..., None]
    written = torch.where(closes, state.closed[:, :, None], state.written[:, :, None])
    no_phrase = torch.tensor([-1, 0], device=tokens.device).expand(*best.indices.shape, 2)
    free_candidates = ConstrainedCandidates(
        totals[..., None] - strays[..., None] * (best.indices != constraints.blank) + best.values,
        _rows(best.indices),
        best.indices,
        torch.cat([written.long(), no_phrase], 3),
        written.all(3) & ((best.indices == EOS) | (room == 1)[:, None, None]),
    )
    may_begin = begins[:, None] & ~repeats
    constrained = _constrained(constraints, state, totals[..., None] - crossed, log_probabilities, may_begin)
    if stopping is not None:
        constrained.totals.masked_fill_(
            stopping.gather(2, constrained.tokens) & begins[:, None, None], BANNED
        )
    pairs = zip(free_candidates, constrained, strict=True)
    return ConstrainedCandidates(*(torch.cat([a.flatten(1, 2), b.flatten(1, 2)], 1) for a, b in pairs))


def _free(
    constraints: BatchConstraints,
    state: ConstraintState,
    scores: Tensor,
    log_probabilities: Tensor,
    room: Tensor,
    begins: Tensor,
) -> Tensor:
    """Return the scores [B, W, V] of free tokens; the end symbol is allowed where all others are banned."""
    free = scores.clone()
    all_closed = state.closed.all(2)
    free[..., EOS].masked_fill_(~all_closed, BANNED)
    tight = begins[:, None] & (state.needed > 0) & (state.needed + 1 >= room[:, None])
    free.masked_fill_((state.inside | (tight & ~all_closed))[..., None], BANNED)
    free.masked_fill_((state.leaving | tight)[..., None] & ~constraints.closers, BANNED)
    stuck = all_closed & ~state.inside & (free.amax(2) == BANNED)
    free[..., EOS] = torch.where(stuck, log_probabilities[..., EOS], free[..., EOS])
    return free


def _keep_apart(constraints: BatchConstraints, free: Tensor, tokens: Tensor, begins: Tensor) -> None:
    """Ban in `free` [B, W, V] tokens that would complete a phrase which may only occur as constrained."""
    if not constraints.only.any():
        return
    last = (constraints.lengths - 1).clamp(min=0)
    completing = constraints.phrases.gather(2, last[..., None]).squeeze(2).clamp(min=0)
    banned = _ends_with(constraints, tokens, last) & (constraints.only & begins[:, None])[:, None]
    ceiling = torch.full_like(banned, torch.inf, dtype=free.dtype).masked_fill(banned, BANNED)
    # amin, not assignment: two phrases may end with one token, one of them begun and one not.
    free.scatter_reduce_(2, completing[:, None].expand_as(banned), ceiling, "amin")


def _repeats(state: ConstraintState, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Return which hypotheses repeat the text of a better one: [B, W] if a word ends here, and if none does.

    A phrase may be written freely and as constrained. These are two paths to one text, which differ until its
    word ends.
    """
    outside = ~state.inside
    alike = (tokens[:, :, None] == tokens[:, None]).all(3) & outside[:, :, None] & outside[:, None]
    earlier = alike.tril(-1)
    closed = (state.closed[:, :, None] == state.closed[:, None]).all(3)
    written = (state.written[:, :, None] == state.written[:, None]).all(3) & ~state.leaving[:, None]
    return (earlier & closed).any(2), (earlier & written).any(2)


def _strays(constraints: BatchConstraints, state: ConstraintState, length: int) -> tuple[Tensor, Tensor]:
    """Return the attention costs: of a free token of each hypothesis [B, W], and of each phrase [B, W, J]."""
    count, width, phrases = state.written.shape
    if constraints.trace is None or (constraints.trace.reads_input and length == 0):
        zeros = torch.zeros(count, width, phrases, device=state.needed.device)
        return zeros[..., 0], zeros
    shares = constraints.trace.shares().float().view(count, width, -1)
    taken = constraints.columns.amax(1)
    crossed = torch.einsum("bws,bjs->bwj", shares, taken[:, None] - constraints.columns)
    crossed = crossed / constraints.lengths.clamp(min=1)[:, None]
    return STRAY * torch.einsum("bws,bs->bw", shares, taken), CROSSED * crossed


def _constrained(
    constraints: BatchConstraints,
    state: ConstraintState,
    totals: Tensor,
    log_probabilities: Tensor,
    begins: Tensor,
) -> ConstrainedCandidates:
    """Return the next token of a hypothesis in a phrase, or the first one of each missing phrase: [B, W, J].

    Shapes: totals [B, W, J], begins [B, W] (whether a phrase may begin).
    """
    numbers = torch.arange(constraints.lengths.shape[1], device=totals.device)
    continued = state.inside[..., None] & (numbers == state.current[..., None])
    offset = torch.where(continued, state.offset[..., None], 0)
    phrases = constraints.phrases[:, None].expand(-1, totals.shape[1], -1, -1)
    tokens = phrases.gather(3, offset[..., None]).squeeze(3).clamp(min=0)
    twins = (constraints.phrases[:, :, None] == constraints.phrases[:, None]).all(3).tril(-1)
    blocked = (twins[:, None] & ~state.closed[:, :, None]).any(3)  # of equal phrases the first is begun first
    allowed = continued | ((~state.inside & begins)[..., None] & ~state.closed & ~blocked)
    weight = torch.where(constraints.columns.any(2), FIRST, 1.0)[:, None]
    own = (weight * log_probabilities.gather(2, tokens)).masked_fill(continued, 0.0)
    values = totals + own
    written = torch.where(continued[..., None], state.written[:, :, None], state.closed[:, :, None])
    numbered = numbers.expand_as(tokens)
    progress = torch.cat([written.long(), numbered[..., None], offset[..., None] + 1], 3)
    values = values.masked_fill(~allowed, BANNED)
    return ConstrainedCandidates(values, _rows(tokens), tokens, progress, torch.zeros_like(allowed))


def _rows(tokens: Tensor) -> Tensor:
    """Return the index of the hypothesis of each candidate, in the shape of its tokens [B, W, ...]."""
    return torch.arange(tokens.shape[1], device=tokens.device)[None, :, None].expand_as(tokens)


def allocate(candidates: ConstrainedCandidates, size: int) -> tuple[Tensor, Tensor]:
    """Return which candidates become results and which live on, [B, size] each, best first.

    Live are the best of each bank, then the second best of each, and so on; a bank without further candidates
    leaves its turn to the others. Results are those that end among the best `size` of their bank.
    """
    order = candidates.totals.argsort(1, descending=True)
    bank = (candidates.progress[..., :-2] > 0).sum(2) + (candidates.progress[..., -2] >= 0)
    banks = bank.gather(1, order)
    members = F.one_hot(banks, candidates.progress.shape[2])
    place = (members.cumsum(1) * members).sum(2)  # in its bank, from 1
    totals, ends = candidates.totals.gather(1, order), candidates.ends.gather(1, order)
    count = min(size, order.shape[1])
    results = (ends & (place <= size)).float().topk(count, 1).indices
    turn = place * members.shape[2] - banks
    excluded = (totals == BANNED) | (candidates.tokens.gather(1, order) == EOS)
    live = turn.masked_fill(excluded, torch.iinfo(torch.long).max).topk(count, 1, largest=False).indices
    return order.gather(1, results), order.gather(1, live.sort(1).values)
