"""Attention, along three orthogonal axes.

    axis 1   score.py    comparison of a query with a key          scaled dot-product, additive, target-aware
    axis 2   flow.py     source of queries, keys and values        self, causal self, cross
    axis 3   heads.py    sharing of keys and values among heads    MHA, GQA, MQA, MLA
             mask.py     pairs that may be compared                padding, causal, window, global, strided
             linear.py   features in place of the softmax          linear attention
             target.py   pooling of a history for a candidate      target-aware pooling (DIN)

`attend.py` joins them by one formula, softmax(score(Q, K) masked) V. `cache.py` holds the memory of a layer
while decoding; `window.py` computes the sliding window in time linear in the length.
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
