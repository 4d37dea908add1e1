"""From the bytes of a request to a checked TranslateRequest, JSON and form alike.

Whatever is wrong ends in one sentence (HTTPException 400 or 415) that names the field and the remedy.
JSON is read strictly: no NaN, no bare values, no unknown field, no lone surrogate; a number is no text.
"""

import json
from typing import Any, Literal, NoReturn

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class TranslateRequest(BaseModel):
    """What POST /translate takes; a field's description completes the sentence "give ..."."""

    model_config = ConfigDict(extra="forbid")

    q: str | list[str] = Field(description="a text or a list of texts")
    source: str = Field(description="the code of the language of q, such as en")
    target: str = Field(description="the code of the language to translate to, such as de")
    format: Literal["text", "html"] = Field("text", description='"text"; "html" is not supported yet')
    alternatives: int = Field(0, ge=0, le=1_000_000, description="the number of further translations, from 0")
    api_key: str | None = Field(None, description="any text; it is accepted and not used")

    @property
    def texts(self) -> list[str]:
        """The texts to translate: q, or q alone in a list."""
        return [self.q] if isinstance(self.q, str) else self.q


def request_schema() -> dict[str, Any]:
    """The OpenAPI description of the body, which is read by hand because it may be JSON or a form."""
    schema = TranslateRequest.model_json_schema()
    kinds = ("application/json", *FORMS)
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}


async def read_request(request: Request) -> TranslateRequest:
    """The body of a request, checked; HTTPException with one sentence when it cannot be used."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/json":
        fields = _parse_json(await request.body())
    elif kind in FORMS:
        fields = await _parse_form(request)
    else:
        raise HTTPException(415, "the body must be JSON or a form; send Content-Type: application/json")
    try:
        asked = TranslateRequest.model_validate(fields, strict=kind == "application/json")
    except ValidationError as error:
        refuse(_explain(error, fields))
    for text in (*asked.texts, asked.source, asked.target):
        check_unicode(text)
    if asked.format == "html":
        refuse('format "html" is not supported yet; send "text"')
    return asked


def check_unicode(text: str) -> None:
    """Refuses half characters (lone surrogates), which no answer could be written with."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        refuse("a text holds half a character (a lone surrogate); send valid Unicode")


def refuse(sentence: str) -> NoReturn:
    """Ends a request with 400 and a sentence."""
    raise HTTPException(400, sentence)


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        refuse("the body is not UTF-8; encode the JSON as UTF-8")
    except RecursionError:
        refuse("the JSON is nested too deeply; send one flat object")
    except ValueError:
        refuse('the body is not JSON; send an object such as {"q": "Hello", "source": "en", "target": "de"}')
    if not isinstance(fields, dict):
        refuse(f"the JSON is {_shown(fields)}; send an object with q, source and target")
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
                refuse(f"{_shown(name)} is a file; send text")
            fields[name] = values[0] if len(values) == 1 else values
    return fields


def _explain(error: ValidationError, fields: dict[str, Any]) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    known = TranslateRequest.model_fields
    if name not in known:
        return f"{_shown(name)} is not a known field; known are {', '.join(known)}"
    if name not in fields:
        return f"{name} is missing; give {known[name].description}"
    return f"{name} is {_shown(fields[name])}; give {known[name].description}"


def _shown(value: Any) -> str:
    """A value as it can stand in a sentence: containers by name, the rest cut to a few characters."""
    for kind, words in ((list, "a list"), (dict, "an object"), (bool, None)):
        if isinstance(value, kind):
            return words or str(value).lower()
    if value is None:
        return "null"
    written = repr(value)
    return written if len(written) <= 40 else f"{written[:40]}..."
