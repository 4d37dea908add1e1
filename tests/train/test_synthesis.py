"""Synthetic pairs: which texts are translated, which pairs are kept, and how they are trained on."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from seq2seq.cli import main
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer
from train.data.corpus import Corpus, load_corpus
from train.synthesis import SynthesizedPair, best, texts_of_recipe, usable, write_table

TEXTS = ["a dog plays in the snow.", "  two   dogs ", "", "a dog plays in the snow.", "an old woman"]


@pytest.fixture
def models(tmp_path: Path, tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> tuple[Path, Path]:
    """A model from English to German, and the same with its languages swapped."""
    for name, languages in (("there", ("en", "de")), ("back", ("de", "en"))):
        settings = Settings([languages[0]], [languages[1]], 16, 40)
        save_model(tmp_path / name, tiny_model, tiny_tokenizer, settings, "card")
    return tmp_path / "there", tmp_path / "back"


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Translations of untrained models with `finish` set to `end`, which they seldom reach."""
    translate = Translator.translate

    def ended(self: Translator, texts: list[str], options: DecodeOptions, *_: str) -> list[Translation]:
        found = translate(self, texts, DecodeOptions(beam_size=options.beam_size, max_length=4))
        return [Translation(f.source, f.text, f.score, f.log_probability, [], f.tokens, "end") for f in found]

    monkeypatch.setattr(Translator, "translate", ended)


