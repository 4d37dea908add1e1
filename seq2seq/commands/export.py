"""`seq2seq export`: a model in another program's format, with a self-check beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser, load_translator
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import is_language_model, read_config

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator


def main(argv: Sequence[str]) -> int:
    """Export a model and print what the check found; return the exit code."""
    parser = CommandParser(
        "export",
        "Write a model for CTranslate2, ONNX runtimes or transformers. Its greedy translations and scores "
        "are compared with torch's; the result is written beside it, to export.json.",
    )
    parser.add_argument(
        "--model", metavar="M", required=True, help="a released name, a model directory or a hub id"
    )
    parser.add_argument(
        "--format", required=True, choices=("ctranslate2", "onnx", "transformers"), help="format to write"
    )
    parser.add_argument("--to", metavar="DIRECTORY", required=True, help="directory to write")
    parser.add_argument(
        "--quantization", metavar="Q", help="format of the weights: int8, or float16 for ctranslate2"
    )
    parser.add_argument(
        "--source", metavar="FILE", help="sentences to check with, one a line; by default some are invented"
    )
    parser.add_argument(
        "--reference", metavar="FILE", help="their translations, for chrF before and after quantization"
    )
    parser.add_languages()
    arguments = parser.read(argv)
    directory = find_model(arguments.model)
    from seq2seq.inference.formats.exporting import export

    if is_language_model(read_config(directory)):
        from seq2seq.inference.generator import Generator

        model: Generator | Translator = Generator.from_pretrained(arguments.model, "cpu")
    else:
        arguments.device = "cpu"
        model = load_translator(arguments)
    report = export(
        model,
        arguments.to,
        arguments.format,
        quantization=arguments.quantization,
        sources=_lines(arguments.source),
        references=_lines(arguments.reference),
    )
    print(
        f"{arguments.to}: {report.same_translations} of {report.sentences} sentences translated as by torch, "
        f"log p of a token differs by at most {report.difference:.1e}"
    )
    if report.chrf:
        print(f"chrF {report.chrf[0]:.2f}, after {report.quantization} {report.chrf[1]:.2f}")
    elif report.chrf_to_float32 is not None:
        print(
            f"after {report.quantization}: chrF {report.chrf_to_float32:.2f} to the translations in float32"
        )
    return 0


def _lines(name: str | None) -> list[str]:
    if name is None:
        return []
    try:
        return Path(name).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is no text in UTF-8; convert it first") from error
