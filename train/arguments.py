"""The settings of one run, as a recipe and the command line give them.

    data, model, task, checkpoints, early_stopping, trainer    sections of a recipe, and dotted flags
    ckpt_path, init, run_dir                                   flags of one start of a run

`command.py` makes data, model and trainer of them.
"""

import dataclasses
import difflib
import re
from argparse import ArgumentError
from collections.abc import Iterable
from typing import Any

from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from seq2seq.config import ModelConfig

from .callbacks.checkpoints import Checkpoints
from .data.corpus import Corpus
from .data.language_module import TextSettings
from .data.module import DataSettings
from .run import model_kind
from .tasks.language_model import LanguageTask
from .tasks.translation import TranslationTask

DESCRIPTION = (
    "Train a model from a recipe. The settings depend on the kind of model: `seq2seq train --help` lists "
    "those of an encoder-decoder, `seq2seq train --config text --help` those of a language model."
)
ALIKE = 0.7  # of spellings, as difflib measures it
_CHOICE = re.compile(r'Parser key "([\w.]+)": Expected a typing.Literal\[(.+)\]\. Got value: (.+)')
CONFIG_HELP = "A shipped recipe by its name, such as quickstart, or a YAML file; a further one overrides it."


class TrainCLI(LightningCLI):
    """The settings of one run; objects are made by `main`, for they depend on the run's folder."""

    def __init__(self, args: list[str]):
        self.language = model_kind(args) == "decoder"
        super().__init__(
            LightningModule,
            LightningDataModule,
            save_config_callback=None,
            seed_everything_default=1,
            parser_kwargs={
                "prog": "seq2seq train",
                "description": DESCRIPTION,
                "exit_on_error": False,
                "allow_abbrev": False,
            },
            args=args,
            run=False,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
        )

    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:
        """Make the parser, with a help of --config that mentions recipes, which Lightning's does not."""
        parser = super().init_parser(**kwargs)
        parser._option_string_actions["--config"].help = CONFIG_HELP
        return parser

    def add_core_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the sections of a recipe."""
        data, task = (TextSettings, LanguageTask) if self.language else (DataSettings, TranslationTask)
        # These come from the data and not from a recipe.
        computed = {"config", "tokenizer", "eval_examples", "codec", "settings", "characters_a_token"}
        parser.add_class_arguments(data, "data")
        parser.add_class_arguments(ModelConfig, "model", skip={"vocabulary_size"}, instantiate=False)
        parser.add_class_arguments(task, "task", skip=computed, instantiate=False)
        own = {"folder", "measures", "criterion"}
        parser.add_class_arguments(Checkpoints, "checkpoints", skip=own, instantiate=False)
        parser.add_class_arguments(EarlyStopping, "early_stopping", instantiate=False)
        parser.add_lightning_class_args(Trainer, "trainer")
        parser.set_defaults(
            {
                "early_stopping.monitor": "valid_loss" if self.language else "valid_bleu",
                "early_stopping.mode": "auto",  # max for scores, min for losses
                "early_stopping.patience": 20,
                "trainer.max_steps": 8000,
                "trainer.val_check_interval": 500,
                "trainer.check_val_every_n_epoch": None,
                "trainer.num_sanity_val_steps": 0,
                "trainer.use_distributed_sampler": False,
                "trainer.log_every_n_steps": 10,
            }
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the flags of one start of a run, which are not part of its recipe."""
        parser.add_argument(
            "--ckpt_path", type=str | None, help="last: resume this run from its last checkpoint."
        )
        parser.add_argument(
            "--init",
            type=str | None,
            help="The model whose weights to start from: a released name, a model directory or a hub id.",
        )
        parser.add_argument(
            "--run_dir", type=str | None, help="Folder of the run instead of runs/<config name>."
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse; Lightning's version warns where the arguments are not those of the process.

        Raises:
            ArgumentError: with the setting that a mistyped one is near to.
        """
        try:
            self.config = parser.parse_args(args)
        except ArgumentError as error:
            raise ArgumentError(None, corrected(str(error), _settings_of(parser))) from error

    def instantiate_classes(self) -> None:
        """Make the sections; the model follows later, for its size depends on the vocabulary."""
        self.sections = self.parser.instantiate(self.config)


def corrected(message: str, settings: Iterable[str]) -> str:
    """Return the parser's message about a name or value that it does not know, with the one that is meant."""
    text = re.sub(r"Problem with given class_path '[\w.]+': ", "", " ".join(message.split()))
    known = list(settings)
    if found := _CHOICE.search(text):
        name, choices, value = found.groups()
        allowed = re.findall(r"'([^']+)'", choices)
        meant = [f"; did you mean {each}?" for each in difflib.get_close_matches(value, allowed, 1)]
        return "".join([f"{name} is {value!r}; choose {' or '.join(allowed)}", *meant])
    if found := re.search(r"Group '([\w.]+)' does not accept option '([\w.]+)'", text):
        unknown = [f"{found[1]}.{found[2]}"]
    elif found := re.search(r'(?:Parser key "([\w.]+)": )?Option \'([\w.]+)\' is not accepted', text):
        unknown = [found[2]]
        if found[1]:  # of a corpus in a list
            known = [field.name for field in dataclasses.fields(Corpus)]
    elif text.startswith("unrecognized arguments: "):
        unknown = re.findall(r"(?<!\S)--([\w.]+)", text)
    else:
        return text
    nearest = dict.fromkeys(near for name in unknown if (near := _nearest(name, known)))
    return f"{text}; did you mean {' and '.join(nearest)}?" if nearest else text


def _nearest(name: str, known: list[str]) -> str | None:
    """Return the setting that a name is meant for: the same of another section, else the most alike."""
    *_, last = name.split(".")
    same = [each for each in known if each.split(".")[-1] == last]
    return same[0] if len(same) == 1 else next(iter(difflib.get_close_matches(name, known, 1, ALIKE)), None)


def _settings_of(parser: LightningArgumentParser) -> list[str]:
    names = [action.dest for action in parser._actions if action.dest not in ("help", "config")]
    sections = {name.rpartition(".")[0] for name in names}
    return [name for name in names if name not in sections]
