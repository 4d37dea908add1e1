"""POST /v1/translate and /v1/stream: translations with all that the model can say about them.

    {"q", "source", "target", any field of DecodeOptions, "explain": true}
    -> {"translations": [{"text", "score", "tokens": [{"text", "log_probability"}], "alternatives",
                          "alignment": {"source": [{"text", "start", "end"}], "target", "weights", "links"}}]}

A stream answers in server-sent events: `piece` {"text"} as it is decoded, then `end` with the whole, or
`error`. Options are those of the library, made from its fields.
"""

import dataclasses
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, create_model

from seq2seq import DecodeOptions
from seq2seq.config import END
from seq2seq.inference.results import Translation
from seq2seq.options import option_fields

from ..engine.pivot import compose_alignments
from ..engine.routing import RoutedTranslation
from ..engine.service import Service
from ..http.auth import Authenticator
from ..http.parsing import Body, read_request, request_schema, while_connected
from ..http.security import describe
from .libretranslate import FAILURES, SOURCE, TARGET, DetectedLanguageAnswer, Q, address

EVENTS = "text/event-stream"
NO_CACHE = {"cache-control": "no-cache"}  # the headers of a stream


class Languages(Body):
    """The languages of a request."""

    source: str = SOURCE
    target: str = TARGET


KINDS: dict[type, Any] = {str: str | list[str], list: list[str], dict: dict[str, str]}


def _option_fields() -> dict[str, Any]:
    """The fields of DecodeOptions for a schema; a wrong value is explained by their description."""
    made: dict[str, Any] = {}
    for each in option_fields():
        kind: Any = KINDS.get(each.type, each.type)
        description = f"{each.wanted()}: {each.help}"
        made[each.name] = (
            kind | None if each.optional else kind,
            Field(each.default, description=description, ge=each.minimum, le=each.maximum),
        )
    return made


Options = create_model("Options", __base__=Languages, **_option_fields())


class RichRequest(Options):  # type: ignore[misc,valid-type]
    """What POST /v1/translate takes."""

    q: str | list[str] = Q
    explain: bool = Field(True, description="true or false: whether tokens and alignment are wanted")


class StreamRequest(Options):  # type: ignore[misc,valid-type]
    """What POST /v1/stream takes; a stream is greedy or sampled, for a beam revises what it wrote."""

    q: str = Field(description="a text")


class TokenAnswer(BaseModel):
    """A piece that the model wrote (</s> is the end) and how probable it was, in natural logarithms."""

    text: str
    log_probability: float


class WordAnswer(BaseModel):
    """A word, or a character in scripts without blanks, and its characters from start to before end."""

    text: str
    start: int
    end: int


class AlignmentAnswer(BaseModel):
    """Words of both sides, weights [target][source], and links (source word, target word) from 0."""

    source: list[WordAnswer]
    target: list[WordAnswer]
    weights: list[list[float]]
    links: list[tuple[int, int]]


class AlternativeAnswer(BaseModel):
    """Another translation of the same text."""

    text: str
    score: float
    log_probability: float
    finish: Literal["end", "length"]


class TranslationAnswer(BaseModel):
    """A translation; `languages` are those it went through, a pivot among them."""

    text: str
    score: float
    log_probability: float
    finish: Literal["end", "length"]
    languages: list[str]
    alternatives: list[AlternativeAnswer]
    detectedLanguage: DetectedLanguageAnswer | None = None  # noqa: N815 - as in POST /translate
    tokens: list[TokenAnswer] | None = None
    alignment: AlignmentAnswer | None = None


class RichAnswer(BaseModel):
    """What POST /v1/translate answers: one translation a text, in order."""

    translations: list[TranslationAnswer]


EVENT_SCHEMA = {  # of one event; data is JSON in a string
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["piece", "end", "error"]},
        "data": {"type": "string"},
    },
    "required": ["event", "data"],
}
STREAM_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {EVENTS: {"schema": EVENT_SCHEMA}},
        "description": "Events: piece, then end or error",
    }
}


