"""Examples of several corpora and languages: every direction, without validation and held-out texts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from train.data.corpus import Corpus
from train.data.examples import Example, directions_of, load_examples, spread, targets_of


def write(path: Path, rows: list[tuple[str, ...]]) -> str:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def corpora(tmp_path: Path) -> list[Corpus]:
    """One corpus of three languages, and one of two of them in one direction."""
    three = [("en", "de", "fr"), ("a dog", "ein Hund", "un chien"), ("a man", "ein Mann", "un homme")]
    valid = [("en", "de", "fr"), ("a cat.", "eine Katze", "un chat")]
    two = [
        ("a horse", "ein Pferd"),
        ("A CAT", "eine Mieze"),
        ("a goat", "eine Ziege"),
        ("a cow", "Eine Kuh!"),
    ]
    return [
        Corpus(
            files=write(tmp_path / "a.tsv", three),
            valid_files=write(tmp_path / "av.tsv", valid),
            languages=["en", "de", "fr"],
        ),
        Corpus(
            files=write(tmp_path / "b.tsv", two),
            valid_files=write(tmp_path / "bv.tsv", [("a mouse", "eine Maus")]),
            columns=[0, 1],
        ),
    ]


def test_every_direction_of_every_corpus_is_learnt(corpora: list[Corpus], tmp_path: Path) -> None:
    """Rows of several languages give examples of every direction, rows of two of their own."""
    training, validation, report = load_examples(corpora, [write(tmp_path / "test.txt", [("eine kuh",)])])
    assert len(training) == 2 * 6 + 2 and len(validation) == 6 + 1
    assert Example("un chien", "ein Hund", "fr", "de") in training
    assert Example("a horse", "ein Pferd", "en", "de") in training
    assert Example("ein Pferd", "a horse", "de", "en") not in training
    assert report.kept == 4 and report.held_out == 2
    assert directions_of(corpora)[0] == ("en", "de") and len(directions_of(corpora)) == 6
    assert set(targets_of(corpora)) == {"en", "de", "fr"} and targets_of(corpora[1:]) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("test.tsv", "a horse\tein Gaul\n"),
        ("test.csv", 'en,de\n"a horse",ein Gaul\n'),
        ("test.jsonl", '{"translation": {"en": "A horse!", "de": "ein Gaul"}, "id": 3}\n'),
        ("test.jsonl", '{"references": [{"en": "A horse!"}], "id": 3}\n'),
        ("test.json", '{"de": "ein Gaul", "en": ["a nag", "a horse"]}\n'),
    ],
)
def test_a_test_set_is_held_out_whatever_its_form(
    corpora: list[Corpus], tmp_path: Path, name: str, content: str
) -> None:
    """Texts of a held-out file in any format are kept out of training."""
    (tmp_path / name).write_text(content)
    training, _, report = load_examples(corpora, [str(tmp_path / name)])
    assert report.held_out == 2 and "a horse" not in {each.source for each in training}
    with pytest.raises(ValueError, match=r"test.parquet is Parquet; write its texts into"):
        load_examples(corpora, ["test.parquet"])


def test_made_tables_may_have_some_of_the_languages(corpora: list[Corpus], tmp_path: Path) -> None:
    """A synthetic table of some of a corpus's languages gives examples of its directions."""
    pairs = write(tmp_path / "pairs.tsv", [("fr", "score", "en"), ("une vache", "-1", "a cow")])
    judged = [("de", "en", "fr"), ("ein Kater", "a cat", "un minou"), ("ein Reh", "a deer", "un cerf")]
    whole = tmp_path / "all.jsonl"
    whole.write_text("".join(json.dumps(dict(zip(judged[0], row, strict=True))) + "\n" for row in judged[1:]))
    made = replace(corpora[0], synthetic=[pairs, str(whole)])
    training, validation, report = load_examples([made, corpora[1]], [])
    alone, same, _ = load_examples(corpora, [])
    added = [each for each in training if each not in alone]
    assert validation == same and len(added) == 2 + 6 and report.kept == 5 + 2 and report.held_out == 2
    assert added[0] == Example("a cow", "une vache", "en", "fr")
    assert added[1] == Example("une vache", "a cow", "fr", "en")
    for names in ([("en", "sc"), ("a", "b")], []):
        broken = write(tmp_path / "broken.tsv", names)
        with pytest.raises(
            ValueError, match=r"broken.tsv has the columns .*; it needs two or more of en, de, fr"
        ):
            load_examples([replace(made, synthetic=broken)], [])


def test_a_pair_of_two_corpora_is_learnt_once(corpora: list[Corpus]) -> None:
    """A pair that two corpora share is trained on once and counted as a duplicate."""
    once, _, first = load_examples(corpora, [])
    twice, _, second = load_examples([*corpora, corpora[1]], [])
    assert twice == once and second.kept == first.kept and second.duplicate == first.duplicate + 3


def test_what_one_corpus_is_judged_by_no_other_teaches(corpora: list[Corpus]) -> None:
    """Validation texts of one corpus are kept out of the training rows of all."""
    training, _, _ = load_examples(corpora, [])
    assert not [each for each in training if "cat" in each.source.casefold()]
    assert [each.source for each in training[-3:]] == ["a horse", "a goat", "a cow"]


def test_some_examples_are_of_every_direction() -> None:
    """A subset of examples has as many of each direction."""
    pair = [Example("a", "b", "en", "de"), Example("b", "a", "de", "en")]
    examples = [each._replace(source=f"{each.source} {n}") for n in range(8) for each in pair]
    assert [each.source for each in spread(examples, 8)] == [
        "a 0",
        "a 2",
        "a 4",
        "a 6",
        "b 0",
        "b 2",
        "b 4",
        "b 6",
    ]
    assert sorted(spread(examples, 99)) == sorted(examples) and spread([], 3) == []


def test_text_files_stand_side_by_side(tmp_path: Path) -> None:
    """Parallel text files of several languages give rows line by line."""
    files = [
        write(tmp_path / f"t.{name}", [(f"{name} {n}",) for n in range(40)]) for name in ("en", "de", "fr")
    ]
    training, _, _ = load_examples([Corpus(files=files, languages=["en", "de", "fr"])], [])
    assert len(training) == 38 * 6
    assert all(each.source.split()[1] == each.target.split()[1] for each in training)
    with pytest.raises(ValueError, match="text files come by 3s, one each for en, de, fr"):
        load_examples([Corpus(files=files[:2], languages=["en", "de", "fr"])], [])
