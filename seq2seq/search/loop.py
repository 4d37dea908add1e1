"""The decoding loop: read the newest token of every row, choose the next, until all rows have ended.

`walk` is the primitive, a generator that yields each step. `stream` is `walk` for one sentence, `decode`
collects it for many. Only the beam, which revises its output, has a loop of its own. Tokens go in as [N, T],
logits come out as [N, V]; search knows nothing else of the model.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import torch
from torch import Tensor

from seq2seq.config import BOS, EOS, PAD
from seq2seq.options import DecodeOptions
from seq2seq.search.beam import Observer, search_beam
from seq2seq.search.constraints import BatchConstraints
from seq2seq.search.processors import rank, top_k
from seq2seq.search.sampling import Sampler, sample
from seq2seq.search.types import (
    Cancelled,
    Hypothesis,
    SearchTask,
    State,
    Step,
    make_hypothesis,
    make_search_task,
)

AnyState = TypeVar("AnyState", bound=State)


@torch.no_grad()
def decode(
    step: Callable[[Tensor, AnyState], Tensor],
    state: AnyState,
    sentences: int,
    limits: Sequence[int],
    options: DecodeOptions,
    prefixes: Sequence[Sequence[int]] | None = None,
    observer: Observer | None = None,
    cancelled: Cancelled | None = None,
    surfaces: Sequence[str] = (),
    constraints: BatchConstraints | None = None,
) -> list[list[Hypothesis]]:
    """Return the results of each sentence, best first.

    There are `num_hypotheses` results, or fewer where no more exist. A hypothesis that has not ended at its
    limit competes as it is, with finish "length". The order is by score; under repetition_penalty the beam
    ranks by the penalised score.

    Args:
        step: Reads the newest tokens [N, T] and returns the logits [N, V] of the next ones.
        state: State of the model, which must have read nothing, one row for each sentence.
        sentences: Number of sentences.
        limits: Most tokens of each sentence, its end symbol and its prefix counted.
        options: How to search.
        prefixes: Tokens that each result begins with.
        observer: Receives every step of the beam, and of greedy search as a beam of one; not of sampling.
        cancelled: Polled at each step with a sentence's number; a cancelled sentence leaves without results.
        surfaces: The tokens as text, for options on words.
        constraints: Phrases that results must contain; they need a beam, whatever the options.

    Raises:
        ValueError: a limit below 1, or a prefix that is longer than its limit or has special symbols.
    """
    assert len(limits) == sentences, "one limit a sentence"
    if not sentences:
        return []
    task = make_search_task(
        lambda tokens: step(tokens, state), state, limits, options, prefixes, cancelled, surfaces, constraints
    )
    kind = options.search_kind
    if constraints is not None or kind == "beam" or (kind == "greedy" and observer is not None):
        results = search_beam(task, observer)
    else:
        results = collect(task, walk(task))
    if cancelled is None:
        return results
    return [[] if cancelled(number) else hypotheses for number, hypotheses in enumerate(results)]


def stream(
    step: Callable[[Tensor, AnyState], Tensor],
    state: AnyState,
    limit: int,
    options: DecodeOptions,
    prefix: Sequence[int] | None = None,
    surfaces: Sequence[str] = (),
) -> Generator[Step, None, Hypothesis]:
    """Yield the tokens of one sentence, greedy or sampled; the generator returns the whole hypothesis.

    The end symbol is not yielded. Joined, the tokens equal those of `decode` with beam_size 1: a stream
    cannot revise what it has yielded, so beam_size is not used.

    Raises:
        ValueError: more than one hypothesis, and whatever `decode` refuses.
    """
    if options.num_hypotheses != 1:
        raise ValueError(
            f"num_hypotheses is {options.num_hypotheses}, but a stream shows one result; set it to 1"
        )
    prefixes = None if prefix is None else [prefix]
    task = make_search_task(
        lambda tokens: step(tokens, state), state, [limit], options, prefixes, surfaces=surfaces
    )
    return _stream(task, limit)


def _stream(task: SearchTask, limit: int) -> Generator[Step, None, Hypothesis]:
    tokens: list[int] = []
    log_probabilities: list[float] = []
    for _, newest, own in walk(task):
        tokens.append(int(newest))
        log_probabilities.append(float(own))
        if tokens[-1] != EOS:
            yield Step(tokens[-1], log_probabilities[-1])
    return make_hypothesis(tokens, log_probabilities, limit, task.options.length_penalty)


@torch.no_grad()
def walk(task: SearchTask) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Follow one path in each row, greedy or sampled, until all have ended.

    Yields row numbers [N] (sentence x W + sample, W samples for each sentence), the chosen tokens [N] and
    their log-probabilities [N]. A sentence leaves when all its rows have ended or it is cancelled. Until then
    its ended rows are still yielded, and their further tokens are meaningless.
    """
    width = rows_of(task.options)
    sampler = Sampler(task.options.seed)
    sentences = torch.arange(task.sentences, device=task.device)
    history = torch.empty(task.sentences * width, 0, dtype=torch.long, device=task.device)
    ended = torch.zeros(task.sentences * width, dtype=torch.bool, device=task.device)
    newest = torch.full((task.sentences, 1), BOS, device=task.device)
    samples_of = torch.arange(width, device=task.device)
    places = torch.arange(task.sentences * width, device=task.device)
    shortest = int(task.limits.min())
    while True:
        logits = task.read(newest)
        if len(logits) < len(ended):  # the first step reads one row for each sentence
            rows = torch.arange(len(logits), device=task.device).repeat_interleave(width)
            task.select(rows, None)
            logits = logits[rows]
        tokens, own = choose(task, logits, history, sentences, sampler)
        yield places, tokens, own
        history = torch.cat([history, tokens[:, None]], 1)
        newest = history[:, -1:]
        ends = tokens == EOS
        if task.cancelled is None and history.shape[1] < shortest and not ends.any():
            continue  # nobody leaves
        ended |= ends
        unfinished = ~ended.view(-1, width).all(1) & (task.limits[sentences] > history.shape[1])
        cancelled = task.is_cancelled(sentences)
        if cancelled is not None:
            unfinished &= ~cancelled
        if not unfinished.all():
            remaining = unfinished.nonzero().squeeze(1)
            if not len(remaining):
                return
            rows = (remaining[:, None] * width + samples_of).flatten()
            task.select(rows, remaining)
            sentences, history, ended = sentences[remaining], history[rows], ended[rows]
            places, newest = places[rows], newest[rows]


