"""A translator that searches by CTranslate2 gives what it gives by torch, and torch does what that cannot."""

import copy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from seq2seq import DecodeOptions, Translator
from seq2seq.config import BOS, PAD, UNK
from seq2seq.inference.backends.engine import CTranslate2Engine, LoadedEngine
from seq2seq.inference.backends.expressible import option_against
from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.inference.forced_decoding import force_decode
from seq2seq.search import Hypothesis

pytest.importorskip("ctranslate2", reason="the extra `fast` is not installed")

ENGLISH = [
    "Two dogs play in the snow.",
    "A man in a blue shirt is standing on a ladder cleaning a window.",
    "A young girl, 3 years old, looks at https://example.org with her mother.",
    "NO DOGS ALLOWED",
    "Children are jumping into the water - and one of them waves!",
]
SOURCES = {
    "en-de": ENGLISH,
    "en-fr": ENGLISH,
    "software": ["_Open File...", "The file could not be saved.", "Close all windows"],
    "de-en": ["Zwei Hunde spielen im Schnee.", "Eine Frau liest am Fenster ein Buch."],
    "fr-en": ["Deux chiens jouent dans la neige.", "Une femme lit un livre."],
    "zh-en": ["两只狗在雪地里玩。", "一个女人在窗边看书。"],
    "fr-cs": ["Deux chiens jouent dans la neige.", "Une femme lit un livre."],
    "e2e": ["name[The Eagle], eatType[pub], food[French], area[riverside]"],
}
GREEDY = DecodeOptions(beam_size=1)


