"""Drawing of one query step by step, a column a step: score, scaled, masked, softmax, weighted sum."""

from typing import Any

from .attention_steps import AttentionSteps
from .view import View


class StepView(View):
    """The steps from a query's scores to its output. Event: `select` with `query`, the number clicked."""

    SCRIPT = "step"


def step_data(steps: AttentionSteps) -> dict[str, Any]:
    """Return the value of a StepView."""
    return {
        "flow": steps.flow,
        "layer": steps.layer,
        "head": steps.head,
        "query": steps.query,
        "queries": steps.queries,
        "keys": steps.keys,
        "score": steps.score,
        "scale": steps.scale,
        "scores": _rounded(steps.scores),
        "scaled": _rounded(steps.scaled),
        "allowed": steps.allowed,
        "weights": _rounded(steps.weights),
        "values": [_rounded(row) for row in steps.values],
        "mix": _rounded(steps.mix),
    }


def _rounded(numbers: list[float]) -> list[float]:
    return [round(number, 4) for number in numbers]
