"""Texts that are to be translated together: the way of each, and its segments, which wait in line."""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq import DecodeOptions

from .registry import Leg
from .routing import Route
from .segments import Cut


@dataclass(frozen=True)
class Plan:
    """A route and a cut for each text; no cut where the text is there already."""

    texts: Sequence[str]
    routes: Sequence[Route]
    cuts: Sequence[Cut | None]
    options: DecodeOptions

    @property
    def tokens(self) -> int:
        """What all texts cost together."""
        return sum(sum(cut.costs) for cut in self.cuts if cut)

    @property
    def groups(self) -> dict[tuple[Leg, ...], dict[int, Cut]]:
        """The texts of each way by their numbers, those left out that go nowhere."""
        groups: dict[tuple[Leg, ...], dict[int, Cut]] = {}
        for number, (route, cut) in enumerate(zip(self.routes, self.cuts, strict=True)):
            if cut:
                groups.setdefault(route.legs, {})[number] = cut
        return groups
