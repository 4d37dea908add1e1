"""Placeholder pieces inserted into the vocabulary and the weights of a trained model."""

import pytest
import torch

pytest.importorskip("lightning")

from seq2seq.config import EOS, UNK
from seq2seq.text.tokenizer import Subwords, Tokenizer
from train.data.placeholder_pieces import first_placeholder, with_placeholders, with_rows
from train.data.strings import PLACEHOLDERS

TEXTS = ["two dogs play in the snow", "a man in a red shirt walks", "zwei Hunde spielen im Schnee"]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@pytest.mark.parametrize("languages", [(), ("en", "de")])
def test_texts_are_segmented_as_before(kind: Subwords, languages: tuple[str, ...]) -> None:
    """Only placeholders are read otherwise: tags, scores and segmentation stay, ids move up."""
    before = Tokenizer.train(TEXTS, 29 + len(languages), kind, languages=languages)
    after = with_placeholders(before)
    assert len(after) == len(before) + PLACEHOLDERS and before.placeholders == {}
    first = EOS + 1 + len(languages)
    assert first_placeholder(before) == first_placeholder(after) == first
    assert after.placeholders == {f"⟦{number + 1}⟧": first + number for number in range(PLACEHOLDERS)}
    assert after.tags == before.tags and after.subwords == before.subwords
    for text in [*TEXTS, "dogs in snow"]:
        ids = [index + PLACEHOLDERS * (index >= first) for index in before.encode(text)]
        assert after.encode(text) == ids and after.decode(ids) == text
    ids = after.encode("two ⟦1⟧ in⟦12⟧ snow")
    assert [piece for piece in after.pieces(ids) if "⟦" in piece] == ["⟦1⟧", "⟦12⟧"] and UNK not in ids
    assert after.decode(ids) == "two ⟦1⟧ in⟦12⟧ snow"
    assert Tokenizer.from_bytes(after.to_bytes()).placeholders == after.placeholders
    assert with_placeholders(after) is after


def test_weights_get_rows_like_the_others() -> None:
    """New rows stand where the pieces do, with the mean and size of the others; other tensors stay."""
    torch.manual_seed(1)
    weights = {"embedding": 5 + 0.1 * torch.randn(100, 8), "square": torch.eye(3), "scale": torch.tensor(2.0)}
    fresh = {"embedding": torch.zeros(112, 8), "square": torch.zeros(3, 3), "scale": torch.tensor(0.0)}
    grown = with_rows(weights, 4, fresh)
    assert torch.equal(grown["embedding"][:4], weights["embedding"][:4])
    assert torch.equal(grown["embedding"][16:], weights["embedding"][4:])
    rows = grown["embedding"][4:16]
    assert (rows - 5).abs().max() < 1 and 0.05 < rows.std() < 0.2
    assert len(torch.unique(rows, dim=0)) == 12
    assert grown["square"] is weights["square"] and grown["scale"] is weights["scale"]
