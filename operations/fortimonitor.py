"""Actions on FortiMonitor's custom incidents."""

from __future__ import annotations

from typing import Any, Dict

from ..clients.bridge import Bridge
from ..core.times import fortimonitor_time
from .results import done

SENT_AS_GIVEN = ("description", "metadata", "plugin_textkey", "resource_textkey", "auto_close_duration")
NO_ID = (
    "FortiMonitor accepted the custom incident, but its answer does not name it. Look it up in the Incident Hub; "
    "running this action again would create another one."
)


def create_custom_incident(bridge: Bridge, params: Dict[str, Any]) -> Dict[str, Any]:
    """Create a custom incident on a server in FortiMonitor.

    Parameters:
        server: id, exact name or FQDN.
        description, plugin_textkey, resource_textkey: text.
        metadata: object of scalars; optional.
        start_time: moment in time; optional, default now.
        auto_close_duration: seconds (assumed); optional.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, server_id, warning, request.
    Raises: InvalidInput, AuthenticationFailed, NotFound, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Create a custom incident.
    """
    server_id = bridge.fortimonitor.server_id(params["server"])
    incident = {name: params[name] for name in SENT_AS_GIVEN if name in params}
    if "start_time" in params:
        incident["start_time"] = fortimonitor_time(params["start_time"])
    answer = bridge.fortimonitor.create_custom_incident(server_id, incident)
    incident_id, incident_url = bridge.fortimonitor.created_outage(answer)
    return {
        **done(answer),
        "incident_id": incident_id,
        "incident_url": incident_url,
        "server_id": server_id,
        "warning": None if incident_id else NO_ID,
    }


def force_resolve_incident(bridge: Bridge, params: Dict[str, Any]) -> Dict[str, Any]:
    """Force the resolution of a custom incident in FortiMonitor.

    Parameters:
        incident: signed id, ``#id``, or the incident's URL on the configured origin.
        reason: text that is appended to the incident's log; optional.
    Returns: outcome, changed, confirmed_by, attempts, incident_id, incident_url, request.
    Raises: InvalidInput, AuthenticationFailed, NotFound, Rejected, OutcomeUnknown and the other kinds.
    Source: FortiMonitor 21.4 "Custom incidents using API", Resolve an incident.
    """
    outage_id = bridge.fortimonitor.outage_id(params["incident"])
    answer = bridge.fortimonitor.force_resolve(outage_id, params.get("reason"))
    return {**done(answer), "incident_id": outage_id, "incident_url": bridge.fortimonitor.outage_url(outage_id)}
