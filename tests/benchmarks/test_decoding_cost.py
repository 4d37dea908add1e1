"""The benchmarks of decoding and of `attend` do equal work on both sides; nothing is timed here."""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from seq2seq.attention import attend


@pytest.fixture
def load(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Function that imports a script as if it were run."""
    for folder in ("benchmarks", "docs"):
        monkeypatch.syspath_prepend(str(repository / folder))
    return importlib.import_module


@pytest.fixture
def found(load: Callable[[str], ModuleType]) -> dict:
    """Measurement of two short lengths."""
    return {"kinds": load("decoding_cost").measure((65, 130), rounds=2)}


def test_what_is_remembered_is_counted(found: dict) -> None:
    """Cached bytes double with length where they must, and stay level for window and linear."""
    growth = {kind: values["bytes"][130] / values["bytes"][65] for kind, values in found["kinds"].items()}
    assert growth == {"MHA": 2, "MQA": 2, "MLA": 2, "window, source linear": 1, "linear": 1}
    assert all(low > 0 for values in found["kinds"].values() for low, _, _ in values["milliseconds"].values())


@torch.inference_mode()
def test_timing_leaves_the_state_as_it_was(load: Callable[[str], ModuleType]) -> None:
    """Timing a step does not change the state."""
    cost = load("decoding_cost")
    model = cost.make_model("MHA")
    state = cost.read(model, 19)
    before = state.nbytes
    cost.time_step(model, state)
    assert state.length == 19 and state.nbytes == before == 2 * 19 * 256 * 4


def test_the_drawing_and_the_table_hold_every_kind(
    load: Callable[[str], ModuleType], found: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """The figure and the table hold every kind."""
    draw, path = load("draw_decoding"), tmp_path / "found.json"
    path.write_text(json.dumps(found))
    monkeypatch.setattr(sys, "argv", ["draw_decoding.py", str(path)])
    draw.main()
    picture = capsys.readouterr().out
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    monkeypatch.setattr(sys, "argv", ["draw_decoding.py", str(path), "--table"])
    draw.main()
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(found["kinds"])
    assert all(picture.count(f">{kind}</text>") == 2 for kind in found["kinds"])


def test_attend_is_raced_against_its_equal(load: Callable[[str], ModuleType]) -> None:
    """Both sides compute the same under every mask, and each mask hides something."""
    speed = load("attend_speed")
    query, key, value = torch.randn(3, 4, 6, speed.HEADS, speed.WIDTH).transpose(2, 3)
    masks = speed.masks(4, 6)
    assert list(masks) == ["none", "padding", "causal", "padding, causal"]
    for name, mask in masks.items():
        assert mask is None or not mask.all(), name
        ours = attend(query, key, value, speed.SCORE, mask, need_weights=True).context
        torch.testing.assert_close(ours, scaled_dot_product_attention(query, key, value, mask))
        for side in (speed.bare, speed.without_map, speed.with_map):
            side((query, key, value, mask))


def test_ratios_say_how_many_times_faster_the_other_is(
    load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ratio is the first's time over the other's."""
    rounds, clock = load("rounds"), [0.0]
    monkeypatch.setattr(rounds.time, "process_time", lambda: clock[0])

    def work(seconds: float) -> Callable[[int], None]:
        def run(piece: int) -> None:
            clock[0] += seconds * piece

        return run

    spread = rounds.processor_ratios(work(3.0), work(1.5), [1, 2, 5])
    assert spread == (2.0, 2.0, 2.0) and str(spread) == "2.00 (2.00 to 2.00)"
