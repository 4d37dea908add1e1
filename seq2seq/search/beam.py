"""Beam search: the W best unfinished hypotheses of each sentence live on, the G best finished ones are kept.

    candidates [B, 2W]   the best continuations of the live hypotheses by summed log-probability.
                         At most W of them end, so W remain to live on.
    finished             an ended candidate whose rank is below W; at a sentence's limit every
                         candidate whose rank is below W ("length" where it did not end). All compete
                         by score = log p / n ** length_penalty.
    stop                 as soon as no live hypothesis can beat the worst of the G kept.

Log-probabilities only fall, so a live hypothesis with log p after n tokens scores at most max(log p / (n + 1)
** penalty, log p / limit ** penalty): the nearest end where the penalty is negative, the farthest where it is
positive. This equals HF's early_stopping="never", for G instead of W hypotheses, and changes no result.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD
from seq2seq.search.beam_allocation import allocate, propose
from seq2seq.search.constraints import BatchConstraints
from seq2seq.search.processors import BANNED, rank, top_k_sums
from seq2seq.search.types import Hypothesis, SearchTask, make_hypothesis


@dataclass(frozen=True)
class Candidates:
    """The best continuations of one step, best first; an observer sees the beam's tree through them.

    sentences [B] are their numbers in the call. Each [B, 2W]: parents (index of the continued live
    hypothesis), tokens, log_probabilities (the model's own, of that token alone), totals (the sums by which
    they are ranked; -inf: none), finished (whether a hypothesis ends here). live [B, W] are the indices of
    the next beam, in its order. progress [B, 2W, J + 2] is the progress in J constrained phrases
    (`constraints.py`), or [B, 2W, 0] without any.
    """

    sentences: Tensor
    parents: Tensor
    tokens: Tensor
    log_probabilities: Tensor
    totals: Tensor
    finished: Tensor
    live: Tensor
    progress: Tensor


Observer = Callable[[int, Candidates], None]


@dataclass
class Beam:
    """The state of a search after n tokens.

    sentences [B] are their numbers in the call. Live, best first: tokens and log_probabilities [B, W, n],
    totals [B, W] (-inf: no hypothesis), progress in constrained phrases [B, W, J + 2]. Finished, best first:
    done_tokens and done_log_probabilities [B, G, longest limit], done_scores [B, G] (-inf: none yet).
    """

    sentences: Tensor
    tokens: Tensor
    log_probabilities: Tensor
    totals: Tensor
    progress: Tensor
    done_tokens: Tensor
    done_log_probabilities: Tensor
    done_scores: Tensor

    @property
    def length(self) -> int:
        """The number of tokens generated, n."""
        return self.tokens.shape[2]


def search_beam(task: SearchTask, observer: Observer | None = None) -> list[list[Hypothesis]]:
    """Return the best hypotheses of each sentence, best first: num_hypotheses, or as many as exist.

    The observer is called with the position and the candidates of every step.
    """
    results: list[list[Hypothesis]] = [[] for _ in range(task.sentences)]
    beam = first_beam(task)
    newest = torch.full((task.sentences, 1), BOS, device=task.device)
    while True:
        candidates = continue_beam(beam, task.read(newest), task)
        if observer is not None:
            observer(beam.length, candidates)
        beam, rows = advance(beam, candidates, task)
        settled = is_settled(beam, task)
        cancelled = task.is_cancelled(beam.sentences)
        if cancelled is not None:
            settled |= cancelled
        remaining = None
        if settled.any():
            collect(beam, settled, task, results)
            remaining = (~settled).nonzero().squeeze(1)
            if not len(remaining):
                return results
            beam, rows = keep(beam, remaining), rows[remaining]
        task.select(rows.flatten(), remaining)
        newest = beam.tokens[:, :, -1].reshape(-1, 1)


def first_beam(task: SearchTask) -> Beam:
    """Return the beam before the first token: one live hypothesis for each sentence, none finished."""
    count, results, longest = task.sentences, task.options.num_hypotheses, task.longest
    device = task.device
    return Beam(
        sentences=torch.arange(count, device=device),
        tokens=torch.empty(count, 1, 0, dtype=torch.long, device=device),
        log_probabilities=torch.empty(count, 1, 0, device=device),
        totals=torch.zeros(count, 1, device=device),
        progress=(
            torch.empty(count, 1, 0, device=device)
            if task.constraints is None
            else task.constraints.nothing_written()
        ),
        done_tokens=torch.full((count, results, longest), PAD, device=device),
        done_log_probabilities=torch.zeros(count, results, longest, device=device),
        done_scores=torch.full((count, results), BANNED, device=device),
    )


def continue_beam(beam: Beam, logits: Tensor, task: SearchTask) -> Candidates:
    """Return the 2W best continuations of each sentence, given logits [B x W, V]."""
    count, width, length = beam.tokens.shape
    size = task.options.beam_size
    log_probabilities = logits.float().log_softmax(1)
    forced = task.forced_tokens(beam.sentences, length)
    if forced is not None:
        forced = forced.repeat_interleave(width)
    scores = rank(log_probabilities, beam.tokens.flatten(0, 1), task.processors, forced)
    if task.constraints is not None:
        return _continue_constrained(beam, task.constraints, scores, log_probabilities, forced, task)
    vocabulary = scores.shape[1]
    totals, places = top_k_sums(beam.totals, scores, min(2 * size, width * vocabulary))
    parents, tokens = places // vocabulary, places % vocabulary
    own = log_probabilities.view(count, -1).gather(1, places)
    missing = 2 * size - totals.shape[1]  # a tiny vocabulary has fewer continuations than the beam has places
    if missing:
        parents, tokens, own = (F.pad(column, (0, missing)) for column in (parents, tokens, own))
        totals = F.pad(totals, (0, missing), value=BANNED)
    ended = tokens == EOS
    live = totals.masked_fill(ended, BANNED).topk(size, 1).indices
    at_limit = task.limits[beam.sentences, None] == length + 1
    finished = (ended | at_limit) & (totals > BANNED)
    finished[:, size:] = False
    nothing = torch.empty(count, 2 * size, 0, device=task.device)
    return Candidates(beam.sentences, parents, tokens, own, totals, finished, live, nothing)


def _continue_constrained(
    beam: Beam,
    constraints: BatchConstraints,
    scores: Tensor,
    own: Tensor,
    forced: Tensor | None,
    task: SearchTask,
) -> Candidates:
    """Return the continuations under constraints, given scores and log-probabilities [B x W, V]."""
    count, width, length = beam.tokens.shape
    size = task.options.beam_size
    begins = torch.ones(count, dtype=torch.bool, device=task.device)
    if forced is not None:
        begins = forced.view(count, width)[:, 0] < 0
    own = own.view(count, width, -1)
    proposed = propose(
        constraints.of(beam.sentences),
        beam.totals,
        scores.view_as(own),
        own,
        beam.progress,
        beam.tokens,
        task.limits[beam.sentences] - length,
        begins,
        size,
    )
    results, live = allocate(proposed, size)
    places = torch.cat([results, live], 1)
    parents, tokens = proposed.parents.gather(1, places), proposed.tokens.gather(1, places)
    finished = proposed.ends.gather(1, places)
    finished[:, results.shape[1] :] = False
    return Candidates(
        beam.sentences,
        parents,
        tokens,
        own.flatten(1).gather(1, parents * own.shape[2] + tokens),
        proposed.totals.gather(1, places),
        finished,
        torch.arange(results.shape[1], places.shape[1], device=task.device).expand_as(live),
        proposed.progress.gather(1, places[..., None].expand(-1, -1, proposed.progress.shape[2])),
    )


def advance(beam: Beam, candidates: Candidates, task: SearchTask) -> tuple[Beam, Tensor]:
    """Return the beam one token later, and for each of its places [B, W] the state's row it continues."""
    if candidates.finished.any():
        beam = finish(beam, candidates, task)
    count, width, _ = beam.tokens.shape
    parents = candidates.parents.gather(1, candidates.live)
    tokens, log_probabilities = written(beam, candidates, candidates.live)
    totals = candidates.totals.gather(1, candidates.live)
    totals = totals.masked_fill(tokens[:, :, -1] == EOS, BANNED)
    first = torch.arange(0, count * width, width, device=task.device)
    index = candidates.live[..., None].expand(-1, -1, candidates.progress.shape[2])
    moved = replace(
        beam,
        tokens=tokens,
        log_probabilities=log_probabilities,
        totals=totals,
        progress=candidates.progress.gather(1, index),
    )
    return moved, first[:, None] + parents


