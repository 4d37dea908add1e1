"""Coverage: stretches of source words that no word of the translation looked at."""

import pytest
import torch

from seq2seq import Translator
from seq2seq.alignment.coverage import LEAST, LEVEL, is_copied, uncovered_stretches
from seq2seq.alignment.maps import Alignment, Grid
from seq2seq.commands.translate import TranslationNote
from seq2seq.inference.results import ForcedDecoding, Translation
from seq2seq.text.normalization import word_spans


@pytest.mark.parametrize(
    ("looked_at", "expected"),
    [
        ([], []),
        ([1.0] * 9, []),
        ([1.0, 0.0, 0.0, 0.0, 0.0, 1.0], []),  # four words are too few
        ([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [(1, 6)]),
        ([0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0], [(0, 7)]),  # a glance does not divide
        ([0.0] * 5 + [1.0] * 3 + [0.0] * 5, [(0, 5), (8, 13)]),
        ([0.0, 0.0, None, 0.0, 0.0, None, 0.0, None], [(0, 7)]),  # marks count nothing
        ([None] * 9, []),
    ],
)
def test_stretches(looked_at: list[float | None], expected: list[tuple[int, int]]) -> None:
    """Stretches are the runs whose words count at least `LEAST` together."""
    assert uncovered_stretches(looked_at) == expected


def test_stretches_are_those_of_the_definition() -> None:
    """No stretch has a part with a greater sum, and none that counts is left out."""
    generator = torch.Generator().manual_seed(3)
    for _ in range(50):
        weights = (torch.rand(30, generator=generator) ** 3).tolist()
        found = uncovered_stretches(weights)
        values = [LEVEL - weight for weight in weights]
        for start, end in found:
            best = max(sum(values[a:b]) for a in range(start, end) for b in range(a + 1, end + 1))
            assert sum(values[start:end]) == pytest.approx(best) and best >= LEAST
        rest = [value for place, value in enumerate(values) if not any(a <= place < b for a, b in found)]
        assert not found or len(rest) < len(values)


def test_what_was_copied_counts_nothing() -> None:
    """Long words and placeholders of the target are covered, whatever the weights say."""
    assert is_copied("Peter", "Peter rennt") and is_copied("42", "42 Hunde")
    assert not is_copied("in", "Ein Hund") and not is_copied("dogs", "Hunde")


def translation(source: str, target: str, weights: torch.Tensor) -> Translation:
    """A translation with this map of words."""
    alignment = Alignment(source, target, (Grid(word_spans(source), word_spans(target), weights),))
    return Translation(source, target, explain=lambda: ForcedDecoding([], alignment))


def test_a_translation_names_what_it_leaves_out() -> None:
    """`uncovered` are characters of the source; a quarter of it makes a translation incomplete."""
    source = "a dog runs and two men are talking there"
    weights = torch.zeros(3, 9)
    weights[0, 0] = weights[1, 1] = weights[2, 2] = 1.0
    found = translation(source, "ein Hund rennt", weights)
    assert [source[start:end] for start, end in found.uncovered] == ["and two men are talking there"]
    assert found.is_incomplete
    (item,) = found.to_json()["uncovered"]
    assert item == {"text": "and two men are talking there", "start": 11, "end": 40}
    whole = translation(source, "ein Hund rennt und zwei Männer reden gerade dort", torch.eye(9))
    assert whole.uncovered == [] and not whole.is_incomplete
    assert Translation("a", "a").uncovered == [] and not Translation("a", "a").is_incomplete


def test_the_command_names_long_texts_that_lost_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    """The note is about long texts only, and of a terminal only."""
    lost, short = (translation("dog " * count, "Hund", torch.zeros(1, count)) for count in (30, 10))
    note = TranslationNote()
    for note.is_shown in (False, True):
        assert list(note.count([lost, short])) == [lost, short]
    note.print()
    assert note.incomplete == 1
    expected = "Note: the translation of 1 of 4 texts leaves out a part; --json names it (uncovered).\n"
    assert capsys.readouterr().err == expected


def test_a_long_sentence_says_what_is_lost() -> None:
    """A released model covers a caption, and names the middle that it leaves out of 70 words."""
    translator = Translator.from_pretrained("en-de", device="cpu")
    assert translator.translate("A brown dog plays with a red ball in the snow.").uncovered == []
    source = (
        "A man in a white shirt is painting in the middle of a road, and four people are standing near a "
        "gate, and a man is taking a photo of another man and his two dogs on some hills, and a man and a "
        "woman are walking by some people who are selling fruit in tents, and the woman is holding a violin."
    )
    found = translator.translate(f"{source}\nA man sleeps.")
    lost = [found.source[start:end] for start, end in found.uncovered]
    assert lost and found.is_incomplete and all(text in source for text in lost)
