"""Attention of a pronoun: marks of the sentences, search over heads, and a score that luck does not raise."""

from pathlib import Path

import draw_pronoun
import pytest
import torch
from pronouns import held_out, judge, parse, pronoun_weights, read_questions, strongest

from seq2seq import Translator

PAIR = [
    "a [dog] runs through the (garden) and {it} sleeps in the water.",
    "a (dog) runs through the [garden] and {it} is a big park!",
]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Two pairs of one kind."""
    path = tmp_path / "questions.tsv"
    path.write_text("".join(f"sense\t{line}\n" for line in 2 * PAIR), encoding="utf-8")
    return path


@pytest.mark.parametrize("marked", [PAIR[0], "[猫]吃了(鱼)因为{它}饿了"])
def test_marks_are_read_and_removed(marked: str) -> None:
    """Marks give the spans of the three words and leave the text, in any script."""
    question = parse(marked)
    assert not set("[](){}") & set(question.text)
    for span, brackets in ((question.meant, "[]"), (question.other, "()"), (question.pronoun, "{}")):
        assert brackets[0] + question.text[slice(*span)] + brackets[1] in marked


@pytest.mark.parametrize("marked", ["a [dog] runs", "a [dog] (cat) {it} {it}"])
def test_wrong_marks_are_refused(marked: str) -> None:
    """Missing and duplicate marks are errors."""
    with pytest.raises(ValueError, match="mark one each"):
        parse(marked)


def test_shipped_pairs_differ_only_in_what_is_meant() -> None:
    """The sentences of a pair have the same beginning and swapped antecedents."""
    for asked in read_questions(draw_pronoun.QUESTIONS).values():
        assert len(asked) % 4 == 0
        for one, other in zip(asked[0::2], asked[1::2], strict=True):
            assert (one.meant, one.other, one.pronoun[0]) == (other.other, other.meant, other.pronoun[0])
            assert one.text[: one.pronoun[0]] == other.text[: other.pronoun[0]]
            assert one.text != other.text


def test_strongest_is_a_head_and_a_word_of_the_model(translator: Translator) -> None:
    """The strongest weight is the largest of all words but the pronoun."""
    question = parse(PAIR[0])
    found = strongest(translator, question)
    weights, words = pronoun_weights(translator, question)
    assert weights.shape == (2, 4, len(question.text.split()))
    assert found.word in question.text.split() and found.word != "it"
    spelt = [question.text[slice(*span)] for span in words]
    assert found.weight == pytest.approx(float(weights[found.layer, found.head, spelt.index(found.word)]))
    others = [w for w, word in enumerate(spelt) if word != "it"]
    assert found.weight == pytest.approx(float(weights[..., others].max()))


def test_weights_of_words_are_those_of_their_pieces(translator: Translator) -> None:
    """The weights of a word are the sum of those of its tokens."""
    weights, _ = pronoun_weights(translator, parse(PAIR[0]))
    total = weights.sum(dim=-1)
    assert ((total > 0.5) & (total <= 1.0001)).all()  # all but the end symbol's share


def test_head_that_resolves_is_found_on_other_pairs() -> None:
    """A head that is always right has a held-out accuracy of 1."""
    right = torch.rand(16, 2, 4, generator=torch.Generator().manual_seed(1)) < 0.5
    right[:, 1, 2] = True
    assert held_out(right) == 1.0


def test_lucky_heads_are_not_believed() -> None:
    """Random heads have a held-out accuracy of one half, though the best of them has more."""
    generator = torch.Generator().manual_seed(1)
    chances = [torch.rand(24, 4, 4, generator=generator) < 0.5 for _ in range(40)]
    best = sum(float(right.float().mean(dim=0).max()) for right in chances) / 40
    believed = sum(map(held_out, chances)) / 40
    assert best > 0.65
    assert abs(believed - 0.5) < 0.05


def test_figure_and_table_are_made(translator: Translator, questions: Path, texts_of) -> None:
    """The figure shows two sentences and the accuracy of every head; an unknown kind is an error."""
    asked = read_questions(questions)
    shown = texts_of(draw_pronoun.figure(translator, asked, "sense"))
    assert shown.count("layer 1") == 3
    assert sum(text.endswith("%") and text[0].isdigit() for text in shown) == 8
    assert judge(translator, asked["sense"]).shape == (4, 2, 4)
    assert "head chosen on the other half" in draw_pronoun.table(translator, asked, "sense")
    with pytest.raises(ValueError, match="choose one of sense"):
        draw_pronoun.figure(translator, asked, "none")
