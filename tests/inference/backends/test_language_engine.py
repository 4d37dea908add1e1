"""A language model that searches by CTranslate2 generates what it generates by torch."""

from collections.abc import Iterator

import pytest

from seq2seq import DecodeOptions, Generator

pytest.importorskip("ctranslate2", reason="the extra `fast` is not installed")

PROMPTS = ["ROMEO:\nWhat", "To be", "x" * 99 + "\nJULIET:\n", "All the"]
GREEDY = DecodeOptions(beam_size=1, max_length=100)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Generator, Generator]]:
    """The released language model in float32 by CTranslate2, loaded, and by torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("module-cache")))
        fast = Generator.from_pretrained("shakespeare", "cpu", "ctranslate2", "float32")
        assert fast.backend == "ctranslate2 float32"
        yield fast, Generator.from_pretrained("shakespeare", "cpu", "torch")


def test_greedy_continuations_are_those_of_torch(pair: tuple[Generator, Generator]) -> None:
    """Beyond the context, too, tokens and their log-probabilities are those of torch."""
    for own, expected in zip(*(each.generate(PROMPTS, GREEDY) for each in pair), strict=True):
        assert own.token_ids == expected.token_ids and own.text == expected.text
        assert (own.finish, own.prompt_tokens) == (expected.finish, expected.prompt_tokens)
        assert own.token_log_probabilities == pytest.approx(expected.token_log_probabilities, abs=1e-3)


def test_samples_have_the_models_log_probabilities(pair: tuple[Generator, Generator]) -> None:
    """Samples of two calls differ; their log-probabilities are those of the model, not of the temperature."""
    options = DecodeOptions(sampling_topk=0, sampling_temperature=1.5, max_length=40)
    own, other = (pair[0].generate("To be", options) for _ in range(2))
    assert own.text != other.text
    again = pair[1].generate("To be", DecodeOptions(beam_size=1, max_length=40, target_prefix=own.text))
    assert again.token_ids == own.token_ids
    assert own.token_log_probabilities == pytest.approx(again.token_log_probabilities, abs=1e-3)


def test_a_stream_joins_to_the_greedy_continuation(pair: tuple[Generator, Generator]) -> None:
    """A stream is that of torch, token by token."""
    own, expected = (list(each.stream("To be", GREEDY)) for each in pair)
    assert "".join(own) == "".join(expected) and len(own) > 50


@pytest.mark.parametrize(
    "options",
    [
        DecodeOptions(beam_size=3, max_length=9, num_hypotheses=2),
        DecodeOptions(sampling_topk=0, seed=5, max_length=9),
        DecodeOptions(beam_size=1, max_length=30, stop=["e"]),
        DecodeOptions(beam_size=1, max_length=9, target_prefix="Zz"),
    ],
)
def test_torch_does_the_rest(pair: tuple[Generator, Generator], options: DecodeOptions) -> None:
    """A beam, a seed, a stop text and a prefix are honoured by torch in the same call."""
    own, expected = (each.generate(PROMPTS[:2], options) for each in pair)
    assert own == expected


def test_a_cancelled_prompt_is_not_continued(pair: tuple[Generator, Generator]) -> None:
    """A cancelled prompt has an empty continuation, and the others are continued."""
    cancelled, other = pair[0].generate(PROMPTS[:2], GREEDY, cancelled=lambda number: number == 0)
    assert cancelled.text == "" and other.text == pair[1].generate(PROMPTS[1], GREEDY).text
