"""The recipes for other tasks learn them on a made-up corpus; long texts are split or left out, never cut."""

import json
from collections.abc import Iterable
from pathlib import Path

import minutes
import pytest
import typos

pytest.importorskip("lightning")

from training_process import train

from seq2seq import DecodeOptions, Translator

SMALLER = {
    "--data.name": "null",
    "--data.subset": "null",
    "--data.source": "en",
    "--model.width": "64",
    "--model.feed_forward": "128",
    "--model.encoder_layers": "2",
    "--model.decoder_layers": "2",
    "--model.dropout": "0",
    "--task.learning_rate": "3e-3",
    "--task.schedule": "linear",
    "--task.warmup": "50",
    "--task.samples": "0",
    "--trainer.accelerator": "cpu",
    "--checkpoints.average": "1",
}


BRIEFLY = {
    "data__vocabulary_size": "120",
    "data__batch_tokens": "512",
    "data__valid_sentences": "2",
    "model__width": "16",
    "model__max_length": "256",
    "trainer__max_steps": "1",
    "trainer__val_check_interval": "1",
}


def learn(folder: Path, recipe: str, pairs: Iterable[dict[str, str]], **changes: str) -> Translator:
    """Train a recipe, made smaller, on the pairs, and return its model."""
    rows = list(pairs)
    place = folder / "pairs.jsonl"
    place.write_text("\n".join(map(json.dumps, rows)) + "\n")
    flags = SMALLER | {
        "--data.files": str(place),
        "--data.columns": json.dumps(list(rows[0])),
        "--run_dir": str(folder / "run"),
        **{f"--{name.replace('__', '.')}": value for name, value in changes.items()},
    }
    assert train(["--config", recipe, *(word for flag in flags.items() for word in flag)]) == 0
    return Translator.from_pretrained(folder / "run" / "model")


def share_right(translator: Translator, pairs: Iterable[dict[str, str]]) -> float:
    """Return the share of targets that are written exactly."""
    sources, targets = zip(*(pair.values() for pair in pairs), strict=True)
    texts = [result.text for result in translator.translate(sources, DecodeOptions(beam_size=1))]
    return sum(map(str.__eq__, texts, targets)) / len(texts)


@pytest.fixture(scope="module")
def summariser(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    """The recipe `summarise` on made-up minutes of two to six sentences, with a window narrower than one."""
    return learn(
        tmp_path_factory.mktemp("minutes"),
        "summarise",
        minutes.generate(1500, sentences=4),
        data__vocabulary_size="170",
        data__batch_tokens="1024",
        data__valid_sentences="20",
        model__encoder_attention__window="9",
        model__encoder_attention__global_tokens="1",
        model__encoder_layers="1",
        model__decoder_layers="1",
        trainer__max_steps="300",
        trainer__val_check_interval="300",
    )


def test_summaries_are_learned_through_a_window(summariser: Translator) -> None:
    """The recipe finds what was decided among what was said, though each position sees a window only."""
    attention = summariser.model.config.encoder_attention
    assert (attention.window, attention.global_tokens) == (9, 1)
    assert share_right(summariser, minutes.generate(100, sentences=4, seed=2)) > 0.8


def test_minutes_over_the_limit_are_split_and_none_of_them_lost(tmp_path: Path) -> None:
    """A document over the limit is translated in parts that together are all of it."""
    summariser = learn(tmp_path, "summarise", minutes.generate(60), **BRIEFLY)
    (pair,) = minutes.generate(1, sentences=60, decisions=12, seed=3)
    assert len(summariser.tokenizer.encode(pair["document"])) > summariser.settings.longest_source
    found = summariser.translate(pair["document"], DecodeOptions(beam_size=1, max_length=3))
    assert len(found.parts) > 1
    read = " ".join(part.source for part in found.parts)
    assert read == pair["document"]
    with pytest.raises(ValueError, match=r"more than the \d+ this model reads; give it sentence by sentence"):
        summariser.score(pair["document"], pair["summary"])


def test_a_document_too_long_to_train_on_is_left_out_and_counted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A training pair over the limit is left out whole, and counted in the report."""
    long = minutes.generate(3, sentences=40, seed=2)
    pairs = [*minutes.generate(30), *long, *minutes.generate(30, seed=3)]
    learn(tmp_path, "summarise", pairs, **BRIEFLY)
    assert "3 pairs of more than 255 pieces left out" in capfd.readouterr().err


def test_corrections_are_learned(tmp_path: Path) -> None:
    """The recipe corrects most mistyped sentences of unseen pairs."""
    corrector = learn(
        tmp_path,
        "correct",
        typos.generate(1500),
        data__vocabulary_size="150",
        data__batch_tokens="512",
        data__valid_sentences="20",
        task__learning_rate="4e-3",
        trainer__max_steps="300",
        trainer__val_check_interval="300",
    )
    unseen = list(typos.generate(100, seed=2))
    right = share_right(corrector, unseen)
    untouched = sum(pair["typed"] == pair["right"] for pair in unseen) / len(unseen)
    assert right > 0.65 > 0.1 > untouched
