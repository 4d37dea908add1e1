"""The words of the page: every language has all of them, and the code asks for no other."""

import re
from pathlib import Path

import pytest

import serve
from seq2seq.options import option_fields
from serve import limits
from serve.demo import labels
from serve.demo.controls import OFFERED
from serve.demo.labels import LABELS, WORDS, say
from serve.demo.tabs.completion import OFFERED as WRITING
from serve.views import LANGUAGES

CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in Path(labels.__file__).parent.glob("*.py")
    if path.name not in ("answers.py", "labels.py", "prose.py")
)
SERVER = "\n".join(path.read_text(encoding="utf-8") for path in Path(serve.__file__).parent.rglob("*.py"))
LIMITS = Path(limits.__file__).read_text(encoding="utf-8")
# Kinds as they are raised; limits of bytes are refused before the page sees them.
REFUSALS = {
    *re.findall(r'(?:RefusalError|Busy)\(\s*"(\w+)"', SERVER),
    *(f"over_{what}" for what in re.findall(r'_check\("(\w+(?: characters)?)"', LIMITS)),
    "slowdown",
}
REFUSALS = {kind.replace(" ", "_") for kind in REFUSALS}


def test_every_language_has_every_word() -> None:
    """A visitor would read the name of a label, or another language."""
    assert set(WORDS) == set(LANGUAGES)
    assert all(set(WORDS[language]) == set(WORDS["en"]) for language in LANGUAGES)
    assert all(text.strip() for words in WORDS.values() for text in words.values())


def test_every_word_is_used() -> None:
    """A word would be kept in three languages that nobody reads."""
    used = set(re.findall(r"""["'](\w+)["']""", CODE))
    used |= {f"tab_{name}" for name in used} | {f"flow_{name}" for name in used}
    used |= {f"option_{name}{end}" for name in (*OFFERED, *WRITING) for end in ("", "_hint")}
    used |= REFUSALS
    assert set(WORDS["en"]) <= used


def test_every_refusal_has_words() -> None:
    """What was refused, and why, would be said in English to all, or by the name of its kind."""
    assert set(WORDS["en"]) >= REFUSALS


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
    from serve.engine.registry import LANGUAGE_NAMES

    assert set(labels.ENDONYMS) >= set(LANGUAGE_NAMES)
