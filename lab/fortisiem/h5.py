"""What the user interface calls and clients use: its login, the licence, and the API clients an administrator makes.

None of it is documented. Source of every shape: what the client pyfortisiem sends and reads.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Optional

from sqlalchemy import func, select
from starlette.responses import Response

from ..kit.shallow_json import read_json
from . import answers
from .access import account_with_password, digest, same
from .accounts import Account
from .calls import Call
from .models import GuiSession, MadeClient
from .numbers import whole_number
from .supervisor import Supervisor

DAY = 24 * 3600 * 1000
COOKIE_PATH = "/phoenix"


def logged_in(siem: Supervisor, verb: str, headers: Mapping[str, str], cookies: dict[str, str]) -> Optional[Account]:
    """Return whose session a request shows, or None.

    A call that changes something must bear the ``s`` cookie once more, in hexadecimal capitals, as header ``s``.
    """
    with siem.store.transaction() as session:
        held = session.get(GuiSession, digest(cookies.get("JSESSIONID", "")))
    if held is None or (verb != "GET" and not same(headers.get("s", ""), held.token.encode().hex().upper())):
        return None
    return next((account for account in siem.accounts if account.login == held.login), None)


def log_in(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /h5/sec/login``: two cookies, the session and ``s``, which later calls must show again.

    The answer to wrong credentials is assumed.
    """
    form = _object(call.body)
    account = account_with_password(siem, str(form.get("domain")), str(form.get("username")), str(form.get("password")))
    if account is None:
        return answers.refused(siem, 401, "Not Authorized")
    session_id, token = secrets.token_hex(16), secrets.token_urlsafe(16)
    with siem.store.transaction() as session:
        session.add(GuiSession(digest=digest(session_id), token=token, login=account.login))
    answer = answers.as_json(siem, "success")
    answer.set_cookie("JSESSIONID", session_id, path=COOKIE_PATH, secure=True, httponly=True)
    answer.set_cookie("s", token, path=COOKIE_PATH, secure=True)
    return answer


def license_info(siem: Supervisor, _call: Call) -> Response:
    """Answer ``GET /h5/sec/license``."""
    ends = siem.now() + 365 * DAY
    return answers.as_json(
        siem,
        {
            "sn": "FSMTESTLAB000001",
            "uuid": "00000000-0000-4000-8000-000000000001",
            "type": "Service Provider",
            "epsLicensed": 500,
            "configItemsLicensed": 50,
            "noOfCollectors": 10,
            "licenseEndTime": ends,
            "supportEndTime": ends,
            "licenseInfo": [
                {"resourceName": "Devices", "licensed": "50", "usage": "Perpetual", "warn": False},
                {"resourceName": "Agents", "licensed": "0", "usage": "N/A", "warn": False},
            ],
        },
    )


def public_license(siem: Supervisor, _call: Call) -> Response:
    """Answer ``GET /system/license``: forbidden, even to an administrator of all organizations, as was seen."""
    return answers.refused(siem, 403, "Access Denied")


def list_clients(siem: Supervisor, _call: Call) -> Response:
    """Answer ``GET /h5/sec/oauth/tokens``: the API clients that were made here, without their secrets."""
    with siem.store.transaction() as session:
        made = [_shown(one) for one in session.scalars(select(MadeClient).order_by(MadeClient.id))]
    return answers.as_json(siem, made)


def make_client(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /h5/sec/oauth/token``: make an API client; its secret is shown in this answer alone.

    A form that lacks something is answered with a ``code`` other than 0 and ``msg``, which is what the client looks
    for; the words are assumed.
    """
    form = _object(call.body)
    token_minutes, secret_minutes = (whole_number(form.get(name)) for name in ("expiresIn", "clientExpiresIn"))
    proper = form.get("name") and form.get("grantType") == "client_credentials"
    if not proper or token_minutes is None or secret_minutes is None:
        return answers.as_json(siem, {"code": 255, "msg": "Invalid input parameters"})
    with siem.store.transaction() as session:
        secret = secrets.token_urlsafe(32)
        made = MadeClient(
            id=(session.scalar(select(func.max(MadeClient.id))) or 0) + 1,
            name=str(form["name"]),
            client_id=secrets.token_hex(16),
            secret=digest(secret),
            login=call.caller.login,
            made=siem.now(),
            token_minutes=token_minutes,
            secret_minutes=secret_minutes,
            revoked=False,
        )
        session.add(made)
        # The client wants an access token here; that this one is empty, and one must be asked for, is assumed.
        issued = {
            "accessToken": "",
            "clientId": made.client_id,
            "clientSecret": secret,
            "expiresIn": made.token_minutes,
        }
        return answers.as_json(siem, _shown(made) | {"issuedTokenInfo": issued})


def revoke_client(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /h5/sec/oauth/token/{id}/revoke``: the client gets no token any more; its tokens end (assumed)."""
    with siem.store.transaction() as session:
        made = next((one for one in session.scalars(select(MadeClient)) if str(one.id) == call.path["id"]), None)
        if made is None:
            return answers.page(404, "Not Found")
        made.revoked = True
        return answers.as_json(siem, _shown(made))


def _object(body: bytes) -> dict[str, Any]:
    try:
        parsed = read_json(body, allow_nan=True)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _shown(made: MadeClient) -> dict[str, Any]:
    return {
        "id": made.id,
        "name": made.name,
        "clientId": made.client_id,
        "grantType": "client_credentials",
        "expiresIn": made.token_minutes,
        "clientExpiresIn": made.secret_minutes,
        "revoked": made.revoked,
        "ownerName": made.login,
    }
