"""Fuzzing of everything that reads bytes or text of others.

python tests/fuzzing.py [--seconds 60] [--targets documents gold ...]

runs each target for a time, guided by coverage where `atheris` is installed (`pip install -e ".[fuzz]"`),
else with drawn inputs. A target may raise a ValueError; everything else is a finding: it is printed with the
bytes that caused it, and the exit code is 1. `tests/test_fuzzing.py` runs all targets for a moment.
"""

import argparse
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sample_files
from catalog_samples import CATALOG_SAMPLES
from mutants import mutated_bytes

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import ModelConfig
from seq2seq.documents import SUPPORTED, read_document
from seq2seq.inference.processing import TextProcessor
from seq2seq.inference.results import Translation
from seq2seq.metrics.aer import read_gold
from seq2seq.options import DecodeOptions
from seq2seq.storage.settings import CARD, CONFIG, TOKENIZER, WEIGHTS, Settings, config_bytes, read_config
from seq2seq.text.normalization import check_text, normalize
from seq2seq.text.sentences import split_segments
from seq2seq.text.tokenizer import Tokenizer

# Only our own modules are instrumented: torch alone would take minutes.
GUIDED = """
import atheris
with atheris.instrument_imports(include=["seq2seq"], enable_loader_override=False):
    import fuzzing
    fuzzing.import_readers()
fuzzing.run_guided({})
"""
LINES = [f"the dog {number} sees ⟦1⟧, a café and two men in the snow." for number in range(60)]
SETTINGS = Settings(["en"], ["de"], 16, 16, AlignmentHead())
TEXTS = [
    "Two dogs (see https://a.example/b?c=d) play in {place} at 3:30 p.m.; 42 %!",
    "<b>a</b> &amp; `code` $x^2$ @user #tag 👨‍👩‍👧 ａｂｃ ﷺ e\u0301 \u200b\ufeff\u202e 你好。狗。",
    "{count, plural, one {# dog} other {# dogs}} %1$s %(name)s ${x} \"a\", 'b'",
    "a@a. a@a. a@a.\n\n1. x\r\n- y\u2028THE DOGS\tRUN…",
]


def check_normalization(data: bytes) -> None:
    """Check that spans lie in the text, in order, and that a normalized text stays as it is."""
    text = check_text(_text(data))
    normalized = normalize(text)
    assert normalize(normalized.text).text == normalized.text
    before = 0
    for index in range(len(normalized.text)):
        start, end = normalized.original_span(index, index + 1)
        assert before <= start <= end <= len(text)
        before = start


def check_splitting(data: bytes) -> None:
    """Check that segments and separators, joined, are the text, and that segments fit."""
    text = _text(data)
    longest = 1 + (data[0] if data else 7) % 40
    segments = split_segments(text, longest, len, sentences=1 + len(data) % 3)
    assert "".join(segment.text + segment.separator for segment in segments) == text
    assert all(len(segment.text) <= longest for segment in segments)


def check_placeholders(data: bytes) -> None:
    """Check that a text is prepared: what is kept has placeholders, and segments fit the model."""
    for segment in _processor().prepare(_text(data), DecodeOptions()):
        assert segment.tokens <= SETTINGS.longest_source


def check_document(data: bytes) -> None:
    """Check that a document is read, and written again with its texts unchanged; byte 0 is its format."""
    if not data:
        return
    suffixes = list(SUPPORTED)
    name = f"a{suffixes[data[0] % len(suffixes)]}"
    document = read_document(name, data[1:], target="de")
    document.translate(lambda texts: [Translation(text, text) for text in texts], target="de")


def check_tokenizer(data: bytes) -> None:
    """Check that a tokenizer that loads encodes and decodes; ids are in its range."""
    tokenizer = Tokenizer.from_bytes(data)
    for text in TEXTS:
        ids, spans = tokenizer.encode_with_spans(text)
        assert all(0 <= index < len(tokenizer) for index in ids) and len(ids) == len(spans)
        tokenizer.decode(ids)
    tokenizer.pieces(range(len(tokenizer)))


def check_config(data: bytes) -> None:
    """Check that config.json is read, and that its parts are what they say."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONFIG).write_bytes(data)
        config = read_config(Path(folder))
    shape = ModelConfig.from_json(config.pop("model"))
    assert shape.max_length > 0
    for name in ("format", "files"):
        del config[name]
    if shape.kind == "encoder_decoder":
        assert Settings.from_json(config).directions


def check_gold(data: bytes) -> None:
    """Check that links are read and lie within their texts."""
    lines = _text(data).split("\n")
    pairs = [("a b c", "d e f g")] * len(lines)
    for gold in read_gold(lines, pairs):
        assert gold.sure <= gold.possible
        assert all(0 <= source < 3 and 0 <= target < 4 for source, target in gold.possible)


def _text(data: bytes) -> str:
    """Return bytes as text; those that are no UTF-8 become lone surrogates, which JSON can send as well."""
    return data.decode(errors="surrogateescape")


def import_readers() -> None:
    """Import what the targets import on use, so that it is instrumented."""
    for name in TARGETS:
        for data in seeds_of(name):
            TARGETS[name].check(data)


class FuzzTarget(NamedTuple):
    """A function to call with any bytes, and inputs to begin with."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer.train(LINES, 60, placeholders=2)


@cache
def _processor() -> TextProcessor:
    return TextProcessor(_tokenizer(), SETTINGS, 64)


def _texts() -> list[bytes]:
    return [text.encode() for text in TEXTS]


