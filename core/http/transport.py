"""One product's HTTP: send a request, get a whole answer within the deadline, or a failure that says what is known.

What may be sent again: a request that provably never left, one that a rate limit refused, and a read whose connection
broke. Nothing else.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from datetime import datetime
from typing import Any, Iterator, Mapping, Optional, Tuple, Union
from urllib.parse import quote, unquote_to_bytes, urlencode

import requests
from requests.exceptions import ProxyError
from urllib3.exceptions import HTTPError

from .. import errors
from ..deadline import Deadline, Timing, retry_after
from ..redaction import Redactor
from ..times import shown_time
from ..urls import BaseUrl
from .answers import PROXY_ADVICE, Answer, AnswerTooLarge, Request, late_advice, proxy_refusal
from .connection import Exchange, one_exchange
from .decoding import TooLong, Undecodable, decompressed, is_deep
from .request_log import Sent, note
from .sessions import ConnectionSettings, session, shown_proxy

LARGEST_ANSWER = 8 * 1024 * 1024  # bytes
CHUNK = 64 * 1024
MOST_ATTEMPTS = 3
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "fortinet-incident-bridge",
}
HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")
ESCAPED_SURROGATE = r"\ud"
ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([0-9]{3})", re.ASCII)
# How OpenSSL's names for a server's alerts end.
REFUSED_CLIENT = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
    "HANDSHAKE_FAILURE",
)
OTHER_VERSION = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW")
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
        self._date: Optional[str] = None
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
        content = form if json_body is None else _json(json_body, request)
        prepared = _prepared(request, self.base.url(endpoint), params or {}, headers or {}, content)
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
            if attempt == MOST_ATTEMPTS or not deadline.wait(max(deadline.backoff(attempt), wait or 0)):
                raise failure

    @property
    def account(self) -> str:
        """The fingerprint under which things of this account on this server are kept."""
        return self._settings.account

    @property
    def server_time(self) -> Optional[datetime]:
        """What the product's clock showed with its last answer, None as long as it has not said."""
        return shown_time(self._date)

    @property
    def proxy(self) -> str:
        """The proxy on the way as messages show it, "" for none."""
        return shown_proxy(self._settings)

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
            for credential in lent.proxy_credentials:
                self.redact.add(credential)
            try:
                with lent.send(prepared, timeouts) as response:
                    body = self._body(response, request)
                status = response.status_code
            except errors.Failure:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, what became of the request must be told
                raise self._failure(error, exchange, request) from None
            finally:
                self._note(request, status, deadline.timing, began)
        self._date = response.headers.get("Date", self._date)
        return Answer(request, response.status_code, response.headers, body, attempt)

    def _note(self, request: Request, status: Optional[int], timing: Timing, began: float) -> None:
        milliseconds = round((timing.monotonic() - began) * 1000)
        origin = str(self.base.origin)
        note(Sent(timing.wall(), self.product, origin, request.method, request.path, status, milliseconds))

    def _body(self, response: requests.Response, request: Request) -> bytes:
        """Return a whole body without its content encoding."""
        headers, changed = response.headers, request.changed_if_lost
        body = b"".join(_capped(response))
        # urllib3 1.26 takes a body that is shorter than declared for whole.
        if len(body) <= LARGEST_ANSWER and len(body) < _declared_length(headers):
            raise requests.ConnectionError("the answer was cut within its body")
        try:
            body = decompressed(body, headers.get("Content-Encoding", ""), LARGEST_ANSWER)
        except Undecodable as error:
            raise errors.AnswerBroken(f"{self.product} answered {request} with {error}", changed=changed) from None
        except TooLong:
            body = bytes(LARGEST_ANSWER + 1)
        if len(body) > LARGEST_ANSWER:
            happened = f"{self.product} sent more than {LARGEST_ANSWER} bytes for {request}"
            raise AnswerTooLarge(happened, changed=changed)
        return body

    def _failure(self, error: Exception, exchange: Exchange, request: Request) -> errors.Failure:
        """Turn an exception into what is known."""
        tls = _cause(error, ssl.SSLError)
        if _is_refused_client(tls) and exchange.is_fresh and not exchange.is_answered:
            return self._untrusted(tls)  # TLS 1.3 refuses after the request was handed over, and before it is looked at
        # A ValueError before any connection is of the way there, such as a proxy's address that is none.
        if not exchange.is_sent and (exchange.is_begun or isinstance(error, ValueError)):
            return self._unreachable(error, tls)
        changed = request.changed_if_lost
        if _is_timeout(error):
            advice = late_advice(self) if request.changes else None
            return errors.AnswerLate(f"{self.product} did not answer in time to {request}", advice, changed)
        if isinstance(error, (requests.RequestException, HTTPError, OSError)):
            happened = f"{self.product} broke the connection before its answer was whole to {request}"
        else:
            happened = f"the answer of {self.product} to {request} could not be read ({type(error).__name__})"
        return errors.AnswerLost(happened, changed=changed)

    def _unreachable(self, error: Exception, tls: Optional[ssl.SSLError]) -> errors.Failure:
        if tls is not None and not isinstance(tls, ssl.SSLEOFError):
            return self._untrusted(tls)
        server = f"{self.product} at {self.base.origin} cannot be reached"
        if _cause(error, ProxyError) is not None:
            refused = TUNNEL_REFUSED.search(" ".join(map(str, _causes(error))))
            status = int(refused.group(1)) if refused else 0
            reason = proxy_refusal(self.proxy, status) if refused else f"the proxy {self.proxy} cannot be reached"
            return errors.Unreachable(f"{server}: {reason}", PROXY_ADVICE)
        if isinstance(error, ValueError) and self.proxy:
            return errors.Unreachable(f"{server}: the proxy {self.proxy} cannot be used", PROXY_ADVICE)
        return errors.Unreachable(
            f"{server}: {_connect_reason(error)}", "Check the address, the firewall and the proxy."
        )

    def _untrusted(self, tls: ssl.SSLError) -> errors.Failure:
        reason, advice = _tls_reason(tls)
        return errors.UntrustedServer(f"{self.product} at {self.base.origin} {reason}", advice)


