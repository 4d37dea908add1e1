"""Learning from a project's strings: what is held out, what is kept, and that no worse model is written."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning")

from seq2seq.cli import main
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer
from train import adaptation, learning
from train.adaptation import Judgement, best_mixture, judge
from train.callbacks.checkpoints import StoppedError
from train.learning import LearningTask, divide, fingerprint, updates_for

PAIRS = [(f"Open the file {n} again", f"Die Datei {n} erneut öffnen") for n in "abcdefghijklmnopqrstuvwxyz"]
PAIRS += [(f"Close window {a}{b}", f"Fenster {a}{b} schließen") for a in "abcdefgh" for b in "xyzuvw"]


@pytest.fixture
def model(tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Path:
    """A model directory with an untrained model from English to German."""
    save_model(
        tmp_path / "base", tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 60, 60), "# base\n\ntext\n"
    )
    return tmp_path / "base"


@pytest.fixture
def task(tmp_path: Path, model: Path) -> LearningTask:
    """A task of 74 pairs."""
    return LearningTask(PAIRS, str(model), "en", "de", (), tmp_path / "out")


def table(path: Path, pairs: Sequence[tuple[str, str]]) -> str:
    """Write pairs as JSON lines."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"en": source, "de": target}) + "\n" for source, target in pairs)
    return str(path)


def test_pairs_are_divided_by_their_text(task: LearningTask) -> None:
    """No pair is on both sides; a project that grows holds out the same strings, and some new ones."""
    data = divide(task, has_placeholders=True)
    assert not set(data.project) & set(data.held_out)
    assert sorted([*data.project, *data.held_out]) == sorted(PAIRS)
    more = [*PAIRS, *((f"Move the album {n}", f"Album {n} verschieben") for n in range(400))]
    grown = divide(LearningTask(more, *list(vars(task).values())[1:]), has_placeholders=True)
    assert len(grown.held_out) > len(data.held_out)
    order = sorted([*grown.project, *grown.held_out], key=[*grown.held_out, *grown.project].index)
    assert [pair for pair in order if pair in data.held_out] == data.held_out


def test_strings_are_read_as_the_model_reads_them(task: LearningTask) -> None:
    """Accelerators and frames are taken off, placeholders need pieces, and a string counts once."""
    more = [
        *PAIRS,
        ("_Save…", "_Speichern…"),
        ("Save", "Sichern"),
        ("&Save", "&Speichern"),
        ("%d", "%d"),
        ("Save %s", "%s speichern"),
        ("two\nlines", "zwei\nZeilen"),
        ("x" * 300, "y" * 300),
    ]
    wide = LearningTask(more, *list(vars(task).values())[1:])
    for has_placeholders in (True, False):
        data = divide(wide, has_placeholders=has_placeholders)
        new = {pair for pair in [*data.project, *data.held_out] if pair not in PAIRS}
        masked = {("Save ⟦1⟧", "⟦1⟧ speichern")} if has_placeholders else set()
        assert new == {("Save", "Speichern"), *masked}


def test_base_data_is_mixed_in(task: LearningTask, tmp_path: Path) -> None:
    """Some is held out, as much as twice the project is mixed in, and none of it is in the project."""
    others = [(f"Base text {n} here", f"Grundtext {n} hier") for n in range(1000)]
    file = table(tmp_path / "base.jsonl.gz", [*others, *PAIRS[:20]])
    mixed = LearningTask(PAIRS, task.model, "en", "de", [file], task.folder)
    data = divide(mixed, has_placeholders=True)
    assert len(data.mixed) == learning.MIXED * len(data.project) and len(data.base_held_out) > 30
    assert not set(data.mixed) & set(data.base_held_out) and not set(data.mixed) & set(PAIRS)
    assert fingerprint(mixed, data) != fingerprint(task, divide(task, has_placeholders=True))
    assert divide(mixed, has_placeholders=True) == data


def test_too_few_strings_are_refused(task: LearningTask) -> None:
    """The sentence says how many there are and how many are needed."""
    few = LearningTask(PAIRS[:20], *list(vars(task).values())[1:])
    with pytest.raises(ValueError, match="20 of 20 translated strings can be learned from, at least 60"):
        divide(few, has_placeholders=True)


def test_updates_follow_the_texts() -> None:
    """A few epochs of little text, never more than some minutes."""
    assert updates_for(PAIRS[:1]) == learning.VALIDATIONS
    assert updates_for(PAIRS * 10) > updates_for(PAIRS * 5)
    assert updates_for(PAIRS * 1000) == learning.MOST_UPDATES


def judgements(monkeypatch: pytest.MonkeyPatch, *scores: tuple[float, float, float | None]) -> None:
    """Let each judgement in turn be of these scores: exact, chrF++, and chrF++ on base data."""
    given = iter(scores)
    monkeypatch.setattr(adaptation, "judge", lambda *_: Judgement(10, *next(given)))


