"""Gold files are read in their published forms, wrong ones are refused, and scores agree with hand counts."""

import pytest

from seq2seq.metrics.aer import read_gold, score_links

PAIRS = [("a dog", "ein Hund"), ("", ""), ("a red dog", "ein roter Hund")]


def test_gold_counts_from_zero_or_one() -> None:
    """Files that count from 0 and from 1 give the same links."""
    from_zero = read_gold(["0-0 1p1", "", "2-1"], PAIRS)
    from_one = read_gold(["1-1 2p2", "", "3-2"], PAIRS)
    assert from_zero == from_one
    assert from_zero[0].sure == {(0, 0)} and from_zero[0].possible == {(0, 0), (1, 1)}
    assert from_zero[1].possible == set()


@pytest.mark.parametrize("line", ["1:2", "a-b", "1-", "-1", "1-2-3", "1 2"])
def test_damaged_gold_names_its_line(line: str) -> None:
    """A malformed link is refused with its line."""
    with pytest.raises(ValueError, match="line 3"):
        read_gold(["0-0", "", line], PAIRS)


REFUSED = [
    (
        ["0-0", "", "3-0"],
        "line 3 of the gold links has 3-0, counted from 0, but its texts have 3 and 3 words",
    ),
    (["1-1", "", "1-4"], "line 3 of the gold links has 1-4, counted from 1"),
    (
        ["0-0", "0-0", "0-7"],
        r"line 2 .* has 0-0.* 0 and 0 words \(2 lines are like that\); give the very texts",
    ),
    (["0-0", ""], "3 pairs of texts but 2 lines of gold links"),
]


@pytest.mark.parametrize(("lines", "message"), REFUSED)
def test_links_of_other_texts_are_refused(lines: list[str], message: str) -> None:
    """Links beyond the words of a text are refused: they were made for another tokenisation."""
    with pytest.raises(ValueError, match=message):
        read_gold(lines, PAIRS)


def test_scores_by_hand() -> None:
    """A = {00, 11, 12}, S = {00}, P = {00, 11}: AER 1 - (1 + 2) / (3 + 1), precision 2/3, recall 1/1."""
    gold = read_gold(["0-0 1p1"], [("a b", "c d e")])
    assert score_links([[(0, 0), (1, 1), (1, 2)]], gold) == pytest.approx((0.25, 2 / 3, 1.0))
    assert score_links([[(0, 0)]], gold) == (0.0, 1.0, 1.0)
    assert score_links([[]], gold) == (1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="2 aligned pairs"):
        score_links([[], []], gold)
    with pytest.raises(ValueError, match="neither side has a link"):
        score_links([[]], read_gold([""], [("a", "b")]))
