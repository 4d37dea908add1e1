"""From the bytes of a request to a checked model of its fields, JSON and form alike.

Whatever is wrong ends in one sentence (HTTPException 400 or 415) that names the field and the remedy.
JSON is read strictly: no NaN, no bare values, no unknown field, no lone surrogate; a number is no text.
"""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any, NoReturn, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Body(BaseModel):
    """What the bodies of all routes have; a field's description completes the sentence "give ..."."""

    model_config = ConfigDict(extra="forbid")

    api_key: str | None = Field(None, description="a key of this server; without keys any text will do")


AnyBody = TypeVar("AnyBody", bound=Body)
ParsedResult = TypeVar("ParsedResult")

CLIENT_LEFT = 499  # nobody reads this answer; the code is the one that proxies log


def request_schema(model: type[Body], *, forms: bool = True) -> dict[str, Any]:
    """The OpenAPI description of a body, which is read by hand because it may be JSON or a form."""
    schema = model.model_json_schema()
    kinds = ("application/json", *FORMS) if forms else ("application/json",)
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}


async def read_request(request: Request, model: type[AnyBody], *, forms: bool = True) -> AnyBody:
    """The body of a request, checked; HTTPException with one sentence when it cannot be used."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/json":
        fields = _parse_json(await request.body(), model)
    elif forms and kind in FORMS:
        fields = await _parse_form(request)
    else:
        known = "JSON or a form" if forms else "JSON"
        raise HTTPException(415, f"the body must be {known}; send Content-Type: application/json")
    return check_fields(fields, model, strict=kind == "application/json")


def check_fields(fields: dict[str, Any], model: type[AnyBody], *, strict: bool) -> AnyBody:
    """The fields as a model; HTTPException 400 names the first that is wrong. Not strict: "3" is 3."""
    try:
        asked = model.model_validate(fields, strict=strict)
    except ValidationError as error:
        refuse(_explain(error, fields, model))
    for value in fields.values():
        check_unicode(value)
    return asked


async def while_connected(request: Request, work: Awaitable[ParsedResult]) -> ParsedResult:
    """The result of work, which is cancelled when the client leaves; its body must have been read."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise HTTPException(CLIENT_LEFT, "the client left")
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def check_unicode(value: Any) -> None:
    """Refuses half characters (lone surrogates), which no answer could be written with."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            check_unicode(each)
    elif isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            refuse("a text holds half a character (a lone surrogate); send valid Unicode")


def refuse(sentence: str) -> NoReturn:
    """Ends a request with 400 and a sentence."""
    raise HTTPException(400, sentence)


def _parse_json(body: bytes, model: type[Body]) -> dict[str, Any]:
    try:
        fields = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        refuse("the body is not UTF-8; encode the JSON as UTF-8")
    except RecursionError:
        refuse("the JSON is nested too deeply; send one flat object")
    except ValueError:
        refuse('the body is not JSON; send an object such as {"q": "Hello", "source": "en", "target": "de"}')
    if not isinstance(fields, dict):
        wanted = [name for name, field in model.model_fields.items() if field.is_required()]
        refuse(f"the JSON is {shown(fields)}; send an object with {', '.join(wanted)}")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


async def _parse_form(request: Request) -> dict[str, Any]:
    """The fields of a form; several q make a list."""
    if (await request.body()).lstrip()[:1] == b"{":
        refuse("the body is JSON but was sent as a form; send Content-Type: application/json")
    async with request.form(max_files=0, max_fields=1_000) as form:
        fields: dict[str, Any] = {}
        for name in form:
            values = form.getlist(name)
            if any(isinstance(value, UploadFile) for value in values):
                refuse(f"{shown(name)} is a file; send text")
            fields[name] = values[0] if len(values) == 1 else values
    return fields


def _explain(error: ValidationError, fields: dict[str, Any], model: type[Body]) -> str:
    places = [each["loc"] for each in error.errors(include_url=False, include_context=False)]
    name = str(places[0][0]) if places[0] else ""
    known = model.model_fields
    if name not in known:
        return f"{shown(name)} is not a known field; known are {', '.join(known)}"
    wanted = known[name].description
    if name not in fields:
        return f"{name} is missing; give {wanted}"
    value = fields[name]
    at = next((step for place in places if place[0] == name for step in place if isinstance(step, int)), None)
    if isinstance(value, list) and at is not None:  # it is right to be a list, but not with this in it
        return f"{name} has {shown(value[at])} at place {at + 1}; give {wanted}"
    return f"{name} is {shown(value)}; give {wanted}"


def shown(value: Any) -> str:
    """A value as it can stand in a sentence: containers by name, the rest cut to a few characters."""
    for kind, words in ((list, "a list"), (dict, "an object"), (bool, None)):
        if isinstance(value, kind):
            return words or str(value).lower()
    if value is None:
        return "null"
    written = repr(value)
    return written if len(written) <= 40 else f"{written[:40]}..."
