"""Completion: continuations of prompts, and the log-probability of given texts.

    prompts (ids) -> start -> search -> hypotheses, in the order given
    texts (ids)   -> windows of the context -> log p of each token

This module connects a language model with the search. The search begins with its start symbol; for a
language model the whole prompt takes that place and is read in one step.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from seq2seq.model.language_model import LanguageModel, LanguageState
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled, Hypothesis, Step, decode, rows_cancelled, stream

USUAL_LENGTH = 256  # tokens generated without `max_length`
BUDGET = 4096  # tokens of a batch


def decode_prompts(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    options: DecodeOptions,
    prefix: Sequence[int] = (),
    surfaces: Sequence[str] = (),
    cancelled: Cancelled | None = None,
) -> list[list[Hypothesis]]:
    """Return the continuations of each prompt (one token or more), best first.

    Args:
        model: The language model.
        prompts: Ids of each prompt. Those of equal length are decoded in one batch.
        options: Options of the search.
        prefix: Ids that each continuation begins with.
        surfaces: The text of each token [V], for options on words.
        cancelled: Polled at each step with the number of a prompt; a cancelled prompt has no hypotheses.

    Returns:
        The hypotheses of each prompt, in the order of `prompts`.
    """
    hypotheses: list[list[Hypothesis]] = [[]] * len(prompts)
    # A batch has no padding: the state of a language model has one length for all rows.
    groups: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        groups.setdefault(len(prompt), []).append(row)
    limit = length_limit(options)
    for rows in groups.values():
        size = max(1, BUDGET // min(len(prompts[rows[0]]) + limit, model.config.max_length))
        for first in range(0, len(rows), size):
            batch = [row for row in rows[first : first + size] if cancelled is None or not cancelled(row)]
            if not batch:
                continue
            with torch.inference_mode():
                step, state = begin(model, [prompts[row] for row in batch])
                results = decode(
                    step,
                    state,
                    len(batch),
                    [limit] * len(batch),
                    options,
                    [prefix] * len(batch),
                    cancelled=rows_cancelled(cancelled, batch),
                    surfaces=surfaces,
                )
            for row, row_hypotheses in zip(batch, results, strict=True):
                hypotheses[row] = row_hypotheses
    return hypotheses


@torch.inference_mode()
def stream_prompt(
    model: LanguageModel,
    prompt: Sequence[int],
    options: DecodeOptions,
    prefix: Sequence[int] = (),
    surfaces: Sequence[str] = (),
    observe: Callable[[Tensor], None] | None = None,
) -> Iterator[Step]:
    """Yield the steps of sampling or greedy search after one prompt as they are decoded.

    `observe` gets the logits [V] of each step before its token is chosen.
    """
    step, state = begin(model, [prompt])

    def observed(tokens: Tensor, state: LanguageState) -> Tensor:
        logits = step(tokens, state)
        if observe is not None:
            observe(logits[0])
        return logits

    yield from stream(observed, state, length_limit(options), options, prefix, surfaces)


def begin(
    model: LanguageModel, prompts: Sequence[Sequence[int]]
) -> tuple[Callable[[Tensor, LanguageState], Tensor], LanguageState]:
    """Return a step function whose first call reads the prompts, all of one length, and its state."""
    state = model.start(len(prompts))
    prompt_tokens = torch.tensor([list(prompt) for prompt in prompts], device=state.device)

    def step(tokens: Tensor, state: LanguageState) -> Tensor:
        return model.step(tokens if state.length else prompt_tokens, state)

    return step, state


def length_limit(options: DecodeOptions) -> int:
    """Return the maximum number of tokens to generate, the end counted."""
    return options.max_length or max(USUAL_LENGTH, options.min_length + 1)


@torch.inference_mode()
def log_probabilities(model: LanguageModel, tokens: Sequence[int], carried: int = 0) -> Tensor:
    """Compute log p of each token but the first, given those before it in its window.

    Windows are as long as the context. Each begins with the last `carried` tokens of the one before, which
    are not scored again. With 0 windows are independent, as in training.

    Returns:
        Natural logarithms [len(tokens) - 1], on the CPU.

    Raises:
        ValueError: `carried` is negative or not below the context.
    """
    context = model.config.max_length
    if not 0 <= carried < context:
        raise ValueError(f"carried is {carried}; give a number from 0 to below the context, {context}")
    device = next(model.parameters()).device
    sequence = torch.tensor(list(tokens), device=device)
    total = len(sequence) - 1
    log_probabilities = torch.empty(max(total, 0))
    starts = list(range(0, max(total - carried, 1), context - carried)) if total > 0 else []
    size = max(1, BUDGET // context)
    # Whole windows share a batch; a shorter one at the end is a batch of its own, so nothing is padded.
    whole = [start for start in starts if start + context <= total]
    groups = [whole[first : first + size] for first in range(0, len(whole), size)]
    for group in [*groups, *([start] for start in starts if start + context > total)]:
        rows = torch.stack([sequence[start : start + context + 1] for start in group])
        log_p = model(rows[:, :-1]).logits.float().log_softmax(dim=-1)
        scores = log_p.gather(2, rows[:, 1:, None]).squeeze(2).cpu()
        for start, values in zip(group, scores, strict=True):
            skipped = carried if start else 0
            log_probabilities[start + skipped : start + len(values)] = values[skipped:]
    return log_probabilities
