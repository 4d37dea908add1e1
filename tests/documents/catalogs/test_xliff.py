"""XLIFF 1.2 and 2.0: targets, states and notes are written, all else stays; inline elements survive."""

import shutil
import subprocess

import pytest

from seq2seq.documents.catalogs import Catalog, CatalogError, open_catalog

V12 = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file original='a.c' source-language="en" datatype="plaintext">
    <header><skl><external-file href="a.skl"/></skl></header>
    <body>
      <!-- a comment -->
      <trans-unit id="plain" maxwidth="20" size-unit="char"><source>Fish &amp; chips</source></trans-unit>
      <trans-unit id="inline" resname="hint">
        <source>Press <ph id="1" ctype="x">&lt;b></ph> to <g id="2">go</g> \
<bpt id="3">{</bpt>on<ept id="3">}</ept></source>
        <target state="new"/>
        <note>said by a button</note>
      </trans-unit>
      <trans-unit id="copied"><source>Open</source><target state='new'>Open</target></trans-unit>
      <trans-unit id="unsure">
        <source>Open</source><target state="needs-review-translation">Auf</target>
      </trans-unit>
      <trans-unit id="done" approved="yes"><source>Open</source><target state="final">Auf</target>
        <alt-trans><source>Opens</source><target>Geht auf</target></alt-trans></trans-unit>
      <trans-unit id="no" translate="no"><source>No</source></trans-unit>
      <group translate="no"><trans-unit id="never"><source>No</source></trans-unit></group>
    </body>
  </file>
</xliff>
"""
V20 = """<?xml version="1.0" encoding="UTF-8"?>
<x:xliff xmlns:x="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en-GB">
  <x:file id="f">
    <x:unit id="u" name="hint">
      <x:originalData><x:data id="d1">{0}</x:data></x:originalData>
      <x:segment id="s1">
        <x:source>Hi <x:ph id="1" dataRef="d1"/>, <x:pc id="2">you</x:pc>.</x:source>
      </x:segment>
      <x:ignorable><x:source> </x:source></x:ignorable>
      <x:segment id="s2" state="initial">
        <x:source>A <x:sc id="3"/>b<x:ec startRef="3"/></x:source>
        <x:target></x:target>
      </x:segment>
    </x:unit>
    <x:unit id="n"><x:notes><x:note>kept</x:note></x:notes>
      <x:segment state="final"><x:source>Open</x:source><x:target>Auf</x:target></x:segment>
    </x:unit>
  </x:file>
