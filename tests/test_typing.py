"""Types as a user's checker sees them, and the Python versions that the project supports.

The project itself is checked by `.ci/run`: `mypy`, strict, for each supported version of Python.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# What README and docs recommend, beyond their own blocks. A `type: ignore` that is not needed is an error
# under --strict, so the last lines hold that wrong types are noticed: the shipped types are really read.
PROGRAM = """
from collections.abc import Iterator

from seq2seq import (
    Alignment,
    AttentionMaps,
    DecodeOptions,
    Generation,
    Generator,
    Score,
    Tokenizer,
    Translation,
    Translator,
    released_models,
)


def terms() -> dict[str, str]:
    return {"dog": "Dackel", "snow": "Tiefschnee"}


def options(stops: list[str]) -> DecodeOptions:
    return DecodeOptions(
        beam_size=4,
        length_penalty=1,
        target_prefix="Zwei Hunde",
        stop=stops,
        banned_words=["Katze"],
        forced_words=("Schnee",),
        glossary=terms(),
        keep_words=[name for name in ("Anna", "Peter")],
    )


def translate(translator: Translator, lines: list[str]) -> list[str]:
    one: Translation = translator.translate("Two dogs play.", options(["!"]))
    many: Iterator[Translation] = translator.translate(lines, DecodeOptions(glossary=[("dog", "Dackel")]))
    score: Score = translator.score("Two dogs.", "Zwei Hunde.")
    scores: list[Score] = translator.score(lines, lines)
    maps: AttentionMaps = translator.attention("Two dogs.")
    alignment: Alignment = translator.align("Two dogs.", "Zwei Hunde.")
    streamed = "".join(translator.stream("Two dogs.", DecodeOptions(target_prefix=["\\u2581Zwei"])))
    print(one.alignment.pharaoh(), alignment.links(), maps.cross.shape, score.log_probability, len(scores))
    return [streamed, *(result.text for result in many), *(other.text for other in one.alternatives)]


def write(generator: Generator, prompts: list[str]) -> str:
    result: Generation = generator.generate("ROMEO:", DecodeOptions(sampling_topk=0, stop=["\\n\\n"]))
    results: list[Generation] = generator.generate(prompts)
    return result.text + "".join(each.text for each in results)


def main() -> None:
    translator = Translator.from_pretrained("en-de")
    tokenizer: Tokenizer = translator.tokenizer
    print(tokenizer.encode("Two dogs."), [model for model in released_models()])
    print(translate(translator, ["Two dogs."]), write(Generator.from_pretrained("shakespeare"), ["A"]))
    translator.translate(5)  # type: ignore[call-overload]
    DecodeOptions(beam_size="5")  # type: ignore[arg-type]
    DecodeOptions(stop="!")  # type: ignore[arg-type]
    DecodeOptions(glossary="terms.tsv")  # type: ignore[arg-type]


main()
"""


# Documents that train call methods of torch that have no types, such as Tensor.backward.
TORCH_IS_UNTYPED = "# mypy: untyped-calls-exclude=torch\n"


def documented_programs() -> dict[str, str]:
    """Return the Python blocks of README and docs by a file name of their own."""
    programs = {}
    for document in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))):
        blocks = re.findall(
            r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
        for number, block in enumerate(blocks):
            head = "" if document.stem == "README" else TORCH_IS_UNTYPED
            programs[f"{document.stem.lower()}_{number}.py"] = head + block
    return programs


def test_a_users_program_passes_a_strict_checker(tmp_path: Path) -> None:
    """Programs that follow README and docs pass `mypy --strict` outside the tree, by the shipped types."""
    programs = {**documented_programs(), "program.py": PROGRAM}
    assert len(programs) > 5
    for name, text in programs.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MYPYPATH", "PYTHONPATH")
    }
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *programs],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def interpreter(version: str) -> str | None:
    """Return the path of an interpreter of a version (such as "3.12") that runs here, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    places = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    for place in filter(None, places):
        # A shim of pyenv may be on the path and know no such version.
        asked = subprocess.run([place, "--version"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.startswith(f"Python {version}."):
            return str(place)
    return None


COMPILE = """
import sys
for path in sys.stdin.read().splitlines():
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec")
"""


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_every_file_compiles(version: str) -> None:
    """Every Python file of the repository compiles in later versions of Python, without a warning."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} is installed")
    skipped = {"runs", "build", "dist"}
    paths = [
        path
        for folder in sorted(REPOSITORY.iterdir())
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in skipped
        for path in sorted(folder.rglob("*.py"))
    ]
    assert len(paths) > 300
    compiled = subprocess.run(
        [python, "-W", "error", "-c", COMPILE],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stderr
