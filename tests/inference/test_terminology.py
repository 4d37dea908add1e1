"""Placeholders, kept words and glossary terms: hidden from the model and restored in place."""

from dataclasses import replace
from time import thread_time

import pytest
import torch

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import UNK, ModelConfig
from seq2seq.inference.fidelity.protected import protected_spans
from seq2seq.inference.terminology import _constraint_spans, prepare_source
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import Settings
from seq2seq.text.tokenizer import Tokenizer

KEPT = {
    "https://a.org/x?y=1&z=%20": "see https://a.org/x?y=1&z=%20, please",
    "www.dogs.de": "the dog (www.dogs.de) runs",
    "bob+a@mail.example.org": "a man bob+a@mail.example.org.",
    "{name}": "the {name} plays",
    "{0}": "the dog {0}",
    "{{x}}": "the {{x}} dog",
    "${HOME}": "a ${HOME} dog",
    "%s": "two %s dogs",
    "%(count)d": "%(count)d dogs",
    "%1$s": "the %1$s dog",
    "%.2f": "a %.2f dog",
    "item{x}": "the item{x} dog",
    "https://a.org/wiki/Dog_(animal)": "the dog (see https://a.org/wiki/Dog_(animal)).",
    "https://a.org/x": "the dog (see https://a.org/x).",
    "http://a.org/x": "两只狗在跑，请看http://a.org/x，一个男人在走路。",
    "http://a.org/y": "请看http://a.org/y一个男人",
    "a@b.org": "一个男人给我a@b.org写信。",
    "jörg@müller.de": "a dog (jörg@müller.de)",
    "%s%s": "a %s%s dog",
    "v%s": "the v%s dog",
    "%dx%d": "a %dx%d dog",
    "%dMB": "the %dMB dog",
    "{a}{b}": "the {a}{b} dog",
    "{{ name }}": "the {{ name }} dog",
}


@pytest.fixture
def translator(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Translator:
    """An untrained model, whose own words are random."""
    return Translator(
        tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 30, 40, AlignmentHead(1, 2, "input"))
    )


@pytest.mark.parametrize("thing", KEPT)
def test_a_placeholder_is_kept_and_hidden(translator: Translator, thing: str) -> None:
    """Addresses and placeholders are copied unchanged, and the model does not see them."""
    found = translator.translate(KEPT[thing])
    assert found.text.count(thing) == 1
    # Of words that the vocabulary lacks each would be kept, too.
    reading = prepare_source(KEPT[thing], DecodeOptions(keep_signs=False), translator.tokenizer)
    assert UNK not in [
        i for i, span in zip(reading.ids, reading.spans, strict=True) if "{" in KEPT[thing][slice(*span)]
    ]
    assert list(reading.restored.values()) == [thing]


@pytest.mark.parametrize(
    "text",
    ["50% of dogs", "a 50%discount", "a {dog runs", "the dog: it runs", "a 100% dog", "a.b", "dogs @ home"],
)
def test_plain_text_is_left_alone(translator: Translator, text: str) -> None:
    """A percent sign or colon in plain text is no placeholder."""
    assert prepare_source(text, DecodeOptions(), translator.tokenizer).phrases == []


