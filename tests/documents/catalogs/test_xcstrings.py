"""Xcode's string catalogs: localizations are added and filled as Xcode would write them."""

import json

import pytest
from catalog_filling import fill_missing, filled

from seq2seq.documents.catalogs import CatalogError, open_catalog


def unit(value: str, state: str = "translated") -> dict:
    """Return a text as Xcode has it."""
    return {"stringUnit": {"state": state, "value": value}}


def xcode(strings: dict) -> str:
    """Return a catalog in Xcode's layout."""
    value = {"sourceLanguage": "en", "strings": strings, "version": "1.0"}
    return json.dumps(value, indent=2, separators=(",", " : "), ensure_ascii=False).replace(
        "{}", "{\n\n    }"
    )


PLURAL = {"variations": {"plural": {"one": unit("%lld file"), "other": unit("%lld files")}}}
STRINGS = {
    "%lld": {},
    "Brand": {"shouldTranslate": False},
    "Hello %@": {},
    "count": {"localizations": {"en": PLURAL}},
    "old": {"extractionState": "stale"},
    "title": {
        "comment": "A window",
        "localizations": {"en": unit("A title"), "fr": unit("Un titre")},
    },
}


def test_new_localizations_stand_in_xcode_s_order_and_layout() -> None:
    """Languages are sorted; plural forms are those of the language; the rest is as it was."""
    expected = {
        **STRINGS,
        "Hello %@": {"localizations": {"cs": unit("Hello %@!", "needs_review")}},
        "count": {
            "localizations": {
                "cs": {
                    "variations": {
                        "plural": {
                            "one": unit("%lld file!", "needs_review"),
                            "few": unit("%lld files!", "needs_review"),
                            "many": unit("%lld files!", "needs_review"),
                            "other": unit("%lld files!", "needs_review"),
                        }
                    }
                },
                "en": PLURAL,
            }
        },
        "title": {
            "comment": "A window",
            "localizations": {
                "cs": unit("A title!", "needs_review"),
                "en": unit("A title"),
                "fr": unit("Un titre"),
            },
        },
    }
    text = filled("L.xcstrings", xcode(STRINGS), "cs", translate=lambda text: text + "!")
    assert text == xcode(expected)


def test_entries_have_key_source_and_comment() -> None:
    """A string without a localization of its own is its key."""
    entries = open_catalog("L.xcstrings", xcode(STRINGS).encode(), "de").entries
    assert [(entry.key, entry.source, entry.source_plural, entry.comment) for entry in entries] == [
        ("Hello %@", "Hello %@", None, ""),
        ("count", "%lld file", "%lld files", ""),
        ("title", "A title", None, "A window"),
    ]
    assert [entry.flags for entry in entries] == [{"objc-format"}, {"objc-format"}, set()]


def test_states_are_read_and_written() -> None:
    """A new text is missing, one in need of review is that; a text that is sure is translated."""
    strings = {
        "a": {"localizations": {"de": unit("", "new")}},
        "b": {"localizations": {"de": unit("B!", "needs_review")}},
        "c": {"localizations": {"de": unit("C!")}},
    }
    catalog = open_catalog("L.xcstrings", xcode(strings).encode())  # the only other language
    assert catalog.target_language == "de"
    assert [entry.state for entry in catalog.entries] == ["missing", "review", "done"]
    catalog.fill(catalog.entries[0], ["A!"], review=False)
    catalog.fill(catalog.entries[2], ["C?"])
    strings["a"]["localizations"]["de"] = unit("A!")
    strings["c"]["localizations"]["de"] = unit("C?", "needs_review")
    assert catalog.to_bytes().decode() == xcode(strings)


def test_devices_and_substitutions_are_texts_of_their_own() -> None:
    """The shape of the source's localization is kept, numbers included."""
    strings = {
        "a": {
            "localizations": {"en": {"variations": {"device": {"mac": unit("Click"), "other": unit("Tap")}}}}
        },
        "b": {
            "localizations": {
                "en": {
                    **unit("Found %#@files@"),
                    "substitutions": {"files": {"argNum": 1, "formatSpecifier": "lld", **PLURAL}},
                }
            }
        },
    }
    values = json.loads(filled("L.xcstrings", xcode(strings), "de", translate=lambda text: text + "!"))
    device = values["strings"]["a"]["localizations"]["de"]["variations"]["device"]
    assert device == {"mac": unit("Click!", "needs_review"), "other": unit("Tap!", "needs_review")}
    german = values["strings"]["b"]["localizations"]["de"]
    files = german["substitutions"]["files"]
    assert files["argNum"] == 1 and files["formatSpecifier"] == "lld"
    assert files["variations"]["plural"]["other"] == unit("%lld files!", "needs_review")


def test_missing_plural_forms_are_added() -> None:
    """A localization that is there gets the forms that it lacks; another shape is left as it is."""
    german = {"variations": {"plural": {"other": unit("%lld Dateien")}}}
    strings = {
        "a": {"localizations": {"de": german, "en": PLURAL}},
        "b": {"localizations": {"de": unit("Dateien"), "en": PLURAL}},
    }
    catalog = open_catalog("L.xcstrings", xcode(strings).encode(), "de")
    assert [(entry.key, entry.targets) for entry in catalog.entries] == [("a", ["", "%lld Dateien"])]
    values = json.loads(fill_missing(catalog, lambda text: text + "!"))
    plural = values["strings"]["a"]["localizations"]["de"]["variations"]["plural"]
    assert set(plural) == {"one", "other"}
    assert values["strings"]["b"] == strings["b"]


def test_the_target_language_can_be_changed() -> None:
    """Each language has its own entries."""
    catalog = open_catalog("L.xcstrings", xcode(STRINGS).encode(), "de")
    catalog.set_target_language("fr")
    assert [entry.state for entry in catalog.entries] == ["missing", "missing", "done"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"strings": {}}', "is no string catalog: it has no sourceLanguage"),
        ('{"sourceLanguage": "en", "strings": []}', "is no string catalog"),
        (xcode({"a": {"localizations": {"de": {}, "fr": {}}}}), "holds de, fr besides en; name the target"),
        (xcode({"a": {}}), "holds no other besides en; name the target language"),
    ],
)
def test_other_files_are_refused(text: str, sentence: str) -> None:
    """One sentence with a remedy."""
    with pytest.raises(CatalogError, match=sentence):
        open_catalog("L.xcstrings", text.encode())
