"""SubRip (srt) and WebVTT (vtt): the text of each cue is a slot; times, settings, notes and styles are kept.

    1
    00:00:01,000 --> 00:00:02,500      a cue is a unit, its tags move with their words;
    <i>Two dogs</i> play               the translation is wrapped to as many lines as the source has;
    in the snow.                       each line of a dialogue ("- Hello") is a unit of its own

    [MUSIC PLAYING]                    a sound in brackets is a unit, without them;
    MAN: Two dogs play.                so is a speaker, and what is said;
    ♪ Two dogs ♪                       the signs of a song are kept

A sentence that spans several cues is translated cue by cue, since every cue has its time. A translation
cannot end a cue: an arrow "-->" becomes one character, and in srt, which has no escapes, "<" before a letter
becomes "‹".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Literal

from seq2seq.documents.html import escape
from seq2seq.documents.inline import (
    Break,
    Close,
    InlineToken,
    InlineUnit,
    Open,
    Point,
    TextToken,
    gather,
    wrap,
)
from seq2seq.documents.lines import whole_lines
from seq2seq.documents.template import Slot, Template

if TYPE_CHECKING:
    from seq2seq.inference.results import Translation

SubtitleFormat = Literal["srt", "vtt"]
LONGEST_SPEAKER = 4  # words

_LINE_END = re.compile(r"\r\n|\r|\n")
_TIMES = re.compile(r"\s*(?:\d+:)?\d+:\d+[.,]\d+\s*-->\s*(?:\d+:)?\d+:\d+[.,]\d+")
_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[A-Za-z]+)[^<>]*+>|<[\d:.]++>|\{\\[^{}]*+\}")
_DASH = re.compile(r"\s*(?:[-–—]|(?:>|&gt;){2,3})\s*(?=\S)")
_SPEAKER = re.compile(r"\s*([^\W\d_][\w .'’#&-]{0,40}?)(\s?[:：])(?=\s|\Z)\s*")
_SIGN = re.compile(r"[\[\]]|[♪♫♬]+")


@dataclass(frozen=True)
class Cue:
    """A slot for the text of a cue, or of one speaker in it."""

    unit: InlineUnit
    kind: SubtitleFormat

    @property
    def text(self) -> str:
        """The text to be translated."""
        return self.unit.text

    def write(self, translation: "Translation") -> str:
        """Return the translation with its tags, on as many lines as the source."""
        tokens = self.unit.place(translation)
        ends = [end for text in self.unit.texts for end in _LINE_END.findall(text.raw or "")]
        return "".join(
            _raw(token, self.kind) for token in wrap(tokens, 1 + len(ends), ends[0] if ends else "\n")
        )


def read_subtitles(text: str, kind: SubtitleFormat, name: str) -> Template:
    """Read subtitles into their untouched parts and the slots of their cues.

    Raises:
        ValueError: there is no cue.
    """
    parts: Template = []
    cue: list[str] | None = None  # the lines of a cue after its times
    count = 0
    for line in whole_lines(text):
        if _TIMES.match(line):
            # The number of this cue, where no blank line separates it from the cue before.
            number = [cue.pop()] if cue and cue[-1].strip().isdecimal() else []
            parts.extend([*_cue(cue or [], kind), *number, line])
            cue, count = [], count + 1
        elif not line.strip():
            parts.extend([*_cue(cue or [], kind), line])
            cue = None
        elif cue is None:
            parts.append(line)
        else:
            cue.append(line)
    parts.extend(_cue(cue or [], kind))
    if not count and text.strip():
        raise ValueError(
            f"{name!r} has no line with two times (00:00:01,000 --> 00:00:02,000); use a file of subtitles"
        )
    return parts


def _cue(lines: list[str], kind: SubtitleFormat) -> Iterator[str | Slot]:
    for piece in gather(_tokens(lines, kind)):
        yield Cue(piece, kind) if isinstance(piece, InlineUnit) else _raw(piece, kind)


def _tokens(lines: list[str], kind: SubtitleFormat) -> Iterator[InlineToken]:
    parenthesis = _Parenthesis("".join(lines))
    for line in lines:
        yield from _line(line, kind, parenthesis)


class _Parenthesis:
    """A sound in parentheses at the beginning of a line, which may end on a later line."""

    def __init__(self, text: str) -> None:
        self.closings = text.count(")")  # still to come
        self.is_open = False


def _line(line: str, kind: SubtitleFormat, parenthesis: _Parenthesis) -> Iterator[InlineToken]:
    position = 0
    if dash := _DASH.match(line):
        yield Break(dash[0])
        position = dash.end()
    at_start = True  # nothing was said yet in this line
    for tag in [*_TAG.finditer(line, position), None]:
        text = line[position : tag.start() if tag else len(line)]
        yield from _spoken(text, kind, parenthesis, at_start)
        at_start = at_start and not text.strip()
        if tag:
            yield _tag(tag)
            position = tag.end()


def _tag(tag: re.Match[str]) -> InlineToken:
    if not tag["name"]:
        return Point(tag[0])
    if tag["slash"]:
        return Close(tag["name"].lower(), tag[0])
    return Open(tag["name"].lower(), tag[0])


def _spoken(
    text: str, kind: SubtitleFormat, parenthesis: _Parenthesis, at_start: bool
) -> Iterator[InlineToken]:
    """Yield the tokens of a text without tags: speaker, sounds and words."""
    position = 0
    while position < len(text):
        stripped = len(text) - len(text[position:].lstrip())
        if at_start and text[stripped : stripped + 1] == "(" and parenthesis.closings:
            parenthesis.is_open = True
            yield Break(text[position : stripped + 1])
            position = stripped + 1
        speaker = _SPEAKER.match(text, position) if at_start and not parenthesis.is_open else None
        if speaker and _is_speaker(speaker[1]):
            yield _text(text[position : speaker.end(1)], kind)
            yield Break(text[speaker.end(1) : speaker.end()])
            position = speaker.end()
            continue
        sign = _SIGN.search(text, position)
        end = sign.start() if sign else len(text)
        closing = text.find(")", position, end) if parenthesis.is_open else -1
        if closing >= 0:
            yield _text(text[position:closing], kind)
            yield Break(")")
            parenthesis.is_open, position = False, closing + 1
            continue
        at_start = at_start and not text[position:end].strip()
        yield _text(text[position:end], kind)
        if sign:
            yield Break(sign[0])
        position = sign.end() if sign else len(text)


def _is_speaker(name: str) -> bool:
    """Return whether a text before a colon is a speaker: in capitals, as subtitles write them."""
    return name.isupper() and len(name.split()) <= LONGEST_SPEAKER


def _text(raw: str, kind: SubtitleFormat) -> TextToken:
    return TextToken(unescape(raw) if kind == "vtt" else raw, raw)


def _raw(token: InlineToken, kind: SubtitleFormat) -> str:
    if not isinstance(token, TextToken) or token.raw is not None:
        return token.raw or ""
    if kind == "vtt":
        return escape(token.text)
    safe = re.sub(r"<(?=[A-Za-z/])", "‹", token.text).replace("-->", "→")
    return safe.replace("{\\", "{")
