"""The task of a language model: predict each next token of a window.

    loss = cross-entropy / tokens                    valid_nats = loss x tokens / characters

Measures are train_loss, valid_loss, valid_perplexity (per token) and valid_nats (per character, which
compares models with different vocabularies).
"""

from typing import ClassVar

from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.inference.generator import Generator
from seq2seq.model.language_model import LanguageModel
from seq2seq.options import DecodeOptions
from seq2seq.storage.settings import LanguageSettings
from seq2seq.text.tokenizer import Tokenizer

from ..data.windows import WindowBatch
from .base import BaseTask, cut
from .loss import Loss, fused_loss, plain_loss
from .schedule import Schedule

SAMPLE = DecodeOptions(sampling_topk=0, max_length=160, seed=1)


class LanguageTask(BaseTask):
    """A language model, its loss and its optimiser.

    Args:
        config: the model's shape.
        tokenizer: for the samples.
        settings: of config.json, beside the shape.
        characters_a_token: of the validation text.
        learning_rate: the peak, reached at the end of the warm-up.
        schedule: how the rate falls after it.
        warmup: updates of the warm-up.
        weight_decay: decoupled (AdamW); 0 is plain Adam.
        beta: decay of Adam's second moment.
        label_smoothing: share of the probability spread over the whole vocabulary.
        compile: run the training pass through torch.compile.
        samples: texts generated at each validation.
    """

    measures: ClassVar[tuple[str, ...]] = ("loss", "perplexity", "nats")
    criterion: ClassVar[str] = "loss"

    def __init__(
        self,
        config: ModelConfig,
        tokenizer: Tokenizer,
        settings: LanguageSettings,
        characters_a_token: float,
        learning_rate: float = 1e-3,
        schedule: Schedule = "cosine",
        warmup: int = 100,
        weight_decay: float = 0.0,
        beta: float = 0.99,
        label_smoothing: float = 0.0,
        compile: bool = False,
        samples: int = 1,
    ):
        super().__init__(
            learning_rate,
            schedule,
            warmup,
            weight_decay,
            beta=beta,
            label_smoothing=label_smoothing,
            compile=compile,
        )
        if samples < 0:
            raise ValueError(f"task.samples is {samples}; give 0 or more")
        self.model = LanguageModel(config)
        self.tokenizer, self.settings = tokenizer, settings
        self.characters_a_token, self.samples = characters_a_token, samples

    def training_step(self, batch: WindowBatch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, a mean over its tokens."""
        loss = self._pass(batch.read, batch.target)
        mean: Tensor = loss.total / loss.tokens
        self.log_loss(mean)
        return mean

    def _fused_pass(self, read: Tensor, target: Tensor) -> Loss:
        states = self.model.states(read)
        return fused_loss(states, self.model.output.table.weight, target, self.label_smoothing)

    def _plain_pass(self, read: Tensor, target: Tensor) -> Loss:
        return plain_loss(self.model(read).logits, target, self.label_smoothing)

    def validation_step(self, batch: WindowBatch, batch_idx: int) -> None:
        """Add a batch to the likelihood of the validation text."""
        self.add_likelihood(plain_loss(self.model(batch.read).logits, batch.target, 0.0))

    def on_validation_epoch_end(self) -> None:
        """Log every measure."""
        loss = self._likelihood / self._tokens
        measures = {"loss": loss, "perplexity": loss.exp(), "nats": loss / self.characters_a_token}
        self.log_dict({f"valid_{name}": value for name, value in measures.items()}, sync_dist=True)

    def describe(self, entry: dict[str, float]) -> list[str]:
        """Return a validation in words: its scores, then generated texts."""
        scores = "perplexity {perplexity:.2f}, {nats:.4f} nats a character".format(**entry)
        if not self.samples:
            return [scores]
        generator = Generator(self.model, self.tokenizer, self.settings)
        was = self.model.training
        self.model.eval()
        written = generator.generate([""] * self.samples, SAMPLE)
        self.model.train(was)
        return [scores, *(f"    {cut(sample.text)}" for sample in written)]
