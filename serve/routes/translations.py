"""POST /v1/translate and /v1/stream: translations with scores, tokens and alignments.

    {"q", "source", "target", any field of DecodeOptions, "explain": true}
    -> {"translations": [{"text", "score", "confidence", "is_unlike", "alternatives",
                          "tokens": [{"text", "log_probability"}],
                          "alignment": {"source": [{"text", "start", "end"}], "target", "weights", "links"},
                          "word_confidence": [{"text", "start", "end", "confidence"}],
                          "uncovered": [{"text", "start", "end"}], "is_incomplete"}]}

A stream answers in server-sent events: `piece` {"text"} as it is decoded, then `end` with the whole text, or
`error`. The options' schema is generated from the fields of DecodeOptions.
"""

import dataclasses
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field, create_model

from seq2seq import DecodeOptions
from seq2seq.config import END
from seq2seq.inference.confidence import rounded_confidence
from seq2seq.inference.results import Translation, leaves_out, named_spans
from seq2seq.options import option_fields

from ..engine.pivot import compose_alignments
from ..engine.segments import RoutedTranslation
from ..engine.service import Service
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import Body, BodyReader, while_connected
from ..http.security import describe
from .libretranslate import FAILURES, SOURCE, TARGET, DetectedLanguageAnswer, Q

EVENTS = "text/event-stream"
NO_CACHE = {"cache-control": "no-cache"}  # the headers of a stream


class Languages(Body):
    """The languages of a body."""

    source: str = SOURCE
    target: str = TARGET


KINDS: dict[type, Any] = {str: str | list[str], list: list[str], dict: dict[str, str]}


def _option_fields() -> dict[str, Any]:
    """Return the fields of DecodeOptions for pydantic; their descriptions explain wrong values."""
    fields: dict[str, Any] = {}
    for option in option_fields():
        kind: Any = KINDS.get(option.type, option.type)
        description = f"{option.accepted()}: {option.help}"
        fields[option.name] = (
            kind | None if option.optional else kind,
            Field(option.default, description=description, ge=option.minimum, le=option.maximum),
        )
    return fields


if TYPE_CHECKING:
    Options = Languages  # a checker cannot see fields that are generated
else:
    Options = create_model("Options", __base__=Languages, **_option_fields())


class RichRequest(Options):
    """Body of POST /v1/translate."""

    q: str | list[str] = Q
    explain: bool = Field(True, description="true or false: whether tokens and alignment are wanted")

    @property
    def texts(self) -> list[str]:
        """The texts to translate; q alone in a list where it is one text."""
        return [self.q] if isinstance(self.q, str) else self.q


class StreamRequest(Options):
    """Body of POST /v1/stream. A stream is greedy or sampled: a beam would revise what it has sent."""

    q: str = Field(description="a text")


class TokenAnswer(BaseModel):
    """A generated token (</s> is the end) and its natural log-probability."""

    text: str
    log_probability: float


class WordAnswer(BaseModel):
    """A word, or a character in scripts without blanks: `text` is the characters [start, end) of its side."""

    text: str
    start: int
    end: int


class AlignmentAnswer(BaseModel):
    """Words of both sides, weights [target][source], and links (source word, target word) counted from 0."""

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


class WordConfidenceAnswer(WordAnswer):
    """A word of a translation and the probability that a reference has it, null where unknown."""

    confidence: float | None


class MatchAnswer(BaseModel):
    """A unit of the server's translation memory: its source and target, and how alike the text is in percent.

    An exact one is a translation of the text, its target in the frame of the text.
    """

    source: str
    target: str
    score: int
    is_exact: bool


class TranslationAnswer(BaseModel):
    """A translation; `languages` are source, pivot where there was one, and target.

    `confidence` is the expected chrF / 100, null for a model without calibration and for a text that was not
    translated. `is_unlike` is true for a text unlike those that the model was trained on.
    `likely_language` is there only where the text is for certain in another language than its `source`.
    `uncovered` are the stretches of the text that no word of the translation looked at, with its tokens; it
    `is_incomplete` where they are a quarter of the text.
    `origin` tells whether the text was recalled from the server's memory; `matches` are the units of that
    memory that are most alike, where the server has one.
    """

    text: str
    score: float
    log_probability: float
    finish: Literal["end", "length"]
    confidence: float | None
    is_unlike: bool
    origin: Literal["memory", "model"]
    languages: list[str]
    alternatives: list[AlternativeAnswer]
    matches: list[MatchAnswer] | None = None
    detectedLanguage: DetectedLanguageAnswer | None = None  # noqa: N815 - as in POST /translate
    likely_language: DetectedLanguageAnswer | None = None
    tokens: list[TokenAnswer] | None = None
    alignment: AlignmentAnswer | None = None
    word_confidence: list[WordConfidenceAnswer] | None = None
    uncovered: list[WordAnswer] | None = None
    is_incomplete: bool | None = None


class RichAnswer(BaseModel):
    """Answer of POST /v1/translate: one translation a text, in order."""

    translations: list[TranslationAnswer]


