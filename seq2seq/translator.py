"""Translator: texts in, translations out.

    text -> segments -> ids -> batches of like length -> encode -> search -> ids -> text

A text is split at line breaks, and where it is longer than the longest the model was trained on;
segments of all texts of a chunk are translated side by side and put together again in order. A model of
several target languages is told by a tag behind the source which one to write.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import overload

import torch

from seq2seq.alignment import Alignment, AttentionMaps
from seq2seq.checkpoint import Settings, save_model
from seq2seq.config import UNK
from seq2seq.decoding import decode_sources, length_limits, stream_source
from seq2seq.ensemble import load_models
from seq2seq.forced import END, Side, decoded_side, explain, force, read_side
from seq2seq.hub import push
from seq2seq.options import DecodeOptions
from seq2seq.packing import Storage
from seq2seq.released import find_model, named_direction
from seq2seq.reranking import Reranker, n_best, reranked
from seq2seq.search import GivenUp, Hypothesis
from seq2seq.segment import segment
from seq2seq.text import BLANK_PIECE
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Model, Transformer
from seq2seq.translation import Alternative, Forced, Score, Translation, join_parts

# Texts taken from an iterable at once: few at first, so that results come soon, then enough to fill
# batches of like length.
FIRST_CHUNK, CHUNK = 16, 512


class Translator:
    """An encoder-decoder model with its tokenizer, ready to translate, score and align.

    `source_language` and `target_language` are what a call means that names none; None where the model
    speaks several and none was chosen.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        settings: Settings,
        card: str = "",
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.settings = settings
        self.card = card
        self.source_language, self.target_language = settings.direction(source_language, target_language)
        self.reranker: Reranker | None = None  # chooses among the hypotheses of a beam

    @classmethod
    def from_pretrained(cls, name: str | Path | Sequence[str | Path], device: str = "auto") -> "Translator":
        """A translator from a released model's name, a model directory or a hub id.

        Several of one vocabulary are an ensemble, which searches the mean of their probabilities.
        `device` "auto" takes a GPU where there is one. Nothing is fetched but for a hub id.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        names = [name] if isinstance(name, str | Path) else name
        directories = [find_model(each) for each in names]
        return cls(*load_models(directories, device), *named_direction(names[0], directories[0]))

    def directed(self, source_language: str | None, target_language: str | None) -> "Translator":
        """The same model for another direction; None leaves a language as it is, where that is possible."""
        self.check_languages(source_language, target_language)
        own = self.source_language, self.target_language
        chosen = source_language or own[0], target_language or own[1]
        if chosen[0] == chosen[1]:  # what was asked for now goes before what was chosen once
            chosen = source_language, target_language
        if chosen == own:
            return self
        directed = Translator(self.model, self.tokenizer, self.settings, self.card, *chosen)
        directed.reranker = self.reranker
        return directed

    @property
    def tag(self) -> list[int]:
        """What goes behind the ids of a source: the target language's tag, or nothing without tags."""
        return self.tokenizer.tag(self.target_language)

    def save_pretrained(self, directory: str | Path, storage: Storage = "float16") -> None:
        """Write a model directory, from which `from_pretrained` makes the same translator again.

        With `storage` "int8" it is half as large, and the translator nearly the same.
        """
        if not isinstance(self.model, Transformer):
            raise ValueError("an ensemble is not one model; save each of its models by itself")
        save_model(directory, self.model, self.tokenizer, self.settings, self.card, storage)

    def push_to_hub(self, hub_id: str, *, private: bool = False) -> str:
        """Put the model on the Hugging Face hub as `owner/name`; gives back its address."""
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(Path(folder) / "model")
            return push(Path(folder) / "model", hub_id, private=private)

    @overload
    def translate(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
        self,
        texts: str,
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> Translation: ...

    @overload
    def translate(
        self,
        texts: Iterable[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> Iterator[Translation]: ...

    def translate(
        self,
        texts: str | Iterable[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> Translation | Iterator[Translation]:
        """The translation of a text, or of each text of an iterable, in order and as they are read.

        A blank text, and a segment of which the model knows no piece (only emoji, another script),
        is given back as it is. A language that the model does not speak is a ValueError.
        """
        directed, options = self._ready(options, source_language, target_language)
        if isinstance(texts, str):
            return directed._translate_chunk([texts], options)[0]
        return directed._translate_all(iter(texts), options)

    def translate_batch(
        self,
        texts: Sequence[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        given_up: GivenUp | None = None,
    ) -> list[Translation]:
        """The translations of some texts, in order, all worked on side by side; for servers.

        Where `given_up` (asked at every step) says that a text is waited for no more, by its number, it
        costs nothing from then on, and is given back as it is.
        """
        directed, options = self._ready(options, source_language, target_language)
        return directed._translate_chunk(list(texts), options, given_up)

    def stream(
        self,
        text: str,
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> Iterator[str]:
        """Pieces of the translation as they are decoded; joined they are the greedy translation.

        A beam revises what it wrote, so `beam_size` is not used; with sampling it is the sampled text.
        """
        directed, options = self._ready(options, source_language, target_language)
        return directed._stream(_checked(text), options)

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
        target_ids = [self._ids(target) for target in targets]
        tag = self.tag
        scores = force(self.model, [self._ids(source) + tag for source in sources], target_ids)
        return [
            Score(sum(values), [*self.tokenizer.pieces(ids), END], values)
            for ids, values in zip(target_ids, scores, strict=True)
        ]

    def attention(self, source: str, target: str | None = None) -> AttentionMaps:
        """Every attention map of one pass over source and target (None: the model's own translation)."""
        source_side = read_side(self.tokenizer, _checked(source), self.tag)
        if target is not None:
            target_side = read_side(self.tokenizer, _checked(target))
        else:
            best = decode_sources(self.model, [source_side.ids], DecodeOptions())[0][0]
            target_side = decoded_side(self.tokenizer, best.tokens)
        return explain(self.model, self.tokenizer, source_side, target_side)[1]

    def align(self, source: str, target: str) -> Alignment:
        """The word alignment of a given pair, read from the alignment head."""
        return self.attention(source, target).alignment(self.settings.alignment)

    def check_languages(self, source: str | None, target: str | None) -> None:
        """Refuse (ValueError) a language this model was not trained for; None is always right."""
        self.settings.direction(source, target)

    def segments(self, text: str) -> list[tuple[str, str]]:
        """What is translated at once: segments, each with the blanks or line breaks that follow it."""
        longest = min(self.settings.longest_source, self.model.config.max_length)
        special = 2 if self.tokenizer.tags else 1
        parts = segment(_checked(text), longest, lambda part: len(self.tokenizer.encode(part)) + special)
        return [(part.text, part.separator) for part in parts] or [(text, "")]

    # --- texts -------------------------------------------------------------------------------------

    def _ready(
        self, options: DecodeOptions | None, source: str | None, target: str | None
    ) -> tuple["Translator", DecodeOptions]:
        """The translator of a direction, and options; what cannot be is refused before the first result."""
        directed, options = self.directed(source, target), options or DecodeOptions()
        length_limits(self.model, [], options)
        self.tokenizer.tag(directed.target_language)
        return directed, options

    def _translate_all(self, texts: Iterator[str], options: DecodeOptions) -> Iterator[Translation]:
        size = FIRST_CHUNK
        while chunk := list(islice(texts, size)):
            yield from self._translate_chunk(chunk, options)
            size = min(2 * size, CHUNK)

    def _translate_chunk(
        self, texts: list[str], options: DecodeOptions, given_up: GivenUp | None = None
    ) -> list[Translation]:
        """Translate all segments of some texts side by side."""
        work: list[list[int]] = []  # the segments to be decoded, what each must begin with, whose each is
        prefixes: list[list[int]] = []
        owners: list[int] = []
        layouts: list[list[tuple[str, str, int | None]]] = []  # segment, separator, its place in `work`
        for number, text in enumerate(texts):
            prefix = self._ids(options.target_prefix) if options.target_prefix else []
            layouts.append([])
            for part, separator in self.segments(text):
                ids = self.tokenizer.encode(part)
                known = self.knows(ids)
                layouts[-1].append((part, separator, len(work) if known else None))
                if known:
                    work.append(ids + self.tag)
                    prefixes.append(prefix)
                    owners.append(number)
                    prefix = []  # the prefix begins the text, not each of its parts
        left = None if given_up is None else lambda place: given_up(owners[place])
        begun = prefixes if options.target_prefix else None
        searched = n_best(options) if self.reranker else options
        found = decode_sources(self.model, work, searched, begun, given_up=left)
        if self.reranker:
            parts = [part for layout in layouts for part, _, place in layout if place is not None]
            found = reranked(self.reranker, self.tokenizer, parts, found, options.num_hypotheses)
        return [self._assemble(text, layout, found) for text, layout in zip(texts, layouts, strict=True)]

    def _assemble(
        self, text: str, layout: list[tuple[str, str, int | None]], found: list[list[Hypothesis]]
    ) -> Translation:
        parts = [self._translation(part, [] if place is None else found[place]) for part, _, place in layout]
        if len(parts) == 1 and not layout[0][1]:
            return parts[0]
        return join_parts(text, parts, [separator for _, separator, _ in layout])

    def _translation(self, source: str, found: list[Hypothesis]) -> Translation:
        if not found:
            return Translation(source, source)
        decode_ids, pieces, best = self.tokenizer.decode, self.tokenizer.pieces, found[0]
        return Translation(
            source,
            decode_ids(best.tokens),
            best.score,
            best.log_probability,
            [
                Alternative(decode_ids(h.tokens), h.score, h.log_probability, pieces(h.tokens), h.finish)
                for h in found[1:]
            ],
            pieces(best.tokens),
            best.finish,
            explain=partial(self._explain, source, best.tokens),
        )

    def _explain(self, source: str, target_ids: list[int]) -> Forced:
        """The forced pass over the very pieces that the search read and wrote."""
        ids, spans = self.tokenizer.encode_with_spans(source)
        source_side = Side(source, ids + self.tag, spans)
        target_side = decoded_side(self.tokenizer, target_ids)
        scores, maps = explain(self.model, self.tokenizer, source_side, target_side)
        return Forced(scores, maps.alignment(self.settings.alignment))

    def knows(self, ids: list[int]) -> bool:
        """Whether any piece says something to the model; a lone blank does not."""
        return bool(set(ids) - {UNK, *self.tokenizer.ids([BLANK_PIECE])})

    def _ids(self, text: str | Sequence[str]) -> list[int]:
        return self.tokenizer.encode(text) if isinstance(text, str) else self.tokenizer.ids(text)

    def _stream(self, text: str, options: DecodeOptions) -> Iterator[str]:
        prefix = self._ids(options.target_prefix) if options.target_prefix else []
        for part, separator in self.segments(text):
            ids = self.tokenizer.encode(part)
            if self.knows(ids):
                yield from self._stream_part(ids + self.tag, options, prefix)
                prefix = []
            elif part:
                yield part
            if separator:
                yield separator

    def _stream_part(self, ids: list[int], options: DecodeOptions, prefix: list[int]) -> Iterator[str]:
        """The text of one segment, each time what the newest piece adds to it."""
        written: list[int] = []
        shown = ""
        for step in stream_source(self.model, ids, options, prefix):
            written.append(step.token)
            text = self.tokenizer.decode(written)
            if len(text) > len(shown):
                yield text[len(shown) :]
            shown = text


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"a text is {text!r}, a {type(text).__name__}; give strings")
    return text
