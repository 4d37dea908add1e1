"""The start of a training: random weights, the model of --init, or either as stored in a checkpoint.

The weights of a model also load into other shapes (positions, heads), lengths and facts, and then work worse.
So all of these are stored in each checkpoint, and a resumed run needs no --init.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from seq2seq.config import ModelConfig
from seq2seq.data_to_text.codec import FactsCodec
from seq2seq.data_to_text.facts import FactsForm
from seq2seq.storage.settings import Settings


@dataclass(frozen=True)
class Initialization:
    """The model that a run started from, if any, and the shape of the run's model.

    Attributes:
        shape: of the model in training; None where the recipe alone decides.
        holder: where the shape comes from, for a message.
        init: the value of --init.
        longest: tokens of the longest source and target that the model of --init was trained on.
        facts: its slots and values.
    """

    shape: ModelConfig | None = None
    holder: str = "the checkpoint"
    init: str | None = None
    longest: tuple[int, int] = (0, 0)
    facts: FactsForm | None = None

    @classmethod
    def of(cls, init: str, shape: ModelConfig, settings: Settings | None = None) -> "Initialization":
        """Return the start from a model; a language model has no `settings` of pairs."""
        if settings is None:
            return cls(shape, "the model of --init", init)
        longest = (settings.longest_source, settings.longest_target)
        facts = settings.codec.form if isinstance(settings.codec, FactsCodec) else None
        return cls(shape, "the model of --init", init, longest, facts)

    def to_json(self, shape: ModelConfig) -> dict[str, Any]:
        """Return plain data for a checkpoint of a run of this shape."""
        facts = dataclasses.asdict(self.facts) if self.facts else None
        return {"shape": shape.to_json(), "init": self.init, "longest": list(self.longest), "facts": facts}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Initialization":
        """Return the start that `to_json` wrote."""
        first, second = values["longest"]
        return cls(
            ModelConfig.from_json(values["shape"]),
            init=values["init"],
            longest=(first, second),
            facts=FactsForm(**values["facts"]) if values["facts"] else None,
        )

    def continued(self, recipe: ModelConfig) -> ModelConfig:
        """Return the shape of the training: the recipe's or, from weights, theirs with the recipe's dropout.

        Raises:
            ValueError: the recipe sets a field to another value than the weights have.
        """
        if self.shape is None:
            return recipe
        defaults = ModelConfig(recipe.vocabulary_size)
        for name, value in vars(recipe).items():
            own = getattr(self.shape, name)
            if name not in ("vocabulary_size", "dropout") and value not in (getattr(defaults, name), own):
                raise ValueError(f"model.{name} is {value}, but {self.holder} has {own}; leave it out")
        return dataclasses.replace(self.shape, dropout=recipe.dropout)
