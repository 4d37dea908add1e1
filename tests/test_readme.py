"""The README and the pages of docs/ are executed: Python and commands, as they stand there.

Every fenced block of the README carries a name, `<!-- block: NAME -->`, in the line above it. The blocks that
install (environment, serve, test) are run by .ci/run, each in a fresh environment. The others run here, in a
folder that holds the files they name, with two changes: the server's port, and where the training corpus
comes from. Commands whose start is not the subject of a test are called as functions: importing torch and
Lightning anew for each line takes longer than what the line does.
"""

import contextlib
import json
import os
import re
import runpy
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_hub import small_hub

from seq2seq import TranslationMemory
from seq2seq.cli import main
from seq2seq.inference.memory.files import save_memory

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CHINESE = (REPOSITORY / "README.zh.md").read_text(encoding="utf-8")
DOCUMENTS = {
    path.name: path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "docs").glob("*.md"))
}
INSTALLING = {"environment", "serve", "test"}  # run by .ci/run
RUN_HERE = {"commands", "localize", "python", "rest", "train", "finetune"}
OF_DOCUMENTS = {"translate", "options", "glossary", "picture", "synthesize", "evaluate"}

needs_model = pytest.mark.skipif(
    not (REPOSITORY / "seq2seq" / "models" / "en-de" / "config.json").is_file(),
    reason="the model en-de is not in seq2seq/models",
)


def blocks(text: str) -> list[tuple[str, str]]:
    """Return (name, content) of every named fenced block, in order."""
    return re.findall(r"<!-- block: (\w+) -->\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def block(name: str) -> str:
    """Return the one block of that name, of the README or of a page of docs/."""
    (content,) = [
        content for text in (README, *DOCUMENTS.values()) for other, content in blocks(text) if other == name
    ]
    return content


def environment() -> dict[str, str]:
    """Return the variables of this process, with the installed `seq2seq` and `python` first on the path."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {**os.environ, "PATH": os.pathsep.join(folders)}


def run(commands: str, folder: Path) -> str:
    """Return standard output of shell commands; a failing one fails the test with what it printed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[[str, Path], str]:
    """Run shell lines in a folder, `seq2seq` as a function of this process; return standard output."""

    def call(commands: str, folder: Path) -> str:
        output = ""
        for line in filter(None, commands.splitlines()):
            program, *arguments = shlex.split(line, comments=True)
            if program != "seq2seq":
                output += run(line, folder)
                continue
            assert not {"|", ">", "&&"} & set(arguments), f"a shell must run {line}"
            with contextlib.chdir(folder):
                code = main(arguments)
            out, err = capsys.readouterr()
            assert code == 0, f"{line}\n{out}\n{err}"
            output += out
        return output

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the commands name: docs, examples, short test files, a document, a memory."""
    for name in ("docs", "examples"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    english = ["A man sleeps.", "Two dogs run.", "A woman sings.", "Children play."]
    german = ["Ein Mann schläft.", "Zwei Hunde rennen.", "Eine Frau singt.", "Kinder spielen."]
    tokenised = [line.lower().replace(".", " .") for line in german]
    for name, lines in (
        ("test_2016_flickr.en", english),
        ("test_2016_flickr.de", german),
        ("test_2016_flickr.lc.norm.tok.de", tokenised),
    ):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_word(tmp_path / "report.docx", "Two dogs play in the snow.")
    memory = TranslationMemory("en", "de")
    memory.add("Open the file", "Datei öffnen")
    save_memory(memory, tmp_path / "project.tmx")
    return tmp_path


def write_word(path: Path, text: str) -> None:
    """Write the least that is a Word document: one paragraph."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    main_part = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{types}">'
            f'<Override PartName="/word/document.xml" ContentType="{main_part}"/></Types>',
        )
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{word}"><w:body>'
            f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>",
        )


def test_every_block_has_a_name_that_is_run() -> None:
    """Every command of the README is run, here or by .ci/run; so is every named block of docs/."""
    shown = len(re.findall(r"^```(?:sh|python)$", README, re.MULTILINE))
    assert shown == len(blocks(README))
    assert {name for name, _ in blocks(README)} == INSTALLING | RUN_HERE
    assert {name for text in DOCUMENTS.values() for name, _ in blocks(text)} == OF_DOCUMENTS


