"""`seq2seq translate`: one line out for each line in, JSON with fixed keys, and errors that name the line."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import seq2seq
from seq2seq.commands.translate import make_parser
from seq2seq.inference.reranking import NoisyChannel
from seq2seq.inference.translator import Translator
from seq2seq.options import DecodeOptions, option_fields

Run = Callable[..., Any]  # the fixture `run`

KEYS = [
    *("text", "score", "log_probability", "alternatives", "tokens", "alignment", "finish"),
    *("confidence", "is_unlike", "word_confidence", "uncovered", "is_incomplete"),
]


def test_texts_of_the_command_line(run: Run, model_directory: Path) -> None:
    """Each TEXT gives the translation that Python gives."""
    translator = Translator.from_pretrained(model_directory, "cpu")
    expected = [translator.translate(text).text for text in ("a dog", "two dogs")]
    ran = run("translate", "--model", model_directory, "a dog", "two dogs")
    assert ran == (0, "\n".join(expected) + "\n", "")


def test_one_line_out_for_each_line_in(run: Run, model_directory: Path) -> None:
    """Blank lines, a carriage return, other line separators and a missing last line feed keep the count."""
    given = "a dog\n\n  \r\ntwo dogs\r\na\u2028man\x0bsits\n😀".encode()
    ran = run("translate", "--model", model_directory, "--max-length", 5, given=given)
    lines = ran.out.removesuffix("\n").split("\n")
    assert ran.code == 0 and len(lines) == 6
    assert lines[1:3] == ["", "  "] and lines[5] == "😀"
    assert run("translate", "--model", model_directory, given=b"") == (0, "", "")


def test_json_has_exactly_the_promised_keys(run: Run, model_directory: Path) -> None:
    """JSON has exactly the documented keys, in their order."""
    given = b"a dog plays in the snow.\n\n"
    ran = run("translate", "--model", model_directory, "--json", "--num-hypotheses", 2, given=given)
    first, blank = (json.loads(line) for line in ran.out.splitlines())
    assert list(first) == list(blank) == KEYS
    assert len(first["alternatives"]) == 1 and first["finish"] in ("end", "length")
    assert blank["text"] == ""
    ran = run("translate", "--model", "en-de", "--json", given=b"Two dogs play in the snow.\n")
    assert json.loads(ran.out)["alignment"]["links"], "a trained model links its words"


def test_a_text_unlike_the_training_texts_is_noted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal one sentence on standard error says how many texts are unlike the training texts."""
    unlike = "Kernel panics require rebooting the virtualization hypervisor."
    caption = "Two dogs play in the snow."
    assert run("translate", "--model", "en-de", unlike).err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    # The count of lines stands before it, where results do not go to the terminal.
    assert run("translate", "--model", "en-de", caption).err == "\r1 lines translated\n"
    assert run("translate", "--model", "en-de", unlike).err.endswith(
        "\nNote: the text is unlike what the model was trained on; check the translation.\n"
    )
    assert run("translate", "--model", "en-de", unlike, caption).err.endswith(
        "\nNote: 1 of 2 texts are unlike what the model was trained on; check the translation.\n"
    )


def test_words_and_a_glossary_are_flags(run: Run, model_directory: Path, tmp_path: Path) -> None:
    """A list is a repeated flag, a glossary a file, and a switch that is on has a --no- form."""
    terms = tmp_path / "terms.tsv"
    terms.write_text("dog\tgarden snow\n", encoding="utf-8")
    options = ("--forced-words", "man", "--forced-words", "plays", "--glossary", terms, "--max-length", 30)
    ran = run("translate", "--model", model_directory, *options, "a dog {x}")
    assert ran.code == 0 and all(word in ran.out for word in ("man", "plays", "garden snow", "{x}"))
    off = run("translate", "--model", model_directory, "--no-keep-placeholders", "a dog {x}")
    assert off.code == 0 and "{x}" not in off.out
    missing = run("translate", "--model", model_directory, "--glossary", tmp_path / "none.tsv", "a")
    assert missing.code == 2 and "cannot read the glossary" in missing.err


def test_stream_prints_the_greedy_translation(run: Run, model_directory: Path) -> None:
    """--stream shows what --beam-size 1 gives."""
    texts = ("a dog plays.", "two dogs", "")
    streamed = run("translate", "--model", model_directory, "--stream", *texts)
    greedy = run("translate", "--model", model_directory, "--beam_size", 1, *texts)
    assert streamed == greedy and streamed.code == 0


def test_invalid_utf8_is_named_by_line(run: Run, model_directory: Path) -> None:
    """The lines before an invalid one are translated; the error names the line and the byte."""
    ran = run("translate", "--model", model_directory, given=b"a dog\nsch\xf6n\n")
    assert ran.code == 1
    assert (
        ran.err == "seq2seq: line 2 of standard input is not UTF-8 (its byte 4 is 0xf6); convert it first\n"
    )
    assert ran.out.count("\n") == 1


