"""The form of facts: delexicalised model input, and names restored in the output.

    name[The Eagle], food[French], near[Café Rouge]     source
    X food French near Y                                model input: fixed order, names delexicalised
    X is a French place near Y.                         model output
    The Eagle is a French place near Café Rouge.        result

The value of a copied slot, a name, is a letter to the model, so that unseen names work as well as seen ones.
Other slots have the values of the training data. `Normalized` maps each character of model input and output
to the text of the user, so that an attention map points at the facts.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from seq2seq.text.attributes import Attribute, parse_attributes
from seq2seq.text.normalization import Normalized

LETTERS = "XYZ"  # stand for the values of copied slots, as words of their own
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class FactsForm:
    """The slots and values that a model was trained on.

    Attributes:
        copied: The slots whose values are names; the first one names the subject of the facts.
        values: The other slots, in the order of the model input, with their values.

    Raises:
        ValueError: There are no copied slots, more than there are letters, or values that are no lists of
            texts.
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
        """All slots in the order of the model input: the first name first, other names last."""
        return [*self.copied[:1], *self.values, *self.copied[1:]]

    def letter(self, slot: str) -> str | None:
        """Return the letter for the values of a copied slot; None for other slots."""
        return LETTERS[self.copied.index(slot)] if slot in self.copied else None

    def check(self, text: str) -> list[Attribute]:
        """Parse the facts of a text, in the order and spelling of the model input.

        Raises:
            ValueError: The text has no facts, a slot is repeated or unknown, a value is unknown or empty, or
                the name of the subject is missing.
        """
        facts = {}
        for fact in parse_attributes(text, "fact"):
            slot = _known_spelling(fact.name, self.order)
            if slot is None:
                raise ValueError(f"slot {fact.name!r} is unknown; this model knows {', '.join(self.order)}")
            if slot in facts:
                raise ValueError(f"slot {slot!r} is given twice, again as {fact.value!r}; give it once")
            value = fact.value if slot in self.copied else _known_spelling(fact.value, self.values[slot])
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
        """Convert the facts of a user to model input, with the origin of each character.

        Raises:
            ValueError: The facts are not of this form (`check`).
        """
        words: list[tuple[str, int, int]] = []  # a word, and the span of the text it stands for
        for fact in self.check(text):
            letter = self.letter(fact.name)
            if letter is None:
                end = fact.name_start + len(fact.name)
                words += [(word, fact.name_start, end) for word in _words(fact.name)]
            elif fact.name != self.copied[0]:
                words.append((fact.name, fact.name_start, fact.name_start + len(fact.name)))
            words.append((letter or fact.value, fact.value_start, fact.end))
        return _join(words)

    def leave_out(self, text: str, facts: Iterable[Attribute]) -> Normalized:
        """Replace the names of facts in a sentence by letters, with the origin of each character."""
        names = {fact.value.lower(): self.letter(fact.name) for fact in facts if fact.name in self.copied}
        if not names:
            return _unchanged(text)
        # Longer names first, for a name may begin like another.
        pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        builder, position = _Builder(), 0
        for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE):
            builder.copy(text, position, match.start())
            builder.replace(names[match[0].lower()] or "", match.start(), match.end())
            position = match.end()
        builder.copy(text, position, len(text))
        return builder.build()

    def put_in(self, text: str, facts: Iterable[Attribute]) -> str:
        """Replace the letters in a sentence of the model by the names of the facts."""
        names = {self.letter(fact.name): fact.value for fact in facts if fact.name in self.copied}
        # In one pass: a name may itself have a letter for a word.
        return re.sub(rf"(?<![^\W_])[{LETTERS}](?![^\W_])", lambda match: names.get(match[0], match[0]), text)


def as_mapping(facts: Iterable[Attribute]) -> dict[str, str]:
    """Return facts as a mapping from slots to values."""
    return {fact.name: fact.value for fact in facts}


def as_text(facts: dict[str, str]) -> str:
    """Format facts as a user writes them."""
    return ", ".join(f"{slot}[{value}]" for slot, value in facts.items())


class _Builder:
    """A text under construction that records the origin of each character."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.origins: list[int] = []
        self.ends: list[int] = []

    def copy(self, text: str, start: int, end: int) -> None:
        """Append a span of a text unchanged."""
        self.texts.append(text[start:end])
        self.origins += range(start, end)
        self.ends += range(start + 1, end + 1)

    def replace(self, new: str, start: int, end: int) -> None:
        """Append other characters in place of a span."""
        self.texts.append(new)
        self.origins += [start] * len(new)
        self.ends += [end] * len(new)

    def build(self) -> Normalized:
        """Return the text with its origins."""
        return Normalized("".join(self.texts), self.origins, self.ends)


def _join(words: list[tuple[str, int, int]]) -> Normalized:
    builder = _Builder()
    for number, (word, start, end) in enumerate(words):
        if number:
            builder.replace(" ", start, start)
        builder.replace(word, start, end)
    return builder.build()


def _unchanged(text: str) -> Normalized:
    builder = _Builder()
    builder.copy(text, 0, len(text))
    return builder.build()


def _words(slot: str) -> list[str]:
    """Split the name of a slot into words in lower case: eatType -> eat, type."""
    return [word.lower() for word in _WORD.findall(slot)] or [slot]


def _known_spelling(text: str, known: Iterable[str]) -> str | None:
    """Return the known text that equals a text but for case and blanks."""
    plain: Callable[[str], str] = lambda spelling: "".join(spelling.split()).casefold()  # noqa: E731
    return next((spelling for spelling in known if plain(spelling) == plain(text)), None)
