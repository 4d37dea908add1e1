"""Vocabularies that keep blanks and line breaks, and character vocabularies."""

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
    """A text with line breaks and indents comes back character for character."""
    text = data.draw(st.text(sorted(set("".join(LINES)))))
    ids = verbatim.encode(text)
    assert UNK not in ids and verbatim.decode(ids) == text
    assert "".join(verbatim.decode([each]) for each in ids) == text, "pieces cannot be streamed"


def test_no_piece_reaches_over_a_line_break(verbatim: Tokenizer) -> None:
    """No token spans a line break, so that a text can be encoded line by line."""
    text = "".join(LINES)
    assert verbatim.encode(text) == [each for line in LINES for each in verbatim.encode(line)]


def test_it_is_known_again(verbatim: Tokenizer) -> None:
    """A loaded verbatim vocabulary is still verbatim."""
    again = Tokenizer.from_bytes(verbatim.to_bytes())
    assert again.verbatim and again.subwords == verbatim.subwords
    assert again.encode("  a\n\n b") == verbatim.encode("  a\n\n b")
    assert not Tokenizer.train(LINES, 36).verbatim


def test_characters_are_all_there() -> None:
    """A character vocabulary has every character of the text, and only single characters."""
    found = Tokenizer.train(LINES, 8000, "char", verbatim=True)
    assert found.subwords == "char" and len(found) == 4 + len(set("".join(LINES)))
    with pytest.raises(ValueError, match="choose at least"):
        Tokenizer.train(LINES, 10, "char", verbatim=True)
    assert Tokenizer.train(["ab", "ba"] * 9, 100, "char").decode([4, 5, 6])


def test_other_line_breaks_become_line_feeds(verbatim: Tokenizer) -> None:
    """Windows line breaks become line feeds."""
    assert verbatim.encode("All:\r\nAll:") == verbatim.encode("All:\nAll:")
