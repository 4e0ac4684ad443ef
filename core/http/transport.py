"""One product's HTTP: send a request, get a whole answer within the deadline, or a failure that says what is known.

What may be sent again: a request that provably never left, one that a rate limit refused, and a read whose connection
broke. Nothing else.
"""

from __future__ import annotations

import socket
import ssl
from datetime import datetime
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import requests

from .. import errors
from ..deadline import Deadline, Timing, retry_after
from ..redaction import Redactor
from ..times import shown_time
from ..urls import BaseUrl
from .answers import Answer, Request
from .connection import one_exchange
from .request_log import Sent, note
from .sessions import ConnectionSettings, session

LARGEST_ANSWER = 8 * 1024 * 1024  # bytes
CHUNK = 64 * 1024
MOST_ATTEMPTS = 3
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "fortinet-incident-bridge",
}
SHARE_OF_A_CHANGE = 0.75  # of the time that is left; the rest is for reading back


class Transport:
    """Requests to one product.

    Parameters:
        product: its name, as messages say it.
        base: its address.
        settings: how it is reached, and by which account.
        timeouts: seconds to wait for a connection, and for a server gone silent.
        deadline: when the whole action must have ended.
        redact: masks secrets in what an answer says.

    ``server_time`` is what the product's clock showed with its last answer, None as long as it has not said.
    """

    def __init__(
        self,
        product: str,
        base: BaseUrl,
        settings: ConnectionSettings,
        timeouts: Tuple[float, float],
        deadline: Deadline,
        redact: Redactor,
    ) -> None:
        self.product = product
        self.base = base
        self.deadline = deadline
        self.redact = redact
        self.server_time: Optional[datetime] = None
        self._settings = settings
        self._connect_timeout, self._read_timeout = timeouts

    def send(
        self,
        method: str,
        endpoint: str,
        headers: Optional[Mapping[str, str]] = None,
        params: Optional[Mapping[str, Any]] = None,
        json_body: Optional[Mapping[str, Any]] = None,
        form: Optional[Mapping[str, str]] = None,
        changes: Optional[bool] = None,
    ) -> Answer:
        """Send a request and return its answer, whatever its status.

        Parameters:
            changes: whether it may change anything; default is that everything but GET does. Such a request gets a
                part of the time that is left, so that time stays to read back what became of it.
        Raises: Unreachable or UntrustedServer (nothing was sent), OutcomeUnknown (no whole answer), RateLimited (the
            wait would outlast the deadline).
        """
        request = Request(method, f"{self.base.path}{endpoint}", method != "GET" if changes is None else changes)
        prepared = requests.Request(
            method,
            self.base.url(endpoint),
            headers={**HEADERS, **(headers or {})},
            params=_query(params),
            json=json_body,
            data=form,
        ).prepare()
        deadline = self.deadline.part(SHARE_OF_A_CHANGE) if request.changes else self.deadline
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._attempt(request, prepared, deadline, attempt)
                if answer.status != 429:
                    return answer
                failure, wait = self._rate_limited(answer), retry_after(answer.headers, deadline.timing)
            except errors.Failure as error:
                failure, wait = error.but(attempts=attempt, request=request.shown(None)), None
                if not _may_be_sent_again(failure, request):
                    raise failure from None
            if attempt == MOST_ATTEMPTS or not deadline.wait(deadline.backoff(attempt) if wait is None else wait):
                raise failure

    @property
    def account(self) -> str:
        """The fingerprint under which things of this account on this server are kept."""
        return self._settings.account

    def where(self, answer: Answer) -> str:
        """Return the clause "<product> answered <status> to <METHOD path>"."""
        return f"{self.product} answered {answer.status} to {answer.request}"

    def _rate_limited(self, answer: Answer) -> errors.Failure:
        asked = retry_after(answer.headers, self.deadline.timing)
        again = "in a minute" if asked is None else f"in {max(1, round(asked))} s"
        return answer.failure(
            errors.RateLimited,
            f"{self.where(answer)}, too many requests",
            f"{self.product} is reachable. Run the action again {again}.",
        )

    def _attempt(
        self, request: Request, prepared: requests.PreparedRequest, deadline: Deadline, attempt: int
    ) -> Answer:
        remaining = deadline.remaining()
        if remaining <= 0:
            raise errors.Unreachable(f"no time was left to send {request} to {self.product}", _RAISE_THE_LIMIT)
        timeouts = min(self._connect_timeout, remaining), min(self._read_timeout, remaining)
        began, status = deadline.timing.monotonic(), None
        with one_exchange(deadline, self._read_timeout) as exchange, session(self._settings) as lent:
            try:
                with lent.send(prepared, timeouts) as response:
                    body = self._body(response, request)
                status = response.status_code
            except (requests.RequestException, OSError) as error:
                raise self._failure(error, exchange.provably_not_sent, request) from None
            finally:
                self._note(request, status, deadline.timing, began)
        self.server_time = shown_time(response.headers.get("Date")) or self.server_time
        return Answer(request, response.status_code, response.headers, body, attempt)

    def _note(self, request: Request, status: Optional[int], timing: Timing, began: float) -> None:
        milliseconds = round((timing.monotonic() - began) * 1000)
        origin = str(self.base.origin)
        note(Sent(timing.wall(), self.product, origin, request.method, request.path, status, milliseconds))

    def _body(self, response: requests.Response, request: Request) -> bytes:
        body = b"".join(_capped(response))
        if len(body) > LARGEST_ANSWER:
            raise errors.AnswerBroken(
                f"{self.product} sent more than {LARGEST_ANSWER} bytes for {request}", changed=request.changed_if_lost
            )
        declared = response.headers.get("Content-Length", "")
        # urllib3 1.26 takes a body that is shorter than declared for whole.
        if declared.isdigit() and len(body) < int(declared):
            raise requests.ConnectionError("the answer was cut within its body")
        return body

    def _failure(self, error: Exception, not_sent: bool, request: Request) -> errors.Failure:
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
        changed = request.changed_if_lost
        if _is_timeout(error):
            return errors.AnswerLate(f"{self.product} did not answer in time to {request}", changed=changed)
        return errors.AnswerLost(
            f"{self.product} broke the connection before its answer was whole to {request}", changed=changed
        )


def named_endpoint(transport: Transport, text: str) -> str:
    """Return the endpoint that an analyst names. Raises InvalidInput where it is none of this product's."""
    try:
        return transport.base.given_endpoint(text)
    except ValueError as error:
        raise errors.InvalidInput(f"Endpoint {text[:60]!r} {error}.") from None


def _query(params: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """Write true and false as JSON does; requests would write them as Python does."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in (params or {}).items()}


_RAISE_THE_LIMIT = "Raise Total Timeout in the configuration, or find out why the products are slow."


def _may_be_sent_again(failure: errors.Failure, request: Request) -> bool:
    """Tell whether a request is worth sending again: it provably never left, or a read lost its connection."""
    if isinstance(failure, errors.UntrustedServer):
        return False
    return isinstance(failure, errors.Unreachable) or (isinstance(failure, errors.AnswerLost) and not request.changes)


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
        behind = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        waiting += [one for one in behind if isinstance(one, BaseException)]  # an SSLError's reason is a text


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
