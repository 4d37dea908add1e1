"""The tree that a beam search grew: every candidate is a node below the hypothesis it continues.

step 0        step 1
Zwei 0.91 ─┬─ Hunde 0.88 ─ ...
           └─ Hund 0.05            not kept: faint
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .view import View


class Node(NamedTuple):
    """A candidate of some step: its piece, its own probability, the number of the node it continues.

    `parent` is None at the first step, else smaller than the node's own number. `kept` says whether it
    lived on, `best` whether it is part of the result.
    """

    token: str
    probability: float
    parent: int | None
    kept: bool
    best: bool = False


class TreeView(View):
    """A beam's tree. Event: `select` with `node`, the number of the node clicked."""

    SCRIPT = "tree"


def tree_data(nodes: Sequence[Node]) -> dict[str, Any]:
    """The value of a TreeView.

    Raises:
        ValueError: a node that continues one that does not stand before it.
    """
    for number, node in enumerate(nodes):
        if node.parent is not None and not 0 <= node.parent < number:
            raise ValueError(f"node {number} has parent {node.parent}; parents stand before their children")
        if not math.isfinite(node.probability):
            raise ValueError(f"node {number} has probability {node.probability}; give one from 0 to 1")
    return {"nodes": [[n.token, round(n.probability, 4), n.parent, n.kept, n.best] for n in nodes]}
