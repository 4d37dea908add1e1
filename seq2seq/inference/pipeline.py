"""The translation pipeline of one direction: texts to ids, search, ids to texts.

    text -> segments -> ids -> batches of like length -> encode -> search -> ids -> text

A text is split at line breaks, and where it is longer than the longest source the model was trained on.
Segments of all texts are translated in common batches and joined in order. A model of several target
languages reads a tag after each source, which names the language to generate.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from seq2seq.alignment.maps import AttentionMaps
from seq2seq.inference.branches import branch_segments, give_back, prepare_branched, with_translations
from seq2seq.inference.confidence import Evidence
from seq2seq.inference.decoding import Decode, SearchRequest, decode_sources, stream_source
from seq2seq.inference.distinct import Ranked, different, fill, wider
from seq2seq.inference.fidelity.messages import may_have_messages
from seq2seq.inference.fidelity.numbers import has_same_numbers
from seq2seq.inference.forced_decoding import EncodedSide, explain
from seq2seq.inference.processing import PreparedSegment, TextProcessor, cut_unfinished
from seq2seq.inference.reranking import Reranker, n_best
from seq2seq.inference.results import Alternative, ForcedDecoding, Translation, join_parts
from seq2seq.inference.terminology import PreparedSource
from seq2seq.model.transformer import Model
from seq2seq.options import FIDELITY, DecodeOptions
from seq2seq.search import Cancelled, Hypothesis, rows_cancelled
from seq2seq.storage.settings import Settings
from seq2seq.text.joining import StreamJoiner
from seq2seq.text.normalization import check_text

if TYPE_CHECKING:
    from seq2seq.inference.backends.engine import CTranslate2Engine

_DIGIT = re.compile(r"\d")
_OF_TRANSLATIONS: dict[str, Any] = {name: False for name in FIDELITY if name != "keep_placeholders"}


@dataclass(frozen=True)
class Pipeline:
    """A model with its text processor, for one translation direction.

    Attributes:
        model: A Transformer, or an ensemble of them.
        processor: Converts texts to ids and ids to texts.
        settings: The settings stored with the model.
        tag: Ids beside those of a source: the tag of the target language, or none.
        languages: Source and target language; None where one is not known.
        reranker: Chooses among the hypotheses of a beam; None keeps the order of the search.
        least_beam: The smallest beam size with which the re-ranker is used.
        engine: Another back end, which searches what it can; None leaves all to torch.
    """

    model: Model
    processor: TextProcessor
    settings: Settings
    tag: list[int]
    languages: tuple[str | None, str | None] = (None, None)
    reranker: Reranker | None = None
    least_beam: int = 1
    engine: "CTranslate2Engine | None" = None

    def translate(
        self,
        texts: Sequence[str],
        options: Sequence[DecodeOptions],
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
    ) -> list[Translation]:
        """Translate texts in common batches, each with its own options.

        The options may differ in `target_prefix` only. `cancelled(i)` is polled at each step; a cancelled
        text leaves the batch and is returned untranslated.
        """
        if not texts:
            return []
        prepared = [self.prepare(*pair) for pair in zip(texts, options, strict=True)]
        segments = [segment for text_segments in prepared for segment in text_segments]
        text_numbers = [number for number, text_segments in enumerate(prepared) for _ in text_segments]
        segment_cancelled = rows_cancelled(cancelled, text_numbers)
        translations = iter(self.translate_segments(segments, options[0], segment_cancelled, decode))
        return [
            join_segments(text, text_segments, list(islice(translations, len(text_segments))))
            for text, text_segments in zip(texts, prepared, strict=True)
        ]

    def prepare(self, text: str, options: DecodeOptions) -> list[PreparedSegment]:
        """Split a text into prepared segments of this direction."""
        source, target = self.languages
        if source is not None and source == target:
            # A summary or a correction may drop a number, a capital or a full stop: that is its task.
            options = replace(options, **_OF_TRANSLATIONS)
        may_be_branched = options.keep_placeholders and not self.settings.codec and "{" in check_text(text)
        if may_be_branched and may_have_messages(text):
            return prepare_branched(self.processor, text, options, source)
        return self.processor.prepare(text, options, source)

    def translate_segments(
        self,
        segments: Sequence[PreparedSegment],
        options: DecodeOptions,
        cancelled: Cancelled | None = None,
        decode: Decode = decode_sources,
    ) -> list[Translation]:
        """Translate prepared segments in common batches, whatever texts they belong to.

        `cancelled(i)` is polled at each step; cancelled segments leave the batch and are returned
        untranslated. `decode` runs the search, in this process or another.
        """
        if [segment for segment in segments if segment.messages]:
            segments = self._with_branches(segments, options, cancelled, decode)
        rows = [row for row, segment in enumerate(segments) if segment.is_known]
        translations = {
            row: self._untranslated(segment.source, options)
            for row, segment in enumerate(segments)
            if not segment.is_known
        }
        translations |= self._search_rows(segments, rows, options, cancelled, decode)
        wrong = [row for row in rows if self._lacks_numbers(segments[row], translations[row])]
        if wrong:
            required = list(segments)
            for row in wrong:
                required[row] = self._with_numbers(segments[row])
            translations |= self._search_rows(required, wrong, options, cancelled, decode)
        return [translations[row] for row in range(len(segments))]

    def _with_branches(
        self,
        segments: Sequence[PreparedSegment],
        options: DecodeOptions,
        cancelled: Cancelled | None,
        decode: Decode,
    ) -> list[PreparedSegment]:
        """Return segments whose messages have their branches translated, in common batches."""
        owned = list(branch_segments(segments))
        owners = [number for number, branch in owned for _ in branch.segments]
        parts = [segment for _, branch in owned for segment in branch.segments]
        later = replace(options.later, num_hypotheses=1)
        found = iter(self.translate_segments(parts, later, rows_cancelled(cancelled, owners), decode))
        texts = {
            id(branch): join_segments(
                branch.text, branch.segments, list(islice(found, len(branch.segments)))
            ).text
            for _, branch in owned
        }
        return with_translations(segments, lambda branch: texts[id(branch)])

    def _search_rows(
        self,
        segments: Sequence[PreparedSegment],
        rows: Sequence[int],
        options: DecodeOptions,
        cancelled: Cancelled | None,
        decode: Decode,
    ) -> dict[int, Translation]:
        """Return the translations of some of the segments by their numbers."""
        if not rows:
            return {}
        request = self._request(segments, rows, options, cancelled)
        if self.engine is None:
            hypotheses = decode(self.model, request)
        else:
            hypotheses = self.engine.search(self.model, request, decode)
        ranked = {
            row: self._rank(segments[row].source, found, options)
            for row, found in zip(rows, hypotheses, strict=True)
        }
        if options.num_hypotheses > 1:
            ranked = self._different(segments, ranked, options, cancelled, decode)
        return {row: self._translation(segments[row].source, found, options) for row, found in ranked.items()}

    def _request(
        self,
        segments: Sequence[PreparedSegment],
        rows: Sequence[int],
        options: DecodeOptions,
        cancelled: Cancelled | None,
    ) -> SearchRequest:
        """Return the search for some of the segments."""
        return SearchRequest(
            [self.processor.tokenizer.tagged(segments[row].source.ids, self.tag) for row in rows],
            n_best(options, self.least_beam) if self.reranker else options,
            [segments[row].prefix for row in rows] if any(segments[row].prefix for row in rows) else (),
            [segments[row].source.phrases for row in rows],
            self.processor.vocabulary,
            rows_cancelled(cancelled, rows),
        )

    def _different(
        self,
        segments: Sequence[PreparedSegment],
        ranked: dict[int, list[Ranked]],
        options: DecodeOptions,
        cancelled: Cancelled | None,
        decode: Decode,
    ) -> dict[int, list[Ranked]]:
        """Return lists of different texts, as many as asked for, from a wider search where too few differ."""

        def chosen(row: int, found: list[Ranked]) -> list[Ranked]:
            return different(found, partial(self._has_numbers, segments[row].source))

        ranked = {row: chosen(row, found) for row, found in ranked.items()}
        few = [row for row, found in ranked.items() if 0 < len(found) < options.num_hypotheses]
        more = wider(options)
        if not few or more is None:
            return ranked
        request = self._request(segments, few, more, cancelled)
        if self.engine is None:
            hypotheses = decode(self.model, request)
        else:
            hypotheses = self.engine.search(self.model, request, decode)
        for row, found in zip(few, hypotheses, strict=True):
            source = segments[row].source
            by_score = not (source.phrases or self.reranker or options.repetition_penalty != 1.0)
            added = chosen(row, [*ranked[row][:1], *self._rank(source, found, more)])
            ranked[row] = fill(ranked[row], added, by_score=by_score)
        return ranked

    def _lacks_numbers(self, segment: PreparedSegment, translation: Translation) -> bool:
        """Return whether a translation has other numbers than its segment, and can be asked for them."""
        if segment.source.options.keep_numbers or not translation.tokens:
            return False
        return not self._has_numbers(segment.source, translation.text)

    def _has_numbers(self, source: PreparedSource, text: str) -> bool:
        """Return whether a translation has the numbers of its source, or need not have them."""
        if not source.options.check_numbers:
            return True
        if not _DIGIT.search(source.source) and not _DIGIT.search(text):
            return True
        return has_same_numbers(source.source, text, *self.languages)

    def _with_numbers(self, segment: PreparedSegment) -> PreparedSegment:
        """Return a segment whose translation must have its numbers."""
        source = segment.source
        options = replace(source.options, keep_numbers=True)
        required = self.processor.read(source.source, options, self.languages[0], source.copied)
        return segment._replace(source=give_back(required, source.branched) if source.branched else required)

    def attention(self, source: str, options: DecodeOptions) -> AttentionMaps:
        """Return the attention maps of a source, read without placeholders, and its translation."""
        # The maps show the source as it was given.
        options = replace(options, keep_placeholders=False, keep_signs=False)
        prepared = self.processor.read(source, options, self.languages[0])
        segment = PreparedSegment(prepared, "", [], is_known=True)
        (hypotheses,) = decode_sources(self.model, self._request([segment], [0], options, None))
        best = self._rank(prepared, hypotheses, options)[0].hypothesis
        return self._maps(prepared, self._side(prepared, best.tokens, options))[1]

    def stream(self, text: str, options: DecodeOptions) -> Iterator[str]:
        """Yield the translation of a text piece by piece, by greedy search or sampling.

        Segments are decoded one after another; what separates them is yielded with the next piece.
        """
        joiner = StreamJoiner()
        for segment in self.prepare(text, options):
            joiner.begin(segment.source.source)
            if segment.messages:
                (segment,) = self._with_branches([segment], options, None, decode_sources)
            if segment.is_known:
                pieces: Iterable[str] = self._stream_segment(segment, options)
            else:
                pieces = filter(None, [self._untranslated(segment.source, options).text])
            yield from map(joiner.add, pieces)
            joiner.end(segment.separator)
        yield from filter(None, [joiner.blanks])

    def _stream_segment(self, segment: PreparedSegment, options: DecodeOptions) -> Iterator[str]:
        """Yield what each new token adds to the text of a segment.

        A segment with phrase constraints is yielded whole, since constraints need a beam.
        """
        source, prefix = segment.source, segment.prefix
        rewriting = source.rewriting
        checks = source.options.check_numbers and bool(_DIGIT.search(source.source))
        if source.phrases or checks or (rewriting and rewriting.changes_words):
            whole = replace(options, num_hypotheses=1)
            if options.search_kind == "beam" and not source.phrases:
                whole = replace(whole, beam_size=1)
            yield self.translate_segments([segment], whole)[0].text
            return
        tokens: list[int] = []
        emitted = ""
        tokenizer = self.processor.tokenizer_of(source.source)
        ids = tokenizer.tagged(source.ids, self.tag)
        steps = self.engine.stream(self.model, ids, options, prefix) if self.engine else None
        if steps is None:
            steps = stream_source(self.model, ids, options, prefix, self.processor.vocabulary)
        for step in steps:
            tokens.append(step.token)
            # All tokens are decoded again: the text of a piece depends on the pieces before it.
            text = cut_unfinished(tokenizer.decode(tokens), options.stop or ())
            if rewriting:
                text = rewriting.marker + (text.rstrip(".。．") if rewriting.final_mark else text)
            if len(text) > len(emitted):
                yield text[len(emitted) :]
                emitted = text
        # An end that might have begun a stop text was held back until the search was over.
        yield from filter(None, [self._text(source, tokens, options)[len(emitted) :]])

    def _untranslated(self, source: PreparedSource, options: DecodeOptions) -> Translation:
        return Translation(source.source, self.processor.untranslated(source, options))

    def _rank(
        self, source: PreparedSource, hypotheses: list[Hypothesis], options: DecodeOptions
    ) -> list[Ranked]:
        """End hypotheses before stop texts, and return them with their texts in the re-ranker's order."""
        if options.stop:
            hypotheses = [self.processor.end_at_stop(source, each, options) for each in hypotheses]
            if not source.phrases:  # else the search has the better order: it knows where phrases stand
                hypotheses.sort(key=lambda hypothesis: hypothesis.score, reverse=True)
        ranked = [
            Ranked(hypothesis, self._alternative(source, hypothesis, options)) for hypothesis in hypotheses
        ]
        if not self.reranker or len(ranked) < 2:
            return ranked
        order = self.reranker.rerank(source.source, [each.alternative for each in ranked])
        return [ranked[place] for place in order]

    def _alternative(
        self, source: PreparedSource, hypothesis: Hypothesis, options: DecodeOptions
    ) -> Alternative:
        return Alternative(
            self._text(source, hypothesis.tokens, options),
            hypothesis.score,
            hypothesis.log_probability,
            self.processor.tokenizer.pieces(hypothesis.tokens),
            hypothesis.finish,
        )

    def _translation(
        self, source: PreparedSource, ranked: list[Ranked], options: DecodeOptions
    ) -> Translation:
        """Return the translation of a segment; without hypotheses (it was cancelled) the segment itself."""
        if not ranked:
            return Translation(source.source, source.source)
        (hypothesis, best), *others = ranked[: options.num_hypotheses]
        return Translation(
            source.source,
            best.text,
            best.score,
            best.log_probability,
            [each.alternative for each in others],
            best.tokens,
            best.finish,
            explain=partial(self._explain, source, hypothesis.tokens, options),
            evidence=self._evidence(source, hypothesis, options),
        )

    def _evidence(self, source: PreparedSource, best: Hypothesis, options: DecodeOptions) -> Evidence:
        """Return what the confidence in a result is computed from, once it is read."""
        calibrations, target = self.settings.confidence, self.languages[1]
        return Evidence(
            source.source,
            source.ids,
            best.tokens,
            best.token_log_probabilities,
            partial(self._side, source, best.tokens, options),
            calibrations.get(target) if calibrations and target else None,
        )

    def _text(self, source: PreparedSource, tokens: list[int], options: DecodeOptions) -> str:
        """Return the text of a result as it is given back."""
        rewriting = source.rewriting
        if rewriting is not None and not rewriting.is_plain and rewriting.needs_links:
            return self._side(source, tokens, options).text
        text = self.processor.text(source, tokens, options)
        if rewriting is None or (rewriting.is_plain and text[-1:] == source.source[-1:]):
            return text
        # Without links only the text is edited, which costs no decoding of each prefix.
        return rewriting.finish(EncodedSide(text, [], []), ()).text

    def _side(self, source: PreparedSource, tokens: list[int], options: DecodeOptions) -> EncodedSide:
        """Return the text of a result as it is given back, with the characters of each token."""
        side = self.processor.side(source, tokens, options)
        if source.rewriting is None:
            return side
        links: list[tuple[int, int]] = []
        if source.rewriting.needs_links:
            links = self._maps(source, side)[1].alignment(self.settings.alignment).links()
        return source.rewriting.finish(side, links)

    def _explain(
        self, source: PreparedSource, target_ids: list[int], options: DecodeOptions
    ) -> ForcedDecoding:
        """Run a forced pass over exactly the tokens that the search read and generated."""
        scores, maps = self._maps(source, self._side(source, target_ids, options))
        return ForcedDecoding(scores, maps.alignment(self.settings.alignment))

    def _maps(self, source: PreparedSource, target_side: EncodedSide) -> tuple[list[float], AttentionMaps]:
        tokenizer, side = self.processor.tokenizer, source.side
        tagged = tokenizer.tagged(source.ids, self.tag), tokenizer.tagged_spans(side.spans, self.tag)
        source_side = side._replace(ids=tagged[0], spans=tagged[1])
        return explain(self.model, tokenizer, source_side, target_side)


def join_segments(
    text: str, segments: Sequence[PreparedSegment], translations: list[Translation]
) -> Translation:
    """Join the translations of the segments of a text."""
    # Nothing to join or shift: the one translation keeps its lazy forced pass.
    if len(translations) == 1 and not segments[0].separator:
        return translations[0]
    return join_parts(text, translations, [segment.separator for segment in segments])
