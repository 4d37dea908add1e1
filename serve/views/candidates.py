"""Drawing of the most probable tokens of each step, to be clicked.

step 0        step 1        step 2
[Zwei  91 %]  [Hunde 88 %]  ...        the token that was written is marked
[Die    4 %]  [Hund   5 %]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .view import View


class StepCandidate(NamedTuple):
    """A token that a step could write, and its probability."""

    token: str
    probability: float


class CandidatesView(View):
    """The candidates of each step. Event: `select` with `step`, `candidate` (numbers) and `token`."""

    SCRIPT = "candidates"


def candidates_data(
    steps: Sequence[Sequence[StepCandidate]], written: Sequence[int | None], forced: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the value of a CandidatesView.

    Args:
        steps: The candidates of each step, best first.
        written: For each step the number of the candidate that was written; None for another token.
        forced: The steps whose token the reader chose.

    Raises:
        ValueError: there is not one written candidate a step.
    """
    if len(written) != len(steps):
        raise ValueError(f"there are {len(steps)} steps but {len(written)} written tokens; give one a step")
    return {
        "steps": [[[c.token, round(c.probability, 4)] for c in step] for step in steps],
        "written": list(written),
        "forced": list(forced),
    }
