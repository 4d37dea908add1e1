"""What the server says of itself: GET /health, /ready, /metrics and /v1/models.

/health: the process answers. /ready: it takes requests, 503 once it is stopping; with models loaded on
first use it is ready before they are. /v1/models: OpenAI's list with our fields added.
"""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from ..engine.registry import LanguageModelEntry, TranslationModel
from ..engine.service import Service
from .libretranslate import FAILURES


class StatusAnswer(BaseModel):
    """Whether all is well."""

    status: Literal["ok"]


class ModelAnswer(BaseModel):
    """A model; the fields from `parameters` on are null until it is loaded.

    A translator has source and target languages, a language model `languages` and its `context` in tokens.
    """

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    source_languages: list[str] | None = None
    target_languages: list[str] | None = None
    languages: list[str] | None = None
    loaded: bool
    parameters: int | None = None
    layers: int | None = None
    heads: int | None = None
    context: int | None = None
    longest_source: int | None = None
    alignment: dict[str, int | str] | None = None


class ModelsAnswer(BaseModel):
    """OpenAI's list."""

    object: Literal["list"]
    data: list[ModelAnswer]


METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format"}
}


def make_router(service: Service) -> APIRouter:
    """The routes, answered by a service."""
    router = APIRouter()

    @router.get("/health", response_model=StatusAnswer)
    async def health() -> dict[str, str]:
        """Says that the server answers."""
        return {"status": "ok"}

    @router.get("/ready", response_model=StatusAnswer, responses={503: FAILURES[503]})
    async def ready() -> dict[str, str]:
        """Says whether the server takes requests."""
        if service.batcher.stopping:
            raise HTTPException(503, "the server is stopping", {"retry-after": "5"})
        return {"status": "ok"}

    @router.get("/metrics", response_class=Response, responses=METRICS)
    async def metrics() -> Response:
        """All figures for Prometheus."""
        return Response(service.metrics.write(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/models", response_model=ModelsAnswer)
    async def models() -> dict[str, Any]:
        """The models, what they translate, and how they are built."""
        catalog = service.catalog
        known = [*map(_describe, catalog.offers), *map(_describe_writer, catalog.writers)]
        return {"object": "list", "data": known}

    return router


def _describe(offer: TranslationModel) -> dict[str, Any]:
    known = {
        "id": offer.name,
        "object": "model",
        "created": offer.created,
        "owned_by": "seq2seq",
        "source_languages": offer.sources,
        "target_languages": offer.targets,
        "loaded": offer.loaded is not None,
    }
    if offer.loaded is None:
        return known
    config, settings = offer.loaded.model.config, offer.loaded.settings
    head = settings.alignment
    return {
        **known,
        "parameters": sum(each.numel() for each in offer.loaded.model.parameters()),
        "layers": config.decoder_layers,
        "heads": config.cross_attention.heads,
        "longest_source": settings.longest_source,
        "alignment": {"layer": head.layer, "head": head.head, "read": head.read},
    }


def _describe_writer(writer: LanguageModelEntry) -> dict[str, Any]:
    known = {
        "id": writer.name,
        "object": "model",
        "created": writer.created,
        "owned_by": "seq2seq",
        "languages": writer.languages,
        "loaded": writer.loaded is not None,
    }
    if writer.loaded is None:
        return known
    config = writer.loaded.model.config
    return {
        **known,
        "parameters": sum(each.numel() for each in writer.loaded.model.parameters()),
        "layers": config.decoder_layers,
        "heads": config.decoder_attention.heads,
        "context": config.max_length,
    }
