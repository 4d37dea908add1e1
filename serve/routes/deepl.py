"""Routes in DeepL's wire shapes, so that its official clients work with another `server_url`.

    POST /v2/translate  {"text": ["..."], "target_lang": "DE", "tag_handling": "xml", "ignore_tags": ["x"]}
                        -> {"translations": [{"detected_source_language": "EN", "text": "..."}]}
    GET  /v2/languages  type=source or type=target -> [{"language", "name"}]
    GET  /v2/usage      -> {"character_count", "character_limit"}

Bodies are JSON or forms. A key comes as `Authorization: DeepL-Auth-Key`, an error is {"message": sentence}.
What changes the words but is not known here (glossaries, translation memories) is refused; docs/serving.md
lists what is left out.
"""

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, field_validator

from seq2seq.documents.markup import TagRules, translate_html_except, translate_xml
from seq2seq.text.languages import code_with_script, language_name

from ..engine.documents import DocumentExecutor, html_limits
from ..engine.registry import ModelRegistry
from ..engine.routing import Route
from ..engine.service import AUTO, Service
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import LenientBody, LenientReader, refuse, shown, while_connected
from .libretranslate import FAILURES, options_for

SCHEME = "deepl-auth-key"
UNLIMITED = 1_000_000_000_000  # the characters that DeepL names where there is no limit
NO_GLOSSARIES = "nothing: this server has none; POST /v1/translate takes a glossary with the text"
MOST_TAGS = 100  # names of tags in one request
# Targets that DeepL lists by region; its clients refuse to send the bare code.
REGIONS = {"en": ["en-GB", "en-US"], "pt": ["pt-BR", "pt-PT"]}


