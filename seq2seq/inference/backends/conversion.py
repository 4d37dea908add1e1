"""Conversion of a model to CTranslate2: the weights of a `Transformer` in the engine's own specification.

    queries, keys, values of self-attention   one matrix [3 M, M]
    keys, values of cross-attention           one matrix [2 M, M]; shared heads are repeated
    swiglu                                    gate and content as two matrices
    alignment head                            the first of its layer, whose weights the engine returns

The engine numbers heads and positions as we do, so that nothing else moves. The output layer bans
no token: the probabilities are those of the model, the padding and start symbols among them. A search
that finds one of these two is not used (`engine.py`).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from seq2seq.alignment.head import AlignmentHead
from seq2seq.attention.flow import Attention
from seq2seq.attention.heads import SharedHeads
from seq2seq.attention.positions import LearnedPositions
from seq2seq.attention.score import is_scaled_dot
from seq2seq.config import END, EOS, PAD, START, UNK, ModelConfig
from seq2seq.inference.backends.expressible import reason_against
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.layers import CausalLayer, DecoderLayer, Embedding, EncoderLayer, FeedForward, Residual
from seq2seq.model.transformer import Transformer
from seq2seq.storage.settings import Settings
from seq2seq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from seq2seq.inference.ensemble import LoadedModels
    from seq2seq.inference.generator import Generator
    from seq2seq.inference.translator import Translator
    from seq2seq.storage.model_directory import LoadedLanguageModel

AnyNetwork = Transformer | LanguageModel
Quantization = Literal["float32", "float16", "int8"]
LAYOUT = 1  # of the converted files; a new number makes earlier ones in a cache unused
PADDING, UNKNOWN = "<pad>", "<unk>"
EPSILON = 1e-5  # of our norms


def convert_to_ctranslate2(
    model: "Translator | Generator | LoadedModels | LoadedLanguageModel",
    directory: str | Path,
    quantization: Quantization = "float32",
) -> None:
    """Write the model of a translator or generator as a CTranslate2 model directory.

    Weights of `quantization` "int8" are stored in 8 bit, one scale for each row of a matrix.

    Raises:
        ValueError: CTranslate2 has no specification for the model, with the reason.
        OSError: The files could not be written.
    """
    network = model.model
    if not isinstance(network, Transformer | LanguageModel):
        raise ValueError(
            "CTranslate2 has one model in a directory; give each model of the ensemble by itself"
        )
    if reason := reason_against(network.config) or _reason_against_scores(network):
        raise ValueError(f"CTranslate2 has {reason}; use the model with torch")
    tokens = vocabulary(model.tokenizer)
    with torch.inference_mode():
        if isinstance(network, LanguageModel):
            spec = _language_spec(network, tokens)
        else:
            assert isinstance(model.settings, Settings)
            spec = _translation_spec(network, model.settings.alignment, tokens)
    spec.validate()
    spec.optimize(quantization=None if quantization == "float32" else quantization)
    Path(directory).mkdir(parents=True, exist_ok=True)
    spec.save(str(directory))


def vocabulary(tokenizer: Tokenizer) -> list[str]:
    """Return the name of each token for CTranslate2, which knows tokens by names: each is there once."""
    tokens = tokenizer.pieces(range(len(tokenizer)))
    tokens[PAD], tokens[UNK], tokens[EOS - 1], tokens[EOS] = PADDING, UNKNOWN, START, END
    seen: set[str] = set()
    for number, token in enumerate(tokens):
        if token in seen:
            tokens[number] = f"{token}#{number}"
        seen.add(tokens[number])
    return tokens


def _reason_against_scores(network: nn.Module) -> str | None:
    """Return why a score of the user's own cannot be expressed; None where there is none."""
    for module in network.modules():
        if isinstance(module, Attention) and not is_scaled_dot(module.score):
            return f"no score {type(module.score).__name__}"
    return None


