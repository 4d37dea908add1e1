"""Texts that are to be translated together: the way of each, and its segments, which wait in line."""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq import DecodeOptions

from .registry import Hop
from .routing import Route
from .segments import SegmentedText


@dataclass(frozen=True)
class TranslationPlan:
    """A route and a cut for each text; no cut where the text is there already."""

    texts: Sequence[str]
    routes: Sequence[Route]
    cuts: Sequence[SegmentedText | None]
    options: DecodeOptions

    @property
    def tokens(self) -> int:
        """What all texts cost together."""
        return sum(sum(cut.costs) for cut in self.cuts if cut)

    @property
    def groups(self) -> dict[tuple[Hop, ...], dict[int, SegmentedText]]:
        """The texts of each way by their numbers, those left out that go nowhere."""
        groups: dict[tuple[Hop, ...], dict[int, SegmentedText]] = {}
        for number, (route, cut) in enumerate(zip(self.routes, self.cuts, strict=True)):
            if cut:
                groups.setdefault(route.legs, {})[number] = cut
        return groups
