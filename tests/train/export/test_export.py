"""The settings that a training writes into config.json."""

from pathlib import Path

import pytest

pytest.importorskip("lightning")

from seq2seq.alignment.head import AlignmentHead
from seq2seq.storage.settings import Settings
from train.data.module import DataSettings, TranslationData
from train.export.translation import make_settings


def settings_of(folder: Path, sources: list[str]) -> Settings:
    """Return the settings of a model trained on these sources."""
    rows = "".join(f"{source}\tein Satz {number}\n" for number, source in enumerate(sources))
    (folder / "t.tsv").write_text("en\tde\n" + rows)
    data = TranslationData(DataSettings(files=str(folder / "t.tsv"), vocabulary_size=60), 64, 1)
    data.load()
    return make_settings(data, AlignmentHead())


def test_how_many_sentences_were_read_at_once_is_counted(tmp_path: Path) -> None:
    """The model reads as many sentences at once as one source in a hundred has."""
    single, several = ([f"{begins} {n}" for n in range(200)] for begins in ("A dog", "A dog. A cat"))
    assert settings_of(tmp_path, single).most_sentences == 1
    assert settings_of(tmp_path, single[1:] + several[:1]).most_sentences == 1
    assert settings_of(tmp_path, single[10:] + several[:10]).most_sentences == 2
