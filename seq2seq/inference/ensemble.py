"""Several models as one: each reads the same, and the mean of their probabilities is searched.

    p(t | s) = mean over models k of p_k(t | s)        logits = log p, [N, V]

All have one vocabulary and the same languages; width, depth and attention may differ.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq.model.transformer import DecoderState, Model, Transformer, TransformerOutput
from seq2seq.storage.model_directory import load_model
from seq2seq.storage.quantization import StorageFormat
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer


@dataclass
class EnsembleState:
    """The state of each model; all have read the same rows."""

    states: list[DecoderState]

    @property
    def device(self) -> torch.device:
        """Where tokens and row numbers are expected."""
        return self.states[0].device

    @property
    def nbytes(self) -> int:
        """Bytes that all models remember of the target."""
        return sum(state.nbytes for state in self.states)

    @property
    def looked(self) -> Tensor | None:
        """Where the first model's watched head looked."""
        return self.states[0].looked

    def watch(self, layer: int, head: int) -> None:
        """Have every step from now on tell where this head of the first model looks."""
        self.states[0].watch(layer, head)

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep these rows, in this order, in every model."""
        for state in self.states:
            state.select(rows, sentences)


class Ensemble(nn.Module):
    """Models over one vocabulary whose probabilities are averaged.

    `config` is the first model's, with the least `max_length` of all; maps are the first model's too.
    """

    def __init__(self, models: Sequence[Transformer]):
        super().__init__()
        self.models = nn.ModuleList(models)
        longest = min(model.config.max_length for model in models)
        self.config = replace(models[0].config, max_length=longest)

    def encode(self, source: Tensor) -> list[Tensor]:
        """Read the source with every model: tokens [B, S] -> a memory [B, S, M] each."""
        return [model.encode(source) for model in self._each()]

    def start(self, memory: list[Tensor], mask: Tensor | None, capacity: int) -> EnsembleState:
        """A state that has written nothing yet, one row a sentence."""
        pairs = zip(self._each(), memory, strict=True)
        return EnsembleState([model.start(each, mask, capacity) for model, each in pairs])

    def step(self, tokens: Tensor, state: EnsembleState) -> Tensor:
        """Read the newest tokens [N, T]; log of the mean probability of what may follow, [N, V]."""
        pairs = zip(self._each(), state.states, strict=True)
        return mean_probability([model.step(tokens, each) for model, each in pairs])

    def forward(self, source: Tensor, target: Tensor, *, need_weights: bool = False) -> TransformerOutput:
        """Score a given target: logarithms of mean probabilities [B, T, V], and the first model's maps."""
        first, *others = self._each()
        output = first(source, target, need_weights=need_weights)
        logits = [output.logits, *(model(source, target).logits for model in others)]
        return TransformerOutput(mean_probability(logits), output.maps)

    def _each(self) -> Iterator[Transformer]:
        for model in self.models:
            assert isinstance(model, Transformer)
            yield model


def mean_probability(logits: Sequence[Tensor]) -> Tensor:
    """log of the mean of the distributions that logits [..., V] stand for."""
    logs = torch.stack([each.float().log_softmax(-1) for each in logits])
    return logs.logsumexp(0) - math.log(len(logits))


class LoadedModels(NamedTuple):
    """One model or several as one, ready to translate, with the first's settings, card and storage."""

    model: Model
    tokenizer: Tokenizer
    settings: Settings
    card: str
    storage: StorageFormat


def load_models(directories: Sequence[Path], device: str = "cpu") -> LoadedModels:
    """The model of a directory, or the ensemble of several.

    Models of different vocabularies or languages are a ValueError, as is whatever `load_model` refuses.
    """
    if not directories:
        raise ValueError("no model is named; give the name of one, or of each of an ensemble")
    first, *others = [load_model(directory, device) for directory in directories]
    if not others:
        return LoadedModels(*first)
    settings = [first.settings, *(other.settings for other in others)]
    for directory, other in zip(directories[1:], others, strict=True):
        if not other.tokenizer.cuts_as(first.tokenizer):
            raise ValueError(
                f"{directory} has another vocabulary than {directories[0]}; an ensemble needs the same "
                "tokenizer.model, as models have that are trained on the same texts with other seeds"
            )
        for name in ("source_languages", "target_languages"):
            if getattr(other.settings, name) != getattr(first.settings, name):
                raise ValueError(
                    f"{directory} has {name} {getattr(other.settings, name)}, but {directories[0]} has "
                    f"{getattr(first.settings, name)}; an ensemble needs the same"
                )
    shared = replace(
        first.settings,
        longest_source=min(each.longest_source for each in settings),
        most_sentences=min((each.most_sentences for each in settings if each.most_sentences), default=None),
    )
    ensemble = Ensemble([first.model, *(other.model for other in others)])
    return LoadedModels(ensemble, first.tokenizer, shared, "", first.storage)
