"""What each step could have written: its best pieces with their probabilities, to be clicked.

step 0        step 1        step 2
[Zwei  91 %]  [Hunde 88 %]  ...        the piece that was written is marked
[Die    4 %]  [Hund   5 %]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .view import View


class StepCandidate(NamedTuple):
    """A piece that a step could write, and how probable it is."""

    token: str
    probability: float


class CandidatesView(View):
    """The candidates of each step. Event: `select` with `step`, `candidate` (numbers) and `token`."""

    SCRIPT = "candidates"


def candidates_data(
    steps: Sequence[Sequence[StepCandidate]], written: Sequence[int | None], forced: Sequence[int] = ()
) -> dict[str, Any]:
    """The value of a CandidatesView: the candidates of each step, best first.

    `written` is, a step, the number of the candidate that was written (None: another piece); `forced` are
    the steps whose piece the reader chose.

    Raises:
        ValueError: not one written candidate a step.
    """
    if len(written) != len(steps):
        raise ValueError(f"there are {len(steps)} steps but {len(written)} written pieces; give one a step")
    return {
        "steps": [[[c.token, round(c.probability, 4)] for c in step] for step in steps],
        "written": list(written),
        "forced": list(forced),
    }
