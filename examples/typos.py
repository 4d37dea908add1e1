"""Sentences with slips of the pen: pairs for correction with a known truth.

    "two dgos runn through the garden"  ->  "Two dogs run through the garden."

Slips are swapped letters, a lost or doubled letter, a missing capital or full stop, and a verb that does not
agree with its noun. One JSON object per line is written by

    python examples/typos.py --pairs 3000 > typos.jsonl
"""

import argparse
import json
import random
from collections.abc import Iterator

from interactions import natural

ONE = ("a dog", "the cat", "a girl", "my friend", "the old man")
MANY = ("two dogs", "the cats", "three girls", "my friends", "some men")
VERBS = (("runs", "run"), ("sleeps", "sleep"), ("plays", "play"), ("waits", "wait"), ("sings", "sing"))
PLACES = ("in the garden", "at the window", "through the park", "under a tree", "near the river")
SLIPS = 0.15  # of the words are mistyped


def make_pair(chance: random.Random) -> dict[str, str]:
    """Return a sentence as typed, and its correction."""
    many = chance.random() < 0.5
    verb, place = chance.choice(VERBS), chance.choice(PLACES)
    subject = chance.choice(MANY if many else ONE)
    right = f"{subject} {verb[many]} {place}."
    typed = f"{subject} {verb[many if chance.random() < 0.7 else not many]} {place}"
    words = [mistype(word, chance) if chance.random() < SLIPS else word for word in typed.split()]
    typed = " ".join(words) + ("." if chance.random() < 0.5 else "")
    return {"typed": typed if chance.random() < 0.5 else capital(typed), "right": capital(right)}


def mistype(word: str, chance: random.Random) -> str:
    """Return the word with two letters swapped, or one lost or doubled.

    Its last letter is never lost: it may be all that tells one from many.
    """
    if len(word) < 2:
        return word
    place = chance.randrange(len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    match chance.choice(("swap", "lose", "double")):
        case "swap":
            return before + after[0] + letter + after[1:]
        case "lose":
            return before + after
        case _:
            return before + 2 * letter + after


def capital(text: str) -> str:
    """Return the text with an upper-case first letter."""
    return text[:1].upper() + text[1:]


def generate(pairs: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Yield `pairs` pairs."""
    chance = random.Random(seed)
    for _ in range(pairs):
        yield make_pair(chance)


def main() -> None:
    """Write pairs as JSON lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=natural, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for pair in generate(arguments.pairs, arguments.seed):
        print(json.dumps(pair))


if __name__ == "__main__":
    main()
