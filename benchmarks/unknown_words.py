"""Word links among out-of-vocabulary words: pair by pair, and all pairs together.

    python benchmarks/unknown_words.py --model de-en --data bentrevett/multi30k

The rarer words of validation texts are replaced, each by the same unknown word throughout (its letters
shuffled), until the given share of the text is unknown. Links are scored against those that our aligner
counts over the training texts and the true words: sure where both directions agree, possible where links grow
from those. No gold link is read; the parameters of `seq2seq/alignment/joint.py` were chosen by such tables.
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence

import torch
from word_links import direction_of

from seq2seq.alignment.aligner import align_both_ways
from seq2seq.alignment.symmetrization import grow
from seq2seq.commands.align import align_pairs
from seq2seq.inference.translator import Translator
from seq2seq.metrics.aer import GoldLinks, score_links
from seq2seq.storage.registry import reverse_model
from seq2seq.text.normalization import bare_word_spans
from train.data.corpus import Corpus, load_corpus

RATES = (0.0, 0.25, 0.5)
SHORTEST, LONGEST = 10, 40  # words of the source of a pair that is chosen
LETTERS = 4  # of the shortest word that is replaced


def tokens(text: str) -> list[str]:
    """Return lower-cased words, with punctuation apart."""
    text = text.lower()
    return [text[start:end] for start, end in bare_word_spans(text)]


def cipher(
    texts: Sequence[list[str]], known: Counter[str], rate: float, rng: random.Random
) -> dict[str, str]:
    """Return unknown words for the rarer ones, which make up about this share of all words."""
    counts = Counter(word for text in texts for word in text if word.isalpha())
    left, unknown = rate * counts.total(), {}
    for word in sorted(counts, key=lambda word: known[word] * rng.uniform(0.3, 3)):
        if left > 0 and len(word) >= LETTERS:
            unknown[word] = "".join(rng.sample(word, len(word)))
            left -= counts[word]
    return unknown


def errors(
    translator: Translator, reverse: Translator, pairs: Sequence[tuple[str, str]], gold: Sequence[GoldLinks]
) -> list[float]:
    """Return the AER of one direction, of both joined pair by pair, and of all pairs together."""
    alone = [set(translator.align(*pair).links("blanks")) for pair in pairs]
    back = [{(s, t) for t, s in reverse.align(*pair[::-1]).links("blanks")} for pair in pairs]
    joined = [grow(there, turned) for there, turned in zip(alone, back, strict=True)]
    together = list(align_pairs(translator, pairs, reverse))
    return [score_links(found, gold).error_rate for found in (alone, joined, together)]


def compare(translator: Translator, reverse: Translator, corpus: Corpus, count: int, seed: int) -> list[str]:
    """Return the rows of the table."""
    training, valid, _ = load_corpus(corpus)
    rng = random.Random(seed)
    words = [(tokens(source), tokens(target)) for source, target in [*training, *valid]]
    counted = align_both_ways(words)
    chosen = [n for n in range(len(training), len(words)) if SHORTEST <= len(words[n][0]) <= LONGEST]
    chosen = rng.sample(chosen, min(count, len(chosen)))
    gold = [
        GoldLinks(frozenset(counted.sure[n]), frozenset(counted.sure[n] | counted.grown[n])) for n in chosen
    ]
    known = [Counter(w for pair in words[: len(training)] for w in pair[side]) for side in (0, 1)]
    rows = ["| unknown words | one direction | joined | together |", f"|{' --- |' * 4}"]
    for rate in RATES:
        hidden = [cipher([words[n][side] for n in chosen], known[side], rate, rng) for side in (0, 1)]
        source, target = (
            [" ".join(hidden[side].get(word, word) for word in words[n][side]) for n in chosen]
            for side in (0, 1)
        )
        found = errors(translator, reverse, list(zip(source, target, strict=True)), gold)
        rows.append(f"| {rate:.0%} | " + " | ".join(f"{error:.1%}" for error in found) + " |")
    return rows


def main() -> None:
    """Print the table of AER."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", default="bentrevett/multi30k", help="as data.name of a recipe")
    parser.add_argument("--files", nargs="+", default=[], help="source and target, instead of --data")
    parser.add_argument("--valid-files", nargs="+", default=[])
    parser.add_argument("--pairs", type=int, default=225)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    translator = Translator.from_pretrained(arguments.model)
    source, target = direction_of(translator, arguments.model)
    name = reverse_model(target, source)
    assert name, f"no model is released from {target} to {source}"
    reverse = Translator.from_pretrained(name).directed(target, source)
    corpus = Corpus(
        name=None if arguments.files else arguments.data,
        files=arguments.files,
        valid_files=arguments.valid_files,
        source=source,
        target=target,
    )
    print("\n".join(compare(translator, reverse, corpus, arguments.pairs, arguments.seed)))


if __name__ == "__main__":
    main()
