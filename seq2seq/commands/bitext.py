"""Word links of a bitext: pairs of texts that a model, and the one of the other direction, read together."""

from collections.abc import Callable, Iterator, Sequence

from seq2seq.alignment.joint import AttendedPair, joint_links
from seq2seq.alignment.symmetrization import Link
from seq2seq.inference.translator import Translator
from seq2seq.text.normalization import spelt_words

TOGETHER = 10_000  # pairs that are read together, which bounds memory


def align_pairs(
    translator: Translator,
    pairs: Sequence[tuple[str, str]],
    reverse: Translator | None = None,
    advance: Callable[[], object] = bool,
) -> Iterator[list[Link]]:
    """Links between the blank-separated words of each pair of texts, in the light of the other pairs.

    `reverse` translates the other way; without one the model's own map is read by column too. `advance` is
    called after each pair. A pair that cannot be aligned is a ValueError with its line, counted from 1.
    """
    for start in range(0, len(pairs), TOGETHER):
        attended = []
        for number, pair in enumerate(pairs[start : start + TOGETHER], start + 1):
            try:
                attended.append(_attend(translator, reverse, *pair))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
            advance()
        yield from map(sorted, joint_links(attended))


def _attend(translator: Translator, reverse: Translator | None, source: str, target: str) -> AttendedPair:
    there = translator.align(source, target).matrix("blanks")
    if reverse is None:
        back = there.weights / there.weights.sum(0, keepdim=True).clamp(min=1e-9)
    else:
        back = reverse.align(target, source).matrix("blanks").weights.T
    words, others = (
        spelt_words([text[start:end] for start, end in spans])
        for text, spans in ((source, there.source_spans), (target, there.target_spans))
    )
    return AttendedPair(words, others, there.weights, back)
