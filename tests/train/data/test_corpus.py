"""Corpora: the same pairs from every format, cleaning with counts, errors with remedies."""

import json
from pathlib import Path

import pytest
from datasets import Dataset

from train.data.cleaning import CleaningReport, clean
from train.data.corpus import Corpus, load_corpus, load_pairs

TRAIN = [(f"sentence {n} is here.", f"Satz {n} ist hier.") for n in range(5)]
VALID = [(f"valid {n}.", f"gültig {n}.") for n in range(2)]
TEST = [("test.", "Test.")]


def write_jsonl(path: Path, pairs: list[tuple[str, str]]) -> str:
    path.write_text("".join(json.dumps({"en": en, "de": de}) + "\n" for en, de in pairs), encoding="utf-8")
    return str(path)


@pytest.fixture
def hub_folder(tmp_path: Path) -> str:
    """A folder laid out like bentrevett/multi30k."""
    folder = tmp_path / "multi30k"
    folder.mkdir()
    for name, pairs in (("train", TRAIN), ("val", VALID), ("test", TEST)):
        write_jsonl(folder / f"{name}.jsonl", pairs)
    return str(folder)


def test_folder_like_a_hub_data_set_has_its_splits(hub_folder: str) -> None:
    """A folder laid out like a hub data set has its three splits, in both directions."""
    corpus = Corpus(name=hub_folder)
    assert load_pairs(corpus, "train") == TRAIN
    assert load_pairs(corpus, "validation") == VALID
    assert load_pairs(corpus, "test") == TEST
    assert load_pairs(Corpus(name=hub_folder, source="de", target="en"), "test") == [("Test.", "test.")]


def test_changed_folder_is_read_again(hub_folder: str) -> None:
    """A changed file of a folder is read again, not taken from the cache."""
    corpus = Corpus(name=hub_folder)
    load_pairs(corpus, "test")
    write_jsonl(Path(hub_folder, "test.jsonl"), [("another.", "Noch einer.")])
    assert load_pairs(corpus, "test") == [("another.", "Noch einer.")]


def files_of(kind: str, folder: Path, pairs: list[tuple[str, str]]) -> list[str]:
    if kind == "text":
        for side, name in enumerate(("s.en", "s.de")):
            (folder / name).write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8")
        return [str(folder / "s.en"), str(folder / "s.de")]
    path = folder / f"pairs.{kind}"
    if kind == "parquet":
        Dataset.from_dict({"en": [pair[0] for pair in pairs], "de": [pair[1] for pair in pairs]}).to_parquet(
            path
        )
    elif kind == "jsonl":
        write_jsonl(path, pairs)
    else:
        comma = {"tsv": "\t", "csv": ","}[kind]
        path.write_text("".join(f"{en}{comma}{de}\n" for en, de in [("en", "de"), *pairs]), encoding="utf-8")
    return [str(path)]


@pytest.mark.parametrize("kind", ["text", "tsv", "csv", "jsonl", "parquet"])
def test_every_kind_of_file_gives_the_same_pairs(tmp_path: Path, kind: str) -> None:
    """The same pairs are read from every format."""
    for name in ("more", "valid"):
        (tmp_path / name).mkdir()
    files = files_of(kind, tmp_path, TRAIN[:3]) + files_of(kind, tmp_path / "more", TRAIN[3:])
    corpus = Corpus(files=files, valid_files=files_of("tsv", tmp_path / "valid", VALID))
    training, validation, report = load_corpus(corpus)
    assert training == TRAIN and validation == VALID
    assert str(report) == "corpus: 5 of 5 pairs kept; dropped: none"


def test_translation_dictionaries_are_read_too(tmp_path: Path) -> None:
    """A column `translation` of dictionaries is read, as in WMT and OPUS sets of the hub."""
    Dataset.from_list([{"translation": {"en": "a", "de": "b"}}]).to_parquet(tmp_path / "t.parquet")
    assert load_pairs(Corpus(files=[str(tmp_path / "t.parquet")]), "train") == [("a", "b")]


