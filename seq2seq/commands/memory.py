"""`seq2seq memory`: translation memories from one or several files into one.

    seq2seq memory old.tmx de.po suggestions.jsonl --source-language en --target-language de --to project.tmx

Units that are there twice become one. The result is written as a whole, or not at all.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from seq2seq.commands.arguments import CommandParser


def make_parser() -> CommandParser:
    """Return the parser of the command's flags."""
    parser = CommandParser("memory", "Convert and join translation memories: TMX, PO, MO, TSV, JSON lines.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file in tmx, po, mo, tsv or jsonl")
    parser.add_argument("--source-language", metavar="L", required=True, help="language of the sources")
    parser.add_argument("--target-language", metavar="L", required=True, help="language of the translations")
    parser.add_argument(
        "--to", metavar="FILE", required=True, help="the memory to write, tmx or jsonl; replaced if it exists"
    )
    return parser


def main(argv: Sequence[str]) -> int:
    """Read memories and write one; return the exit code."""
    arguments = make_parser().read(argv)
    from seq2seq.inference.memory.files import check_writable, save_memory
    from seq2seq.inference.memory.memory import TranslationMemory

    check_writable(Path(arguments.to))  # now rather than after the files are read
    memory = TranslationMemory.load(arguments.files, arguments.source_language, arguments.target_language)
    save_memory(memory, arguments.to)
    print(f"{len(memory):,} units written to {arguments.to}", file=sys.stderr)
    return 0
