"""Twins of our model: the same weights in a model of `transformers`.

Two peers share a shape with ours: LayerNorm, ReLU, sinusoids (all sines, then all cosines), one scaled
embedding for source, target and output. Marian has it with the norms after each branch (post-norm),
M2M100 with the norms before it (pre-norm). Our key/value projection holds keys in its first half and
values in its second; theirs are apart. Nothing else differs but the names.
"""

from torch import Tensor
from transformers import M2M100Config, M2M100ForConditionalGeneration, MarianConfig, MarianMTModel

from seq2seq.attention.positions import SinusoidalPositions
from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.inference.formats.transformers_export import layer_weights
from seq2seq.model.transformer import Transformer

Twin = MarianMTModel | M2M100ForConditionalGeneration


def make_twin(model: Transformer) -> Twin:
    """Return a peer that computes what `model` computes, in the same mode (train or eval).

    Raises:
        ValueError: a model that neither Marian nor M2M100 can express.
    """
    shape = peer_shape(model.config)
    if model.config.norm_order == "post":
        twin: Twin = MarianMTModel(MarianConfig(**shape, forced_eos_token_id=None))
    else:
        twin = M2M100ForConditionalGeneration(
            M2M100Config(**shape, encoder_layerdrop=0.0, decoder_layerdrop=0.0)
        )
        count_positions_as_ours(twin, model.config)
    missing, unexpected = twin.load_state_dict(peer_weights(model), strict=False)
    assert not unexpected, unexpected
    fixed = ("embed_tokens.weight", "embed_positions.weight", "lm_head.weight", "final_logits_bias")
    assert all(name.endswith(fixed) for name in missing), missing
    return twin.train(model.training)


def peer_shape(config: ModelConfig) -> dict[str, int | float | str | bool]:
    """Return our shape as the peers' config.

    Raises:
        ValueError: positions, norms, activation or heads that the peers do not have.
    """
    attentions = {config.encoder_attention, config.decoder_attention, config.cross_attention}
    wanted = (config.positions, config.norm, config.activation, config.tied_embeddings)
    if wanted != ("sinusoidal", "layer", "relu", True) or not all(map(is_plain, attentions)):
        raise ValueError(
            f"no peer has a model with {wanted} and {attentions}; use sinusoidal positions, LayerNorm, "
            "ReLU, tied embeddings and plain multi-head attention"
        )
    return {
        "vocab_size": config.vocabulary_size,
        "d_model": config.width,
        "encoder_layers": config.encoder_layers,
        "decoder_layers": config.decoder_layers,
        "encoder_ffn_dim": config.feed_forward,
        "decoder_ffn_dim": config.feed_forward,
        "encoder_attention_heads": config.encoder_attention.heads,
        "decoder_attention_heads": config.decoder_attention.heads,
        "max_position_embeddings": config.max_length,
        "activation_function": "relu",
        "dropout": config.dropout,
        "attention_dropout": config.encoder_attention.dropout,
        "scale_embedding": True,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "decoder_start_token_id": BOS,
    }


def is_plain(attention: AttentionConfig) -> bool:
    """Return whether an attention is multi-head attention and nothing else, of any number of heads."""
    return AttentionConfig(heads=attention.heads, dropout=attention.dropout) == attention


def count_positions_as_ours(twin: M2M100ForConditionalGeneration, config: ModelConfig) -> None:
    """Replace M2M100's sinusoids, which have other frequencies and count from PAD + 1, by ours."""
    table = SinusoidalPositions(config.max_length, config.width).table
    for side in (twin.model.encoder, twin.model.decoder):
        weights = side.embed_positions.weights
        weights.zero_()
        weights[PAD + 1 : PAD + 1 + len(table)] = table


def peer_weights(model: Transformer) -> dict[str, Tensor]:
    """Return all weights of a model under the peers' names."""
    weights = {"model.shared.weight": model.source_embedding.table.weight.detach()}
    for side in ("encoder", "decoder"):
        for index, layer in enumerate(getattr(model, side)):
            for name, value in layer_weights(layer.state_dict()).items():
                weights[f"model.{side}.layers.{index}.{name}"] = value
        for kind, value in getattr(model, f"{side}_norm").state_dict().items():  # pre-norm's last one
            weights[f"model.{side}.layer_norm.{kind}"] = value
    return weights
