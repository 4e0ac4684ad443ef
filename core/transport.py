"""One product's HTTP: send a request, get a whole answer within the deadline, or a failure that says what is known.

What may be sent again: a request that provably never left, and one that was refused by a rate limit. Nothing else.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import requests

from . import errors
from .deadline import Deadline, retry_after
from .paths import BaseUrl
from .sessions import Connecting, session
from .wire import one_exchange

LARGEST_ANSWER = 8 * 1024 * 1024  # bytes
CHUNK = 64 * 1024
MOST_ATTEMPTS = 3
LONGEST_QUOTE = 300  # characters of an answer's text in a message
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Answer:
    """A whole answer to one request.

    ``path`` is what was asked for, ``attempts`` how many times the request was tried until this answer came.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    attempts: int = 1

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page. An empty or plain body is none, whatever its Content-Type says."""
        declared = "text/html" in self.headers.get("Content-Type", "").lower()
        return re.search(r"<(!doctype\s+html|html)\b", self.text[:1000], re.I) is not None or (
            declared and "<" in self.text
        )

    def json(self) -> Any:
        """Return the body's JSON value. Raises ValueError where it is none."""
        return json.loads(self.body.decode("utf-8"))

    @property
    def request(self) -> Dict[str, Any]:
        """The request as a result shows it."""
        return {"method": self.method, "path": self.path, "status": self.status}


class Transport:
    """Requests to one product.

    Parameters:
        product: its name, as messages say it.
        base: its address.
        connecting: how it is reached.
        timeouts: seconds to wait for a connection, and for a server gone silent.
        deadline: when the whole action must have ended.
    """

    def __init__(
        self, product: str, base: BaseUrl, connecting: Connecting, timeouts: Tuple[float, float], deadline: Deadline
    ) -> None:
        self.product = product
        self.base = base
        self.deadline = deadline
        self._connecting = connecting
        self._connect_timeout, self._read_timeout = timeouts

    def send(
        self,
        method: str,
        endpoint: str,
        headers: Optional[Mapping[str, str]] = None,
        params: Optional[Mapping[str, Any]] = None,
        json_body: Optional[Mapping[str, Any]] = None,
        form: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        """Send a request and return its answer, whatever its status.

        Raises Unreachable or UntrustedServer (nothing was sent), OutcomeUnknown (no whole answer; for reads nothing
        was changed all the same), RateLimited (the wait would outlast the deadline).
        """
        body = {"params": params, "json": json_body, "data": form, "headers": dict(headers or {})}
        where = f"{method} {self.base.path}{endpoint}"
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._attempt(method, endpoint, where, body, attempt)
            except errors.UntrustedServer:
                raise
            except errors.Unreachable:
                if attempt == MOST_ATTEMPTS or not self.deadline.wait(self.deadline.backoff(attempt)):
                    raise
                continue
            if answer.status != 429:
                return answer
            self._wait_for_rate_limit(answer, attempt)

    def where(self, answer: Answer) -> str:
        """Return the clause "<product> answered <status> to <METHOD path>"."""
        return f"{self.product} answered {answer.status} to {answer.method} {answer.path}"

    def _wait_for_rate_limit(self, answer: Answer, attempt: int) -> None:
        asked = retry_after(answer.headers, self.deadline.timing)
        wait = self.deadline.backoff(attempt) if asked is None else asked
        if attempt < MOST_ATTEMPTS and self.deadline.wait(wait):
            return
        again = "in a minute" if asked is None else f"in {max(1, round(asked))} s"
        limited = errors.RateLimited(
            f"{self.where(answer)}, too many requests", f"{self.product} is reachable. Run the action again {again}."
        )
        limited.retry_after = asked
        raise limited

    def _attempt(self, method: str, endpoint: str, where: str, body: Dict[str, Any], attempt: int) -> Answer:
        if self.deadline.remaining() <= 0:
            raise errors.Unreachable(f"no time was left to send {where} to {self.product}", _RAISE_THE_LIMIT)
        connect = min(self._connect_timeout, self.deadline.remaining())
        with one_exchange(self.deadline, self._read_timeout) as exchange:
            try:
                response = session(self._connecting).request(
                    method,
                    self.base.url(endpoint),
                    timeout=(connect, min(self._read_timeout, max(0.001, self.deadline.remaining()))),
                    verify=self._connecting.verify,
                    allow_redirects=False,
                    stream=True,
                    **body,
                )
                with response:
                    content = self._content(response, method, where)
            except (requests.RequestException, OSError) as error:
                raise self._failure(error, exchange.provably_not_sent, method, where) from None
        return Answer(method, f"{self.base.path}{endpoint}", response.status_code, response.headers, content, attempt)

    def _content(self, response: requests.Response, method: str, where: str) -> bytes:
        content = b"".join(_capped(response))
        if len(content) > LARGEST_ANSWER:
            raise errors.AnswerBroken(
                f"{self.product} sent more than {LARGEST_ANSWER} bytes for {where}", changed=_changed(method)
            )
        declared = response.headers.get("Content-Length", "")
        # urllib3 1.26 takes a body that is shorter than declared for whole.
        if declared.isdigit() and method != "HEAD" and len(content) < int(declared):
            raise requests.ConnectionError("the answer was cut within its body")
        return content

    def _failure(self, error: Exception, not_sent: bool, method: str, where: str) -> errors.BridgeError:
        """Turn an exception into what is known."""
        server = f"{self.product} at {self.base.origin}"
        tls = _cause(error, ssl.SSLError)
        if not_sent and tls is not None:
            return errors.UntrustedServer(f"{server} {_tls_reason(tls)}", _tls_advice(tls))
        if not_sent:
            reason = _connect_reason(error)
            return errors.Unreachable(
                f"{server} cannot be reached: {reason}", "Check the address, the firewall and the proxy."
            )
        reason = "did not answer in time" if _is_timeout(error) else "broke the connection before its answer was whole"
        return errors.OutcomeUnknown(f"{self.product} {reason} to {where}", changed=_changed(method))


_RAISE_THE_LIMIT = "Raise Total Timeout in the configuration, or find out why the products are slow."


def _changed(method: str) -> str:
    """Return whether a request without a trustworthy answer changed anything: reads never do."""
    return "no" if method in READS else "unknown"


def _capped(response: requests.Response) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_content(CHUNK):
        yield chunk
        size += len(chunk)
        if size > LARGEST_ANSWER:
            return


def _causes(error: Optional[BaseException]) -> Iterator[BaseException]:
    """Yield an exception and what lies behind it; requests and urllib3 keep it in arguments, not in __cause__ alone."""
    seen = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None)]
        waiting += [argument for argument in each.args if isinstance(argument, BaseException)]


def _cause(error: BaseException, kind: Any) -> Any:
    return next((each for each in _causes(error) if isinstance(each, kind)), None)


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, requests.Timeout) or _cause(error, socket.timeout) is not None


def _connect_reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or could not be reached"
    if _cause(error, socket.gaierror) is not None:
        return "its name does not resolve"
    if _is_timeout(error):
        return "no connection within the connect timeout"
    if _cause(error, ConnectionRefusedError) is not None:
        return "the connection was refused"
    return "no connection could be made"


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"shows a certificate that is not trusted: {error.verify_message.rstrip('.')}"
    return "does not speak TLS there, or not in a version that is allowed (1.2 or newer)"


def _tls_advice(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Put the certificate authority's PEM text into CA Certificate, or correct the address."
    return "Check the address and its port."
