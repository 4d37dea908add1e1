"""`seq2seq score`: how probable a model finds given translations, one log-probability a line."""

import sys
from collections.abc import Sequence

from seq2seq.commands.arguments import CommandParser, load_translator
from seq2seq.commands.lines import read_parallel


def main(argv: Sequence[str]) -> int:
    """Score the lines of two files; gives back the exit code."""
    parser = CommandParser("score", "Natural log-probability of each target line given its source line.")
    parser.add_model(required=True)
    parser.add_languages()
    parser.add_argument("--source", metavar="FILE", required=True, help="source texts, one a line")
    parser.add_argument("--target", metavar="FILE", required=True, help="their translations, one a line")
    arguments = parser.read(argv)
    sources, targets = read_parallel(arguments.source, arguments.target)
    translator = load_translator(arguments)
    for score in translator.score(sources, targets):
        sys.stdout.write(f"{score.log_probability:.6f}\n")
    return 0