def test_validation_files_go_before_the_split_of_the_data_set(hub_folder: str, tmp_path: Path) -> None:
    """Validation files replace the validation split of the data set."""
    corpus = Corpus(name=hub_folder, valid_files=files_of("tsv", tmp_path, TEST))
    assert load_pairs(corpus, "validation") == TEST


def test_odd_content_comes_through_unchanged(tmp_path: Path) -> None:
    """NUL, U+2028, blanks and a line of a megabyte pass unchanged."""
    pairs = [("a\0b\u2028c", "\u00a0d "), ("x" * 1_000_000, "y")]
    assert load_pairs(Corpus(files=files_of("tsv", tmp_path, pairs)), "train") == pairs


def test_cleaning_drops_and_counts_by_reason() -> None:
    """Cleaning keeps good pairs in order and counts the others by reason."""
    good = ("Two dogs  play.", "Zwei Hunde spielen.")
    pairs = [
        good,
        ("Two\u00a0dogs play. ", "Zwei Hunde spielen."),  # the same when normalised
        ("Two dogs play.", "Hunde spielen zu zweit."),  # another translation of the same
        ("\u200b \0", "Leer."),
        ("a " * 60, "b " * 60),
        ("a" * 100, "b"),
        ("OK.", "Ja, das ist in Ordnung."),
        ("In valid.", "Etwas anderes."),
        ("Something else.", "In valid, de."),
    ]
    kept, report = clean(pairs, max_characters=100, max_ratio=4, held_out=[["in  VALID"], ["In valid, de."]])
    assert kept == [good, pairs[2], pairs[6]]
    assert report == CleaningReport(kept=3, empty=1, too_long=1, ratio=1, duplicate=1, held_out=2)
    assert str(report) == (
        "corpus: 3 of 9 pairs kept; dropped: 1 empty, 1 too long, 1 ratio, 1 duplicate, 2 held out"
    )


def test_a_line_of_a_megabyte_is_dropped_as_too_long() -> None:
    """A line of a megabyte is dropped as too long."""
    kept, report = clean([("x" * 1_000_000, "y"), ("a", "b")])
    assert kept == [("a", "b")] and report.too_long == 1


