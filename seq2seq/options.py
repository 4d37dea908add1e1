"""Decoding options: one frozen dataclass with the help and the range of every field.

Command-line flags, the REST schema and the demo's controls are made from `option_fields()`, and values are
checked here only. Two fields select the kind of search:

    sampling_topk other than 1      -> sampling     (no beam; num_hypotheses independent samples)
    sampling_topk 1, beam_size 1    -> greedy
    sampling_topk 1, beam_size > 1  -> beam search
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, cast

from seq2seq.text.glossary import GlossaryPairs, check_glossary
from seq2seq.text.normalization import BLANK_PIECE, compose, is_word, normalize

LONGEST = 100_000
LARGEST_SEED = 2**63 - 1
OF_SOURCES = ("forced_words", "glossary", "keep_words", "keep_numbers")  # refused by a language model
# On by default and without meaning for a language model.
FIDELITY = (
    "keep_placeholders",
    "check_numbers",
    "keep_wordless",
    "keep_markers",
    "keep_signs",
    "keep_capitals",
)

# The types that a caller may pass. Values are stored as tuples, so that options can be compared and hashed.
Texts = list[str] | tuple[str, ...]
Glossary = Mapping[str, str] | list[tuple[str, str]] | tuple[tuple[str, str], ...]

OptionType = type[int] | type[float] | type[bool] | type[str] | type[list[Any]] | type[dict[Any, Any]]


def option(default: Any, help: str, minimum: float | None = None, maximum: float | None = None) -> Any:
    """Return a dataclass field with its help, one sentence, and its range, both ends included."""
    return field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True)
class DecodeOptions:
    """Options of one call: search, lengths, sampling, and the words that a result has or lacks.

    Raises:
        ValueError: A value is of the wrong type or outside its range, or options contradict each other. A
            `beam_size` other than 1 and the default contradicts sampling; the default cannot be told from
            an option left out and is then not used.
    """

    beam_size: int = option(5, "Hypotheses kept at every step; 1 is greedy search.", 1, 64)
    num_hypotheses: int = option(1, "Results for each text, best first.", 1, 64)
    length_penalty: float = option(
        1.0,
        "Exponent p in score = log-probability / length ** p; larger values favour longer results.",
        -5.0,
        5.0,
    )
    max_length: int | None = option(
        None, "Longest result in tokens, its end counted; by default 2 x source tokens + 20.", 1, LONGEST
    )
    min_length: int = option(1, "Shortest result in tokens, its end not counted.", 0, LONGEST)
    sampling_temperature: float = option(
        1.0,
        "Divides the logits before sampling; below 1 sharpens the distribution, above 1 flattens it.",
        0.01,
        100.0,
    )
    sampling_topk: int = option(
        1, "Sample among the k most probable tokens; 0 is all of them, 1 does not sample.", 0, 1_000_000
    )
    sampling_topp: float = option(
        1.0, "Sample among the fewest most probable tokens whose probabilities sum to at least p.", 0.0, 1.0
    )
    sampling_minp: float = option(
        0.0, "Sample among tokens at least this many times as probable as the most probable one.", 0.0, 1.0
    )
    repetition_penalty: float = option(
        1.0,
        "Exponent on the probability of tokens already generated; above 1 discourages repetition.",
        0.1,
        10.0,
    )
    no_repeat_ngram_size: int = option(0, "Generate no n-gram of this many tokens twice; 0 is off.", 0, 1000)
    disable_unk: bool = option(False, "Never generate the unknown token.")
    target_prefix: str | Texts | None = option(
        None, "What every result begins with: a text, or a list of tokens."
    )
    seed: int | None = option(None, "Seed of the sampling; without it every call differs.", 0, LARGEST_SEED)
    stop: Texts | None = option(None, "Texts before which the result ends.")
    banned_words: Texts | None = option(
        None, "Words that are never generated, also not as the beginning of a longer word."
    )
    forced_words: Texts | None = option(None, "Words that every result must contain.")
    glossary: Glossary | None = option(None, "Terms of the text with their translations.")
    keep_words: Texts | None = option(None, "Names and other words of the text that are copied unchanged.")
    keep_placeholders: bool = option(
        True, "Addresses (https://..., a@b.org) and placeholders ({x}, %s) are copied unchanged."
    )
    keep_numbers: bool = option(False, "Numbers written in digits are copied unchanged.")
    check_numbers: bool = option(
        True, "Translate again, with the numbers required, where a number is lost or invented."
    )
    keep_wordless: bool = option(True, "Segments without words, such as 100%, are copied unchanged.")
    keep_markers: bool = option(
        True, "List markers are copied, and what has no full stop at its end gets none."
    )
    keep_signs: bool = option(True, "Emoji and other signs are copied to their place in the translation.")
    keep_capitals: bool = option(
        True, "Texts in capitals are read in lower case, and their translation is written in capitals."
    )

    def __post_init__(self) -> None:
        for name in ("target_prefix", "stop", "banned_words", "forced_words", "keep_words"):
            object.__setattr__(self, name, _composed(getattr(self, name)))
        object.__setattr__(self, "glossary", _composed(_pairs(self.glossary)))
        for option_field in option_fields():
            option_field.check(getattr(self, option_field.name))
        for name in _REAL:
            object.__setattr__(self, name, float(getattr(self, name)))
        self._check_lengths()
        self._check_sampling()
        self._check_words()

    @cached_property
    def search_kind(self) -> Literal["greedy", "beam", "sampling"]:
        """The kind of search that these options select."""
        if self.sampling_topk != 1:
            return "sampling"
        return "greedy" if self.beam_size == 1 else "beam"

    @cached_property
    def glossary_pairs(self) -> GlossaryPairs:
        """The glossary as pairs (term, translation); empty without one."""
        return cast("GlossaryPairs", self.glossary or ())

    @cached_property
    def later(self) -> "DecodeOptions":
        """The options of later parts of a text: target_prefix and forced_words apply to its first part."""
        if self.target_prefix is None and self.forced_words is None:
            return self
        return replace(self, target_prefix=None, forced_words=None)

    def _check_lengths(self) -> None:
        if self.max_length is not None and self.min_length > self.max_length:
            raise ValueError(
                f"min_length is {self.min_length}, more than max_length, {self.max_length}; "
                "raise max_length or lower min_length"
            )

    def _check_sampling(self) -> None:
        if self.search_kind != "sampling":
            for name in ("sampling_temperature", "sampling_topp", "sampling_minp"):
                if getattr(self, name) != getattr(DecodeOptions, name):
                    raise ValueError(
                        f"{name} is {getattr(self, name)}, but sampling_topk 1 does not sample; "
                        "set sampling_topk to 0 (all pieces) or above 1"
                    )
            if self.num_hypotheses > self.beam_size:
                raise ValueError(
                    f"num_hypotheses is {self.num_hypotheses}, more than beam_size, {self.beam_size}; "
                    "raise beam_size to at least as many"
                )
        elif self.beam_size not in (1, _DEFAULT_BEAM):
            raise ValueError(
                f"beam_size is {self.beam_size}, but sampling_topk {self.sampling_topk} samples without a "
                "beam; leave out beam_size, or set sampling_topk to 1"
            )

    def _check_words(self) -> None:
        for name in ("stop", "banned_words", "forced_words", "keep_words"):
            words = getattr(self, name) or ()
            for word in words:
                if not (word if name == "stop" else normalize(word).text):
                    raise ValueError(f"{name} has an empty text, {word!r}, among them; take it out")
            if (
                len(set(words)) < len(words) and name != "forced_words"
            ):  # a word forced twice must occur twice
                raise ValueError(f"{name} has {max(words, key=words.count)!r} twice; take one out")
        check_glossary(self.glossary_pairs)
        for banned in self.banned_words or ():
            for required in self._required_texts():
                if _is_begun(banned, required):
                    raise ValueError(
                        f"{banned!r} is in banned_words, but {required!r} is to be written; take one out"
                    )
        for stop in self.stop or ():
            for place, required in enumerate(self._required_texts()):
                # The prefix, which is first, begins the result; a blank comes before the others.
                if stop in (f" {required}" if place else required.lstrip()):
                    raise ValueError(
                        f"a result ends before {stop!r}, which is in stop, but {required!r} is to be "
                        "written; take one out"
                    )

    def _required_texts(self) -> tuple[str, ...]:
        """Return the texts that a result must contain, the prefix first."""
        prefix = self.target_prefix or ""
        if not isinstance(prefix, str):
            prefix = "".join(prefix).replace(BLANK_PIECE, " ")
        targets = (target for _, target in self.glossary_pairs)
        return (prefix, *(self.forced_words or ()), *targets, *(self.keep_words or ()))


@dataclass(frozen=True)
class OptionField:
    """One field of `DecodeOptions`, described for a flag, a schema entry or a slider.

    `type` is the type that a value is parsed to: list for several texts, dict for pairs of texts. An
    `optional` field may be None. `target_prefix` takes a list of tokens in Python and JSON only; as a flag it
    is a text.
    """

    name: str
    type: OptionType
    default: int | float | bool | str | None
    help: str
    minimum: float | None
    maximum: float | None
    optional: bool

    def check(self, value: object) -> None:
        """Refuse a value of the wrong type or outside the range.

        Raises:
            ValueError: With the field, the value and the accepted values.
        """
        if value is None and self.optional:
            return
        if not self._fits(value):
            literal = repr(value)
            literal = literal if len(literal) <= 80 else literal[:77] + "..."
            raise ValueError(f"{self.name} is {literal}; give {self.accepted()}")

    def accepted(self) -> str:
        """Return the accepted values in words, such as "a whole number from 1 to 64"."""
        if self.type is bool:
            return "true or false"
        if self.type is str:
            return "a text or a list of tokens, or leave it out"
        if self.type is list:
            return "a list of texts, or leave it out"
        if self.type is dict:
            return 'terms with their translations, such as {"dog": "Hund"}, or leave it out'
        kind = "a whole number" if self.type is int else "a number"
        return f"{kind} {self.range}" + (", or leave it out" if self.optional else "")

    @property
    def range(self) -> str:
        """The range of a number in words; empty for other types."""
        return "" if self.minimum is None else f"from {self.minimum} to {self.maximum}"

    def _fits(self, value: object) -> bool:
        if self.type is bool:
            return isinstance(value, bool)
        if self.type in (str, list):
            return (isinstance(value, str) and self.type is str) or (
                isinstance(value, tuple) and all(isinstance(text, str) for text in value)
            )
        if self.type is dict:
            return isinstance(value, tuple) and all(
                isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(side, str) for side in pair)
                for pair in value
            )
        if isinstance(value, bool) or not isinstance(value, int if self.type is int else int | float):
            return False
        if self.minimum is None or self.maximum is None or math.isnan(value):
            return False
        return self.minimum <= value <= self.maximum


_REAL = ("length_penalty", "sampling_temperature", "sampling_topp", "sampling_minp", "repetition_penalty")
_TYPES: dict[object, tuple[OptionType, bool]] = {
    int: (int, False),
    float: (float, False),
    bool: (bool, False),
    int | None: (int, True),
    str | Texts | None: (str, True),
    Texts | None: (list, True),
    Glossary | None: (dict, True),
}


def option_fields() -> tuple[OptionField, ...]:
    """Return the fields of `DecodeOptions` in order, for making flags, schemas and controls."""
    return _FIELDS


def _composed(value: Any) -> Any:
    """Return texts in NFC, the form in which texts are compared, and lists as tuples.

    Other values are returned as they are, for the field's own check to refuse.
    """
    if isinstance(value, str):
        return compose(value)
    return tuple(map(_composed, value)) if isinstance(value, list | tuple) else value


def _is_begun(word: str, text: str) -> bool:
    """Return whether a word occurs in a text as a word or as the beginning of one."""
    at = text.find(word)
    while at > 0 and is_word(word[0]) and is_word(text[at - 1]):
        at = text.find(word, at + 1)
    return at >= 0


def _pairs(glossary: Any) -> Any:
    """Return a glossary as pairs, which can be hashed; other values are left to the field's own check."""
    if isinstance(glossary, Mapping):
        return tuple(glossary.items())
    if isinstance(glossary, list | tuple):
        return tuple(tuple(pair) if isinstance(pair, list) else pair for pair in glossary)
    return glossary


def _describe(described: dataclasses.Field[Any]) -> OptionField:
    kind, optional = _TYPES[described.type]
    default: Any = described.default
    return OptionField(described.name, kind, default, **described.metadata, optional=optional)


_FIELDS = tuple(_describe(described) for described in dataclasses.fields(DecodeOptions))
_DEFAULT_BEAM = DecodeOptions.beam_size
