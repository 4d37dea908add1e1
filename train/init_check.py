"""A check that the model of --init fits the training data, before fine-tuning starts.

For each of some pairs: is the target more probable, per token, than the target of another pair of similar
length? A model prefers nearly all targets of its own languages, and only every second one where the language
or the order of the columns is another. Nothing is trained, and no language has to be identified.
"""

from collections.abc import Sequence

from seq2seq.inference.forced_decoding import force_decode
from seq2seq.storage.model_directory import LoadedModel

from .data.examples import Example, spread
from .data.module import encode_examples

MOST, FEWEST = 200, 20  # pairs that are scored; the share of fewer says little
EXPECTED = 0.75  # share of preferred targets


def init_mismatch(start: LoadedModel, pairs: Sequence[Example]) -> str | None:
    """Return a warning if the pairs do not look like translations to the model, else None."""
    chosen = spread(pairs, MOST)
    longest = start.model.config.max_length
    fitting = [
        (pair.direction, source, target)
        for pair, (source, target) in zip(chosen, encode_examples(chosen, start.tokenizer), strict=True)
        if all(0 < len(side) < longest for side in (source, target))
    ]
    if len(fitting) < FEWEST:
        return None
    # Neighbours are compared: of one direction, since a target in another language would always lose.
    fitting.sort(key=lambda pair: (pair[0], len(pair[2])))
    share = _preferred_share(start, [pair[1] for pair in fitting], [pair[2] for pair in fitting])
    if share >= EXPECTED:
        return None
    languages = (
        f"{', '.join(start.settings.source_languages)} to {', '.join(start.settings.target_languages)}"
    )
    return (
        f"note: the model of --init ({languages}) prefers only {share:.0%} of these targets to others of "
        "similar length, as if they were not translations; check the languages and the order of data.columns"
    )


def _preferred_share(start: LoadedModel, sources: list[list[int]], targets: list[list[int]]) -> float:
    """Return the share of targets, sorted by length, that are more probable than the next one."""
    others = targets[1:] + targets[:1]
    own, other = (force_decode(start.model, sources, side) for side in (targets, others))
    better = [sum(a) / len(a) > sum(b) / len(b) for a, b in zip(own, other, strict=True)]
    return sum(better) / len(better)
