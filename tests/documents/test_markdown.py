"""Markdown: its structure is kept, emphasis and links move, and no translation becomes Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from word_models import identity, mirror, saying, upper

from seq2seq.documents import read_document, translate_document

PAGE = """---
title: a dog
---
# A dog #

Two **dogs** play in
the [snow](http://x.y "two dogs") near `code()` and *a
young girl*.<hard>
She reads a_b_c \\* here &amp; there.

> A man is **_reading_** a book,
> and ~~a woman~~ sings.
> - item *one* is a dog
>   runs in the park

1. A man
2. [ ] A woman with ![a dog](a.png) and [ref][r] and [r] and [^1]

| A dog | B |
|---|:-:|
| two *dogs* | a `x` b\\|c |

<div align="center"><b>Two dogs</b> run</div>

    two dogs

```python
print("two dogs")
```

Setext dog
==========

<!-- two dogs -->

[r]: http://foo "two dogs"
Hello https://a.b/dog_e. <https://a.b/dog> <b>dog</b>
""".replace("<hard>", "  ")
EXPECTED = """---
title: a dog
---
# A DOG #

TWO **DOGS** PLAY IN
THE [SNOW](http://x.y "TWO DOGS") NEAR `code()` AND
*A YOUNG GIRL*.<hard>
SHE READS A_B_C \\* HERE &amp; THERE.

> A MAN IS **_READING_** A BOOK,
> AND ~~A WOMAN~~ SINGS.
> - ITEM *ONE* IS A DOG
>   RUNS IN THE PARK

1. A MAN
2. [ ] A WOMAN WITH ![A DOG](a.png) AND [REF][r] AND [r] AND [^1]

| A DOG | B |
|---|:-:|
| TWO *DOGS* | a `x` b\\|c |

<div align="center"><b>TWO DOGS</b> RUN</div>

    two dogs

```python
print("two dogs")
```

SETEXT DOG
==========

<!-- two dogs -->

[r]: http://foo "TWO DOGS"
HELLO https://a.b/dog_e. <https://a.b/dog> <b>DOG</b>
""".replace("<hard>", "  ")


def translated(text: str, model) -> str:
    """Return a Markdown text translated by a model."""
    return translate_document("a.md", text.encode(), model).content.decode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_structure_stays(end: str) -> None:
    """Code, link targets, tables, lists and line ends are kept."""
    page, expected = PAGE.replace("\n", end), EXPECTED.replace("\n", end)
    assert translated(page, identity) == page
    assert translated(page, upper) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a **bold** word", "WORD **BOLD** A"),
        ("***a b***", "***B A***"),
        ("**a *b* c** d", "D **C *B* A**"),
        ("a *b", "\\*B A"),
        ("snake_case is_a word", "WORD IS_A SNAKE_CASE"),
        ("[a **b**](x) c", "C [**B** A](x)"),
        ("a ![b](c) [d [e]](f)", "[\\[E\\] D](f) A ![B](c)"),
        ("`` a ` b `` c d", "`` a ` b `` D C"),
        ("`a b", "B \\`A"),
        ("[a b] (c)", "(C) B\\] \\[A"),
    ],
)
def test_spans(source: str, expected: str) -> None:
    """Emphasis, links and code are paired as CommonMark does."""
    assert translated(source, mirror) == expected


def test_footnotes_keep_their_marks() -> None:
    """Footnotes keep their marks, and are not joined with the text around them."""
    page = "see[^1] here\n\n[^1]: a note\n[^two]:  another **bold** note\n    goes on\n[^3]: alone\n"
    assert translated(page, identity) == page
    page += "[r]: http://a.b\n[^4]: [this][r] and\n  that\n"
    assert translated(page, identity) == page
    expected = "HERE SEE[^1]\n\n[^1]: NOTE A\n[^two]:  ON GOES NOTE\n    **BOLD** ANOTHER\n[^3]: ALONE\n"
    expected += "[r]: http://a.b\n[^4]: THAT AND\n  [THIS][r]\n"
    assert translated(page, mirror) == expected


BEYOND = [
    (r"the $x^2$ and \(a+b\) are", r"ARE AND \(a+b\) THE $x^2$"),
    ("$$\nx\n- y\n\nz\n$$\n\na $$b$$ c", "$$\nx\n- y\n\nz\n$$\n\nC $$b$$ A"),
    ("\\[\nx = y\n\\]\n\na b", "\\[\nx = y\n\\]\n\nB A"),
    ("\\begin{align}\nx\n\ny\n\\end{align}\n\na b", "\\begin{align}\nx\n\ny\n\\end{align}\n\nB A"),
    ("it costs $5 or $10 more", "MORE $10 OR $5 COSTS IT"),
    (r"\*dog\* runs", r"\*RUNS DOG\*"),
    (r"a \# b", r"B A \#"),
    ("&nbsp; &amp; &copy; 2024", "&nbsp; &amp; &copy; 2024"),
    ("caf&eacute; R&amp;D", "R&D CAFÉ"),
    ("Term word\n: a definition\n: another\n  one", "WORD TERM\n: DEFINITION A\n: ONE\n  ANOTHER"),
    ("Term\n\n:   a definition", "TERM\n\n:   DEFINITION A"),
    ("{{< youtube dog >}}\n\na {{< br >}} b", "{{< youtube dog >}}\n\nB A {{< br >}}"),
    ("a b\n{{% x %}}\nc d", "B A\n{{% x %}}\nD C"),
    ("{% include dog.html %}\n\n<%= a dog %>", "{% include dog.html %}\n\n<%= a dog %>"),
    (
        "{% highlight x %}\na dog\n\nb\n{% endhighlight %}\na b",
        "{% highlight x %}\na dog\n\nb\n{% endhighlight %}\nB A",
    ),
    ("{{< highlight go >}}\na dog\n{{< /highlight >}}", "{{< highlight go >}}\na dog\n{{< /highlight >}}"),
    ("{{% note %}}\na dog\n{{% /note %}}", "{{% note %}}\nDOG A\n{{% /note %}}"),
    ("> [!NOTE]\n> a dog\n> runs", "> [!NOTE]\n> RUNS\n> DOG A"),
    ("> [!tip]- my title\n> a dog", "> [!tip]- TITLE MY\n> DOG A"),
    ("::: warning\na dog\n:::", "::: warning\nDOG A\n:::"),
    ("::: tip my title\na dog\n:::", "::: tip TITLE MY\nDOG A\n:::"),
    (":::note[my title]\n\na dog\n\n:::", ":::note[TITLE MY]\n\nDOG A\n\n:::"),
    (
        '!!! note "my title"\n    a dog\n\n    - two dogs\n\n    a\n\n        code it\n\na b',
        '!!! note "TITLE MY"\n    DOG A\n\n    - DOGS TWO\n\n    A\n\n        code it\n\nB A',
    ),
    ("??? note\n\n    a dog", "??? note\n\n    DOG A"),
    ('=== "a tab"\n\n    a dog', '=== "TAB A"\n\n    DOG A'),
    ("a ==b c== d", "D ==C B== A"),
    ("a ++b c++ d :smile: x", "X D :smile: ++C B++ A"),
    ("*[HTML]: hyper text", "*[HTML]: TEXT HYPER"),
    ("[TOC]\n\n# a dog {#id .x}", "[TOC]\n\n# DOG A {#id .x}"),
    ("as in [@smith] a", "A IN [@smith] AS"),
    ("![two dogs](a.png \"my title\") [a b](x 'c d')", "![DOGS TWO](a.png \"TITLE MY\") [B A](x 'D C')"),
    ('[a b][r]\n\n[r]: x "my title"\n', '[B A][r]\n\n[r]: x "TITLE MY"\n'),
    ('a <img alt="two dogs" src="x"> b', 'B A <img alt="DOGS TWO" src="x">'),
    ('<img alt="two dogs">', '<img alt="DOGS TWO">'),
]


@pytest.mark.parametrize(("source", "expected"), BEYOND)
def test_beyond_commonmark(source: str, expected: str) -> None:
    """Formulas, templates, callouts, definitions and escapes are kept; titles are translated."""
    assert translated(source, identity) == source
    assert translated(source, mirror) == expected


def test_blanks_beside_addresses() -> None:
    """An address keeps its blanks, also before punctuation and in parentheses."""
    page = "See <https://e.org> for more. Visit <https://e.org>. And (https://e.org) now, https://e.org too."
    assert translated(page, upper) == page.upper().replace("HTTPS://E.ORG", "https://e.org")
    assert read_document("a.md", page.encode()).texts == ["See for more. Visit. And () now, too."]


HOSTILE = [
    "# a",
    "- a",
    "1. a",
    "> a",
    "**a** _b_ `c`",
    "[a](http://b)",
    "<script>a</script>",
    "a\n\n# b",
    "&lt;a",
    "==",
]


@pytest.mark.parametrize("answer", HOSTILE)
@pytest.mark.parametrize("source", ["a dog", "- a dog\n  runs", "> a dog", "# a dog", "a *dog* runs"])
def test_a_translation_is_never_markdown(answer: str, source: str) -> None:
    """A translation that looks like Markdown or HTML is shown as text."""

    def kinds(text: str) -> list[str]:
        tokens = MarkdownIt().parse(text)
        inner = [child for token in tokens for child in token.children or []]
        plain = ("text", "softbreak", "text_special", "em_open", "em_close")  # emphasis of nothing is dropped
        return [token.type for token in (*tokens, *inner) if token.type not in plain]

    assert kinds(translated(source, saying(answer))) == kinds(source)


signs = st.text(alphabet="ab *_`[]()!<>\\&;#-1.|~\n\"'$={}%:+^@?/", max_size=40)


@given(signs)
def test_any_text_comes_back(text: str) -> None:
    """With translations equal to their texts, any Markdown comes back as it was."""
    assert translated(text, identity) == text
    translated(text, mirror)
    translated(text, saying("ein *Hund*"))


def test_much_of_everything() -> None:
    """Thousands of delimiters take linear time."""
    for sign in (
        "*",
        "[",
        "]",
        "`a",
        "**a ",
        "_a ",
        "[a](",
        "![",
        "> ",
        "- ",
        "<",
        "](",
        "`" * 3 + "a",
        "[^",
        "||",
        "$",
        "$$\n",
        "\\(",
        "\\[\n",
        "{{",
        "{%",
        "{{< raw >}}\n",
        "<%",
        "==",
        "~~",
        "~a",
        "^a",
        ":a",
        "::: x\n",
        "!!! a\n",
        "&lt;a",
        "&amp;",
        "![a](b) ",
        "\\*",
    ):
        text = f"a {sign * 3000} b"
        assert translated(text, identity) == text
