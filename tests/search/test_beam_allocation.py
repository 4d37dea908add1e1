"""Constrained phrases: every result has them whole, once each, and at their place."""

import pytest
import torch
from toy_model import ToyModel, ToyState, random_table

from seq2seq.config import EOS
from seq2seq.options import DecodeOptions
from seq2seq.search import AttentionTrace, BannedTexts, PhraseConstraint, decode, make_constraints
from seq2seq.search.types import Hypothesis

SIZE = 12
A, B, C, D = 4, 5, 6, 7
ALL = torch.ones(SIZE, dtype=torch.bool)


def search(
    phrases: list[list[PhraseConstraint]],
    limits: list[int],
    options: DecodeOptions | None = None,
    *,
    closers: torch.Tensor = ALL,
    look: AttentionTrace | None = None,
    state: ToyState | None = None,
    prefixes: list[list[int]] | None = None,
    stops: BannedTexts | None = None,
) -> list[list[Hypothesis]]:
    """Search one sentence for each list of phrases, over a random table."""
    model = ToyModel(random_table(SIZE, end=0.2))
    state = state or ToyState([str(number) for number in range(len(phrases))])
    constraints = make_constraints(phrases, limits, closers, 6, look, stops)
    options = options or DecodeOptions(beam_size=6, num_hypotheses=3)
    return decode(model.step, state, len(phrases), limits, options, prefixes, constraints=constraints)


def holds(tokens: list[int], phrase: tuple[int, ...]) -> bool:
    """Return whether a phrase occurs in the tokens."""
    return any(tuple(tokens[at : at + len(phrase)]) == phrase for at in range(len(tokens)))


@pytest.mark.parametrize(
    "wanted",
    [
        [(A,)],
        [(A, B, C)],
        [(A, B), (C,), (D, D, D)],
        [(A, B), (A, B)],
        [(A, B), (B, A)],
        [(A, B), (A, B, C)],
    ],
)
def test_every_result_has_every_phrase(wanted: list[tuple[int, ...]]) -> None:
    """Every result contains every phrase whole."""
    (found,) = search([[PhraseConstraint(tokens) for tokens in wanted]], [14])
    assert found
    for hypothesis in found:
        assert all(holds(hypothesis.tokens, phrase) for phrase in wanted)
        assert len(hypothesis.tokens) >= sum(map(len, set(wanted)))


def test_a_phrase_asked_for_twice_comes_twice() -> None:
    """A phrase required twice occurs twice."""
    for hypothesis in search([[PhraseConstraint((A, B)), PhraseConstraint((A, B))]], [14])[0]:
        pairs = list(zip(hypothesis.tokens, hypothesis.tokens[1:], strict=False))
        assert pairs.count((A, B)) == 2


@pytest.mark.parametrize("limit", [5, 6, 7])
def test_phrases_fit_where_there_is_hardly_room(limit: int) -> None:
    """Phrases are written in time where the limit hardly holds them."""
    (found,) = search([[PhraseConstraint((A, B)), PhraseConstraint((C, D))]], [limit])
    for hypothesis in found:
        assert holds(hypothesis.tokens, (A, B)) and holds(hypothesis.tokens, (C, D))
        assert len(hypothesis.tokens) <= limit


def test_what_cannot_fit_is_refused() -> None:
    """Phrases that cannot fit the limit are refused."""
    with pytest.raises(ValueError, match="takes 5 pieces with the end, more than the limit of 4"):
        search([[PhraseConstraint((A, B)), PhraseConstraint((C, D))]], [4])


def test_a_wide_beam_finds_the_best_text_with_the_word() -> None:
    """A wide beam finds the best of all texts that contain the phrase."""
    model = ToyModel(random_table(7, end=0.2))
    options = DecodeOptions(beam_size=64, num_hypotheses=1, min_length=0)
    truth = next(tokens for _, tokens in model.enumerate("a", 4, options) if A in tokens[:3])
    constraints = make_constraints([[PhraseConstraint((A,))]], [4], torch.ones(7, dtype=torch.bool), 1, None)
    (found,) = decode(model.step, ToyState(["a"]), 1, [4], options, constraints=constraints)
    assert found[0].tokens == truth


