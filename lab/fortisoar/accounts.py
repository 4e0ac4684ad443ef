"""Who may call: login with a password for a bearer token, or an API key."""

from __future__ import annotations

import hmac
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from ..kit.clock import Clock
from ..kit.switches import Switches
from .refusals import Refusal

TOKEN_LIFETIME = 30 * 60  # seconds; the vendor's default


class Accounts:
    """The one user and the one API key of the local FortiSOAR."""

    def __init__(self, username: str, password: str, api_key: str, clock: Clock, switches: Switches) -> None:
        self._username = username
        self._password = password
        self._api_key = api_key
        self._clock = clock
        self._switches = switches
        # Tokens end with the process, as sessions do; clients log in again.
        self._tokens = Fernet(Fernet.generate_key())

    def log_in(self, credentials: Any) -> str:
        """Return a bearer token for ``{"loginid", "password"}``; raise Refusal 401 if they are wrong."""
        given = credentials if isinstance(credentials, dict) else {}
        known = [_same(given.get("loginid"), self._username), _same(given.get("password"), self._password)]
        if not all(known):
            raise self._unauthorized("Invalid credentials.")
        return self._tokens.encrypt_at_time(self._username.encode(), self._now()).decode()

    def check(self, authorization: str) -> None:
        """Raise Refusal unless an ``Authorization`` header is that of the user or the API key."""
        scheme, _, value = authorization.partition(" ")
        if scheme == "API-KEY" and _same(value, self._api_key):
            return
        if scheme == "Bearer":
            self._check_token(value)
            return
        raise self._unauthorized("Invalid credentials." if authorization else "Full authentication is required.")

    def _check_token(self, token: str) -> None:
        try:
            made = self._tokens.extract_timestamp(token)
        except InvalidToken:
            raise self._unauthorized("Invalid credentials.") from None
        if self._now() - made > TOKEN_LIFETIME:
            raise Refusal(self._switches["expired_token_status"], {"message": "HMAC signature has expired"})

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _unauthorized(self, description: str) -> Refusal:
        if self._switches["unauthorized_body"] == "message":
            return Refusal(401, {"message": description})
        return Refusal(
            401,
            {
                "@context": "/api/3/contexts/Error",
                "@type": "Error",
                "hydra:title": "An error occurred",
                "hydra:description": description,
            },
        )


def _same(given: Any, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
