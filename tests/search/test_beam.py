"""Beam search against toy models small enough to enumerate every result."""

import pytest
import torch
from toy_model import ToyModel, ToyState, fixed_table, random_table

from seq2seq.config import EOS, UNK
from seq2seq.options import DecodeOptions
from seq2seq.search import Candidates, decode
from seq2seq.search import beam as beam_module
from seq2seq.search.beam import Beam, search_beam
from seq2seq.search.types import SearchTask, make_search_task

A, B, C = 4, 5, 6
PENALTIES = [-1.0, 0.0, 0.6, 1.0, 2.0]


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_wide_beam_finds_the_true_best(penalty: float, seed: int) -> None:
    """A beam with room for all results finds the best ones, with their exact scores."""
    model = ToyModel(random_table(6, seed))
    options = DecodeOptions(beam_size=64, num_hypotheses=20, length_penalty=penalty, min_length=0)
    truth = model.enumerate("a", 4, options)[:20]
    (found,) = model.decode(["a"], 4, options)
    assert [h.tokens for h in found] == [tokens for _, tokens in truth]
    assert [h.score for h in found] == pytest.approx([score for score, _ in truth], abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_beam_of_one_is_greedy(seed: int) -> None:
    """A beam of one equals greedy search."""
    model = ToyModel(random_table(9, seed, end=0.1))
    options = DecodeOptions(beam_size=1)
    greedy = model.decode(["a", "b", "c"], [9, 7, 8], options)
    state = ToyState(["a", "b", "c"])
    task = make_search_task(lambda tokens: model.step(tokens, state), state, [9, 7, 8], options, None)
    assert search_beam(task) == greedy


@pytest.mark.parametrize("penalty", PENALTIES)
def test_hypotheses_are_sorted_and_distinct(penalty: float) -> None:
    """An n-best list is sorted by score and has no result twice."""
    model = ToyModel(random_table(9, end=0.15))
    options = DecodeOptions(beam_size=6, num_hypotheses=6, length_penalty=penalty)
    for found in model.decode(["a", "b", "c"], 8, options):
        scores = [h.score for h in found]
        assert len(found) == 6
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(h.tokens) for h in found}) == 6


@pytest.mark.parametrize(
    "options", [DecodeOptions(beam_size=4, num_hypotheses=3), DecodeOptions(beam_size=2)]
)
def test_a_batch_gives_what_each_sentence_gives_alone(options: DecodeOptions) -> None:
    """A result does not depend on the other sentences of its batch."""
    model = ToyModel(random_table(12, end=0.25))
    names, limits = list("abcdefgh"), [3, 12, 5, 9, 1, 12, 7, 2]
    together = model.decode(names, limits, options)
    alone = [model.decode([name], limit, options)[0] for name, limit in zip(names, limits, strict=True)]
    assert [[h.tokens for h in found] for found in together] == [[h.tokens for h in found] for found in alone]
    assert together == alone


def test_a_better_late_result_is_waited_for() -> None:
    """The search goes on past the first end where a longer result scores higher."""
    long = (B,) * 7
    table = fixed_table(
        7, {(): {A: 0.55, B: 0.45}, (A,): {EOS: 1.0}} | {long[:n]: {B: 1.0} for n in range(1, 7)}
    )
    model = ToyModel(table)
    (normed,) = model.decode(["a"], 12, DecodeOptions(beam_size=2))
    (summed,) = model.decode(["a"], 12, DecodeOptions(beam_size=2, length_penalty=0.0))
    assert normed[0].tokens == list(long)
    assert summed[0].tokens == [A]