@pytest.mark.parametrize(
    ("text", "options", "barred"),
    [
        ("{x} and the dog in John", DecodeOptions(), "John"),
        ("{x}和约翰去了公园。", DecodeOptions(), "John"),
        ("{x} à Londres", DecodeOptions(), "London"),
        ("{x} v Londýně".replace("ý", "y\u0301"), DecodeOptions(), "London"),
        ("{x} runs", DecodeOptions(target_prefix="John und"), "John"),
        ("{x} runs", DecodeOptions(target_prefix=["\u2581Jo", "hn", "\u2581und"]), "John"),
        ("{x} runs", DecodeOptions(stop=["Joh"]), "John"),
        ("{x} runs", DecodeOptions(stop=[" J"]), "John"),
        ("{x} runs", DecodeOptions(banned_words=["Jo"]), "John"),
    ],
)
def test_a_stand_in_is_not_what_the_model_may_write_itself(
    text: str, options: DecodeOptions, barred: str
) -> None:
    """No placeholder name is used that the text or the options could make the model write."""
    tokenizer = Tokenizer.train([barred, "Boston"], 30, "char")

    def stand_in(text: str, options: DecodeOptions) -> str:
        (tokens,) = prepare_source(text, replace(options, keep_signs=False), tokenizer).restored
        return tokenizer.decode(tokens)

    assert stand_in("{x}", DecodeOptions()) == barred
    assert stand_in(text, options) == "Boston"


def test_equal_things_and_different_ones(translator: Translator) -> None:
    """Equal placeholders are restored as often as they occur, different ones at their own places."""
    found = translator.translate("{a} plays with {b} and {a}", DecodeOptions(num_hypotheses=3))
    for text in (found.text, *(other.text for other in found.alternatives)):
        assert text.count("{a}") == 2 and text.count("{b}") == 1


def test_numbers_only_when_asked(translator: Translator) -> None:
    """Numbers are copied only with `keep_numbers`."""
    text = "the 1,234.5 dogs of 2018"
    assert prepare_source(text, DecodeOptions(), translator.tokenizer).phrases == []
    found = translator.translate(text, DecodeOptions(keep_numbers=True)).text
    assert "1,234.5" in found and "2018" in found


def test_names_are_kept_as_written(translator: Translator) -> None:
    """A kept word is copied as the text writes it, in its own case."""
    assert "GARDEN" in translator.translate("the GARDEN dog", DecodeOptions(keep_words=["garden"])).text


def test_names_with_accents_are_kept(translator: Translator) -> None:
    """A kept word is found whether its accents are composed or not."""
    for text, name in (("the Rene\u0301 dog", "René"), ("the René dog", "Rene\u0301")):
        assert text.split()[1] in translator.translate(text, DecodeOptions(keep_words=[name])).text


def test_nothing_but_things_is_its_own_translation(translator: Translator) -> None:
    """A text that is only placeholders is its own translation."""
    assert translator.translate("https://a.org {x} 12").text == "https://a.org {x} 12"
    assert list(translator.stream("https://a.org {x}\n{y}")) == ["https://a.org {x}", "\n{y}"]


@pytest.mark.parametrize(
    "options",
    [
        DecodeOptions(glossary={"dog": "snow man"}),  # type: ignore[arg-type]
        DecodeOptions(glossary={"dog": "snow man"}, beam_size=1),  # type: ignore[arg-type]
        DecodeOptions(glossary={"dog": "snow man"}, sampling_topk=0, seed=1),  # type: ignore[arg-type]
    ],
)
def test_a_term_is_written_whatever_the_search(translator: Translator, options: DecodeOptions) -> None:
    """The glossary holds for greedy search, sampling, beams and streams."""
    text = "the dog runs.\nthe dog"
    found = translator.translate(text, options)
    assert found.text.count("snow man") == 2
    assert "".join(translator.stream(text, options)) == found.text
    first, _ = translator.translate([text, "a man"], options)
    assert first.text == found.text


def test_a_term_of_unknown_characters(translator: Translator) -> None:
    """A term of characters outside the vocabulary is written correctly."""
    assert "Ĝü☃" in translator.translate("the dog runs", DecodeOptions(glossary={"dog": "Ĝü☃"})).text  # type: ignore[arg-type]


def test_the_alignment_counts_characters_of_both_texts(translator: Translator) -> None:
    """Alignment spans refer to the original and the final text, not to placeholder names."""
    text = "see https://a.org/x?y=1 now"
    found = translator.translate(text)
    grid = found.alignment.matrix("pieces")
    assert "https://a.org/x?y=1" in {text[a:b] for a, b in grid.source_spans}
    assert "https://a.org/x?y=1" in {found.text[a:b] for a, b in grid.target_spans}
    assert max(end for _, end in grid.target_spans) <= len(found.text)


