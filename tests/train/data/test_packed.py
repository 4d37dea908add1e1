"""Packed texts, rows and ids: the same items as lists of them, in one buffer."""

from train.data.corpus import Corpus
from train.data.examples import Example, PackedExamples
from train.data.packed import IdPair, PackedIds, PackedRows, PackedTexts, lengths_of

ROWS = [("a dog", "ein Hund"), ("", "пес"), ("x\0y\u2028", "犬\ud800"), ("a dog", "Hund")]


def test_texts_come_back_as_they_were() -> None:
    """Texts of any characters, half ones too, are kept; two buffers are joined."""
    texts = PackedTexts(text for row in ROWS for text in row)
    assert texts == [text for row in ROWS for text in row] and texts[-1] == "Hund" and len(texts) == 8
    more = PackedTexts(["one", ""])
    assert more.extend(texts) == 2 and more[:4] == ["one", "", "a dog", "ein Hund"] and more != texts


def test_a_selection_of_rows_shares_their_buffer() -> None:
    """Rows at some places are rows like any others, also where more rows are added to either."""
    rows = PackedRows(ROWS)
    chosen = rows.select([3, 1])
    assert rows == ROWS and chosen == [ROWS[3], ROWS[1]] and chosen.texts is rows.texts
    assert chosen.select([1]) == [ROWS[1]] and PackedRows.of(chosen) is chosen and PackedRows.of(ROWS) == rows
    rows.append(("more", "mehr"))
    chosen.append(("last", "letzte"))
    assert rows == [*ROWS, ("more", "mehr")] and chosen[-1] == ("last", "letzte") and not PackedRows()


def test_examples_of_rows_are_those_of_every_direction() -> None:
    """Rows of several corpora are examples in all their directions, without a second copy of the first."""
    rows = PackedRows([("a", "b", "c"), ("d", "e", "f")])
    three, two = Corpus(name="x", languages=["en", "de", "fr"]), Corpus(name="y", source="en", target="cs")
    examples = PackedExamples()
    examples.add_rows(three, rows.select([1]))
    assert examples.texts is rows.texts
    examples.add_rows(two, PackedRows(ROWS), number=1)
    assert examples[0] == Example("d", "e", "en", "de") and examples[-1] == Example(*ROWS[-1], "en", "cs")
    assert len(examples) == 6 + len(ROWS) and list(examples.corpora) == [0] * 6 + [1] * len(ROWS)
    assert list(examples.each_direction()) == [example.direction for example in examples]
    chosen = examples.select(
        example.source_language == "fr" or "Hund" in example.target for example in examples
    )
    assert chosen == [Example("f", "d", "fr", "en"), Example("f", "e", "fr", "de"), *examples[6::3]]
    assert PackedExamples(chosen) == chosen and list(chosen.corpora) == [0, 0, 1, 1]


def test_ids_come_back_as_lists() -> None:
    """Pairs of ids are lists again, with ids of small and large vocabularies."""
    pairs: list[IdPair] = [([1, 2, 3], [4]), ([], [5, 6]), ([65_535], [])]
    for size, more in ((65_536, 65_535), (65_537, 65_536)):
        packed = PackedIds(size)
        for source, target in [*pairs, ([more], [more])]:
            packed.append(source, target)
        assert packed == [*pairs, ([more], [more])] and packed.ids.itemsize == (2 if size == 65_536 else 4)
        assert lengths_of(packed) == lengths_of(list(packed)) == [(3, 1), (0, 2), (1, 0), (1, 1)]
