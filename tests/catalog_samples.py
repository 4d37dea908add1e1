"""A small catalog of each format, each with one string to translate: "two dogs"."""

PO = b"""# A program.
msgid ""
msgstr ""
"Language: \\n"
"Content-Type: text/plain; charset=UTF-8\\n"

#: a.c:1
msgid "two dogs"
msgstr ""
"""
XLIFF = b"""<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file original="a.c" source-language="en" datatype="plaintext">
    <body>
      <trans-unit id="a">
        <source>two dogs</source>
      </trans-unit>
    </body>
  </file>
</xliff>
"""
XLIFF_2 = b"""<?xml version="1.0" encoding="UTF-8"?>
<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="en">
  <file id="f">
    <unit id="a">
      <segment>
        <source>two dogs</source>
      </segment>
    </unit>
  </file>
</xliff>
"""
ANDROID = b"""<?xml version="1.0" encoding="utf-8"?>
<resources>
    <string name="a">two dogs</string>
</resources>
"""
QT = b"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1">
<context>
    <name>Main</name>
    <message>
        <source>two dogs</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
"""
RESX = b"""<?xml version="1.0" encoding="utf-8"?>
<root>
  <resheader name="version"><value>2.0</value></resheader>
  <data name="a" xml:space="preserve">
    <value>two dogs</value>
  </data>
</root>
"""
XCSTRINGS = b"""{
  "sourceLanguage" : "en",
  "strings" : {
    "two dogs" : {

    }
  },
  "version" : "1.0"
}"""
CATALOG_SAMPLES = {
    ".po": PO,
    ".pot": PO,
    ".xlf": XLIFF,
    ".xliff": XLIFF_2,
    ".xml": ANDROID,
    ".ts": QT,
    ".resx": RESX,
    ".resw": RESX,
    ".strings": b'/* A program. */\n"a" = "two dogs";\n',
    ".xcstrings": XCSTRINGS,
    ".properties": b"# A program.\na = two dogs\n",
    ".ftl": b"### A program.\n\na = two dogs\n",
    ".arb": b'{\n  "@@locale": "en",\n  "a": "two dogs",\n  "@a": {"description": "Dogs."}\n}\n',
    ".json": b'{\n  "a": "two dogs"\n}\n',
    ".yml": b"en:\n  # Dogs.\n  a: two dogs\n",
    ".yaml": b"# A program.\na: two dogs\n",
}
