"""Description of the server for LibreTranslate's clients: GET /spec, GET /frontend/settings, POST /suggest.

GNOME Dialect takes a server for LibreTranslate's by the title in /spec, and reads the settings; so does the
PHP client. Suggestions of better translations are kept where the server has a file for them; otherwise
/suggest is refused.
"""

import asyncio
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from seq2seq.documents import SUPPORTED
from seq2seq.text.languages import language_name

from ..engine.service import AUTO, Service
from ..errors import Busy
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import LenientBody, LenientReader, refuse, shown
from .libretranslate import FAILURES, TARGET, served_pair, text_limits

log = logging.getLogger("seq2seq.serve")
TITLE = "LibreTranslate"  # for which Dialect looks
FRONTEND_TIMEOUT = 500  # milliseconds that a page waits after the last key before it translates


class SuggestRequest(LenientBody):
    """Body of POST /suggest."""

    q: str = Field(description="a text")
    s: str = Field(description="its better translation")
    source: str = Field(description="the code of the language of q, such as en")
    target: str = TARGET


SUGGEST_BODY = LenientReader(SuggestRequest, forms=True)


class SuggestAnswer(BaseModel):
    """Answer of POST /suggest."""

    success: bool


class NamedLanguage(BaseModel):
    """A language and its English name."""

    code: str
    name: str


class FrontendLanguages(BaseModel):
    """The languages that a page begins with."""

    source: NamedLanguage
    target: NamedLanguage


class SettingsAnswer(BaseModel):
    """Answer of GET /frontend/settings, with LibreTranslate's names."""

    charLimit: int  # noqa: N815 - the wire shape
    frontendTimeout: int  # noqa: N815
    apiKeys: bool  # noqa: N815
    keyRequired: bool  # noqa: N815
    suggestions: bool
    filesTranslation: bool  # noqa: N815
    supportedFilesFormat: list[str]  # noqa: N815
    language: FrontendLanguages


def make_router(service: Service, authenticator: Authenticator) -> APIRouter:
    """Return the routes, answered by a service."""
    router = APIRouter()
    project = service.project
    keeps = project is not None and project.suggestions is not None

    @router.get("/spec", response_model=dict[str, Any])
    async def spec(request: Request) -> JSONResponse:
        """Return the OpenAPI description under LibreTranslate's title."""
        description = request.app.openapi()
        return JSONResponse({**description, "info": {**description["info"], "title": TITLE}})

    @router.get("/frontend/settings", response_model=SettingsAnswer)
    async def settings() -> dict[str, Any]:
        """Return the limits, formats and languages that a page of LibreTranslate's needs."""
        # The target of the first model; a server without translation models still has a page.
        target = next((target for _, target in service.registry.pairs), "en")
        return {
            "charLimit": service.limits.characters,
            "frontendTimeout": FRONTEND_TIMEOUT,
            "apiKeys": authenticator.needs_key,
            "keyRequired": authenticator.needs_key,
            "suggestions": keeps,
            "filesTranslation": True,
            "supportedFilesFormat": list(SUPPORTED),
            "language": {
                "source": {"code": AUTO, "name": "Auto Detect"},
                "target": {"code": target, "name": language_name(target)},
            },
        }

    if project is None or project.suggestions is None:
        router.add_api_route(
            "/suggest", _refuse, methods=["POST"], response_model=None, responses={403: FAILURES[403]}
        )
        return router

    @router.post(
        "/suggest",
        response_model=SuggestAnswer,
        responses=FAILURES,
        openapi_extra=SUGGEST_BODY.openapi,
    )
    async def suggest(
        admitted: Annotated[Admitted[SuggestRequest], Depends(Admission(authenticator, SUGGEST_BODY))],
    ) -> dict[str, bool]:
        """Keep a better translation, which is heeded from now on."""
        body, _ = admitted
        with text_limits():
            service.limits.check_texts([body.q, body.s])
        await asyncio.to_thread(suggest_to, service, body.q, body.s, body.source, body.target)
        return {"success": True}

    return router


def suggest_to(service: Service, text: str, suggestion: str, source: str, target: str) -> None:
    """Keep a suggestion for a text in the project of a service.

    Raises:
        HTTPException: 400 for a language that is not served, or a blank side.
        Busy: 503; the file is full or cannot be written.
    """
    assert service.project is not None
    pair = served_pair(service.registry, source, target)
    if pair not in service.project.pairs:
        refuse(f"{shown(target)} is not supported as target of {shown(source)}")
    if not (text.strip() and suggestion.strip()):
        refuse("Invalid request: q and s must have text")
    try:
        service.project.suggest(text, suggestion, pair)
    except (OSError, ValueError) as error:
        # Without the name of the file, which is the operator's.
        log.error("a suggestion could not be kept: %s", error)
        raise Busy(
            "busy_suggestions", "the server cannot keep suggestions now; tell its operator", 60
        ) from None


async def _refuse() -> None:
    """Refuse a suggestion."""
    raise HTTPException(403, "Suggestions are disabled on this server.")
