"""POST /v1/completions: text that goes on from a prompt, in OpenAI's shape, so that its clients work.

    {"model": "shakespeare", "prompt": "ROMEO:", "max_tokens": 64, "temperature": 0.8, "stream": true}
    -> {"id", "object": "text_completion", "usage",
        "choices": [{"index", "text", "finish_reason", "logprobs"}]}

A stream is server-sent events, each such an object with what is new of one choice, then `[DONE]`; choices
follow each other. Temperature 0 is greedy search. A key may come as `Authorization: Bearer`.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse

from seq2seq import DecodeOptions, Generation, Generator
from seq2seq.search import Cancelled

from ..engine.registry import LanguageModelEntry
from ..engine.service import Service
from ..errors import Busy
from ..http.auth import Authenticator
from ..http.parsing import read_request, refuse, request_schema, while_connected
from ..http.security import describe
from .completion_schemas import Completion, CompletionRequest
from .completion_stops import StopBuffer, StreamedTokens, cut_at, logprobs
from .libretranslate import FAILURES, address
from .translations import EVENTS, NO_CACHE

USUAL_TOKENS = 16  # as OpenAI's


def make_router(service: Service, access: Authenticator) -> APIRouter:
    """The route, answered by a service."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/completions",
        response_model=Completion,
        responses=FAILURES,
        openapi_extra=request_schema(CompletionRequest, forms=False),
    )
    async def complete(request: Request) -> Any:
        """Go on from a prompt."""
        asked = await read_request(request, CompletionRequest, forms=False)
        client = access.admit(address(request), asked.api_key or _bearer(request))
        work = await RunningCompletion.begin(service, asked, client)
        if not asked.stream:
            return JSONResponse(await while_connected(request, work.whole()))
        events = work.events()
        first = await while_connected(request, anext(events))  # what is wrong is said with a status
        return StreamingResponse(_stream(first, events), media_type=EVENTS, headers=NO_CACHE)

    return router


