"""Requests as the record store's handlers get them, and answers as they give them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...kit.shallow_json import read_json
from ...kit.whole_numbers import whole_number
from ..refusals import Refusal
from .errors import malformed

Row = dict[str, Any]
Answer = tuple[int, Any]


@dataclass(frozen=True)
class Call:
    """One request: its path's parts, its query and its body."""

    path: str
    parts: dict[str, str]
    query: list[tuple[str, str]]
    body: Any

    def option(self, name: str) -> str:
        """Return a query parameter, or an empty string."""
        return dict(self.query).get(name, "")

    def is_on(self, name: str) -> bool:
        """Tell whether a query parameter is true."""
        return self.option(name).lower() in ("true", "1")

    @property
    def object(self) -> Row:
        """Return the body; raise Refusal 400 unless it is an object."""
        if not isinstance(self.body, dict):
            raise malformed("The body must be a JSON object.")
        return self.body

    def number(self, name: str, default: int) -> int:
        """Return a query parameter that is a positive integer of 32 bits, else the default."""
        number = whole_number(self.option(name))
        return number if number and number < 2**31 else default


def route(method: str, path: str, handler: Callable[[Call], Answer]) -> Route:
    """Make a route whose handler runs in a thread and may raise Refusal."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await _json_body(request)
            call = Call(request.url.path, request.path_params, request.query_params.multi_items(), body)
            status, answer = await run_in_threadpool(handler, call)
        except Refusal as refused:
            status, answer = refused.status, refused.body
        if answer is None:
            return Response(status_code=status)
        return Response(json.dumps(answer), status, media_type="application/json")

    return Route(path, endpoint, methods=[method])


async def _json_body(request: Request) -> Any:
    content = await request.body()
    if request.method == "GET" or not content:
        return None
    try:
        return read_json(content, allow_surrogates=True)
    except ValueError as error:
        raise malformed(f"The body is not JSON: {error}") from error
