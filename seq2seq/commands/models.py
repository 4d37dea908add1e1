"""`seq2seq models`: the released models, as their config and card describe them.

Data and scores are read from the card's metadata in the form of the Hugging Face hub: `datasets` and
`model-index`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seq2seq.commands.arguments import CommandParser
from seq2seq.inference.backends.selection import planned_backend
from seq2seq.storage.registry import MODELS, names_of, released_models
from seq2seq.storage.settings import CARD, is_language_model, read_config

SHOWN = 2  # scores in a row of the table


class ModelDescription(NamedTuple):
    """A released model in a row of the table: its names, its size on disk in bytes, and what searches."""

    name: str
    names: list[str]
    languages: str
    size: int
    backend: str
    data: str
    scores: str


def main(argv: Sequence[str]) -> int:
    """Print a table of the released models; return the exit code."""
    parser = CommandParser("models", "List the released models: names, languages, size, data and scores.")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    arguments = parser.read(argv)
    rows = [describe(MODELS / name) for name in released_models()]
    if arguments.json:
        for row in rows:
            print(json.dumps(row._asdict(), ensure_ascii=False))
    else:
        cells = [
            [
                ", ".join(r.names),
                r.languages,
                f"{r.size / 1e6:.1f} MB",
                r.backend,
                r.data,
                _first_scores(r),
            ]
            for r in rows
        ]
        _print_table([["names", "languages", "size", "backend", "data", "scores"], *cells])
    return 0


def describe(directory: Path) -> ModelDescription:
    """Return the description of one model directory."""
    config = read_config(directory)
    card = _metadata(directory / CARD)
    return ModelDescription(
        directory.name,
        list(dict.fromkeys([directory.name, *names_of(directory.name)])),
        _languages(config),
        sum(path.stat().st_size for path in directory.iterdir()),
        planned_backend(directory),
        ", ".join(card.get("datasets", [])),
        "; ".join(_scores(card)),
    )


def _languages(config: dict[str, Any]) -> str:
    """Return the languages of a model: its sources and targets, or those of a language model."""
    if is_language_model(config):
        return f"writes {', '.join(config['languages'])}"
    return f"{', '.join(config['source_languages'])} to {', '.join(config['target_languages'])}"


def _metadata(path: Path) -> dict[str, Any]:
    from huggingface_hub.repocard import metadata_load

    return (metadata_load(path) if path.is_file() else None) or {}


def _scores(card: dict[str, Any]) -> list[str]:
    """Return texts like "test_2016_flickr BLEU 41.0", one for each metric of the card.

    The split is followed by the configuration, which for validation scores is the direction.
    """
    scores = []
    for model in card.get("model-index", []):
        for result in model.get("results", []):
            data = result.get("dataset", {})
            split = " ".join(filter(None, (data.get("split") or data.get("name", ""), data.get("config"))))
            for metric in result.get("metrics", []):
                name = metric.get("name") or metric.get("type")
                scores.append(f"{split} {name} {metric.get('value')}")
    return scores


def _first_scores(description: ModelDescription) -> str:
    """Return the first scores, and how many more the card has.

    Test scores come before validation scores, and of either the direction that names the model before others.
    """

    def rank(score: str) -> tuple[bool, bool]:
        return score.startswith("valid"), description.name not in score.split()

    scores = sorted(filter(None, description.scores.split("; ")), key=rank)
    more = f" and {len(scores) - SHOWN} more in its card" if len(scores) > SHOWN else ""
    return "; ".join(scores[:SHOWN]) + more


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
