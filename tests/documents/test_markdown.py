"""Markdown: its structure is kept, emphasis and links move, and no translation becomes Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from word_models import identity, mirror, saying, upper

from seq2seq.documents import translate_document

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


signs = st.text(alphabet="ab *_`[]()!<>\\&;#-1.|~\n\"'", max_size=40)


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
    ):
        text = f"a {sign * 3000} b"
        assert translated(text, identity) == text
