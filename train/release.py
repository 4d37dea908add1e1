"""From a training, finished or stopped, to a model directory.

    best validation's weights      \\
    mean of the last validations'   >  as they will be stored (16 bit), decode the validation set -> the best
    the last, if not validated     /   -> which head shows the alignment -> model/

The mean is taken one file after the other, so any number fits in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from seq2seq.aligner import choose_alignment_head
from seq2seq.checkpoint import average, save_model
from seq2seq.options import DecodeOptions
from seq2seq.settings import AlignmentHead, Settings

from .card import make_card
from .checkpoint_files import BEST, read_checkpoint
from .checkpointing import Checkpoints
from .data import TranslationData
from .task import TranslationTask
from .validation import Scores, score, translate

COUNTED, SHOWN = 30_000, 1_000  # pairs that links are counted on, and pairs whose maps are compared with them


@dataclass(frozen=True)
class Candidate:
    """Weights that may become the model, and what they reach on the whole validation set."""

    name: str
    weights: dict[str, Tensor]
    scores: Scores


def write_model(
    directory: Path,
    task: TranslationTask,
    data: TranslationData,
    checkpoints: Checkpoints,
    update: int,
    recipe: str,
) -> list[str]:
    """Write the model directory with the best of the weights at hand; says what it chose.

    `update` is the last one done, whose weights the task holds.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.model.to(device).eval()
    options = DecodeOptions()
    last = {name: tensor.detach().cpu().clone() for name, tensor in task.model.state_dict().items()}
    candidates = [
        judge(name, weights, task, data, options) for name, weights in choices(checkpoints, update, last)
    ]
    chosen = max(candidates, key=lambda candidate: candidate.scores.bleu)
    task.model.load_state_dict(chosen.weights)
    head, alignment = choose_alignment(task, data)
    languages = data.settings.source, data.settings.target
    settings = Settings([languages[0]], [languages[1]], data.longest[0], data.longest[1], head)
    history = checkpoints.history
    card = make_card(task.model, data, chosen.name, chosen.scores, history, recipe, options, alignment)
    save_model(directory, task.model.cpu(), data.tokenizer, settings, card)
    told = [
        f"{candidate.name}: valid BLEU {candidate.scores.bleu:.2f}, chrF {candidate.scores.chrf:.2f} "
        f"(beam {options.beam_size})"
        for candidate in candidates
    ]
    return [*told, f"the model holds {chosen.name}", alignment]


def choose_alignment(task: TranslationTask, data: TranslationData) -> tuple[AlignmentHead, str]:
    """The head that shows the word alignment, and a sentence on how well it does."""
    counted = _spread(data.training, COUNTED)
    try:
        head, agreement = choose_alignment_head(
            task.model, data.tokenizer, counted, _spread(data.validation, SHOWN)
        )
    except ValueError as error:
        return AlignmentHead(), f"no head could be chosen for the alignment, so it is the first: {error}"
    return head, (
        f"layer {head.layer}, head {head.head}, read at a piece's {head.read}, shows the word alignment; it "
        f"agrees with {agreement:.1%} of the links counted over {len(counted)} pairs, and links words from "
        f"{head.share:g} of the largest weight on{_taught(task, head)}"
    )


def _taught(task: TranslationTask, head: AlignmentHead) -> str:
    """What the reader of the sentence should know of guidance."""
    if task.guided is None:
        return ""
    if replace(task.guided, share=head.share) == head:
        return f"; it was taught them with weight {task.alignment.weight:g}"
    return f"; layer {task.guided.layer}, head {task.guided.head} was taught them and agrees less"


def judge(
    name: str,
    weights: dict[str, Tensor],
    task: TranslationTask,
    data: TranslationData,
    options: DecodeOptions,
) -> Candidate:
    """What the weights reach on the whole validation set once they are stored in 16 bit."""
    kept = stored(weights)
    task.model.load_state_dict(kept)
    sources, references = [list(side) for side in zip(*data.validation, strict=True)]
    return Candidate(name, kept, score(translate(task.model, data.tokenizer, sources, options), references))


def stored(weights: dict[str, Tensor]) -> dict[str, Any]:
    """The weights as a model directory keeps them, in 16 bit."""
    return {
        key: value.half().float() if value.is_floating_point() else value for key, value in weights.items()
    }


def choices(
    checkpoints: Checkpoints, update: int, last: dict[str, Tensor]
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The weights that may become the model, each with a name; the last only where not validated."""
    validated = [int(entry["update"]) for entry in checkpoints.history]
    if validated:
        best = read_checkpoint(checkpoints.folder / BEST)
        own = {
            name.removeprefix("model."): tensor
            for name, tensor in best["state_dict"].items()
            if name.startswith("model.")
        }
        yield f"the best weights (update {best['global_step']})", own
    kept = [path for path in checkpoints.weights() if int(path.stem) in validated]
    if len(kept) > 1:
        yield f"the average of the last {len(kept)} validations' weights", average(map(_read, kept))
    if update not in validated:
        yield f"the last weights (update {update})", last


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); remove it, the others are averaged without"
        ) from error


def _spread(pairs: Sequence[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """At most so many of the pairs, evenly spread."""
    kept = min(most, len(pairs))
    return [pairs[index * len(pairs) // kept] for index in range(kept)]