def both(name: str, compute_type: str = "float32") -> tuple[Translator, Translator]:
    """Return a released translator that searches by CTranslate2, and the same by torch."""
    fast = Translator.from_pretrained(name, "cpu", "ctranslate2", compute_type)  # type: ignore[arg-type]
    return fast, Translator.from_pretrained(name, "cpu", "torch")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Translator, Translator]]:
    """The released en-de in float32 by CTranslate2, loaded, and by torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("module-cache")))
        fast, slow = both("en-de")
        assert fast.backend == "ctranslate2 float32" and slow.backend == "torch"
        yield fast, slow


@pytest.mark.parametrize("name", SOURCES)
def test_greedy_output_is_that_of_torch(name: str) -> None:
    """In float32 greedy translations of each released model are those of torch, scores within 1e-4."""
    fast, slow = both(name)
    texts = SOURCES[name]
    for own, expected in zip(fast.translate(texts, GREEDY), slow.translate(texts, GREEDY), strict=True):
        assert (own.text, own.tokens, own.finish) == (expected.text, expected.tokens, expected.finish)
        assert own.score == pytest.approx(expected.score, abs=1e-4)
        assert own.log_probability == pytest.approx(expected.log_probability, abs=1e-3)
        assert own.confidence == pytest.approx(expected.confidence, abs=1e-3)
        assert own.alignment.pharaoh() == expected.alignment.pharaoh()
    assert fast.backend == "ctranslate2 float32"


def test_a_beam_finds_what_torch_finds(pair: tuple[Translator, Translator]) -> None:
    """With a beam, an n-best list and another length penalty the best translations are those of torch."""
    options = DecodeOptions(num_hypotheses=3, length_penalty=0.6)
    for text in ENGLISH[:2]:
        own, expected = (translator.translate(text, options) for translator in pair)
        assert own.text == expected.text and len(own.alternatives) == 2
        assert own.score == pytest.approx(expected.score, abs=1e-4)
        assert own.score >= own.alternatives[0].score >= own.alternatives[1].score


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize("max_length", [1, 3, 7])
def test_a_limit_cuts_where_torch_cuts(
    pair: tuple[Translator, Translator], beam_size: int, max_length: int
) -> None:
    """A result that reaches its limit has as many tokens, the same score, and finish "length"."""
    options = DecodeOptions(beam_size=beam_size, max_length=max_length)
    own, expected = (translator.translate(ENGLISH[0], options) for translator in pair)
    assert (own.tokens, own.finish) == (expected.tokens, expected.finish)
    assert own.score == pytest.approx(expected.score, abs=1e-4)
    assert own.token_log_probabilities == expected.token_log_probabilities


def test_a_stream_joins_to_the_greedy_translation(pair: tuple[Translator, Translator]) -> None:
    """A stream comes in pieces and joins to what torch streams; a prefix is streamed by torch."""
    for text in ENGLISH:
        own, expected = (list(translator.stream(text)) for translator in pair)
        assert "".join(own) == "".join(expected)
    assert len(list(pair[0].stream(ENGLISH[0]))) > 3
    options = DecodeOptions(target_prefix="Die")
    assert [*pair[0].stream(ENGLISH[0], options)] == [*pair[1].stream(ENGLISH[0], options)]


def test_int8_translates_and_is_close() -> None:
    """Numbers of 8 bit, the default on a CPU, give translations whose scores are near those of float32."""
    fast, slow = both("en-de", "auto")
    assert fast.backend == "ctranslate2 int8"
    own, expected = fast.translate(ENGLISH[0]), slow.translate(ENGLISH[0])
    assert own.text == expected.text
    assert own.score == pytest.approx(expected.score, abs=0.05) and own.score != expected.score
    assert sum(own.evidence.log_probabilities) == pytest.approx(own.log_probability, abs=1e-2)  # type: ignore[union-attr]


TORCH_ONLY = {
    "repetition_penalty": DecodeOptions(repetition_penalty=1.3),
    "no_repeat_ngram_size": DecodeOptions(no_repeat_ngram_size=1),
    "stop": DecodeOptions(stop=["im"]),
    "banned_words": DecodeOptions(banned_words=["Hunde"]),
    "seed": DecodeOptions(sampling_topk=0, seed=3),
    "sampling_minp": DecodeOptions(sampling_topk=0, sampling_minp=0.9, seed=1),
    "min_length": DecodeOptions(min_length=9),
    "length_penalty": DecodeOptions(length_penalty=-1.0),
    "sampling_topp": DecodeOptions(sampling_topk=9, sampling_topp=0.01),
}


@pytest.mark.parametrize("name", TORCH_ONLY)
def test_an_option_that_the_engine_lacks_is_honoured(pair: tuple[Translator, Translator], name: str) -> None:
    """Torch searches under such an option in the same call: the result is exactly that of torch."""
    options = TORCH_ONLY[name]
    assert option_against(options) is not None
    own, expected = (translator.translate(ENGLISH[0], options) for translator in pair)
    assert own == expected


@pytest.mark.parametrize(
    "options",
    [
        DecodeOptions(glossary={"dogs": "Welpen"}),
        DecodeOptions(forced_words=["Winter"]),
        DecodeOptions(keep_words=["dogs"]),
        DecodeOptions(target_prefix="Die"),
        DecodeOptions(keep_numbers=True),
    ],
)
def test_demands_on_words_are_honoured(pair: tuple[Translator, Translator], options: DecodeOptions) -> None:
    """A text with phrases or a prefix is searched by torch, one without them by the engine."""
    texts = [ENGLISH[0], "A man sleeps."]
    own, expected = (list(translator.translate(texts, options)) for translator in pair)
    assert [each.text for each in own] == [each.text for each in expected]
    assert own[0].score == pytest.approx(expected[0].score, abs=1e-4)


def test_only_the_texts_that_need_it_go_to_torch(pair: tuple[Translator, Translator]) -> None:
    """Of one call the sources with a prefix are searched by torch, the others by the engine, in order."""
    fast, _ = pair
    ids = [fast.processor.ids(text) for text in ENGLISH[:3]]
    prefix = fast.tokenizer.encode("Die")
    requests: list[SearchRequest] = []

    def torch_search(model: Any, request: SearchRequest) -> list[list[Hypothesis]]:
        requests.append(request)
        return decode_sources(model, request)

    request = SearchRequest(ids, GREEDY, [[], prefix, []])
    assert fast.engine is not None
    found = fast.engine.search(fast.model, request, torch_search)
    assert [list(each.sources) for each in requests] == [[ids[1]]]
    expected = decode_sources(fast.model, request)
    assert [row[0].tokens for row in found] == [row[0].tokens for row in expected]


def test_a_cancelled_text_is_given_back(pair: tuple[Translator, Translator]) -> None:
    """A cancelled text is returned untranslated, and the others are translated."""
    own = pair[0].translate_batch(ENGLISH[:2], GREEDY, cancelled=lambda number: number == 0)
    assert own[0].text == ENGLISH[0]
    assert own[1].text == pair[1].translate(ENGLISH[1], GREEDY).text


def test_samples_differ_and_are_scored_by_the_model(pair: tuple[Translator, Translator]) -> None:
    """Samples of one call differ, and their scores are log-probabilities without the temperature."""
    fast, slow = pair
    options = DecodeOptions(sampling_topk=0, sampling_temperature=1.5, num_hypotheses=4)
    result = fast.translate(ENGLISH[1], options)
    assert len({result.text, *(each.text for each in result.alternatives)}) > 1
    ids = fast.processor.ids(ENGLISH[1])
    (hypotheses,) = fast.engine.search(fast.model, SearchRequest([ids], options), decode_sources)  # type: ignore[union-attr]
    for each in hypotheses:
        (values,) = force_decode(slow.model, [ids], [each.tokens])
        if each.finish == "end":
            assert each.log_probability == pytest.approx(sum(values), abs=1e-2)
            assert list(each.token_log_probabilities) == pytest.approx(values, abs=1e-3)


def engine_that_finds(hypotheses: list[list[str]], translator: Translator) -> CTranslate2Engine:
    """Return an engine whose every result has these hypotheses, with falling scores."""
    tokens = translator.tokenizer.pieces(range(len(translator.tokenizer)))
    result = SimpleNamespace(hypotheses=hypotheses, scores=[-1.0 - k for k in range(len(hypotheses))])
    fake = SimpleNamespace(translate_batch=lambda sources, **_: [result] * len(sources))
    return CTranslate2Engine(translator.model, "float32", lambda: LoadedEngine(fake, tokens))


@pytest.mark.parametrize(
    ("hypotheses", "options"),
    [
        ([["▁Hunde", "<pad>", "</s>"]], GREEDY),
        ([["<s>", "</s>"]], GREEDY),
        ([["</s>"]], GREEDY),
        ([["<unk>", "</s>"]], DecodeOptions(beam_size=1, disable_unk=True)),
        ([["▁Hunde"] * 9], DecodeOptions(beam_size=1, max_length=8)),
        ([["▁Hunde"] * 3], GREEDY),
        ([["▁Hunde", "</s>"]], DecodeOptions(num_hypotheses=2)),
    ],
    ids=["padding", "start", "empty", "unknown", "too long", "cut early", "too few"],
)
def test_a_result_that_our_search_forbids_is_searched_again(
    pair: tuple[Translator, Translator], hypotheses: list[list[str]], options: DecodeOptions
) -> None:
    """Torch searches where the engine's result has a banned token, a wrong length, or is one of too few."""
    slow = pair[1]
    engine = engine_that_finds(hypotheses, slow)
    request = SearchRequest([slow.processor.ids(ENGLISH[0])], options)
    (found,) = engine.search(slow.model, request, decode_sources)
    assert found == decode_sources(slow.model, request)[0]
    assert not {PAD, BOS, UNK} & set(found[0].tokens)