def written(beam: Beam, candidates: Candidates, places: Tensor) -> tuple[Tensor, Tensor]:
    """Return tokens and log-probabilities [B, W, n + 1] of the candidates at these places [B, W]."""
    parents = candidates.parents.gather(1, places)[:, :, None].expand(-1, -1, beam.length)
    tokens = candidates.tokens.gather(1, places)[:, :, None]
    log_probabilities = candidates.log_probabilities.gather(1, places)[:, :, None]
    return (
        torch.cat([beam.tokens.gather(1, parents), tokens], 2),
        torch.cat([beam.log_probabilities.gather(1, parents), log_probabilities], 2),
    )


def finish(beam: Beam, candidates: Candidates, task: SearchTask) -> Beam:
    """Return the beam after the ended candidates have competed with those that ended before."""
    options = task.options
    length = beam.length + 1
    scores = candidates.totals[:, : options.beam_size] / length**options.length_penalty
    scores = scores.masked_fill(~candidates.finished[:, : options.beam_size], BANNED)
    done_scores, best = torch.cat([beam.done_scores, scores], 1).topk(options.num_hypotheses, 1)
    places = torch.arange(options.beam_size, device=task.device).expand_as(scores)
    room = (0, beam.done_tokens.shape[2] - length)
    tokens, log_probabilities = written(beam, candidates, places)
    index = best[:, :, None].expand_as(beam.done_tokens)
    done_tokens = torch.cat([beam.done_tokens, F.pad(tokens, room)], 1)
    done_own = torch.cat([beam.done_log_probabilities, F.pad(log_probabilities, room)], 1)
    return replace(
        beam,
        done_tokens=done_tokens.gather(1, index),
        done_log_probabilities=done_own.gather(1, index),
        done_scores=done_scores,
    )


