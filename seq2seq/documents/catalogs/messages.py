"""Messages of a catalog: what ties entries to the values of a file that are written when they are filled."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from seq2seq.documents.catalogs.choices import Keys, Pattern, Variant, leaf_texts, written
from seq2seq.documents.catalogs.entry import CatalogEntry
from seq2seq.documents.catalogs.nodes import Path, ValueNode
from seq2seq.documents.catalogs.plurals import singular_form


class MessageFormat(Protocol):
    """The rules of a format that messages need: its escapes, its target language and the texts it has."""

    target_language: str | None

    def unescape(self, text: str, in_branch: bool) -> str:
        """Return the text of a value as an entry shows it."""

    def escape(self, text: str, source: str, in_branch: bool) -> str:
        """Return a translation as a value; `source` is the value of the source."""

    def check_value(self, value: str) -> None:
        """Raise a ValueError if a value is none that the format's readers understand."""

    def branch_texts(self, value: str) -> dict[Keys, str]:
        """Return the texts of a value's branches by their keys; of a plain text under no key."""

    def flags_of(self, text: str) -> frozenset[str]:
        """Return gettext's names of the placeholders' format."""

    def target_texts(self, paths: Sequence[Path]) -> list[str]:
        """Return the texts that the existing file has, "" for those it lacks."""


class CatalogMessage(ABC):
    """Entries that are written together."""

    entries: list[CatalogEntry]

    @abstractmethod
    def paths(self) -> list[Path]:
        """Return the places of the message in the target's file."""

    @abstractmethod
    def models(self) -> dict[Path, ValueNode]:
        """Return for each place the value of the source whose style is followed."""

    @abstractmethod
    def values(self) -> dict[Path, str]:
        """Return the values to write, none as long as a text is missing."""

    @abstractmethod
    def check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a ValueError if targets would break the syntax of their message."""

    def source_paths(self) -> list[Path]:
        """Return the places of the message in the source's file."""
        return self.paths()


