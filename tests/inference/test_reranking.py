"""Re-ranking: the whole beam is scored, and the re-ranker's order is returned."""

from collections.abc import Sequence

import pytest

from seq2seq.config import ModelConfig
from seq2seq.inference.reranking import NoisyChannel, n_best
from seq2seq.inference.results import Alternative, Score
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import Settings
from seq2seq.text.tokenizer import Tokenizer

DOGS = "two dogs runs through the garden."
BEAM = DecodeOptions(beam_size=4, num_hypotheses=4, max_length=8)


class Backwards:
    """A re-ranker that prefers the search's last hypothesis."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.texts: list[str] = []

    def rerank(self, source: str, hypotheses: Sequence[Alternative]) -> list[int]:
        self.seen.append((source, len(hypotheses)))
        self.texts += [each.text for each in hypotheses]
        return list(range(len(hypotheses)))[::-1]


class Table:
    """A reverse model with a table of probabilities of the source given each text."""

    def __init__(self, known: dict[str, float]):
        self.known = known

    def score(self, sources: list[str], targets: list[str]) -> list[Score]:
        assert set(targets) == {"a b"}
        return [Score(self.known[text], ["a", "b", "</s>"], []) for text in sources]


@pytest.fixture
def translator(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Translator:
    """An untrained model."""
    return Translator(tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 16, 40))


def test_the_order_is_the_reranker_s(translator: Translator) -> None:
    """Results come in the re-ranker's order."""
    plain = translator.translate(DOGS, BEAM)
    translator.reranker = Backwards()
    turned = translator.translate(DOGS, BEAM)
    texts = [plain.text, *(each.text for each in plain.alternatives)]
    assert [turned.text, *(each.text for each in turned.alternatives)] == texts[::-1]
    assert turned.score == plain.alternatives[-1].score < plain.score
    assert turned.forced.alignment.target == turned.text, "the map would be that of another hypothesis"


def test_one_result_is_chosen_among_the_whole_beam(translator: Translator) -> None:
    """One result is chosen among the whole beam."""
    last = translator.translate(DOGS, BEAM).alternatives[-1].text
    translator.reranker = reranker = Backwards()
    found = translator.translate([DOGS, "", "a dog."], DecodeOptions(beam_size=4, max_length=8))
    assert [(each.text, each.alternatives) for each in found][:2] == [(last, []), ("", [])]
    assert reranker.seen == [(DOGS, 4), ("a dog.", 4)]


def test_texts_are_judged_as_they_will_be_read(translator: Translator) -> None:
    """The re-ranker reads final texts: placeholders restored, cut at stop texts."""
    translator.reranker = reranker = Backwards()
    options = DecodeOptions(beam_size=4, num_hypotheses=4, max_length=8, stop=(".", "a"))
    found = translator.translate("the {x}", options)
    assert reranker.texts[::-1] == [found.text, *(each.text for each in found.alternatives)]
    assert all(text.count("{x}") == 1 for text in reranker.texts)


@pytest.mark.parametrize("options", [{"beam_size": 1}, {"sampling_topk": 5, "seed": 1}])
def test_without_a_beam_there_is_nothing_to_rank(translator: Translator, options: dict) -> None:
    """Greedy search and a single sample are not re-ranked."""
    asked = DecodeOptions(**options, max_length=8)
    plain = translator.translate(DOGS, asked)
    translator.reranker = reranker = Backwards()
    assert n_best(asked) == asked and translator.translate(DOGS, asked) == plain
    assert reranker.seen == []


def test_noisy_channel_by_hand() -> None:
    """-1.0 - 0.5 * 6 / 3 = -2.0 loses to -1.2 - 0.5 * 3 / 3 = -1.7, unless the reverse model has no say."""
    hypotheses = [Alternative("x", -1.0, -3.0, ["x"], "end"), Alternative("y", -1.2, -3.0, ["y"], "end")]
    reverse = Table({"x": -6.0, "y": -3.0})
    assert NoisyChannel(reverse, 0.5).rerank("a b", hypotheses) == [1, 0]
    assert NoisyChannel(reverse, 0.0).rerank("a b", hypotheses) == [0, 1]
    assert NoisyChannel(Table({"x": -3.0, "y": -3.0})).rerank("a b", hypotheses) == [0, 1]
    with pytest.raises(ValueError, match="the weight of re-ranking is -1"):
        NoisyChannel(reverse, -1)


def test_a_reverse_model_without_a_language_is_refused(sentences: list[str]) -> None:
    """A reverse model that lacks the language is refused."""
    tokenizer = Tokenizer.train(sentences, 80, languages=["de", "fr", "en"])
    model = Transformer(
        ModelConfig(len(tokenizer), width=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
    )
    languages = ["de", "fr", "en"]
    reverse = Translator(model.eval(), tokenizer, Settings(languages, languages, 20, 40))
    hypotheses = [Alternative(text, -1.0, -3.0, [], "end") for text in ("a dog", "two dogs")]
    with pytest.raises(ValueError, match="no target language was named"):
        NoisyChannel(reverse).rerank(DOGS, hypotheses)


def test_a_translator_is_a_reverse_model(translator: Translator) -> None:
    """A translator re-ranks every sentence; one that is too long keeps the order of the search."""
    back = Translator(translator.model, translator.tokenizer, Settings(["de"], ["en"], 16, 40))
    channel = NoisyChannel(back, 100.0)
    texts = ["a dog", "two dogs in the snow.", "an old woman"]
    hypotheses = [Alternative(text, -1.0, -3.0, [], "end") for text in texts]
    totals = [score.log_probability for score in back.score(texts, [DOGS] * 3)]
    assert channel.rerank(DOGS, hypotheses) == sorted(range(3), key=lambda place: -totals[place])
    assert channel.rerank("dogs " * 200, hypotheses) == [0, 1, 2]