def test_chinese_readme_gives_the_same_commands() -> None:
    """The two READMEs hold the same blocks, but for comments."""

    def without_comments(text: str) -> list[tuple[str, str]]:
        return [(name, re.sub(r" +#.*", "", content)) for name, content in blocks(text)]

    assert without_comments(CHINESE) == without_comments(README)


def test_chinese_readme_has_the_same_sections() -> None:
    """The two READMEs have as many sections, in the same order of headings and tables."""
    outlines = [re.findall(r"^(#+|\| ---).*", text, re.MULTILINE) for text in (README, CHINESE)]
    assert outlines[0] == outlines[1]


@pytest.mark.parametrize("text", [README, CHINESE], ids=["README.md", "README.zh.md"])
def test_readme_is_short(text: str) -> None:
    """A README has 150 to 200 lines: five minutes for a reader; the rest is in docs/."""
    assert 150 <= len(text.splitlines()) <= 200


@needs_model
def test_python_blocks_run(folder: Path) -> None:
    """The README's Python runs, pasted into a file, and prints."""
    for name, content in blocks(README):
        if name == "python":
            (folder / "pasted.py").write_text(content, encoding="utf-8")
            assert run("python pasted.py", folder).strip()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_of_documents_runs(document: str, folder: Path) -> None:
    """The Python of every page runs, and its assertions are true."""
    for content in re.findall(r"^```python\n(.*?)^```$", DOCUMENTS[document], re.DOTALL | re.MULTILINE):
        (folder / "pasted.py").write_text(content, encoding="utf-8")
        with contextlib.chdir(folder):
            runpy.run_path("pasted.py")


@needs_model
def test_commands_of_decoding_run(call: Callable[[str, Path], str], folder: Path) -> None:
    """Every flag that docs/decoding.md shows exists, and is heeded without an error."""
    assert len(call(block("options"), folder).splitlines()) >= len(block("options").splitlines())


@needs_model
def test_translate_block_runs(folder: Path) -> None:
    """The first commands a reader types run in a shell, pipes included."""
    assert run(block("translate"), folder).strip()


@needs_model
def test_commands_block_runs(call: Callable[[str, Path], str], folder: Path) -> None:
    """The README's five commands run; the translated document lies beside its source."""
    outputs = [call(line, folder) for line in block("commands").splitlines()]
    text, file, links, scores, continuation = outputs
    assert text.strip() and (folder / "report.de.docx").is_file(), file
    assert len(links.splitlines()) == 4 and "BLEU" in scores
    assert len(continuation) > 300


@needs_model
def test_localize_block_fills_a_catalog(call: Callable[[str, Path], str], folder: Path) -> None:
    """The catalog of the example is filled, and its report written."""
    call(block("localize"), folder)
    filled = (folder / "filled" / "de.po").read_text(encoding="utf-8")
    assert filled.count("#, fuzzy") > 20
    assert "<html" in (folder / "filled" / "report.html").read_text(encoding="utf-8")


@needs_model
def test_glossary_block_runs(call: Callable[[str, Path], str], folder: Path) -> None:
    """The glossary's terms are written, the words that they replace are not, and a placeholder stays."""
    output = call(block("glossary"), folder)
    assert output.count("{name}") == 1
    assert re.search(r"\bDackel\b.*\bTiefschnee\b", output), output
    assert not re.search(r"\b(Hund|Schnee)\b", output), output


@needs_model
def test_evaluate_block_runs(call: Callable[[str, Path], str], folder: Path) -> None:
    """The commands behind the figures of docs/results.md run."""
    assert "BLEU" in call(block("evaluate"), folder)


