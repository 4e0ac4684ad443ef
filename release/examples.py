"""One example for each action: what its page shows, after the lab has executed it.

All of them use the lab's standard objects: FortiMonitor's server 1001 with its custom incident, FortiSIEM's incident 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Params = dict[str, Any]
Step = tuple[str, Params]

CORRELATION_ID = "/api/3/alerts/8f0c2f6e-5d2b-4c3e-9b1a-2f6d7c1e4a90"
NEW = "-1000001"  # the first custom incident of a fresh FortiMonitor
TEXTKEYS = {"plugin_textkey": "fortisoar.bridge", "resource_textkey": "fortisoar.incident"}
INCIDENT = {
    "server": "1001",
    "description": "Checkout answers 502",
    **TEXTKEYS,
    "metadata": {"alert": "Alert-4711"},
    "correlation_id": CORRELATION_ID,
}
ONCALL, SOAR = "oncall@example.com", "soar@example.com"
NOTE = {"note": "Seen in the payment log, too", "user": SOAR}
CREATED: Step = ("create_custom_incident", INCIDENT)
RAISED: Step = ("escalate_siem_incident", {"incident_id": "1", "server": "1001", **TEXTKEYS})


@dataclass(frozen=True)
class Example:
    """A call of an action.

    Parameters:
        params: its parameters.
        before: what is executed first, on products as they are after their start.
    """

    params: Params
    before: tuple[Step, ...] = ()


def _on_new(**params: Any) -> Example:
    """Return a call on a custom incident that has just been created."""
    return Example({"incident": NEW, **params}, (CREATED,))


EXAMPLES: dict[str, Example] = {
    "create_custom_incident": Example(INCIDENT),
    "force_resolve_incident": _on_new(reason="The gateway was restarted", expect_correlation_id=CORRELATION_ID),
    "get_fortimonitor_incident": _on_new(),
    "list_fortimonitor_incidents": Example({"status": "Active", "severity": "Critical", "max_results": 2}, (CREATED,)),
    "get_fortimonitor_incident_log": Example(
        {"incident": NEW},
        (CREATED, ("add_fortimonitor_incident_note", {"incident": NEW, **NOTE})),
    ),
    "add_fortimonitor_incident_note": _on_new(**NOTE),
    "acknowledge_fortimonitor_incident": Example({"incident": "2002", "who": ONCALL, "message": "Looking at it"}),
    "update_fortimonitor_incident_description": _on_new(description="Checkout answers 502 on every second request"),
    "set_fortimonitor_incident_summary": _on_new(summary="The payment gateway ran out of connections", who=SOAR),
    "set_fortimonitor_incident_tags": _on_new(tags="checkout, payment"),
    "set_fortimonitor_incident_lead": _on_new(who=ONCALL),
    "escalate_fortimonitor_incident": _on_new(who=ONCALL),
    "broadcast_fortimonitor_incident": _on_new(who=ONCALL, message="Bridge call at 10:00"),
    "delay_fortimonitor_incident_alerts": _on_new(delay_in_seconds=600, who=ONCALL),
    "list_fortimonitor_servers": Example({"text": "web"}),
    "list_fortimonitor_users": Example({"username": "oncall"}),
    "list_incident_textkeys": Example({"server": "1001"}),
    "make_fortimonitor_api_request": Example({"method": "GET", "endpoint": "/server/1001"}),
    "update_siem_incident": Example(
        {
            "incident_id": "1",
            "status": "Manually Cleared",
            "comments": "The account was locked",
            "external_ticket_type": "High",
            "external_ticket_id": "INC-42",
            "external_ticket_state": "Closed",
            "external_assigned_user": "jdoe",
        }
    ),
    "clear_siem_incident": Example(
        {"incident_id": "1", "reason": "The account was locked", "resolution": "True Positive"}
    ),
    "comment_siem_incident": Example({"incident_id": "1", "comment": "The account was locked"}),
    "get_siem_incident": Example({"incident_id": "1"}),
    "list_siem_incidents": Example({"status": ["Active"], "severity": ["High"], "max_results": 1}),
    "get_siem_incident_events": Example({"incident_id": "1", "max_results": 1}),
    "make_fortisiem_api_request": Example({"method": "GET", "endpoint": "/system/health/summary"}),
    "escalate_siem_incident": Example(RAISED[1]),
    "close_incident": Example({"incident_id": "1", "reason": "The account was locked"}, (RAISED,)),
    "get_incident_state": Example({"incident_id": "1"}, (RAISED,)),
    "update_siem_incidents": Example(
        {
            "items": [
                {"incident_id": "1", "external_ticket_id": "INC-42"},
                {"incident_id": "2", "external_assigned_user": "jdoe"},
            ]
        }
    ),
    "force_resolve_incidents": Example(
        # One at a time, so that the requests come in the same order at each build.
        {"items": [NEW, "-1000002"], "reason": "The gateway was restarted", "concurrency": 1},
        (CREATED, ("create_custom_incident", {**INCIDENT, "correlation_id": f"{CORRELATION_ID}#2"})),
    ),
    "fetch_incidents": Example({"source": "FortiSIEM", "max_results": 1}),
    "get_diagnostics": Example({}),
}
