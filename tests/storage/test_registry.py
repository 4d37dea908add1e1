"""Models are found in the package, in a directory and on the hub, and nowhere else."""

from pathlib import Path

import huggingface_hub
import pytest

from seq2seq.inference.translator import Translator
from seq2seq.model.transformer import Transformer
from seq2seq.storage import registry as released
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer

SETTINGS = Settings(["en"], ["de"], 16, 40)


@pytest.fixture
def translator(tiny_model: Transformer, tiny_tokenizer: Tokenizer) -> Translator:
    """An untrained model."""
    return Translator(tiny_model, tiny_tokenizer, SETTINGS)


def save(directory: Path, translator: Translator) -> None:
    """Save the translator's model."""
    save_model(directory, translator.model, translator.tokenizer, translator.settings, "# card\n")


def test_from_directory_and_released_name(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory and a released name load the same model; an unknown name lists the released ones."""
    save(tmp_path / "en-de", translator)
    monkeypatch.setattr(released, "MODELS", tmp_path)
    for name in ("en-de", tmp_path / "en-de", str(tmp_path / "en-de")):
        assert Translator.from_pretrained(name, device="cpu").settings == SETTINGS
    with pytest.raises(ValueError, match=r"no model 'en-fr'.*\(en-de\)"):
        Translator.from_pretrained("en-fr")
    assert released.default_model(None, None) == released.default_model("en", "de") == "en-de"
    with pytest.raises(ValueError, match="from fr to any"):
        released.default_model("fr", None)


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1/model", "file:///tmp/x", "s3://bucket/model", "https://a/b"]
)
def test_urls_are_refused(name: str) -> None:
    """A name with a scheme is refused without a connection."""
    with pytest.raises(ValueError, match="not a URL"):
        Translator.from_pretrained(name)


def test_hub_id_is_fetched_and_nothing_else(
    translator: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only owner/name is fetched from the hub, and only the four files."""
    save(tmp_path / "model", translator)
    asked = []

    def fetch(hub_id: str, allow_patterns: list[str]) -> str:
        asked.append((hub_id, sorted(allow_patterns)))
        if hub_id == "owner/missing":
            raise OSError("404 Client Error\nlong story")
        return str(tmp_path / "model")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert Translator.from_pretrained("owner/name").settings == SETTINGS
    assert asked == [("owner/name", ["README.md", "config.json", "model.safetensors", "tokenizer.model"])]
    with pytest.raises(ValueError, match=r"owner/missing .*404 Client Error"):
        Translator.from_pretrained("owner/missing")
    for name in ("name", "a/b/c", "../owner", "./owner/name", "/owner/name"):
        with pytest.raises(ValueError, match="no model"):
            Translator.from_pretrained(name)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "the name of the model is empty; give"),
        ([], "no model is named; give"),
        ("n" * 300, "there is no model 'n{80}'; give"),
    ],
)
def test_what_names_no_model_is_refused(name: str | list[str], sentence: str) -> None:
    """Empty and impossible names are refused in our own words."""
    with pytest.raises(ValueError, match=sentence):
        Translator.from_pretrained(name, "cpu")


def test_codes_with_regions_choose_the_model_of_the_language() -> None:
    """A region, or the script of the language, chooses the released model that the bare code chooses."""
    for source, target in (("en-GB", "de-DE"), ("EN", "de_AT"), ("eng", "deu")):
        assert released.default_model(source, target) == released.default_model("en", "de")
    assert released.default_model("en", "zh-Hans") == released.default_model("en", "zh")
    with pytest.raises(ValueError, match="no released model translates from en to zh-TW"):
        released.default_model("en", "zh-TW")
