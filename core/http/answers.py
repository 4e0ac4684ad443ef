"""What the products' clients share: the endpoint that an analyst names, and what an answer says and means."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any, Callable, Optional

from ..errors import AnswerBroken, Failure, InvalidInput, Redirected, kind_of_status
from ..urls import base_url
from .transport import LONGEST_QUOTE, Answer, Transport

Advice = Callable[[Answer, str], Optional[str]]


def checked(transport: Transport, answer: Answer, advice: Advice) -> Answer:
    """Return an answer of 2xx that is not a web page; raise the failure that any other one means.

    Parameters:
        advice: from the answer and its error text to what the analyst should do.
    """
    if answer.is_success:
        return answer
    raise _failure(transport, answer, advice)


def _failure(transport: Transport, answer: Answer, advice: Advice) -> Failure:
    if 200 <= answer.status < 300:
        return answer.failure(
            AnswerBroken,
            f"{transport.where(answer)} with a web page instead of an API answer",
            "Something between here and the product answered, such as a proxy or a login page. Check the address.",
            changed=answer.request.changed_if_lost,
        )
    text = error_text(transport, answer)
    kind = kind_of_status(answer.status)
    happened = transport.where(answer) + (f": {text}" if text else "")
    if kind is Redirected:
        happened = f"{transport.where(answer)}, a redirect{_target(transport, answer)}, which is not followed"
    return answer.failure(kind, happened, advice(answer, text), None if answer.request.changes else "no")


def named_endpoint(transport: Transport, text: str) -> str:
    """Return the endpoint that an analyst names. Raises InvalidInput where it is none of this product's."""
    try:
        return transport.base.given_endpoint(text)
    except ValueError as error:
        raise InvalidInput(f"Endpoint {text[:60]!r} {error}.") from None


def json_of(answer: Answer) -> Any:
    """Return an answer's JSON value, whatever its Content-Type says; None where it is none."""
    try:
        return answer.json()
    except ValueError:
        return None


def error_text(transport: Transport, answer: Answer) -> str:
    """Return what an answer says went wrong, without secrets and HTML, shortened in this order.

    FortiMonitor's ``ErrorCode`` and ``ErrorMessage`` headers come first (its status table, 21.4), then the body in
    any of the shapes that either product was seen to use.
    """
    code, message = answer.headers.get("ErrorCode", ""), answer.headers.get("ErrorMessage", "")
    header = " ".join(part for part in (message, f"(ErrorCode {code})" if code else "") if part)
    texts = [text for text in (header, _body_text(answer)) if text]
    if len(texts) == 2 and texts[1] in texts[0]:
        texts.pop()
    return _shortened(transport.redact("; ".join(texts)))


def xml_error(answer: Answer) -> Optional[str]:
    """Return the description of an XML error document, None if the body is no such thing.

    FortiSIEM may send one under 200: ``<response><error code="255"><description>``, sometimes inside ``<result>``.
    """
    if not re.search(r"<error\b[^>]*\bcode\s*=", answer.text):
        return None
    try:
        # No entities, no document type: what is left cannot expand.
        if "<!" in answer.text:
            return "an XML error"
        found = ElementTree.fromstring(answer.text).find(".//error")  # noqa: S314 - document types are refused above
    except ElementTree.ParseError:
        return "an XML error"
    description = found.findtext("description") if found is not None else None
    return description or "an XML error"


def _body_text(answer: Answer) -> str:
    if not answer.body or answer.is_html:
        return ""
    from_xml = xml_error(answer)
    if from_xml is not None:
        return from_xml
    try:
        return _json_text(answer.json())
    except ValueError:
        return "" if answer.text.startswith("<") else answer.text


def _json_text(body: Any) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    result = body.get("result")
    if isinstance(result, dict):  # FortiSIEM: {"result": {"code": 255, "description": ...}}
        return str(result.get("description", ""))
    named = [str(body[key]) for key in ("message", "error", "errString") if isinstance(body.get(key), str)]
    if named:
        return ": ".join(reversed(named)) if len(named) > 1 else named[0]
    return "; ".join(f"{field}: {text}" for field, text in body.items() if isinstance(text, (str, int, float)))


def _target(transport: Transport, answer: Answer) -> str:
    location = answer.headers.get("Location", "")
    if transport.base.endpoint_of(location) is not None:
        return " to another of its own addresses"
    try:
        return f" to {base_url(location.split('?')[0].split('#')[0]).origin}"
    except ValueError:
        return ""


def _shortened(text: str) -> str:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip().rstrip(".")
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."
