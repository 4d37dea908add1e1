"""The check of training pairs: true pairs of any domain pass; swapped, shifted and shuffled sides do not."""

import gzip
import json
import random
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from seq2seq.storage.model_directory import LoadedModel, load_model
from seq2seq.storage.registry import find_model
from train.data.examples import Example
from train.pair_check import FEWEST, check_pairs

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


def swapped(pairs: list[Example]) -> list[Example]:
    """Return pairs whose columns are in the other order."""
    return [each._replace(source=each.target, target=each.source) for each in pairs]


def shifted(pairs: list[Example], lines: int = 1) -> list[Example]:
    """Return pairs whose targets lack their first lines."""
    return [each._replace(target=other.target) for each, other in zip(pairs, pairs[lines:], strict=False)]


def shuffled(pairs: list[Example]) -> list[Example]:
    """Return pairs whose targets are those of others."""
    targets = [each.target for each in pairs]
    random.Random(1).shuffle(targets)
    return [each._replace(target=target) for each, target in zip(pairs, targets, strict=True)]


def made_pairs(count: int) -> list[Example]:
    """Return pairs of made-up words, as long and with as many numbers as texts and their translations."""
    generator = random.Random(2)
    pairs = []
    for _ in range(count):
        words = ["".join(generator.choices("abdegiklmnoprstu", k=generator.randint(2, 9))) for _ in range(12)]
        length, number = generator.randint(1, 12), generator.choice(["", f" {generator.randint(2, 999)}"])
        source, target = words[:length], [word[::-1] + "en" for word in words[:length]]
        pairs.append(Example(" ".join(source) + number, " ".join(target) + number, "tlh", "qya"))
    return pairs


def test_translations_are_known(released: LoadedModel) -> None:
    """Translations of the model's languages give no note."""
    assert check_pairs(GERMAN, released) is None and check_pairs(GERMAN) is None


@pytest.mark.parametrize("has_model", [False, True])
def test_swapped_columns_are_noticed_without_a_model(released: LoadedModel, has_model: bool) -> None:
    """Swapped columns are told by the languages of both sides."""
    note = check_pairs(swapped(GERMAN), released if has_model else None)
    assert note and "the sources are German and the targets English: they look swapped" in note
    assert "data.columns" in note


def test_another_language_than_the_recipe_names_is_noticed() -> None:
    """Targets in another language are named by it, where the detector knows the one that is expected."""
    note = check_pairs([each._replace(target_language="de") for each in FRENCH])
    assert note and "of the pairs from en to de the targets look like French, not German" in note
    assert check_pairs([each._replace(target_language="tlh") for each in FRENCH]) is None


def test_a_model_of_other_languages_is_noticed(released: LoadedModel) -> None:
    """A model that has not the languages of the data gives a note of its own."""
    note = check_pairs(FRENCH, released)
    assert note and "the model of --init is of en to de, and the data has fr" in note


def test_directions_are_checked_each_for_itself() -> None:
    """Regression: directions that alternate are all checked, not only every third pair."""
    reverse = [Example(each.target, each.source, "de", "en") for each in GERMAN]
    assert check_pairs([each for two in zip(GERMAN, reverse, strict=True) for each in two]) is None
    wrong = [Example(each.source, each.target, "de", "en") for each in GERMAN]
    note = check_pairs([each for two in zip(GERMAN, wrong, strict=True) for each in two])
    assert note and "of the pairs from de to en the sources are English" in note


def test_lines_that_do_not_belong_together_are_noticed() -> None:
    """A lost line is named with its direction, and shuffled sides as such; neither needs a model."""
    pairs = made_pairs(600)
    assert check_pairs(pairs) is None
    for wrong in (shifted(pairs), shifted(swapped(pairs))):
        note = check_pairs(wrong)
        assert note and "most sources fit the target 1 line above theirs better" in note
    note = check_pairs(shuffled(pairs))
    assert note and "drawn at random" in note


def test_texts_of_one_length_accuse_nobody() -> None:
    """Where all texts are about as long and share nothing, no sign of a translation is expected."""
    pairs = [
        Example(f"{word} a b c", f"{word[::-1].swapcase()} d", "tlh", "qya")
        for word in (each.source.split()[0][:3] for each in made_pairs(400))
    ]
    assert check_pairs(pairs) is None and check_pairs(shuffled(pairs)) is None


def test_too_few_pairs_say_nothing(released: LoadedModel) -> None:
    """Too few pairs give no note, whatever they are."""
    assert check_pairs(swapped(GERMAN)[: FEWEST - 1], released) is None


@pytest.mark.data
@pytest.mark.parametrize("language", ["de", "fr", "es", "cs", "zh"])
def test_strings_of_programs_are_translations(
    data_directory: Path, released: LoadedModel, language: str
) -> None:
    """Regression: 300 true pairs of another domain than the model's were called no translations."""
    lines = gzip.decompress((data_directory / "gettext" / f"valid.en-{language}.jsonl.gz").read_bytes())
    rows = [json.loads(line) for line in lines.decode().splitlines()[:300]]
    pairs = [Example(row["en"], row[language], "en", language) for row in rows]
    assert check_pairs(pairs) is None
    for wrong, words in ((swapped, "they look swapped"), (shifted, "1 line above"), (shuffled, "at random")):
        note = check_pairs(wrong(pairs))
        assert note and words in note
    if language == "de":
        note = check_pairs(pairs, released)
        assert note is None or "far from what the model of --init" in note
