"""The tokenizer: texts to ids and back, spans in the original text, reproducible training."""

import itertools
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.config import BOS, EOS, PAD, UNK
from seq2seq.text.normalization import normalize
from seq2seq.text.tokenizer import Tokenizer

LETTERS = "Two dogs play in the snow, and a man looks at them.\nZwei Hunde spielen! Café 你好 1234"
LINES = [
    LETTERS,
    *("".join(pair) + "er " + "".join(pair[::-1]) for pair in itertools.combinations("abdegilnorst", 2)),
]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.train(LINES, 60, request.param)


TEXTS = st.text(
    st.sampled_from(sorted(set(LETTERS))) | st.sampled_from(" \u00a0e\u0301☃\u200b\0"), max_size=30
)


def test_vocabulary_has_the_size_asked_for_and_the_specials_first(tokenizer: Tokenizer) -> None:
    """The vocabulary has the requested size, with the special symbols first."""
    assert len(tokenizer) == 60
    assert tokenizer.pieces([PAD, UNK, BOS, EOS]) == ["<pad>", "<unk>", "<s>", "</s>"]


@given(text=TEXTS)
def test_decoding_gives_the_normalised_text(tokenizer: Tokenizer, text: str) -> None:
    """Decoding an encoded text gives its normalised form, unknown characters aside."""
    plain = normalize(text).text
    ids = tokenizer.encode(text)
    assert not {PAD, BOS, EOS} & set(ids)
    assert len(ids) <= len(plain) + 1
    if UNK not in ids:
        assert tokenizer.decode(ids) == plain


@given(text=TEXTS)
def test_spans_cover_the_text_in_order(tokenizer: Tokenizer, text: str) -> None:
    """Spans cover the text in order."""
    ids, spans = tokenizer.encode_with_spans(text)
    assert ids == tokenizer.encode(text) and len(ids) == len(spans)
    position = 0
    for start, end in spans:
        assert position <= start <= end <= len(text)
        assert not normalize(text[position:start]).text, "what lies between spans is blank"
        position = end
    assert not normalize(text[position:]).text


def test_spans_point_at_the_words_as_written(tokenizer: Tokenizer) -> None:
    """Spans refer to the original text, also after double spaces and composed accents."""
    text = "  Two\u00a0 cafe\u0301\u200b ☃☃ dogs"
    ids, spans = tokenizer.encode_with_spans(text)
    by_word: list[str] = []
    for piece, (start, end) in zip(tokenizer.pieces(ids), spans, strict=True):
        if piece.startswith("\u2581"):
            by_word.append("")
        by_word[-1] += text[start:end]
    assert by_word == ["Two", "cafe\u0301", "☃☃", "dogs"]


def test_texts_without_anything_to_read_have_no_pieces(tokenizer: Tokenizer) -> None:
    """A text without visible characters has no tokens."""
    for text in ("", "  \n", "\0\u200b"):
        assert tokenizer.encode(text) == [] and tokenizer.encode_with_spans(text) == ([], [])
    assert tokenizer.decode([]) == "" and tokenizer.decode([PAD, BOS, EOS]) == ""


def test_unknown_characters_are_one_unknown_piece_that_is_seen(tokenizer: Tokenizer) -> None:
    """A run of unknown characters is one visible unknown token."""
    ids = tokenizer.encode("dogs " + "☃" * 1000)
    assert ids.count(UNK) == 1 and tokenizer.decode(ids) == "dogs \u2047"


def test_long_line_is_encoded_whole(tokenizer: Tokenizer) -> None:
    """A long line is encoded whole."""
    assert tokenizer.decode(tokenizer.encode("dogs play " * 10_000)) == ("dogs play " * 10_000).strip()


def test_long_training_lines_are_learned_from() -> None:
    """Training lines over 4,192 bytes, SentencePiece's own limit, are learned from."""
    assert UNK not in Tokenizer.train(["a b " * 2000 + "x", "b a"], 8).encode("x")


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_same_texts_and_seed_give_the_same_bytes(model_type: Any) -> None:
    """The same texts and seed give the same bytes."""
    assert (
        Tokenizer.train(LINES, 60, model_type).to_bytes() == Tokenizer.train(LINES, 60, model_type).to_bytes()
    )


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_kind_of_vocabulary_is_told(model_type: str) -> None:
    """A tokenizer knows its kind of vocabulary, also after loading."""
    tokenizer = Tokenizer.train(LINES, 60, model_type)
    assert tokenizer.subwords == model_type
    scores = tokenizer.scores()
    assert len(scores) == len(tokenizer) and max(scores[4:]) <= 0
    if model_type == "bpe":
        assert scores[4:] == [-float(rank) for rank in range(56)]


def test_pieces_and_ids_are_inverse(tokenizer: Tokenizer) -> None:
    """Pieces and ids are inverse."""
    assert tokenizer.ids(tokenizer.pieces(range(len(tokenizer)))) == list(range(len(tokenizer)))
    assert tokenizer.ids(["no such piece"]) == [UNK]


