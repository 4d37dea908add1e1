"""Forms of a label: what it has in common with labels that differ in accelerator, frame and placeholders.

    "_Open %s…"     key "open ￼"   slots ["%s"]      accelerator _O, mark "…", begins with a capital
    "Open [X5X]"    key "open ￼"   slots ["[X5X]"]

Two labels with one key are the same label in two frames. The translation of one, put into the frame of the
other, is a translation of the other.
"""

import re
from collections import Counter
from typing import NamedTuple

from seq2seq.inference.fidelity.protected import protected_spans
from seq2seq.text.accelerators import Accelerator, put_accelerator, take_accelerator
from seq2seq.text.frames import Frame, put_frame, take_frame
from seq2seq.text.languages import base_language
from seq2seq.text.normalization import compose

SLOT = "\N{OBJECT REPLACEMENT CHARACTER}"  # in a key, in place of a placeholder
# Words, blanks, commas and hyphens: most labels, which have nothing to be taken off.
_WORDS = re.compile(r"[^\W_](?:[^\W_]|[ ,’'-](?=[^\W_]))*")
_HINT = re.compile(r"[%{<$\[]|xx\d|__|://")
_OPAQUE = re.compile(r"\[X\d+X\]|xx\d+xx", re.IGNORECASE)
_STOP = re.compile(r"(?<![.。．])[.。．!！]\Z")
_WIDE = {".": "。", "!": "！"}
_NARROW = {wide: mark for mark, wide in _WIDE.items()}
_NOUNS_HAVE_CAPITALS = ("de", "lb")


class LabelForm(NamedTuple):
    """A label taken apart.

    Attributes:
        key: The label without its accelerator, frame and final mark, its first letter small, each placeholder
            a `SLOT`.
        slots: The placeholders, in order.
        accelerator: The accelerator that was taken out, or None.
        frame: The blanks, ellipsis and colon that were taken off.
        stop: The final mark that was taken off, empty for none.
        first: The first letter as it stands, empty where the label begins with no letter.
    """

    key: str
    slots: list[str]
    accelerator: Accelerator | None
    frame: Frame
    stop: str
    first: str


def form_of(label: str) -> LabelForm:
    """Take a label apart."""
    label = compose(label)
    if _WORDS.fullmatch(label) and "xx" not in label:
        return LabelForm(_lowered(label), [], None, Frame(), "", _first_letter(label))
    body, accelerator = take_accelerator(label)
    body, frame = take_frame(body)
    stop = ""
    if not frame.mark and len(body) > 1 and (found := _STOP.search(body)):
        body, stop = body[: found.start()], found[0]
    spans = placeholder_spans(body)
    slots = [body[start:end] for start, end in spans]
    for start, end in reversed(spans):
        body = body[:start] + SLOT + body[end:]
    return LabelForm(_lowered(body), slots, accelerator, frame, stop, _first_letter(body))


def _first_letter(text: str) -> str:
    return text[:1] if text[:1].isalpha() else ""


def _lowered(text: str) -> str:
    """Return a text whose first letter is small; two capitals begin an abbreviation: "CD" is no "cD"."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def placeholder_spans(text: str) -> list[tuple[int, int]]:
    """Return the placeholders and tags of a text in order; of overlapping ones the first, the longest."""
    if not _HINT.search(text):
        return []
    spans: list[tuple[int, int]] = []
    for start, end in sorted(protected_spans(text), key=lambda span: (span[0], -span[1])):
        if (not spans or start >= spans[-1][1]) and _is_placeholder(text[start:end]):
            spans.append((start, end))
    return spans


def _is_placeholder(text: str) -> bool:
    """Return whether a protected text is one: a name or a version is protected, too, and has no slot."""
    if text.startswith("[") and text.endswith(")"):  # a link of Markdown, whose words are translated
        return False
    return text[0] in "%{<$[" or text.startswith(("#{", "__", "xx")) or "://" in text


def other_slots(known: LabelForm, query: LabelForm) -> int:
    """Return how many placeholders of two labels with one key differ, stand-ins of a platform aside.

    A stand-in ([X5X]) may stand for any placeholder.
    """
    pairs = zip(known.slots, query.slots, strict=True)
    return sum(old != new and not _OPAQUE.fullmatch(new) for old, new in pairs)


def has_slots(form: LabelForm, translation: str) -> bool:
    """Return whether a translation has every placeholder of its source as often as the source."""
    return all(translation.count(slot) >= count for slot, count in Counter(form.slots).items())


def adapted(translation: str, known: LabelForm, query: LabelForm, language: str | None) -> str:
    """Return the translation of a known label as a translation of the label that is asked for.

    Accelerator, frame, final mark and case of the first letter become those of the query label; with one key
    the placeholders do, too.

    Args:
        translation: The translation in the memory.
        known: The form of its source.
        query: The form of the label to be translated.
        language: The language of the translation.
    """
    if known == query:
        return translation
    text = translation
    if known.accelerator != query.accelerator:
        marker = known.accelerator.marker if known.accelerator else None
        text = take_accelerator(text, marker)[0] if marker else text
    if known.frame != query.frame or known.stop != query.stop:
        text = _reframed(text, known, query, language)
    if known.key == query.key:
        text = _with_slots(text, known.slots, query.slots)
    text = _with_case(text, known.first, query.first, language)
    if query.accelerator and known.accelerator != query.accelerator:
        text = put_accelerator(text, query.accelerator, language, placeholder_spans(text))
    return text


def _reframed(text: str, known: LabelForm, query: LabelForm, language: str | None) -> str:
    body, own = take_frame(text)
    if own.mark and not known.frame.mark:  # the translator's own mark stays
        body, own = body + own.mark, own._replace(mark="")
    if known.stop and (found := _STOP.search(body)):
        body = body[: found.start()]
    if query.stop and not _STOP.search(body):
        narrow = _NARROW.get(query.stop, query.stop)
        body += _WIDE[narrow] if base_language(language or "") in ("zh", "ja") else narrow
    return put_frame(body, query.frame, language)


def _with_slots(text: str, known: list[str], query: list[str]) -> str:
    """Return a text with the placeholders of one label in place of those of another."""
    if known == query:
        return text
    replacements: dict[str, list[str]] = {}
    for old, new in zip(known, query, strict=True):
        replacements.setdefault(old, []).append(new)
    # In one pass, the longest first, since a new placeholder may look like an old one. The k-th occurrence
    # becomes the k-th of the query label; a translation may repeat the last.
    pattern = "|".join(re.escape(old) for old in sorted(replacements, key=len, reverse=True))

    def replaced(found: re.Match[str]) -> str:
        queue = replacements[found[0]]
        return queue.pop(0) if len(queue) > 1 else queue[0]

    return re.sub(pattern, replaced, text)


def _with_case(text: str, known: str, query: str, language: str | None) -> str:
    """Return a text whose first letter is as the query label's, where the source's alone tells it."""
    first = text[:1]
    if not (known and query) or known == query or known.lower() != query.lower():
        return text
    if query.isupper():
        return first.upper() + text[1:]
    # A German noun keeps its capital, an abbreviation does everywhere.
    keeps = base_language(language or "") in _NOUNS_HAVE_CAPITALS or text[1:2].isupper()
    return text if keeps else first.lower() + text[1:]
