"""Facts in training: the form learned, facts that follow their references, one spelling."""

import csv
import gzip
from pathlib import Path

import pytest

from seq2seq.data_to_text.facts import FactsForm
from train.data.corpus import Corpus, load_corpus
from train.data.examples import EvalExample, Example, by_source
from train.data.fact_pairs import follow_references, learn_form, one_spelling
from train.tasks.validation import score

FORM = FactsForm(
    ["name", "near"],
    {
        "eatType": ["pub", "restaurant"],
        "food": ["French", "Italian"],
        "priceRange": ["cheap", "less than £20"],
        "familyFriendly": ["yes", "no"],
    },
)


def pair(source: str, reference: str = "") -> Example:
    """Return facts and a sentence as an example."""
    return Example(source, reference, "facts", "en")


def test_the_form_is_that_of_the_corpus() -> None:
    """Slots are in the order of the corpus, each value once; copied slots have none."""
    pairs = [pair("name[a], food[French]"), pair("name[b], near[c], area[x], food[Thai], food[French]")]
    form = learn_form(pairs, ["name", "near"])
    assert form == FactsForm(["name", "near"], {"food": ["French", "Thai"], "area": ["x"]})
    with pytest.raises(ValueError, match=r"data\.copied names 'street', no slot"):
        learn_form(pairs, ["name", "street"])


@pytest.mark.parametrize(
    ("source", "reference", "read"),
    [
        ("name[Aromi], food[French]", "Aromi is French.", "X food French"),
        ("name[Aromi], food[French]", "Aromi is a place.", "X"),
        ("name[Aromi], food[French]", "Aromi is Italian.", "X food Italian"),
        ("name[Aromi]", "Aromi is cheap and for children.", "X price range cheap family friendly yes"),
        ("name[Aromi], priceRange[less than £20]", "Aromi is cheap.", "X price range cheap"),
        ("name[Aromi], priceRange[cheap]", "Aromi is cheap, less than £20.", "X price range cheap"),
        ("name[Aromi], near[Ranch]", "Aromi is good.", "X"),
        ("name[Aromi], eatType[pub]", "Aromi is a restaurant.", "X"),
        ("name[Aromi], eatType[pub]", "Aromi is a restaurant and pub.", "X eat type pub"),
        ("name[Aromi]", "Aromi is a restaurant.", "X"),
        ("name[Aromi], eatType[restaurant]", "Aromi is a restaurant.", "X eat type restaurant"),
    ],
)
def test_facts_follow_the_reference(source: str, reference: str, read: str) -> None:
    """The facts of a training pair become those that its reference states."""
    (found,), _ = follow_references([pair(source, reference)], FORM)
    assert found.source == read


@pytest.mark.parametrize(
    ("source", "reference"),
    [
        ("name[Aromi]", "A nice place."),
        ("name[Aromi]", "Aromi is near Cotto."),
        ("name[Aromi], near[Crowne Plaza Hotel]", "Aromi is near the Crown Plaza Hotel."),
        ("name[Aromi]", "Aromi is French and Italian."),
        ("name[Aromi], familyFriendly[no]", "Aromi is for families and not for children."),
    ],
)
def test_what_cannot_be_put_right_is_dropped(source: str, reference: str) -> None:
    """References with other names or contradictions are dropped and counted."""
    other = pair("name[Cotto]", "Cotto is open.")
    pairs, report = follow_references([pair(source, reference), other], FORM)
    assert pairs == [pair("X", "X is open.")]
    assert report.kept == 1 and report.unnamed + report.contradicting == 1 and "dropped: " in str(report)


def test_references_are_spelt_one_way() -> None:
    """Capitals of references are unified: names, sentence starts and proper nouns."""
    usual = ["It has French food."] * 5
    spelt = one_spelling([*usual, "THE  MILL Serves french Food. it is Good!  ok"], {"The Mill"})
    assert spelt[-1] == "THE MILL serves French food. It is good! Ok"


def test_references_of_a_source_are_judged_together() -> None:
    """All references of a source count in its score."""
    judged = by_source([pair("a", "x y z w"), pair("b", "u"), pair("a", "X Y Z V")])
    assert judged == [
        EvalExample("a", ["x y z w", "X Y Z V"], "facts", "en"),
        EvalExample("b", ["u"], "facts", "en"),
    ]
    assert score(["x y z v", "u"], judged, lowercase=True).bleu == pytest.approx(100)
    assert score(["x y z v", "u"], judged).bleu < 70


def test_a_source_is_split_off_with_all_its_references(tmp_path: Path) -> None:
    """A source is split off for validation with all its references."""
    rows = [(f"name[n{k // 5}]", f"n{k // 5} is number {k}") for k in range(300)]
    with gzip.open(tmp_path / "facts.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows([("mr", "ref"), *rows])
    corpus = Corpus(files=str(tmp_path / "facts.csv.gz"), columns=["mr", "ref"])
    training, validation, report = load_corpus(corpus)
    assert len(validation) == 15 and len(training) == 285 and report.held_out == 0
    assert not {source for source, _ in training} & {source for source, _ in validation}
