"""Drawing of the tree of a beam search: every candidate is a node below the hypothesis it continues.

step 0        step 1
Zwei 0.91 ─┬─ Hunde 0.88 ─ ...
           └─ Hund 0.05            not kept: drawn faintly
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from .view import View


class Node(NamedTuple):
    """A candidate of one step: its token, its own probability, the number of the node that it continues.

    `parent` is None at the first step, else smaller than the node's own number. `kept` candidates stayed in
    the beam, `best` ones are part of the result.
    """

    token: str
    probability: float
    parent: int | None
    kept: bool
    best: bool = False


class TreeView(View):
    """A beam search tree. Event: `select` with `node`, the number of the node clicked."""

    SCRIPT = "tree"


def tree_data(nodes: Sequence[Node]) -> dict[str, Any]:
    """Return the value of a TreeView.

    Raises:
        ValueError: a node stands before its parent, or its probability is not finite.
    """
    for number, node in enumerate(nodes):
        if node.parent is not None and not 0 <= node.parent < number:
            raise ValueError(f"node {number} has parent {node.parent}; parents stand before their children")
        if not math.isfinite(node.probability):
            raise ValueError(f"node {number} has probability {node.probability}; give one from 0 to 1")
    return {"nodes": [[n.token, round(n.probability, 4), n.parent, n.kept, n.best] for n in nodes]}
