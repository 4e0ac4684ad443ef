"""Bodies of requests, counted while they come in: one without an end would fill the memory."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 8 * 2**20  # bytes
LARGEST_UPLOAD = 50 * 2**20


class BodyLimit:
    """Refuse bodies that are too large, whatever their headers say, with a 413 in the application's own form."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = Headers(scope=scope).get("content-type", "").startswith("multipart/")
        largest = LARGEST_UPLOAD if is_upload else LARGEST
        size = 0

        async def counting() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > largest:
                raise HTTPException(413, f"The body is larger than {largest} bytes.", {"Connection": "close"})
            return message

        try:
            await self._app(scope, counting, send)
        except HTTPException as error:  # of an application that has no form for it
            await PlainTextResponse(error.detail, error.status_code, error.headers)(scope, receive, send)
