"""The model registry: translation models by language pair, language models by name.

(source, target) -> one hop          of two models of a pair the one with fewer pairs; a tie is refused
                 -> two hops         where no model has the pair, if pivoting is allowed
hop -> translator                    loaded at start-up or on first use
name -> language model               loaded likewise
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from seq2seq.storage.settings import directions
from seq2seq.text.languages import language_name, served_language

from ..errors import RefusalError

if TYPE_CHECKING:
    from seq2seq import Generator, Translator

Loaded = TypeVar("Loaded")
LanguagePair = tuple[str, str]  # codes of the source and the target language


class LazyModel(Generic[Loaded]):
    """A model that is loaded once, on first use."""

    load: "Callable[[], Loaded]"
    loaded: "Loaded | None"
    lock: threading.Lock

    def take(self) -> Loaded:
        """Return the model, loaded if this is its first use; other callers wait meanwhile."""
        with self.lock:
            if self.loaded is None:
                self.loaded = self.load()
            return self.loaded


@dataclass(eq=False)
class TranslationModel(LazyModel["Translator"]):
    """A translation model with its languages and a function that loads it.

    `created` is the time its config was written, in seconds since 1970.
    """

    name: str
    sources: list[str]
    targets: list[str]
    load: "Callable[[], Translator]"
    loaded: "Translator | None" = None
    created: int = 0  # when its config was written, in seconds since 1970
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, name: str, translator: "Translator") -> "TranslationModel":
        """Return the entry of a translator that is loaded already."""
        settings = translator.settings
        return cls(name, settings.source_languages, settings.target_languages, lambda: translator, translator)

    def translator(self) -> "Translator":
        """Return the translator; the first call may take seconds, and others wait for it."""
        return self.take()


@dataclass(eq=False)
class LanguageModelEntry(LazyModel["Generator"]):
    """A language model with its languages and a function that loads it.

    `created` is the time its config was written, in seconds since 1970.
    """

    name: str
    languages: list[str]
    load: "Callable[[], Generator]"
    loaded: "Generator | None" = None
    created: int = 0  # when its config was written, in seconds since 1970
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, name: str, generator: "Generator") -> "LanguageModelEntry":
        """Return the entry of a generator that is loaded already."""
        return cls(name, generator.settings.languages, lambda: generator, generator)

    def generator(self) -> "Generator":
        """Return the generator; the first call may take seconds, and others wait for it."""
        return self.take()


class Hop(NamedTuple):
    """One translation step of a route, with the language codes as the model has them."""

    model: TranslationModel
    source: str
    target: str

    def translator(self) -> "Translator":
        """Return the translator of the model in the direction of the hop."""
        return self.model.translator().directed(self.source, self.target)


class ModelRegistry:
    """The models that a server offers: translators by language pair, language models by name."""

    def __init__(
        self,
        models: "Mapping[str, Translator | TranslationModel]",
        *,
        language_models: "Mapping[str, Generator | LanguageModelEntry] | None" = None,
        pivot: bool = False,
    ) -> None:
        """Register models by name, loaded or not.

        Raises:
            ValueError: Two models with equally many pairs translate the same pair.
        """
        self.language_models = [
            model if isinstance(model, LanguageModelEntry) else LanguageModelEntry.of(name, model)
            for name, model in (language_models or {}).items()
        ]
        self.models = [
            model if isinstance(model, TranslationModel) else TranslationModel.of(name, model)
            for name, model in models.items()
        ]
        self.pivot = pivot
        chosen: dict[LanguagePair, Hop] = {}
        # Models with fewer pairs come first and keep their pairs.
        for model in sorted(self.models, key=lambda model: len(_hops(model))):
            for hop in _hops(model):
                pair = hop.source.lower(), hop.target.lower()
                known = chosen.setdefault(pair, hop)
                if known is not hop and len(_hops(known.model)) == len(_hops(model)):
                    raise ValueError(
                        f"the models {known.model.name} and {model.name} both translate "
                        f"{pair[0]} to {pair[1]}; serve one of them"
                    )
        in_order = sorted(chosen.items(), key=lambda item: self.models.index(item[1].model))
        self._by_pair: dict[LanguagePair, Hop] = dict(in_order)
        # The models stay the same, so the route of a pair and the language of a code are found once.
        self.route = lru_cache(maxsize=1024)(self._route)
        self.served = lru_cache(maxsize=1024)(self._served)

    @property
    def pairs(self) -> list[LanguagePair]:
        """All pairs with a model of their own, in the order of the models."""
        return list(self._by_pair)

    @property
    def reachable(self) -> list[LanguagePair]:
        """All supported pairs: first those with a model, then those through a pivot language."""
        reached = [(source, target) for source in self.codes for target in self.targets(source)]
        return [*self._by_pair, *(pair for pair in reached if pair not in self._by_pair)]

    @cached_property
    def codes(self) -> list[str]:
        """All source and target languages, sorted."""
        return sorted({code for pair in self._by_pair for code in pair})

    @property
    def is_fast(self) -> bool:
        """True where each model is loaded and has a back end whose searches need no process of their own."""
        return all(
            model.loaded is not None and model.loaded.backend != "torch" for model in self.models
        ) and bool(self.models)

    def language_model(self, name: str | None) -> LanguageModelEntry:
        """Return the language model of a name; None is the first.

        Raises:
            ValueError: There is none of this name; the message has the names.
        """
        for model in self.language_models:
            if name in (None, model.name):
                return model
        names = " or ".join(model.name for model in self.language_models)
        if not names:
            raise ValueError(
                "this server has no language model; start it with one, such as --model shakespeare"
            )
        assert name is not None
        raise ValueError(f"model is {_short(name)}, which this server does not write with; choose {names}")

    def find(self, source: str, target: str) -> "Translator":
        """Return the translator of a language pair, its codes as `served` takes them.

        Raises:
            ValueError: No single model translates the pair; the message names the unsupported language.
        """
        pair = self.served(source), self.served(target)
        if pair in self._by_pair:
            return self._by_pair[pair].translator()
        self._refuse(source, target, pivot=False)
        raise AssertionError("a pair without a model was not refused")

    def _served(self, code: str) -> str:
        """Return the code under which a language is served: "en" for "en-GB"; the code where it is not.

        The code is in lower case, as those of the registry are.
        """
        return served_language(code, self.codes) or code.lower()

    def _route(self, source: str, target: str) -> tuple[Hop, ...]:
        """Return the hops from a language to another: one, or two where pivoting is allowed and needed.

        Raises:
            ValueError: The pair is not supported; the message names the unsupported language.
        """
        source, target = self.served(source), self.served(target)
        if (source, target) in self._by_pair:
            return (self._by_pair[source, target],)
        self._refuse(source, target, pivot=self.pivot)
        middle = next(t for s, t in self._by_pair if s == source and (t, target) in self._by_pair)
        return self._by_pair[source, middle], self._by_pair[middle, target]

    def sources_of(self, target: str) -> list[str]:
        """Return the languages that can be translated to a target.

        Raises:
            ValueError: There is none.
        """
        sources = [code for code in self.codes if self.served(target) in self.targets(code)]
        if not sources:
            targets = sorted({t for _, t in self._by_pair})
            sentence = f"{_short(target)} is not supported as target; choose {' or '.join(targets)}"
            raise RefusalError("unsupported", sentence, _short(target))
        return sources

    def targets(self, source: str) -> list[str]:
        """Return the languages that a language can be translated to, sorted."""
        return self._targets(source, pivot=self.pivot)

    def languages(self) -> list[dict[str, str | list[str]]]:
        """Return every language with its English name and its target languages, as the REST API has them."""
        return [
            {"code": code, "name": language_name(code), "targets": list(self.targets(code))}
            for code in self.codes
        ]

    def _targets(self, source: str, *, pivot: bool) -> list[str]:
        direct = {t for s, t in self._by_pair if s == source}
        if pivot:
            direct |= {t for s, t in self._by_pair if s in direct and t != source}
        return sorted(direct)

    def _refuse(self, source: str, target: str, *, pivot: bool) -> None:
        source_code, target_code = self.served(source), self.served(target)
        sources = sorted({s for s, _ in self._by_pair})
        if source_code not in sources:
            sentence = f"{_short(source)} is not supported as source; choose {' or '.join(sources)}"
            raise RefusalError("unsupported", sentence, _short(source))
        targets = self._targets(source_code, pivot=pivot)
        if target_code not in targets:
            choice = " or ".join(targets)
            sentence = f"{_short(target)} is not supported as target of {source_code}; choose {choice}"
            raise RefusalError("unsupported", sentence, f"{source_code} → {_short(target)}")


def _hops(model: TranslationModel) -> list[Hop]:
    return [Hop(model, *pair) for pair in directions(model.sources, model.targets)]


def _short(code: str) -> str:
    return code if code.isalnum() and len(code) <= 20 else repr(code[:20])
