"""Each stage by itself: what is set aside before the model, and where it comes back."""

from seq2seq.inference.fidelity.capitals import Casing, casing_of, read_text
from seq2seq.inference.fidelity.edits import Edit, edit_side, edit_text
from seq2seq.inference.fidelity.markers import final_mark_edits, marker_of
from seq2seq.inference.fidelity.numbers import has_same_numbers
from seq2seq.inference.fidelity.protected import protected_spans
from seq2seq.inference.fidelity.rewriting import Rewriting
from seq2seq.inference.fidelity.signs import find_signs, sign_edits
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.text.normalization import normalize


def test_edits_move_spans() -> None:
    """Tokens before an edit stay, tokens after it move, and a replaced token spans its replacement."""
    side = EncodedSide("ein Hund", [4, 5], [(0, 3), (4, 8)])
    edited = edit_side(side, [Edit(0, 0, "* "), Edit(4, 8, "HUNDE"), Edit(8, 8, "!")])
    assert edited.text == edit_text("ein Hund", [Edit(0, 0, "* "), Edit(4, 8, "HUNDE"), Edit(8, 8, "!")])
    assert [edited.text[start:end] for start, end in edited.spans] == ["ein", "HUNDE"]
    inserted = edit_side(side, [Edit(3, 3, " 😀")])
    assert [inserted.text[start:end] for start, end in inserted.spans] == ["ein", "Hund"]


def test_markers() -> None:
    """A list marker is found with its blanks; numbers of dates, hyphens and words are none."""
    markers = {
        "* A man": "* ",
        "1. A list item": "1. ",
        "12) A man": "12) ",
        "• A woman": "• ",
        "- [ ] task": "- [ ] ",
        "- [x] task": "- [x] ",
        "> A man": "> ",
        "> > A man": "> > ",
        "## A man": "## ",
        "  – a dog": "  – ",
        "a) a dog": "a) ",
        "3. Mai": "",
        "A. Smith runs": "",
        "2024 was": "",
        "-5 degrees": "",
        "* ": "",
        "1. ": "",
        "A - b": "",
    }
    assert {text: marker_of(text) for text in markers} == markers


def test_final_marks() -> None:
    """A fragment gets no full stop, a sentence keeps the one it has, and placeholders are no marks."""
    rows = {
        ("A man", "Ein Mann."): "Ein Mann",
        ("A man.", "Ein Mann."): "Ein Mann.",
        ("A man.", "Ein Mann"): "Ein Mann.",
        ("A man?", "Ein Mann"): "Ein Mann?",
        ("A man", "一个男人。"): "一个男人",
        ("A man.", "一个男人"): "一个男人。",
        ("一个男人。", "A man"): "A man.",
        ('"A man."', '"Ein Mann."'): '"Ein Mann."',
        ('"A man"', '"Ein Mann."'): '"Ein Mann"',
        ("A man:", "Ein Mann:"): "Ein Mann:",
        ("A man…", "Ein Mann…"): "Ein Mann…",
        ("A man", "..."): "...",
    }
    assert {pair: edit_text(pair[1], final_mark_edits(*pair)) for pair in rows} == rows
    assert edit_text("Ein {a.}", final_mark_edits("A {a.}", "Ein {a.}", ["{a.}"])) == "Ein {a.}"
    assert edit_text("Ein {a}", final_mark_edits("A {a}.", "Ein {a}", ["{a}"])) == "Ein {a}."


def test_casing() -> None:
    """Capitals and titles are read in lower case; names, abbreviations and German nouns are not."""

    def ranked(word: str) -> tuple[int, float]:
        count = (
            1
            if word in ("red", "dogs", "play", "snow", "Peter")
            else 3
            if word in ("usa", "USA")
            else 2
            if word.islower()
            else 3
        )
        return count, 0

    def read(text: str, language: str = "en") -> tuple[str, bool, bool]:
        casing = casing_of(text, [], language, ranked)
        if casing is None:
            return text, False, False
        return read_text(text, casing), casing.everything, bool(casing.emphasised)

    assert read("TWO DOGS PLAY.") == ("Two dogs play.", True, False)
    assert read("Two Dogs Play in the Snow") == ("Two dogs play in the snow", False, False)
    assert read("A man in a RED shirt") == ("A man in a red shirt", False, True)
    assert read("Two dogs play") == ("Two dogs play", False, False)
    assert read("A man sees Peter") == ("A man sees Peter", False, False)
    assert read("USA") == ("USA", False, False)
    assert read("Der Hund spielt im Schnee", "de") == ("Der Hund spielt im Schnee", False, False)
    assert casing_of("TWO {NAME} DOGS", [(4, 10)], "en", ranked) is not None


def test_signs_are_found() -> None:
    """Emoji are found whole, with tones, flags and joiners; letters, digits and marks are no signs."""
    known = set("abcdefghijklmnopqrstuvwxyz ,.!?'-*=|")

    def signs(text: str) -> list[str]:
        return [sign.text for sign in find_signs(text, [], lambda character: character.lower() in known)]

    assert signs("I love dogs 🐶") == ["🐶"]
    assert signs("👨‍👩‍👧 A family 🇩🇪 is walking 👍🏽") == ["👨‍👩‍👧", "🇩🇪", "👍🏽"]
    assert signs("a ♪ b © c → d * e = f | g") == ["♪", "©", "→", "*", "=", "|"]
    assert signs("nice :-) dog :D <3") == [":-)", ":D", "<3"]
    assert signs("a well-known dog's tail, 5 % (yes)!") == []
    assert [sign.text for sign in find_signs("a {→} →", [(2, 5)], str.isalpha)] == ["→"]


