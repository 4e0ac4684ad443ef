"""Requests that nobody sends on purpose: shapes of every route, each with something of it made wrong."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import random
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message

Row = dict[str, Any]
HANGS_AFTER = 30  # seconds: far beyond what any request takes, however busy the machine is

DEEP: Any = []
for _ in range(90):
    DEEP = [DEEP]
# What stands where something else is expected.
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 5, 2**31, 2**63, -(2**63) - 1, 10**30, 10**4000, 0.5, 1e308, 1e999, "", " ", "a", "0",
    "-1", "\u0663", "9" * 20, "9" * 4301, "\ud800", "\x00", "\u00e9" * 300, "x" * 5000, "'\"<>%", "{{ 1/0 }}", "{% for",
    "{{ vars.input }}", "/api/3/alerts/x", "2024-13-45", "1970-01-01T00:00:00Z", "null", "true", [], {}, [None], [[]],
    [{}], ["a", 1], {"a": None}, {"": {}}, {"logic": "AND", "filters": 5}, DEEP,
]  # fmt: skip
TEXTS = [text for text in ODD if isinstance(text, str)] + [
    "2147483648",
    "9223372036854775808",
    "1e400",
    "-0",
    "NaN",
    "[]",
]


@dataclass(frozen=True)
class Shape:
    """What a request looks like that makes sense. In its path, ``{}`` stands for one of ``ids``."""

    method: str
    path: str
    query: Row = field(default_factory=dict)
    body: Any = None
    ids: tuple[str, ...] = ("1",)


@dataclass(frozen=True)
class Sent:
    """A request as it is sent."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path[:200]}?{self.query[:300]} {self.body[:600]!r}"


def mutated(shape: Shape, headers: Mapping[str, str], chance: random.Random) -> Sent:
    """Return a request of a shape with one to three things made wrong."""
    path, query, body = _path(shape, chance), dict(shape.query), shape.body
    sent_headers = {"content-type": "application/json", **headers}
    for _ in range(chance.choice((1, 1, 2, 3))):
        part = chance.choice(
            ("body", "body", "body", "query", "query", "path") if body is not None else ("query", "path")
        )
        if part == "body":
            body = _changed(body, chance)
        elif part == "query":
            name = chance.choice([*query, *COMMON_QUERY]) if query or chance.random() < 0.7 else chance.choice(TEXTS)
            query[name] = chance.choice(TEXTS)
        elif "/" in path[1:]:
            pieces = path.split("/")
            pieces[chance.randrange(2, len(pieces))] = chance.choice(TEXTS)[:3000]
            path = "/".join(pieces) if chance.random() < 0.5 else path
    content = b"" if body is None else json.dumps(body).encode()
    if body is not None and chance.random() < 0.1:
        content = _broken(content, chance)
    if chance.random() < 0.03:
        sent_headers["content-type"] = chance.choice(("text/plain", "", "multipart/form-data", "application/xml"))
    return Sent(shape.method, path, _quoted(query), sent_headers, content)


COMMON_QUERY = (
    "limit", "offset", "page", "page_size", "ordering", "format", "$limit", "$page", "$orderby", "$search", "$fields",
    "$relationships", "name", "connector", "size", "start", "timeFrom", "timeTo", "status", "incidentId", "from", "to",
)  # fmt: skip


def _path(shape: Shape, chance: random.Random) -> str:
    path = shape.path
    while "{}" in path:
        odd = chance.choice(TEXTS)[:3000].replace("/", "")
        path = path.replace("{}", chance.choice(shape.ids) if chance.random() < 0.7 else odd, 1)
    return path


