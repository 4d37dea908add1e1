"""POST /translate_file and GET /download_file/NAME: translates a file and serves the result for a while.

    multipart: file, source, target, column (of csv and tsv), confidence
    -> {"translatedFileUrl": "http://.../download_file/x.srt", "confidence": 0.71}

Results are kept in memory, bounded in time and size, under names that cannot be guessed. They are sent as
attachments, so that HTML of a user is never a page of this server.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, field_validator
from starlette.datastructures import UploadFile

from seq2seq.documents import SUPPORTED, TranslatedDocument, translate_document
from seq2seq.documents.template import TranslateTexts
from seq2seq.inference.confidence import rounded_confidence
from seq2seq.inference.results import Translation

from ..engine.documents import DocumentExecutor, MeanConfidence, file_limits
from ..engine.routing import Route
from ..engine.service import Service
from ..http.auth import Admission, Admitted, Authenticator
from ..http.parsing import LenientBody, check_lenient, media_type, query_fields, refuse, while_connected
from .libretranslate import FAILURES, SOURCE, TARGET, is_true, served_pair, text_limits

KEPT_SECONDS = 600
KEPT_BYTES = 67_108_864  # of all files together


class FileRequest(LenientBody):
    """Fields of POST /translate_file beside the file."""

    source: str = SOURCE
    target: str = TARGET
    column: str | None = Field(None, description="a column of a csv or tsv file: its header or number")
    confidence: bool = Field(False, description="whether the confidence, from 0 to 1, is wanted")

    @field_validator("confidence", mode="before")
    @classmethod
    def _flag_or_its_text(cls, value: Any) -> bool:
        return is_true(value)


class FileUpload(NamedTuple):
    """A file and the fields that came with it."""

    fields: FileRequest
    name: str
    content: bytes

    @property
    def api_key(self) -> str | None:
        """The key as it was sent, None without one."""
        return self.fields.api_key

    @property
    def text_count(self) -> int:
        """The number of texts that a client's rate counts: a file is one."""
        return 1


class FileAnswer(BaseModel):
    """The address of the translated file, and the intermediate language where there was one.

    `confidence` is there when it was requested: the mean of the file's texts, null where it is not known.
    """

    translatedFileUrl: str  # noqa: N815 - the wire shape
    pivot: str | None = None
    confidence: float | None = None


class DownloadStore:
    """Translated files, each kept for a while; the oldest leaves early where room is needed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._files: OrderedDict[str, tuple[float, TranslatedDocument]] = OrderedDict()  # (end, file)

    @property
    def _size(self) -> int:
        """The bytes of all files."""
        return sum(len(file.content) for _, file in self._files.values())

    def put(self, file: TranslatedDocument) -> str:
        """Keep a file, and return the name under which it can be fetched."""
        name = secrets.token_urlsafe(24) + PurePosixPath(file.name).suffix.lower()
        self._files[name] = (self._clock() + KEPT_SECONDS, file)
        # The newest stays even where it fills all the room: its client is about to fetch it.
        while len(self._files) > 1 and self._size > KEPT_BYTES:
            self._files.popitem(last=False)
        return name

    def get(self, name: str) -> TranslatedDocument | None:
        """Return the file of a name, or None when there is none (any more)."""
        now = self._clock()
        while self._files and next(iter(self._files.values()))[0] < now:
            self._files.popitem(last=False)
        _, file = self._files.get(name, (0.0, None))
        return file


def make_router(service: Service, authenticator: Authenticator, documents: DocumentExecutor) -> APIRouter:
    """Return the routes, answered by a service."""
    router = APIRouter()
    downloads = DownloadStore()

    @router.post(
        "/translate_file", response_model=FileAnswer, responses=FAILURES, openapi_extra=_file_schema()
    )
    async def translate_file(
        request: Request,
        admitted: Annotated[Admitted[FileUpload], Depends(Admission(authenticator, _read_file))],
    ) -> JSONResponse:
        """Translate a file; its structure stays."""
        (fields, name, content), client = admitted
        if PurePosixPath(name).suffix.lower() not in SUPPORTED:
            refuse("Invalid request: file format not supported")  # GET /frontend/settings lists the formats
        source, target = served_pair(service.registry, fields.source, fields.target)
        limits = file_limits(service.limits)

        def work(translate: TranslateTexts) -> TranslatedDocument:
            return translate_document(name, content, translate, column=fields.column, target=target)

        def keep(texts: list[str]) -> Iterator[Translation]:
            limits.check_texts(texts)
            return (Translation(text, text) for text in texts)

        confidence = MeanConfidence()
        with text_limits():
            if source == target:
                translated, route = await asyncio.to_thread(work, keep), Route(())
            else:
                running = documents.run(work, source, target, client, limits, confidence)
                translated, route = await while_connected(request, running)
        if not route.served and route.detected:
            refuse(f"{route.detected.language} is not supported")  # LibreTranslate's sentence
        url = request.url_for("download_file", key=downloads.put(translated))
        answer: dict[str, Any] = {"translatedFileUrl": str(url)}
        if route.pivots:
            answer["pivot"] = route.pivots[0]
        if fields.confidence:
            answer["confidence"] = rounded_confidence(confidence.value)
        return JSONResponse(answer)

    @router.get("/download_file/{key}", response_class=Response, responses=_download_answers())
    async def download_file(key: str) -> Response:
        """Fetch a translated file."""
        if key in (".", ".."):
            refuse("Invalid filename")  # files are in memory, but LibreTranslate's tests look for it
        file = downloads.get(key)
        if file is None:
            raise HTTPException(404, "there is no such file any more; translate it again")
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
            "content-security-policy": "sandbox",
        }
        return Response(file.content, headers=headers, media_type=file.media_type)

    return router


async def _read_file(request: Request) -> FileUpload:
    """Return the file of a request and its fields.

    Raises:
        HTTPException: 415 for another type of body, 400 for a value that is missing or wrong.
    """
    if media_type(request) != "multipart/form-data":
        raise HTTPException(415, "the body must be a form with a file; send multipart/form-data")
    async with request.form(max_files=1, max_fields=20) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            refuse("file is missing; give a file of the form")
        others = {name: value for name, value in form.items() if name != "file"}
        if any(isinstance(value, UploadFile) for value in others.values()):
            refuse("only file may be a file; send the other fields as text")
        fields = check_lenient({**query_fields(request), **others}, FileRequest)
        return FileUpload(fields, file.filename or "", await file.read())


def _file_schema() -> dict[str, Any]:
    """Return the OpenAPI description of the form."""
    schema = FileRequest.model_json_schema()
    known = ", ".join(SUPPORTED)
    schema["properties"]["file"] = {"type": "string", "format": "binary", "description": f"one of {known}"}
    schema["required"] = ["file", *schema["required"]]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _download_answers() -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of a download: one media type for each known format."""
    kinds = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in set(SUPPORTED.values())}
    answers: dict[int | str, dict[str, Any]] = {200: {"content": kinds, "description": "The file"}}
    missing = {**FAILURES[400], "description": "There is no such file (any more)"}
    return {**answers, 400: FAILURES[400], 404: missing}
