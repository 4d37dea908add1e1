"""Token files and windows: nothing lost, nothing repeated, resumable at any position."""

import itertools
from collections import Counter
from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")

from seq2seq.config import EOS
from seq2seq.text.tokenizer import Tokenizer
from train.data.batch_order import BatchPosition
from train.data.language_module import WindowRow, drawn_lines
from train.data.windows import WindowOrder, read_tokens, window, write_tokens

LINES = ["a dog\n", "two  men\n", "\n", "an owl\n"] * 6


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A character vocabulary of the lines."""
    return Tokenizer.train(LINES, 99, "char", verbatim=True)


def test_a_file_of_tokens_is_the_text(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """A token file holds the text, with an end symbol after each document."""
    text = "".join(LINES)
    assert write_tokens(tmp_path / "lines", LINES, tokenizer, ends=False) == len(text)
    assert read_tokens(tmp_path / "lines").tolist() == tokenizer.encode(text)
    write_tokens(tmp_path / "texts", ["a dog", "owl"], tokenizer, ends=True)
    expected = [*tokenizer.encode("a dog"), EOS, *tokenizer.encode("owl"), EOS]
    assert read_tokens(tmp_path / "texts").tolist() == expected


def test_a_window_is_asked_for_what_follows() -> None:
    """The targets of a window are its inputs one step ahead."""
    batch = window(torch.arange(40, dtype=torch.int32), [0, 7], 5)
    assert batch.read.tolist() == [[0, 1, 2, 3, 4], [7, 8, 9, 10, 11]]
    assert batch.target.tolist() == [[1, 2, 3, 4, 5], [8, 9, 10, 11, 12]] and batch.tokens == 10


@pytest.mark.parametrize("kind", ["random", "packed"])
def test_an_order_goes_on_from_any_place(kind: str) -> None:
    """An order started at a position continues with the same windows."""
    whole = list(itertools.islice(WindowOrder(kind, 97, 6, 2, 5), 30))  # type: ignore[arg-type]
    place = WindowOrder(kind, 97, 6, 2, 5).position_after(17)  # type: ignore[arg-type]
    rest = WindowOrder(kind, 97, 6, 2, 5, start=place)  # type: ignore[arg-type]
    assert list(itertools.islice(rest, 13)) == whole[17:]
    again = WindowOrder(kind, 97, 6, 2, 5, start=place).position_after(9)  # type: ignore[arg-type]
    assert again == WindowOrder(kind, 97, 6, 2, 5).position_after(26)  # type: ignore[arg-type]
    assert list(itertools.islice(WindowOrder(kind, 97, 6, 2, 6), 30)) != whole  # type: ignore[arg-type]
    assert all(start >= 0 and start + 6 < 97 for batch in whole for start in batch)


def test_packed_windows_are_all_of_the_text() -> None:
    """Packed windows cover the text once an epoch, from another offset each time."""
    order = WindowOrder("packed", 61, 6, 2, 5)
    epochs = [
        list(itertools.islice(iter(WindowOrder("packed", 61, 6, 2, 5, start=BatchPosition(e, 0))), 4))
        for e in (0, 1)
    ]
    for epoch in epochs:
        starts = sorted(start for batch in epoch for start in batch)
        assert {later - earlier for earlier, later in itertools.pairwise(starts)} <= {6, 12}
        assert len(set(starts)) == 8
    assert epochs[0] != epochs[1] and order.position_after(4) == BatchPosition(1, 0)


def test_processes_share_the_windows() -> None:
    """Two processes together read the windows of one."""
    for kind in ("random", "packed"):
        alone = itertools.islice(WindowOrder(kind, 200, 6, 2, 5), 12)  # type: ignore[arg-type]
        both = [WindowOrder(kind, 200, 6, 2, 5, rank=rank, world=2) for rank in (0, 1)]  # type: ignore[arg-type]
        shared = [each for pair in zip(*(itertools.islice(o, 6) for o in both), strict=True) for each in pair]
        assert list(alone) == shared


def test_validation_reads_each_token_once() -> None:
    """Validation predicts each token but the first exactly once."""
    for length in (5, 6, 7):
        row = WindowRow(torch.arange(38), length, 3)
        counted = Counter(token for batch in row for token in batch.target.flatten().tolist())
        assert counted == Counter(range(1, 38))


def test_too_short_a_text_is_refused() -> None:
    """A text shorter than a batch needs is refused."""
    with pytest.raises(ValueError, match="6 tokens, fewer than the 7"):
        WindowOrder("random", 6, 6, 2, 1)
    with pytest.raises(ValueError, match="lower model"):
        WindowOrder("packed", 18, 6, 2, 1)
    WindowOrder("packed", 19, 6, 2, 1)


def test_a_vocabulary_is_learned_from_lines_of_all_the_text() -> None:
    """The sample for a vocabulary is bounded, repeatable and from all of the text."""
    texts = [f"{number:05}" for number in range(4000)]
    assert drawn_lines(texts, 1) == [f"{text}\n" for text in texts]
    drawn = drawn_lines(texts, 1, most=3000)
    assert sum(map(len, drawn)) <= 3000 and len(drawn) > 100
    assert drawn[0] < "01000\n" and drawn[-1] > "03000\n" and drawn == drawn_lines(texts, 1, most=3000)
