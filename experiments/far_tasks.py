"""Memory tasks over a distance of noise: symbols to copy, or one fact among many to recall.

    copy     source  c c c c            n n ... n    </s>      target  c c c c
    recall   source  kv kv kv ... kv    n n ... n  q </s>      target  v of the kv whose k is q

Copying is the task of Hochreiter and Schmidhuber (1997) and Arjovsky et al. (2016), with noise where theirs
is blank: the symbols to keep are known as soon as they are read. Recall is associative recall (Graves et al.
2014; Ba et al. 2016): the fact that matters is known only at the end, after all have been read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.config import EOS

FIRST = 4  # ids before it belong to padding, start, end and the unknown
SYMBOLS = 8  # what is written: a choice of eight, so that chance is 1/8 in both tasks
NOISE = 8
KEPT = 4  # symbols to copy
KEYS = 16  # facts to remember

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Task:
    """Memory task.

    Attributes:
        name: its name in the figure.
        vocabulary: size of its vocabulary.
        updates: length of a training.
        widths: width of each model, so that all are of equal size.
        draw: (rows, distance, generator) -> sources and targets of a batch.
    """

    name: str
    vocabulary: int
    updates: int
    widths: Mapping[str, int]
    draw: Callable[[int, int, torch.Generator], Batch]


def noise(rows: int, distance: int, generator: torch.Generator) -> Tensor:
    """Return meaningless tokens [B, distance]."""
    first = FIRST + SYMBOLS
    return torch.randint(first, first + NOISE, (rows, distance), generator=generator)


def end(rows: int) -> Tensor:
    """Return the last column of a source."""
    return torch.full((rows, 1), EOS)


def draw_copy(rows: int, distance: int, generator: torch.Generator) -> Batch:
    """Draw sources [B, KEPT + distance + 1] and the symbols to copy [B, KEPT]."""
    kept = torch.randint(FIRST, FIRST + SYMBOLS, (rows, KEPT), generator=generator)
    return torch.cat([kept, noise(rows, distance, generator), end(rows)], dim=1), kept


def draw_recall(rows: int, distance: int, generator: torch.Generator) -> Batch:
    """Draw sources [B, KEYS + distance + 2], every key once in random order, and the value [B, 1]."""
    questions = FIRST + SYMBOLS + NOISE
    keys = torch.rand(rows, KEYS, generator=generator).argsort(dim=1)
    values = torch.randint(SYMBOLS, (rows, KEYS), generator=generator)
    facts = questions + KEYS + keys * SYMBOLS + values
    place = torch.randint(KEYS, (rows, 1), generator=generator)
    question = questions + keys.gather(1, place)
    source = torch.cat([facts, noise(rows, distance, generator), question, end(rows)], dim=1)
    return source, FIRST + values.gather(1, place)


COPY = Task(
    "copy",
    FIRST + SYMBOLS + NOISE,
    3000,
    {"attention": 32, "GRU": 57, "convolution": 24},
    draw_copy,
)
RECALL = Task(
    "recall",
    FIRST + SYMBOLS + NOISE + KEYS * (1 + SYMBOLS),
    6000,
    {"attention": 32, "GRU": 50, "convolution": 24},
    draw_recall,
)
TASKS = (COPY, RECALL)
