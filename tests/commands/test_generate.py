"""`seq2seq generate` and `seq2seq evaluate --text`."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seq2seq import DecodeOptions
from seq2seq.cli import main
from seq2seq.inference.completion import USUAL_LENGTH
from seq2seq.options import FIDELITY, OF_SOURCES

if TYPE_CHECKING:
    from seq2seq import Generator

Capsys = pytest.CaptureFixture[str]
SAMPLED = ["--max-length", "12", "--seed", "3"]


@pytest.fixture(scope="module")
def bard(tiny_generator: "Generator", tmp_path_factory: pytest.TempPathFactory) -> "Generator":
    """The tiny language model, loaded from a directory."""
    from seq2seq import Generator

    tiny_generator.save_pretrained(directory := tmp_path_factory.mktemp("models") / "bard")
    generator = Generator.from_pretrained(directory, device="cpu")
    generator.directory = str(directory)  # type: ignore[attr-defined]
    return generator


def generate(bard: "Generator", *arguments: str) -> int:
    """Return the exit code of `seq2seq generate`."""
    return main(["generate", "--model", bard.directory, "--device", "cpu", *arguments])  # type: ignore[attr-defined]


def test_prompt_and_text(bard: "Generator", capsys: Capsys) -> None:
    """The command samples the texts that the library samples with the same seed; streamed, too."""
    expected = bard.generate(["a dog", "two men"], DecodeOptions(sampling_topk=0, seed=3, max_length=12))
    assert generate(bard, "a dog", "two men", *SAMPLED) == 0
    assert capsys.readouterr().out == "".join(
        f"{generation.prompt}{generation.text}\n" for generation in expected
    )
    assert generate(bard, "a dog", "two men", "--stream", *SAMPLED) == 0
    assert capsys.readouterr().out == "".join(
        f"{generation.prompt}{generation.text}\n" for generation in expected
    )


def test_json_and_alternatives(bard: "Generator", capsys: Capsys) -> None:
    """JSON has prompt, tokens, scores, and as many alternatives as hypotheses were asked for."""
    assert generate(bard, "a dog", "--json", "--num-hypotheses", "3", *SAMPLED) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["prompt"] == "a dog" and "".join(result["tokens"]) == result["text"]
    assert len(result["alternatives"]) == 2 and result["finish"] == "length"
    assert generate(bard, "a dog", "--num-hypotheses", "3", *SAMPLED) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_prompts_from_standard_input(
    bard: "Generator", capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts are read from standard input, one a line."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a dog\ntwo men\n")))
    assert generate(bard, "--json", *SAMPLED) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == ["a dog", "two men"]


def test_a_beam_may_be_asked_for(bard: "Generator", capsys: Capsys) -> None:
    """A beam replaces sampling, the default."""
    assert generate(bard, "a dog", "--beam-size", "2", "--max-length", "5") == 0
    assert len(capsys.readouterr().out) > len("a dog\n")


def test_a_long_prompt_is_said(bard: "Generator", capsys: Capsys) -> None:
    """A prompt longer than the context is cut with a message that says so."""
    assert generate(bard, "a dog runs " * 3, *SAMPLED) == 0
    assert "its last 16 tokens are read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampling-temperature", "0"], "sampling_temperature is 0"),
        (["--sampling-temperature", "-1"], "sampling_temperature is -1"),
        (["--sampling-topp", "1.5"], "sampling_topp is 1.5"),
        (["--seed", "x"], "seed is 'x'"),
        (["--json", "--stream"], "exclude each other"),
        (["--min-length", "9", "--max-length", "3"], "min_length is 9"),
    ],
)
def test_a_wrong_option_is_said(
    bard: "Generator", capsys: Capsys, arguments: list[str], message: str
) -> None:
    """A wrong option is an error with its name and value."""
    assert generate(bard, "a dog", *arguments) == 2
    assert message in capsys.readouterr().err


def test_help_is_that_of_a_language_model(capsys: Capsys) -> None:
    """Help has the defaults of language models, and marks the options that they refuse."""
    assert main(["generate", "--help"]) == 0
    # argparse breaks lines at hyphens, too.
    help = " ".join(capsys.readouterr().out.split()).replace("encoder- decoders", "encoder-decoders")
    assert "a language model samples" in help and f"by default {USUAL_LENGTH}" in help
    assert f"takes {DecodeOptions.beam_size}. (from 1 to 64)" in help
    assert help.count("Only for encoder-decoders, such as e2e.") == len(OF_SOURCES) + len(FIDELITY)


def test_a_translator_answers(capsys: Capsys) -> None:
    """An encoder-decoder prints its output for a prompt."""
    assert main(["generate", "--model", "en-de", "Two dogs play in the snow."]) == 0
    assert capsys.readouterr().out.startswith("Zwei Hunde")


def test_a_text_is_measured(bard: "Generator", tmp_path: Path, capsys: Capsys) -> None:
    """`evaluate --text` prints what `Generator.measure` finds of the file's text."""
    text = "a dog runs\n\n  two men\n"
    (tmp_path / "text").write_text(text)
    command = ["evaluate", "--model", bard.directory, "--text", str(tmp_path / "text")]  # type: ignore[attr-defined]
    assert main([*command, "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["models"]
    assert result["nats"] == pytest.approx(bard.measure(text).nats) and result["characters"] == len(text) - 1
    assert main(command) == 0
    assert f"{bard.measure(text).nats:.4f} nats a character" in capsys.readouterr().out
    assert main([*command, "--source", "x"]) == 2
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
    """A flag of translations beside --text is refused by name, not ignored."""
    assert main(["evaluate", "--model", "shakespeare", "--text", "no-file", *flags.split()]) == 2
    assert f"{flags.split()[0]} is for translations; choose one" in capsys.readouterr().err
