"""A tokenizer of two SentencePiece models over one vocabulary, and its file."""

import pickle

import pytest
from marian_models import SOURCES, TARGETS, pieces_of, train_spm

from seq2seq.config import UNK
from seq2seq.text.paired_tokenizer import PairedTokenizer, tag_language, vocabulary_order
from seq2seq.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def paired() -> PairedTokenizer:
    """Two unigram models, with the tags of two languages."""
    source, target = train_spm(SOURCES), train_spm(TARGETS, 110)
    pieces = dict.fromkeys(
        ["</s>", "<unk>", *pieces_of(source), *pieces_of(target), ">>deu<<", ">>fr<<", "<pad>"]
    )
    return PairedTokenizer(vocabulary_order(list(pieces)), source, target)


def test_the_file_is_the_tokenizer(paired: PairedTokenizer) -> None:
    """Written, read and pickled, it is the same tokenizer with the same bytes."""
    data = paired.to_bytes()
    for again in (Tokenizer.from_bytes(data), Tokenizer.from_file(data), pickle.loads(pickle.dumps(paired))):
        assert isinstance(again, PairedTokenizer) and again.to_bytes() == data
        assert again.encode(SOURCES[1]) == paired.encode(SOURCES[1])
        assert again.target.encode(TARGETS[1]) == paired.target.encode(TARGETS[1])


def test_both_sides_decode(paired: PairedTokenizer) -> None:
    """The ids of either side are decoded by the one vocabulary."""
    assert paired.decode(paired.encode(SOURCES[0])) == SOURCES[0]
    assert paired.decode(paired.target.encode(TARGETS[0])) == TARGETS[0]
    assert paired.pieces(range(8)) == [
        "<pad>",
        "<unk>",
        "<s>",
        "</s>",
        ">>deu<<",
        ">>fr<<",
        *paired.pieces([6, 7]),
    ]


def test_spans_are_of_the_given_text(paired: PairedTokenizer) -> None:
    """Each piece has its characters, also where SentencePiece's own normalization changes their number."""
    text = "A  dog…  and ½ Ω"
    encoding = paired.analyze(text)
    assert encoding.ids == paired.encode(text)
    covered = "".join(text[start:end] for start, end in encoding.spans)
    assert covered.replace(" ", "") == text.replace(" ", "")
    assert all(text[start:end].strip() == text[start:end] for start, end in encoding.spans)
    starts = [start for start, _ in encoding.spans]
    assert starts == sorted(starts)


def test_tags_stand_before_and_are_no_text(paired: PairedTokenizer) -> None:
    """A tag is chosen by its language; a text that spells it does not mean it."""
    assert paired.tags == {"de": 4, "fr": 5}
    assert paired.tagged([9, 8], paired.tag("de")) == [4, 9, 8]
    assert paired.tagged_spans([(0, 3), (4, 5)], [4]) == [(-1, -1), (0, 3), (4, 5)]
    assert not {0, 2, 3, 4, 5} & set(paired.encode("</s> >>deu<< <pad>"))
    assert paired.unknown("dog Ω") == "Ω" and UNK in paired.encode("Ω")


@pytest.mark.parametrize(
    ("piece", "language"),
    [(">>deu<<", "de"), (">>zh_Hant<<", "zh-Hant"), (">>cmn_Hans<<", "zh-Hans"), (">>xyz<<", "xyz")],
)
def test_languages_of_tags(piece: str, language: str) -> None:
    """A code of three letters becomes that of two where there is one."""
    assert tag_language(piece) == language


def test_damaged_files_are_refused(paired: PairedTokenizer) -> None:
    """A torn file, another archive and a list with a piece twice are named."""
    data = paired.to_bytes()
    for damaged in (data[:200], data[:-40], data.replace(b"pieces.json", b"nieces.json")):
        with pytest.raises(ValueError, match="tokenizer is damaged"):
            Tokenizer.from_bytes(damaged)
    with pytest.raises(ValueError, match="a piece twice"):
        PairedTokenizer(["<pad>", "<unk>", "<s>", "</s>", "a", "a"], *paired.files)
    with pytest.raises(ValueError, match=r"target\.spm is no SentencePiece model"):
        PairedTokenizer(paired.pieces(range(len(paired))), paired.files[0], b"")
