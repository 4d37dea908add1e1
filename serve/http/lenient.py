"""Bodies as LibreTranslate's server reads them, for the routes that its clients use.

    fields of the query string, then of the JSON or form, which override them
    unknown fields                 left out
    a required field missing       400 "Invalid request: missing q parameter"

Some sentences are LibreTranslate's own, word for word: clients compare them.
"""

from typing import Any, NoReturn

from fastapi import Request
from pydantic import ConfigDict, field_validator

from .parsing import AnyBody, Body, BodyReader, abbreviate, check_fields, refuse


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
