"""Suggestions: the same entry, an exact match, then the model; and what each says about itself."""

from dataclasses import dataclass, field
from typing import Literal

from seq2seq.inference.localization.string_translator import StringRequest, StringTranslation
from seq2seq.inference.localization.suggestions import BATCH, EntryMemory, Suggester, Suggestion
from seq2seq.inference.memory.memory import TranslationMemory


@dataclass(eq=False)
class Entry:
    """An entry of a catalog."""

    source: str
    targets: list[str] = field(default_factory=lambda: [""])
    key: str = ""
    context: str = ""
    source_plural: str | None = None
    plural_forms: int = 1
    flags: frozenset[str] = frozenset()
    state: Literal["missing", "review", "done"] = "missing"
    max_length: int | None = None

    @property
    def sources(self) -> list[str]:
        return [self.source, *[self.source_plural or ""] * (self.plural_forms - 1)]


class Shouter:
    """A model of strings: upper case, and a problem for what ends with a question mark."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def translate(self, requests: list[StringRequest]) -> list[StringTranslation]:
        self.batches.append(len(requests))
        return [
            StringTranslation(
                each.source.upper(),
                len(each.source) / 10,
                -1.0,
                ["is loud"] if each.source.endswith("?") else [],
                is_copied=each.source == "1",
            )
            for each in requests
        ]


def make(*pairs: tuple[str, str], similar: bool = False) -> tuple[Suggester, Shouter]:
    """Return a source of suggestions with these pairs in its memory, and its model."""
    memory = TranslationMemory("en", "de")
    for pair in pairs:
        memory.add(*pair)
    model = Shouter()
    return Suggester(memory, EntryMemory(), lambda: model, "de", similar=similar), model  # type: ignore[arg-type, return-value]


def one(suggester: Suggester, entry: Entry) -> Suggestion:
    """Return the suggestion for one entry."""
    return next(suggester.suggest([entry]))


def test_an_exact_match_needs_no_model() -> None:
    """The memory's target comes in the frame of the string, and no model is asked."""
    suggester, model = make(("_Open", "Ö_ffnen"))
    found = one(suggester, Entry("Open…"))
    assert found.origin == "memory" and found.targets == ["Öffnen…"] and found.confidence is None
    assert found.match is not None and found.match.score == 99 and model.batches == []


def test_what_the_memory_lacks_is_translated_together() -> None:
    """Entries keep their order, and the model gets all strings of a group at once."""
    suggester, model = make(("b", "B der Mappe"))
    results = list(suggester.suggest(map(Entry, ["a", "b", "c?", "1"])))
    assert [each.targets[0] for each in results] == ["A", "B der Mappe", "C?", "1"]
    assert [each.origin for each in results] == ["model", "memory", "model", "copied"]
    assert results[2].problems == ("is loud",) and results[0].confidence == 0.1
    assert model.batches == [3]
    assert len(list(suggester.suggest(Entry(f"x{n}") for n in range(BATCH + 1)))) == BATCH + 1
    assert model.batches == [3, BATCH, 1]


def test_the_same_entry_comes_back_with_all_its_forms() -> None:
    """Plural forms of an entry are those it had; by key before by text."""
    suggester, model = make()
    forms = {"source_plural": "%d files", "plural_forms": 3}
    suggester.remember(Entry("%d file", ["%d soubor", "%d soubory", "%d souborů"], state="done", **forms))
    assert one(suggester, Entry("%d file", ["", "", ""], **forms)).targets == [
        "%d soubor",
        "%d soubory",
        "%d souborů",
    ]
    suggester.remember(Entry("Open", ["Offen"], key="state", state="done"))
    suggester.remember(Entry("Open", ["Öffnen"], key="button", state="done"))
    assert one(suggester, Entry("Open", key="state")).targets == ["Offen"]
    assert one(suggester, Entry("Open", key="other")).targets == ["Öffnen"]
    assert model.batches == []


def test_the_context_decides() -> None:
    """Of a string with two translations the one of the same context is taken."""
    suggester, _ = make()
    suggester.remember(Entry("Open", ["Offen"], key="1", context="state", state="done"))
    suggester.remember(Entry("Open", ["Öffnen"], key="2", context="verb", state="done"))
    assert one(suggester, Entry("Open", key="3", context="state")).targets == ["Offen"]
    assert one(suggester, Entry("Open…", key="3", context="verb")).targets == ["Öffnen…"]


def test_two_forms_come_from_a_memory_of_pairs() -> None:
    """Singular and plural that the memory has are exact; of one that it lacks the model makes both."""
    suggester, model = make(("One dog", "Ein Hund"), ("%d dogs", "%d Hunde"))
    entry = Entry("One dog", ["", ""], source_plural="%d dogs", plural_forms=2)
    assert one(suggester, entry).targets == ["Ein Hund", "%d Hunde"]
    entry = Entry("One dog", ["", ""], source_plural="%d cats", plural_forms=2)
    assert one(suggester, entry).targets == ["ONE DOG", "%D CATS"]
    assert model.batches == [2]


def test_a_match_that_would_break_the_program_is_not_taken() -> None:
    """A target that is too long for its place, or lacks a placeholder, is left to the model."""
    suggester, _ = make(("Preferences", "Einstellungen"), ("Save %s", "Sichern"))
    assert one(suggester, Entry("Preferences", max_length=5)).origin == "model"
    assert one(suggester, Entry("Save %s", flags=frozenset({"c-format"}))).origin == "model"


def test_the_most_similar_unit_is_named_on_request() -> None:
    """A suggestion of the model names what the memory has that is like it."""
    pairs = [("Open the file again", "Die Datei erneut öffnen")]
    near = one(make(*pairs, similar=True)[0], Entry("Open the files again")).match
    assert near is not None and near.target == "Die Datei erneut öffnen" and near.score < 99
    assert one(make(*pairs)[0], Entry("Open the files again")).match is None
