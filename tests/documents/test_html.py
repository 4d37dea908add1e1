"""HTML: which text is translated, where tags are placed, and that no translation becomes markup."""

from collections import Counter
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import identity, mirror, phrases, saying, upper

from seq2seq.documents.html import read_html, translate_html
from seq2seq.documents.html_tokenizer import Characters, Tag, read_tags

if TYPE_CHECKING:
    from seq2seq import Translator

SNOW = ("Two dogs play in the snow.", "Im Schnee spielen zwei Hunde.", "0-3 1-4 2-2 3-0 4-0 5-1")
BOOK = {
    SNOW[0]: SNOW[1:],
    "Two dogs": ("Zwei Hunde", "0-0 1-1"),
    "play in the snow.": ("spielen im Schnee.", "0-0 1-1 2-1 3-2"),
    "He picks up the ball.": ("Er hebt den Ball auf.", "0-0 1-1 2-4 3-2 4-3"),
    "Water is H2O.": ("H2O ist Wasser.", "0-2 1-1 2-0"),
    "Anna likes dogs.": ("Hunde mag Hanna.", "0-2 1-1 2-0"),
    "Look at now": ("Schau jetzt", "0-0 1-0 2-1"),
    "He said “two dogs”, then left.": ("Dann ging er, sagte „zwei Hunde“.", "0-2 1-3 2-4 3-5 4-0 5-1"),
    "I see it today": ("今 見 る", "0-0 1-1 2-2 3-0"),
}

PLACED = [
    ("<b>Two dogs</b> play in the <a href=x>snow</a>.", "Im <a href=x>Schnee</a> spielen <b>zwei Hunde</b>."),
    ("Two dogs play <i>in the <u>snow</u></i>.", "<i>Im <u>Schnee</u></i> spielen zwei Hunde."),
    ("Two dogs play <i>in the <u>snow.</u></i>", "<i>Im <u>Schnee</u></i> spielen zwei Hunde."),
    ("<i>Two</i> <b>dogs</b> play in the snow.", "Im Schnee spielen <i>zwei</i> <b>Hunde</b>."),
    ("<p><b>Two dogs play in the snow.</b></p>", "<p><b>Im Schnee spielen zwei Hunde.</b></p>"),
    ("\n <b>\n Two dogs play in  the snow.</b>\n", "\n <b>\n Im Schnee spielen zwei Hunde.</b>\n"),
    ("He <b>picks up</b> the ball.", "Er <b>hebt</b> den Ball auf."),
    ("Water is H<sub>2</sub>O.", "H<sub>2</sub>O ist Wasser."),
    ("Two dogs<img src=d> play in the snow.", "Im Schnee spielen zwei Hunde<img src=d>."),
    ("Two dogs <img> play in the snow.", "Im Schnee spielen zwei Hunde <img>."),
    ("Two <i class=dog></i>dogs play in the snow.", "Im Schnee spielen zwei <i class=dog></i>Hunde."),
    ("<b>Two dogs<br>play in</b> the snow.", "<b>Zwei Hunde<br>spielen im</b> Schnee."),
    ("<span translate=no>Anna</span> likes <b>dogs</b>.", "<b>Hunde</b> mag <span translate=no>Anna</span>."),
    ("Look at <code>x = 1</code> now", "Schau <code>x = 1</code> jetzt"),
    ("Look at <a href=u>https://a.b/c</a> now", "Schau <a href=u>https://a.b/c</a> jetzt"),
    (
        "He said <q>“two dogs”</q>, then left.",
        "Dann ging er, sagte <q>„zwei Hunde“</q>.",
    ),
    ("I <b>see it</b> today", "今 <b>見 る</b>"),
]


@pytest.mark.parametrize(("source", "expected"), PLACED)
def test_tags_move_with_their_words(source: str, expected: str) -> None:
    """Inline tags are around the translations of their words."""
    assert translate_html(source, phrases(BOOK)) == expected


UNTOUCHED = [
    "<script>var dog = '<b>two dogs</b>';</script>",
    "<script><!-- <script> dogs </script> --> dogs </script>",
    "<style>p::after { content: 'two dogs' }</style>",
    "<pre>two  <b>dogs</b>\n</pre>",
    "<code>two dogs</code>",
    "<!-- two dogs -->",
    "<!DOCTYPE html>",
    "<img data-alt='two dogs' class=dogs>",
    "<textarea>two <b>dogs</textarea>",
    "<svg><style>two dogs</style><path d='a dog'/><svg></svg> dogs</svg>",
    "<div translate=no>two <div>dogs</div> and a cat</div>",
    '<p class="a notranslate">two dogs</p>',
    "<input value='two dogs' name=dogs>",
    "<img alt=dog_1 title='https://a.b'>",
    "<p translate=no title='two dogs'><img alt='two dogs'></p>",
    "<p>12 + 30 = 42 &amp; &hellip;</p>",
]


