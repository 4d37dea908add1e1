"""Attention, along its three orthogonal axes.

    axis 1   score.py   how a query is compared with a key        scaled dot-product
    axis 2   flow.py    where queries, keys and values come from  self, causal self, cross
    axis 3   heads.py   how heads share what they remember        MHA, GQA, MQA
             mask.py    what may be compared                      padding, causal

`attend.py` is the one formula that joins them, `cache.py` what a layer remembers while decoding.
A module is a point in this space: GPT's block is (scaled dot-product, causal self, multi-head).

Shape letters, here and everywhere in the project:

    B batch   T queries   S keys   M model width   H heads   K key/value heads   D head width
    C cached width   V vocabulary   N rows in search (batch x beam)   L layers
"""

from seq2seq.attention.attend import Attended, attend
from seq2seq.attention.cache import KeyValueCache
from seq2seq.attention.flow import CausalSelfAttention, CrossAttention, SelfAttention
from seq2seq.attention.heads import SharedHeads
from seq2seq.attention.mask import all_of, causal_mask, padding_mask
from seq2seq.attention.score import ScaledDotScore, Score
from seq2seq.config import AttentionConfig

__all__ = [
    "Attended",
    "AttentionConfig",
    "CausalSelfAttention",
    "CrossAttention",
    "KeyValueCache",
    "ScaledDotScore",
    "Score",
    "SelfAttention",
    "SharedHeads",
    "all_of",
    "attend",
    "causal_mask",
    "padding_mask",
]
