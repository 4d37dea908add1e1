"""Bodies of requests, JSON and forms alike, as checked models of their fields.

Errors are one sentence (HTTPException 400 or 415) that names the field and the remedy. JSON is read strictly:
no NaN, no bare values, no unknown fields, no lone surrogates, no number where a text belongs.

LibreTranslate's routes read as its server does (`LenientReader`): the query string, then the body, which
overrides it; unknown fields are left out. Some of their sentences are LibreTranslate's own, word for word,
since clients compare them.
"""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any, Generic, NoReturn, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

JSON = "application/json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
CLIENT_LEFT = 499  # nobody reads this answer; the code is the one that proxies log


class Body(BaseModel):
    """Fields that the bodies of all routes have.

    A field's description completes the sentence "give ..." of the errors.
    """

    model_config = ConfigDict(extra="forbid")

    api_key: str | None = Field(None, description="a key of this server; without keys any text will do")

    @property
    def text_count(self) -> int:
        """The number of texts, from 1, which a client's rate counts."""
        q = getattr(self, "q", None)
        return max(1, len(q)) if isinstance(q, list) else 1


AnyBody = TypeVar("AnyBody", bound=Body)
ParsedResult = TypeVar("ParsedResult")


class BodyReader(Generic[AnyBody]):
    """Reads the body of a request into a model; `openapi` describes the same body.

    FastAPI reads a body as JSON or as a form, never as either, so this is done by hand.
    """

    def __init__(self, model: type[AnyBody], *, forms: bool = False) -> None:
        self.model = model
        self.forms = forms

    @property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description of the body."""
        schema = self.model.model_json_schema()
        kinds = (JSON, *FORMS) if self.forms else (JSON,)
        return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}

    async def __call__(self, request: Request) -> AnyBody:
        """Return the checked body of a request.

        Raises:
            HTTPException: 415 for another type of body, 400 for a value that is missing or wrong.
        """
        fields = await self.read_fields(request)
        return check_fields(fields, self.model, strict=media_type(request, JSON) == JSON)

    async def read_fields(self, request: Request) -> dict[str, Any]:
        """Return the fields of a body, unchecked.

        Raises:
            HTTPException: 415 for another type of body, 400 for one that cannot be parsed.
        """
        kind = media_type(request, JSON)
        if kind == JSON:
            fields = parse_json(await request.body())
            if not isinstance(fields, dict):
                self.refuse_json(fields)
            return fields
        if self.forms and kind in FORMS:
            return await _parse_form(request)
        known = "JSON or a form" if self.forms else "JSON"
        raise HTTPException(415, f"the body must be {known}; send Content-Type: application/json")

    def refuse_json(self, value: Any) -> NoReturn:
        """Refuse JSON that is no object."""
        required = [name for name, field in self.model.model_fields.items() if field.is_required()]
        refuse(f"the JSON is {abbreviate(value)}; send an object with {', '.join(required)}")


def media_type(request: Request, default: str = "") -> str:
    """Return the Content-Type of a request in lower case without its parameters, `default` without one."""
    return request.headers.get("content-type", default).partition(";")[0].strip().lower()


def check_fields(fields: dict[str, Any], model: type[AnyBody], *, strict: bool) -> AnyBody:
    """Return fields as a model.

    Args:
        fields: the values by name, as they were parsed.
        model: the model that describes them.
        strict: whether types must match; otherwise "3" is taken for 3, as forms need it.

    Raises:
        HTTPException: 400; the sentence names the first field that is wrong.
    """
    try:
        body = model.model_validate(fields, strict=strict)
    except ValidationError as error:
        refuse(_explain(error, fields, model))
    for value in fields.values():
        check_unicode(value)
    return body


async def while_connected(request: Request, work: Awaitable[ParsedResult]) -> ParsedResult:
    """Return the result of work, and cancel the work when the client leaves.

    The body must have been read: whatever else the connection says then is that it was closed.
    """
    task = asyncio.ensure_future(work)
    departure = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, departure}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise HTTPException(CLIENT_LEFT, "the client left")
    finally:
        task.cancel()
        departure.cancel()
        # Wait for both, so that the work has left the queue when the request ends.
        await asyncio.gather(task, departure, return_exceptions=True)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read, and then what `receive` gives."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def check_unicode(value: Any) -> None:
    """Refuse (HTTPException 400) lone surrogates: no answer could be encoded with them."""
    if isinstance(value, str):
        # Most texts are ASCII, which `isascii` tells without looking at the characters.
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                refuse("a text holds half a character (a lone surrogate); send valid Unicode")
    elif isinstance(value, dict):
        check_unicode([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            check_unicode(item)


def refuse(sentence: str) -> NoReturn:
    """End a request with 400 and a sentence."""
    raise HTTPException(400, sentence)


def parse_json(body: bytes) -> Any:
    """Return the value of a body of JSON.

    Raises:
        HTTPException: 400; the sentence says what is wrong with it.
    """
    try:
        # Clients on Windows send a byte order mark; utf-8-sig drops it.
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        refuse("the body is not UTF-8; encode the JSON as UTF-8")
    except RecursionError:
        refuse("the JSON is nested too deeply; send one flat object")
    except ValueError:
        refuse('the body is not JSON; send an object such as {"q": "Hello", "source": "en", "target": "de"}')


def _refuse_constant(name: str) -> NoReturn:
    # Python's json takes NaN and Infinity, which JSON does not have and no answer could repeat.
    raise ValueError(f"{name} is not JSON")


async def _parse_form(request: Request) -> dict[str, Any]:
    """Return the fields of a form; a repeated field becomes a list."""
    if (await request.body()).lstrip()[:1] == b"{":
        refuse("the body is JSON but was sent as a form; send Content-Type: application/json")
    async with request.form(max_files=0, max_fields=1_000) as form:
        fields: dict[str, Any] = {}
        for name in form:
            values = form.getlist(name)
            if any(isinstance(value, UploadFile) for value in values):
                refuse(f"{abbreviate(name)} is a file; send text")
            fields[name] = values[0] if len(values) == 1 else values
    return fields


def _explain(error: ValidationError, fields: dict[str, Any], model: type[Body]) -> str:
    """Return the sentence for the first field that pydantic found wrong."""
    places = [problem["loc"] for problem in error.errors(include_url=False, include_context=False)]
    name = str(places[0][0]) if places[0] else ""
    known = model.model_fields
    if name not in known:
        return f"{abbreviate(name)} is not a known field; known are {', '.join(known)}"
    expected = known[name].description
    if name not in fields:
        return f"{name} is missing; give {expected}"
    value = fields[name]
    # A union of a text and a list has one problem a branch; the one with an index is about an item.
    indices = (step for place in places if place[0] == name for step in place if isinstance(step, int))
    index = next(indices, None)
    if isinstance(value, list) and index is not None:
        return f"{name} has {abbreviate(value[index])} at place {index + 1}; give {expected}"
    return f"{name} is {abbreviate(value)}; give {expected}"


def abbreviate(value: Any) -> str:
    """Return a value as it can stand in a sentence: containers by name, the rest cut to 40 characters."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    written = repr(value)
    return written if len(written) <= 40 else f"{written[:40]}..."


