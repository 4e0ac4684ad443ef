"""Signing in to FortiSIEM: Basic, or an access token that a client's id and secret buy.

FortiSIEM mints one token for a client every 5 seconds and blocks it for 5 minutes after failures (OpenAPI 7.5.1). So
a token is kept until shortly before it expires, and shared by all threads of the process.
"""

from __future__ import annotations

import base64
import threading
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from ...core.deadline import Deadline
from ...core.errors import AuthenticationFailed, Rejected, Unreachable, attempting
from ...core.http.answers import Answer, checked, json_of
from ...core.http.transport import Transport
from ...core.process_state import STATE
from ...core.redaction import Redactor
from .versions import since

BAD_REQUEST = 400  # what FortiSIEM answers to a wrong client id or secret (OpenAPI 7.5.1)
SECONDS_BETWEEN_TOKENS = 5  # for one client (OpenAPI 7.5.1)
DEFAULT_EXPIRES_IN = 15.0  # minutes, by the same source
SKEW = 30.0  # seconds before its end that a token is no longer used
LEAST_SECONDS = 300  # an `expires_in` below this is in minutes: schema "minutes, default 15", example 3600
BAD_CLIENT = f"Check Client ID and Client Secret; both are made in {since('tokens')}."
REST = "/phoenix/rest"
TOKEN = f"{REST}/pub/security/oauth/token"


class Login(NamedTuple):
    """An account: ``organization/username`` with a password, or a client's id and secret."""

    organization: str
    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""


class AccountToken:
    """The access token of one account: at most one thread gets a new one at a time, and the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = self._refused = ""
        self._end = 0.0

    def get(self, deadline: Deadline, mint: Callable[[], Tuple[str, float]]) -> str:
        """Return the token, a new one where there is none or it is about to expire.

        Parameters:
            mint: asks FortiSIEM for a token; returns it with its ``expires_in``.
        Raises: Unreachable where another thread still waits for it at the deadline; whatever mint raises.
        """
        if not self._lock.acquire(timeout=deadline.remaining()):
            raise Unreachable("timed out waiting for another call's access token")
        try:
            now = deadline.timing.monotonic
            if self._text == self._refused or self._end - SKEW <= now():
                self._text, expires_in = mint()
                self._end = now() + lifetime(expires_in)
            return self._text
        finally:
            self._lock.release()

    def refuse(self, text: str) -> None:
        """Never return a token again that FortiSIEM refused. One that has taken its place meanwhile is kept."""
        self._refused = text


def lifetime(expires_in: float) -> float:
    """Return the seconds that an ``expires_in`` means; the schema says minutes, its example and others seconds."""
    return expires_in * 60 if expires_in < LEAST_SECONDS else expires_in


class Authentication:
    """What one account needs to send along with a request.

    Parameters:
        http: where tokens come from.
        login: the account.
        redact: is told about tokens, so that none shows in a message.
    """

    def __init__(self, http: Transport, login: Login, redact: Redactor) -> None:
        self._http = http
        self._login = login
        self._redact = redact

    @property
    def by_token(self) -> bool:
        """Whether the account signs in with an API token."""
        return bool(self._login.client_id)

    def headers(self) -> Dict[str, str]:
        """Return the header that says who is asking."""
        if self.by_token:
            bearer = self._token.get(self._http.deadline, self._mint)
            self._redact.add(bearer)
            return {"Authorization": f"Bearer {bearer}"}
        account = f"{self._login.organization}/{self._login.username}:{self._login.password}"
        return {"Authorization": f"Basic {base64.b64encode(account.encode('utf-8')).decode('ascii')}"}

    def forget(self, headers: Dict[str, str]) -> None:
        """Drop the token in a header that FortiSIEM no longer takes."""
        self._token.refuse(headers["Authorization"].split(" ")[1])

    @property
    def _token(self) -> AccountToken:
        token: AccountToken = STATE.tokens.get_or_make(self._http.account, AccountToken)
        return token

    def _mint(self) -> Tuple[str, float]:
        """Get a token and its ``expires_in``, waiting for the turn that another worker of this FortiSOAR took."""
        deadline = self._http.deadline
        with attempting("get an access token from FortiSIEM"):
            while True:
                try:
                    return self._token_request()
                except Rejected as refusal:
                    is_early = "rate limit exceeded" in refusal.happened.lower()
                    if is_early and deadline.wait(SECONDS_BETWEEN_TOKENS + deadline.backoff(2)):
                        continue
                    if not is_early and refusal.request.get("status") == BAD_REQUEST:
                        told = refusal.happened, refusal.advice, refusal.changed, refusal.attempts, refusal.request
                        raise AuthenticationFailed(*told) from None
                    raise

    def _token_request(self) -> Tuple[str, float]:
        """POST /phoenix/rest/pub/security/oauth/token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
        }
        answer = checked(self._http, self._http.send("POST", TOKEN, form=form, changes=False), _token_advice)
        body = json_of(answer)
        text = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text or not (text.isascii() and text.isprintable()):
            raise AuthenticationFailed(f"{self._http.where(answer)} without an access token", BAD_CLIENT)
        try:
            return text, float(body.get("expires_in"))
        except (TypeError, ValueError):
            return text, DEFAULT_EXPIRES_IN


def _token_advice(answer: Answer, text: str) -> Optional[str]:
    if "rate limit exceeded" in text.lower():
        return "FortiSIEM gives a client one token every 5 seconds. Run the action again."
    if answer.status == 404:
        return f"The server does not hand out API tokens; {since('tokens')} does. Check FortiSIEM Server."
    return BAD_CLIENT