@pytest.mark.parametrize("source", UNTOUCHED)
def test_what_is_no_text_is_not_translated(source: str) -> None:
    """Code, attributes, comments and what is marked as not translatable are kept."""
    assert translate_html(f"<p>a</p>{source}<p>b</p>", upper) == f"<p>A</p>{source}<p>B</p>"


ENTITIES = [
    ("R&amp;D don&#39;t caf&eacute;", ["R&D don't café"], "R&amp;D DON'T CAFÉ"),
    ("dogs &amp; cats&lt;", ["dogs cats"], "DOGS &amp; CATS&lt;"),
    ("&copy; 2024 two&nbsp;dogs", ["2024 two dogs"], "&copy; 2024 TWO&nbsp;DOGS"),
    ("a &lt;b&gt; dog", ["a dog"], "A &lt;b&gt; DOG"),
    ("a &brand; dog &ldquo;runs&rdquo;", ["a dog runs"], "A &brand; DOG &ldquo;RUNS&rdquo;"),
    ("soft&shy;ware", ["software"], "SOFTWARE"),
]


@pytest.mark.parametrize("block", ["p", "h1", "title"])
@pytest.mark.parametrize(("source", "texts", "expected"), ENTITIES)
def test_character_references(source: str, texts: list[str], expected: str, block: str) -> None:
    """Letters and signs inside words are read; other references are kept as written, at their words."""
    seen: list[str] = []

    def translate(texts: list[str]):
        seen.extend(texts)
        return upper(texts)

    assert translate_html(f"<{block}>{source}</{block}>", translate) == f"<{block}>{expected}</{block}>"
    assert seen == texts


ATTRIBUTES = [
    ("<img src=x alt='two dogs'>", "<img src=x alt='DOGS TWO'>"),
    ("<a title=dogs href=dogs>x y</a>", '<a title="DOGS" href=dogs>Y X</a>'),
    (
        '<input placeholder="your &quot;name&quot;" value="a b">',
        '<input placeholder="&quot;NAME&quot; YOUR" value="a b">',
    ),
    ('<button aria-label="close it">&times;</button>', '<button aria-label="IT CLOSE">&times;</button>'),
    ('<input type="SUBMIT" value="go on">', '<input type="SUBMIT" value="ON GO">'),
    ("<input type=button value='go on'>", "<input type=button value='ON GO'>"),
    ("<input type=hidden value='go on'>", "<input type=hidden value='go on'>"),
    ('<textarea placeholder="say it">a b</textarea>', '<textarea placeholder="IT SAY">a b</textarea>'),
    ('<meta name="Description" content="two dogs">', '<meta name="Description" content="DOGS TWO">'),
    ('<meta property="og:title" content="two dogs">', '<meta property="og:title" content="DOGS TWO">'),
    ('<meta name="viewport" content="two dogs">', '<meta name="viewport" content="two dogs">'),
    ('<meta property="og:url" content="https://a.b">', '<meta property="og:url" content="https://a.b">'),
    ('<option label="two dogs" value="two dogs">', '<option label="DOGS TWO" value="two dogs">'),
    ('<code title="a dog">a dog</code>', '<code title="DOG A">a dog</code>'),
    ('<html lang="en" class="a b">', '<html lang="de" class="a b">'),
    ('<html xml:lang="en" lang=en>', '<html xml:lang="de" lang=de>'),
    (
        '<meta http-equiv="Content-Language" content="en">',
        '<meta http-equiv="Content-Language" content="de">',
    ),
    ('<span lang="en">a b</span>', '<span lang="en">B A</span>'),
]


@pytest.mark.parametrize(("source", "expected"), ATTRIBUTES)
def test_attributes_that_are_texts(source: str, expected: str) -> None:
    """Attributes that are shown or read aloud are translated, and the root's language is replaced."""
    assert translate_html(source, mirror, "de") == expected
    assert translate_html(source, identity) == source


DRAWINGS = [
    ("<title>a dog</title><path d='a b'/>", "<title>DOG A</title><path d='a b'/>"),
    (
        "<desc>a dog</desc><text x=1>a <tspan>b c</tspan></text>",
        "<desc>DOG A</desc><text x=1><tspan>C B</tspan> A</text>",
    ),
    (
        "<text><tspan y=1>a b</tspan><tspan y=2>c d</tspan></text>",
        "<text><tspan y=1>B A</tspan><tspan y=2>D C</tspan></text>",
    ),
    ("<style>a b</style><script>a b</script><g id='a b'>a b</g>", None),
]


