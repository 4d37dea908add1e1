"""Greedy search, sampling and streams agree, alone and in a batch."""

import dataclasses

import pytest
from torch import Tensor
from toy_model import ToyModel, ToyState, fixed_table, random_table

from seq2seq.config import BOS, EOS, PAD
from seq2seq.options import DecodeOptions
from seq2seq.search import decode, stream

A, B = 4, 5
GREEDY = DecodeOptions(beam_size=1)
SAMPLED = DecodeOptions(sampling_topk=0, seed=3)


@pytest.mark.parametrize("options", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
@pytest.mark.parametrize("name", list("abcde"))
def test_a_stream_joined_is_the_whole(options: DecodeOptions, name: str) -> None:
    """A stream's tokens are those of the hypothesis it returns."""
    model = ToyModel(random_table(9, end=0.1))
    tokens, log_probabilities, hypothesis = model.stream(name, 8, options)
    assert hypothesis == model.decode([name], 8, options)[0][0]
    assert tokens == hypothesis.tokens
    assert log_probabilities == hypothesis.token_log_probabilities[: len(tokens)]


def test_a_stream_does_not_use_the_beam() -> None:
    """A stream takes the default options and does not use their beam."""
    model = ToyModel(random_table(9, end=0.1))
    assert model.stream("a", 8, DecodeOptions()) == model.stream("a", 8, GREEDY)


def test_a_stream_refuses_several_hypotheses() -> None:
    """A stream refuses more than one hypothesis."""
    with pytest.raises(ValueError, match="num_hypotheses is 2"):
        stream(ToyModel(random_table(9)).step, ToyState(["a"]), 8, DecodeOptions(num_hypotheses=2))


def test_greedy_takes_the_most_probable_token() -> None:
    """Greedy search takes the most probable token at each step."""
    model = ToyModel(random_table(9, end=0.1))
    (found,) = model.decode(["a"], 10, GREEDY)
    written = (*found[0].tokens, EOS) if found[0].finish == "end" else tuple(found[0].tokens)
    for place, token in enumerate(written):
        allowed = {t: p for t, p in enumerate(model.table("a", written[:place])) if t not in (PAD, BOS)}
        if place == 0:
            del allowed[EOS]  # min_length is 1
        assert token == max(allowed, key=lambda t: allowed[t])


@pytest.mark.parametrize(
    "options", [GREEDY, SAMPLED, DecodeOptions(sampling_topk=4, sampling_topp=0.8, num_hypotheses=3, seed=1)]
)
def test_a_batch_gives_what_each_sentence_gives_alone(options: DecodeOptions) -> None:
    """A result does not depend on the other sentences of its batch, with a seed neither."""
    model = ToyModel(random_table(12, end=0.25))
    names, limits = list("abcdefgh"), [3, 12, 5, 9, 1, 12, 7, 2]
    together = model.decode(names, limits, options)
    assert together == [
        model.decode([name], limit, options)[0] for name, limit in zip(names, limits, strict=True)
    ]


def test_seeds_reproduce_and_differ() -> None:
    """The same seed gives the same text, different seeds and none give others."""
    model = ToyModel(random_table(30, end=0.02))

    def sampled(seed: int | None) -> list[int]:
        return model.decode(["a"], 12, DecodeOptions(sampling_topk=0, seed=seed))[0][0].tokens

    assert sampled(1) == sampled(1)
    assert len({tuple(sampled(seed)) for seed in range(5)}) == 5
    assert sampled(None) != sampled(None)


def test_several_samples_are_independent_and_sorted() -> None:
    """Samples of a sentence differ and are sorted by score."""
    model = ToyModel(random_table(30, end=0.05))
    (found,) = model.decode(["a"], 12, DecodeOptions(sampling_topk=0, seed=1, num_hypotheses=6))
    assert len({tuple(h.tokens) for h in found}) == 6
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
    first = model.stream("a", 12, DecodeOptions(sampling_topk=0, seed=1))[2]
    assert len(first.tokens) <= 12


def test_samples_follow_the_distribution() -> None:
    """4,000 draws of a first token follow its probabilities 0.6, 0.3, 0.1."""
    table = fixed_table(7, {(): {A: 0.6, B: 0.3, 6: 0.1}})
    names = ["a"] * 4000
    found = ToyModel(table).decode(names, 2, DecodeOptions(sampling_topk=0))
    counts = [sum(h[0].tokens == [token] for h in found) / 4000 for token in (A, B, 6)]
    assert counts == pytest.approx([0.6, 0.3, 0.1], abs=0.05)  # six standard deviations


def test_sampled_log_probabilities_are_the_models_own() -> None:
    """Temperature and truncation do not change the reported log-probabilities."""
    model = ToyModel(random_table(9, end=0.1))
    options = DecodeOptions(
        sampling_topk=3, sampling_temperature=2.0, sampling_topp=0.9, seed=1, num_hypotheses=4
    )
    for h in model.decode(["a"], 8, options)[0]:
        written = (*h.tokens, EOS) if h.finish == "end" else tuple(h.tokens)
        assert h.log_probability == pytest.approx(model.log_probability("a", written), abs=1e-5)


def test_ended_sentences_leave_the_batch() -> None:
    """Finished sentences leave the batch."""
    table = {"ab"[n]: n * 3 + 1 for n in range(2)}

    def until(name: str, written: tuple[int, ...]) -> list[float]:
        return [0.0, 0.0, 0.0, float(len(written) >= table[name]), float(len(written) < table[name])]

    state = ToyState(["a", "b"])
    found = decode(ToyModel(until).step, state, 2, [9, 9], GREEDY)
    assert [h[0].tokens for h in found] == [[A], [A] * 4]
    assert state.rows_seen == [2, 2, 1, 1, 1]


@pytest.mark.parametrize("options", [GREEDY, SAMPLED, DecodeOptions()])
def test_limits_and_ends(options: DecodeOptions) -> None:
    """A result is no longer than its limit, and `finish` says whether it ended."""
    endless = fixed_table(7, {(B,) * n: {B: 1.0} for n in range(20)})
    found = ToyModel(endless).decode(list("abc"), [2, 9, 1], options)
    assert [h[0].tokens for h in found] == [[B] * 2, [B] * 9, [B]]
    assert all(h[0].finish == "length" for h in found)
    exact = fixed_table(7, {(): {B: 1.0}, (B,): {EOS: 1.0}})
    ((h, *_),) = ToyModel(exact).decode(["a"], 2, options)
    assert (h.tokens, h.finish, len(h.token_log_probabilities)) == ([B], "end", 2)


@pytest.mark.parametrize("options", [GREEDY, SAMPLED, DecodeOptions()])
def test_no_sentences(options: DecodeOptions) -> None:
    """An empty batch has no results."""
    assert ToyModel(random_table(9)).decode([], [], options) == []


@pytest.mark.parametrize("options", [GREEDY, SAMPLED])
def test_prefixes_are_written_and_counted(options: DecodeOptions) -> None:
    """A forced prefix is part of the result, of its stream and of its probability."""
    model = ToyModel(random_table(9, end=0.1))
    found = model.decode(list("ab"), 7, options, [[A, A], []])
    assert found[0][0].tokens[:2] == [A, A]
    assert found[1] == model.decode(["b"], 7, options)[0]
    tokens, _, hypothesis = model.stream("a", 7, options, [A, A])
    assert tokens == found[0][0].tokens
    assert hypothesis == found[0][0]


def test_what_cannot_be_met_is_refused() -> None:
    """A prefix that is too long or has special symbols is refused."""
    model = ToyModel(random_table(9))
    with pytest.raises(ValueError, match="target_prefix has 3 pieces, more than the limit of 2"):
        model.decode(["a"], 2, GREEDY, [[A, A, A]])
    with pytest.raises(ValueError, match="end symbol"):
        model.decode(["a"], 5, GREEDY, [[A, EOS]])
    with pytest.raises(ValueError, match="allow at least 1"):
        model.decode(["a"], 0, GREEDY)


@pytest.mark.parametrize("options", [GREEDY, SAMPLED, DecodeOptions()])
def test_minimum_length(options: DecodeOptions) -> None:
    """No result ends before its minimum length."""
    model = ToyModel(random_table(9, end=0.9))
    for h in model.decode(list("abc"), 8, dataclasses.replace(options, min_length=4)):
        assert len(h[0].tokens) >= 4
    for h in model.decode(list("abc"), 8, dataclasses.replace(options, min_length=0, sampling_topp=1.0)):
        assert len(h[0].tokens) <= 2


@pytest.mark.parametrize("options", [GREEDY, SAMPLED, DecodeOptions()])
def test_padding_and_start_are_never_written(options: DecodeOptions) -> None:
    """Padding and start symbols are never generated."""

    def table(name: str, written: tuple[int, ...]) -> list[float]:
        return [0.49, 0.0, 0.49, 0.01, 0.01]

    ((h, *_),) = ToyModel(table).decode(["a"], 6, options)
    assert set(h.tokens) == {A}


@pytest.mark.parametrize("options", [GREEDY, SAMPLED, DecodeOptions()], ids=["greedy", "sampled", "beam"])
def test_a_sentence_that_is_given_up_leaves_at_once(options: DecodeOptions) -> None:
    """A cancelled sentence leaves at once and changes no other result."""
    model = ToyModel(random_table(9, end=0.02))
    state, left = ToyState(list("abc")), {1}

    def step(tokens: Tensor, state: ToyState) -> Tensor:
        if len(state.rows_seen) == 1:
            left.add(2)  # while the second step is made
        return model.step(tokens, state)

    found = decode(step, state, 3, [12] * 3, options, cancelled=left.__contains__)
    width = options.beam_size if options.search_kind == "beam" else 1
    assert found == [*model.decode("abc", 12, options)[:1], [], []]
    assert state.rows_seen[:2] == [3, 2 * width]
    assert set(state.rows_seen[2:]) == {width}


def test_nothing_is_searched_when_all_have_left() -> None:
    """A search ends when all its sentences are cancelled."""
    model = ToyModel(random_table(9, end=0.02))
    state = ToyState(list("ab"))
    assert decode(model.step, state, 2, [12] * 2, DecodeOptions(), cancelled=lambda _: True) == [[], []]
    assert len(state.rows_seen) == 1
