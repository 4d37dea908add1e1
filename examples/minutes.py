"""Minutes of meetings and what was decided in them: pairs to learn summaries from, with a known truth.

    "... Anna asked about the bridge. They agreed to paint the harbour. Ben was late. ..."
    -> "paint the harbour"

What was asked, told or put off has the same words as what was decided; only the sentences that begin with
"They agreed" count, and the summary joins them in order. An object a line is written by

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
PLACES = (
    "the bridge",
    "the school",
    "the market",
    "the old mill",
    "the town hall",
    "the park",
    "the harbour wall",
)
ASIDES = ("asked whether to", "was against the plan to", "told them how to", "put off the plan to")


def make_minutes(sentences: int, decisions: int, chance: random.Random) -> dict[str, str]:
    """Minutes of so many sentences, so many of them decisions, and their summary."""
    plans = [f"{chance.choice(DEEDS)} {chance.choice(PLACES)}" for _ in range(sentences)]
    decided = sorted(chance.sample(range(sentences), decisions))
    said = [
        f"They agreed to {plan}."
        if number in decided
        else f"{chance.choice(PEOPLE)} {chance.choice(ASIDES)} {plan}."
        for number, plan in enumerate(plans)
    ]
    return {"document": " ".join(said), "summary": ", ".join(plans[number] for number in decided)}


def _aside(chance: random.Random) -> str:
    return f"{chance.choice(PEOPLE)} {chance.choice(ASIDES)}"


def generate(pairs: int, sentences: int = 6, decisions: int = 1, seed: int = 1) -> Iterator[dict[str, str]]:
    """So many pairs; minutes have two sentences less to two more than asked for.

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