def test_forced_words_come_once_in_a_text(translator: Translator) -> None:
    """A forced word occurs once in a text of several parts."""
    found = translator.translate("the dog\nthe man", DecodeOptions(forced_words=["garden"]))
    assert found.text.count("garden") == 1


def test_a_result_ends_before_a_stop_text(translator: Translator) -> None:
    """A result, and a stream, end before a stop text."""
    text = "two dogs runs through the garden."
    for options in (DecodeOptions(beam_size=1, max_length=12), DecodeOptions(max_length=12)):
        whole = translator.translate(text, options).text
        stop = whole[2:4]
        chosen = DecodeOptions(beam_size=options.beam_size, max_length=12, stop=[stop])
        assert stop not in translator.translate(text, chosen).text
    greedy = DecodeOptions(beam_size=1, max_length=12)
    whole = translator.translate(text, greedy).text
    stop = whole[4:7]
    chosen = DecodeOptions(beam_size=1, max_length=12, stop=[stop])
    assert translator.translate(text, chosen).text == whole[: whole.index(stop)]
    assert "".join(translator.stream(text, chosen)) == whole[: whole.index(stop)]


def test_more_than_fits_is_refused(translator: Translator) -> None:
    """Required texts that do not fit the limit are refused."""
    with pytest.raises(ValueError, match="must be written"):
        translator.translate("the dog", DecodeOptions(forced_words=["garden"] * 3, max_length=4))


@pytest.mark.parametrize("begin", ["", "%", "%(", "{{", "a@", "http://("])
@pytest.mark.parametrize("unit", ["0", "a", "a.", "a+", "%1$", " "])
def test_hostile_text_costs_what_ordinary_text_does(begin: str, unit: str) -> None:
    """Time is linear in hostile texts."""
    hostile = begin + unit * 6000
    ordinary = ("the dog runs, %s; " * len(hostile))[: len(hostile)]

    def seconds(text: str) -> float:
        times = []
        for _ in range(3):
            before = thread_time()
            list(protected_spans(text))
            times.append(thread_time() - before)
        return min(times)

    assert seconds(hostile) < 100 * seconds(ordinary)


def test_numbers_in_one_word_are_one_thing() -> None:
    """Many numbers in one long word are found in linear time."""
    word = "1a" * 5000
    before = thread_time()
    (thing,) = _constraint_spans(f"the {word} dog", DecodeOptions(keep_numbers=True))
    assert thing.text == word
    assert thread_time() - before < 5


def test_neighbours_change_nothing(translator: Translator) -> None:
    """Constraints of one text do not change the search of another."""
    texts = ["the dog", "{a} runs", "a {a} and {b} in the snow", "{a} plays with {b} and {c}"]
    options = DecodeOptions(num_hypotheses=2)
    alone = [translator.translate(text, options) for text in texts]
    for together, each in zip(translator.translate(texts, options), alone, strict=True):
        assert [together.text, *(other.text for other in together.alternatives)] == [
            each.text,
            *(other.text for other in each.alternatives),
        ]


@pytest.mark.parametrize("text", ["{key} or {key}.", "%s of %s", "the {team}s play"])
def test_no_stand_in_is_seen(translator: Translator, text: str) -> None:
    """No placeholder name remains in a result, and each placeholder occurs as often as in the source."""
    reading = prepare_source(text, DecodeOptions(), translator.tokenizer)
    assert all(phrase.is_only for phrase in reading.phrases)
    ((name, thing),) = reading.restored.items()
    found = translator.translate(text, DecodeOptions(num_hypotheses=5))
    for each in (found, *found.alternatives):
        written = translator.tokenizer.ids(each.tokens)
        places = [at for at in range(len(written)) if tuple(written[at:][: len(name)]) == name]
        assert each.text.count(thing) == text.count(thing) == len(places)


