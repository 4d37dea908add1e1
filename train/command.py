"""`seq2seq train`: LightningCLI reads the settings, one run trains, a model directory is written.

    arguments ─> settings ─> run: data, task, trainer ─> fit ─> model directory

All files of a run are in runs/<config name>/; the path of the model directory is printed last.
"""

import argparse
import dataclasses
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import torch
from huggingface_hub.utils.tqdm import disable_progress_bars
from jsonargparse import ArgumentError, Namespace
from lightning import Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from seq2seq.config import ModelConfig
from seq2seq.storage.model_directory import load_language_model, load_model
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import LanguageSettings
from seq2seq.text.tokenizer import Tokenizer

from .allocator import keep_freed_memory, release_freed_memory
from .arguments import TrainCLI
from .callbacks.checkpoint_io import SafeCheckpointIO, read_checkpoint
from .callbacks.checkpoints import Checkpoints, StoppedError
from .callbacks.progress import Progress
from .callbacks.signals import StopSignals
from .data.language_module import LanguageData
from .data.module import TranslationData
from .data.placeholder_pieces import first_placeholder, with_placeholders, with_rows
from .data.word_links import rounds_for
from .export.language_model import write_language_model
from .export.translation import write_model
from .initialization import Initialization
from .pair_check import check_pairs
from .run import ROOT, RunFolder, recipe_naming, resolve_configs
from .tasks.language_model import LanguageTask
from .tasks.translation import TranslationTask


def main(argv: list[str]) -> int:
    """Train with the settings of a command line.

    Raises:
        ValueError: the command line, the config or the data is wrong; training has not begun.
        TrainingError: training failed.
        StoppedError: a signal stopped it.
    """
    _quiet()
    keep_freed_memory()
    try:
        args, name = resolve_configs(argv)
        cli = TrainCLI(args)
    except (TypeError, argparse.ArgumentError, ArgumentError, MisconfigurationException) as error:
        raise ValueError(_sentence(error)) from error
    if cli.config.init == "" and cli.config.ckpt_path is None:
        raise ValueError(
            f"--init is missing: {name} trains a model further; name one, such as --init en-de "
            "(`seq2seq models` lists them)"
        )
    folder = RunFolder(Path(cli.config.run_dir or ROOT / name))
    with folder.claimed():
        return _train(cli, folder)


def _train(cli: TrainCLI, folder: RunFolder) -> int:
    checkpoint, complaints = folder.prepare(cli.config.ckpt_path)
    for complaint in complaints:
        print(f"{complaint}; resuming from {checkpoint}", file=sys.stderr)
    try:
        run = TrainingRun(cli, folder, checkpoint)
    except (TypeError, MisconfigurationException) as error:
        raise ValueError(_sentence(error)) from error
    except ValueError as error:
        if recipe := _recipe_of_missing_file(error, cli):
            raise ValueError(f"{error}; the first lines of {recipe} say where its files come from") from error
        raise
    try:
        run.train()
    except StoppedError:
        if run.trainer.is_global_zero:  # of several processes one reports it
            raise
        return 1
    except torch.OutOfMemoryError as error:
        remedy = "lower data.batch_tokens and resume with --ckpt_path last"
        raise TrainingError(f"{_sentence(error)}; {remedy}") from error
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        raise TrainingError(_sentence(error)) from error
    return 0


def _recipe_of_missing_file(error: ValueError, cli: TrainCLI) -> Path | None:
    """Return the shipped recipe that names the file which the error did not find, if it is such an error."""
    if not isinstance(error.__cause__, FileNotFoundError):
        return None
    configs = [Path(str(path)) for path in cli.config.config]
    return recipe_naming(str(error.__cause__.filename), configs)


class TrainingError(Exception):
    """A failure after training had begun."""


