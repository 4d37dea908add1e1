"""Maps over words for every layer and head agree with the alignment of a single head."""

import dataclasses
from typing import TYPE_CHECKING, get_args

import pytest
import torch

from seq2seq.alignment.head import AlignmentHead
from seq2seq.alignment.head_maps import Flow, make_head_maps
from seq2seq.alignment.maps import AttentionMaps

if TYPE_CHECKING:
    from seq2seq.alignment.head_maps import MapUnits

SOURCE, TARGET = "ab cd e", "xy z"
SOURCE_SPANS, TARGET_SPANS = [(0, 1), (1, 2), (3, 5), (6, 7)], [(0, 1), (1, 2), (3, 4)]
LAYERS, HEADS = 2, 3


@pytest.fixture
def maps() -> AttentionMaps:
    """Random maps of four source and three target tokens; two words of each side have two tokens."""
    torch.manual_seed(1)
    s, t = len(SOURCE_SPANS) + 1, len(TARGET_SPANS) + 1
    causal = torch.ones(t, t, dtype=torch.bool).tril()
    return AttentionMaps(
        torch.randn(LAYERS, HEADS, t, s).softmax(-1),
        torch.randn(LAYERS, HEADS, s, s).softmax(-1),
        torch.randn(LAYERS, HEADS, t, t).masked_fill(~causal, -1e9).softmax(-1),
        ["a", "b", "▁cd", "▁e", "</s>"],
        ["x", "y", "▁z", "</s>"],
        SOURCE,
        TARGET,
        SOURCE_SPANS,
        TARGET_SPANS,
    )


@pytest.mark.parametrize("units", ["words", "pieces"])
@pytest.mark.parametrize("read", ["output", "input"])
def test_cross_planes_are_the_alignments_of_each_head(
    maps: AttentionMaps, units: "MapUnits", read: str
) -> None:
    """Each plane of the cross-attention equals the word alignment of its head."""
    sheet = make_head_maps(maps, "cross", units, read)  # type: ignore[arg-type]
    assert sheet.weights.shape[:2] == (LAYERS, HEADS + 1)
    for layer in range(LAYERS):
        for head in range(HEADS):
            expected = maps.alignment(AlignmentHead(layer, head, read)).matrix(units)  # type: ignore[arg-type]
            torch.testing.assert_close(sheet.weights[layer, head], expected.weights)


def test_words_are_sums_over_columns_and_means_over_rows(maps: AttentionMaps) -> None:
    """A word's weight sums over columns and averages over rows: one cell by hand."""
    visible = maps.encoder[1, 2, :-1, :-1] / maps.encoder[1, 2, :-1, :-1].sum(-1, keepdim=True)
    sheet = make_head_maps(maps, "encoder", "words")
    assert (sheet.rows, sheet.columns) == (["ab", "cd", "e"], ["ab", "cd", "e"])
    by_hand = (visible[0, 0] + visible[0, 1] + visible[1, 0] + visible[1, 1]) / 2
    assert sheet.weights[1, 2, 0, 0].item() == pytest.approx(by_hand.item(), abs=1e-6)
    assert sheet.hidden[1, 2, 0].item() == pytest.approx(maps.encoder[1, 2, :2, -1].mean().item(), abs=1e-6)


@pytest.mark.parametrize("flow", get_args(Flow))
@pytest.mark.parametrize("units", ["words", "pieces"])
def test_rows_sum_to_one_without_special_symbols(maps: AttentionMaps, flow: Flow, units: "MapUnits") -> None:
    """Special symbols are dropped, and `hidden` holds exactly the weight they had."""
    sheet = make_head_maps(maps, flow, units)
    assert not {"</s>", "<s>"} & {*sheet.rows, *sheet.columns}
    torch.testing.assert_close(sheet.weights.sum(-1), torch.ones(sheet.weights.shape[:3]))
    assert sheet.hidden.shape == sheet.weights.shape[:3]


@pytest.mark.parametrize("flow", get_args(Flow))
@pytest.mark.parametrize("units", ["words", "pieces"])
def test_raw_rows_and_special_symbols_sum_to_one(maps: AttentionMaps, flow: Flow, units: "MapUnits") -> None:
    """Raw weights are the model's own; with those of special symbols a row sums to 1."""
    sheet = make_head_maps(maps, flow, units)
    assert sheet.symbols == (["<s>"] if flow == "decoder" else ["</s>"])
    torch.testing.assert_close(sheet.special.sum(-1), sheet.hidden)
    torch.testing.assert_close(sheet.raw.sum(-1) + sheet.hidden, torch.ones(sheet.hidden.shape))
    if units == "pieces":
        torch.testing.assert_close(sheet.raw / sheet.raw.sum(-1, keepdim=True), sheet.weights)
        own = getattr(maps, flow)[:, :, 1:, 1:] if flow == "decoder" else getattr(maps, flow)[:, :, :-1, :-1]
        torch.testing.assert_close(sheet.raw[:, :HEADS], own)


def test_decoder_words_see_themselves_and_the_past(maps: AttentionMaps) -> None:
    """Rows and columns of the decoder's map name the same words: nothing lies above the diagonal."""
    sheet = make_head_maps(maps, "decoder", "pieces")
    assert sheet.rows == sheet.columns == ["x", "y", "z"]
    assert not sheet.weights.triu(1).any()
    assert (sheet.weights.diagonal(dim1=-2, dim2=-1) > 0).all()
    torch.testing.assert_close(sheet.hidden[:, :HEADS], maps.decoder[:, :, 1:, 0])


def test_last_plane_is_the_mean_of_the_heads(maps: AttentionMaps) -> None:
    """The last plane of each layer is the mean of its heads."""
    sheet = make_head_maps(maps, "cross", "pieces")
    mean = maps.cross.mean(1)[:, :-1, :-1]
    torch.testing.assert_close(sheet.weights[:, HEADS], mean / mean.sum(-1, keepdim=True))


@pytest.mark.parametrize(("flow", "units"), [("sideways", "words"), ("cross", "letters")])
def test_unknown_names_are_refused(maps: AttentionMaps, flow: str, units: str) -> None:
    """An unknown flow or unit is refused."""
    with pytest.raises(ValueError, match="choose"):
        make_head_maps(maps, flow, units)  # type: ignore[arg-type]


def test_empty_target_has_no_rows(maps: AttentionMaps) -> None:
    """A pair without target tokens has maps without rows."""
    cross, decoder = maps.cross[:, :, :1], maps.decoder[:, :, :1, :1]
    changes = {
        "cross": cross,
        "decoder": decoder,
        "target_tokens": ["</s>"],
        "target": "",
        "target_spans": [],
    }
    empty = dataclasses.replace(maps, **changes)  # type: ignore[arg-type]
    for flow in get_args(Flow):
        for units in ("words", "pieces"):
            sheet = make_head_maps(empty, flow, units)
            assert sheet.weights.shape[2:] == (len(sheet.rows), len(sheet.columns))
