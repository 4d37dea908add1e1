"""The settings of one run, as a recipe and the command line give them.

    data, model, task, checkpoints, early_stopping, trainer    sections of a recipe, and dotted flags
    ckpt_path, init, run_dir                                   what belongs to one start of a run

What is made of them is up to `command.py`.
"""

from typing import Any

from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from seq2seq.config import ModelConfig

from .callbacks.checkpoints import Checkpoints
from .data.language_module import TextSettings
from .data.module import DataSettings
from .run import model_kind
from .tasks.language_model import LanguageTask
from .tasks.translation import TranslationTask

DESCRIPTION = (
    "Train a model from a recipe. The settings depend on the kind of model: `seq2seq train --help` lists "
    "those of an encoder-decoder, `seq2seq train --config text --help` those of a language model."
)
CONFIG_HELP = "A shipped recipe by its name, such as quickstart, or a YAML file; a further one lies over it."


class TrainCLI(LightningCLI):
    """The settings of one run; what is made of them depends on its folder, so `main` makes it."""

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
        """The parser with its first flag, of which Lightning would not say that it takes a recipe's name."""
        parser = super().init_parser(**kwargs)
        parser._option_string_actions["--config"].help = CONFIG_HELP
        return parser

    def add_core_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The sections of a recipe."""
        data, task = (TextSettings, LanguageTask) if self.language else (DataSettings, TranslationTask)
        made = {
            "config",
            "tokenizer",
            "judged",
            "form",
            "settings",
            "characters_a_token",
        }  # of the data, by the run
        parser.add_class_arguments(data, "data")
        parser.add_class_arguments(ModelConfig, "model", skip={"vocabulary_size"}, instantiate=False)
        parser.add_class_arguments(task, "task", skip=made, instantiate=False)
        own = {"folder", "measures", "criterion"}
        parser.add_class_arguments(Checkpoints, "checkpoints", skip=own, instantiate=False)
        parser.add_class_arguments(EarlyStopping, "early_stopping", instantiate=False)
        parser.add_lightning_class_args(Trainer, "trainer")
        parser.set_defaults(
            {
                "early_stopping.monitor": "valid_loss" if self.language else "valid_bleu",
                "early_stopping.mode": "auto",  # max for scores, min for losses; or as it is told
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
        """What belongs to one start of a run and not to its recipe."""
        parser.add_argument("--ckpt_path", type=str | None, help="last: go on with this run where it stands.")
        parser.add_argument("--init", type=str | None, help="A model whose weights to start from.")
        parser.add_argument(
            "--run_dir", type=str | None, help="Folder of the run instead of runs/<config name>."
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse; Lightning would warn of arguments that are not the process's own."""
        self.config = parser.parse_args(args)

    def instantiate_classes(self) -> None:
        """Nothing yet: the model's size depends on the vocabulary, and that on the run's folder."""
        self.sections = self.parser.instantiate_classes(self.config)
