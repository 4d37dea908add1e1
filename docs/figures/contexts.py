"""One word in two contexts: the movement of its vector from layer to layer of an encoder.

The vector of a word is the mean of its pieces'. What enters the first layer knows the word and its place,
nothing else: the senses differ by what the layers add to it. So layer l is compared by the *movement*,
vector after layer l minus vector before the first; how far two movements lie apart is 1 - cosine.

    apart     mean distance between uses of the word in different senses
    together  mean distance between uses in the same sense
    nearest   how often the nearest other use is one of the same sense
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq import Translator
from seq2seq.model.batch import make_batch


class Use(NamedTuple):
    """A word in a sentence, and the name of its sense there."""

    word: str
    sense: str
    text: str


class Movement(NamedTuple):
    """Distances of one word, a number per layer."""

    apart: list[float]
    together: list[float]
    nearest: list[float]


def read_uses(path: Path) -> dict[str, list[Use]]:
    """Return uses by word, from lines "word <tab> sense <tab> sentence".

    Raises:
        ValueError: a line of another form, or a sentence without its word.
    """
    found: dict[str, list[Use]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        parts = line.split("\t")
        if len(parts) != 3 or parts[0] not in parts[2]:
            raise ValueError(
                f"line {number} of {path} is {line!r}; write word, sense, a sentence with the word"
            )
        found.setdefault(parts[0], []).append(Use(*parts))
    return found


@torch.inference_mode()
def layer_vectors(translator: Translator, text: str) -> tuple[Tensor, Tensor]:
    """Return the vectors of all tokens, [layers + 1, tokens, M], and the token of each character."""
    ids, spans = translator.tokenizer.encode_with_spans(text)
    seen: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        seen.append(given[0][0])

    model = translator.model
    watched = [*model.encoder, model.encoder_norm]  # what enters each of them
    handles = [module.register_forward_pre_hook(keep) for module in watched]
    try:
        model.encode(make_batch([ids]).source)
    finally:
        for handle in handles:
            handle.remove()
    piece_of = torch.full((len(text),), -1)
    for piece, (start, end) in enumerate(spans):
        piece_of[start:end] = piece
    return torch.stack(seen), piece_of


def word_movements(translator: Translator, uses: Sequence[Use]) -> Tensor:
    """Return what the layers up to each added to the word in each use: [layers, uses, M]."""
    moved = []
    for use in uses:
        vectors, piece_of = layer_vectors(translator, use.text)
        start = use.text.index(use.word)
        pieces = piece_of[start : start + len(use.word)].unique()
        word = vectors[:, pieces[pieces >= 0]].mean(dim=1)
        moved.append(word[1:] - word[:1])
    return torch.stack(moved, dim=1)


def movement(translator: Translator, uses: Sequence[Use]) -> Movement:
    """Return the distance between the senses in each layer."""
    moved = nn.functional.normalize(word_movements(translator, uses), dim=-1)
    distances = 1 - moved @ moved.transpose(-2, -1)  # [layers, uses, uses]
    senses = [use.sense for use in uses]
    same = torch.tensor([[a == b for b in senses] for a in senses])
    other = ~torch.eye(len(uses), dtype=torch.bool)
    nearest = distances.masked_fill(~other, torch.inf).argmin(dim=-1)  # [layers, uses]
    hits = same[torch.arange(len(uses)), nearest].float().mean(dim=-1)
    return Movement(
        distances[:, ~same].mean(dim=-1).tolist(),
        distances[:, same & other].mean(dim=-1).tolist(),
        hits.tolist(),
    )