class RunningCompletion:
    """One request on its way: its writer, its options, and what they make."""

    def __init__(
        self,
        service: Service,
        asked: CompletionRequest,
        client: str,
        writer: LanguageModelEntry,
        generator: Generator,
    ) -> None:
        self.service, self.asked, self.client = service, asked, client
        self.writer, self.generator = writer, generator
        self.options = read_options(asked)
        self.frame = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": writer.name,
        }
        context = generator.model.config.max_length
        self.read = [min(len(generator.read(prompt)), context) for prompt in asked.prompts]
        most = self.options.max_length or USUAL_TOKENS
        self.costs = [read + self.options.num_hypotheses * most for read in self.read]
        service.limits.check_token_count(sum(self.costs))

    @classmethod
    async def begin(cls, service: Service, asked: CompletionRequest, client: str) -> "RunningCompletion":
        """A request that is within all limits, with its model loaded.

        Raises:
            ValueError: a model that is not there, options that contradict, too much text.
        """
        service.limits.check_texts(asked.prompts)
        service.limits.check_beam(asked.n or 1)
        if len(asked.stops) > 4 or not all(asked.stops):
            refuse("stop holds an empty text or more than four; give one to four texts")
        writer = service.catalog.writer(asked.model)
        if writer.loaded is None:
            try:
                await asyncio.to_thread(writer.generator)
            except ValueError as error:
                sentence = f"the model {writer.name} cannot be loaded ({type(error).__name__})"
                raise Busy("busy_model", sentence, 60) from None
        assert writer.loaded is not None
        return cls(service, asked, client, writer, writer.loaded)

    async def whole(self) -> dict[str, Any]:
        """The answer, all at once."""
        service, prompts = self.service, self.asked.prompts
        with service.batcher.admit(sum(self.costs)):
            service.metrics.tokens_in.inc(sum(self.read))
            found = await service.in_time(
                service.batcher.run(
                    self.client,
                    (self.writer.name, self.options),
                    partial(_generate, self.generator, self.options),
                    prompts,
                    self.costs,
                )
            )
        written = [each for first in found for each in (first, *first.alternatives)]
        choices, tokens = [], 0
        for index, each in enumerate(written):
            text, count = cut_at("".join(each.tokens), each.tokens, self.options.stop or ())
            tokens += len(each.tokens)
            choices.append(self._choice(index, each, text, count))
        service.metrics.tokens_out.inc(tokens)
        return {**self.frame, "choices": choices, "usage": self._usage(tokens)}

    def _choice(self, index: int, found: Generation, text: str, count: int) -> dict[str, Any]:
        before = found.prompt if self.asked.echo else ""
        choice: dict[str, Any] = {
            "index": index,
            "text": before + text,
            "finish_reason": "stop" if found.finish == "end" else "length",
            "logprobs": None,
        }
        if self.asked.logprobs is not None:
            values = found.token_log_probabilities[:count]
            choice["logprobs"] = logprobs(found.tokens[:count], values, len(before))
        return choice

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The answer in parts, choice after choice."""
        service, count, index = self.service, 0, 0
        end = time.monotonic() + service.limits.seconds
        options = replace(self.options, num_hypotheses=1)
        with service.batcher.admit(sum(self.costs)):
            service.metrics.tokens_in.inc(sum(self.read))
            for prompt in self.asked.prompts:
                for sample in range(self.options.num_hypotheses):
                    seed = options.seed
                    chosen = options if seed is None else replace(options, seed=(seed + sample) % 2**63)
                    async for part in self._parts(index, prompt, chosen):
                        count += part.pop("tokens")
                        yield {**self.frame, "choices": [part]}
                        if time.monotonic() > end:
                            raise service.too_slow()
                    index += 1
        service.metrics.tokens_out.inc(count)
        if self.asked.stream_options and self.asked.stream_options.include_usage:
            yield {**self.frame, "choices": [], "usage": self._usage(count)}

    async def _parts(self, index: int, prompt: str, options: DecodeOptions) -> AsyncIterator[dict[str, Any]]:
        """What is new of one choice, and how many tokens it is."""
        held, told, written = (
            StopBuffer(options.stop or ()),
            StreamedTokens(len(prompt) if self.asked.echo else 0),
            0,
        )

        def part(text: str, reason: str | None, *tokens: tuple[str, float]) -> dict[str, Any]:
            known = told.tell(text, tokens) if self.asked.logprobs is not None else None
            return {
                "index": index,
                "text": text,
                "finish_reason": reason,
                "logprobs": known,
                "tokens": len(tokens),
            }

        if self.asked.echo:
            yield {**part("", None), "text": prompt}  # the prompt's tokens are none that were written
        steps: Iterator[tuple[str, float]] = self.generator.steps(prompt, options)
        async for step in self.service.batcher.worker.stream(steps):
            written += 1
            yield part(held.add(step[0]), None, step)
            if held.stopped:
                break
        most = options.max_length or USUAL_TOKENS
        stopped = held.stopped or written < most
        yield part("" if held.stopped else held.rest, "stop" if stopped else "length")

    def _usage(self, written: int) -> dict[str, int]:
        read = sum(self.read)
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def read_options(asked: CompletionRequest) -> DecodeOptions:
    """The options of a request; ValueError for what contradicts."""
    greedy = asked.temperature == 0 or asked.top_k == 1
    if greedy and (asked.n or 1) > 1:
        refuse(f"n is {asked.n}, but temperature 0 and top_k 1 write one text only; raise them or set n to 1")
    given: dict[str, Any] = {"max_length": asked.max_tokens or USUAL_TOKENS, "num_hypotheses": asked.n or 1}
    given["stop"] = tuple(dict.fromkeys(asked.stops)) or None
    given |= {"beam_size": 1, "sampling_topk": 1 if greedy else asked.top_k or 0, "seed": asked.seed}
    if not greedy:
        if asked.temperature is not None:
            given["sampling_temperature"] = max(asked.temperature, 0.01)
        if asked.top_p is not None:
            given["sampling_topp"] = asked.top_p
    for name in ("repetition_penalty", "no_repeat_ngram_size"):
        if getattr(asked, name) is not None:
            given[name] = getattr(asked, name)
    return DecodeOptions(**given)


def _generate(
    generator: Generator, options: DecodeOptions, prompts: list[str], cancelled: Cancelled
) -> list[Generation]:
    """What is written after each prompt; no more after those whose client has left."""
    return generator.generate(prompts, options, cancelled)


def _bearer(request: Request) -> str | None:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" and key.strip() else None


async def _stream(first: dict[str, Any], others: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """The parts as events; what goes wrong now can only be said in one of them."""
    yield f"data: {json.dumps(first)}\n\n"
    try:
        async for each in others:
            yield f"data: {json.dumps(each)}\n\n"
    except HTTPException as error:
        yield f"data: {json.dumps({'error': error.detail})}\n\n"
    except Exception as error:
        yield f"data: {json.dumps({'error': describe(error)[1]})}\n\n"
    yield "data: [DONE]\n\n"
