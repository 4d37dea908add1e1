"""The loss of the translation task, with known logits in place of a Transformer."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

pytest.importorskip("lightning")

from training_process import train

from seq2seq.config import ModelConfig
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import DecoderStates
from seq2seq.text.tokenizer import Tokenizer
from train.callbacks.checkpoint_io import read_checkpoint
from train.tasks.loss import plain_loss
from train.tasks.translation import TranslationTask

pytestmark = pytest.mark.filterwarnings("ignore:You are trying to `self.log")  # there is no trainer

BATCH = make_batch([[4, 5], [6]], [[7, 8, 9], [5]])  # 4 + 2 target tokens, their ends counted


class Known(torch.nn.Module):
    """Fixed logits, different in each row, whatever the input."""

    def __init__(self) -> None:
        super().__init__()
        self.values = torch.nn.Parameter(torch.randn(4, 4, 11, generator=torch.Generator().manual_seed(1)))

        self.output = SimpleNamespace(
            table=SimpleNamespace(weight=torch.eye(11)), bias=None
        )  # gives them on as they are

    def states(self, source: Tensor, target: Tensor, cross_layer: int | None = None) -> DecoderStates:
        return DecoderStates(self.values[: len(source)], None)


def make_task(tokenizer: Tokenizer, **settings: object) -> TranslationTask:
    config = ModelConfig(len(tokenizer), width=8, feed_forward=8, encoder_layers=1, decoder_layers=1)
    task = TranslationTask(config, tokenizer, [], **settings)  # type: ignore[arg-type]
    task.model = Known()  # type: ignore[assignment]
    return task


def test_loss_is_a_mean_over_real_target_tokens(tiny_tokenizer: Tokenizer) -> None:
    """The loss is a mean over target tokens without padding."""
    task = make_task(tiny_tokenizer, label_smoothing=0.1)
    logits = task.model.values[:2]
    assert BATCH.target_output is not None
    expected = plain_loss(logits, BATCH.target_output, 0.1).total / 6
    torch.testing.assert_close(task.training_step(BATCH, 0), expected)


def test_r_drop_is_the_papers_formula(tiny_tokenizer: Tokenizer) -> None:
    """R-Drop is half of CE1 + CE2 + a (KL12 + KL21) / 2 per token (Liang et al. 2021)."""
    task = make_task(tiny_tokenizer, label_smoothing=0.0, r_drop=5.0)
    assert BATCH.target_output is not None
    wanted, first, second = BATCH.target_output, task.model.values[:2], task.model.values[2:]
    log_p, log_q = first.log_softmax(-1), second.log_softmax(-1)
    expected = torch.zeros(())
    for row, length in ((0, 4), (1, 2)):
        for step in range(length):
            p, q = log_p[row, step], log_q[row, step]
            expected = expected - p[wanted[row, step]] - q[wanted[row, step]]
            expected = expected + 5 * ((p.exp() * (p - q)).sum() + (q.exp() * (q - p)).sum()) / 2
    torch.testing.assert_close(task.training_step(BATCH, 0), expected / 2 / 6)


def test_an_output_bias_is_part_of_the_loss(tiny_tokenizer: Tokenizer) -> None:
    """The fused loss and its gradients are those of logits with their bias."""
    sizes = {"width": 8, "feed_forward": 8, "encoder_layers": 1, "decoder_layers": 1, "dropout": 0.0}
    config = ModelConfig(len(tiny_tokenizer), **sizes, output_bias=True)
    task = TranslationTask(config, tiny_tokenizer, [], label_smoothing=0.1)
    bias = task.model.output.bias
    assert bias is not None and BATCH.target_input is not None and BATCH.target_output is not None
    torch.nn.init.normal_(bias)
    gradients = []
    for compute in (task._fused_pass, task._plain_pass):
        task.model.zero_grad()
        loss, _ = compute(BATCH.source, BATCH.target_input, BATCH.target_output)
        loss.total.backward()
        gradients.append((loss.total.detach(), bias.grad, task.model.output.table.weight.grad))
    torch.testing.assert_close(*gradients)
    assert bias.grad is not None and bias.grad.abs().max() > 0


@pytest.mark.parametrize("name", ["learning_rate", "weight_decay", "r_drop"])
def test_negative_weights_are_refused(tiny_tokenizer: Tokenizer, name: str) -> None:
    """Negative weights and rates are refused."""
    with pytest.raises(ValueError, match=rf"task\.{name} is -1; give 0 or more"):
        make_task(tiny_tokenizer, **{name: -1})


def test_two_dropout_passes_train(recipe: list[str], tmp_path: Path) -> None:
    """R-Drop trains together with gradient accumulation and clipping."""
    args = ["--task.r_drop=1", "--trainer.accumulate_grad_batches=2", "--trainer.gradient_clip_val=0.5"]
    assert train([*recipe, "--run_dir", str(tmp_path / "run"), *args]) == 0


def test_a_compiled_training_saves_plain_names(
    recipe: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled training's checkpoint has the names of an uncompiled one's.

    Compiling takes longer than a test should, so what is compiled is only written down here.
    """
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda f, **settings: compiled.append(f) or f)
    for compile in ("true", "false"):
        args = [*recipe, "--run_dir", str(tmp_path / compile), f"--task.compile={compile}"]
        assert train(args) == 0
    assert len(compiled) == 1
    one, other = (
        read_checkpoint(tmp_path / name / "checkpoints" / "last.ckpt") for name in ("true", "false")
    )
    assert one["state_dict"].keys() == other["state_dict"].keys()
    losses = [found["callbacks"]["Checkpoints"]["history"][-1]["loss"] for found in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