def test_signs_come_back_in_place() -> None:
    """A sign follows what its left word became, and stands at an end where it stood at one."""
    links = [(0, 0), (1, 1), (2, 2), (3, 3)]

    def placed(source: str, target: str, pairs: list[tuple[int, int]] = links) -> str:
        signs = find_signs(source, [], str.isascii)
        return edit_text(target, sign_edits(source, target, signs, pairs))

    assert placed("A dog 😀 plays.", "Ein Hund spielt.", [(0, 0), (1, 1), (3, 2)]) == "Ein Hund 😀 spielt."
    assert placed("A dog😀 plays.", "Ein Hund spielt.", [(0, 0), (1, 1), (2, 2)]) == "Ein Hund😀 spielt."
    assert placed("😀 A dog", "Ein Hund") == "😀 Ein Hund"
    assert placed("A dog 😀", "Ein Hund") == "Ein Hund 😀"
    assert placed("A dog 😀.", "Ein Hund.") == "Ein Hund 😀."
    assert placed("A dog. 😀", "Ein Hund.") == "Ein Hund. 😀"
    assert placed("A dog plays 😀", "一只狗在玩") == "一只狗在玩 😀"


def test_links_of_a_final_mark_that_was_left_out() -> None:
    """Regression: a link to 。, which is a word of its own, raised an error once the mark was left out."""
    source = "a red DOG"
    casing = Casing(lowered=((6, 9),), emphasised=((6, 9),))
    side = EncodedSide("红狗。", [4, 5, 6], [(0, 1), (1, 2), (2, 3)])
    finished = Rewriting(source, casing=casing).finish(side, [(1, 0), (2, 1), (2, 2)])
    assert finished.text == "红狗"


def test_numbers() -> None:
    """Digits must be there, grouped as they may be; numbers up to twelve may be words; none is invented."""
    rows = {
        ("42 people", "42 Personen"): True,
        ("42 people", "vier Personen"): False,
        ("3 dogs", "drei Hunde"): True,
        ("three dogs", "3 Hunde"): True,
        ("dogs", "3 Hunde"): False,
        ("13 dogs", "dreizehn Hunde"): False,
        ("1,234.56", "1.234,56"): True,
        ("3.5 dogs", "35 Hunde"): False,
        ("1,234", "1234"): True,
        ("12:30", "12.30"): True,
        ("2 and 2", "2"): False,
        ("2024", "2012"): False,
        ("no number", "keine Zahl"): True,
    }
    assert {pair: has_same_numbers(*pair, "en", "de") for pair in rows} == rows
    assert has_same_numbers("3 dogs", "三只狗", "en", "zh") and not has_same_numbers(
        "3 dogs", "狗", "en", "zh"
    )
    assert has_same_numbers("12 dogs", "12 xx", "en", "xx") and not has_same_numbers(
        "2 dogs", "dva xx", "en", "xx"
    )


def test_plain_text_has_nothing_to_protect() -> None:
    """Marks, numbers and abbreviations of ordinary sentences are not taken for code."""
    sentences = (
        "50% of dogs|a 50%discount|a {dog runs|the dog: it runs|a 100% dog|dogs @ home|it's 10:30|and/or|"
        "end.The next|e.g. this|A-B test - no|the U.S. army|Mr. Smith's dog|C# and C++|a 3.5 km walk|"
        "Hello (yes) dog|well-known|he said: no|5 < 6 > 4|5 % der Leute|5 % a day|50%off% dogs|{ a man }"
    )
    texts = sentences.split("|")
    assert {text: spans for text in texts if (spans := list(protected_spans(text)))} == {}


def test_german_nouns_in_capitals_keep_theirs() -> None:
    """Of a German text in capitals, nouns that the vocabulary knows by their capital are read with it."""
    text = "EIN HUND RENNT IM SCHNEE"
    pieces = {"Hund": 1, "hund": 2, "Schnee": 1, "schnee": 3}
    for language, expected in (("de", "Ein Hund rennt im Schnee"), ("en", "Ein hund rennt im schnee")):
        casing = casing_of(text, [], language, lambda word: (pieces.get(word, 1), 0))
        assert casing is not None and casing.everything
        assert read_text(text, casing) == expected


def test_german_capitals_are_read_as_the_vocabulary_has_the_words() -> None:
    """Of equally many pieces the more frequent spelling is read, and ß where the vocabulary has it."""
    text = "EINE PERSON ISST AUF DER STRASSE IM ROT-GELBEN T-SHIRT"
    ranks = {
        "Person": (1, 3),
        "person": (1, 9),
        "Auf": (1, 1),
        "Straße": (1, 4),
        "isst": (1, 8),
        "rot": (1, 1),
    }
    casing = casing_of(text, [], "de", lambda word: ranks.get(word, (2, 7.0 + word[0].isupper())))
    assert casing is not None
    read = read_text(text, casing)
    assert len(read) == len(text)
    assert normalize(read).text == "Eine Person isst auf der Straße im rot-gelben T-Shirt"
