"""The export of a language model's training, finished or stopped, to a model directory with its card.

The weights of the best validation, the average of the last validations' and, if not validated, the last ones
are each evaluated on the whole validation text as they will be stored; the best become the model.
"""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import EvalResult, ModelCardData
from torch import Tensor

from seq2seq.model.device import choose_device
from seq2seq.model.language_model import LanguageModel
from seq2seq.storage.card import complete_card, without_local_paths
from seq2seq.storage.model_directory import save_model
from seq2seq.storage.quantization import pack, unpack

from ..callbacks.checkpoints import Checkpoints
from ..data.hub import on_hub
from ..data.language_module import LanguageData
from ..tasks.language_model import LanguageTask
from ..tasks.loss import plain_loss
from .model_card import began_with, codes_of, curve_points
from .translation import choices


class LanguageModelCandidate(NamedTuple):
    """Weights that may become the model, and their nats per character on the whole validation text."""

    name: str
    weights: dict[str, Any]
    nats: float


def write_language_model(
    directory: Path,
    task: LanguageTask,
    data: LanguageData,
    checkpoints: Checkpoints,
    update: int,
    recipe: str,
) -> list[str]:
    """Write the model directory with the best of the weights; return lines that report the choice."""
    task.model.to(choose_device()).eval()
    last = {name: tensor.detach().cpu().clone() for name, tensor in task.model.state_dict().items()}
    candidates = []
    for name, weights in choices(checkpoints, update, last):
        stored = unpack(pack(weights, checkpoints.storage))
        task.model.load_state_dict(stored)
        candidates.append(LanguageModelCandidate(name, stored, evaluate(task.model, data)))
    chosen = min(candidates, key=lambda candidate: candidate.nats)
    task.model.load_state_dict(chosen.weights)
    init = checkpoints.start["init"] if checkpoints.start else None
    card = make_card(task.model, data, chosen, checkpoints.history, recipe, init)
    save_model(directory, task.model.cpu(), data.tokenizer, task.settings, card, checkpoints.storage)
    report = [f"{candidate.name}: {candidate.nats:.4f} nats a character" for candidate in candidates]
    return [*report, f"the model holds {chosen.name}"]


@torch.inference_mode()
def evaluate(model: LanguageModel, data: LanguageData) -> float:
    """Return nats per character on the whole validation text, in windows without context before them."""
    device = next(model.parameters()).device
    total: Tensor = torch.zeros((), dtype=torch.float64)
    tokens = 0
    for batch in data.eval_windows(data.validation):
        moved = batch.to(device)
        total += plain_loss(model(moved.read).logits, moved.target, 0.0).likelihood.double().cpu()
        tokens += batch.tokens
    return float(total) / tokens / data.characters_a_token


def make_card(
    model: LanguageModel,
    data: LanguageData,
    chosen: LanguageModelCandidate,
    history: list[dict[str, float]],
    recipe: str,
    init: str | None,
) -> str:
    """Return the card in Markdown; `init` names the model whose weights the run began with, if any."""
    corpus, parameters = data.settings, sum(parameter.numel() for parameter in model.parameters())
    row = "| {update:.0f} | {minutes:.1f} | {nats:.4f} | {perplexity:.2f} |"
    curve = "\n".join(row.format(**entry) for entry in curve_points(history))
    card = f"""---
{_metadata(data, chosen.nats)}
---

# A language model of {corpus.where}

A decoder of {parameters:,} parameters over a context of {model.config.max_length} tokens, trained with
`seq2seq train`. It holds {chosen.name}.

## Data

{corpus.where}. {data.report}. The terms of the data are those of its source.{began_with(init)}

## Scores

{chosen.nats:.4f} nats a character on the validation text, read in windows of the context without overlap,
weights as stored. The validation text also chose the weights.

## Learning curve

| update | minutes | nats a character | perplexity a token |
| --- | --- | --- | --- |
{curve}

## Limits

It writes text that resembles its training text: statements in it are not facts, and passages of the training
text may be reproduced word for word.

## Recipe

```yaml
{recipe.strip()}
```
"""
    return complete_card(without_local_paths(card))


def _metadata(data: LanguageData, nats: float) -> str:
    corpus = data.settings
    result = EvalResult(
        "text-generation", corpus.where, corpus.where, "nats a character", round(nats, 4),
        dataset_split="validation",
    )  # fmt: skip
    described = ModelCardData(
        language=codes_of([corpus.language]),
        datasets=on_hub([corpus.name]) or None,
        pipeline_tag="text-generation",
        model_name=corpus.where,
        eval_results=[result],
        ignore_metadata_errors=True,
    )
    return described.to_yaml()
