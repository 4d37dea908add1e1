"""The `Translator`: translations of texts, and scores, attention maps and alignments of given pairs.

    translate, stream    texts through the pipeline
    score                log-probability of a target, given its source
    attention, align     attention maps and word alignment of one forced pass over both

`directed` returns the translator of another direction of a model with several languages.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, overload

from seq2seq.alignment.maps import Alignment, AttentionMaps
from seq2seq.config import END
from seq2seq.inference.backends.selection import Backend, ComputeType, choose_backend, make_engine
from seq2seq.inference.chunks import Prefix, translate_all
from seq2seq.inference.decoding import Decode, decode_sources, length_limits
from seq2seq.inference.ensemble import load_models
from seq2seq.inference.forced_decoding import encode_side, explain, force_decode
from seq2seq.inference.pipeline import Pipeline
from seq2seq.inference.processing import PreparedSegment, TextProcessor
from seq2seq.inference.reranking import Reranker
from seq2seq.inference.results import Score, Translation
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

if TYPE_CHECKING:
    from seq2seq.inference.backends.engine import CTranslate2Engine
    from seq2seq.inference.memory.memory import TranslationMemory
    from seq2seq.inference.memory.recall import BatchTranslate

_DEFAULTS = DecodeOptions()


class Translator:
    """An encoder-decoder model with its tokenizer, ready to translate, score and align.

    `source_language` and `target_language` are the defaults of a call that names none. They are None where
    the model has several languages and none was chosen.
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
        engine: "CTranslate2Engine | None" = None,
    ) -> None:
        self.model = model
        self.engine = engine
        self.tokenizer = tokenizer
        self.settings = settings
        self.card = card
        self.storage: StorageFormat = storage  # the format of `save_pretrained` that changes no weight
        self.processor = TextProcessor(tokenizer, settings, model.config.max_length)
        self.source_language, self.target_language = settings.direction(source_language, target_language)
        self._reranker: Reranker | None = settings.codec.ranker if settings.codec else None
        self._pipeline = self._make_pipeline()
        self._directed: dict[tuple[str | None, str | None], Translator] = {}

    def __repr__(self) -> str:
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        device = next(self.model.parameters()).device
        directions = ", ".join(f"{source}-{target}" for source, target in self.settings.directions)
        direction = f"{self.source_language}-{self.target_language}"
        is_chosen = None not in (self.source_language, self.target_language)
        return (
            f"Translator({direction if is_chosen else directions}, "
            f"{parameters / 1e6:.1f} million parameters, {len(self.tokenizer)} pieces, {device})"
        )

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | Sequence[str | Path],
        device: str = "auto",
        backend: Backend = "auto",
        compute_type: ComputeType = "auto",
    ) -> "Translator":
        """Load a translator by the name of a released model, a model directory or a hub id.

        Several names of models with one vocabulary make an ensemble, whose mean probability is searched.
        `device` "auto" uses a GPU where there is one. `backend` "auto" searches by CTranslate2 where it is
        installed and has the model, in the numbers of `compute_type`: by default int8 on a CPU, float16 on a
        GPU. Only a hub id is downloaded.

        Raises:
            ValueError: A name leads to no model, or `backend` is "ctranslate2" and cannot be used.
        """
        names = [name] if isinstance(name, str | Path) else name
        directories = [find_model(model_name) for model_name in names]
        device = choose_device(device)
        loaded = load_models(directories, device)
        choice = choose_backend(loaded.model.config, backend, compute_type, device, models=len(names))
        engine = make_engine(loaded, directories[0], choice, device)
        return cls(*loaded[:4], *named_direction(names[0], directories[0]), loaded.storage, engine)

    @property
    def backend(self) -> str:
        """The back end that searches, loaded if need be: "torch", or such as "ctranslate2 int8"."""
        return self.engine.name if self.engine is not None else "torch"

    @property
    def reranker(self) -> Reranker | None:
        """The re-ranker of the hypotheses of a beam; None keeps the order of the search."""
        return self._reranker

    @reranker.setter
    def reranker(self, reranker: Reranker | None) -> None:
        self._reranker = reranker
        self._pipeline = self._make_pipeline()
        self._directed = {}

    def directed(self, source_language: str | None, target_language: str | None) -> "Translator":
        """Return the translator of the same model for another direction; None keeps a language.

        Raises:
            ValueError: The model does not translate between these languages.
        """
        direction = source_language, target_language
        if direction == (None, None):
            return self
        if direction not in self._directed:
            self._directed[direction] = self._make_directed(*direction)
        return self._directed[direction]

    def _make_directed(self, source_language: str | None, target_language: str | None) -> "Translator":
        self.check_languages(source_language, target_language)
        own = self.source_language, self.target_language
        direction = source_language or own[0], target_language or own[1]
        if direction[0] == direction[1]:  # a language of this call overrides one chosen before
            direction = source_language, target_language
        if direction == own:
            return self
        directed = copy(self)
        directed.source_language, directed.target_language = self.settings.direction(*direction)
        directed._pipeline = directed._make_pipeline()
        directed._directed = {}  # not shared: None in a key means the languages of this translator
        return directed

    def _make_pipeline(self) -> Pipeline:
        """Return the pipeline of this direction; without a target language it has no tag."""
        tags = self.tokenizer.tags
        tag = [tags[self.target_language]] if self.target_language in tags else []
        codec = self.settings.codec
        least_beam = codec.least_beam if codec else 1
        languages = self.source_language, self.target_language
        return Pipeline(
            self.model,
            self.processor,
            self.settings,
            tag,
            languages,
            self._reranker,
            least_beam,
            self.engine,
        )

    @property
    def tag(self) -> list[int]:
        """The ids beside those of a source: the tag of the target language, or none without tags.

        Raises:
            ValueError: The vocabulary has tags and no target language was chosen.
        """
        if self.target_language is None and self.tokenizer.tags:
            others = [code for code in self.settings.target_languages if code != self.source_language]
            raise ValueError(
                f"no target language was named; choose {' or '.join(others)} by target_language "
                "(--target-language)"
            )
        return self._pipeline.tag

    def save_pretrained(self, directory: str | Path, storage: StorageFormat | None = None) -> None:
        """Write a model directory, from which `from_pretrained` loads the same translator.

        `storage` None is the format of the directory it was loaded from, else "float16". With "int8" the
        directory is half as large, and the translator nearly the same.

        Raises:
            ValueError: The translator is an ensemble.
        """
        if not isinstance(self.model, Transformer):
            raise ValueError("an ensemble is not one model; save each of its models by itself")
        save_model(directory, self.model, self.tokenizer, self.settings, self.card, storage or self.storage)

    def push_to_hub(self, hub_id: str, *, private: bool = False, storage: StorageFormat | None = None) -> str:
        """Upload the model to the Hugging Face hub as `owner/name` and return its address."""
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
        memory: "TranslationMemory | None" = None,
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
        memory: "TranslationMemory | None" = None,
    ) -> Iterator[Translation]: ...

    def translate(
        self,
        texts: str | Iterable[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        *,
        target_prefixes: Iterable[Prefix | None] | None = None,
        memory: "TranslationMemory | None" = None,
    ) -> Translation | Iterator[Translation]:
        """Translate a text, or each text of an iterable, in order and lazily, a sequence in full batches.

        A blank text, and a segment without any piece of the vocabulary (only emoji, another script), is its
        own translation. `target_prefixes` overrides the `target_prefix` of the options for each text of an
        iterable; None is no prefix. A text that `memory` has exactly is recalled and needs no model.

        Raises:
            ValueError: A text is no string, the model lacks a language, it cannot meet the options, the
                memory is one of other languages, or the numbers of prefixes and texts differ.
        """
        directed, options = self._ready(options, source_language, target_language)
        translate = directed._pipeline.translate if memory is None else directed._through(memory)
        if isinstance(texts, str):
            if target_prefixes is not None:
                raise ValueError("target_prefixes are for several texts; give one text's in the options")
            return translate([texts], [options])[0]
        return translate_all(translate, texts, options, target_prefixes)

    def translate_batch(
        self,
        texts: Sequence[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
        *,
        memory: "TranslationMemory | None" = None,
    ) -> list[Translation]:
        """Translate texts in common batches.

        `cancelled(i)` is polled at each step; a cancelled text leaves the batch and is returned
        untranslated. `decode` runs the search, for instance in another process. A text that `memory` has
        exactly is recalled and needs no model.
        """
        directed, options = self._ready(options, source_language, target_language)
        translate = directed._pipeline.translate if memory is None else directed._through(memory)
        return translate(texts, [options] * len(texts), cancelled, decode)

    def _through(self, memory: "TranslationMemory") -> "BatchTranslate":
        from seq2seq.inference.memory.recall import through_memory  # on use: nobody else needs its packages

        return through_memory(self, self._pipeline.translate, memory)

    def prepare(
        self,
        text: str,
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> list[PreparedSegment]:
        """Split a text into segments for `translate_segments`, which a server can queue."""
        directed, options = self._ready(options, source_language, target_language)
        return directed._pipeline.prepare(text, options)

    def translate_segments(
        self,
        segments: Sequence[PreparedSegment],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
    ) -> list[Translation]:
        """Translate prepared segments in common batches, whatever texts they belong to.

        `cancelled(i)` is polled at each step; cancelled segments leave the batch and are returned
        untranslated. `decode` runs the search, for instance in another process.
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
        """Yield the translation piece by piece as it is decoded, by greedy search or sampling.

        `beam_size` is not used, since a beam revises what it has generated.
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
        """Score targets given their sources, as texts or as lists of pieces.

        The languages are those of the translator (`directed`). Two texts give one Score, two lists a list.

        Raises:
            ValueError: Sources and targets differ in type or number, or a side is longer than the model
                reads.
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
            self.processor.target_ids(target, source) for source, target in zip(sources, targets, strict=True)
        ]
        tag = self.tag
        scores = force_decode(
            self.model,
            [self.tokenizer.tagged(self.processor.ids(source), tag) for source in sources],
            target_ids,
        )
        return [
            Score(sum(values), [*self.tokenizer.pieces(ids), END], values)
            for ids, values in zip(target_ids, scores, strict=True)
        ]

    def attention(self, source: str, target: str | None = None) -> AttentionMaps:
        """Compute all attention maps of one pass over source and target.

        Without a target it is the translation of the model itself.
        """
        tokenizer = self.tokenizer_of(check_text(source))
        if target is not None:
            source_side = encode_side(tokenizer, source, self.tag)
            return explain(
                self.model, self.tokenizer, source_side, encode_side(tokenizer.target, check_text(target))
            )[1]
        return self._pipeline.attention(source, _DEFAULTS)

    def align(self, source: str, target: str) -> Alignment:
        """Return the word alignment of a given pair, read from the alignment head."""
        return self.attention(source, target).alignment(self.settings.alignment)

    def check_languages(self, source: str | None, target: str | None) -> None:
        """Refuse languages that the model was not trained for; None is always accepted.

        Raises:
            ValueError: The model does not translate between these languages.
        """
        self.settings.direction(source, target)

    def segments(self, text: str, options: DecodeOptions | None = None) -> list[tuple[str, str]]:
        """Return the segments a text is translated in, each with the blanks or line breaks after it."""
        prepared = self._pipeline.prepare(text, options or _DEFAULTS)
        return [(segment.source.source, segment.separator) for segment in prepared]

    def knows(self, ids: list[int]) -> bool:
        """Return whether any id informs the model; the unknown piece and a lone blank do not."""
        return self.processor.knows(ids)

    def tokenizer_of(self, source: str) -> Tokenizer:
        """Return the tokenizer that encodes a source and decodes its result.

        Raises:
            ValueError: The model has a codec, and the source is not of its form.
        """
        return self.processor.tokenizer_of(source)

    def _ready(
        self, options: DecodeOptions | None, source: str | None, target: str | None
    ) -> tuple["Translator", DecodeOptions]:
        """Return the translator of a direction and its options, checked.

        Raises:
            ValueError: The model lacks a language, a target language must be chosen, or the model cannot
                meet the options.
        """
        directed, options = self.directed(source, target), options or _DEFAULTS
        length_limits(self.model, [], options)
        _ = directed.tag  # raises where a target language must be chosen
        self.processor.check_prefix(options)
        return directed, options