def is_settled(beam: Beam, task: SearchTask) -> Tensor:
    """Return for which sentences [B] no live hypothesis can beat the worst finished one that is kept."""
    penalty = task.options.length_penalty
    limits = task.limits[beam.sentences]
    best_live = beam.totals[:, 0]
    nearest: Tensor = best_live / (beam.length + 1) ** penalty
    if task.constraints is not None:
        # A hypothesis that defers its phrases cannot end, and its mean log-probability hardly falls, so that
        # the bound at the limit would keep the search waiting. Here only the nearest end counts.
        return (beam.done_scores[:, -1] >= nearest) | (limits <= beam.length)
    farthest = best_live / limits**penalty
    return (beam.done_scores[:, -1] >= torch.maximum(nearest, farthest)) | (limits <= beam.length)


def keep(beam: Beam, remaining: Tensor) -> Beam:
    """Return the beam of the sentences [B'] that remain."""
    return Beam(*(getattr(beam, field.name)[remaining] for field in fields(beam)))


def collect(beam: Beam, settled: Tensor, task: SearchTask, results: list[list[Hypothesis]]) -> None:
    """Store the finished hypotheses of the settled sentences [B]."""
    done = keep(beam, settled)
    penalty = task.options.length_penalty
    for place, sentence in enumerate(done.sentences.tolist()):
        count = int((done.done_scores[place] > BANNED).sum())
        tokens = done.done_tokens[place, :count].tolist()
        log_probabilities = done.done_log_probabilities[place, :count].tolist()
        limit = int(task.limits[sentence])
        hypotheses = [
            make_hypothesis(*row, limit, penalty) for row in zip(tokens, log_probabilities, strict=True)
        ]
        if not task.ranks_by_other_scores:  # sums of totals round differently from sums of a hypothesis
            hypotheses.sort(key=lambda hypothesis: hypothesis.score, reverse=True)
        results[sentence] = hypotheses
