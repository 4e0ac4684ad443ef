"""The journal: what a product was asked and what it answered, without secrets."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .clock import Clock
from .shallow_json import TooDeep, read_json

KEPT = 20_000
SECRET_KEYS = {"password", "client_secret", "api_key", "fortimonitor_api_key", "fortisiem_password"} | {
    "fortisiem_client_secret",
    "token",
    "access_token",
}

SECRET_HEADERS = ("cookie", "s")  # FortiSIEM's user interface repeats its session in a header of this name


@dataclass(frozen=True)
class Entry:
    """One request with its answer. Headers are lower-case; ``body`` is parsed JSON where it is JSON, else text."""

    number: int
    time: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None


class Journal:
    """The last requests a product received, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def record(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, status: int | None
    ) -> None:
        """Write one request down, with its secrets taken out."""
        with self._lock:
            self._entries.append(
                Entry(
                    number=next(self._numbers),
                    time=self._clock.now().isoformat(),
                    method=method,
                    path=path,
                    query=_without_secrets(dict(parse_qsl(query, keep_blank_values=True))),
                    headers=_shown_headers(headers),
                    body=_shown_body(headers.get("content-type", ""), body),
                    status=status,
                )
            )

    def entries(self) -> list[Entry]:
        """Return the requests so far, oldest first."""
        with self._lock:
            return list(self._entries)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the requests so far in a form that JSON can carry."""
        return [asdict(entry) for entry in self.entries()]

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._entries.clear()


class JournalMiddleware:
    """Write each HTTP request of an ASGI application into a journal once it is answered."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self.app = app
        self.journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = bytearray()
        status: int | None = None
        is_written = False

        async def listening() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                write_down()  # before the first byte leaves: whoever has the answer finds it in the journal
            await send(message)

        def write_down() -> None:
            nonlocal is_written
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            self.journal.record(
                scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, bytes(body), status
            )
            is_written = True

        try:
            await self.app(scope, listening, answering)
        except Exception:
            status = 500  # which the application's server answers in its place
            raise
        finally:
            if not is_written:
                write_down()


def _shown_headers(headers: dict[str, str]) -> dict[str, str]:
    shown = dict(headers)
    if "authorization" in shown:
        shown["authorization"] = shown["authorization"].split(" ")[0] + " ***"
    for name in SECRET_HEADERS:
        shown.pop(name, None)
    return shown


def _shown_body(content_type: str, body: bytes) -> Any:
    if "multipart/" in content_type:
        return f"<{len(body)} bytes of {content_type.split(';')[0]}>"
    text = body.decode("utf-8", "replace")
    if "x-www-form-urlencoded" in content_type:
        return _without_secrets(dict(parse_qsl(text, keep_blank_values=True)))
    try:
        return _without_secrets(read_json(text, allow_nan=True))
    except TooDeep:
        return f"<{len(body)} bytes of JSON that nests too deep to be shown>"
    except ValueError:
        return text


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "***" if str(k).lower() in SECRET_KEYS and v else _without_secrets(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value
