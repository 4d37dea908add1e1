"""POST /v1/score, /v1/align and /v1/attention: what the model thinks of a translation that is given.

    {"q": "Two dogs", "translation": "Zwei Hunde", "source": "en", "target": "de"}     lists for many pairs

/v1/score: how probable; /v1/align: which word comes from which; /v1/attention: every map of one pair
[layer][head][row][column], of the model's own translation where none is given. No pivoting: a pair has
one model.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from seq2seq import Translator
from seq2seq.alignment.maps import AttentionMaps

from ..engine.service import Service
from ..http.auth import Authenticator
from ..http.parsing import Body, read_request, refuse, request_schema, while_connected
from .libretranslate import FAILURES, TARGET, Q, address
from .translations import AlignmentAnswer, TokenAnswer

KNOWN = Field(description="the code of the language of q, such as en")
Map = Literal["cross", "encoder", "decoder"]


class PairRequest(Body):
    """What POST /v1/score and /v1/align take."""

    q: str | list[str] = Q
    translation: str | list[str] = Field(description="a text, or a list with one text for each of q")
    source: str = KNOWN
    target: str = TARGET


class AttentionRequest(Body):
    """What POST /v1/attention takes."""

    q: str = Field(description="a text")
    translation: str | None = Field(None, description="a text, or leave it out for the model's own")
    source: str = KNOWN
    target: str = TARGET
    maps: list[Map] = Field(["cross"], description='a list of "cross", "encoder" and "decoder"')


class ScoreAnswer(BaseModel):
    """The log-probability of a translation, and that of each of its pieces."""

    log_probability: float
    tokens: list[TokenAnswer]


class ScoresAnswer(BaseModel):
    """One score a pair, in order."""

    scores: list[ScoreAnswer]


class PairAlignment(AlignmentAnswer):
    """The alignment of a pair, and its links between blank-separated words as source-target."""

    pharaoh: str


class AlignmentsAnswer(BaseModel):
    """One alignment a pair, in order."""

    alignments: list[PairAlignment]


class HeadAnswer(BaseModel):
    """The head that is read as word alignment; read: by the row that predicts a piece, or the next."""

    layer: int
    head: int
    read: Literal["output", "input"]


class AttentionAnswer(BaseModel):
    """Pieces of both sides (the end last), and maps [layer][head][row][column]; a row sums to 1."""

    source_tokens: list[str]
    target_tokens: list[str]
    source_spans: list[tuple[int, int]]
    target_spans: list[tuple[int, int]]
    translation: str
    alignment: HeadAnswer
    cross: list[list[list[list[float]]]] | None = None
    encoder: list[list[list[list[float]]]] | None = None
    decoder: list[list[list[list[float]]]] | None = None


def make_router(service: Service, access: Authenticator) -> APIRouter:
    """The routes, answered by a service."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/score",
        response_model=ScoresAnswer,
        responses=FAILURES,
        openapi_extra=request_schema(PairRequest, forms=False),
    )
    async def score(request: Request) -> JSONResponse:
        """Tell how probable translations are."""
        return JSONResponse({"scores": await _for_pairs(request, service, access, _score)})

    @router.post(
        "/align",
        response_model=AlignmentsAnswer,
        responses=FAILURES,
        openapi_extra=request_schema(PairRequest, forms=False),
    )
    async def align(request: Request) -> JSONResponse:
        """Tell which words of a translation come from which of its source."""
        return JSONResponse({"alignments": await _for_pairs(request, service, access, _align)})

    @router.post(
        "/attention",
        response_model=AttentionAnswer,
        response_model_exclude_none=True,
        responses=FAILURES,
        openapi_extra=request_schema(AttentionRequest, forms=False),
    )
    async def attention(request: Request) -> JSONResponse:
        """Show where every head looked."""
        asked = await read_request(request, AttentionRequest, forms=False)
        client = access.admit(address(request), asked.api_key)
        given = [asked.q, *([asked.translation] if asked.translation is not None else [])]
        service.limits.check_texts(given)
        translator = await _translator(service, asked.source, asked.target)
        call = lambda: _attention(translator, asked.q, asked.translation, asked.maps)  # noqa: E731
        costs = [sum([await _cost(service, translator, text) for text in given])]
        return JSONResponse((await while_connected(request, service.look(client, [call], costs)))[0])

    return router


async def _for_pairs(
    request: Request,
    service: Service,
    access: Authenticator,
    look: Callable[[Translator, str, str], dict[str, Any]],
) -> list[dict[str, Any]]:
    """What `look` finds for each pair of a request."""
    asked = await read_request(request, PairRequest, forms=False)
    client = access.admit(address(request), asked.api_key)
    texts = [asked.q] if isinstance(asked.q, str) else asked.q
    given = [asked.translation] if isinstance(asked.translation, str) else asked.translation
    if isinstance(asked.q, str) != isinstance(asked.translation, str):
        refuse("of q and translation one is a text and the other a list; give two texts or two lists")
    if len(texts) != len(given):
        refuse(f"there are {len(texts)} texts and {len(given)} translations; give a translation for each q")
    service.limits.check_texts([*texts, *given])
    translator = await _translator(service, asked.source, asked.target)
    pairs = list(zip(texts, given, strict=True))
    calls = [lambda s=s, t=t: look(translator, s, t) for s, t in pairs]
    costs = [await _cost(service, translator, s) + await _cost(service, translator, t) for s, t in pairs]
    return await while_connected(request, service.look(client, calls, costs))


async def _translator(service: Service, source: str, target: str) -> Translator:
    """The model of a pair; ValueError where there is none, or only one by way of another language."""
    legs = service.catalog.route(source, target)
    if len(legs) > 1:
        refuse(f"no model translates {legs[0].source} to {legs[1].target} directly; ask for one of its legs")
    return await service.load(legs[0])


async def _cost(service: Service, translator: Translator, text: str) -> int:
    return sum((await service.cut(translator, text)).costs)


def _score(translator: Translator, source: str, target: str) -> dict[str, Any]:
    found = translator.score(source, target)
    tokens = [
        {"text": piece, "log_probability": value}
        for piece, value in zip(found.tokens, found.token_log_probabilities, strict=True)
    ]
    return {"log_probability": found.log_probability, "tokens": tokens}


def _align(translator: Translator, source: str, target: str) -> dict[str, Any]:
    found = translator.align(source, target)
    return {**found.to_json(), "pharaoh": found.pharaoh()}


def _attention(translator: Translator, source: str, target: str | None, wanted: list[Map]) -> dict[str, Any]:
    maps: AttentionMaps = translator.attention(source, target)
    head = translator.settings.alignment
    return {
        "source_tokens": maps.source_tokens,
        "target_tokens": maps.target_tokens,
        "source_spans": maps.source_spans,
        "target_spans": maps.target_spans,
        "translation": maps.target,
        "alignment": {"layer": head.layer, "head": head.head, "read": head.read},
        **{name: _rounded(getattr(maps, name)) for name in wanted},
    }


def _rounded(weights: torch.Tensor) -> list[Any]:
    return (weights.double() * 1e4).round().div(1e4).tolist()
