"""POST /v1/completions: text that continues a prompt, in OpenAI's shape, so that its clients work.

    {"model": "shakespeare", "prompt": "ROMEO:", "max_tokens": 64, "temperature": 0.8, "stream": true}
    -> {"id", "object": "text_completion", "usage",
        "choices": [{"index", "text", "finish_reason", "logprobs"}]}

A stream is server-sent events, each such an object with the new part of one choice, then `[DONE]`; one choice
follows another. Temperature 0 is greedy search. A key may come as `Authorization: Bearer`.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from seq2seq import DecodeOptions, Generation, Generator
from seq2seq.search import Cancelled

from ..engine.registry import LanguageModelEntry
from ..engine.service import Service
from ..errors import Busy
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import BodyReader, refuse, while_connected
from ..http.security import describe
from .completion_schemas import Completion, CompletionRequest
from .completion_stops import StopBuffer, StreamedToken, StreamedTokens, cut_at, logprobs
from .libretranslate import FAILURES
from .translations import EVENTS, NO_CACHE

DEFAULT_TOKENS = 16  # OpenAI's default of max_tokens
MOST_STOPS = 4  # as OpenAI allows

COMPLETION_BODY = BodyReader(CompletionRequest)


def make_router(service: Service, authenticator: Authenticator) -> APIRouter:
    """Return the route, answered by a service."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/completions",
        response_model=Completion,
        responses=FAILURES,
        openapi_extra=COMPLETION_BODY.openapi,
    )
    async def complete(
        request: Request,
        admitted: Annotated[Admitted[CompletionRequest], Depends(Admission(authenticator, _read_body))],
    ) -> Response:
        """Continue a prompt."""
        body, client = admitted
        completion = await RunningCompletion.begin(service, body, client)
        if not body.stream:
            return JSONResponse(await while_connected(request, completion.whole()))
        events = completion.events()
        # The first event is awaited here: until it is there, an error can still be told by its status.
        first = await while_connected(request, anext(events))
        return StreamingResponse(_stream(first, events), media_type=EVENTS, headers=NO_CACHE)

    return router


