"""REST routes in LibreTranslate's wire shapes, so that its many clients work unchanged.

    POST /translate  {"q": "..." or ["...", ...], "source": "en" or "auto", "target": "de", "alternatives": 2}
                     -> {"translatedText": "..." or [...], "alternatives": [...]}    query, JSON or form
    POST /detect     {"q": "..." or ["...", ...]} -> [{"confidence", "language"}]
    GET  /languages  -> [{"code", "name", "targets"}]

They are as lenient as LibreTranslate's server (see `lenient`), and refuse in its words where its clients and
its own tests compare them. Every error is {"error": sentence}: 400 for a value that is missing, wrong or
beyond a limit.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, field_validator

from seq2seq import DecodeOptions
from seq2seq.documents.html import translate_html
from seq2seq.inference.confidence import rounded_confidence
from seq2seq.text.languages import code_with_script, language_name, served_language
from seq2seq.text.normalization import base_language

from ..engine.documents import DocumentExecutor, MeanConfidence, html_limits
from ..engine.language_id import DetectedLanguage
from ..engine.registry import ModelRegistry
from ..engine.routing import Route
from ..engine.segments import RoutedTranslation
from ..engine.service import AUTO, Service
from ..errors import RefusalError
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import LenientBody, LenientReader, refuse, shown, while_connected

SOURCE = Field(description="the code of the language of q, such as en, or auto")
TARGET = Field(description="the code of the language to translate to, such as de")
Q = Field(description="a text or a list of texts")
OVER_TEXT_LIMIT = (
    "over_texts",
    "over_characters",
    "over_tokens",
    "over_file_characters",
)  # kinds of refusals


class TranslateRequest(LenientBody):
    """Body of POST /translate."""

    q: str | list[str] = Q
    source: str = SOURCE
    target: str = TARGET
    format: Literal["text", "html"] = Field("text", description='"text" or "html"')
    alternatives: int = Field(0, description="the number of further translations, from 0")
    confidence: bool = Field(False, description="whether the confidence, from 0 to 1, is wanted")

    @property
    def texts(self) -> list[str]:
        """The texts to translate; q alone in a list where it is one text."""
        return [self.q] if isinstance(self.q, str) else self.q

    @field_validator("format", mode="before")
    @classmethod
    def _text_by_default(cls, value: Any) -> Any:
        if not value:
            return "text"
        if value not in ("text", "html"):
            refuse(f"{shown(value)} format is not supported")
        return value

    @field_validator("confidence", mode="before")
    @classmethod
    def _flag_or_its_text(cls, value: Any) -> bool:
        return is_true(value)

    @field_validator("alternatives", mode="before")
    @classmethod
    def _number_or_its_text(cls, value: Any) -> int:
        try:
            return max(0, int(value or 0))
        except (TypeError, ValueError, OverflowError):
            refuse("Invalid request: alternatives parameter is not a number")


class DetectRequest(LenientBody):
    """Body of POST /detect."""

    q: str | list[str] = Q


class DetectedLanguageAnswer(BaseModel):
    """A language and the confidence in it, from 0 to 100."""

    confidence: float
    language: str


class TranslateAnswer(BaseModel):
    """Answer of POST /translate: lists where q was a list; optional fields only when requested.

    `pivot` is the intermediate language where no model knows the pair, null for a text that needed none.
    `confidence` is null where it is not known; of HTML it is the mean of its texts.
    """

    translatedText: str | list[str]  # noqa: N815 - the wire shape
    detectedLanguage: DetectedLanguageAnswer | list[DetectedLanguageAnswer] | None = None  # noqa: N815
    alternatives: list[str] | list[list[str]] | None = None
    pivot: str | list[str | None] | None = None
    confidence: float | list[float | None] | None = None


class LanguageAnswer(BaseModel):
    """A language of GET /languages."""

    code: str
    name: str
    targets: list[str]


class ErrorAnswer(BaseModel):
    """The shape of every error."""

    error: str


FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in {
        400: "A value is missing, wrong, or beyond a limit",
        403: "The API key is missing or not known",
        408: "The body did not come in time",
        413: "The body is too large",
        415: "The body is of another type",
        429: "Too many requests of this client",
        503: "The server is full, stops, or needed too long",
    }.items()
}


def is_true(value: Any) -> bool:
    """Return whether a flag is set; in forms and queries it is a text, and anything else does not set it."""
    return value is True or str(value).lower() in ("true", "1")


TRANSLATE_BODY = LenientReader(TranslateRequest, forms=True)
DETECT_BODY = LenientReader(DetectRequest, forms=True)


def make_router(service: Service, authenticator: Authenticator, documents: DocumentExecutor) -> APIRouter:
    """Return the routes, answered by a service."""
    router = APIRouter()

    @router.post(
        "/translate",
        response_model=TranslateAnswer,
        responses=FAILURES,
        openapi_extra=TRANSLATE_BODY.openapi,
    )
    async def translate(
        request: Request,
        admitted: Annotated[Admitted[TranslateRequest], Depends(Admission(authenticator, TRANSLATE_BODY))],
    ) -> JSONResponse:
        """Translate a text or a list of texts."""
        body, client = admitted
        texts, most = body.texts, service.limits.candidates - 1
        if body.alternatives > most:
            refuse(f"Invalid request: alternatives parameter must be <= {most}")
        body.source, body.target = served_pair(service.registry, body.source, body.target)
        with text_limits():
            service.limits.check_texts(texts)
            if body.source == body.target:
                return JSONResponse(_unchanged(body))
            if body.format == "html":
                return JSONResponse(await while_connected(request, _translate_html(body, documents, client)))
            options = options_for(body.alternatives)
            work = service.translate(texts, body.source, body.target, options, client)
            return JSONResponse(_answer(body, await while_connected(request, work)))

    @router.post(
        "/detect",
        response_model=list[DetectedLanguageAnswer],
        responses=FAILURES,
        openapi_extra=DETECT_BODY.openapi,
    )
    async def detect(
        admitted: Annotated[Admitted[DetectRequest], Depends(Admission(authenticator, DETECT_BODY))],
    ) -> JSONResponse:
        """Detect the language of a text, or of several together, likeliest first; it may not be served."""
        q = admitted.body.q
        texts = [q] if isinstance(q, str) else q
        with text_limits():
            service.limits.check_texts(texts)
        # The likeliest is named even of a text without letters; of the others only those that are possible.
        likeliest, *others = await service.detect("\n".join(texts))
        possible = [likeliest, *(language for language in others if language.confidence)]
        return JSONResponse([language.to_json() for language in possible])

    @router.get("/languages", response_model=list[LanguageAnswer])
    async def languages() -> list[dict[str, str | list[str]]]:
        """List the languages, and what each can be translated to."""
        return list_languages(service.registry)

    return router


def served_pair(registry: ModelRegistry, source: str, target: str) -> tuple[str, str]:
    """Return the codes of the registry for the languages of a request; the source may be "auto".

    Raises:
        HTTPException: 400; a language is not served.
    """
    codes = [code if code == AUTO else _served(registry, code) for code in (_auto(source), target)]
    return codes[0], codes[1]


def _auto(source: str) -> str:
    return AUTO if source.lower() == AUTO else source


def _served(registry: ModelRegistry, code: str) -> str:
    served = registry.served(code)
    if served in registry.codes:
        return served
    # LibreTranslate's sentence; what follows says that the language is served in another script.
    base = served_language(base_language(code), registry.codes)
    written = base and code_with_script(base)
    remedy = f"; {base} is served as {written}" if written else ""
    refuse(f"{shown(code)} is not supported{remedy}")


def list_languages(registry: ModelRegistry) -> list[dict[str, str | list[str]]]:
    """Return every language with its targets; also under its code with a script, where it has one.

    Weblate sends only codes that are listed, and calls simplified Chinese zh-Hans; other clients call it zh.
    """
    languages = registry.languages()
    scripts = {code: written for code in registry.codes if (written := code_with_script(code))}
    for language in languages:
        targets = language["targets"]
        language["targets"] = [*targets, *(scripts[code] for code in targets if code in scripts)]
    with_scripts = [
        {**language, "code": scripts[code], "name": language_name(scripts[code])}
        for language in languages
        if (code := str(language["code"])) in scripts
    ]
    return [*languages, *with_scripts]


@contextmanager
def text_limits() -> Iterator[None]:
    """Refuse too much text with LibreTranslate's words at the end, for which some clients look.

    Raises:
        HTTPException: 400; the text is beyond a limit.
    """
    try:
        yield
    except RefusalError as error:
        if error.kind not in OVER_TEXT_LIMIT:
            raise
        refuse(f"{error} (exceeds text limit)")


@lru_cache(maxsize=64)
def options_for(alternatives: int) -> DecodeOptions:
    """Return the default search, its beam wide enough for a translation and its alternatives."""
    count = 1 + alternatives
    return DecodeOptions(beam_size=max(DecodeOptions.beam_size, count), num_hypotheses=count)


async def _translate_html(body: TranslateRequest, documents: DocumentExecutor, client: str) -> dict[str, Any]:
    """Return the answer for HTML; each text is a document of its own, but their blocks share batches.

    There are no alternatives of HTML, as there are none in LibreTranslate.
    """
    limits = html_limits(documents.service.limits)
    confidences = [MeanConfidence() for _ in body.texts]
    results = await asyncio.gather(
        *(
            documents.run(
                partial(translate_html, text, target=body.target),
                body.source,
                body.target,
                client,
                limits,
                confidence,
            )
            for text, confidence in zip(body.texts, confidences, strict=True)
        )
    )
    answer: dict[str, list[Any]] = {"translatedText": [html for html, _ in results]}
    if body.confidence:
        answer["confidence"] = [rounded_confidence(confidence.value) for confidence in confidences]
    if body.alternatives:
        answer["alternatives"] = [[] for _ in results]
    return _shape(body, answer, [route for _, route in results])


def _unchanged(body: TranslateRequest) -> dict[str, Any]:
    """Return the answer where source and target are the same language: the texts themselves."""
    answer: dict[str, list[Any]] = {"translatedText": body.texts}
    if body.alternatives:
        answer["alternatives"] = [[] for _ in body.texts]
    return _shape(body, answer, [])


def _answer(body: TranslateRequest, translations: list[RoutedTranslation]) -> dict[str, Any]:
    """Return translations in the shape of the request: single for a text, lists for a list."""
    best = [translation.best for translation in translations]
    answer: dict[str, list[Any]] = {"translatedText": [translation.text for translation in best]}
    if body.alternatives:
        answer["alternatives"] = [
            [alternative.text for alternative in translation.alternatives] for translation in best
        ]
    if body.confidence:
        answer["confidence"] = [rounded_confidence(translation.confidence) for translation in translations]
    return _shape(body, answer, [translation.route for translation in translations])


def _shape(body: TranslateRequest, answer: dict[str, list[Any]], routes: list[Route]) -> dict[str, Any]:
    """Return the answer with detected and intermediate languages; without lists where q was a text."""
    if body.confidence:
        answer.setdefault("confidence", [None for _ in body.texts])
    if body.source == AUTO:
        unknown = DetectedLanguage(body.target, 0.0)  # of HTML without any text
        answer["detectedLanguage"] = [(route.detected or unknown).to_json() for route in routes]
    if any(len(route.hops) > 1 for route in routes):
        answer["pivot"] = [next(iter(route.pivots), None) for route in routes]
    return {name: values[0] for name, values in answer.items()} if isinstance(body.q, str) else answer
