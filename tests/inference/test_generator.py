"""Generator: streams are what is generated, scores are sums of the model's own, directories come back."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from seq2seq import DecodeOptions, Generator, Translator
from seq2seq.config import EOS, ModelConfig
from seq2seq.inference.completion import log_probabilities
from seq2seq.model.language_model import LanguageModel
from seq2seq.storage.settings import LanguageSettings

if TYPE_CHECKING:
    from seq2seq.model.transformer import Transformer
    from seq2seq.text.tokenizer import Tokenizer

SAMPLED = DecodeOptions(sampling_topk=0, seed=7, max_length=40)
PROMPTS = ["a dog runs", "two dogs", "", "an old woman sleeps in the garden.\n" * 3]


@pytest.fixture(scope="module")
def ending(tiny_generator: Generator) -> Generator:
    """The tiny model as if it had seen texts end."""
    return Generator(tiny_generator.model, tiny_generator.tokenizer, LanguageSettings(["en"], ends=True))


@pytest.fixture(scope="module")
def numbered(tiny_generator: Generator) -> Generator:
    """A model with learned positions, which reads again where the tiny one's caches roll."""
    torch.manual_seed(2)
    config = ModelConfig(
        len(tiny_generator.tokenizer), "decoder", width=16, feed_forward=24, decoder_layers=2,
        positions="learned", max_length=16,
    )  # fmt: skip
    return Generator(LanguageModel(config).eval(), tiny_generator.tokenizer, tiny_generator.settings)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("kind", ["tiny_generator", "ending", "numbered"])
def test_a_stream_is_what_is_generated(kind: str, prompt: str, request: pytest.FixtureRequest) -> None:
    """What a user saw being written would not be what the call gives back."""
    generator: Generator = request.getfixturevalue(kind)
    for options in (SAMPLED, DecodeOptions(beam_size=1, max_length=20)):
        found = generator.generate(prompt, options)
        assert "".join(generator.stream(prompt, options)) == found.text == "".join(found.tokens)


def test_prompts_side_by_side_are_prompts_one_by_one(tiny_generator: Generator) -> None:
    """A text would depend on what else was asked for with it."""
    together = tiny_generator.generate(PROMPTS, SAMPLED)
    assert [found.text for found in together] == [tiny_generator.generate(p, SAMPLED).text for p in PROMPTS]
    assert [found.prompt for found in together] == PROMPTS


def test_a_text_ends_before_a_stop_text(tiny_generator: Generator, ending: Generator) -> None:
    """The search would fail, go on to its limit, or show the stop text or its beginning in a stream."""
    for generator in (tiny_generator, ending):
        whole = generator.generate("a dog", SAMPLED).text
        stop = whole[5:8]
        options = replace(SAMPLED, stop=(stop,))
        found = generator.generate("a dog", options)
        assert found.text == whole[: whole.index(stop)] == "".join(generator.stream("a dog", options))
        assert "".join(found.tokens) == found.text + stop and found.finish == "end"
        assert len(found.token_log_probabilities) == len(found.tokens), "an end counts that nobody wrote"
        assert found.log_probability == pytest.approx(sum(found.token_log_probabilities))
        several = generator.generate("a dog", replace(options, num_hypotheses=4))
        scores = [each.score for each in (several, *several.alternatives)]
        assert scores == sorted(scores, reverse=True)


def test_a_stop_text_at_the_very_start(tiny_generator: Generator) -> None:
    """A text that begins as it is to end would be an empty stream that never comes, or be shown."""
    whole = tiny_generator.generate("a dog", SAMPLED).text
    options = replace(SAMPLED, stop=(whole[0],))
    assert tiny_generator.generate("a dog", options).text == ""
    assert list(tiny_generator.stream("a dog", options)) == []


