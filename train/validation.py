"""Validation as it will be used: really decode, then compare texts.

sources --encode, search--> translations --sacreBLEU--> BLEU, chrF with signatures
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sacrebleu
import torch
from torch import Tensor

from seq2seq.batch import make_batch, token_budget_batches
from seq2seq.config import PAD
from seq2seq.options import DecodeOptions
from seq2seq.search import decode
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Transformer

DECODE_TOKENS = 4096  # source tokens decoded at once, divided by the beam


@dataclass(frozen=True)
class Scores:
    """Corpus scores of a translation, in the form of sacreBLEU (cased, 13a)."""

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str


@torch.inference_mode()
def translate(
    model: Transformer,
    tokenizer: Tokenizer,
    sources: Sequence[str],
    options: DecodeOptions,
    device: torch.device,
) -> list[str]:
    """The best translation of each text, in order."""
    longest = model.config.max_length - 1
    ids = [tokenizer.encode(text)[:longest] for text in sources]
    lengths = [(len(row) + 1, 1) for row in ids]
    budget = max(max(length for length, _ in lengths), DECODE_TOKENS // options.beam_size)
    texts = [""] * len(ids)
    for group in token_budget_batches(lengths, budget, seed=None, epoch=0):
        source = make_batch([ids[index] for index in group]).source.to(device)
        for index, tokens in zip(group, _search(model, source, options), strict=True):
            texts[index] = tokenizer.decode(tokens)
    return texts


def score(translations: Sequence[str], references: Sequence[str]) -> Scores:
    """sacreBLEU and chrF of translations against one reference each."""
    bleu, chrf = sacrebleu.BLEU(), sacrebleu.CHRF()
    bleu_score = bleu.corpus_score(list(translations), [list(references)]).score
    chrf_score = chrf.corpus_score(list(translations), [list(references)]).score
    return Scores(bleu_score, chrf_score, str(bleu.get_signature()), str(chrf.get_signature()))


def _search(model: Transformer, source: Tensor, options: DecodeOptions) -> list[list[int]]:
    mask = source != PAD
    limits = [min(2 * int(length) + 18, model.config.max_length) for length in mask.sum(1)]
    state = model.start(model.encode(source), mask, max(limits))
    found = decode(model.step, state, len(source), limits, options)
    return [hypotheses[0].tokens for hypotheses in found]
