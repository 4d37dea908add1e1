"""What a training starts from: nothing, the model of --init, or what its checkpoint says it began with.

The weights of a model fit other shapes, other lengths and other facts as well, only worse; so all of these
are kept in each checkpoint, and a resumed run need not be told again where it came from.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from seq2seq.config import ModelConfig
from seq2seq.data_to_text.facts import FactsForm
from seq2seq.storage.settings import Settings


@dataclass(frozen=True)
class Initialization:
    """The model that a run went on from, if it did, and the shape that the run has.

    Attributes:
        shape: of the model in training; None as long as the recipe alone decides.
        holder: whose shape it is, for a message.
        init: the name that --init gave.
        longest: pieces of the longest source and target that the model before had learned to read and write.
        facts: the slots and values that it knew.
    """

    shape: ModelConfig | None = None
    holder: str = "the checkpoint"
    init: str | None = None
    longest: tuple[int, int] = (0, 0)
    facts: FactsForm | None = None

    @classmethod
    def of(cls, init: str, shape: ModelConfig, settings: Settings | None = None) -> "Initialization":
        """The start from a model; a language model has no `settings` of pairs."""
        longest = (settings.longest_source, settings.longest_target) if settings else (0, 0)
        return cls(
            shape,
            "the model of --init",
            init,
            longest,
            getattr(settings.codec, "form", None) if settings else None,
        )

    def to_json(self, shape: ModelConfig) -> dict[str, Any]:
        """Plain data for a checkpoint of a run of this shape."""
        facts = dataclasses.asdict(self.facts) if self.facts else None
        return {"shape": shape.to_json(), "init": self.init, "longest": list(self.longest), "facts": facts}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Initialization":
        """What `to_json` wrote."""
        first, second = values["longest"]
        return cls(
            ModelConfig.from_json(values["shape"]),
            init=values["init"],
            longest=(first, second),
            facts=FactsForm(**values["facts"]) if values["facts"] else None,
        )

    def continued(self, asked: ModelConfig) -> ModelConfig:
        """The shape of the training: what is asked for or, from weights, theirs with the dropout asked for.

        Raises:
            ValueError: the recipe asks for something else than the weights have.
        """
        if self.shape is None:
            return asked
        usual = ModelConfig(asked.vocabulary_size)
        for name, value in vars(asked).items():
            own = getattr(self.shape, name)
            if name not in ("vocabulary_size", "dropout") and value not in (getattr(usual, name), own):
                raise ValueError(f"model.{name} is {value}, but {self.holder} has {own}; leave it out")
        return dataclasses.replace(self.shape, dropout=asked.dropout)
