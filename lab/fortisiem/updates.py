"""Updating an incident: ``/incident/external`` and its twin ``/pub/incident/update/{id}``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Optional

from starlette.responses import Response

from ..kit.shallow_json import read_json
from ..kit.texts import WITH_AUTHOR, by
from . import answers
from .accounts import Account
from .calls import Call
from .incidents import find
from .models import Incident
from .numbers import whole_number
from .supervisor import Supervisor

# What a caller may send, and what it is called in the twin and in lists. That the two sets of names mean the
# same attributes is inferred from the vendor's words "functionally identical".
EXTERNAL = {
    "comments": "comments",
    "incidentStatus": "incidentStatus",
    "externalTicketType": "incidentExtTicketType",
    "externalTicketId": "incidentExtTicketId",
    "externalTicketState": "incidentExtTicketState",
    "externalAssignedUser": "incidentExtUser",
}
# Not documented; sent by the vendor's own connector.
EXTERNAL_SINCE_6_7 = EXTERNAL | {
    "severity": "incidentSeverity",
    "resolution": "incidentReso",
    "actionStatus": "actionStatus",
}
TWIN_BEFORE_7 = {
    name: name
    for name in (
        "incidentExtUser",
        "incidentExtClearedTime",
        "incidentExtTicketId",
        "incidentExtTicketState",
        "incidentExtTicketType",
    )
}
TWIN = TWIN_BEFORE_7 | {name: name for name in ("incidentSeverity", "incidentStatus", "comments")}

# The listed words, and all of them in the upper case that the documented example uses.
TICKET_TYPES = {"Low", "Medium", "High", "LOW", "MEDIUM", "HIGH"}
TICKET_STATES = {"New", "Assigned", "In Progress", "Closed", "NEW", "ASSIGNED", "IN PROGRESS", "CLOSED"}

# 1-4 is low, 5-8 medium, 9-10 high. Which number a word sets is assumed: no source.
SEVERITIES = {"LOW": 4, "MEDIUM": 8, "HIGH": 10}
TRUE_POSITIVE, FALSE_POSITIVE = 2, 3
CLEARING = {
    "no": (),
    "false_positive": (FALSE_POSITIVE,),
    "true_or_false_positive": (TRUE_POSITIVE, FALSE_POSITIVE),
}
MANUALLY_CLEARED = 2


class Refused(Exception):
    """The update cannot be accepted as it is. Its words go into the XML error."""


def update_external(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /incident/external``.

    Source: Integration API Guide, Update Incident Attributes. It promises nothing of the answer but a status; the
    success body ``"OK"`` is what the vendor's connector compares with.
    """
    try:
        body = _object(call.body)
        incident_id = whole_number(body.get("incidentId"))
        if incident_id is None:
            # Plain text was seen for such an id, though on a read; status and words are assumed.
            return answers.text("Invalid incident id", 400)
        keys = EXTERNAL_SINCE_6_7 if siem.version.external_takes_severity else EXTERNAL
        wanted = _wanted(siem, body, keys)
        if siem.switches["strict_vocab"]:
            _check_vocabulary(wanted)
        return _update(siem, call.caller, incident_id, wanted, _external_ok(siem))
    except Refused as refusal:
        return answers.xml_error(siem, str(refusal))


def update_twin(siem: Supervisor, call: Call) -> Response:
    """Answer ``POST /pub/incident/update/{incidentId}``.

    Source: FortiSIEM Public API 7.5.1, Update a single FortiSIEM Incident; for 6.x the guide's JSON API Incident
    Integration, which lists fewer keys and calls incidentExtTicketId required.
    """
    try:
        body = _object(call.body)
        incident_id = whole_number(call.path["incidentId"])
        if incident_id is None:
            raise Refused(f"Invalid Incident Id {call.path['incidentId']}")
        _check_body_id(siem, body, incident_id)
        keys = TWIN if siem.version.twin_takes_status else TWIN_BEFORE_7
        wanted = _wanted(siem, body, keys)
        if not siem.version.twin_takes_status and not wanted.get("incidentExtTicketId"):
            raise Refused("incidentExtTicketId is required")
        return _update(siem, call.caller, incident_id, wanted, answers.text("SUCCESS", 200, "application/text"))
    except Refused as refusal:
        return answers.xml_error(siem, str(refusal))


def _update(siem: Supervisor, caller: Account, incident_id: int, wanted: dict[str, Any], ok: Response) -> Response:
    with siem.store.transaction() as session:
        reach = (
            caller if siem.switches["updates_reach"] == "own_organization" else replace(caller, organization="super")
        )
        incident = find(session, incident_id, reach)
        if incident is None:
            return _unknown(siem, incident_id)
        _apply(siem, incident, _checked(wanted), caller)
    return ok


