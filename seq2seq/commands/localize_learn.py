"""`seq2seq localize --learn`: the translated strings of files and memories, handed to a training."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from seq2seq.commands.lines import read_bytes
from seq2seq.commands.localize_files import SOURCE, Placement, find_files, read_file
from seq2seq.commands.localize_sources import load_memory
from seq2seq.commands.packages import load_entry
from seq2seq.storage.registry import default_strings_model, each_name

FOLDER = Path("runs/localize")


def learn(arguments: argparse.Namespace) -> int:
    """Train a model on what is translated already; return the exit code.

    Raises:
        ValueError: a file cannot be read, or there is too little to learn from.
    """
    source = arguments.source_language or SOURCE
    model = arguments.model or default_strings_model(source, arguments.target_language)
    if len(each_name(model)) > 1:
        raise ValueError(f"--model {model} names several models; --learn trains one")
    for name in arguments.base_data:
        read_bytes(name)  # refused before the strings are read
    pairs = list(_pairs(arguments, source))
    task = load_entry("train.learning", "LearningTask")(
        pairs,
        model,
        source,
        arguments.target_language,
        arguments.base_data,
        arguments.run_dir or FOLDER,
    )
    code: int = load_entry("train.learning", "learn")(task)
    return code


def _pairs(arguments: argparse.Namespace, source: str) -> Iterator[tuple[str, str]]:
    """Yield source and target of what is translated in the memories and files."""
    memory, entries = load_memory(arguments, source)
    yield from ((unit.source, unit.target) for unit in memory.units())
    anywhere = Placement(folder=Path())  # nothing is written
    for found in find_files(arguments.file, arguments.target_language, anywhere, source):
        read = read_file(found, arguments.target_language, anywhere)
        entries += read[0].entries if read else []
    for entry in entries:
        if entry.state == "done":
            yield from zip(entry.sources, entry.targets, strict=True)
