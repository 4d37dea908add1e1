"""Sampled segmentation: drawn with the right probabilities, the same in every process, never another text."""

import math
import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest

from seq2seq.config import UNK
from seq2seq.text.tokenizer import Tokenizer
from train.data.subword_sampling import MergeDropout, UnigramSampling, make_sampler, sample, split_words


@pytest.fixture(scope="module")
def bpe(sentences: list[str]) -> Tokenizer:
    return Tokenizer.train(sentences, 100, "bpe")


@pytest.fixture(scope="module")
def unigram(sentences: list[str]) -> Tokenizer:
    return Tokenizer.train(sentences, 45, "unigram")


def test_no_dropout_is_the_tokenizer(bpe: Tokenizer, sentences: list[str]) -> None:
    """Without dropout the segmentation is SentencePiece's."""
    texts = [*sentences[:50], "  odd   blanks ", "☃☃ snow☃☃man", ""]
    assert list(sample(MergeDropout(bpe, 0.0), texts, random.Random(1))) == [
        bpe.encode(text) for text in texts
    ]


def test_every_merge_left_out_is_characters(bpe: Tokenizer) -> None:
    """With a dropout of 1 nothing is merged."""
    (ids,) = sample(MergeDropout(bpe, 1.0), ["two dogs"], random.Random(1))
    assert bpe.pieces(ids) == list("▁two▁dogs")


def test_a_high_power_is_the_tokenizer(unigram: Tokenizer, sentences: list[str]) -> None:
    """With a high power the segmentation is the most probable one."""
    texts = [*sentences[:50], "☃☃ snow☃☃man", ""]
    drawn = list(sample(UnigramSampling(unigram, 200.0), texts, random.Random(1)))
    assert drawn == [unigram.encode(text) for text in texts]


def cuts(word: str) -> list[list[str]]:
    """Return all segmentations of a word."""
    places = [[i for i in range(1, len(word)) if bits >> i & 1] for bits in range(0, 1 << len(word), 2)]
    return [[word[a:b] for a, b in pairwise([0, *inside, len(word)])] for inside in places]


def test_unigram_draws_with_the_probabilities_of_the_formula(unigram: Tokenizer) -> None:
    """Segmentations are drawn with the probabilities of Kudo 2018."""
    scores = dict(zip(unigram.pieces(range(len(unigram))), unigram.scores(), strict=True))
    word, power = "▁childreness", 0.2
    possible = [cut for cut in cuts(word) if all(piece in scores for piece in cut)]
    assert len(possible) > 2
    weights = [math.exp(power * sum(scores[piece] for piece in cut)) for cut in possible]
    sampler, generator, draws = UnigramSampling(unigram, power), random.Random(3), 4000
    counts = Counter(tuple(unigram.pieces(sampler.encode_word(word, generator))) for _ in range(draws))
    assert set(counts) <= {tuple(cut) for cut in possible}
    for cut, weight in zip(possible, weights, strict=True):
        p = weight / sum(weights)
        assert abs(counts[tuple(cut)] / draws - p) < 5 * math.sqrt(p * (1 - p) / draws)


def test_bpe_draws_with_the_probabilities_of_left_out_merges() -> None:
    """Segmentations have the probabilities of Provilkov et al. 2020: each possible merge is left out with p.

    Over the merges a+b, then ab+c.
    """
    tokenizer = Tokenizer.train(["abc abc abc abc"], 10, "bpe")
    assert tokenizer.pieces(range(4, 10)) == ["ab", "abc", "a", "b", "c", "▁"]
    p, draws = 0.3, 4000
    expected = {("▁", "a", "b", "c"): p, ("▁", "ab", "c"): (1 - p) * p, ("▁", "abc"): (1 - p) ** 2}
    sampler, generator = MergeDropout(tokenizer, p), random.Random(3)
    counts = Counter(tuple(tokenizer.pieces(sampler.encode_word("▁abc", generator))) for _ in range(draws))
    assert set(counts) == set(expected)
    for pieces, q in expected.items():
        assert abs(counts[pieces] / draws - q) < 5 * math.sqrt(q * (1 - q) / draws)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_drawn_pieces_say_the_same_text(
    kind: str, request: pytest.FixtureRequest, sentences: list[str]
) -> None:
    """A sampled segmentation decodes to the text."""
    tokenizer = request.getfixturevalue(kind)
    texts = [*sentences[:40], "snow☃☃man"]
    drawn = list(sample(make_sampler(tokenizer, 0.2), texts, random.Random(1)))
    assert [tokenizer.decode(ids) for ids in drawn] == [tokenizer.decode(tokenizer.encode(t)) for t in texts]
    assert drawn != [tokenizer.encode(text) for text in texts]
    assert drawn[-1].count(UNK) == 1


def test_words_are_cut_in_more_than_one_way(unigram: Tokenizer) -> None:
    """A frequent word is segmented in several ways in an epoch, at most VARIANTS."""
    drawn = list(sample(make_sampler(unigram, 0.1), ["children"] * 100, random.Random(1)))
    assert 2 < len({tuple(ids) for ids in drawn}) <= 8


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_another_process_draws_the_same(kind: str, request: pytest.FixtureRequest, tmp_path) -> None:
    """Another process draws the same segmentations (SentencePiece's own sampling does not)."""
    tokenizer = request.getfixturevalue(kind)
    tokenizer.save(tmp_path / "t.model")
    code = (
        "import random, sys; from seq2seq import Tokenizer; from train.data.subword_sampling import *\n"
        "tokenizer = Tokenizer.load(sys.argv[1])\n"
        "print(list(sample(make_sampler(tokenizer, 0.2), ['two dogs'] * 9, random.Random('1 7'))))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "t.model")], capture_output=True, text=True, check=True
    ).stdout
    ours = list(sample(make_sampler(tokenizer, 0.2), ["two dogs"] * 9, random.Random("1 7")))
    assert said.strip() == str(ours)


def test_words_keep_the_blank_before_them() -> None:
    """Each word has its blank before it, as in SentencePiece."""
    assert split_words(" two  dogs\t") == ["▁two", "▁dogs"]
