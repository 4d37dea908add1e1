"""Export to `transformers`: Marian for post-norm models, Pegasus for pre-norm ones.

Both have LayerNorm, multi-head attention, scaled embeddings, the same sinusoids as ours (all sines, then all
cosines) and a bias of the output layer. M2M100's sinusoids have other frequencies, so that it fits none.
No class of an encoder-decoder for texts turns queries and keys (rotary) as our released models do.

    config.json, generation_config.json, model.safetensors        for AutoModelForSeq2SeqLM
    tokenizer_config.json, vocab.json, source.spm, target.spm     for AutoTokenizer, as MarianTokenizer

Tags such as `<2de>` are special tokens: a text is followed by its tag, or begins with one such as `>>de<<`.
The tokenizer does not normalize texts as ours does (`seq2seq.text.normalization`): give it text in NFC.
"""

import json
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from seq2seq.attention.positions import SinusoidalPositions
from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.inference.formats.marian_weights import (
    ATTENTIONS,
    OTHERS,
    PROJECTIONS,
    SAFE,
)
from seq2seq.model.transformer import Transformer
from seq2seq.storage.settings import CONFIG, Settings
from seq2seq.text.paired_tokenizer import PADDING, SOURCE, TARGET, UNKNOWN, PairedTokenizer
from seq2seq.text.tokenizer import Tokenizer

GENERATION, TOKENIZER_CONFIG, VOCABULARY = "generation_config.json", "tokenizer_config.json", "vocab.json"
_START, _END = "<s>", "</s>"


def transformers_files(model: Transformer, tokenizer: Tokenizer, settings: Settings) -> dict[str, bytes]:
    """Return the files of a model directory of `transformers` by name.

    Raises:
        ValueError: No class of `transformers` computes such a model, with the reason.
    """
    if reason := reason_against(model.config):
        raise ValueError(f"no class of transformers for texts has {reason}; export to onnx instead")
    weights = {name: tensor.contiguous().clone() for name, tensor in their_weights(model).items()}
    return {
        CONFIG: _json(_config(model.config)),
        GENERATION: _json(_generation(model.config)),
        SAFE: safetensors.torch.save(weights, metadata={"format": "pt"}),
        **_tokenizer_files(tokenizer, settings, model.config),
    }


def reason_against(config: ModelConfig) -> str | None:
    """Return what of a model neither Marian nor Pegasus has; None where one of them has all."""
    if config.kind != "encoder_decoder" or not config.encoder_layers:
        return "no encoder beside this decoder"
    if config.positions != "sinusoidal":
        return f"{config.positions} positions in this form"
    if config.norm != "layer":
        return f"norm {config.norm!r} in this form"
    if config.activation == "swiglu":
        return "a gate (swiglu) in this form"
    for name in ("encoder_attention", "decoder_attention", "cross_attention"):
        attention: AttentionConfig = getattr(config, name)
        if attention != AttentionConfig(heads=attention.heads, dropout=attention.dropout):
            return f"the {name} of this model: it is not plain multi-head attention"
    if config.decoder_attention.heads != config.cross_attention.heads:
        return "two numbers of heads in a decoder"
    if not config.tied_embeddings and config.norm_order == "pre":
        return "separate embeddings beside norms before each branch"
    return None


def _config(config: ModelConfig) -> dict[str, Any]:
    post = config.norm_order == "post"
    values: dict[str, Any] = {
        "model_type": "marian" if post else "pegasus",
        "architectures": ["MarianMTModel" if post else "PegasusForConditionalGeneration"],
        "is_encoder_decoder": True,
        "vocab_size": config.vocabulary_size,
        "d_model": config.width,
        "encoder_layers": config.encoder_layers,
        "decoder_layers": config.decoder_layers,
        "encoder_ffn_dim": config.feed_forward,
        "decoder_ffn_dim": config.feed_forward,
        "encoder_attention_heads": config.encoder_attention.heads,
        "decoder_attention_heads": config.decoder_attention.heads,
        "max_position_embeddings": config.max_length,
        "activation_function": config.activation,
        "dropout": config.dropout,
        "attention_dropout": config.decoder_attention.dropout,
        "scale_embedding": True,
        "tie_word_embeddings": config.tied_embeddings,
        **_specials(),
    }
    if post:
        values["share_encoder_decoder_embeddings"] = config.tied_embeddings
        values["decoder_vocab_size"] = config.vocabulary_size
    return values


