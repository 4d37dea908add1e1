"""Positions by the formulas of the papers; rotary products depend on distances."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.attention.positions import LearnedPositions, SinusoidalPositions, frequencies, rotate


def test_frequencies_by_hand() -> None:
    """Width 4: f = 10000 ** 0 and 10000 ** (-2/4) = 1/100."""
    assert frequencies(4).tolist() == pytest.approx([1.0, 0.01])


def test_sinusoids_by_hand() -> None:
    """The table has all sines first, then all cosines (as Marian's), from position 0 on."""
    table = SinusoidalPositions(4, 4)(torch.tensor([0, 3]))
    assert table[0].tolist() == [0.0, 0.0, 1.0, 1.0]
    expected = [math.sin(3), math.sin(0.03), math.cos(3), math.cos(0.03)]
    assert table[1].tolist() == pytest.approx(expected, abs=1e-7)


def test_sinusoids_are_not_stored() -> None:
    """State dicts hold no table, which the formula gives for any max_length."""
    assert not SinusoidalPositions(5, 4).state_dict()


def test_learned_positions_are_rows() -> None:
    """Each position reads its own vector."""
    positions = LearnedPositions(7, 4)
    rows = positions(torch.tensor([[6, 0], [2, 2]]))
    assert rows.shape == (2, 2, 4)
    assert torch.equal(rows, positions.embedding.weight[torch.tensor([[6, 0], [2, 2]])])


def test_rotation_by_hand() -> None:
    """Width 4 at position 2: the pairs (x0, x2) and (x1, x3) turned by 2 and by 0.02."""
    x = torch.tensor([1.0, 0.0, 0.0, 1.0]).view(1, 1, 1, 4)
    expected = [math.cos(2), -math.sin(0.02), math.sin(2), math.cos(0.02)]
    assert rotate(x, torch.tensor([2])).flatten().tolist() == pytest.approx(expected, abs=1e-7)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.sampled_from([2, 6, 10, 14]))
@settings(deadline=None, max_examples=40)
def test_turned_products_depend_on_distance(one: int, other: int, shift: int, width: int) -> None:
    """q at p with k at p' equals q at p + n with k at p' + n, and lengths stay."""
    torch.manual_seed(width)
    q, k = torch.randn(2, 1, 1, 1, width, dtype=torch.float64)

    def product(first: int, second: int) -> float:
        return float((rotate(q, torch.tensor([first])) * rotate(k, torch.tensor([second]))).sum())

    assert product(one + shift, other + shift) == pytest.approx(product(one, other), abs=1e-10)
    assert float(rotate(q, torch.tensor([one])).norm()) == pytest.approx(float(q.norm()), abs=1e-10)


def test_positions_of_each_row() -> None:
    """Positions may be given once for all rows [T] or row by row [B, T]."""
    x = torch.randn(2, 3, 5, 4)
    shared = rotate(x, torch.arange(3))
    assert torch.equal(rotate(x, torch.arange(3).expand(2, 3)), shared)
    moved = rotate(x, torch.tensor([[0, 1, 2], [7, 8, 9]]))
    assert torch.equal(moved[0], shared[0]) and not torch.equal(moved[1], shared[1])
    assert torch.equal(rotate(x, torch.zeros(3)), x), "position 0 turns nothing"


def test_rotation_keeps_the_type() -> None:
    """A rotated key keeps its type and so fits the memory that it is appended to."""
    assert rotate(torch.randn(1, 3, 2, 4).bfloat16(), torch.arange(3)).dtype == torch.bfloat16


def test_a_tracer_leaves_nothing_behind() -> None:
    """Regression: after one model was exported, every rotary model of the process failed to compute."""

    class Turn(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return rotate(x, torch.arange(x.shape[1]))

    x = torch.randn(2, 3, 5, 22)
    exported = torch.export.export(Turn(), (x,)).module()
    turned = rotate(x, torch.arange(3))
    assert type(turned) is torch.Tensor and torch.equal(exported(x), turned)


def test_one_position_compiles() -> None:
    """Regression: a text of one token broke the graph of a compiled model."""
    x = torch.randn(2, 1, 5, 6)
    compiled = torch.compile(rotate, backend="eager", fullgraph=True)
    assert torch.equal(compiled(x, torch.tensor([7])), rotate(x, torch.tensor([7])))
