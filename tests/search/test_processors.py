"""Each logits processor by hand, and their composition."""

import pytest
import torch
from toy_model import ToyModel, ToyState, random_table

from seq2seq.config import BOS, EOS, PAD, UNK
from seq2seq.options import DecodeOptions
from seq2seq.search import decode
from seq2seq.search.processors import (
    BANNED,
    BannedWords,
    MinimumLength,
    NoRepeatedNgram,
    NoUnknown,
    RepetitionPenalty,
    StopTexts,
    make_processors,
    rank,
)

A, B, C = 4, 5, 6


def log_probabilities(rows: int = 1, size: int = 7) -> torch.Tensor:
    """Return random log-probabilities [rows, size]."""
    return torch.randn(rows, size, generator=torch.Generator().manual_seed(1)).log_softmax(1)


def banned(scores: torch.Tensor) -> set[int]:
    """Return the tokens that are banned in the only row."""
    return set((scores[0] == BANNED).nonzero().flatten().tolist())


@pytest.mark.parametrize(
    ("size", "history", "expected"),
    [
        (1, [A, B, A], {A, B}),
        (2, [A, B, C, A], {B}),
        (2, [A, B, A, C, A], {B, C}),
        (2, [A, A], {A}),
        (2, [A, B, C], set()),
        (3, [A, B, C, A, B], {C}),
        (3, [A, B, C, B, B], set()),
        (3, [A, B, A, B], {A}),
    ],
)
def test_no_repeated_ngram(size: int, history: list[int], expected: set[int]) -> None:
    """Exactly the tokens that would repeat an n-gram are banned."""
    scores = log_probabilities()
    NoRepeatedNgram(size)(scores, torch.tensor([history]))
    assert banned(scores) == expected


def test_no_repeated_ngram_looks_at_its_own_row() -> None:
    """The n-grams of one hypothesis ban nothing in another."""
    scores = log_probabilities(2)
    NoRepeatedNgram(1)(scores, torch.tensor([[A, A], [B, C]]))
    assert (scores == BANNED).nonzero().tolist() == [[0, A], [1, B], [1, C]]


def test_repetition_penalty_is_an_exponent() -> None:
    """The probability of a generated token is raised to the power once, however often it occurs."""
    before = log_probabilities()
    after = before.clone()
    RepetitionPenalty(2.0)(after, torch.tensor([[A, B, A]]))
    probability = before.exp()
    expected = [p**2 if token in (A, B) else p for token, p in enumerate(probability[0].tolist())]
    assert after.exp()[0].tolist() == pytest.approx(expected)


def test_minimum_length_and_unknown() -> None:
    """The end is banned before the minimum length, and the unknown token always."""
    assert [MinimumLength(2).applies(position) for position in range(4)] == [True, True, False, False]
    scores = log_probabilities()
    MinimumLength(2)(scores, torch.tensor([[A]]))
    NoUnknown()(scores, torch.tensor([[A]]))
    assert banned(scores) == {EOS, UNK}


def test_rules_that_are_not_asked_for_do_not_exist() -> None:
    """Default options make no processors but the minimum length."""
    assert make_processors(DecodeOptions(min_length=0), ()) == []
    history = torch.empty(1, 3, dtype=torch.long)
    before = log_probabilities()
    assert rank(before, history, make_processors(DecodeOptions(), ()), None) is before, (
        "a copy was made for nothing"
    )


def test_rules_compose() -> None:
    """Processors compose: none undoes another."""
    options = DecodeOptions(
        min_length=9, no_repeat_ngram_size=1, disable_unk=True, repetition_penalty=1.5, max_length=9
    )
    scores = rank(log_probabilities(), torch.tensor([[A, B]]), make_processors(options, ()), None)
    assert banned(scores) == {PAD, UNK, BOS, EOS, A, B}


def test_the_models_log_probabilities_are_left_alone() -> None:
    """Processors leave the model's own log-probabilities unchanged."""
    before = log_probabilities()
    given = before.clone()
    rank(
        given,
        torch.tensor([[A, B]]),
        make_processors(DecodeOptions(repetition_penalty=3.0, min_length=5), ()),
        None,
    )
    kept = [UNK, EOS, A, B, C]
    assert torch.equal(given[:, kept], before[:, kept])


def test_a_row_with_nothing_left_may_end() -> None:
    """A row in which everything is banned may end."""
    options = DecodeOptions(min_length=9, no_repeat_ngram_size=1)
    scores = rank(log_probabilities(), torch.tensor([[A, B, C, UNK]]), make_processors(options, ()), None)
    assert banned(scores) == {PAD, BOS, UNK, A, B, C}
    (found,) = ToyModel(random_table(6)).decode(["a"], 9, options)
    assert sorted(found[0].tokens) == [UNK, A, B]


