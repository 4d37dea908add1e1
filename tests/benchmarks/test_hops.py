"""A sentence passes few files and calls: work is done once."""

import hops
import pytest

from seq2seq import Translator


@pytest.mark.parametrize(
    ("count", "files", "calls"), [("count_translation", 18, 1200), ("count_post", 30, 1500)]
)
def test_a_sentence_passes_few_files_and_calls(count: str, files: int, calls: int) -> None:
    """A sentence passes at most so many files and Python calls of the project."""
    passed = getattr(hops, count)(Translator.from_pretrained("en-de", device="cpu"), hops.TEXT)
    assert len(passed.files) <= files and passed.calls.total() <= calls, passed.files
