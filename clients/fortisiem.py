"""FortiSIEM's REST API: incidents and health.

Source: FortiSIEM Integration API Guide "Update Incident Attributes"; OpenAPI 7.5.1 (fortisiem-api reference).
"""

from __future__ import annotations

import base64
from typing import Any, Dict, NamedTuple, Optional

from ..core.errors import (
    AnswerBroken,
    AuthenticationFailed,
    BridgeError,
    NotFound,
    PermissionDenied,
    Rejected,
    attempting,
)
from ..core.redact import Redactor
from ..core.transport import Answer, Transport
from . import tokens
from .answers import checked, error_text, xml_error

REST = "/phoenix/rest"

# Every value goes out as a string, as the guide's example has it. The ticket's type goes out in the example's upper
# case (its list says Medium, its example MEDIUM); the state as the list has it, since "IN PROGRESS" is in neither.
STATUS = {"Active": "0", "Auto Cleared": "1", "Manually Cleared": "2", "System Cleared": "3"}
LEVEL = {"Low": "LOW", "Medium": "MEDIUM", "High": "HIGH"}
# Not in the guide; what FortiSOAR's own FortiSIEM connector sends since 5.4.2.
RESOLUTION = {"True Positive": "2", "False Positive": "3"}

ADVICE = {
    400: "The request failed, often due to a missing or misconfigured parameter.",
    401: "Check user name, password and organization: use 'super' for Enterprise deployments and Super Global "
    "accounts, else the organization of the account.",
    403: "Make sure that the account has the appropriate access.",
    404: "The server does not have this resource. Check FortiSIEM Server; updating incidents needs FortiSIEM 5.2.5 "
    "or newer.",
    405: "The server rejected the method for the requested resource. Check FortiSIEM Server.",
    429: "FortiSIEM is busy with other queries.",
    500: "The API request failed due to an internal server error. Try again later.",
}
BAD_CLIENT = "Check Client ID and Client Secret; both are made in FortiSIEM 7.5.1 or newer."


class Login(NamedTuple):
    """An account: ``organization/username`` with a password, or a client's id and secret."""

    organization: str
    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""


class FortiSIEM:
    """One FortiSIEM Supervisor, as one account sees it.

    Parameters:
        http: where requests go.
        login: the account.
        redact: is told about tokens, so that none shows in a message.
    """

    def __init__(self, http: Transport, login: Login, redact: Redactor) -> None:
        self._http = http
        self._login = login
        self._redact = redact
        redact.add(login.password, f"{login.organization}/{login.username}")

    def update_incident(self, incident_id: int, attributes: Dict[str, str]) -> Answer:
        """POST /phoenix/rest/incident/external. Only the given attributes are overwritten.

        The guide names no method; every client that was found uses POST. Success is told by the body: ``"OK"`` with
        or without quotes, ``SUCCESS``, or nothing; anything else is a refusal, whatever the status.
        """
        with attempting(f"update FortiSIEM incident {incident_id}"):
            body = {"incidentId": str(incident_id), **attributes}
            answer = self._send("POST", f"{REST}/incident/external", body)
            if not is_empty(answer) and not is_ok(answer):
                raise self._refusal(answer, incident_id)
            return answer

    def check(self) -> None:
        """GET system/health/summary, on older servers config/Domain: prove address, account and the right to read."""
        try:
            answer = self._send("GET", f"{REST}/system/health/summary")
            healthy = isinstance(_json(answer), list)
        except (NotFound, PermissionDenied):
            answer = self._send("GET", f"{REST}/config/Domain")
            healthy = "<domains" in answer.text and xml_error(answer) is None
        if not healthy:
            raise AnswerBroken(
                f"{self._http.where(answer)} with something that no FortiSIEM sends", "Check FortiSIEM Server.", "no"
            )

    def _refusal(self, answer: Answer, incident_id: int) -> BridgeError:
        text = error_text(answer)
        where = (
            f"{self._http.where(answer)}: {text}" if text else f"{self._http.where(answer)} with a body it never sends"
        )
        if xml_error(answer) is not None:
            return Rejected(where, ADVICE[400])
        if "not found" in text.lower() or "not exist" in text.lower():
            return NotFound(
                where, f"Check that incident {incident_id} exists in organization {self._login.organization}."
            )
        return AnswerBroken(
            where,
            f"FortiSIEM answers so where the incident does not exist; check that {incident_id} is one of organization "
            f"{self._login.organization}, and look whether it was updated.",
        )

    def _send(self, method: str, endpoint: str, body: Optional[Dict[str, str]] = None) -> Answer:
        """Send a request; with a token that FortiSIEM no longer takes, once more with a new one.

        A 401 is refused before anything is done, so that even an update may be sent again.
        """
        headers = self._authorization()
        answer = self._http.send(method, endpoint, headers=headers, json_body=body)
        if answer.status == 401 and self._login.client_id:
            tokens.forget(self._token_key, headers["Authorization"].split(" ")[1])
            answer = self._http.send(method, endpoint, headers=self._authorization(), json_body=body)
        return checked(self._http, answer, self._advice)

    def _authorization(self) -> Dict[str, str]:
        if self._login.client_id:
            bearer = tokens.token(self._token_key, self._http.deadline.timing, self._mint)
            self._redact.add(bearer)
            return {"Authorization": f"Bearer {bearer}"}
        account = f"{self._login.organization}/{self._login.username}:{self._login.password}"
        return {"Authorization": f"Basic {base64.b64encode(account.encode('utf-8')).decode('ascii')}"}

    @property
    def _token_key(self) -> str:
        return tokens.token_key(str(self._http.base.origin), self._login.client_id, self._login.client_secret)

    def _mint(self) -> Any:
        """POST /phoenix/rest/pub/security/oauth/token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
        }
        with attempting("get an access token from FortiSIEM"):
            answer = self._http.send("POST", f"{REST}/pub/security/oauth/token", form=form)
            body = _json(checked(self._http, answer, _token_advice))
            text = body.get("access_token") if isinstance(body, dict) else None
            if not isinstance(text, str) or not text:
                raise AuthenticationFailed(f"{self._http.where(answer)} without an access token", BAD_CLIENT)
            try:
                return text, float(body.get("expires_in"))
            except (TypeError, ValueError):
                return text, 0.0

    def _advice(self, answer: Answer, _text: str) -> Optional[str]:
        if answer.status == 401 and self._login.client_id:
            return BAD_CLIENT
        return ADVICE.get(answer.status, ADVICE[500] if answer.status > 500 else None)


def is_ok(answer: Answer) -> bool:
    """Tell whether the body confirms an update. Its Content-Type is no help: it is text or JSON by version."""
    text = answer.text
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text.strip().upper() in ("OK", "SUCCESS")


def is_empty(answer: Answer) -> bool:
    """Tell whether the body says nothing: the guide promises a status code alone."""
    return not answer.text


def _token_advice(answer: Answer, _text: str) -> Optional[str]:
    if answer.status == 404:
        return "The server does not hand out API tokens; FortiSIEM 7.5.1 or newer does. Check FortiSIEM Server."
    return BAD_CLIENT


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
