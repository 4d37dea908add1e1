"""REST routes in LibreTranslate's wire shapes, so that its many clients work unchanged.

    POST /translate  {"q": "..." or ["...", ...], "source": "en" or "auto", "target": "de", "alternatives": 2}
                     -> {"translatedText": "..." or [...], "alternatives": [...]}     JSON or form
    POST /detect     {"q": "..."} -> [{"confidence", "language"}]
    GET  /languages  -> [{"code", "name", "targets"}]

Every error is {"error": sentence}: 400 for a value that is missing, wrong or beyond a limit.
"""

import asyncio
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from seq2seq import DecodeOptions
from seq2seq.documents.html import translate_html

from ..engine.documents import DocumentExecutor, html_limits
from ..engine.language_id import DetectedLanguage
from ..engine.routing import Route
from ..engine.segments import RoutedTranslation
from ..engine.service import AUTO, Service
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import Body, BodyReader, refuse, while_connected

SOURCE = Field(description="the code of the language of q, such as en, or auto")
TARGET = Field(description="the code of the language to translate to, such as de")
Q = Field(description="a text or a list of texts")


class TranslateRequest(Body):
    """Body of POST /translate."""

    q: str | list[str] = Q
    source: str = SOURCE
    target: str = TARGET
    format: Literal["text", "html"] = Field("text", description='"text" or "html"')
    alternatives: int = Field(0, ge=0, le=1_000_000, description="the number of further translations, from 0")

    @property
    def texts(self) -> list[str]:
        """The texts to translate; q alone in a list where it is one text."""
        return [self.q] if isinstance(self.q, str) else self.q


class DetectRequest(Body):
    """Body of POST /detect."""

    q: str = Field(description="a text")


class DetectedLanguageAnswer(BaseModel):
    """A language and the confidence in it, from 0 to 100."""

    confidence: float
    language: str


class TranslateAnswer(BaseModel):
    """Answer of POST /translate: lists where q was a list; optional fields only when requested.

    `pivot` is the intermediate language where no model knows the pair, null for a text that needed none.
    """

    translatedText: str | list[str]  # noqa: N815 - the wire shape
    detectedLanguage: DetectedLanguageAnswer | list[DetectedLanguageAnswer] | None = None  # noqa: N815
    alternatives: list[str] | list[list[str]] | None = None
    pivot: str | list[str | None] | None = None


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


TRANSLATE_BODY = BodyReader(TranslateRequest, forms=True)
DETECT_BODY = BodyReader(DetectRequest, forms=True)


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
        texts = body.texts
        service.limits.check_texts(texts)
        service.limits.check_candidates(body.alternatives)
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
        """Detect which of the served languages a text is in, likeliest first."""
        text = admitted.body.q
        service.limits.check_texts([text])
        # The likeliest is named even of a text without letters; of the others only those that are possible.
        likeliest, *others = await service.detect(text)
        possible = [likeliest, *(language for language in others if language.confidence)]
        return JSONResponse([language.to_json() for language in possible])

    @router.get("/languages", response_model=list[LanguageAnswer])
    async def languages() -> list[dict[str, str | list[str]]]:
        """List the languages, and what each can be translated to."""
        return service.registry.languages()

    return router


@lru_cache(maxsize=64)
def options_for(alternatives: int) -> DecodeOptions:
    """Return the default search, its beam wide enough for a translation and its alternatives."""
    count = 1 + alternatives
    return DecodeOptions(beam_size=max(DecodeOptions.beam_size, count), num_hypotheses=count)


async def _translate_html(body: TranslateRequest, documents: DocumentExecutor, client: str) -> dict[str, Any]:
    """Return the answer for HTML; each text is a document of its own, but their blocks share batches."""
    if body.alternatives:
        refuse('alternatives are not made of HTML; send alternatives 0, or format "text"')
    limits = html_limits(documents.service.limits)
    results = await asyncio.gather(
        *(
            documents.run(partial(translate_html, text), body.source, body.target, client, limits)
            for text in body.texts
        )
    )
    return _shape(body, {"translatedText": [html for html, _ in results]}, [route for _, route in results])


def _answer(body: TranslateRequest, translations: list[RoutedTranslation]) -> dict[str, Any]:
    """Return translations in the shape of the request: single for a text, lists for a list."""
    best = [translation.best for translation in translations]
    answer: dict[str, list[Any]] = {"translatedText": [translation.text for translation in best]}
    if body.alternatives:
        answer["alternatives"] = [
            [alternative.text for alternative in translation.alternatives] for translation in best
        ]
    return _shape(body, answer, [translation.route for translation in translations])


def _shape(body: TranslateRequest, answer: dict[str, list[Any]], routes: list[Route]) -> dict[str, Any]:
    """Return the answer with detected and intermediate languages; without lists where q was a text."""
    if body.source.lower() == AUTO:
        unknown = DetectedLanguage(body.target.lower(), 0.0)  # of HTML without any text
        answer["detectedLanguage"] = [(route.detected or unknown).to_json() for route in routes]
    if any(len(route.hops) > 1 for route in routes):
        answer["pivot"] = [next(iter(route.pivots), None) for route in routes]
    return {name: values[0] for name, values in answer.items()} if isinstance(body.q, str) else answer
