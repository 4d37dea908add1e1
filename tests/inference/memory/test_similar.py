"""Tests of the search among many keys: the index finds what comparing with every key finds."""

import random

import pytest

from seq2seq.inference.memory.similar import FEW, SimilarityIndex, percent_of, similar_keys

WORDS = (
    "open",
    "close",
    "the",
    "a",
    "file",
    "folder",
    "new",
    "window",
    "save",
    "copy",
    "all",
    "of",
    "in",
    "with",
)


@pytest.fixture(scope="module")
def keys() -> list[str]:
    """Keys of a few words each, many of like length, more than are compared without an index."""
    chance = random.Random(7)
    made = {" ".join(chance.choices(WORDS, k=chance.randint(2, 7))) for _ in range(4 * FEW)}
    return sorted(made)


def edited(key: str, count: int, chance: random.Random) -> str:
    """Return a key with some characters replaced."""
    characters = list(key)
    for place in chance.sample(range(len(characters)), count):
        characters[place] = chance.choice("abcdefgh")
    return "".join(characters)


@pytest.mark.parametrize("share", [0, 10, 20])
def test_the_index_finds_the_most_similar(keys: list[str], share: int) -> None:
    """Of keys with some percent of their characters changed the best is that of comparing with all keys."""
    chance = random.Random(share)
    index = SimilarityIndex(keys)
    assert len(index) == len(keys)
    for _ in range(25):
        key = chance.choice(keys)
        asked = edited(key, len(key) * share // 100, chance)
        (best, *_) = similar_keys(asked, keys, 3, 70)
        (found, *_) = index.search(asked, 3, 70)
        assert found.percent == best.percent >= 100 - share
        assert similar_keys(asked, [keys[found.number]], 1, 70)[0].percent == found.percent


def test_nothing_similar(keys: list[str]) -> None:
    """A text that is like no key, or is blank, has no match; neither has any text where there is no key."""
    index = SimilarityIndex(keys)
    for asked in ("zzzzzzzzzzzzzzzzzzzz", "", "日本語の文字列です"):
        assert index.search(asked, 5, 70) == []
    assert SimilarityIndex([]).search("open", 5, 70) == similar_keys("open", [], 5, 70) == []


def test_percent_by_pencil() -> None:
    """The percentage is rounded down, and exact where it is a whole number."""
    assert [percent_of(edits, 10) for edits in range(4)] == [100, 90, 80, 70]
    assert percent_of(1, 3) == 66 and percent_of(0, 0) == 100
