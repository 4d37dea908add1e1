"""Pairs of facts and a sentence, cleaned and written as the model reads them.

    (facts, reference) --stated values--> facts as the reference has them --form--> (X food French, X is ...)

Annotators leave out facts, add some and mistake others (Dusek et al. 2019). A model trained on such pairs
learns to write facts that were not given. So in training the facts follow the reference: a fact it does not
state is removed, one it states otherwise is changed, one it adds is added. A reference that names no place or
another one, or states two values of a slot, is dropped. Validation keeps facts and references unchanged.
References are written in one way: blanks collapsed, capitals at the start of sentences and in the words that
mostly have them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seq2seq.data_to_text.e2e_slots import stated
from seq2seq.data_to_text.facts import FactsForm, as_mapping, as_text
from seq2seq.text.attributes import parse_attributes

from .examples import Example

_START = re.compile(r"(?:^|[.!?]\s+)([a-z])")
_TOKEN = re.compile(r"[^\W\d_]+")
GENERIC = "restaurant"  # what any place is called, so it adds no fact


@dataclass
class FactsReport:
    """Counts of references kept, changed and dropped."""

    kept: int = 0
    changed: int = 0
    unnamed: int = 0
    contradicting: int = 0

    def __str__(self) -> str:
        return (
            f"; facts: corrected for {self.changed} of {self.kept} references, which state other facts than "
            f"given; dropped: {self.unnamed} references that name another place or none, "
            f"{self.contradicting} that contradict themselves"
        )


def learn_form(
    pairs: Iterable[Example], copied: Sequence[str], known_before: FactsForm | None = None
) -> FactsForm:
    """Return the slots of a corpus in their order there, and the values of those that are not copied.

    Slots and values of the model of --init keep their order: it has learned to read its slots in that.
    """
    values: dict[str, list[str]] = {}
    if known_before:
        if known_before.copied != list(copied):
            raise ValueError(
                f"data.copied is {list(copied)}, but the model of --init has {known_before.copied}; give that"
            )
        values = {slot: list(known_before.values.get(slot, [])) for slot in known_before.order}
    for pair in pairs:
        for fact in parse_attributes(pair.source, "fact"):
            known = values.setdefault(fact.name, [])
            if fact.name not in copied and fact.value not in known:
                known.append(fact.value)
    if absent := sorted(set(copied) - set(values)):
        raise ValueError(f"data.copied names {absent[0]!r}, no slot; the slots are {', '.join(values)}")
    return FactsForm(list(copied), {slot: known for slot, known in values.items() if slot not in copied})


def follow_references(pairs: Sequence[Example], form: FactsForm) -> tuple[list[Example], FactsReport]:
    """Return the pairs with the facts that the references state, written as a model reads and writes them."""
    report, kept = FactsReport(), []
    names = _names(pairs, form)
    for pair in pairs:
        facts, reference = as_mapping(form.check(pair.source)), pair.target
        own = [facts[slot] for slot in form.copied if slot in facts]
        named = {
            slot: facts[slot] for slot in form.copied if slot in facts and _holds(reference, facts[slot])
        }
        absent = [facts[slot] for slot in form.copied if slot in facts and slot not in named]
        if form.copied[0] not in named or _other_names(reference, own, absent, names):
            report.unnamed += 1
            continue
        follows = _stated_facts(facts, stated(reference, own), form)
        if follows is None:
            report.contradicting += 1
            continue
        follows |= named
        report.changed += follows != facts
        report.kept += 1
        kept.append(pair._replace(source=as_text(follows)))
    spelt = one_spelling([pair.target for pair in kept], names)
    return [written(pair._replace(target=text), form) for pair, text in zip(kept, spelt, strict=True)], report


def written(pair: Example, form: FactsForm) -> Example:
    """Return a pair as the model reads and writes it."""
    target = form.leave_out(pair.target, form.check(pair.source)).text
    return pair._replace(source=form.read(pair.source).text, target=target)


def one_spelling(references: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return references with capitals in names, at sentence starts, and in words that mostly have them."""
    longest_first = sorted(names, key=len, reverse=True)
    apart = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
    upper: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for text in references:
        for word in re.finditer(r"(?<=[a-z,] )[^\W\d_]+", apart.sub("_", text)):
            seen[word[0].lower()] += 1
            upper[word[0].lower()] += word[0][0].isupper()
    proper = {word for word, count in seen.items() if count >= 5 and upper[word] > 0.8 * count}
    return [_respell(" ".join(text.split()), apart, proper) for text in references]


def _respell(text: str, apart: re.Pattern[str], proper: set[str]) -> str:
    parts, position = [], 0
    for name in [*apart.finditer(text), None]:
        end = len(text) if name is None else name.start()
        plain = text[position:end].lower()
        plain = _TOKEN.sub(lambda word: word[0].capitalize() if word[0] in proper else word[0], plain)
        parts.append(plain)
        if name is not None:
            parts.append(name[0])
            position = name.end()
    return _START.sub(lambda start: start[0].upper(), "".join(parts))


def _stated_facts(
    facts: dict[str, str], values_of: dict[str, set[str]], form: FactsForm
) -> dict[str, str] | None:
    """Return the facts that a reference states, None where it states two values of a slot."""
    follows = {}
    for slot, known in form.values.items():
        values = {value for value in values_of.get(slot, set()) if value in known}
        if values - {facts.get(slot, "")} and facts.get(slot) != GENERIC:
            values -= {GENERIC}
        if slot in facts and facts[slot] in values:
            values = {facts[slot]} if slot != "familyFriendly" else values
        if len(values) > 1:
            return None
        if values:
            follows[slot] = values.pop()
    return follows


def _names(pairs: Iterable[Example], form: FactsForm) -> set[str]:
    return {fact.value for pair in pairs for fact in form.check(pair.source) if fact.name in form.copied}


def _holds(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _other_names(text: str, own: Sequence[str], absent: Sequence[str], names: Iterable[str]) -> bool:
    """Return whether a text has the name of another place, or only a part of a name."""
    for name in sorted(own, key=len, reverse=True):
        text = re.sub(re.escape(name), "_", text, flags=re.IGNORECASE)
    parts = {word for name in absent for word in re.findall(r"[^\W\d_]{4,}", name)}
    return any(name in text for name in names) or any(part in text for part in parts)
