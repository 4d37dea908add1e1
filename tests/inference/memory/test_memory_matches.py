"""Tests of the translation memory: same text, same form, similar text, and the order among targets."""

import pytest

from seq2seq.inference.memory.memory import TranslationMemory


def memory_of(*pairs: tuple[str, str], languages: tuple[str, str] = ("en", "de")) -> TranslationMemory:
    """Return a memory of some pairs."""
    memory = TranslationMemory(*languages)
    for pair in pairs:
        memory.add(*pair)
    return memory


def test_same_text_is_found() -> None:
    """The same text matches with 100 percent; another text does not."""
    memory = memory_of(("Open", "Öffnen"), ("Close", "Schließen"))
    match = memory.best("Open")
    assert match is not None
    assert (match.source, match.target, match.score, match.is_exact) == ("Open", "Öffnen", 100, True)
    assert memory.best("Paste special") is None


@pytest.mark.parametrize(
    ("known", "asked", "expected"),
    [
        (("_Open", "Ö_ffnen"), "Open…", "Öffnen…"),
        (("Open", "Öffnen"), "_Open...", "_Öffnen..."),
        (("Save as", "Speichern unter"), "Save as:", "Speichern unter:"),
        (("Done.", "Fertig."), "Done", "Fertig"),
        (("Done", "Fertig"), "Done.", "Fertig."),
        (("fatal error", "schwerer Fehler"), "Fatal error", "Schwerer Fehler"),
        (("&Save", "&Speichern"), "_Save", "_Speichern"),
        ((" Name: ", " Name: "), "Name", "Name"),
    ],
)
def test_same_text_in_another_frame_is_adapted(known: tuple[str, str], asked: str, expected: str) -> None:
    """A match in another frame is exact with 99 percent, its target in the frame of the asked text."""
    match = memory_of(known).best(asked)
    assert match is not None
    assert (match.target, match.score, match.is_exact) == (expected, 99, True)


def test_accents_however_they_are_coded() -> None:
    """A text matches whether its accents are characters of their own or not, exactly as in a glossary."""
    for known, asked in (("Café au lait", "Cafe\u0301 au lait"), ("Cafe\u0301…", "Café…")):
        match = memory_of((known, "Milchkaffee" + known[12:])).best(asked)
        assert match is not None and match.is_exact


def test_frames_of_other_languages() -> None:
    """French sets a no-break space before a colon, Chinese names the accelerator at the end."""
    french = memory_of(("Name", "Nom"), languages=("en", "fr")).best("Name:")
    assert french is not None and french.target == "Nom\N{NO-BREAK SPACE}:"
    chinese = memory_of(("Save as", "另存为"), languages=("en", "zh")).best("_Save as…")
    assert chinese is not None and chinese.target == "另存为(_S)…"
    stop = memory_of(("Done", "完成"), languages=("en", "zh")).best("Done.")
    assert stop is not None and stop.target == "完成。"


def test_a_german_noun_keeps_its_capital() -> None:
    """A small first letter is taken over in other languages, but not in German."""
    german = memory_of(("File", "Datei")).best("file")
    assert german is not None and german.target == "Datei"
    french = memory_of(("File", "Fichier"), languages=("en", "fr")).best("file")
    assert french is not None and french.target == "fichier"


def test_stand_ins_of_a_platform_match_placeholders() -> None:
    """Weblate sends [X5X] in place of a placeholder; the match has it in its place, moved as it may be."""
    memory = memory_of(("Open %s in %s", "In %2$s %1$s öffnen"), ("Send {name} now", "{name} jetzt senden"))
    match = memory.best("Send [X5X] now")
    assert match is not None
    assert (match.target, match.score, match.is_exact) == ("[X5X] jetzt senden", 99, True)
    numbered = memory.best("Open [X5X] in [X11X]")  # %s is not in the target: not the same placeholders
    assert numbered is not None and not numbered.is_exact


def test_repeated_placeholders_keep_their_order() -> None:
    """The k-th of several equal placeholders becomes the k-th of the asked text."""
    match = memory_of(("%s of %s", "%s von %s")).best("[X0X] of [X6X]")
    assert match is not None and match.target == "[X0X] von [X6X]"


def test_other_placeholders_are_no_exact_match() -> None:
    """A text with other placeholders is similar, and the target has those of the asked text."""
    match = memory_of(("%d files in the folder", "%d Dateien im Ordner")).best("{count} files in the folder")
    assert match is not None
    assert match.target == "{count} Dateien im Ordner"
    assert not match.is_exact and 90 < match.score < 99


