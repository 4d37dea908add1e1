"""The forced pass: scores independent of the batch, and token spans in the text."""

import pytest
import torch

from seq2seq.inference.forced_decoding import decode_side, encode_side, explain, force_decode
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.text.tokenizer import Tokenizer


def test_scores_are_the_logits_of_the_model(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> None:
    """A score is the log-softmax of the logits at the token that follows, the end last."""
    source, target = tiny_tokenizer.encode("a dog"), tiny_tokenizer.encode("two dogs")
    batch = make_batch([source], [target])
    assert batch.target_output is not None
    with torch.no_grad():
        logits = tiny_model(batch.source, batch.target_input).logits[0]
    expected = [float(row.log_softmax(0)[i]) for row, i in zip(logits, batch.target_output[0], strict=True)]
    assert force_decode(tiny_model, [source], [target]) == [pytest.approx(expected, abs=1e-5)]
    scores, _ = explain(
        tiny_model,
        tiny_tokenizer,
        encode_side(tiny_tokenizer, "a dog"),
        encode_side(tiny_tokenizer, "two dogs"),
    )
    assert scores == pytest.approx(expected, abs=1e-4)


def test_neighbours_change_nothing(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> None:
    """Scores do not depend on the other pairs of a batch, and keep their order."""
    texts = ["a", "two dogs " * 5, "", "a man sits in the park."]
    ids = [tiny_tokenizer.encode(text) for text in texts]
    together = force_decode(tiny_model, ids, ids[::-1])
    alone = [force_decode(tiny_model, [s], [t])[0] for s, t in zip(ids, ids[::-1], strict=True)]
    assert [len(scores) for scores in together] == [len(t) + 1 for t in ids[::-1]]
    for a, b in zip(together, alone, strict=True):
        assert a == pytest.approx(b, abs=1e-4)


def test_pair_that_is_too_long_is_named(tiny_model: Transformer) -> None:
    """The error for a pair that is too long has its number."""
    with pytest.raises(ValueError, match=r"the target of pair 2 has 65 pieces .* the 64 this model reads"):
        force_decode(tiny_model, [[5], [5]], [[5], [5] * 64])


def test_pieces_of_segmented_chinese_stand_in_the_original() -> None:
    """Tokens of segmented Chinese have spans in the original text."""
    tokenizer = Tokenizer.train(["我喜欢吃苹果", "苹果很甜", "我喜欢苹果"] * 3, 16)
    side = encode_side(tokenizer, "我 喜欢 苹果")
    assert side.ids == tokenizer.encode("我喜欢苹果")
    assert side.text == "我 喜欢 苹果"
    covered = {index for start, end in side.spans for index in range(start, end)}
    assert {0, 2, 3, 5, 6} <= covered


def test_decoded_pieces_stand_in_their_text(tiny_tokenizer: Tokenizer) -> None:
    """Each decoded token has the span of its text, without its blank, the unknown token included."""
    ids = [*tiny_tokenizer.encode("two dogs"), 1, *tiny_tokenizer.encode("runs!")]
    side = decode_side(tiny_tokenizer, ids)
    assert side.text == tiny_tokenizer.decode(ids)
    for (start, end), piece in zip(side.spans, tiny_tokenizer.pieces(ids), strict=True):
        assert side.text[start:end] == ("\u2047" if piece == "<unk>" else piece.replace("▁", ""))
