"""The translator: order, parts, unusual input, and scores that equal a forced pass."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from seq2seq.alignment.head import AlignmentHead
from seq2seq.inference.chunks import FIRST_CHUNK
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import Settings
from seq2seq.text.tokenizer import Tokenizer

SETTINGS = Settings(["en"], ["de"], 16, 40, AlignmentHead(1, 2, "input"))
GREEDY = DecodeOptions(beam_size=1)
SHORT = DecodeOptions(beam_size=1, max_length=4)
DOGS = "two dogs runs through the garden."


@pytest.fixture
def translator(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Translator:
    """An untrained model, whose translations are meaningless but reproducible."""
    return Translator(tiny_model, tiny_tokenizer, SETTINGS)


def test_text_gives_translation(translator: Translator) -> None:
    """A text gives one object whose fields agree."""
    found = translator.translate(DOGS)
    assert found.text and found.source == DOGS
    # The untrained model ends without the full stop that its source has.
    assert translator.tokenizer.decode(translator.tokenizer.ids(found.tokens)) == found.text.removesuffix(".")
    count = len(found.tokens) + (found.finish == "end")
    assert found.score == pytest.approx(found.log_probability / count)
    assert found.parts == [] and found.alternatives == []


def test_iterable_is_read_lazily_and_answered_in_order(translator: Translator, sentences: list[str]) -> None:
    """An endless iterable gives its first translation soon, and the order is kept."""
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield sentences[read % 7] + " a" * (read % 3)

    results = translator.translate(endless(), SHORT)
    first = [next(results) for _ in range(FIRST_CHUNK + 3)]
    assert read <= 3 * FIRST_CHUNK
    assert [r.source for r in first] == [sentences[k % 7] + " a" * (k % 3) for k in range(1, FIRST_CHUNK + 4)]


def test_a_list_is_searched_in_full_batches(
    translator: Translator, sentences: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts of a list run together from the first on; those of a generator begin with a few."""
    sizes: list[int] = []
    pipeline = type(translator._pipeline)
    translate = pipeline.translate

    def noted(self: Any, texts: list[str], *others: Any) -> list[Translation]:
        sizes.append(len(texts))
        return translate(self, texts, *others)

    monkeypatch.setattr(pipeline, "translate", noted)
    texts = sentences[:40]
    expected = [result.text for result in translator.translate(iter(texts), SHORT)]
    assert sizes == [FIRST_CHUNK, 40 - FIRST_CHUNK]
    assert [result.text for result in translator.translate(texts, SHORT)] == expected
    assert sizes[2:] == [40]


def test_batch_equals_one_by_one(translator: Translator, sentences: list[str]) -> None:
    """A translation does not depend on its batch."""
    texts = [*sentences[:5], "a", "two dogs " * 4, "", sentences[9]]
    together = list(translator.translate(texts))
    for text, found in zip(texts, together, strict=True):
        alone = translator.translate(text)
        assert found.text == alone.text
        assert found.log_probability == pytest.approx(alone.log_probability, abs=1e-4)


def test_empty_iterable(translator: Translator) -> None:
    """No texts give no translations."""
    assert list(translator.translate([])) == []


@pytest.mark.parametrize(
    "text", [DOGS, "a dog. " * 20, "a dog.\n\n  two dogs.\n", "", " \n", "😀", "a 😀 dog"]
)
def test_stream_joined_is_the_greedy_translation(translator: Translator, text: str) -> None:
    """A joined stream is the greedy translation."""
    pieces = list(translator.stream(text))
    assert "".join(pieces) == translator.translate(text, GREEDY).text
    assert all(pieces)


def test_log_probability_is_that_of_a_forced_pass(translator: Translator) -> None:
    """The search's sum, the forced pass and `score` of the same tokens agree."""
    for text in (DOGS, "a dog. " * 20):
        found = translator.translate(text, DecodeOptions(beam_size=3))
        for part in found.parts or [found]:
            scored = translator.score(
                [translator.tokenizer.pieces(translator.tokenizer.encode(part.source))], [part.tokens]
            )[0]
            own = part.token_log_probabilities
            assert own == pytest.approx(scored.token_log_probabilities, abs=1e-4)
            if part.finish == "length":
                own = own[:-1]
            assert sum(own) == pytest.approx(part.log_probability, abs=1e-3)
        assert len(found.token_log_probabilities) == len(found.tokens) + len(found.parts or [found])


def test_alternatives_are_the_further_hypotheses(translator: Translator) -> None:
    """The alternatives exclude the best, and their scores fall."""
    found = translator.translate(DOGS, DecodeOptions(beam_size=4, num_hypotheses=3))
    scores = [found.score, *(a.score for a in found.alternatives)]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    assert found.tokens not in [a.tokens for a in found.alternatives]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t  \u00a0", "😀", "😀 🎉\n", "日本語", "שלום", "\0\x07"])
