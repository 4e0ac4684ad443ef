"""An OpenAPI document of an application, made from its routes: whatever it answers is in it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.convertors import FloatConvertor, IntegerConvertor
from starlette.routing import Route
from starlette.types import ASGIApp

from . import control, fortimonitor, fortisiem, fortisoar
from .known import Known, Request

OPENAPI = "3.1.0"
KNOWN = {
    "fortisoar": fortisoar.KNOWN,
    "fortimonitor": fortimonitor.KNOWN,
    "fortisiem": fortisiem.KNOWN,
    "control": control.KNOWN,
}
JSON_SCHEMA = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
PARAMETER = re.compile(r"\{([^}]*)\}")

Row = dict[str, Any]


def described(name: str, app: ASGIApp, server: str) -> Row:
    """Return the OpenAPI document of an application.

    Parameters:
        name: ``fortisoar``, ``fortimonitor``, ``fortisiem`` or ``control``.
        server: where it answers, such as ``https://127.0.0.1:9443``.
    """
    known = KNOWN[name]
    return {
        "openapi": OPENAPI,
        "info": {"title": known.title, "version": "1", "description": known.about},
        "servers": [{"url": server}],
        "security": [{scheme: []} for scheme in known.security],
        "components": {"securitySchemes": known.security},
        "paths": _paths(_routes(app), known),
    }


def _routes(app: Any) -> list[Route]:
    """Return an application's routes, whatever middleware of the lab stands in front of them."""
    while not hasattr(app, "routes"):
        app = getattr(app, "app", None) or getattr(app, "_app")  # noqa: B009  not every middleware has it
    return [route for route in app.routes if isinstance(route, Route)]


def _paths(routes: list[Route], known: Known) -> Row:
    paths: Row = {}
    spellings: dict[str, Route] = {}
    for route in routes:
        # To OpenAPI, two paths that differ in the names of their parameters alone are one; the first stands for both.
        first = spellings.setdefault(PARAMETER.sub("{}", route.path_format), route)
        for method in _methods(route):
            operations = paths.setdefault(first.path_format, {})
            operations.setdefault(method.lower(), _operation(method, first, known))
    return paths


def _methods(route: Route) -> list[str]:
    """Return a route's methods without HEAD, which comes with each GET."""
    methods: Iterable[str] = route.methods or getattr(route.app, "verbs", {})  # FortiSIEM's know their verbs themselves
    return sorted(set(methods) - {"HEAD"})


def _operation(method: str, route: Route, known: Known) -> Row:
    address = f"{method} {route.path_format}"
    request = known.requests.get(address, Request())
    operation: Row = {
        "operationId": address,
        "parameters": [*_of_path(route, known), *_of_query(request)],
        "responses": {"default": {"description": "What the product answers."}},
    }
    if request.body is not None or method in ("POST", "PUT"):
        operation["requestBody"] = {"content": {request.media: _body(request.body)}}
    return operation


def _of_path(route: Route, known: Known) -> Iterator[Row]:
    for name in PARAMETER.findall(route.path_format):
        kind = {IntegerConvertor: "integer", FloatConvertor: "number"}.get(type(route.param_convertors[name]), "string")
        examples = known.path_values.get(name, ("1",))
        shown = [int(value) for value in examples if value.isdecimal()] if kind == "integer" else list(examples)
        yield {"name": name, "in": "path", "required": True, "schema": {"type": kind, "examples": shown}}


def _of_query(request: Request) -> Iterator[Row]:
    for name, value in request.query.items():
        yield {"name": name, "in": "query", "schema": _schema(value)}


def _body(body: Any) -> Row:
    return {} if body is None else {"schema": _schema(body), "example": body}


def _schema(value: Any) -> Row:
    """Return a schema of what is known by one example."""
    schema: Row = {"examples": [value]}
    if value is not None:
        schema["type"] = JSON_SCHEMA[type(value)]
    if isinstance(value, Mapping):
        schema["properties"] = {key: _schema(item) for key, item in value.items()}
    return schema
