"""Attention, along its three orthogonal axes.

    axis 1   score.py    how a query is compared with a key        scaled dot-product, additive, target-aware
    axis 2   flow.py     where queries, keys and values come from  self, causal self, cross
    axis 3   heads.py    how heads share what they remember        MHA, GQA, MQA, MLA
             mask.py     what may be compared                      padding, causal, window, global, strided
             linear.py   what replaces the softmax at length       linear attention
             target.py   a history seen from one candidate         target-aware pooling (DIN)

`attend.py` is the one formula that joins them, softmax(score(Q, K) masked) V; `cache.py` what a layer
remembers while decoding, `window.py` the sliding window at a cost that is linear in length.
A module is a point in this space: GPT's block is (scaled dot-product, causal self, multi-head).

Shape letters, here and everywhere in the project:

    B batch   T queries   S keys   M model width   H heads   K key/value heads   D head width
    C cached width   R width of MLA's rotary key   V vocabulary   L layers   W hypotheses a sentence
    N rows in search (B x W)
"""

from seq2seq.attention.attend import Attended, attend
from seq2seq.attention.cache import KeyValueCache, LinearState, Memory, Remembered
from seq2seq.attention.flow import CausalSelfAttention, CrossAttention, SelfAttention
from seq2seq.attention.heads import LatentHeads, SharedHeads
from seq2seq.attention.linear import causal_linear_attention, linear_attention
from seq2seq.attention.mask import (
    all_of,
    any_of,
    causal_mask,
    global_mask,
    padding_mask,
    strided_mask,
    window_mask,
)
from seq2seq.attention.score import (
    AdditiveScore,
    ScaledDotScore,
    ScoreFactory,
    ScoreFunction,
    TargetAwareScore,
)
from seq2seq.attention.target import TargetAwarePooling
from seq2seq.attention.window import attend_window
from seq2seq.config import AttentionConfig

__all__ = [
    "AdditiveScore",
    "Attended",
    "AttentionConfig",
    "CausalSelfAttention",
    "CrossAttention",
    "KeyValueCache",
    "LatentHeads",
    "LinearState",
    "Memory",
    "Remembered",
    "ScaledDotScore",
    "ScoreFactory",
    "ScoreFunction",
    "SelfAttention",
    "SharedHeads",
    "TargetAwarePooling",
    "TargetAwareScore",
    "all_of",
    "any_of",
    "attend",
    "attend_window",
    "causal_linear_attention",
    "causal_mask",
    "global_mask",
    "linear_attention",
    "padding_mask",
    "strided_mask",
    "window_mask",
]
