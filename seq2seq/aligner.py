"""Our statistical word aligner: translations counted in both directions, and where they agree, links.

It reads nothing but the pairs themselves (`counting`), and teaches a model: which head shows the alignment,
or, in training, what one head is to look at.
"""

import re
import string
from collections.abc import Callable, Sequence

from seq2seq.alignment import HeadChoice, Link, choose_head
from seq2seq.counting import Words, best_sources
from seq2seq.forced import explain_texts
from seq2seq.symmetry import grow, intersect
from seq2seq.text import word_spans
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Transformer

ROUNDS = 6
SLICE = 100_000  # pairs counted at once, which bounds memory; of more pairs slices are counted by themselves

Pairs = Sequence[tuple[Words, Words]]


def align_corpus(
    pairs: Pairs, rounds: int = ROUNDS, advance: Callable[[], object] = bool, *, sure: bool = True
) -> list[set[Link]]:
    """Links (source word, target word) of each pair, found from the pairs alone, in both directions.

    `sure` gives the links of both directions, which are right more often, else `symmetry.grow` adds to
    them. `advance` is called after each of `rounds_of(len(pairs))` rounds.
    """
    slices = -(-len(pairs) // SLICE)
    links: list[set[Link]] = [set() for _ in pairs]
    for first in range(slices):
        links[first::slices] = _align_slice(
            pairs[first::slices], rounds, advance, intersect if sure else grow
        )
    return links


def rounds_of(pairs: int, rounds: int = ROUNDS) -> int:
    """How many rounds `align_corpus` needs for so many pairs."""
    return 2 * rounds * -(-pairs // SLICE)


def _align_slice(
    pairs: Pairs,
    rounds: int,
    advance: Callable[[], object],
    joined: Callable[[set[Link], set[Link]], set[Link]],
) -> list[set[Link]]:
    spelt = [(_spelt(source), _spelt(target)) for source, target in pairs]
    forward = best_sources(spelt, rounds, advance)
    backward = best_sources([(target, source) for source, target in spelt], rounds, advance)
    return [
        joined(
            {(s, t) for t, s in enumerate(sources) if s >= 0},
            {(s, t) for s, t in enumerate(targets) if t >= 0},
        )
        for sources, targets in zip(forward, backward, strict=True)
    ]


def align_texts(pairs: Sequence[tuple[str, str]], rounds: int = ROUNDS) -> list[set[Link]]:
    """Links between the words (`text.word_spans`) of each pair of texts."""
    return align_corpus([(_words(source), _words(target)) for source, target in pairs], rounds)


def token_spans(text: str) -> list[tuple[int, int]]:
    """Each word's (start, end) as in `text.word_spans`, with each punctuation mark a word of its own."""
    return [
        (start + part.start(), start + part.end())
        for start, end in word_spans(text)
        for part in _PARTS.finditer(text[start:end])
    ]


def choose_alignment_head(
    model: Transformer,
    tokenizer: Tokenizer,
    train_pairs: Sequence[tuple[str, str]],
    valid_pairs: Sequence[tuple[str, str]],
) -> HeadChoice:
    """The cross-attention head that agrees best, on the validation pairs, with links counted on all pairs."""
    links = align_texts([*train_pairs, *valid_pairs])[len(train_pairs) :]
    longest = model.config.max_length
    fitting = [
        (pair, found)
        for pair, found in zip(valid_pairs, links, strict=True)
        if found and all(len(tokenizer.encode(text)) < longest for text in pair)
    ]
    if not fitting:
        raise ValueError(
            "no validation pair has a link; give pairs of which the training text knows the words"
        )
    return choose_head(
        explain_texts(model, tokenizer, [pair for pair, _ in fitting]), [found for _, found in fitting]
    )


def _words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]


def _spelt(words: Words) -> list[str]:
    """Words as counted: without case, and without the punctuation that is written to them."""
    return [word.strip(_PUNCTUATION).lower() or word for word in words]


_PUNCTUATION = string.punctuation + "«»„“”‚‘’…–—¿¡，。、！？：；（）「」『』《》"
_PARTS = re.compile(f"[{re.escape(_PUNCTUATION)}]|[^{re.escape(_PUNCTUATION)}]+")
