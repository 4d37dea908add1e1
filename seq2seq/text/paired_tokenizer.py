"""Tokenizer of two SentencePiece models, one for each side, over one vocabulary, as Marian's models have.

    source --source.spm--> pieces --\
                                     >-- one vocabulary --> ids       >>de<< before a source names the target
    target --target.spm--> pieces --/

The file is a zip archive of `pieces.json` and the two models. The vocabulary is in our order: padding,
unknown, start and end are 0 to 3, then come tags such as `>>de<<`, then all other pieces. A piece that the
vocabulary lacks is unknown. Other than in a `Tokenizer`, SentencePiece may normalize texts once more; the
spans of pieces come from it.
"""

import io
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import sentencepiece

from seq2seq.config import BOS, END, EOS, PAD, START, UNK
from seq2seq.text.normalization import Normalized, normalize
from seq2seq.text.tokenizer import Encoding, Tokenizer
from seq2seq.text.tokenizer_trial import try_tokenizer

UNKNOWN, PADDING = "<unk>", "<pad>"
PIECES, SOURCE, TARGET = "pieces.json", "source.spm", "target.spm"
TAG = re.compile(r">>([^<>]+)<<")
NO_SPAN = (-1, -1)  # of a tag: no character, also not the first

# Of a SentencePiece model: fields, kinds of pieces, and the numbers of the trainer's settings.
_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3
_NORMAL, _UNKNOWN_KIND, _CONTROL = 1, 2, 3
_UNIGRAM, _MODEL_TYPE, _IDS, _SURFACE, _NAMES = 1, 3, (40, 41, 42, 43), 44, (45, 46, 47, 48)
_UNSCORED = -100.0  # of a piece that neither model has


class PlacedEncoding(Encoding):
    """The ids of a text with spans in the tokenized text that are known already."""

    def __init__(
        self,
        ids: list[int],
        pieces: list[str],
        origins: tuple[Normalized, ...],
        places: list[tuple[int, int]],
    ) -> None:
        super().__init__(ids, pieces, origins)
        self._places = places

    def within(self, outer: Normalized) -> "PlacedEncoding":
        """Return the same ids with spans in the text that `outer` was made from."""
        return PlacedEncoding(self.ids, self._pieces, (*self._origins, outer), self._places)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """The (start, end) of each id in the text of the user, without the blank before it."""
        spans = []
        for span in self._places:
            for origin in self._origins:
                span = origin.original_span(*span)
            spans.append(span)
        return spans


class PairedTokenizer(Tokenizer):
    """A tokenizer that reads sources by one SentencePiece model and targets by another (`target`)."""

    def __init__(self, pieces: Sequence[str], source: bytes, target: bytes) -> None:
        self._files = source, target
        self._sides = _load(source, SOURCE), _load(target, TARGET)
        self._side = self._sides[0]
        self._listed = list(pieces)
        super().__init__(_joint(self._listed, self._sides))

    @classmethod
    def from_bytes(cls, data: bytes) -> "PairedTokenizer":
        """Build the tokenizer that `to_bytes` serialized.

        Raises:
            ValueError: The data are damaged.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                pieces = json.loads(archive.read(PIECES))
                source, target = archive.read(SOURCE), archive.read(TARGET)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError, NotImplementedError) as error:
            raise ValueError(f"the tokenizer is damaged ({error}); copy the file again") from error
        if not isinstance(pieces, list) or not all(isinstance(piece, str) and piece for piece in pieces):
            raise ValueError(f"the tokenizer is damaged ({PIECES} is no list of texts); copy the file again")
        return cls(pieces, source, target)

    @classmethod
    def from_file(cls, data: bytes) -> "PairedTokenizer":
        """Build the tokenizer of a file's content, whose models are tried in a process of their own before.

        Raises:
            ValueError: The data are damaged.
        """
        tokenizer = cls.from_bytes(data)
        for side in tokenizer._files:
            try_tokenizer(side)
        return tokenizer

    def to_bytes(self) -> bytes:
        """Serialize the vocabulary and both models; the same tokenizer gives the same bytes."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            listed = json.dumps(self._listed, ensure_ascii=False).encode()
            for name, data in zip((PIECES, SOURCE, TARGET), (listed, *self._files), strict=True):
                archive.writestr(zipfile.ZipInfo(name), data)  # its date is 1980
        return file.getvalue()

    @property
    def files(self) -> tuple[bytes, bytes]:
        """The SentencePiece models of sources and targets."""
        return self._files

    @property
    def source_pieces(self) -> list[str]:
        """The pieces of the source's model that stand for text."""
        spm = self._sides[0]
        ids = range(spm.GetPieceSize())
        return [spm.IdToPiece(i) for i in ids if not (spm.IsControl(i) or spm.IsUnknown(i))]

    @cached_property
    def target(self) -> "PairedTokenizer":
        """The tokenizer of targets, over the same vocabulary."""
        other = copy(self)
        other._side = self._sides[1]
        return other

    @cached_property
    def tags(self) -> dict[str, int]:
        """The id of each language's tag; empty where the vocabulary has none."""
        found = {}
        for index in range(EOS + 1, len(self)):
            if not self._processor.IsControl(index):
                break
            found[tag_language(self._listed[index])] = index
        return found

    def tagged(self, ids: Sequence[int], tag: Sequence[int]) -> list[int]:
        """Return the ids of a source with its language tag, which precedes it."""
        return [*tag, *ids]

    def tagged_spans(self, spans: Sequence[tuple[int, int]], tag: Sequence[int]) -> list[tuple[int, int]]:
        """Return the spans of `tagged` ids; a tag stands for no character."""
        return [*[NO_SPAN] * len(tag), *spans]

    def encode(self, text: str) -> list[int]:
        """Encode a text of this side to ids, without start and end symbol."""
        return self._ids(self._side.Encode(self._prepare(text), out_type=str))

    def analyze(self, text: str) -> Encoding:
        """Encode a text of this side to ids with the characters of each."""
        normalized = normalize(text)
        pieces = self._side.Encode(normalized.text, out_type=str)
        # The second normalization is SentencePiece's: the origin of each of its characters, and the end.
        _, origins = self._side.Normalize(normalized.text, with_offsets=True)
        places, end = [], 0
        for piece in pieces:
            start, end = end, end + len(piece)
            first, last = origins[start], origins[end]
            places.append((min(last, first + normalized.text.startswith(" ", first)), last))
        return PlacedEncoding(self._ids(pieces), pieces, (normalized,), places)

    def unknown(self, text: str) -> str:
        """Return the first characters of a text that the vocabulary lacks; empty if it has all."""
        pieces = self._side.Encode(self._prepare(text), out_type=str)
        return next(
            (piece for piece, index in zip(pieces, self._ids(pieces), strict=True) if index == UNK), ""
        )

    def _ids(self, pieces: Iterable[str]) -> list[int]:
        found = self._processor.PieceToId(list(pieces))
        # A text may spell a special symbol, which it does not mean.
        return [UNK if index in self._control else index for index in found]

    def cuts_as(self, other: Tokenizer) -> bool:
        """Return whether both tokenize every text alike, whatever their files record of their training."""
        return isinstance(other, PairedTokenizer) and other.to_bytes() == self.to_bytes()