def make_router(service: Service, access: Authenticator) -> APIRouter:
    """The routes, answered by a service."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/translate",
        response_model=RichAnswer,
        responses=FAILURES,
        openapi_extra=request_schema(RichRequest, forms=False),
    )
    async def translate(request: Request) -> JSONResponse:
        """Translate, and say how probable each piece was and which words it was made from."""
        asked = await read_request(request, RichRequest, forms=False)
        client = access.admit(address(request), asked.api_key)
        texts = [asked.q] if isinstance(asked.q, str) else asked.q
        service.limits.check_texts(texts)
        options = read_options(asked, service)

        async def work() -> list[dict[str, Any]]:
            found = await service.translate(texts, asked.source, asked.target, options, client)
            if not asked.explain:
                return [describe_translation(each) for each in found]
            calls = [lambda each=each: {**describe_translation(each), **explain(each)} for each in found]
            costs = [len(each.best.tokens) + 1 for each in found]
            return await service.in_time(service.in_turn(client, calls, costs))

        return JSONResponse({"translations": await while_connected(request, work())})

    @router.post(
        "/stream",
        response_class=StreamingResponse,
        responses={**FAILURES, **STREAM_ANSWER},
        openapi_extra=request_schema(StreamRequest, forms=False),
    )
    async def stream(request: Request) -> StreamingResponse:
        """Translate one text as server-sent events, piece by piece."""
        began = time.monotonic()
        asked = await read_request(request, StreamRequest, forms=False)
        client = access.admit(address(request), asked.api_key)
        service.limits.check_texts([asked.q])
        options = read_options(asked, service)
        events = service.stream(asked.q, asked.source, asked.target, options, client)
        first = await while_connected(request, anext(events))  # what is wrong is said with a status
        service.metrics.first_token.observe(time.monotonic() - began)
        return StreamingResponse(_events(first, events), media_type=EVENTS, headers=NO_CACHE)

    return router


def read_options(asked: Any, service: Service) -> DecodeOptions:
    """The DecodeOptions of a request; ValueError for what they, or the limits, do not allow."""
    given = asked.model_dump(include={each.name for each in dataclasses.fields(DecodeOptions)})
    options = DecodeOptions(**given)
    service.limits.check_beam(max(options.beam_size, options.num_hypotheses))
    return options


def describe_translation(found: RoutedTranslation) -> dict[str, Any]:
    """A translation without what another pass over the model would tell."""
    best = found.best
    return {
        "text": best.text,
        "score": best.score,
        "log_probability": best.log_probability,
        "finish": best.finish,
        **found.route.to_json(),
        "alternatives": [
            {"text": a.text, "score": a.score, "log_probability": a.log_probability, "finish": a.finish}
            for a in best.alternatives
        ],
    }


def explain(found: RoutedTranslation) -> dict[str, Any]:
    """The tokens of the last step with their log-probabilities, and the alignment over all steps."""
    return {"tokens": _tokens(found.best), "alignment": compose_alignments(found).to_json()}


def _tokens(translation: Translation) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    values = iter(translation.token_log_probabilities)
    for part in translation.parts or [translation]:
        for piece in [*part.tokens, END] if part.tokens else []:
            written.append({"text": piece, "log_probability": next(values)})
    return written


async def _events(first: dict[str, Any], others: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """The events as text; what goes wrong now can only be said in one of them."""
    yield _event(first)
    try:
        async for event in others:
            yield _event(event)
    except HTTPException as error:
        yield _event({"event": "error", "data": {"error": error.detail}})
    except Exception as error:
        yield _event({"event": "error", "data": {"error": describe(error)[1]}})


def _event(event: dict[str, Any]) -> str:
    return f"event: {event['event']}\ndata: {json.dumps(event['data'])}\n\n"
