"""The route of a text from its language to the target."""

from typing import Any, NamedTuple

from .language_id import DetectedLanguage
from .registry import Hop


class Route(NamedTuple):
    """How a text gets from its language to the target: no hop where it is there already."""

    hops: tuple[Hop, ...]
    detected: DetectedLanguage | None = None

    @property
    def pivots(self) -> list[str]:
        """The languages between source and target."""
        return [hop.target.lower() for hop in self.hops[:-1]]

    def to_json(self) -> dict[str, Any]:
        """The languages on the way, and what was detected (where it was)."""
        codes = [self.hops[0].source, *(hop.target for hop in self.hops)] if self.hops else []
        if not self.detected:
            return {"languages": [code.lower() for code in codes]}
        languages = [code.lower() for code in codes] or [self.detected.language]
        return {"languages": languages, "detectedLanguage": self.detected.to_json()}
