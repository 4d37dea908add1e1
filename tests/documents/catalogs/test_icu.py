"""ICU messages: choices become sentences and messages again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.documents.catalogs.choices import Choice, adapt, leaf_texts, spread, written
from seq2seq.documents.catalogs.icu import escape_icu, quote_icu, read_icu, rekey_icu, unescape_icu

FILES = "{count, plural, =0{No files} one{# file} other{# files}}"


def variants_of(message: str, language: str) -> list[tuple[tuple[str, ...], str, str | None]]:
    """Return the keys and sources of a message's variants."""
    _, variants = adapt(spread(read_icu(message), quote_icu), language, rekey_icu)
    return [(variant.keys, variant.source, variant.source_plural) for variant in variants]


def test_text_around_a_choice_moves_into_its_branches() -> None:
    """Each branch is a whole sentence; the categories of a plural are one variant."""
    assert variants_of(f"You have {FILES} in {{folder}}.", "de") == [
        (("=0",), "You have No files in {folder}.", None),
        ((), "You have # file in {folder}.", "You have # files in {folder}."),
    ]


def test_branches_of_a_select_are_texts() -> None:
    """A gender's branches are variants by their keys, those inside each other by both."""
    message = "{g, select, female{{n, plural, one{her dog} other{her dogs}}} other{a dog}}"
    assert variants_of(message, "de") == [(("female",), "her dog", "her dogs"), (("other",), "a dog", None)]


def test_a_select_inside_a_plural_has_the_categories_of_the_language() -> None:
    """Czech has a branch for few and many, each with both genders."""
    message = "{n, plural, one{{g, select, a{x} other{y}}} other{{g, select, a{z} other{w}}}}"
    keys = [keys for keys, _, _ in variants_of(message, "cs")]
    assert keys == [(c, g) for c in ("one", "few", "many", "other") for g in ("a", "other")]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "{n, plural, one {ONE} other {OTHER}}"),
        ("zh", "{n, plural, other {OTHER}}"),
        ("pl", "{n, plural, one {ONE} few {FEW} many {MANY} other {OTHER}}"),
    ],
)
def test_a_message_is_written_with_the_categories_of_the_language(language: str, expected: str) -> None:
    """New branches are written as their neighbours are."""
    pattern, (variant,) = adapt(
        spread(read_icu("{n, plural, one {# dog} other {# dogs}}"), quote_icu), language, rekey_icu
    )
    assert written(pattern, {keys: keys[-1].upper() for keys in variant.leaves()}) == expected


def test_a_hash_outside_a_plural_is_quoted_inside() -> None:
    """Only inside a plural is # the number."""
    texts = dict(leaf_texts(spread(read_icu("Issue #5: {n, plural, other{# dogs}}"), quote_icu)))
    assert texts == {("other",): "Issue '#'5: # dogs"}


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("{n, plural, one{x}", "not closed"),
        ("{n, plural, one{x} few{y}}", "no branch 'other'"),
        ("a }", "closes nothing"),
        ("{name", "not closed"),
        ("{n, plural, other{" * 20 + "x" + "}}" * 20, "more than 12 choices"),
    ],
)
def test_broken_messages_are_refused(message: str, sentence: str) -> None:
    """Each is a sentence with a remedy."""
    with pytest.raises(ValueError, match=sentence):
        read_icu(message)


def test_messages_of_many_branches_are_refused() -> None:
    """Two choices multiply; a bound keeps that small."""
    with pytest.raises(ValueError, match="more than 100 texts"):
        spread(read_icu("{a, select, x{1} y{2} other{3}} " * 5), quote_icu)


@pytest.mark.parametrize(
    ("text", "source", "in_branch", "expected"),
    [
        ("l'{name}", "the {name}", False, "l’{name}"),
        ("l'ami", "the friend", False, "l'ami"),
        ("l'", "the", True, "l’"),
        ("l'ami", "it''s", False, "l''ami"),
        ("'{'x'}' l'ami", "'{'x'}'", False, "'{'x'}' l'ami"),
    ],
)
def test_apostrophes_quote_nothing(text: str, source: str, in_branch: bool, expected: str) -> None:
    """Before a brace an apostrophe would quote it; where the source doubles them, the translation does."""
    assert escape_icu(text, source, in_branch) == expected


@given(st.text("ab'# {}"), st.booleans())
def test_texts_are_kept(text: str, doubled: bool) -> None:
    """A text that is read is written again, also with doubled apostrophes unescaped and escaped."""
    try:
        pattern = read_icu(text)
    except ValueError:
        return
    assert "".join(part for part in pattern if not isinstance(part, Choice)) == text
    if doubled and "{" not in text and "}" not in text:
        source = text.replace("'", "''")
        assert escape_icu(unescape_icu(source), source, False) == source
