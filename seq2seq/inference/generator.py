"""Generator: prompts in, what a language model writes after them out.

    prompt -> ids -> read at once -> search, by default sampling -> ids -> text

Of a prompt longer than the context the newest part is read, as it will be once the text itself has
outgrown the context.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, overload

from seq2seq.config import END, EOS
from seq2seq.inference.completion import decode_prompts, length_limit, log_probabilities, stream_prompt
from seq2seq.inference.processing import cut_before, cut_unfinished, end_at_stop, prefix_ids
from seq2seq.inference.results import Finish, Score
from seq2seq.model.device import choose_device
from seq2seq.model.language_model import LanguageModel
from seq2seq.options import OF_SOURCES, DecodeOptions
from seq2seq.search import Cancelled, Hypothesis
from seq2seq.storage.hub import push
from seq2seq.storage.model_directory import load_language_model, save_model
from seq2seq.storage.quantization import StorageFormat
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import LanguageSettings
from seq2seq.text.normalization import check_text
from seq2seq.text.tokenizer import Tokenizer

SAMPLING = DecodeOptions(sampling_topk=0)


@dataclass(frozen=True)
class Generation:
    """What was written after a prompt; `text` does not repeat it, and is its `tokens` joined.

    Of a text that ends before a stop text the tokens go on to the stop text's end.
    `score` = log_probability / n ** length_penalty, n the tokens and, where it ended, the end;
    `token_log_probabilities` has a number for each. `prompt_tokens` were read; `alternatives` are the
    further hypotheses, best first.
    """

    prompt: str
    text: str
    score: float
    log_probability: float
    tokens: list[str]
    finish: Finish
    prompt_tokens: int
    token_log_probabilities: list[float] = field(repr=False)
    alternatives: list["Generation"] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The fields that `seq2seq generate --json` prints."""
        return {
            "prompt": self.prompt,
            "text": self.text,
            "score": self.score,
            "log_probability": self.log_probability,
            "alternatives": [
                {"text": a.text, "score": a.score, "log_probability": a.log_probability}
                for a in self.alternatives
            ],
            "tokens": self.tokens,
            "finish": self.finish,
        }


class LikelihoodMeasure(NamedTuple):
    """How well a model foretells a text: nats a character, perplexity a token, and what was counted."""

    nats: float
    perplexity: float
    characters: int
    tokens: int


