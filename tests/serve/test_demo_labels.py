"""The words of the page: every language has all of them, and the code asks for no other."""

import re
from pathlib import Path

import pytest

from seq2seq.options import option_fields
from serve.demo import labels
from serve.demo.controls import OFFERED
from serve.demo.labels import LABELS, say
from serve.demo.prose import PROSE
from serve.demo.write_panel import OFFERED as WRITING
from serve.views import LANGUAGES

CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in Path(labels.__file__).parent.glob("*.py")
    if path.name not in ("labels.py", "prose.py")
)


def test_every_language_has_every_word() -> None:
    """A visitor would read the name of a label, or another language."""
    for words in (LABELS, PROSE):
        assert set(words) == set(LANGUAGES)
        assert all(set(words[language]) == set(words["en"]) for language in LANGUAGES)
        assert all(text.strip() for texts in words.values() for text in texts.values())


def test_every_word_is_used() -> None:
    """A word would be kept in three languages that nobody reads."""
    used = set(re.findall(r"""["'](\w+)["']""", CODE))
    used |= {f"tab_{name}" for name in used} | {f"flow_{name}" for name in used}
    used |= {f"option_{name}{end}" for name in (*OFFERED, *WRITING) for end in ("", "_hint")}
    assert set(LABELS["en"]) | set(PROSE["en"]) <= used


def test_hint_of_an_option_is_its_help() -> None:
    """The page would explain an option otherwise than the command line does."""
    fields = {field.name: field.help for field in option_fields()}
    for name in (*OFFERED, *WRITING):
        if name not in ("num_hypotheses", "max_length"):  # which mean something narrower on the page
            assert LABELS["en"][f"option_{name}_hint"] == fields[name]


def test_unknown_word_is_refused() -> None:
    """A misspelt name would stand on the page."""
    with pytest.raises(KeyError, match="no word of the page"):
        say("mispelt")


def test_languages_have_names_of_their_own() -> None:
    """A language that the server knows would be called by its code."""
    from serve.catalog import LANGUAGE_NAMES

    assert set(labels.ENDONYMS) >= set(LANGUAGE_NAMES)
