"""The shapes of FortiSIEM's answers: text, HTML, XML and JSON."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from starlette.responses import Response

from .supervisor import Supervisor

XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
UNAUTHORIZED = 'Not Authorized, user for basic auth must be in format "orgName/username"'


def text(words: str, status: int = 200, media_type: str = "text/plain") -> Response:
    """Answer with plain words."""
    return Response(words, status, media_type=media_type)


def page(status: int, words: str) -> Response:
    """Answer with a short HTML page, as a Java application server does."""
    title = f"HTTP Status {status} - {escape(words)}"
    html = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(html, status, media_type="text/html")


def too_many() -> Response:
    """Answer that the caller's address has too many queries running. The words are assumed."""
    return text("Too many concurrent queries", 429)


def refused(siem: Supervisor, status: int, words: str) -> Response:
    """Answer 401 or 403 in the form the switch ``unauthorized_body`` asks for."""
    form = siem.switches["unauthorized_body"]
    answer = page(status, words) if form == "html" else text(words if form == "text" else "", status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="FortiSIEM"'
    return answer


def as_json(siem: Supervisor, content: Any, status: int = 200) -> Response:
    """Answer with JSON, under the content type of the switch ``json_content_type``."""
    return Response(json.dumps(content), status, media_type=siem.switches["json_content_type"])


def json_error(siem: Supervisor, description: str, status: int = 400) -> Response:
    """Answer with FortiSIEM's JSON error 255, seen from ``/pub/incident/triggeringEvents``."""
    return as_json(siem, {"result": {"code": 255, "description": description}}, status)


def xml(siem: Supervisor, content: str, status: int = 200) -> Response:
    """Answer with an XML ``<response>``."""
    body = f'{XML_HEAD}<response requestId="0" timestamp="{siem.now()}">{content}</response>'
    return Response(body, status, media_type="application/xml")


def xml_error(siem: Supervisor, description: str) -> Response:
    """Answer with FortiSIEM's XML error 255: under 400, or under 200 if the switch says so."""
    error = f'<error code="255"><description>{escape(description, quote=False)}</description></error>'
    if siem.switches["xml_error_shape"] == "result":
        error = f"<result>{error}</result>"
    return xml(siem, error, 200 if siem.switches["xml_error_under_200"] else 400)
