"""Limits of CTranslate2: the models and the options of a search that it cannot express; free of torch."""

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.options import DecodeOptions

# Options that change the search itself in a way that CTranslate2 does not know, or knows otherwise: it
# renormalises where an n-gram is banned, and divides logits where we raise probabilities to a power.
SEARCHED_BY_TORCH = (
    "repetition_penalty",
    "no_repeat_ngram_size",
    "stop",
    "banned_words",
    "seed",
    "sampling_minp",
)


def reason_against(config: ModelConfig) -> str | None:
    """Return what of a model CTranslate2 lacks, such as "no score additive"; None where it has all."""
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


def option_against(options: DecodeOptions) -> str | None:
    """Return the first option that torch must search for; None where CTranslate2 has all of them.

    Options of single texts (`target_prefix`, phrases) are no matter here: the texts are searched one by one.
    """
    for name in SEARCHED_BY_TORCH:
        if getattr(options, name) != getattr(DecodeOptions, name):
            return name
    if options.min_length > 1:
        return "min_length"
    if options.length_penalty < 0:
        return "length_penalty"
    # The engine applies top-p to what temperature and top-k have left, in an order of its own.
    alone = options.sampling_temperature == 1 and options.sampling_topk == 0 and options.sampling_topp > 0
    if options.sampling_topp < 1 and not alone:
        return "sampling_topp"
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
