"""Strings of programs through a translator, with their rules kept.

    string -> lines -> words without accelerator, frame and Title Case -> model -> put back -> checked

What breaks a rule is translated a second time, its placeholders forced, and the best hypothesis that keeps
all rules is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from seq2seq.inference.localization.format_arguments import format_arguments
from seq2seq.inference.localization.label_parts import LabelParts, put_parts, readable_words, take_parts
from seq2seq.inference.localization.rules import check_rules
from seq2seq.inference.localization.string_lines import StringLine, join_lines, split_lines
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.options import DecodeOptions


class StringRequest(NamedTuple):
    """A string to translate: its text, the flags of its entry, and the most characters of its translation."""

    source: str
    flags: frozenset[str] = frozenset()
    max_length: int | None = None


class WordsTranslation(NamedTuple):
    """Translated words with the confidence (None where it is not known) and the score of a token."""

    text: str
    confidence: float | None
    score: float


class StringTranslation(NamedTuple):
    """A translated string.

    Attributes:
        text: The translation in the form of the source.
        confidence: The least confidence of its lines, from 0 to 1; None of a model without calibration.
        score: The least mean log-probability of a token of its lines; 0 of a string without words.
        problems: The rules that it breaks.
        is_copied: Whether nothing had to be translated.
    """

    text: str
    confidence: float | None
    score: float
    problems: list[str]
    is_copied: bool = False


# Translates words with tags, which the tags follow. The words of a batch come in one call.
TranslateTagged = Callable[[list[str]], list[WordsTranslation]]


class _Line(NamedTuple):
    """A line of a string on its way: what it was, its parts, and the words that the model reads."""

    line: StringLine
    parts: LabelParts
    words: str


class StringTranslator:
    """A translator of strings.

    Args:
        translator: The model, with its target language chosen.
        options: The options of the search.
        tagged: Translates words with tags; None treats tags as placeholders.
    """

    def __init__(
        self,
        translator: Translator,
        options: DecodeOptions | None = None,
        tagged: TranslateTagged | None = None,
    ) -> None:
        self.translator, self.tagged = translator, tagged
        self.options = options or DecodeOptions()
        self.language = translator.target_language
        self._known: dict[str, WordsTranslation] = {}

    def translate(self, requests: Sequence[StringRequest]) -> list[StringTranslation]:
        """Translate strings in common batches; equal words are translated once."""
        strings = [self._lines(request) for request in requests]
        self._translate_words([each.words for lines in strings for each in lines if each.words])
        return [self._finish(request, lines) for request, lines in zip(requests, strings, strict=True)]

    def _lines(self, request: StringRequest) -> list[_Line]:
        split = split_lines(request.source)
        lines = []
        is_label = sum(bool(line.text.strip()) for line in split) == 1
        for line in split:
            parts = take_parts(line.text)
            if not is_label and parts.accelerator:  # a label has one line: this is a name, as _GNU_SOURCE
                words, frame = line.text.strip(), parts.frame
                parts = LabelParts(words, None, frame._replace(mark=""))
            words = readable_words(parts, request.flags, self.language, self._lowers)
            lines.append(_Line(line, parts, words if _has_words(words, request.flags) else ""))
        return lines

    def _lowers(self, word: str) -> bool:
        """Return whether the vocabulary knows a word as well in lower case, as it does no name."""
        encode = self.translator.tokenizer.encode
        return len(encode(word.lower())) <= len(encode(word))

    def _translate_words(self, words: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(words) if text not in self._known]
        tagged = [text for text in new if self.tagged and "<" in text]
        plain = [text for text in new if not (self.tagged and "<" in text)]
        if plain:
            results = self.translator.translate_batch(plain, self.options)
            self._known |= zip(plain, map(words_translation, results), strict=True)
        if tagged and self.tagged:
            self._known |= zip(tagged, self.tagged(tagged), strict=True)

    def _finish(self, request: StringRequest, lines: Sequence[_Line]) -> StringTranslation:
        results = [self._known[each.words] for each in lines if each.words]
        if not results:
            return StringTranslation(request.source, None, 0.0, [], is_copied=True)
        translated = self._assembled(request, lines, self._known)
        problems = self._problems(request, translated)
        if problems and len(results) == 1:
            translated, problems = self._second_try(request, lines, translated, problems)
        confidences = [each.confidence for each in results if each.confidence is not None]
        least = min(confidences) if len(confidences) == len(results) else None
        return StringTranslation(translated, least, min(each.score for each in results), problems)

    def _assembled(
        self, request: StringRequest, lines: Sequence[_Line], words: dict[str, WordsTranslation]
    ) -> str:
        texts = [
            put_parts(words[each.words].text, each.parts, request.flags, self.language)
            if each.words
            else each.line.text
            for each in lines
        ]
        return join_lines([each.line for each in lines], texts)

    def _problems(self, request: StringRequest, text: str) -> list[str]:
        return check_rules(request.source, text, request.flags, self.language, max_length=request.max_length)

    def _second_try(
        self, request: StringRequest, lines: Sequence[_Line], text: str, problems: list[str]
    ) -> tuple[str, list[str]]:
        """Return the best hypothesis that keeps all rules, placeholders forced, else the first try."""
        words = next(each.words for each in lines if each.words)
        options = self.options
        arguments = [each.text for each in format_arguments(words, request.flags)]
        kept = tuple(dict.fromkeys([*(options.keep_words or ()), *arguments]))
        count = max(options.num_hypotheses, options.beam_size) if options.search_kind == "beam" else 1
        wider = replace(options, keep_words=kept or None, num_hypotheses=count)
        result = self.translator.translate_batch([words], wider)[0]
        for candidate in [result.text, *(each.text for each in result.alternatives)]:
            found = {words: WordsTranslation(candidate, None, 0.0)}
            assembled = self._assembled(request, lines, found)
            if not (broken := self._problems(request, assembled)):
                return assembled, broken
        return text, problems


def words_translation(result: Translation) -> WordsTranslation:
    """Return what a string needs of a translation."""
    return WordsTranslation(result.text, result.confidence, result.score)


def _has_words(text: str, flags: frozenset[str]) -> bool:
    """Return whether a letter is left outside of placeholders."""
    at, letters = 0, ""
    for argument in format_arguments(text, flags):
        letters += text[at : argument.start]
        at = argument.end
    return any(map(str.isalpha, letters + text[at:]))
