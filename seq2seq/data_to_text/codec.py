"""The codec of facts: sources such as `name[The Eagle], food[French]`, results in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from seq2seq.data_to_text.e2e_slots import SlotRate, slot_rate
from seq2seq.data_to_text.facts import FactsForm, as_mapping
from seq2seq.data_to_text.ranking import SlotRanking
from seq2seq.data_to_text.tokenizer import FactsTokenizer
from seq2seq.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class RerankerSettings:
    """Settings of the re-ranking of a beam.

    Attributes:
        kind: The method: "slots" ranks by slot errors (`ranking.py`).
        beam: The smallest beam size.
        temperature: Flattens the probabilities of the hypotheses; see `SlotRanking`.

    Raises:
        ValueError: A value is of the wrong type or outside its range.
    """

    kind: Literal["slots"] = "slots"
    beam: int = 12
    temperature: float = 2.0

    def __post_init__(self) -> None:
        if self.kind != "slots":
            raise ValueError(f'reranker.kind is {self.kind!r}; this version knows "slots"')
        # A bool is an int in Python, but no beam size.
        if not isinstance(self.beam, int) or isinstance(self.beam, bool) or not 1 <= self.beam <= 1000:
            raise ValueError(f"reranker.beam is {self.beam!r}; give a whole number from 1 to 1000")
        if not isinstance(self.temperature, int | float) or not self.temperature > 0:
            raise ValueError(f"reranker.temperature is {self.temperature!r}; give a number above 0")


@dataclass(frozen=True)
class FactsCodec:
    """A codec for facts of one form, with the re-ranking of results."""

    form: FactsForm
    reranker: RerankerSettings | None = None

    @property
    def ranker(self) -> SlotRanking | None:
        """The re-ranker by slot errors; None where the model has none."""
        return SlotRanking(self.form, self.reranker.temperature) if self.reranker else None

    @property
    def least_beam(self) -> int:
        """The smallest beam size with which the ranker is used."""
        return self.reranker.beam if self.reranker else 1

    def tokenizer_for(self, tokenizer: Tokenizer, source: str) -> Tokenizer:
        """Return a tokenizer bound to the facts of a source; a blank source is plain text.

        Raises:
            ValueError: The source has no facts of this form.
        """
        return FactsTokenizer(tokenizer, self.form, source) if source.strip() else tokenizer

    def count_errors(self, sources: Sequence[str], outputs: Sequence[str]) -> SlotRate:
        """Count the facts that outputs omit, state with another value, or add."""
        return slot_rate([as_mapping(self.form.check(source)) for source in sources], outputs)

    def to_json(self) -> dict[str, Any]:
        """Return the keys of config.json, without those that are None."""
        values = {"facts": asdict(self.form)}
        return {**values, "reranker": asdict(self.reranker)} if self.reranker else values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "FactsCodec":
        """Build the codec from the keys of config.json.

        Raises:
            ValueError: A key is unknown or missing, a value is refused, or a re-ranker has no facts.
        """
        form = _build(FactsForm, "facts", values.get("facts"))
        reranker = _build(RerankerSettings, "reranker", values.get("reranker"))
        if form is None:
            raise ValueError(f"reranker is {reranker.kind!r} without facts; leave it out")
        return cls(form, reranker)


def _build(kind: Any, name: str, values: Any) -> Any:
    """Build a settings dataclass from its JSON object; None from null."""
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ValueError(f"{name} is {values!r}, not an object")
    known = {field.name for field in fields(kind)}
    if unknown := values.keys() - known:
        raise ValueError(f"{name} has an unknown key {min(unknown)!r}; known are {', '.join(sorted(known))}")
    if missing := known - values.keys():
        raise ValueError(f"{name} lacks the key {min(missing)!r}")
    return kind(**values)