</x:xliff>
"""
UNIT = '<xliff version="1.2"><file><body><trans-unit id="1">{}</trans-unit></body></file></xliff>'


def opened(text: str, language: str | None = None) -> Catalog:
    """Open the text of an XLIFF file, which comes back byte for byte."""
    catalog = open_catalog("a.xlf", text.encode(), language)
    assert catalog.to_bytes() == text.encode()
    return catalog


def test_entries_of_1_2() -> None:
    """Units that may be translated are entries, with state, length, notes and short inline elements."""
    catalog = opened(V12)
    assert (catalog.source_language, catalog.target_language) == ("en", None)
    entries = {entry.key: entry for entry in catalog.entries}
    assert list(entries) == ["plain", "inline", "copied", "unsure", "done"]
    plain, inline = entries["plain"], entries["inline"]
    assert (plain.source, plain.markup, plain.max_length, plain.line) == ("Fish & chips", False, 20, 7)
    assert inline.source == 'Press <ph id="1"/> to <g id="2">go</g> <bpt id="3"/>on<ept id="3"/>'
    assert (inline.markup, inline.context, inline.comment) == (True, "hint", "said by a button")
    states = [entry.state for entry in catalog.entries]
    assert states == ["missing", "missing", "missing", "review", "done"]
    assert entries["done"].targets == ["Auf"]


def test_filling_1_2() -> None:
    """A target comes beside its source with the state and a note; codes come back as they were."""
    catalog = opened(V12, "de_AT")
    plain, inline, copied, unsure, done = catalog.entries
    catalog.fill(plain, ["Fisch & Chips <3"])
    catalog.fill(
        inline, ['<g id="2">Los</g> mit <ph id="1"/>, <bpt id="3"/>ja<ept id="3"/> &amp; so'], note="n"
    )
    catalog.fill(copied, ["Öffnen"])
    catalog.fill(unsure, ["Auf"], review=False)
    catalog.fill(done, ["Öffnen"])
    assert catalog.to_bytes().decode() == (
        V12.replace('datatype="plaintext">', 'datatype="plaintext" target-language="de-AT">')
        .replace(
            "chips</source>",
            'chips</source><target state="needs-review-translation">Fisch &amp; Chips &lt;3</target>',
        )
        .replace(
            '<target state="new"/>',
            '<target state="needs-review-translation"><g id="2">Los</g> mit '
            '<ph id="1" ctype="x">&lt;b></ph>, <bpt id="3">{</bpt>ja<ept id="3">}</ept> &amp; so</target>'
            '\n        <note from="seq2seq">n</note>',
        )
        .replace("<target state='new'>Open", '<target state="needs-review-translation">Öffnen')
        .replace('"needs-review-translation">Auf', '"translated">Auf')
        .replace('approved="yes"', 'approved="no"')
        .replace('<target state="final">Auf', '<target state="needs-review-translation">Öffnen')
    )


def test_entries_of_2_0() -> None:
    """Segments are entries, elements may have a prefix, and what overlaps is carried as empty elements."""
    catalog = opened(V20)
    first, second, third = catalog.entries
    assert catalog.source_language == "en-GB"
    assert [entry.key for entry in catalog.entries] == ["u/s1", "u/s2", "n"]
    assert first.source == 'Hi <x:ph id="1"/>, <x:pc id="2">you</x:pc>.' and first.context == "hint"
    assert second.source == 'A <x:sc id="3"/>b<x:ec id="3"/>'
    assert (third.state, third.comment) == ("done", "kept")


def test_filling_2_0() -> None:
    """Segments are marked for review, the root names the language, the notes of a unit stand together."""
    catalog = opened(V20, "de")
    first, second, third = catalog.entries
    catalog.fill(first, ['<x:pc id="2">Du</x:pc>, <x:ph id="1"/>.'], note="one")
    catalog.fill(second, ['<x:sc id="3"/>B<x:ec id="3"/> A'], note="two")
    catalog.fill(third, ["Öffnen"], note="three")
    mark = 'state="translated" subState="seq2seq:review"'
    assert catalog.to_bytes().decode() == (
        V20.replace('srcLang="en-GB"', 'srcLang="en-GB" trgLang="de"')
        .replace('<x:segment id="s1"', f'<x:segment id="s1" {mark}')
        .replace('<x:segment id="s2" state="initial"', f'<x:segment id="s2" {mark}')
        .replace('<x:segment state="final"', f"<x:segment {mark}")
        .replace(
            "</x:pc>.</x:source>",
            "</x:pc>.</x:source>\n        "
            '<x:target><x:pc id="2">Du</x:pc>, <x:ph id="1" dataRef="d1"/>.</x:target>',
        )
        .replace("<x:target></x:target>", '<x:target><x:sc id="3"/>B<x:ec startRef="3"/> A</x:target>')
        .replace("<x:target>Auf<", "<x:target>Öffnen<")
        .replace(
            "      <x:originalData>",
            '      <x:notes><x:note category="seq2seq">one</x:note><x:note category="seq2seq">two</x:note>'
            "</x:notes>\n      <x:originalData>",
        )
        .replace("kept</x:note>", 'kept</x:note><x:note category="seq2seq">three</x:note>')
    )
    again = open_catalog("a.xlf", catalog.to_bytes())
    assert [entry.state for entry in again.entries] == ["review"] * 3
    for entry in again.entries:
        again.fill(entry, entry.targets, review=False)
    assert b"seq2seq:review" not in again.to_bytes()
    assert {entry.state for entry in open_catalog("a.xlf", again.to_bytes()).entries} == {"done"}


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ('<ph id="1"/> <g id="2">a</g> <bpt id="3"/>b', "lacks <ept> of the source"),
        (
            '<ph id="1"/> <g id="2">a</g> <bpt id="3"/>b<ept id="3"/><ept id="3"/>',
            "has a <ept> that the source",
        ),
        ('<ph id="1"/> <g id="5">a</g> <bpt id="3"/>b<ept id="3"/>', "lacks <g> of the source"),
        ('<ph id="1"/> <g id="2">a & b</g> <bpt id="3"/>b<ept id="3"/>', "is not well-formed"),
        ('<ph id="1"/> <g id="2">a <bpt id="3"/></g>b</g><ept id="3"/>', "is not well-formed"),
    ],
)
def test_translations_keep_the_elements(target: str, problem: str) -> None:
    """A translation without the elements of its source is refused, and the file stays whole."""
    catalog = opened(V12)
    with pytest.raises(
        CatalogError, match=f"'a.xlf', line 8: the translation of 'inline' {problem}.*keep the"
    ):
        catalog.fill(catalog.entries[1], [target])
    assert catalog.to_bytes() == V12.encode()


def test_codes_of_one_id_that_differ() -> None:
    """Two codes of one id are told apart; a repeated one is the same placeholder twice."""
    source = '<x id="a" equiv-text="1"/>b<x id="a" equiv-text="2"/>c<x id="a" equiv-text="1"/>'
    catalog = opened(UNIT.format(f"<source>{source}</source>"))
    (entry,) = catalog.entries
    assert entry.source == '<x id="a"/>b<x id="a-2"/>c<x id="a"/>'
    catalog.fill(entry, [entry.source])
    assert f">{source}</target>" in catalog.to_bytes().decode()


def test_segments_that_were_marked() -> None:
    """With seg-source the marks of segments are kept, and the target follows it."""
    segment = '<mrk mtype="seg" mid="1">One.</mrk>'
    catalog = opened(UNIT.format(f"<source>One.</source><seg-source>{segment}</seg-source>"))
    (entry,) = catalog.entries
    assert entry.source == segment
    catalog.fill(entry, [segment.replace("One", "Eins")])
    assert "</seg-source><target state" in catalog.to_bytes().decode()


def test_line_ends_and_encodings_stay() -> None:
    """CRLF and UTF-16 come back; line ends of a translation are those of the file."""
    text = V12.replace("\n", "\r\n").replace("UTF-8", "UTF-16")
    catalog = open_catalog("a.xlf", text.encode("utf-16"))
    catalog.fill(catalog.entries[0], ["a\nb"])
    mark = '<target state="needs-review-translation">a\r\nb</target></trans-unit>'
    expected = text.replace("chips</source></trans-unit>", f"chips</source>{mark}")
    assert catalog.to_bytes() == expected.encode("utf-16")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<xliff version='3.0'/>", r"'a.xlf': is no XLIFF 1.2 or 2.0 but <xliff> 3.0"),
        (b"<html/>", r"is no XLIFF 1.2 or 2.0 but <html>"),
        (
            b"<xliff>\n<file>\n</xliff>",
            r"'a.xlf', line 3: is not well-formed XML \(mismatched tag\); correct it",
        ),
        (b"", r"is not well-formed XML \(no element found\)"),
        (b"<xliff version='1.2'>\xff</xliff>", r"is not UTF-8 text \(byte 21 is invalid\); save it as UTF-8"),
        (
            b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xliff version="1.2">&b;</xliff>',
            r"declares entities of its own",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data: bytes, sentence: str) -> None:
    """A file that is no XLIFF, is damaged or declares entities is refused with a remedy."""
    with pytest.raises(CatalogError, match=sentence) as caught:
        open_catalog("a.xlf", data)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")
@pytest.mark.parametrize("text", [V12, V20])
def test_xmllint_accepts_what_is_filled(text: str) -> None:
    """A filled file is well-formed for another parser, too."""
    catalog = opened(text, "de")
    for entry in catalog.entries:
        catalog.fill(entry, entry.sources, note="a -- b & <c>")
    subprocess.run(["xmllint", "--noout", "-"], input=catalog.to_bytes(), check=True)
