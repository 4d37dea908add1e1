"""ICU messages: branches are translated; keywords, structure, # and what is nested stay as they are."""

import re
from collections.abc import Sequence

import pytest

from seq2seq import DecodeOptions, Translator
from seq2seq.inference.fidelity import messages
from seq2seq.inference.fidelity.messages import IcuMessage, escape_apostrophes, find_messages

DOGS = "{count, plural, one {# dog} other {# dogs}}"
MALFORMED = [
    "{count, plural, one {# dog}",
    "{count, plural, }",
    "{count, plural, one # dog}",
    "{count, plural, one {# dog} extra}",
    "{count, number}",
    "{a, select, x {" * 5 + "deep" + "}}" * 5,
    "{a, select, " + "x {y}" * 61 + "}",
    "{a, select, x {" + "y" * 20_000 + "}}",
]


@pytest.fixture(scope="module")
def translator() -> Translator:
    """The released model from English to German."""
    return Translator.from_pretrained("en-de", device="cpu")


def outline(text: str, found: Sequence[IcuMessage]) -> list[object]:
    """The texts of the branches of messages, each with what is copied in it."""
    return [
        [(text[b.start : b.end], outline(text, b.copied)) for b in message.branches]
        or text[message.start : message.end]
        for message in found
    ]


def test_branches_are_found() -> None:
    """Branches of plural, selectordinal and select, with selectors, offsets and nested messages."""
    text = (
        f"a {DOGS} b {{n,plural,offset:1 =0{{No dogs}}=1{{It''s '{{x}}' {{name}}}} other\n  {{ # # }}\n}}"
        " {g, select, f {her {n, selectordinal, other {#th}} dog #} other {}}"
    )
    first, second, third = outline(text, find_messages(text))
    assert first == [("# dog", ["#"]), ("# dogs", ["#"])]
    assert second == [("No dogs", []), ("It''s '{x}' {name}", ["'{x}'"]), ("# #", ["#", "#"])]
    assert third == [("her {n, selectordinal, other {#th}} dog #", [[("#th", ["#"])]]), ("", [])]


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_messages_are_none(text: str) -> None:
    """What is malformed, too deep, too long or has too many branches is no message."""
    assert not [m for m in find_messages(text) if m.start == 0]


def test_a_hostile_text_is_tried_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of malformed messages that are tried, each of bounded length, has a bound."""
    tried = []

    class Counting(messages._MessageParser):
        def __init__(self, text: str, limit: int) -> None:
            tried.append(limit)
            super().__init__(text, limit)

    monkeypatch.setattr(messages, "_MessageParser", Counting)
    for part in ("{a,plural,one{ {x ", "{a,plural,one{", "{a,plural,one{b}", "{a,plural,one{'{", "'{"):
        tried.clear()
        assert find_messages(part * (100_000 // len(part))) == []
        assert len(tried) <= messages.MOST_MALFORMED


def test_apostrophes_are_escaped_before_braces() -> None:
    """An apostrophe of the translation must not quote a placeholder."""
    assert escape_apostrophes("d'{name}, l'an, ''{x}") == "d''{name}, l'an, ''{x}"


def test_branches_are_translated(translator: Translator) -> None:
    """Each branch is a text of its own; a sentence around a message is one sentence."""
    rows = {
        DOGS: "{count, plural, one {# Hund} other {# Hunde}}",
        "{who, select,\n  a {A dog is running.}\n  other {Two dogs play. A man sleeps.}\n}": (
            "{who, select,\n  a {Ein Hund rennt.}\n  other {Zwei Hunde spielen. Ein Mann schläft.}\n}"
        ),
        "{a, select, x {{n, plural, other {# dogs}}} other {}}": (
            "{a, select, x {{n, plural, other {# Hunde}}} other {}}"
        ),
        "{n, plural, other {#}}": "{n, plural, other {#}}",
    }
    assert {text: translator.translate(text).text for text in rows} == rows
    assert {text: "".join(translator.stream(text)) for text in rows} == rows
    around = translator.translate(f"A man and {DOGS} are sitting on a bench.\nA man sleeps.")
    german = rows[DOGS]
    assert around.text.count(german) == 1
    assert re.fullmatch(r"Ein Mann und \{[^\n]*\}\} .* auf einer Bank\.\nEin Mann schläft\.", around.text)
    links = [(around.source.split()[s], around.text.split()[t]) for s, t in around.alignment.links()]
    assert ("bench.", "Bank.") in links and ("sleeps.", "schläft.") in links


def test_messages_meet_other_stages(translator: Translator) -> None:
    """Numbers, alternatives, signs and neighbours of a message leave its structure."""
    text = f"42 men 😀 with {DOGS} play"
    found = translator.translate(text, DecodeOptions(num_hypotheses=3))
    for each in (found.text, *(other.text for other in found.alternatives)):
        assert each.count("{count, plural, one {# Hund} other {# Hunde}}") == 1 == each.count("😀")
        assert "42" in each
    touching = translator.translate("{name}{n, plural, one {a} other {{x} dogs}}").text
    assert touching.startswith("{name}{n, plural, one {") and "{x}" in touching
    off = translator.translate(DOGS, DecodeOptions(keep_placeholders=False)).text
    assert off != "{count, plural, one {# Hund} other {# Hunde}}"


def test_branches_count_as_work(translator: Translator) -> None:
    """A queue counts the tokens of branches."""
    (segment,) = translator.prepare("{n, plural, one {A dog plays in the snow.} other {Dogs play.}}")
    assert not segment.is_known and segment.tokens > 10 > len(segment.source.ids)
