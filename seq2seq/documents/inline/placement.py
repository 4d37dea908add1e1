"""Projection of marked spans of a text onto its translation by the word alignment.

    Two dogs play in the snow.      marks [0, 8) "Two dogs" and [21, 25) "snow"
    Im Schnee spielen zwei Hunde.   places [18, 28) and [3, 9)

Words are cut into atoms where a mark begins or ends inside them, and before punctuation. A target atom
belongs to a mark if at least half of the words it is linked to do. A mark takes the one span of the target in
which its atoms most outnumber the others (the maximum subarray of +1 and -1), inside the span of its parent
and apart from those of its siblings. So spans nest as the marks do, and an outlier of the alignment moves
nothing.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seq2seq.documents.inline.atoms import Atoms, CharacterSpan
from seq2seq.text.normalization import word_spans

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

DEEPEST = 100  # levels of tags around one word; deeper tags are kept, but around nothing
FARTHEST = 16  # atoms from a point to the nearest linked one


@dataclass(frozen=True)
class Mark:
    """A span of characters of a source text, `end` not included; a point if it is empty.

    `parent` is the index of the mark around it, -1 for none; parents come first. A mark that reaches left
    begins where its parent does, whatever the alignment; one that reaches right ends where its parent does.
    """

    start: int
    end: int
    parent: int = -1
    reaches_left: bool = False
    reaches_right: bool = False


def place_marks(translation: "Translation", marks: Sequence[Mark]) -> list[CharacterSpan]:
    """Return the span of `translation.text` for each mark of `translation.source`.

    Spans of one parent do not overlap and lie inside its own. A mark without counterpart gets an empty span
    beside the counterpart of its neighbour.
    """
    cuts = sorted({border for mark in marks for border in (mark.start, mark.end)})
    atoms = Atoms(translation.source, translation.text, _word_links(translation), cuts)
    return _Places(atoms, marks).spans()


def _word_links(translation: "Translation") -> list[tuple[int, int]]:
    """Return the links of words or, without an alignment, link each target word by its relative position.

    A text of which the model knows no token is its own translation, without alignment; each word then links
    to itself.
    """
    links = translation.alignment.links()
    if links:
        return links
    sources, targets = len(word_spans(translation.source)), len(word_spans(translation.text))
    return [(t * sources // targets, t) for t in range(targets)] if sources else []


class _Places:
    """The spans of target atoms that marks have taken so far."""

    def __init__(self, atoms: Atoms, marks: Sequence[Mark]) -> None:
        self.atoms, self.marks = atoms, marks
        starts = [start for start, _ in atoms.sources]
        # Source atoms of each mark; the whole text is last, at the index -1 of no parent.
        self.inside = [(bisect_left(starts, m.start), bisect_left(starts, m.end)) for m in marks]
        self.inside.append((0, len(starts)))
        # Target atoms of each mark, the whole text last.
        self.taken: list[CharacterSpan] = [*((0, 0) for _ in marks), (0, len(atoms.targets))]
        self.siblings: dict[int, list[CharacterSpan]] = defaultdict(list)  # taken, by parent, in order
        self.linked = [0.0]  # sum of the weights of the linked target atoms before each
        for weight, total in zip(atoms.weights, atoms.totals, strict=True):
            self.linked.append(self.linked[-1] + (weight if total else 0.0))

    def spans(self) -> list[CharacterSpan]:
        """Return the span of each mark, in characters of the target."""
        depths: list[int] = []
        levels: list[int] = []  # the same, but a mark around all of its parent's words is no deeper
        for number, mark in enumerate(self.marks):
            depths.append(0 if mark.parent < 0 else depths[mark.parent] + 1)
            levels.append(0 if mark.parent < 0 else levels[mark.parent])
            levels[-1] += self.inside[number] != self.inside[mark.parent]
        # Marks that reach an end of their parent come before their siblings, which could take that end.
        order = sorted(range(len(self.marks)), key=lambda n: (depths[n], not _reaches(self.marks[n]), n))
        for number in order:
            self.taken[number] = self._stretch(number) if levels[number] <= DEEPEST else (0, 0)
            if self.taken[number][0] < self.taken[number][1]:
                insort(self.siblings[self.marks[number].parent], self.taken[number])
        places: list[CharacterSpan] = [(0, 0)] * len(self.marks)
        for number in order:
            low, high = self.taken[number]
            if low < high:
                places[number] = self.atoms.targets[low][0], self.atoms.targets[high - 1][1]
            else:
                places[number] = self._point(number, places)
        return places

    def _stretch(self, number: int) -> CharacterSpan:
        """Return the range of target atoms that a mark takes, its end not included; empty if none."""
        mark = self.marks[number]
        low, high = self.taken[mark.parent]
        if low == high or self.inside[number][0] == self.inside[number][1]:
            return low, low
        whole = self.inside[number] == self.inside[mark.parent] or (mark.reaches_left and mark.reaches_right)
        if whole and not self.siblings[mark.parent]:
            return low, high
        members = self._members(number, low, high)
        if mark.reaches_left:
            return self._reach_left(members, low)
        if mark.reaches_right:
            return self._reach_right(members, low, high)
        return self._best(members, self.siblings[mark.parent])

    def _members(self, number: int, low: int, high: int) -> list[int]:
        """Return the target atoms from low to high that belong to a mark and that no sibling has taken."""
        shares: dict[int, float] = defaultdict(float)
        for atom in range(*self.inside[number]):
            for target in self.atoms.links[atom]:
                shares[target] += self.atoms.shares[atom]
        taken = self.siblings[self.marks[number].parent]
        return sorted(
            target
            for target, share in shares.items()
            if low <= target < high
            and 2.001 * share >= self.atoms.totals[target]  # half, with a tolerance for rounding
            and not _covered(taken, target)
        )

    def _best(self, members: list[int], taken: list[CharacterSpan]) -> CharacterSpan:
        """Return the range from member to member with the largest sum that crosses no taken range."""
        # Kadane's algorithm over the members; the sums of what is between them are differences of `linked`.
        weights = self.atoms.weights
        best, best_sum, start, running = (0, 0), 0.0, 0, 0.0
        before = -1
        for member in members:
            between = self.linked[member] - self.linked[before + 1]
            if running <= between or before < 0 or _crosses(taken, before, member):
                start, running = member, 0.0
            else:
                running -= between
            running += weights[member]
            if running > best_sum:
                best, best_sum = (start, member + 1), running
            before = member
        return best

    def _reach_left(self, members: list[int], low: int) -> CharacterSpan:
        best, best_sum, own = low, 0.0, 0.0
        for member in members:
            own += self.atoms.weights[member]
            total = 2 * own - (self.linked[member + 1] - self.linked[low])
            if total > best_sum:
                best, best_sum = member + 1, total
        return low, best

    def _reach_right(self, members: list[int], low: int, high: int) -> CharacterSpan:
        best, best_sum, own = high, 0.0, 0.0
        for member in reversed(members):
            own += self.atoms.weights[member]
            total = 2 * own - (self.linked[high] - self.linked[member])
            if total > best_sum:
                best, best_sum = member, total
        return best, high

    def _point(self, number: int, places: list[CharacterSpan]) -> CharacterSpan:
        """Return the position of a mark without target atoms: beside its left neighbour, or its right one.

        That is the neighbour which it touches in the source, and the left one if it touches both or neither.
        """
        mark, sources = self.marks[number], self.atoms.sources
        low, high = self.inside[mark.parent]
        outer = places[mark.parent] if mark.parent >= 0 else (0, len(self.atoms.target))
        if mark.reaches_left or mark.reaches_right:
            position = outer[0] if mark.reaches_left else outer[1]
            return position, position
        after, before = self.inside[number][0] - 1, self.inside[number][1]
        has_left, has_right = after >= low, before < high
        touches_left = has_left and sources[after][1] == mark.start
        touches_right = has_right and sources[before][0] == mark.end
        if has_left and (touches_left or not touches_right):
            position = self._beside(after, -1, low, high, mark.parent)
        else:
            position = self._beside(before, 1, low, high, mark.parent)
        position = min(max(position, outer[0]), outer[1])
        return position, position

    def _beside(self, atom: int, step: int, low: int, high: int, parent: int) -> int:
        """Return the border of the counterpart of the nearest linked atom on one side, in characters."""
        first, last = self.taken[parent]
        if first == last:
            return 0
        end = max(low - 1, atom - FARTHEST) if step < 0 else min(high, atom + FARTHEST)
        for near in range(atom, end, step):
            targets = [target for target in self.atoms.links[near] if first <= target < last]
            if targets:
                target = max(targets) if step < 0 else min(targets)
                return self._outside(target, step, parent)
        return self.atoms.targets[first][0] if step < 0 else self.atoms.targets[last - 1][1]

    def _outside(self, target: int, step: int, parent: int) -> int:
        """Return the border of a target atom, or of the sibling that has taken it, in characters."""
        taken = self.siblings[parent]
        index = bisect_right(taken, (target, len(self.atoms.targets))) - 1
        low, high = taken[index] if index >= 0 and target < taken[index][1] else (target, target + 1)
        return self.atoms.targets[high - 1][1] if step < 0 else self.atoms.targets[low][0]


def _reaches(mark: Mark) -> bool:
    return mark.reaches_left or mark.reaches_right


def _covered(taken: list[CharacterSpan], target: int) -> bool:
    index = bisect_right(taken, (target + 1, -1)) - 1
    return index >= 0 and target < taken[index][1]


def _crosses(taken: list[CharacterSpan], before: int, member: int) -> bool:
    """Return whether a taken range lies between two target atoms that are not taken."""
    index = bisect_left(taken, (before, 0))
    return index < len(taken) and taken[index][0] < member
