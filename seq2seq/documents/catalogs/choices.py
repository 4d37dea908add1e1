"""Messages with choices, as ICU and Fluent have them: one text for each plural category, gender and the like.

    {n, plural, one{# file} other{# files}} left    ->  # file left, # files left

The text around a choice is moved into its branches, so that each branch is a whole sentence. Branches of a
plural are the forms of one entry; any other branch is an entry of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from seq2seq.documents.catalogs.plurals import (
    CATEGORIES,
    integer_categories,
    ordinal_categories,
    plural_categories,
)

_CATEGORIES_OF: dict[str, Callable[[str | None], tuple[str, ...]]] = {
    "plural": plural_categories,
    "ordinal": ordinal_categories,
    "integer": integer_categories,
}
MOST_BRANCHES = 100  # of one message, when the texts around its choices are moved into them

Pattern = list["str | Choice"]
Keys = tuple[str, ...]  # of the branches from the outermost to the innermost


@dataclass(frozen=True)
class ChoiceBranch:
    """A branch: its key, its pattern, and what is written before and behind the pattern."""

    lead: str
    key: str
    pattern: Pattern
    trail: str


@dataclass(frozen=True)
class Choice:
    """A choice among branches.

    Attributes:
        head: what is written before the first branch.
        kind: whether the branches are plural categories (`integer`: those of whole numbers alone).
        branches: the branches.
        tail: what is written behind the last branch.
        separator: what is written between branches.
    """

    head: str
    kind: Literal["plural", "ordinal", "integer", "select"]
    branches: list[ChoiceBranch]
    tail: str
    separator: str = ""

    def numbered(self) -> list[ChoiceBranch]:
        """Return the branches of plural categories; a select has none."""
        return [] if self.kind == "select" else [each for each in self.branches if each.key in CATEGORIES]


@dataclass(frozen=True)
class Variant:
    """A text of a message to translate, or the forms of one.

    Attributes:
        keys: the keys of the branches around it.
        categories: the plural categories of the forms; none for a text without forms.
        source: the text, or that of the singular.
        source_plural: the text of the plural.
        ordinal: whether the forms are of ordinal numbers.
    """

    keys: Keys
    categories: tuple[str, ...]
    source: str
    source_plural: str | None = None
    ordinal: bool = False

    def leaves(self) -> list[Keys]:
        """Return the keys of each form."""
        return [(*self.keys, category) for category in self.categories] or [self.keys]


def has_choice(pattern: Pattern) -> bool:
    """Return whether a pattern is more than text."""
    return any(isinstance(part, Choice) for part in pattern)


def spread(pattern: Pattern, quote: Callable[[str, Choice], str]) -> Pattern:
    """Return a pattern that is one text or one choice, by moving the texts around a choice into it.

    Args:
        pattern: texts and choices.
        quote: returns a text as it is written inside a choice.

    Raises:
        ValueError: the message would have more than `MOST_BRANCHES` texts.
    """
    if _count(pattern) > MOST_BRANCHES:
        raise ValueError(f"the message has more than {MOST_BRANCHES} texts")
    return _spread(pattern, quote)


def _count(pattern: Pattern) -> int:
    product = 1
    for part in pattern:
        if isinstance(part, Choice):
            product *= sum(_count(branch.pattern) for branch in part.branches)
    return product


def _spread(pattern: Pattern, quote: Callable[[str, Choice], str]) -> Pattern:
    place = next((i for i, part in enumerate(pattern) if isinstance(part, Choice)), None)
    if place is None:
        return ["".join(part for part in pattern if isinstance(part, str))]
    choice = pattern[place]
    assert isinstance(choice, Choice)
    around = [quote(part, choice) if isinstance(part, str) else part for part in pattern]
    before, after = around[:place], around[place + 1 :]
    branches = [
        replace(branch, pattern=_spread([*before, *branch.pattern, *after], quote))
        for branch in choice.branches
    ]
    return [replace(choice, branches=branches)]


def adapt(
    pattern: Pattern, language: str | None, rekey: Callable[[str, str, str], str]
) -> tuple[Pattern, list[Variant]]:
    """Return a spread pattern with the plural categories of a language, and its texts to translate.

    Args:
        pattern: one text or one choice.
        language: the code of the target language.
        rekey: returns the lead of a branch for another category: of (lead, its key, the other key).
    """
    variants: list[Variant] = []
    return _adapt(pattern, (), language, rekey, variants), variants


def _adapt(
    pattern: Pattern,
    keys: Keys,
    language: str | None,
    rekey: Callable[[str, str, str], str],
    variants: list[Variant],
) -> Pattern:
    (part,) = pattern
    if isinstance(part, str):
        variants.append(Variant(keys, (), part))
        return pattern
    numbered = {branch.key: branch for branch in part.numbered()}
    forms = _forms(numbered, language, part.kind, rekey) if "other" in numbered else list(numbered.values())
    texts = [branch.pattern[0] for branch in numbered.values()]
    is_one_entry = bool(forms) and all(isinstance(text, str) for text in texts)
    branches: list[ChoiceBranch] = []
    for branch in part.branches:
        if branch.key not in numbered:
            inner = _adapt(branch.pattern, (*keys, branch.key), language, rekey, variants)
            branches.append(replace(branch, pattern=inner))
        elif forms:
            if is_one_entry:
                branches += forms
                variants.append(_plural_variant(keys, numbered, forms, part.kind))
            else:
                branches += [
                    replace(form, pattern=_adapt(form.pattern, (*keys, form.key), language, rekey, variants))
                    for form in forms
                ]
            forms = []
    return [replace(part, branches=branches)]


def _plural_variant(
    keys: Keys, numbered: Mapping[str, ChoiceBranch], forms: list[ChoiceBranch], kind: str
) -> Variant:
    plural = numbered.get("other", forms[-1]).pattern[0]
    singular = numbered["one"].pattern[0] if "one" in numbered else plural
    assert isinstance(singular, str) and isinstance(plural, str)
    return Variant(keys, tuple(form.key for form in forms), singular, plural, kind == "ordinal")


def _forms(
    numbered: Mapping[str, ChoiceBranch],
    language: str | None,
    kind: str,
    rekey: Callable[[str, str, str], str],
) -> list[ChoiceBranch]:
    """Return a branch for each category of the language; one that is new is a copy of `other`."""
    other = numbered["other"]
    model = next((branch for key, branch in numbered.items() if key != "other"), other)
    categories = _CATEGORIES_OF[kind](language)
    return [
        numbered.get(key) or replace(other, key=key, lead=rekey(model.lead, model.key, key))
        for key in categories
    ]


def leaf_texts(pattern: Pattern, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Yield the texts of a spread pattern with the keys of their branches."""
    for part in pattern:
        if isinstance(part, str):
            yield keys, part
        else:
            for branch in part.branches:
                yield from leaf_texts(branch.pattern, (*keys, branch.key))


def written(pattern: Pattern, texts: Mapping[Keys, str], keys: Keys = ()) -> str:
    """Return a spread pattern as text, with the texts of its branches replaced."""
    return "".join(
        texts.get(keys, part) if isinstance(part, str) else _written_choice(part, texts, keys)
        for part in pattern
    )


def _written_choice(choice: Choice, texts: Mapping[Keys, str], keys: Keys) -> str:
    inside = choice.separator.join(
        f"{branch.lead}{written(branch.pattern, texts, (*keys, branch.key))}{branch.trail}"
        for branch in choice.branches
    )
    return f"{choice.head}{inside}{choice.tail}"
