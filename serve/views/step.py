"""One query step by step, a column a step: score, scaled, masked, softmax, mix."""

from typing import Any

from .attention_steps import AttentionSteps
from .view import View


class StepView(View):
    """How one query of one head comes to its mixture. Event: `select` with `query`, a query clicked."""

    SCRIPT = "step"


def step_data(lesson: AttentionSteps) -> dict[str, Any]:
    """The value of a StepView."""
    return {
        "flow": lesson.flow,
        "layer": lesson.layer,
        "head": lesson.head,
        "query": lesson.query,
        "queries": lesson.queries,
        "keys": lesson.keys,
        "score": lesson.score,
        "scale": lesson.scale,
        "scores": _rounded(lesson.scores),
        "scaled": _rounded(lesson.scaled),
        "allowed": lesson.allowed,
        "weights": _rounded(lesson.weights),
        "values": [_rounded(row) for row in lesson.values],
        "mix": _rounded(lesson.mix),
    }


def _rounded(numbers: list[float]) -> list[float]:
    return [round(number, 4) for number in numbers]
