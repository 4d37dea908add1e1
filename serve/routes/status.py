"""Status of the server: GET /health, /ready, /metrics, /v1/models and /v1/models/NAME.

/health: the process answers. /ready: the server takes requests, 503 once it is stopping, and while a search
hangs or its process has not begun; lazy models need not be loaded for that. /v1/models: OpenAI's list with
fields of our own.
"""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from ..engine.process_pool import ProcessPool
from ..engine.registry import LanguageModelEntry, ModelRegistry, TranslationModel
from ..engine.service import Service
from ..http.parsing import abbreviate
from .libretranslate import FAILURES


class StatusAnswer(BaseModel):
    """Answer of GET /health and /ready."""

    status: Literal["ok"]


class ModelAnswer(BaseModel):
    """A model; the fields from `parameters` on are null until it is loaded.

    A translation model has source and target languages, a language model `languages` and its `context` in
    tokens.
    """

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    source_languages: list[str] | None = None
    target_languages: list[str] | None = None
    languages: list[str] | None = None
    loaded: bool
    backend: str | None = None
    parameters: int | None = None
    layers: int | None = None
    heads: int | None = None
    context: int | None = None
    longest_source: int | None = None
    alignment: dict[str, int | str] | None = None


class ModelsAnswer(BaseModel):
    """Answer of GET /v1/models: OpenAI's list."""

    object: Literal["list"]
    data: list[ModelAnswer]


METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format"}
}
NO_MODEL = {**FAILURES[400], "description": "There is no such model"}


def make_router(service: Service, pool: ProcessPool | None = None) -> APIRouter:
    """Return the routes, answered by a service whose searches run in a pool, if there is one."""
    router = APIRouter()

    @router.get("/health", response_model=StatusAnswer)
    async def health() -> dict[str, str]:
        """Tell that the server answers."""
        return {"status": "ok"}

    @router.get("/ready", response_model=StatusAnswer, responses={503: FAILURES[503]})
    async def ready() -> dict[str, str]:
        """Tell whether the server takes requests."""
        if service.batcher.stopping:
            raise HTTPException(503, "the server is stopping", {"retry-after": "5"})
        if (pool and not pool.ready) or service.batcher.stuck:
            sentence = "a search does not answer, or its process has not begun; ask again later"
            raise HTTPException(503, sentence, {"retry-after": "5"})
        return {"status": "ok"}

    @router.get("/metrics", response_class=Response, responses=METRICS_ANSWER)
    async def metrics() -> Response:
        """Return all metrics for Prometheus."""
        return Response(service.metrics.write(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/models", response_model=ModelsAnswer)
    async def models() -> dict[str, Any]:
        """List the models, their languages and their sizes."""
        return {"object": "list", "data": _describe_all(service.registry)}

    # A hub id holds a slash, hence a path.
    @router.get("/v1/models/{name:path}", response_model=ModelAnswer, responses={404: NO_MODEL})
    async def model(name: str) -> dict[str, Any]:
        """Describe one model."""
        for entry in _describe_all(service.registry):
            if entry["id"] == name:
                return entry
        raise HTTPException(404, f"there is no model {abbreviate(name)}; GET /v1/models lists the models")

    return router


def _describe_all(registry: ModelRegistry) -> list[dict[str, Any]]:
    return [
        *map(_describe_translation_model, registry.models),
        *map(_describe_language_model, registry.language_models),
    ]


def _describe(entry: TranslationModel | LanguageModelEntry) -> dict[str, Any]:
    """Return the fields that all models have; those of a loaded model are added to them."""
    return {
        "id": entry.name,
        "object": "model",
        "created": entry.created,
        "owned_by": "seq2seq",
        "loaded": entry.loaded is not None,
    }


def _describe_translation_model(entry: TranslationModel) -> dict[str, Any]:
    known = {**_describe(entry), "source_languages": entry.sources, "target_languages": entry.targets}
    if entry.loaded is None:
        return known
    model, settings = entry.loaded.model, entry.loaded.settings
    head = settings.alignment
    return {
        **known,
        "backend": entry.loaded.backend,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "layers": model.config.decoder_layers,
        "heads": model.config.cross_attention.heads,
        "longest_source": settings.longest_source,
        "alignment": {"layer": head.layer, "head": head.head, "read": head.read},
    }


def _describe_language_model(entry: LanguageModelEntry) -> dict[str, Any]:
    known = {**_describe(entry), "languages": entry.languages}
    if entry.loaded is None:
        return known
    model = entry.loaded.model
    return {
        **known,
        "backend": entry.loaded.backend,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "layers": model.config.decoder_layers,
        "heads": model.config.decoder_attention.heads,
        "context": model.config.max_length,
    }
