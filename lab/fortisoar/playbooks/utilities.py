"""The operations of FortiSOAR's own utilities connector that playbooks of connectors use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from .definitions import Row
from .templates.filters import html_table
from .templates.xml_reading import xml_as_dict

EVERY = 2**31 - 1  # more rows than there are


class Tools(Protocol):
    """What the operations need."""

    def ask(self, method: str, path: str, body: Any = None, /) -> tuple[int, Any]: ...

    def set_macro(self, name: str, value: str) -> Row | None: ...


def make_cyops_request(tools: Tools, params: Row) -> Any:
    """Call FortiSOAR's API; return the answer's body."""
    method = str(params.get("method") or "GET").upper()
    return _asked(tools, method, str(params.get("iri")), _body(params.get("body")))


def insert_cyops_resource(tools: Tools, params: Row) -> Any:
    """Create a record; return it."""
    return _asked(tools, "POST", str(params.get("iri")), _body(params.get("body")))


def update_cyops_resource(tools: Tools, params: Row) -> Any:
    """Change a record; return it."""
    return _asked(tools, "PUT", str(params.get("iri")), _body(params.get("body")))


def query_cyops_resource(tools: Tools, params: Row) -> Any:
    """Return the records of a module that a query finds. That they come as a list is assumed: no source."""
    query = _parsed("The query", params.get("query") or {})
    return _asked(tools, "POST", f"/api/query/{params.get('resource')}", query)["hydra:member"]


def get_macro_list(tools: Tools, params: Row) -> Any:
    """Return the names of the global variables.

    A list of texts was met; that these are the names is assumed: no source.
    """
    rows = _asked(tools, "GET", f"/api/wf/api/dynamic-variable/?format=json&limit={EVERY}", None)["hydra:member"]
    return [row["name"] for row in rows]


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
    raise ValueError(str(params.get("msg") or "Exception raised"))


def format_richtext(tools: Tools, params: Row) -> Any:
    """Return a text as rich text. That Markdown stays as it is written is assumed: no source."""
    return {"formatted_string": _text(params.get("value"))}


def json_to_html(tools: Tools, params: Row) -> Any:
    """Return data as an HTML table. The markup is the lab's own: no source."""
    return html_table(_parsed("The data", params.get("data")), params.get("row_fields"))


def xml_to_dictionary(tools: Tools, params: Row) -> Any:
    """Return XML as objects."""
    return xml_as_dict(str(params.get("xml")))


UTILITIES: dict[str, Callable[[Tools, Row], Any]] = {
    "make_cyops_request": make_cyops_request,
    "insert_cyops_resource": insert_cyops_resource,
    "update_cyops_resource": update_cyops_resource,
    "query_cyops_resource": query_cyops_resource,
    "get_macro_list": get_macro_list,
    "updatemacro": updatemacro,
    "no_op": no_op,
    "raise_exception": raise_exception,
    "format_richtext": format_richtext,
    "format_richtext_html": format_richtext,
    "json_to_html": json_to_html,
    "xml_to_dictionary": xml_to_dictionary,
}


def _asked(tools: Tools, method: str, path: str, body: Any) -> Any:
    """Call FortiSOAR's API. The wording of a failure is assumed: no source."""
    status, answer = tools.ask(method, path, body)
    if status >= 400:
        raise ValueError(f"{method} {path} was answered with {status}: {json.dumps(answer)}")
    return answer


def _body(body: Any) -> Any:
    return None if body in ("", None, [], {}) else _parsed("The body", body)


def _parsed(what: str, value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{what} is not JSON: {error}") from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
