"""Guided alignment: one cross-attention head learns word links; nothing else changes."""

import math
from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")

from training_process import train

from seq2seq.attention import AttentionConfig
from seq2seq.config import ModelConfig
from seq2seq.model.batch import make_batch
from seq2seq.text.tokenizer import Tokenizer
from train.callbacks.checkpoint_io import read_checkpoint
from train.tasks.guided_alignment import SMALLEST, GuidedAlignment, link_loss
from train.tasks.translation import TranslationTask

BATCH = make_batch([[4, 5], [6]], [[7, 8, 9], [5]])
LINKS = torch.tensor([[0, 0, 0], [0, 2, 0], [0, 2, 1], [1, 0, 0]])
SHAPE = {"vocabulary_size": 30, "width": 8, "feed_forward": 8, "encoder_layers": 1, "decoder_layers": 2}


@pytest.mark.parametrize(("read", "shift"), [("input", 1), ("output", 0)])
@pytest.mark.parametrize("passes", [1, 2])
def test_loss_by_hand(read: str, shift: int, passes: int) -> None:
    """The loss is the mean over linked pieces of minus the log of the summed weights."""
    weights = torch.rand(passes * 2, 4, 3, generator=torch.Generator().manual_seed(1))
    expected = 0.0
    for p in range(passes):
        first, second = weights[2 * p], weights[2 * p + 1]
        for sum_ in (first[shift, 0], first[2 + shift, 0] + first[2 + shift, 1], second[shift, 0]):
            expected -= math.log(float(sum_) + SMALLEST) / 3 / passes
    assert link_loss(weights, LINKS, 2, read).item() == pytest.approx(expected, rel=1e-5)  # type: ignore[arg-type]


def test_a_batch_without_links_teaches_nothing() -> None:
    """A batch without links has loss 0 and no gradient."""
    weights = torch.zeros(2, 4, 3, requires_grad=True)
    loss = link_loss(weights, LINKS[:0], 2, "input")
    loss.backward()
    assert loss == 0 and not weights.grad.any()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "cross",
    [
        AttentionConfig(heads=2),
        AttentionConfig(heads=2, kv_heads=1),
        AttentionConfig(heads=2, latent=4),
        AttentionConfig(heads=2, score="additive"),
        AttentionConfig(heads=2, score="target_aware"),
        AttentionConfig(heads=2, linear=True),
        AttentionConfig(heads=2, window=2),
    ],
    ids=["mha", "mqa", "mla", "additive", "target_aware", "linear", "window"],
)
@pytest.mark.parametrize("r_drop", [0.0, 1.0])
@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
def test_any_cross_attention_learns_its_links(
    tiny_tokenizer: Tokenizer, cross: AttentionConfig, r_drop: float
) -> None:
    """Every kind of cross-attention learns links, with and without R-Drop."""
    torch.manual_seed(1)
    config = ModelConfig(**SHAPE, cross_attention=cross)
    guidance = GuidedAlignment(weight=1.0, layer=0, head=1)
    task = TranslationTask(config, tiny_tokenizer, [], r_drop=r_drop, alignment=guidance)
    batch = make_batch([[4, 5], [6]], [[7, 8, 9], [5]])
    batch.links = LINKS[[0, 3]]
    optimizer = torch.optim.Adam(task.parameters(), 3e-2)

    def weight_on_links() -> float:
        task.model.eval()
        with torch.no_grad():
            maps = task.model(batch.source, batch.target_input, need_weights=True).maps
        task.model.train()
        return float(maps.cross[0][0, 1, 1, 0] + maps.cross[0][1, 1, 1, 0]) / 2

    before = weight_on_links()
    for _ in range(40):
        optimizer.zero_grad()
        task.training_step(batch, 0).backward()
        optimizer.step()
    assert weight_on_links() > max(0.6, before + 0.2)


def test_the_map_of_one_layer_changes_nothing(tiny_tokenizer: Tokenizer) -> None:
    """Asking for the map of one layer changes no output."""
    torch.manual_seed(1)
    task = TranslationTask(ModelConfig(**SHAPE), tiny_tokenizer, [])
    model = task.model.eval()
    plain = model.states(BATCH.source, BATCH.target_input)
    guided = model.states(BATCH.source, BATCH.target_input, cross_layer=1)
    assert plain.cross is None and guided.cross is not None
    torch.testing.assert_close(guided.states, plain.states, atol=1e-6, rtol=0)
    maps = model(BATCH.source, BATCH.target_input, need_weights=True).maps
    torch.testing.assert_close(guided.cross, maps.cross[1])


REFUSED = [
    ({"weight": -1.0}, r"task\.alignment\.weight is -1\.0; give 0 or more"),
    ({"weight": 0.1, "layer": 2}, r"task\.alignment\.layer is 2; the decoder has 2 layers"),
    ({"weight": 0.1, "layer": -3}, r"task\.alignment\.layer is -3; the decoder has 2 layers"),
    ({"weight": 0.1, "head": 4}, r"task\.alignment\.head is 4; the cross-attention has 4 heads"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_a_head_that_is_not_there_is_refused(settings: dict, message: str) -> None:
    """A layer or head that the model lacks is refused."""
    with pytest.raises(ValueError, match=message):
        GuidedAlignment(**settings).head_of(ModelConfig(**SHAPE))
    assert GuidedAlignment(weight=0.1).head_of(ModelConfig(**SHAPE)).layer == 1  # type: ignore[union-attr]


def test_a_run_begun_without_it_goes_on_with_it(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run started without guided alignment resumes with it."""
    args = [*recipe, "--run_dir", str(tmp_path / "run")]
    assert train([*args, "--trainer.max_steps=6"]) == 0
    assert not (tmp_path / "run" / "links.gz").exists()
    guided = ["--ckpt_path=last", "--task.alignment.weight=0.1", "--task.r_drop=1"]
    assert train([*args, *guided, "--trainer.gradient_clip_val=1"]) == 0
    assert (tmp_path / "run" / "links.gz").exists()
    assert read_checkpoint(tmp_path / "run/checkpoints/last.ckpt")["global_step"] == 12
    logged = sorted((tmp_path / "run" / "logs" / "csv").glob("*/metrics.csv"))
    assert "train_link_loss" not in logged[0].read_text() and "train_link_loss" in logged[1].read_text()
    assert capsys.readouterr().err.count("aligning") == 0, "progress is for terminals"
    assert train([*args, "--ckpt_path=last", "--task.alignment.weight=0.1", "--task.alignment.head=9"]) == 2
