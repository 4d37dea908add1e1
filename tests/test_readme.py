"""The README is run: its Python and its commands, as they stand there, and its tree is compared with git.

Every fenced block carries a name, `<!-- block: NAME -->`, in the line above it. The two that install
(serve, test) are run by .ci/run, each in a fresh environment. The others run here, in a folder that holds
the files they name, with two changes: the server's port, and where the training corpus comes from.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_hub import small_hub

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CHINESE = (REPOSITORY / "README.zh.md").read_text(encoding="utf-8")
INSTALLING = {"environment", "serve", "test"}  # run by .ci/run
RUN_HERE = {
    "translate",
    "glossary",
    "generate",
    "python",
    "rest",
    "picture",
    "train",
    "finetune",
    "synthesize",
    "evaluate",
}

needs_model = pytest.mark.skipif(
    not (REPOSITORY / "seq2seq" / "models" / "en-de" / "config.json").is_file(),
    reason="the model en-de is not in seq2seq/models",
)


def blocks(text: str) -> list[tuple[str, str]]:
    """(name, content) of every named fenced block, in order."""
    found = re.findall(r"<!-- block: (\w+) -->\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [(name, content) for name, content in found]


def block(name: str) -> str:
    """The one block of that name."""
    (content,) = [content for other, content in blocks(README) if other == name]
    return content


def environment() -> dict[str, str]:
    """The variables of this process, with the installed `seq2seq` and `python` first on the path."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {**os.environ, "PATH": os.pathsep.join(folders)}


def run(commands: str, folder: Path) -> str:
    """Standard output of shell commands; a failing one fails the test with what it said."""
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
def folder(tmp_path: Path) -> Path:
    """An empty folder with what the commands name beside them: docs, and four lines of each test file."""
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    english = ["A man sleeps.", "Two dogs run.", "A woman sings.", "Children play."]
    german = ["Ein Mann schläft.", "Zwei Hunde rennen.", "Eine Frau singt.", "Kinder spielen."]
    tokenised = [line.lower().replace(".", " .") for line in german]
    for name, lines in (
        ("test_2016_flickr.en", english),
        ("test_2016_flickr.de", german),
        ("test_2016_flickr.lc.norm.tok.de", tokenised),
    ):
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_every_block_has_a_name_that_is_run() -> None:
    """A command in the README would be run by nobody."""
    shown = len(re.findall(r"^```(?:sh|python)$", README, re.MULTILINE))
    assert shown == len(blocks(README))
    assert {name for name, _ in blocks(README)} == INSTALLING | RUN_HERE


def test_chinese_readme_gives_the_same_commands() -> None:
    """The two READMEs would tell their readers different things."""

    def without_comments(text: str) -> list[tuple[str, str]]:
        return [(name, re.sub(r" +#.*", "", content)) for name, content in blocks(text)]

    assert without_comments(CHINESE) == without_comments(README)


def test_chinese_readme_has_the_same_sections() -> None:
    """A section would be missing from one of the two."""
    assert len(re.findall(r"^## ", CHINESE, re.MULTILINE)) == len(re.findall(r"^## ", README, re.MULTILINE))


@pytest.mark.parametrize("text", [README, CHINESE], ids=["README.md", "README.zh.md"])
def test_links_lead_to_files(text: str) -> None:
    """A link or picture of the README would be broken."""
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (REPOSITORY / target).exists(), target


@needs_model
def test_python_blocks_run(folder: Path) -> None:
    """A reader who pastes the Python into a file would meet an error."""
    for name, content in blocks(README):
        if name == "python":
            (folder / "pasted.py").write_text(content, encoding="utf-8")
            assert run("python pasted.py", folder).strip()


