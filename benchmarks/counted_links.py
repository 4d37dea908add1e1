"""Agreement of a model's word links with counted links of our aligner, over validation texts alone.

    python benchmarks/counted_links.py --model en-de --data bentrevett/multi30k

Printed for some shares (`Alignment.share`), and for reading the map from one side (each target word takes the
largest weight of its row, and those near it), from both (`symmetrization.read_both`), or as `align` does,
with the lexical prior: how many of the links that both directions of the aligner are sure of were found, how
many of those found are among its grown links, the F of found and grown, and links a target word. No gold link
is read; this is where a reading is chosen.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor
from word_links import direction_of

from seq2seq.alignment.aligner import align_both_ways
from seq2seq.alignment.maps import Alignment, Link
from seq2seq.alignment.symmetrization import read_both
from seq2seq.inference.forced_decoding import explain_texts
from seq2seq.inference.translator import Translator
from seq2seq.text.normalization import word_spans
from train.data.corpus import Corpus, load_corpus

SHARES = (1.0, 0.7, 0.5)
Reading = Callable[[Alignment, float], set[Link]]


class Agreement(NamedTuple):
    """Shares from 0 to 1, and links per target word."""

    found: float
    right: float
    f: float
    links_a_word: float

    def __str__(self) -> str:
        return f"{self.found:.3f} | {self.right:.3f} | {self.f:.3f} | {self.links_a_word:.2f}"


def one_side(weights: Tensor, share: float) -> set[Link]:
    """Return the links that each target word chooses."""
    best = weights.amax(1, keepdim=True)
    return {(s, t) for t, s in ((weights >= share * best) & (best > 0)).nonzero().tolist()}


def of_weights(reading: Callable[[Tensor, float], set[Link]]) -> Reading:
    """Turn a reading of weights [T, S] into a reading of an alignment."""
    return lambda alignment, share: reading(alignment.matrix().weights, share)


READINGS: dict[str, Reading] = {
    "one side": of_weights(one_side),
    "both sides": of_weights(read_both),
    "both, letters, places": lambda alignment, share: set(replace(alignment, share=share).links()),
}


def agreement(
    found: Sequence[set[Link]], sure: Sequence[set[Link]], grown: Sequence[set[Link]], words: int
) -> Agreement:
    """Return the agreement of predicted links with counted ones; `words` are those of the target."""
    count = sum(map(len, found))
    right = sum(len(one & other) for one, other in zip(found, grown, strict=True))
    hit = sum(len(one & other) for one, other in zip(found, sure, strict=True))
    f = 2 * right / (count + sum(map(len, grown)))
    return Agreement(hit / sum(map(len, sure)), right / count, f, count / words)


def compare(translator: Translator, corpus: Corpus) -> list[str]:
    """Return the rows of the table."""
    training, valid, _ = load_corpus(corpus)
    texts = [(source, target) for source, target in valid]
    words = [tuple([text[a:b] for a, b in word_spans(text)] for text in pair) for pair in [*training, *texts]]
    counted = align_both_ways([(source, target) for source, target in words])
    sure, grown = counted.sure[len(training) :], counted.grown[len(training) :]
    head = translator.settings.alignment
    tags = [translator.tag] * len(texts)
    maps = explain_texts(translator.model, translator.tokenizer, texts, tags)
    alignments = [each.alignment(head) for each in maps]
    total = sum(len(target) for _, target in words[len(training) :])
    rows = ["| reading | share | found of the sure | right | F | links a target word |", f"|{' --- |' * 6}"]
    for name, reading in READINGS.items():
        for share in SHARES:
            found = [reading(alignment, share) for alignment in alignments]
            rows.append(f"| {name} | {share:g} | {agreement(found, sure, grown, total)} |")
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", default="bentrevett/multi30k", help="as data.name of a recipe")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    translator = Translator.from_pretrained(arguments.model)
    source, target = direction_of(translator, arguments.model)
    print("\n".join(compare(translator, Corpus(name=arguments.data, source=source, target=target))))


if __name__ == "__main__":
    main()
