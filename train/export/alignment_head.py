"""The cross-attention head that shows a model's word alignment, chosen with links counted over texts."""

from collections.abc import Sequence
from dataclasses import replace

from seq2seq.alignment.aligner import align_both_ways
from seq2seq.alignment.head_selection import HeadChoice, choose_head, choose_share
from seq2seq.inference.forced_decoding import explain_texts
from seq2seq.model.transformer import Transformer
from seq2seq.text.normalization import word_spans
from seq2seq.text.tokenizer import Tokenizer

SHARE_PAIRS = 300  # pairs on which the share of a linked word is chosen


def choose_alignment_head(
    model: Transformer,
    tokenizer: Tokenizer,
    train_pairs: Sequence[tuple[str, str]],
    valid_pairs: Sequence[tuple[str, str]],
    languages: Sequence[str] | None = None,
) -> HeadChoice:
    """Return the head that agrees best, on the validation pairs, with links counted over all pairs.

    The head is chosen by the links that both directions of the aligner have, which are right more often. The
    share from which on words count as linked is chosen by the fuller links grown from those.

    Args:
        model: the model whose heads are compared.
        tokenizer: its vocabulary.
        train_pairs: texts that links are counted over, too.
        valid_pairs: texts whose attention is compared with their links.
        languages: the language of each validation target, for a vocabulary with tags.

    Raises:
        ValueError: no validation pair has a link.
    """
    words = [(_words(source), _words(target)) for source, target in [*train_pairs, *valid_pairs]]
    sure, grown = align_both_ways(words)
    longest = model.config.max_length
    targets: Sequence[str | None] = languages or [None] * len(valid_pairs)
    tags = [tokenizer.tag(language) for language in targets]
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
    maps = explain_texts(model, tokenizer, pairs[:SHARE_PAIRS], tags[:SHARE_PAIRS])
    alignments = [pair.alignment(choice.head) for pair in maps]
    share = choose_share(alignments, fuller_links[:SHARE_PAIRS])
    return choice._replace(head=replace(choice.head, share=share))


def _words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]
