"""What a fault answers in place of the product, and how it changes the product's own answer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime
from email.utils import formatdate
from urllib.parse import urlsplit, urlunsplit

from .armed import Fault
from .http import Request, header, whole_answer, with_header

HTML = "text/html; charset=utf-8"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
XML = "application/xml"
LOGIN = (
    "<!DOCTYPE html><html><head><title>Log in</title></head>"
    '<body><form method="post"><input name="username"><input name="password" type="password"></form></body></html>'
)
ERROR_255 = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<response requestId="0"><error code="255"><description>Injected error</description></error></response>'
)
INJECTED = "Injected error"
TOO_MANY = json.dumps({"message": "Rate limit exceeded"})

_Canned = tuple[int, dict[str, str], str]  # status, headers and body


def _page(status: int, words: str) -> _Canned:
    title = f"{status} {words}"
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return status, {"Content-Type": HTML}, page


UNAVAILABLE = _page(503, "Service Unavailable")
# From the fault and the lab's time.
CANNED: dict[str, Callable[[Fault, datetime], _Canned]] = {
    "html_200": lambda fault, now: (200, {"Content-Type": HTML}, LOGIN),
    "answer": lambda fault, now: (fault["status"], fault["headers"], fault["body"]),
    "429_seconds": lambda fault, now: _limited({"Retry-After": str(math.ceil(fault["seconds"]))}),
    "429_date": lambda fault, now: _limited({"Retry-After": formatdate(_resume(fault, now), usegmt=True)}),
    "429_epoch": lambda fault, now: _limited({"X-RateLimit-Reset": str(_resume(fault, now))}),
    "429_bare": lambda fault, now: _limited({}),
    "500": lambda fault, now: _page(500, "Internal Server Error"),
    "503": lambda fault, now: UNAVAILABLE,
    "500_error_headers": lambda fault, now: (500, {"ErrorCode": "500", "ErrorMessage": INJECTED}, ""),
    "error_message": lambda fault, now: _json(fault["status"], {"message": INJECTED}),
    "error_error": lambda fault, now: _json(fault["status"], {"error": INJECTED}),
    "error_field_map": lambda fault, now: _json(fault["status"], {"description": INJECTED}),
    "error_text": lambda fault, now: (fault["status"], {"Content-Type": TEXT}, INJECTED),
    "error_html": lambda fault, now: _page(fault["status"], INJECTED),
    "xml_255": lambda fault, now: (200, {"Content-Type": XML}, ERROR_255),
    "empty_200": lambda fault, now: (200, {}, ""),
    "redirect": lambda fault, now: (fault["status"], {"Location": fault["location"]}, ""),
}
# From the fault and the product's own answer.
CHANGED: dict[str, Callable[[Fault, bytes], bytes]] = {
    "wrong_content_type": lambda fault, own: with_header(own, "Content-Type", fault["content_type"]),
    "no_location": lambda fault, own: with_header(own, "Location", None),
    "wrong_location": lambda fault, own: with_header(own, "Location", _elsewhere(fault, header(own, "Location") or "")),
}


def answer_to(request: Request, fault: Fault, own: bytes | None, now: datetime) -> bytes:
    """Return the answer that a struck request gets, or that is then broken on its way.

    Parameters:
        own: the product's answer; None if it was not asked.
        now: the lab's time.
    """
    kind = fault.kind.name
    if kind in CANNED:
        return whole_answer(request.method, *CANNED[kind](fault, now))
    if own is None:
        return whole_answer(request.method, *UNAVAILABLE)
    return CHANGED[kind](fault, own) if kind in CHANGED else own


def bad_request(status: int = 400) -> bytes:
    """Return the answer to what is not HTTP, as the products' own servers give it, or to too much of it."""
    headers = {"Content-Type": TEXT, "Connection": "close"}
    words = "The request is too large." if status == 413 else "Invalid HTTP request received."
    return whole_answer("", status, headers, words)


def _limited(headers: dict[str, str]) -> _Canned:
    return 429, {"Content-Type": JSON, **headers}, TOO_MANY


def _json(status: int, content: dict[str, str]) -> _Canned:
    return status, {"Content-Type": JSON}, json.dumps(content)


def _resume(fault: Fault, now: datetime) -> int:
    seconds: float = fault["seconds"]
    return math.ceil(now.timestamp() + seconds)


def _elsewhere(fault: Fault, location: str) -> str:
    """Return the address of another id, in the same place or at another origin."""
    parts = urlsplit(location)
    if fault["origin"]:
        parts = urlsplit(fault["origin"])._replace(path=parts.path)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/').rpartition('/')[0]}/{fault['id']}"))
