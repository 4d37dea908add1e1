"""Pipeline: the way of texts through a model and back, in one direction.

    text -> segments -> ids -> batches of like length -> encode -> search -> ids -> text

A text is split at line breaks, and where it is longer than the longest the model was trained on;
segments of all texts are translated side by side and put together again in order. A model of several
target languages is told by a tag behind the source which one to write.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from seq2seq.inference.decoding import Decode, decode_sources, stream_source
from seq2seq.inference.forced_decoding import explain
from seq2seq.inference.processing import TextProcessor
from seq2seq.inference.reranking import Reranker, n_best, reranked
from seq2seq.inference.results import Alternative, ForcedDecoding, Translation, join_parts
from seq2seq.inference.stops import until
from seq2seq.inference.terminology import PreparedSource
from seq2seq.model.transformer import Model
from seq2seq.options import DecodeOptions
from seq2seq.search import Cancelled, Hypothesis, rows_cancelled
from seq2seq.storage.settings import Settings
from seq2seq.text.joining import StreamJoiner
from seq2seq.text.normalization import check_text
from seq2seq.text.sentences import split_segments

# The segments of a text, each with its separator: its place among those searched, or, where the model knows
# nothing of it, what becomes of it.
Layout = list[tuple[int | Translation, str]]


@dataclass(frozen=True)
class Pipeline:
    """A model, what its texts are read and written with, and the language that it is to write."""

    model: Model
    processor: TextProcessor
    settings: Settings
    reranker: Reranker | None  # chooses among the hypotheses of a beam
    target_language: str | None
    decode: Decode = decode_sources

    @property
    def tag(self) -> list[int]:
        """What goes behind the ids of a source: the target language's tag, or nothing without tags."""
        return self.processor.tokenizer.tag(self.target_language)

    def segments(self, text: str, options: DecodeOptions) -> list[tuple[str, str]]:
        """What is translated at once: segments, each with the blanks or line breaks that follow it."""
        longest = min(self.settings.longest_source, self.model.config.max_length)
        asked = options.later
        parts = split_segments(
            check_text(text),
            longest,
            lambda part: self.processor.length(part, asked),
            sentences=self.settings.most_sentences,
        )
        return [(part.text, part.separator) for part in parts] or [(text, "")]

    def translate(
        self, texts: list[str], options: DecodeOptions, cancelled: Cancelled | None = None
    ) -> list[Translation]:
        """Translate all segments of some texts side by side."""
        work: list[
            PreparedSource
        ] = []  # the segments to be decoded, what each must begin with, whose each is
        prefixes: list[list[int]] = []
        owners: list[int] = []
        layouts: list[Layout] = []
        for number, text in enumerate(texts):
            asked = options
            layouts.append([])
            for part, separator in self.segments(text, options):
                reading = self.processor.read(part, asked)
                known = reading.says_something and self.processor.knows(reading.ids)
                if not known:
                    layouts[-1].append(
                        (Translation(part, self.processor.untranslated(part, options)), separator)
                    )
                else:
                    layouts[-1].append((len(work), separator))
                    work.append(reading)
                    prefixes.append(self.processor.prefix(asked, part))
                    owners.append(number)
                    asked = options.later  # what begins the text does not begin each of its parts
        found = self.search(work, prefixes, options, rows_cancelled(cancelled, owners))
        done = [self._translation(*each, options) for each in zip(work, found, strict=True)]
        return [_assemble(text, layout, done) for text, layout in zip(texts, layouts, strict=True)]

    def search(
        self,
        work: list[PreparedSource],
        prefixes: list[list[int]],
        options: DecodeOptions,
        cancelled: Cancelled | None,
    ) -> list[list[Hypothesis]]:
        """The hypotheses for each segment, in the order of the re-ranker where there is one."""
        named = self.settings.reranker
        found = self.decode(
            self.model,
            [reading.ids + self.tag for reading in work],
            n_best(options, named.beam if named else 1) if self.reranker else options,
            prefixes if options.target_prefix else None,
            cancelled=cancelled,
            vocabulary=self.processor.vocabulary,
            phrases=[reading.phrases for reading in work],
        )
        if options.stop:
            found = [self._ended(*each, options) for each in zip(work, found, strict=True)]
        if not self.reranker:
            return found
        read = [
            (reading.source, [self._alternative(reading, each, options) for each in hypotheses])
            for reading, hypotheses in zip(work, found, strict=True)
        ]
        return reranked(self.reranker, read, found, options.num_hypotheses)

    def _ended(
        self, reading: PreparedSource, found: list[Hypothesis], options: DecodeOptions
    ) -> list[Hypothesis]:
        """Hypotheses that end before a stop text, best first."""
        done = [self.processor.ended(reading, each, options) for each in found]
        if reading.phrases:  # in the order of the search, which also knows their places
            return done
        return sorted(done, key=lambda hypothesis: hypothesis.score, reverse=True)

    def _alternative(self, reading: PreparedSource, found: Hypothesis, options: DecodeOptions) -> Alternative:
        return Alternative(
            self.processor.text(reading, found.tokens, options),
            found.score,
            found.log_probability,
            self.processor.tokenizer.pieces(found.tokens),
            found.finish,
        )

    def _translation(
        self, reading: PreparedSource, found: list[Hypothesis], options: DecodeOptions
    ) -> Translation:
        if not found:
            return Translation(reading.source, reading.source)
        best, *others = (self._alternative(reading, each, options) for each in found)
        return Translation(
            reading.source,
            best.text,
            best.score,
            best.log_probability,
            others,
            best.tokens,
            best.finish,
            explain=partial(self._explain, reading, found[0].tokens, options),
        )

    def _explain(
        self, reading: PreparedSource, target_ids: list[int], options: DecodeOptions
    ) -> ForcedDecoding:
        """The forced pass over the very pieces that the search read and wrote."""
        target_side = self.processor.side(reading, target_ids, options)
        source_side = reading.side._replace(ids=reading.ids + self.tag)
        scores, maps = explain(self.model, self.processor.tokenizer, source_side, target_side)
        return ForcedDecoding(scores, maps.alignment(self.settings.alignment))

    def stream(self, text: str, options: DecodeOptions) -> Iterator[str]:
        asked, growing = options, StreamJoiner()
        for part, separator in self.segments(text, options):
            growing.begin(part)
            reading = self.processor.read(part, asked)
            if not (reading.says_something and self.processor.knows(reading.ids)):
                pieces: Iterable[str] = filter(None, [self.processor.untranslated(part, options)])
            else:
                pieces = self._stream_part(reading, asked)
                asked = options.later
            yield from map(growing.add, pieces)
            growing.end(separator)
        yield from filter(None, [growing.blanks])

    def _stream_part(self, reading: PreparedSource, options: DecodeOptions) -> Iterator[str]:
        """The text of one segment, each time what the newest piece adds to it; whole where phrases are
        demanded, for their places are found by a beam."""
        prefix = self.processor.prefix(options, reading.source)
        if reading.phrases:
            found = self.search([reading], [prefix], replace(options, num_hypotheses=1), None)
            yield self.processor.text(reading, found[0][0].tokens, options)
            return
        written: list[int] = []
        shown = ""
        decoded = self.processor.tokenizer_of(reading.source).decode
        for step in stream_source(
            self.model, reading.ids + self.tag, options, prefix, self.processor.vocabulary
        ):
            written.append(step.token)
            text = until(decoded(written), options.stop or ())
            if len(text) > len(shown):
                yield text[len(shown) :]
                shown = text
        yield from filter(None, [self.processor.text(reading, written, options)[len(shown) :]])


def _assemble(text: str, layout: Layout, done: list[Translation]) -> Translation:
    """The translation of a text from those of its segments."""
    parts = [done[part] if isinstance(part, int) else part for part, _ in layout]
    if len(parts) == 1 and not layout[0][1]:
        return parts[0]
    return join_parts(text, parts, [separator for _, separator in layout])