class TrainingRun:
    """One run: data, model and trainer, made of its settings and of a checkpoint or model it starts from."""

    def __init__(self, cli: TrainCLI, folder: RunFolder, checkpoint: Path | None = None):
        self.cli, self.folder, self.checkpoint = cli, folder, checkpoint
        self.start = self._start_of_checkpoint()
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
        """Return pairs of texts, an encoder-decoder, and a note on pairs that are no translations, if any."""
        settings, seed = self.cli.sections, self.cli.config.seed_everything
        before = load_model(find_model(settings.init)) if settings.init and not self.start.shape else None
        if before:
            self.start = Initialization.of(settings.init, before.model.config, before.settings)
        shape = self.start.continued(ModelConfig(4, **vars(settings.model)))
        data = TranslationData(settings.data, shape.max_length, seed, self.start)
        tokenizer = before.tokenizer if before else self._own_tokenizer()
        if before and settings.data.has_placeholders:
            tokenizer = with_placeholders(before.tokenizer)
        data.load(tokenizer)
        release_freed_memory()  # of the vocabulary's training, as large as the corpus
        shape = dataclasses.replace(shape, vocabulary_size=len(data.tokenizer))
        # Loading data may draw random numbers; weights are those of the seed in any case.
        torch.manual_seed(seed)
        task = TranslationTask(shape, data.tokenizer, data.eval_examples(), data.codec, **vars(settings.task))
        resumed = self.checkpoint is not None
        note = None if resumed or data.codec else check_pairs(data.training, before)
        if before:
            start, fresh = first_placeholder(before.tokenizer), task.model.state_dict()
            task.model.load_state_dict(with_rows(before.model.state_dict(), start, fresh))
        return data, task, note

    def _language(self) -> tuple[LanguageData, LanguageTask, str | None]:
        """Return text and a decoder."""
        settings, seed = self.cli.sections, self.cli.config.seed_everything
        fresh = settings.init and not self.start.shape
        before = load_language_model(find_model(settings.init)) if fresh else None
        if before:
            self.start = Initialization.of(settings.init, before.model.config)
        shape = self.start.continued(ModelConfig(4, **vars(settings.model)))
        data = LanguageData(settings.data, shape.max_length, seed, self.folder.path)
        data.load(before.tokenizer if before else self._own_tokenizer())
        shape = dataclasses.replace(shape, vocabulary_size=len(data.tokenizer))
        torch.manual_seed(seed)
        described = LanguageSettings([settings.data.language], settings.data.ends)
        task = LanguageTask(shape, data.tokenizer, described, data.characters_a_token, **vars(settings.task))
        if before:
            task.model.load_state_dict(before.model.state_dict())
        return data, task, None

    def _start_of_checkpoint(self) -> Initialization:
        """Return the start that the checkpoint stores; checkpoints of older versions store none."""
        stored = read_checkpoint(self.checkpoint).get("start") if self.checkpoint else None
        return Initialization.from_json(stored) if stored else Initialization()

    def _recipe(self) -> str:
        """Return the settings as YAML that train the same model again, with --init and the model's shape."""
        config = self.cli.config.clone()
        shape = self.task.model.config.to_json()
        del shape["vocabulary_size"]
        config.ckpt_path, config.init, config.model = None, self.start.init, _namespace(shape)
        config.run_dir = None  # where this run is, another would overwrite it
        return str(self.cli.parser.dump(config, skip_unset=False))

    def train(self) -> None:
        """Train, then write the model directory and print its path."""
        self.recipe = self._recipe()
        if self.trainer.is_global_zero:
            self.folder.path.mkdir(parents=True, exist_ok=True)
            (self.folder.path / "config.yaml").write_text(self.recipe, encoding="utf-8")
            self.data.tokenizer.save(self.folder.tokenizer)
            self.progress.say(self.data.report)
            for note in (self.note, precision_note(self.trainer)):
                if note:
                    self.progress.say(note)
        if isinstance(self.task, TranslationTask) and self.task.guided:
            assert isinstance(self.data, TranslationData)
            rounds = rounds_for(self.data.segmentation.texts)
            with self.progress.counting("aligning the training text", rounds) as advance:
                self.data.link_words(self.folder.links, advance)
        with self.stopping:
            self.trainer.fit(self.task, datamodule=self.data, ckpt_path=self.checkpoint)
        if self.trainer.is_global_zero:
            release_freed_memory()  # the links of the export need room of other sizes than updates
            rest = self.checkpoints, self.trainer.global_step, self.recipe
            if isinstance(self.task, LanguageTask):
                assert isinstance(self.data, LanguageData)
                report = write_language_model(self.folder.model, self.task, self.data, *rest)
            else:
                assert isinstance(self.data, TranslationData)
                report = write_model(self.folder.model, self.task, self.data, *rest)
            for line in report:
                self.progress.say(line)
            print(self.folder.model, flush=True)

    def _own_tokenizer(self) -> Tokenizer | None:
        resumed = self.cli.config.ckpt_path is not None or "LOCAL_RANK" in os.environ
        return Tokenizer.load(self.folder.tokenizer) if resumed else None

    def _early_stopping(self) -> EarlyStopping:
        """Return the callback that stops when the monitored measure no longer improves."""
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
        """Return Lightning's trainer with our callbacks, loggers and checkpoint files.

        Raises:
            ValueError: a setting of the trainer that does not apply to endless batches.
        """
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
            *_listed(settings["callbacks"]),
            self.progress,
            self.stopping,
            self._early_stopping(),
            self.checkpoints,
        ]
        settings["plugins"] = [*_listed(settings["plugins"]), SafeCheckpointIO()]
        if settings["logger"] is not False:
            logs = self.folder.logs
            settings["logger"] = [
                *([] if settings["logger"] is True else _listed(settings["logger"])),
                CSVLogger(logs, name="csv", version=self.folder.next_log()),
                TensorBoardLogger(logs, name="tensorboard", version=""),
            ]
        settings["default_root_dir"] = self.folder.path
        settings["enable_model_summary"] = settings["enable_progress_bar"] = False  # `Progress` shows both
        return Trainer(**settings)


def precision_note(trainer: Trainer) -> str | None:
    """Return a note where the precision is slower than float32: a processor without bfloat16 emulates it."""
    precision = str(trainer.precision)
    on_processor = trainer.strategy.root_device.type == "cpu"
    if not (on_processor and precision.startswith("bf16")) or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return None
    return (
        f"note: trainer.precision is {precision}, but this processor has no bfloat16 instructions: an update "
        "takes several times as long as with 32-true, the default"
    )


def _listed(value: Any) -> list[Any]:
    """Return what a setting names, one object or several, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _namespace(values: dict[str, Any]) -> Namespace:
    """Return a nested dictionary as a nested namespace, as the parser would read it."""
    make: Callable[..., Namespace] = Namespace  # jsonargparse has no types for it
    return make(
        **{name: _namespace(value) if isinstance(value, dict) else value for name, value in values.items()}
    )


def _sentence(error: Exception) -> str:
    """Return an error in one line; for an unknown name, with the way to list the known ones."""
    text = " ".join(str(error).split())
    unknown = ("unrecognized arguments", "not accept")
    if not any(map(text.__contains__, unknown)):
        return text
    return f"{text}{'' if text.endswith('?') else ';'} seq2seq train --help lists them all"


def _quiet() -> None:
    """Silence tips and warnings of Lightning, which are for programs written with it."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.fabric.utilities.seed"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
        disable_progress_bars()
    warnings.filterwarnings("ignore", module="torch.utils.data")
