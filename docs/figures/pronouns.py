"""Attention of a pronoun, over all layers and heads of an encoder.

A sentence has its pronoun in braces, its antecedent in brackets, and another noun that might be the
antecedent in parentheses, in any language, with blanks or without:

    The [animal] did not cross the (street) because {it} was too tired.
    The (animal) did not cross the [street] because {it} was too wide.

The sentences of a pair differ only in the words that decide, so a head that goes by position or by the word
alone is right about one of the two. A head is *right* about a sentence when the pronoun gives the bracketed
noun more weight than the other. The best of many heads exceeds chance by luck alone, so the reported accuracy
is that of a head selected on other pairs (`held_out`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from head_roles import overlap
from torch import Tensor

from seq2seq import Translator
from seq2seq.alignment.maps import Span
from seq2seq.text.normalization import word_spans

_MARKED = re.compile(r"\[(?P<meant>[^\]]+)\]|\((?P<other>[^)]+)\)|\{(?P<pronoun>[^}]+)\}")


@dataclass(frozen=True)
class Question:
    """A sentence with the spans of its pronoun, of the noun meant, and of the other noun."""

    text: str
    pronoun: Span
    meant: Span
    other: Span


class Found(NamedTuple):
    """The strongest attention of a pronoun: layer and head, counted from 0, the word, and its weight."""

    layer: int
    head: int
    word: str
    weight: float


def parse(marked: str) -> Question:
    """Parse a sentence with its three marks.

    Raises:
        ValueError: not exactly one mark of each kind.
    """
    text, spans, end = "", {}, 0
    for match in _MARKED.finditer(marked):
        text += marked[end : match.start()]
        kind, word = str(match.lastgroup), match[match.lastgroup or 0]
        if kind in spans:
            raise ValueError(f"{marked!r} marks two as {kind}; mark one each: [meant], (other), {{pronoun}}")
        spans[kind] = (len(text), len(text) + len(word))
        text += word
        end = match.end()
    if len(spans) != 3:
        raise ValueError(f"{marked!r} has {len(spans)} marks; mark one each: [meant], (other), {{pronoun}}")
    return Question(text + marked[end:], spans["pronoun"], spans["meant"], spans["other"])


def read_questions(path: Path) -> dict[str, list[Question]]:
    """Return questions by kind, from lines "kind <tab> marked sentence"; pairs one after the other."""
    found: dict[str, list[Question]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, _, marked = line.partition("\t")
        found.setdefault(kind, []).append(parse(marked))
    return found


def pronoun_weights(translator: Translator, question: Question) -> tuple[Tensor, list[Span]]:
    """Return the pronoun's weight on each word of its sentence, [L, H, words], and the words' spans."""
    maps = translator.attention(question.text, "")  # the encoder has not heard of the target
    words = word_spans(question.text)
    pieces = maps.source_spans
    asking = [p for p, span in enumerate(pieces) if overlap(span, question.pronoun)]
    rows = maps.encoder[:, :, asking].mean(dim=2)  # [L, H, S]
    told = [[p for p, span in enumerate(pieces) if overlap(span, word)] for word in words]
    return torch.stack([rows[..., columns].sum(dim=-1) for columns in told], dim=-1), words


def share_of(weights: Tensor, words: Sequence[Span], noun: Span) -> Tensor:
    """Return the weight on the words of a noun together: [L, H]."""
    return weights[..., [w for w, span in enumerate(words) if overlap(span, noun)]].sum(dim=-1)


def strongest(translator: Translator, question: Question) -> Found:
    """Return the layer, head and word, other than the pronoun, with the largest weight."""
    weights, words = pronoun_weights(translator, question)
    own = [w for w, span in enumerate(words) if overlap(span, question.pronoun)]
    weights[..., own] = -1.0
    place = int(weights.argmax())
    layer, head, word = (int(k) for k in torch.unravel_index(torch.tensor(place), weights.shape))
    start, end = words[word]
    return Found(layer, head, question.text[start:end], float(weights[layer, head, word]))


def judge(translator: Translator, questions: Sequence[Question]) -> Tensor:
    """Return which heads are right about which questions: [questions, L, H] boolean."""
    right = []
    for question in questions:
        weights, words = pronoun_weights(translator, question)
        right.append(share_of(weights, words, question.meant) > share_of(weights, words, question.other))
    return torch.stack(right)


def held_out(right: Tensor) -> float:
    """Return the accuracy of the head that was best on the other half of the pairs; 0.5 is chance.

    Shape: right [questions, L, H], the two of a pair one after the other. Between equally good heads
    the mean counts.
    """
    pair = torch.arange(len(right)) // 2
    shares = []
    for half in (0, 1):
        chosen, tested = right[pair % 2 == half].float(), right[pair % 2 != half].float()
        accuracy = chosen.mean(dim=0)
        shares.append(tested.mean(dim=0)[accuracy == accuracy.max()].mean())
    return float(torch.stack(shares).mean())
