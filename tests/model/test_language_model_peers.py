"""The language model beside `transformers`' Llama and GPT-2 with the same weights.

ours                                  Llama                      GPT-2, matrices transposed
embedding.table x sqrt(M)             embed_tokens               wte
positions.embedding                   (rotary)                   wpe
query, key_value, output_projection   q_, k_ and v_, o_proj      c_attn, c_proj
feed_forward.widen, narrow            gate_ and up_, down_proj   c_fc, c_proj
output.table                          lm_head                    lm_head
"""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("transformers")

from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from seq2seq.config import AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.layers import CausalLayer

LAYERS, WIDTH, WIDENED, HEADS, VOCABULARY, LONGEST = 2, 24, 40, 4, 37, 32


def make_model(kv_heads: int | None = None, **changes: Any) -> LanguageModel:
    """All parameters random, also those that start at 0 or 1."""
    torch.manual_seed(1)
    config = ModelConfig(
        VOCABULARY,
        kind="decoder",
        width=WIDTH,
        feed_forward=WIDENED,
        decoder_layers=LAYERS,
        decoder_attention=AttentionConfig(heads=HEADS, kv_heads=kv_heads),
        norm_order="pre",
        max_length=LONGEST,
        **changes,
    )
    model = LanguageModel(config).eval()
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model


def copy_linear(ours: nn.Linear, *theirs: nn.Linear) -> None:
    """Cut our matrix into theirs."""
    sizes = [layer.out_features for layer in theirs]
    for layer, weight, bias in zip(theirs, ours.weight.split(sizes), ours.bias.split(sizes), strict=True):
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)


@torch.no_grad()
def make_llama(model: LanguageModel) -> nn.Module:
    """Rotary positions, grouped heads, RMS norms before each sublayer, SwiGLU; untied, for only we scale."""
    twin = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            intermediate_size=WIDENED,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            num_key_value_heads=model.config.decoder_attention.shared_heads,
            max_position_embeddings=LONGEST,
            rms_norm_eps=1e-5,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=False,
            attn_implementation="eager",
        )
    )
    for ours, theirs in zip(model.layers, twin.model.layers, strict=True):
        heads, peer = ours.self_attention.heads, theirs.self_attn
        copy_linear(heads.query_projection, peer.q_proj)
        copy_linear(heads.key_value_projection, peer.k_proj, peer.v_proj)
        copy_linear(heads.output_projection, peer.o_proj)
        copy_linear(ours.feed_forward.widen, theirs.mlp.gate_proj, theirs.mlp.up_proj)
        copy_linear(ours.feed_forward.narrow, theirs.mlp.down_proj)
        theirs.input_layernorm.weight.copy_(ours.self_residual.norm.weight)
        theirs.post_attention_layernorm.weight.copy_(ours.feed_forward_residual.norm.weight)
    twin.model.norm.weight.copy_(model.norm.weight)
    twin.model.embed_tokens.weight.copy_(model.embedding.table.weight * WIDTH**0.5)
    twin.lm_head.weight.copy_(model.output.table.weight)
    return twin.eval()


def copy_gpt2_layer(ours: CausalLayer, theirs: nn.Module) -> None:
    """GPT-2 writes its matrices [in, out]; queries, keys and values lie in one."""
    heads, net = ours.self_attention.heads, ours.feed_forward
    query, key_value = heads.query_projection, heads.key_value_projection
    theirs.attn.c_attn.weight.copy_(torch.cat([query.weight, key_value.weight]).t())
    theirs.attn.c_attn.bias.copy_(torch.cat([query.bias, key_value.bias]))
    pairs = (heads.output_projection, theirs.attn.c_proj), (net.widen, theirs.mlp.c_fc)
    for one, other in (*pairs, (net.narrow, theirs.mlp.c_proj)):
        other.weight.copy_(one.weight.t())
        other.bias.copy_(one.bias)
    theirs.ln_1.load_state_dict(ours.self_residual.norm.state_dict())
    theirs.ln_2.load_state_dict(ours.feed_forward_residual.norm.state_dict())


@torch.no_grad()
def make_gpt2(model: LanguageModel) -> nn.Module:
    """Learned positions, layer norms before each sublayer, GELU."""
    twin = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_embd=WIDTH,
            n_inner=WIDENED,
            n_layer=LAYERS,
            n_head=HEADS,
            n_positions=LONGEST,
            activation_function="gelu",
            tie_word_embeddings=False,
            attn_implementation="eager",
        )
    )
    for ours, theirs in zip(model.layers, twin.transformer.h, strict=True):
        copy_gpt2_layer(ours, theirs)
    twin.transformer.ln_f.load_state_dict(model.norm.state_dict())
    twin.transformer.wte.weight.copy_(model.embedding.table.weight * WIDTH**0.5)
    twin.transformer.wpe.weight.copy_(model.positions.embedding.weight)
    twin.lm_head.weight.copy_(model.output.table.weight)
    return twin.eval()


def hold_equal(model: LanguageModel, twin: nn.Module) -> None:
    """Compare the logits and maps of one pass, and the logits of steps with both caches."""
    tokens = torch.randint(4, VOCABULARY, (3, 11), generator=torch.Generator().manual_seed(2))
    ours, theirs = model(tokens, need_weights=True), twin(tokens, output_attentions=True)
    torch.testing.assert_close(ours.logits, theirs.logits, atol=2e-5, rtol=1e-5)
    for one, other in zip(ours.maps, theirs.attentions, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    state, past = model.start(3), None
    for part in tokens.split([5, 1, 1, 4], dim=1):
        logits: Tensor = model.step(part, state)
        answer = twin(part, past_key_values=past, use_cache=True)
        past = answer.past_key_values
        torch.testing.assert_close(logits, answer.logits[:, -1], atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("kv_heads", [None, 2, 1], ids=["MHA", "GQA", "MQA"])
@torch.no_grad()
def test_it_is_llama(kv_heads: int | None) -> None:
    """Logits, maps and steps are Llama's with the same weights."""
    model = make_model(kv_heads, positions="rotary", norm="rms", activation="swiglu")
    hold_equal(model, make_llama(model))


@torch.no_grad()
def test_it_is_gpt2() -> None:
    """Logits, maps and steps are GPT-2's with the same weights."""
    model = make_model(positions="learned", norm="layer", activation="gelu")
    hold_equal(model, make_gpt2(model))
