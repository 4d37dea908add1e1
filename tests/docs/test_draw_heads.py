"""Roles of heads: measured right on maps made by hand, and drawn for a whole model."""

import dataclasses

import draw_heads
import pytest
import torch
from head_roles import Head, entropy, linked_pieces, measure_cross, measure_self, separators
from torch import Tensor

from seq2seq.alignment.maps import AttentionMaps

SOURCE, TARGET = ["a", "dog", "runs", ".", "</s>"], ["ein", "hund", "rennt", ".", "</s>"]
SPANS = [(0, 1), (2, 5), (6, 10), (11, 12)]


def maps_of(cross: Tensor, own: Tensor) -> AttentionMaps:
    """One layer, one head: the same map for both self-attentions."""
    text = "a dog runs ."
    return AttentionMaps(
        cross[None, None], own[None, None], own.tril()[None, None], SOURCE, TARGET, text, text, SPANS, SPANS
    )


def shifted(by: int) -> Tensor:
    """A map in which each position attends to the one `by` later; to itself where there is none."""
    weights = torch.zeros(5, 5)
    for t in range(5):
        weights[t, t + by if 0 <= t + by < 5 else t] = 1.0
    return weights


def test_entropy_goes_from_none_to_one() -> None:
    """Entropy is 0 for a one-hot row and 1 for an even one."""
    keys = torch.tensor([4, 4, 2])
    weights = torch.tensor([[0, 0, 1.0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    torch.testing.assert_close(entropy(weights, keys), torch.tensor([0.0, 1.0, 1.0]))


@pytest.mark.parametrize(("by", "role"), [(-1, "previous"), (0, "same"), (1, "next")])
def test_place_of_an_encoder_head_is_found(by: int, role: str) -> None:
    """A head that attends one step back has the role "previous"."""
    ((head,),) = measure_self([maps_of(shifted(0), shifted(by))], "encoder")
    assert head.role == role
    assert head.shares[role] == pytest.approx(1.0)
    assert head.entropy == pytest.approx(0.0)


def test_even_head_has_no_role() -> None:
    """A head with equal weights is mixed."""
    ((head,),) = measure_self([maps_of(shifted(0), torch.full((5, 5), 0.2))], "encoder")
    assert head.entropy == pytest.approx(1.0)
    assert head.role == "mixed"
    assert head.shares == pytest.approx(head.even)


def test_separator_head_is_found() -> None:
    """A head that attends to punctuation and the end has the role "separators"."""
    own = torch.zeros(5, 5)
    own[:, 3:] = 0.5
    ((head,),) = measure_self([maps_of(shifted(0), own)], "encoder")
    assert head.role == "separators"
    assert separators(["▁Hund", ".", "▁", "</s>", "▁,", "<s>"]).tolist() == [
        False,
        True,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(("by", "role"), [(0, "to write"), (-1, "written")])
def test_alignment_is_told_from_the_links(by: int, role: str) -> None:
    """The word to write and the word just written are different roles."""
    links = {(0, 0), (1, 1), (2, 2)}
    ((head,),) = measure_cross([maps_of(shifted(by), shifted(0))], [links])
    assert head.role == role
    assert head.shares[role] == pytest.approx(1.0)


def test_loose_role_yields_to_an_exact_one() -> None:
    """An aligned head of a monotone pair is not called diagonal."""
    head = Head(0.1, {"to write": 0.5, "diagonal": 0.6}, {"to write": 0.1, "diagonal": 0.1})
    assert head.role == "to write"
    assert dataclasses.replace(head, shares={"to write": 0.1, "diagonal": 0.6}).role == "diagonal"


def test_words_of_several_pieces_are_linked_whole() -> None:
    """All tokens of a linked word are linked."""
    maps = dataclasses.replace(
        maps_of(shifted(0), shifted(0)),
        source="runs on",
        target="rennt",
        source_spans=[(0, 2), (2, 4), (5, 7)],
        target_spans=[(0, 3), (3, 5)],
    )
    assert linked_pieces(maps, {(0, 0)}).tolist() == [[True, True, False, False]] * 2


def test_every_head_of_a_model_is_drawn(translator, sentences, texts_of) -> None:
    """The figure has a tile, and the table a line, for every head."""
    shown = texts_of(draw_heads.figure(translator, sentences[:3], sentences[0]))
    assert sum(text.startswith("entropy") for text in shown) == 3 * 2 * 4
    lines = draw_heads.table(translator, sentences[:3]).splitlines()
    assert len(lines) == 3 * 2 * 4
    assert all(0 <= float(line.split("entropy ")[1].split()[0]) <= 1 for line in lines)