def test_nothing_to_translate_is_given_back(translator: Translator, text: str) -> None:
    """Blank texts, and texts without a known token, are returned unchanged."""
    found = translator.translate(text, DecodeOptions(num_hypotheses=2))
    assert found.text == text
    assert found.score == 0.0 and found.tokens == [] and found.finish == "end"
    assert found.alignment.links() == []
    assert json.loads(json.dumps(found.to_json()))["text"] == text


@pytest.mark.parametrize(
    "text", ["a\0dog", "\u202ea dog", "a dog \ud800", "a do\u0301g", "a dog שלום", "\ufeffa dog"]
)
def test_odd_characters_are_survived(translator: Translator, text: str) -> None:
    """Control characters, lone surrogates and other scripts among known words are no error."""
    found = translator.translate(text, SHORT)
    assert found.tokens
    found.alignment.links()


def test_long_text_is_translated_in_parts(translator: Translator) -> None:
    """A text beyond the trained length is translated in parts, with its spacing and the sum of scores."""
    text = "a dog plays in the snow.  Two dogs look at a man.\n\n\tA man sits in a park.\n"
    found = translator.translate(text, DecodeOptions(beam_size=3, num_hypotheses=2, max_length=5))
    assert [part.source for part in found.parts] == [
        "a dog plays in the snow.",
        "Two dogs look at a man.",
        "A man sits in a park.",
    ]
    a, b, c = (part.text for part in found.parts)
    assert found.text == f"{a}  {b}\n\n\t{c}\n"
    assert found.log_probability == pytest.approx(sum(part.log_probability for part in found.parts))
    assert found.score == pytest.approx(sum(part.score for part in found.parts))
    a, b, c = (part.alternatives[0].text for part in found.parts)
    assert found.alternatives[0].text == f"{a}  {b}\n\n\t{c}\n"
    assert found.finish == "length"


def test_text_is_not_split_where_it_fits(translator: Translator) -> None:
    """Two short sentences of one line are translated together."""
    assert translator.translate("a dog. a man.", SHORT).parts == []


def test_a_model_is_given_no_more_sentences_than_it_reads(
    tiny_model: Transformer, tiny_tokenizer: Tokenizer
) -> None:
    """A model gets no more sentences at once than it was trained on."""
    translator = Translator(tiny_model, tiny_tokenizer, replace(SETTINGS, most_sentences=1))
    found = translator.translate("a dog.  A man.", SHORT)
    assert [part.source for part in found.parts] == ["a dog.", "A man."]
    assert found.text == "  ".join(translator.translate(part, SHORT).text for part in ("a dog.", "A man."))
    assert "".join(translator.stream("a dog.  A man.", SHORT)) == found.text


def test_links_of_parts_are_shifted(translator: Translator) -> None:
    """Links of the second part refer to words of the second part."""
    text = "a dog plays in the snow. Two dogs look at a man."
    found = translator.translate(text, DecodeOptions(beam_size=1, max_length=6))
    first, second = (len(part.source.split()) for part in found.parts)
    written = len(found.parts[0].text.split())
    assert second and found.alignment.links("blanks")
    for s, t in found.alignment.links("blanks"):
        assert (s >= first) == (t >= written)


def test_hundred_thousand_characters(translator: Translator) -> None:
    """A book is cut into parts without loss."""
    text = ("a dog plays in the snow. " * 1500 + "a" * 5000 + "\n" + "two dogs, a man\n" * 4000)[:100_000]
    found = translator.translate(text, DecodeOptions(beam_size=1, max_length=2))
    assert len(found.parts) > 1000
    assert found.text.count("\n") == text.count("\n")


def test_language_that_the_model_does_not_speak(translator: Translator) -> None:
    """An unknown language is refused at the call, with the known ones."""
    sentence = "'fr' is not supported; this model translates en to de"
    with pytest.raises(ValueError, match=sentence):
        translator.translate("a dog", source_language="fr")
    with pytest.raises(ValueError, match=sentence):
        translator.translate(["a dog"], target_language="fr")
    with pytest.raises(ValueError, match=sentence):
        translator.stream("a dog", target_language="fr")
    translator.translate("", source_language="en", target_language="de")


def test_impossible_lengths_are_refused(translator: Translator) -> None:
    """A length beyond the model's positions is refused before any work."""
    for options in (DecodeOptions(max_length=64), DecodeOptions(min_length=63)):
        with pytest.raises(ValueError, match="at most 63"):
            translator.translate(["a dog"], options)


def test_prefix_begins_the_translation(translator: Translator) -> None:
    """A prefix, as text or tokens, begins the text and only its first part."""
    for prefix in ("two dogs", tuple(translator.tokenizer.pieces(translator.tokenizer.encode("two dogs")))):
        options = DecodeOptions(target_prefix=prefix, max_length=12)
        found = translator.translate("a dog plays in the snow. A man sits in a park.", options)
        assert found.text.startswith("two dogs")
        assert (
            found.parts[1].text
            == translator.translate(found.parts[1].source, DecodeOptions(max_length=12)).text
        )
        assert "".join(translator.stream("a dog", options)).startswith("two dogs")


