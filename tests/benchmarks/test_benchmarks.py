"""The benchmarks run and compare like with like; nothing is timed here."""

import dataclasses
import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.inference.translator import Translator
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions

TINY = ModelConfig(
    vocabulary_size=60, width=16, feed_forward=32, encoder_layers=2, decoder_layers=3, max_length=64
)


@pytest.fixture
def benchmark(repository: Path, monkeypatch: pytest.MonkeyPatch):
    """Function that imports a benchmark by its name."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


@pytest.fixture
def model() -> Transformer:
    """Tiny model of the shape that Marian shares."""
    torch.manual_seed(1)
    return Transformer(TINY).eval()


def test_calibration_error_by_pencil(benchmark) -> None:  # type: ignore[no-untyped-def]
    """Differences within a bin cancel, those of different bins add up."""
    error = benchmark("confidence").calibration_error
    assert error([0.81, 0.89], [0.89, 0.81]) == pytest.approx(0.0)
    assert error([0.1, 0.9, 1.0], [0.4, 0.6, 1.0]) == pytest.approx(0.2)
    assert error([1.0, 0.0], [1.0, 0.0]) == 0.0


def test_a_linked_word_is_left_out(benchmark) -> None:  # type: ignore[no-untyped-def]
    """The one word that is linked to a place is left out; several, and none, are refused."""
    without = benchmark("fidelity").without
    links = [(0, 0), (1, 2), (2, 1), (2, 2), (3, 9)]
    assert without("ein Hund rennt", links, 1) == "ein Hund"
    assert [without("ein Hund rennt", links, place) for place in (2, 3, 4)] == [None] * 3


@pytest.mark.parametrize("name", ["page_speed", "view_speed"])
def test_help_does_not_begin_to_measure(
    benchmark, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--help prints the usage and measures nothing."""
    script = benchmark(name)
    monkeypatch.setattr("sys.argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit, match="0"):
        script.main()
    assert f"python benchmarks/{name}.py" in capsys.readouterr().out


@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_twin_gives_the_same_logits(benchmark, norm_order: str) -> None:
    """The peer computes the logits of our model."""
    torch.manual_seed(2)
    model = Transformer(dataclasses.replace(TINY, norm_order=norm_order)).eval()
    batch = make_batch([[5, 6, 7], [8]], [[9, 10], [11, 12, 13]])
    theirs = benchmark("twins").make_twin(model)(
        input_ids=batch.source, attention_mask=batch.source != 0, decoder_input_ids=batch.target_input
    )
    real = batch.target_output != 0
    ours = model(batch.source, batch.target_input).logits
    torch.testing.assert_close(ours[real], theirs.logits[real], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "change",
    [
        {"positions": "rotary"},
        {"tied_embeddings": False},
        {"decoder_attention": AttentionConfig(heads=4, kv_heads=2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_twin_refuses_what_no_peer_can_express(benchmark, change: dict) -> None:
    """Shapes that no peer has are errors."""
    with pytest.raises(ValueError, match="no peer has a model"):
        benchmark("twins").peer_shape(dataclasses.replace(TINY, **change))


@pytest.mark.parametrize("beam", [1, 5])
def test_decoding_race_has_the_same_output(benchmark, model: Transformer, beam: int) -> None:
    """Both contestants find the same texts."""
    decode_speed = benchmark("decode_speed")
    sources = decode_speed.random_sources(4, TINY.vocabulary_size)
    twin = benchmark("twins").make_twin(model)
    line = decode_speed.race(model, twin, sources, DecodeOptions(beam_size=beam), rows=2, rounds=1)
    assert "ratio" in line
    assert line.endswith("same output: 4 of 4")


def test_decoding_race_says_what_to_write(benchmark, tmp_path: Path) -> None:
    """Sources of a multilingual model get the tag of the target language."""
    translator = Translator.from_pretrained("zh-en")
    (tmp_path / "source").write_text("狗\u2028在跑\n猫\n", encoding="utf-8")
    (source,) = benchmark("decode_speed").read_sources(translator, str(tmp_path / "source"), 1)
    assert source == translator.tokenizer.encode("狗 在跑") + translator.tokenizer.tag("en")


def test_training_race_counts_every_update(benchmark, tmp_path: Path) -> None:
    """Every update after the warm-up is counted, on the same batches."""
    train_throughput = benchmark("train_throughput")
    task = train_throughput.make_task(TINY.vocabulary_size)
    batches = train_throughput.random_batches(TINY.vocabulary_size, budget=64, count=6)
    peer = train_throughput.Peer(task)
    comparison = train_throughput.run(task, batches, tmp_path, lambda number: peer.update(batches[number]))
    assert comparison.amounts == [batch.tokens for batch in batches[train_throughput.WARM_UP :]]


def test_batches_of_the_training_race_are_alike_each_time(benchmark) -> None:
    """Two runs draw the same batches."""
    train_throughput = benchmark("train_throughput")
    first, second = (train_throughput.random_batches(60, budget=64, count=4) for _ in range(2))
    assert all(torch.equal(a.source, b.source) for a, b in zip(first, second, strict=True))
