"""From prompts to continuations, and how probable a given text is.

    prompts (ids) -> start -> search -> hypotheses, in the order given
    texts (ids)   -> windows of the context -> log p of each token

This is where a language model and the search meet. The search begins with its start symbol; for a
language model the prompt stands in its place, read at once.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from seq2seq.model.language_model import LanguageModel, LanguageState
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled, Hypothesis, Step, decode, rows_cancelled, stream

USUAL_LENGTH = 256  # tokens written where no length is asked for
BUDGET = 4096  # tokens read side by side


def decode_prompts(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    options: DecodeOptions,
    prefix: Sequence[int] = (),
    surfaces: Sequence[str] = (),
    cancelled: Cancelled | None = None,
) -> list[list[Hypothesis]]:
    """The continuations of each prompt (one token or more), best first; prompts of one length side by side.

    `prefix` are ids that each must begin with, `surfaces` the tokens as text, for options that speak of
    words. A prompt that is given up (asked by its number, at every step) has no hypotheses.
    """
    found: list[list[Hypothesis]] = [[]] * len(prompts)
    groups: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        groups.setdefault(len(prompt), []).append(row)
    limit = length_limit(options)
    for rows in groups.values():
        size = max(1, BUDGET // min(len(prompts[rows[0]]) + limit, model.config.max_length))
        for first in range(0, len(rows), size):
            chosen = [row for row in rows[first : first + size] if cancelled is None or not cancelled(row)]
            if not chosen:
                continue
            left = rows_cancelled(cancelled, chosen)
            with torch.inference_mode():
                step, state = begin(model, [prompts[row] for row in chosen])
                prefixes = [prefix] * len(chosen)
                limits = [limit] * len(chosen)
                results = decode(
                    step, state, len(chosen), limits, options, prefixes, cancelled=left, surfaces=surfaces
                )
            for row, hypotheses in zip(chosen, results, strict=True):
                found[row] = hypotheses
    return found


@torch.inference_mode()
def stream_prompt(
    model: LanguageModel,
    prompt: Sequence[int],
    options: DecodeOptions,
    prefix: Sequence[int] = (),
    surfaces: Sequence[str] = (),
) -> Iterator[Step]:
    """The steps of sampling or greedy search after one prompt, as they are made."""
    step, state = begin(model, [prompt])
    yield from stream(step, state, length_limit(options), options, prefix, surfaces)


def begin(
    model: LanguageModel, prompts: Sequence[Sequence[int]]
) -> tuple[Callable[[Tensor, LanguageState], Tensor], LanguageState]:
    """A step function whose first call reads the prompts, all of one length, and a state for it."""
    state = model.start(len(prompts))
    read = torch.tensor([list(prompt) for prompt in prompts], device=state.device)

    def step(tokens: Tensor, state: LanguageState) -> Tensor:
        return model.step(tokens if state.length else read, state)

    return step, state


def length_limit(options: DecodeOptions) -> int:
    """The most tokens to write, the end counted."""
    return options.max_length or max(USUAL_LENGTH, options.min_length + 1)


@torch.inference_mode()
def log_probabilities(model: LanguageModel, tokens: Sequence[int], carried: int = 0) -> Tensor:
    """log p of each token but the first, given those before it in its window: [len(tokens) - 1].

    Windows are as long as the context; each begins with the last `carried` tokens of the one before,
    which are not scored again. With 0 it is what training saw: windows without a past.
    """
    context = model.config.max_length
    if not 0 <= carried < context:
        raise ValueError(f"carried is {carried}; give a number from 0 to below the context, {context}")
    device = next(model.parameters()).device
    sequence = torch.tensor(list(tokens), device=device)
    total = len(sequence) - 1
    found = torch.empty(max(total, 0))
    starts = list(range(0, max(total - carried, 1), context - carried)) if total > 0 else []
    size = max(1, BUDGET // context)
    whole = [start for start in starts if start + context <= total]
    groups = [whole[first : first + size] for first in range(0, len(whole), size)]
    for group in [*groups, *([start] for start in starts if start + context > total)]:
        rows = torch.stack([sequence[start : start + context + 1] for start in group])
        log_p = model(rows[:, :-1]).logits.float().log_softmax(dim=-1)
        scores = log_p.gather(2, rows[:, 1:, None]).squeeze(2).cpu()
        for start, values in zip(group, scores, strict=True):
            skipped = carried if start else 0
            found[start + skipped : start + len(values)] = values[skipped:]
    return found
