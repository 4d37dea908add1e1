"""`seq2seq push`: upload a model to the Hugging Face hub, with its card."""

from collections.abc import Sequence

from seq2seq.commands.arguments import CommandParser
from seq2seq.storage.registry import find_model


def main(argv: Sequence[str]) -> int:
    """Upload a model and print its address; return the exit code."""
    parser = CommandParser(
        "push", "Upload a model to the Hugging Face hub; --model OWNER/NAME then loads it."
    )
    parser.add_argument("--model", metavar="M", required=True, help="a model directory or a released name")
    parser.add_argument(
        "--to", metavar="OWNER/NAME", required=True, help="the repository; created if it does not exist"
    )
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    arguments = parser.read(argv)
    directory = find_model(arguments.model)
    from seq2seq.storage.hub import push

    print(push(directory, arguments.to, private=arguments.private))
    return 0
