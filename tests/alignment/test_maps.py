"""Word alignment from maps, checked by hand."""

import pytest
import torch

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.maps import Alignment, AttentionMaps, Grid

SOURCE, TARGET = "a red dog", "ein Hund"
SOURCE_SPANS = [(0, 1), (2, 4), (4, 5), (6, 9)]  # a re|d dog
TARGET_SPANS = [(0, 3), (4, 6), (6, 8)]  # ein Hu|nd


def grid(rows: list[list[float]]) -> Grid:
    """Return a grid over the tokens of SOURCE and TARGET."""
    return Grid(SOURCE_SPANS, TARGET_SPANS, torch.tensor(rows))


@pytest.fixture
def alignment() -> Alignment:
    """Return an alignment where ein looks at a, and the two tokens of Hund at dog and red."""
    rows = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.2, 0.1, 0.6], [0.1, 0.2, 0.3, 0.4]]
    return Alignment(SOURCE, TARGET, (grid(rows),))


def maps_of(cross: torch.Tensor) -> AttentionMaps:
    """Return maps of SOURCE and TARGET with this cross-attention [L, H, 4, 5]."""
    nothing = torch.zeros(1, 1, 1, 1)
    pieces = ["p"] * 5
    return AttentionMaps(
        cross, nothing, nothing, pieces, pieces[:4], SOURCE, TARGET, SOURCE_SPANS, TARGET_SPANS
    )


def test_words_are_sums_over_source_and_means_over_target(alignment: Alignment) -> None:
    """Word weights sum over source tokens and average over target tokens; rows still sum to 1."""
    weights = alignment.matrix().weights
    expected = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.4, 0.5]])
    assert torch.allclose(weights, expected, atol=1e-6)


def test_links_are_the_strongest_and_those_near_them(alignment: Alignment) -> None:
    """Hund is linked to dog (0.5) and red (0.4), which have no better word, but not to a (0.1)."""
    assert alignment.links() == [(0, 0), (1, 1), (2, 1)]
    assert alignment.pharaoh() == "0-0 1-1 2-1"


def test_links_of_pieces(alignment: Alignment) -> None:
    """With units "pieces" links join tokens; dog is linked to Hu and nd, and d to nd."""
    assert alignment.links("pieces") == [(0, 0), (2, 2), (3, 1), (3, 2)]


def test_share_says_what_is_linked_beside_the_strongest() -> None:
    """At share 1 each word chooses one: x a, y c, b y; at a lower share x and b choose each other, too."""
    weights = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.6, 0.4]])
    grid = Grid([(0, 1), (2, 3), (4, 5)], [(0, 1), (2, 3)], weights)
    one, some = (Alignment("a b c", "x y", (grid,), share) for share in (1.0, 0.5))
    assert one.links() == [(0, 0), (1, 1), (2, 1)]
    assert some.links() == [(0, 0), (1, 0), (1, 1), (2, 1)]
    assert maps_of(torch.rand(1, 1, 4, 5)).alignment(AlignmentHead(share=0.4)).share == 0.4


def test_letters_and_places_decide_where_a_map_is_in_doubt() -> None:
    """The prior decides where a map is uniform, and leaves a clear reordering unchanged."""
    doubt, turned = torch.full((3, 3), 1 / 3), torch.eye(3).flip(0) * 0.9 + 1 / 30
    spans = [(0, 3), (4, 7), (8, 11)]

    def links(source: str, target: str, weights: torch.Tensor) -> list[tuple[int, int]]:
        return Alignment(source, target, (Grid(spans, spans, weights),)).links()

    assert links("abc def ghi", "uvw xyz rst", doubt) == [(0, 0), (1, 1), (2, 2)]
    assert (1, 2) in links("abc Def ghi", "uvw xyz def", doubt)
    assert links("abc abd abe", "uvw xyz abc", turned) == [(0, 2), (1, 1), (2, 0)]


def test_a_full_stop_says_little_of_the_word_before_it() -> None:
    """The full stop counts by its one character in "Hund.", which stays linked to its word."""
    weights = torch.tensor([[0.9, 0.0, 0.1], [0.0, 1.0, 0.0]])
    grid = Grid([(0, 3), (4, 7), (7, 8)], [(0, 4), (4, 5)], weights)
    words = Alignment("dog now.", "Hund.", (grid,)).matrix().weights
    assert torch.allclose(words, torch.tensor([[4 * 0.9, 4 * 0.1 + 1.0]]) / 5)


def test_unknown_units_are_refused(alignment: Alignment) -> None:
    """An unknown unit is refused."""
    with pytest.raises(ValueError, match="words"):
        alignment.links("word")  # type: ignore[arg-type]


def test_json_holds_characters(alignment: Alignment) -> None:
    """JSON gives each word its character range in the original text."""
    described = alignment.to_json()
    assert described["source"][1] == {"text": "red", "start": 2, "end": 5}
    assert described["links"] == [[0, 0], [1, 1], [2, 1]]
    assert [len(row) for row in described["weights"]] == [3, 3]


def test_parts_are_shifted_and_kept_apart() -> None:
    """Words of one part have no links to words of another."""
    one = Grid([(0, 1)], [(0, 1)], torch.ones(1, 1))
    two = Grid([(2, 3), (4, 5)], [(2, 3)], torch.tensor([[0.05, 0.95]]))
    alignment = Alignment("a b c", "x y", (one, two))
    assert alignment.links() == [(0, 0), (2, 1)]
    assert alignment.links("pieces") == [(0, 0), (2, 1)]
    assert alignment.matrix().weights.tolist() == [[1.0, 0.0, 0.0], pytest.approx([0.0, 0.05, 0.95])]


def test_han_piece_shares_its_weight_among_characters() -> None:
    """A token of two Han characters divides its weight between two words."""
    alignment = Alignment(
        "苹果很甜", "apples", (Grid([(0, 2), (2, 4)], [(0, 6)], torch.tensor([[0.9, 0.1]])),)
    )
    assert alignment.matrix().weights.tolist() == [pytest.approx([0.45, 0.45, 0.05, 0.05])]
    assert alignment.links() == [(0, 0), (1, 0)]
    assert alignment.links("blanks") == [(0, 0)]


def test_empty_texts_have_no_links() -> None:
    """The alignment of blank texts is empty."""
    for pair in (("", ""), ("a", ""), ("", "b")):
        assert Alignment(*pair, ()).links() == []
        Alignment(*pair, ()).to_json()


@pytest.mark.parametrize(("read", "row"), [("output", 0), ("input", 1)])
def test_row_and_end_symbol(read: str, row: int) -> None:
    """Row t ("output") or t + 1 ("input") belongs to token t; the end symbol's column is dropped."""
    cross = torch.zeros(2, 3, 4, 5)
    cross[1, 2] = torch.tensor([[6, 0, 0, 0, 4], [0, 3, 0, 0, 7], [0, 0, 2, 0, 8], [0, 0, 0, 1, 9.0]]) / 10
    rows = maps_of(cross).alignment(AlignmentHead(1, 2, read)).parts[0].weights  # type: ignore[arg-type]
    assert torch.allclose(rows, torch.eye(4)[row : row + 3], atol=1e-6)


def test_head_that_is_not_there_is_refused() -> None:
    """A layer or head beyond the model's is refused."""
    with pytest.raises(ValueError, match="layer 2"):
        maps_of(torch.zeros(2, 3, 4, 5)).alignment(AlignmentHead(2, 0))
