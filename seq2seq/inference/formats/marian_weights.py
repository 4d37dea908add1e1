"""Weights of a Marian checkpoint of `transformers`, as those of our Transformer.

    model.encoder.layers.0.self_attn.q_proj          encoder.0.self_attention.heads.query_projection
                          .k_proj, .v_proj            one matrix, keys in its first half, values in its second
    model.shared, lm_head, final_logits_bias          embeddings and output bias, rows in the order of our ids

Marian starts a target with its padding, whose row becomes that of our start symbol. Where source and target
have vocabularies of their own, both become one; a row that a side lacks is zero, and its output bias low.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from seq2seq.attention.positions import SinusoidalPositions
from seq2seq.config import BOS, AttentionConfig, ModelConfig

SAFE, PICKLE = "model.safetensors", "pytorch_model.bin"
NEVER = -100.0  # output bias of what is never written: exp(-100) is less than float32's last digit
TOLERANCE = 1e-4  # of stored positions against the formula

_ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "swish": "swish", "silu": "swish"}
# Options of older checkpoints' configs, with the only value that our layers compute.
_FIXED = {
    "normalize_before": False,
    "normalize_embedding": False,
    "add_final_layer_norm": False,
    "static_position_embeddings": True,
}
ATTENTIONS = {"self_attention": "self_attn", "cross_attention": "encoder_attn"}
PROJECTIONS = {"query_projection": "q_proj", "output_projection": "out_proj"}
OTHERS = {
    "feed_forward.widen": "fc1",
    "feed_forward.narrow": "fc2",
    "self_residual.norm": "self_attn_layer_norm",
    "cross_residual.norm": "encoder_attn_layer_norm",
    "feed_forward_residual.norm": "final_layer_norm",
}


def marian_config(values: dict[str, Any], vocabulary_size: int, *, tied: bool) -> ModelConfig:
    """Return our config of a Marian model, from the values of its config.json.

    Raises:
        ValueError: The model is of another kind, or computes something that our layers do not.
    """
    if values.get("model_type") != "marian":
        raise ValueError(
            f"model_type is {values.get('model_type')!r}; only Marian models (OPUS-MT) can be imported"
        )
    for name, only in _FIXED.items():
        if values.get(name, only) != only:
            raise ValueError(f"{name} is {values[name]!r}; only models with {only!r} can be imported")
    activation = values.get("activation_function", "gelu")
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation_function is {activation!r}; known are {', '.join(_ACTIVATIONS)}")
    try:
        wide, narrow = values["encoder_ffn_dim"], values["decoder_ffn_dim"]
        if wide != narrow:
            raise ValueError(
                f"encoder_ffn_dim is {wide} and decoder_ffn_dim {narrow}; only equal ones can be imported"
            )
        dropout = values.get("attention_dropout", 0.0)
        encoder, decoder = (
            AttentionConfig(heads=values[f"{side}_attention_heads"], dropout=float(dropout))
            for side in ("encoder", "decoder")
        )
        return ModelConfig(
            vocabulary_size=vocabulary_size,
            width=values["d_model"],
            feed_forward=wide,
            encoder_layers=values["encoder_layers"],
            decoder_layers=values["decoder_layers"],
            encoder_attention=encoder,
            decoder_attention=decoder,
            cross_attention=decoder,
            positions="sinusoidal",
            norm_order="post",
            activation=_ACTIVATIONS[activation],  # type: ignore[arg-type]
            tied_embeddings=tied,
            output_bias=True,
            dropout=float(values.get("dropout", 0.1)),
            max_length=values["max_position_embeddings"],
        )
    except KeyError as error:
        raise ValueError(f"the config of the model lacks {error}; copy it again") from error


def read_checkpoint(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint in float32, from safetensors or from a pickle of tensors alone.

    Raises:
        ValueError: There is no checkpoint, or it is damaged.
    """
    safe, pickle = folder / SAFE, folder / PICKLE
    path = safe if safe.is_file() else pickle
    if not path.is_file():
        raise ValueError(f"{folder} has neither {SAFE} nor {PICKLE}; give the folder of a Marian model")
    try:
        # With `weights_only` torch builds tensors and plain values, and runs no code of the file.
        weights = (
            safetensors.torch.load_file(path)
            if path == safe
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({str(error).splitlines()[0][:200]}); copy it again") from error
    except Exception as error:  # pickle's own, which torch passes on
        raise ValueError(f"{path} holds more than tensors, which could run code; convert it first") from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise ValueError(f"{path} is no list of weights by name; give {SAFE} or {PICKLE}")
    return {name: value.float() for name, value in weights.items()}


def is_tied(values: dict[str, Any], weights: dict[str, Tensor]) -> bool:
    """Return whether one scaled matrix is both embeddings and the output layer."""
    shares = values.get("share_encoder_decoder_embeddings", True) and values.get("tie_word_embeddings", True)
    return bool(shares and values.get("scale_embedding", False))


def our_weights(
    weights: dict[str, Tensor], values: dict[str, Any], config: ModelConfig, rows: tuple[Sequence[int], ...]
) -> dict[str, Tensor]:
    """Return the weights of our model under its names.

    `rows` has for source and target, for each of our ids, the row of the checkpoint, or -1 for none.

    Raises:
        ValueError: A weight is missing or of another shape, or positions are not those of the formula.
    """
    _check_positions(weights, config)
    ours = dict(_embeddings(weights, values, config, rows))
    sides = (("encoder", config.encoder_layers), ("decoder", config.decoder_layers))
    for side, layers in sides:
        for number in range(layers):
            theirs, own = f"model.{side}.layers.{number}.", f"{side}.{number}."
            attentions = ("self_attention", "cross_attention") if side == "decoder" else ("self_attention",)
            for attention in attentions:
                ours |= _attention(weights, theirs + ATTENTIONS[attention], f"{own}{attention}.heads")
            for name, other in OTHERS.items():
                if side == "encoder" and name.startswith("cross"):
                    continue
                for kind in ("weight", "bias"):
                    ours[f"{own}{name}.{kind}"] = _get(weights, f"{theirs}{other}.{kind}")
    return ours


def _attention(weights: dict[str, Tensor], theirs: str, own: str) -> dict[str, Tensor]:
    found = {}
    for kind in ("weight", "bias"):
        for name, other in PROJECTIONS.items():
            found[f"{own}.{name}.{kind}"] = _get(weights, f"{theirs}.{other}.{kind}")
        pair = [_get(weights, f"{theirs}.{side}_proj.{kind}") for side in ("k", "v")]
        found[f"{own}.key_value_projection.{kind}"] = torch.cat(pair)
    return found


def _embeddings(
    weights: dict[str, Tensor], values: dict[str, Any], config: ModelConfig, rows: tuple[Sequence[int], ...]
) -> dict[str, Tensor]:
    source, target = rows
    encoder = _first(weights, "model.encoder.embed_tokens.weight", "model.shared.weight")
    decoder = _first(weights, "model.decoder.embed_tokens.weight", "model.shared.weight", "lm_head.weight")
    tied = values.get("tie_word_embeddings", True)
    output = decoder if tied else _first(weights, "lm_head.weight")
    bias = weights.get("final_logits_bias")
    bias = torch.zeros(len(output)) if bias is None else bias.flatten()
    bias = _rows(bias[:, None], target, NEVER).flatten()
    bias[BOS] = NEVER
    if config.tied_embeddings:
        return {"source_embedding.table.weight": _rows(decoder, target), "source_embedding.bias": bias}
    # Our embeddings are always scaled; those of a model that does not scale its own are divided by it.
    scale = 1.0 if values.get("scale_embedding", False) else config.width**-0.5
    return {
        "source_embedding.table.weight": _rows(encoder, source) * scale,
        "target_embedding.table.weight": _rows(decoder, target) * scale,
        "output.table.weight": _rows(output, target),
        "output.bias": bias,
    }


def _rows(table: Tensor, rows: Sequence[int], missing: float = 0.0) -> Tensor:
    """Return rows of a table in a new order; a row -1 is filled with `missing`."""
    if max(rows) >= len(table):
        raise ValueError(
            f"the vocabulary has an id {max(rows)}, but the model has {len(table)} rows; the tokenizer does "
            "not fit the model: take both from one folder"
        )
    order = torch.tensor(rows)
    chosen = table[order.clamp(min=0)].clone()
    chosen[order < 0] = missing
    return chosen


def _check_positions(weights: dict[str, Tensor], config: ModelConfig) -> None:
    for side in ("encoder", "decoder"):
        stored = weights.get(f"model.{side}.embed_positions.weight")
        if stored is None:
            continue
        formula = SinusoidalPositions(config.max_length, config.width).table
        if stored.shape != formula.shape or (stored - formula).abs().max() > TOLERANCE:
            raise ValueError(f"the positions of the {side} are no sinusoids; such a model cannot be imported")


def _first(weights: dict[str, Tensor], *names: str) -> Tensor:
    """Return the first of several names of a tied tensor that the file has."""
    for name in names:
        if name in weights:
            return weights[name]
    return _get(weights, names[0])


def _get(weights: dict[str, Tensor], name: str) -> Tensor:
    if name not in weights:
        raise ValueError(f"the checkpoint lacks {name}; it does not belong to its config.json")
    return weights[name]
