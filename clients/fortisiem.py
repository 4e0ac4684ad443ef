"""FortiSIEM's REST API: incidents and health.

Source: FortiSIEM Integration API Guide "Update Incident Attributes"; OpenAPI 7.5.1 (fortisiem-api reference).
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ..core.errors import (
    AnswerBroken,
    AuthenticationFailed,
    BridgeError,
    NotFound,
    PermissionDenied,
    Rejected,
    attempting,
)
from ..core.paths import Origin, path
from ..core.redact import Redactor
from ..core.transport import Answer, Transport
from . import tokens
from .answers import checked, error_text, xml_error

REST = "/phoenix/rest"

EXTERNAL = "/incident/external"
TWIN = "/pub/incident/update/{id}"


class Attribute(NamedTuple):
    """One attribute of an incident: what it is called where it is written and read, and in which words.

    Parameters:
        external: its key in /incident/external, whose values are all text, as in the guide's example.
        twin: its key in /pub/incident/update/{id}; None where that has none.
        read: the field of /pub/incident that shows it.
        words: FortiSIEM's word for each of ours; empty for free text.
    """

    external: str
    twin: Optional[str]
    read: str
    words: Mapping[str, str] = {}

    def key(self, address: str) -> Optional[str]:
        """Return its key at an address for updates, None if it has none there."""
        return self.external if address == EXTERNAL else self.twin

    def sent(self, value: str) -> str:
        """Return our value in FortiSIEM's word."""
        return self.words.get(value, value)


# The ticket's type goes out in the upper case of the guide's example (its list says Medium, its example MEDIUM); the
# state as the list has it, since nothing shows "IN PROGRESS".
LEVELS = {"Low": "LOW", "Medium": "MEDIUM", "High": "HIGH"}
STATUSES = {"Active": "0", "Auto Cleared": "1", "Manually Cleared": "2", "System Cleared": "3"}
RESOLUTIONS = {"True Positive": "2", "False Positive": "3"}
# Severity and resolution are not in the guide: FortiSOAR's own FortiSIEM connector sends them since 5.4.2.
ATTRIBUTES = {
    "status": Attribute("incidentStatus", "incidentStatus", "incidentStatus", STATUSES),
    "comments": Attribute("comments", "comments", "incidentComments"),
    "severity": Attribute("severity", "incidentSeverity", "eventSeverityCat", LEVELS),
    "resolution": Attribute("resolution", None, "incidentReso", RESOLUTIONS),
    "external_ticket_type": Attribute("externalTicketType", "incidentExtTicketType", "incidentExtTicketType", LEVELS),
    "external_ticket_id": Attribute("externalTicketId", "incidentExtTicketId", "incidentExtTicketId"),
    "external_ticket_state": Attribute("externalTicketState", "incidentExtTicketState", "incidentExtTicketState"),
    "external_assigned_user": Attribute("externalAssignedUser", "incidentExtUser", "incidentExtUser"),
}

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
SECONDS_BETWEEN_TOKENS = 5  # for one client (OpenAPI 7.5.1)
DEFAULT_EXPIRES_IN = 15.0  # minutes, by the same source
BAD_CLIENT = "Check Client ID and Client Secret; both are made in FortiSIEM 7.5.1 or newer."