def test_a_phrase_ends_where_a_word_may_end() -> None:
    """After a phrase only a token follows before which a word may end: never Hund|e."""
    closers = torch.zeros(SIZE, dtype=torch.bool)
    closers[[EOS, A, D]] = True
    for hypothesis in search([[PhraseConstraint((A, B))]], [14], closers=closers)[0]:
        ends = [
            hypothesis.tokens[at + 2] if at + 2 < len(hypothesis.tokens) else EOS
            for at in range(len(hypothesis.tokens) - 1)
            if hypothesis.tokens[at : at + 2] == [A, B]
        ]
        assert any(end in (EOS, A, D) for end in ends)


def test_a_batch_gives_what_each_sentence_gives_alone() -> None:
    """The phrases of one sentence do not change the results of another."""
    phrases = [
        [PhraseConstraint((A, B))],
        [PhraseConstraint((C,)), PhraseConstraint((D, A)), PhraseConstraint((B,))],
        [PhraseConstraint((D,))],
    ]
    together = search(phrases, [12, 14, 9])
    for number, (each, limit) in enumerate(zip(phrases, [12, 14, 9], strict=True)):
        (alone,) = search([each], [limit], state=ToyState([str(number)]))
        assert alone == together[number]


def test_a_prefix_stays_the_beginning() -> None:
    """No phrase begins inside a forced prefix."""
    (found,) = search([[PhraseConstraint((A, B))]], [14], prefixes=[[C, D, C]])
    assert all(each.tokens[:3] == [C, D, C] and holds(each.tokens[3:], (A, B)) for each in found)


def test_an_impossible_row_ends() -> None:
    """A row in which processors ban everything after a phrase ends."""
    options = DecodeOptions(beam_size=4, no_repeat_ngram_size=1, min_length=9)
    assert search([[PhraseConstraint((A,)), PhraseConstraint((B,))]], [14], options)[0]


def test_stray_words_cost_their_hypothesis() -> None:
    """A phrase replaces the model's own word for the same source position."""
    read: list[int] = []

    class Watched(ToyState):
        """Records what each row read last."""

        def select(self, rows: torch.Tensor, sentences: torch.Tensor | None = None) -> None:
            super().select(rows, sentences)

    state = Watched(["0"])

    def shares() -> torch.Tensor:
        newest = [row[-1] if row else 0 for row in state.rows]
        read.extend(newest)
        return torch.tensor([[0.0, float(token in (B, C)), 0.0, 0.0, 0.0, 0.0] for token in newest])

    look = AttentionTrace(shares, True)
    wanted = [[PhraseConstraint((A,), (1,))]]
    options = DecodeOptions(beam_size=8, num_hypotheses=1, min_length=5)
    best = search(wanted, [14], options, look=look, state=state)[0][0]
    assert read and not {B, C} & set(best.tokens)
    assert {B, C} & set(search(wanted, [14], options)[0][0].tokens), "the toy would not stray anyway"


def test_phrases_stand_each_where_its_own_source_is_looked_at() -> None:
    """Each of two phrases stands where its own source position is attended to."""
    state = ToyState(["0"])

    def shares() -> torch.Tensor:
        """Three tokens look at column 1, those after them at column 2, whatever they are."""
        columns = [1 if len(row) <= 4 else 2 for row in state.rows]
        return torch.nn.functional.one_hot(torch.tensor(columns), 6).float()

    options = DecodeOptions(beam_size=20, num_hypotheses=1, min_length=6)
    for one, two in ((A, B), (B, A)):
        state.__init__(["0"])  # type: ignore[misc]
        wanted = [[PhraseConstraint((one,), (1,)), PhraseConstraint((two,), (2,))]]
        best = search(wanted, [12], options, look=AttentionTrace(shares, True), state=state)[0][0].tokens
        assert best.index(one) < 3 <= best.index(two)


