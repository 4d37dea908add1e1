"""The alignment head of a model that reverses its source shows the anti-diagonal."""

import random

import pytest
import torch
from torch.nn.functional import cross_entropy

from seq2seq.config import PAD, AttentionConfig, ModelConfig
from seq2seq.inference.forced_decoding import explain_texts
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.text.tokenizer import Tokenizer
from train.export.alignment_head import choose_alignment_head

LETTERS = "abcdefghijkl"


def reversed_pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Words of one letter, and the same words backwards in capitals."""
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        letters = draw.choices(LETTERS, k=draw.randint(3, 7))
        pairs.append((" ".join(letters), " ".join(letters[::-1]).upper()))
    return pairs


@pytest.fixture(scope="module")
def reverser() -> tuple[Transformer, Tokenizer]:
    """A small model trained for seconds to reverse its source."""
    pairs = reversed_pairs(400, 1)
    tokenizer = Tokenizer.train([text for pair in pairs for text in pair], 5 + 4 * len(LETTERS))
    torch.manual_seed(1)
    attention = AttentionConfig(heads=2)
    config = ModelConfig(
        len(tokenizer),
        width=32,
        feed_forward=64,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention=attention,
        decoder_attention=attention,
        cross_attention=attention,
        norm_order="pre",
        dropout=0.0,
        max_length=32,
    )
    model = Transformer(config)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(600):
        chosen = reversed_pairs(32, 100 + step)
        batch = make_batch([tokenizer.encode(s) for s, _ in chosen], [tokenizer.encode(t) for _, t in chosen])
        assert batch.target_output is not None
        logits = model(batch.source, batch.target_input).logits
        loss = cross_entropy(logits.flatten(0, 1), batch.target_output.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.1:
            break
    assert loss.item() < 0.2, "the model has not learnt to reverse; the test below would say nothing"
    return model.eval(), tokenizer


def test_reverser_shows_the_anti_diagonal(reverser: tuple[Transformer, Tokenizer]) -> None:
    """The head chosen with counted links looks at the word that is being written."""
    model, tokenizer = reverser
    valid = reversed_pairs(40, 7)
    head, agreement = choose_alignment_head(model, tokenizer, reversed_pairs(400, 1), valid)
    right = total = 0
    for maps in explain_texts(model, tokenizer, valid):
        alignment = maps.alignment(head)
        weights = alignment.matrix().weights
        length = len(weights)
        right += int((weights.argmax(1) == torch.arange(length - 1, -1, -1)).sum())
        total += length
    assert right / total > 0.75  # a guess: 0.2
    assert 0.75 < agreement <= 1


def test_no_link_to_choose_by(reverser: tuple[Transformer, Tokenizer]) -> None:
    """Without any link to choose by, a ValueError says so."""
    model, tokenizer = reverser
    with pytest.raises(ValueError, match="no validation pair"):
        choose_alignment_head(model, tokenizer, [("a", "B")], [("", "")])
