"""A check before training that the pairs are translations of the languages that the recipe names.

    swapped columns, another language    by detection of both sides
    lines that do not belong together    by lengths and shared tokens, of these pairs and of shifted ones
    a domain unknown to --init           by the model's own scores, where nothing else is wrong

A model prefers nearly all targets of what it knows to targets of other pairs. Of another domain it prefers
fewer, although they are translations: so its scores alone accuse nobody. What is found is a note; training
goes on.
"""

from collections.abc import Sequence

from seq2seq.inference.forced_decoding import force_decode
from seq2seq.storage.model_directory import LoadedModel
from seq2seq.text.languages import base_language, language_name

from .data.examples import Example, by_direction, spread
from .data.module import encode_examples
from .pair_evidence import FEWEST_PAIRS, SpokenLanguages, evidence_of, spoken_languages

MOST, FEWEST = 200, 20  # pairs that a model scores; the share of fewer says little
EXPECTED = 0.75  # share of preferred targets where a model knows the domain
CHANCE = 0.58  # share below which so many pairs may as well be shuffled


def check_pairs(pairs: Sequence[Example], start: LoadedModel | None = None) -> str | None:
    """Return a note if the pairs are not what they should be, else None.

    Args:
        pairs: the training pairs, in the order of their corpus.
        start: the model of --init, if any.
    """
    for direction, places in by_direction(pairs).items():
        own = [pairs[place] for place in _stretches(places)]
        if len(own) < FEWEST:
            continue
        problem = _languages_problem(own) or _alignment_problem(own)
        if problem:
            between = f"{direction[0]} to {direction[1]}"
            return f"note: of the pairs from {between} {problem}"
    return _model_note(start, pairs) if start else None


def _stretches(places: Sequence[int]) -> list[int]:
    """Return at most some thousand places, in stretches of neighbours that are spread over all."""
    length, most = 200, 10
    if len(places) <= length * most:
        return list(places)
    starts = [number * (len(places) - length) // (most - 1) for number in range(most)]
    return [place for start in starts for place in places[start : start + length]]


def _languages_problem(pairs: Sequence[Example]) -> str | None:
    """Return what is wrong with the languages of pairs of one direction, None for nothing."""
    source, target = map(base_language, pairs[0].direction)
    if source == target:
        return None
    spoken = spoken_languages(pairs)
    if spoken == SpokenLanguages(target, source):
        return (
            f"the sources are {language_name(target)} and the targets {language_name(source)}: they look "
            "swapped; check data.source, data.target and the order of data.columns or data.files"
        )
    for side, named, found in (("sources", source, spoken.source), ("targets", target, spoken.target)):
        if found and found != named:
            return (
                f"the {side} look like {language_name(found)}, not {language_name(named)}; check "
                "data.source, data.target and data.columns"
            )
    return None


def _alignment_problem(pairs: Sequence[Example]) -> str | None:
    """Return how the lines of pairs of one direction do not belong together, None where they may."""
    if len(pairs) < FEWEST_PAIRS:
        return None
    evidence = evidence_of(pairs)
    if evidence.shift:
        lines = f"{abs(evidence.shift)} line{'s' * (abs(evidence.shift) > 1)}"
        where = "below" if evidence.shift > 0 else "above"
        return (
            f"most sources fit the target {lines} {where} theirs better: a line is missing or too much on "
            "one side; align the files anew"
        )
    if evidence.is_random:
        return (
            "sources and targets look as if they were drawn at random: their lengths are unrelated and they "
            f"share no words; check that a row holds a text and its translation, as {_shown(pairs[0])} should"
        )
    return None


def _shown(pair: Example) -> str:
    return " and ".join(f"{text[:40]!r}" for text in pair[:2])


def _model_note(start: LoadedModel, pairs: Sequence[Example]) -> str | None:
    """Return a note if the model of --init does not prefer the targets of the pairs, else None."""
    settings, directions = start.settings, list(by_direction(pairs))
    languages = f"{', '.join(settings.source_languages)} to {', '.join(settings.target_languages)}"
    unknown = [
        code
        for side, known in ((0, settings.source_languages), (1, settings.target_languages))
        for code in dict.fromkeys(direction[side] for direction in directions)
        if base_language(code) not in map(base_language, known)
    ]
    if unknown:
        return (
            f"note: the model of --init is of {languages}, and the data has {', '.join(unknown)}; its words "
            "are learned anew, which takes more pairs and updates"
        )
    share, count = _preferred_share(start, pairs)
    if count < FEWEST or share >= EXPECTED:
        return None
    if share < CHANCE:
        return (
            f"note: the model of --init ({languages}) prefers only {share:.0%} of these targets to others of "
            "similar length, as if they were not translations; check the files and the order of data.columns"
        )
    return (
        f"note: the texts are far from what the model of --init ({languages}) was trained on: it prefers "
        f"{share:.0%} of these targets to others of similar length, {EXPECTED:.0%} or more where it knows a "
        "domain; more pairs and updates help"
    )


def _preferred_share(start: LoadedModel, pairs: Sequence[Example]) -> tuple[float, int]:
    """Return the share of targets that are more probable than another, and how many were scored."""
    chosen = spread(pairs, MOST)
    longest = start.model.config.max_length
    fitting = [
        (pair.direction, source, target)
        for pair, (source, target) in zip(chosen, encode_examples(chosen, start.tokenizer), strict=True)
        if all(0 < len(side) < longest for side in (source, target))
    ]
    if len(fitting) < FEWEST:
        return 1.0, len(fitting)
    # Neighbours are compared: of one direction, since a target in another language would always lose.
    fitting.sort(key=lambda pair: (pair[0], len(pair[2])))
    sources, targets = [pair[1] for pair in fitting], [pair[2] for pair in fitting]
    others = targets[1:] + targets[:1]
    own, other = (force_decode(start.model, sources, side) for side in (targets, others))
    better = [sum(a) / len(a) > sum(b) / len(b) for a, b in zip(own, other, strict=True)]
    return sum(better) / len(better), len(better)