def test_what_is_kept_stands_before_a_stop_text(translator: Translator) -> None:
    """Required texts come before the stop text that ends the result."""
    text = "see https://a.org/x?y=1 in the garden"
    plain = translator.translate(
        text.replace("https://a.org/x?y=1", "a dog"), DecodeOptions(max_length=12)
    ).text
    for stop in (plain[1:3], plain[2:5], "a.o"):
        found = translator.translate(text, DecodeOptions(stop=[stop], num_hypotheses=3))
        for said in (found.text, *(other.text for other in found.alternatives)):
            assert said.count("https://a.org/x?y=1") == 1
            assert stop not in said.replace("https://a.org/x?y=1", "")


def test_figures_are_those_of_what_is_said(translator: Translator) -> None:
    """Scores count only what is returned, and texts are sorted by them."""
    text = "two dogs runs through the garden."
    options = DecodeOptions(num_hypotheses=5, max_length=12)
    stop = translator.translate(text, options).text[4:6]
    found = translator.translate(text, replace(options, stop=[stop]))
    assert stop not in found.text
    scores = [found.score, *(other.score for other in found.alternatives)]
    assert scores == sorted(scores, reverse=True)
    cut = translator.translate(text, DecodeOptions(beam_size=1, max_length=12))
    stop = cut.text[4:6]
    same = translator.translate(text, DecodeOptions(beam_size=1, max_length=12, stop=[stop]))
    count = len(same.tokens)
    assert same.finish == "end" and same.tokens == cut.tokens[:count]
    values = cut.token_log_probabilities[:count]
    assert same.log_probability == pytest.approx(sum(values), abs=1e-4)
    assert same.score == pytest.approx(sum(values) / count, abs=1e-4)


def test_a_term_that_the_model_does_not_know_is_translated(translator: Translator) -> None:
    """A segment that is only a term in an unknown script is translated."""
    options = DecodeOptions(glossary={"日本": "snow man"})  # type: ignore[arg-type]
    assert translator.translate("日本", options).text == "snow man"
    assert "".join(translator.stream("日本\n日本", options)) == "snow man\nsnow man"


def test_placeholders_of_the_vocabulary_come_first(sentences: list[str]) -> None:
    """A vocabulary with placeholders reads them in place of words, also where letters touch them."""
    tokenizer = Tokenizer.train(sentences, 100, placeholders=2)
    prepared = prepare_source("v%s of {x} and %s: {y}", DecodeOptions(), tokenizer)
    first, second = tokenizer.placeholders.values()
    assert [phrase.tokens for phrase in prepared.phrases][:2] == [(first,), (second,)]
    assert prepared.phrases[2].tokens == (first,)
    assert list(prepared.restored.values()) == ["%s", "{x}", "{y}"]
    assert prepared.ids.count(first) == 2 and prepared.ids.count(second) == 1


def test_a_placeholder_of_the_vocabulary_in_a_text_is_kept(sentences: list[str]) -> None:
    """A text that has the sign itself gets it back."""
    tokenizer = Tokenizer.train(sentences, 100, placeholders=3)
    torch.manual_seed(1)
    config = ModelConfig(len(tokenizer), width=16, feed_forward=32, encoder_layers=1, decoder_layers=1)
    translator = Translator(Transformer(config).eval(), tokenizer, Settings(["en"], ["de"], 30, 40))
    for text in ("the dog ⟦2⟧ plays", "the %s plays in ⟦1⟧ with {x} and {y} and %d", "⟦7⟧ a dog"):
        found = translator.translate(text).text
        for kept in ("%s", "{x}", "{y}", "%d", "⟦1⟧", "⟦2⟧", "⟦7⟧"):
            assert found.count(kept) == text.count(kept), (text, kept)
