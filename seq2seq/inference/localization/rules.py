"""Rules of strings: what a translation of a program's string must keep of its source.

placeholders, tags   each as often as in the source, unnumbered ones in their order
frame                blanks and line breaks at both ends, ellipsis, colon, final mark
accelerator          one where the source has one, none where it has none
length, capitals     no longer than the file allows, no Title Case where the language has none
"""

import re
from collections import Counter
from collections.abc import Collection

from seq2seq.inference.localization.capitals import has_title_case, is_title
from seq2seq.inference.localization.format_arguments import FormatArgument, format_arguments
from seq2seq.text.accelerators import take_accelerator
from seq2seq.text.languages import base_language

_END = re.compile(r"(…+|\.{2,}|[.:!?;。：！？；؟।]?)[\"'”’»›)）\]」』]*\Z")
_KINDS = {".": ".", "。": ".", "।": ".", ":": ":", "：": ":", "!": "!", "！": "!", "؛": ";"}
_KINDS |= {"?": "?", "？": "?", "؟": "?", "；": ";", ";": ";"}
LONGEST_END = 20  # characters of a final mark with the brackets and quotation marks after it
_NO_MARKS = frozenset({"th", "lo", "km", "my"})  # they end a sentence with a blank
_NUMBERED = re.compile(r"%(\d{1,2})\$(.*)", re.DOTALL)
_MARKED = ("_", "&", "~")


def check_rules(
    source: str,
    target: str,
    flags: Collection[str] = (),
    language: str | None = None,
    *,
    max_length: int | None = None,
) -> list[str]:
    """Return what a translation breaks, each as a short phrase; an empty list where it keeps all rules.

    Args:
        source: The string of the program.
        target: Its translation into `language`.
        flags: The flags of the catalog's entry, such as `c-format`.
        language: The code of the target language; None where it is not known.
        max_length: The most characters of the translation.
    """
    if not target.strip():
        return ["is empty"] if source.strip() else []
    return [
        *check_arguments(source, target, flags),
        *_frame_problems(source, target, language),
        *_accelerator_problems(source, target, flags),
        *check_length(target, max_length),
        *_capital_problems(source, target, flags, language),
    ]


def check_arguments(source: str, target: str, flags: Collection[str] = ()) -> list[str]:
    """Return what is wrong with the placeholders and tags of a translation."""
    ours, theirs = format_arguments(source, flags), format_arguments(target, flags)
    if _are_numbered(theirs) and not _are_numbered(ours):
        theirs = _unnumbered(theirs, _positional(ours))
    expected, found = Counter(each.text for each in ours), Counter(each.text for each in theirs)
    problems = [
        f"has {text} {_times(found[text])} instead of {_times(count)}" if found[text] else f"lacks {text}"
        for text, count in expected.items()
        if found[text] != count
    ]
    problems += [f"adds {text}" for text in found if text not in expected]
    if not problems and _positional(ours) != _positional(theirs):
        problems.append(f"has {', '.join(_positional(theirs))} in another order")
    return problems


def _positional(arguments: list[FormatArgument]) -> list[str]:
    return [each.text for each in arguments if each.is_positional]


def _are_numbered(arguments: list[FormatArgument]) -> bool:
    return any(_NUMBERED.fullmatch(each.text) for each in arguments)


def _unnumbered(arguments: list[FormatArgument], names: list[str]) -> list[FormatArgument]:
    """Return arguments such as %2$s by the names that their numbers have in the source, in that order."""
    result = []
    for each in arguments:
        found = _NUMBERED.fullmatch(each.text)
        number = int(found[1]) if found else 0
        if found and 0 < number <= len(names) and names[number - 1] == f"%{found[2]}":
            each = FormatArgument(number, number, names[number - 1], True)
        result.append(each)
    return sorted(result)


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _frame_problems(source: str, target: str, language: str | None) -> list[str]:
    problems = []
    for place, ours, theirs in zip(("begins", "ends"), _blanks(source), _blanks(target), strict=True):
        if ours != theirs:
            problems.append(f"{place} with {_shown(theirs)}, not with {_shown(ours)}")
    if base_language(language or "") not in _NO_MARKS:
        ours, theirs = _end_kind(source), _end_kind(target)
        if ours != theirs:
            problems.append(f"ends with {theirs or 'no mark'}, not with {ours or 'no mark'}")
    return problems


def _blanks(text: str) -> tuple[str, str]:
    """Return the blanks before and after a text."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _shown(blanks: str) -> str:
    if not blanks:
        return "no blank"
    names = {" ": "a blank", "\n": "a line break", "\t": "a tab"}
    return names.get(blanks, repr(blanks))


def _end_kind(text: str) -> str:
    """Return the final mark of a string, the same for all scripts, before a named accelerator."""
    text, _ = take_accelerator(text)
    found = _END.search(text.rstrip()[-LONGEST_END:])
    mark = found[1] if found else ""
    if "…" in mark or len(mark) > 1:
        return "…"
    return _KINDS.get(mark, mark)


def _accelerator_problems(source: str, target: str, flags: Collection[str]) -> list[str]:
    _, ours = take_accelerator(source)
    if ours is None:
        # Only a marker that the source has not: "foo_bar" in both is a name.
        added = [sign for sign in _MARKED if sign not in source]
        _, theirs = take_accelerator(_without_arguments(target, flags))
        return (
            [f"adds the accelerator {theirs.marker}{theirs.letter}"]
            if theirs and theirs.marker in added
            else []
        )
    _, theirs = take_accelerator(target, ours.marker)
    return [] if theirs else [f"lacks an accelerator, {ours.marker}"]


def _without_arguments(text: str, flags: Collection[str]) -> str:
    kept, at = "", 0
    for argument in format_arguments(text, flags):
        kept, at = f"{kept}{text[at : argument.start]} ", argument.end
    return kept + text[at:]


def check_length(target: str, max_length: int | None) -> list[str]:
    """Return that a translation is too long, if it is."""
    if max_length is None or len(target) <= max_length:
        return []
    return [f"has {len(target)} characters, more than {max_length}"]


def _capital_problems(source: str, target: str, flags: Collection[str], language: str | None) -> list[str]:
    if has_title_case(language) or not is_title(_without_arguments(source, flags)):
        return []
    words = set(re.findall(r"\w+", source))
    own = " ".join(
        word for word in _without_arguments(target, flags).split() if word.strip(".,:()") not in words
    )
    return ["is in Title Case"] if is_title(own, least=3) else []