def _object(body: bytes) -> dict[str, Any]:
    try:
        parsed = read_json(body, allow_nan=True)
    except ValueError:
        raise Refused("The request body is not valid JSON") from None
    if not isinstance(parsed, dict):
        raise Refused("The request body is not a JSON object")
    return parsed


def _wanted(siem: Supervisor, body: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    # Unknown keys and nulls are passed over. Assumed: no source.
    wanted = {attribute: body[key] for key, attribute in keys.items() if body.get(key) is not None}
    if siem.switches["empty_text"] == "ignored":
        return {attribute: value for attribute, value in wanted.items() if value != ""}
    return wanted


def _check_vocabulary(wanted: dict[str, Any]) -> None:
    for attribute, allowed in (("incidentExtTicketType", TICKET_TYPES), ("incidentExtTicketState", TICKET_STATES)):
        value = wanted.get(attribute, "")
        if value != "" and str(value) not in allowed:
            raise Refused(f"Invalid value {value} for {attribute}")


def _check_body_id(siem: Supervisor, body: dict[str, Any], incident_id: int) -> None:
    named = body.get("incidentId")
    if named is None and siem.switches["twin_body_id"] == "required":
        raise Refused("incidentId is required")
    # A body that names another incident than the path is refused. Assumed: no source.
    if named is not None and whole_number(named) != incident_id:
        raise Refused(f"Invalid Incident Id {named}")


def _external_ok(siem: Supervisor) -> Response:
    body = siem.switches["ok_body"]
    return answers.text("" if body == "empty" else body, 200, siem.switches["ok_content_type"])


def _unknown(siem: Supervisor, incident_id: int) -> Response:
    # The official connector reads every 2xx that is not "OK" as "incident does not exist". The words are assumed.
    mode = siem.switches["unknown_id_mode"]
    if mode == "400xml":
        return answers.xml_error(siem, f"Invalid Incident Id {incident_id}")
    return answers.text('"Incident not found"', 404 if mode == "404" else 200)


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    return {attribute: _reader(attribute)(attribute, value) for attribute, value in wanted.items()}


def _reader(attribute: str) -> Callable[[str, Any], Any]:
    return READERS.get(attribute, _text)


def _text(attribute: str, value: Any) -> str:
    if isinstance(value, (dict, list, bool)):
        raise Refused(f"Invalid value for {attribute}")
    return str(value)


def _up_to(limit: int) -> Callable[[str, Any], int]:
    def read(attribute: str, value: Any) -> int:
        number = whole_number(value)
        if number is None or not 0 <= number <= limit:
            raise Refused(f"Invalid value {value} for {attribute}")
        return number

    return read


def _severity(attribute: str, value: Any) -> str:
    word = str(value).upper()
    if word not in SEVERITIES:
        raise Refused(f"Invalid value {value} for {attribute}")
    return word


READERS: dict[str, Callable[[str, Any], Any]] = {
    "incidentStatus": _up_to(3),
    "incidentReso": _up_to(4),
    "incidentSeverity": _severity,
    "incidentExtClearedTime": _up_to(2**63 - 1),
}


def _apply(siem: Supervisor, incident: Incident, change: dict[str, Any], caller: Account) -> None:
    comments = change.pop("comments", None)
    severity = change.pop("incidentSeverity", None)
    status = change.pop("incidentStatus", None)
    resolution = change.get("incidentReso")
    if comments is not None:
        entry = by(caller.username, comments) if siem.switches["comments"] == WITH_AUTHOR else comments
        _comment(incident, entry, siem.switches["comments_mode"])
    if severity is not None:
        incident.eventSeverityCat, incident.eventSeverity = severity, SEVERITIES[severity]
    if status == 0:
        _reopen(incident)
    if status in (1, 2, 3):
        _clear(incident, status, siem.now(), caller, comments)
    for attribute, value in change.items():
        setattr(incident, attribute, value)
    if status is None and resolution in CLEARING[siem.switches["resolution_clears"]]:
        _clear(incident, MANUALLY_CLEARED, siem.now(), caller, comments)


def _comment(incident: Incident, comments: str, mode: str) -> None:
    # Neither a length limit nor a stamp of author and time is known: see the switch ``comments``.
    older = incident.incidentComments if mode == "append" else ""
    incident.incidentComments = "\n".join(part for part in (older, comments) if part)


def _reopen(incident: Incident) -> None:
    # "Active" implies the resolution "Open" in the user interface; the rest is assumed.
    incident.incidentStatus, incident.incidentReso = 0, 1
    incident.incidentClearedTime, incident.incidentClearedUser, incident.incidentClearedReason = 0, "", ""


def _clear(incident: Incident, status: int, now: int, caller: Account, comments: Optional[str]) -> None:
    # The attributes are documented; that an update fills them like this is assumed.
    incident.incidentStatus, incident.incidentClearedTime = status, now
    incident.incidentClearedUser, incident.incidentClearedReason = caller.username, comments or ""
