"""Sentiment from text and sound: an encoder pretrained by masked words attends to a second sequence.

    text --embed, self-attention--> [B, T, M] --masked words--> vocabulary                 pretraining
    the same [B, T, M] --cross-attention to sound [B, F, A], feed-forward, mean--> [B]     positive or not

Every word attends to the sound around the time it was spoken: both sides have their time as position. Masked
words (BERT, Devlin et al. 2019) need no labels and teach which words are alike; so a classifier trained on
five opinions of each kind can classify the others. `voices.py` makes the reviews.

    python examples/sentiment.py
"""

import argparse
import copy
import random
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from interactions import natural
from progress import show_progress
from torch import Tensor, nn
from torch.nn import functional
from voices import DISLIKED, FEATURES, LIKED, MOCKED, TOLD, Review, make_review, make_text

from seq2seq.attention import AttentionConfig, CrossAttention, padding_mask
from seq2seq.attention.positions import SinusoidalPositions
from seq2seq.config import PAD, ModelConfig
from seq2seq.model.batch import pad
from seq2seq.model.layers import Embedding, EncoderLayer, FeedForward, Residual, Stack

MASK = 4  # the first id after the special symbols
MASKED = 0.3  # of the words
SOUND = 24  # A, the width of a frame once it is read
LONGEST = 64  # frames
RATE = 3e-3


class Vocabulary:
    """Mapping from words to ids."""

    def __init__(self, texts: Sequence[Sequence[str]]):
        self.ids = {word: MASK + 1 + n for n, word in enumerate(sorted({w for text in texts for w in text}))}

    def __len__(self) -> int:
        return MASK + 1 + len(self.ids)

    def encode(self, texts: Sequence[Sequence[str]]) -> Tensor:
        """Return texts as rows [B, T], padded with PAD; a ValueError names unknown words."""
        unread = sorted({word for text in texts for word in text} - self.ids.keys())
        if unread:
            raise ValueError(f"no text held {', '.join(unread)}; make more with --texts or --reviews")
        return pad([[self.ids[word] for word in text] for text in texts])


class Heard(NamedTuple):
    """Sound as tensors: frames [B, F, FEATURES], mask of the real ones [B, F], starts of words [B, T]."""

    frames: Tensor
    mask: Tensor
    starts: Tensor


class Encoder(nn.Module):
    """Encoder of words in context: ids [B, T] and times of speech [B, T] -> [B, T, M]."""

    def __init__(self, size: int, width: int):
        super().__init__()
        self.config = ModelConfig(
            vocabulary_size=size, width=width, feed_forward=2 * width, max_length=LONGEST, dropout=0.1
        )
        self.embedding = Embedding(self.config)
        self.positions = SinusoidalPositions(LONGEST, width)
        self.layers = Stack[EncoderLayer](EncoderLayer(self.config) for _ in range(2))

    def forward(self, words: Tensor, times: Tensor) -> Tensor:
        """Return words in context [B, T, M]."""
        x: Tensor = self.embedding(words) + self.positions(times)
        for layer in self.layers:
            x, _ = layer(x, padding_mask(words != PAD))
        return x


class Classifier(nn.Module):
    """Encoder of text and, if `listens`, cross-attention to the sound; one logit per review."""

    def __init__(self, encoder: Encoder, *, listens: bool):
        super().__init__()
        self.encoder, self.listens = encoder, listens
        config = encoder.config
        self.hearing = nn.Linear(FEATURES, SOUND)
        self.positions = SinusoidalPositions(LONGEST, SOUND)
        self.asking = CrossAttention(config.width, AttentionConfig(heads=2), memory_width=SOUND)
        self.feed_forward = FeedForward(config)
        self.asking_residual, self.feed_forward_residual = Residual(config), Residual(config)
        self.judge = nn.Linear(config.width, 1)

    def forward(self, words: Tensor, heard: Heard) -> tuple[Tensor, Tensor | None]:
        """Return logits [B], and the weights of each word's query on each frame [B, H, T, F]."""
        x, weights = self.encoder(words, heard.starts), None
        if self.listens:
            frames = self.hearing(heard.frames) + self.positions(torch.arange(heard.frames.shape[1]))
            memory, mask = self.asking.remember(frames), padding_mask(heard.mask)
            asked = x + self.encoder.positions(heard.starts)  # when, once more: layers have blurred it
            found, weights = self.asking(asked, memory, mask, need_weights=True)
            x = self.asking_residual.leave(x, found)
        x = self.feed_forward_residual.leave(x, self.feed_forward(x))
        there = (words != PAD)[:, :, None]
        return self.judge((x * there).sum(dim=1) / there.sum(dim=1)).squeeze(1), weights


def hear(reviews: Sequence[Review]) -> Heard:
    """Return the sound of reviews, padded with silence."""
    longest = max(len(review.frames) for review in reviews)
    frames = torch.zeros(len(reviews), longest, FEATURES)
    for row, review in zip(frames, reviews, strict=True):
        row[: len(review.frames)] = torch.tensor(review.frames)
    lengths = torch.tensor([[len(review.frames)] for review in reviews])
    return Heard(frames, torch.arange(longest) < lengths, pad([review.starts for review in reviews]))


