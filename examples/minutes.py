"""Synthetic minutes of meetings and their decisions: pairs for summarization with a known truth.

    "... They agreed to paint the old mill in May. Ben put off the plan to sell the red bridge at once. ..."
    -> "paint the old mill in May"

Questions, reports and postponed plans use the same words as decisions; only sentences that begin with "They
agreed" count, and the summary joins them in order. One JSON object per line is written by

    python examples/minutes.py --pairs 3000 > minutes.jsonl
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator

from interactions import natural

PEOPLE = ("Anna", "Ben", "Carla", "David", "Emma", "Frank")
DEEDS = ("paint", "close", "repair", "move", "clean", "sell", "light", "open")
KINDS = ("old", "new", "small", "northern", "red", "empty")
PLACES = ("bridge", "school", "market", "mill", "town hall", "park", "harbour wall")
TIMES = ("at once", "in May", "this week", "next year", "after Easter", "by night")
ASIDES = ("asked whether to", "was against the plan to", "told them how to", "put off the plan to")


def make_minutes(sentences: int, decisions: int, chance: random.Random) -> dict[str, str]:
    """Return minutes of `sentences` sentences, `decisions` of them decisions, and their summary."""
    plans = [_plan(chance) for _ in range(sentences)]
    decided = sorted(chance.sample(range(sentences), decisions))
    said = [
        f"They agreed to {plan}."
        if number in decided
        else f"{chance.choice(PEOPLE)} {chance.choice(ASIDES)} {plan}."
        for number, plan in enumerate(plans)
    ]
    return {"document": " ".join(said), "summary": ", ".join(plans[number] for number in decided)}


def _plan(chance: random.Random) -> str:
    """Draw one of some two thousand plans, so that minutes seldom have the same decision."""
    kind, place = chance.choice(KINDS), chance.choice(PLACES)
    return f"{chance.choice(DEEDS)} the {kind} {place} {chance.choice(TIMES)}"


def generate(pairs: int, sentences: int = 6, decisions: int = 1, seed: int = 1) -> Iterator[dict[str, str]]:
    """Yield `pairs` pairs; minutes have up to two sentences less or more than `sentences`.

    Raises:
        ValueError: more decisions than the shortest minutes have sentences.
    """
    if decisions > sentences - 2:
        raise ValueError(
            f"--decisions is {decisions}, more than minutes of --sentences {sentences} may hold; "
            f"give at most {sentences - 2}"
        )
    chance = random.Random(seed)
    for _ in range(pairs):
        yield make_minutes(chance.randint(sentences - 2, sentences + 2), chance.randint(1, decisions), chance)


def main() -> None:
    """Write pairs as JSON lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=natural, default=3000)
    parser.add_argument("--sentences", type=natural, default=6, help="of the minutes, about")
    parser.add_argument("--decisions", type=natural, default=1, help="at most, in one")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        for pair in generate(arguments.pairs, arguments.sentences, arguments.decisions, arguments.seed):
            print(json.dumps(pair))
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
