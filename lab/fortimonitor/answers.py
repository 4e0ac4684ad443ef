"""How FortiMonitor refuses, and how it answers what worked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..kit.switches import Switches

REQUIRED = "This field is required"
JSON = "application/json"


class Refused(Exception):
    """FortiMonitor does not do what was asked.

    Parameters:
        status: the HTTP status.
        text: what is wrong, unless ``fields`` says it.
        fields: what is wrong with each field.
        headers: headers of the answer besides the error's own.
    """

    def __init__(
        self,
        status: int,
        text: str = "",
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.fields = dict(fields or {})
        self.text = text or "; ".join(f"{field}: {problem}" for field, problem in self.fields.items())
        self.headers = dict(headers or {})
        super().__init__(self.text)


def invalid(field: str, expected: str) -> str:
    """Say of a field what would have been right, in the words that were seen."""
    return f"This field is invalid: Please enter {expected} in the {field} field"


def not_found() -> Refused:
    """Refuse because the path or the object does not exist."""
    return Refused(404, "Item Not Found")


def refusal(refused: Refused, switches: Switches) -> Response:
    """Build the answer to a refused request."""
    media_type, body = _error_body(refused, switches["error_shape"])
    headers = dict(refused.headers)
    if switches["error_headers"]:
        # assumed: no source for the values of ErrorCode.
        headers["ErrorCode"] = str(refused.status)
        headers["ErrorMessage"] = _header_text(refused.text)
    return Response(body, refused.status, headers, media_type)


def listing(content: Mapping[str, Any]) -> Response:
    """Answer a read."""
    return Response(json.dumps(content), 200, media_type=JSON)


def empty(status: int) -> Response:
    """Answer a write with nothing but its status."""
    return Response(status_code=status, media_type=None if status == 204 else JSON)


def _error_body(refused: Refused, shape: str) -> tuple[str, str]:
    if shape == "text":
        return "text/plain", refused.text
    if shape == "html":
        return "text/html", "<!DOCTYPE html><html><head><title>FortiMonitor</title></head><body></body></html>"
    if shape == "empty":
        return JSON, ""
    if shape == "by_kind":
        shape = "field_map" if refused.fields else "error" if refused.status == 400 else "message"
    if shape == "field_map":
        return JSON, json.dumps(refused.fields or {"message": refused.text})
    if shape == "details":
        return JSON, json.dumps({"error": "error", "message": refused.text, "details": _details(refused.fields)})
    return JSON, json.dumps({shape: refused.text})


def _details(fields: Mapping[str, str]) -> dict[str, str]:
    return next(({"field": field, "expected": problem} for field, problem in fields.items()), {})


def _header_text(text: str) -> str:
    """Make a text fit for a header: the name of an unknown field may hold anything."""
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in text)
