"""`seq2seq align`: word alignment of given pairs, one line of Pharaoh links (`source-target`) a pair.

All lines are read together: what two words are to each other in the others helps a pair whose words the model
does not know. Where a model of the other direction is at hand, the maps of both are read.
"""

import sys
from collections.abc import Sequence

from seq2seq.commands.arguments import CommandParser, load_translator
from seq2seq.commands.counter import ProgressCounter
from seq2seq.commands.lines import read_parallel
from seq2seq.commands.reverse import add_reverse, load_reverse


def main(argv: Sequence[str]) -> int:
    """Align the lines of two files; gives back the exit code."""
    parser = CommandParser(
        "align", "Links between blank-separated words, counted from 0, by the alignment head."
    )
    parser.add_model(required=True)
    parser.add_languages()
    parser.add_argument("--source", metavar="FILE", required=True, help="source texts, one a line")
    parser.add_argument("--target", metavar="FILE", required=True, help="their translations, one a line")
    add_reverse(parser)
    arguments = parser.read(argv)
    from seq2seq.commands.bitext import align_pairs

    sources, targets = read_parallel(arguments.source, arguments.target)
    translator = load_translator(arguments)
    reverse = load_reverse(arguments.reverse, translator, arguments.device)
    counter = ProgressCounter("pairs aligned", len(sources))
    pairs = list(zip(sources, targets, strict=True))
    for links in align_pairs(translator, pairs, reverse, counter.add):
        sys.stdout.write(" ".join(f"{s}-{t}" for s, t in links) + "\n")
    counter.close()
    return 0