def test_a_target_without_the_placeholder_is_no_exact_match() -> None:
    """A unit whose target lost a placeholder is not filled in unseen, even for the same text."""
    memory = memory_of(("Page %d", "Seite"))
    match = memory.best("Page %d")
    assert match is not None and not match.is_exact and match.score < 99
    assert memory.exact("Page %d") is None


def test_another_unit_goes_before_one_that_lost_its_placeholder() -> None:
    """Of two targets the one with the placeholder is the best match, however frequent the other is."""
    memory = memory_of(("Page %d", "Seite"), ("Page %d", "Seite"), ("Page %d", "Seite %d"))
    match = memory.exact("Page %d")
    assert match is not None and match.target == "Seite %d"


def test_most_frequent_target_then_newest() -> None:
    """Of several targets the most frequent is the best, of equally frequent ones the newest."""
    memory = memory_of(("Bank", "Bank"), ("Bank", "Ufer"))
    assert [match.target for match in memory.matches("Bank")] == ["Ufer", "Bank"]
    memory.add("Bank", "Bank")
    assert [match.target for match in memory.matches("Bank")] == ["Bank", "Ufer"]


def test_same_context_goes_first() -> None:
    """A unit of the same context goes before a more frequent one."""
    memory = memory_of(("May", "Darf"), ("May", "Darf"))
    memory.add("May", "Mai", "month")
    best = memory.best("May", "month")
    assert best is not None and (best.target, best.context) == ("Mai", "month")
    other = memory.best("May")
    assert other is not None and other.target == "Darf"


def test_similar_text_by_pencil() -> None:
    """Similarity is the share of characters that stay: 2 edits in 10 are 80 percent, not exact."""
    memory = memory_of(("abcdefghij", "zehn"))
    match = memory.best("abcdefghxy")
    assert match is not None and (match.target, match.score, match.is_exact) == ("zehn", 80, False)
    assert memory.best("abcdefghxy", least=81) is None
    assert memory.best("abcdefgxyz") is not None  # 70 of 100, not a little less by rounding
    assert memory.best("abcdefwxyz") is None


def test_matches_are_limited_and_in_order() -> None:
    """The best few matches come in order, each target once."""
    memory = memory_of(("abcdefghij", "0"), ("abcdefghix", "1"), ("abcdefghxx", "2"), ("abcdefgxxx", "3"))
    assert [(m.target, m.score) for m in memory.matches("abcdefghij", limit=3)] == [
        ("0", 100),
        ("1", 90),
        ("2", 80),
    ]


def test_units_added_later_are_found() -> None:
    """A unit that is added after the index was built is found: the same, in another frame, similar."""
    memory = memory_of(("Open", "Öffnen"))
    assert memory.best("Preferences") is None
    memory.add("Preferences", "Einstellungen", origin="suggestion")
    for asked, score in (("Preferences", 100), ("_Preferences…", 99), ("Preference", 90)):
        match = memory.best(asked)
        assert match is not None and (match.score, match.origin) == (score, "suggestion")


def test_blank_sides_are_left_out() -> None:
    """A unit without a translation is none."""
    assert len(memory_of(("Open", ""), ("", "Öffnen"), (" ", "x"))) == 0


def test_units_are_given_back_in_order() -> None:
    """Every unit is given back, with each of its contexts."""
    memory = memory_of(("Open", "Öffnen"))
    memory.add("May", "Mai", "month", "cal.po")
    memory.add("May", "Mai", "menu", "cal.po")
    assert [tuple(unit) for unit in memory.units()] == [
        ("Open", "Öffnen", None, None),
        ("May", "Mai", "month", "cal.po"),
        ("May", "Mai", "menu", "cal.po"),
    ]


def test_hostile_texts_are_only_texts() -> None:
    """Any text may be asked for: the slot itself, control characters, halves of characters, long ones."""
    memory = memory_of(("a\ufffcb", "c"), ("\x01\x02", "\x03"), ("x" * 5000, "lang"))
    for asked in ("a\ufffcb", "\x01\x02", "\ud800", "", " ", "x" * 5000, "%", "[X0X]", "_", "&"):
        memory.matches(asked)
    match = memory.best("x" * 4999)
    assert match is not None and match.target == "lang"