@pytest.mark.parametrize("reads_input", [True, False])
def test_a_blank_before_a_phrase_costs_nothing(reads_input: bool) -> None:
    """A token that is only a blank is read with the phrase behind it, and is no stray word."""
    state = ToyState(["0"])

    def table(name: str, written: tuple[int, ...]) -> list[float]:
        """Return that D, the blank C, A and the end follow each other."""
        following = {(): D, (D,): C, (D, C): A}.get(written, EOS)
        return [0.0, 0.0, 0.0, *(0.9 if token == following else 0.02 for token in range(EOS, D + 1))]

    def shares() -> torch.Tensor:
        before = C if reads_input else D
        return torch.tensor([[0.0, float(row[-1] == before), 0.0, 0.0, 0.0, 0.0] for row in state.rows])

    for blank, expected in ((C, [D, C, A]), (-1, [D, A])):
        state.__init__(["0"])  # type: ignore[misc]
        constraints = make_constraints(
            [[PhraseConstraint((A,), (1,), True)]],
            [8],
            ALL[: D + 1],
            6,
            AttentionTrace(shares, reads_input),
            blank=blank,
        )
        options = DecodeOptions(beam_size=8, num_hypotheses=1)
        step = ToyModel(table).step
        assert decode(step, state, 1, [8], options, constraints=constraints)[0][0].tokens == expected


@pytest.mark.parametrize(
    "wanted", [[(A,)], [(A, B)], [(A, B), (A, B)], [(A,), (B, A)], [(A, B), (B,), (C, D)]]
)
@pytest.mark.parametrize("limit", [8, 14])
def test_no_hypothesis_comes_twice(wanted: list[tuple[int, ...]], limit: int) -> None:
    """A phrase written freely and as constrained is one hypothesis of the beam."""
    options = DecodeOptions(beam_size=12, num_hypotheses=12)
    (found,) = search([[PhraseConstraint(tokens) for tokens in wanted]], [limit], options)
    texts = [tuple(each.tokens) for each in found]
    assert len(set(texts)) == len(texts) > 1


@pytest.mark.parametrize("phrase", [(A,), (A, B)])
def test_what_stands_for_a_phrase_alone_is_never_written_else(phrase: tuple[int, ...]) -> None:
    """Tokens of a placeholder are written for it only, and never as the beginning of a word."""
    options = DecodeOptions(beam_size=12, num_hypotheses=4, min_length=8)
    closers = ALL.clone()
    closers[D] = False
    likely = [0.0, 0.0, 0.1, 0.0, 0.3, 0.3, 0.1, 0.2]  # the phrases' own tokens, and D, which ends no word
    for times in (1, 2):
        constraints = make_constraints(
            [[PhraseConstraint(phrase, (), True)] * times], [14], closers[:8], 6, None
        )
        step = ToyModel(lambda name, written: likely).step
        (found,) = decode(step, ToyState(["0"]), 1, [14], options, constraints=constraints)
        assert len(found) == 4
        for tokens in (each.tokens for each in found):
            ends = [at + len(phrase) for at in range(14) if tuple(tokens[at:][: len(phrase)]) == phrase]
            assert len(ends) == times and D not in [tokens[end] for end in ends if end < len(tokens)]


def test_a_stop_text_waits_for_every_phrase() -> None:
    """A stop text comes after every phrase."""
    surfaces = ["", "", "", "", *"abcdefgh"]
    options = DecodeOptions(beam_size=12, num_hypotheses=6, stop=("cd", "e"), min_length=4)
    stops = BannedTexts(options.stop or (), surfaces)
    state = ToyState(["0"])
    constraints = make_constraints(
        [[PhraseConstraint((A, B)), PhraseConstraint((D,))]], [14], ALL, 6, None, stops
    )
    step = ToyModel(random_table(SIZE, end=0.2)).step
    (found,) = decode(step, state, 1, [14], options, surfaces=surfaces, constraints=constraints)
    for each in found:
        text = "".join(surfaces[token] for token in each.tokens)
        before = text[: min(text.find(stop) % (len(text) + 1) for stop in ("cd", "e"))]
        assert "ab" in before and "d" in before, text
