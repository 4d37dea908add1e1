"""From pairs of texts to batches."""

from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from seq2seq.text.tokenizer import Tokenizer
from train.data.batch_order import BatchOrder
from train.data.examples import Example
from train.data.loader import BatchStream
from train.data.module import DataSettings, Segmentation, TranslationData

Texts = list[Example]


@pytest.fixture
def texts(sentences: list[str]) -> Texts:
    return [Example(text, text, "en", "de") for text in sentences[:30]]


def test_a_long_pair_is_left_out_and_counted(tiny_tokenizer: Tokenizer, texts: Texts) -> None:
    """Pairs beyond the model's length are left out and counted."""
    texts = [*texts, Example("a dog " * 30, "a dog", "en", "de")]
    made = Segmentation(texts, tiny_tokenizer, 0.0, 1, 40)
    assert len(made(0)) == 30 and made.report == "; 1 pairs of more than 39 pieces left out"
    assert made.longest == tuple(max(len(pair[side]) for pair in made(0)) + 1 for side in (0, 1))
    with pytest.raises(ValueError, match=r"no training pair has at most 1 pieces; raise model\.max_length"):
        Segmentation(texts, tiny_tokenizer, 0.0, 1, 2)


def test_sampling_is_anew_each_epoch_and_never_too_long(tiny_tokenizer: Tokenizer, texts: Texts) -> None:
    """Sampled segmentations differ by epoch and seed, fit the model and decode to the text."""
    longest = max(len(tiny_tokenizer.encode(text)) for text, *_ in texts) + 2
    made = Segmentation(texts, tiny_tokenizer, 0.3, 1, longest)
    assert made(0) == made(0) != made(1)
    assert made(0) != Segmentation(texts, tiny_tokenizer, 0.3, 2, longest)(0)
    for epoch in range(5):
        pairs = list(made(epoch))
        assert max(len(side) for pair in pairs for side in pair) < longest
        assert [[tiny_tokenizer.decode(side) for side in pair] for pair in pairs] == [
            [text.source, text.target] for text in texts
        ]


def test_loader_workers_share_the_batches_in_their_order(
    monkeypatch: pytest.MonkeyPatch, tiny_tokenizer: Tokenizer, texts: Texts
) -> None:
    """Loader workers share the batches; interleaved they are the order of one process."""
    order = BatchOrder(Segmentation(texts, tiny_tokenizer, 0.0, 1, 40), 60, 1)
    alone = [batch.source.tolist() for batch in islice(BatchStream(order), 12)]

    class Worker:
        num_workers = 3

    parts = []
    for Worker.id in range(3):
        monkeypatch.setattr("train.data.loader.get_worker_info", lambda: Worker)
        parts.append([batch.source.tolist() for batch in islice(BatchStream(order), 4)])
    assert [parts[n % 3][n // 3] for n in range(12)] == alone


def test_judged_sentences_are_spread_over_the_set(tmp_path: Path) -> None:
    """Evaluation examples are evenly spread over the validation set."""
    (tmp_path / "t.tsv").write_text("en\tde\n" + "".join(f"a dog {n}\tein Hund {n}\n" for n in range(40)))
    (tmp_path / "v.tsv").write_text("en\tde\n" + "".join(f"sentence {n}\tSatz {n}\n" for n in range(10)))
    files = {"files": str(tmp_path / "t.tsv"), "valid_files": str(tmp_path / "v.tsv")}
    for count, expected in ((4, [0, 2, 5, 7]), (0, list(range(10))), (99, list(range(10)))):
        data = TranslationData(DataSettings(**files, valid_sentences=count, vocabulary_size=40), 64, 1)
        data.load()
        assert [each.source for each in data.eval_examples()] == [f"sentence {n}" for n in expected]


@pytest.mark.parametrize("tagged", [[], ["en", "fr"], ["en", "de"]])
def test_directions_that_no_tag_tells_apart_are_refused(
    sentences: list[str], tmp_path: Path, tagged: list[str]
) -> None:
    """A vocabulary without tags for all target languages is refused."""
    (tmp_path / "t.tsv").write_text("en\tde\n" + "".join(f"a dog {n}\tein Hund {n}\n" for n in range(40)))
    data = TranslationData(DataSettings(files=str(tmp_path / "t.tsv"), languages=["en", "de"]), 64, 1)
    tokenizer = Tokenizer.train(sentences, 100, languages=tagged)
    if tagged == ["en", "de"]:
        data.load(tokenizer)
        return
    told = (
        r"the target languages de, en, but .* tags for (none|en, fr), so .*; leave out --init.* such as fr-en"
    )
    with pytest.raises(ValueError, match=told):
        data.load(tokenizer)


REFUSED = [
    ({"batch_tokens": 1}, r"data\.batch_tokens is 1; give at least 2"),
    ({"workers": -1}, r"data\.workers is -1"),
    ({"valid_sentences": -3}, r"data\.valid_sentences is -3"),
    ({"sampling": 10.0}, r"data\.sampling is 10\.0; give a number from 0 to 1"),
    ({"files": ["x.tsv"]}, r"give one of the two, and where the recipe names the other, set that to null"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_contradictions_are_refused_at_once(arguments: dict, message: str) -> None:
    """Contradicting settings are refused."""
    with pytest.raises(ValueError, match=message):
        DataSettings(name="a/b", **arguments)
