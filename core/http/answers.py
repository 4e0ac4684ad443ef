"""Answers, read in one place: what a product sent as a value, as an error text, or as what it must not be.

Everything above works with values. Nothing above this file decodes bytes.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import Any, Callable, Dict, Iterator, Mapping, NamedTuple, Optional, Protocol, Type

from ..deadline import Deadline, retry_after
from ..errors import AnswerBroken, AnswerLate, Failure, Kind, Redirected, Unreachable, kind_of_status
from ..lazy import lazy
from ..redaction import Redactor
from ..urls import BaseUrl, base_url
from ..values import flag, folded, text, whole_number
from .decoding import is_web_page, json_value, text_of

LONGEST_QUOTE = 300  # characters of an answer's text in a message
GATEWAY_GAVE_UP = (408, 502, 503, 504)  # on waiting; what it passed on may still be carried out
PROXY_WANTS_CREDENTIALS = 407
PROXY_ADVICE = "Check Proxy Mode and the fields below it in the configuration."
LATE_FOR = 300  # seconds until what was given up on is taken for never


class Request(NamedTuple):
    """One request to a product.

    Parameters:
        method, path: as they go out; the path includes the base's.
        changes: whether it may change anything; that decides what a failure means.
    """

    method: str
    path: str
    changes: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def changed_if_lost(self) -> str:
        """Whether anything was changed if no trustworthy answer comes: "no" or "unknown"."""
        return "unknown" if self.changes else "no"

    def shown(self, status: Optional[int]) -> Dict[str, Any]:
        """Return the request as a result shows it."""
        return {"method": self.method, "path": self.path, "status": status}


class Answer:
    """A whole answer to one request. ``attempts`` is how often the request was tried until it came."""

    def __init__(
        self, request: Request, status: int, headers: Mapping[str, str], body: bytes, attempts: int = 1
    ) -> None:
        self.request = request
        self.status = status
        self.headers = headers
        self.body = body
        self.attempts = attempts

    @lazy
    def text(self) -> str:
        """Return the body as text, without white space around it."""
        return text_of(self.body, self.headers.get("Content-Type", ""))

    @property
    def is_success(self) -> bool:
        """Whether its status is one of success and it is not a web page, which no API answers."""
        return 200 <= self.status < 300 and not self.is_html

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page."""
        is_declared = "html" in self.headers.get("Content-Type", "").lower()
        return is_web_page(self.text, is_declared and xml_error(self) is None)

    def after(self, failures: int) -> Answer:
        """Return the same answer as one that came after so many tries more."""
        return Answer(self.request, self.status, self.headers, self.body, self.attempts + failures)

    def json(self) -> Any:
        """Return the body's JSON value. Raises ValueError where it is none."""
        return json_value(self.text)

    def failure(
        self, kind: Type[Kind], happened: str, advice: Optional[str] = None, changed: Optional[str] = None
    ) -> Kind:
        """Return the failure that this answer means, with the request that it answers."""
        return kind(happened, advice, changed, self.attempts, self.request.shown(self.status))


class AnswerTooLarge(AnswerBroken):
    """An answer longer than what is taken. Asking for less at a time helps."""


class Source(Protocol):
    """Where an answer came from: a ``Transport``."""

    product: str
    base: BaseUrl
    redact: Redactor
    deadline: Deadline

    @property
    def proxy(self) -> str:
        """The proxy on the way as messages show it, "" for none."""

    def where(self, answer: Answer) -> str:
        """Return the clause "<product> answered <status> to <METHOD path>"."""


