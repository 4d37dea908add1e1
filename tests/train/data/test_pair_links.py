"""Word links of training pairs become links of the pieces of each batch."""

from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")

from seq2seq.config import UNK
from seq2seq.text.tokenizer import Tokenizer
from train.data import word_links as module
from train.data.examples import Example
from train.data.module import Segmentation
from train.data.word_links import WordLinks, load_links, rounds_for

SIDES = [("two dogs play.", "play two   dogs!"), ("a man", "a man"), ("a ☃☃ man", "☃ man")]
TEXTS = [Example(*sides, "en", "de") for sides in SIDES]
LINKS = [[(0, 1), (1, 2), (2, 0), (3, 3)], [], [(1, 0), (2, 1)]]


def words(tokenizer: Tokenizer, text: str, ids: list[int]) -> list[str]:
    """Return the token of each piece, by decoding: independent of the code under test."""
    found, letters = [], 0
    parts = text.replace(".", " .").replace("!", " !").split()
    for index in ids:
        spelt = tokenizer.pieces([index])[0].replace("▁", "")
        ends = [sum(map(len, parts[: k + 1])) for k in range(len(parts))]
        found.append(next(part for part, end in zip(parts, ends, strict=True) if end > letters))
        letters += len(spelt)
    return found


@pytest.mark.parametrize("sampling", [0.0, 0.5, 1.0])
def test_pieces_of_linked_words_are_linked_however_they_are_cut(
    tiny_tokenizer: Tokenizer, sampling: float
) -> None:
    """Pieces are linked exactly where their tokens are, with any segmentation."""
    segmentation = Segmentation(TEXTS[:2] * 20, tiny_tokenizer, sampling, 1, 60)
    made = WordLinks(segmentation.texts, LINKS[:2] * 20, tiny_tokenizer)
    pairs = segmentation(3)
    rows = [0, 6, 7]
    found = made.of_batch(rows, [pairs[row] for row in rows]).tolist()
    translations = {"two": "two", "dogs": "dogs", "play": "play", ".": "!"}
    expected = []
    for row in (0, 1):
        source, target = pairs[rows[row]]
        read = words(tiny_tokenizer, TEXTS[0][0], source)
        for t, word in enumerate(words(tiny_tokenizer, TEXTS[0][1], target)):
            expected += [[row, t, s] for s, other in enumerate(read) if translations[other] == word]
    assert found == expected  # and nothing of the pair without links


def test_links_of_pieces_are_computed_once_where_pieces_do_not_change(
    tiny_tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without sampling a batch looks its links up in a table; they are those computed for the batch."""
    texts, links = TEXTS * 3, LINKS * 3
    pairs = Segmentation(texts, tiny_tokenizer, 0.0, 1, 60)(0)
    table, anew = WordLinks(texts, links, tiny_tokenizer, pairs), WordLinks(texts, links, tiny_tokenizer)
    batches = [[], [1], [0], [8, 0, 4, 2, 5]]
    expected = [anew.of_batch(rows, [pairs[row] for row in rows]) for rows in batches]
    monkeypatch.delattr(WordLinks, "_tokens_of_pieces")
    for rows, links_of_batch in zip(batches, expected, strict=True):
        found = table.of_batch(rows, [pairs[row] for row in rows])
        assert found.shape == (len(found), 3) and found.dtype == torch.int64
        assert torch.equal(found, links_of_batch)
    assert len(expected[-1]) > 10 and not len(expected[0]) and not len(expected[1])


def test_unknown_characters_are_stepped_over(tiny_tokenizer: Tokenizer) -> None:
    """Links after an unknown character stay at their words."""
    source, target = (tiny_tokenizer.encode(text) for text in SIDES[2])
    assert source.count(UNK) == target.count(UNK) == 1 and len(source) == len(target) + 1
    found = WordLinks(TEXTS[2:], LINKS[2:], tiny_tokenizer).of_batch([0], [(source, target)]).tolist()
    snowman = source.index(UNK)
    first = 1 if tiny_tokenizer.pieces(target)[0] == "▁" else 0
    assert [0, first, snowman] in found and [0, first + 1, snowman + 1] in found
    assert [0, first + 1, snowman] not in found and [0, first, snowman + 1] not in found


def test_links_are_counted_once_for_the_same_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: list[str]
) -> None:
    """Links are counted once and cached; other texts or a damaged cache are counted again."""
    texts = [Example(text, text.upper(), "en", "de") for text in sentences[:40]]
    counted = []
    original = module.align_both_ways
    monkeypatch.setattr(module, "align_both_ways", lambda *a, **k: counted.append(1) or original(*a, **k))
    rounds: list[None] = []
    advance = lambda: rounds.append(None)  # noqa: E731
    first = load_links(tmp_path / "links.gz", texts, advance)
    data = (tmp_path / "links.gz").read_bytes()
    assert len(rounds) == rounds_for(texts)
    assert load_links(tmp_path / "links.gz", texts, advance) == first and len(counted) == 1
    load_links(tmp_path / "links.gz", texts[:-1], advance)
    assert len(counted) == 2
    (tmp_path / "links.gz").write_bytes(data[:50])
    assert load_links(tmp_path / "links.gz", texts, advance) == first and len(counted) == 3
    assert (tmp_path / "links.gz").read_bytes() == data, "the same texts have other links the second time"
    assert sum(map(len, first)) > 100
    for pair, text in zip(first, texts, strict=True):
        assert all(s == t < len(text.source.split()) + 1 for s, t in pair)


def test_both_directions_have_the_same_links_and_a_tag_has_none(tmp_path: Path, sentences: list[str]) -> None:
    """Both directions of a pair have the same links, and a tag has none."""
    texts = [Example(text, " ".join(reversed(text.split())), "en", "de") for text in sentences[:40]]
    texts += [Example(each.target, each.source, "de", "en") for each in texts]
    found = load_links(tmp_path / "links.gz", texts, list)
    assert [sorted((t, s) for s, t in pair) for pair in found[:40]] == list(map(sorted, found[40:]))
    tagged = Tokenizer.train([text for each in texts for text in each[:2]], 60, languages=["de", "en"])
    plain = Tokenizer.train([text for each in texts for text in each[:2]], 58)
    by_tokenizer = []
    for tokenizer in (tagged, plain):
        pairs = Segmentation(texts, tokenizer, 0.0, 1, 60)(0)
        by_tokenizer.append(WordLinks(texts, found, tokenizer).of_batch([0, 41], [pairs[0], pairs[41]]))
        if tokenizer.tags:
            assert pairs[0][0][-1:] == tokenizer.tag("de")
    assert by_tokenizer[0].tolist() == by_tokenizer[1].tolist()
