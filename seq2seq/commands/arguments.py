"""What the commands share of their command lines; the flags of DecodeOptions are made from its fields.

Flags are written with hyphens; underscores, as in Python, mean the same.
"""

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from seq2seq.model.device import add_device
from seq2seq.options import DecodeOptions, OptionField, option_fields
from seq2seq.storage.registry import default_model, each_name, find_model
from seq2seq.text.glossary import read_glossary

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator


class CommandParser(argparse.ArgumentParser):
    """An argument parser that takes no abbreviations and whose complaint is one sentence."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"seq2seq {command}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse a command line in which flags may have underscores."""
        end = argv.index("--") if "--" in argv else len(argv)
        return self.parse_args([_hyphenated(argument) for argument in argv[:end]] + list(argv[end:]))

    def add_model(self, *, required: bool) -> None:
        """The flags that say which model is used, and on which device."""
        default = "" if required else "; by default a released one that fits the languages"
        self.add_argument(
            "--model",
            metavar="M",
            required=required,
            help=f"a released name, a model directory or a hub id; several, joined by commas, are an "
            f"ensemble{default}",
        )
        add_device(self)

    def add_languages(self) -> None:
        """The flags that say which languages are asked for."""
        self.add_argument("--source-language", metavar="L", help="language of the texts, such as en")
        self.add_argument("--target-language", metavar="L", help="language of the result, such as de")

    def add_decode_options(self, helps: Mapping[str, str] | None = None) -> None:
        """One flag for each field of DecodeOptions; `helps` has other texts of help and default, by field."""
        group = self.add_argument_group("decoding")
        for option in option_fields():
            help = _described(option, (helps or {}).get(option.name))
            given: dict[str, Any] = {"default": argparse.SUPPRESS, "help": help}
            if option.type is bool and option.default:
                given["action"] = argparse.BooleanOptionalAction
            elif option.type is bool:
                given["action"] = "store_true"
            else:
                given["metavar"] = "FILE" if option.type is dict else "X"
            if option.type is list:
                given["action"] = "append"
            group.add_argument("--" + option.name.replace("_", "-"), **given)


def decode_options(arguments: argparse.Namespace, *, sampling: bool = False) -> DecodeOptions:
    """The options given on the command line; ValueError names the one that is wrong.

    With `sampling` the search is that of language models: by chance, unless a beam is asked for.
    """
    given = {o.name: _parsed(o, getattr(arguments, o.name)) for o in option_fields() if o.name in arguments}
    if sampling and "beam_size" not in given:
        given.setdefault("sampling_topk", 0)
    return DecodeOptions(**given)


def load_translator(arguments: argparse.Namespace) -> "Translator":
    """The translator that --model, --device and the languages ask for."""
    source = getattr(arguments, "source_language", None)
    target = getattr(arguments, "target_language", None)
    names = each_name(arguments.model or default_model(source, target))
    for name in names:
        find_model(name)  # a name that leads nowhere is refused before torch is loaded
    from seq2seq.inference.translator import Translator

    return Translator.from_pretrained(names, arguments.device).directed(source, target)


def _hyphenated(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value


def _described(option: OptionField, own: str | None) -> str:
    """A flag's help: its own, which tells of the default, or the field's; and the range."""
    help = (own or option.help).replace("%", "%%")
    if option.type is list:
        return f"{help} May be given several times."
    if option.type is dict:
        return f"{help} A file with a term, a tab and its translation on each line."
    if not option.range:
        return help
    return f"{help} ({option.range}{'' if own or option.default is None else f', default {option.default}'})"


def _parsed(option: OptionField, value: Any) -> Any:
    """A flag's text as the field's type; what is no number is left to the field's own check."""
    if option.type is dict:
        return read_glossary(value)
    if option.type in (int, float):
        with contextlib.suppress(ValueError):
            return option.type(value)
    return value