@pytest.mark.parametrize("bad", [-1, 60])
def test_id_outside_the_vocabulary_is_refused(tokenizer: Tokenizer, bad: int) -> None:
    """An id outside the vocabulary is refused."""
    for call in (tokenizer.decode, tokenizer.pieces):
        with pytest.raises(ValueError, match=f"piece id {bad} is not in this vocabulary of 60"):
            call([bad])


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_too_small_corpus_names_the_greatest_vocabulary(model_type: Any) -> None:
    """The error for a corpus that is too small names the largest possible vocabulary."""
    with pytest.raises(ValueError, match=r"vocabulary_size is 5000, .* at most \d+") as caught:
        Tokenizer.train(LINES, 5000, model_type)
    greatest = int(str(caught.value).split("at most ")[1].split()[0])
    assert len(Tokenizer.train(LINES, greatest, model_type)) == greatest
    with pytest.raises(ValueError, match=f"at most {greatest} "):
        Tokenizer.train(LINES, greatest + 1, model_type)


def test_too_small_vocabulary_names_the_least() -> None:
    """The error for a vocabulary that is too small names the smallest possible one."""
    with pytest.raises(ValueError, match=r"vocabulary_size is 10, .* at least \d+") as caught:
        Tokenizer.train(LINES, 10)
    least = int(str(caught.value).split("at least ")[1].split()[0])
    assert len(Tokenizer.train(LINES, least)) == least


@pytest.mark.parametrize("texts", [[], ["", " \n"], ["\0"]])
def test_nothing_to_learn_from_is_refused(texts: list[str]) -> None:
    """An empty corpus is refused in our own words."""
    with pytest.raises(ValueError, match="no text to learn from"):
        Tokenizer.train(texts, 100)


def test_other_model_types_are_refused() -> None:
    """Other kinds of vocabulary, such as "word", are refused."""
    with pytest.raises(ValueError, match="model_type is 'word'"):
        Tokenizer.train(LINES, 100, "word")  # type: ignore[arg-type]


def test_error_of_the_texts_is_the_users_to_see() -> None:
    """An error raised while texts are read reaches the caller unchanged."""

    def texts():
        yield "a b c"
        raise ValueError("line 2 is broken")

    with pytest.raises(ValueError, match=r"^line 2 is broken$"):
        Tokenizer.train(texts(), 20)


def test_training_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """Training prints nothing."""
    Tokenizer.train(LINES, 60)
    assert capfd.readouterr() == ("", "")


def test_saved_model_loads_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """A saved tokenizer loads equal."""
    path = tmp_path / "tokenizer.model"
    path.write_bytes(b"an older one")
    tokenizer.save(path)
    again = Tokenizer.load(path)
    assert again.to_bytes() == tokenizer.to_bytes() == path.read_bytes()
    assert again.encode(LETTERS) == tokenizer.encode(LETTERS)
    assert [file.name for file in tmp_path.iterdir()] == ["tokenizer.model"]


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:-1],
    "cut between two pieces": lambda data: data[: 2 + data[1]],
    "with bytes before it": lambda data: b"PK" + data,
    "a length flipped": lambda data: data[:1] + b"\xff" + data[2:],
    "missing": None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_or_missing_file_is_named(tokenizer: Tokenizer, tmp_path: Path, damage) -> None:
    """The error for a damaged or missing file names it."""
    path = tmp_path / "tokenizer.model"
    if damage:
        path.write_bytes(damage(tokenizer.to_bytes()))
    with pytest.raises(ValueError, match=r"tokenizer\.model"):
        Tokenizer.load(path)


def test_foreign_model_is_refused(tmp_path: Path) -> None:
    """A SentencePiece model with other special ids is refused."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(LINES), model_writer=model, vocab_size=60, minloglevel=2
    )
    with pytest.raises(ValueError, match="padding, unknown, start and end have the ids"):
        Tokenizer.from_bytes(model.getvalue())


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_placeholders_are_whole_pieces(model_type: Literal["bpe", "unigram"]) -> None:
    """A placeholder is one piece wherever it stands, beside tags, and no character of the vocabulary."""
    lines = [f"open the file ⟦1⟧ in {number} ⟦2⟧" for number in range(50)]
    tokenizer = Tokenizer.train(lines, 33, model_type, languages=["de", "fr"], placeholders=3)
    assert list(tokenizer.placeholders) == ["⟦1⟧", "⟦2⟧", "⟦3⟧"]
    assert list(tokenizer.tags) == ["de", "fr"]
    text = "open⟦3⟧⟦1⟧ file"
    ids = tokenizer.encode(text)
    assert [tokenizer.placeholders[piece] for piece in ("⟦3⟧", "⟦1⟧")] == [i for i in ids if 6 <= i <= 8]
    assert tokenizer.decode(ids) == text
    assert not tokenizer.knows_character("⟦")
    assert Tokenizer.train(["a b c"], 8).placeholders == {}
