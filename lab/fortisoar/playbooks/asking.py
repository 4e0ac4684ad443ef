"""Asking the local FortiSOAR from inside: its own HTTP application, called in this process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

Ask = Callable[[str, str, Any], tuple[int, Any]]


class Inside:
    """A caller of an ASGI application with a running event loop of its own.

    Parameters:
        app: the application, as its users reach it.
        authorization: the value of the ``Authorization`` header.
    """

    def __init__(self, app: ASGIApp, authorization: str) -> None:
        self._app = app
        self._authorization = authorization.encode("ascii")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="inside", daemon=True)
        self._thread.start()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request.

        Parameters:
            path: path and query, as in a URL.
            body: sent as JSON unless it is None.
        Returns: the status and the answer's JSON; None for an empty answer, its text if it is not JSON.
        """
        return asyncio.run_coroutine_threadsafe(self._ask(method, path, body), self._loop).result()

    def close(self) -> None:
        """Stop the event loop."""
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        sent = b"" if body is None else json.dumps(body).encode()
        answer = bytearray()
        status = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                answer.extend(message.get("body", b""))

        await self._app(self._scope(method, path, len(sent)), receive, send)
        return status, _read(bytes(answer))

    def _scope(self, method: str, path: str, length: int) -> Scope:
        plain, _, query = path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(plain),
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 0),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", self._authorization),
                (b"content-type", b"application/json"),
                (b"content-length", str(length).encode()),
            ],
        }


def _read(answer: bytes) -> Any:
    if not answer:
        return None
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode("utf-8", "replace")
