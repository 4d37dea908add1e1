"""A rule-based slot matcher for E2E (Novikova et al. 2017): the facts that a sentence states.

    facts + text  ->  stated values of each slot  ->  missing, wrong, added     slot errors / facts

The text is matched in lower case, after the names of the facts are removed (Raja *Indian* Cuisine states no
food). A phrase belongs to one value: "cheap" does not state "less than £20". A word of degree counts only
next to a word for ratings or for prices, and a negation only before what it negates. The generic word
"restaurant" states the type where the facts have it, and adds nothing where they do not.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Facts = Mapping[str, str]  # slot -> value, as in food -> Japanese

NAME, NEAR = "name", "near"


class SlotErrors(NamedTuple):
    """The slots that a text omits, states with another value, or adds."""

    missing: list[str]
    wrong: list[str]
    added: list[str]

    @property
    def total(self) -> int:
        """The number of errors."""
        return len(self.missing) + len(self.wrong) + len(self.added)


class SlotRate(NamedTuple):
    """The number of slot errors of several texts, by kind, and of the facts they had to state."""

    missing: int
    wrong: int
    added: int
    facts: int

    @property
    def rate(self) -> float:
        """The slot error rate: errors of all kinds / facts."""
        return (self.missing + self.wrong + self.added) / max(1, self.facts)

    def summary(self) -> str:
        """Return the errors as one line of text."""
        kinds = f"{self.missing} missing, {self.wrong} wrong, {self.added} added"
        return f"slot errors {self.rate:.2%} of {self.facts} facts: {kinds}"

    def to_json(self) -> dict[str, float]:
        """Return the errors as plain values."""
        return {"rate": self.rate, **self._asdict()}


# --- vocabulary of the rules --------------------------------------------------------------------------

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
    """Return a rule for words next to a topic with at most `most` words between: low rating, rated low."""
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

# Matches do not overlap and go from left to right: "4 out of 5 stars" is not five stars.
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
_NOT_FOR_CHILDREN, _CHILDREN = re.compile(_CHILDREN_DENIED), re.compile(rf"\b{_CHILD}\b")


def stated(text: str, names: Iterable[str] = ()) -> dict[str, set[str]]:
    """Return the values that a text states for each slot, after `names` are removed from it."""
    text = without_names(text, names).lower().replace("’", "'")
    stated_values = {
        slot: {value for value, rule in values.items() if rule.search(text)}
        for slot, values in _COMPILED.items()
    }
    ratings = {match[1] for match in _OUT_OF_FIVE.finditer(text)}
    stated_values["customer rating"] |= {_RATINGS[number] for number in ratings & set(_RATINGS)}
    stated_values["familyFriendly"] = set()
    rest, negations = _NOT_FOR_CHILDREN.subn(" ", text)
    if negations:
        stated_values["familyFriendly"].add("no")
    if _CHILDREN.search(rest):
        stated_values["familyFriendly"].add("yes")
    return {slot: values for slot, values in stated_values.items() if values}


def slot_errors(facts: Facts, text: str) -> SlotErrors:
    """Return the slots of some facts that a text omits, states with another value, or adds."""
    names = [facts[slot] for slot in (NAME, NEAR) if slot in facts]
    lower = text.lower()
    missing = [slot for slot in (NAME, NEAR) if slot in facts and facts[slot].lower() not in lower]
    wrong, added = [], []
    stated_values = stated(text, names)
    for slot in (*_RULES, "familyFriendly"):
        values = stated_values.get(slot, set())
        # The generic word "restaurant" is no error beside another type, nor without one.
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
    """Count the slot errors of texts, each against its own facts."""
    pairs = list(zip(all_facts, texts, strict=True))
    all_errors = [slot_errors(facts, text) for facts, text in pairs]
    missing, wrong, added = (sum(len(errors[kind]) for errors in all_errors) for kind in range(3))
    return SlotRate(missing, wrong, added, sum(len(facts) for facts, _ in pairs))


def without_names(text: str, names: Iterable[str]) -> str:
    """Replace each name in a text, in any case, by an underscore between blanks."""
    # Longer names first, for a name may be part of another.
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(re.escape(name), " _ ", text, flags=re.IGNORECASE)
    return text
