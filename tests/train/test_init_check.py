"""The check of --init: captions of the model's languages pass; other languages and swapped columns do not."""

import pytest

pytest.importorskip("lightning")

from seq2seq.storage.model_directory import LoadedModel, load_model
from seq2seq.storage.registry import find_model
from train.data.examples import Example
from train.init_check import FEWEST, init_mismatch

SUBJECTS = {
    "A man": ("Ein Mann", "Un homme"),
    "A woman": ("Eine Frau", "Une femme"),
    "Two dogs": ("Zwei Hunde", "Deux chiens"),
    "A little girl": ("Ein kleines Mädchen", "Une petite fille"),
    "Three children": ("Drei Kinder", "Trois enfants"),
}
PLACES = {
    "in the snow": ("im Schnee", "dans la neige"),
    "on a beach": ("an einem Strand", "sur une plage"),
    "in front of a house": ("vor einem Haus", "devant une maison"),
    "on a street": ("auf einer Straße", "dans une rue"),
    "in the water": ("im Wasser", "dans l'eau"),
}
CAPTIONS = [(f"{who} {where}.", who, where) for who in SUBJECTS for where in PLACES]
GERMAN = [
    Example(text, f"{SUBJECTS[who][0]} {PLACES[where][0]}.", "en", "de") for text, who, where in CAPTIONS
]
FRENCH = [
    Example(text, f"{SUBJECTS[who][1]} {PLACES[where][1]}.", "en", "fr") for text, who, where in CAPTIONS
]


@pytest.fixture(scope="module")
def released() -> LoadedModel:
    """The English-to-German model."""
    return load_model(find_model("en-de"))


def test_translations_are_known(released: LoadedModel) -> None:
    """Translations of the model's languages give no warning."""
    assert init_mismatch(released, GERMAN) is None


@pytest.mark.parametrize(
    "pairs", [FRENCH, [each._replace(source=each.target, target=each.source) for each in GERMAN]]
)
def test_other_languages_and_swapped_columns_are_noticed(released: LoadedModel, pairs: list[Example]) -> None:
    """Another language and swapped columns give a warning."""
    note = init_mismatch(released, pairs)
    assert note and "en to de" in note and "data.columns" in note


def test_directions_that_alternate_with_a_known_one_are_noticed(released: LoadedModel) -> None:
    """Regression: directions that alternate are all checked, not only every third pair."""
    known, french = (
        [
            one._replace(source=f"{one.source} {other.source}", target=f"{one.target} {other.target}")
            for one in pairs
            for other in pairs[:8]
        ]
        for pairs in (GERMAN, FRENCH)
    )
    swapped = [Example(each.target, each.source, "de", "en") for each in known]
    assert init_mismatch(released, known) is None
    assert init_mismatch(
        released, [each for three in zip(known, swapped, french, strict=True) for each in three]
    )


def test_too_few_pairs_say_nothing(released: LoadedModel) -> None:
    """Too few pairs give no warning."""
    assert init_mismatch(released, FRENCH[: FEWEST - 1]) is None
