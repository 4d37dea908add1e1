"""Setting of a model that names its alignment head; readable without torch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class AlignmentHead:
    """The cross-attention head that is read as word alignment; layer and head count from 0.

    `read` selects the row of the map that belongs to a target token: "output" is the row that predicts it,
    "input" the next row, whose input it is. `share` is the threshold of a link, relative to the strongest
    candidate of a word (`symmetrization.read_both`).

    Raises:
        ValueError: a negative layer or head, an unknown `read`, or a share outside (0, 1].
    """

    layer: int = 0
    head: int = 0
    read: Literal["output", "input"] = "output"
    share: float = 0.7

    def __post_init__(self) -> None:
        for name in ("layer", "head"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"alignment.{name} is {value!r}; give a whole number from 0")
        if self.read not in ("output", "input"):
            raise ValueError(f'alignment.read is {self.read!r}; choose "output" or "input"')
        if not isinstance(self.share, int | float) or not 0 < self.share <= 1:
            raise ValueError(f"alignment.share is {self.share!r}; give a number above 0 up to 1")
