"""A peer of equal size on the same data: `transformers`' MarianMTModel, trained by a plain torch loop.

    python benchmarks/marian_peer.py --run runs/en-zh --out runs/marian --test zh:test.en:test.zh

The run is one of `seq2seq train`: its config.yaml says the data, the shape and the number of updates, its
vocabulary and its batches are used as they are, tags included. The loop is the usual one: label smoothing,
warm-up, a linear fall, validation now and then, the best weights kept. Stopped, it goes on where it was.
Each --test is LANGUAGE:SOURCE:REFERENCE, translated into that language with a beam of 5 and scored as
`seq2seq evaluate` does.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor
from torch.nn import functional
from transformers import MarianConfig, MarianMTModel
from twins import peer_shape

from seq2seq.config import EOS, PAD, ModelConfig
from seq2seq.metrics.corpus import score_corpus
from seq2seq.model.batch import Batch, make_batch, token_budget_batches
from seq2seq.text.tables import read_lines
from seq2seq.text.tokenizer import Tokenizer
from train.callbacks.checkpoint_io import write_beside
from train.data.batch_order import BatchOrder, BatchPosition
from train.data.corpus import Corpus
from train.data.examples import Example
from train.data.loader import BatchStream
from train.data.module import DataSettings, TranslationData
from train.tasks.schedule import factor
from train.tasks.validation import score

BEAM, BUDGET = 5, 2048
SMOOTHING = 0.1


class Settings:
    """Settings of a run of `seq2seq train`, and the peer's own where they differ."""

    def __init__(self, run: Path, rate: float | None, bf16: bool):
        recipe: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        known = {**recipe["data"], "also": [Corpus(**each) for each in recipe["data"]["also"]]}
        self.data = DataSettings(**known)
        self.tokenizer = Tokenizer.load(run / "tokenizer.model")
        shape = {**recipe["model"], "positions": "sinusoidal"}  # Marian's, whatever the run's are
        self.shape = ModelConfig.from_json({"vocabulary_size": len(self.tokenizer), **shape})
        self.seed: int = recipe["seed_everything"]
        self.updates: int = recipe["trainer"]["max_steps"]
        self.every: int = recipe["trainer"]["val_check_interval"]
        self.warmup: int = recipe["task"]["warmup"]
        self.rate: float = rate or recipe["task"]["learning_rate"]
        self.bf16 = bf16

    def precision(self) -> AbstractContextManager[Any]:
        """Return the precision context of the training pass."""
        return torch.autocast("cpu", torch.bfloat16) if self.bf16 else nullcontext()