@pytest.mark.parametrize("mode", [[], ["--stream"], ["--json"]])
@pytest.mark.parametrize("command", ["translate", "generate"])
def test_a_refused_line_is_named(run: Run, command: str, mode: list[str]) -> None:
    """The results before a refused line are printed, and the error names the line."""
    lines = ["name[Aromi], food[French]", "name[Zizzi], food[Indian]", "name[B], food[Martian]", "name[C]"]
    arguments = (command, "--model", "e2e", *mode)
    ran = run(*arguments, given="\n".join(lines).encode())
    good = run(*arguments, *lines[:2])
    assert ran.code == 2 and ran.out == good.out and good.out.count("\n") == 2
    assert ran.err.startswith("seq2seq: line 3: ") and "Martian" in ran.err
    assert run(*arguments, *lines).err.startswith(
        f"seq2seq: {'text' if command == 'translate' else 'prompt'} 3: "
    )
    assert " 1: " not in run(*arguments, lines[2]).err


def test_results_before_a_refused_text_come_once(run: Run) -> None:
    """Regression: with a refused text after the sixteenth, results before it were printed twice."""
    lines = ["name[Aromi], food[French]"] * 17
    command = ("translate", "--model", "e2e", "--beam-size", 1)
    texts = [*lines, "food[Martian]", lines[0]]
    for ran in (run(*command, *texts), run(*command, given="\n".join(texts).encode())):
        assert ran.code == 2 and " 18: " in ran.err and ran.out.count("\n") == 17


def test_language_is_checked(run: Run, model_directory: Path) -> None:
    """A language that the model does not speak is refused with those it does."""
    ran = run("translate", "--model", model_directory, "--target-language", "fr", "a")
    assert ran.code == 2 and "'fr' is not supported; this model translates en to de" in ran.err


def test_damaged_model_is_one_sentence(run: Run, model_directory: Path) -> None:
    """A truncated weights file is one sentence that names it."""
    weights = model_directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    ran = run("translate", "--model", model_directory, "a")
    assert ran.code != 0 and str(weights) in ran.err and ran.err.count("\n") == 1


def test_every_option_has_its_flag() -> None:
    """Every field of DecodeOptions has a flag."""
    flags = {flag for action in make_parser()._actions for flag in action.option_strings}
    assert {"--" + option.name.replace("_", "-") for option in option_fields()} <= flags


def test_help_has_ranges_and_defaults(run: Run) -> None:
    """Help shows the range of every number, and its default."""
    flags = {flag: action for action in make_parser()._actions for flag in action.option_strings}
    for option in option_fields():
        help = flags["--" + option.name.replace("_", "-")].help or ""
        assert not option.range or f"({option.range}" in help
    assert "(from 1 to 64, default 5)" in run("translate", "--help").out


def start(model_directory: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start the command as a process with pipes, which its `with` closes."""
    root = str(Path(seq2seq.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-m", "seq2seq", "translate", "--model", str(model_directory), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background
    )


def test_answers_before_the_next_line_comes(model_directory: Path) -> None:
    """A line is answered before the next one comes, without waiting for a full batch."""
    with start(model_directory) as process:
        assert process.stdin and process.stdout
        for text in (b"a dog\n", b"two dogs\n"):
            process.stdin.write(text)
            process.stdin.flush()
            assert process.stdout.readline().strip()
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("mode", [[], ["--stream"]])
def test_reader_that_leaves_ends_it_quietly(model_directory: Path, mode: list[str]) -> None:
    """A reader that leaves, as `head -1` does, ends the command with 0 and no message."""
    with start(model_directory, *mode) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"a dog plays in the snow.\n" * 2000)
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_interrupt_is_quiet(model_directory: Path) -> None:
    """Ctrl-C while waiting for input ends the command with 130 and no message."""
    with start(model_directory) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"a dog\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b""


def test_reader_that_leaves_while_input_stays_open(model_directory: Path) -> None:
    """The command ends with 0 and no message although its input stays open and a thread waits for it."""
    with start(model_directory) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"a dog\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"two dogs\n")
        process.stdin.flush()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_several_models_and_a_reverse_model(run: Run, model_directory: Path, reverse_directory: Path) -> None:
    """An ensemble and a reranker are used as in Python; contradictions are refused."""
    texts = ["a dog plays.", "two dogs"]
    options = DecodeOptions(max_length=6)
    both = Translator.from_pretrained([model_directory, model_directory], "cpu")
    expected = [both.translate(text, options).text for text in texts]
    named = f"{model_directory},{model_directory}"
    assert run("translate", "--model", named, "--max-length", 6, *texts).out.splitlines() == expected
    both.reranker = NoisyChannel(Translator.from_pretrained(reverse_directory, "cpu"), 30.0)
    expected = [both.translate(text, options).text for text in texts]
    flags = ("--rerank", reverse_directory, "--rerank-weight", 30)
    ran = run("translate", "--model", named, "--max-length", 6, *flags, *texts)
    assert ran.out.splitlines() == expected and ran.code == 0
    for wrong, message in (
        (("--rerank-weight", 2), "--rerank-weight is 2 without --rerank"),
        (("--rerank", "none"), "--rerank none finds no model of the reverse direction"),
        (("--rerank", model_directory), "this model translates en to de"),
        (("--rerank", reverse_directory, "--stream"), "leave out one"),
        (
            ("--rerank", "auto", "--beam-size", 1),
            "--rerank auto chooses among hypotheses, but greedy finds one",
        ),
        (("--rerank", "auto", "--sampling-topk", 5), "but sampling finds one"),
    ):
        ran = run("translate", "--model", model_directory, *wrong, "a")
        assert ran.code == 2 and message in ran.err
