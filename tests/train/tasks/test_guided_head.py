"""On a language with exact links a guided head shows them, and the export chooses it by measurement.

One small training is read in the right way and in four others. Thresholds lie far from the results of both.
"""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from alignment_heads import error_rate, judge_teacher, mean_of_heads, synthetic
from synthetic_language import Language
from training_process import train

from seq2seq.alignment.head import AlignmentHead
from seq2seq.inference.translator import Translator

SMALL = """
data: {files: [train.tsv], valid_files: [valid.tsv], vocabulary_size: 150, batch_tokens: 400}
model: {width: 32, feed_forward: 64, encoder_layers: 1, decoder_layers: 2, dropout: 0.0, max_length: 96}
task: {learning_rate: 1.e-2, warmup: 50, samples: 0, alignment: {weight: 0.2, layer: 0, head: 2}}
trainer: {max_steps: 200, val_check_interval: 200, enable_progress_bar: false}
"""


def test_a_guided_head_shows_the_links(tmp_path: Path) -> None:
    """A trained head shows the links at the step it was trained on; other steps and heads do not."""
    trial = synthetic(tmp_path, pairs=600, tests=60, settings=SMALL, words=40)
    assert train([*trial.flags, "--run_dir", str(tmp_path / "run")]) == 0
    translator = Translator.from_pretrained(tmp_path / "run" / "model", "cpu")
    head = translator.settings.alignment
    assert head == AlignmentHead(0, 2, "input", head.share), (
        "measured on valid texts, another head was better"
    )
    pairs = Language(40).pairs(60, 2)

    def error(read: AlignmentHead) -> float:
        return error_rate(lambda s, t: translator.attention(s, t).alignment(read).links("blanks"), pairs)

    guided, teacher = error(head), judge_teacher(trial)["AER"] / 100
    assert guided < 0.15, (
        f"the links are not learned: {guided:.3f}, the aligner that taught them {teacher:.3f}"
    )
    early = error(replace(head, read="output"))
    assert early > 3 * guided, f"the step is no matter: {guided:.3f}, one step before {early:.3f}"
    untaught = min(error(AlignmentHead(0, other, "input", head.share)) for other in (0, 1, 3))
    assert untaught > 3 * guided, (
        f"any head would do: {guided:.3f}, the best untaught beside it {untaught:.3f}"
    )
    mean = error_rate(mean_of_heads(translator, trial), pairs)
    assert mean > 3 * guided, f"the mean of all heads would do: {guided:.3f} and {mean:.3f}"
