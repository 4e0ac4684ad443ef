"""A fault of the lab itself, told to whoever asked: a 500 that says where the traceback is."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..log import log_place

log = logging.getLogger(__name__)


class FailureMiddleware:
    """Answer in place of an application that raises, and put its traceback into the lab's log.

    Parameters:
        key: under which the answer's JSON has its sentence.
    """

    def __init__(self, app: ASGIApp, key: str = "message") -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []
        is_under_way = False

        async def answering(message: Message) -> None:
            nonlocal is_under_way
            # Starlette sends a bare 500 before it raises: an answer like that waits until it is known to be meant.
            if held or message.get("status") == 500:
                held.append(message)
                return
            is_under_way = True
            await send(message)

        try:
            await self._app(scope, receive, answering)
        except Exception as error:
            number = uuid4().hex[:8]
            asked = f"{scope['method']} {scope['path']}"
            log.exception("Failure %s at %s", number, asked, exc_info=error)
            if is_under_way:
                raise  # the server can but cut the answer off
            sentence = f"The lab failed at {asked}. The traceback is in {log_place()}, under failure {number}."
            await JSONResponse({self._key: sentence}, 500)(scope, receive, send)
        else:
            for message in held:
                await send(message)
