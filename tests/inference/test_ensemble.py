"""Ensembles: search, scores and refusals by the mean of the models' probabilities."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sentencepiece import sentencepiece_model_pb2

from seq2seq.config import BOS
from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.inference.ensemble import Ensemble, load_models, mean_probability
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer

SETTINGS = Settings(["en"], ["de"], 16, 40)
TEXTS = ["a dog plays in the snow.", "two dogs", "an old woman looks at a big park!"]


@pytest.fixture
def models(tiny_model: Transformer) -> list[Transformer]:
    """Two models of different shapes over one vocabulary."""
    torch.manual_seed(2)
    shape = replace(tiny_model.config, width=8, decoder_layers=1, norm_order="pre", max_length=48)
    return [tiny_model, Transformer(shape).eval()]


@pytest.fixture
def directories(models: list[Transformer], tiny_tokenizer: Tokenizer, tmp_path: Path) -> list[Path]:
    """The two as model directories; the second was trained on shorter texts."""
    for number, model in enumerate(models):
        settings = replace(SETTINGS, longest_source=16 - number, most_sentences=number or None)
        save_model(tmp_path / str(number), model, tiny_tokenizer, settings, "card")
    return [tmp_path / "0", tmp_path / "1"]


def test_mean_of_probabilities_by_hand() -> None:
    """An ensemble averages probabilities, not logits: .8 and .2 give .5."""
    logits = [torch.tensor([[0.8, 0.2]]).log() + 7.0, torch.tensor([[0.2, 0.8]]).log()]
    assert mean_probability(logits).exp().tolist() == [pytest.approx([0.5, 0.5])]
    unequal = mean_probability([torch.tensor([0.9, 0.1]).log(), torch.tensor([0.3, 0.7]).log()])
    assert unequal.exp().tolist() == pytest.approx([0.6, 0.4])


@torch.inference_mode()
def test_steps_are_the_forced_pass(models: list[Transformer]) -> None:
    """Step-by-step probabilities equal those of the forced pass."""
    ensemble = Ensemble(models)
    source = torch.randint(4, 100, (3, 7))
    target = torch.cat([torch.full((3, 1), BOS), torch.randint(4, 100, (3, 5))], 1)
    expected = ensemble(source, target).logits
    separate = [model(source, target).logits.softmax(-1) for model in models]
    torch.testing.assert_close(expected.exp(), (separate[0] + separate[1]) / 2)
    state = ensemble.start(ensemble.encode(source), None, 8)
    rows, order = torch.tensor([2, 0]), torch.tensor([2, 0])
    torch.testing.assert_close(ensemble.step(target[:, :2], state), expected[:, 1])
    state.select(rows, order)
    torch.testing.assert_close(ensemble.step(target[rows, 2:4], state), expected[rows, 3])


def test_a_model_with_itself_is_the_model(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> None:
    """An ensemble of one model twice gives its texts and scores."""
    sources = [tiny_tokenizer.encode(text) for text in TEXTS]
    options = DecodeOptions(beam_size=3, num_hypotheses=2, max_length=9)
    one = decode_sources(tiny_model, SearchRequest(sources, options))
    both = decode_sources(Ensemble([tiny_model, tiny_model]), SearchRequest(sources, options))
    for expected, found in zip(one, both, strict=True):
        assert [each.tokens for each in found] == [each.tokens for each in expected]
        assert [each.score for each in found] == pytest.approx([each.score for each in expected], abs=1e-5)


def test_translations_are_of_both_models(directories: list[Path]) -> None:
    """The score of a text is the mean probability of both models, token by token."""
    both = Translator.from_pretrained(directories, "cpu")
    apart = [Translator.from_pretrained(directory, "cpu") for directory in directories]
    found = both.translate(TEXTS[0], DecodeOptions(max_length=9))
    again = both.score([both.tokenizer.pieces(both.tokenizer.encode(TEXTS[0]))], [found.tokens])[0]
    if found.finish == "end":
        assert found.log_probability == pytest.approx(again.log_probability, abs=1e-4)
    each = [one.score([TEXTS[0]], [TEXTS[1]])[0].token_log_probabilities for one in apart]
    mean = (torch.tensor(each).exp().mean(0)).log().tolist()
    assert both.score(TEXTS[0], TEXTS[1]).token_log_probabilities == pytest.approx(mean, abs=1e-4)


def test_the_least_limits_hold_and_maps_are_the_first_model_s(directories: list[Path]) -> None:
    """The smallest limits hold, and attention maps are those of the first model."""
    both = Translator.from_pretrained(directories, "cpu")
    assert (both.settings.longest_source, both.settings.most_sentences) == (
        15,
        1,
    ) and both.model.config.max_length == 48
    first = Translator.from_pretrained(directories[0], "cpu")
    maps, expected = both.attention(*TEXTS[:2]), first.attention(*TEXTS[:2])
    torch.testing.assert_close(maps.cross, expected.cross)
    assert both.align(*TEXTS[:2]).links() == first.align(*TEXTS[:2]).links()


def test_how_a_vocabulary_was_trained_does_not_matter(
    directories: list[Path], models: list[Transformer], tmp_path: Path
) -> None:
    """Models of one vocabulary are joined whatever its training options."""
    own = Tokenizer.load(directories[0] / "tokenizer.model")
    message = sentencepiece_model_pb2.ModelProto.FromString(own.to_bytes())
    message.trainer_spec.model_prefix = "other"
    other = Tokenizer.from_bytes(message.SerializeToString())
    assert other.to_bytes() != own.to_bytes()
    save_model(tmp_path / "other", models[0], other, SETTINGS, "card")
    assert load_models([directories[0], tmp_path / "other"]).tokenizer.cuts_as(own)


def test_other_vocabulary_or_languages_are_refused(
    directories: list[Path], models: list[Transformer], sentences: list[str], tmp_path: Path
) -> None:
    """Models of different vocabularies or languages are refused."""
    tokenizer = Tokenizer.train(sentences[:100], vocabulary_size=100)
    save_model(tmp_path / "other", models[0], tokenizer, SETTINGS, "card")
    with pytest.raises(ValueError, match=r"other has another vocabulary than .*0; an ensemble"):
        load_models([directories[0], tmp_path / "other"])
    own = Tokenizer.load(directories[0] / "tokenizer.model")
    save_model(tmp_path / "french", models[0], own, replace(SETTINGS, target_languages=["fr"]), "card")
    with pytest.raises(ValueError, match=r"french has target_languages \['fr'\], but .*an ensemble needs"):
        load_models([directories[0], tmp_path / "french"])


def test_an_ensemble_is_not_saved(directories: list[Path], tmp_path: Path) -> None:
    """An ensemble refuses to be saved."""
    with pytest.raises(ValueError, match="an ensemble is not one model"):
        Translator.from_pretrained(directories, "cpu").save_pretrained(tmp_path / "model")


def test_seeds_share_a_vocabulary(sentences: list[str]) -> None:
    """Trainings of one corpus with different seeds share their vocabulary."""
    first, second = (Tokenizer.train(sentences, vocabulary_size=100, seed=seed) for seed in (1, 2))
    assert first.to_bytes() == second.to_bytes()