@needs_model
def test_picture_block_draws(folder: Path) -> None:
    """The command under the picture of an alignment draws it."""
    run(block("picture"), folder)
    assert "<svg" in (folder / "alignment.svg").read_text(encoding="utf-8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of a running `seq2seq serve`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (tmp_path / "serve.log").open("w") as log:
        process = subprocess.Popen(
            ["seq2seq", "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        await_health(process, port, tmp_path / "serve.log")
        yield port
    finally:
        process.terminate()
        process.wait(60)


def await_health(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return once the server answers; fail with its log when it ends or stays silent."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not answer:\n{log.read_text()}")


@needs_model
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_rest_block_runs(server: int, tmp_path: Path) -> None:
    """A running server answers the REST calls shown."""
    output = run(block("rest").replace(":7860", f":{server}").replace("curl -s", "curl -sf"), tmp_path)
    assert "translatedText" in output


@pytest.fixture
def hub_folder(tmp_path: Path) -> Path:
    """A local folder laid out like the hub data set: a JSON-lines file a split, {"en": ..., "de": ...}."""
    place = tmp_path / "multi30k"
    place.mkdir()
    subjects = [
        ("A man", "Ein Mann"),
        ("A dog", "Ein Hund"),
        ("A woman", "Eine Frau"),
        ("A boy", "Ein Junge"),
    ]
    verbs = [
        ("sleeps", "schläft"),
        ("runs", "rennt"),
        ("sings", "singt"),
        ("waits", "wartet"),
        ("eats", "isst"),
    ]
    places = [("here", "hier"), ("there", "dort"), ("outside", "draußen"), ("inside", "drinnen")]
    rows = [
        {"en": f"{s[0]} {v[0]} {p[0]}.", "de": f"{s[1]} {v[1]} {p[1]}."}
        for s in subjects
        for v in verbs
        for p in places
    ]
    for name, part in (("train", rows), ("val", rows[:8]), ("test", rows[8:16])):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
        (place / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return place


SMALLER = (
    " --data.name {} --data.vocabulary_size 60 --data.batch_tokens 256"
    " --model.width 16 --model.feed_forward 32 --model.encoder_layers 1 --model.decoder_layers 1"
    " --trainer.max_steps 2 --trainer.val_check_interval 1 --trainer.accelerator cpu"
)


def test_train_block_trains(call: Callable[[str, Path], str], hub_folder: Path, tmp_path: Path) -> None:
    """The training command ends in a model directory, which translates."""
    printed = call(block("train").rstrip() + SMALLER.format(hub_folder), tmp_path)
    model = printed.splitlines()[-1]
    assert model == "runs/multi30k-en-de/model"
    call(f'seq2seq translate --model {model} "A man sleeps." --max_length 5', tmp_path)


@needs_model
def test_finetune_block_runs(
    call: Callable[[str, Path], str], hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fine-tuning ends in a model directory, which is published as shown."""
    rows = map(json.loads, (hub_folder / "train.jsonl").read_text(encoding="utf-8").splitlines())
    lines = ["en\tde", *(f"{row['en']}\t{row['de']}" for row in rows)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tune, publish = block("finetune").splitlines()
    few = " --trainer.max_steps 2 --trainer.val_check_interval 1 --trainer.accelerator cpu"
    assert call(tune + few, tmp_path) == "runs/finetune/model\n"
    with small_hub() as (address, repositories):
        for name, value in {"HF_ENDPOINT": address, "HF_TOKEN": "secret", "HF_HOME": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        # A process of its own: huggingface_hub reads these variables when it is imported.
        assert run(publish, tmp_path) == f"{address}/owner/name\n"
    assert "model.safetensors" in repositories["owner/name"]


@needs_model
def test_synthesize_block_runs(call: Callable[[str, Path], str], hub_folder: Path, tmp_path: Path) -> None:
    """Pairs are made, and trained on, as docs/training.md shows."""
    (tmp_path / "captions.en").write_text("A man sleeps in the park.\nTwo dogs run.\n", encoding="utf-8")
    make, learn = block("synthesize").splitlines()
    call(make, tmp_path)
    assert (tmp_path / "made.tsv").read_text(encoding="utf-8").startswith("en\tde\tscore\n")
    assert call(learn + SMALLER.format(hub_folder), tmp_path) == "runs/more/model\n"


def tree_paths(text: str) -> list[str]:
    """Return the paths that the tree of a README shows, folders ending in a slash."""
    (drawn,) = re.findall(r"<!-- tree -->\n```\n(.*?)```", text, re.DOTALL)
    paths, folders = [], []
    for line in drawn.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        folders = [*folders[: len(indent) // 2], name]
        paths.append("".join(folders))
    return paths


@pytest.mark.parametrize("text", [README, CHINESE], ids=["README.md", "README.zh.md"])
def test_tree_is_true(text: str) -> None:
    """The tree shows every folder at the top and every folder of the library, each once, and no other.

    The files are in docs/architecture.md, which tests/docs/test_architecture.py holds true.
    """
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [Path(path).parts for path in listed.stdout.splitlines() if (REPOSITORY / path).is_file()]
    folders = {f"{parts[0]}/" for parts in paths if len(parts) > 1 and not parts[0].startswith(".")}
    folders |= {f"seq2seq/{parts[1]}/" for parts in paths if parts[0] == "seq2seq" and len(parts) > 2}
    assert sorted(tree_paths(text)) == sorted(folders)
