"""Catalogs of every format: opened by name, filled in place, refused in a sentence; names and plurals."""

import pytest
from catalog_samples import CATALOG_SAMPLES
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs import (
    CATALOG_ENDINGS,
    CatalogError,
    is_catalog,
    is_monolingual,
    localized_name,
    open_catalog,
)
from seq2seq.documents.catalogs.plurals import gettext_plurals, plural_categories


def test_every_ending_has_a_sample() -> None:
    """Each format is in the tests of this file."""
    assert set(CATALOG_SAMPLES) == set(CATALOG_ENDINGS)


@pytest.mark.parametrize("ending", CATALOG_SAMPLES)
def test_one_string_is_filled(ending: str) -> None:
    """Unfilled, a file comes back byte for byte; filled, it is longer by the translation, and read again."""
    data = CATALOG_SAMPLES[ending]
    catalog = open_catalog(f"a{ending}", data, "de")
    assert catalog.to_bytes() == data
    (entry,) = catalog.entries
    assert (entry.source, entry.targets, entry.state) == ("two dogs", [""], "missing")
    catalog.fill(entry, ["zwei Hunde"])
    assert entry.state == "review" and entry.targets == ["zwei Hunde"]
    filled = catalog.to_bytes()
    assert filled.count(b"zwei Hunde") == 1 and filled == catalog.to_bytes()
    if is_monolingual(f"a{ending}"):
        again = open_catalog(f"a{ending}", data, "de", filled)
        assert again.entries[0].state == "done"
    else:
        again = open_catalog(f"a{ending}", filled)
        assert again.entries[0].state == "review"
    assert again.entries[0].targets == ["zwei Hunde"] and again.to_bytes() == filled


@pytest.mark.parametrize("ending", CATALOG_SAMPLES)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1))
def test_any_translation_is_read_again(ending: str, text: str) -> None:
    """Quotes, backslashes, tags, ampersands and blanks survive the syntax of each format."""
    data = CATALOG_SAMPLES[ending]
    catalog = open_catalog(f"a{ending}", data, "de")
    try:
        catalog.fill(catalog.entries[0], [text], note=text)
    except CatalogError:  # no argument of a message
        assert ending in (".ftl", ".arb") and set("{}") & set(text)
        return
    filled = catalog.to_bytes()
    monolingual = is_monolingual(f"a{ending}")
    again = open_catalog(f"a{ending}", data if monolingual else filled, "de", filled if monolingual else None)
    assert again.entries[0].targets == [text]


@pytest.mark.parametrize("ending", CATALOG_SAMPLES)
@given(st.data())
def test_damaged_files_are_refused_or_kept(ending: str, data: st.DataObject) -> None:
    """A file with a part cut out is refused in a sentence, or comes back byte for byte."""
    sample = CATALOG_SAMPLES[ending]
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, len(sample)))
    damaged = sample[:start] + sample[end:]
    try:
        catalog = open_catalog(f"a{ending}", damaged, "de")
    except CatalogError as error:
        assert "\n" not in str(error) and repr(f"a{ending}") in str(error)
        return
    assert catalog.to_bytes() == damaged
    for entry in catalog.entries:
        catalog.fill(entry, ["x"] * entry.plural_forms)
    catalog.to_bytes()


@pytest.mark.parametrize(
    ("name", "existing", "sentence"),
    [
        ("a.txt", None, r"'a.txt': is no catalog; use one of .po, .pot"),
        ("a.po", b"", r"'a.po': holds both languages; give the file to be filled alone"),
    ],
)
def test_names_that_are_refused(name: str, existing: bytes | None, sentence: str) -> None:
    """Other files are no catalogs, and a file of both languages has no second one beside it."""
    assert is_catalog(name) is (name == "a.po")
    with pytest.raises(CatalogError, match=sentence):
        open_catalog(name, b"", "de", existing)


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("po/app.pot", "pt-BR", "po/pt_BR.po"),
        ("po/de.po", "de", "po/de.po"),
        ("res/values/strings.xml", "de", "res/values-de/strings.xml"),
        ("res/values-night/strings.xml", "pt_BR", "res/values-pt-rBR-night/strings.xml"),
        ("res/values/strings.xml", "zh-Hans", "res/values-b+zh+Hans/strings.xml"),
        ("strings.xml", "de", "strings.de.xml"),
        ("Strings.resx", "pt_BR", "Strings.pt-BR.resx"),
        ("Strings.en.resx", "de", "Strings.de.resx"),
        ("App.Strings.resx", "de", "App.Strings.de.resx"),
        ("app_cs.ts", "cs", "app_cs.ts"),
    ],
)
def test_names_of_translations(name: str, language: str, expected: str) -> None:
    """The file of a language stands where the format's tools look for it."""
    assert localized_name(name, language) == expected


@pytest.mark.parametrize(
    ("language", "categories", "forms"),
    [
        ("de", ("one", "other"), 2),
        ("ja", ("other",), 1),
        ("cs-CZ", ("one", "few", "many", "other"), 3),
        ("fr", ("one", "many", "other"), 2),
        ("zh_Hans", ("other",), 1),
        ("sr@latin", ("one", "few", "other"), 3),
        ("tlh", ("one", "other"), 2),
        (None, ("one", "other"), 2),
    ],
)
def test_plural_forms(language: str | None, categories: tuple[str, ...], forms: int) -> None:
    """Categories are CLDR's, gettext's forms those of its catalogs; unknown languages are like English."""
    assert plural_categories(language) == categories
    assert gettext_plurals(language)[0] == forms
