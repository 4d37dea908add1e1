"""`seq2seq score`: the log-probability of given translations, one a line."""

import sys
from collections.abc import Sequence

from seq2seq.commands.arguments import CommandParser, load_translator
from seq2seq.commands.lines import read_parallel


def main(argv: Sequence[str]) -> int:
    """Score the lines of two files; return the exit code."""
    parser = CommandParser("score", "Print the natural log-probability of each target given its source.")
    parser.add_model(required=True)
    parser.add_languages()
    parser.add_parallel_files()
    arguments = parser.read(argv)
    sources, targets = read_parallel(arguments.source, arguments.target)
    translator = load_translator(arguments)
    for score in translator.score(sources, targets):
        sys.stdout.write(f"{score.log_probability:.6f}\n")
    return 0
