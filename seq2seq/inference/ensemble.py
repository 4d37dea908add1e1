"""Ensembles: several models over one vocabulary, whose mean probability the search maximises.

    p(t | s) = mean over models k of p_k(t | s)        logits = log p, [N, V]

The models have the same vocabulary and languages; width, depth and attention may differ.
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
    """The decoder states of all models, with equal rows."""

    states: list[DecoderState]

    @property
    def device(self) -> torch.device:
        """The device of tokens and row numbers."""
        return self.states[0].device

    @property
    def nbytes(self) -> int:
        """The size of all key/value caches in bytes."""
        return sum(state.nbytes for state in self.states)

    @property
    def looked(self) -> Tensor | None:
        """The attention weights of the watched head of the first model."""
        return self.states[0].looked

    def watch(self, layer: int, head: int) -> None:
        """Record the attention weights of one head of the first model at every later step."""
        self.states[0].watch(layer, head)

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep these rows, in this order, in the state of every model."""
        for state in self.states:
            state.select(rows, sentences)


class Ensemble(nn.Module):
    """Models over one vocabulary whose probabilities are averaged.

    `config` is that of the first model with the smallest `max_length` of all. Attention maps are those of
    the first model.
    """

    def __init__(self, models: Sequence[Transformer]):
        super().__init__()
        self.models = nn.ModuleList(models)
        longest = min(model.config.max_length for model in models)
        self.config = replace(models[0].config, max_length=longest)

    def encode(self, source: Tensor) -> list[Tensor]:
        """Encode a source with every model: tokens [B, S] -> one memory [B, S, M] for each model."""
        return [model.encode(source) for model in self._transformers()]

    def start(self, memory: list[Tensor], mask: Tensor | None, capacity: int) -> EnsembleState:
        """Return an empty decoder state with one row for each sentence."""
        pairs = zip(self._transformers(), memory, strict=True)
        return EnsembleState([model.start(own_memory, mask, capacity) for model, own_memory in pairs])

    def step(self, tokens: Tensor, state: EnsembleState) -> Tensor:
        """Read the newest tokens [N, T] and return the log of the mean next-token probability, [N, V]."""
        pairs = zip(self._transformers(), state.states, strict=True)
        return mean_probability([model.step(tokens, own_state) for model, own_state in pairs])

    def forward(self, source: Tensor, target: Tensor, *, need_weights: bool = False) -> TransformerOutput:
        """Score a given target: log of mean probabilities [B, T, V], and the maps of the first model."""
        first, *others = self._transformers()
        output = first(source, target, need_weights=need_weights)
        logits = [output.logits, *(model(source, target).logits for model in others)]
        return TransformerOutput(mean_probability(logits), output.maps)

    def _transformers(self) -> Iterator[Transformer]:
        for model in self.models:
            assert isinstance(model, Transformer)
            yield model


def mean_probability(logits: Sequence[Tensor]) -> Tensor:
    """Return the log of the mean of several distributions, given as logits [..., V]."""
    # In the log domain: log of mean exp(log p), where small probabilities do not underflow.
    logs = torch.stack([model_logits.float().log_softmax(-1) for model_logits in logits])
    return logs.logsumexp(0) - math.log(len(logits))


class LoadedModels(NamedTuple):
    """A model or an ensemble ready to translate, with the settings and storage format of the first model."""

    model: Model
    tokenizer: Tokenizer
    settings: Settings
    card: str
    storage: StorageFormat


def load_models(directories: Sequence[Path], device: str = "cpu") -> LoadedModels:
    """Load the model of a directory, or the ensemble of several.

    Raises:
        ValueError: There is no directory, `load_model` refuses one, or the models have different
            vocabularies or languages.
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
    # Every model must be able to read each segment: the narrowest limits hold for all.
    shared = replace(
        first.settings,
        longest_source=min(own.longest_source for own in settings),
        most_sentences=min((own.most_sentences for own in settings if own.most_sentences), default=None),
    )
    ensemble = Ensemble([first.model, *(other.model for other in others)])
    return LoadedModels(ensemble, first.tokenizer, shared, "", first.storage)
