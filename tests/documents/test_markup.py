"""XML whose tags a request describes: what is translated together, and what is kept."""

from collections.abc import Iterator

from tables import check_rows

from seq2seq.documents.markup import TagRules, read_xml, translate_html_except, translate_xml
from seq2seq.inference.results import Translation


def upper(texts: list[str]) -> Iterator[Translation]:
    """A translator that writes capitals."""
    return (Translation(text, text.upper()) for text in texts)


def test_texts_of_xml_are_translated() -> None:
    """Elements beside text are inline, others end a sentence; tags, comments and CDATA stay as they are."""

    def check(text: str, expected: str, rules: TagRules) -> None:
        assert translate_xml(text, upper, rules) == expected

    rows = [
        ("", "", TagRules()),
        ("<p>One.</p> <p>Two</p>", "<p>ONE.</p> <p>TWO</p>", TagRules()),
        ('<x id="1"/> hello <x id="2"/> you', '<x id="1"/> HELLO <x id="2"/> YOU', TagRules()),
        ("<d><s>go &amp; <b>run</b>.</s></d>", "<d><s>GO &amp; <b>RUN</b>.</s></d>", TagRules()),
        ("<s>press <key>it now</key>!</s>", "<s>PRESS <key>it now</key>!</s>", TagRules(["key"])),
        ("<s><key>it</key></s><t>go</t>", "<s><key>it</key></s><t>GO</t>", TagRules(["key"])),
        ("one <!-- two --> three", "ONE <!-- two --> THREE", TagRules()),
        ("one <![CDATA[<two>]]> three", "ONE <![CDATA[<two>]]> THREE", TagRules()),
        ('<?xml version="1.0"?><a>one</a>', '<?xml version="1.0"?><a>ONE</a>', TagRules()),
        ('<a b="x > y">one</a>', '<a b="x > y">ONE</a>', TagRules()),
    ]
    check_rows(check, rows)


def test_sentences_of_xml() -> None:
    """The rules of a request decide which texts are translated together."""

    def check(text: str, sentences: list[str], rules: TagRules) -> None:
        assert [part.text for part in read_xml(text, rules) if not isinstance(part, str)] == sentences

    rows: list[tuple[str, list[str], TagRules]] = [
        ("<a>one</a> <b>two</b>", ["one", "two"], TagRules()),
        ("<a>one</a> <b>two</b>", ["one two"], TagRules(outline=False)),
        ("<a>one</a> <b>two</b>", ["one two"], TagRules(inline=["a", "b"])),
        ("one <br/>two", ["one two"], TagRules()),
        ("one <br/>two", ["one", "two"], TagRules(splitting=["br"])),
        ("one <BR/>two", ["one two"], TagRules(splitting=["br"])),
    ]
    check_rows(check, rows)


def test_ill_formed_xml_is_kept() -> None:
    """Tags without a partner stay, each once, and a text of nothing but openings takes linear time."""
    for text in ("</a>one <b>two", "<a>one <b>two</a> three</b>", "one < two <", "<a one", "<a 'one>"):
        translated = translate_xml(text, upper, TagRules())
        for tag in ("<a>", "</a>", "<b>", "</b>"):
            assert translated.count(tag) == text.count(tag)
    for piece in ("<!--", "<![CDATA[", "<?", "<a", "<a>", "</a>", "<a '", '<a b="'):
        read_xml(piece * 5_000, TagRules(["a"]))


def test_ignored_elements_of_html() -> None:
    """Elements that are not to be translated stay, and no mark of them is left in the text."""
    html = '<p>one <keep a="b">two three four five</keep> six</p><KEEP>x</KEEP>'
    expected = '<p>ONE <keep a="b">two three four five</keep> SIX</p><KEEP>x</KEEP>'
    assert translate_html_except(html, upper, ["keep"]) == expected
    assert translate_html_except("<p>one</p>", upper, []) == "<p>ONE</p>"
