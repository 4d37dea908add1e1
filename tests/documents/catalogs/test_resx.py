"""Resources of .NET: values of strings are filled, into a copy or into the file that exists."""

import pytest

from seq2seq.documents.catalogs import CatalogError, open_catalog

FILE = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<root>
  <resheader name="version"><value>2.0</value></resheader>
  <data name="Open" xml:space="preserve">
    <value>Open {0} &amp; &lt;go&gt;
now</value>
    <comment>a verb</comment>
  </data>
  <data name="Close" xml:space="preserve">
    <value>Close</value>
  </data>
  <data name="$this.Size" type="System.Drawing.Size, System.Drawing"><value>1, 2</value></data>
  <data name=">>ok.Name" xml:space="preserve"><value>ok</value></data>
  <data name="Empty" xml:space="preserve"><value /></data>
</root>"""


def test_entries_and_filling() -> None:
    """Strings alone are entries; values are replaced, notes join the comments."""
    catalog = open_catalog("S.resx", FILE.encode(), "de")
    assert catalog.to_bytes() == FILE.encode()
    first, second = catalog.entries
    assert (first.key, first.source, first.comment) == ("Open", "Open {0} & <go>\nnow", "a verb")
    assert first.flags == {"csharp-format"} and first.state == "missing"
    catalog.fill(first, ["{0} & <los>\nauf"], note="model")
    catalog.fill(second, ["Schließen"], note="memory")
    assert catalog.to_bytes().decode() == (
        FILE.replace("Open {0} &amp; &lt;go&gt;\nnow", "{0} &amp; &lt;los&gt;\nauf")
        .replace("a verb", "a verb; model")
        .replace("<value>Close</value>", "<value>Schließen</value>\n    <comment>memory</comment>")
    )


def test_what_is_not_filled_is_left_out() -> None:
    """A partly filled copy lacks the other strings, which .NET takes from the source language."""
    catalog = open_catalog("S.resx", FILE.encode(), "de")
    catalog.fill(catalog.entries[1], ["Zu"])
    start, end = FILE.index('\n  <data name="Open"'), FILE.index('\n  <data name="Close"')
    assert catalog.to_bytes().decode() == (FILE[:start] + FILE[end:]).replace(">Close<", ">Zu<")


def test_an_existing_file_is_kept_and_added_to() -> None:
    """Strings of the file of the target language are done; missing ones come at its end."""
    existing = '<root>\r\n\t<data name="Close"><value>Zu</value></data>\r\n</root>\r\n'
    catalog = open_catalog("S.resx", FILE.encode(), "de", existing.encode())
    assert catalog.to_bytes() == existing.encode()
    first, second = catalog.entries
    assert (first.state, second.state, second.targets) == ("missing", "done", ["Zu"])
    catalog.fill(first, ["Auf"])
    added = (
        '<data name="Open" xml:space="preserve">\r\n    <value>Auf</value>\r\n    <comment>a verb</comment>'
    )
    assert catalog.to_bytes().decode() == existing.replace(
        "\r\n</root>", f"\r\n\t{added}\r\n  </data>\r\n</root>"
    )


def test_another_root_is_refused() -> None:
    """Other XML is refused in a sentence."""
    with pytest.raises(CatalogError, match=r"'S.resx': holds no resources of .NET: it begins with <a>"):
        open_catalog("S.resx", b"<a/>")