@pytest.mark.parametrize(("source", "expected"), DRAWINGS)
def test_texts_of_a_drawing(source: str, expected: str | None) -> None:
    """Title, description and texts of a drawing are translated; the drawing moves as one point."""
    drawing, translated = f"<svg>{source}</svg>", f"<svg>{expected or source}</svg>"
    assert translate_html(drawing, mirror) == translated
    assert translate_html(f"<p>one {drawing} two</p>", mirror) == f"<p>TWO ONE {translated}</p>"


def test_blanks_beside_a_kept_address() -> None:
    """A kept element keeps its blanks, and leaves none before punctuation in what the model reads."""
    seen: list[str] = []

    def translate(texts: list[str]):
        seen.extend(texts)
        return upper(texts)

    link = "<a href=u>https://a.b</a>"
    for text in (
        "Visit {}.",
        "Two dogs ({} here) run",
        "See {}, two dogs",
        "A {} dog",
        "({} a) b",
        "{}: a b",
    ):
        page = text.format(link)
        assert translate_html(page, translate) == text.upper().format(link)
    assert seen == ["Visit.", "Two dogs (here) run", "See, two dogs", "A dog", "(a) b", ": a b"]


def test_all_blocks_are_translated_in_one_call() -> None:
    """All blocks are translated in one call; inline tags do not split them."""
    calls: list[list[str]] = []

    def translate(texts: list[str]):
        calls.append(texts)
        return upper(texts)

    out = translate_html("<title>a</title><ul><li>b <b>c</b><li>d<br>e</ul><td>f<td>g", translate)
    assert calls == [["a", "b c", "d", "e", "f", "g"]]
    assert out == "<title>A</title><ul><li>B <b>C</b><li>D<br>E</ul><td>F<td>G"


def test_controls_are_not_one_word() -> None:
    """Adjacent buttons and labels are separate texts."""
    row = "<button>yes</button><button>no</button><label>name</label><input><label>a <b>dog</b></label>"
    slots = [part.text for part in read_html(f"<p>{row}</p>") if not isinstance(part, str)]
    assert slots == ["yes", "no", "name", "a dog"]


def test_nothing_to_translate_calls_nothing() -> None:
    """A page without text does not call the model."""
    assert translate_html("<p>1 <br> 2</p>", saying("never")) == "<p>1 <br> 2</p>"


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, object]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append((tag, attrs))


HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "<!-- x",
    "</p><img src=x onerror=a()>",
    "&lt;b>",
]


@pytest.mark.parametrize("answer", HOSTILE)
@pytest.mark.parametrize("page", ["<p>a dog</p>", "<p>a <b>dog</b> <i>runs</i></p>", "<title>a dog</title>"])
def test_a_translation_is_never_markup(answer: str, page: str) -> None:
    """A translation that looks like markup is shown as text."""
    before, after = _Collector(), _Collector()
    before.feed(page)
    translated = translate_html(page, saying(answer))
    after.feed(translated)
    assert Counter(tag for tag, _ in after.tags) == Counter(tag for tag, _ in before.tags)
    assert answer in unescape("".join(p.raw for p in read_tags(translated) if isinstance(p, Characters)))


NAME = '<span class="h-card" translate="no"><a href="https://a.b/@c" class="u-url">@<span>c</span></a></span>'
TOPIC = '<a href="https://a.b/tags/snow" rel="tag">#<span>snow</span></a>'
MASTODON = f"<p>Two dogs {NAME} play in the {TOPIC} <b>today</b></p>"


def test_posts_keep_names_and_topics() -> None:
    """Mentions and hashtags of a social network's post are kept."""
    expected = MASTODON
    for word in ("Two dogs ", "play in the ", ">today"):
        expected = expected.replace(word, word.upper())
    assert translate_html(MASTODON, upper) == expected


MALFORMED = [
    "<b>two <i>dogs</b> run</i>",
    "two </b> dogs",
    "<p>two <b>dogs<p>run</b> away",
    "<a href='x>two dogs",
    "two <dogs",
    "two < dogs > run &notanentity; &#xD800; &#1114112;",
    "<>two</>dogs</ x>",
    "<p translate=no>two<p>dogs",
    "<code>two dogs",
    "<script>two dogs",
    "<!--two dogs",
    "<b" * 50 + ">two dogs",
    '<a ="x>" b=\'">c>two dogs',
    "\x00two\ud800 dogs",
    "<svg/>two<svg>dogs",
]


