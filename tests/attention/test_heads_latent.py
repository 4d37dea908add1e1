"""Multi-head latent attention beside `transformers`' DeepSeek-V2 and V3, and its two paths beside each other.

    ours                    theirs
    query_projection        q_proj, each head [content | place]
    latent_projection       kv_a_proj_with_mqa, first rows
    rotary_projection       kv_a_proj_with_mqa, last rows
    latent_norm             kv_a_layernorm
    key_value_projection    kv_b_proj, keys and values of one head side by side
    output_projection       o_proj

Theirs turns neighbouring numbers as a pair, ours the two halves; the copied rows are dealt out accordingly.
"""

import pytest
import torch
from torch import Tensor, nn
from transformers.models.deepseek_v2.configuration_deepseek_v2 import DeepseekV2Config
from transformers.models.deepseek_v2.modeling_deepseek_v2 import DeepseekV2Attention
from transformers.models.deepseek_v3.configuration_deepseek_v3 import DeepseekV3Config
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3Attention

from seq2seq.attention import AttentionConfig, CausalSelfAttention, CrossAttention, LatentHeads, SelfAttention
from seq2seq.attention.positions import frequencies

WIDTH, HEADS, HEAD_WIDTH, LATENT, TURNED = 24, 3, 8, 10, 4
SHAPE = {
    "hidden_size": WIDTH,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "kv_lora_rank": LATENT,
    "q_lora_rank": None,
    "qk_nope_head_dim": HEAD_WIDTH,
    "qk_rope_head_dim": TURNED,
    "v_head_dim": HEAD_WIDTH,
    "attn_implementation": "eager",
}


def randomized(attention: nn.Module) -> nn.Module:
    """In eval mode, all parameters random."""
    for parameter in attention.parameters():
        nn.init.normal_(parameter, std=0.5)
    return attention.eval()


def deal(rows: Tensor) -> Tensor:
    """Rearrange our halves [.., R, M] as neighbouring pairs."""
    return torch.stack(rows.chunk(2, dim=-2), dim=-2).flatten(-3, -2)


@torch.no_grad()
def peer_of(heads: LatentHeads, version: int) -> nn.Module:
    """Return the peer's attention with our weights."""
    if version == 2:
        peer: nn.Module = DeepseekV2Attention(DeepseekV2Config(**SHAPE), layer_idx=0)
    else:
        peer = DeepseekV3Attention(DeepseekV3Config(**SHAPE), layer_idx=0)
    query = heads.query_projection.weight.unflatten(0, (HEADS, HEAD_WIDTH + TURNED))
    content, place = query.split([HEAD_WIDTH, TURNED], dim=1)
    peer.q_proj.weight.copy_(torch.cat([content, deal(place)], dim=1).flatten(0, 1))
    assert heads.rotary_projection is not None
    rotated = deal(heads.rotary_projection.weight)
    peer.kv_a_proj_with_mqa.weight.copy_(torch.cat([heads.latent_projection.weight, rotated]))
    peer.kv_a_layernorm.load_state_dict(heads.latent_norm.state_dict())
    pairs = heads.key_value_projection.weight.unflatten(0, (2, HEADS, HEAD_WIDTH))
    peer.kv_b_proj.weight.copy_(pairs.transpose(0, 1).flatten(0, 2))
    peer.o_proj.load_state_dict(heads.output_projection.state_dict())
    return peer.eval()


def ask_peer(peer: nn.Module, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the peer's context and weights; its positions and its additive mask are made here."""
    angles = torch.arange(x.shape[1])[:, None] * frequencies(TURNED)
    if isinstance(peer, DeepseekV2Attention):
        positions: Tensor | tuple[Tensor, Tensor] = torch.polar(torch.ones_like(angles), angles)[None]
        positions = positions.to(torch.complex64)
    else:
        twice = torch.cat([angles, angles], dim=-1)[None].float()
        positions = (twice.cos(), twice.sin())
    hidden = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)[None, None]
    return peer(x, attention_mask=hidden, position_embeddings=positions)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("causal", [False, True])
