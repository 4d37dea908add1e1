"""Model configuration: dataclasses that convert to JSON and back and refuse contradictions.

`AttentionConfig` is one point in the space of attentions (score, heads, sparsity, positions). `ModelConfig`
has three of them: encoder self-attention, causal decoder self-attention and cross-attention.
"""

import dataclasses
import types
import typing
from dataclasses import MISSING, dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

# The ids of the special symbols, equal in every vocabulary, and the pieces of start and end.
PAD, UNK, BOS, EOS = 0, 1, 2, 3
START, END = "<s>", "</s>"

# The largest number of positions of a sequence, and the largest width of a vector or window. Larger values
# come from damaged files and would exhaust the memory.
LONGEST, WIDEST = 2**17, 2**20

Config = TypeVar("Config")


@dataclass(frozen=True)
class AttentionConfig:
    """The configuration of one attention: score function, heads, sparsity pattern, positions.

    With several of `window`, `global_tokens` and `stride`, a query attends to the union of their positions;
    with none of them, to all positions.

    Args:
        score: score function of queries and keys.
        heads: number of query heads; each has its part of the width.
        kv_heads: number of key/value heads; null: one per head (MHA), 1: one for all (MQA), between: one
            per group of heads (GQA).
        latent: width of one latent vector per position from which the keys and values of all heads are
            computed (MLA).
        window: attend to positions less than this far away.
        global_tokens: the first positions, this many, attend to all and are attended by all; beside a
            window only.
        stride: attend to positions at multiples of this distance.
        linear: linear attention, a product of features in place of the softmax.
        rotary: rotary positions (self-attention only); a model sets it by `positions`.
        dropout: dropout probability of the attention weights.

    Raises:
        ValueError: A count is too small, `kv_heads` does not divide `heads`, dropout is outside [0, 1), or
            choices exclude each other.
    """

    score: Literal["scaled_dot", "additive", "target_aware"] = "scaled_dot"
    heads: int = 4
    kv_heads: int | None = None
    latent: int | None = None
    window: int | None = None
    global_tokens: int = 0
    stride: int | None = None
    linear: bool = False
    rotary: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_types(self)
        if self.heads < 1:
            raise ValueError(f"heads is {self.heads}; an attention needs at least 1")
        if self.kv_heads is not None and (self.kv_heads < 1 or self.heads % self.kv_heads):
            raise ValueError(
                f"kv_heads is {self.kv_heads}; choose a divisor of heads ({self.heads}), "
                "so that each key/value head serves the same number of query heads"
            )
        for name in ("latent", "window", "stride"):
            size = getattr(self, name)
            if size is not None and size < 1:
                raise ValueError(f"{name} is {size}; choose at least 1, or leave it out (null) for none")
            check_bound(name, size, WIDEST)
        if self.global_tokens < 0:
            raise ValueError(f"global_tokens is {self.global_tokens}; choose 0 (none) or more")
        check_bound("global_tokens", self.global_tokens, WIDEST)
        check_dropout(self.dropout)
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        if self.latent is not None and self.kv_heads is not None:
            raise ValueError(
                f"latent is {self.latent} beside kv_heads {self.kv_heads}; a latent serves all heads "
                "already, leave out (null) one of the two"
            )
        if self.linear and self.score != "scaled_dot":
            raise ValueError(
                f"linear is True beside score {self.score!r}; linear attention compares by its own "
                "features, set score to scaled_dot or linear to False"
            )
        if self.linear and self.sparse:
            raise ValueError(
                f"linear is True beside window {self.window}, global_tokens {self.global_tokens} and stride "
                f"{self.stride}; its one sum over all keys leaves none out, drop these or set linear to False"
            )
        if self.rotary and (self.linear or self.score != "scaled_dot"):
            raise ValueError(
                f"rotary is True beside {self.comparison}; only a scaled dot product of turned "
                "vectors depends on their distance, set rotary to False"
            )
        if self.global_tokens and self.window is None:
            raise ValueError(
                f"global_tokens is {self.global_tokens} without a window; other tokens would see these and "
                "not their neighbours, set window to at least 1 or global_tokens to 0"
            )

    @cached_property
    def shared_heads(self) -> int:
        """K, the number of key/value heads."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @cached_property
    def sparse(self) -> bool:
        """True where a query attends to some positions only, padding and the future aside."""
        return self.window is not None or self.global_tokens > 0 or self.stride is not None

    @property
    def comparison(self) -> str:
        """The field of the score function with its value, for error messages."""
        return "linear True" if self.linear else f"score {self.score!r}"


@dataclass(frozen=True)
class ModelConfig:
    """The configuration of a Transformer: an encoder-decoder, or a decoder alone as language model.

    A decoder alone ignores the fields of encoder and cross-attention.

    Args:
        vocabulary_size: number of pieces, special symbols included.
        kind: an encoder-decoder, which converts a text into another, or a decoder, which continues a text.
        width: width of the model.
        feed_forward: inner width of the feed-forward networks.
        encoder_layers: number of encoder layers; 0: the memory comes from elsewhere, such as an image.
        decoder_layers: number of decoder layers.
        encoder_attention: self-attention of the encoder.
        decoder_attention: causal self-attention of the decoder.
        cross_attention: attention of the decoder to the memory of the encoder.
        positions: position encoding: sinusoidal or learned vectors added to the embeddings, or rotated
            queries and keys (rotary).
        norm: layer normalisation (layer) or root mean square normalisation (rms).
        norm_order: normalise before each sub-layer (pre) or after it (post).
        activation: activation of the feed-forward networks; swiglu has a gate, swish (SiLU) has none.
        tied_embeddings: share one matrix between source embedding, target embedding and output layer.
        output_bias: add a trained number for each piece to the logits, as Marian's models do.
        dropout: dropout probability after embeddings and sub-layers.
        max_length: longest sequence in tokens, special symbols counted; for a language model the context.
        memory_width: width of a memory from elsewhere; null: the width of the model.

    Raises:
        ValueError: The heads do not divide the width, a value is outside its range, or choices exclude each
            other.
    """

    vocabulary_size: int
    kind: Literal["encoder_decoder", "decoder"] = "encoder_decoder"
    width: int = 128
    feed_forward: int = 256
    encoder_layers: int = 4
    decoder_layers: int = 4
    encoder_attention: AttentionConfig = field(default_factory=AttentionConfig)
    decoder_attention: AttentionConfig = field(default_factory=AttentionConfig)
    cross_attention: AttentionConfig = field(default_factory=AttentionConfig)
    positions: Literal["sinusoidal", "learned", "rotary"] = "sinusoidal"
    norm: Literal["layer", "rms"] = "layer"
    norm_order: Literal["pre", "post"] = "post"
    activation: Literal["relu", "gelu", "swiglu", "swish"] = "relu"
    tied_embeddings: bool = True
    output_bias: bool = False
    dropout: float = 0.1
    max_length: int = 256
    memory_width: int | None = None

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("width", "feed_forward", "decoder_layers", "max_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        check_bound("max_length", self.max_length, LONGEST)
        check_bound("memory_width", self.memory_width, WIDEST)
        self._check_memory()
        if self.output_bias and self.kind == "decoder":
            raise ValueError("output_bias is True beside kind 'decoder'; only encoder-decoders have one")
        if self.vocabulary_size <= EOS:
            raise ValueError(
                f"vocabulary_size is {self.vocabulary_size}; the four special symbols alone need {EOS + 1}"
            )
        cross = ("cross_attention",) if self.kind == "encoder_decoder" else ()
        encoder = ("encoder_attention",) if cross and self.encoder_layers else ()
        for name in (*encoder, "decoder_attention", *cross):  # the others are not built
            self._check_attention(name, getattr(self, name))
        if self.positions == "sinusoidal" and self.width % 2:
            raise ValueError(f"width is {self.width}; sinusoidal positions need an even one")
        check_dropout(self.dropout)

    def _check_memory(self) -> None:
        if self.encoder_layers < 0:
            raise ValueError(
                f"encoder_layers is {self.encoder_layers}; give at least 1, or 0 for a memory from elsewhere"
            )
        if self.memory_width is not None and self.encoder_layers:
            raise ValueError(
                f"memory_width is {self.memory_width} beside encoder_layers {self.encoder_layers}, whose "
                "memory is as wide as the model; set encoder_layers to 0 to read a memory from elsewhere"
            )
        if self.memory_width is not None and self.memory_width < 1:
            raise ValueError(f"memory_width is {self.memory_width}; choose at least 1, or null")

    def _check_attention(self, name: str, attention: AttentionConfig) -> None:
        if self.width % attention.heads:
            raise ValueError(
                f"{name}.heads is {attention.heads}, which does not divide width {self.width}; "
                "choose a divisor"
            )
        if attention.rotary:
            raise ValueError(
                f"{name}.rotary is set by the model; write positions: rotary to turn on rotary positions"
            )
        turned = self.positions == "rotary" and name != "cross_attention"
        if turned and (attention.linear or attention.score != "scaled_dot"):
            raise ValueError(
                f"positions is rotary, but {name} has {attention.comparison}, which no turning suits; "
                "choose positions: sinusoidal or learned"
            )
        if turned and attention.latent is None and (self.width // attention.heads) % 2:
            raise ValueError(
                f"width {self.width} over {attention.heads} heads gives an odd head width "
                f"in {name}; rotary positions need an even one"
            )

    def self_attention(self, side: Literal["encoder", "decoder"]) -> AttentionConfig:
        """Return the self-attention of one side, with rotary positions where the model has them."""
        config = self.encoder_attention if side == "encoder" else self.decoder_attention
        return dataclasses.replace(config, rotary=self.positions == "rotary")

    def to_json(self) -> dict[str, Any]:
        """Return the config as a JSON object."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ModelConfig":
        """Build the config from the object of `to_json`.

        Raises:
            ValueError: A key is unknown or missing, or the config refuses a value.
        """
        check_mapping(cls, values)
        nested: dict[str, Any] = {
            name: _build(AttentionConfig, values[name])
            for name in ("encoder_attention", "decoder_attention", "cross_attention")
            if name in values
        }
        return _build(cls, {**values, **nested})


