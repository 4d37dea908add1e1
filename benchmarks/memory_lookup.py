"""Time and memory of a translation memory: loading, its indexes, exact and similar matches.

    python benchmarks/memory_lookup.py project.tmx texts.txt [--source-language en] [--target-language de]

`texts.txt` has one text a line. Times are processor time of this process, sizes its peak so far. The first
row is the process without a memory.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from seq2seq.inference.memory.files import read_entries
from seq2seq.inference.memory.memory import TranslationMemory


def peak() -> int:
    """Return the peak memory of this process in MB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / (2**20 if sys.platform == "darwin" else 2**10))


def row(name: str, work: Callable[[], int], calls: int = 1) -> None:
    """Run some work and print its seconds (of each of several calls milliseconds), its count and the peak."""
    begin = time.process_time()
    count = work()
    seconds = (time.process_time() - begin) / calls
    shown = f"{seconds:.1f} s" if calls == 1 else f"{seconds * 1000:.3f} ms"
    print(f"{name:<24}{shown:>12}{count:>12,}{peak():>8} MB")


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table of a memory."""
    parser = argparse.ArgumentParser(description="Time and memory of a translation memory.")
    parser.add_argument("memory", help="tmx, po, mo, tsv or jsonl")
    parser.add_argument("texts", help="texts to look up, one a line")
    parser.add_argument("--source-language", default="en")
    parser.add_argument("--target-language", default="de")
    arguments = parser.parse_args(argv)
    texts = Path(arguments.texts).read_text(encoding="utf-8").splitlines()
    print(f"{'':<24}{'time':>12}{'count':>12}{'peak':>11}")
    row("nothing", lambda: 0)
    row("read as a stream", lambda: sum(1 for _ in read_entries(arguments.memory)))
    memory = TranslationMemory(arguments.source_language, arguments.target_language)

    def load() -> int:
        nonlocal memory
        memory = TranslationMemory.load(
            arguments.memory, arguments.source_language, arguments.target_language
        )
        return len(memory)

    def index(make: Callable[[], object]) -> int:
        make()
        return len(memory)

    row("loaded", load)
    row("index of other frames", lambda: index(lambda: memory.exact("")))
    row("index of similar texts", lambda: index(memory.prepare))
    row("exact match", lambda: sum(memory.exact(text) is not None for text in texts), len(texts))
    row("best match", lambda: sum(memory.best(text) is not None for text in texts), len(texts))


if __name__ == "__main__":
    main()