class Training:
    """The plain loop: model, optimizer, position in the data, and the best weights so far."""

    def __init__(self, settings: Settings, out: Path):
        self.settings, self.out = settings, out
        torch.manual_seed(settings.seed)
        # Marian has norms after each branch, whatever the run's model has.
        self.model = MarianMTModel(MarianConfig(**peer_shape(settings.shape), forced_eos_token_id=None))
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), betas=(0.9, 0.98), eps=1e-9, weight_decay=0
        )
        self.done, self.start = 0, BatchPosition()
        self.best: dict[str, Any] = {"bleu": -1.0, "update": 0, "model": self.model.state_dict()}
        if (out / "last.pt").is_file():
            self.resume()

    def resume(self) -> None:
        """Resume at the last validation."""
        kept = torch.load(self.out / "last.pt", weights_only=True)
        self.model.load_state_dict(kept["model"])
        self.optimizer.load_state_dict(kept["optimizer"])
        torch.set_rng_state(kept["random"])
        self.done, self.start, self.best = kept["done"], BatchPosition(*kept["place"]), kept["best"]

    def run(self, data: TranslationData) -> None:
        """Train to the last update, with validations."""
        order = BatchOrder(
            data.segmentation, self.settings.data.batch_tokens, self.settings.seed, start=self.start
        )
        judged = data.eval_examples()
        begun = self.done
        for batch in itertools.islice(BatchStream(order), self.settings.updates - begun):
            loss = self.update(batch)
            self.done += 1
            if self.done % self.settings.every == 0 or self.done == self.settings.updates:
                bleu = score(translate(self.model, self.settings.tokenizer, judged, 1), judged).bleu
                print(f"update {self.done}: train loss {loss:.3f}, valid BLEU {bleu:.2f}", flush=True)
                if bleu > self.best["bleu"]:
                    weights = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
                    self.best = {"bleu": bleu, "update": self.done, "model": weights}
                self.save(order.position_after(self.done - begun))

    def update(self, batch: Batch) -> float:
        """Run one update and return its loss."""
        assert batch.target_input is not None and batch.target_output is not None
        self.model.train()
        rate = self.settings.rate * factor(
            "linear", self.done + 1, self.settings.warmup, self.settings.updates
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self.settings.precision():
            logits = self.model(
                input_ids=batch.source,
                attention_mask=batch.source != PAD,
                decoder_input_ids=batch.target_input,
                use_cache=False,
            ).logits
        wanted = batch.target_output.flatten()
        loss = functional.cross_entropy(
            logits.float().flatten(0, 1), wanted, ignore_index=PAD, label_smoothing=SMOOTHING
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def save(self, place: BatchPosition) -> None:
        """Save everything that `resume` needs."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "done": self.done,
            "place": (place.epoch, place.position),
            "best": self.best,
        }
        write_beside(self.out / "last.pt", lambda file: torch.save(state, file))


@torch.inference_mode()
def translate(
    model: MarianMTModel, tokenizer: Tokenizer, examples: Sequence[Example], beam: int
) -> list[str]:
    """Return the best translation of each source by `generate`, in order."""
    model.eval()
    sources = [tokenizer.encode(each.source) + tokenizer.tag(each.target_language) for each in examples]
    found = [""] * len(sources)
    lengths = [(len(ids) + 1, 1) for ids in sources]
    for rows in token_budget_batches(lengths, max(BUDGET, max(lengths)[0]), seed=None):
        source = make_batch([sources[row] for row in rows]).source
        written = model.generate(
            input_ids=source,
            attention_mask=(source != PAD).long(),
            num_beams=beam,
            do_sample=False,
            length_penalty=1.0,
            max_new_tokens=min(model.config.max_position_embeddings - 2, 2 * source.shape[1] + 20),
        )
        for row, ids in zip(rows, real_pieces(written), strict=True):
            found[row] = tokenizer.decode(ids)
    return found


def real_pieces(written: Tensor) -> Iterator[list[int]]:
    """Yield the tokens of each row without special symbols."""
    return ([token for token in row if token > EOS] for row in written.tolist())


def judge(training: Training, named: str) -> str:
    """Return a line with the scores of one test set."""
    language, source, reference = named.split(":")
    examples = [
        Example(text, wanted, "", language)
        for text, wanted in zip(read_lines(source), read_lines(reference), strict=True)
    ]
    outputs = translate(training.model, training.settings.tokenizer, examples, BEAM)
    (training.out / f"{Path(reference).name}.output").write_text("\n".join(outputs) + "\n", encoding="utf-8")
    scores = score_corpus(outputs, [[each.target for each in examples]], language)
    return f"{named}: " + ", ".join(f"{each.name} {each.value:.2f} ({each.signature})" for each in scores)


def main(argv: Sequence[str]) -> None:
    """Train, then print a line for each test set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True, help="a run of `seq2seq train` to stand beside")
    parser.add_argument("--out", type=Path, required=True, help="folder of the peer's checkpoint and outputs")
    parser.add_argument("--learning-rate", type=float, help="instead of the run's: post-norm bears less")
    parser.add_argument("--updates", type=int, help="instead of the run's")
    parser.add_argument("--bf16", action="store_true", help="multiply in bfloat16, as the run may have")
    parser.add_argument(
        "--test", action="append", default=[], help="LANGUAGE:SOURCE:REFERENCE, once a test set"
    )
    arguments = parser.parse_args(argv)
    settings = Settings(arguments.run, arguments.learning_rate, arguments.bf16)
    settings.updates = arguments.updates or settings.updates
    data = TranslationData(settings.data, settings.shape.max_length, settings.seed)
    data.load(settings.tokenizer)
    training = Training(settings, arguments.out)
    print(
        f"{sum(p.numel() for p in training.model.parameters() if p.requires_grad):,} parameters", flush=True
    )
    training.run(data)
    training.model.load_state_dict(training.best["model"])
    print(f"the best weights are of update {training.best['update']}", flush=True)
    for named in arguments.test:
        print(judge(training, named), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
