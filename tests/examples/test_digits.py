"""Handwriting recognition: masked memories, attention of the right words, questions with answers."""

import argparse
import json
import sys
from pathlib import Path

import digits as example
import pytest
import torch
from digits import ORDINALS, STRIDE, Reader, make_questions, measure, train
from strips import DIGIT, NONE, Digits, Strips, make_strips

TRAINING = 350  # steps


@pytest.fixture(scope="module")
def simple() -> Digits:
    """Three digits with different brightest rows, learned in a short training."""
    images = torch.zeros(3, DIGIT, DIGIT)
    images[0, 1:3], images[1, :, 3:5], images[2, 5:7, :4] = 1.0, 1.0, 1.0
    return Digits(images, torch.tensor([1, 4, 7]))


@pytest.fixture
def strips(simple: Digits) -> Strips:
    """Four strips of them."""
    return make_strips(simple, 4, torch.Generator().manual_seed(2))


@pytest.fixture
def reader() -> Reader:
    """Untrained reader."""
    torch.manual_seed(1)
    return Reader(width=16, seen=12).eval()


@torch.no_grad()
def test_a_strip_is_read_alike_alone_and_beside_a_wider(reader: Reader, strips: Strips) -> None:
    """Padding of a batch changes nothing."""
    together = reader.see(strips)
    narrow = int(strips.widths.argmin())
    width = int(strips.widths[narrow])
    rows = slice(narrow, narrow + 1)
    alone = reader.see(
        Strips(strips.images[rows, :, :width], strips.widths[rows], strips.digits[rows], strips.places[rows])
    )
    columns = -(-width // STRIDE)
    assert together.mask[narrow].sum() == alone.mask.sum() == columns
    expected = together.states[rows, :columns]
    torch.testing.assert_close(alone.states[:, :columns], expected, atol=1e-5, rtol=0)


def test_answers_are_the_digits_asked_for(simple: Digits) -> None:
    """The answer is the digit at the place asked for, and every place is asked for."""
    strips = make_strips(simple, 200, torch.Generator().manual_seed(3))
    questions, answers = make_questions(strips, torch.Generator().manual_seed(1))
    for question, answer, words in zip(questions, answers, strips.words(), strict=True):
        assert question[:3] == ["which", "digit", "is"]
        place = -1 if question[3] == "last" else ORDINALS.index(question[3])
        assert answer == [words[place]]
    assert {question[3] for question in questions} == set(ORDINALS)


@torch.no_grad()
def test_the_question_stands_behind_the_picture(reader: Reader, strips: Strips) -> None:
    """The memory is the image followed by the question; both stay and are seen."""
    seen = reader.see(strips)
    both = reader.ask(seen, [["which", "digit", "is", "last"]] * 4)
    assert torch.equal(both.states[:, : seen.states.shape[1]], seen.states)
    assert both.mask[:, -4:].all() and both.states.shape[1] == seen.states.shape[1] + 4
    other = reader.ask(seen, [["which", "digit", "is", "first"]] * 4)
    assert not torch.allclose(other.states[:, -1], both.states[:, -1])


def test_a_moment_of_training_reads_simple_digits(simple: Digits) -> None:
    """A short training reads far more strips than chance."""
    torch.manual_seed(1)
    reader = Reader(width=32, seen=32)
    train(reader, simple, argparse.Namespace(seed=1, steps=TRAINING, batch=32, learning_rate=5e-3))
    chance = torch.Generator().manual_seed(5)
    reached = measure(reader, make_strips(simple, 100, chance), chance)
    print(reached)
    assert reached.strips > 0.4  # by chance no more than one in 27


def test_looks_are_counted_on_the_digit(
    reader: Reader, strips: Strips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map that points at the digits counts fully, one that points beside them does not."""
    words, columns = strips.digits.shape[1], strips.images.shape[2] // STRIDE
    weights = torch.zeros(2, 4, words + 1, columns)
    right = (strips.places + DIGIT // 2).clamp(min=0) // STRIDE
    before = (strips.places - STRIDE).clamp(min=0) // STRIDE
    for layer, columns_of in enumerate((right, before)):
        weights[layer, :, :-1].scatter_(2, columns_of[:, :, None], 1.0)
    monkeypatch.setattr(Reader, "look", lambda self, memory, texts: weights)
    looks = measure(reader, strips, torch.Generator()).looks
    first_edge = (strips.places[strips.digits != NONE] < STRIDE).float().mean().item()
    assert looks[0] == 1.0 and looks[1] <= first_edge


def test_the_command_prints_and_writes_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints its measures and writes data that can be drawn."""
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    from draw_strip import figure

    place = tmp_path / "look.json"
    words = ["--steps", "1", "--batch", "2", "--strips", "3", "--part", "valid", "--look", str(place)]
    monkeypatch.setattr(sys, "argv", ["digits.py", *words])
    example.main()
    shown = capsys.readouterr().out
    assert "3 strips of 250 others" in shown and "strips read wholly right" in shown
    found = json.loads(place.read_text())
    assert set(found) == {"image", "stride", "words", "asked"}
    assert len(found["asked"]["question"]) == len(found["asked"]["of_question"]) == 4
    assert figure(found).startswith("<svg")


def test_errors_are_sentences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing scikit-learn is a sentence and exit code 2."""

    def missing(part: str) -> Digits:
        raise ValueError("the digits come with scikit-learn; pip install scikit-learn")

    monkeypatch.setattr(example, "load_digits", missing)
    monkeypatch.setattr(sys, "argv", ["digits.py"])
    with pytest.raises(SystemExit) as ended:
        example.main()
    assert ended.value.code == 2 and "scikit-learn" in capsys.readouterr().err
