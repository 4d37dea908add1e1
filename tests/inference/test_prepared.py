"""Texts are prepared once, and what a call may be given is refused or taken as it reads."""

from collections import Counter
from collections.abc import Iterator

import pytest

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.chunks import CHUNK


@pytest.fixture(scope="module")
def translator() -> Translator:
    """The released model from English to German."""
    return Translator.from_pretrained("en-de", device="cpu")


@pytest.fixture
def tokenized(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the texts that reach SentencePiece."""
    counts: Counter[str] = Counter()
    processor = translator.tokenizer._processor

    class Counting:
        def Encode(self, text: str, **options: object) -> object:  # noqa: N802 - SentencePiece's name
            counts[text] += 1
            return processor.Encode(text, **options)

        def __getattr__(self, name: str) -> object:
            return getattr(processor, name)

    monkeypatch.setattr(translator.tokenizer, "_processor", Counting())
    return counts


def test_a_sentence_is_tokenized_once(translator: Translator, tokenized: Counter[str]) -> None:
    """Translating a line takes one call of SentencePiece, and its alignment none more."""
    result = translator.translate("Two dogs play in the snow.")
    assert result.alignment.links()
    assert tokenized == {"Two dogs play in the snow.": 1}


def test_segments_are_prepared_once_for_a_queue(translator: Translator, tokenized: Counter[str]) -> None:
    """Prepared segments are translated without being tokenized again, and to the same text."""
    text = "Two dogs play.\nA man sleeps."
    segments = translator.prepare(text)
    before = sum(tokenized.values())
    translations = translator.translate_segments(segments)
    assert sum(tokenized.values()) == before == 2
    assert [each.text for each in translations] == translator.translate(text).text.split("\n")


def test_each_text_may_have_a_prefix_of_its_own(translator: Translator) -> None:
    """`target_prefixes` gives what one call with each prefix gives; None is no prefix."""
    texts = ["Two dogs play.", "A man sleeps.", "A man sleeps."]
    prefixes = ["Zwei Köter", None, ["▁Der"]]
    together = list(translator.translate(texts, target_prefixes=prefixes))
    alone = [
        translator.translate(text, DecodeOptions(target_prefix=prefix))
        for text, prefix in zip(texts, prefixes, strict=True)
    ]
    assert [each.text for each in together] == [each.text for each in alone]
    assert together[0].text.startswith("Zwei Köter") and together[2].text.startswith("Der")


@pytest.mark.parametrize(("count", "word"), [(1, "fewer"), (3, "more")])
def test_prefixes_and_texts_are_as_many(translator: Translator, count: int, word: str) -> None:
    """Another number of prefixes than of texts is refused."""
    with pytest.raises(ValueError, match=f"{word} target_prefixes than texts"):
        list(translator.translate(["Two dogs.", "A man."], target_prefixes=[None] * count))
    with pytest.raises(ValueError, match="several texts"):
        translator.translate("Two dogs.", target_prefixes=["Zwei"])  # type: ignore[call-overload]


def test_prefixes_are_read_with_their_texts(translator: Translator) -> None:
    """Texts and prefixes may be endless iterators: they are read chunk by chunk."""

    def endless() -> Iterator[str]:
        while True:
            yield "A man sleeps."

    results = translator.translate(endless(), target_prefixes=iter(["Ein"] * CHUNK))
    assert next(results).text.startswith("Ein")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"a": "b"}, r"texts are a mapping.*\.values\(\)"),
        (b"Two dogs", "a text is b'Two dogs', which are bytes; decode"),
        (bytearray(b"x"), "which are bytes; decode"),
        (7, "a text is 7, a int"),
        (None, "a text is None"),
    ],
)
def test_what_is_no_text_is_refused(translator: Translator, texts: object, message: str) -> None:
    """Regression: a dict's keys were translated, and bytes were taken for numbers."""
    with pytest.raises(ValueError, match=message):
        translator.translate(texts)  # type: ignore[call-overload]


def test_bytes_among_texts_are_refused(translator: Translator) -> None:
    """A list may hold texts alone."""
    with pytest.raises(ValueError, match="a text is b'x', a bytes"):
        list(translator.translate(["Two dogs.", b"x"]))  # type: ignore[list-item]


def test_a_translator_describes_itself(translator: Translator) -> None:
    """Its representation names directions, size, vocabulary and device."""
    assert repr(translator).startswith("Translator(en-de, 4.1 million parameters, ")
    assert repr(translator).endswith(" pieces, cpu)")
    many = Translator.from_pretrained("captions", device="cpu")
    assert "de-cs" in repr(many) and "en-de" in repr(many.directed("en", "de"))