EVENT_SCHEMA = {  # of one server-sent event; `data` is JSON in a string
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


RICH_BODY = BodyReader(RichRequest)
STREAM_BODY = BodyReader(StreamRequest)
OPTION_NAMES = {field.name for field in dataclasses.fields(DecodeOptions)}


def make_router(service: Service, authenticator: Authenticator) -> APIRouter:
    """Return the routes, answered by a service."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/translate",
        response_model=RichAnswer,
        responses=FAILURES,
        openapi_extra=RICH_BODY.openapi,
    )
    async def translate(
        request: Request,
        admitted: Annotated[Admitted[RichRequest], Depends(Admission(authenticator, RICH_BODY))],
    ) -> JSONResponse:
        """Translate, with the log-probability of each token and the word alignment."""
        body, client = admitted
        service.limits.check_texts(body.texts)
        options = read_options(body, service)
        work = _answers(service, body, options, client)
        return JSONResponse({"translations": await while_connected(request, work)})

    @router.post(
        "/stream",
        response_class=StreamingResponse,
        responses={**FAILURES, **STREAM_ANSWER},
        openapi_extra=STREAM_BODY.openapi,
    )
    async def stream(
        request: Request,
        arrived: Annotated[float, Depends(_arrival)],
        admitted: Annotated[Admitted[StreamRequest], Depends(Admission(authenticator, STREAM_BODY))],
    ) -> StreamingResponse:
        """Translate one text as server-sent events, piece by piece."""
        body, client = admitted
        service.limits.check_texts([body.q])
        options = read_options(body, service)
        events = service.stream(body.q, body.source, body.target, options, client)
        # The first event is awaited here: until it is there, an error can still be told by its status.
        first = await while_connected(request, anext(events))
        service.metrics.first_token.observe(time.monotonic() - arrived)
        return StreamingResponse(_events(first, events), media_type=EVENTS, headers=NO_CACHE)

    return router


async def _answers(
    service: Service, body: RichRequest, options: DecodeOptions, client: str
) -> list[dict[str, Any]]:
    """Translate the texts of a body and describe the results."""
    translations = await service.translate(body.texts, body.source, body.target, options, client)
    contradictions = await service.contradictions(body.texts, body.source)
    if not body.explain:
        answers = [describe_translation(translation) for translation in translations]
    else:
        calls = [partial(_describe_and_explain, translation) for translation in translations]
        costs = [len(translation.best.tokens) + 1 for translation in translations]
        answers = await service.in_time(service.queue_calls(client, calls, costs))
    for answer, language in zip(answers, contradictions, strict=True):
        if language:
            answer["likely_language"] = language.to_json()
    if service.project and service.project.has_memory:
        for answer, similar in zip(answers, await service.matches(translations), strict=True):
            answer["matches"] = [
                {name: getattr(match, name) for name in MatchAnswer.model_fields} for match in similar
            ]
    return answers


async def _arrival() -> float:
    """Return the time at which a request arrived; a dependency that comes before its body is read."""
    return time.monotonic()


def read_options(body: RichRequest | StreamRequest, service: Service) -> DecodeOptions:
    """Return the DecodeOptions of a body; ValueError for what they, or the server's limits, do not allow."""
    options = DecodeOptions(**body.model_dump(include=OPTION_NAMES))
    service.limits.check_beam(max(options.beam_size, options.num_hypotheses))
    return options


def describe_translation(translation: RoutedTranslation) -> dict[str, Any]:
    """Return a translation as JSON, without what needs another pass over the model."""
    best = translation.best
    return {
        "text": best.text,
        "score": best.score,
        "log_probability": best.log_probability,
        "finish": best.finish,
        "confidence": rounded_confidence(translation.confidence),
        "is_unlike": translation.is_unlike,
        "origin": "memory" if best.match else "model",
        **translation.route.to_json(),
        "alternatives": [
            {"text": a.text, "score": a.score, "log_probability": a.log_probability, "finish": a.finish}
            for a in best.alternatives
        ],
    }


def explain(translation: RoutedTranslation) -> dict[str, Any]:
    """Return tokens of the last hop and confidences in its words, and what is read over all hops.

    That is the alignment, and the stretches of the text that no word looked at.
    """
    alignment = compose_alignments(translation)
    uncovered = alignment.uncovered()
    return {
        "tokens": _tokens(translation.best),
        "alignment": alignment.to_json(),
        "word_confidence": [word.to_json() for word in translation.best.word_confidence],
        "uncovered": named_spans(translation.text, uncovered),
        "is_incomplete": leaves_out(translation.text, uncovered),
    }


def _describe_and_explain(translation: RoutedTranslation) -> dict[str, Any]:
    return {**describe_translation(translation), **explain(translation)}


def _tokens(translation: Translation) -> list[dict[str, Any]]:
    """Return the tokens of all segments, each ended by </s>, with their log-probabilities."""
    tokens: list[dict[str, Any]] = []
    values = iter(translation.token_log_probabilities)
    for part in translation.parts or [translation]:
        for token in [*part.tokens, END] if part.tokens else []:
            tokens.append({"text": token, "log_probability": next(values)})
    return tokens


async def _events(first: dict[str, Any], others: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Yield events as text; the status is sent already, so that an error becomes an event, too."""
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
