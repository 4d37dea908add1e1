"""torch's own attention and Transformer with our weights: independent answers to compare with.

    ours                                torch
    query_projection                    in_proj rows 0..M
    key_value_projection (keys|values)  in_proj rows M..3M; k_proj_weight, v_proj_weight for another width
    output_projection                   out_proj
    feed_forward.widen, narrow          linear1, linear2
    *_residual.norm                     norm1, norm2, norm3

torch's key_padding_mask is true = ignore, the opposite of ours.
"""

import torch
from torch import nn

from seq2seq.attention.flow import Attention
from seq2seq.model.layers import DecoderLayer, EncoderLayer
from seq2seq.model.transformer import Transformer


@torch.no_grad()
def attention_twin(attention: Attention) -> nn.MultiheadAttention:
    """Return torch's MultiheadAttention with the weights of ours (MHA, not rotary)."""
    heads = attention.heads
    assert heads.kv_heads == heads.heads and not heads.rotary, "torch has plain multi-head attention only"
    width, memory_width = heads.query_projection.in_features, heads.key_value_projection.in_features
    twin = nn.MultiheadAttention(width, heads.heads, kdim=memory_width, vdim=memory_width, batch_first=True)
    key, value = heads.key_value_projection.weight.chunk(2)
    if memory_width == width:
        twin.in_proj_weight.copy_(torch.cat([heads.query_projection.weight, key, value]))
    else:
        twin.q_proj_weight.copy_(heads.query_projection.weight)
        twin.k_proj_weight.copy_(key)
        twin.v_proj_weight.copy_(value)
    twin.in_proj_bias.copy_(torch.cat([heads.query_projection.bias, heads.key_value_projection.bias]))
    twin.out_proj.load_state_dict(heads.output_projection.state_dict())
    return twin.to(heads.query_projection.weight.dtype).train(attention.training)


def transformer_twin(model: Transformer) -> nn.Transformer:
    """Return torch's Transformer with the weights of ours, embeddings and output layer left out.

    In eval mode. torch always adds a last norm to both stacks; ours has one only in pre-norm, so post-norm
    drops it.
    """
    config = model.config
    assert config.norm == "layer" and config.activation in ("relu", "gelu"), "torch has no other layers"
    twin = nn.Transformer(
        config.width,
        config.encoder_attention.heads,
        config.encoder_layers,
        config.decoder_layers,
        config.feed_forward,
        dropout=0.0,
        activation=config.activation,
        batch_first=True,
        norm_first=config.norm_order == "pre",
    )
    for ours, theirs in zip(model.encoder, twin.encoder.layers, strict=True):
        _copy_encoder_layer(ours, theirs)
    for ours, theirs in zip(model.decoder, twin.decoder.layers, strict=True):
        _copy_decoder_layer(ours, theirs)
    if config.norm_order == "pre":
        twin.encoder.norm.load_state_dict(model.encoder_norm.state_dict())
        twin.decoder.norm.load_state_dict(model.decoder_norm.state_dict())
    else:
        twin.encoder.norm = twin.decoder.norm = None
    return twin.to(model.output.table.weight.dtype).eval()


def _copy_encoder_layer(ours: EncoderLayer, theirs: nn.TransformerEncoderLayer) -> None:
    theirs.self_attn = attention_twin(ours.self_attention)
    theirs.linear1.load_state_dict(ours.feed_forward.widen.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.narrow.state_dict())
    theirs.norm1.load_state_dict(ours.self_residual.norm.state_dict())
    theirs.norm2.load_state_dict(ours.feed_forward_residual.norm.state_dict())


def _copy_decoder_layer(ours: DecoderLayer, theirs: nn.TransformerDecoderLayer) -> None:
    theirs.self_attn = attention_twin(ours.self_attention)
    theirs.multihead_attn = attention_twin(ours.cross_attention)
    theirs.linear1.load_state_dict(ours.feed_forward.widen.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.narrow.state_dict())
    theirs.norm1.load_state_dict(ours.self_residual.norm.state_dict())
    theirs.norm2.load_state_dict(ours.cross_residual.norm.state_dict())
    theirs.norm3.load_state_dict(ours.feed_forward_residual.norm.state_dict())