@pytest.mark.parametrize(("penalty", "steps"), [(-1.0, 2), (0.0, 2), (1.0, 7)])
def test_the_search_stops_when_nothing_can_improve(penalty: float, steps: int) -> None:
    """The search runs exactly the steps that can change the result.

    Kept after 2 steps: [A], log 0.9 = -0.105, over 2 tokens -0.053. Live: B B B ..., log 0.1 at first
    and log 0.6 = -0.51 more a step. With penalty 1 and limit 100 that may still win while its sum is
    above -5.27, which it is no more after 7 tokens; with the others it never can.
    """
    table = fixed_table(
        7, {(): {A: 0.9, B: 0.1}, (A,): {EOS: 1.0}} | {(B,) * n: {B: 0.6, C: 0.4} for n in range(1, 12)}
    )
    state = ToyState(["a"])
    decode(ToyModel(table).step, state, 1, [100], DecodeOptions(beam_size=2, length_penalty=penalty))
    assert len(state.rows_seen) == steps


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("hypotheses", [1, 3])
def test_stopping_changes_no_result(penalty: float, hypotheses: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on live hypotheses is never too low, for any length penalty."""
    model = ToyModel(random_table(8, end=0.3))
    options = DecodeOptions(beam_size=3, num_hypotheses=hypotheses, length_penalty=penalty)
    names = [str(name) for name in range(20)]
    stopped = model.decode(names, 7, options)

    def only_at_limit(beam: Beam, task: SearchTask) -> torch.Tensor:
        return task.limits[beam.sentences] <= beam.length

    monkeypatch.setattr(beam_module, "is_settled", only_at_limit)
    assert model.decode(names, 7, options) == stopped


def test_settled_sentences_leave_the_batch() -> None:
    """Finished sentences leave the batch."""
    names = {"short": 1, "middle": 3, "long": 6}

    def table(name: str, written: tuple[int, ...]) -> list[float]:
        end = 0.97 if len(written) >= names[name] else 0.01
        return [0.0, 0.01, 0.0, end, 0.99 - end, 0.0]

    state = ToyState(list(names))
    options = DecodeOptions(beam_size=2, length_penalty=0.0)
    found = decode(ToyModel(table).step, state, 3, [12] * 3, options)
    assert [len(h[0].tokens) for h in found] == [1, 3, 6]
    assert state.rows_seen[0] == 3, "the first step needs one row a sentence"
    assert state.rows_seen[1] == 6
    assert state.rows_seen == sorted(state.rows_seen[:1]) + sorted(state.rows_seen[1:], reverse=True)
    assert state.rows_seen[-1] == 2, "the longest sentence must end alone"


def test_what_has_not_ended_at_the_limit_competes_as_it_is() -> None:
    """A result cut at the limit competes by its score and is marked "length"."""
    table = fixed_table(7, {(B,) * n: {B: 0.9, EOS: 0.1} for n in range(9)})
    (found,) = ToyModel(table).decode(["a"], 3, DecodeOptions(beam_size=4, num_hypotheses=3))
    assert (found[0].tokens, found[0].finish) == ([B, B, B], "length")
    assert len(found[0].token_log_probabilities) == 3
    assert (found[1].tokens, found[1].finish) == ([B, B], "end")
    assert len(found[1].token_log_probabilities) == 3


def test_limits_differ_by_sentence() -> None:
    """Each sentence has its own limit."""
    table = fixed_table(7, {(B,) * n: {B: 1.0} for n in range(20)})
    found = ToyModel(table).decode(list("abc"), [2, 9, 1], DecodeOptions())
    assert [h[0].tokens for h in found] == [[B] * 2, [B] * 9, [B]]
    assert all(h[0].finish == "length" for h in found)


def test_a_beam_larger_than_the_vocabulary() -> None:
    """A beam may be larger than the vocabulary; empty places become no results."""
    model = ToyModel(random_table(5))
    options = DecodeOptions(beam_size=30, num_hypotheses=30, min_length=0)
    (found,) = model.decode(["a"], 3, options)
    truth = model.enumerate("a", 3, options)
    assert [h.tokens for h in found] == [tokens for _, tokens in truth], "15 results exist"


def test_fewer_results_than_asked_for_are_not_invented() -> None:
    """An n-best list has only possible results, even if fewer than requested."""
    table = fixed_table(7, {(): {A: 0.5, B: 0.5}})
    (found,) = ToyModel(table).decode(["a"], 5, DecodeOptions(num_hypotheses=5))
    assert sorted(h.tokens for h in found) == [[A], [B]]


def test_log_probabilities_are_the_models_own() -> None:
    """Reported log-probabilities are the model's own, whatever the processors."""
    model = ToyModel(random_table(9, end=0.1))
    options = DecodeOptions(num_hypotheses=5, repetition_penalty=2.0, min_length=3, no_repeat_ngram_size=2)
    (found,) = model.decode(["a"], 6, options)
    for h in found:
        written = (*h.tokens, EOS) if h.finish == "end" else tuple(h.tokens)
        assert h.log_probability == pytest.approx(model.log_probability("a", written), abs=1e-5)
        assert sum(h.token_log_probabilities) == pytest.approx(h.log_probability)
        assert h.score == pytest.approx(h.log_probability / len(written))


def test_prefixes_are_written_and_counted() -> None:
    """A forced prefix is part of the result and of its probability."""
    model = ToyModel(random_table(9, end=0.1))
    options = DecodeOptions(num_hypotheses=3, no_repeat_ngram_size=1)
    prefixes = [[A, A, UNK], [], [B]]
    found = model.decode(list("abc"), 6, options, prefixes)
    for name, prefix, hypotheses in zip("abc", prefixes, found, strict=True):
        assert len(hypotheses) == 3
        for h in hypotheses:
            written = (*h.tokens, EOS) if h.finish == "end" else tuple(h.tokens)
            assert h.tokens[: len(prefix)] == prefix
            assert h.log_probability == pytest.approx(model.log_probability(name, written), abs=1e-5)
    assert found[1] == model.decode(["b"], 6, options)[0], "a sentence without a prefix was changed"


def test_a_prefix_may_fill_the_limit() -> None:
    """A prefix may fill the whole limit."""
    (found,) = ToyModel(random_table(9)).decode(["a"], 2, DecodeOptions(), [[A, B]])
    assert (found[0].tokens, found[0].finish) == ([A, B], "length")


def test_the_observer_sees_the_tree() -> None:
    """The observed candidates lead from the start to every result."""
    model = ToyModel(random_table(9, end=0.4))
    seen: list[Candidates] = []

    def observe(position: int, candidates: Candidates) -> None:
        assert position == len(seen)
        seen.append(candidates)

    ((best, *_),) = model.decode(["a"], 6, DecodeOptions(beam_size=3), observer=observe)
    assert best.finish == "end"
    branches: list[list[int]] = [[]]
    finished = []
    for candidates in seen:
        steps = zip(candidates.parents[0].tolist(), candidates.tokens[0].tolist(), strict=True)
        grown = [[*branches[parent], token] for parent, token in steps]
        finished += [grown[place] for place in candidates.finished[0].nonzero().flatten().tolist()]
        branches = [grown[place] for place in candidates.live[0].tolist()]
    assert [*best.tokens, EOS] in finished
