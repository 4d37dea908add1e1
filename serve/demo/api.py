"""Functions of the page for programs, by name: Gradio's API, and tools where MCP is on.

    Client("http://127.0.0.1:7860/").predict("Two dogs.", "en", "de", api_name="/translate")

Texts and languages in, plain JSON out. Programs are shown the docstrings and the types.
"""

from collections.abc import Callable
from typing import Any, Literal

import gradio as gr

from seq2seq import Translator
from seq2seq.alignment.head_maps import Flow, MapUnits, make_head_maps
from seq2seq.inference.results import Alternative, Translation

from ..http.security import describe
from ..routes.libretranslate import options_for
from .backend import Backend, CallResult
from .explain import NothingToExplainError, show_candidates
from .labels import LABELS
from .state import PagePart, PartVersion


class PageApi:
    """One public method a function; `offer` puts them on the page that is being built."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def offer(self) -> None:
        """Register the functions with the page."""
        functions: list[Callable[..., Any]] = [self.languages, self.translate, self.alternatives, self.score]
        for function in (*functions, self.align, self.attention, self.candidates):
            gr.api(function, api_name=function.__name__)

    async def languages(self) -> list[list[str]]:
        """List the pairs of language codes that can be translated, each as source and target."""
        return [list(pair) for pair in self.backend.service.registry.reachable]

    async def translate(self, text: str, source: str, target: str) -> str:
        """Translate a text.

        Args:
            text: The text to translate, of one or many lines.
            source: The code of its language, such as en, or auto.
            target: The code of the language to translate to, such as de.
        """
        (best,) = await self._translate(text, source, target, 1)
        return str(best["text"])

    async def alternatives(
        self, text: str, source: str, target: str, count: int = 4
    ) -> list[dict[str, float | str]]:
        """Translate a text in several ways, best first, each with its score.

        Args:
            text: The text to translate.
            source: The code of its language, such as en, or auto.
            target: The code of the language to translate to, such as de.
            count: How many translations.
        """
        return await self._translate(text, source, target, count)

    async def score(self, text: str, translation: str, source: str, target: str) -> float:
        """Return the log-probability of a translation of a text: the sum over its tokens.

        Args:
            text: The text.
            translation: A translation of it.
            source: The code of the text's language, such as en.
            target: The code of the translation's language, such as de.
        """
        call: Callable[[Translator], float] = lambda t: t.score(text, translation).log_probability  # noqa: E731
        return float(await self._call([text, translation], source, target, call))

    async def align(self, text: str, translation: str, source: str, target: str) -> dict[str, Any]:
        """Align the words of a translation with those of its text.

        Returns the words of both ("source", "target"), "weights" between them, and "links", each the numbers
        of a source word and a target word.

        Args:
            text: The text.
            translation: A translation of it.
            source: The code of the text's language, such as en.
            target: The code of the translation's language, such as de.
        """
        call: Callable[[Translator], dict[str, Any]] = lambda t: t.align(text, translation).to_json()  # noqa: E731
        return await self._call([text, translation], source, target, call)

    async def attention(
        self,
        text: str,
        translation: str,
        source: str,
        target: str,
        flow: Literal["cross", "encoder", "decoder"] = "cross",
        layer: int = 0,
        head: int = 0,
        units: Literal["words", "pieces"] = "words",
    ) -> dict[str, Any]:
        """Return the attention map of one head: names of "rows" and "columns", and "weights"; rows sum to 1.

        Args:
            text: The text.
            translation: A translation of it.
            source: The code of the text's language, such as en.
            target: The code of the translation's language, such as de.
            flow: cross (translation to text), encoder (text to itself) or decoder (translation to itself).
            layer: The layer, counted from 0.
            head: The head, counted from 0.
            units: Whole words, or the tokens (pieces) that the model reads.
        """
        return await self._call(
            [text, translation],
            source,
            target,
            lambda translator: _attention(translator, text, translation, flow, layer, head, units),
        )

    async def candidates(
        self, text: str, translation: str, source: str, target: str
    ) -> list[list[dict[str, float | str]]]:
        """List the most probable tokens of each step of a translation, and of the step after it.

        Args:
            text: The text.
            translation: A translation of it, or the beginning of one.
            source: The code of the text's language, such as en.
            target: The code of the translation's language, such as de.
        """
        return await self._call(
            [text, translation], source, target, lambda translator: _candidates(translator, text, translation)
        )

    async def _translate(
        self, text: str, source: str, target: str, count: int
    ) -> list[dict[str, float | str]]:
        try:
            client = self._admit([text, source, target])
            if not isinstance(count, int) or count < 1:
                raise ValueError(f"count is {count!r}; give a whole number from 1")
            self.backend.limits.check_texts([text])
            self.backend.limits.check_candidates(count - 1)
            (routed,) = await self.backend.service.translate(
                [text], source, target, options_for(count - 1), client
            )
            return [_scored(routed.best), *map(_scored, routed.best.alternatives)]
        except Exception as error:
            raise _api_error(error) from None

    async def _call(
        self, texts: list[str], source: str, target: str, call: Callable[[Translator], CallResult]
    ) -> CallResult:
        """Return the result of a call to the translator of a pair, once the texts have passed the limits."""
        try:
            client = self._admit([*texts, source, target])
            self.backend.limits.check_texts(texts)
            translator = await self.backend.translator((source, target))
            costs = [sum((await self.backend.service.segment(translator, text)).costs) for text in texts]
            return await self.backend.run(client, sum(costs), lambda: call(translator))
        except Exception as error:
            raise _api_error(error) from None

    def _admit(self, texts: list[str]) -> str:
        """Return the name under which a program's requests are queued, once its arguments are texts.

        Gradio does not check the types that it tells programs.
        """
        client = self.backend.admit()
        for text in texts:
            if not isinstance(text, str):
                raise ValueError(f"{text!r} is no text; give a string")
        return client


def _api_error(error: Exception) -> gr.Error:
    """Return a failure with the English sentence that the REST routes have for it."""
    if isinstance(error, NothingToExplainError):
        sentence = LABELS["en"][error.label]
    else:
        sentence = str(error) if isinstance(error, ValueError) else describe(error)[1]
    return gr.Error(sentence, print_exception=False)


def _scored(translation: Translation | Alternative) -> dict[str, float | str]:
    return {"text": translation.text, "score": translation.score}


def _attention(
    translator: Translator,
    text: str,
    translation: str,
    flow: Flow,
    layer: int,
    head: int,
    units: MapUnits,
) -> dict[str, Any]:
    sheet = make_head_maps(
        translator.attention(text, translation), flow, units, translator.settings.alignment.read
    )
    layers, heads = sheet.weights.shape[0], sheet.weights.shape[1] - 1  # the last plane is their mean
    if not (0 <= layer < layers and 0 <= head < heads):
        raise ValueError(
            f"layer {layer}, head {head} is not among the {layers} layers of {heads} heads, counted from 0"
        )
    weights = [[round(weight, 4) for weight in row] for row in sheet.weights[layer, head].tolist()]
    return {"rows": sheet.rows, "columns": sheet.columns, "weights": weights}


def _candidates(translator: Translator, text: str, translation: str) -> list[list[dict[str, float | str]]]:
    tokenizer = translator.tokenizer_of(text)
    version = PartVersion(translation, tuple(tokenizer.pieces(tokenizer.target.encode(translation))))
    steps = show_candidates(translator, PagePart(text, "", (version,)))["steps"]
    return [[{"piece": piece, "probability": value} for piece, value in step] for step in steps]