def test_a_forced_token_stands_above_the_rules() -> None:
    """A forced token is chosen even where processors ban it."""
    options = DecodeOptions(no_repeat_ngram_size=1, disable_unk=True)
    before = log_probabilities(3)
    given = before.clone()
    history = torch.tensor([[A], [A], [A]])
    scores = rank(given, history, make_processors(options, ()), torch.tensor([A, UNK, -1]))
    assert scores[0].tolist() == [before[0, A].item() if token == A else BANNED for token in range(7)]
    assert scores[1].argmax() == UNK
    assert set((scores[2] == BANNED).nonzero().flatten().tolist()) == {PAD, UNK, BOS, A}


@pytest.mark.parametrize(
    "options",
    [
        DecodeOptions(no_repeat_ngram_size=2, num_hypotheses=5),
        DecodeOptions(no_repeat_ngram_size=2, beam_size=1),
        DecodeOptions(no_repeat_ngram_size=2, sampling_topk=0, num_hypotheses=5),
    ],
)
def test_no_pair_comes_twice_in_a_search(options: DecodeOptions) -> None:
    """In a whole search no bigram occurs twice."""
    for found in ToyModel(random_table(7, end=0.02)).decode(list("abc"), 12, options):
        for h in found:
            pairs = list(zip(h.tokens, h.tokens[1:], strict=False))
            assert len(pairs) == len(set(pairs))


SURFACES = ["", "?", "", "", "\u2581Hund", "\u2581Hu", "nd", "e", "(", "Hund", "\u2581"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([], {"\u2581Hund", "Hund"}),
        ([5], {"\u2581Hund", "nd"}),
        ([8], {"\u2581Hund", "Hund"}),
        ([10], {"\u2581Hund", "Hund"}),
        ([7], {"\u2581Hund"}),
        ([5, 7], {"\u2581Hund"}),
    ],
)
def test_a_banned_word_is_banned_in_every_spelling(written: list[int], expected: set[str]) -> None:
    """A banned word is banned in every tokenisation, and nothing else is."""
    scores = log_probabilities(1, len(SURFACES))
    BannedWords(["Hund"], SURFACES)(scores, torch.tensor([written], dtype=torch.long))
    assert {SURFACES[token] for token in banned(scores)} == expected


HAN = ["", "?", "", "</s>", "\u2581一只", "小狗", "小", "狗", "狗在", "大", "在", "\u2581"]


@pytest.mark.parametrize(
    ("word", "written", "expected"),
    [
        ("狗", [4], {"小狗", "狗", "狗在"}),
        ("小狗", [4], {"小狗"}),
        ("小狗", [4, 6], {"小狗", "狗", "狗在"}),
        ("小狗", [4, 9], {"小狗"}),
        ("一只狗", [4], {"狗", "狗在"}),
        ("/", [4], set()),
    ],
)
def test_a_banned_word_among_han(word: str, written: list[int], expected: set[str]) -> None:
    """A banned word of a script without blanks is found after other words and inside longer tokens."""
    scores = log_probabilities(1, len(HAN))
    BannedWords([word], HAN)(scores, torch.tensor([written]))
    assert {HAN[token] for token in banned(scores)} == expected


def test_a_banned_latin_word_after_han() -> None:
    """A banned Latin word is found directly after a Han character."""
    scores = log_probabilities(1, len(SURFACES) + 1)
    BannedWords(["Hund"], [*SURFACES, "狗"])(scores, torch.tensor([[len(SURFACES)]]))
    assert {SURFACES[token] for token in banned(scores)} == {"\u2581Hund", "Hund"}


def test_the_first_blank_is_no_part_of_a_stop_text() -> None:
    """A stop text with a leading blank does not match the first word."""
    history = torch.tensor([[5, 6], [10, 5]])  # "▁Hund", "▁▁Hu"
    scores = log_probabilities(2, len(SURFACES))
    StopTexts([" Hu"], SURFACES)(scores, history)
    assert [bool(row.eq(BANNED).any()) for row in scores] == [False, True]
    surfaces = [*SURFACES, "\n"]  # a vocabulary that keeps blanks and line breaks
    scores = log_probabilities(2, len(surfaces))
    StopTexts([" Hu"], surfaces)(scores, history)
    assert [bool(row.eq(BANNED).any()) for row in scores] == [True, True]


def test_a_stop_text_leaves_only_the_end() -> None:
    """After a stop text only the end follows, and not before."""
    scores = log_probabilities(2, len(SURFACES))
    StopTexts(["und e"], SURFACES)(scores, torch.tensor([[4, 10, 7], [4, 10, 6]]))
    assert banned(scores) == set(range(len(SURFACES))) - {EOS}
    assert not (scores[1] == BANNED).any()


def test_banning_everything_ends_the_text() -> None:
    """A search in which everything is banned ends."""
    table = random_table(7)
    surfaces = ["", "?", "", "", "\u2581a", "\u2581b", "\u2581c"]
    options = DecodeOptions(banned_words=("a", "b", "c", "?"), disable_unk=True)
    model = ToyModel(table)
    (found,) = decode(model.step, ToyState(["a"]), 1, [9], options, surfaces=surfaces)
    assert found[0].tokens == [] and found[0].finish == "end"
