"""Which facts a sentence about a place states: a matcher by rules, for the slots and values of E2E.

    facts + text  ->  stated values of each slot  ->  missing, wrong, added     slot errors / facts

The text is read in lower case, with the names of the facts taken out first (Raja *Indian* Cuisine is no
food). A phrase belongs to one value: "cheap" does not state "less than £20". What is said of a rating must
stand beside a word for ratings, what is said of a price beside one for prices, a denial before what it
denies.
The generic word "restaurant" states the type where that is asked for and adds nothing where it is not.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Facts = Mapping[str, str]  # slot -> value, as in food -> Japanese

NAME, NEAR = "name", "near"


class SlotErrors(NamedTuple):
    """Slots of some facts that a text leaves out, states with another value, or adds."""

    missing: list[str]
    wrong: list[str]
    added: list[str]

    @property
    def total(self) -> int:
        """How many errors."""
        return len(self.missing) + len(self.wrong) + len(self.added)


class SlotRate(NamedTuple):
    """Slot errors of some texts, by kind, and the facts they were to state."""

    missing: int
    wrong: int
    added: int
    facts: int

    @property
    def rate(self) -> float:
        """Errors of all kinds / facts."""
        return (self.missing + self.wrong + self.added) / max(1, self.facts)

    def summary(self) -> str:
        """Return the errors as one line of text."""
        kinds = f"{self.missing} missing, {self.wrong} wrong, {self.added} added"
        return f"slot errors {self.rate:.2%} of {self.facts} facts: {kinds}"

    def to_json(self) -> dict[str, float]:
        """Return the errors as plain values."""
        return {"rate": self.rate, **self._asdict()}


# --- words that the rules are made of -----------------------------------------------------------------

_OF_FIVE = r"(?:\.0)?(?:[ -]*(?:out[ -]of|of|/|on)[ -]*(?:a possible )?(?:5|five)|[ -]*stars?\b)"
_RATED = r"(?:rat\w+|reviews?\w*|scor\w+|satisf\w+|recommend\w*|customers?|regard\w*|rank\w*|stars?)"
_PRICED = r"(?:pric\w+|cost\w*|rates?|range\w*|budget\w*|spend\w*|menu|value)"
_LOW = r"(?:low(?:er|est|ly)?|poor(?:ly)?|bad(?:ly)?|not (?:very |so )?(?:well|good|great|high(?:ly)?))"
_AVERAGE = (
    r"(?:averagely|average|decent(?:ly)?|mediocre|ok(?:ay)?|fair(?:ly)?|middling|medium|moderate(?:ly)?)"
)
_HIGH = r"(?:high(?:er|est|ly)?|excellent(?:ly)?|great|well|good|top|outstanding|superb)"
_NO_RATING = r"(?![- ]+(?:customer|rat))"
_POUNDS = r"[£$€l]? ?"
_CHILD = r"(?:famil(?:y|ies)|child(?:ren)?s?|kids?)"
_DENIAL = (
    r"(?:not|no|non|isn'?t|n't|don'?t|doesn'?t|aren'?t|cannot|can't|never|nor|neither|without|unsuitable|"
    r"unfriendly)"
)


def _any(*rules: str) -> str:
    return "|".join(rules)


def _beside(words: str, topic: str, most: int = 2) -> str:
    """Words before a topic with a few others between them, or after it: low rating, rated as low."""
    between = rf"(?:[- ]+(?!and\b|but\b|with\b|not\b)[\w']+){{0,{most}}}"
    return rf"\b{words}{between}[- ]+{topic}\b|\b{topic}{between}[- ]+{words}\b"


_RULES: dict[str, dict[str, str]] = {
    "eatType": {
        "pub": r"\bpubs?\b",
        "coffee shop": r"\bcoffee\b|\bcaf[eé]s?\b",
        "restaurant": r"\brestaurants?\b",
    },
    "food": {
        "Chinese": r"\bchinese\b",
        "English": r"\benglish\b|\bbritish\b",
        "Fast food": r"\bfast[- ]?foods?\b",
        "French": r"\bfrench\b",
        "Indian": r"\bindian\b",
        "Italian": r"\bitalian\b",
        "Japanese": r"\bjapanese\b|\bsushi\b",
    },
    "priceRange": {
        "cheap": _any(
            r"\bcheap(?:ly|er|est)?\b|\binexpensive(?:ly)?\b|\baffordabl[ey]\b|\bnot expensive\b",
            _beside(f"low(?:er)?{_NO_RATING}", _PRICED, 1),
        ),
        "moderate": _any(
            r"\bmoderate(?:ly)?[- ](?:and \w+[- ])?pric\w+|\breasonabl[ey]\b",
            r"\bmid[- ]?(?:dle)?[- ]?(?:range|pric\w+)",
            _beside(f"(?:moderate(?:ly)?|medium|average|fair(?:ly)?){_NO_RATING}", _PRICED, 1),
        ),
        "high": _any(
            r"(?<!not )\bexpensive\b|\bprice?y\b|\bhigh[- ]?(?:end|cost)\b|\bupscale\b|\bcostly\b",
            _beside(f"high(?:er|ly)?{_NO_RATING}", _PRICED, 1),
        ),
        "less than £20": _any(
            r"(?:less|under|below|lower|cheaper|fewer|up to|within|no more than|not more than|<)"
            rf"(?: than)?(?: an? \w+ of)? ?{_POUNDS}20\b",
            r"\b(?:£ ?)?20 (?:or less|and under|or under|pounds or less)",
        ),
        "£20-25": rf"20 ?(?:-|–|to|and|and about) ?{_POUNDS}25",
        "more than £30": _any(
            r"(?:more|over|above|higher|greater|upwards|excess|start(?:s|ing)?(?: at| from)?|from|>)"
            rf"(?: than| of| at)? ?{_POUNDS}30\b",
            r"30 ?(?:\+|or more|and (?:up|over|above)|plus|upwards)",
        ),
    },
    "customer rating": {
        "low": _beside(_LOW, _RATED),
        "average": _beside(_AVERAGE, _RATED),
        "high": _beside(_HIGH, _RATED),
    },
    "area": {
        "city centre": _any(
            r"\b(?:city|town)[- ]?(?:centre|center)\b|\bdowntown\b",
            r"\b(?:centre|center|heart|middle) of (?:the )?(?:city|town)\b",
        ),
        "riverside": r"\briver\b|\briversides?\b|\bwaterfront\b",
    },
}

# Found from left to right, none across another: "4 out of 5 stars" is not five stars.
_OUT_OF_FIVE = re.compile(rf"\b(zero|one|two|three|four|five|[0-5]){_OF_FIVE}")
_RATINGS = {
    "1": "1 out of 5",
    "one": "1 out of 5",
    "3": "3 out of 5",
    "three": "3 out of 5",
    "5": "5 out of 5",
    "five": "5 out of 5",
}

_CHILDREN_DENIED = _any(
    rf"\b{_DENIAL}\b[- ]*(?:[\w']+[- ]+){{0,5}}?{_CHILD}\b(?:[-, ]+(?:[\w']+[- ]+){{0,2}}?{_CHILD}\b)*",
    rf"\b{_CHILD}[- ]*(?:friendly)?[- ]*(?:\w+)?[- ]*(?:not|aren'?t|isn'?t|unfriendly|un-?welcome|free)\b",
    r"\badults?\b",
)

_COMPILED = {
    slot: {value: re.compile(rule) for value, rule in values.items()} for slot, values in _RULES.items()
}
_DENIED, _THERE = re.compile(_CHILDREN_DENIED), re.compile(rf"\b{_CHILD}\b")


def stated(text: str, names: Iterable[str] = ()) -> dict[str, set[str]]:
    """The values that a text states of each slot but the names, which are taken out of it first."""
    text = without_names(text, names).lower().replace("’", "'")
    found = {
        slot: {value for value, rule in values.items() if rule.search(text)}
        for slot, values in _COMPILED.items()
    }
    given = {number[1] for number in _OUT_OF_FIVE.finditer(text)}
    found["customer rating"] |= {_RATINGS[number] for number in given & set(_RATINGS)}
    found["familyFriendly"] = set()
    rest, denied = _DENIED.subn(" ", text)
    if denied:
        found["familyFriendly"].add("no")
    if _THERE.search(rest):
        found["familyFriendly"].add("yes")
    return {slot: values for slot, values in found.items() if values}


def slot_errors(facts: Facts, text: str) -> SlotErrors:
    """What a text gets wrong about some facts."""
    names = [facts[slot] for slot in (NAME, NEAR) if slot in facts]
    lower = text.lower()
    missing = [slot for slot in (NAME, NEAR) if slot in facts and facts[slot].lower() not in lower]
    wrong, added = [], []
    found = stated(text, names)
    for slot in (*_RULES, "familyFriendly"):
        values = found.get(slot, set())
        if slot not in facts:
            if values - {"restaurant"}:
                added.append(slot)
        elif not values - ({"restaurant"} - {facts[slot]}):
            missing.append(slot)
        elif values - {"restaurant"} - {facts[slot]}:
            wrong.append(slot)
        elif facts[slot] not in values:
            missing.append(slot)
    return SlotErrors(missing, wrong, added)


def slot_rate(all_facts: Iterable[Facts], texts: Iterable[str]) -> SlotRate:
    """What texts get wrong about the facts of each."""
    pairs = list(zip(all_facts, texts, strict=True))
    found = [slot_errors(facts, text) for facts, text in pairs]
    missing, wrong, added = (sum(len(errors[kind]) for errors in found) for kind in range(3))
    return SlotRate(missing, wrong, added, sum(len(facts) for facts, _ in pairs))


def without_names(text: str, names: Iterable[str]) -> str:
    """A text with each name, in whatever case, made a blank; longer names first."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(re.escape(name), " _ ", text, flags=re.IGNORECASE)
    return text
