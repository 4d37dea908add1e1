"""Text files, tables and data sets as text for a language model, and their validation parts."""

import gzip
import json
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from train.data.documents import TextCorpus, open_texts

TEXT = "".join(f"line {number}\n" for number in range(50))


def test_the_last_characters_of_a_text_file_validate(tmp_path: Path) -> None:
    """The last tenth of a text file's characters is for validation, as in published splits."""
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    corpus = TextCorpus(files=str(tmp_path / "text.txt.gz"))
    training, validation = ("".join(texts()) for texts in open_texts(corpus))
    assert training + validation == TEXT and len(training) == int(0.9 * len(TEXT))
    assert not corpus.ends


def test_rows_are_documents(tmp_path: Path) -> None:
    """Rows of a table are documents; validation rows are not trained on."""
    rows = [json.dumps({"body": f"text {number}\nits end"}) for number in range(30)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    corpus = TextCorpus(files=[str(tmp_path / "rows.jsonl")], column="body")
    training, validation = (list(texts()) for texts in open_texts(corpus))
    assert corpus.ends and len(validation) == 3 and len(training) == 27
    assert not set(training) & set(validation) and training[0] == "text 1\nits end"


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.3, 0.4, 0.75, 0.9])
def test_a_share_of_the_rows_validates(tmp_path: Path, share: float) -> None:
    """Exactly the share of rows validates, evenly spread from the first."""
    rows = [json.dumps({"text": f"text {number}"}) for number in range(100)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    texts = open_texts(TextCorpus(files=str(tmp_path / "rows.jsonl"), valid_share=share))
    training, validation = (list(part()) for part in texts)
    assert len(validation) == round(100 * share) and len(training) == 100 - len(validation)
    assert not set(training) & set(validation) and validation[0] == "text 0"
    if share == 0.1:
        assert validation == [f"text {number}" for number in range(0, 100, 10)]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_data_set_is_read_as_it_arrives(tmp_path: Path, streaming: bool) -> None:
    """Streaming gives the same texts as a whole download."""
    for name, count in (("train", 9), ("validation", 2)):
        rows = [json.dumps({"text": f"{name} {number}"}) for number in range(count)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    corpus = TextCorpus(name=str(tmp_path), streaming=streaming, most_characters=20)
    training, validation = (list(texts()) for texts in open_texts(corpus))
    assert training == ["train 0", "train 1", "train "] and validation == ["validation 0", "validation 1"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "give one of the two: .* such as --data.files book.txt"),
        ({"name": "https://x/y"}, "a URL"),
        ({"files": ["a.txt", "b.csv"]}, "mix tables and text"),
        ({"name": "a/b", "valid_files": "b.txt"}, "mix tables and text"),
        ({"files": "a.txt", "valid_share": 1.0}, "valid_share is 1.0"),
        ({"files": "a.txt", "most_characters": -1}, "most_characters is -1"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    """Contradicting settings are refused."""
    with pytest.raises(ValueError, match=said):
        TextCorpus(**wrong)  # type: ignore[arg-type]
