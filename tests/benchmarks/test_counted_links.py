"""Agreement with counted links, computed by hand."""

from pathlib import Path

import counted_links
import pytest
import torch
from counted_links import agreement, compare, one_side

from seq2seq.inference.translator import Translator
from train.data.corpus import Corpus


def test_agreement_by_hand() -> None:
    """Shares computed by hand: 1 of 2 sure, 2 of 3 grown, F = 4 / 7, 3 links on 4 words."""
    found, sure, grown = (
        [{(0, 0), (1, 1)}, {(2, 0)}],
        [{(0, 0)}, {(1, 0)}],
        [{(0, 0), (1, 1)}, {(0, 0), (1, 0)}],
    )
    assert agreement(found, sure, grown, 4) == pytest.approx((1 / 2, 2 / 3, 4 / 7, 3 / 4))


def test_one_side_takes_what_is_near_the_largest() -> None:
    """Links are the weights near the row's maximum; an empty row has none."""
    weights = torch.tensor([[0.6, 0.4], [0.0, 0.0]])
    assert one_side(weights, 0.7) == {(0, 0)} and one_side(weights, 0.6) == {(0, 0), (1, 0)}


def test_a_model_of_several_languages_is_told_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources of a multilingual model get the tag of the target language."""
    (tmp_path / "pairs.tsv").write_text(
        "fr\ten\n" + "".join(f"un chien {n}\ta dog {n}\n" for n in range(40)), encoding="utf-8"
    )
    translator = Translator.from_pretrained("fr-en")
    seen, explain = [], counted_links.explain_texts

    def watched(*arguments):
        seen.extend(arguments[3])
        return explain(*arguments)

    monkeypatch.setattr(counted_links, "explain_texts", watched)
    rows = compare(translator, Corpus(files=str(tmp_path / "pairs.tsv"), source="fr", target="en"))
    assert len(rows) == 11 and seen == [translator.tokenizer.tag("en")] * 2