def named_endpoint(transport: Transport, text: str) -> str:
    """Return the endpoint that an analyst names. Raises InvalidInput where it is none of this product's."""
    try:
        return transport.base.given_endpoint(text)
    except ValueError as error:
        raise errors.InvalidInput(f"Endpoint {errors.shown(text)} {error}.") from None


def _json(body: Mapping[str, Any], request: Request) -> bytes:
    """Return a body's JSON text. Raises InvalidInput where it has none that a product could read."""
    try:
        text = json.dumps(body, allow_nan=False)
        reason = "it is nested too deeply" if is_deep(text) else ""
        if ESCAPED_SURROGATE in text:  # or a whole one, which is written in halves
            json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        reason = "a text in it has half of a surrogate pair, which is no character"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        circular = "ircular" in str(error)
        reason = "it holds itself" if circular else "it holds NaN or infinity, which are no numbers of JSON"
    except TypeError:
        reason = "it holds something that JSON has no form for"
    if reason:
        raise errors.InvalidInput(f"The body of {request} cannot be sent: {reason}.")
    return text.encode("ascii")


def _prepared(
    request: Request,
    url: str,
    params: Mapping[str, Any],
    headers: Mapping[str, str],
    content: Union[bytes, Mapping[str, str], None],
) -> requests.PreparedRequest:
    """Return a request ready to be sent: what ``requests`` would make of it in three times as many steps.

    Raises InvalidInput where that cannot be; then nothing was sent.

    Parameters:
        content: the text of JSON, or a form.
    """
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    try:
        if not all(map(HEADER.fullmatch, headers.values())):
            raise ValueError("a header that is not plain")
        prepared.url = _url(url, params)
        prepared.body = content if content is None or isinstance(content, bytes) else urlencode(content)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing was sent
        raise errors.InvalidInput(
            f"{request} cannot be sent: the address, the query or the credentials hold characters that do not fit "
            f"there ({type(error).__name__}).",
            subject="The request is not valid",
        ) from None
    fields: Any = {**HEADERS, **headers}  # written alike always, they need no dictionary that looks past their case
    if isinstance(prepared.body, bytes):
        fields["Content-Type"] = "application/json"
    if prepared.body is not None or request.method not in ("GET", "HEAD"):
        fields["Content-Length"] = str(len(prepared.body or ""))
    if isinstance(prepared.body, str):
        fields["Content-Type"] = "application/x-www-form-urlencoded"
    prepared.headers = fields
    return prepared


