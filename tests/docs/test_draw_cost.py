"""The cost of attention against length: measured within limits, and drawn. Nothing is timed here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import attention_cost
import draw_cost
import pytest
import torch
from attention_cost import Cost, will_fit

from seq2seq.attention import SelfAttention, flow

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc, which is Linux's"
)


class Measured(NamedTuple):
    """Output of the command for lengths 128 and 256, and of one measurement within 16 MiB."""

    found: dict
    beyond: str


@pytest.fixture(scope="module")
def measured(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The command run once, in a process that may fork; no time is compared, so passes are few."""
    folder = tmp_path_factory.mktemp("runs")
    script = (
        "import attention_cost as cost, sys; cost.SHORT = 0.05; cost.main(); cost.BYTES = 2**24; "
        "print(cost.measure('target-aware', 256), file=sys.stderr)"
    )
    flags = ["--runs", str(folder), "--rounds", "1", "--longest", "256"]
    done = subprocess.run(
        [sys.executable, "-c", script, *flags],
        cwd=repository / "benchmarks",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Measured(json.loads(done.stdout), done.stderr.splitlines()[-1])


@needs_proc
def test_every_variant_is_measured_and_drawn(measured: Measured, texts_of) -> None:
    """The commands under the figure measure every variant at every length, and draw it."""
    found = measured.found
    assert set(found["cost"]) == set(attention_cost.CONFIGS)
    for costs in found["cost"].values():
        assert list(costs) == ["128", "256"]
        assert all(seconds > 0 and size > 0 for seconds, size in costs.values())
    shown = texts_of(draw_cost.figure(found))
    assert set(attention_cost.CONFIGS) <= set(shown)
    assert draw_cost.table(found).count("\n") == 1 + len(attention_cost.CONFIGS)


@needs_proc
def test_beyond_the_limit_there_is_no_number(measured: Measured) -> None:
    """A variant that fits into the usual memory has no number within 16 MiB."""
    assert "256" in measured.found["cost"]["target-aware"]
    assert measured.beyond == "None"


def test_masked_window_is_not_the_blocked_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The masked window does not use the blocked computation, the blocked one does."""
    calls = []
    blocked = flow.attend_window
    monkeypatch.setattr(flow, "attend_window", lambda *a, **k: calls.append(1) or blocked(*a, **k))
    attention_cost.make_pass("window, masked", 300)()
    assert not calls
    attention_cost.make_pass("window, blocked", 300)()
    assert calls


def test_masked_window_computes_the_same_as_the_blocked_one() -> None:
    """Masked and blocked window give the same numbers."""
    torch.manual_seed(1)
    x = torch.randn(1, 300, attention_cost.WIDTH)
    blocked = SelfAttention(attention_cost.WIDTH, attention_cost.CONFIGS["window, blocked"])
    masked = SelfAttention(attention_cost.WIDTH, attention_cost.CONFIGS["window, masked"])
    masked.load_state_dict(blocked.state_dict())
    mask = attention_cost.mask_of("window, masked", 300)
    torch.testing.assert_close(masked(x, mask).context, blocked(x).context, atol=1e-5, rtol=0)


def test_a_line_ends_before_what_will_not_fit() -> None:
    """A length is skipped where the growth so far predicts more than the limit."""
    assert will_fit({}, 128)
    assert will_fit({"128": Cost(1.0, 1)}, 256)
    assert will_fit({"128": Cost(1.0, 1), "256": Cost(4.0, 1)}, 512)
    assert not will_fit({"128": Cost(5.0, 1), "256": Cost(20.0, 1)}, 512)
    assert not will_fit({"128": Cost(1.0, 1)}, 512)  # 256 did not fit


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run reads the measurements of the first."""
    monkeypatch.setattr(attention_cost, "measure", lambda name, length: Cost(length / 1000, len(name)))
    found = attention_cost.measure_all(tmp_path, (128, 256), rounds=2)
    monkeypatch.setattr(attention_cost, "measure", None)
    assert attention_cost.measure_all(tmp_path, (128, 256), rounds=2) == found
    assert found["additive"] == {"128": Cost(0.128, 8), "256": Cost(0.256, 8)}