@pytest.mark.parametrize("document", sorted((REPOSITORY / "docs").glob("*.md")), ids=lambda path: path.name)
def test_python_of_documents_runs(document: Path, folder: Path) -> None:
    """A document would show Python that fails, or whose assertions are not true."""
    for content in re.findall(
        r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        (folder / "pasted.py").write_text(content, encoding="utf-8")
        run("python pasted.py", folder)


@needs_model
def test_commands_of_decoding_run(folder: Path) -> None:
    """docs/decoding.md would show a flag that does not exist."""
    document = (REPOSITORY / "docs" / "decoding.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    run(commands, folder)


@needs_model
def test_translate_block_runs(folder: Path) -> None:
    """The first commands a reader types would fail."""
    assert run(block("translate"), folder).strip()


def test_generate_block_writes_on(folder: Path) -> None:
    """The first text a reader asks for would not come."""
    assert len(run(block("generate"), folder)) > 300


@needs_model
def test_glossary_block_runs(folder: Path) -> None:
    """A reader's first glossary would not be kept to, or a placeholder be lost."""
    said = run(block("glossary"), folder)
    assert said.count("{name}") == 1
    assert re.search(r"\bDackel\b.*\bTiefschnee\b", said) and not re.search(r"\b(Hund|Schnee)\b", said), said


@needs_model
def test_evaluate_block_runs(folder: Path) -> None:
    """The commands that give the README's figures would fail."""
    assert "BLEU" in run(block("evaluate"), folder)


@needs_model
def test_picture_block_draws(folder: Path) -> None:
    """The command under the picture would not draw one."""
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
    """The REST calls shown would not be answered."""
    said = run(block("rest").replace(":7860", f":{server}").replace("curl -s", "curl -sf"), tmp_path)
    assert "translatedText" in said


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


def test_train_block_trains(hub_folder: Path, tmp_path: Path) -> None:
    """The training command would not end in a model directory that translates."""
    printed = run(block("train").rstrip() + SMALLER.format(hub_folder), tmp_path)
    model = printed.splitlines()[-1]
    assert model == "runs/multi30k-en-de/model"
    run(f'seq2seq translate --model {model} "A man sleeps." --max_length 5', tmp_path)


@needs_model
def test_finetune_block_runs(hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fine-tuning, or publishing what came of it, would fail as the README shows them."""
    rows = map(json.loads, (hub_folder / "train.jsonl").read_text(encoding="utf-8").splitlines())
    lines = ["en\tde", *(f"{row['en']}\t{row['de']}" for row in rows)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tune, publish = block("finetune").splitlines()
    few = " --trainer.max_steps 2 --trainer.val_check_interval 1 --trainer.accelerator cpu"
    assert run(tune + few, tmp_path) == "runs/finetune/model\n"
    with small_hub() as (address, repositories):
        for name, value in {"HF_ENDPOINT": address, "HF_TOKEN": "secret", "HF_HOME": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        assert run(publish, tmp_path) == f"{address}/owner/name\n"
    assert "model.safetensors" in repositories["owner/name"]


@needs_model
def test_synthesize_block_runs(hub_folder: Path, tmp_path: Path) -> None:
    """Pairs could not be made, or not be trained on, as the README shows."""
    (tmp_path / "captions.en").write_text("A man sleeps in the park.\nTwo dogs run.\n", encoding="utf-8")
    make, learn = block("synthesize").splitlines()
    run(make, tmp_path)
    assert (tmp_path / "made.tsv").read_text(encoding="utf-8").startswith("en\tde\tscore\n")
    assert run(learn + SMALLER.format(hub_folder), tmp_path) == "runs/more/model\n"


def tree_paths(text: str) -> list[str]:
    """The paths that the tree of a README shows, folders ending in a slash."""
    (drawn,) = re.findall(r"<!-- tree -->\n```\n(.*?)```", text, re.DOTALL)
    paths, folders = [], []
    for line in drawn.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        folders = [*folders[: len(indent) // 2], name]
        paths.append("".join(folders))
    return paths


@pytest.mark.parametrize("text", [README, CHINESE], ids=["README.md", "README.zh.md"])
def test_tree_is_true(text: str) -> None:
    """The tree would show a file that is gone, one twice, or keep silent on one that is there.

    Under tests/ and in a released model, a folder stands for its files.
    """
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    shown = tree_paths(text)
    twice = {path for path in shown if shown.count(path) > 1}
    assert not twice, f"the tree shows twice {sorted(twice)}"
    for path in shown:
        assert (REPOSITORY / path).exists(), f"the tree shows {path}, which is not there"
    leaves = [path for path in shown if not any(other != path and other.startswith(path) for other in shown)]
    folders = [path for path in leaves if path.endswith("/")]
    for path in listed.stdout.splitlines():
        there = path in leaves or any(path.startswith(folder) for folder in folders)
        assert there or path.startswith("tests/"), f"the tree does not show {path}"
