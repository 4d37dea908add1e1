"""`seq2seq generate`: go on from prompts of the command line, or from those on standard input, one a line.

A language model samples unless options say otherwise, and its text is shown after its prompt. A model that
was trained to turn one text into another (facts into a sentence, say) reads the prompt whole and answers.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser, decode_options
from seq2seq.commands.lines import given_or_arriving, name_of
from seq2seq.commands.translate import results
from seq2seq.model.device import add_device
from seq2seq.options import OF_SOURCES, DecodeOptions, option_fields
from seq2seq.storage.registry import default_language_model, find_model
from seq2seq.storage.settings import is_language_model, read_config

if TYPE_CHECKING:
    from seq2seq.inference.generator import Generator
    from seq2seq.inference.translator import Translator

OF_LANGUAGE_MODELS = {
    "beam_size": "Hypotheses kept at every step; 1 is greedy search. Without it a language model samples, "
    "and a model that answers takes 5.",
    "max_length": "Longest result in pieces, its end counted; by default 256, of a model that answers "
    "2 x source pieces + 20.",
    "sampling_topk": "Sample among this many most probable pieces; 0 is all, 1 does not sample. By default "
    "0, of a model that answers or where a beam is asked for 1.",
}


def make_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser("generate", "Write on from prompts, or from standard input line by line.")
    parser.add_argument(
        "prompt", nargs="*", metavar="PROMPT", help='what to go on from ("" is nothing); none: standard input'
    )
    parser.add_argument(
        "--model",
        metavar="M",
        help="a released name, a model directory or a hub id; by default the released language model",
    )
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with scores")
    parser.add_argument("--stream", action="store_true", help="show each piece as it is written")
    parser.add_decode_options(_helps())
    return parser


def _helps() -> dict[str, str]:
    """Help of the options that a language model takes otherwise than a translation, or not at all."""
    fields = {option.name: option for option in option_fields()}
    answering = {
        name: f"{fields[name].help} Only for models that answer, such as e2e."
        for name in (*OF_SOURCES, "keep_placeholders")
    }
    return answering | OF_LANGUAGE_MODELS


def main(argv: Sequence[str]) -> int:
    """Write and print; gives back the exit code."""
    arguments = make_parser().read(argv)
    if arguments.json and arguments.stream:
        raise ValueError("--json and --stream exclude each other; choose one")
    path = find_model(arguments.model or default_language_model())
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if is_language_model(read_config(path)):
        options = decode_options(arguments, sampling=True)
        from seq2seq.inference.generator import Generator

        lines = _written(Generator.from_pretrained(path, arguments.device), options, arguments)
    else:
        options = decode_options(arguments)
        from seq2seq.inference.translator import Translator

        lines = _answered(Translator.from_pretrained(path, arguments.device), options, arguments)
    for line in lines:
        sys.stdout.write(line)
        sys.stdout.flush()
    return 0


def _written(generator: "Generator", options: DecodeOptions, arguments: argparse.Namespace) -> Iterator[str]:
    """What to print of a language model: the prompt and what follows it."""
    context = generator.model.config.max_length
    for group in given_or_arriving(arguments.prompt, "prompt"):
        for prompt in group:
            if len(generator.read(prompt)) > context:
                print(
                    f"a prompt is longer than the model's context; its last {context} tokens are read",
                    file=sys.stderr,
                )
        if arguments.stream:
            for prompt in group:
                yield prompt
                yield from generator.stream(prompt, options)
                yield "\n"
            continue
        for found in generator.generate(group, options):
            if arguments.json:
                yield json.dumps(found.to_json(), ensure_ascii=False) + "\n"
                continue
            for text in [found.text, *(other.text for other in found.alternatives)]:
                yield f"{found.prompt}{text}\n"


def _answered(
    translator: "Translator", options: DecodeOptions, arguments: argparse.Namespace
) -> Iterator[str]:
    """What to print of an encoder-decoder: its answer."""
    groups, named = given_or_arriving(arguments.prompt, "prompt"), name_of(arguments.prompt, "prompt")
    return results(translator, groups, options, arguments, named)
