"""Mixtures of corpora: each pair as often as its corpus's weight says, a function of seed and epoch."""

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from train.data.batch_order import BatchOrder
from train.data.corpus import Corpus
from train.data.mixture import Mixture, make_mixture
from train.data.module import DataSettings, TranslationData
from train.data.packed import IdPair

CORPORA = [0] * 40 + [1] * 100 + [2] * 7


def test_pairs_come_as_often_as_the_weights_say() -> None:
    """Whole weights repeat every pair; the rest is a share, another one each epoch."""
    mixture = Mixture(CORPORA, [2.0, 0.25, 1.5], seed=1)
    first, second = (Counter(mixture.places(epoch)) for epoch in (0, 1))
    assert all(first[place] == 2 for place in range(40))
    assert sum(first[place] for place in range(40, 140)) == 25 and max(first.values()) == 2
    assert sum(first[place] for place in range(140, 147)) == 7 + 4  # round(3.5)
    assert first != second and mixture.places(0) == Mixture(CORPORA, [2.0, 0.25, 1.5], 1).places(0)
    assert mixture.places(0) != Mixture(CORPORA, [2.0, 0.25, 1.5], 2).places(0)


def test_a_temperature_evens_out_sizes() -> None:
    """At a high temperature each corpus has the same share of an epoch that is as long as before."""
    assert make_mixture(CORPORA, [1, 1, 1], 1.0, 1) is None
    even = make_mixture(CORPORA, [1, 1, 1], 100.0, 1)
    assert even is not None
    drawn = Counter(CORPORA[place] for place in even.places(0))
    assert sum(drawn.values()) == pytest.approx(len(CORPORA), abs=2)
    assert max(drawn.values()) - min(drawn.values()) <= 3
    warm = make_mixture([0] * 100 + [1] * 25, [1, 1], 2.0, 1)  # roots 10 and 5
    assert warm is not None and [
        weight * size for weight, size in zip(warm.weights, (100, 25), strict=True)
    ] == (pytest.approx([125 * 10 / 15, 125 * 5 / 15]))


def test_an_order_of_a_mixture_goes_on_where_it_stopped() -> None:
    """Batches of a mixture hold the pairs of its epoch, and continue from any position."""
    pairs: list[IdPair] = [([n] * (1 + n % 5), [n] * (1 + n % 3)) for n in range(len(CORPORA))]
    mixture = Mixture(CORPORA, [2.0, 0.25, 1.5], seed=1)

    def order(**place: object) -> BatchOrder:
        return BatchOrder(lambda epoch: pairs, 30, 1, select=mixture.places, **place)  # type: ignore[arg-type]

    size = len(order().batches(0, pairs))
    epoch = list(islice(order(), size))
    assert Counter(place for places, _ in epoch for place in places) == Counter(mixture.places(0))
    assert all(ids == [pairs[place] for place in places] for places, ids in epoch)
    assert list(islice(order(start=order().position_after(size + 3)), 9)) == list(
        islice(order(), size + 3, size + 12)
    )


def table(path: Path, word: str, count: int) -> str:
    path.write_text("en\tde\n" + "".join(f"{word} {n}\tmein {word} {n}\n" for n in range(count)))
    return str(path)


def test_a_recipe_weights_its_corpora(tmp_path: Path) -> None:
    """Weights and temperature of the settings reach the batches, and the report says what an epoch has."""
    more = Corpus(files=table(tmp_path / "more.tsv", "cat", 40), weight=0.5)
    valid = table(tmp_path / "valid.tsv", "cow", 5)
    own = table(tmp_path / "own.tsv", "dog", 20)
    settings = DataSettings(
        files=own, valid_files=valid, weight=3, also=[replace(more, valid_files=valid)], vocabulary_size=40
    )
    data = TranslationData(settings, 64, 1)
    data.load()
    assert data.report.endswith("; an epoch has 80: 3 x 20 of own.tsv, 0.5 x 40 of more.tsv")
    batches = data.train_dataloader().dataset.order
    places = [place for batch in batches.batches(0, data.segmentation(0)) for place in batch]
    assert Counter(data.segmentation.texts[place].source.split()[0] for place in places) == {
        "dog": 60,
        "cat": 20,
    }
    plain = TranslationData(replace(settings, weight=1, also=[replace(more, weight=1.0)]), 64, 1)
    plain.load()
    assert plain.mixture is None and "an epoch has" not in plain.report


def test_weights_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    """Weights and temperatures out of range, and both together, are refused."""
    for wrong in (0, -1, float("nan"), 1e9):
        with pytest.raises(ValueError, match=r"data\.weight is .*; give a number above 0"):
            Corpus(name="a/b", weight=wrong)
    for wrong in (0.5, float("nan")):
        with pytest.raises(ValueError, match=r"data\.temperature is .*; give 1 to 100"):
            DataSettings(name="a/b", temperature=wrong)
    with pytest.raises(ValueError, match="whose corpora have no weights"):
        DataSettings(name="a/b", weight=2, form="facts", copied=["name"])
    with pytest.raises(ValueError, match="give one of the two"):
        DataSettings(name="a/b", temperature=5, also=[Corpus(name="a/c", weight=2)])
