"""How a product sends its answers: in which encoding and charset, with which session, and how late."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .clock import Clock
from .switches import Switch, Switches

SENDING = (
    Switch(
        "content_encoding",
        ("identity", "gzip", "deflate"),
        "Whether answers are compressed though nobody asks for it, as gateways in front of a product do.",
    ),
    Switch(
        "charset",
        ("utf-8", "utf-8_with_bom", "iso-8859-1", "utf-16"),
        "The charset of answers: UTF-8 is what JSON has; other products send a BOM, or what their locale has.",
    ),
    Switch(
        "session_cookies",
        ("none", "kept", "forgotten"),
        "Whether answers set a session's cookie: a kept one counts before a request's credentials, a forgotten one is "
        "refused with 401. Application servers do both.",
    ),
    Switch(
        "seconds_to_answer",
        (0, 2, 30),
        "How many seconds of the lab's time pass before an answer is sent: no source promises any.",
    ),
)
COOKIE = "JSESSIONID"
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
CODECS = {"utf-8_with_bom": "utf-8-sig", "iso-8859-1": "iso-8859-1", "utf-16": "utf-16"}
NOT_IN_LATIN_1 = re.compile("[^\x00-\xff]")
Headers = list[tuple[bytes, bytes]]


class SendingMiddleware:
    """Send the answers of an ASGI application as the product's switches say.

    Parameters:
        switches: with those of ``SENDING`` among them.
        clock: the lab's time.
    """

    def __init__(self, app: ASGIApp, switches: Switches, clock: Clock) -> None:
        self._app = app
        self._switches = switches
        self._clock = clock
        self._credentials: dict[str, bytes] = {}  # of each session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or all(self._switches[each.name] == each.positions[0] for each in SENDING):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await self._send(scope, start, bytes(body), send)

        if self._is_forgotten(scope):
            await Response("The session has expired", 401)(scope, receive, answering)
        else:
            await self._app(self._in_session(scope), receive, answering)

    async def _send(self, scope: Scope, start: Message, body: bytes, send: Send) -> None:
        headers: Headers = [field for field in start.get("headers", ()) if field[0].lower() != b"content-length"]
        if body:
            headers, body = self._in_charset(headers, body)
            headers, body = self._compressed(headers, body)
        headers += self._session(scope)
        if start["status"] != 204:
            headers.append((b"content-length", str(len(body)).encode()))
        self._clock.advance(self._switches["seconds_to_answer"])
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _in_charset(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        charset = self._switches["charset"]
        if charset not in CODECS:
            return headers, body
        text = _unescaped(body.decode("utf-8"))
        if charset == "iso-8859-1":
            text = NOT_IN_LATIN_1.sub(lambda sign: json.dumps(sign[0])[1:-1], text)
        media_type = _header(headers, b"content-type").partition(b";")[0]
        declared = media_type + f"; charset={charset.partition('_')[0]}".encode()
        return _replaced(headers, {b"content-type": declared}), text.encode(CODECS[charset], "replace")

    def _compressed(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        encoding = self._switches["content_encoding"]
        if encoding not in COMPRESSED:
            return headers, body
        return _replaced(headers, {b"content-encoding": encoding.encode()}), COMPRESSED[encoding](body)

    # Sessions. A request without credentials has none: FortiSIEM's user interface has cookies of its own.

    def _session(self, scope: Scope) -> Headers:
        credentials = _header(scope["headers"], b"authorization")
        if self._switches["session_cookies"] == "none" or not credentials:
            return []
        session = hashlib.sha256(credentials).hexdigest()[:32]
        self._credentials[session] = credentials
        return [(b"set-cookie", f"{COOKIE}={session}; Path=/; HttpOnly".encode())]

    def _is_forgotten(self, scope: Scope) -> bool:
        return self._switches["session_cookies"] == "forgotten" and bool(_cookie(scope))

    def _in_session(self, scope: Scope) -> Scope:
        """Return a request with the credentials of its session in place of its own."""
        credentials = self._credentials.get(_cookie(scope))
        if self._switches["session_cookies"] != "kept" or credentials is None:
            return scope
        return {**scope, "headers": _replaced(scope["headers"], {b"authorization": credentials})}


def _cookie(scope: Scope) -> str:
    """Return the session that a request with credentials names, an empty text for none."""
    if not _header(scope["headers"], b"authorization"):
        return ""
    cookies = _header(scope["headers"], b"cookie").decode("latin-1").split(";")
    named = (each.strip().partition("=") for each in cookies)
    return next((value for name, _, value in named if name == COOKIE), "")


def _unescaped(text: str) -> str:
    """Return JSON with its characters as they are, not as escapes; another text as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text


def _header(headers: Headers, name: bytes) -> bytes:
    return next((value for given, value in headers if given.lower() == name), b"")


def _replaced(headers: Headers, new: dict[bytes, bytes]) -> Headers:
    return [*(field for field in headers if field[0].lower() not in new), *new.items()]