def test_banned_words_are_not_written(tiny_generator: Generator) -> None:
    """The option would fail with a language model, or change nothing."""
    letter = tiny_generator.generate("a dog", SAMPLED).text.split()[0][0]
    options = replace(SAMPLED, banned_words=(letter,), num_hypotheses=4)
    best = tiny_generator.generate("a dog", options)
    for found in (best, *best.alternatives):
        assert not any(word.startswith(letter) for word in found.text.split())
    streamed = "".join(tiny_generator.stream("a dog", replace(options, num_hypotheses=1)))
    assert not any(word.startswith(letter) for word in streamed.split())


@pytest.mark.parametrize(
    "options",
    [
        {"forced_words": ("dog",)},
        {"glossary": (("dog", "Hund"),)},
        {"keep_words": ("dog",)},
        {"keep_numbers": True},
    ],
)
def test_what_speaks_of_a_source_is_refused(tiny_generator: Generator, options: dict[str, Any]) -> None:
    """The option would be accepted and change nothing."""
    (name,) = options
    for write in (tiny_generator.generate, lambda *given: list(tiny_generator.stream(*given))):
        with pytest.raises(ValueError, match=name):
            write("a dog", DecodeOptions(**options))


def test_a_prompt_that_is_given_up_leaves(tiny_generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has left would keep the model from others until all was written."""
    steps: list[int] = []
    step = tiny_generator.model.step
    monkeypatch.setattr(tiny_generator.model, "step", lambda *given: (steps.append(1), step(*given))[1])
    options = replace(SAMPLED, max_length=200)
    found = tiny_generator.generate(["a dog", "a man"], options, lambda _: len(steps) > 4)
    assert [each.text for each in found] == ["", ""] and len(steps) < 10
    monkeypatch.undo()
    first, second = tiny_generator.generate(["a dog", "two men"], SAMPLED, lambda number: number == 0)
    assert first.text == "" and second.text == tiny_generator.generate("two men", SAMPLED).text


def test_language_models_sample_by_default(tiny_generator: Generator) -> None:
    """Without options a language model would say the same likeliest thing each time."""
    assert len({tiny_generator.generate("a").text for _ in range(3)}) > 1
    first, second = (tiny_generator.generate("a", SAMPLED).text for _ in range(2))
    assert first == second, "a seed does not repeat"


def test_score_of_what_was_generated_is_that_of_the_search(ending: Generator) -> None:
    """Two ways to say how probable a text is would disagree."""
    options = DecodeOptions(sampling_topk=0, seed=3, max_length=9, num_hypotheses=4)
    best = ending.generate("", options)
    for found in [best, *best.alternatives]:
        scored = ending.score(found.text)
        count = len(found.token_log_probabilities)
        own = found.token_log_probabilities
        assert scored.token_log_probabilities[:count] == pytest.approx(own, abs=1e-4)
        assert found.log_probability == pytest.approx(sum(own))
        assert found.score == pytest.approx(found.log_probability / count)
    assert best.score == max(found.score for found in [best, *best.alternatives])


def test_a_model_that_saw_no_end_writes_none(tiny_generator: Generator, ending: Generator) -> None:
    """An endless text would break off by a symbol that was never trained."""
    options = DecodeOptions(sampling_topk=0, seed=1, max_length=120)
    assert tiny_generator.generate("a", options).finish == "length"
    assert ending.generate("a", options).finish == "end"


def test_a_prefix_begins_every_result(tiny_generator: Generator) -> None:
    """`target_prefix` would be without effect on language models."""
    options = DecodeOptions(sampling_topk=0, num_hypotheses=3, max_length=12, target_prefix="the ")
    best = tiny_generator.generate("a dog in", options)
    assert all(found.text.startswith("the ") for found in [best, *best.alternatives])


def test_unknown_characters_are_read_and_never_written(tiny_generator: Generator) -> None:
    """A prompt in another script would be an error, or be answered with marks for what is unknown."""
    found = tiny_generator.generate("两只狗 ☂", DecodeOptions(sampling_topk=0, seed=1, max_length=200))
    assert "\u2047" not in found.text and len(found.text) == 200


def test_windows_carry_over_what_they_are_told(tiny_generator: Generator) -> None:
    """A long text's score would lack tokens, count some twice, or foretell from the wrong past."""
    model = tiny_generator.model
    context = model.config.max_length
    tokens = torch.randint(4, 20, (3 * context + 6,), generator=torch.Generator().manual_seed(1)).tolist()
    for carried in (0, context // 2, context - 1):
        found = log_probabilities(model, tokens, carried)
        assert len(found) == len(tokens) - 1
        step = context - carried
        for place in range(1, len(tokens)):
            window = 0 if place <= context else -(-(place - context) // step)
            past = torch.tensor([tokens[window * step : place]])
            expected = model(past).logits[0, -1].log_softmax(-1)[tokens[place]]
            assert float(found[place - 1]) == pytest.approx(float(expected), abs=1e-4)


def test_measure_is_the_mean_over_windows(ending: Generator, tiny_generator: Generator) -> None:
    """Perplexity would be of another number of tokens than its sum, or nats of another of characters."""
    text = "a dog runs through the snow.\n"
    found = ending.measure(text)
    total = -float(log_probabilities(ending.model, [EOS, *ending.tokenizer.encode(text), EOS]).sum())
    assert (found.characters, found.tokens) == (len(text), len(text) + 1)
    assert found.nats == pytest.approx(total / len(text))
    assert found.perplexity == pytest.approx(math.exp(total / (len(text) + 1)))
    for generator, short in ((ending, ""), (tiny_generator, "a")):
        with pytest.raises(ValueError, match="too short"):
            generator.measure(short)


def test_a_directory_gives_the_same_generator(tiny_generator: Generator, tmp_path: Path) -> None:
    """What was trained would not be what is loaded, or would be taken for a translator."""
    tiny_generator.save_pretrained(tmp_path / "bard")
    again = Generator.from_pretrained(tmp_path / "bard", device="cpu")
    again.save_pretrained(tmp_path / "again")
    once = Generator.from_pretrained(tmp_path / "again", device="cpu")
    assert once.generate("a dog", SAMPLED).text == again.generate("a dog", SAMPLED).text
    assert again.settings == tiny_generator.settings and again.model.config == tiny_generator.model.config
    with pytest.raises(ValueError, match="is a language model"):
        Translator.from_pretrained(tmp_path / "bard")


def test_a_translator_is_no_generator(
    tiny_model: "Transformer", tiny_tokenizer: "Tokenizer", tmp_path: Path
) -> None:
    """It would fail somewhere inside, without a word on what to do."""
    from seq2seq.storage.model_directory import Settings

    Translator(tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 9, 9)).save_pretrained(tmp_path / "t")
    with pytest.raises(ValueError, match="is no language model"):
        Generator.from_pretrained(tmp_path / "t")
    with pytest.raises(ValueError, match="give strings"):
        Generator.generate(object.__new__(Generator), [3])  # type: ignore[list-item]


@pytest.mark.parametrize("prefix", ["日本", ("a", "日本")])
def test_a_prefix_of_unknown_characters_is_refused(tiny_generator: Generator, prefix: Any) -> None:
    """The text would begin with a mark for the unknown in place of what was asked for."""
    options = DecodeOptions(sampling_topk=0, max_length=5, target_prefix=prefix)
    with pytest.raises(ValueError, match=r"target_prefix has .*'日本'"):
        tiny_generator.generate("a dog", options)


def test_half_a_character_is_left_out(tiny_generator: Generator) -> None:
    """A lone surrogate, as a cut JSON string has, would be an error of the tokenizer's library."""
    assert (
        tiny_generator.generate("\ud800a dog", SAMPLED).text == tiny_generator.generate("a dog", SAMPLED).text
    )
    assert tiny_generator.score("a \udfffdog") == tiny_generator.score("a dog")
    assert tiny_generator.measure("\ud800a dog").nats > 0


def test_saved_again_it_is_stored_as_it_was(tiny_generator: Generator, tmp_path: Path) -> None:
    """Loaded from 8 bit and saved in 16 it would have other weights, and be twice as large."""
    tiny_generator.save_pretrained(tmp_path / "one", "int8")
    Generator.from_pretrained(tmp_path / "one", "cpu").save_pretrained(tmp_path / "two")
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two