def _changed(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with one place of it made wrong."""
    if not value or not isinstance(value, dict | list) or chance.random() < 0.15:
        return chance.choice(ODD)
    if isinstance(value, list):
        place = chance.randrange(len(value))
        return [_changed(item, chance) if number == place else item for number, item in enumerate(value)]
    key = chance.choice(list(value))
    how = chance.random()
    if how < 0.1:
        return {name: item for name, item in value.items() if name != key}
    if how < 0.15:
        return {**value, chance.choice(TEXTS): chance.choice(ODD)}
    return {**value, key: _changed(value[key], chance)}


def _broken(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return chance.choice((content[:place], content[:place] + b"\xff" + content[place:], content * 2, b"[" * 100_000))


def _quoted(query: Row) -> str:
    return "&".join(
        f"{quote(str(name), errors='replace')}={quote(str(value), errors='replace')}" for name, value in query.items()
    )


@dataclass
class Findings:
    """What became of the requests: how many there were, and the first of each kind that made a fault of the lab."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, signature: str, example: str) -> None:
        self.faults.setdefault(signature, example)
        self.counts[signature] += 1

    def __str__(self) -> str:
        return "\n".join(f"{self.counts[name]} x {name}\n    {example}" for name, example in self.faults.items())


class Faults(logging.Handler):
    """The tracebacks that the lab logs meanwhile, each by its exception and the lab's last line in it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.signatures: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.signatures.append(_signature(error) if error else record.getMessage())


def _signature(error: BaseException) -> str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "/lab/" in file and "/tests/" not in file:
            lines.append(f"{file.rpartition('/lab/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__}: {str(error)[:80]!r} at {lines[-1] if lines else '?'}"


def send_all(app: ASGIApp, requests: Iterator[Sent], findings: Findings) -> None:
    """Send requests one after the other, and note each that makes the lab fail or hang."""
    faults = Faults()
    logger = logging.getLogger("lab")
    level, propagates = logger.level, logger.propagate
    logger.addHandler(faults)
    logger.propagate = False
    try:
        asyncio.run(_send_all(app, requests, findings, faults))
    finally:
        logger.removeHandler(faults)
        logger.level, logger.propagate = level, propagates


async def _send_all(app: ASGIApp, requests: Iterator[Sent], findings: Findings, faults: Faults) -> None:
    for request in requests:
        findings.requests += 1
        started = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(_send(app, request), HANGS_AFTER)
        except asyncio.TimeoutError:
            findings.add(f"hangs: {request.method} {request.path[:60]}", str(request))
            continue
        findings.statuses[status] += 1
        for signature in faults.signatures:
            findings.add(signature, f"{request}  ({time.monotonic() - started:.1f} s)")
        faults.signatures.clear()
        if status == 500 and re.search(rb"The lab failed|^Internal Server Error$", answer):
            findings.add(f"500 of {request.method} {request.path[:60]}", str(request))


async def _send(app: ASGIApp, request: Sent) -> tuple[int, bytes]:
    answer = bytearray()
    status = 0
    body = [request.body]

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            answer.extend(message.get("body", b""))

    raw = quote(request.path, safe="/$%", errors="replace")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode("ascii"),
        "query_string": request.query.encode("ascii"),
        "root_path": "",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 50000),
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-length", str(len(request.body)).encode()),
            *((name.encode(), value.encode()) for name, value in request.headers.items()),
        ],
    }
    await app(scope, receive, send)
    return status, bytes(answer)


def odd(info: Row, chance: random.Random) -> bytes:
    """Return the archive of a connector with something wrong: its manifest, its playbooks or its bytes."""
    manifest = _changed(info, chance) if chance.random() < 0.7 else info
    playbooks: Any = {
        "type": "workflow_collections",
        "data": [{"name": "P", "uuid": "u", "workflows": []}],
        "macros": [],
    }
    files = (
        {"playbooks/playbooks.json": json.dumps(_changed(playbooks, chance)).encode()} if chance.random() < 0.5 else {}
    )
    if chance.random() < 0.2:
        files[
            chance.choice(("a" * 300, "info.json/a", "a/../../b", "\udcff", "connector.py/x", "a//b", "playbooks"))
        ] = b"x"
    folder = chance.choice(("odd", "odd", "odd", "odd", "", "other", "a" * 300))
    archive = archive_of(manifest, folder, **files)
    return _broken(archive, chance) if chance.random() < 0.15 else archive


def archive_of(info: Any, folder: str = "odd", **files: bytes) -> bytes:
    """Return a connector's archive with this manifest."""
    content = {
        "info.json": info if isinstance(info, bytes) else json.dumps(info).encode(),
        "connector.py": CONNECTOR,
        **files,
    }
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


CONNECTOR = b"""from connectors.core.connector import Connector


class Odd(Connector):
    def execute(self, config, operation, params, **kwargs):
        return {"config": config, "params": params}

    def check_health(self, config):
        return True
"""


def upload(archive: bytes, headers: Mapping[str, str]) -> Sent:
    """Return the request that installs an archive."""
    boundary = "odd-boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="odd.tgz"\r\n\r\n'
    body = head.encode() + archive + f"\r\n--{boundary}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return Sent("POST", "/api/3/solutionpacks/install", "$type=connector&$replace=true", {**headers, **kind}, body)
