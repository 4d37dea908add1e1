r"""Parts of a label: the words that a model translates, and what is put back around them.

"_Save %s As…\n"  ->  "Save %s As"  +  accelerator _S, frame ("", "…", "\n"), a capital first
"""

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

from seq2seq.inference.fidelity.markers import final_mark_edits
from seq2seq.inference.localization.capitals import has_title_case, sentence_case, with_first_capital
from seq2seq.inference.localization.format_arguments import FormatArgument, format_arguments
from seq2seq.text.accelerators import Accelerator, put_accelerator, take_accelerator
from seq2seq.text.frames import Frame, put_frame, take_frame
from seq2seq.text.normalization import UNSPACED

_UNSPACED = re.compile(f"[{UNSPACED}]")
Lowers = Callable[[str], bool]


class LabelParts(NamedTuple):
    """A label taken apart.

    Attributes:
        words: What is left to translate; empty where nothing is.
        accelerator: The accelerator that was taken out, or None.
        frame: The blanks, ellipsis and colon that were taken off.
    """

    words: str
    accelerator: Accelerator | None
    frame: Frame


def take_parts(label: str) -> LabelParts:
    """Take a label apart; one of blanks and marks alone has no words."""
    return split_label(label) if any(map(str.isalpha, label)) else LabelParts("", None, Frame(label))


def split_label(label: str, marker: str | None = None) -> LabelParts:
    """Take a label apart, whatever it is made of.

    Args:
        label: The label.
        marker: The marker of its accelerator, such as that of its source; None for any.
    """
    body, outer = take_frame(label)
    body, accelerator = take_accelerator(body, marker)
    # A label may name its accelerator after its ellipsis: "打开…(_O)".
    words, inner = take_frame(body) if not outer.mark else (body, Frame())
    return LabelParts(words, accelerator, Frame(outer.before, outer.mark or inner.mark, outer.after))


def put_parts(words: str, parts: LabelParts, flags: Collection[str] = (), language: str | None = None) -> str:
    """Return translated words as a label, with the accelerator and the frame of the source."""
    words = _with_blanks(_without_end(words.strip(), parts), parts.words, flags)
    kept = [(each.start, each.end) for each in format_arguments(words, flags)]
    words = with_first_capital(words, parts.words, kept)
    shift = len(parts.frame.before)
    label = put_frame(words, parts.frame, language)
    if parts.accelerator is None:
        return label
    return put_accelerator(label, parts.accelerator, language, [(a + shift, b + shift) for a, b in kept])


def readable_words(parts: LabelParts, flags: Collection[str], target: str | None, lowers: Lowers) -> str:
    """Return the words of a label as the model reads them: not in Title Case where the target has none."""
    if target is None or (has_title_case(target) and not target.lower().startswith("de")):
        return parts.words
    kept = [(each.start, each.end) for each in format_arguments(parts.words, flags)]
    return sentence_case(parts.words, kept, lowers)


def _with_blanks(words: str, source: str, flags: Collection[str]) -> str:
    """Return words with a blank between a placeholder and a letter, where the source has them apart.

    A model whose vocabulary has a piece for each placeholder sometimes writes it without the blank.
    """
    touching = {
        (each.text, side)
        for each in format_arguments(source, flags)
        for side in (False, True)
        if _touches_letter(source, each, side)
    }
    for each in reversed(format_arguments(words, flags)):
        if each.text[0] in "<&":
            continue
        if _touches_letter(words, each, True) and (each.text, True) not in touching:
            words = f"{words[: each.end]} {words[each.end :]}"
        if _touches_letter(words, each, False) and (each.text, False) not in touching:
            words = f"{words[: each.start]} {words[each.start :]}"
    return words


def _touches_letter(text: str, argument: FormatArgument, after: bool) -> bool:
    """Return whether a letter of a script with blanks stands directly before or after a placeholder."""
    letter = text[argument.end : argument.end + 1] if after else text[: argument.start][-1:]
    return letter.isalpha() and _UNSPACED.match(letter) is None


def _without_end(words: str, parts: LabelParts) -> str:
    """Return words without a final mark that the label does not have, and with the one it has."""
    if parts.frame.mark:  # a mark follows, such as an ellipsis: no other before it
        return words.rstrip(".。．…:： ") or words
    for edit in final_mark_edits(parts.words, words):
        words = words[: edit.start] + edit.text + words[edit.end :]
    if words.endswith((":", "：", "…", "...")) and not parts.words.endswith((":", "：", "…", "...")):
        words = words.rstrip(".…:： ") or words
    return words
