"""Sentiment from text and sound: each part is needed, and attention goes to the right frames."""

import argparse
import random
import re

import pytest
import sentiment
import torch
from sentiment import Classifier, Encoder, Vocabulary, hear, measure
from voices import DISLIKED, FEATURES, GLAD, LIKED, SORRY, Review, make_review, make_text

from seq2seq.config import PAD


@pytest.fixture
def reviews() -> list[Review]:
    """Thirty reviews."""
    chance = random.Random(1)
    return [make_review(chance, (*LIKED, *DISLIKED)) for _ in range(30)]


def test_the_truth_is_the_word_and_how_it_is_said(reviews: list[Review]) -> None:
    """The label follows from the word and the pitch."""
    for review in reviews:
        own = review.frames[review.starts[review.opinion] :]
        plain = sum(frame[0] for frame in own) > 0
        said = review.words[review.opinion] in LIKED
        sure = abs(sum(frame[0] for frame in own)) > 1  # noise may drown a short word
        assert not sure or review.liked == (said == plain)
    assert {review.liked for review in reviews} == {True, False}
    assert all(len(frame) == FEATURES for review in reviews for frame in review.frames)


def test_moods_go_with_opinions_and_half_the_texts_have_none() -> None:
    """Half of the texts have a mood, which matches the opinion."""
    chance = random.Random(2)
    texts = [" ".join(make_text(chance)) for _ in range(200)]
    with_mood = [text for text in texts if " and the " in text]
    assert 70 < len(with_mood) < 130
    for text in with_mood:
        glad = text.startswith(tuple(GLAD))
        assert glad != text.startswith(tuple(SORRY))
        assert (text.split()[-1] in LIKED) == glad


@torch.no_grad()
def test_silence_behind_a_review_is_not_heard(reviews: list[Review]) -> None:
    """Padding of sound changes nothing and gets no weight."""
    torch.manual_seed(1)
    vocabulary = Vocabulary([review.words for review in reviews])
    model = Classifier(Encoder(len(vocabulary), 16), listens=True).eval()
    together, weights = model(vocabulary.encode([review.words for review in reviews]), hear(reviews))
    assert weights is not None
    for row, review in enumerate(reviews):
        assert weights[row, :, :, len(review.frames) :].abs().sum() == 0
        alone, _ = model(vocabulary.encode([review.words]), hear([review]))
        torch.testing.assert_close(alone, together[row : row + 1], atol=1e-5, rtol=0)


def test_looks_are_counted_on_the_opinion(reviews: list[Review]) -> None:
    """The share of words that attend to their own frames is 1 for a pointer to them, else 0."""
    vocabulary = Vocabulary([review.words for review in reviews])
    frames = max(len(review.frames) for review in reviews)
    longest = max(len(review.words) for review in reviews)

    class Pointer(Classifier):
        """Looks so many frames after each word began."""

        late = 0

        def forward(self, words, heard):
            weights = torch.zeros(len(words), 1, longest, frames)
            weights[:, 0].scatter_(2, (heard.starts + self.late)[:, :, None].clamp(min=0), 1.0)
            return torch.zeros(len(words)), weights

    pointer = Pointer(Encoder(len(vocabulary), 16), listens=True)
    assert measure(pointer, vocabulary, reviews).looks == 1.0
    pointer.late = -1
    assert measure(pointer, vocabulary, reviews).looks == 0.0


def test_filler_is_never_asked_for() -> None:
    """Padding and special symbols are no words."""
    vocabulary = Vocabulary([["a", "b", "c"], ["a"]])
    rows = vocabulary.encode([["a", "b", "c"], ["a"]])
    assert rows[1].tolist() == [vocabulary.ids["a"], PAD, PAD]
    assert min(vocabulary.ids.values()) > sentiment.MASK


def test_a_shape_that_cannot_be_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An impossible width is a sentence and exit code 2."""
    monkeypatch.setattr("sys.argv", ["sentiment.py", "--width", "33", "--texts", "100", "--reviews", "100"])
    with pytest.raises(SystemExit, match="2"):
        sentiment.main()
    assert "does not divide width 33" in capsys.readouterr().err


def test_sound_and_masked_words_each_add_what_they_must(capsys: pytest.CaptureFixture[str]) -> None:
    """Text alone fails, sound solves seen opinions, pretraining adds the unseen ones."""
    sentiment.compare(
        argparse.Namespace(texts=1000, reviews=400, width=32, word_steps=500, steps=220, batch=48, seed=1)
    )
    shown = capsys.readouterr().out
    print(shown)
    rows = re.findall(r"([01]\.\d{3})  ([01]\.\d{3})(?: +(\d+\.\d)%)?", shown)
    (text, _, _), (both, untaught, hears), (taught, untold, _) = rows
    assert float(text) < 0.75 < 0.9 < min(float(both), float(taught))
    assert float(untold) > float(untaught) + 0.15
    assert float(hears) > 80


def test_words_that_no_text_held_are_named() -> None:
    """Unknown words are an error that names them and the flag."""
    with pytest.raises(ValueError, match="no text held food, soup; make more with --texts"):
        Vocabulary([["good"]]).encode([["good", "soup"], ["food"]])
