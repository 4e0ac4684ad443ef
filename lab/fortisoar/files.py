"""Files: uploaded, shown as records, and handed out as bytes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..kit.clock import Clock
from ..kit.store import Store
from ..kit.switches import Switch, Switches
from .calls import Answer, Call, Row, response, route
from .models import Base
from .records.errors import malformed, not_found
from .records.modules import FILES, MODULES
from .records.seeding import ADMINISTRATOR
from .records.showing import single
from .records.tables import Record
from .records.values import address
from .records.writing import Writer, find
from .refusals import Refusal

BASE = f"/api/3/{FILES}"
BYTES = "application/octet-stream"
LONGEST_NAME = 255  # characters

FILE_SWITCHES = (
    Switch(
        "file_by_other_accept",
        ("json", "bytes"),
        "What a file's address answers to an Accept that names neither JSON nor application/octet-stream: its record, "
        "or its bytes; only the two named ones were seen.",
    ),
    Switch(
        "upload_without_file_status",
        (400, 415),
        "The HTTP status of an upload that has no multipart part 'file'; no capture exists.",
    ),
)


class FileContent(Base):
    """The bytes of a file, whose record is one of the module ``files``."""

    __tablename__ = "file_content"

    uuid: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Files:
    """The files of the local FortiSOAR."""

    def __init__(self, store: Store, clock: Clock, switches: Switches) -> None:
        self._store = store
        self._clock = clock
        self._switches = switches

    def routes(self) -> list[Route]:
        """Return the addresses of files; lists and queries are those of any module."""
        return [
            Route(BASE, self._upload, methods=["POST"]),
            route("GET", f"{BASE}/{{uuid}}", self._read),
            route("DELETE", f"{BASE}/{{uuid}}", self._delete),
        ]

    def add(self, name: str, mime_type: str, content: bytes) -> Row:
        """Store a file; return its record."""
        with self._store.transaction() as session:
            record = self._writer(session).create(
                {"filename": _base_name(name), "mimeType": mime_type, "size": len(content)}
            )
            session.add(FileContent(uuid=record.uuid, content=content))
            session.flush()
            return single(session, record)

    def content(self, iri: Any) -> bytes:
        """Return the bytes of a file by its IRI; raise Refusal 404 if there is none."""
        found = address(iri)
        if found is None or found[0] != FILES:
            raise malformed(f"A file is named by its IRI, such as {BASE}/<uuid>.")
        with self._store.transaction() as session:
            return _content(session, find(session, *found))

    def record(self, uuid: str) -> Row | None:
        """Return a file's record, None if it was deleted."""
        with self._store.transaction() as session:
            record = session.get(Record, (FILES, uuid))
            return None if record is None else single(session, record)

    def _writer(self, session: Session) -> Writer:
        return Writer(session, MODULES[FILES], self._clock.now().timestamp(), ADMINISTRATOR)

    async def _upload(self, request: Request) -> Response:
        try:
            name, mime_type, content = await self._uploaded(request)
            return response(201, await run_in_threadpool(self.add, name, mime_type, content))
        except Refusal as refused:
            return response(refused.status, refused.body)

    async def _uploaded(self, request: Request) -> tuple[str, str, bytes]:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form(max_files=1, max_fields=10) as form:
                file = form.get("file")
                if isinstance(file, UploadFile):
                    return file.filename or "", file.content_type or BYTES, await file.read()
        body = malformed("Upload a file as the multipart part 'file'.").body
        raise Refusal(self._switches["upload_without_file_status"], body)

    def _read(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            record = find(session, FILES, call.path["uuid"])
            if not self._wants_bytes(call.headers.get("accept", "")):
                return 200, single(session, record)
            return 200, download(record.document["filename"], _content(session, record))

    def _wants_bytes(self, accept: str) -> bool:
        if BYTES in accept:
            return True
        is_other = bool(accept) and "json" not in accept and "*/*" not in accept
        return is_other and self._switches["file_by_other_accept"] == "bytes"

    def _delete(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            record = find(session, FILES, call.path["uuid"])
            if content := session.get(FileContent, record.uuid):
                session.delete(content)
            self._writer(session).delete(record, hard=True)
        return 204, None


def download(name: str, content: bytes) -> Response:
    """Return bytes as an answer that is saved under a name."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=BYTES, headers={"Content-Disposition": disposition})


def _content(session: Session, record: Record) -> bytes:
    stored = session.get(FileContent, record.uuid)
    if stored is None:  # a record that was posted without bytes
        raise not_found(f"The content of {record.iri}")
    return stored.content


def _base_name(name: str) -> str:
    """Return the name without the folders that some clients send."""
    return name.replace("\\", "/").rsplit("/", 1)[-1][:LONGEST_NAME]
