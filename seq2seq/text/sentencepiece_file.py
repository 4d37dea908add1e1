"""Check of a serialized SentencePiece model, before SentencePiece itself reads it.

The file is a message of protocol buffers: pieces (field 1), the settings of the trainer (2) and of the
normalizer (3). SentencePiece accepts truncated files, texts that are no UTF-8 and scores that are no numbers,
and fails at some later text. Here every byte is read, and whatever `Tokenizer.train` does not write is
refused. In a BPE vocabulary the scores are ranks, and each piece joins two pieces that come before it, so
that most changed bytes are noticed.
"""

import math
import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from seq2seq.config import EOS, UNK

_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3  # fields of the model
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED = 1, 2, 3, 4  # kinds of pieces
# Fields of the trainer: the ids of padding, unknown, start and end, the type, and what must not differ:
# blanks behind words, byte fallback, the text of the unknown piece, and the names of the special symbols.
_IDS, _MODEL_TYPE = (43, 40, 41, 42), 3
_EXPECTED = {24: 0, 35: 0, 44: "\u2047".encode(), 45: b"<unk>", 46: b"<s>", 47: b"</s>", 48: b"<pad>"}
_UNIGRAM, _BPE, _CHAR = 1, 2, 4
_SPECIALS = ("<pad>", "<unk>", "<s>", "</s>")
_TAG = re.compile(r"<2[^<>]+>")
# Fields of the normalizer: its name, an empty table, and for verbatim tokenizers no changes to blanks.
_IDENTITY = {1: b"identity", 2: b""}
_KEPT_BLANKS = {3: 0, 4: 0}


class SerializedPiece(NamedTuple):
    """A piece of the vocabulary as the file has it."""

    text: str
    score: float
    kind: int


def check_serialized(data: bytes) -> None:
    """Refuse a serialized model that is damaged, or that `Tokenizer.train` could not have written.

    A model whose trainer gave the special symbols other ids is left to `Tokenizer`, which says so.

    Raises:
        ValueError: what is wrong, in a few words.
    """
    pieces: list[SerializedPiece] = []
    settings: dict[int, bytes] = {}
    for field, value in _fields(data):
        if not isinstance(value, bytes):
            raise ValueError(f"field {field} is a number")
        if field == _PIECE:
            pieces.append(_read_piece(value, len(pieces)))
        elif field in (_TRAINER, _NORMALIZER) and field not in settings:
            settings[field] = value
        else:
            raise ValueError(f"field {field} is unknown or there twice")
    if not pieces or len(settings) < 2:
        raise ValueError("it ends too early")
    trainer = _read_trainer(settings[_TRAINER])
    if [trainer.get(field) for field in _IDS] != list(range(EOS + 1)):
        return
    _check_settings(trainer, dict(_fields(settings[_NORMALIZER])))
    _check_order(pieces)
    if trainer[_MODEL_TYPE] == _BPE:
        _check_merges(pieces)


def _read_piece(message: bytes, index: int) -> SerializedPiece:
    """Return one piece; an error names its index."""
    values = dict(_fields(message))
    text, score, kind = values.pop(1, None), values.pop(2, None), values.pop(3, _NORMAL)
    if values or not isinstance(text, bytes) or not isinstance(score, float) or not isinstance(kind, int):
        raise ValueError(f"piece {index} has other fields than text, score and kind")
    if not text or not math.isfinite(score):
        raise ValueError(f"piece {index} is empty or its score is {score}")
    try:
        return SerializedPiece(text.decode(), score, kind)
    except UnicodeDecodeError as error:
        raise ValueError(f"piece {index} is no UTF-8") from error


def _read_trainer(message: bytes) -> dict[int, int | float | bytes]:
    """Return the settings of the trainer by their fields, after checking that texts are texts."""
    values = dict(_fields(message))
    for field, value in values.items():
        if isinstance(value, bytes):
            try:
                value.decode()
            except UnicodeDecodeError as error:
                raise ValueError(f"setting {field} of the trainer is no UTF-8") from error
    return values


def _check_settings(trainer: dict[int, int | float | bytes], normalizer: dict[int, Any]) -> None:
    """Refuse settings that segment or write texts otherwise; the toolkit normalizes texts itself."""
    if trainer.get(_MODEL_TYPE) not in (_UNIGRAM, _BPE, _CHAR):
        raise ValueError(f"its type is {trainer.get(_MODEL_TYPE)!r}")
    for field, expected in _EXPECTED.items():
        if trainer.get(field, expected) != expected:
            raise ValueError(f"setting {field} of the trainer is {trainer[field]!r}, not {expected!r}")
    if normalizer not in (_IDENTITY, {**_IDENTITY, **_KEPT_BLANKS}):
        raise ValueError("it normalizes texts")


def _check_order(pieces: list[SerializedPiece]) -> None:
    """Refuse anything but special symbols, tags, user-defined symbols and normal pieces, in this order."""
    if len({piece.text for piece in pieces}) < len(pieces):
        raise ValueError("a piece is there twice")
    last = _CONTROL
    order = (_CONTROL, _USER_DEFINED, _NORMAL)
    for index, piece in enumerate(pieces):
        if index <= EOS:
            right = piece.text == _SPECIALS[index]
            right = right and piece.kind == (_UNKNOWN if index == UNK else _CONTROL)
        else:
            right = piece.kind in order and order.index(piece.kind) >= order.index(last)
            right = right and (piece.kind != _CONTROL or bool(_TAG.fullmatch(piece.text)))
            last = piece.kind
        if not right:
            raise ValueError(f"piece {index} is {piece.text!r} of the kind {piece.kind}")


def _check_merges(pieces: list[SerializedPiece]) -> None:
    """Refuse a BPE vocabulary whose scores are no ranks, or with a piece that no merge makes."""
    normal = [piece for piece in pieces if piece.kind == _NORMAL]
    ranks = {piece.text: rank for rank, piece in enumerate(normal)}
    for rank, piece in enumerate(normal):
        if piece.score != -rank:
            raise ValueError(f"the score of {piece.text!r} is {piece.score}, not its rank")
        text = piece.text
        if len(text) > 1 and not any(
            _made_before(text[:cut], rank, ranks) and _made_before(text[cut:], rank, ranks)
            for cut in range(1, len(text))
        ):
            raise ValueError(f"no two pieces before {text!r} make it")


def _made_before(part: str, rank: int, ranks: dict[str, int]) -> bool:
    """Return whether a part of a piece is a character, or a piece of an earlier rank."""
    return ranks.get(part, rank) < rank if len(part) > 1 else part in ranks


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Yield the number and value of each field of a message.

    Raises:
        ValueError: a field of an unknown wire type, or that does not end within the message.
    """
    position = 0
    value: int | float | bytes
    while position < len(message):
        tag, position = _varint(message, position)
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(message, position)
        elif wire == _BYTES:
            length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
        elif wire == _FIXED32 and position + 4 <= len(message):
            value, position = struct.unpack_from("<f", message, position)[0], position + 4
        elif wire == _FIXED64 and position + 8 <= len(message):
            value, position = message[position : position + 8], position + 8
        else:
            raise ValueError("it ends within a field or has one of an unknown type")
        if position > len(message):
            raise ValueError("it ends within a field")
        yield field, value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return the number at a position, seven bits a byte, the lowest first, and the position behind it."""
    number = shift = 0
    while position < len(message) and shift < 64:
        number |= (message[position] & 0x7F) << shift
        shift, position = shift + 7, position + 1
        if message[position - 1] < 0x80:
            return number, position
    raise ValueError("it ends within a number or has one of too many bytes")