class TextMessage(CatalogMessage):
    """A value that is one text."""

    def __init__(self, rules: MessageFormat, path: Path, node: ValueNode, target: str) -> None:
        assert node.text is not None
        self._rules = rules
        self._path = path
        self._node = node
        self._source = node.text
        self._target = target
        shown = rules.unescape(target, False)
        entry = CatalogEntry(
            key=shown_path(path),
            source=rules.unescape(node.text, False),
            targets=[shown],
            state="done" if shown.strip() else "missing",
            comment=node.comment,
            line=node.line,
            flags=rules.flags_of(node.text),
        )
        self._shown = shown
        self.entries = [entry]

    def paths(self) -> list[Path]:
        """Return the place of the value."""
        return [self._path]

    def models(self) -> dict[Path, ValueNode]:
        """Return the value of the source."""
        return {self._path: self._node}

    def values(self) -> dict[Path, str]:
        """Return the translation, as it was if it says the same."""
        target = self.entries[0].targets[0]
        unchanged = target == self._shown
        return {self._path: self._target if unchanged else self._rules.escape(target, self._source, False)}

    def check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a ValueError if the translation is no value of the format."""
        value = self._rules.escape(targets[0], self._source, False)
        self._rules.check_value(value)
        if () not in self._rules.branch_texts(value):
            raise ValueError("it has branches, but the source has none")


class ChoiceMessage(CatalogMessage):
    """A value with choices: an entry for each text, or for the forms of a plural."""

    def __init__(
        self,
        rules: MessageFormat,
        path: Path,
        node: ValueNode,
        template: Pattern,
        variants: Sequence[Variant],
        existing: Pattern | None,
    ) -> None:
        self._rules = rules
        self._path = path
        self._node = node
        self._template = template
        self._variants = list(variants)
        self._existing = dict(leaf_texts(existing)) if existing else {}
        self._target = rules.target_texts([path])[0]
        # A translation that has no choices, or others, is left as it is.
        self._is_other = bool(self._target) and not any(
            keys in self._existing for variant in variants for keys in variant.leaves()
        )
        self.entries = [] if self._is_other else [self._entry(variant) for variant in self._variants]

    def _entry(self, variant: Variant) -> CatalogEntry:
        rules = self._rules
        targets = [rules.unescape(self._existing.get(keys, ""), True) for keys in variant.leaves()]
        labels = "".join(f"[{key}]" for key in variant.keys)
        plural = variant.source_plural
        return CatalogEntry(
            key=shown_path(self._path) + labels,
            source=rules.unescape(variant.source, True),
            source_plural=None if plural is None else rules.unescape(plural, True),
            targets=targets,
            plural_forms=len(targets),
            singular_form=singular_form(variant.categories, rules.target_language, variant.ordinal),
            state="done" if all(target.strip() for target in targets) else "missing",
            comment=self._node.comment,
            line=self._node.line,
            flags=rules.flags_of(variant.source),
        )

    def paths(self) -> list[Path]:
        """Return the place of the value."""
        return [self._path]

    def models(self) -> dict[Path, ValueNode]:
        """Return the value of the source."""
        return {self._path: self._node}

    def values(self) -> dict[Path, str]:
        """Return the message with all its texts, as it was if they say the same."""
        if not all(all(entry.targets) for entry in self.entries):
            return {}
        texts: dict[Keys, str] = {}
        for variant, entry in zip(self._variants, self.entries, strict=True):
            texts |= self._leaves(variant, entry.targets)
        if all(self._existing.get(keys) == text for keys, text in texts.items()):
            return {self._path: self._target}
        return {self._path: written(self._template, texts)}

    def _leaves(self, variant: Variant, targets: Sequence[str]) -> dict[Keys, str]:
        """Return the texts of a variant's branches; those that say the same are as they were."""
        texts = {}
        for keys, target in zip(variant.leaves(), targets, strict=True):
            before = self._existing.get(keys, "")
            unchanged = before and self._rules.unescape(before, True) == target
            texts[keys] = before if unchanged else self._rules.escape(target, variant.source, True)
        return texts

    def check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a ValueError if a translation would break the message, or add a choice to it."""
        variant = self._variants[self.entries.index(entry)]
        leaves = self._leaves(variant, targets)
        value = written(self._template, leaves)
        self._rules.check_value(value)
        found = self._rules.branch_texts(value)
        if any(found.get(keys, "").split() != text.split() for keys, text in leaves.items()):
            raise ValueError("its signs change the branches of the message")


class PluralMessage(CatalogMessage):
    """A plural whose forms are values of their own.

    Args:
        rules: the format.
        name: the name of the whole.
        forms: the place of each category of the target language.
        nodes: the values of the source by category.
        paths: the places of the source's values.
        ordinal: whether the forms are of ordinal numbers.
    """

    def __init__(
        self,
        rules: MessageFormat,
        name: str,
        forms: Mapping[str, Path],
        nodes: Mapping[str, ValueNode],
        paths: Sequence[Path],
        ordinal: bool = False,
    ) -> None:
        self._rules = rules
        self._forms = dict(forms)
        self._nodes = dict(nodes)
        self._source_paths = list(paths)
        other = nodes["other"]
        one = nodes.get("one", other)
        assert one.text is not None and other.text is not None
        self._targets = rules.target_texts(list(forms.values()))
        shown = [rules.unescape(target, False) for target in self._targets]
        self._shown = shown
        self.entries = [
            CatalogEntry(
                key=name,
                source=rules.unescape(one.text, False),
                source_plural=rules.unescape(other.text, False),
                targets=list(shown),
                plural_forms=len(forms),
                singular_form=singular_form(tuple(forms), rules.target_language, ordinal),
                state="done" if all(target.strip() for target in shown) else "missing",
                comment=other.comment or one.comment,
                line=one.line,
                flags=rules.flags_of(other.text),
            )
        ]

    def paths(self) -> list[Path]:
        """Return the place of each form of the target."""
        return list(self._forms.values())

    def models(self) -> dict[Path, ValueNode]:
        """Return for each form the same of the source, or `other`."""
        return {path: self._nodes.get(key, self._nodes["other"]) for key, path in self._forms.items()}

    def values(self) -> dict[Path, str]:
        """Return the forms, those that say the same as they were."""
        entry = self.entries[0]
        rows = zip(self._forms.items(), entry.targets, self._shown, self._targets, strict=True)
        return {
            path: before
            if target == shown
            else self._rules.escape(target, self._nodes.get(key, self._nodes["other"]).text or "", False)
            for (key, path), target, shown, before in rows
        }

    def check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a ValueError if a form is no value of the format."""
        for target in targets:
            self._rules.check_value(self._rules.escape(target, self._nodes["other"].text or "", False))

    def source_paths(self) -> list[Path]:
        """Return the places of the source's forms."""
        return self._source_paths


class MessageGroup(CatalogMessage):
    """Messages that are written together, once all of them are filled."""

    def __init__(self, parts: Sequence[CatalogMessage]) -> None:
        self._parts = list(parts)
        self.entries = [entry for part in parts for entry in part.entries]

    def paths(self) -> list[Path]:
        """Return the places of all parts."""
        return [path for part in self._parts for path in part.paths()]

    def models(self) -> dict[Path, ValueNode]:
        """Return for each place the value of the source."""
        return {path: node for part in self._parts for path, node in part.models().items()}

    def values(self) -> dict[Path, str]:
        """Return the values of all parts, none as long as a text is missing."""
        values = [part.values() for part in self._parts if part.entries]
        is_whole = all(values) and all(text for each in values for text in each.values())
        return {path: text for each in values for path, text in each.items()} if is_whole else {}

    def check(self, entry: CatalogEntry, targets: Sequence[str]) -> None:
        """Raise a ValueError if targets would break the syntax of their part."""
        next(part for part in self._parts if entry in part.entries).check(entry, targets)


def shown_path(path: Path) -> str:
    """Return a path as the key of an entry: its keys, joined by dots."""
    return ".".join(key.partition("\0")[0] for key in path)
