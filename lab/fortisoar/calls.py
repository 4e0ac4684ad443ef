"""Routes of the local FortiSOAR: a handler gets the call and returns a status and JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..kit.shallow_json import read_json
from ..kit.whole_numbers import whole_number
from .refusals import Refusal, refusal

Row = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request: the parts of its path, its query, its JSON body, its address and its headers."""

    path: Row
    query: dict[str, str]
    body: Any
    address: str
    headers: Mapping[str, str]

    @property
    def fields(self) -> Row:
        """Return the body, which must be an object."""
        if not isinstance(self.body, dict):
            raise refusal(400, "The body must be a JSON object.")
        return self.body


Answer = tuple[int, Any]
Handler = Callable[[Call], Answer]


def route(method: str, path: str, handler: Handler, threads: Executor | None = None) -> Route:
    """Make a route whose handler runs in a thread and may raise Refusal.

    Parameters:
        threads: for handlers that wait for long; None for the server's own threads.
    """

    async def endpoint(request: Request) -> Response:
        try:
            call = call_of(request, await _body(request))
            if threads is None:
                status, body = await run_in_threadpool(handler, call)
            else:
                status, body = await asyncio.get_running_loop().run_in_executor(
                    threads, copy_context().run, handler, call
                )
        except Refusal as refused:
            status, body = refused.status, refused.body
        return answer(status, body)

    return Route(path, endpoint, methods=[method])


def call_of(request: Request, body: Any) -> Call:
    """Return a request as a handler gets it."""
    return Call(request.path_params, dict(request.query_params), body, request.url.path, request.headers)


def answer(status: int, body: Any) -> Response:
    """Return what a handler gave as an answer; a body may be a whole answer of its own, such as a download."""
    if isinstance(body, Response):
        return body
    if body is None:
        return Response(status_code=status)
    return Response(json.dumps(body), status, media_type="application/json")


def hydra_page(rows: list[Row], call: Call, context: str, limit: int = 30) -> Row:
    """Return one page of rows as ``/api/wf/`` lists write it, with neighbours as addresses without ``/api``."""
    size, offset = _number(call, "limit", limit, least=1), _number(call, "offset", 0)
    address = call.address.removeprefix("/api")
    kept = {name: value for name, value in sorted(call.query.items()) if name not in ("limit", "offset", "format")}

    def at(position: int) -> str:
        parts = {"limit": size, **({"offset": position} if position else {}), **kept}
        return f"{address}?{'&'.join(f'{name}={value}' for name, value in parts.items())}"

    last = (len(rows) - 1) // size * size if rows else 0
    return {
        "@context": context,
        "hydra:firstPage": at(0),
        "hydra:itemsPerPage": size,
        "hydra:lastPage": at(last),
        "hydra:member": rows[offset : offset + size],
        "hydra:nextPage": at(offset + size) if offset + size < len(rows) else None,
        "hydra:previousPage": at(max(0, offset - size)) if offset else None,
        "hydra:totalItems": len(rows),
    }


def objects_of(row: Row, key: str) -> list[Row]:
    """Return the objects that a row has under a key, none if it has nothing there.

    Raises: Refusal 400 for anything else.
    """
    found = row.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise refusal(400, f"{key}: This value should be a list of objects.")
    return found


def _number(call: Call, name: str, default: int, least: int = 0) -> int:
    """Return a number of a query; what is no number at all is passed over."""
    text = call.query.get(name, "")
    if not text.isdecimal():
        return default
    number = whole_number(text)
    if number is None or number < least:
        raise refusal(400, f"{name}: Ensure that this value is a whole number from {least} on.")
    return number


async def _body(request: Request) -> Any:
    content = await request.body()
    if not content:
        return {}
    try:
        return read_json(content)
    except ValueError as error:
        raise refusal(400, f"JSON parse error - {error}") from error
