"""The lab's time in every answer, as any server tells its own."""

from __future__ import annotations

from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .clock import Clock


class DateMiddleware:
    """Let each answer of an ASGI application carry the header ``Date``."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock.now(), usegmt=True)
                message["headers"] = [(b"date", date.encode("ascii")), *message.get("headers", [])]
            await send(message)

        await self._app(scope, receive, answering)