def _specials() -> dict[str, Any]:
    return {
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "decoder_start_token_id": BOS,
        "forced_eos_token_id": None,
    }


def _generation(config: ModelConfig) -> dict[str, Any]:
    never = {"bad_words_ids": [[PAD], [BOS]]}  # as in our search
    return {**_specials(), **never, "max_length": config.max_length, "num_beams": 1}


def their_weights(model: Transformer) -> dict[str, Tensor]:
    """Return the weights of a model under the names of Marian and Pegasus."""
    table = model.output.table.weight
    bias = model.output.bias
    weights = {"final_logits_bias": torch.zeros(1, len(table)) if bias is None else bias.detach()[None]}
    if model.config.tied_embeddings:
        weights["model.shared.weight"] = table
    else:
        weights["model.encoder.embed_tokens.weight"] = model.source_embedding.table.weight
        weights["model.decoder.embed_tokens.weight"] = model.target_embedding.table.weight
        weights["lm_head.weight"] = table
    positions = SinusoidalPositions(model.config.max_length, model.config.width).table
    for side, layers in (("encoder", model.encoder), ("decoder", model.decoder)):
        weights[f"model.{side}.embed_positions.weight"] = positions
        for number, layer in enumerate(layers):
            for name, value in layer_weights(layer.state_dict()).items():
                weights[f"model.{side}.layers.{number}.{name}"] = value
        for kind, value in getattr(model, f"{side}_norm").state_dict().items():  # the last norm of pre-norm
            weights[f"model.{side}.layer_norm.{kind}"] = value
    return {name: value.detach().float() for name, value in weights.items()}


def layer_weights(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of one layer under the names of transformers."""
    theirs = {}
    for name, value in ours.items():
        part, _, kind = name.rpartition(".")
        if part in OTHERS:
            theirs[f"{OTHERS[part]}.{kind}"] = value
            continue
        attention, _, projection = part.partition(".heads.")
        prefix = ATTENTIONS[attention]
        if projection in PROJECTIONS:
            theirs[f"{prefix}.{PROJECTIONS[projection]}.{kind}"] = value
        else:
            theirs[f"{prefix}.k_proj.{kind}"], theirs[f"{prefix}.v_proj.{kind}"] = value.chunk(2)
    return theirs


def _tokenizer_files(tokenizer: Tokenizer, settings: Settings, config: ModelConfig) -> dict[str, bytes]:
    pieces = tokenizer.pieces(range(len(tokenizer)))
    pieces[PAD], pieces[BOS - 1], pieces[EOS] = PADDING, UNKNOWN, _END
    own = tokenizer.to_bytes()
    source, target = tokenizer.files if isinstance(tokenizer, PairedTokenizer) else (own, own)
    values: dict[str, Any] = {
        "tokenizer_class": "MarianTokenizer",
        "model_max_length": config.max_length,
        "source_lang": settings.source_languages[0],
        "target_lang": settings.target_languages[0],
        "separate_vocabs": False,
        "pad_token": PADDING,
        "unk_token": UNKNOWN,
        "eos_token": _END,
    }
    if not isinstance(tokenizer, PairedTokenizer) and tokenizer.tags:
        values["additional_special_tokens"] = [pieces[index] for index in tokenizer.tags.values()]
    ids = {piece: index for index, piece in enumerate(pieces)}
    return {
        TOKENIZER_CONFIG: _json(values),
        VOCABULARY: json.dumps(ids, ensure_ascii=False).encode(),
        SOURCE: source,
        TARGET: target,
    }


def _json(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
