"""Facts as a model reads them, and the sentence it makes of them.

    name[The Eagle], food[French], near[Café Rouge]     what a user writes
    X food French near Y                                what the model reads: one order, names left out
    X is a French place near Y.                         what the model writes
    The Eagle is a French place near Café Rouge.        what the user reads

A slot whose values are names (`copied`) is a letter to the model, so that a name never seen is as good as
any; of the other slots it knows the values that it was trained on. `Written` keeps where each character of
what the model reads or writes stands in the user's text, so that a map of attention points at the facts.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from seq2seq.text.attributes import Attribute, parse_attributes
from seq2seq.text.normalization import Normalized

LETTERS = "XYZ"  # what stands for the value of a copied slot; a word of its own in no other text
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class FactsForm:
    """What facts a model was trained on: slots of names, and the values of all others, in the order it reads.

    Raises:
        ValueError: no slots, more copied slots than there are letters, or values that are no lists of texts.
    """

    copied: list[str]
    values: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lists = [self.copied, *self.values.values()] if isinstance(self.values, dict) else [None]
        if not all(isinstance(texts, list) for texts in lists) or not all(
            isinstance(text, str) and text for texts in lists for text in texts
        ):
            raise ValueError(f"facts are {self}; give names of slots and lists of values")
        if not self.copied:
            raise ValueError("facts.copied is empty; name the slot that says what the facts are about")
        if len(self.copied) > len(LETTERS):
            raise ValueError(f"facts.copied is {self.copied}; at most {len(LETTERS)} slots can be copied")

    @property
    def order(self) -> list[str]:
        """All slots in the order the model reads them: the first name first, other names last."""
        return [*self.copied[:1], *self.values, *self.copied[1:]]

    def letter(self, slot: str) -> str | None:
        """What stands for the value of a slot, where it is copied."""
        return LETTERS[self.copied.index(slot)] if slot in self.copied else None

    def check(self, text: str) -> list[Attribute]:
        """The facts of a text in the order the model reads them, spelt as it knows them.

        Raises:
            ValueError: no facts, a slot twice or unknown, a value unknown or empty, or no name.
        """
        facts = {}
        for fact in parse_attributes(text):
            slot = _spelt(fact.name, self.order)
            if slot is None:
                raise ValueError(f"slot {fact.name!r} is unknown; this model knows {', '.join(self.order)}")
            if slot in facts:
                raise ValueError(f"slot {slot!r} is given twice, again as {fact.value!r}; give it once")
            value = fact.value if slot in self.copied else _spelt(fact.value, self.values[slot])
            if not fact.value:
                raise ValueError(f"{slot}[] has no value; give one or leave the slot out")
            if value is None:
                known = ", ".join(self.values[slot])
                raise ValueError(f"{slot}[{fact.value}] is unknown to this model; it knows {known}")
            facts[slot] = fact._replace(name=slot, value=value)
        if self.copied[0] not in facts:
            raise ValueError(f"the facts {text[:80]!r} lack {self.copied[0]}[...]; say what they are about")
        return [facts[slot] for slot in self.order if slot in facts]

    def read(self, text: str) -> Normalized:
        """What the model reads of a user's facts, with where each character comes from."""
        pieces: list[tuple[str, int, int]] = []  # a word, and the stretch of the text it stands for
        for fact in self.check(text):
            letter = self.letter(fact.name)
            if letter is None:
                end = fact.name_start + len(fact.name)
                pieces += [(word, fact.name_start, end) for word in _words(fact.name)]
            elif fact.name != self.copied[0]:
                pieces.append((fact.name, fact.name_start, fact.name_start + len(fact.name)))
            pieces.append((letter or fact.value, fact.value_start, fact.end))
        return _joined(pieces)

    def leave_out(self, text: str, facts: Iterable[Attribute]) -> Normalized:
        """A sentence with the names of the facts as letters, with where each character comes from."""
        names = {fact.value.lower(): self.letter(fact.name) for fact in facts if fact.name in self.copied}
        if not names:
            return _same(text)
        pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        parts, position = _Parts(), 0
        for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE):
            parts.keep(text, position, found.start())
            parts.put(names[found[0].lower()] or "", found.start(), found.end())
            position = found.end()
        parts.keep(text, position, len(text))
        return parts.written()

    def put_in(self, text: str, facts: Iterable[Attribute]) -> str:
        """A sentence of the model with the names of the facts in place of its letters."""
        names = {self.letter(fact.name): fact.value for fact in facts if fact.name in self.copied}
        return re.sub(rf"(?<![^\W_])[{LETTERS}](?![^\W_])", lambda found: names.get(found[0], found[0]), text)


def as_mapping(facts: Iterable[Attribute]) -> dict[str, str]:
    """Slot -> value."""
    return {fact.name: fact.value for fact in facts}


def as_text(facts: dict[str, str]) -> str:
    """The facts as a user writes them."""
    return ", ".join(f"{slot}[{value}]" for slot, value in facts.items())


class _Parts:
    """A text under construction whose characters know where they come from."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.origins: list[int] = []
        self.ends: list[int] = []

    def keep(self, text: str, start: int, end: int) -> None:
        """Take over a stretch as it is."""
        self.texts.append(text[start:end])
        self.origins += range(start, end)
        self.ends += range(start + 1, end + 1)

    def put(self, new: str, start: int, end: int) -> None:
        """Put something else in place of a stretch."""
        self.texts.append(new)
        self.origins += [start] * len(new)
        self.ends += [end] * len(new)

    def written(self) -> Normalized:
        """What has been put together."""
        return Normalized("".join(self.texts), self.origins, self.ends)


def _joined(pieces: list[tuple[str, int, int]]) -> Normalized:
    parts = _Parts()
    for number, (word, start, end) in enumerate(pieces):
        if number:
            parts.put(" ", start, start)
        parts.put(word, start, end)
    return parts.written()


def _same(text: str) -> Normalized:
    parts = _Parts()
    parts.keep(text, 0, len(text))
    return parts.written()


def _words(slot: str) -> list[str]:
    """A slot's name as words in lower case: eatType -> eat, type."""
    return [word.lower() for word in _WORD.findall(slot)] or [slot]


def _spelt(text: str, known: Iterable[str]) -> str | None:
    """The known spelling of a text, whatever its case and blanks."""
    plain: Callable[[str], str] = lambda one: "".join(one.split()).casefold()  # noqa: E731
    return next((one for one in known if plain(one) == plain(text)), None)
