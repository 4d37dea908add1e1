"""CSV and TSV: one column is translated, the rest is kept, and no translation becomes a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import identity, saying, upper

from seq2seq.documents import translate_document

TABLE = 'id;text;"a ""note"""\r\n1;"A dog; runs";=SUM(A1)\r\n2;a cat;"x\ny"\r\n3;;\r\n4\r\n'


def translated(text: str, model, column: str | None = None, name: str = "a.csv") -> str:
    """Return a table with a column translated by a model."""
    return translate_document(name, text.encode(), model, column=column).content.decode()


def test_a_column_by_name_and_by_number() -> None:
    """A column is given by its header, which is kept, or by its number."""
    expected = TABLE.replace("A dog; runs", "A DOG; RUNS").replace("a cat", "A CAT")
    assert translated(TABLE, upper, "text") == expected
    assert translated(TABLE, upper, "2") == expected
    assert translated(TABLE, upper, 'a "note"') == TABLE.replace('"x\ny"', '"X\nY"')


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("id,the text\n1,a dog\n", "id,the text\n1,A DOG\n"),
        ("1,a dog\n2,a cat\n", "1,A DOG\n2,A CAT\n"),
        ("x,Two dogs play.\ny,a cat\n", "x,TWO DOGS PLAY.\ny,A CAT\n"),
        ("x,a dog\n", "x,A DOG\n"),
    ],
)
def test_a_header_is_told_from_data(table: str, expected: str) -> None:
    """A first row of titles is kept; one with a number or a sentence is data."""
    assert translated(table, upper, "2") == expected


def test_a_single_column_with_a_title() -> None:
    """One word above sentences is a header."""
    assert translated("text\na dog plays\n", upper) == "text\nA DOG PLAYS\n"


def test_a_single_column_needs_no_name() -> None:
    """The only column of a table is translated without being named."""
    assert translated("a dog\na cat", upper, name="a.tsv") == "A DOG\nA CAT"


@pytest.mark.parametrize("cell", ["=A1", "+a", "-a", "@a", '"=a(""b"")"', "＝a", "'=a", " =a", '"\t=a"'])
def test_a_formula_is_kept(cell: str) -> None:
    """A cell that is a formula is not translated."""
    assert translated(f"{cell}\n", saying("Hund")) == f"{cell}\n"


@pytest.mark.parametrize("answer", ["=cmd()", "+1", "-1", "@x", "\t=x", " =x", "＝x", '=a,"b"\n=c'])
def test_a_translation_is_never_a_formula(answer: str) -> None:
    """A translation that looks like a formula gets an apostrophe in front."""
    rows = list(csv.reader(io.StringIO(translated("a dog\n", saying(answer)), newline="")))
    assert rows == [[f"'{answer}"]]


def test_what_must_be_quoted_is_quoted() -> None:
    """A translation with a delimiter, a quote or a line end is quoted."""
    assert translated("a dog\n", saying('ein "Hund", ja')) == '"ein ""Hund"", ja"\n'
    assert translated("a\tdog\n", saying("ein\tHund"), "2", "a.tsv") == 'a\t"ein\tHund"\n'


cells = st.text(alphabet="ab '=\n\r,;\"", max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=5), st.sampled_from(",;|\t"))
def test_other_cells_stay(rows: list[list[str]], delimiter: str) -> None:
    """The cells of other columns are kept."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([["one", "two"], *rows])
    text = buffer.getvalue()
    assert translated(text, identity, "two") == text
    result = translated(text, upper, "two")
    again = list(csv.reader(io.StringIO(result, newline=""), delimiter=delimiter))
    assert [row[0] for row in again] == ["one", *(row[0] for row in rows)]
    assert [row[1].upper() for row in again] == ["TWO", *(row[1].upper() for row in rows)]
