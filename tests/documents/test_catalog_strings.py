"""Catalogs as documents: what lacks a translation is translated and marked, all else is kept."""

import pytest
from catalog_samples import CATALOG_SAMPLES
from word_models import identity, phrases, upper

from seq2seq.documents import CATALOGS, SUPPORTED, translate_document

PO = """msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "_Save <b>it</b>…"
msgstr ""

msgid "Tom & <i>Jerry</i>\\n  next line:\\n"
msgstr ""

#, c-format
msgid "%d file"
msgid_plural "%d files"
msgstr[0] ""
msgstr[1] ""

msgid "—"
msgstr ""

msgid "done"
msgstr "fertig"
"""


@pytest.mark.parametrize("ending", sorted(CATALOGS))
def test_every_format(ending: str) -> None:
    """A catalog of each format comes back with its string translated, under its media type."""
    content = CATALOG_SAMPLES[ending]
    translated = translate_document(f"a{ending}", content, upper, target="de")
    assert b"TWO DOGS" in translated.content and translated.media_type == SUPPORTED[ending]
    assert translated.name == f"a.de{'.po' if ending == '.pot' else ending}"


def test_strings_keep_their_rules() -> None:
    """Accelerators, ellipses, line ends, tags and signs stay; forms are all filled, translations are kept."""
    book = {
        "Save it": ("speichere es", "0-0 1-1"),
        "Tom & Jerry": ("Tom & Jerry", "0-0 1-1 2-2"),
        "next line": ("nächste Zeile", "0-0 1-1"),
        "%d file": ("%d Datei", "0-0 1-1"),
        "%d files": ("%d Dateien", "0-0 1-1"),
    }
    written = translate_document("de.po", PO.encode(), phrases(book), target="de").content.decode()
    assert written == (
        PO.replace(
            'msgid "_Save <b>it</b>…"\nmsgstr ""',
            '#, fuzzy\nmsgid "_Save <b>it</b>…"\nmsgstr "_speichere <b>es</b>…"',
        )
        .replace(
            'msgid "Tom & <i>Jerry</i>\\n  next line:\\n"\nmsgstr ""',
            '#, fuzzy\nmsgid "Tom & <i>Jerry</i>\\n  next line:\\n"\nmsgstr ""\n'
            '"Tom & <i>Jerry</i>\\n"\n"  nächste Zeile:\\n"',
        )
        .replace("#, c-format", "#, fuzzy, c-format")
        .replace('[0] ""', '[0] "%d Datei"')
        .replace('[1] ""', '[1] "%d Dateien"')
        .replace('msgid "—"\nmsgstr ""', '#, fuzzy\nmsgid "—"\nmsgstr "—"')
    )


def test_a_lost_placeholder_leaves_the_string_untranslated() -> None:
    """A translation that would break the program is not written, and the others are."""
    po = (
        PO[: PO.index("\n\nmsgid")]
        + '\n\n#, c-format\nmsgid "%s dogs"\nmsgstr ""\n\nmsgid "dogs"\nmsgstr ""\n'
    )
    book = {"%s dogs": ("Hunde", "0-0 1-0"), "dogs": ("Hunde", "0-0")}
    written = translate_document("de.po", po.encode(), phrases(book)).content.decode()
    assert 'msgid "%s dogs"\nmsgstr ""' in written and 'msgid "dogs"\nmsgstr "Hunde"' in written


def test_inline_elements_follow_their_words() -> None:
    """Elements of XLIFF and Android move with their words, codes come back as they were."""
    text = (
        '<resources xmlns:x="x"><string name="a">two <b>dogs</b> of <x:g id="n">%d</x:g></string></resources>'
    )
    written = translate_document("strings.xml", text.encode(), upper, target="de").content.decode()
    assert "TWO <b>DOGS</b> OF" in written and '<x:g id="n">%d</x:g>' in written


def test_a_catalog_of_another_language_is_refused() -> None:
    """Translations into one language are not filled with those into another."""
    with pytest.raises(ValueError, match=r"'de.po': holds translations into de, not into fr; choose"):
        translate_document("de.po", PO.encode(), identity, target="fr")
    assert translate_document("de.po", PO.encode(), identity, target="de-AT").content


def test_damaged_catalogs_are_one_sentence() -> None:
    """What cannot be read is refused with its name, the line and a remedy."""
    with pytest.raises(ValueError, match=r"'a.po', line 1: a string is not closed"):
        translate_document("a.po", b'msgid "a\n', identity)
