"""Arguments of format strings: what each flag names, what prose has without one, and which have an order."""

import pytest

from seq2seq.inference.localization.format_arguments import format_arguments, has_format_flag


def texts(text: str, *flags: str) -> list[str]:
    """Return the placeholders of a text."""
    return [each.text for each in format_arguments(text, flags)]


@pytest.mark.parametrize(
    ("text", "flag", "expected"),
    [
        ("Save %s as %-5.2f%%", "c-format", ["%s", "%-5.2f"]),
        ("%2$s of %1$*3$d", "c-format", ["%2$s", "%1$*3$d"]),
        ("%<PRIu64> bytes, %'d, %ls", "c-format", ["%<PRIu64>", "%'d", "%ls"]),
        ("50% discount", "c-format", ["% d"]),  # C reads it so
        ("%(name)s has %(n)03d of %s", "python-format", ["%(name)s", "%(n)03d", "%s"]),
        ("{} {0} {name!r:>10} {{x}}", "python-brace-format", ["{}", "{0}", "{name!r:>10}"]),
        ("%1 of %L2, %n and %Ln", "qt-format", ["%1", "%L2", "%n", "%Ln"]),
        ("$HOME and ${USER} for $5", "sh-format", ["$HOME", "${USER}"]),
        ("%{count} of %<all>d", "ruby-format", ["%{count}", "%<all>d"]),
        ("{0} of {1,number}", "java-format", ["{0}", "{1,number}"]),
    ],
)
def test_a_flag_says_what_is_a_placeholder(text: str, flag: str, expected: list[str]) -> None:
    """Each flag has its own syntax, literal signs aside."""
    assert has_format_flag([flag])
    assert texts(text, flag, "fuzzy") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% of all, 100%d, 5 % per year", []),
        ("{ a, b } and { }", []),
        ("costs $5 or US$ 7", []),
        ("Save %s to %(folder)s, {name}, ${x} and %1", ["%s", "%(folder)s", "{name}", "${x}", "%1"]),
        ("%PRODUCTNAME for $[officename]", ["%PRODUCTNAME", "$[officename]"]),
        ('<a href="x">a</a> &lt; b < c', ['<a href="x">', "</a>", "&lt;"]),
        ("[X0X] of [X1X]", ["[X0X]", "[X1X]"]),
        ("%.1f%%", ["%.1f"]),
        ("%count% of %sender.name% %d% off", ["%count%", "%sender.name%", "%d"]),
        ("50%off% 100% of 20% each", []),
        ("$t(common.open) or $t(file, {count})", ["$t(common.open)", "$t(file, {count})"]),
        ("it costs $t (about)", []),
        (
            "{ $user } in { -brand-name }, {$n}, { DATETIME($d, era: 1) }",
            ["{ $user }", "{ -brand-name }", "{$n}", "{ DATETIME($d, era: 1) }"],
        ),
        ("{ - } and { -1 } and { A (b) }", []),
    ],
)
def test_without_a_flag_prose_has_no_placeholders(text: str, expected: list[str]) -> None:
    """Without a flag only what cannot be prose is a placeholder."""
    assert texts(text) == expected


def test_an_argument_with_a_name_or_a_number_has_no_place() -> None:
    """Numbered and named arguments may change their order, all others not."""
    free = format_arguments("%1$s %1 {0} {name} %(n)s ${x} <b> %<n>d")
    assert len(free) == 8 and not any(each.is_positional for each in free)
    bound = [
        *format_arguments("%s %d %.2f %<PRId64>", ["c-format"]),
        *format_arguments("{} {:>5}", ["rust-format"]),
    ]
    assert len(bound) == 6 and all(each.is_positional for each in bound)


def test_spans_are_those_of_the_text() -> None:
    """Start and end are characters of the text."""
    text = "a %s {b}"
    assert [text[each.start : each.end] for each in format_arguments(text)] == ["%s", "{b}"]


@pytest.mark.parametrize(
    "piece", ["%", "{", "<a ", "${", "%(", "%1$", "&#1", "%-", "$[a", "%aa", "$t(", "{ $", "{ AAA("]
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """One beginning, many times over, is read: nothing takes the square of the length."""
    assert isinstance(format_arguments(piece * 100_000), list)
