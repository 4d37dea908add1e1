"""Comparison of maps: it resumes, and its table holds every seed."""

from pathlib import Path

import alignment_heads
import pytest
from alignment_heads import KINDS, MEAN, TEACHER, compare, error_rate, synthetic, table
from synthetic_language import Language


def test_table_is_mean_and_spread() -> None:
    """Rows show the mean over the seeds with minimum and maximum."""
    two = [{"AER": 1.0, "perplexity": 2.0}, {"AER": 4.0, "perplexity": 2.5}]
    rows = table({"a": two, "b": [{"AER": 3.0}]})
    assert rows.split("\n")[2:] == ["| a | 2.50 (1.00 to 4.00) | 2.25 (2.00 to 2.50) |", "| b | 3.00 | - |"]


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call trains only what is missing."""
    trained = []
    monkeypatch.setattr(alignment_heads, "train", lambda *arguments: trained.append(arguments[1:3]))
    monkeypatch.setattr(
        alignment_heads,
        "judge_run",
        lambda trial, model, kind: {kind: {"AER": 1.0}} | ({} if KINDS[kind] else {MEAN: {"AER": 2.0}}),
    )
    trial = synthetic(tmp_path, pairs=300, tests=40, words=40)
    first = compare(trial, tmp_path, 1)
    assert trained == [(kind, 1) for kind in KINDS]
    assert compare(trial, tmp_path, 1) == first and len(trained) == 3
    both = compare(trial, tmp_path, 2)
    assert trained[3:] == [(kind, 2) for kind in KINDS]
    assert all(f"| {name} |" in both for name in (*KINDS, MEAN, TEACHER))


def test_exact_links_have_no_error(tmp_path: Path) -> None:
    """Exact links have an error of 0."""
    pairs = Language(40).pairs(30, 2)
    known = {(pair.source, pair.target): pair.links for pair in pairs}
    assert error_rate(lambda source, target: known[source, target], pairs) == 0.0
    trial = synthetic(tmp_path, pairs=20, tests=30, words=40)
    assert trial.judge(lambda source, target: known[source, target]) == {"AER": 0.0}