def rows_of(options: DecodeOptions) -> int:
    """Return the rows of a sentence: `num_hypotheses` for sampling, one for greedy search."""
    return options.num_hypotheses if options.search_kind == "sampling" else 1


def choose(
    task: SearchTask, logits: Tensor, history: Tensor, sentences: Tensor, sampler: Sampler
) -> tuple[Tensor, Tensor]:
    """Choose the next token of every row: logits [N, V] -> tokens [N] and log-probabilities [N]."""
    width = len(history) // len(sentences)
    log_probabilities = logits.float().log_softmax(1)
    forced = task.forced_tokens(sentences, history.shape[1])
    if forced is not None:
        forced = forced.repeat_interleave(width)
    scores = rank(log_probabilities, history, task.processors, forced)
    if task.options.search_kind == "sampling":
        uniform = sampler.draw(len(sentences), width).to(task.device)
        tokens = sample(scores, uniform, task.options)
    else:
        tokens = top_k(scores, 1)[1].squeeze(1)
    return tokens, log_probabilities.gather(1, tokens[:, None]).squeeze(1)


def _together(
    steps: Iterator[tuple[Tensor, Tensor, Tensor]],
) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """Join steps of the same rows: first position, rows [N], tokens and log-probabilities [N, T]."""
    position = 0
    for _, group in groupby(steps, key=lambda step: id(step[0])):
        rows, tokens, own = zip(*group, strict=True)
        yield position, rows[0], torch.stack(tokens, 1), torch.stack(own, 1)
        position += len(rows)


def collect(task: SearchTask, steps: Iterator[tuple[Tensor, Tensor, Tensor]]) -> list[list[Hypothesis]]:
    """Return the steps of `walk` as hypotheses sorted by score, a list for each sentence."""
    width = rows_of(task.options)
    shape = (task.sentences * width, task.longest)
    written = torch.full(shape, PAD, device=task.device)
    log_probabilities = torch.zeros(shape, device=task.device)
    for first, rows, tokens, own in _together(steps):
        written[rows, first : first + tokens.shape[1]] = tokens
        log_probabilities[rows, first : first + own.shape[1]] = own
    limits = task.limits.repeat_interleave(width).tolist()
    hypotheses = [
        make_hypothesis(*row, task.options.length_penalty)
        for row in zip(written.tolist(), log_probabilities.tolist(), limits, strict=True)
    ]
    groups = [hypotheses[first : first + width] for first in range(0, len(hypotheses), width)]
    return [sorted(group, key=lambda hypothesis: hypothesis.score, reverse=True) for group in groups]
