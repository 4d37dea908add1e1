"""The command line: lazy imports, errors of one sentence, and exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

import seq2seq
from seq2seq import cli
from seq2seq.commands import CommandError, packages


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python -m seq2seq` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "seq2seq", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(Path(seq2seq.__file__).parents[1]), "PATH": "/usr/bin:/bin"},
        timeout=120,
        check=False,
    )


def test_help_and_options_load_nothing_heavy() -> None:
    """Help, a wrong flag, a wrong file and the options import no torch and no other heavy package."""
    code = (
        "import sys; from seq2seq.cli import main\n"
        "codes = [main(['--help']), main(['--version']), main(['translate', '--help']),\n"
        "         main(['translate', '--beam-size', '0', 'a']), main(['evaluate', '--help']),\n"
        "         main(['translate', '--file', 'missing.docx'])]\n"
        "import seq2seq; seq2seq.DecodeOptions(beam_size=2)\n"
        "heavy = {'torch', 'numpy', 'sentencepiece', 'lightning', 'datasets', 'gradio', 'sacrebleu',\n"
        "         'transformers', 'huggingface_hub'} & set(sys.modules)\n"
        "print(codes, heavy, file=sys.stderr)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stderr.splitlines()[-1] == "[0, 0, 0, 2, 0, 2] set()"


def test_public_names_load_on_use() -> None:
    """Each public name of the package can be imported; another one is an AttributeError."""
    for name in seq2seq.__all__:
        assert getattr(seq2seq, name)
    assert set(seq2seq.__all__) <= set(dir(seq2seq))
    with pytest.raises(AttributeError, match="Translater"):
        _ = seq2seq.Translater  # type: ignore[attr-defined]


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Help lists every command."""
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert f"  {name} " in shown


def test_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, help goes to standard error and the exit code is 2."""
    assert cli.main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tranlsate"], "did you mean translate?"),
        (["xyzzy"], "choose from translate"),
        (["translate", "--beem-size", "3", "a"], "--beem-size"),
        (["translate", "--beam", "3", "a"], "--beam"),
        (["translate", "--beam-size", "many", "a"], "beam_size is 'many'; give a whole number"),
        (["translate", "--beam_size=99", "a"], "beam_size is 99"),
        (["translate", "--json", "--stream", "a"], "exclude each other"),
        (["translate", "--model", "http://a/b", "a"], "not a URL"),
        (["translate", "--model", "/nowhere", "a"], "'/nowhere'"),
        (["translate", "--source-language", "xx", "a"], "xx"),
        (["score", "--model", "m"], "--source, --target"),
        (["evaluate", "--model", "m", "--source", "/no", "--reference", "/no"], "cannot read /no"),
        (["models", "extra"], "extra"),
    ],
)
def test_wrong_command_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong command line is exit code 2 and one sentence with the value, on standard error alone."""
    assert cli.main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (CommandError("line 3 is wrong"), 1, "seq2seq: line 3 is wrong\n"),
        (ValueError("beam_size is 0;\n give more"), 2, "seq2seq: beam_size is 0; give more\n"),
        (OSError(28, "No space left on device", "model"), 1, "seq2seq: model: No space left on device\n"),
        (
            RuntimeError("CUDA out of memory"),
            1,
            "seq2seq: RuntimeError: CUDA out of memory; --debug shows where\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(2), 2, ""),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An error is one sentence and an exit code; with --debug it is raised."""

    def fail(arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(cli, "_entry", lambda module: fail)
    assert cli.main(["models"]) == code
    assert capsys.readouterr().err == message
    if isinstance(error, Exception):
        with pytest.raises(type(error)):
            cli.main(["models", "--debug"])


def test_text_named_debug_is_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """After -- everything is a text, --debug too."""
    seen = []
    monkeypatch.setattr(cli, "_entry", lambda module: lambda arguments: seen.append(arguments) or 0)
    assert cli.main(["translate", "--debug", "--", "--debug"]) == 0
    assert seen == [["--", "--debug"]]


@pytest.mark.parametrize("form", ["serve.py", "serve/__init__.py"])
def test_other_package_of_that_name(tmp_path: Path, form: str) -> None:
    """A user's own serve.py is named, and not run."""
    stranger = tmp_path / form
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("raise SystemExit('the wrong file was run')")
    process = run("serve", cwd=tmp_path)
    assert process.returncode == 2
    assert str(stranger) in process.stderr and "in the way" in process.stderr
    assert process.stderr.count("\n") == 1


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """If a package of an extra is missing, the error tells how to install it."""

    def fail(name: str) -> None:
        raise ModuleNotFoundError("No module named 'gradio'", name="gradio")

    monkeypatch.setattr(packages.importlib, "import_module", fail)
    assert cli.main(["serve"]) == 2
    assert "pip install '.[serve]' -c constraints.txt" in capsys.readouterr().err
