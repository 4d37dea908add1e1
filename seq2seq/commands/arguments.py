"""Flags that several commands share, and the models that they name.

The flags of `DecodeOptions` are made from its fields. Flags are written with hyphens; underscores, as in
Python, mean the same.
"""

import argparse
import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from seq2seq.inference.reranking import WEIGHT, NoisyChannel
from seq2seq.model.device import add_device
from seq2seq.options import DecodeOptions, OptionField, option_fields
from seq2seq.storage.registry import default_model, each_name, find_model, reverse_model
from seq2seq.text.glossary import read_glossary

if TYPE_CHECKING:
    from seq2seq.inference.backends.selection import Backend, ComputeType
    from seq2seq.inference.translator import Translator

AUTO, NONE = "auto", "none"  # values of --reverse and --rerank beside a model's name


class CommandParser(argparse.ArgumentParser):
    """An argument parser that takes no abbreviations and raises its errors (ValueError) as one sentence."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"seq2seq {command}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as a ValueError that points to the help."""
        raise ValueError(f"{message}; see {self.prog} --help")

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse a command line in which flags may have underscores."""
        end = argv.index("--") if "--" in argv else len(argv)
        return self.parse_args([_hyphenated(argument) for argument in argv[:end]] + list(argv[end:]))

    def add_model(self, *, required: bool) -> None:
        """Add the flags for the model and the device."""
        default = "" if required else "; by default a released model for the languages"
        self.add_argument(
            "--model",
            metavar="M",
            required=required,
            help=f"a released name, a model directory or a hub id; several, separated by commas, form an "
            f"ensemble{default}",
        )
        add_device(self)

    def add_languages(self) -> None:
        """Add the flags for the languages."""
        self.add_argument("--source-language", metavar="L", help="language of the texts, such as en")
        self.add_argument("--target-language", metavar="L", help="language of the translations, such as de")

    def add_parallel_files(self) -> None:
        """Add the flags for two files whose lines belong together."""
        self.add_argument("--source", metavar="FILE", required=True, help="source texts, one a line")
        self.add_argument("--target", metavar="FILE", required=True, help="their translations, one a line")

    def add_reverse(self) -> None:
        """Add the flag for the model of the reverse direction."""
        self.add_argument(
            "--reverse",
            metavar="M",
            default=AUTO,
            help=f"a model of the reverse direction, to align in both directions; {AUTO} (the default): a "
            f"released one, if there is one; {NONE}: align in one direction",
        )

    def add_rerank(self) -> None:
        """Add the flags for noisy-channel reranking."""
        self.add_argument(
            "--rerank",
            metavar="M",
            help=f"rerank the hypotheses of the beam with a model of the reverse direction; {AUTO}: a "
            "released one",
        )
        self.add_argument(
            "--rerank-weight",
            metavar="X",
            type=float,
            help=f"weight of that model's score, to be tuned on a validation set (default {WEIGHT})",
        )

    def add_decode_options(
        self, helps: Mapping[str, str] | None = None, names: Collection[str] | None = None
    ) -> None:
        """Add one flag for each field of DecodeOptions, or for those that `names` has.

        `helps` replaces the help and the default that is shown, by field name.
        """
        group = self.add_argument_group("decoding")
        for option in option_fields():
            if names is not None and option.name not in names:
                continue
            help = _help_of(option, (helps or {}).get(option.name))
            # A flag that was not given stays out of the namespace, so that DecodeOptions keeps its defaults
            # and commands can tell whether a flag was given.
            settings: dict[str, Any] = {"default": argparse.SUPPRESS, "help": help}
            if option.type is bool and option.default:
                settings["action"] = argparse.BooleanOptionalAction
            elif option.type is bool:
                settings["action"] = "store_true"
            else:
                settings["metavar"] = "FILE" if option.type is dict else "X"
            if option.type is list:
                settings["action"] = "append"
            group.add_argument("--" + option.name.replace("_", "-"), **settings)


def decode_options(arguments: argparse.Namespace, *, sampling: bool = False) -> DecodeOptions:
    """Return the options of a command line; with `sampling`, texts are sampled unless a beam is set.

    Raises:
        ValueError: naming the option that is wrong.
    """
    given = {o.name: _parsed(o, getattr(arguments, o.name)) for o in option_fields() if o.name in arguments}
    if sampling and "beam_size" not in given:
        given.setdefault("sampling_topk", 0)
    return DecodeOptions(**given)


def load_translator(arguments: argparse.Namespace) -> "Translator":
    """Load the model of --model, on --device, for the languages of the command line.

    A command without --backend searches by torch, or not at all.
    """
    source = getattr(arguments, "source_language", None)
    target = getattr(arguments, "target_language", None)
    names = each_name(arguments.model or default_model(source, target))
    for name in names:
        find_model(name)  # an unknown name is refused before torch is loaded
    from seq2seq.inference.translator import Translator

    backend, compute_type = backend_of(arguments)
    translator = Translator.from_pretrained(names, arguments.device, backend, compute_type)
    return translator.directed(source, target)


def backend_of(arguments: argparse.Namespace) -> "tuple[Backend, ComputeType]":
    """Return --backend and --compute-type; torch for a command without them."""
    return getattr(arguments, "backend", "torch"), getattr(arguments, "compute_type", "auto")


def load_reverse(name: str, translator: "Translator", device: str) -> "Translator | None":
    """Load the model of the reverse direction that --reverse or --rerank names; None if there is none.

    Raises:
        ValueError: the model does not translate in the reverse direction.
    """
    target, source = translator.source_language, translator.target_language
    if name == NONE or source is None or target is None:
        return None
    if name == AUTO and (source, target) in translator.settings.directions:
        return translator.directed(source, target)
    found = reverse_model(source, target) if name == AUTO else name
    if found is None:
        return None
    from seq2seq.inference.translator import Translator

    return Translator.from_pretrained(found, device, "torch").directed(source, target)


def check_rerank(arguments: argparse.Namespace, options: DecodeOptions) -> None:
    """Check the flags of reranking.

    Raises:
        ValueError: a weight without a model, or a search that finds one hypothesis only.
    """
    if arguments.rerank is None:
        if arguments.rerank_weight is not None:
            raise ValueError(
                f"--rerank-weight is {arguments.rerank_weight:g} without --rerank; name the reranking model"
            )
    elif options.search_kind != "beam" and options.num_hypotheses == 1:
        raise ValueError(
            f"--rerank {arguments.rerank} chooses among hypotheses, but {options.search_kind} finds one; "
            "search with a beam, or leave it out"
        )


def set_reranker(arguments: argparse.Namespace, translator: "Translator") -> None:
    """Set the translator's reranker to the one of --rerank, if that was given.

    Raises:
        ValueError: there is no model of the reverse direction.
    """
    if arguments.rerank is None:
        return
    reverse = load_reverse(arguments.rerank, translator, arguments.device)
    if reverse is None:
        raise ValueError(f"--rerank {arguments.rerank} finds no model of the reverse direction; name one")
    weight = WEIGHT if arguments.rerank_weight is None else arguments.rerank_weight
    translator.reranker = NoisyChannel(reverse, weight)


def _hyphenated(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value


def _help_of(option: OptionField, replacement: str | None) -> str:
    """Return a flag's help with its range; with its default, unless a replacement tells it."""
    help = (replacement or option.help).replace("%", "%%")  # argparse formats helps with %
    if option.type is list:
        return f"{help} May be given several times."
    if option.type is dict:
        return f"{help} A file with a term, a tab and its translation on each line."
    if not option.range:
        return help
    default = "" if replacement or option.default is None else f", default {option.default}"
    return f"{help} ({option.range}{default})"


def _parsed(option: OptionField, value: Any) -> Any:
    """Return a flag's value as the field's type; what is not a number is left to the field's own check."""
    if option.type is dict:
        return read_glossary(value)
    if option.type in (int, float):
        with contextlib.suppress(ValueError):
            return option.type(value)
    return value
