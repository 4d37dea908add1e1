"""Adaptation of a model: mixtures of its weights before and after, judged on strings that were held out.

    base + share * (learned - base), share 1, 0.75, 0.5, 0.25

A mixture forgets less than the learned weights, and is often better on small data (Wortsman et al. 2022).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from sacrebleu import CHRF
from torch import Tensor

from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions

from .data.examples import EvalExample
from .export.confidence import fit_confidence

Pair = tuple[str, ...]

SHARES = (1.0, 0.75, 0.5, 0.25)
MOST_FORGOTTEN = 1.0  # chrF++ on the base data that a model may lose
GREEDY = DecodeOptions(beam_size=1)


class Judgement(NamedTuple):
    """Scores on held-out strings: their count, exact ones in percent, chrF++, and chrF++ on base data."""

    strings: int
    exact: float
    chrf: float
    base_chrf: float | None

    @property
    def total(self) -> float:
        """The sum that is compared: chrF++, which is finer, and the share that needs no correction."""
        return self.chrf + self.exact


def judge(translator: Translator, held_out: Sequence[Pair], base: Sequence[Pair]) -> Judgement:
    """Return the scores of a translator, searching greedily."""
    exact, chrf = _scores(translator, held_out)
    return Judgement(len(held_out), exact, chrf, _scores(translator, base)[1] if base else None)


def _scores(translator: Translator, pairs: Sequence[Pair]) -> tuple[float, float]:
    texts = [result.text for result in translator.translate_batch([pair[0] for pair in pairs], GREEDY)]
    references = [pair[1] for pair in pairs]
    same = sum(_loose(text) == _loose(wanted) for text, wanted in zip(texts, references, strict=True))
    return 100 * same / len(pairs), float(CHRF(word_order=2).corpus_score(texts, [references]).score)


def _loose(text: str) -> str:
    """Return a text without a final mark and the case of its first letter, which a program's rules set."""
    text = re.sub(r"[.。!！]\Z", "", " ".join(text.split()))
    return text[:1].lower() + text[1:]


def best_mixture(
    base: Translator, learned: Translator, held_out: Sequence[Pair], base_held_out: Sequence[Pair]
) -> tuple[Judgement, Judgement | None, dict[str, Tensor] | None]:
    """Return the judgement of the base, and that of the best mixture with its weights, if it is better.

    A mixture that forgets more than `MOST_FORGOTTEN` of the base data does not count.
    """
    first = {name: tensor.clone() for name, tensor in network(base).state_dict().items()}
    second = {name: tensor.clone() for name, tensor in network(learned).state_dict().items()}
    before = judge(base, held_out, base_held_out)
    best: tuple[Judgement, dict[str, Tensor]] | None = None
    for share in SHARES:
        weights = {name: torch.lerp(first[name], second[name], share) for name in first}
        network(learned).load_state_dict(weights)
        after = judge(learned, held_out, base_held_out)
        is_better = after.chrf >= before.chrf and after.total > (best[0] if best else before).total
        if is_better and forgotten(before, after) <= MOST_FORGOTTEN:
            best = after, weights
    return (before, *best) if best else (before, None, None)


def network(translator: Translator) -> Transformer:
    """Return the network of a translator, which is one model here and no ensemble."""
    assert isinstance(translator.model, Transformer)
    return translator.model


def forgotten(before: Judgement, after: Judgement) -> float:
    """Return the chrF++ that was lost on the base data; 0 without any."""
    return (before.base_chrf or 0.0) - (after.base_chrf or 0.0)


def write_adapted(
    directory: Path, base: Translator, weights: dict[str, Tensor], examples: Sequence[Pair], note: str
) -> None:
    """Write a model directory with other weights than the base, its confidences fitted anew."""
    source, target = base.source_language, base.target_language
    assert source is not None and target is not None
    network(base).load_state_dict(weights)
    settings = replace(base.settings, source_languages=[source], target_languages=[target])
    known = (base.settings.confidence or {}).get(target)
    settings = replace(settings, confidence={target: known} if known else None)
    adapted = Translator(base.model, base.tokenizer, settings, _card(base.card, note), storage=base.storage)
    pairs = [EvalExample(pair[0], [pair[1]], source, target) for pair in examples]
    fitted = fit_confidence(adapted, pairs)
    if fitted.confidence:
        adapted.settings = fitted
    directory.parent.mkdir(parents=True, exist_ok=True)
    adapted.save_pretrained(directory)


def _card(card: str, note: str) -> str:
    """Return a card with a note below its title."""
    title = re.search(r"^# .*$", card, re.MULTILINE)
    if title is None:
        return f"# A model of a project's strings\n\n{note}\n"
    return f"{card[: title.end()]}, trained further\n\n{note}\n{card[title.end() :]}"
