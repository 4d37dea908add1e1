"""The tokenizer: a SentencePiece model over normalised text (`text/normalization.py`).

    text --normalize--> "Two dogs" --SentencePiece--> ["▁Two", "▁do", "gs"] --> ids >= 4

Ids 0 to 3 are padding, unknown, start and end. A vocabulary of several target languages continues with tags
such as `<2de>`; one of them after a source names the language to generate. A vocabulary may have placeholders
such as `⟦1⟧`, each always one piece: they stand for text that a translation copies. SentencePiece's own
normalisation is `identity`, every character of the training text is in the vocabulary, and there is no byte
fallback: a run of unseen characters is one unknown piece, so there are at most as many pieces as characters
plus one.

A *verbatim* tokenizer, for language models, keeps every blank and line break, and decoding returns exactly
the text. Its vocabulary has a piece for the line break, by which it is recognised.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import sentencepiece

from seq2seq.config import BOS, EOS, PAD, UNK
from seq2seq.storage.atomic import replace_file
from seq2seq.text.normalization import BLANK_PIECE, Normalized, compose, normalize
from seq2seq.text.sentencepiece_file import check_serialized
from seq2seq.text.tokenizer_trial import try_tokenizer

Subwords = Literal["bpe", "unigram", "char"]

# In bytes: SentencePiece silently drops longer lines, by default from 4,192 on.
_LONGEST_LINE = 1 << 24
_MOST_LINES = 5_000_000  # of a larger corpus, a random sample of this many lines is used
_DAMAGED = "the SentencePiece model is damaged ({}); copy the file again or train the tokenizer anew"
_UNKNOWN_SURFACE = "\u2047"
ZIP = b"PK\x03\x04"  # how the file of a tokenizer of two models begins (`paired_tokenizer.py`)
_LINE_BREAK = "\n"
_PLACEHOLDER = re.compile(r"⟦\d{1,3}⟧")
_SURROGATES = re.compile("[\ud800-\udfff]+")  # half a character, which UTF-8 cannot encode


class Encoding:
    """The ids of a text; the characters of each id (`spans`) are computed on first access."""

    def __init__(self, ids: list[int], pieces: list[str], origins: tuple[Normalized, ...]) -> None:
        self.ids = ids
        self._pieces = pieces
        self._origins = origins  # from the tokenized text outwards to that of the user

    def within(self, outer: Normalized) -> "Encoding":
        """Return the same ids with spans in the text that `outer` was made from."""
        return Encoding(self.ids, self._pieces, (*self._origins, outer))

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """The (start, end) of each id in the text of the user, without the blank before it."""
        spans = []
        position = -1  # SentencePiece puts one blank before the text
        for piece in self._pieces:
            start, position = position, position + len(piece)
            span = (start + len(piece) - len(piece.lstrip(BLANK_PIECE)), position)
            for origin in self._origins:
                span = origin.original_span(*span)
            spans.append(span)
        assert position in (-1, len(self._origins[0].text))
        return spans


class Tokenizer:
    """A SentencePiece model that encodes texts to ids and decodes ids to texts."""

    def __init__(self, processor: sentencepiece.SentencePieceProcessor) -> None:
        self._processor = processor
        self._size = int(processor.GetPieceSize())
        self.verbatim = processor.PieceToId(_LINE_BREAK) != UNK
        self._prepare = _keep_all if self.verbatim else _normalized

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int,
        model_type: Subwords = "bpe",
        seed: int = 1,
        languages: Sequence[str] = (),
        *,
        placeholders: int = 0,
        verbatim: bool = False,
    ) -> "Tokenizer":
        """Train a tokenizer. The same texts and seed give the same bytes.

        Args:
            texts: The training corpus.
            vocabulary_size: The exact number of pieces, special symbols and tags included. With "char",
                where every character is a piece, it is the maximum.
            model_type: The kind of segmentation.
            seed: The seed of the sample drawn from a large corpus.
            languages: The target languages; each gets a tag.
            placeholders: The number of placeholders.
            verbatim: Whether blanks and line breaks are kept.

        Returns:
            The tokenizer.

        Raises:
            ValueError: The texts do not allow this vocabulary size; the message has the possible limit.
        """
        if model_type not in get_args(Subwords):
            raise ValueError(f"model_type is {model_type!r}; choose 'bpe', 'unigram' or 'char'")
        prepare = _keep_all if verbatim else _normalized
        # One after the other: SentencePiece keeps a copy, and a second one would be as large as the corpus.
        lines: Iterator[str] = (plain for text in texts if (plain := prepare(text)))
        first = next(lines, None)
        if first is None:
            raise ValueError("the tokenizer has no text to learn from; give it a corpus with non-empty lines")
        lines = chain([first], lines)
        if model_type == "char":
            kept = list(lines)
            if (least := EOS + 1 + len(set().union(*kept))) > vocabulary_size:
                raise ValueError(
                    f"vocabulary_size is {vocabulary_size}, fewer than the characters of this corpus; "
                    f"choose at least {least}"
                )
            lines = iter(kept)
        failures: list[BaseException] = []
        try:
            tags = [f"<2{language}>" for language in languages]
            whole = [_LINE_BREAK] if verbatim else [f"⟦{number + 1}⟧" for number in range(placeholders)]
            return cls.from_bytes(
                _train(_watched(lines, failures), vocabulary_size, model_type, seed, tags, whole, verbatim)
            )
        except RuntimeError as error:
            if failures:
                raise failures[0] from None
            raise ValueError(_explain(str(error), vocabulary_size)) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Tokenizer":
        """Load the tokenizer of a model file, after a trial in a process of its own.

        Raises:
            ValueError: The file is missing, damaged, or no tokenizer of this toolkit.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise ValueError(f"cannot read the tokenizer {path}: {error.strerror}; check the path") from error
        try:
            return cls.from_file(data)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def from_file(cls, data: bytes) -> "Tokenizer":
        """Build the tokenizer of a file's content, which is tried in a process of its own before.

        Raises:
            ValueError: The data are damaged, or the special symbols have other ids.
        """
        if data.startswith(ZIP):
            return cls._paired().from_file(data)
        _check(data)
        try_tokenizer(data)
        return cls._from_checked(data)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tokenizer":
        """Build the tokenizer that `to_bytes` serialized.

        Raises:
            ValueError: The data are damaged, or the special symbols have other ids.
        """
        if data.startswith(ZIP):
            return cls._paired().from_bytes(data)
        _check(data)
        return cls._from_checked(data)

    @classmethod
    def _paired(cls) -> "type[Tokenizer]":
        from seq2seq.text.paired_tokenizer import PairedTokenizer  # on use: few models have one

        return PairedTokenizer

    @classmethod
    def _from_checked(cls, data: bytes) -> "Tokenizer":
        processor = sentencepiece.SentencePieceProcessor()
        try:
            processor.LoadFromSerializedProto(data)
        except (RuntimeError, OSError) as error:
            raise ValueError(_DAMAGED.format(error)) from error
        specials = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
        if specials != (PAD, UNK, BOS, EOS):
            raise ValueError(
                f"padding, unknown, start and end have the ids {specials}, not {(PAD, UNK, BOS, EOS)}; "
                "train the tokenizer with seq2seq"
            )
        return cls(processor)

    def to_bytes(self) -> bytes:
        """Serialize the model, as `save` writes it."""
        return bytes(self._processor.serialized_model_proto())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model atomically: an existing file stays whole until the new one is complete."""
        replace_file(Path(path), self.to_bytes())

    def __len__(self) -> int:
        return self._size

    @property
    def target(self) -> "Tokenizer":
        """The tokenizer of targets: this one, but for a model that reads the two sides by different rules."""
        return self

    def tagged(self, ids: Sequence[int], tag: Sequence[int]) -> list[int]:
        """Return the ids of a source with its language tag, which follows it."""
        return [*ids, *tag]

    def tagged_spans(self, spans: Sequence[tuple[int, int]], tag: Sequence[int]) -> list[tuple[int, int]]:
        """Return the spans of `tagged` ids; a tag behind the others has none."""
        return list(spans)

    @property
    def subwords(self) -> Subwords:
        """The kind of segmentation, found by the properties of the model."""
        if all(len(self._processor.IdToPiece(index)) == 1 for index in range(EOS + 1, len(self))):
            return "char"
        try:
            self._processor.NBestEncode("a", nbest_size=1)
        except RuntimeError:  # only a unigram model knows a second-best segmentation
            return "bpe"
        return "unigram"

    def scores(self) -> list[float]:
        """Return the score of each piece: with unigram its log-probability, with bpe minus its rank."""
        return [self._processor.GetScore(index) for index in range(len(self))]

    def rank(self, word: str) -> tuple[int, float]:
        """Return how many pieces a word has and the sum of their scores, negated: low for frequent words."""
        ids = self.encode(word)
        return len(ids), -sum(map(self._processor.GetScore, ids))

    @cached_property
    def tags(self) -> dict[str, int]:
        """The id of each language's tag; empty where the vocabulary has none."""
        tags = {}
        for index in range(EOS + 1, len(self)):  # tags come before all other pieces
            if not self._processor.IsControl(index):
                break
            tags[self._processor.IdToPiece(index).removeprefix("<2").removesuffix(">")] = index
        return tags

    @cached_property
    def placeholders(self) -> dict[str, int]:
        """The id of each placeholder; empty where the vocabulary has none."""
        first = EOS + 1 + len(self.tags)
        found = {}
        for index in range(first, len(self)):  # placeholders come before all other pieces
            if not _PLACEHOLDER.fullmatch(self._pieces[index]):
                break
            found[self._pieces[index]] = index
        return found

    def tag(self, language: str | None) -> list[int]:
        """Return the ids beside a source that select a target language: its tag, or none without tags.

        Raises:
            ValueError: The vocabulary has tags, but none of this language, or no language was given.
        """
        tags = self.tags
        if not tags:
            return []
        if language not in tags:
            problem = "no target language was named" if language is None else f"{language!r} has no tag"
            raise ValueError(f"{problem}; choose {' or '.join(tags)}")
        return [tags[language]]

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, without start and end symbol."""
        return list(self._processor.Encode(self._prepare(text)))

    def encode_with_spans(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Encode a text to ids and their (start, end) in it, without the blank before each."""
        encoding = self.analyze(text)
        return encoding.ids, encoding.spans

    def analyze(self, text: str) -> Encoding:
        """Encode a text to ids whose spans can be computed later, in one call of SentencePiece."""
        normalized = normalize(text)
        pieces = self._processor.Encode(normalized.text, out_type=str)
        ids = self._processor.PieceToId(pieces)
        if not self._control.isdisjoint(ids):
            # Unknown characters come as one piece, which may be spelled like a control symbol such as </s>.
            ids = [UNK if index in self._control else index for index in ids]
        return Encoding(ids, pieces, (normalized,))

    @cached_property
    def _pieces(self) -> list[str]:
        """Every piece by its id: a search asks for all of them, a text for a few at each step."""
        return [self._processor.IdToPiece(index) for index in range(self._size)]

    @cached_property
    def words(self) -> list[str]:
        """The pieces that are whole words of letters, without the blank before them."""
        return [piece[1:] for piece in self._pieces if piece[:1] == BLANK_PIECE and piece[1:].isalpha()]

    def knows_character(self, character: str) -> bool:
        """Return whether a character occurs in the vocabulary, so that it is not read as unknown."""
        return self._characters.issuperset(self._prepare(character))

    @cached_property
    def _characters(self) -> frozenset[str]:
        """Every character of the vocabulary."""
        return frozenset("".join(self._pieces[EOS + 1 + len(self.tags) + len(self.placeholders) :]))

    @cached_property
    def _control(self) -> frozenset[int]:
        """The ids of control symbols, which have no text."""
        return frozenset((PAD, BOS, EOS, *self.tags.values()))

    def decode(self, ids: Iterable[int]) -> str:
        """Decode ids to a text; special symbols are skipped, an unknown piece is U+2047.

        Raises:
            ValueError: An id is outside the vocabulary.
        """
        return str(self._processor.Decode(self._checked(ids)))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Return the piece of each id as it is in the vocabulary.

        Raises:
            ValueError: An id is outside the vocabulary.
        """
        return [self._pieces[index] for index in self._checked(ids)]

    def unknown(self, text: str) -> str:
        """Return the first characters of a text that the vocabulary lacks; empty if it has all."""
        plain = self._prepare(text)
        pieces = zip(self._processor.Encode(plain, out_type=str), self._processor.Encode(plain), strict=True)
        return next((piece for piece, index in pieces if index == UNK), "")

    def cuts_as(self, other: "Tokenizer") -> bool:
        """Return whether both tokenize every text alike, whatever their files record of their training."""
        return self._scored() == other._scored()

    def _scored(self) -> list[tuple[str, float]]:
        # Pieces and scores determine the segmentation; the file also records how it was trained.
        spm = self._processor
        return [(spm.IdToPiece(index), spm.GetScore(index)) for index in range(len(self))]

    def ids(self, pieces: Iterable[str]) -> list[int]:
        """Return the id of each piece; one that the vocabulary lacks has the id of the unknown piece."""
        return [self._processor.PieceToId(piece) for piece in pieces]

    def _checked(self, ids: Iterable[int]) -> list[int]:
        checked = [int(index) for index in ids]
        for index in checked:
            if not 0 <= index < self._size:
                raise ValueError(
                    f"piece id {index} is not in this vocabulary of {len(self)}; use its own tokenizer"
                )
        return checked


def _check(data: bytes) -> None:
    """Refuse a serialized model that is damaged."""
    try:
        check_serialized(data)
    except ValueError as error:
        raise ValueError(_DAMAGED.format(error)) from error


def _normalized(text: str) -> str:
    return normalize(text).text


def _keep_all(text: str) -> str:
    """Return a text in NFC with line feeds as line breaks and no lone surrogates, otherwise unchanged."""
    return compose(_SURROGATES.sub("", text)).replace("\r\n", "\n").replace(BLANK_PIECE, "_")


def _watched(lines: Iterator[str], failures: list[BaseException]) -> Iterator[str]:
    """Yield the lines and keep an error of theirs, which SentencePiece turns into one of its own."""
    try:
        yield from lines
    except BaseException as error:
        failures.append(error)
        raise


def _train(
    lines: Iterator[str],
    vocabulary_size: int,
    model_type: str,
    seed: int,
    tags: list[str],
    whole: list[str],
    verbatim: bool,
) -> bytes:
    model = io.BytesIO()
    keeping: dict[str, Any] = {
        "add_dummy_prefix": False,
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
    }
    sentencepiece.set_random_generator_seed(seed)
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=lines,
        model_writer=model,
        vocab_size=vocabulary_size,
        model_type=model_type,
        normalization_rule_name="identity",
        character_coverage=1.0,
        byte_fallback=False,
        pad_id=PAD,
        unk_id=UNK,
        bos_id=BOS,
        eos_id=EOS,
        control_symbols=tags,  # no text is encoded to them
        user_defined_symbols=whole,  # never part of a larger piece
        unk_surface=_UNKNOWN_SURFACE,
        max_sentence_length=_LONGEST_LINE,
        input_sentence_size=_MOST_LINES,
        num_threads=1,  # sums of floats, and so the model, depend on the number of threads
        minloglevel=2,
        hard_vocab_limit=model_type != "char",
        **(keeping if verbatim else {}),
    )
    return model.getvalue()


def _explain(message: str, vocabulary_size: int) -> str:
    """Convert an error of SentencePiece to a message with the possible limit."""
    if greatest := re.search(r"too high .*<= (\d+)", message):
        return (
            f"vocabulary_size is {vocabulary_size}, more than this corpus holds; "
            f"choose at most {greatest[1]} or give more text"
        )
    if least := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return (
            f"vocabulary_size is {vocabulary_size}, fewer than the characters of this corpus; "
            f"choose at least {least[1]}"
        )
    return f"the tokenizer cannot be trained with vocabulary_size {vocabulary_size}: {message}"
