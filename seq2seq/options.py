"""How to search: one frozen dataclass, its help and ranges written once.

Command-line flags, the REST schema and the demo's controls are made from `option_fields()`; the
checks here are the only ones. What is searched follows from two fields:

    sampling_topk other than 1      -> sampling     (no beam; num_hypotheses independent samples)
    sampling_topk 1, beam_size 1    -> greedy
    sampling_topk 1, beam_size > 1  -> beam search
"""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

LONGEST = 100_000
LARGEST_SEED = 2**63 - 1


def option(default: Any, help: str, minimum: float | None = None, maximum: float | None = None) -> Any:
    """A field with its one sentence of help and its range, both ends allowed."""
    return field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True)
class DecodeOptions:
    """How a text is decoded, for one call.

    Raises:
        ValueError: a value of the wrong type or out of its range, and options that contradict each
            other. A beam_size that is neither the default nor 1 contradicts sampling; the default
            itself cannot be told from silence and is then simply not used.
    """

    beam_size: int = option(5, "Hypotheses kept at every step; 1 is greedy search.", 1, 64)
    num_hypotheses: int = option(1, "Results for each text, best first.", 1, 64)
    length_penalty: float = option(
        1.0, "Exponent p in score = log-probability / length ** p; larger favours longer results.", -5.0, 5.0
    )
    max_length: int | None = option(
        None, "Longest result in pieces, its end counted; by default 2 x source pieces + 20.", 1, LONGEST
    )
    min_length: int = option(1, "Shortest result in pieces, its end not counted.", 0, LONGEST)
    sampling_temperature: float = option(
        1.0, "Divides the logits before sampling; below 1 is bolder, above 1 more varied.", 0.01, 100.0
    )
    sampling_topk: int = option(
        1, "Sample among this many most probable pieces; 0 is all, 1 does not sample.", 0, 1_000_000
    )
    sampling_topp: float = option(
        1.0, "Sample among the fewest most probable pieces that together have this probability.", 0.0, 1.0
    )
    repetition_penalty: float = option(
        1.0, "Exponent on the probability of pieces already written; above 1 discourages repeats.", 0.1, 10.0
    )
    no_repeat_ngram_size: int = option(0, "Write no sequence of this many pieces twice; 0 is off.", 0, 1000)
    disable_unk: bool = option(False, "Never write the unknown piece.")
    target_prefix: str | tuple[str, ...] | None = option(
        None, "What every result begins with: a text, or a list of pieces."
    )
    seed: int | None = option(
        None, "Makes sampling repeat itself; without it every call differs.", 0, LARGEST_SEED
    )

    def __post_init__(self) -> None:
        if isinstance(self.target_prefix, list):
            object.__setattr__(self, "target_prefix", tuple(self.target_prefix))
        for option_field in option_fields():
            option_field.check(getattr(self, option_field.name))
        for name in ("length_penalty", "sampling_temperature", "sampling_topp", "repetition_penalty"):
            object.__setattr__(self, name, float(getattr(self, name)))
        self._check_lengths()
        self._check_sampling()

    @property
    def search_kind(self) -> Literal["greedy", "beam", "sampling"]:
        """Which search these options ask for."""
        if self.sampling_topk != 1:
            return "sampling"
        return "greedy" if self.beam_size == 1 else "beam"

    def _check_lengths(self) -> None:
        if self.max_length is not None and self.min_length > self.max_length:
            raise ValueError(
                f"min_length is {self.min_length}, more than max_length, {self.max_length}; "
                "raise max_length or lower min_length"
            )

    def _check_sampling(self) -> None:
        if self.search_kind != "sampling":
            for name in ("sampling_temperature", "sampling_topp"):
                if getattr(self, name) != 1.0:
                    raise ValueError(
                        f"{name} is {getattr(self, name)}, but sampling_topk 1 does not sample; "
                        "set sampling_topk to 0 (all pieces) or above 1"
                    )
            if self.num_hypotheses > self.beam_size:
                raise ValueError(
                    f"num_hypotheses is {self.num_hypotheses}, more than beam_size, {self.beam_size}; "
                    "raise beam_size to at least as many"
                )
        elif self.beam_size not in (1, _DEFAULT_BEAM):
            raise ValueError(
                f"beam_size is {self.beam_size}, but sampling_topk {self.sampling_topk} samples without a "
                "beam; leave out beam_size, or set sampling_topk to 1"
            )


@dataclass(frozen=True)
class OptionField:
    """What a flag, a schema entry or a slider needs to know of one field.

    `type` is what a value is parsed as; `optional` fields may also be None. Pieces for
    `target_prefix` come only through Python and JSON; as a flag it is a text.
    """

    name: str
    type: type[int] | type[float] | type[bool] | type[str]
    default: int | float | bool | str | None
    help: str
    minimum: float | None
    maximum: float | None
    optional: bool

    def check(self, value: object) -> None:
        """Refuse a value of the wrong type or outside the range.

        Raises:
            ValueError: naming field, value and what to give instead.
        """
        if value is None and self.optional:
            return
        if not self._fits(value):
            shown = repr(value)
            shown = shown if len(shown) <= 80 else shown[:77] + "..."
            raise ValueError(f"{self.name} is {shown}; give {self.wanted()}")

    def wanted(self) -> str:
        """What the field takes, in words."""
        if self.type is bool:
            return "true or false"
        if self.type is str:
            return "a text or a list of pieces, or leave it out"
        kind = "a whole number" if self.type is int else "a number"
        return f"{kind} from {self.minimum} to {self.maximum}" + (
            ", or leave it out" if self.optional else ""
        )

    def _fits(self, value: object) -> bool:
        if self.type is bool:
            return isinstance(value, bool)
        if self.type is str:
            return isinstance(value, str) or (
                isinstance(value, tuple) and all(isinstance(piece, str) for piece in value)
            )
        if isinstance(value, bool) or not isinstance(value, int if self.type is int else int | float):
            return False
        if self.minimum is None or self.maximum is None or math.isnan(value):
            return False
        return self.minimum <= value <= self.maximum


_TYPES: dict[object, tuple[type[int] | type[float] | type[bool] | type[str], bool]] = {
    int: (int, False),
    float: (float, False),
    bool: (bool, False),
    int | None: (int, True),
    str | tuple[str, ...] | None: (str, True),
}


def option_fields() -> tuple[OptionField, ...]:
    """Every field of `DecodeOptions` in order, for making flags, schemas and controls."""
    return _FIELDS


def _describe(described: dataclasses.Field) -> OptionField:
    kind, optional = _TYPES[described.type]
    default: Any = described.default
    return OptionField(described.name, kind, default, **described.metadata, optional=optional)


_FIELDS = tuple(_describe(described) for described in dataclasses.fields(DecodeOptions))
_DEFAULT_BEAM = DecodeOptions.beam_size
