"""Branches of messages: prepared as texts of their own, translated first, and put back into the sentence.

"You have {n, plural, one {# dog} other {# dogs}}."
segment   "You have ⟨message⟩."        a placeholder stands for the message
branches  "# dog", "# dogs"            a number stands for #
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from seq2seq.inference.fidelity.messages import Branch, IcuMessage, escape_apostrophes, find_messages
from seq2seq.inference.processing import PreparedBranch, PreparedMessage, PreparedSegment, TextProcessor
from seq2seq.inference.terminology import PreparedSource
from seq2seq.options import DecodeOptions


def prepare_branched(
    processor: TextProcessor, text: str, options: DecodeOptions, language: str | None
) -> list[PreparedSegment]:
    """Split a text that may have messages into prepared segments, without cutting a message."""
    return _prepare(processor, text, find_messages(text), options, language)


def _prepare(
    processor: TextProcessor,
    text: str,
    copied: Sequence[IcuMessage],
    options: DecodeOptions,
    language: str | None,
) -> list[PreparedSegment]:
    if not copied:
        return processor.prepare(text, options, language)
    masks = _masks(text, len(copied))
    masked, at = "", 0
    for message, mask in zip(copied, masks, strict=True):
        masked, at = masked + text[at : message.start] + mask, message.end
    masked += text[at:]
    segments = processor.prepare(masked, options, language)
    by_mask = dict(zip(masks, copied, strict=True))
    pattern = re.compile("|".join(map(re.escape, masks)))
    found = [pattern.findall(segment.source.source) for segment in segments]
    if sum(map(len, found)) != len(copied):  # a word so long that it was cut within a mask
        return processor.prepare(text, options, language)
    return [
        _unmasked(processor, text, segment, pattern, by_mask, language) if masks_of else segment
        for segment, masks_of in zip(segments, found, strict=True)
    ]


def _masks(text: str, count: int) -> list[str]:
    """Return placeholders without blanks that do not occur in a text."""
    name = "m"
    while "{" + name in text:
        name += "m"
    return [f"{{{name}{number}}}" for number in range(count)]


def _unmasked(
    processor: TextProcessor,
    text: str,
    segment: PreparedSegment,
    pattern: re.Pattern[str],
    by_mask: dict[str, IcuMessage],
    language: str | None,
) -> PreparedSegment:
    """Return a segment with the messages behind its masks."""
    part, at = "", 0
    spans: list[tuple[int, int]] = []
    messages: list[PreparedMessage] = []
    options = segment.source.options
    for mask in pattern.finditer(segment.source.source):
        message = by_mask[mask[0]]
        part += segment.source.source[at : mask.start()]
        spans.append((len(part), len(part) + message.end - message.start))
        part, at = part + text[message.start : message.end], mask.end()
        if message.branches:
            messages.append(_message(processor, text, message, options.later, language))
    part += segment.source.source[at:]
    source = processor.read(part, options, language, spans)
    is_known = source.says_something and processor.knows(source.ids)
    return PreparedSegment(source, segment.separator, segment.prefix, is_known, tuple(messages))


def _message(
    processor: TextProcessor, text: str, message: IcuMessage, options: DecodeOptions, language: str | None
) -> PreparedMessage:
    branches: list[PreparedBranch] = []
    skeleton: list[str] = []
    at = message.start
    for branch in message.branches:
        skeleton.append(text[at : branch.start])
        at = branch.end
        inner = text[branch.start : branch.end]
        segments = _prepare(processor, inner, _relative(branch), options, language)
        branches.append(PreparedBranch(inner, segments))
    skeleton.append(text[at : message.end])
    return PreparedMessage(text[message.start : message.end], tuple(branches), tuple(skeleton))


def _relative(branch: Branch) -> list[IcuMessage]:
    """Return what is copied in a branch, counted from its start."""
    return [_moved(message, -branch.start) for message in branch.copied]


def _moved(message: IcuMessage, by: int) -> IcuMessage:
    branches = tuple(
        branch._replace(
            start=branch.start + by,
            end=branch.end + by,
            copied=tuple(_moved(inner, by) for inner in branch.copied),
        )
        for branch in message.branches
    )
    return IcuMessage(message.start + by, message.end + by, branches)


def branch_segments(segments: Sequence[PreparedSegment]) -> Iterator[tuple[int, PreparedBranch]]:
    """Yield each branch in some segments, with the number of its segment."""
    for number, segment in enumerate(segments):
        for message in segment.messages:
            for branch in message.branches:
                yield number, branch


def with_translations(
    segments: Sequence[PreparedSegment], translated: Callable[[PreparedBranch], str]
) -> list[PreparedSegment]:
    """Return segments whose messages are given back with translated branches."""
    return [_with_translation(segment, translated) if segment.messages else segment for segment in segments]


def _with_translation(
    segment: PreparedSegment, translated: Callable[[PreparedBranch], str]
) -> PreparedSegment:
    branched = tuple((message.text, _joined(message, translated)) for message in segment.messages)
    return segment._replace(messages=(), source=give_back(segment.source, branched))


def give_back(source: PreparedSource, branched: tuple[tuple[str, str], ...]) -> PreparedSource:
    """Return a source whose messages are given back in these forms."""
    rewriting = source.rewriting
    if rewriting is not None:  # the marks in a message are none of the sentence
        protected = (*rewriting.protected, *(text for _, text in branched))
        rewriting = replace(rewriting, protected=protected)
    return replace(source, branched=branched, rewriting=rewriting)


def _joined(message: PreparedMessage, translated: Callable[[PreparedBranch], str]) -> str:
    text = message.skeleton[0]
    for branch, after in zip(message.branches, message.skeleton[1:], strict=True):
        inner = translated(branch)
        # A translation may have apostrophes that the source has not; in a source with them, they are meant.
        text += (inner if "'" in branch.text else escape_apostrophes(inner)) + after
    return text