class LenientBody(Body):
    """Fields that the bodies of all these routes have; unknown ones are left out."""

    model_config = ConfigDict(extra="ignore")

    @field_validator("api_key", mode="before")
    @classmethod
    def _only_text(cls, key: Any) -> str | None:
        return key if isinstance(key, str) else None


class LenientReader(BodyReader[AnyBody]):
    """Reads the query string and the body of a request into a model."""

    async def __call__(self, request: Request) -> AnyBody:
        """Return the checked fields of a request.

        Raises:
            HTTPException: 415 for another type of body, 400 for a value that is missing or wrong.
        """
        fields = query_fields(request)
        if await request.body():
            fields |= await self.read_fields(request)
        return check_lenient(fields, self.model)

    def refuse_json(self, value: Any) -> NoReturn:
        """Refuse JSON that is no object."""
        refuse("Invalid JSON format")


def query_fields(request: Request) -> dict[str, Any]:
    """Return the fields of the query string; a repeated field becomes a list."""
    fields: dict[str, Any] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        fields[name] = values[0] if len(values) == 1 else values
    return fields


def check_lenient(fields: dict[str, Any], model: type[AnyBody]) -> AnyBody:
    """Return fields as a model, without those that it does not have.

    Raises:
        HTTPException: 400; the sentence names the first field that is missing or wrong.
    """
    known = {name: value for name, value in fields.items() if name in model.model_fields}
    for name, field in model.model_fields.items():
        # An empty text is translated by an empty text, where LibreTranslate calls it missing.
        absent: tuple[Any, ...] = (None, []) if name == "q" else (None, [], "")
        if field.is_required() and known.get(name) in absent:
            refuse(f"Invalid request: missing {name} parameter")
    return check_fields(known, model, strict=False)


def shown(value: Any) -> str:
    """Return a value as LibreTranslate's sentences show it: a text without quotes, as far as it is short."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 40 else abbreviate(value)