@pytest.mark.parametrize("source", MALFORMED)
@pytest.mark.parametrize("model", [identity, mirror, saying("ein Hund")])
def test_malformed_html_survives(source: str, model) -> None:
    """Malformed HTML keeps every tag."""

    def tags(text: str) -> Counter[str]:
        return Counter(part.raw for part in read_tags(text) if not isinstance(part, Characters))

    assert tags(translate_html(source, model)) == tags(source)
    assert translate_html(source, identity) == source


@pytest.mark.parametrize("depth", [10_000])
def test_deep_nesting(depth: int) -> None:
    """10,000 levels of tags do not overflow the stack."""
    nested = "<b>" * depth + "two dogs" + "</b>" * depth
    assert translate_html(nested, upper) == nested.replace("two dogs", "TWO DOGS")
    half = "".join(f"<b>w{n} " for n in range(90)) + "end" + "</b>" * 90
    assert translate_html(half, upper) == half.upper().replace("<B>", "<b>").replace("</B>", "</b>")
    for broken in (
        "<b>" * depth + "two",
        "</b>" * depth + "two",
        "<div>" * depth + "two",
        "<b></i>" * depth + "x",
    ):
        assert translate_html(broken, upper) == broken.replace("two", "TWO").replace("x", "X")


names = st.sampled_from(["b", "i", "a", "span"])
words = st.lists(st.sampled_from(["dog", "cat", "in", "snow,", "x", "(red)"]), min_size=1, max_size=4).map(
    " ".join
)
fragments = st.recursive(
    words,
    lambda inner: st.tuples(names, st.lists(inner, min_size=1, max_size=3)).map(
        lambda node: f"<{node[0]}>{' '.join(node[1])}</{node[0]}>"
    ),
    max_leaves=8,
)
pages = st.lists(fragments, min_size=1, max_size=5).map(" ".join)


@given(pages)
def test_text_is_the_translation_and_tags_stay_balanced(page: str) -> None:
    """The text of the result is the translation, and its tags are those of the source, balanced."""
    texts_written: list[str] = []

    def translate(texts: list[str]):
        translations = list(mirror(texts))
        texts_written.extend(translation.text for translation in translations)
        return translations

    parts = list(read_tags(translate_html(page, translate)))
    assert "".join(part.raw for part in parts if isinstance(part, Characters)) == " ".join(texts_written)
    assert Counter(p.raw for p in parts if isinstance(p, Tag)) == Counter(
        p.raw for p in read_tags(page) if isinstance(p, Tag)
    )
    stack: list[str] = []
    for part in parts:
        if isinstance(part, Tag) and not part.closes:
            stack.append(part.name)
        elif isinstance(part, Tag):
            assert stack.pop() == part.name
    assert not stack


@given(pages)
def test_in_place_words_keep_their_tags(page: str) -> None:
    """A word-by-word translation has its tags where the source has them."""
    expected = page.upper()
    for name in "BIA":
        expected = expected.replace(f"<{name}>", f"<{name.lower()}>").replace(
            f"</{name}>", f"</{name.lower()}>"
        )
    assert translate_html(page, upper) == expected.replace("<SPAN>", "<span>").replace("</SPAN>", "</span>")


@pytest.fixture(scope="module")
def en_de() -> "Translator":
    """The released translator from English to German."""
    from seq2seq import Translator

    return Translator.from_pretrained("en-de", device="cpu")


CAPTIONS = [
    ("<b>Two dogs</b> play in the <a href=x>snow</a>.", ("<b>Zwei Hunde</b>", "<a href=x>Schnee</a>")),
    ("In the <i>street</i>, two <b>children</b> are playing.", ("<i>Straße</i>", "<b>Kinder</b>")),
    ("A <u>young girl</u> in a red dress.", ("<u>junges Mädchen</u>",)),
    ("Yesterday a man in a <b>red</b> shirt was sleeping.", ("<b>rote",)),
]


@pytest.mark.parametrize(("source", "expected"), CAPTIONS)
def test_released_model_places_tags(en_de: "Translator", source: str, expected: tuple[str, ...]) -> None:
    """The alignment of a released model carries tags to their words."""
    translated = translate_html(source, en_de.translate)
    for part in expected:
        assert part in translated


def test_slots_are_what_is_translated() -> None:
    """The slots of a page are the texts that are translated."""
    slots = [part.text for part in read_html("<p>a <b>dog</b></p>1<p>b</p>") if not isinstance(part, str)]
    assert slots == ["a dog", "b"]