MOST_REASONS = 10
# Members that hold a reason at any depth, and names that tell nothing of it.
NESTING = ("error", "errors", "errormessage", "message", "messages", "detail", "details", "fault", "result", "response")
UNTOLD = (*NESTING, "msg", "reason", "text", "faultstring")
# What a body may say under 2xx. Which of these either product uses is documented nowhere; all of them are common.
ERRORS = ("error", "errors", "errormessage", "errormsg", "errstring")
SUCCESSES, STATES = ("success", "ok"), ("status", "result")
CODES, LEAST_REFUSAL = ("code", "status", "statuscode", "errorcode"), 400  # HTTP's own, repeated in the body
FAILED = ("error", "fail", "failed", "failure")
NO_ERROR = ("", "none", "null", "[]", "{}")
ANALYSTS_OWN = "metadata"  # an echo of it says whatever the analyst wrote
XML_ERROR = re.compile(r"<error\b[^<>]*\bcode\s*=")
TAG = re.compile(r"<[^<>]*>")
Advice = Callable[[Answer, str], Optional[str]]  # from an answer and its error text to what to do


def checked(source: Source, answer: Answer, advice: Advice) -> Answer:
    """Return an answer of 2xx that is not a web page; raise the failure that any other one means."""
    if answer.is_success:
        return answer
    raise _failure(source, answer, advice)


def _failure(source: Source, answer: Answer, advice: Advice) -> Failure:
    if 200 <= answer.status < 300:
        return answer.failure(
            AnswerBroken,
            f"{source.where(answer)} with a web page instead of an API answer",
            "Something between here and the product answered, such as a proxy or a login page. Check the address.",
            changed=answer.request.changed_if_lost,
        )
    if answer.status == PROXY_WANTS_CREDENTIALS:
        return answer.failure(Unreachable, proxy_refusal(source.proxy, answer.status), PROXY_ADVICE)
    text = error_text(source, answer)
    kind = kind_of_status(answer.status)
    happened = source.where(answer) + (f": {text}" if text else "")
    if kind is Redirected:
        happened = f"{source.where(answer)}, a redirect{_target(source, answer)}, which is not followed"
    if not answer.request.changes:
        return answer.failure(kind, happened, advice(answer, text), "no")
    if answer.status in GATEWAY_GAVE_UP:
        return answer.failure(AnswerLate, happened, late_advice(source, answer))
    if kind is Redirected:
        return answer.failure(AnswerLate, happened, f"Check the address. {late_advice(source, answer)}")
    return answer.failure(kind, happened, advice(answer, text))


def late_advice(source: Source, answer: Optional[Answer] = None) -> str:
    """Return how long to wait for what a product may still carry out, whether it answered or not."""
    asked = retry_after(answer.headers, source.deadline.timing) if answer else None
    wait = f"{max(1, round(asked))} s" if asked is not None and asked > LATE_FOR else f"{LATE_FOR // 60} minutes"
    return wait_and_look(source.product, wait)


def wait_and_look(product: str, wait: str = f"{LATE_FOR // 60} minutes") -> str:
    """Return the advice for what a product may still carry out."""
    return f"{product} may still carry it out: wait {wait}, and look whether it did before running it again."


def proxy_refusal(proxy: str, status: int) -> str:
    """Return the clause that a proxy refused to pass a request on."""
    reason = ": it wants a user name and a password" if status == PROXY_WANTS_CREDENTIALS else ""
    return f"the proxy {proxy}".rstrip() + f" answered {status}{reason}"


def json_of(answer: Answer) -> Any:
    """Return an answer's JSON value, whatever its Content-Type says; None where it is none."""
    if not answer.body:
        return None
    try:
        return answer.json()
    except ValueError:
        return None


def json_object(source: Source, answer: Answer) -> Dict[str, Any]:
    """Return the JSON object that a read was answered with. Raises AnswerBroken where it is none."""
    value = json_of(answer)
    if not isinstance(value, dict):
        raise answer.failure(AnswerBroken, f"{source.where(answer)} without a JSON object", "Check the address.", "no")
    return value