REFUSED = [
    (
        {},
        r"data.name is None and data.files is \[\]; give one of the two, such as --data.files .*; an overlay",
    ),
    ({"name": "a/b", "files": ["x.tsv"]}, "give one of the two"),
    ({"name": "https://example.org/data"}, "a URL; download it first"),
    ({"files": ["hf://datasets/a/b.jsonl"]}, "a URL; download it first"),
    ({"name": "a", "valid_files": ["s3://b/c.tsv"]}, "a URL; download it first"),
    ({"name": "a", "columns": ["en"]}, "name two different columns"),
    ({"name": "a", "languages": ["en"]}, "name two or more different languages"),
    ({"name": "a", "languages": ["en", "de", "fr"], "columns": [0, 1]}, "name 3 different columns"),
    ({"name": "a", "columns": [1, 1]}, "name two different columns"),
    ({"name": "a", "source": "en", "target": "en"}, "name two different columns"),
    ({"name": "a", "max_characters": 0}, "data.max_characters is 0"),
    ({"name": "a", "max_ratio": 0.5}, "data.max_ratio is 0.5"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_contradictions_are_refused_at_once(arguments: dict, message: str) -> None:
    """Contradicting settings are refused before anything is read."""
    with pytest.raises(ValueError, match=message):
        Corpus(**arguments)


def test_script_is_never_run_and_a_way_out_is_named(tmp_path: Path) -> None:
    """A data set that is a script is not run; the error names a remedy."""
    folder = tmp_path / "scripted"
    folder.mkdir()
    (folder / "scripted.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    with pytest.raises(ValueError, match=r"is a script, which is never run; .* name it in data\.files"):
        load_pairs(Corpus(name=str(folder)), "train")
    assert not (tmp_path / "canary").exists()


def test_of_a_script_the_hubs_parquet_copy_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a data set that is a script the hub's Parquet copy is read."""
    asked = []

    def load(path: str, subset: str | None, **more: object) -> Dataset:
        asked.append((path, more.get("revision")))
        if not more.get("revision"):
            raise RuntimeError("Dataset scripts are no longer supported, but found old.py")
        return Dataset.from_dict({"en": ["a dog"], "de": ["ein Hund"]})

    monkeypatch.setattr("train.data.hub.load_dataset", load)
    assert load_pairs(Corpus(name="owner/old"), "train") == [("a dog", "ein Hund")]
    assert asked == [("owner/old", None), ("owner/old", "refs/convert/parquet")]


def test_hub_out_of_reach_is_one_sentence() -> None:
    """Without network the error is one sentence."""
    with pytest.raises(ValueError, match=r"'nobody/no-such-set' is not here and the hub cannot be reached; "):
        load_pairs(Corpus(name="nobody/no-such-set"), "train")


@pytest.mark.parametrize("name", ["./gone", "/gone/data", "a/b/c", "../x"])
def test_name_that_is_neither_folder_nor_hub_id_is_refused(name: str) -> None:
    """A name that is neither a folder nor a hub id is refused without asking the hub."""
    with pytest.raises(ValueError, match="neither a folder nor a hub data set"):
        load_pairs(Corpus(name=name), "train")


def test_bad_data_sets_are_named(hub_folder: str, tmp_path: Path) -> None:
    """Errors of a data set name the setting to change."""
    with pytest.raises(ValueError, match=r"has no column 'fr' but \['de', 'en'\]; name them in"):
        load_pairs(Corpus(name=hub_folder, target="fr"), "train")
    with pytest.raises(ValueError, match=r"is the file .*train\.jsonl; name files in data\.files"):
        load_pairs(Corpus(name=f"{hub_folder}/train.jsonl"), "train")
    Path(hub_folder, "test.jsonl").unlink()
    with pytest.raises(ValueError, match='Unknown split "test"'):
        load_pairs(Corpus(name=hub_folder), "test")
    Path(hub_folder, "val.jsonl").unlink()
    with pytest.raises(
        ValueError, match=r"has no validation split .*; name local files in data\.valid_files"
    ):
        load_pairs(Corpus(name=hub_folder), "validation")
    Path(hub_folder, "train.jsonl").write_text('{"en": "a", "de": \n')
    with pytest.raises(ValueError, match="cannot be read"):
        load_pairs(Corpus(name=hub_folder), "train")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"data\.name"):
        load_pairs(Corpus(name=str(empty)), "train")


def test_bad_files_are_named(tmp_path: Path) -> None:
    """Errors of files name the file, and mixed or missing files are refused."""
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "empty.tsv").write_text("en\tde\n")
    cases = [
        ([tmp_path / "bad.parquet"], r"bad\.parquet cannot be read"),
        ([tmp_path / "gone.parquet"], r"gone\.parquet"),
        ([tmp_path / "empty.tsv"], r"empty\.tsv holds no pairs"),
        ([tmp_path / "one.txt"], "text files come by twos"),
        ([tmp_path / "a.tsv", tmp_path / "b.de"], "mix tables, Parquet and text"),
    ]
    for files, message in cases:
        with pytest.raises(ValueError, match=message):
            load_pairs(Corpus(files=[str(file) for file in files]), "train")
    with pytest.raises(ValueError, match="the corpus has no validation files"):
        load_pairs(Corpus(files=["a.tsv"]), "validation")


def test_nothing_left_after_cleaning_is_refused(tmp_path: Path) -> None:
    """A corpus of which cleaning leaves nothing is refused, with the reasons."""
    files = files_of("tsv", tmp_path, VALID)
    with pytest.raises(ValueError, match="0 of 2 pairs kept; dropped: 2 held out, so nothing is left"):
        load_corpus(Corpus(files=files, valid_files=files))


def test_files_alone_give_their_own_validation_pairs(tmp_path: Path) -> None:
    """Without validation files some sources are split off, with all their references."""
    pairs = [(f"sentence {n}.", f"Satz {n}.") for n in range(50)]
    training, validation, report = load_corpus(Corpus(files=files_of("tsv", tmp_path, pairs)[0]))
    assert validation == pairs[::20] and training == [pair for pair in pairs if pair not in validation]
    assert str(report).endswith("47 of 47 pairs kept; dropped: none; 3 more split off for validation")


def test_what_is_not_worth_learning_judges_nobody(tmp_path: Path) -> None:
    """Pairs that cleaning drops are not split off for validation."""
    pairs = [(f"sentence {n}.", f"Satz {n}.") for n in range(45)]
    bad = [("", "nichts"), ("sentence 0.", ""), ("sentence 0. ", "Satz 0."), ("kurz", "lang " * 40), pairs[0]]
    files = files_of("tsv", tmp_path, [*bad, *pairs])
    training, validation, report = load_corpus(Corpus(files=files))
    assert validation == [("sentence 0. ", "Satz 0."), pairs[20], pairs[40]]
    assert training == [pair for number, pair in enumerate(pairs) if number % 20]
    assert report.empty == 2 and report.ratio == 1
    (tmp_path / "none.tsv").write_text("en\tde\n" + "a dog\t\n" * 50)
    with pytest.raises(ValueError, match=r"has 0 different sources, .* \(corpus: 0 of 50 .* 50 empty\)"):
        load_corpus(Corpus(files=str(tmp_path / "none.tsv")))


@pytest.mark.data
def test_multi30k_is_read_whole(data_directory: Path) -> None:
    """Multi30k has the counts that its source states."""
    raw = data_directory / "multi30k" / "raw"
    corpus = Corpus(
        files=[str(raw / "train.en.gz"), str(raw / "train.de.gz")],
        valid_files=[str(raw / "val.en.gz"), str(raw / "val.de.gz")],
    )
    training, validation, report = load_corpus(corpus)
    assert len(validation) == 1014 and report.empty == report.too_long == report.ratio == 0
    assert len(training) == 29000 - report.duplicate - report.held_out


def test_a_handful_of_pairs_is_refused(tmp_path: Path) -> None:
    """A corpus too small to split off validation pairs is refused."""
    (tmp_path / "few.tsv").write_text("en\tde\n" + "a dog\tein Hund\n" * 10)
    with pytest.raises(
        ValueError, match=r"few\.tsv has 1 different sources, too few to split .* data\.valid_files"
    ):
        load_corpus(Corpus(files=str(tmp_path / "few.tsv")))


def test_catalogues_and_folders_are_read_beside_tables(tmp_path: Path) -> None:
    """Bilingual files and folders of them give rows of the corpus's languages, as tables do."""
    entry = 'msgid "a {0}"\nmsgstr "ein {0}"\n\n'
    (tmp_path / "po").mkdir()
    (tmp_path / "po" / "de.po").write_text("".join(entry.format(word) for word in ("dog", "cat")))
    (tmp_path / "po" / "cs.po").write_text(entry.format("horse"))
    units = "".join(f'<tuv xml:lang="{code}"><seg>{code}</seg></tuv>' for code in ("cs", "de", "en"))
    (tmp_path / "m.tmx").write_text(f"<tmx><body><tu>{units}</tu></body></tmx>")
    tables = files_of("tsv", tmp_path, VALID)
    files = [str(tmp_path / "po"), str(tmp_path / "m.tmx"), *tables]
    rows = load_pairs(Corpus(files=files), "train")
    assert rows == [("a dog", "ein dog"), ("a cat", "ein cat"), ("en", "de"), *VALID]
    assert load_pairs(Corpus(files=files[:2], target="cs"), "train")[0] == ("a horse", "ein horse")
    with pytest.raises(
        ValueError, match=r"m\.tmx has no text in both en and fr: its languages are cs, de, en"
    ):
        load_pairs(Corpus(files=files[1], target="fr"), "train")
