"""`seq2seq translate --strings`: the rules of a program's strings for texts of the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]  # the fixture `run`


def test_labels_keep_their_form(run: Run) -> None:
    """Accelerator, ellipsis, tags, placeholders and blanks stay, line by line."""
    given = b"_Two dogs\xe2\x80\xa6\n  A man has <b>two dogs</b>:\n%d %s\n\n"
    ran = run("translate", "--model", "en-de", "--strings", "--beam-size", 2, given=given)
    first, second, third, blank = ran.out.splitlines()
    assert ran.code == 0 and first.count("_") == 1 and first.endswith("…")
    assert second.startswith("  ") and second.endswith(":") and second.count("<b>") == 1
    assert third == "%d %s" and blank == ""
    assert run("translate", "--model", "en-de", "--strings", "_Dogs").out.count("_") == 1


def test_a_memory_goes_first(run: Run, tmp_path: Path) -> None:
    """Strings of the memory come from there, in the frame of the string; the model does the rest."""
    memory = tmp_path / "memory.tsv"
    memory.write_text("_Open\tÖ_ffnen\n")
    given = "Two dogs\nOpen…\nTwo cats\n".encode()
    ran = run("translate", "--model", "en-de", "--strings", "--memory", memory, "--beam-size", 2, given=given)
    lines = ran.out.splitlines()
    assert lines[1] == "Öffnen…" and len(lines) == 3 and "unde" in lines[0]


def test_what_has_no_form_of_a_label_is_refused(run: Run) -> None:
    """JSON and streams have the model's own text, and files have their own command."""
    for other in (["--json"], ["--stream"], ["--file", "a.txt"]):
        ran = run("translate", "--strings", *other)
        assert ran.code == 2 and f"--strings and {other[0]} exclude each other" in ran.err
