"""One word in two contexts: vectors of the right layers, distances between the right uses."""

from pathlib import Path

import contexts
import draw_contexts
import pytest
import torch
from contexts import Use, layer_vectors, movement, read_uses, word_movements

from seq2seq import Translator
from seq2seq.model.batch import make_batch

USES = [
    Use("dog", "play", "a dog plays in the snow."),
    Use("dog", "play", "a dog plays in the garden."),
    Use("dog", "sleep", "a dog sleeps in the water."),
    Use("dog", "sleep", "a dog sleeps in the street."),
]


def test_last_layer_is_what_the_encoder_gives(translator: Translator) -> None:
    """The last vectors, normalized, are the encoder's output; there is one set per layer and one before."""
    vectors, _ = layer_vectors(translator, USES[0].text)
    ids, _ = translator.tokenizer.encode_with_spans(USES[0].text)
    with torch.inference_mode():
        memory = translator.model.encoder_norm(vectors[-1])
        torch.testing.assert_close(memory, translator.model.encode(make_batch([ids]).source)[0])
    assert len(vectors) == len(translator.model.encoder) + 1


def test_no_hook_is_left(translator: Translator) -> None:
    """The hooks that collect vectors are removed afterwards."""
    layer_vectors(translator, USES[0].text)
    assert not any(module._forward_pre_hooks for module in translator.model.modules())


def test_same_sentence_moves_a_word_the_same_way(translator: Translator) -> None:
    """Equal sentences give equal movements, different ones different movements."""
    moved = word_movements(translator, [USES[0], USES[0], USES[2]])
    torch.testing.assert_close(moved[:, 0], moved[:, 1])
    assert (moved[:, 0] - moved[:, 2]).abs().max() > 1e-4


def test_senses_are_kept_apart(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distances within a sense and between senses are counted apart."""
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    given = torch.stack([one, one, other, other])[None]
    monkeypatch.setattr(contexts, "word_movements", lambda translator, uses: given)
    assert movement(translator, USES) == ([1.0], [0.0], [1.0])


def test_shipped_uses_are_balanced() -> None:
    """Every word has four uses per sense, at the same position of their sentences."""
    for uses in read_uses(draw_contexts.USES).values():
        senses = [use.sense for use in uses]
        assert {senses.count(sense) for sense in senses} == {4}
        assert {use.text.split().index(use.word) for use in uses} == {1}


def test_wrong_line_is_refused(tmp_path: Path) -> None:
    """A sentence without its word is an error that names the line."""
    path = tmp_path / "uses.tsv"
    path.write_text("bank\triver\ta dog runs\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        read_uses(path)


def test_figure_and_table_are_made(translator: Translator, texts_of) -> None:
    """The figure names the senses, the table has a line per layer."""
    assert "dog: play and sleep" in texts_of(draw_contexts.figure(translator, {"dog": USES}))
    assert draw_contexts.table(translator, {"dog": USES}).count("\n") == 1 + 2
