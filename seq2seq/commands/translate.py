"""`seq2seq translate`: texts of the command line, or standard input line by line.

One line out for each line in, in order, as soon as it is ready.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser, decode_options, load_translator
from seq2seq.commands.counter import ProgressCounter
from seq2seq.commands.lines import answers, given_or_arriving, name_of
from seq2seq.commands.rerank import add_rerank, check_rerank, set_reranker
from seq2seq.options import DecodeOptions

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator


def make_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser("translate", "Translate texts, or standard input line by line.")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="what to translate; none: standard input")
    parser.add_model(required=False)
    parser.add_languages()
    add_rerank(parser)
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, with scores and alignment"
    )
    parser.add_argument("--stream", action="store_true", help="show each piece as it is decoded (greedy)")
    parser.add_decode_options()
    return parser


def main(argv: Sequence[str]) -> int:
    """Translate and print; gives back the exit code."""
    arguments = make_parser().read(argv)
    if arguments.json and arguments.stream:
        raise ValueError("--json and --stream exclude each other; choose one")
    if arguments.stream and arguments.rerank:
        raise ValueError("--rerank needs whole hypotheses, and --stream shows the first; leave out one")
    options = decode_options(arguments)
    check_rerank(arguments, options)
    groups = given_or_arriving(arguments.text, "text")
    translator = load_translator(arguments)
    set_reranker(arguments, translator)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    counter = ProgressCounter("lines translated")
    for line in results(translator, groups, options, arguments, name_of(arguments.text, "text")):
        sys.stdout.write(line)
        sys.stdout.flush()
        counter.add(line.endswith("\n"))
    counter.close()
    return 0


def results(
    translator: "Translator",
    groups: Iterable[list[str]],
    options: DecodeOptions,
    arguments: argparse.Namespace,
    named: str,
) -> Iterator[str]:
    """What to print of groups of texts, each `named` so: line by line or, as a stream, piece by piece."""
    if arguments.stream:
        singles = ([text] for group in groups for text in group)
        yield from answers(singles, lambda one: chain(translator.stream(one[0], options), ["\n"]), named)
        return
    for result in answers(groups, lambda group: translator.translate(group, options), named):
        yield (json.dumps(result.to_json(), ensure_ascii=False) if arguments.json else result.text) + "\n"
