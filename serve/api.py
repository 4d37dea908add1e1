"""The REST routes, in LibreTranslate's wire shapes, so that its many clients work unchanged.

    POST /translate  {"q": "..." or ["...", ...], "source": "en", "target": "de", "alternatives": 2}
                     -> {"translatedText": "..." or [...], "alternatives": [...]}     JSON or form
    GET  /languages  -> [{"code", "name", "targets"}]
    GET  /health     -> {"status": "ok"}

Every error is {"error": sentence}: 400 for a value that is missing, wrong or beyond a limit.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from seq2seq import DecodeOptions, Translator

from .catalog import Catalog
from .limits import Limits
from .request import TranslateRequest, read_request, request_schema
from .worker import Worker

TURN = 16  # texts that are translated side by side before another request has its turn
CLIENT_LEFT = 499  # nobody reads this answer; the code is the one that proxies log


class TranslateAnswer(BaseModel):
    """What POST /translate answers: lists where q was a list; alternatives only when asked for."""

    translatedText: str | list[str]  # noqa: N815 - the wire shape
    alternatives: list[str] | list[list[str]] | None = None


class Language(BaseModel):
    """One language of GET /languages."""

    code: str
    name: str
    targets: list[str]


class Failure(BaseModel):
    """The shape of every error."""

    error: str


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "A value is missing, wrong, or beyond a limit"},
    413: {"model": Failure, "description": "The body is too large"},
    415: {"model": Failure, "description": "The body is neither JSON nor a form"},
}


def make_router(catalog: Catalog, worker: Worker, limits: Limits) -> APIRouter:
    """The routes, answered by the translators of a catalog."""
    router = APIRouter()

    @router.post(
        "/translate", response_model=TranslateAnswer, responses=ERRORS, openapi_extra=request_schema()
    )
    async def translate(request: Request) -> JSONResponse:
        """Translate a text or a list of texts."""
        asked = await read_request(request)
        translator = catalog.find(asked.source, asked.target)
        limits.check_texts(asked.texts)
        limits.check_candidates(asked.alternatives)
        await worker.run(lambda: limits.check_tokens(asked.texts, translator.tokenizer))
        found: list[tuple[str, list[str]]] = []
        async for translation in worker.stream(_translations(translator, asked)):
            found.append(translation)
            if await request.is_disconnected():
                return JSONResponse({"error": "the client left"}, CLIENT_LEFT)
        return JSONResponse(_answer(asked, found))

    @router.get("/languages", response_model=list[Language])
    async def languages() -> list[dict[str, str | list[str]]]:
        """The languages, and what each can be translated to."""
        return catalog.languages()

    @router.get("/health")
    async def health() -> dict[str, str]:
        """Says that the server answers; it starts only when its models are loaded."""
        return {"status": "ok"}

    return router


def _translations(translator: Translator, asked: TranslateRequest) -> Iterator[tuple[str, list[str]]]:
    """The best translation of each text and its alternatives, as they are ready.

    Texts go to the model a few at a time, so that others have their turn between.
    """
    count = 1 + asked.alternatives
    options = DecodeOptions(beam_size=max(DecodeOptions.beam_size, count), num_hypotheses=count)
    source, target = asked.source.lower(), asked.target.lower()
    for start in range(0, len(asked.texts), TURN):
        turn = asked.texts[start : start + TURN]
        for found in translator.translate(
            iter(turn), options, source_language=source, target_language=target
        ):
            yield found.text, [other.text for other in found.alternatives]


def _answer(asked: TranslateRequest, found: list[tuple[str, list[str]]]) -> dict[str, Any]:
    """The translations in the shape of the question: single for a text, lists for a list."""
    best = [text for text, _ in found]
    others = [alternatives for _, alternatives in found]
    single = isinstance(asked.q, str)
    answer: dict[str, Any] = {"translatedText": best[0] if single else best}
    if asked.alternatives:
        answer["alternatives"] = others[0] if single else others
    return answer