def teach_words(encoder: Encoder, words: Tensor, steps: int, batch: int) -> None:
    """Train an encoder to predict masked words."""
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=RATE)
    encoder.train()
    for step in range(1, steps + 1):
        rows = words[torch.randint(len(words), (batch,))]
        hidden = (torch.rand(rows.shape) < MASKED) & (rows != PAD)
        states = encoder(rows.masked_fill(hidden, MASK), spoken_evenly(rows))
        loss = functional.cross_entropy(encoder.embedding.scores(states[hidden]), rows[hidden])
        update(optimizer, loss)
        show_progress(step, steps, loss.item())


def spoken_evenly(words: Tensor) -> Tensor:
    """Return times for words without sound, three frames each: [B, T] -> [B, T]."""
    return (3 * torch.arange(words.shape[1])).expand_as(words)


def teach_sentiment(
    model: Classifier,
    vocabulary: Vocabulary,
    reviews: Sequence[Review],
    steps: int,
    batch: int,
    *,
    taught: bool,
) -> None:
    """Train a classifier on labelled reviews, a pretrained encoder at a lower rate."""
    above = [value for name, value in model.named_parameters() if not name.startswith("encoder.")]
    slow = RATE / 20 if taught else RATE  # else it forgets what it knows of the words that no label tells
    groups: list[dict[str, Any]] = [{"params": above}, {"params": model.encoder.parameters(), "lr": slow}]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    words, heard = vocabulary.encode([review.words for review in reviews]), hear(reviews)
    liked = torch.tensor([float(review.liked) for review in reviews])
    model.train()
    for step in range(1, steps + 1):
        rows = torch.randint(len(reviews), (batch,))
        logits, _ = model(words[rows], Heard(*(part[rows] for part in heard)))
        loss = functional.binary_cross_entropy_with_logits(logits, liked[rows])
        update(optimizer, loss)
        show_progress(step, steps, loss.item())
    model.eval()


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Run one optimizer step."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


class Reached(NamedTuple):
    """Share of reviews classified right, and of opinions whose strongest frame is one of their own."""

    right: float
    looks: float | None


@torch.inference_mode()
def measure(model: Classifier, vocabulary: Vocabulary, reviews: Sequence[Review]) -> Reached:
    """Return the accuracy of a classifier, and the share of opinion words that attend to their own frames."""
    logits, weights = model(vocabulary.encode([review.words for review in reviews]), hear(reviews))
    right = [(logit > 0) == review.liked for logit, review in zip(logits.tolist(), reviews, strict=True)]
    if weights is None:
        return Reached(sum(right) / len(right), None)
    strongest = weights.mean(dim=1).argmax(dim=2).tolist()
    looks = [
        row[review.opinion] in range(review.starts[review.opinion], len(review.frames))
        for row, review in zip(strongest, reviews, strict=True)
    ]
    return Reached(sum(right) / len(right), sum(looks) / len(looks))


def compare(arguments: argparse.Namespace) -> None:
    """Train three classifiers on the same reviews; print a line each, for labelled opinions and others."""
    a, chance = arguments, random.Random(arguments.seed)
    texts = [make_text(chance) for _ in range(a.texts)]
    seen, unseen = (*LIKED[:TOLD], *DISLIKED[:TOLD]), (*LIKED[TOLD:], *DISLIKED[TOLD:])
    labelled = [make_review(chance, seen) for _ in range(a.reviews)]
    tests = [[make_review(chance, opinions) for _ in range(1000)] for opinions in (seen, unseen)]
    vocabulary = Vocabulary([*texts, *(review.words for review in labelled)])
    print(f"{len(texts):,} texts, {len(labelled):,} labelled reviews, {MOCKED:.0%} of them mocking")
    print(f"{'opinions':28} seen   unseen  on own frames")
    torch.manual_seed(a.seed)
    fresh = Encoder(len(vocabulary), a.width)
    taught = copy.deepcopy(fresh)
    teach_words(taught, vocabulary.encode(texts), a.word_steps, a.batch)
    for name, encoder, listens in (
        ("masked words, text", taught, False),
        ("text and sound", fresh, True),
        ("masked words, text and sound", taught, True),
    ):
        model = Classifier(copy.deepcopy(encoder), listens=listens)
        teach_sentiment(model, vocabulary, labelled, a.steps, a.batch, taught=encoder is taught)
        on_seen, on_unseen = (measure(model, vocabulary, reviews) for reviews in tests)
        look = "" if on_seen.looks is None else f"{on_seen.looks:.1%}"
        print(f"{name:28} {on_seen.right:.3f}  {on_unseen.right:.3f}   {look}".rstrip(), flush=True)


def main() -> None:
    """Print the accuracy of each classifier."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=natural, default=2000, help="without labels or sound")
    parser.add_argument("--reviews", type=natural, default=600, help="labelled, with sound")
    parser.add_argument("--width", type=natural, default=32)
    parser.add_argument("--word-steps", type=natural, default=1000, help="of learning masked words")
    parser.add_argument("--steps", type=natural, default=300, help="of learning from labels")
    parser.add_argument("--batch", type=natural, default=64)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        compare(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
