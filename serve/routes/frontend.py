"""Description of the server for LibreTranslate's clients: GET /spec, GET /frontend/settings, POST /suggest.

GNOME Dialect takes a server for LibreTranslate's by the title in /spec, and reads the settings; so does the
PHP client. Suggestions of better translations are kept where the server has a file for them; otherwise
/suggest is refused.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from seq2seq.documents import SUPPORTED
from seq2seq.text.languages import language_name

from ..engine.service import AUTO, Service
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import LenientBody, LenientReader
from .libretranslate import FAILURES, SOURCE, TARGET, served_pair, text_limits

TITLE = "LibreTranslate"  # for which Dialect looks
FRONTEND_TIMEOUT = 500  # milliseconds that a page waits after the last key before it translates


class SuggestRequest(LenientBody):
    """Body of POST /suggest."""

    q: str = Field(description="a text")
    s: str = Field(description="its better translation")
    source: str = SOURCE
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
        source, target = served_pair(service.registry, body.source, body.target)
        await service.suggest(body.q, body.s, source, target)
        return {"success": True}

    return router


async def _refuse() -> None:
    """Refuse a suggestion."""
    raise HTTPException(403, "Suggestions are disabled on this server.")
