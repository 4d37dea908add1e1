"""Qt's .ts files: translations are filled and stay unfinished; all else is kept."""

import pytest

from seq2seq.documents.catalogs import Catalog, CatalogError, open_catalog

FILE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="cs_CZ" sourcelanguage="en">
<context>
    <name>Main</name>
    <message>
        <location filename="a.cpp" line="1"/>
        <source>&amp;Open &quot;%1&quot;<byte value="x7"/></source>
        <comment>menu</comment>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n file(s)</source>
        <translatorcomment>short</translatorcomment>
        <translation type="unfinished">
            <numerusform>%n soubor</numerusform>
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message id="again">
        <source>Again</source>
        <translation>Znovu</translation>
    </message>
    <message>
        <source>Gone</source>
        <translation type="vanished">Pryč</translation>
    </message>
    <message>
        <source>Long</source>
        <translation variants="yes"><lengthvariant>L</lengthvariant></translation>
    </message>
</context>
</TS>
"""


def opened(text: str, language: str | None = None) -> Catalog:
    """Open the text of a .ts file, which comes back byte for byte."""
    catalog = open_catalog("app.ts", text.encode(), language)
    assert catalog.to_bytes() == text.encode()
    return catalog


def test_entries() -> None:
    """Messages have context, comments and plural forms; vanished ones and variants are no entries."""
    catalog = opened(FILE)
    assert (catalog.source_language, catalog.target_language) == ("en", "cs_CZ")
    first, files, again = catalog.entries
    assert (first.source, first.context, first.comment) == ('&Open "%1"\a', "Main", "menu")
    assert first.flags == {"qt-format"} and first.state == "missing"
    assert files.sources == ["%n file(s)"] * 3 and files.targets == ["%n soubor", "", ""]
    assert (again.key, again.state, again.targets) == ("again", "done", ["Znovu"])


def test_filling() -> None:
    """Filled messages stay unfinished or are done; quotes are written as the file writes them."""
    catalog = opened(FILE)
    first, files, again = catalog.entries
    catalog.fill(first, ['&Otevřít "%1"\a'], note="model")
    catalog.fill(files, ["%n soubor", "%n soubory", "%n souborů"], note="model", review=False)
    catalog.fill(again, ["Znova"])
    assert catalog.to_bytes().decode() == (
        FILE.replace(
            'menu</comment>\n        <translation type="unfinished">',
            "menu</comment>\n        <translatorcomment>model</translatorcomment>\n        "
            '<translation type="unfinished">&amp;Otevřít &quot;%1&quot;<byte value="x7"/>',
        )
        .replace(
            'short</translatorcomment>\n        <translation type="unfinished">',
            "short\nmodel</translatorcomment>\n        <translation>",
        )
        .replace("<numerusform></numerusform>", "<numerusform>%n soubory</numerusform>", 1)
        .replace("<numerusform></numerusform>", "<numerusform>%n souborů</numerusform>", 1)
        .replace("<translation>Znovu", '<translation type="unfinished">Znova')
    )


@pytest.mark.parametrize(
    "translation", ["", '<translation type="unfinished"/>', "<translation></translation>"]
)
def test_messages_without_forms_get_those_of_the_language(translation: str) -> None:
    """The language says how many forms are needed if none stands there, or no translation at all."""
    start = '<context><name>M</name><message numerus="yes"><source>%n</source>'
    end = "</message></context></TS>"
    catalog = opened(f'<TS version="2.1">{start}{translation}{end}', "pt-BR")
    (entry,) = catalog.entries
    catalog.fill(entry, ["a", "b"])
    forms = "<numerusform>a</numerusform><numerusform>b</numerusform>"
    filled = f'<translation type="unfinished">{forms}</translation>'
    assert catalog.to_bytes().decode() == f'<TS version="2.1" language="pt_BR">{start}{filled}{end}'


def test_another_root_is_refused() -> None:
    """TypeScript and other XML, which have the same suffix, are no catalogs."""
    with pytest.raises(CatalogError, match=r"'a.ts': is no catalog of Qt: it begins with <html>, not <TS>"):
        open_catalog("a.ts", b"<html/>")
    with pytest.raises(CatalogError, match=r"'a.ts', line 1: is not well-formed XML"):
        open_catalog("a.ts", b"export const a = 1;\n")
