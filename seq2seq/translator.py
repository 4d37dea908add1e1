"""Translator: texts in, translations out.

    text -> segments -> ids -> batches of like length -> encode -> search -> ids -> text

A text is split at line breaks, and where it is longer than the longest the model was trained on;
segments of all texts of a chunk are translated side by side and put together again in order.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import overload

import torch

from seq2seq.alignment import Alignment, AttentionMaps
from seq2seq.checkpoint import Settings, load_model, save_model
from seq2seq.config import UNK
from seq2seq.decoding import Vocabulary, decode_sources, length_limits, stream_source
from seq2seq.forced import END, Side, decoded_side, explain, force, read_side
from seq2seq.hub import push
from seq2seq.options import DecodeOptions
from seq2seq.released import find_model
from seq2seq.search import Hypothesis
from seq2seq.segment import segment
from seq2seq.terms import Reading, closing_pieces, read_source, restore, stopped, until
from seq2seq.text import BLANK_PIECE
from seq2seq.tokenizer import Tokenizer
from seq2seq.transformer import Transformer
from seq2seq.translation import Alternative, Forced, Score, Translation, join_parts

# Texts taken from an iterable at once: few at first, so that results come soon, then enough to fill
# batches of like length.
FIRST_CHUNK, CHUNK = 16, 512


class Translator:
    """An encoder-decoder model with its tokenizer, ready to translate, score and align."""

    def __init__(self, model: Transformer, tokenizer: Tokenizer, settings: Settings, card: str = "") -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.settings = settings
        self.card = card

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str = "auto") -> "Translator":
        """A translator from a released model's name, a model directory or a hub id.

        `device` "auto" takes a GPU where there is one. Nothing is fetched but for a hub id.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(*load_model(find_model(name), device))

    def save_pretrained(self, directory: str | Path) -> None:
        """Write a model directory, from which `from_pretrained` makes the same translator again."""
        save_model(directory, self.model, self.tokenizer, self.settings, self.card)

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
        self.check_languages(source_language, target_language)
        options = options or DecodeOptions()
        length_limits(self.model, [], options)  # what cannot be is refused now, not at the first result
        if isinstance(texts, str):
            return self._translate_chunk([texts], options)[0]
        return self._translate_all(iter(texts), options)

    def translate_batch(
        self,
        texts: Sequence[str],
        options: DecodeOptions | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
    ) -> list[Translation]:
        """The translations of some texts, in order, all worked on side by side; for servers."""
        self.check_languages(source_language, target_language)
        options = options or DecodeOptions()
        length_limits(self.model, [], options)
        return self._translate_chunk(list(texts), options)

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
        self.check_languages(source_language, target_language)
        return self._stream(_checked(text), options or DecodeOptions())

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

        Two texts give one Score, two lists a list. A side longer than the model reads is a ValueError.
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
        scores = force(self.model, [self._ids(source) for source in sources], target_ids)
        return [
            Score(sum(values), [*self.tokenizer.pieces(ids), END], values)
            for ids, values in zip(target_ids, scores, strict=True)
        ]

    def attention(self, source: str, target: str | None = None) -> AttentionMaps:
        """Every attention map of one pass over source and target (None: the model's own translation)."""
        source_side = read_side(self.tokenizer, _checked(source))
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
        sources, targets = self.settings.source_languages, self.settings.target_languages
        for language, known in ((source, sources), (target, targets)):
            if language is not None and language not in known:
                raise ValueError(
                    f"{language!r} is not supported; this model translates {' and '.join(sources)} "
                    f"to {' and '.join(targets)}"
                )

    def segments(self, text: str, options: DecodeOptions | None = None) -> list[tuple[str, str]]:
        """What is translated at once: segments, each with the blanks or line breaks that follow it."""
        longest = min(self.settings.longest_source, self.model.config.max_length)
        asked = replace(options or DecodeOptions(), forced_words=None)
        parts = segment(
            _checked(text), longest, lambda part: len(read_source(part, asked, self.tokenizer).ids) + 1
        )
        return [(part.text, part.separator) for part in parts] or [(text, "")]

    # --- texts -------------------------------------------------------------------------------------

    def _translate_all(self, texts: Iterator[str], options: DecodeOptions) -> Iterator[Translation]:
        size = FIRST_CHUNK
        while chunk := list(islice(texts, size)):
            yield from self._translate_chunk(chunk, options)
            size = min(2 * size, CHUNK)

    def _translate_chunk(self, texts: list[str], options: DecodeOptions) -> list[Translation]:
        """Translate all segments of some texts side by side."""
        work: list[Reading] = []  # the segments to be decoded, and what each must begin with
        prefixes: list[list[int]] = []
        layouts: list[list[tuple[str, str, int | None]]] = []  # segment, separator, its place in `work`
        for text in texts:
            asked = options
            layouts.append([])
            for part, separator in self.segments(text, options):
                reading = read_source(part, asked, self.tokenizer)
                known = self._is_known(reading)
                layouts[-1].append((part, separator, len(work) if known else None))
                if known:
                    work.append(reading)
                    prefixes.append(self._ids(asked.target_prefix or ()))
                    asked = options.later  # the prefix begins the text, not each of its parts
        found = decode_sources(
            self.model,
            [reading.ids for reading in work],
            options,
            prefixes if options.target_prefix else None,
            vocabulary=self.vocabulary,
            phrases=[reading.phrases for reading in work],
        )
        done = [self._translation(*pair, options) for pair in zip(work, found, strict=True)]
        return [_assemble(text, layout, done) for text, layout in zip(texts, layouts, strict=True)]

    def _translation(self, reading: Reading, found: list[Hypothesis], options: DecodeOptions) -> Translation:
        pieces = self.tokenizer.pieces
        texts = [self._written(reading, each.tokens, options).text for each in found]
        best, *others = found
        return Translation(
            reading.source,
            texts[0],
            best.score,
            best.log_probability,
            [
                Alternative(text, h.score, h.log_probability, pieces(h.tokens), h.finish)
                for text, h in zip(texts[1:], others, strict=True)
            ],
            pieces(best.tokens),
            best.finish,
            explain=partial(self._explain, reading, best.tokens, options),
        )

    def _explain(self, reading: Reading, target_ids: list[int], options: DecodeOptions) -> Forced:
        """The forced pass over the very pieces that the search read and wrote."""
        target_side = self._written(reading, target_ids, options, spans=True)
        scores, maps = explain(self.model, self.tokenizer, reading.side, target_side)
        return Forced(scores, maps.alignment(self.settings.alignment))

    def _written(
        self, reading: Reading, ids: list[int], options: DecodeOptions, *, spans: bool = False
    ) -> Side:
        """What ids are as a text, with what is kept in its place; with the characters of each if asked for."""
        if reading.restored:
            side = restore(reading, ids, self.tokenizer, self.vocabulary.closers)
        else:
            side = decoded_side(self.tokenizer, ids) if spans else Side(self.tokenizer.decode(ids), ids, [])
        return side if not options.stop else stopped(side, options.stop)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What a search must know of the tokens."""
        closers = closing_pieces(self.tokenizer)
        surfaces = self.tokenizer.pieces(range(len(closers)))
        return Vocabulary(surfaces, closers, self.settings.alignment)

    def _is_known(self, reading: Reading) -> bool:
        return reading.says_something and self.knows(reading.ids)

    def knows(self, ids: list[int]) -> bool:
        """Whether any piece says something to the model; a lone blank does not."""
        return bool(set(ids) - {UNK, *self.tokenizer.ids([BLANK_PIECE])})

    def _ids(self, text: str | Sequence[str]) -> list[int]:
        return self.tokenizer.encode(text) if isinstance(text, str) else self.tokenizer.ids(text)

    def _stream(self, text: str, options: DecodeOptions) -> Iterator[str]:
        asked = options
        for part, separator in self.segments(text, options):
            reading = read_source(part, asked, self.tokenizer)
            if not self._is_known(reading):
                yield from filter(None, [part])
            elif reading.phrases:  # their places are found by looking ahead
                yield self._translate_chunk([part], asked)[0].text
                asked = options.later
            else:
                yield from self._stream_part(reading, asked)
                asked = options.later
            if separator:
                yield separator

    def _stream_part(self, reading: Reading, options: DecodeOptions) -> Iterator[str]:
        """The text of one segment, each time what the newest piece adds to it."""
        written: list[int] = []
        shown = ""
        prefix = self._ids(options.target_prefix or ())
        for step in stream_source(self.model, reading.ids, options, prefix, self.vocabulary):
            written.append(step.token)
            text = until(self.tokenizer.decode(written), options.stop or ())
            if len(text) > len(shown):
                yield text[len(shown) :]
                shown = text
        text = self._written(reading, written, options).text
        if len(text) > len(shown):
            yield text[len(shown) :]


def _assemble(
    text: str, layout: list[tuple[str, str, int | None]], done: list[Translation]
) -> Translation:
    """The translation of a text from those of its segments; what the model does not know stays as it is."""
    parts = [Translation(part, part) if place is None else done[place] for part, _, place in layout]
    if len(parts) == 1 and not layout[0][1]:
        return parts[0]
    return join_parts(text, parts, [separator for _, separator, _ in layout])


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"a text is {text!r}, a {type(text).__name__}; give strings")
    return text
