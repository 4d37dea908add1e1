"""A table of sources and references, and `evaluate` over it."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq.commands.evaluation import read_references
from seq2seq.inference.translator import Translator
from seq2seq.metrics.corpus import score_corpus
from seq2seq.options import DecodeOptions

TABLE = (
    '\ufeffmr,note,ref\r\n"a dog",,Ein Hund\r\n"two dogs",,"zwei\nHunde, ""groß"""\r\n"a dog",,der Hund\r\n'
)


def test_rows_of_one_source_are_its_references(tmp_path: Path) -> None:
    """Quotes, line breaks in fields, CRLF, a byte order mark and gzip are read as usual."""
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(TABLE.encode()))
    table = read_references(str(path), ["mr", "ref"])
    assert table.sources == ["a dog", "two dogs"]
    assert table.references == [["Ein Hund", 'zwei\nHunde, "groß"'], ["der Hund", None]]
    (tmp_path / "table.tsv").write_text('s\tr\n"a" dog\tein Hund\n')
    assert read_references(str(tmp_path / "table.tsv")) == (['"a" dog'], [["ein Hund"]])


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (b"mr,ref\n", None, "holds no pairs"),
        (b"", None, "has the columns none"),
        (b"mr\na\n", None, "asked for is mr; name two"),
        (b"mr,ref\na,b\n", ["mr", "text"], "has the columns mr, ref, and asked for is mr,text"),
        (b"mr,ref\na,b,c\n", None, "line 2: 3 columns, the first row has 2"),
        (b'mr,ref\n"a,b\n', None, "mend its quoting"),
        (b"mr,ref\na,\xff\n", None, "not UTF-8 at byte 10"),
    ],
)
def test_a_broken_table_is_named(
    content: bytes, columns: list[str] | None, message: str, tmp_path: Path
) -> None:
    """The sentence names the file and what to do."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_references(str(path), columns)
    assert str(path) in str(caught.value)
    with pytest.raises(ValueError, match="cannot read"):
        read_references(str(tmp_path / "none.csv"))


def test_a_damaged_table_and_a_long_field(tmp_path: Path) -> None:
    """A damaged gzip file is one sentence; a field may be longer than the csv module's limit."""
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(TABLE.encode())[:10] + b"\xff" * 20)
    with pytest.raises(ValueError, match=r"table\.csv\.gz: not a whole gzip file"):
        read_references(str(path))
    path.write_bytes(gzip.compress(f"mr,ref\na,{'b' * 140_000}\n".encode()))
    limit = csv.field_size_limit()
    assert read_references(str(path)).references == [["b" * 140_000]]
    assert csv.field_size_limit() == limit


def test_evaluate_scores_all_references(
    run: Callable[..., Any], model_directory: Path, tmp_path: Path
) -> None:
    """Scores are sacreBLEU's over a varying number of references, in lower case where asked."""
    table = tmp_path / "table.csv"
    table.write_text(TABLE, encoding="utf-8")
    flags = ["--pairs", table, "--columns", "mr,ref", "--max-length", 8]
    model = Translator.from_pretrained(model_directory, "cpu")
    outputs = [r.text for r in model.translate(["a dog", "two dogs"], DecodeOptions(max_length=8))]
    references = [["Ein Hund", 'zwei\nHunde, "groß"'], ["der Hund", None]]
    for lowercase in (False, True):
        more = ["--lowercase"] if lowercase else []
        ran = run("evaluate", "--model", model_directory, *flags, *more, "--json", "--csv", tmp_path / "rows")
        (result,) = json.loads(ran.out)["models"]
        for expected in score_corpus(outputs, references, "de", lowercase=lowercase):
            assert result["scores"][expected.name]["score"] == pytest.approx(expected.value)
        assert ("case:lc" in result["scores"]["BLEU"]["signature"]) == lowercase
    assert "nrefs:var" in result["scores"]["BLEU"]["signature"]
    assert run("evaluate", "--model", model_directory, "--model", model_directory, *flags).code == 0


def test_evaluate_asks_for_one_kind_of_test_set(run: Callable[..., Any], tmp_path: Path) -> None:
    """A test set is given in one way: both ways, and neither, are refused."""
    both = run("evaluate", "--model", "m", "--pairs", "a.csv", "--source", "a")
    assert both.code == 2 and "leave out --source" in both.err
    assert "--reference is missing" in run("evaluate", "--model", "m", "--source", "a").err
    assert "--source is missing" in run("evaluate", "--model", "m").err
