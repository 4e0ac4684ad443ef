"""Who is calling: what an ``Authorization`` header proves, and how a token is had."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass, field
from typing import Optional
from urllib.parse import parse_qs

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from .accounts import Account
from .calls import Call
from .models import AccessToken, MadeClient, TokenRequests
from .supervisor import Supervisor

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
class Client:
    """What a token request needs to know of an API client: the lab's own or one made in the user interface."""

    client_id: str
    secret: str = field(repr=False)  # its digest
    username: str
    token_minutes: int
    ends: float
    revoked: bool


def identify(siem: Supervisor, authorization: str) -> Optional[Account]:
    """Return the account that an ``Authorization`` header proves, or None."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _by_password(siem, credentials)
    if scheme.lower() == "bearer" and siem.version.has_bearer:
        return _by_token(siem, credentials)
    return None


def account_with_password(siem: Supervisor, organization: str, username: str, password: str) -> Optional[Account]:
    """Return the account of an organization whose name and password these are, or None.

    Organizations are matched without regard to case. Assumed: clients send it both as typed and lower-case.
    """
    for account in siem.accounts:
        named = organization.casefold() == account.organization.casefold() and username == account.username
        if named and same(password, account.password):
            return account
    return None


def issue_token(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /pub/security/oauth/token``: exchange client credentials for an access token.

    Source: FortiSIEM Public API 7.5.1, API Token.
    """
    form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    proper = call.content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    if not proper or form.get("grant_type") != "client_credentials" or not form.get("client_id"):
        return _bad_request(INVALID_INPUT)
    with siem.store.transaction() as session:
        return _token_answer(siem, session, form["client_id"], form.get("client_secret", ""))


def _token_answer(siem: Supervisor, session: Session, client_id: str, client_secret: str) -> Response:
    requests = session.get(TokenRequests, client_id)
    if requests is None:
        requests = TokenRequests(client_id=client_id, last=siem.now(), failures=0, blocked_until=0)
        session.add(requests)
    elif refusal := _limit(siem, requests):
        return _bad_request(refusal)
    requests.last = siem.now()
    client = _client(siem, session, client_id)
    if client is None or not same(client.secret, digest(client_secret)):
        _count_failure(siem, requests)
        return _bad_request(INVALID_CLIENT)
    requests.failures = 0
    if _account_of(siem, client) is None:
        return _bad_request(UNAUTHORIZED_USER)
    if client.revoked:
        return _bad_request(REFUSALS["client_revoked"])
    if siem.now() >= client.ends:
        return _bad_request(REFUSALS["secret_expired"])
    demanded = siem.switches["token_answer"]
    if demanded in REFUSALS:
        return _bad_request(REFUSALS[demanded])
    if demanded == "internal_error":
        words = "Internal server error occurred while issuing token"
        return JSONResponse({"error": "INTERNAL_ERROR", "message": words}, 500)
    if siem.switches["token_single_use"] and _has_token(session, client_id):
        return _bad_request(INVALID_INPUT)
    return _issued(siem, session, client)


def _limit(siem: Supervisor, requests: TokenRequests) -> Optional[str]:
    if siem.now() < requests.blocked_until:
        return TOO_MANY_FAILURES
    if siem.switches["token_rate_limit"] and 0 <= siem.now() - requests.last < BETWEEN_REQUESTS:
        return RATE_LIMIT
    return None


def _count_failure(siem: Supervisor, requests: TokenRequests) -> None:
    requests.failures += 1
    if requests.failures >= FAILURES_BEFORE_BLOCK:
        requests.failures = 0
        requests.blocked_until = siem.now() + BLOCKED


def _issued(siem: Supervisor, session: Session, client: Client) -> Response:
    token = secrets.token_urlsafe(32)
    expires = siem.now() + client.token_minutes * 60_000
    session.add(AccessToken(digest=digest(token), client_id=client.client_id, expires=expires))
    unit = {"minutes": client.token_minutes, "seconds": client.token_minutes * 60}[siem.switches["expires_in_unit"]]
    return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": unit})


def _has_token(session: Session, client_id: str) -> bool:
    return session.scalar(select(AccessToken).where(AccessToken.client_id == client_id).limit(1)) is not None


def _by_password(siem: Supervisor, credentials: str) -> Optional[Account]:
    try:
        login, _, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    organization, slash, username = login.partition("/")
    return account_with_password(siem, organization, username, password) if slash else None


def _by_token(siem: Supervisor, token: str) -> Optional[Account]:
    with siem.store.transaction() as session:
        issued = session.get(AccessToken, digest(token))
        client = _client(siem, session, issued.client_id) if issued else None
    if issued is None or client is None or client.revoked or siem.now() >= issued.expires:
        return None
    return _account_of(siem, client)


def _client(siem: Supervisor, session: Session, client_id: str) -> Optional[Client]:
    for one in siem.clients:
        if same(one.client_id, client_id):
            return Client(one.client_id, digest(one.client_secret), one.username, TOKEN_MINUTES, math.inf, False)
    made = session.scalar(select(MadeClient).where(MadeClient.client_id == client_id))
    if made is None:
        return None
    ends = made.made + made.secret_minutes * 60_000
    return Client(made.client_id, made.secret, made.login, made.token_minutes, ends, made.revoked)


def _account_of(siem: Supervisor, client: Client) -> Optional[Account]:
    return next((a for a in siem.accounts if client.username in (a.username, a.login)), None)


def _bad_request(message: str) -> Response:
    return JSONResponse({"error": "BAD_REQUEST", "message": message}, 400)


def digest(token: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that tells nothing of them."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