class DeepLRequest(LenientBody):
    """Body of POST /v2/translate, without the fields that have no effect."""

    text: str | list[str] = Field(description="a list of texts")
    target_lang: str = Field(description="the code of the language to translate to, such as DE")
    source_lang: str | None = Field(
        None, description="the code of the language of the texts, or leave it out"
    )
    tag_handling: Literal["html", "xml"] | None = Field(None, description='"html", "xml" or nothing')
    ignore_tags: list[str] = Field([], description="names of elements that are not translated")
    splitting_tags: list[str] = Field([], description="names of XML tags that end a sentence")
    non_splitting_tags: list[str] = Field([], description="names of XML tags that end no sentence")
    outline_detection: bool = Field(True, description="true or false: whether other XML tags are told apart")
    auth_key: str | None = Field(None, description="a key of this server, where there is no header")
    glossary_id: Literal[None, ""] = Field(None, description=NO_GLOSSARIES)
    glossary_ids: list[Any] | None = Field(None, max_length=0, description=NO_GLOSSARIES)
    translation_memory_id: Literal[None, ""] = Field(None, description="nothing: there are no memories here")

    @property
    def texts(self) -> list[str]:
        """The texts to translate."""
        return [self.text] if isinstance(self.text, str) else self.text

    @property
    def text_count(self) -> int:
        """The number of texts, from 1, which a client's rate counts."""
        return max(1, len(self.texts))

    @field_validator("tag_handling", mode="before")
    @classmethod
    def _none_where_empty(cls, value: Any) -> Any:
        return value or None

    @field_validator("ignore_tags", "splitting_tags", "non_splitting_tags", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """Return names from a list or from texts with commas between them, as forms send them."""
        entries = [value] if isinstance(value, str) else value or []
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            return value
        names = [name.strip() for entry in entries for name in entry.split(",") if name.strip()]
        if len(names) > MOST_TAGS:
            refuse(f"the request names {len(names)} tags in one list, but at most {MOST_TAGS} are allowed")
        return names


class LanguagesRequest(LenientBody):
    """Fields of GET /v2/languages."""

    type: Literal["source", "target"] = Field("source", description='"source" or "target"')


class DeepLTranslation(BaseModel):
    """One translation."""

    detected_source_language: str
    text: str
    billed_characters: int


class DeepLAnswer(BaseModel):
    """Answer of POST /v2/translate: one translation a text, in order."""

    translations: list[DeepLTranslation]


class DeepLLanguage(BaseModel):
    """A language of GET /v2/languages."""

    language: str
    name: str
    supports_formality: bool | None = None


class UsageAnswer(BaseModel):
    """Answer of GET /v2/usage: nothing is counted, and there is no limit over time."""

    character_count: int
    character_limit: int


class DeepLError(BaseModel):
    """The shape of every error under /v2."""

    message: str


DEEPL_FAILURES: dict[int | str, dict[str, Any]] = {
    status: {**failure, "model": DeepLError} for status, failure in FAILURES.items()
}
TRANSLATE_BODY = LenientReader(DeepLRequest, forms=True)
LANGUAGES_FIELDS = LenientReader(LanguagesRequest, forms=True)
TYPE_PARAMETER = {
    "parameters": [
        {"name": "type", "in": "query", "schema": {"type": "string", "enum": ["source", "target"]}}
    ]
}


def make_router(service: Service, authenticator: Authenticator, documents: DocumentExecutor) -> APIRouter:
    """Return the routes, answered by a service."""
    router = APIRouter(prefix="/v2")

    @router.post(
        "/translate",
        response_model=DeepLAnswer,
        responses=DEEPL_FAILURES,
        openapi_extra=TRANSLATE_BODY.openapi,
    )
    async def translate(
        request: Request,
        admitted: Annotated[Admitted[DeepLRequest], Depends(Admission(authenticator, _read_body))],
    ) -> JSONResponse:
        """Translate texts, plain or with tags."""
        body, client = admitted
        service.limits.check_texts(body.texts)
        target = _served(service.registry, "target_lang", body.target_lang)
        source = _served(service.registry, "source_lang", body.source_lang) if body.source_lang else AUTO
        if source == target:
            return JSONResponse(_answer(body.texts, body.texts, [source] * len(body.texts)))
        if body.tag_handling:
            work = _with_tags(body, source, target, documents, client)
        else:
            work = _plain(body, source, target, service, client)
        translations, sources = await while_connected(request, work)
        return JSONResponse(_answer(body.texts, translations, sources))

    @router.get(
        "/languages",
        response_model=list[DeepLLanguage],
        responses={status: DEEPL_FAILURES[status] for status in (400, 408, 413, 415)},
        openapi_extra=TYPE_PARAMETER,
    )
    async def languages(request: Request) -> JSONResponse:
        """List the source or the target languages; the official client sends a form with GET."""
        fields = await LANGUAGES_FIELDS(request)
        return JSONResponse(list_languages(service.registry, of_targets=fields.type == "target"))

    @router.get("/usage", response_model=UsageAnswer)
    async def usage() -> dict[str, int]:
        """Tell that the use is not limited."""
        return {"character_count": 0, "character_limit": UNLIMITED}

    return router


def list_languages(registry: ModelRegistry, *, of_targets: bool) -> list[dict[str, Any]]:
    """Return the source or the target languages; targets by region or script where DeepL lists them so."""
    pairs = registry.reachable
    if not of_targets:
        return [_language(code) for code in sorted({source for source, _ in pairs})]
    codes: list[str] = []
    for code in sorted({target for _, target in pairs}):
        written = code_with_script(code)
        codes += REGIONS.get(code, [code, written] if written else [code])
    return [{**_language(code), "supports_formality": False} for code in codes]


def _language(code: str) -> dict[str, Any]:
    return {"language": code.upper(), "name": language_name(code)}


async def _plain(
    body: DeepLRequest, source: str, target: str, service: Service, client: str
) -> tuple[list[str], list[str]]:
    """Translate texts without tags; return the translations and the languages of the texts."""
    results = await service.translate(body.texts, source, target, options_for(0), client)
    return [result.best.text for result in results], [_source_of(result.route, source) for result in results]


async def _with_tags(
    body: DeepLRequest, source: str, target: str, documents: DocumentExecutor, client: str
) -> tuple[list[str], list[str]]:
    """Translate texts with tags, each a document of its own; return as `_plain`."""
    limits = html_limits(documents.service.limits)
    if body.tag_handling == "html":
        translate = partial(translate_html_except, ignored=body.ignore_tags)
    else:
        rules = TagRules(
            frozenset(body.ignore_tags),
            frozenset(body.splitting_tags),
            frozenset(body.non_splitting_tags),
            body.outline_detection,
        )
        translate = partial(translate_xml, rules=rules)
    results = await asyncio.gather(
        *(documents.run(partial(translate, text), source, target, client, limits) for text in body.texts)
    )
    return [text for text, _ in results], [_source_of(route, source) for _, route in results]


def _source_of(route: Route, source: str) -> str:
    """Return the language of a text: the detected one where it was not given."""
    return route.detected.language if route.detected else source


def _answer(texts: list[str], translations: list[str], sources: list[str]) -> dict[str, Any]:
    return {
        "translations": [
            {
                # Of a text of tags alone no language is detected, and DeepL's clients expect a code.
                "detected_source_language": "EN" if source == AUTO else source.upper(),
                "text": translation,
                "billed_characters": len(text),
            }
            for text, translation, source in zip(texts, translations, sources, strict=True)
        ]
    }


def _served(registry: ModelRegistry, field: str, code: str) -> str:
    """Return the code of the registry for a language of a request."""
    served = registry.served(code)
    if served not in registry.codes:
        kind = field.partition("_")[0]
        refuse(f"{field} {shown(code)} is not supported; GET /v2/languages?type={kind} lists what is")
    return served


async def _read_body(request: Request) -> DeepLRequest:
    """Return the checked body of a request, with the key of its header or of `auth_key`."""
    body = await TRANSLATE_BODY(request)
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    body.api_key = (key.strip() if kind.lower() == SCHEME else None) or body.auth_key
    return body