@pytest.mark.parametrize("texts", [[b"a dog"], ["a dog", None], [3], None, 3])
def test_what_is_no_text_is_refused(translator: Translator, texts: Any) -> None:
    """Bytes and None are refused."""
    with pytest.raises(ValueError, match="give strings"):
        list(translator.translate(texts))


def test_scores_of_texts_and_pieces(translator: Translator, sentences: list[str]) -> None:
    """Texts and their tokens score the same, alone and in a batch."""
    sources, targets = sentences[:6], [s + " a dog" * k for k, s in enumerate(sentences[6:12])]
    scores = translator.score(sources, targets)
    pieces = [translator.tokenizer.pieces(translator.tokenizer.encode(text)) for text in targets]
    for again in (
        translator.score(sources, pieces),
        [translator.score(s, t) for s, t in zip(sources, targets, strict=True)],
    ):
        for a, b in zip(scores, again, strict=True):
            assert a.log_probability == pytest.approx(b.log_probability, abs=1e-4)
            assert a.tokens == b.tokens and a.tokens[-1] == "</s>"
    assert translator.score([], []) == []


@pytest.mark.parametrize(
    ("sources", "targets", "said"),
    [
        (["a"], ["a", "b"], "1 sources"),
        ("a", ["a"], "one side"),
        (["a"], ["a dog " * 99], "more than the 64"),
    ],
)
def test_wrong_pairs_are_refused(
    translator: Translator, sources: list[str], targets: list[str], said: str
) -> None:
    """Sides of different lengths, and a side beyond the model's length, are refused."""
    with pytest.raises(ValueError, match=said):
        translator.score(sources, targets)


def test_attention_has_the_promised_shapes(translator: Translator) -> None:
    """Maps have every layer and head, rows that sum to 1, and tokens for rows and columns."""
    for maps in (translator.attention(DOGS, "a man"), translator.attention(DOGS)):
        s, t = len(maps.source_tokens), len(maps.target_tokens)
        assert maps.cross.shape == (2, 4, t, s)
        assert maps.encoder.shape == (2, 4, s, s)
        assert maps.decoder.shape == (2, 4, t, t)
        assert maps.source_tokens[-1] == maps.target_tokens[-1] == "</s>"
        for weights in (maps.cross, maps.encoder, maps.decoder):
            assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-5)
        assert torch.equal(maps.decoder, maps.decoder.tril())


def test_alignment_reads_the_head_of_the_settings(translator: Translator) -> None:
    """`align` reads the head and the row that config.json names."""
    maps = translator.attention(DOGS, "a man.")
    rows = maps.cross[1, 2, 1:, :-1]
    expected = rows / rows.sum(-1, keepdim=True)
    found = translator.align(DOGS, "a man.").parts[0].weights
    assert torch.allclose(found, expected, atol=1e-6)


def test_spans_of_a_translation_are_its_words(translator: Translator) -> None:
    """Spans of the decoded tokens cover the words of the text."""
    found = translator.translate(DOGS)
    (part,) = found.alignment.parts
    for (start, end), piece in zip(part.target_spans, found.tokens, strict=True):
        assert found.text[start:end] == piece.replace("▁", "")


def test_text_that_is_given_up_comes_back_as_it_is(translator: Translator, sentences: list[str]) -> None:
    """A cancelled text of several parts is returned unchanged as a whole."""
    texts = [sentences[0], f"{sentences[1]}\n{sentences[2]}", sentences[3]]
    found = translator.translate_batch(texts, cancelled=(1).__eq__)
    assert found[1].text == texts[1]
    assert [found[0].text, found[2].text] == [translator.translate(texts[n]).text for n in (0, 2)]


@pytest.mark.parametrize(
    ("prefix", "lacking"),
    [
        ("{x}: a", "has '{"),
        ("a 犬", "has '犬'"),
        (("two", "xyz"), "the piece 'two'"),
        (("\u2581a", "z犬"), "z犬"),
    ],
)
def test_a_prefix_of_unknown_characters_is_refused(
    translator: Translator, prefix: str | tuple[str, ...], lacking: str
) -> None:
    """A prefix with unknown characters is refused."""
    options = DecodeOptions(target_prefix=prefix)
    for call in (translator.translate, lambda text, options: list(translator.stream(text, options))):
        with pytest.raises(ValueError, match=f"target_prefix .*{lacking}.* which the vocabulary lacks"):
            call("a dog {x}", options)
    with pytest.raises(ValueError, match="target_prefix has"):
        translator.translate(iter(["a dog"]), options)  # before the first is asked for