def test_changed_weights_are_heeded(pair: tuple[Translator, Translator], tmp_path: Path) -> None:
    """Once weights were changed in place the engine, which has the old ones, is no longer used."""
    pair[1].save_pretrained(tmp_path / "model")
    fast = Translator.from_pretrained(tmp_path / "model", "cpu", "ctranslate2", "float32")
    assert fast.backend == "ctranslate2 float32"
    with torch.no_grad():
        next(fast.model.parameters()).mul_(0.5)
    assert fast.backend == "torch"
    alone = Translator(fast.model, fast.tokenizer, fast.settings)
    assert fast.translate(ENGLISH[0]) == alone.translate(ENGLISH[0])


def test_a_copy_searches_by_torch(pair: tuple[Translator, Translator]) -> None:
    """A deep copy has weights of its own, so it takes no engine along."""
    copied = copy.deepcopy(pair[0])
    assert copied.engine is None and copied.backend == "torch"
    assert copied._pipeline.engine is None
    assert copied.translate(ENGLISH[0]).text == pair[1].translate(ENGLISH[0]).text


def test_a_direction_shares_the_engine() -> None:
    """The translators of all directions of a model have one engine."""
    fast, slow = both("fr-en")
    assert fast.directed("en", "fr").engine is fast.engine
    own = fast.translate(ENGLISH[0], source_language="en", target_language="fr")
    assert own.text == slow.translate(ENGLISH[0], source_language="en", target_language="fr").text
