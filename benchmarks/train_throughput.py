"""Training speed of our Lightning loop beside a plain torch loop over `transformers`' Marian.

    python benchmarks/train_throughput.py

Same shape, same starting weights, same batches, same optimiser, float32. After each update of ours the
peer does its update on the very same batch, so the two take turns; our clock runs from the end of one
update to the end of the next and so counts the loader, the logging and all that Lightning does.
The peer has a process of its own, because `keep_freed_memory` is part of our loop and works on a whole
process; with --keep-memory the peer has it too. The figure is real source and target tokens a second,
padding not counted.
"""

import argparse
import logging
import multiprocessing
import random
import tempfile
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger
from rounds import Comparison, conditions, seconds
from torch.nn import functional
from torch.utils.data import DataLoader
from twins import make_twin

from seq2seq.config import PAD, ModelConfig
from seq2seq.model.batch import Batch, make_batch, token_budget_batches
from seq2seq.text.tokenizer import Tokenizer
from train.allocator import keep_freed_memory
from train.data.loader import BatchList, as_it_is
from train.tasks.translation import TranslationTask

WARM_UP = 3  # first updates, which do not count
SMOOTHING = 0.1


class Peer:
    """Plain training loop over the Marian twin of our model."""

    def __init__(self, task: TranslationTask):
        self.model = make_twin(task.model).train()
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=task.learning_rate,
            betas=(0.9, 0.98),
            eps=1e-9,
            weight_decay=0.0,
            fused=True,
        )

    def update(self, batch: Batch) -> float:
        """Run one update on a batch and return the loss."""
        assert batch.target_input is not None and batch.target_output is not None
        logits = self.model(
            input_ids=batch.source,
            attention_mask=batch.source != PAD,
            decoder_input_ids=batch.target_input,
            use_cache=False,
        ).logits
        loss = functional.cross_entropy(
            logits.flatten(0, 1), batch.target_output.flatten(), ignore_index=PAD, label_smoothing=SMOOTHING
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


class PeerProcess:
    """Peer in a process of its own, which makes the same weights and batches from the same seeds."""

    def __init__(self, vocabulary_size: int, budget: int, count: int, keep_memory: bool):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, vocabulary_size, budget, count, keep_memory)
        self.process = context.Process(target=answer_updates, args=arguments, daemon=True)
        self.process.start()

    def __call__(self, number: int) -> float:
        """Return the seconds of its update on a batch."""
        self.pipe.send(number)
        return self.pipe.recv()


def answer_updates(
    pipe: Connection, vocabulary_size: int, budget: int, count: int, keep_memory: bool
) -> None:
    """Run an update for each batch number received, and send its time."""
    if keep_memory:
        keep_freed_memory()
    peer = Peer(make_task(vocabulary_size))
    batches = random_batches(vocabulary_size, budget, count)
    while True:
        batch = batches[pipe.recv()]
        pipe.send(seconds(lambda batch=batch: peer.update(batch)))


class Race(Callback):
    """Callback that lets the peer repeat each update of ours, and keeps both times."""

    def __init__(self, time_peer: Callable[[int], float]):
        self.time_peer = time_peer
        self.comparison = Comparison("training")
        self.started = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, task: TranslationTask, outputs: object, batch: Batch, number: int
    ) -> None:
        """Stop our clock, time the peer on the same batch, start our clock again."""
        ours = perf_counter() - self.started
        theirs = self.time_peer(number)
        if number >= WARM_UP:
            self.comparison.add(batch.tokens, ours, theirs)
        self.started = perf_counter()


def random_batches(vocabulary_size: int, budget: int, count: int) -> list[Batch]:
    """Return batches of pairs as long as captions: about 14 tokens per side, random ids."""
    generator = random.Random(1)

    def sentence(length: int) -> list[int]:
        return [generator.randrange(4, vocabulary_size) for _ in range(length)]

    lengths = [max(4, round(generator.gauss(14, 5))) for _ in range(count * budget // 12)]
    pairs = [(sentence(n), sentence(max(4, n + generator.randint(-2, 4)))) for n in lengths]
    groups = token_budget_batches([(len(s) + 1, len(t) + 1) for s, t in pairs], budget, seed=1, epoch=0)
    rows = [[pairs[index] for index in group] for group in groups[:count]]
    return [make_batch([s for s, _ in row], [t for _, t in row]) for row in rows]


def make_task(vocabulary_size: int) -> TranslationTask:
    """Return the task of the recipe multi30k-en-de with fresh weights; nothing is decoded here."""
    torch.manual_seed(1)
    config = ModelConfig(vocabulary_size=vocabulary_size, dropout=0.3)
    words = [f"{a}{b}{c}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"]
    return TranslationTask(config, Tokenizer.train(words, 60), [], label_smoothing=SMOOTHING)


def run(
    task: TranslationTask, batches: list[Batch], folder: Path, time_peer: Callable[[int], float]
) -> Comparison:
    """Train once through the batches, the peer repeating each by its number; logs go to the folder."""
    race = Race(time_peer)
    trainer = Trainer(
        accelerator="cpu",
        callbacks=[race],
        max_steps=len(batches),
        limit_val_batches=0,
        log_every_n_steps=10,
        logger=CSVLogger(folder),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        # Lightning misses a validation set and a shorter logging interval: a race needs neither.
        warnings.filterwarnings("ignore", module="lightning")
        trainer.fit(task, DataLoader(BatchList(batches), batch_size=None, collate_fn=as_it_is))
    return race.comparison


def main() -> None:
    """Print one line: both speeds and how they compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--vocabulary-size", type=int, default=8000)
    parser.add_argument("--batch-tokens", type=int, default=4096, help="rows x longer padded side")
    parser.add_argument("--keep-memory", action="store_true", help="the peer keeps freed memory as ours does")
    arguments = parser.parse_args()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    keep_freed_memory()  # as `seq2seq train` does
    task = make_task(arguments.vocabulary_size)
    count = arguments.updates + WARM_UP
    batches = random_batches(arguments.vocabulary_size, arguments.batch_tokens, count)
    print(conditions(), flush=True)
    peer = PeerProcess(arguments.vocabulary_size, arguments.batch_tokens, count, arguments.keep_memory)
    with tempfile.TemporaryDirectory() as folder:
        print(run(task, batches, Path(folder), peer).line("tokens/s"))


if __name__ == "__main__":
    main()
