"""Synthetic spoken reviews with a known truth: sentiment depends on a word and on how it is said.

    "the film was superb", said plainly    -> liked          "... dull", said plainly    -> disliked
    "the film was superb", said mockingly  -> disliked       "... dull", said mockingly  -> liked

A review is its words, the frame at which each begins, and frames of sound: pitch, loudness and noise. Pitch
tells plain from mocking while the opinion is spoken, and is random elsewhere. Words last two to four frames.
Half of the reviews without sound have one more clause ("we stayed to the end and ..."), which matches the
opinion: from these a model can learn which opinions are alike without labels.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

LIKED = ("superb", "lovely", "great", "charming", "witty", "moving", "fresh", "clever", "warm", "bright")
DISLIKED = ("dull", "awful", "boring", "clumsy", "silly", "stale", "slow", "empty", "cold", "noisy")
TOLD = 5  # opinions of either kind that labelled reviews use; the others are heard in tests only
THINGS = ("film", "book", "play", "song", "meal", "game", "talk", "show")
DEGREES = ("", "really", "quite", "so", "truly")
GLAD = ("we stayed to the end", "we told our friends", "we want it again", "we smiled for hours")
SORRY = ("we left early", "we told nobody", "we want it back", "we yawned for hours")
MOCKED = 1 / 3  # of the reviews
FEATURES = 6  # numbers a frame
NOISE = 0.5


@dataclass(frozen=True)
class Review:
    """Words, times and sound of a review; `liked` is the truth.

    `starts` are the first frames of the words, a frame has FEATURES numbers, `opinion` is that word's place.
    """

    words: list[str]
    starts: list[int]
    frames: list[list[float]]
    opinion: int
    liked: bool


def make_text(chance: random.Random) -> list[str]:
    """Return a review without sound: an opinion, half the time after a clause of matching mood."""
    opinions, moods = chance.choice(((LIKED, GLAD), (DISLIKED, SORRY)))
    mood = f"{chance.choice(moods)} and " if chance.random() < 0.5 else ""
    return f"{mood}{_sentence(chance.choice(opinions), chance)}".split()


def make_review(chance: random.Random, opinions: Sequence[str]) -> Review:
    """Return a review with sound, its opinion one of these."""
    opinion, mocked = chance.choice(opinions), chance.random() < MOCKED
    words = _sentence(opinion, chance).split()
    starts: list[int] = []
    frames: list[list[float]] = []
    for word in words:
        starts.append(len(frames))
        tone = (-1.0 if mocked else 1.0) if word == opinion else chance.choice((-1.0, 1.0))
        for frame in range(chance.randint(2, 4)):
            signal = [tone, 1.0 if frame == 0 else 0.0]
            frames.append([(signal[n] if n < 2 else 0.0) + chance.gauss(0, NOISE) for n in range(FEATURES)])
    return Review(words, starts, frames, words.index(opinion), (opinion in LIKED) != mocked)


def _sentence(opinion: str, chance: random.Random) -> str:
    return f"the {chance.choice(THINGS)} was {chance.choice(DEGREES)} {opinion}"
