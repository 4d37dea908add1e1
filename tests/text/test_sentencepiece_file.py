"""The check of serialized tokenizers: what training writes passes, and what it cannot write is refused."""

import struct
from typing import Literal

import pytest

from seq2seq.text.sentencepiece_file import check_serialized
from seq2seq.text.tokenizer import Tokenizer

LINES = [f"the dog number {number} sees ⟦1⟧ and a café" for number in range(60)]


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return data with one occurrence replaced."""
    assert data.count(old) >= 1
    return data.replace(old, new, 1)


@pytest.fixture(scope="module")
def serialized() -> bytes:
    """A BPE vocabulary."""
    return Tokenizer.train(LINES, 60).to_bytes()


@pytest.mark.parametrize("model_type", ["bpe", "unigram", "char"])
@pytest.mark.parametrize("verbatim", [False, True])
def test_trained_tokenizers_pass(model_type: Literal["bpe", "unigram", "char"], verbatim: bool) -> None:
    """Every kind of tokenizer that can be trained passes, with tags and placeholders."""
    languages, placeholders = ([], 0) if verbatim else (["de", "zh-Hant"], 3)
    trained = Tokenizer.train(
        LINES, 38, model_type, languages=languages, placeholders=placeholders, verbatim=verbatim
    )
    check_serialized(trained.to_bytes())


CONTROL = b"\x0a\x04</s>\x15\0\0\0\0\x18\x03"
CHANGES = {
    "no text": (b"\x0a\x05<pad>", b"\x0a\x05<\xffad>", "piece 0 is no UTF-8"),
    "other special": (b"\x0a\x05<unk>", b"\x0a\x05<unK>", "piece 1 is '<unK>'"),
    "a normal piece as control symbol": (
        b"\x0a\x04</s>\x15\0\0\0\0\x18\x03",
        b"\x0a\x04</s>\x15\0\0\0\0\x18\x01",
        "3",
    ),
    "normalizer": (b"identity", b"identitx", "normalizes"),
    "type": (b"\x18\x02\x20", b"\x18\x03\x20", "its type is 3"),
    "surface": (b"\xe2\x81\x87", b"\xe2\x81\x88", "setting 44"),
    "surface that is no text": (b"\xe2\x81\x87", b"\xe2\x81\xff", "no UTF-8"),
    "score": (struct.pack("<f", -7.0), struct.pack("<f", -7.5), "not its rank"),
    "score that is no number": (struct.pack("<f", -7.0), struct.pack("<f", float("nan")), "score is nan"),
    "piece": (b"\x0a\x03dog", b"\x0a\x03doq", "make it"),
}


@pytest.mark.parametrize(("old", "new", "said"), CHANGES.values(), ids=CHANGES)
def test_single_changes_are_refused(serialized: bytes, old: bytes, new: bytes, said: str) -> None:
    """A change of one byte or number is refused with what is wrong."""
    with pytest.raises(ValueError, match=said):
        check_serialized(changed(serialized, old, new))


def test_every_truncation_is_refused(serialized: bytes) -> None:
    """A file that ends early is refused wherever it ends."""
    for length in range(len(serialized)):
        with pytest.raises(ValueError, match=r"\w"):
            check_serialized(serialized[:length])


def test_piece_that_is_there_twice(serialized: bytes) -> None:
    """A repeated piece is refused."""
    first = serialized[: 2 + serialized[1]]
    with pytest.raises(ValueError, match=r"piece 1 is '<pad>'|twice"):
        check_serialized(first + serialized)