# Which address for updates a server was found to have. One small entry for each server, and no secret in it.
_address_of: Dict[Origin, str] = {}


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

    def update_incident(self, incident_id: int, values: Mapping[str, str]) -> Answer:
        """POST /phoenix/rest/incident/external, or its twin /pub/incident/update/{id} where the server has only that.

        Only the given attributes are overwritten. The vendor calls the two "functionally identical" and may retire
        one (OpenAPI 7.5.1); which one a server has is remembered. The guide names no method; every client that was
        found uses POST. Success is told by the body: ``"OK"`` with or without quotes, ``SUCCESS``, or nothing.

        Parameters:
            values: our name of an attribute and our value, as in ATTRIBUTES.
        """
        first = _address_of.get(self._http.base.origin, EXTERNAL)
        gone: List[BridgeError] = []
        nowhere = (
            f"Either incident {incident_id} does not exist in organization {self._login.organization}, or the server "
            "has no address for this update: FortiSIEM 5.2.5 or newer has one. Check FortiSIEM Server."
        )
        with attempting(f"update FortiSIEM incident {incident_id}"):
            for address in (first, TWIN if first == EXTERNAL else EXTERNAL):
                try:
                    answer = self._update_at(address, incident_id, values)
                except BridgeError as failure:
                    if not _is_gone(failure, address, incident_id):
                        if gone and failure.request and type(failure) is Rejected:
                            failure.advice = nowhere  # a 6.x server's refusal of the twin hides what the first said
                        raise
                    gone.append(failure)
                else:
                    _address_of[self._http.base.origin] = address
                    return replace(answer, attempts=answer.attempts + len(gone))
            gone[0].advice = nowhere
            raise gone[0]

    def not_taken(self, values: Mapping[str, str]) -> List[str]:
        """Return the names of attributes that the server's address for updates has no key for."""
        address = _address_of.get(self._http.base.origin, EXTERNAL)
        return [name for name in values if ATTRIBUTES[name].key(address) is None]

    def incident(self, incident_id: int, fields: Iterable[str]) -> Optional[Dict[str, Any]]:
        """POST /phoenix/rest/pub/incident for one incident: return the fields it shows, None if there is no such one.

        FortiSIEM has this since 6.3.0.
        """
        wanted = {"filters": {"incidentId": [incident_id]}, "fields": ["incidentId", *fields]}
        with attempting(f"read FortiSIEM incident {incident_id}"):
            answer = self._send("POST", f"{REST}/pub/incident", wanted, changes=False)
            body = _json(answer)
            rows = body.get("data") if isinstance(body, dict) else None
            if not isinstance(rows, list):
                raise AnswerBroken(f"{self._http.where(answer)} without a list of incidents", changed="no")
        matching = [row for row in rows if isinstance(row, dict) and str(row.get("incidentId")) == str(incident_id)]
        return matching[0] if matching else None

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

    def _update_at(self, address: str, incident_id: int, values: Mapping[str, str]) -> Answer:
        keys = {name: ATTRIBUTES[name].key(address) for name in values}
        body = {key: ATTRIBUTES[name].sent(values[name]) for name, key in keys.items() if key}
        if not body:
            raise Rejected(f"this server's address for updates, {address}, does not take {', '.join(values)}")
        # The twin's text wants the id in the body in one sentence and not in the next.
        answer = self._send("POST", f"{REST}{path(address, id=incident_id)}", {"incidentId": str(incident_id), **body})
        if not is_empty(answer) and not is_ok(answer):
            raise self._refusal(answer, incident_id).after(answer.attempts, answer.request.shown(answer.status))
        return answer

    def _refusal(self, answer: Answer, incident_id: int) -> BridgeError:
        text = error_text(self._http, answer)
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

    def _send(
        self, method: str, endpoint: str, body: Optional[Mapping[str, Any]] = None, changes: Optional[bool] = None
    ) -> Answer:
        """Send a request; with a token that FortiSIEM no longer takes, once more with a new one.

        A 401 is refused before anything is done, so that even an update may be sent again.
        """
        headers = self._authorization()
        answer = self._http.send(method, endpoint, headers=headers, json_body=body, changes=changes)
        if answer.status == 401 and self._login.client_id:
            tokens.forget(self._token_key, headers["Authorization"].split(" ")[1])
            answer = self._http.send(method, endpoint, headers=self._authorization(), json_body=body, changes=changes)
        return checked(self._http, answer, self._advice)

    def _authorization(self) -> Dict[str, str]:
        if self._login.client_id:
            bearer = tokens.token(self._token_key, self._http.deadline, self._mint)
            self._redact.add(bearer)
            return {"Authorization": f"Bearer {bearer}"}
        account = f"{self._login.organization}/{self._login.username}:{self._login.password}"
        return {"Authorization": f"Basic {base64.b64encode(account.encode('utf-8')).decode('ascii')}"}

    @property
    def _token_key(self) -> str:
        return tokens.token_key(str(self._http.base.origin), self._login.client_id, self._login.client_secret)

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
        answer = self._http.send("POST", f"{REST}/pub/security/oauth/token", form=form, changes=False)
        body = _json(checked(self._http, answer, _token_advice))
        text = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text or not (text.isascii() and text.isprintable()):
            raise AuthenticationFailed(f"{self._http.where(answer)} without an access token", BAD_CLIENT)
        try:
            return text, float(body.get("expires_in"))
        except (TypeError, ValueError):
            return text, DEFAULT_EXPIRES_IN

    def _advice(self, answer: Answer, _text: str) -> Optional[str]:
        if answer.status == 401 and self._login.client_id:
            return BAD_CLIENT
        return ADVICE.get(answer.status, ADVICE[500] if answer.status > 500 else None)


def _is_gone(failure: BridgeError, address: str, incident_id: int) -> bool:
    """Tell whether a failure says that the server has no such address, or no such incident: both may be a 404."""
    request = failure.request
    return request.get("path") == f"{REST}{path(address, id=incident_id)}" and request.get("status") in (404, 405, 410)


def is_ok(answer: Answer) -> bool:
    """Tell whether the body confirms an update. Its Content-Type is no help: it is text or JSON by version."""
    text = answer.text
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text.strip().upper() in ("OK", "SUCCESS")


def is_empty(answer: Answer) -> bool:
    """Tell whether the body says nothing: the guide promises a status code alone."""
    return not answer.text


def _token_advice(answer: Answer, text: str) -> Optional[str]:
    if "rate limit exceeded" in text.lower():
        return "FortiSIEM gives a client one token every 5 seconds. Run the action again."
    if answer.status == 404:
        return "The server does not hand out API tokens; FortiSIEM 7.5.1 or newer does. Check FortiSIEM Server."
    return BAD_CLIENT


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