def rows_of(path: Path) -> list[list[str]]:
    """Return the cells of a table."""
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("ending")
def test_texts_become_pairs_in_the_columns_of_their_languages(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each text is translated once, in columns named by the languages."""
    (tmp_path / "mono.de").write_text("\n".join(TEXTS) + "\n")
    back = Translator.from_pretrained(models[1], "cpu")
    table = tmp_path / "made" / "pairs.tsv"
    command = ["synthesize", "--model", models[1], "--text", tmp_path / "mono.de", "--to", table]
    assert main([str(each) for each in (*command, "--beam-size", 2)]) == 0
    header, *rows = rows_of(table)
    texts = [TEXTS[0], "two dogs", TEXTS[4]]
    assert header == ["de", "en", "score"] and [row[0] for row in rows] == texts
    expected = back.translate(texts, DecodeOptions(beam_size=2))
    assert [row[1] for row in rows] == [each.text for each in expected]
    assert "3 pairs of 3 texts written to" in capsys.readouterr().err


@pytest.mark.usefixtures("ending")
def test_an_ensemble_distils_the_texts_of_a_recipe(
    models: tuple[Path, Path], tmp_path: Path, sentences: list[str]
) -> None:
    """The training texts of a recipe are translated, without those of its validation set."""
    rows = [json.dumps({"en": text, "de": text.upper()}) for text in sentences[:60]]
    (tmp_path / "train.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "valid.jsonl").write_text("\n".join(rows[:3]) + "\n")
    files = {"files": str(tmp_path / "train.jsonl"), "valid_files": str(tmp_path / "valid.jsonl")}
    (tmp_path / "mine.yaml").write_text(json.dumps({"data": {**files, "vocabulary_size": 90}}))
    table = tmp_path / "distilled.tsv"
    command = ["synthesize", "--model", f"{models[0]},{models[0]}", "--config", tmp_path / "mine.yaml"]
    assert main([str(each) for each in (*command, "--to", table, "--keep", 0.5)]) == 0
    header, *made = rows_of(table)
    assert header == ["en", "de", "score"] and 0 < len(made) <= 29
    assert {row[0] for row in made} <= set(sentences[3:60])

    own = Corpus(**files)
    training, validation, report = load_corpus(own)
    more, same, longer = load_corpus(Corpus(**files, synthetic=str(table)))
    assert validation == same and more[: len(training)] == training
    added = [tuple(row[:2]) for row in made]
    assert more[len(training) :] == added[: len(more) - len(training)]
    assert longer.kept == report.kept + len(made) - longer.ratio - longer.duplicate - longer.too_long


@pytest.mark.usefixtures("ending")
@pytest.mark.parametrize(
    ("cut", "beam", "translated"),
    [(0, 2, [TEXTS[4]]), (5, 2, ["two dogs", TEXTS[4]]), (0, 3, [TEXTS[0], "two dogs", TEXTS[4]])],
    ids=["stopped", "killed while writing", "other flags"],
)
def test_a_stopped_run_goes_on(
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cut: int,
    beam: int,
    translated: list[str],
) -> None:
    """A stopped run continues where it was; other flags begin anew."""
    (tmp_path / "mono.en").write_text("\n".join(TEXTS) + "\n")
    table, part = tmp_path / "pairs.tsv", tmp_path / "pairs.tsv.part"
    command = ["synthesize", "--model", models[0], "--text", tmp_path / "mono.en"]
    whole = [*command, "--beam-size", beam, "--to", tmp_path / "whole.tsv"]
    assert main([str(each) for each in whole]) == 0

    translate, asked = Translator.translate, []

    def stopping(self: Translator, texts: list[str], options: DecodeOptions) -> Iterator[Translation]:
        yield from list(translate(self, texts, options))[:2]
        raise KeyboardInterrupt

    def watched(self: Translator, texts: list[str], options: DecodeOptions) -> Iterable[Translation]:
        asked.extend(texts)
        return translate(self, texts, options)

    monkeypatch.setattr(Translator, "translate", stopping)
    assert main([str(each) for each in (*command, "--beam-size", 2, "--to", table)]) == 130
    assert "the same command continues from here" in capsys.readouterr().err and not table.exists()
    lines = part.read_text()
    part.write_text(f"{lines[:-cut]}" if cut else f"{lines}[damaged\n")

    monkeypatch.setattr(Translator, "translate", watched)
    assert main([str(each) for each in (*command, "--beam-size", beam, "--to", table)]) == 0
    assert asked == translated and not part.exists()
    assert table.read_text() == (tmp_path / "whole.tsv").read_text()


def test_a_recipe_of_one_language_gives_its_sources(tmp_path: Path) -> None:
    """A recipe of one language gives its sources, in a table with columns source and target."""
    rows = [f"rong {n}\tright {n}" for n in range(60)]
    (tmp_path / "pairs.tsv").write_text("bad\tgood\n" + "\n".join(rows) + "\n")
    data = {"files": str(tmp_path / "pairs.tsv"), "columns": ["bad", "good"], "source": "en", "target": "en"}
    (tmp_path / "mine.yaml").write_text(json.dumps({"data": data}))
    texts = texts_of_recipe(str(tmp_path / "mine.yaml"), "en")
    assert len(texts) == 57 and all(text.startswith("rong") for text in texts)
    write_table(
        tmp_path / "made.tsv", ("en", "en"), [SynthesizedPair(text, text.upper(), -1.0) for text in texts]
    )
    more, _, _ = load_corpus(Corpus(**data, synthetic=str(tmp_path / "made.tsv")))
    assert more[57:] == [(text, text.upper()) for text in texts]


def test_recipes_that_name_nothing_more_or_no_pairs(tmp_path: Path) -> None:
    """Recipes without further corpora work; those without pairs or data are refused."""
    rows = [f"a dog {n}\tein Hund {n}" for n in range(60)]
    (tmp_path / "pairs.tsv").write_text("en\tde\n" + "\n".join(rows) + "\n")
    data = {"files": str(tmp_path / "pairs.tsv"), "also": None, "held_out": None}
    (tmp_path / "mine.yaml").write_text(json.dumps({"data": data}))
    assert len(texts_of_recipe(str(tmp_path / "mine.yaml"), "en")) == 57
    with pytest.raises(ValueError, match="is of a language model and names no pairs"):
        texts_of_recipe("shakespeare", "en")
    with pytest.raises(ValueError, match=r"finetune.yaml names no data of its own; give texts with --text"):
        texts_of_recipe("finetune", "en")
    (tmp_path / "mine.yaml").write_text("hello")
    with pytest.raises(ValueError, match="not sections of settings"):
        texts_of_recipe(str(tmp_path / "mine.yaml"), "en")


def test_what_is_kept() -> None:
    """Copies, unfinished translations and empty ones are not kept."""
    good = Translation("a", "b", -0.5, -3.0, [], ["b", "b"], "end")
    cut = Translation("a", "b", -0.5, -3.0, [], ["b"], "length")
    copied = Translation("a", "a", -0.5, -3.0, [], ["a"], "end")
    unknown = Translation("😀", "😀")
    assert [usable(each) for each in (good, cut, copied, unknown)] == [
        SynthesizedPair("a", "b", -1.0),
        None,
        None,
        None,
    ]


def test_the_best_share_in_the_order_of_the_texts() -> None:
    """The best share by score is kept, in the order of the texts."""
    made = [SynthesizedPair(str(score), "x", score) for score in (-3.0, -1.0, -4.0, -2.0)]
    assert [each.score for each in best(made, 0.5)] == [-1.0, -2.0]
    assert best(made, 1.0) == made and [each.score for each in best(made, 0.1)] == [-1.0]


def test_no_pair_at_all_is_an_error(
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without any usable pair the command fails and writes no table."""
    (tmp_path / "mono.en").write_text("a dog\n")
    monkeypatch.setattr("train.synthesis.usable", lambda result: None)
    command = ["synthesize", "--model", models[0], "--text", tmp_path / "mono.en", "--to", tmp_path / "x.tsv"]
    assert main([str(each) for each in (*command, "--beam-size", 1)]) == 2
    assert "none of 1 texts gave a pair" in capsys.readouterr().err and not (tmp_path / "x.tsv").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--keep", "0"), "--keep is 0; give a share above 0"),
        (("--to", "x.csv"), "--to is x.csv; give a name that ends in .tsv"),
        (("--config", "quickstart"), "not allowed with argument"),
        (("--text", "no-such-file"), "cannot read no-such-file"),
    ],
)
def test_wrong_command_lines(
    models: tuple[Path, Path],
    tmp_path: Path,
    flags: tuple[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Wrong flags are refused with the remedy."""
    (tmp_path / "mono.en").write_text("a dog\n")
    command = ["synthesize", "--model", models[0], "--text", tmp_path / "mono.en", "--to", tmp_path / "x.tsv"]
    assert main([*map(str, command), *flags]) == 2
    assert said in capsys.readouterr().err


def test_a_recipe_of_other_languages_is_refused(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recipe of other languages than the model's is refused."""
    (tmp_path / "fr.yaml").write_text("data: {files: [x.tsv], source: fr, target: cs}")
    command = ["synthesize", "--model", models[0], "--config", tmp_path / "fr.yaml"]
    assert main([str(each) for each in (*command, "--to", tmp_path / "x.tsv")]) == 2
    assert "the model reads en, but" in capsys.readouterr().err
