"""POST /v1/score, /v1/align and /v1/attention: a model's view of given translations.

    {"q": "Two dogs", "translation": "Zwei Hunde", "source": "en", "target": "de"}     lists for many pairs

/v1/score: log-probabilities; /v1/align: links of words; /v1/attention: every map of one pair
[layer][head][row][column], of the model's own translation where none is given. No pivoting: one model
must know the pair.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import torch
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from seq2seq import Translator
from seq2seq.alignment.maps import AttentionMaps

from ..engine.service import Service
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import Body, BodyReader, refuse, while_connected
from .libretranslate import FAILURES, TARGET, Q
from .translations import AlignmentAnswer, TokenAnswer

KNOWN = Field(description="the code of the language of q, such as en")
Map = Literal["cross", "encoder", "decoder"]


class PairRequest(Body):
    """Body of POST /v1/score and /v1/align."""

    q: str | list[str] = Q
    translation: str | list[str] = Field(description="a text, or a list with one text for each of q")
    source: str = KNOWN
    target: str = TARGET


class AttentionRequest(Body):
    """Body of POST /v1/attention."""

    q: str = Field(description="a text")
    translation: str | None = Field(None, description="a text, or leave it out for the model's own")
    source: str = KNOWN
    target: str = TARGET
    maps: list[Map] = Field(["cross"], description='a list of "cross", "encoder" and "decoder"')


class ScoreAnswer(BaseModel):
    """The log-probability of a translation, and that of each of its tokens."""

    log_probability: float
    tokens: list[TokenAnswer]


class ScoresAnswer(BaseModel):
    """Answer of POST /v1/score: one score a pair, in order."""

    scores: list[ScoreAnswer]


class PairAlignment(AlignmentAnswer):
    """The alignment of a pair, and its Pharaoh line: source-target links of blank-separated words."""

    pharaoh: str


class AlignmentsAnswer(BaseModel):
    """Answer of POST /v1/align: one alignment a pair, in order."""

    alignments: list[PairAlignment]


class HeadAnswer(BaseModel):
    """The head that is read as word alignment.

    `read` is "output" where a token's links stand in the row that predicts it, "input" for the row after.
    """

    layer: int
    head: int
    read: Literal["output", "input"]


class AttentionAnswer(BaseModel):
    """Tokens of both sides (</s> last), and maps [layer][head][row][column]; each row sums to 1."""

    source_tokens: list[str]
    target_tokens: list[str]
    source_spans: list[tuple[int, int]]
    target_spans: list[tuple[int, int]]
    translation: str
    alignment: HeadAnswer
    cross: list[list[list[list[float]]]] | None = None
    encoder: list[list[list[list[float]]]] | None = None
    decoder: list[list[list[list[float]]]] | None = None


PAIR_BODY = BodyReader(PairRequest)
ATTENTION_BODY = BodyReader(AttentionRequest)


def make_router(service: Service, authenticator: Authenticator) -> APIRouter:
    """Return the routes, answered by a service."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/score",
        response_model=ScoresAnswer,
        responses=FAILURES,
        openapi_extra=PAIR_BODY.openapi,
    )
    async def score(
        request: Request,
        admitted: Annotated[Admitted[PairRequest], Depends(Admission(authenticator, PAIR_BODY))],
    ) -> JSONResponse:
        """Score translations: their log-probabilities."""
        return JSONResponse({"scores": await _for_pairs(request, service, admitted, _score)})

    @router.post(
        "/align",
        response_model=AlignmentsAnswer,
        responses=FAILURES,
        openapi_extra=PAIR_BODY.openapi,
    )
    async def align(
        request: Request,
        admitted: Annotated[Admitted[PairRequest], Depends(Admission(authenticator, PAIR_BODY))],
    ) -> JSONResponse:
        """Align the words of translations with those of their sources."""
        return JSONResponse({"alignments": await _for_pairs(request, service, admitted, _align)})

    @router.post(
        "/attention",
        response_model=AttentionAnswer,
        responses=FAILURES,
        openapi_extra=ATTENTION_BODY.openapi,
    )
    async def attention(
        request: Request,
        admitted: Annotated[Admitted[AttentionRequest], Depends(Admission(authenticator, ATTENTION_BODY))],
    ) -> JSONResponse:
        """Return the attention maps of every head."""
        body, client = admitted
        texts = [body.q] if body.translation is None else [body.q, body.translation]
        service.limits.check_texts(texts)
        translator = await _translator(service, body.source, body.target)

        def call() -> dict[str, Any]:
            return _attention(translator, body.q, body.translation, body.maps)

        # One call reads both texts, so it has one cost.
        costs = [sum([await _cost(service, translator, text) for text in texts])]
        return JSONResponse((await while_connected(request, service.run_calls(client, [call], costs)))[0])

    return router


async def _for_pairs(
    request: Request,
    service: Service,
    admitted: Admitted[PairRequest],
    analyse: Callable[[Translator, str, str], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return what `analyse` says of each pair of a request."""
    body, client = admitted
    if isinstance(body.q, str) != isinstance(body.translation, str):
        refuse("of q and translation one is a text and the other a list; give two texts or two lists")
    sources = [body.q] if isinstance(body.q, str) else body.q
    targets = [body.translation] if isinstance(body.translation, str) else body.translation
    if len(sources) != len(targets):
        refuse(
            f"there are {len(sources)} texts and {len(targets)} translations; give a translation for each q"
        )
    service.limits.check_texts([*sources, *targets])
    translator = await _translator(service, body.source, body.target)
    pairs = list(zip(sources, targets, strict=True))
    calls = [partial(analyse, translator, source, target) for source, target in pairs]
    costs = [
        await _cost(service, translator, source) + await _cost(service, translator, target)
        for source, target in pairs
    ]
    return await while_connected(request, service.run_calls(client, calls, costs))


async def _translator(service: Service, source: str, target: str) -> Translator:
    """Return the model of a pair; refuse (400) a pair that needs a pivot; ValueError for an unknown one."""
    hops = service.registry.route(source, target)
    if len(hops) > 1:
        refuse(f"no model translates {hops[0].source} to {hops[1].target} directly; ask for one of its hops")
    return await service.load(hops[0])


async def _cost(service: Service, translator: Translator, text: str) -> int:
    """Return the cost of a text in source tokens."""
    return sum((await service.segment(translator, text)).costs)


def _score(translator: Translator, source: str, target: str) -> dict[str, Any]:
    score = translator.score(source, target)
    tokens = [
        {"text": token, "log_probability": value}
        for token, value in zip(score.tokens, score.token_log_probabilities, strict=True)
    ]
    return {"log_probability": score.log_probability, "tokens": tokens}


def _align(translator: Translator, source: str, target: str) -> dict[str, Any]:
    alignment = translator.align(source, target)
    return {**alignment.to_json(), "pharaoh": alignment.pharaoh()}


def _attention(translator: Translator, source: str, target: str | None, names: list[Map]) -> dict[str, Any]:
    maps: AttentionMaps = translator.attention(source, target)
    head = translator.settings.alignment
    return {
        "source_tokens": maps.source_tokens,
        "target_tokens": maps.target_tokens,
        "source_spans": maps.source_spans,
        "target_spans": maps.target_spans,
        "translation": maps.target,
        "alignment": {"layer": head.layer, "head": head.head, "read": head.read},
        **{name: _rounded(getattr(maps, name)) for name in names},
    }


def _rounded(weights: torch.Tensor) -> list[Any]:
    """Return weights as lists, to four decimals, so that the JSON of all maps stays small."""
    return (weights.double() * 1e4).round().div(1e4).tolist()
