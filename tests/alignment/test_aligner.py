"""The counting aligner finds the links of a language made for the purpose, and the head that shows them."""

import random

import pytest
import torch
from torch.nn.functional import cross_entropy

from seq2seq.alignment.aligner import align_both_ways, align_texts, choose_alignment_head
from seq2seq.alignment.maps import Link
from seq2seq.config import PAD, AttentionConfig, ModelConfig
from seq2seq.inference.forced_decoding import explain_texts
from seq2seq.metrics.aer import GoldLinks, score_links
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.text.tokenizer import Tokenizer


def synthetic(count: int, seed: int) -> tuple[list[tuple[list[str], list[str]]], list[set[Link]]]:
    """Pairs of a made-up language with their links: own words, a verb at the end, one word made two."""
    draw = random.Random(seed)
    pairs, links = [], []
    for _ in range(count):
        numbers = [min(int(draw.expovariate(0.05)), 199) for _ in range(draw.randint(3, 9))]
        order = [*range(1, len(numbers)), 0]  # the first word goes to the end
        target, found = [], set()
        for source in order:
            number = numbers[source]
            if number % 11 == 5:
                continue  # has no counterpart
            for half in "ab" if number % 7 == 3 else "":
                found.add((source, len(target)))
                target.append(f"t{number}{half}")
            if number % 7 != 3:
                found.add((source, len(target)))
                target.append(f"t{number}")
        pairs.append(([f"s{number}" for number in numbers], target))
        links.append(found)
    return pairs, links


def test_known_links_are_found() -> None:
    """On a language with known links few are wrong; a diagonal guess would be wrong in most."""
    pairs, links = synthetic(2000, 1)
    found, grown = align_both_ways(pairs)
    gold = [GoldLinks(frozenset(pair), frozenset(pair)) for pair in links]
    diagonal = [{(k, k) for k in range(min(len(s), len(t)))} for s, t in pairs]
    assert score_links(diagonal, gold).error_rate > 0.5
    scores = score_links(found, gold)
    assert scores.precision > 0.95
    assert scores.error_rate < 0.15  # one word made two: the intersection has one of its links
    fuller = score_links(grown, gold)
    assert fuller.recall > scores.recall + 0.05 and fuller.error_rate < 0.06


def test_order_of_pairs_changes_nothing() -> None:
    """Counts are sums: the same pairs in another order have the same links (near ties aside)."""
    pairs, _ = synthetic(200, 2)
    forward, backward = align_both_ways(pairs).sure, align_both_ways(pairs[::-1]).sure[::-1]
    differing = sum(len(a ^ b) for a, b in zip(forward, backward, strict=True))
    assert differing < 0.01 * sum(map(len, forward))


def test_case_and_punctuation_do_not_hide_a_word() -> None:
    """ "Dog." at the end and "dog" inside are one word; else small corpora would learn nothing of ends."""
    pairs = [("the dog", "der Hund"), ("the cat", "die Katze"), ("cat, dog.", "Katze, Hund.")] * 20
    assert align_texts(pairs)[2] == {(0, 0), (1, 1)}


@pytest.mark.parametrize("pairs", [[], [("", "")], [("a", "")], [("", "b")], [("a", "b"), ("", "c")]])
def test_empty_sides(pairs: list[tuple[str, str]]) -> None:
    """An empty line in a corpus has no links and is no error."""
    found = align_texts(pairs)
    assert len(found) == len(pairs)
    assert all(not links for links, (s, t) in zip(found, pairs, strict=True) if not (s and t))


LETTERS = "abcdefghijkl"


def reversed_pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Words of one letter, and the same words backwards in capitals."""
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        letters = draw.choices(LETTERS, k=draw.randint(3, 7))
        pairs.append((" ".join(letters), " ".join(letters[::-1]).upper()))
    return pairs


@pytest.fixture(scope="module")
def reverser() -> tuple[Transformer, Tokenizer]:
    """A small model trained for seconds to reverse its source."""
    pairs = reversed_pairs(400, 1)
    tokenizer = Tokenizer.train([text for pair in pairs for text in pair], 5 + 4 * len(LETTERS))
    torch.manual_seed(1)
    attention = AttentionConfig(heads=2)
    config = ModelConfig(
        len(tokenizer),
        width=32,
        feed_forward=64,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention=attention,
        decoder_attention=attention,
        cross_attention=attention,
        norm_order="pre",
        dropout=0.0,
        max_length=32,
    )
    model = Transformer(config)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(600):
        chosen = reversed_pairs(32, 100 + step)
        batch = make_batch([tokenizer.encode(s) for s, _ in chosen], [tokenizer.encode(t) for _, t in chosen])
        assert batch.target_output is not None
        logits = model(batch.source, batch.target_input).logits
        loss = cross_entropy(logits.flatten(0, 1), batch.target_output.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.1:
            break
    assert loss.item() < 0.2, "the model has not learnt to reverse; the test below would say nothing"
    return model.eval(), tokenizer


def test_reverser_shows_the_anti_diagonal(reverser: tuple[Transformer, Tokenizer]) -> None:
    """The head chosen with counted links must look at the word that is being written."""
    model, tokenizer = reverser
    valid = reversed_pairs(40, 7)
    head, agreement = choose_alignment_head(model, tokenizer, reversed_pairs(400, 1), valid)
    right = total = 0
    for maps in explain_texts(model, tokenizer, valid):
        alignment = maps.alignment(head)
        weights = alignment.matrix().weights
        length = len(weights)
        right += int((weights.argmax(1) == torch.arange(length - 1, -1, -1)).sum())
        total += length
    assert right / total > 0.75  # a guess: 0.2
    assert 0.75 < agreement <= 1


def test_no_link_to_choose_by(reverser: tuple[Transformer, Tokenizer]) -> None:
    """Without any link every head would be as good as the next: that is said."""
    model, tokenizer = reverser
    with pytest.raises(ValueError, match="no validation pair"):
        choose_alignment_head(model, tokenizer, [("a", "B")], [("", "")])
