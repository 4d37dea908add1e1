"""Two directions of links become one alignment."""

from seq2seq.symmetry import grow, intersect


def test_growth_by_hand() -> None:
    """Beside the one link of both, 0-0: 0-1 is taken (word 1 lacks a link); 1-0 too; 3-3 stands alone."""
    forward, backward = {(0, 0), (0, 1), (3, 3)}, {(0, 0), (1, 0)}
    assert intersect(forward, backward) == {(0, 0)}
    assert grow(forward, backward) == {(0, 0), (0, 1), (1, 0)}


def test_growth_goes_on_from_what_it_added() -> None:
    """One word that became three: the third is beside the second, not beside the sure one."""
    forward, backward = {(0, 0), (0, 1), (0, 2)}, {(0, 0)}
    assert grow(forward, backward) == forward


def test_words_that_have_links_get_no_more() -> None:
    """0-1 joins two words that are linked already: one direction alone is not believed there."""
    forward, backward = {(0, 0), (1, 1), (0, 1)}, {(0, 0), (1, 1)}
    assert grow(forward, backward) == {(0, 0), (1, 1)}
    assert grow(set(), {(0, 0)}) == set()