@torch.no_grad()
def test_latent_attention_is_deepseeks(version: int, causal: bool) -> None:
    """Contexts and weights are those of DeepSeek's own code with the same weights."""
    torch.manual_seed(version)
    config = AttentionConfig(heads=HEADS, latent=LATENT, rotary=True)
    ours = randomized((CausalSelfAttention if causal else SelfAttention)(WIDTH, config))
    x, mask = torch.randn(2, 11, WIDTH), torch.ones(11, 11, dtype=torch.bool)
    expected, weights = ask_peer(peer_of(ours.heads, version), x, mask.tril() if causal else mask)
    for need_weights in (False, True):
        result = ours(x, need_weights=need_weights)
        torch.testing.assert_close(result.context, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(result.weights, weights, atol=1e-5, rtol=0)


@torch.no_grad()
def test_absorbed_decoding_is_deepseeks() -> None:
    """Token by token the latents are read directly; the result is the peer's, which expands them all."""
    torch.manual_seed(4)
    ours = randomized(CausalSelfAttention(WIDTH, AttentionConfig(heads=HEADS, latent=LATENT, rotary=True)))
    x = torch.randn(2, 11, WIDTH)
    expected, _ = ask_peer(peer_of(ours.heads, 3), x, torch.ones(11, 11, dtype=torch.bool).tril())
    memory = ours.empty_memory(2, 11)
    parts = [ours(token, memory=memory).context for token in x.split(1, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), expected, atol=1e-5, rtol=0)
    assert memory.nbytes == 2 * 11 * (LATENT + TURNED) * 4


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("need_weights", [False, True])
def test_absorbed_is_expanded(rotary: bool, need_weights: bool) -> None:
    """Absorbed and expanded reading give equal numbers and gradients in double."""
    torch.manual_seed(5)
    config = AttentionConfig(heads=HEADS, latent=LATENT, rotary=rotary)
    ours = randomized(SelfAttention(WIDTH, config)).double()
    x = torch.randn(2, HEAD_WIDTH - 1, WIDTH, dtype=torch.float64)  # few enough queries to absorb
    assert ours.absorbs(x.shape[1]) and not ours.absorbs(HEAD_WIDTH)
    positions = torch.arange(x.shape[1])
    query, compressed = ours.heads.query(x, positions), ours.heads.compress(x, positions)
    mask = torch.rand(x.shape[1], x.shape[1]) > 0.3
    absorbed = ours.read(query, compressed, mask, need_weights)
    expanded = ours.read_expanded(query, compressed, mask, need_weights)
    torch.testing.assert_close(absorbed, expanded, atol=1e-10, rtol=0)
    parameters = [p for p in ours.parameters() if p is not ours.heads.output_projection.weight]
    one, other = (
        torch.autograd.grad(f.context.square().sum(), parameters, retain_graph=True)
        for f in (absorbed, expanded)
    )
    torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("memory_width", [None, 5])
@torch.no_grad()
def test_cross_attention_absorbs_too(memory_width: int | None) -> None:
    """Few queries read the source's latents, many expand them, with one result."""
    torch.manual_seed(6)
    ours = randomized(CrossAttention(WIDTH, AttentionConfig(heads=HEADS, latent=LATENT), memory_width))
    x, source = torch.randn(2, 11, WIDTH), torch.randn(2, 13, memory_width or WIDTH)
    remembered = ours.remember(source)
    assert remembered.shape == (2, 13, LATENT)
    whole = ours(x, remembered).context
    parts = [ours(part, remembered).context for part in x.split(3, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("rotary", "numbers"), [(False, 16), (True, 24)])
def test_cached_width(rotary: bool, numbers: int) -> None:
    """Width 64, 4 heads, latent 16: 16 numbers a token, 24 with the rotated key, of multi-head's 128."""
    attention = CausalSelfAttention(64, AttentionConfig(heads=4, latent=16, rotary=rotary))
    memory = attention.empty_memory(rows=3, capacity=7)
    attention(torch.randn(3, 5, 64), memory=memory)
    assert memory.nbytes == 3 * 5 * numbers * 4
    assert attention.heads.compressed_width == numbers <= 128 / 4


def test_keys_keep_their_distance_only() -> None:
    """Latent rotary scores are the same 1000 positions further on, in double."""
    torch.manual_seed(7)
    heads = LatentHeads(WIDTH, HEADS, LATENT, WIDTH, rotary=True).double()
    x = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    near, far = (
        heads.query(x, torch.arange(5) + first)
        @ heads.expand(heads.compress(x, torch.arange(5) + first))[0].mT
        for first in (0, 1000)
    )
    torch.testing.assert_close(near, far, atol=1e-10, rtol=0)


def test_heads_that_do_not_divide_are_refused() -> None:
    """Heads that do not divide the width are refused."""
    with pytest.raises(ValueError, match=r"heads is 5, which does not divide width 24; choose a divisor"):
        LatentHeads(WIDTH, 5, LATENT, WIDTH)


def test_autocast_normalises_latents_as_the_weights_are() -> None:
    """In mixed precision the norm gets latents of its own type, of which torch neither warns nor is slow."""
    heads = LatentHeads(WIDTH, HEADS, LATENT, WIDTH)
    seen: list[torch.dtype] = []
    heads.latent_norm.register_forward_pre_hook(lambda norm, given: seen.append(given[0].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        heads.compress(torch.randn(2, 3, WIDTH))
    assert seen == [torch.float32]
