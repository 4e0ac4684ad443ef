"""What is known of the requests of the local FortiMonitor."""

from __future__ import annotations

from .known import Known, Request, key_in_authorization

OUTAGES = {
    "limit": 5,
    "offset": 0,
    "order_by": "id",
    "server": 1001,
    "severity": "critical",
    "start_time": "2024-01-01 00:00:00",
}
NAMED = {"limit": 5, "offset": 0, "name": "a", "tags": "a"}
INCIDENT = {
    "description": "Slow",
    "plugin_textkey": "fortisoar.bridge",
    "resource_textkey": "fortisoar.incident",
    "severity": "critical",
    "auto_close_duration": 60,
    "start_time": "2024-01-01 00:00:00",
    "metadata": {"a": "b"},
    "tags": ["a"],
}
PAGING = {"who": 1, "message": "m", "user": "/v2/user/1"}
KNOWN = Known(
    title="The lab's FortiMonitor",
    about="The API of FortiMonitor, as far as the lab has it.",
    security=key_in_authorization("ApiKey"),
    path_values={
        "server_id": ("1001", "1002"),
        "outage_id": ("2001", "2002", "-1000001", "1"),
        "person_id": ("1", "2"),
        "delay_in_seconds": ("60",),
    },
    requests={
        "POST /v2/server/{server_id}/custom_incident": Request(INCIDENT),
        "PUT /v2/outage/{outage_id}/force_resolve": Request({"reason": "r", "force": True}),
        "PUT /v2/outage/{outage_id}/acknowledge": Request(PAGING),
        "PUT /v2/outage/{outage_id}/escalate": Request(PAGING),
        "PUT /v2/outage/{outage_id}/broadcast": Request(PAGING),
        "PUT /v2/outage/{outage_id}/delay/{delay_in_seconds}": Request(PAGING),
        "PUT /v2/public/outage/{hash}/acknowledge": Request(PAGING),
        "PUT /v2/public/outage/{hash}/escalate": Request(PAGING),
        "PUT /v2/public/outage/{hash}/delay/{delay_in_seconds}": Request(PAGING),
        "PUT /v2/outage/{outage_id}/lead": Request({"user": "/v2/user/1"}),
        "PUT /v2/outage/{outage_id}/summary": Request({"summary": "s"}),
        "PUT /v2/outage/{outage_id}/tags": Request({"tags": ["a"]}),
        "PUT /v2/outage/{outage_id}/description": Request({"description": "s"}),
        "POST /v2/outage/{outage_id}/outage_log": Request({"entry": "e", "public": True}),
        "POST /v2/outage/{outage_id}/outage_metadata": Request({"a": "b"}),
        "GET /v2/outage": Request(query=OUTAGES),
        "GET /v2/outage/active": Request(query=OUTAGES),
        "GET /v2/outage/resolved": Request(query=OUTAGES),
        "GET /v2/server/{server_id}/outage": Request(query=OUTAGES),
        "GET /v2/outage/{outage_id}": Request(query={"full": "true"}),
        "GET /v2/server": Request(query=NAMED),
        "GET /v2/server/{server_id}": Request(query={"full": "true"}),
        "GET /v2/server/{server_id}/agent_resource": Request(query=NAMED),
        "GET /v2/agent_resource_type": Request(query=NAMED),
        "GET /v2/user": Request(query=NAMED),
        "GET /v2/contact": Request(query=NAMED),
    },
)
