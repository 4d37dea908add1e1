"""The page's texts: every language has all, with the same placeholders, and the code uses no others."""

import json
import re
from pathlib import Path

import pytest

import seq2seq.documents
import serve
from seq2seq.options import option_fields
from serve import limits
from serve.demo import labels
from serve.demo.controls import OFFERED
from serve.demo.labels import LABELS, say
from serve.demo.tabs.completion import OFFERED as GENERATION
from serve.views.labels import FOLDER, LANGUAGES, TEXTS

CODE = "\n".join(path.read_text(encoding="utf-8") for path in Path(labels.__file__).parent.rglob("*.py"))
SERVER = "\n".join(
    path.read_text(encoding="utf-8")
    for package in (serve, seq2seq.documents)
    for path in Path(str(package.__file__)).parent.rglob("*.py")
)
LIMITS = Path(limits.__file__).read_text(encoding="utf-8")
# Kinds as they are raised; limits of bytes are refused before the page sees them.
REFUSALS = {
    *re.findall(r'(?:RefusalError|Busy)\(\s*"(\w+)"', SERVER),
    *(f"over_{what}" for what in re.findall(r'_check\("(\w+(?: characters)?)"', LIMITS)),
    "slowdown",
}
REFUSALS = {kind.replace(" ", "_") for kind in REFUSALS}
NARROWER = {"num_hypotheses", "max_length"}  # options with a hint of the page's own
BRACES = re.compile(r"\{\w+\}")


def test_every_language_has_one_file() -> None:
    """There is one file a language, and none of another language."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{language}.json" for language in LANGUAGES}


def test_files_have_the_same_labels() -> None:
    """The three files have the same labels, but for English help that stands at the options."""
    help_of_options = {f"option_{name}_hint" for name in (*OFFERED, *GENERATION) if name not in NARROWER}
    assert not help_of_options & TEXTS["en"]["page"].keys()
    for language in LANGUAGES:
        assert TEXTS[language].keys() == {"page", "drawings"}, language
        for group in ("page", "drawings"):
            extra = help_of_options if (language, group) == ("en", "page") else set()
            assert TEXTS[language][group].keys() | extra == TEXTS["de"][group].keys(), (language, group)
        assert LABELS[language].keys() == LABELS["en"].keys(), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_given_once(language: str) -> None:
    """No label stands twice in a file."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs), [name for name, _ in pairs]
        return dict(pairs)

    json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"), object_pairs_hook=unique)


def test_texts_have_the_same_placeholders() -> None:
    """A text has the same {placeholders} in every language, and is not blank."""
    for language in LANGUAGES:
        for group, texts in TEXTS[language].items():
            for label, text in texts.items():
                own = sorted(BRACES.findall(text))
                assert text.strip(), (language, label)
                assert own == sorted(BRACES.findall(TEXTS["de"][group][label])), (language, label)


def test_every_label_is_used() -> None:
    """Every label of the page is named in its code, or is that of an option or a refusal."""
    used = set(re.findall(r"""["'](\w+)["']""", CODE))
    used |= {f"tab_{name}" for name in used} | {f"flow_{name}" for name in used}
    used |= {f"option_{name}{end}" for name in (*OFFERED, *GENERATION) for end in ("", "_hint")}
    used |= REFUSALS
    assert set(LABELS["en"]) <= used


def test_every_refusal_has_a_text() -> None:
    """Every kind of refusal that the server raises has a text in every language."""
    assert set(LABELS["en"]) >= REFUSALS


def test_hint_of_an_option_is_its_help() -> None:
    """The page explains an option in English with the help that the command line prints."""
    fields = {field.name: field.help for field in option_fields()}
    for name in {*OFFERED, *GENERATION} - NARROWER:
        assert LABELS["en"][f"option_{name}_hint"] == fields[name]


def test_unknown_label_is_refused() -> None:
    """A misspelt label is an error where the page is laid out."""
    with pytest.raises(KeyError, match="no label mispelt"):
        say("mispelt")
