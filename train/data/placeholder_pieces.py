"""Placeholder pieces for the vocabulary of a trained model, which has none: `⟦1⟧`, `⟦2⟧`, ...

    0-3 special symbols   tags, if any   ⟦1⟧ ... ⟦12⟧ (inserted)   the other pieces, moved up by 12

The pieces are inserted into the serialized SentencePiece model, a protobuf message whose field 1 is repeated
once a piece: the text (1), a score (2) and a kind (3). All other pieces, and so the segmentation of texts
without placeholders, stay the same. Tensors with a row for each piece get rows for them.
"""

import struct
from collections.abc import Iterator

import torch
from torch import Tensor

from seq2seq.config import EOS
from seq2seq.text.tokenizer import Tokenizer

from .strings import PLACEHOLDERS

_PIECE = 1  # field of the model
_TEXT, _SCORE, _KIND = b"\x0a", b"\x15", b"\x18"  # fields of a piece with their wire types
_USER_DEFINED = 4  # the kind of a piece that is never cut and never part of another


def with_placeholders(tokenizer: Tokenizer) -> Tokenizer:
    """Return the tokenizer with placeholder pieces: itself where it has some."""
    if tokenizer.placeholders:
        return tokenizer
    serialized, number = b"", 0
    for field, message in _fields(tokenizer.to_bytes()):
        if field == _PIECE:
            if number == first_placeholder(tokenizer):
                serialized += b"".join(_piece(f"⟦{place + 1}⟧") for place in range(PLACEHOLDERS))
            number += 1
        serialized += message
    return Tokenizer.from_bytes(serialized)


def first_placeholder(tokenizer: Tokenizer) -> int:
    """Return the id that the first placeholder has, or would have."""
    return EOS + 1 + len(tokenizer.tags)


def with_rows(weights: dict[str, Tensor], start: int, fresh: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights in the shapes of `fresh` ones, with new rows from `start` on.

    A new row is drawn around the mean of the others, with their standard deviation: the values of a fresh
    model may be of quite another size. The draw is a function of torch's seed.
    """
    grown = {}
    for name, tensor in weights.items():
        count = fresh[name].shape[0] - tensor.shape[0] if tensor.dim() else 0
        if count:
            mean, deviation = tensor.mean(0), tensor.std(0)
            rows = mean + deviation * torch.randn(count, *tensor.shape[1:])
            tensor = torch.cat([tensor[:start], rows, tensor[start:]])
        grown[name] = tensor
    return grown


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes of each field of a message that has only fields with a length."""
    position = 0
    while position < len(message):
        start, (tag, position) = position, _varint(message, position)
        length, position = _varint(message, position)
        position += length
        yield tag >> 3, message[start:position]


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return the number at a position, seven bits a byte, the lowest first, and the position behind it."""
    number = shift = 0
    while True:
        number |= (message[position] & 0x7F) << shift
        shift, position = shift + 7, position + 1
        if message[position - 1] < 0x80:
            return number, position


def _piece(text: str) -> bytes:
    """Return the serialized field of a placeholder piece; all lengths are below 128, of one byte."""
    encoded = text.encode()
    content = _TEXT + bytes([len(encoded)]) + encoded + _SCORE + struct.pack("<f", 0.0)
    content += _KIND + bytes([_USER_DEFINED])
    return bytes([_PIECE << 3 | 2, len(content)]) + content