def _translation_spec(network: Transformer, head: AlignmentHead, tokens: list[str]) -> Any:
    from ctranslate2.specs import transformer_spec

    config = network.config
    common = _common(config)
    encoder = transformer_spec.TransformerEncoderSpec(
        config.encoder_layers, config.encoder_attention.heads, **common
    )
    decoder = transformer_spec.TransformerDecoderSpec(
        config.decoder_layers,
        config.decoder_attention.heads,
        alignment_layer=head.layer,
        alignment_heads=1,
        **common,
    )
    spec = transformer_spec.TransformerSpec(encoder, decoder)
    encoder.embeddings[0].weight = _array(network.source_embedding.table.weight)
    _set_ends(encoder, network.positions, network.encoder_norm)
    _set_layers(encoder, network.encoder)
    _set_decoder(decoder, network, network.target_embedding, network.decoder)
    _set_ends(decoder, network.positions, network.decoder_norm)
    for number, (part, layer) in enumerate(zip(decoder.layer, network.decoder, strict=True)):
        _set_cross_attention(part.attention, layer, head.head if number == head.layer else 0)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    _set_special_tokens(spec.config, decoder_start_token=START, add_source_eos=True)
    return spec


def _language_spec(network: LanguageModel, tokens: list[str]) -> Any:
    from ctranslate2.specs import transformer_spec

    config = network.config
    # Each layer drops the tokens that are older than the context, as our caches do.
    window = {"sliding_window": config.max_length} if network.rolls else {}
    decoder = transformer_spec.TransformerDecoderSpec(
        config.decoder_layers,
        config.decoder_attention.heads,
        with_encoder_attention=False,
        **_common(config),
        **window,
    )
    spec = transformer_spec.TransformerDecoderModelSpec(decoder)
    _set_decoder(decoder, network, network.embedding, network.layers)
    _set_ends(decoder, network.positions, network.norm)
    spec.register_vocabulary(tokens)
    _set_special_tokens(spec.config)
    return spec


def _common(config: ModelConfig) -> dict[str, Any]:
    """Return the arguments that encoder and decoder share."""
    from ctranslate2.specs import common_spec

    kinds = common_spec.Activation
    activations = {"relu": kinds.RELU, "gelu": kinds.GELU, "swiglu": kinds.SWISH, "swish": kinds.SWISH}
    rotary = {"rotary_dim": 0, "rotary_interleave": False} if config.positions == "rotary" else {}
    return {
        "pre_norm": config.norm_order == "pre",
        "activation": activations[config.activation],
        "ffn_glu": config.activation == "swiglu",
        "rms_norm": config.norm == "rms",
        **rotary,  # rotary_dim 0 is all dimensions of a head
    }


def _set_special_tokens(config: Any, **more: Any) -> None:
    config.bos_token, config.eos_token, config.unk_token = START, END, UNKNOWN
    config.layer_norm_epsilon = EPSILON
    for name, value in more.items():
        setattr(config, name, value)


def _set_decoder(
    spec: Any, network: AnyNetwork, embedding: Embedding, layers: Iterable[CausalLayer | DecoderLayer]
) -> None:
    """Set all of a decoder but its cross-attention, positions and last norm."""
    spec.embeddings.weight = _array(embedding.table.weight)
    spec.projection.weight = _array(network.output.table.weight)
    if network.output.bias is not None:
        spec.projection.bias = _array(network.output.bias)
    _set_layers(spec, layers)


def _set_layers(spec: Any, layers: Iterable[EncoderLayer | CausalLayer | DecoderLayer]) -> None:
    """Set of each layer all but cross-attention."""
    for part, layer in zip(spec.layer, layers, strict=True):
        _set_self_attention(part.self_attention, layer.self_attention, layer.self_residual)
        _set_feed_forward(part.ffn, layer.feed_forward, layer.feed_forward_residual)


