"""`seq2seq generate`: continue prompts of the command line, or of standard input, one a line.

A language model samples unless options say otherwise; its text is printed after its prompt. An
encoder-decoder reads the whole prompt and prints its output alone.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser, backend_of, decode_options
from seq2seq.commands.lines import given_or_arriving, label_of
from seq2seq.commands.translate import output_lines
from seq2seq.inference.backends.selection import add_backend
from seq2seq.model.device import add_device
from seq2seq.options import FIDELITY, OF_SOURCES, DecodeOptions, option_fields
from seq2seq.storage.registry import default_language_model, find_model
from seq2seq.storage.settings import is_language_model, read_config

if TYPE_CHECKING:
    from seq2seq.inference.generator import Generator

# Help of the options whose default depends on the kind of model.
GENERATION_HELP = {
    "beam_size": "Hypotheses kept at every step; 1 is greedy search. By default a language model samples, "
    "and an encoder-decoder takes 5.",
    "max_length": "Longest result in tokens, its end counted; by default 256, for an encoder-decoder "
    "2 x source tokens + 20.",
    "sampling_topk": "Sample among this many most probable tokens; 0 is all, 1 does not sample. By default "
    "0; 1 for an encoder-decoder, or with a beam.",
}


def make_parser() -> CommandParser:
    """Return the parser of the command's flags."""
    parser = CommandParser("generate", "Continue prompts, or (without any) standard input line by line.")
    parser.add_argument("prompt", nargs="*", metavar="PROMPT", help='a text to continue; "" starts anew')
    parser.add_argument(
        "--model",
        metavar="M",
        help="a released name, a model directory or a hub id; by default the released language model",
    )
    add_device(parser)
    add_backend(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, with scores")
    parser.add_argument("--stream", action="store_true", help="print tokens as they are decoded")
    parser.add_decode_options(_option_helps())
    return parser


def _option_helps() -> dict[str, str]:
    """Return the help of the options that a language model refuses, or has other defaults for."""
    fields = {option.name: option for option in option_fields()}
    of_sources = {
        name: f"{fields[name].help} Only for encoder-decoders, such as e2e."
        for name in (*OF_SOURCES, *FIDELITY)
    }
    return of_sources | GENERATION_HELP


def main(argv: Sequence[str]) -> int:
    """Generate and print; return the exit code."""
    arguments = make_parser().read(argv)
    if arguments.json and arguments.stream:
        raise ValueError("--json and --stream exclude each other; choose one")
    path = find_model(arguments.model or default_language_model())
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if is_language_model(read_config(path)):
        options = decode_options(arguments, sampling=True)
        from seq2seq.inference.generator import Generator

        generator = Generator.from_pretrained(path, arguments.device, *backend_of(arguments))
        lines = _language_model_lines(generator, options, arguments)
    else:
        options = decode_options(arguments)
        from seq2seq.inference.translator import Translator

        translator = Translator.from_pretrained(path, arguments.device, *backend_of(arguments))
        groups, label = given_or_arriving(arguments.prompt, "prompt"), label_of(arguments.prompt, "prompt")
        lines = output_lines(translator, groups, options, arguments, label)
    for line in lines:
        sys.stdout.write(line)
        sys.stdout.flush()
    return 0


def _language_model_lines(
    generator: "Generator", options: DecodeOptions, arguments: argparse.Namespace
) -> Iterator[str]:
    """Yield what to print of a language model: each prompt and its continuation."""
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
        for generation in generator.generate(group, options):
            if arguments.json:
                yield json.dumps(generation.to_json(), ensure_ascii=False) + "\n"
                continue
            for text in [generation.text, *(other.text for other in generation.alternatives)]:
                yield f"{generation.prompt}{text}\n"
