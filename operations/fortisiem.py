"""Actions on FortiSIEM's incidents."""

from __future__ import annotations

from typing import Any, Dict

from ..clients.bridge import Bridge
from ..clients.fortisiem import LEVEL, RESOLUTION, STATUS, is_ok
from ..core.errors import InvalidInput
from .results import done

# Our parameter -> FortiSIEM's key, and its values where FortiSIEM has other words or numbers for them.
ATTRIBUTES = {
    "status": ("incidentStatus", STATUS),
    "comments": ("comments", None),
    "severity": ("severity", LEVEL),
    "resolution": ("resolution", RESOLUTION),
    "external_ticket_type": ("externalTicketType", LEVEL),
    "external_ticket_id": ("externalTicketId", None),
    "external_ticket_state": ("externalTicketState", None),
    "external_assigned_user": ("externalAssignedUser", None),
}


def update_siem_incident(bridge: Bridge, params: Dict[str, Any]) -> Dict[str, Any]:
    """Update attributes of an incident in FortiSIEM; those that are not given stay as they are.

    Parameters:
        incident_id: positive integer.
        status: Active | Auto Cleared | Manually Cleared | System Cleared; optional.
        severity, external_ticket_type: Low | Medium | High; optional.
        resolution: True Positive | False Positive; optional.
        external_ticket_state: New | Assigned | In Progress | Closed; optional.
        comments, external_ticket_id, external_assigned_user: text; optional.
    Returns: outcome, changed, confirmed_by (null where FortiSIEM accepted without confirming), attempts,
        incident_id, fields (what was sent), request.
    Raises: InvalidInput, AuthenticationFailed, NotFound, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiSIEM Integration API Guide, Update Incident Attributes (since 5.2.5).
    """
    fields = {name: params[name] for name in ATTRIBUTES if name in params}
    if not fields:
        raise InvalidInput("The parameters are not valid", ["At least one attribute to update must be given."])
    attributes = {}
    for name, value in fields.items():
        key, words = ATTRIBUTES[name]
        attributes[key] = words[value] if words else value
    answer = bridge.fortisiem.update_incident(params["incident_id"], attributes)
    result = done(answer, confirmed=is_ok(answer))
    return {**result, "incident_id": params["incident_id"], "fields": fields}
