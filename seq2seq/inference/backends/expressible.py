"""Limits of CTranslate2: the models and the options of a search that it cannot express; free of torch."""

from seq2seq.config import AttentionConfig, ModelConfig


def reason_against(config: ModelConfig) -> str | None:
    """Return what of a model CTranslate2 lacks, such as "no additive score"; None where it has all."""
    is_translator = config.kind == "encoder_decoder"
    if is_translator and not config.encoder_layers:
        return "no decoder of a memory from elsewhere (encoder_layers is 0)"
    attentions = {"decoder_attention": config.decoder_attention}
    if is_translator:
        attentions |= {
            "encoder_attention": config.encoder_attention,
            "cross_attention": config.cross_attention,
        }
        heads = config.decoder_attention.heads, config.cross_attention.heads
        if heads[0] != heads[1]:
            return f"one number of heads in a decoder, not {heads[0]} (decoder) and {heads[1]} (cross)"
    for name, attention in attentions.items():
        if reason := _reason_against_attention(attention):
            return f"{reason} ({name})"
    return None


def _reason_against_attention(attention: AttentionConfig) -> str | None:
    if attention.score != "scaled_dot":
        return f"no score {attention.score}"
    if attention.linear:
        return "no linear attention"
    if attention.latent is not None:
        return "no latent heads as ours"
    if attention.sparse:
        return "no sparse attention as ours (window, global_tokens, stride)"
    return None
