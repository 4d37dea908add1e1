"""The same network in another house: a `transformers` MarianMTModel with our weights.

Marian is the peer whose shape ours can take exactly: post-norm, ReLU, sinusoids (all sines, then all
cosines), one scaled embedding for source, target and output. Our key/value projection holds keys in
its first half and values in its second; Marian keeps them apart. Nothing else differs but the names.
"""

from torch import Tensor
from transformers import MarianConfig, MarianMTModel

from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.transformer import Transformer

ATTENTIONS = {"self_attention": "self_attn", "cross_attention": "encoder_attn"}
OTHERS = {
    "feed_forward.widen": "fc1",
    "feed_forward.narrow": "fc2",
    "self_residual.norm": "self_attn_layer_norm",
    "cross_residual.norm": "encoder_attn_layer_norm",
    "feed_forward_residual.norm": "final_layer_norm",
}


def marian_twin(model: Transformer) -> MarianMTModel:
    """A MarianMTModel that computes what `model` computes, in the same mode (train or eval).

    Raises:
        ValueError: a model that Marian cannot express.
    """
    twin = MarianMTModel(marian_config(model.config))
    weights = {"model.shared.weight": model.source_embedding.table.weight.detach()}
    for side in ("encoder", "decoder"):
        for index, layer in enumerate(getattr(model, side)):
            for name, value in marian_layer(layer.state_dict()).items():
                weights[f"model.{side}.layers.{index}.{name}"] = value
    missing, unexpected = twin.load_state_dict(weights, strict=False)
    assert not unexpected, unexpected
    fixed = ("embed_tokens.weight", "embed_positions.weight", "lm_head.weight", "final_logits_bias")
    assert all(name.endswith(fixed) for name in missing), missing
    return twin.train(model.training)


def marian_config(config: ModelConfig) -> MarianConfig:
    """Our shape in Marian's words.

    Raises:
        ValueError: positions, norms, activation or heads that Marian does not have.
    """
    attentions = {config.encoder_attention, config.decoder_attention, config.cross_attention}
    wanted = (config.positions, config.norm, config.norm_order, config.activation, config.tied_embeddings)
    if wanted != ("sinusoidal", "layer", "post", "relu", True) or not all(_is_plain(a) for a in attentions):
        raise ValueError(
            f"Marian has no model with {wanted} and {attentions}; use sinusoidal positions, LayerNorm, "
            "post-norm, ReLU, tied embeddings and plain multi-head attention"
        )
    return MarianConfig(
        vocab_size=config.vocabulary_size,
        d_model=config.width,
        encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers,
        encoder_ffn_dim=config.feed_forward,
        decoder_ffn_dim=config.feed_forward,
        encoder_attention_heads=config.encoder_attention.heads,
        decoder_attention_heads=config.decoder_attention.heads,
        max_position_embeddings=config.max_length,
        activation_function="relu",
        dropout=config.dropout,
        attention_dropout=config.encoder_attention.dropout,
        scale_embedding=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
        forced_eos_token_id=None,
    )


def marian_layer(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of one of our layers under Marian's names."""
    theirs = {}
    for name, value in ours.items():
        part, _, kind = name.rpartition(".")
        if part in OTHERS:
            theirs[f"{OTHERS[part]}.{kind}"] = value
            continue
        attention, _, projection = part.partition(".heads.")
        prefix = ATTENTIONS[attention]
        match projection:
            case "key_value_projection":
                theirs[f"{prefix}.k_proj.{kind}"], theirs[f"{prefix}.v_proj.{kind}"] = value.chunk(2)
            case "query_projection":
                theirs[f"{prefix}.q_proj.{kind}"] = value
            case "output_projection":
                theirs[f"{prefix}.out_proj.{kind}"] = value
    return theirs


def _is_plain(attention: AttentionConfig) -> bool:
    """Whether it is multi-head attention and nothing else, of any number of heads."""
    return AttentionConfig(heads=attention.heads, dropout=attention.dropout) == attention
