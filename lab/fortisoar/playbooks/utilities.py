"""The operations of FortiSOAR's own utilities connector that playbooks of connectors use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from .definitions import Row


class Tools(Protocol):
    """What the operations need."""

    def ask(self, method: str, path: str, body: Any = None, /) -> tuple[int, Any]: ...

    def set_macro(self, name: str, value: str) -> Row | None: ...


def make_cyops_request(tools: Tools, params: Row) -> Any:
    """Call FortiSOAR's API; return the answer's body. The wording of a failure is assumed: no source."""
    method, iri = str(params.get("method") or "GET").upper(), str(params.get("iri"))
    status, answer = tools.ask(method, iri, _body(params.get("body")))
    if status >= 400:
        raise ValueError(f"{method} {iri} was answered with {status}: {json.dumps(answer)}")
    return answer


def updatemacro(tools: Tools, params: Row) -> Any:
    """Give a global variable a value.

    One that does not exist is left alone, without an error: the window of an ingestion then never advances, as met on
    an appliance.
    """
    return tools.set_macro(str(params.get("macro")), _text(params.get("value")))


def no_op(tools: Tools, params: Row) -> Any:
    """Do nothing."""
    return {}


def raise_exception(tools: Tools, params: Row) -> Any:
    """Fail with a message."""
    raise ValueError(str(params.get("message") or params.get("error_message") or "Exception raised"))


UTILITIES: dict[str, Callable[[Tools, Row], Any]] = {
    "make_cyops_request": make_cyops_request,
    "updatemacro": updatemacro,
    "no_op": no_op,
    "raise_exception": raise_exception,
}


def _body(body: Any) -> Any:
    if body in ("", None, [], {}):
        return None
    if isinstance(body, str):
        try:
            return json.loads(body)
        except ValueError as error:
            raise ValueError(f"The body is not JSON: {error}") from error
    return body


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
