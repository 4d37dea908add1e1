"""`seq2seq train`: LightningCLI reads the settings, one run trains, a model directory is written.

    arguments ─> settings ─> run: data, task, trainer ─> fit ─> model directory

Everything of a run lies in runs/<config name>/; the path of the model directory is printed last.
"""

import argparse
import dataclasses
import logging
import os
import sys
import warnings
from pathlib import Path

import datasets
import huggingface_hub
import torch
from jsonargparse import ArgumentError, dict_to_namespace
from lightning import Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from seq2seq.config import ModelConfig
from seq2seq.storage.model_directory import load_language_model, load_model
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import LanguageSettings
from seq2seq.text.tokenizer import Tokenizer

from .allocator import keep_freed_memory
from .arguments import TrainCLI
from .callbacks.checkpoint_io import SafeCheckpointIO, read_checkpoint
from .callbacks.checkpoints import Checkpoints, StoppedError
from .callbacks.progress import Progress
from .callbacks.signals import StopSignals
from .data.language_module import LanguageData
from .data.module import TranslationData
from .data.word_links import rounds_for
from .export.language_model import write_language_model
from .export.translation import write_model
from .init_check import init_mismatch
from .initialization import Initialization
from .run import ROOT, RunFolder, recipe_naming, resolve_configs
from .tasks.language_model import LanguageTask
from .tasks.translation import TranslationTask


def main(argv: list[str]) -> int:
    """Train as the command line says.

    Raises:
        ValueError: the command line, the config or the data is wrong, so training has not begun.
        TrainingError: it failed; StoppedError: somebody asked it to stop.
    """
    _quiet()
    keep_freed_memory()
    try:
        args, name = resolve_configs(argv)
        cli = TrainCLI(args)
    except (TypeError, argparse.ArgumentError, ArgumentError, MisconfigurationException) as error:
        raise ValueError(_sentence(error)) from error
    folder = RunFolder(Path(cli.config.run_dir or ROOT / name))
    with folder.claimed():
        return _train(cli, folder)


def _train(cli: TrainCLI, folder: RunFolder) -> int:
    checkpoint, complaints = folder.prepare(cli.config.ckpt_path)
    for complaint in complaints:
        print(f"{complaint}; going on with {checkpoint}", file=sys.stderr)
    try:
        run = TrainingRun(cli, folder, checkpoint)
    except (TypeError, MisconfigurationException) as error:
        raise ValueError(_sentence(error)) from error
    except ValueError as error:
        if recipe := _recipe_lacking(error, cli):
            raise ValueError(f"{error}; the first lines of {recipe} say where its files come from") from error
        raise
    try:
        run.train()
    except StoppedError:
        if run.trainer.is_global_zero:  # of several processes one says it
            raise
        return 1
    except torch.OutOfMemoryError as error:
        remedy = "lower data.batch_tokens and go on with --ckpt_path last"
        raise TrainingError(f"{_sentence(error)}; {remedy}") from error
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        raise TrainingError(_sentence(error)) from error
    return 0


def _recipe_lacking(error: ValueError, cli: TrainCLI) -> Path | None:
    """The shipped recipe whose file was not found, if that is what the error says."""
    if not isinstance(error.__cause__, FileNotFoundError):
        return None
    configs = [Path(str(path)) for path in cli.config.config]
    return recipe_naming(str(error.__cause__.filename), configs)


class TrainingError(Exception):
    """A training that had begun and cannot go on."""


