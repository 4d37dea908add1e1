"""Tables: every format gives the same pairs, and what is broken is named with its line."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
from backports import zstd

from seq2seq.text.tables import read_side_by_side, read_table, table_kind

PAIRS = [("a dog", "ein Hund"), ('he said "NA"', "null"), ("2020-01-01", ' "x '), ("a\u2028b\x85c", "d\x1ce")]


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd.compress}


def write(path: Path, text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(PACKERS.get(path.suffix, bytes)(data))
    return str(path)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


TABLES = {
    "t.tsv": "en\tde\n" + "".join(f"{en}\t{de}\n" for en, de in PAIRS),
    "t.tsv.gz": "id\tde\ten\r\n" + "".join(f"7\t{de}\t{en}\r\n" for en, de in PAIRS),
    "bom.tsv": "\ufeffen\tde\n" + "\n".join(f"{en}\t{de}" for en, de in PAIRS),
    "t.csv": "en,de\n" + "".join(f"{quoted(en)},{quoted(de)}\n" for en, de in PAIRS),
    "t.csv.xz": "DE;n;EN\n" + "".join(f"{quoted(de)};1,2,3;{quoted(en)}\n" for en, de in PAIRS),
    "bar.csv": "de|en\n" + "".join(f"{quoted(de)}|{quoted(en)}\n" for en, de in PAIRS),
    "quoted.tsv.zst": '"En"\t"De"\n' + "".join(f"{quoted(en)}\t{quoted(de)}\n" for en, de in PAIRS),
    "array.json.bz2": json.dumps([{"en": en, "de": de} for en, de in PAIRS]),
    "array.json": json.dumps([{"EN": en, "De": de} for en, de in PAIRS], indent=1),
    "t.jsonl": "".join(json.dumps({"en": en, "de": de, "n": 1}) + "\n" for en, de in PAIRS),
    "t.jsonl.gz": "\n".join(json.dumps({"translation": {"de": de, "en": en}}) for en, de in PAIRS) + "\n\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_gives_the_same_texts(tmp_path: Path, name: str) -> None:
    """TSV, CSV and JSON lines give the same texts, odd ones unchanged."""
    assert list(read_table(write(tmp_path / name, TABLES[name]), ("en", "de"))) == PAIRS


@pytest.mark.parametrize(("name", "separator"), [("t.tsv", "\t"), ("t.csv", ",")])
def test_columns_by_number_need_no_header(tmp_path: Path, name: str, separator: str) -> None:
    """Columns by number read a table without header from its first row."""
    file = write(tmp_path / name, "".join(f"{n}{separator}en{n}{separator}de{n}\n" for n in range(3)))
    assert list(read_table(file, ("2", "1"))) == [(f"de{n}", f"en{n}") for n in range(3)]


@pytest.mark.parametrize("names", [("s.txt", "t.txt"), ("s.en.gz", "t.de.gz"), ("train.en", "train.de.gz")])
def test_text_files_pair_line_by_line(tmp_path: Path, names: tuple[str, str]) -> None:
    """Text files are split at line feeds only, so lines stay parallel."""
    source = write(tmp_path / names[0], "\r\n".join(en for en, _ in PAIRS))
    target = write(tmp_path / names[1], "".join(de + "\n" for _, de in PAIRS))
    assert list(read_side_by_side(source, target)) == PAIRS


@pytest.mark.parametrize(
    ("sides", "counts"), [((3, 5), "3 lines but .*5"), ((7, 5), "7 lines but .*5"), ((0, 1), "0 .*1")]
)
def test_sides_of_different_length_are_refused_with_both_counts(tmp_path: Path, sides, counts: str) -> None:
    """Text files of different length are refused with both counts."""
    source, target = (write(tmp_path / str(i), "x\n" * lines) for i, lines in enumerate(sides))
    with pytest.raises(ValueError, match=counts):
        list(read_side_by_side(source, target))


BROKEN: dict[str, list[tuple[str | bytes, str]]] = {
    "t.tsv": [
        ("en\tde\na\tb\nc\n", r"t\.tsv, line 3: 1 columns, but the first has 2"),
        ("en\tde\na\tb\tc\n", r"line 2: 3 columns"),
        ("eng\tdeu\na\tb\n", r"no column 'en', its first line is \['eng', 'deu'\]"),
        (b"en\tde\na\tb\n\xffc\td\n", r"line 3: invalid UTF-8 at byte 1"),
        ("en\tde\n".encode("utf-16"), r"line 1: invalid UTF-8"),
    ],
    "t.csv": [
        ('en,de\na,b\n"c,d\ne,f\n', r"t\.csv, line 4: unexpected end of data"),
        ('en,de\n"a"b,c\n', r"line 2: .* mend its quoting"),
        ("en,de\na\n", r"line 2: 1 columns"),
    ],
    "t.jsonl": [
        ('{"en": "a", "de": "b"}\n{"en": "a"}\n', r"t\.jsonl, line 2, has no column 'de' but \['en'\]"),
        ('{"en": "a", "de": 3}\n', r"line 1, has 3 in column 'de'"),
        ('{"en": "a", "de": "b"\n', r"line 1: not JSON"),
        ("[" * 100_000 + "\n", r"line 1: not JSON"),
        ('["a", "b"]\n', r"line 1: not a JSON object"),
    ],
    "t.json": [
        ('[\n {"en": "a", "de": "b"},\n {"en": "a" "de": 1}\n]\n', r"line 3: not JSON .*; mend or remove it"),
        ('[{"en": "a", "de": "b"}\n{"en": "a", "de": "b"}]', r"line 2: not JSON \(a comma is missing\)"),
        ('[{"en": "a", "de": "b"}', r"line 1: not JSON \(the array does not end\)"),
        ('[{"en": "a", "de": "b"}]\n{}', r"line 1: text after the end of the array"),
        ('[{"en": "a",\n "de": "b"},\n\n 3]', r"line 4: not a JSON object"),
    ],
}


@pytest.mark.parametrize(
    ("name", "text", "message"), [(n, t, m) for n, cases in BROKEN.items() for t, m in cases]
)
def test_broken_line_is_named(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    """A malformed line is refused with file and number."""
    with pytest.raises(ValueError, match=message):
        list(read_table(write(tmp_path / name, text), ("en", "de")))


def test_column_number_beyond_the_table_is_refused(tmp_path: Path) -> None:
    """A column number beyond the table is refused."""
    with pytest.raises(ValueError, match=r"line 1: 2 columns, so there is no column 2 counted from 0"):
        list(read_table(write(tmp_path / "t.tsv", "a\tb\n"), ("1", "2")))


@pytest.mark.parametrize(
    ("ending", "kind"), [(".gz", "gzip"), (".bz2", "bzip2"), (".xz", "xz"), (".zst", "zstd")]
)
def test_a_damaged_file_is_named_in_every_compression(tmp_path: Path, ending: str, kind: str) -> None:
    """A compressed file that is cut off, or is none, is refused by name."""
    packed = PACKERS[ending](b"en\tde\n" + bytes(range(65, 91)) * 1000)
    for data in (packed[:-9], b"en\tde\n"):
        (tmp_path / f"t.tsv{ending}").write_bytes(data)
        with pytest.raises(ValueError, match=rf"t\.tsv\{ending} is not a whole {kind} file"):
            list(read_table(str(tmp_path / f"t.tsv{ending}"), ("en", "de")))


@pytest.mark.parametrize(
    ("first", "what"),
    [("<?xml version='1.0'?>", "XML"), (" <tmx version='1.4'>", "XML"), ("PK\0\0", "binary")],
)
def test_files_that_are_no_lines_of_text_are_refused(tmp_path: Path, first: str, what: str) -> None:
    """XML and binary files are refused as parallel text, whatever their ending."""
    files = [write(tmp_path / name, f"{first}\n" * 3) for name in ("a.xml", "b.bin")]
    with pytest.raises(ValueError, match=rf"a\.xml is {what}, not one text a line; give a table, TMX"):
        list(read_side_by_side(*files))


def test_an_array_is_read_object_by_object(tmp_path: Path) -> None:
    """Objects of an array are found wherever its lines break, and a mistake is named by its line."""
    rows = [{"en": f"a {n}" * (n % 7), "de": "]},{ [" * (n % 5)} for n in range(200)]
    text = json.dumps(rows, indent=2).replace("\n  },", "\n  }\n\n,")
    assert list(read_table(write(tmp_path / "t.json", text), ("en", "de"))) == [
        (row["en"], row["de"]) for row in rows
    ]
    broken = text.replace('"a 150', '"a "150')
    line = broken[: broken.index('"a "150')].count("\n") + 1
    with pytest.raises(ValueError, match=rf"t\.json, line {line}: not JSON"):
        list(read_table(write(tmp_path / "t.json", broken), ("en", "de")))


def test_broken_gzip_and_missing_files_are_named(tmp_path: Path) -> None:
    """Truncated gzip files and missing files are refused by name."""
    whole = gzip.compress(b"en\tde\n" + bytes(range(65, 91)) * 1000)
    for data in (whole[:-9], b"en\tde\n", whole[:20] + b"\0\0\0" + whole[23:]):
        (tmp_path / "t.tsv.gz").write_bytes(data)
        with pytest.raises(ValueError, match=r"t\.tsv\.gz is not a whole gzip file"):
            list(read_table(str(tmp_path / "t.tsv.gz"), ("en", "de")))
    with pytest.raises(ValueError, match=r"cannot read .*gone\.tsv: No such file"):
        list(read_table(str(tmp_path / "gone.tsv"), ("en", "de")))


def test_content_is_left_to_cleaning(tmp_path: Path) -> None:
    """Empty sides, NUL, lone surrogates and very long lines are read, for the cleaning to drop."""
    file = write(tmp_path / "t.tsv", "en\tde\n\t\na\0b\tc\n" + "x" * 1_000_000 + "\ty\n")
    assert [len(source) for source, _ in read_table(file, ("en", "de"))] == [0, 3, 1_000_000]
    field = write(tmp_path / "t.csv", "en,de\n" + "x" * 1_000_000 + ",y\n")
    assert len(next(iter(read_table(field, ("en", "de"))))[0]) == 1_000_000
    file = write(tmp_path / "t.jsonl", '{"en": null, "de": "a\\ud83d"}\n')
    assert list(read_table(file, ("en", "de"))) == [("", "a")]


def test_kind_is_told_by_the_name() -> None:
    """The format of a file follows from its name."""
    names = ["A.TSV", "a.tab", "a.csv.gz", "a.jsonl", "a.ndjson.gz", "a.json"]
    names += ["a.parquet", "a.en.gz", "tsv"]
    assert [table_kind(name) for name in names] == [
        "tsv",
        "tsv",
        "csv",
        "jsonl",
        "jsonl",
        "jsonl",
        "parquet",
        None,
        None,
    ]
