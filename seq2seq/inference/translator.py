"""Translator: texts in, translations out, and what the model finds of a pair of texts.

    translate, stream    texts through the pipeline
    score                a target's probability, given its source
    attention, align     attention maps and word alignment of one forced pass over both

`directed` makes the translator of another direction from one of several languages.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import overload

from seq2seq.alignment.maps import Alignment, AttentionMaps
from seq2seq.config import END
from seq2seq.inference.decoding import Decode, decode_sources, length_limits
from seq2seq.inference.ensemble import load_models
from seq2seq.inference.forced_decoding import decode_side, encode_side, explain, force_decode
from seq2seq.inference.pipeline import Pipeline
from seq2seq.inference.processing import PreparedSegment, TextProcessor
from seq2seq.inference.reranking import Reranker
from seq2seq.inference.results import Score, Translation
from seq2seq.inference.terminology import PreparedSource
from seq2seq.model.device import choose_device
from seq2seq.model.transformer import Model, Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled
from seq2seq.storage.hub import push
from seq2seq.storage.model_directory import save_model
from seq2seq.storage.quantization import StorageFormat
from seq2seq.storage.registry import find_model, named_direction
from seq2seq.storage.settings import Settings
from seq2seq.text.normalization import check_text
from seq2seq.text.tokenizer import Tokenizer

# Texts taken from an iterable at once: few at first, so that results come soon, then enough to fill
# batches of like length.
FIRST_CHUNK, CHUNK = 16, 512

Prefix = str | list[str] | tuple[str, ...]  # a text, or pieces

_DEFAULTS = DecodeOptions()


class Translator:
    """An encoder-decoder model with its tokenizer, ready to translate, score and align.

    `source_language` and `target_language` are those of a call that names none; None where the model speaks
    several and none was chosen.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        settings: Settings,
        card: str = "",
        source_language: str | None = None,
        target_language: str | None = None,
        storage: StorageFormat = "float16",
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.settings = settings
        self.card = card
        self.storage: StorageFormat = storage  # in which `save_pretrained` leaves the weights as they are
        self.processor = TextProcessor(tokenizer, settings, model.config.max_length)
        self.source_language, self.target_language = settings.direction(source_language, target_language)
        self._reranker: Reranker | None = settings.codec.ranker if settings.codec else None
        self._pipeline = self._make_pipeline()
        self._directed: dict[tuple[str | None, str | None], Translator] = {}

    def __repr__(self) -> str:
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        device = next(self.model.parameters()).device
        directions = ", ".join(f"{source}-{target}" for source, target in self.settings.directions)
        chosen = f"{self.source_language}-{self.target_language}"
        return (
            f"Translator({chosen if None not in (self.source_language, self.target_language) else directions}"
            f", {parameters / 1e6:.1f} million parameters, {len(self.tokenizer)} pieces, {device})"
        )

    @classmethod
    def from_pretrained(cls, name: str | Path | Sequence[str | Path], device: str = "auto") -> "Translator":
        """Load a translator by a released model's name, a model directory or a hub id.

        Several of one vocabulary are an ensemble, which searches the mean of their probabilities.
        `device` "auto" takes a GPU where there is one. Nothing is fetched but for a hub id.
        """
        names = [name] if isinstance(name, str | Path) else name
        directories = [find_model(each) for each in names]
        loaded = load_models(directories, choose_device(device))
        return cls(*loaded[:4], *named_direction(names[0], directories[0]), loaded.storage)

    @property
    def reranker(self) -> Reranker | None:
        """Chooses among the hypotheses of a beam; None for the order of the search."""
        return self._reranker

    @reranker.setter
    def reranker(self, reranker: Reranker | None) -> None:
        self._reranker = reranker
        self._pipeline = self._make_pipeline()
        self._directed = {}

    def directed(self, source_language: str | None, target_language: str | None) -> "Translator":
        """Return the translator of the same model for another direction; None leaves a language as it is.

        Raises:
            ValueError: the model does not translate between these languages.
        """
        asked = source_language, target_language
        if asked == (None, None):
            return self
        if asked not in self._directed:
            self._directed[asked] = self._make_directed(*asked)
        return self._directed[asked]

    def _make_directed(self, source_language: str | None, target_language: str | None) -> "Translator":
        self.check_languages(source_language, target_language)
        own = self.source_language, self.target_language
        chosen = source_language or own[0], target_language or own[1]
        if chosen[0] == chosen[1]:  # what was asked for now goes before what was chosen once
            chosen = source_language, target_language
        if chosen == own:
            return self
        directed = copy(self)
        directed.source_language, directed.target_language = self.settings.direction(*chosen)
        directed._pipeline = directed._make_pipeline()
        directed._directed = {}
        return directed

    def _make_pipeline(self) -> Pipeline:
        """Return the way of texts in this direction; its tag is missing where no target language is known."""
        tags = self.tokenizer.tags
        tag = [tags[self.target_language]] if self.target_language in tags else []
        codec = self.settings.codec
        least_beam = codec.least_beam if codec else 1
        return Pipeline(self.model, self.processor, self.settings, tag, self._reranker, least_beam)

    @property
    def tag(self) -> list[int]:
        """The ids behind those of a source: the target language's tag, or none without tags.

        ValueError where there are tags and no target language was named.
        """
        if self.target_language is None and self.tokenizer.tags:
            others = [each for each in self.settings.target_languages if each != self.source_language]
            raise ValueError(
                f"no target language was named; choose {' or '.join(others)} by target_language "
                "(--target-language)"
            )
        return self._pipeline.tag

    def save_pretrained(self, directory: str | Path, storage: StorageFormat | None = None) -> None:
        """Write a model directory, from which `from_pretrained` makes the same translator again.

        `storage` None is that of the directory it came from, else "float16". With "int8" the directory is
        half as large, and the translator nearly the same.
        """
        if not isinstance(self.model, Transformer):
            raise ValueError("an ensemble is not one model; save each of its models by itself")
        save_model(directory, self.model, self.tokenizer, self.settings, self.card, storage or self.storage)

    def push_to_hub(self, hub_id: str, *, private: bool = False, storage: StorageFormat | None = None) -> str:
        """Put the model on the Hugging Face hub as `owner/name`; gives back its address."""
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(Path(folder) / "model", storage)
            return push(Path(folder) / "model", hub_id, private=private)

    @overload
    def translate(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
        self,
        texts: str,
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        *,
        target_prefixes: None = None,
    ) -> Translation: ...

    @overload
    def translate(
        self,
        texts: Iterable[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        *,
        target_prefixes: Iterable[Prefix | None] | None = None,
    ) -> Iterator[Translation]: ...

    def translate(
        self,
        texts: str | Iterable[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        *,
        target_prefixes: Iterable[Prefix | None] | None = None,
    ) -> Translation | Iterator[Translation]:
        """Translate a text, or each text of an iterable, in order and as they are read.

        A blank text, and a segment of which the model knows no piece (only emoji, another script), is given
        back as it is. `target_prefixes` has for each text of an iterable what its result begins with, in
        place of the options' `target_prefix`; None for nothing.

        Raises:
            ValueError: texts that are none, a language that the model does not speak, options that it cannot
                meet, or another number of prefixes than of texts.
        """
        directed, options = self._ready(options, source_language, target_language)
        if isinstance(texts, str):
            if target_prefixes is not None:
                raise ValueError("target_prefixes are for several texts; give one text's in the options")
            return directed._pipeline.translate([texts], [options])[0]
        return directed._translate_all(_text_iterator(texts), options, target_prefixes)

    def translate_batch(
        self,
        texts: Sequence[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
    ) -> list[Translation]:
        """Translate some texts side by side, as one batch where they fit.

        `cancelled(i)` is polled at each step; a cancelled text leaves the batch and is given back as it is.
        `decode` searches, such as a call of another process.
        """
        directed, options = self._ready(options, source_language, target_language)
        return directed._pipeline.translate(texts, [options] * len(texts), cancelled, decode)

    def prepare(
        self,
        text: str,
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> list[PreparedSegment]:
        """Split a text into segments ready for `translate_segments`; for servers, which queue them."""
        directed, options = self._ready(options, source_language, target_language)
        return directed.processor.prepare(text, options)

    def translate_segments(
        self,
        segments: Sequence[PreparedSegment],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
    ) -> list[Translation]:
        """Translate prepared segments side by side, whatever texts they belong to.

        `cancelled(i)` is polled at each step; cancelled segments leave the batch and are given back as they
        are. `decode` searches, such as a call of another process.
        """
        directed = self.directed(source_language, target_language)
        return directed._pipeline.translate_segments(segments, options or _DEFAULTS, cancelled, decode)

    def stream(
        self,
        text: str,
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> Iterator[str]:
        """Yield pieces of the translation as they are decoded; joined they are the greedy translation.

        A beam revises what it wrote, so `beam_size` is not used; with sampling it is the sampled text.
        """
        directed, options = self._ready(options, source_language, target_language)
        return directed._pipeline.stream(check_text(text), options)

    @overload
    def score(self, sources: str, targets: str) -> Score: ...  # type: ignore[overload-overlap]

    @overload
    def score(
        self,
        sources: Sequence[str] | Sequence[Sequence[str]],
        targets: Sequence[str] | Sequence[Sequence[str]],
    ) -> list[Score]: ...

    def score(
        self,
        sources: str | Sequence[str] | Sequence[Sequence[str]],
        targets: str | Sequence[str] | Sequence[Sequence[str]],
    ) -> Score | list[Score]:
        """How probable the model finds each target given its source; texts or lists of pieces.

        The languages are those of the translator (`directed`). Two texts give one Score, two lists a list.
        A side longer than the model reads is a ValueError.
        """
        if isinstance(sources, str) and isinstance(targets, str):
            return self.score([sources], [targets])[0]
        if isinstance(sources, str) or isinstance(targets, str):
            raise ValueError("one side is a text and the other a list; give two texts or two lists")
        if len(sources) != len(targets):
            raise ValueError(
                f"there are {len(sources)} sources but {len(targets)} targets; give one for each"
            )
        target_ids = [
            self.processor.ids(target, source) for source, target in zip(sources, targets, strict=True)
        ]
        tag = self.tag
        scores = force_decode(
            self.model, [self.processor.ids(source, source) + tag for source in sources], target_ids
        )
        return [
            Score(sum(values), [*self.tokenizer.pieces(ids), END], values)
            for ids, values in zip(target_ids, scores, strict=True)
        ]

    def attention(self, source: str, target: str | None = None) -> AttentionMaps:
        """Every attention map of one pass over source and target (None: the model's own translation)."""
        tokenizer = self.tokenizer_of(check_text(source))
        source_side = encode_side(tokenizer, source, self.tag)
        if target is not None:
            target_side = encode_side(tokenizer, check_text(target))
        else:
            prepared = PreparedSource(source, tokenizer.analyze(source))
            best = self._pipeline.search(prepared, [], _DEFAULTS)[0]
            target_side = decode_side(tokenizer, best.tokens)
        return explain(self.model, self.tokenizer, source_side, target_side)[1]

    def align(self, source: str, target: str) -> Alignment:
        """The word alignment of a given pair, read from the alignment head."""
        return self.attention(source, target).alignment(self.settings.alignment)

    def check_languages(self, source: str | None, target: str | None) -> None:
        """Refuse (ValueError) a language this model was not trained for; None is always right."""
        self.settings.direction(source, target)

    def segments(self, text: str, options: DecodeOptions | None = None) -> list[tuple[str, str]]:
        """What is translated at once: segments, each with the blanks or line breaks that follow it."""
        prepared = self.processor.prepare(text, options or _DEFAULTS)
        return [(segment.source.source, segment.separator) for segment in prepared]

    def knows(self, ids: list[int]) -> bool:
        """Whether any piece says something to the model; a lone blank does not."""
        return self.processor.knows(ids)

    def tokenizer_of(self, source: str) -> Tokenizer:
        """What reads a source and writes its result; ValueError where it is not the facts it should be."""
        return self.processor.tokenizer_of(source)

    def _ready(
        self, options: DecodeOptions | None, source: str | None, target: str | None
    ) -> tuple["Translator", DecodeOptions]:
        """Return the translator of a direction, and options; what cannot be met is refused here."""
        directed, options = self.directed(source, target), options or _DEFAULTS
        length_limits(self.model, [], options)
        _ = directed.tag  # refused where it is missing
        self.processor.check_prefix(options)
        return directed, options

    def _translate_all(
        self, texts: Iterator[str], options: DecodeOptions, prefixes: Iterable[Prefix | None] | None
    ) -> Iterator[Translation]:
        size = FIRST_CHUNK
        remaining = None if prefixes is None else iter(prefixes)
        while chunk := list(islice(texts, size)):
            own = [options] * len(chunk)
            if remaining is not None:
                given = list(islice(remaining, len(chunk)))
                _check_prefix_count(len(given), len(chunk))
                own = [replace(options, target_prefix=prefix) for prefix in given]
            yield from self._pipeline.translate(chunk, own)
            size = min(2 * size, CHUNK)
        if remaining is not None:
            _check_prefix_count(len(list(islice(remaining, 1))), 0)


def _text_iterator(texts: Iterable[str]) -> Iterator[str]:
    """Return an iterator of texts; refuse what would be taken for texts by mistake."""
    if isinstance(texts, Mapping):
        raise ValueError("texts are a mapping, whose keys would be translated; give its .values() or .keys()")
    if isinstance(texts, bytes | bytearray | memoryview):
        raise ValueError(f"a text is {bytes(texts[:40])!r}, which are bytes; decode them to a string first")
    if not isinstance(texts, Iterable):
        check_text(texts)  # refused with its type
    return iter(texts)


def _check_prefix_count(prefixes: int, texts: int) -> None:
    if prefixes != texts:
        fewer = "fewer" if prefixes < texts else "more"
        raise ValueError(f"there are {fewer} target_prefixes than texts; give one for each, None for nothing")
