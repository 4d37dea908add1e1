"""`seq2seq import`: a Marian model of `transformers`, such as OPUS-MT's, as a model directory."""

from collections.abc import Sequence

from seq2seq.commands.arguments import CommandParser


def main(argv: Sequence[str]) -> int:
    """Import a model and print its languages; return the exit code."""
    parser = CommandParser(
        "import",
        "Write a Marian model (OPUS-MT) as a model directory, which every command and the server takes.",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="a folder, or a hub id such as Helsinki-NLP/opus-mt-en-de"
    )
    parser.add_argument("--to", metavar="DIRECTORY", required=True, help="model directory to write")
    for side in ("source", "target"):
        parser.add_argument(
            f"--{side}-language",
            metavar="L,L",
            help=f"{side} languages, separated by commas; by default those that the model names",
        )
    parser.add_argument(
        "--storage",
        choices=("float32", "float16", "int8"),
        default="float32",
        help="format of the weights; float32 (the default) keeps every score",
    )
    arguments = parser.read(argv)
    from seq2seq.inference.formats.marian_import import import_marian

    settings = import_marian(
        arguments.model,
        arguments.to,
        arguments.source_language and arguments.source_language.split(","),
        arguments.target_language and arguments.target_language.split(","),
        arguments.storage,
    )
    sides = " to ".join(", ".join(side) for side in (settings.source_languages, settings.target_languages))
    print(f"{arguments.to}: {sides}")
    return 0
