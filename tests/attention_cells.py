"""The grid of attentions that a config can describe, made from the config's own types, and checks over it.

python tests/attention_cells.py     prints the grid of docs/attention.md
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import pytest

from seq2seq.config import AttentionConfig, ModelConfig

Cell = TypeVar("Cell")

# Sizes for fields that are numbers; a new field without an entry here stops the tests.
SIZES: dict[str, tuple[Any, ...]] = {
    "heads": (4,),
    "kv_heads": (None, 2, 1),
    "latent": (None, 5),
    "window": (None, 3),
    "global_tokens": (0, 2),
    "stride": (None, 3),
    "dropout": (0.0,),
}
PLAIN = AttentionConfig()
MASKS = ("window", "global_tokens", "stride")
POSITIONS = get_args(get_type_hints(ModelConfig)["positions"])


def choices_of(name: str, hint: Any) -> tuple[Any, ...]:
    """Return the values of a field to try: all of a Literal or a bool, some of a number."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return (False, True) if hint is bool else SIZES[name]


CHOICES = {name: choices_of(name, hint) for name, hint in get_type_hints(AttentionConfig).items()}
CELLS = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]


def contradicts(cell: dict[str, Any]) -> bool:
    """Return whether the architecture refuses a cell; everything else must run."""
    other_score = cell["score"] != "scaled_dot"
    masked = any(cell[name] for name in MASKS)
    return bool(
        (cell["linear"] and (other_score or masked))
        or (cell["rotary"] and (cell["linear"] or other_score))
        or (cell["latent"] and cell["kv_heads"])
        or (cell["global_tokens"] and not cell["window"])
    )


ALIVE = [AttentionConfig(**cell) for cell in CELLS if not contradicts(cell)]


def name_of(config: AttentionConfig) -> str:
    """Return the name of a cell in failures: what differs from plain multi-head attention."""
    changed = [
        f"{field.name}={getattr(config, field.name)}"
        for field in dataclasses.fields(config)
        if getattr(config, field.name) != getattr(PLAIN, field.name)
    ]
    return "-".join(changed) or "plain"


def hold_for_all(cells: Iterable[Cell], check: Callable[[Cell], None], name: Callable[[Cell], str]) -> None:
    """Run a check on every cell and fail with the names of all cells it does not hold for.

    One test for a whole grid: a case of pytest's own for each cell costs more than most cells.
    """
    failures = {}
    for cell in cells:
        try:
            check(cell)
        except (Exception, pytest.fail.Exception) as error:  # `pytest.raises` fails by the latter
            failures[name(cell)] = error
    if failures:
        said = "\n".join(f"{cell}: {type(error).__name__}: {error}" for cell, error in failures.items())
        raise AssertionError(f"{len(failures)} cells fail\n{said}") from next(iter(failures.values()))


def model_config(config: AttentionConfig, positions: str, **changes: Any) -> ModelConfig:
    """Return the config of a tiny model, width 16, whose three attentions are the given one."""
    shape: dict[str, Any] = {
        "vocabulary_size": 23,
        "width": 16,
        "feed_forward": 20,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention": config,
        "decoder_attention": config,
        "cross_attention": config,
        "max_length": 40,
    }
    return ModelConfig(**{**shape, "positions": positions, **changes})


def models() -> list[ModelConfig]:
    """Return every model of one kind of attention, with every kind of positions it does not refuse."""
    configs = []
    for config in ALIVE:
        for positions in POSITIONS if not config.rotary else ():
            turned = {**dataclasses.asdict(config), "rotary": positions == "rotary"}
            if not contradicts(turned):
                configs.append(model_config(config, positions))
    return configs


HEADS: dict[str, dict[str, Any]] = {
    "MHA": {},
    "GQA": {"kv_heads": 2},
    "MQA": {"kv_heads": 1},
    "MLA": {"latent": 5},
}


def grid() -> str:
    """Return the grid as a Markdown table: score and heads down, masks across, positions in the cells."""
    runs = {(model.encoder_attention, model.positions) for model in models()}
    masks = list(itertools.product(*(CHOICES[name] for name in MASKS)))
    masks.sort(key=lambda sizes: sum(map(bool, sizes)))
    rows = [["score, heads"], ["---"] * (len(masks) + 1)]
    for sizes in masks:
        shown = [name.split("_")[0] for name, size in zip(MASKS, sizes, strict=True) if size]
        rows[0].append(" + ".join(shown) or "full")
    scores = [{"score": score} for score in CHOICES["score"]]
    for (label, heads), score in itertools.product(HEADS.items(), [*scores, {"linear": True}]):
        row = [f"{score.get('score', 'linear')}, {label}"]
        for sizes in masks:
            cell = {**score, **heads, **dict(zip(MASKS, sizes, strict=True))}
            refused = contradicts(dataclasses.asdict(PLAIN) | cell)
            config = None if refused else AttentionConfig(**cell)
            row.append("".join(p[0].upper() for p in POSITIONS if (config, p) in runs) or "-")
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    print(grid())
