"""The REST routes in LibreTranslate's wire shapes, so that its many clients work unchanged.

    POST /translate  {"q": "..." or ["...", ...], "source": "en" or "auto", "target": "de", "alternatives": 2}
                     -> {"translatedText": "..." or [...], "alternatives": [...]}     JSON or form
    POST /detect     {"q": "..."} -> [{"confidence", "language"}]
    GET  /languages  -> [{"code", "name", "targets"}]

Every error is {"error": sentence}: 400 for a value that is missing, wrong or beyond a limit.
"""

import asyncio
from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from seq2seq import DecodeOptions
from seq2seq.documents.html import translate_html

from ..engine.documents import DocumentExecutor, html_terms
from ..engine.language_id import DetectedLanguage
from ..engine.routing import Route, RoutedTranslation
from ..engine.service import AUTO, Service
from ..http.auth import Authenticator
from ..http.parsing import Body, read_request, refuse, request_schema, while_connected

SOURCE = Field(description="the code of the language of q, such as en, or auto")
TARGET = Field(description="the code of the language to translate to, such as de")
Q = Field(description="a text or a list of texts")


class TranslateRequest(Body):
    """What POST /translate takes."""

    q: str | list[str] = Q
    source: str = SOURCE
    target: str = TARGET
    format: Literal["text", "html"] = Field("text", description='"text" or "html"')
    alternatives: int = Field(0, ge=0, le=1_000_000, description="the number of further translations, from 0")

    @property
    def texts(self) -> list[str]:
        """The texts to translate: q, or q alone in a list."""
        return [self.q] if isinstance(self.q, str) else self.q


class DetectRequest(Body):
    """What POST /detect takes."""

    q: str = Field(description="a text")


class DetectedLanguageAnswer(BaseModel):
    """A language and how sure we are of it, from 0 to 100."""

    confidence: float
    language: str


class TranslateAnswer(BaseModel):
    """What POST /translate answers: lists where q was a list; the rest only when asked for.

    `pivot` is there where no model knows the pair: the language between (null for a text without).
    """

    translatedText: str | list[str]  # noqa: N815 - the wire shape
    detectedLanguage: DetectedLanguageAnswer | list[DetectedLanguageAnswer] | None = None  # noqa: N815
    alternatives: list[str] | list[list[str]] | None = None
    pivot: str | list[str | None] | None = None


class LanguageAnswer(BaseModel):
    """One language of GET /languages."""

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


def make_router(service: Service, access: Authenticator, documents: DocumentExecutor) -> APIRouter:
    """The routes, answered by a service."""
    router = APIRouter()

    @router.post(
        "/translate",
        response_model=TranslateAnswer,
        responses=FAILURES,
        openapi_extra=request_schema(TranslateRequest),
    )
    async def translate(request: Request) -> JSONResponse:
        """Translate a text or a list of texts."""
        asked = await read_request(request, TranslateRequest)
        client = access.admit(address(request), asked.api_key)
        service.limits.check_texts(asked.texts)
        service.limits.check_candidates(asked.alternatives)
        if asked.format == "html":
            return JSONResponse(await while_connected(request, _translate_html(asked, documents, client)))
        options = options_for(asked.alternatives)
        work = service.translate(asked.texts, asked.source, asked.target, options, client)
        return JSONResponse(_answer(asked, await while_connected(request, work)))

    @router.post(
        "/detect",
        response_model=list[DetectedLanguageAnswer],
        responses=FAILURES,
        openapi_extra=request_schema(DetectRequest),
    )
    async def detect(request: Request) -> JSONResponse:
        """Tell which of the known languages a text is in, likeliest first."""
        asked = await read_request(request, DetectRequest)
        access.admit(address(request), asked.api_key)
        service.limits.check_texts([asked.q])
        first, *others = await service.detect(asked.q)
        return JSONResponse([first.to_json(), *(each.to_json() for each in others if each.confidence)])

    @router.get("/languages", response_model=list[LanguageAnswer])
    async def languages() -> list[dict[str, str | list[str]]]:
        """The languages, and what each can be translated to."""
        return service.catalog.languages()

    return router


def address(request: Request) -> str:
    """Where a request comes from: the peer's address, or what a proxy on this machine says it is."""
    return request.client.host if request.client else ""


def options_for(alternatives: int) -> DecodeOptions:
    """The usual search, wide enough for a best translation and so many alternatives."""
    count = 1 + alternatives
    return DecodeOptions(beam_size=max(DecodeOptions.beam_size, count), num_hypotheses=count)


async def _translate_html(
    asked: TranslateRequest, documents: DocumentExecutor, client: str
) -> dict[str, Any]:
    """The answer for HTML: each text a document of its own; their blocks share batches all the same."""
    if asked.alternatives:
        refuse('alternatives are not made of HTML; send alternatives 0, or format "text"')
    runs = (
        documents.run(
            partial(translate_html, text),
            asked.source,
            asked.target,
            client,
            html_terms(documents.service.limits),
        )
        for text in asked.texts
    )
    found = await asyncio.gather(*runs)
    answer: dict[str, list[Any]] = {"translatedText": [text for text, _ in found]}
    return _shape(asked, answer, [route for _, route in found])


def _answer(asked: TranslateRequest, found: list[RoutedTranslation]) -> dict[str, Any]:
    """The translations in the shape of the question: single for a text, lists for a list."""
    answer: dict[str, list[Any]] = {"translatedText": [each.best.text for each in found]}
    if asked.alternatives:
        answer["alternatives"] = [[other.text for other in each.best.alternatives] for each in found]
    return _shape(asked, answer, [each.route for each in found])


def _shape(asked: TranslateRequest, answer: dict[str, list[Any]], routes: list[Route]) -> dict[str, Any]:
    """The answer with what is to be said of the ways; no lists where q was a text."""
    if asked.source.lower() == AUTO:
        unknown = DetectedLanguage(asked.target.lower(), 0.0)  # HTML in which no text is
        answer["detectedLanguage"] = [(route.detected or unknown).to_json() for route in routes]
    if any(route.pivots for route in routes):
        answer["pivot"] = [next(iter(route.pivots), None) for route in routes]
    return {name: values[0] for name, values in answer.items()} if isinstance(asked.q, str) else answer