def test_the_best_mixture_is_kept(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """Of the mixtures the best counts that forgets little; it is between base and learned weights."""
    base, learned = Translator.from_pretrained(model, "cpu"), Translator.from_pretrained(model, "cpu")
    assert isinstance(base.model, Transformer) and isinstance(learned.model, Transformer)
    for parameter in learned.model.parameters():
        parameter.data += 1.0
    name = next(iter(base.model.state_dict()))
    before = base.model.state_dict()[name].clone()
    judgements(monkeypatch, (10, 50, 60), (30, 70, 55), (25, 66, 59.5), (20, 60, 60), (15, 55, 60))
    first, best, weights = best_mixture(base, learned, PAIRS, PAIRS)
    assert first.chrf == 50 and best is not None and best.chrf == 66 and weights is not None
    assert (weights[name] - before - 0.75).abs().max() < 1e-5


@pytest.mark.parametrize("after", [(10, 50, None), (30, 49, None), (5, 52, None)])
def test_what_is_not_better_is_not_kept(
    after: tuple[float, float, float | None], monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    """Equal scores, a lower chrF++, and fewer exact strings than that is worth keep the base."""
    base, learned = Translator.from_pretrained(model, "cpu"), Translator.from_pretrained(model, "cpu")
    judgements(monkeypatch, (10, 50, None), after, after, after, after)
    assert best_mixture(base, learned, PAIRS, [])[1:] == (None, None)


def test_exact_is_judged_loosely(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A final mark and the case of the first letter do not count."""
    base = Translator.from_pretrained(model, "cpu")

    class Result:
        def __init__(self, text: str) -> None:
            self.text = text

    monkeypatch.setattr(
        base, "translate_batch", lambda texts, options: [Result("datei  öffnen.") for _ in texts]
    )
    scores = judge(base, [("a", "Datei öffnen"), ("b", "Datei schließen")], [])
    assert scores.exact == 50.0 and scores.base_chrf is None


def copied(source: Path) -> Callable[[list[str]], int]:
    """Return a training that ends with a model, without training."""

    def train(argv: list[str]) -> int:
        run = Path(argv[argv.index("--run_dir") + 1])
        translator = Translator.from_pretrained(source, "cpu")
        translator.save_pretrained(run / "model")
        return 0

    return train


def test_a_gain_is_written_and_said(
    task: LearningTask, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model directory has the direction and a card; what the training left is removed."""
    monkeypatch.setattr(learning, "train", copied(model))
    judgements(monkeypatch, (10, 50, None), *[(30.0, 70.0, None)] * 4)
    assert learning.learn(task) == 0
    out = capsys.readouterr().out
    assert "exact in 30.0 %, before 10.0 %, with chrF++ 70.0, before 50.0." in out
    assert out.splitlines()[-1] == str(task.folder / "model")
    assert [path.name for path in task.folder.iterdir()] == ["model"]
    written = Translator.from_pretrained(task.folder / "model", "cpu")
    assert (written.source_language, written.target_language) == ("en", "de")
    assert "# base, trained further" in written.card and "seq2seq localize --learn" in written.card


def test_no_gain_writes_nothing(
    task: LearningTask, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing was gained the model stays, and the folder is as it was."""
    monkeypatch.setattr(learning, "train", copied(model))
    judgements(monkeypatch, (10, 50, None), *[(9.0, 49.0, None)] * 4)
    assert learning.learn(task) == 0
    assert f"so the model stays {task.model}." in capsys.readouterr().out
    assert not task.folder.exists()


def test_a_stopped_training_goes_on(task: LearningTask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says how; the same task finds its checkpoint, another begins anew."""
    seen: list[list[str]] = []

    def stop(argv: list[str]) -> int:
        seen.append(argv)
        folder = Path(argv[argv.index("--run_dir") + 1]) / "checkpoints"
        folder.mkdir(exist_ok=True)
        (folder / "last.ckpt").touch()
        raise StoppedError("stopped after update 3; resume with --ckpt_path last")

    monkeypatch.setattr(learning, "train", stop)
    other = LearningTask(PAIRS[:-1], *list(vars(task).values())[1:])
    for each in (task, task, other):
        with pytest.raises(StoppedError, match=r"^stopped; the same command goes on from here$"):
            learning.learn(each)
    assert ["--ckpt_path" in argv for argv in seen] == [False, True, False]


def test_the_command_trains(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """From a catalog to a sentence: the strings that are done are learned from, by a real training."""
    monkeypatch.chdir(tmp_path)
    entries = [f'msgid "{source}"\nmsgstr "{target}"\n' for source, target in PAIRS]
    (tmp_path / "de.po").write_text("\n".join(entries), encoding="utf-8")
    arguments = ["localize", "--learn", "de.po", "--model", str(model), "--target-language", "de"]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert "learning from 54 strings of the project and 0 of the base data" in shown.err
    assert "held-out strings" in shown.out and "20 " in shown.out