def error_text(source: Source, answer: Answer) -> str:
    """Return what an answer says went wrong, without secrets and HTML, shortened in this order.

    FortiMonitor's ``ErrorCode`` and ``ErrorMessage`` headers come first (its status table, 21.4), then the body in
    any of the shapes that either product was seen to use.
    """
    code, message = answer.headers.get("ErrorCode", ""), answer.headers.get("ErrorMessage", "")
    header = " ".join(part for part in (message, f"(ErrorCode {code})" if code else "") if part)
    texts = [text for text in (header, _body_text(answer)) if text]
    if len(texts) == 2 and texts[1] in texts[0]:
        texts.pop()
    return _shortened(source.redact("; ".join(texts)))


def error_in(body: Any) -> Optional[str]:
    """Return what a body says went wrong, at whatever depth; None where it says no such thing."""
    waiting = [body]
    while waiting:
        each = waiting.pop()
        waiting += each if isinstance(each, list) else []
        for key, value in each.items() if isinstance(each, dict) else ():
            name = folded(key)
            said = _error(name, value) or _failed(name, key, value, each)
            if said:
                return said
            waiting += [value] if name != ANALYSTS_OWN else []
    return None


def _error(name: str, value: Any) -> str:
    """Return the error that a member of an object holds, "" for none."""
    said = text(value).strip()
    return said if name in ERRORS and flag(value) is not False and said.casefold() not in NO_ERROR else ""


def _failed(name: str, key: str, value: Any, whole: Mapping[str, Any]) -> str:
    """Return what an object says, of which a member tells that it failed; "" where it tells no such thing."""
    said = text(value).strip()
    is_failed = name in STATES and said.casefold() in FAILED
    is_refused = name in CODES and (whole_number(value) or 0) >= LEAST_REFUSAL
    if not is_failed and not is_refused and not (name in SUCCESSES and flag(value) is False):
        return ""
    return text(whole.get("message") or whole.get("msg") or whole.get("detail")) or f"{key}: {said}"


def xml_error(answer: Answer) -> Optional[str]:
    """Return the description of an XML error document, None if the body is no such thing.

    FortiSIEM may send one under 200: ``<response><error code="255"><description>``, sometimes inside ``<result>``.
    """
    if not answer.text.startswith("<") or not XML_ERROR.search(answer.text):
        return None
    from xml.etree import ElementTree  # at first use: its parser is large

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
    if not isinstance(body, dict):
        return "; ".join(islice(_reasons("", body), MOST_REASONS))
    result = body.get("result")
    if isinstance(result, dict) and result.get("description"):  # FortiSIEM: {"result": {"code": 255, ...}}
        return str(result["description"])
    named = [str(body[key]) for key in ("message", "error", "errString") if isinstance(body.get(key), str)]
    if named:
        return ": ".join(reversed(named)) if len(named) > 1 else named[0]
    flat = (f"{name}: {value}" for name, value in body.items() if isinstance(value, (str, int, float)))
    nested = (
        reason
        for name, value in body.items()
        if isinstance(value, (dict, list)) and folded(name) in NESTING
        for reason in _reasons(name, value)
    )
    told = list(islice(chain(flat, nested), MOST_REASONS))
    return "; ".join(dict.fromkeys(told or islice(_reasons("", body), MOST_REASONS)))  # whatever it is nested in


def _reasons(name: str, value: Any) -> Iterator[str]:
    """Yield the texts in a value, each with its name unless that is "" or says no more than that it is a reason."""
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _reasons(inner, each)
    elif isinstance(value, list):
        for each in value:
            yield from _reasons(name, each)
    elif isinstance(value, (str, int, float)):
        yield str(value) if not name or folded(name) in UNTOLD else f"{name}: {value}"


def _target(source: Source, answer: Answer) -> str:
    location = answer.headers.get("Location", "")
    if source.base.endpoint_of(location) is not None:
        return " to another of its own addresses"
    try:
        return f" to {base_url(location.split('?')[0].split('#')[0]).origin}"
    except ValueError:
        return ""


def _shortened(text: str) -> str:
    text = re.sub(r"\s+", " ", TAG.sub(" ", text)).strip().rstrip(".")
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 3] + "..."
