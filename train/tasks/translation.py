"""The task of translation: predict each next target token; validate by translating.

    loss = smoothed cross-entropy / real target tokens   (+ r_drop * divergence of two dropout passes)
           (+ weight * loss of the guided head over word links / linked target pieces)

Measures are train_loss, valid_loss, valid_perplexity, valid_bleu, valid_chrf.
"""

from typing import ClassVar

import torch
from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.model.batch import Batch
from seq2seq.model.transformer import DecoderStates, Transformer
from seq2seq.options import DecodeOptions
from seq2seq.text.codec import Codec
from seq2seq.text.tokenizer import Tokenizer

from ..data.examples import EvalExample
from .base import BaseTask, cut
from .guided_alignment import GuidedAlignment, link_loss
from .loss import Loss, fused_loss, plain_loss
from .schedule import Schedule
from .validation import score, translate


class TranslationTask(BaseTask):
    """A Transformer, its loss and its optimizer.

    Args:
        config: the model's shape.
        tokenizer: for the translations of validations.
        eval_examples: sources and references translated at each validation.
        codec: how sources that are not plain text are read; None for plain text.
        learning_rate: the peak, reached at the end of the warm-up.
        schedule: the decay of the rate after it.
        warmup: updates of the warm-up.
        weight_decay: decoupled (AdamW); 0 is plain Adam.
        label_smoothing: share of the probability spread over the whole vocabulary.
        r_drop: weight of R-Drop, the divergence of two dropout passes (Liang et al. 2021, who use 5); 0 for
            one pass.
        alignment: guided alignment: train one cross-attention head on word links.
        compile: run the training pass through torch.compile.
        valid_beam: beam size of the translations at validation; 1 is greedy search.
        samples: translations shown at each validation.
    """

    measures: ClassVar[tuple[str, ...]] = ("loss", "perplexity", "bleu", "chrf")
    criterion: ClassVar[str] = "bleu"

    def __init__(
        self,
        config: ModelConfig,
        tokenizer: Tokenizer,
        eval_examples: list[EvalExample],
        codec: Codec | None = None,
        learning_rate: float = 5e-3,
        schedule: Schedule = "inverse_sqrt",
        warmup: int = 2000,
        weight_decay: float = 0.0,
        label_smoothing: float = 0.1,
        r_drop: float = 0.0,
        alignment: GuidedAlignment = GuidedAlignment(),  # noqa: B008 - frozen
        compile: bool = False,
        valid_beam: int = 1,
        samples: int = 3,
    ):
        super().__init__(
            learning_rate,
            schedule,
            warmup,
            weight_decay,
            beta=0.98,
            label_smoothing=label_smoothing,
            compile=compile,
        )
        if r_drop < 0:
            raise ValueError(f"task.r_drop is {r_drop}; give 0 or more")
        self.alignment, self.guided = alignment, alignment.head_of(config)
        self.model = Transformer(config)
        self.tokenizer, self.eval_examples, self.codec = tokenizer, eval_examples, codec
        self.r_drop, self.samples = r_drop, samples
        self.options = DecodeOptions(beam_size=valid_beam)
        self.sample_texts: list[tuple[str, str, str]] = []  # source, reference, translation

    def describe(self, entry: dict[str, float]) -> list[str]:
        """Return a validation in words: its scores, then the samples."""
        scores = "perplexity {perplexity:.2f}, BLEU {bleu:.2f}, chrF {chrf:.2f}".format(**entry)
        return [
            scores,
            *(
                f"    {cut(source)}\n      reference: {cut(reference)}\n      model:     {cut(translation)}"
                for source, reference, translation in self.sample_texts
            ),
        ]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch, a mean over its real target tokens."""
        assert batch.target_input is not None and batch.target_output is not None
        source, target = batch.source, batch.target_input
        if self.r_drop:  # both passes in one batch: each row draws its own dropout
            source, target = source.repeat(2, 1), target.repeat(2, 1)
        loss, cross = self._pass(source, target, batch.target_output)
        mean: Tensor = loss.total / loss.tokens
        if self.guided:
            assert cross is not None and batch.links is not None, (
                "the data has no word links; call link_words first"
            )
            linked = link_loss(cross[:, self.guided.head], batch.links, len(batch.source), self.guided.read)
            self.log("train_link_loss", linked.detach(), batch_size=1)
            mean = mean + self.alignment.weight * linked
        self.log_loss(mean)
        return mean

    def _fused_pass(self, source: Tensor, target: Tensor, output: Tensor) -> tuple[Loss, Tensor | None]:
        states, cross = self._states(source, target)
        table: Tensor = self.model.output.table.weight
        if (bias := self.model.output.bias) is not None:  # a column of the table, which reads a 1
            states = torch.cat([states, torch.ones_like(states[..., :1])], dim=-1)
            table = torch.cat([table, bias[:, None]], dim=1)
        return fused_loss(states, table, output, self.label_smoothing, self.r_drop), cross

    def _plain_pass(self, source: Tensor, target: Tensor, output: Tensor) -> tuple[Loss, Tensor | None]:
        states, cross = self._states(source, target)
        logits = self.model.output.scores(states)
        return plain_loss(logits, output, self.label_smoothing, self.r_drop), cross

    def _states(self, source: Tensor, target: Tensor) -> DecoderStates:
        layer = self.guided.layer if self.guided else None
        return self.model.states(source, target, cross_layer=layer)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add a batch to the likelihood of the validation texts."""
        assert batch.target_input is not None and batch.target_output is not None
        logits = self.model(batch.source, batch.target_input).logits
        self.add_likelihood(plain_loss(logits, batch.target_output, 0.0))

    def on_validation_epoch_end(self) -> None:
        """Translate the evaluation examples and log every measure."""
        translations = translate(self.model, self.tokenizer, self.eval_examples, self.options, self.codec)
        scores = score(translations, self.eval_examples, lowercase=self.codec is not None)
        loss = self._likelihood / self._tokens
        several = scores.directions if len(scores.directions) > 1 else {}
        by_direction = {
            f"bleu_{source}_{target}": bleu.value for (source, target), (bleu, _) in several.items()
        }
        measures = {
            "loss": loss,
            "perplexity": loss.exp(),
            "bleu": scores.bleu,
            "chrf": scores.chrf,
            **by_direction,
        }
        # Equal on all processes: each decides by it what to save.
        logged = {f"valid_{n}": torch.as_tensor(value, device=self.device) for n, value in measures.items()}
        self.log_dict(logged, sync_dist=True)
        places = [
            index * len(translations) // max(1, self.samples)
            for index in range(min(self.samples, len(translations)))
        ]
        chosen = [(self.eval_examples[place], translations[place]) for place in places]
        self.sample_texts = [(example.source, example.references[0], text) for example, text in chosen]
