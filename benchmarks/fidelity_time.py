"""Time of single sentences with all stages of fidelity on, beside all off.

    SEQ2SEQ_DATA=FOLDER python benchmarks/fidelity_time.py [--model en-de] [--sentences 200] [--rounds 3]

Captions of Multi30k's validation set, one call each. In every round each caption is translated both ways,
one right after the other, and who begins changes every time. The figures are ratios of the processor's
seconds, on against off: of the sums, and the median and quartiles of the sentences. How many captions were
searched twice, because a number was lost or invented, is printed beside them.
"""

import argparse
import gzip
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seq2seq import DecodeOptions, Translator
from seq2seq.inference import pipeline
from seq2seq.options import FIDELITY

ON = DecodeOptions()
_OFF: dict[str, Any] = dict.fromkeys(FIDELITY, False)
OFF = DecodeOptions(**_OFF)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the ratios of one model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-de")
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    translator = Translator.from_pretrained(arguments.model, device="cpu")
    file = Path(os.environ["SEQ2SEQ_DATA"]) / "multi30k" / "raw" / f"val.{translator.source_language}.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        captions = [line.strip() for line in lines][: arguments.sentences]
    for caption in captions[:5]:
        measured(translator, caption, ON), measured(translator, caption, OFF)
    on, off = times(translator, captions, arguments.rounds)
    ratios = [a / b for a, b in zip(on, off, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(
        f"{arguments.model}: sum {sum(on) / sum(off):.3f}, median {middle:.3f} "
        f"(quartiles {low:.3f} to {high:.3f}), {arguments.rounds} rounds of {len(captions)} captions; "
        f"{count_second_searches(translator, captions)} searched twice"
    )


def times(translator: Translator, captions: Sequence[str], rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each caption with everything on and off, the least of all rounds."""
    on, off = [float("inf")] * len(captions), [float("inf")] * len(captions)
    for turn in range(rounds):
        for number, caption in enumerate(captions):
            sides = [(on, ON), (off, OFF)]
            for seconds, options in sides[:: 1 if (turn + number) % 2 else -1]:
                seconds[number] = min(seconds[number], measured(translator, caption, options))
    return on, off


def measured(translator: Translator, caption: str, options: DecodeOptions) -> float:
    """Return the processor's seconds of one call."""
    started = time.process_time()
    translator.translate(caption, options)
    return time.process_time() - started


def count_second_searches(translator: Translator, captions: Sequence[str]) -> int:
    """Return how many captions need a second search for their numbers."""
    count = 0
    with_numbers = pipeline.Pipeline._with_numbers

    def counting(self: Any, segment: Any) -> Any:
        nonlocal count
        count += 1
        return with_numbers(self, segment)

    pipeline.Pipeline._with_numbers = counting  # type: ignore[method-assign]
    try:
        for caption in captions:
            translator.translate(caption)
    finally:
        pipeline.Pipeline._with_numbers = with_numbers  # type: ignore[method-assign]
    return count


if __name__ == "__main__":
    main()
