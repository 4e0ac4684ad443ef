"""Asking the local FortiSOAR from inside: its own HTTP application, called in this process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx2
from starlette.types import ASGIApp

Ask = Callable[[str, str, Any], tuple[int, Any]]


class Inside:
    """A caller of an ASGI application with a running event loop of its own.

    Parameters:
        app: the application, as its users reach it.
        authorization: the value of the ``Authorization`` header.
    """

    def __init__(self, app: ASGIApp, authorization: str) -> None:
        self._client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app),
            base_url="http://127.0.0.1",
            headers={"Authorization": authorization, "Content-Type": "application/json"},
        )
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
        content = b"" if body is None else json.dumps(body).encode()
        try:
            request = self._client.build_request(method, path, content=content)
        except httpx2.InvalidURL as error:
            return 404, {"message": f"{path!r} is no address: {error}"}
        answer = asyncio.run_coroutine_threadsafe(self._client.send(request), self._loop).result()
        return answer.status_code, _read(answer.content)

    def close(self) -> None:
        """Stop the event loop."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _read(answer: bytes) -> Any:
    if not answer:
        return None
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode("utf-8", "replace")