class TrainingRun:
    """One run, made of its settings: data, model, trainer; and of what it goes on from."""

    def __init__(self, cli: TrainCLI, folder: RunFolder, checkpoint: Path | None = None):
        self.cli, self.folder, self.checkpoint = cli, folder, checkpoint
        self.start = self._kept_start()
        settings = cli.sections
        self.data: TranslationData | LanguageData
        self.task: TranslationTask | LanguageTask
        self.data, self.task, self.note = self._language() if cli.language else self._translation()
        self.checkpoints = Checkpoints(
            folder.checkpoints, self.task.measures, self.task.criterion, **vars(settings.checkpoints)
        )
        self.progress = Progress(self.checkpoints, settings.trainer.enable_progress_bar is not False)
        self.trainer = self.make_trainer()

    def _translation(self) -> tuple[TranslationData, TranslationTask, str | None]:
        """Pairs of texts, an encoder-decoder, and what is to be said of going on from --init."""
        settings, seed = self.cli.sections, self.cli.config.seed_everything
        before = load_model(find_model(settings.init)) if settings.init and not self.start.shape else None
        if before:
            self.start = Initialization.of(settings.init, before.model.config, before.settings)
        shape = self.start.continued(ModelConfig(4, **vars(settings.model)))
        data = TranslationData(settings.data, shape.max_length, seed, self.start)
        data.load(before.tokenizer if before else self._own_tokenizer())
        shape = dataclasses.replace(shape, vocabulary_size=len(data.tokenizer))
        torch.manual_seed(seed)
        task = TranslationTask(shape, data.tokenizer, data.judged(), data.form, **vars(settings.task))
        note = init_mismatch(before, data.training) if before else None
        if before:
            task.model.load_state_dict(before.model.state_dict())
        return data, task, note

    def _language(self) -> tuple[LanguageData, LanguageTask, str | None]:
        """Text and a decoder."""
        settings, seed = self.cli.sections, self.cli.config.seed_everything
        wanted = settings.init and not self.start.shape
        before = load_language_model(find_model(settings.init)) if wanted else None
        if before:
            self.start = Initialization.of(settings.init, before.model.config)
        shape = self.start.continued(ModelConfig(4, **vars(settings.model)))
        data = LanguageData(settings.data, shape.max_length, seed, self.folder.path)
        data.load(before.tokenizer if before else self._own_tokenizer())
        shape = dataclasses.replace(shape, vocabulary_size=len(data.tokenizer))
        torch.manual_seed(seed)
        kept = LanguageSettings([settings.data.language], settings.data.ends)
        task = LanguageTask(shape, data.tokenizer, kept, data.characters_a_token, **vars(settings.task))
        if before:
            task.model.load_state_dict(before.model.state_dict())
        return data, task, None

    def _kept_start(self) -> Initialization:
        """What the run began with, as its checkpoint has it; one of an older run does not say."""
        kept = read_checkpoint(self.checkpoint).get("start") if self.checkpoint else None
        return Initialization.from_json(kept) if kept else Initialization()

    def _recipe(self) -> str:
        """What would train the same again: the settings, and where the weights and the shape came from."""
        config = self.cli.config.clone()
        shape = self.task.model.config.to_json()
        del shape["vocabulary_size"]
        config.ckpt_path, config.init, config.model = None, self.start.init, dict_to_namespace(shape)
        return self.cli.parser.dump(config, skip_none=False)

    def train(self) -> None:
        """Fit, then write the model directory and say where it is."""
        self.recipe = self._recipe()
        if self.trainer.is_global_zero:
            self.folder.path.mkdir(parents=True, exist_ok=True)
            (self.folder.path / "config.yaml").write_text(self.recipe, encoding="utf-8")
            self.data.tokenizer.save(self.folder.tokenizer)
            self.progress.say(self.data.report)
            if self.note:
                self.progress.say(self.note)
        if isinstance(self.task, TranslationTask) and self.task.guided:
            assert isinstance(self.data, TranslationData)
            rounds = rounds_for(self.data.segmentation.texts)
            with self.progress.counting("aligning the training text", rounds) as advance:
                self.data.link_words(self.folder.links, advance)
        with self.stopping:
            self.trainer.fit(self.task, datamodule=self.data, ckpt_path=self.checkpoint)
        if self.trainer.is_global_zero:
            rest = self.checkpoints, self.trainer.global_step, self.recipe
            if isinstance(self.task, LanguageTask):
                assert isinstance(self.data, LanguageData)
                told = write_language_model(self.folder.model, self.task, self.data, *rest)
            else:
                assert isinstance(self.data, TranslationData)
                told = write_model(self.folder.model, self.task, self.data, *rest)
            for line in told:
                self.progress.say(line)
            print(self.folder.model, flush=True)

    def _own_tokenizer(self) -> Tokenizer | None:
        resumed = self.cli.config.ckpt_path is not None or "LOCAL_RANK" in os.environ
        return Tokenizer.load(self.folder.tokenizer) if resumed else None

    def _early_stopping(self) -> EarlyStopping:
        """Stop where what is monitored gets better no more: losses fall, scores rise."""
        settings = {**vars(self.cli.sections.early_stopping)}
        known = {f"valid_{name}": name in ("bleu", "chrf") for name in self.task.measures} | {
            "train_loss": False
        }
        if isinstance(self.data, TranslationData):
            known |= {f"valid_bleu_{source}_{target}": True for source, target in self.data.directions}
        monitor = settings["monitor"]
        if monitor not in known:
            raise ValueError(f"early_stopping.monitor is {monitor!r}; choose one of {', '.join(known)}")
        if settings["mode"] == "auto":
            settings["mode"] = "max" if known[monitor] else "min"
        return EarlyStopping(**settings)

    def make_trainer(self) -> Trainer:
        settings = {**vars(self.cli.sections.trainer)}
        self.stopping = StopSignals(self.checkpoints)
        self.checkpoints.start = self.start.to_json(self.task.model.config)
        if settings["max_epochs"] is not None:
            raise ValueError(
                f"trainer.max_epochs is {settings['max_epochs']}; training is measured in updates, "
                "set trainer.max_steps instead"
            )
        for name in ("limit_train_batches", "overfit_batches"):
            if settings[name]:
                raise ValueError(
                    f"trainer.{name} is {settings[name]}; batches have no end, set trainer.max_steps instead"
                )
        settings["callbacks"] = [
            *(settings["callbacks"] or []),
            self.progress,
            self.stopping,
            self._early_stopping(),
            self.checkpoints,
        ]
        settings["plugins"] = [*(settings["plugins"] or []), SafeCheckpointIO()]
        logs = self.folder.logs
        settings["logger"] = [
            CSVLogger(logs, name="csv", version=self.folder.next_log()),
            TensorBoardLogger(logs, name="tensorboard", version=""),
        ]
        settings["default_root_dir"] = self.folder.path
        settings["enable_model_summary"] = settings["enable_progress_bar"] = False  # Progress is ours
        return Trainer(**settings)


def _sentence(error: Exception) -> str:
    """An error in one line; where a name is not known, with the way to the known ones."""
    text = " ".join(str(error).split())
    unknown = ("unrecognized arguments", "not accept")
    return f"{text}; seq2seq train --help lists them all" if any(map(text.__contains__, unknown)) else text


def _quiet() -> None:
    """Lightning's tips and warnings concern its own users, not ours."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.fabric.utilities.seed"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
        huggingface_hub.utils.disable_progress_bars()
    warnings.filterwarnings("ignore", module="torch.utils.data")