class RunningCompletion:
    """A request in progress: its model, its options, and the texts it generates."""

    def __init__(
        self,
        service: Service,
        body: CompletionRequest,
        client: str,
        entry: LanguageModelEntry,
        generator: Generator,
    ) -> None:
        self.service, self.body, self.client = service, body, client
        self.entry, self.generator = entry, generator
        self.options = read_options(body)
        self.most_tokens = self.options.max_length or DEFAULT_TOKENS
        self.frame = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": entry.name,
        }
        context = generator.model.config.max_length
        self.prompt_tokens = [min(len(generator.read(prompt)), context) for prompt in body.prompts]
        # For the likeliest tokens of a whole answer its tokens are decoded once more.
        passes = 2 if body.logprobs and not body.stream else 1
        written = passes * self.options.num_hypotheses * self.most_tokens
        self.costs = [tokens + written for tokens in self.prompt_tokens]
        service.limits.check_token_count(sum(self.costs))

    @classmethod
    async def begin(cls, service: Service, body: CompletionRequest, client: str) -> "RunningCompletion":
        """Return a request that is within all limits, its model loaded.

        Raises:
            ValueError: an unknown model, contradicting options, too much text.
            HTTPException: 400 for a wrong value, 503 for a model that cannot be loaded.
        """
        service.limits.check_texts(body.prompts)
        service.limits.check_beam(body.n or 1)
        if len(body.stops) > MOST_STOPS or not all(body.stops):
            refuse("stop holds an empty text or more than four; give one to four texts")
        entry = service.registry.language_model(body.model)
        generator = entry.loaded
        if generator is None:
            try:
                # In a thread: loading a lazy model takes seconds.
                generator = await asyncio.to_thread(entry.generator)
            except ValueError as error:
                sentence = f"the model {entry.name} cannot be loaded ({type(error).__name__})"
                raise Busy("busy_model", sentence, 60) from None
        return cls(service, body, client, entry, generator)

    async def whole(self) -> dict[str, Any]:
        """Return the answer, all at once."""
        service, prompts = self.service, self.body.prompts
        async with service.batcher.admit(sum(self.costs), self.client):
            service.metrics.tokens_in.inc(sum(self.prompt_tokens))
            best = await service.in_time(
                service.batcher.run(
                    self.client,
                    (self.entry.name, self.options),
                    partial(_generate, self.generator, self.options),
                    prompts,
                    self.costs,
                )
            )
            generations = [sample for first in best for sample in (first, *first.alternatives)]
            tops = await service.in_time(self._candidates(generations))
        choices, tokens = [], 0
        for index, (generation, top) in enumerate(zip(generations, tops, strict=True)):
            text, count = cut_at("".join(generation.tokens), generation.tokens, self.options.stop or ())
            tokens += len(generation.tokens)
            choices.append(self._choice(index, generation, top, text, count))
        service.metrics.tokens_out.inc(tokens)
        return {**self.frame, "choices": choices, "usage": self._usage(tokens)}

    async def _candidates(self, generations: list[Generation]) -> list[Sequence[dict[str, float] | None]]:
        """Return the likeliest tokens at each token of each generation; None where they are not requested."""
        likeliest = self.body.logprobs
        if not likeliest:
            return [[None] * len(generation.tokens) for generation in generations]
        calls = [partial(self.generator.candidates, generation, likeliest) for generation in generations]
        costs = [len(generation.tokens) + 1 for generation in generations]
        return [*await self.service.queue_calls(self.client, calls, costs)]

    def _choice(
        self,
        index: int,
        generation: Generation,
        top: Sequence[dict[str, float] | None],
        text: str,
        count: int,
    ) -> dict[str, Any]:
        """Return a choice of a whole answer: `text` without its stop text, and its first `count` tokens."""
        echo = generation.prompt if self.body.echo else ""
        choice: dict[str, Any] = {
            "index": index,
            "text": echo + text,
            "finish_reason": "stop" if generation.finish == "end" else "length",
            "logprobs": None,
        }
        if self.body.logprobs is not None:
            tokens = map(StreamedToken, generation.tokens[:count], generation.token_log_probabilities, top)
            choice["logprobs"] = logprobs(list(tokens), len(echo))
        return choice

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the answer in parts, choice after choice."""
        service, count, index = self.service, 0, 0
        end = time.monotonic() + service.limits.seconds
        options = replace(self.options, num_hypotheses=1)
        async with service.batcher.admit(sum(self.costs), self.client):
            service.metrics.tokens_in.inc(sum(self.prompt_tokens))
            for prompt in self.body.prompts:
                for sample in range(self.options.num_hypotheses):
                    seed = options.seed
                    seeded = options if seed is None else replace(options, seed=(seed + sample) % 2**63)
                    async for part in self._parts(index, prompt, seeded):
                        count += part.pop("tokens")
                        yield {**self.frame, "choices": [part]}
                        if time.monotonic() > end:
                            raise service.too_slow()
                    index += 1
        service.metrics.tokens_out.inc(count)
        if self.body.stream_options and self.body.stream_options.include_usage:
            yield {**self.frame, "choices": [], "usage": self._usage(count)}

    async def _parts(self, index: int, prompt: str, options: DecodeOptions) -> AsyncIterator[dict[str, Any]]:
        """Yield the parts of one choice; `tokens` is how many were generated for it."""
        buffer = StopBuffer(options.stop or ())
        streamed = StreamedTokens(len(prompt) if self.body.echo else 0)
        count = 0

        def part(text: str, reason: str | None, *tokens: StreamedToken) -> dict[str, Any]:
            return {
                "index": index,
                "text": text,
                "finish_reason": reason,
                "logprobs": streamed.emit(text, tokens) if self.body.logprobs is not None else None,
                "tokens": len(tokens),
            }

        if self.body.echo:
            yield {**part("", None), "text": prompt}  # the prompt's tokens were not generated
        async for step in self.service.batcher.executor.stream(self._steps(prompt, options)):
            count += 1
            yield part(buffer.add(step.text), None, step)
            if buffer.stopped:
                break
        stopped = buffer.stopped or count < self.most_tokens
        yield part(buffer.rest, "stop" if stopped else "length")

    def _steps(self, prompt: str, options: DecodeOptions) -> Iterator[StreamedToken]:
        if self.body.logprobs:
            for step in self.generator.steps_with_candidates(prompt, options, self.body.logprobs):
                yield StreamedToken(*step)
        else:
            for token, log_probability in self.generator.steps(prompt, options):
                yield StreamedToken(token, log_probability)

    def _usage(self, completion_tokens: int) -> dict[str, int]:
        prompt_tokens = sum(self.prompt_tokens)
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }


def read_options(body: CompletionRequest) -> DecodeOptions:
    """Return the options of a body.

    Raises:
        ValueError: values that contradict each other.
        HTTPException: 400 for several texts of greedy search, which are all the same.
    """
    greedy = body.temperature == 0 or body.top_k == 1
    if greedy and (body.n or 1) > 1:
        refuse(f"n is {body.n}, but temperature 0 and top_k 1 write one text only; raise them or set n to 1")
    options: dict[str, Any] = {
        "beam_size": 1,
        "max_length": body.max_tokens or DEFAULT_TOKENS,
        "num_hypotheses": body.n or 1,
        "sampling_topk": 1 if greedy else body.top_k or 0,
        "seed": body.seed,
        "stop": tuple(dict.fromkeys(body.stops)) or None,
    }
    if not greedy:
        if body.temperature is not None:
            options["sampling_temperature"] = max(body.temperature, 0.01)
        if body.top_p is not None:
            options["sampling_topp"] = body.top_p
    for name in ("repetition_penalty", "no_repeat_ngram_size"):
        if getattr(body, name) is not None:
            options[name] = getattr(body, name)
    return DecodeOptions(**options)


def _generate(
    generator: Generator, options: DecodeOptions, prompts: list[str], cancelled: Cancelled
) -> list[Generation]:
    """Return a generation a prompt; those whose client has left end at the next step."""
    return generator.generate(prompts, options, cancelled)


async def _read_body(request: Request) -> CompletionRequest:
    """Return the checked body of a request, with the key of its header where the body has none."""
    body = await COMPLETION_BODY(request)
    body.api_key = body.api_key or _bearer(request)
    return body


def _bearer(request: Request) -> str | None:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if kind.lower() == "bearer" else None


async def _stream(first: dict[str, Any], others: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Yield the parts as events; the status is sent already, so that an error becomes an event, too."""
    yield f"data: {json.dumps(first)}\n\n"
    try:
        async for part in others:
            yield f"data: {json.dumps(part)}\n\n"
    except HTTPException as error:
        yield f"data: {json.dumps({'error': error.detail})}\n\n"
    except Exception as error:
        yield f"data: {json.dumps({'error': describe(error)[1]})}\n\n"
    yield "data: [DONE]\n\n"
