"""`seq2seq align`: word alignment of given pairs, one line of Pharaoh links (`source-target`) a pair.

All pairs are aligned jointly: co-occurrence in the other pairs aligns words that the model does not know.
If there is a model of the reverse direction, the maps of both directions are used.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser, load_reverse, load_translator
from seq2seq.commands.lines import ProgressCounter, read_parallel

if TYPE_CHECKING:
    from seq2seq.alignment.joint import AttendedPair
    from seq2seq.alignment.symmetrization import Link
    from seq2seq.inference.translator import Translator

JOINT_PAIRS = 10_000  # pairs that are aligned jointly, which bounds memory


def main(argv: Sequence[str]) -> int:
    """Align the lines of two files; return the exit code."""
    parser = CommandParser(
        "align",
        "Align the words of given pairs, as Pharaoh links i-j between blank-separated words, counted from 0.",
    )
    parser.add_model(required=True)
    parser.add_languages()
    parser.add_parallel_files()
    parser.add_reverse()
    arguments = parser.read(argv)
    sources, targets = read_parallel(arguments.source, arguments.target)
    translator = load_translator(arguments)
    reverse = load_reverse(arguments.reverse, translator, arguments.device)
    pairs = list(zip(sources, targets, strict=True))
    with ProgressCounter("pairs aligned", len(pairs)) as counter:
        for links in align_pairs(translator, pairs, reverse, counter.add):
            sys.stdout.write(" ".join(f"{s}-{t}" for s, t in links) + "\n")
    return 0


def align_pairs(
    translator: "Translator",
    pairs: Sequence[tuple[str, str]],
    reverse: "Translator | None" = None,
    advance: Callable[[], object] = bool,
) -> Iterator[list["Link"]]:
    """Align pairs of texts jointly; yield the links between blank-separated words of each pair, in order.

    Args:
        translator: aligns source words to target words by its attention.
        pairs: sources with their targets.
        reverse: translates in the reverse direction. Without one, the map of `translator` is normalized by
            column in its place.
        advance: is called after each pair.

    Raises:
        ValueError: a pair cannot be aligned; names its line, from 1.
    """
    from seq2seq.alignment.joint import joint_links  # on use, since it loads torch

    for start in range(0, len(pairs), JOINT_PAIRS):
        attended = []
        for number, pair in enumerate(pairs[start : start + JOINT_PAIRS], start + 1):
            try:
                attended.append(_attend(translator, reverse, *pair))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            advance()
        yield from map(sorted, joint_links(attended))


def _attend(
    translator: "Translator", reverse: "Translator | None", source: str, target: str
) -> "AttendedPair":
    """Return the words of a pair with the maps of both directions."""
    from seq2seq.alignment.joint import AttendedPair
    from seq2seq.text.normalization import spelt_words

    forward = translator.align(source, target).matrix("blanks")
    if reverse is None:
        backward = forward.weights / forward.weights.sum(0, keepdim=True).clamp(min=1e-9)
    else:
        backward = reverse.align(target, source).matrix("blanks").weights.T
    source_words, target_words = (
        spelt_words([text[start:end] for start, end in spans])
        for text, spans in ((source, forward.source_spans), (target, forward.target_spans))
    )
    return AttendedPair(source_words, target_words, forward.weights, backward)