def _build(cls: type[Config], values: dict[str, Any]) -> Config:
    check_mapping(cls, values)
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    known = [f.name for f in fields]
    if unknown := sorted(set(values) - set(known)):
        raise ValueError(f"{cls.__name__} has no field {unknown[0]!r}; its fields are {', '.join(known)}")
    for required in fields:
        has_default = required.default is not MISSING or required.default_factory is not MISSING
        if required.name not in values and not has_default:
            raise ValueError(f"{cls.__name__} has no {required.name!r}, which has no default; add it")
    return cls(**values)


def check_mapping(cls: type, values: Any) -> None:
    """Refuse values that are no mapping, as in a damaged file.

    Raises:
        ValueError: With the value.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{cls.__name__} is {values!r}; it must be a mapping of its fields")


def check_bound(name: str, size: int | None, most: int) -> None:
    """Refuse a size above `most`, as in a damaged file.

    Raises:
        ValueError: With the field, its value and the maximum.
    """
    if size is not None and size > most:
        raise ValueError(f"{name} is {size}; choose at most {most}")


def check_dropout(dropout: float) -> None:
    """Refuse a dropout outside [0, 1).

    Raises:
        ValueError: With the value.
    """
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout is {dropout}; choose a number from 0 up to, but not including, 1")


def check_types(config: Any) -> None:
    """Refuse fields whose values do not have their annotated types; JSON and YAML do not check.

    Raises:
        ValueError: With the first such field, its value and the accepted type.
    """
    hints = typing.get_type_hints(type(config))
    for name, hint in hints.items():
        value = getattr(config, name)
        if not _fits(value, hint):
            choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
            accepted = " or ".join(map(repr, choices)) or getattr(hint, "__name__", hint)
            raise ValueError(f"{name} is {value!r}; it must be {accepted}")


def _fits(value: Any, hint: Any) -> bool:
    if typing.get_origin(hint) is Literal:
        return value in typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    # In Python a bool is an int; in a config it is a mistake.
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)