def _documents() -> list[bytes]:
    """Return a small document of each format, behind the number of its format."""
    archives: dict[str, Callable[[], bytes]] = {
        ".docx": sample_files.word,
        ".pptx": sample_files.slides,
        ".odt": sample_files.text,
        ".ods": sample_files.sheet,
        ".odp": sample_files.presentation,
        ".epub": sample_files.book,
        ".pdf": lambda: sample_files.pdf(["two dogs", "a man"]),
    }
    plain = {
        ".md": b"# two dogs\n\n- a *man*\n\n| a | b |\n| - | - |\n| c | `d` |\n",
        ".srt": b"1\n00:00:01,000 --> 00:00:02,000\n<i>two dogs</i>\n",
        ".vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000 align:left\ntwo dogs\n",
        ".html": b"<!DOCTYPE html><p title='a'>two <b>dogs</b> &amp; a man<br><script>x</script></p>",
        ".json": b'{"a": ["two dogs", 1, null], "b": {"c": "a man"}}',
        ".csv": b'a\n"two ""dogs"""\n',
        ".strings": b'"a" = "two dogs";\n/* c */\n',
        ".properties": b"a=two dogs {0}\nb = a \\u00e9 man\\\n  sits\n",
        ".ftl": b"a = two { $n -> \n    [one] dog\n   *[other] dogs\n }\n",
        ".arb": b'{"@@locale": "en", "a": "{n, plural, one{# dog} other{# dogs}}"}',
        ".yml": b"en:\n  a: two dogs\n  b: |\n    a man\n",
    }
    samples = {
        f".{name}" if "." not in name else f".{name.rpartition('.')[2]}": data
        for name, data in CATALOG_SAMPLES.items()
    }
    samples |= plain | {suffix: make() for suffix, make in archives.items()}
    suffixes = list(SUPPORTED)
    return [bytes([suffixes.index(suffix)]) + data for suffix, data in samples.items() if suffix in SUPPORTED]


def _configs() -> list[bytes]:
    model = ModelConfig(60, width=16, feed_forward=16)
    files = {name: {"bytes": 3, "sha256": "0" * 64} for name in (WEIGHTS, TOKENIZER, CARD)}
    config = {"format": 1, "model": model.to_json(), **SETTINGS.to_json(), "files": files}
    return [config_bytes(config), json.dumps(config).encode()]


TARGETS: dict[str, FuzzTarget] = {
    "normalization": FuzzTarget(check_normalization, _texts),
    "splitting": FuzzTarget(check_splitting, _texts),
    "placeholders": FuzzTarget(check_placeholders, _texts),
    "documents": FuzzTarget(check_document, _documents),
    "tokenizer": FuzzTarget(check_tokenizer, lambda: [_tokenizer().to_bytes()]),
    "config": FuzzTarget(check_config, _configs),
    "gold": FuzzTarget(check_gold, lambda: [b"0-0 1p2 2-3\n\n1-1", b"1-1 3-4\n2p2"]),
}


def run_target(name: str, data: bytes) -> None:
    """Call a target; a ValueError of one sentence is an answer.

    Raises:
        AssertionError: a ValueError that is empty or longer than a sentence may be.
    """
    try:
        TARGETS[name].check(data)
    except UnicodeError:
        raise
    except ValueError as error:
        said = str(error)
        assert said.strip() and len(said) < 5000, f"{name}: the error is {said[:100]!r}"


def drawn(name: str, seed: int) -> bytes:
    """Return an input of a target: a seed input with a few changes, or, one time in eight, any bytes."""
    chance = random.Random(f"{name} {seed}")
    if chance.random() < 1 / 8:
        return chance.randbytes(chance.randrange(60))
    return mutated_bytes(chance.choice(seeds_of(name)), chance)


@cache
def seeds_of(name: str) -> list[bytes]:
    """Return the first inputs of a target, made once."""
    return TARGETS[name].seeds()


def run_guided(name: str, seconds: int) -> None:
    """Fuzz one target in this process, guided by coverage; atheris ends the process."""
    import atheris

    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(seeds_of(name)):
            (Path(corpus) / str(number)).write_bytes(data)
        limits = [f"-max_total_time={seconds}", "-max_len=20000", "-print_final_stats=1"]
        flags = [sys.argv[0], *limits, f"-artifact_prefix={tempfile.gettempdir()}/", corpus]
        atheris.Setup(flags, lambda data: run_target(name, data))
        atheris.Fuzz()


def run_drawn(name: str, seconds: int) -> None:
    """Call one target with inputs drawn from its seeds."""
    end, seed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = drawn(name, seed)
        try:
            run_target(name, data)
        except Exception:
            print(f"{name}, input {seed}: {data!r}")
            raise
        seed += 1
    print(f"{name}: {seed} inputs")


def main() -> int:
    """Run each target in a process of its own; return the exit code."""
    parser = argparse.ArgumentParser(description="Fuzz what reads bytes of others.")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    arguments = parser.parse_args()
    program = GUIDED if importlib.util.find_spec("atheris") else "import fuzzing; fuzzing.run_drawn({})"
    failed = []
    for name in arguments.targets:
        command = [sys.executable, "-c", program.format(f"{name!r}, {arguments.seconds}")]
        run = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, cwd=Path(__file__).parent
        )
        lines = (run.stdout + run.stderr).strip().split("\n")
        counted = next((line for line in lines if "number_of_executed_units" in line or "inputs" in line), "")
        print(f"{name}: {'FAILED' if run.returncode else 'no finding'}; {counted.strip()}", flush=True)
        if run.returncode:
            failed.append(name)
            print("\n".join(line for line in lines if not line.startswith("#")))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
