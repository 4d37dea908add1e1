"""POST /translate_file and GET /download_file/NAME: a file in, and an address where its translation lies.

    multipart: file, source, target, column (of csv and tsv) -> {"translatedFileUrl": "http://.../download_file/x.srt"}

Translations are kept in memory, for a while and up to a size together, under names that nobody guesses; they
are sent as attachments, so that no HTML of a user is ever a page of this server.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from seq2seq.documents import SUPPORTED, TranslatedDocument, translate_document

from ..engine.documents import DocumentExecutor, file_terms
from ..engine.service import Service
from ..http.auth import Authenticator
from ..http.parsing import Body, check_fields, refuse, while_connected
from .libretranslate import FAILURES, SOURCE, TARGET, address

KEPT_SECONDS = 600
KEPT_BYTES = 67_108_864


class FileRequest(Body):
    """What POST /translate_file takes beside the file."""

    source: str = SOURCE
    target: str = TARGET
    column: str | None = Field(None, description="a column of a csv or tsv file: its header or number")


class FileAnswer(BaseModel):
    """Where the translated file can be fetched, and the language between where there was one."""

    translatedFileUrl: str  # noqa: N815 - the wire shape
    pivot: str | None = None


class DownloadStore:
    """Translated files for a while: the oldest leaves when its time is over or room is needed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._files: OrderedDict[str, tuple[float, TranslatedDocument]] = OrderedDict()

    def put(self, file: TranslatedDocument) -> str:
        """Keeps a file; gives the name under which it can be fetched."""
        name = secrets.token_urlsafe(24) + PurePosixPath(file.name).suffix.lower()
        self._files[name] = (self._clock() + KEPT_SECONDS, file)
        while (
            sum(len(kept.content) for _, kept in self._files.values()) > KEPT_BYTES and len(self._files) > 1
        ):
            self._files.popitem(last=False)
        return name

    def get(self, name: str) -> TranslatedDocument | None:
        """The file of a name, or None when there is none (any more)."""
        now = self._clock()
        while self._files and next(iter(self._files.values()))[0] < now:
            self._files.popitem(last=False)
        found = self._files.get(name)
        return found[1] if found else None


def make_router(service: Service, access: Authenticator, documents: DocumentExecutor) -> APIRouter:
    """The routes, answered by a service."""
    router = APIRouter()
    shelf = DownloadStore()

    @router.post(
        "/translate_file", response_model=FileAnswer, responses=FAILURES, openapi_extra=_file_schema()
    )
    async def translate_file(request: Request) -> JSONResponse:
        """Translate a file; its structure stays."""
        asked, name, content = await _read_file(request)
        client = access.admit(address(request), asked.api_key)
        work = documents.run(
            lambda translate: translate_document(name, content, translate, column=asked.column),
            asked.source,
            asked.target,
            client,
            file_terms(service.limits),
        )
        translated, route = await while_connected(request, work)
        pivot = {"pivot": route.pivots[0]} if route.pivots else {}
        url = request.url_for("download_file", key=shelf.put(translated))
        return JSONResponse({"translatedFileUrl": str(url), **pivot})

    @router.get("/download_file/{key}", response_class=Response, responses=_download_answers())
    async def download_file(key: str) -> Response:
        """Fetch a translated file."""
        file = shelf.get(key)
        if file is None:
            raise HTTPException(404, "there is no such file any more; translate it again")
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
            "content-security-policy": "sandbox",
        }
        return Response(file.content, headers=headers, media_type=file.media_type)

    return router


async def _read_file(request: Request) -> tuple[FileRequest, str, bytes]:
    """The fields of a request, the file's name and its bytes."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise HTTPException(415, "the body must be a form with a file; send multipart/form-data")
    async with request.form(max_files=1, max_fields=20) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            refuse("file is missing; give a file of the form")
        others = {name: value for name, value in form.items() if name != "file"}
        if any(isinstance(value, UploadFile) for value in others.values()):
            refuse("only file may be a file; send the other fields as text")
        return check_fields(others, FileRequest, strict=False), file.filename or "", await file.read()


def _file_schema() -> dict[str, object]:
    schema = FileRequest.model_json_schema()
    known = ", ".join(SUPPORTED)
    schema["properties"]["file"] = {"type": "string", "format": "binary", "description": f"one of {known}"}
    schema["required"] = ["file", *schema["required"]]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _download_answers() -> dict[int | str, dict[str, object]]:
    kinds = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in set(SUPPORTED.values())}
    answers: dict[int | str, dict[str, object]] = {200: {"content": kinds, "description": "The file"}}
    return {**answers, 404: {**FAILURES[400], "description": "There is no such file (any more)"}}
