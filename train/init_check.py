"""Whether a model knows a corpus for what it translates, asked before it goes on learning from it.

Each of some pairs: is the target likelier, a piece, than the target of another pair of like length? A model
prefers nearly all targets of its own languages, and every second one where the language, or the order of the
columns, is another. Nothing is trained, and no language has to be recognised by name.
"""

from seq2seq.inference.forced_decoding import force_decode
from seq2seq.storage.model_directory import LoadedModel

from .data.examples import Example, spread
from .data.module import encode_examples

ASKED, FEWEST = 200, 20  # pairs; of fewer the share says little
FAMILIAR = 0.75  # share of preferred targets


def init_mismatch(start: LoadedModel, pairs: list[Example]) -> str | None:
    """A sentence where the model does not know the pairs for translations; None where all is well."""
    chosen = spread(pairs, ASKED)
    longest = start.model.config.max_length
    known = [
        (each.direction, source, target)
        for each, (source, target) in zip(chosen, encode_examples(chosen, start.tokenizer), strict=True)
        if all(0 < len(side) < longest for side in (source, target))
    ]
    if len(known) < FEWEST:
        return None
    known.sort(key=lambda asked: (asked[0], len(asked[2])))  # a rival in another language would be none
    share = _preferred(start, [source for _, source, _ in known], [target for _, _, target in known])
    if share >= FAMILIAR:
        return None
    languages = (
        f"{', '.join(start.settings.source_languages)} to {', '.join(start.settings.target_languages)}"
    )
    return (
        f"note: the model of --init ({languages}) prefers only {share:.0%} of these targets to others of "
        "like length, as if they were no translations; check the languages and the order of data.columns"
    )


def _preferred(start: LoadedModel, sources: list[list[int]], targets: list[list[int]]) -> float:
    """The share of targets, of each direction sorted by length, that are likelier than their neighbour's."""
    others = targets[1:] + targets[:1]
    own, other = (force_decode(start.model, sources, side) for side in (targets, others))
    better = [sum(a) / len(a) > sum(b) / len(b) for a, b in zip(own, other, strict=True)]
    return sum(better) / len(better)
