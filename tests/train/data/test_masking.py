"""Masked copies of training pairs: placeholders in place of phrases that translate each other."""

import random
import re

import pytest

pytest.importorskip("lightning")

from seq2seq.text.tokenizer import Tokenizer
from train.data.examples import Example
from train.data.masking import linked_phrases, masked_copies, masked_copy
from train.data.module import DataSettings
from train.data.strings import PLACEHOLDERS

PAIR = Example("A small dog sleeps here.", "Ein kleiner Hund schläft hier.", "en", "de")
LINKS = [(place, place) for place in range(6)]
NAMES = re.compile(r"⟦(\d+)⟧")


def test_a_copy_has_the_same_placeholders_on_both_sides() -> None:
    """Each placeholder stands once on each side, in place of words that are linked; the rest is unchanged."""
    seen: set[object] = set()
    for seed in range(200):
        copy = masked_copy(PAIR, LINKS, random.Random(seed))
        assert copy is not None and copy[2:] == PAIR[2:]
        source, target = NAMES.findall(copy.source), NAMES.findall(copy.target)
        assert source == target and len(set(source)) == len(source) > 0
        assert all(1 <= int(number) <= PLACEHOLDERS for number in source)
        # Links are one to one and in order here, so a masked pair is cut at the same words.
        words = [re.split(r"[ .]", text.strip(".")) for text in copy[:2]]
        pairs = dict(zip(PAIR.source.strip(".").split(), PAIR.target.strip(".").split(), strict=True))
        assert [pairs.get(word, word) for word in words[0]] == words[1]
        seen.add(len(source))
        seen.add(copy.source)
    assert {1, 2} <= seen
    assert "A ⟦1⟧ dog sleeps here." in seen and "⟦1⟧ dog sleeps here." in seen  # a word, two words
    assert "A small ⟦1⟧ sleeps here." not in seen  # "dog" is too short


def test_only_phrases_with_links_of_their_own_are_masked() -> None:
    """A word that shares a target word with another is masked only together with it."""
    words = {0, 1, 2}
    links = [(0, 0), (1, 0), (2, 1), (2, 2)]
    assert list(linked_phrases(links, words, words, 1)) == [(range(2, 3), range(1, 3))]
    assert list(linked_phrases(links, words, words, 2)) == [(range(2), range(1))]
    assert list(linked_phrases([(0, 0), (0, 2), (1, 1)], words, words, 1)) == [(range(1, 2), range(1, 2))]
    assert list(linked_phrases([(0, 0)], {1}, words, 1)) == []  # no word: a mark
    assert list(linked_phrases([(0, 0), (0, 2)], words, words, 1)) == []  # a word without link between


def test_copies_of_a_share_of_the_pairs() -> None:
    """The share of pairs with a copy is drawn by the seed; a pair with a placeholder has none."""
    examples = [PAIR] * 400 + [PAIR._replace(source="⟦1⟧ sleeps", target="⟦1⟧ schläft")]
    links = [LINKS] * 400 + [[(0, 0), (3, 3)]]
    copies = list(masked_copies(examples, links, 0.5, seed=3))
    assert 160 < len(copies) < 240
    assert copies == list(masked_copies(examples, links, 0.5, seed=3))
    assert copies != list(masked_copies(examples, links, 0.5, seed=4))
    assert max(place for place, _ in copies) < 400
    assert list(masked_copies([PAIR], [[]], 1.0, seed=3)) == []


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"masked": 1.5}, "data.masked is 1.5; give a number from 0 to 1"),
        ({"masked": 0.5, "form": "facts", "copied": ["name"]}, "leave data.masked out"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], message: str) -> None:
    """A share above 1 and facts, whose names are placeholders already, are refused."""
    with pytest.raises(ValueError, match=message):
        DataSettings(files="pairs.tsv", **settings)  # type: ignore[arg-type]


def test_a_tokenizer_reads_each_placeholder_as_one_piece() -> None:
    """The placeholders of a copy are one piece each, also within words."""
    tokenizer = Tokenizer.train(list(PAIR[:2]), 60, placeholders=PLACEHOLDERS)
    copy = masked_copy(PAIR, LINKS, random.Random(1))
    assert copy is not None
    for text in copy[:2]:
        found = [
            piece for piece in tokenizer.pieces(tokenizer.encode(text)) if piece in tokenizer.placeholders
        ]
        assert found == [name[0] for name in NAMES.finditer(text)]
