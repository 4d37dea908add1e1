"""From a finished training to a model directory.

    best validation's weights      \\  as they will be stored (16 bit),
    mean of the last validations'  /  both decode the validation set -> the better one -> model/

The mean is taken one file after the other, so any number fits in memory.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from seq2seq.checkpoint import average, save_model
from seq2seq.options import DecodeOptions
from seq2seq.settings import Settings

from .card import make_card
from .checkpointing import BEST, Checkpoints, read_checkpoint
from .data import TranslationData
from .task import TranslationTask
from .validation import Scores, score, translate


@dataclass(frozen=True)
class Candidate:
    """Weights that may become the model, and what they reach on the whole validation set."""

    name: str
    weights: dict[str, Tensor]
    scores: Scores


def write_model(
    directory: Path, task: TranslationTask, data: TranslationData, checkpoints: Checkpoints, recipe: str
) -> list[str]:
    """Write the model directory with the better of best and averaged weights; says what it chose.

    Raises:
        ValueError: no validation has taken place yet, so there is nothing to choose from.
    """
    if checkpoints.best is None:
        raise ValueError(
            "no validation has taken place, so there are no weights to choose from; "
            "lower trainer.val_check_interval or train longer"
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.model.to(device).eval()
    options = DecodeOptions()
    candidates = [
        judge(name, weights, task, data, options, device) for name, weights in _choices(checkpoints)
    ]
    chosen = max(candidates, key=lambda candidate: candidate.scores.bleu)
    task.model.load_state_dict(chosen.weights)
    languages = data.settings.source, data.settings.target
    settings = Settings([languages[0]], [languages[1]], data.longest[0], data.longest[1])
    card = make_card(task.model, data, chosen.name, chosen.scores, checkpoints.history, recipe, options)
    save_model(directory, task.model.cpu(), data.tokenizer, settings, card)
    told = [
        f"{candidate.name}: valid BLEU {candidate.scores.bleu:.2f}, chrF {candidate.scores.chrf:.2f} "
        f"(beam {options.beam_size})"
        for candidate in candidates
    ]
    return [*told, f"the model holds {chosen.name}"]


def judge(
    name: str,
    weights: dict[str, Tensor],
    task: TranslationTask,
    data: TranslationData,
    options: DecodeOptions,
    device: torch.device,
) -> Candidate:
    """What the weights reach on the whole validation set once they are stored in 16 bit."""
    stored: dict[str, Any] = {
        key: value.half().float() if value.is_floating_point() else value for key, value in weights.items()
    }
    task.model.load_state_dict(stored)
    sources, references = [list(side) for side in zip(*data.validation, strict=True)]
    return Candidate(
        name, stored, score(translate(task.model, data.tokenizer, sources, options, device), references)
    )


def _choices(checkpoints: Checkpoints) -> list[tuple[str, dict[str, Tensor]]]:
    best = checkpoints.best
    assert best is not None
    state = read_checkpoint(checkpoints.folder / BEST)["state_dict"]
    own = {name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")}
    choices = [(f"the best weights (update {best['update']:.0f})", own)]
    kept = checkpoints.weights()
    if len(kept) > 1:
        mean = average(safetensors.torch.load_file(path) for path in kept)
        choices.append((f"the average of the last {len(kept)} validations' weights", mean))
    return choices
