"""The route of a text from its language to the target."""

from typing import Any, NamedTuple

from .language_id import DetectedLanguage
from .registry import Hop


class Route(NamedTuple):
    """The hops of a text to the target language; none where the text is in that language already.

    There are none either where the language that was detected is not `served`.
    """

    hops: tuple[Hop, ...]
    detected: DetectedLanguage | None = None
    served: bool = True

    @property
    def pivots(self) -> list[str]:
        """The pivot languages between source and target."""
        return [hop.target.lower() for hop in self.hops[:-1]]

    def to_json(self) -> dict[str, Any]:
        """Return the languages of the route, and the detected language if there is one."""
        codes = [self.hops[0].source, *(hop.target for hop in self.hops)] if self.hops else []
        if not self.detected:
            return {"languages": [code.lower() for code in codes]}
        languages = [code.lower() for code in codes] or [self.detected.language]
        return {"languages": languages, "detectedLanguage": self.detected.to_json()}