class Generator:
    """A language model with its tokenizer, ready to write and to score."""

    def __init__(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        settings: LanguageSettings,
        card: str = "",
        storage: StorageFormat = "float16",
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.settings = settings
        self.card = card
        self.storage: StorageFormat = storage  # in which `save_pretrained` leaves the weights as they are

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str = "auto") -> "Generator":
        """A generator from a released model's name, a model directory or a hub id.

        `device` "auto" takes a GPU where there is one. Nothing is fetched but for a hub id.
        """
        return cls(*load_language_model(find_model(name), choose_device(device)))

    def save_pretrained(self, directory: str | Path, storage: StorageFormat | None = None) -> None:
        """Write a model directory, from which `from_pretrained` makes the same generator again.

        `storage` None is that of the directory it came from, else "float16"; see `Translator`.
        """
        save_model(directory, self.model, self.tokenizer, self.settings, self.card, storage or self.storage)

    def push_to_hub(self, hub_id: str, *, private: bool = False, storage: StorageFormat | None = None) -> str:
        """Put the model on the Hugging Face hub as `owner/name`; gives back its address."""
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(Path(folder) / "model", storage)
            return push(Path(folder) / "model", hub_id, private=private)

    @overload
    def generate(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
        self, prompts: str, options: DecodeOptions | None = None, cancelled: Cancelled | None = None
    ) -> Generation: ...

    @overload
    def generate(
        self,
        prompts: Iterable[str],
        options: DecodeOptions | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[Generation]: ...

    def generate(
        self,
        prompts: str | Iterable[str],
        options: DecodeOptions | None = None,
        cancelled: Cancelled | None = None,
    ) -> Generation | list[Generation]:
        """What the model writes after a prompt, or after each of several.

        Without options it samples among all tokens; `max_length` None is 256 tokens. After a prompt that is
        given up (asked by its number, at every step) nothing is written.

        Raises:
            ValueError: an option that speaks of a source, which a language model has not.
        """
        if isinstance(prompts, str):
            return self.generate([prompts], options, cancelled)[0]
        texts = [check_text(prompt) for prompt in prompts]
        options = self._own(options or SAMPLING)
        read = [self.read(text) for text in texts]
        prefix = self._prefix(options)
        found = decode_prompts(self.model, read, options, prefix, self._surfaces, cancelled)
        return [self._generation(*each, options) for each in zip(texts, read, found, strict=True)]

    def stream(self, prompt: str, options: DecodeOptions | None = None) -> Iterator[str]:
        """Pieces of the text as they are written; joined, with a seed, they are what `generate` gives.

        A beam revises what it wrote, so `beam_size` is not used.
        """
        stops = (options or SAMPLING).stop or ()
        written = shown = ""
        for text, _ in self.steps(prompt, options):
            written += text
            if more := cut_unfinished(written, stops)[len(shown) :]:
                yield more
                shown += more
        yield from filter(None, [cut_before(written, stops)[len(shown) :]])

    def steps(self, prompt: str, options: DecodeOptions | None = None) -> Iterator[tuple[str, float]]:
        """Each token's text with its log-probability, a stop text's among them; the end is none of them."""
        read, options = self.read(check_text(prompt)), self._own(options or SAMPLING)
        for step in stream_prompt(self.model, read, options, self._prefix(options), self._surfaces):
            yield self.tokenizer.decode([step.token]), step.log_probability

    @overload
    def score(self, texts: str) -> Score: ...  # type: ignore[overload-overlap]

    @overload
    def score(self, texts: Iterable[str]) -> list[Score]: ...

    def score(self, texts: str | Iterable[str]) -> Score | list[Score]:
        """How probable the model finds a text, or each of several, as the beginning of one.

        Past the context each token is foretold from at least half a context before it.
        """
        if isinstance(texts, str):
            return self.score([texts])[0]
        scores = []
        for text in texts:
            ids = self._sequence(check_text(text))
            values = log_probabilities(self.model, ids, self.model.config.max_length // 2).tolist()
            scores.append(Score(math.fsum(values), self._texts(ids[1:]), values))
        return scores

    def measure(self, text: str) -> LikelihoodMeasure:
        """Nats a character and perplexity over windows of the context without a past, as when training.

        Of an endless text nothing stands before the first token, so that one is not foretold.

        Raises:
            ValueError: a text too short to foretell anything of.
        """
        ids = self._sequence(text) if self.settings.ends else self.tokenizer.encode(text)
        if not text or len(ids) < 2:
            raise ValueError(f"the text {text!r} is too short to foretell anything of it; give a longer one")
        given = 0 if self.settings.ends else len(self.tokenizer.decode(ids[:1]))
        values = log_probabilities(self.model, ids).double()
        total, characters = -float(values.sum()), len(text) - given
        return LikelihoodMeasure(total / characters, math.exp(total / len(values)), characters, len(values))

    def read(self, prompt: str) -> list[int]:
        """The ids that stand for a prompt: a text of its own, or the next part of an endless one."""
        ids = self.tokenizer.encode(prompt)
        return [self.opening, *ids] if self.settings.ends or not ids else ids

    @property
    def opening(self) -> int:
        """The token after which a text begins: the end of the one before, or a line break."""
        return EOS if self.settings.ends else self.tokenizer.encode("\n")[0]

    def _sequence(self, text: str) -> list[int]:
        """A text with what it begins after and, where texts end, its end."""
        end = [EOS] if self.settings.ends else []
        return [self.opening, *self.tokenizer.encode(text), *end]

    def _own(self, options: DecodeOptions) -> DecodeOptions:
        """The options without the unknown piece, which stands for no text, and without an end never seen."""
        for name in OF_SOURCES:
            if getattr(options, name):
                raise ValueError(
                    f"{name} speaks of a text to be translated; leave it out with a language model"
                )
        if self.settings.ends:
            return replace(options, disable_unk=True)
        limit = length_limit(options)
        return replace(options, disable_unk=True, min_length=limit, max_length=limit)

    def _prefix(self, options: DecodeOptions) -> list[int]:
        """The ids that every result begins with."""
        return prefix_ids(options.target_prefix or (), self.tokenizer)

    @cached_property
    def _surfaces(self) -> list[str]:
        """The tokens as text, for options that speak of words."""
        return self.tokenizer.pieces(range(len(self.tokenizer)))

    def _generation(
        self, prompt: str, read: Sequence[int], found: Sequence[Hypothesis], options: DecodeOptions
    ) -> Generation:
        count = min(len(read), self.model.config.max_length)
        if not found:
            return Generation(prompt, "", 0.0, 0.0, [], "length", count, [])
        written = [self._written(prompt, count, each, options) for each in found]
        if options.stop:
            written.sort(key=lambda each: each.score, reverse=True)
        best, *others = written
        return replace(best, alternatives=others)

    def _written(self, prompt: str, count: int, found: Hypothesis, options: DecodeOptions) -> Generation:
        """One text, which ends before a stop text."""
        whole = self.tokenizer.decode(found.tokens)
        found = end_at_stop(found, whole, options)
        return Generation(
            prompt,
            cut_before(whole, options.stop or ()),
            found.score,
            found.log_probability,
            self._texts(found.tokens),
            found.finish,
            count,
            found.token_log_probabilities,
        )

    def _texts(self, ids: Sequence[int]) -> list[str]:
        """The text of each token; a verbatim vocabulary's texts joined are the text."""
        return [END if each == EOS else self.tokenizer.decode([each]) for each in ids]