def _url(url: str, params: Mapping[str, Any]) -> str:
    """Return a URL with a query: nothing is encoded that need not be, true and false stand as in JSON."""
    url = ENCODED.sub(lambda encoded: quote(unquote_to_bytes(encoded.group()), safe=""), url)
    query = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None
    }
    return f"{url}?{urlencode(query)}" if query else url


_RAISE_THE_LIMIT = "Raise Total Timeout in the configuration, or find out why the products are slow."


def _may_be_sent_again(failure: errors.Failure, request: Request) -> bool:
    """Tell whether a request is worth sending again: it provably never left, or a read lost its connection."""
    if isinstance(failure, errors.UntrustedServer):
        return False
    return isinstance(failure, errors.Unreachable) or (isinstance(failure, errors.AnswerLost) and not request.changes)


def _capped(response: requests.Response) -> Iterator[bytes]:
    """Yield a body as it came over the wire, up to the first piece beyond the limit."""
    size = 0
    for chunk in response.raw.stream(CHUNK, decode_content=False):
        yield chunk
        size += len(chunk)
        if size > LARGEST_ANSWER:
            return


def _declared_length(headers: Mapping[str, str]) -> int:
    """Return how long a body is on the wire, 0 where that is not declared. A chunked one says its end itself."""
    declared = headers.get("Content-Length", "").partition(",")[0].strip()
    is_chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return int(declared) if LENGTH.fullmatch(declared) and not is_chunked else 0


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
    if _cause(error, (socket.gaierror, UnicodeError)) is not None:
        return "its name does not resolve"
    if _is_timeout(error):
        return "no connection within the connect timeout"
    if _cause(error, ConnectionRefusedError) is not None:
        return "the connection was refused"
    return "no connection could be made"


def _is_refused_client(error: Optional[ssl.SSLError]) -> bool:
    return error is not None and str(error.reason).endswith(REFUSED_CLIENT)


def _tls_reason(error: ssl.SSLError) -> Tuple[str, str]:
    """Return what a TLS error says of the server, and what to do."""
    reason = str(error.reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that is not trusted: {error.verify_message.rstrip('.')}",
            "Put the certificate authority's PEM text into CA Certificate, or correct the address.",
        )
    if reason.endswith("HANDSHAKE_FAILURE"):
        return (
            "refused the TLS handshake: it demands a client certificate, or speaks TLS, but not in a version that is "
            "allowed (1.2 or newer)",
            "Check the address and its port, and what the server demands.",
        )
    if reason.endswith(REFUSED_CLIENT):
        return (
            "refused the TLS handshake, as a server does that demands a client certificate",
            "The connector has none: let the server take connections without one, or correct the address.",
        )
    if reason.endswith(OTHER_VERSION):
        return "speaks TLS, but not in a version that is allowed (1.2 or newer)", "Update the server."
    if "ALERT" in reason:
        return f"refused the TLS handshake ({reason.lower().replace('_', ' ')})", "Check the address and its port."
    return "does not speak TLS there", "Check the address and its port."
