"""Each rate equals its definition, on texts small enough to count by hand."""

import pytest

from seq2seq.metrics.corpus import score_corpus
from seq2seq.metrics.diagnostics import by_length, diagnose, repeats


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a man in the in the park", True),
        ("very very good", True),
        ("a man and a woman", False),
        ("one two three four five one two three four five", False),  # longer than LONGEST_PHRASE
        ("", False),
    ],
)
def test_a_phrase_that_follows_itself_is_a_repetition(text: str, expected: bool) -> None:
    """A phrase is a repetition only where it immediately follows itself."""
    assert repeats(text.split()) is expected


def test_rates_by_hand() -> None:
    """Copying ignores punctuation and case, and the size ratio is over all words."""
    found = diagnose(
        ["Two dogs !", "the end"], ["zwei Dogs !", "Ende Ende"], ["zwei Hunde", "das Ende kam ja"]
    )
    assert found.repetition == 1 / 2
    assert found.copying == 1 / 5  # of zwei, Dogs, !, Ende, Ende only Dogs
    assert found.size == 5 / 6


def test_words_are_characters_where_no_blanks_are() -> None:
    """In scripts without blanks each character is a word."""
    assert diagnose(["我喜欢猫"], ["猫猫"], ["我们"]).copying == 1.0
    assert diagnose(["我喜欢猫"], ["猫猫"], ["我们"]).repetition == 1.0


def test_rows_hold_the_lines_of_their_length() -> None:
    """Each line is in exactly one row of lengths, with the BLEU of that row's lines."""
    sources = ["a b c", "a b c d e", " ".join("abcdefgh"), " ".join(str(k) for k in range(60))]
    outputs = ["ein Hund läuft sehr schnell", "zwei Katzen schlafen dort drüben", "drei", "vier"]
    references = [["ein Hund läuft sehr schnell", "zwei Hunde schlafen dort drüben", "drei", "fünf"]]
    rows = by_length(sources, outputs, references, "de")
    assert [(row.name, row.lines) for row in rows] == [("up to 5", 2), ("6 to 10", 1), ("over 50", 1)]
    assert rows[0].bleu == score_corpus(outputs[:2], [references[0][:2]], "de")[0].value
