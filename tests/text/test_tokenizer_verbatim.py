"""Vocabularies that keep every blank and line break, and those of single characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.config import UNK
from seq2seq.text.tokenizer import Tokenizer

LINES = ["First Citizen:\n", "Before we  proceed,\thear me speak.\n", "\n", "  All:\n", "Speak, speak.\n"] * 9


@pytest.fixture(scope="module", params=["char", "bpe", "unigram"])
def verbatim(request: pytest.FixtureRequest) -> Tokenizer:
    """A verbatim vocabulary of each kind."""
    return Tokenizer.train(LINES, 36, request.param, verbatim=True)


@given(st.data())
def test_text_comes_back_to_the_letter(verbatim: Tokenizer, data: st.DataObject) -> None:
    """A language model would learn and write text without its lines or indents."""
    text = data.draw(st.text(sorted(set("".join(LINES)))))
    ids = verbatim.encode(text)
    assert UNK not in ids and verbatim.decode(ids) == text
    assert "".join(verbatim.decode([each]) for each in ids) == text, "pieces cannot be streamed"


def test_no_piece_reaches_over_a_line_break(verbatim: Tokenizer) -> None:
    """Text cut at line breaks would give other tokens than the whole."""
    text = "".join(LINES)
    assert verbatim.encode(text) == [each for line in LINES for each in verbatim.encode(line)]


def test_it_is_known_again(verbatim: Tokenizer) -> None:
    """A loaded vocabulary would swallow blanks that the trained one keeps."""
    again = Tokenizer.from_bytes(verbatim.to_bytes())
    assert again.verbatim and again.subwords == verbatim.subwords
    assert again.encode("  a\n\n b") == verbatim.encode("  a\n\n b")
    assert not Tokenizer.train(LINES, 36).verbatim


def test_characters_are_all_there() -> None:
    """A character of the text would be unknown, or a piece of two characters known."""
    found = Tokenizer.train(LINES, 8000, "char", verbatim=True)
    assert found.subwords == "char" and len(found) == 4 + len(set("".join(LINES)))
    with pytest.raises(ValueError, match="choose at least"):
        Tokenizer.train(LINES, 10, "char", verbatim=True)
    assert Tokenizer.train(["ab", "ba"] * 9, 100, "char").decode([4, 5, 6])


def test_other_line_breaks_become_line_feeds(verbatim: Tokenizer) -> None:
    """A file from Windows would be another text."""
    assert verbatim.encode("All:\r\nAll:") == verbatim.encode("All:\nAll:")
