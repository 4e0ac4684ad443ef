"""Signing in to FortiSIEM: Basic, or an access token that a client's id and secret buy."""

from __future__ import annotations

import base64
from typing import Dict, NamedTuple, Optional, Tuple

from ...core.errors import AuthenticationFailed, Rejected, attempting
from ...core.http.answers import checked, json_of
from ...core.http.transport import Answer, Transport
from ...core.redaction import Redactor, fingerprint
from . import tokens
from .versions import since

SECONDS_BETWEEN_TOKENS = 5  # for one client (OpenAPI 7.5.1)
DEFAULT_EXPIRES_IN = 15.0  # minutes, by the same source
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


class Access:
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
        redact.add(login.password, f"{login.organization}/{login.username}")

    @property
    def by_token(self) -> bool:
        """Whether the account signs in with an API token."""
        return bool(self._login.client_id)

    def headers(self) -> Dict[str, str]:
        """Return the header that says who is asking."""
        if self.by_token:
            bearer = tokens.token(self._token_key, self._http.deadline, self._mint)
            self._redact.add(bearer)
            return {"Authorization": f"Bearer {bearer}"}
        account = f"{self._login.organization}/{self._login.username}:{self._login.password}"
        return {"Authorization": f"Basic {base64.b64encode(account.encode('utf-8')).decode('ascii')}"}

    def forget(self, headers: Dict[str, str]) -> None:
        """Drop the token in a header that FortiSIEM no longer takes."""
        tokens.forget(self._token_key, headers["Authorization"].split(" ")[1])

    @property
    def _token_key(self) -> str:
        return fingerprint(str(self._http.base.origin), self._login.client_id, self._login.client_secret)

    def _mint(self) -> Tuple[str, float]:
        """Get a token and its ``expires_in``, waiting for the turn that another worker of this FortiSOAR took."""
        deadline = self._http.deadline
        with attempting("get an access token from FortiSIEM"):
            while True:
                try:
                    return self._token_request()
                except Rejected as refusal:
                    is_early = "rate limit exceeded" in refusal.happened.lower()
                    if not is_early or not deadline.wait(SECONDS_BETWEEN_TOKENS + deadline.backoff(2)):
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