def _set_ends(spec: Any, positions: nn.Module | None, norm: nn.Module) -> None:
    """Set the positions added before the first layer, and the norm after the last one."""
    if positions is not None:
        table = positions.embedding.weight if isinstance(positions, LearnedPositions) else positions.table
        spec.position_encodings.encodings = _array(table)
    elif hasattr(spec, "position_encodings"):
        del spec.position_encodings  # an encoder's has them, whatever its other arguments
    if not isinstance(norm, nn.Identity):
        _set_norm(spec.layer_norm, norm)


def _set_self_attention(spec: Any, attention: Attention, residual: Residual) -> None:
    heads = _heads(attention)
    key, value = _keys_and_values(heads)
    query = heads.query_projection
    _set_norm(spec.layer_norm, residual.norm)
    _set_linear(spec.linear[0], [query.weight, key[0], value[0]], [query.bias, key[1], value[1]])
    _set_linear(spec.linear[1], [heads.output_projection.weight], [heads.output_projection.bias])


def _set_cross_attention(spec: Any, layer: DecoderLayer, first: int) -> None:
    """Set the cross-attention of a layer, with the head `first` before the others."""
    heads = _heads(layer.cross_attention)
    key, value = _keys_and_values(heads)
    order = [first, *(number for number in range(heads.heads) if number != first)]
    width = heads.head_width
    rows = torch.cat([torch.arange(number * width, (number + 1) * width) for number in order])
    query, output = heads.query_projection, heads.output_projection
    _set_norm(spec.layer_norm, layer.cross_residual.norm)
    _set_linear(spec.linear[0], [query.weight[rows]], [query.bias[rows]])
    _set_linear(spec.linear[1], [key[0][rows], value[0][rows]], [key[1][rows], value[1][rows]])
    _set_linear(spec.linear[2], [output.weight[:, rows]], [output.bias])


def _set_feed_forward(spec: Any, net: FeedForward, residual: Residual) -> None:
    _set_norm(spec.layer_norm, residual.norm)
    weights: list[Tensor] = [net.widen.weight]
    biases: list[Tensor] = [net.widen.bias]
    if net.activation == "swiglu":
        weights, biases = [*net.widen.weight.chunk(2)], [*net.widen.bias.chunk(2)]
        _set_linear(spec.linear_0_noact, weights[1:], biases[1:])
    _set_linear(spec.linear_0, weights[:1], biases[:1])
    _set_linear(spec.linear_1, [net.narrow.weight], [net.narrow.bias])


def _heads(attention: Attention) -> SharedHeads:
    assert isinstance(attention.heads, SharedHeads), "latent heads are refused before"
    return attention.heads


def _keys_and_values(heads: SharedHeads) -> list[tuple[Tensor, Tensor]]:
    """Return weight [M, memory width] and bias [M] of the keys, and of the values, of every query head."""
    projection, group = heads.key_value_projection, heads.heads // heads.kv_heads
    return [
        (_repeated(weight, heads.kv_heads, group), _repeated(bias, heads.kv_heads, group))
        for weight, bias in zip(projection.weight.chunk(2), projection.bias.chunk(2), strict=True)
    ]


def _repeated(rows: Tensor, heads: int, group: int) -> Tensor:
    """Repeat the rows of each of K heads for the query heads of its group: [K D, ...] -> [H D, ...]."""
    repeated: Tensor = rows.unflatten(0, (heads, -1)).repeat_interleave(group, dim=0).flatten(0, 1)
    return repeated


def _set_linear(spec: Any, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
    spec.weight, spec.bias = _array(torch.cat(list(weights))), _array(torch.cat(list(biases)))


def _set_norm(spec: Any, norm: nn.Module) -> None:
    spec.gamma = _array(norm.weight)
    if isinstance(norm, nn.LayerNorm):
        spec.beta = _array(norm.bias)


def _array(tensor: Any) -> Any:
    """Return a tensor as a new array of numpy in float32; CTranslate2 changes arrays in place."""
    return tensor.detach().float().cpu().contiguous().numpy().copy()
