"""The folder of a run, and how recipes are found."""

from pathlib import Path

import pytest

pytest.importorskip("lightning")

from train.run import RunFolder, find_config, recipe_folders


def test_a_recipe_goes_by_its_bare_name_and_a_file_by_its_path(tmp_path: Path) -> None:
    """A shipped recipe is found by its name, a file by its path."""
    assert find_config("quickstart") == recipe_folders()[0] / "quickstart.yaml"
    own = tmp_path / "own.yaml"
    own.write_text("")
    assert find_config(str(own)) == own


def test_an_unknown_recipe_lists_the_known(tmp_path: Path) -> None:
    """The error for an unknown recipe lists the recipes."""
    with pytest.raises(ValueError, match=r"--config quikstart is neither .* multi30k-to-fr, quickstart"):
        find_config("quikstart")


def test_only_the_own_last_checkpoint_can_be_resumed(tmp_path: Path) -> None:
    """Only the run's own last checkpoint can be resumed."""
    with pytest.raises(ValueError, match=r"--ckpt_path is 'x\.ckpt'; only last is possible"):
        RunFolder(tmp_path).prepare("x.ckpt")


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    """Partly written files of a killed run are removed."""
    folder = RunFolder(tmp_path)
    (folder.checkpoints / "weights").mkdir(parents=True)
    for name in (".last.ckpt.new", "weights/.7.safetensors.new", "weights/7.safetensors"):
        (folder.checkpoints / name).write_bytes(b"x")
    assert folder.prepare(None) == (None, [])
    assert [path.name for path in folder.checkpoints.rglob("*") if path.is_file()] == ["7.safetensors"]


def test_each_start_has_a_log_of_its_own(tmp_path: Path) -> None:
    """Each start of a run has its own CSV log."""
    folder = RunFolder(tmp_path)
    assert folder.next_log() == "part_1"
    (folder.logs / "csv" / "part_1").mkdir(parents=True)
    assert folder.next_log() == "part_2"


def test_two_processes_cannot_train_in_one_folder(tmp_path: Path) -> None:
    """A second process is refused a run's folder as long as the first one trains."""
    refused = pytest.raises(ValueError, match="in use by another training")
    with RunFolder(tmp_path).claimed(), refused, RunFolder(tmp_path).claimed():
        pytest.fail("the folder was given twice")
    with RunFolder(tmp_path).claimed():
        pass


def test_a_best_checkpoint_alone_is_a_run(tmp_path: Path) -> None:
    """Regression: a folder with best.ckpt only was taken for an empty one, and the run was lost."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "best.ckpt").write_bytes(b"kept")
    with pytest.raises(ValueError, match="holds a run already; resume it with --ckpt_path last"):
        RunFolder(tmp_path).prepare(None)
