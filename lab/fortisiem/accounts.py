"""Who is calling: Basic accounts, API clients and their tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Optional
from urllib.parse import parse_qs

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from .models import AccessToken, TokenRequests

if TYPE_CHECKING:
    from .app import Call
    from .product import FortiSiem

TOKEN_MINUTES = 15
BETWEEN_REQUESTS = 5_000
FAILURES_BEFORE_BLOCK = 5  # assumed: no source gives the number
BLOCKED = 5 * 60_000

INVALID_CLIENT = "Invalid ClientId or ClientSecret"
RATE_LIMIT = "Rate limit exceeded. Limit is 1 token request per ClientId every 5 seconds"
TOO_MANY_FAILURES = "Failure threshold exceeded. Token requests blocked for 5 minutes"
# Seen on 8.0 for the second token of one client. For a malformed request it is assumed.
INVALID_INPUT = "Invalid input parameters"
UNAUTHORIZED_USER = "Unauthorized user (the user who created the client does not have permission to request tokens)"
REFUSALS = {
    "unauthorized_user": UNAUTHORIZED_USER,
    "secret_expired": "Client secret expired",
    "client_revoked": "Client ID revoked",
}


@dataclass(frozen=True)
class Account:
    """A user of one organization; an account of ``super`` sees all organizations."""

    organization: str
    username: str
    password: str = field(repr=False)
    role: Literal["admin", "read_only"] = "admin"

    @property
    def login(self) -> str:
        """The user name of Basic authentication, ``organization/username``."""
        return f"{self.organization}/{self.username}"

    def sees(self, customer: str) -> bool:
        """Tell whether the incidents of an organization are within this account's reach."""
        own = self.organization.casefold()
        return own in ("super", customer.casefold())


@dataclass(frozen=True)
class ApiClient:
    """OAuth client credentials. A token of theirs has the rights of the account ``username``."""

    client_id: str
    client_secret: str = field(repr=False)
    username: str


def identify(siem: FortiSiem, authorization: str) -> Optional[Account]:
    """Return the account that an ``Authorization`` header proves, or None."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _by_password(siem, credentials)
    if scheme.lower() == "bearer" and siem.version.has_bearer:
        return _by_token(siem, credentials)
    return None


def issue_token(siem: FortiSiem, call: Call) -> Response:
    """Answer ``POST /pub/security/oauth/token``: exchange client credentials for an access token.

    Source: FortiSIEM Public API 7.5.1, API Token.
    """
    form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    proper = call.content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    if not proper or form.get("grant_type") != "client_credentials" or not form.get("client_id"):
        return _bad_request(INVALID_INPUT)
    with siem.store.transaction() as session:
        return _token_answer(siem, session, form["client_id"], form.get("client_secret", ""))


def _token_answer(siem: FortiSiem, session: Session, client_id: str, client_secret: str) -> Response:
    requests = session.get(TokenRequests, client_id)
    if requests is None:
        requests = TokenRequests(client_id=client_id, last=siem.now(), failures=0, blocked_until=0)
        session.add(requests)
    elif refusal := _limit(siem, requests):
        return _bad_request(refusal)
    requests.last = siem.now()
    client = next((client for client in siem.clients if _same(client.client_id, client_id)), None)
    if client is None or not _same(client.client_secret, client_secret):
        _count_failure(siem, requests)
        return _bad_request(INVALID_CLIENT)
    requests.failures = 0
    if _account_of(siem, client) is None:
        return _bad_request(UNAUTHORIZED_USER)
    demanded = siem.switches["token_answer"]
    if demanded in REFUSALS:
        return _bad_request(REFUSALS[demanded])
    if demanded == "internal_error":
        words = "Internal server error occurred while issuing token"
        return JSONResponse({"error": "INTERNAL_ERROR", "message": words}, 500)
    if siem.switches["token_single_use"] and _has_token(session, client_id):
        return _bad_request(INVALID_INPUT)
    return _issued(siem, session, client_id)


def _limit(siem: FortiSiem, requests: TokenRequests) -> Optional[str]:
    if siem.now() < requests.blocked_until:
        return TOO_MANY_FAILURES
    if siem.switches["token_rate_limit"] and 0 <= siem.now() - requests.last < BETWEEN_REQUESTS:
        return RATE_LIMIT
    return None


def _count_failure(siem: FortiSiem, requests: TokenRequests) -> None:
    requests.failures += 1
    if requests.failures >= FAILURES_BEFORE_BLOCK:
        requests.failures = 0
        requests.blocked_until = siem.now() + BLOCKED


def _issued(siem: FortiSiem, session: Session, client_id: str) -> Response:
    token = secrets.token_urlsafe(32)
    expires = siem.now() + TOKEN_MINUTES * 60_000
    session.add(AccessToken(digest=_digest(token), client_id=client_id, expires=expires))
    unit = {"minutes": TOKEN_MINUTES, "seconds": TOKEN_MINUTES * 60}[siem.switches["expires_in_unit"]]
    return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": unit})


def _has_token(session: Session, client_id: str) -> bool:
    return session.scalar(select(AccessToken).where(AccessToken.client_id == client_id).limit(1)) is not None


def _by_password(siem: FortiSiem, credentials: str) -> Optional[Account]:
    try:
        login, _, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    organization, slash, username = login.partition("/")
    for account in siem.accounts:
        # Organizations are matched without regard to case. Assumed: clients send it both as typed and lower-case.
        named = slash and organization.casefold() == account.organization.casefold() and username == account.username
        if named and _same(password, account.password):
            return account
    return None


def _by_token(siem: FortiSiem, token: str) -> Optional[Account]:
    with siem.store.transaction() as session:
        issued = session.get(AccessToken, _digest(token))
    if issued is None or siem.now() >= issued.expires:
        return None
    client = next((client for client in siem.clients if client.client_id == issued.client_id), None)
    return _account_of(siem, client) if client else None


def _account_of(siem: FortiSiem, client: ApiClient) -> Optional[Account]:
    return next((a for a in siem.accounts if client.username in (a.username, a.login)), None)


def _bad_request(message: str) -> Response:
    return JSONResponse({"error": "BAD_REQUEST", "message": message}, 400)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
