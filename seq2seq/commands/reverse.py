"""The model that translates the other way, where a command asks for one."""

from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser
from seq2seq.storage.registry import reverse_model

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator

FOUND, NONE = "auto", "none"


def add_reverse(parser: CommandParser) -> None:
    """The flag that names the model of the other direction."""
    parser.add_argument(
        "--reverse",
        metavar="M",
        default=FOUND,
        help="the model of the other direction, whose maps are read with the model's own: a released one "
        f"where there is one ({FOUND}, the default), or {NONE}",
    )


def load_reverse(named: str, translator: "Translator", device: str) -> "Translator | None":
    """The translator of the other direction that --reverse asks for; ValueError where it is of another."""
    target, source = translator.source_language, translator.target_language
    if named == NONE or source is None or target is None:
        return None
    if named == FOUND and (source, target) in translator.settings.directions:
        return translator.directed(source, target)
    name = reverse_model(source, target) if named == FOUND else named
    if name is None:
        return None
    from seq2seq.inference.translator import Translator

    return Translator.from_pretrained(name, device).directed(source, target)
