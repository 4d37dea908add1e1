"""Two directions of links become one alignment, by hand."""

import torch

from seq2seq.alignment.symmetrization import grow, intersect, read_both


def test_growth_by_hand() -> None:
    """Beside the common link 0-0, links 0-1 and 1-0 are added, since word 1 lacks one; 3-3 stands alone."""
    forward, backward = {(0, 0), (0, 1), (3, 3)}, {(0, 0), (1, 0)}
    assert intersect(forward, backward) == {(0, 0)}
    assert grow(forward, backward) == {(0, 0), (0, 1), (1, 0)}


def test_growth_goes_on_from_what_it_added() -> None:
    """Growth continues from added links: one word that became three is linked to all three."""
    forward, backward = {(0, 0), (0, 1), (0, 2)}, {(0, 0)}
    assert grow(forward, backward) == forward


def test_words_that_have_links_get_no_more() -> None:
    """A link of one direction between two words that both have links is not added."""
    forward, backward = {(0, 0), (1, 1), (0, 1)}, {(0, 0), (1, 1)}
    assert grow(forward, backward) == {(0, 0), (1, 1)}
    assert grow(set(), {(0, 0)}) == set()


def test_both_readings_by_hand() -> None:
    """The middle word looks most at source 0, which belongs to the first: its own source 1 is stronger.

    Column sums .9 + .5 = 1.4 and .1 + .5 = .6: strengths of row 1 are .5 / sqrt(1.4) and .5 / sqrt(.6).
    """
    weights = torch.tensor([[0.9, 0.1], [0.5, 0.5]])
    assert read_both(weights, 1.0) == {(0, 0), (1, 1)}
    assert read_both(weights, 0.5) == {(0, 0), (0, 1), (1, 1)}


def test_a_source_word_that_nobody_needs_has_no_link() -> None:
    """A source word with weights of .01 only has no link: sqrt(.01 * 1) < .25."""
    assert read_both(torch.tensor([[0.99, 0.01]]), 0.7) == {(0, 0)}
    assert read_both(torch.tensor([[0.0, 0.0], [0.0, 1.0]]), 0.7) == {(1, 1)}
    assert read_both(torch.zeros(0, 3), 0.7) == read_both(torch.zeros(2, 0), 0.7) == set()


def test_likely_words_are_chosen_first() -> None:
    """Of two source words with equal weights the likelier is linked; a small prior prevents a link."""
    weights = torch.tensor([[0.5, 0.5]])
    assert read_both(weights, 1.0, torch.tensor([[1.0, 2.0]])) == {(1, 0), (0, 0)}
    assert read_both(weights, 1.0, torch.tensor([[0.3, 1.0]])) == {(1, 0)}
