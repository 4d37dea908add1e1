"""Stop texts: the end of a result, what a stream may show, and the tokens after the end."""

from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.inference.processing import cut_before, cut_side, cut_unfinished


def test_first_of_several_stops_cuts() -> None:
    """A result ends at the stop text that comes first in it."""
    assert cut_before("one\ntwo. three", [".", "\n"]) == "one"
    assert cut_before("one", ["two", "one more"]) == cut_before("one", []) == "one"


def test_until_keeps_back_what_may_become_a_stop() -> None:
    """A stream holds back characters that may begin a stop text."""
    assert [cut_unfinished(text, ["abc"]) for text in ("xa", "xab", "xabc", "xabd", "xb")] == [
        "x",
        "x",
        "x",
        "xabd",
        "xb",
    ]


def test_pieces_after_a_stop_have_no_characters() -> None:
    """Tokens after the end have empty spans."""
    side = EncodedSide("a dog. runs", [4, 5, 6, 7], [(0, 1), (2, 5), (5, 6), (7, 11)])
    assert cut_side(side, ["."]) == EncodedSide("a dog", side.ids, [(0, 1), (2, 5), (5, 5), (5, 5)])
    assert cut_side(side, ["cat"]) == side
