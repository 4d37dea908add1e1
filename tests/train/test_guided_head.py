"""On a language with exact links a guided head shows them, and the release takes it, by measure alone."""

from pathlib import Path

import pytest

pytest.importorskip("lightning")

from alignment_heads import error_rate, mean_of_heads, synthetic
from synthetic_language import Language
from training_process import train

from seq2seq.settings import AlignmentHead
from seq2seq.translator import Translator

SMALL = """
data: {files: [train.tsv], valid_files: [valid.tsv], vocabulary_size: 150, batch_tokens: 600}
model: {width: 32, feed_forward: 64, encoder_layers: 1, decoder_layers: 2, dropout: 0.0, max_length: 96}
task: {learning_rate: 1.e-2, warmup: 50, samples: 0, alignment: {weight: 0.2, layer: 0, head: 2}}
trainer: {max_steps: 300, val_check_interval: 300, enable_progress_bar: false}
"""


@pytest.mark.timeout(900)  # twenty seconds on a core of its own
def test_a_guided_head_beats_the_mean_of_heads(tmp_path: Path) -> None:
    """Else guidance, its step, or the choosing of the head would be worth nothing."""
    trial = synthetic(tmp_path, pairs=600, tests=60, settings=SMALL, words=40)
    assert train([*trial.flags, "--run_dir", str(tmp_path / "run")]) == 0
    translator = Translator.from_pretrained(tmp_path / "run" / "model", "cpu")
    head = translator.settings.alignment
    assert head == AlignmentHead(0, 2, "input", head.share)
    pairs = Language(40).pairs(60, 2)
    guided = error_rate(lambda s, t: translator.align(s, t).links("blanks"), pairs)
    mean = error_rate(mean_of_heads(translator, trial), pairs)
    assert guided < 0.25 and guided < mean / 2, f"guided head {guided:.3f}, mean of heads {mean:.3f}"
