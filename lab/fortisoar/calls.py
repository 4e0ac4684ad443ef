"""Routes of the local FortiSOAR: a handler gets the call and returns a status and JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
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

# What the record store's framework answers: its errors have a type.
TYPED = ("/api/3/", "/api/query/", "/api/search", "/api/ingest-feeds/")
OBJECTS = ("/api/integration/",)  # where a body must be an object, read or not
NO_OBJECT = "The body must be a JSON object."


@dataclass(frozen=True)
class Call:
    """One request: the parts of its path, its query, its JSON body, its address and its headers.

    Parameters:
        pairs: the query in its order, with what stands in it more than once.
    """

    path: Row
    query: dict[str, str]
    body: Any
    address: str
    headers: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> Row:
        """Return the body, which must be an object."""
        if not isinstance(self.body, dict):
            raise _unusable(self.address, NO_OBJECT)
        return self.body

    def is_on(self, name: str) -> bool:
        """Tell whether a parameter of the query is true."""
        return self.query.get(name, "").lower() in ("true", "1")

    def number(self, name: str, default: int) -> int:
        """Return a parameter of the query that is a positive integer of 32 bits, else the default."""
        number = whole_number(self.query.get(name))
        return number if number and number < 2**31 else default


Answer = tuple[int, Any]
Handler = Callable[[Call], Answer]


async def json_body(request: Request) -> Any:
    """Return the JSON of a request, an empty object if it brings nothing."""
    content = await request.body()
    if not content:
        return {}
    try:
        body = read_json(content, allow_surrogates=True)
    except ValueError as error:
        raise _unusable(request.url.path, f"JSON parse error - {error}") from error
    if request.url.path.startswith(OBJECTS) and not isinstance(body, dict):
        raise _unusable(request.url.path, NO_OBJECT)
    return body


def route(
    method: str,
    path: str,
    handler: Handler,
    threads: Executor | None = None,
    read: Callable[[Request], Awaitable[Any]] = json_body,
) -> Route:
    """Make a route whose handler runs in a thread and may raise Refusal.

    Parameters:
        threads: for handlers that wait for long; None for the server's own threads.
        read: reads the body.
    """

    async def endpoint(request: Request) -> Response:
        try:
            pairs = tuple(request.query_params.multi_items())
            call = Call(request.path_params, dict(pairs), await read(request), request.url.path, request.headers, pairs)
            if threads is None:
                answer = await run_in_threadpool(handler, call)
            else:
                answer = await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, handler, call)
        except Refusal as refused:
            answer = refused.status, refused.body
        return response(*answer)

    return Route(path, endpoint, methods=[method])


def response(status: int, body: Any) -> Response:
    """Return an answer with this body, without one if it is None; it may be a whole answer, such as a download."""
    if isinstance(body, Response):
        return body
    if body is None:
        return Response(status_code=status)
    # json's own ASCII form: it also carries text that UTF-8 cannot.
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


def _unusable(address: str, message: str) -> Refusal:
    typed = {"type": "BadRequestHttpException"} if address.startswith(TYPED) else {}
    return Refusal(400, {**typed, "message": message})
