"""Our statistical word aligner: translations counted in both directions, and where they agree, links.

It reads nothing but the pairs themselves (`counting`), and teaches a model: which head shows the alignment,
or, in training, what one head is to look at.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from seq2seq.alignment.head_selection import HeadChoice, choose_head, choose_share
from seq2seq.alignment.ibm1 import Words, best_sources
from seq2seq.alignment.symmetrization import Link, grow, intersect
from seq2seq.inference.forced_decoding import explain_texts
from seq2seq.model.transformer import Transformer
from seq2seq.text.normalization import spelt_words, word_spans
from seq2seq.text.tokenizer import Tokenizer

ROUNDS = 6
SHOWN = 300  # pairs on which the share of a linked word is chosen
SLICE = 100_000  # pairs counted at once, which bounds memory; of more pairs slices are counted by themselves

WordPairs = Sequence[tuple[Words, Words]]


class AlignedPairs(NamedTuple):
    """Links (source word, target word) of each pair: of both directions, and grown from those."""

    sure: list[set[Link]]
    grown: list[set[Link]]


def align_both_ways(
    pairs: WordPairs, rounds: int = ROUNDS, advance: Callable[[], object] = bool
) -> AlignedPairs:
    """Links of each pair, found from the pairs alone, in both directions.

    What both directions say is right more often; `symmetry.grow` adds what one of them says beside it.
    `advance` is called after each of `rounds_of(len(pairs))` rounds.
    """
    slices = -(-len(pairs) // SLICE)
    aligned = AlignedPairs([set() for _ in pairs], [set() for _ in pairs])
    for first in range(slices):
        spelt = [(spelt_words(source), spelt_words(target)) for source, target in pairs[first::slices]]
        forward = best_sources(spelt, rounds, advance)
        backward = best_sources([(target, source) for source, target in spelt], rounds, advance)
        for number, (sources, targets) in enumerate(zip(forward, backward, strict=True)):
            there = {(s, t) for t, s in enumerate(sources) if s >= 0}
            back = {(s, t) for s, t in enumerate(targets) if t >= 0}
            aligned.sure[first + slices * number] = intersect(there, back)
            aligned.grown[first + slices * number] = grow(there, back)
    return aligned


def rounds_of(pairs: int, rounds: int = ROUNDS) -> int:
    """How many rounds `align_both_ways` needs for so many pairs."""
    return 2 * rounds * -(-pairs // SLICE)


def align_texts(pairs: Sequence[tuple[str, str]], rounds: int = ROUNDS) -> list[set[Link]]:
    """Sure links between the words (`text.word_spans`) of each pair of texts."""
    return align_both_ways([(_words(source), _words(target)) for source, target in pairs], rounds).sure


def choose_alignment_head(
    model: Transformer,
    tokenizer: Tokenizer,
    train_pairs: Sequence[tuple[str, str]],
    valid_pairs: Sequence[tuple[str, str]],
    languages: Sequence[str] | None = None,
) -> HeadChoice:
    """The cross-attention head that agrees best, on the validation pairs, with links counted on all pairs.

    The head is chosen by links of both directions, the share from which on words count as linked by the
    fuller ones that grow from them. `languages` says which language each validation target is of, to a model
    that has to be told.
    """
    words = [(_words(source), _words(target)) for source, target in [*train_pairs, *valid_pairs]]
    sure, grown = align_both_ways(words)
    longest = model.config.max_length
    told: Sequence[str | None] = languages or [None] * len(valid_pairs)
    tags = [tokenizer.tag(language) for language in told]
    fitting = [
        (pair, tag, certain, fuller)
        for pair, tag, certain, fuller in zip(
            valid_pairs, tags, sure[len(train_pairs) :], grown[len(train_pairs) :], strict=True
        )
        if certain and all(len(tokenizer.encode(text)) + len(tag) < longest for text in pair)
    ]
    if not fitting:
        raise ValueError(
            "no validation pair has a link; give pairs of which the training text knows the words"
        )
    pairs, tags, certain_links, fuller_links = map(list, zip(*fitting, strict=True))
    choice = choose_head(explain_texts(model, tokenizer, pairs, tags), certain_links)
    maps = explain_texts(model, tokenizer, pairs[:SHOWN], tags[:SHOWN])
    shown = [each.alignment(choice.head) for each in maps]
    return choice._replace(head=replace(choice.head, share=choose_share(shown, fuller_links[:SHOWN])))


def _words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]
