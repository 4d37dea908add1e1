"""Sampling and top-k by hand."""

import pytest
import torch

from seq2seq.options import DecodeOptions
from seq2seq.search.processors import BLOCK, top_k, top_k_sums
from seq2seq.search.sampling import Sampler, sample

PROBABILITIES = [0.1, 0.4, 0.05, 0.25, 0.2]
GRID = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000


def shares(options: DecodeOptions, probabilities: list[float] = PROBABILITIES) -> list[float]:
    """Return how often each token is chosen for 1000 evenly spaced values of u: exact, without randomness."""
    scores = torch.tensor([probabilities]).log().expand(len(GRID), -1)
    chosen = sample(scores, GRID, options)
    return (torch.bincount(chosen, minlength=len(probabilities)) / len(GRID)).tolist()


@pytest.mark.parametrize("width", [5, BLOCK, 1000, 50 * BLOCK, 3001])
@pytest.mark.parametrize("count", [1, 4, 10])
def test_best_is_topk(width: int, count: int) -> None:
    """The fast top-k equals `topk`: at block edges, in the rest after the last block, and among ties."""
    count = min(count, width)
    values = torch.randn(7, width, generator=torch.Generator().manual_seed(width))
    values[0] = values[0].round()  # many ties
    values[1] = float("-inf")
    values[2] = torch.arange(width)  # the largest at the very end
    found, indices = top_k(values, count)
    assert torch.equal(found, values.topk(count, 1).values)
    assert torch.equal(values.gather(1, indices), found)
    assert all(len(set(row)) == count for row in indices.tolist())


@pytest.mark.parametrize("width", [5, 50 * BLOCK, 3001])
def test_best_sums_is_topk_of_the_sums(width: int) -> None:
    """The fast top-k of sums equals `topk` of all sums."""
    generator = torch.Generator().manual_seed(width)
    values = torch.randn(6, width, generator=generator)
    totals = torch.randn(2, 3, generator=generator)
    totals[1, 2] = float("-inf")
    sums = (values.view(2, 3, width) + totals[:, :, None]).flatten(1)
    found, places = top_k_sums(totals, values, 8)
    assert torch.equal(found, sums.topk(8, 1).values)
    assert torch.equal(sums.gather(1, places), found)


def test_sampling_follows_the_distribution() -> None:
    """Each token is sampled with its probability."""
    assert shares(DecodeOptions(sampling_topk=0)) == pytest.approx(PROBABILITIES, abs=2e-3)


def test_topk_restricts_the_support() -> None:
    """Only the k most probable tokens are sampled, with renormalised probabilities."""
    expected = [0, 0.4 / 0.85, 0, 0.25 / 0.85, 0.2 / 0.85]
    assert shares(DecodeOptions(sampling_topk=3)) == pytest.approx(expected, abs=2e-3)
    assert shares(DecodeOptions(sampling_topk=99)) == pytest.approx(PROBABILITIES, abs=2e-3)


@pytest.mark.parametrize(
    ("topp", "kept"), [(0.0, {1}), (0.39, {1}), (0.41, {1, 3}), (0.66, {1, 3, 4}), (0.999, {0, 1, 2, 3, 4})]
)
def test_topp_restricts_the_support(topp: float, kept: set[int]) -> None:
    """The fewest tokens that reach probability p are sampled, at least one."""
    total = sum(PROBABILITIES[token] for token in kept)
    expected = [p / total if token in kept else 0.0 for token, p in enumerate(PROBABILITIES)]
    assert shares(DecodeOptions(sampling_topk=0, sampling_topp=topp)) == pytest.approx(expected, abs=2e-3)


def test_topp_counts_within_topk() -> None:
    """Top-p applies to the renormalised top-k: 0.4 of 0.65 is 0.62, above 0.6."""
    assert shares(DecodeOptions(sampling_topk=2, sampling_topp=0.6)) == [0, 1, 0, 0, 0]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_an_exponent(temperature: float) -> None:
    """Temperature divides the logits."""
    powers = [p ** (1 / temperature) for p in PROBABILITIES]
    expected = [power / sum(powers) for power in powers]
    options = DecodeOptions(sampling_topk=0, sampling_temperature=temperature)
    assert shares(options) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("topp", [1.0, 0.9])
def test_what_is_banned_is_never_reached(topp: float) -> None:
    """Banned tokens are not reached at the edges of u, at either end of the vocabulary."""
    scores = torch.tensor([[0.0, 0.3, 0.3, 0.0]]).log().expand(2, -1)
    edges = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    chosen = sample(scores, edges, DecodeOptions(sampling_topk=0, sampling_topp=topp))
    assert set(chosen.tolist()) == {1, 2}


def test_chance_with_a_seed_is_the_same_for_every_sentence() -> None:
    """With a seed every sentence gets the same numbers, whatever the batch."""
    many, one = Sampler(5), Sampler(5)
    for _ in range(3):
        assert many.draw(4, 2).view(4, 2).tolist() == [one.draw(1, 2).tolist()] * 4


def test_chance_without_a_seed_differs() -> None:
    """Without a seed sentences and calls get different numbers."""
    assert len(set(Sampler(None).draw(3, 2).tolist() + Sampler(None).draw(3, 2).tolist())) == 12


def test_minp_leaves_what_is_nearly_as_probable() -> None:
    """Tokens below the share of the best are not sampled; the best always can be."""
    found = shares(DecodeOptions(sampling_topk=0, sampling_minp=0.45))
    assert found == pytest.approx([0.0, 0.4 / 0.85, 0.0, 0.25 / 0.85, 0.2 / 0.85], abs=2e-3)
    assert shares(DecodeOptions(sampling_topk=0, sampling_minp=1.0))[1] == 1.0