def tag_language(piece: str) -> str:
    """Return the language of a tag such as `>>deu<<`: the code of two letters where there is one."""
    from babel.core import get_global

    code = TAG.sub(r"\1", piece)
    language, *rest = re.split("[-_]", code)
    short = get_global("language_aliases").get(language, language) if len(language) == 3 else language
    return "-".join([short, *rest])


def _load(data: bytes, name: str) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor()
    try:
        if not data or not processor.LoadFromSerializedProto(data):
            raise ValueError(f"{name} is no SentencePiece model; copy it again")
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{name} is no SentencePiece model ({error}); copy it again") from error
    return processor


def _joint(pieces: list[str], sides: Sequence[Any]) -> sentencepiece.SentencePieceProcessor:
    """Return a SentencePiece model of the whole vocabulary, for its ids and for decoding.

    The score of a piece is the higher one of the two models.
    """
    if len(set(pieces)) < len(pieces) or len(pieces) <= EOS:
        raise ValueError("the vocabulary has a piece twice or lacks special symbols; copy the file again")
    scores = dict.fromkeys(pieces, _UNSCORED)
    for side in sides:
        for index in range(side.GetPieceSize()):
            piece = side.IdToPiece(index)
            if piece in scores:
                scores[piece] = max(scores[piece], side.GetScore(index))
    data, before = b"", True
    for index, piece in enumerate(pieces):
        before = before and (index <= EOS or TAG.fullmatch(piece) is not None)
        kind = _UNKNOWN_KIND if index == UNK else _CONTROL if before else _NORMAL
        fields = _field(1, piece.encode()) + b"\x15" + struct.pack("<f", scores[piece]) + _field(3, kind)
        data += _field(_PIECE, fields)
    trainer = _field(_MODEL_TYPE, _UNIGRAM)
    order = (UNK, BOS, EOS, PAD)
    for field, index in zip(_IDS, order, strict=True):
        trainer += _field(field, index)
    trainer += _field(_SURFACE, "\u2047".encode())
    for field, index in zip(_NAMES, order, strict=True):
        trainer += _field(field, pieces[index].encode())
    data += _field(_TRAINER, trainer) + _field(_NORMALIZER, _field(1, b"identity"))
    return _load(data, "the vocabulary")


def _field(number: int, value: int | bytes) -> bytes:
    """Return a field of a protobuf message: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])


def vocabulary_order(pieces: Sequence[str]) -> list[str]:
    """Return the pieces of a foreign vocabulary in our order, a start symbol added."""
    start = START if START not in pieces else "<bos>"
    specials = [PADDING, UNKNOWN, start, END]
    others = [piece for piece in pieces if piece not in specials]
    tags = [piece for piece in others if TAG.fullmatch(piece)]
    return [*specials, *tags, *(piece for piece in others if not TAG.fullmatch(piece))]
