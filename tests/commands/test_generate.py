"""`seq2seq generate` and `seq2seq evaluate --text`."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seq2seq import DecodeOptions
from seq2seq.cli import main
from seq2seq.inference.completion import USUAL_LENGTH
from seq2seq.options import OF_SOURCES

if TYPE_CHECKING:
    from seq2seq import Generator

Capsys = pytest.CaptureFixture[str]
SAMPLED = ["--max-length", "12", "--seed", "3"]


@pytest.fixture(scope="module")
def bard(tiny_generator: "Generator", tmp_path_factory: pytest.TempPathFactory) -> "Generator":
    """The tiny language model as a directory holds it."""
    from seq2seq import Generator

    tiny_generator.save_pretrained(directory := tmp_path_factory.mktemp("models") / "bard")
    found = Generator.from_pretrained(directory, device="cpu")
    found.directory = str(directory)  # type: ignore[attr-defined]
    return found


def generate(bard: "Generator", *arguments: str) -> int:
    """The exit code of `seq2seq generate`."""
    return main(["generate", "--model", bard.directory, "--device", "cpu", *arguments])  # type: ignore[attr-defined]


def test_prompt_and_text(bard: "Generator", capsys: Capsys) -> None:
    """The command would write another text than the library, or not by chance."""
    expected = bard.generate(["a dog", "two men"], DecodeOptions(sampling_topk=0, seed=3, max_length=12))
    assert generate(bard, "a dog", "two men", *SAMPLED) == 0
    assert capsys.readouterr().out == "".join(f"{each.prompt}{each.text}\n" for each in expected)
    assert generate(bard, "a dog", "two men", "--stream", *SAMPLED) == 0
    assert capsys.readouterr().out == "".join(f"{each.prompt}{each.text}\n" for each in expected)


def test_json_and_alternatives(bard: "Generator", capsys: Capsys) -> None:
    """A program could not read scores, or would get fewer texts than it asked for."""
    assert generate(bard, "a dog", "--json", "--num-hypotheses", "3", *SAMPLED) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["prompt"] == "a dog" and "".join(found["tokens"]) == found["text"]
    assert len(found["alternatives"]) == 2 and found["finish"] == "length"
    assert generate(bard, "a dog", "--num-hypotheses", "3", *SAMPLED) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_prompts_from_standard_input(
    bard: "Generator", capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts could not be piped in."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a dog\ntwo men\n")))
    assert generate(bard, "--json", *SAMPLED) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == ["a dog", "two men"]


def test_a_beam_may_be_asked_for(bard: "Generator", capsys: Capsys) -> None:
    """The default by chance would contradict the beam."""
    assert generate(bard, "a dog", "--beam-size", "2", "--max-length", "5") == 0
    assert len(capsys.readouterr().out) > len("a dog\n")


def test_a_long_prompt_is_said(bard: "Generator", capsys: Capsys) -> None:
    """What was given would be cut without a word."""
    assert generate(bard, "a dog runs " * 3, *SAMPLED) == 0
    assert "its last 16 tokens are read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sampling-temperature", "0"], "sampling_temperature is 0"),
        (["--sampling-temperature", "-1"], "sampling_temperature is -1"),
        (["--sampling-topp", "1.5"], "sampling_topp is 1.5"),
        (["--seed", "x"], "seed is 'x'"),
        (["--json", "--stream"], "exclude each other"),
        (["--min-length", "9", "--max-length", "3"], "min_length is 9"),
    ],
)
def test_a_wrong_option_is_said(bard: "Generator", capsys: Capsys, arguments: list[str], said: str) -> None:
    """A traceback would reach the user, or nonsense be written."""
    assert generate(bard, "a dog", *arguments) == 2
    assert said in capsys.readouterr().err


def test_help_is_that_of_a_language_model(capsys: Capsys) -> None:
    """Who asks for a story would read that there is a beam of 5, and that a glossary is heeded."""
    assert main(["generate", "--help"]) == 0
    # argparse breaks lines at hyphens, too.
    shown = " ".join(capsys.readouterr().out.split()).replace("encoder- decoders", "encoder-decoders")
    assert "a language model samples" in shown and f"by default {USUAL_LENGTH}" in shown
    assert f"takes {DecodeOptions.beam_size}. (from 1 to 64)" in shown
    assert shown.count("Only for encoder-decoders, such as e2e.") == len(OF_SOURCES) + 1


def test_a_translator_answers(capsys: Capsys) -> None:
    """A model that turns one text into another could not be asked by this command."""
    assert main(["generate", "--model", "en-de", "Two dogs play in the snow."]) == 0
    assert capsys.readouterr().out.startswith("Zwei Hunde")


def test_a_text_is_measured(bard: "Generator", tmp_path: Path, capsys: Capsys) -> None:
    """The command would measure another text than the file's, or another model."""
    text = "a dog runs\n\n  two men\n"
    (tmp_path / "text").write_text(text)
    asked = ["evaluate", "--model", bard.directory, "--text", str(tmp_path / "text")]  # type: ignore[attr-defined]
    assert main([*asked, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["models"]
    assert found["nats"] == pytest.approx(bard.measure(text).nats) and found["characters"] == len(text) - 1
    assert main(asked) == 0
    assert f"{bard.measure(text).nats:.4f} nats a character" in capsys.readouterr().out
    assert main([*asked, "--source", "x"]) == 2
    assert "choose one" in capsys.readouterr().err
    assert main(["evaluate", "--model", "en-de", "--text", str(tmp_path / "text")]) == 2
    assert "is no language model" in capsys.readouterr().err
    assert main(["evaluate", "--model", "en-de"]) == 2
    assert "--source is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        "--pairs x",
        "--columns a,b",
        "--lowercase",
        "--rerank auto",
        "--rerank-weight 0",
        "--reverse none",
        "--target-language de",
        "--beam-size 5",
        "--keep-numbers",
    ],
)
def test_flags_of_translations_are_refused_beside_a_text(flags: str, capsys: Capsys) -> None:
    """A flag would be accepted, and the figures be those without it."""
    assert main(["evaluate", "--model", "shakespeare", "--text", "no-file", *flags.split()]) == 2
    assert f"{flags.split()[0]} is for translations; choose one" in capsys.readouterr().err
