"""Every action of the manifest, with a call of it that succeeds on the lab's standard objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from lab.fortimonitor import FortiMonitor
from lab.fortisiem import FortiSiem
from lab.running import running_lab
from tests.conftest import Control
from tests.support.fortimonitor import marked
from tests.support.installed import TAG, InstalledBridge, output_schema
from tests.support.package import module

MARKER = "/api/3/alerts/42"
NEW = -1000001  # the first custom incident that is created
ORDINARY = 2002  # the lab's active outage
ONCALL, SOAR = "oncall@example.com", "soar@example.com"
TOKEN = "/phoenix/rest/pub/security/oauth/token"
LISTS = "/phoenix/rest/pub/incident"  # reads, although it is asked by POST
EXTERNAL = "POST /phoenix/rest/incident/external"
CREATE = "POST /v2/server/1001/custom_incident"
TEXTKEYS = {"plugin_textkey": "fortisoar.bridge", "resource_textkey": "fortisoar.incident"}
INCIDENT = {"server": 1001, "description": "Disk full", **TEXTKEYS, "correlation_id": MARKER}
PAIR = "{pair}"  # stands for the correlation id of FortiSIEM's incident 1, which has the lab's port in it
ESCALATION = {"incident_id": 1, "server": 1001, **TEXTKEYS}
AGES = ("age_seconds", "age", "duration_seconds", "duration")
# What shows a time: only whether there is one is compared.
TIMES = ("alerts_delayed_until", "incidentClearedTime")
SPARSE = ("fields", "verified", "request")  # hold what was asked for alone, or what was sent
NAMED_BY_OTHERS = ("attributes", "metadata", "other", "configuration")  # objects of which a schema has examples
OF_EITHER_PRODUCT = "incident"  # of those that are fetched
MAY_BE_NULL = ("data.fortimonitor",)  # where FortiSIEM's incident was not raised in FortiMonitor
ANYTHING = ("body", "resume")  # JSON of other people
MAY_BE_EMPTY = ("techniques", "skipped", "differences")  # lists of objects that not every incident has
# What FortiSOAR's workers remember makes a difference: FortiMonitor's requests of the last minute, of which there may be
# 100, and that a FortiSIEM has no event queries. Fresh workers remember nothing.
REMEMBERING = ("force_resolve_incidents", "get_siem_incident_events")

DONE = {"outcome": "done", "changed": True, "attempts": 1}
BY_ANSWER = {**DONE, "confirmed_by": "response"}
BY_READ = {**DONE, "confirmed_by": "read_back", "warning": None}
ALREADY = {"outcome": "already_done", "changed": False}
WITHOUT_REQUEST = {**ALREADY, "confirmed_by": "read_back", "attempts": 0, "request": {}}
BEGAN_EARLIER = module("operations.creation").BEGAN_EARLIER
TOO_OLD = (
    "{goal}: FortiSIEM answered 404 to {request}. Nothing was changed. The server does not have this resource. Check "
    "FortiSIEM Server; updating incidents needs FortiSIEM 5.2.5 or newer, reading them FortiSIEM 6.3.0 or newer." + TAG
)

State = dict[str, Any]
Step = tuple[str, dict[str, Any]]

CREATED: Step = ("create_custom_incident", INCIDENT)
ESCALATED: Step = ("escalate_siem_incident", ESCALATION)


@dataclass(frozen=True)
class Call:
    """A call that succeeds, and what comes of it.

    Parameters:
        operation: the action.
        params: its parameters, in their types.
        as_text: those that FortiSOAR may hand over as text, as such.
        data: what the result holds; more may stand in it.
        before: what is run first, on the lab as it is after its start.
        writes: the requests that change something, in any order.
        changes: what is different in the products afterwards, and nothing else is.
        blind: what is other than the above where FortiSIEM shows no incidents, before 6.3: names and values of these.
        since: the first version of FortiSIEM on which it works.
        older: the message on versions before; where there is none, it is not called on these.
        again: what the result of a second run holds, which changes nothing more; None for actions that do more.
        again_writes: the requests of the second run that could change something.
    """

    operation: str
    params: dict[str, Any]
    data: Any
    as_text: dict[str, Any] = field(default_factory=dict)
    before: tuple[Step, ...] = ()
    writes: tuple[str, ...] = ()
    changes: dict[str, Any] = field(default_factory=dict)
    blind: dict[str, Any] = field(default_factory=dict)
    since: str = "5.2.5"
    older: str = ""
    again: Any = None
    again_writes: tuple[str, ...] = ()


def _request(sent: str, status: int) -> dict[str, Any]:
    method, _, path = sent.partition(" ")
    return {"request": {"method": method, "path": path, "status": status}}


def _action(
    operation: str,
    params: dict[str, Any],
    endpoint: str,
    *,
    status: int = 204,
    method: str = "PUT",
    outage_id: int = NEW,
    **more: Any,
) -> Call:
    """Return a call of an action that sends one write to an outage of FortiMonitor."""
    write = f"{method} /v2/outage/{outage_id}/{endpoint}"
    return Call(
        operation,
        {"incident": outage_id, **params},
        {**BY_ANSWER, "incident_id": outage_id, **_request(write, status), **more.pop("data", {})},
        as_text={"incident": str(outage_id), **more.pop("as_text", {})},
        before=() if outage_id == ORDINARY else (CREATED,),
        writes=(write,),
        **more,
    )


def _update(operation: str, params: dict[str, Any], fields: dict[str, str], **more: Any) -> Call:
    """Return a call of an action that sends one update to FortiSIEM's incident 1 and reads it back."""
    read_back = {"verified": dict.fromkeys(fields, "applied"), "confirmed_by": "read_back", "warning": None}
    data = {**DONE, "incident_id": 1, "fields": fields, **_request(EXTERNAL, 200)}
    not_read_back = {
        "verified": dict.fromkeys(fields, "not readable"),
        "confirmed_by": "response",
        "warning": f"Read back: {', '.join(fields)} not readable.",
    }
    return Call(
        operation,
        {"incident_id": 1, **params, "verify": True},
        {**data, **read_back},
        as_text={"incident_id": "1", "verify": "true"},
        writes=(EXTERNAL,),
        blind={"data": {**data, **not_read_back}},
        **more,
    )


SHOWN_OUTAGE = {
    "incident_id": NEW,
    "server_id": 1001,
    "server_name": "Web frontend",
    "server_fqdn": "web-01.example.com",
    "status": "active",
    "type": "anomaly",
    "correlation_id": MARKER,
    "end_time": None,
    "acknowledged": False,
    "acknowledged_by": None,
    "tags": ["night", "web"],
}
TAGGED: Step = ("set_fortimonitor_incident_tags", {"incident": NEW, "tags": "night, web"})
FM_STORED = {
    "id": NEW,
    "type": "anomaly",
    "custom": True,
    "status": "active",
    "summary": "",
    "tags": [],
    "acknowledged_by": None,
    "lead": None,
    "alerts_delayed_until": False,
    "log": [],
}
EVERY_CREATE_OPTION = {
    **INCIDENT,
    "metadata": {"alert": "42", "count": 3, "urgent": True},
    "start_time": "2026-02-03T06:30:00+01:00",
    "auto_close_duration": 31536000,
    "if_exists": "Return Existing",
    "verify": True,
}
TICKET = {"external_ticket_type": "High", "external_ticket_id": "INC42", "external_ticket_state": "In Progress"}
SIMPLE_UPDATE = {"status": "Manually Cleared", "comments": "Handled", **TICKET, "external_assigned_user": "jdoe"}
EVERY_ATTRIBUTE = {**SIMPLE_UPDATE, "severity": "Medium", "resolution": "False Positive"}
CLEARED = {
    "incidentStatus": 2,
    "incidentClearedTime": True,
    "incidentClearedUser": "soar",
    "incidentClearedReason": "Handled",
    "incidentComments": "Handled",
}
UPDATED = {
    **CLEARED,
    "incidentExtTicketType": "HIGH",
    "incidentExtTicketId": "INC42",
    "incidentExtTicketState": "In Progress",
    "incidentExtUser": "jdoe",
}
NEW_INCIDENT = f"outage {NEW}"
OF_PAIR = {"external_ticket_id": str(NEW), "external_ticket_state": "New"}
SHOWN_SIEM = {
    "incident_id": 1,
    "title": "Brute force login success on dc-01.example.com",
    "status": "Active",
    "severity": "High",
    "severity_value": 9,
    "category": "Security",
    "event_type": "PH_RULE_BRUTE_FORCE_LOGIN_SUCCESS",
    "organization": "Super",
    "techniques": [{"id": "T1110.001", "name": "Brute Force: Password Guessing"}],
    "source": {
        "text": "srcIpAddr:198.51.100.23, user:jdoe,",
        "attributes": {"srcIpAddr": ["198.51.100.23"], "user": ["jdoe"]},
    },
}
ITEMS = [{"incident_id": 1, "external_ticket_id": "INC42"}, {"incident_id": 2, "external_assigned_user": "jdoe"}]
PASSED = {"message": None}
NOT_RAISED = "FortiSIEM incident 1 has no active incident in FortiMonitor."
SIMPLY_CLEARED = "FortiSIEM incident 1: status set to Manually Cleared, comment added."


def _counts(**counts: int) -> dict[str, int]:
    return {**dict.fromkeys(("done", "already_done", "failed", "unknown", "not_attempted"), 0), **counts}


def _results(**alike: Any) -> list[dict[str, Any]]:
    return [{"index": place, **alike} for place in range(2)]


CALLS: dict[str, Call] = {
    "create": Call(
        "create_custom_incident",
        EVERY_CREATE_OPTION,
        {
            **BY_READ,
            "incident_id": NEW,
            "summary": f"FortiMonitor incident {NEW} was created on server 1001.",
            "correlation_id": MARKER,
            "server_id": 1001,
            "warning": BEGAN_EARLIER,
            **_request(CREATE, 201),
        },
        as_text={
            "server": "1001",
            "metadata": '{"alert": "42", "count": 3, "urgent": true}',
            "start_time": "1770096600",
            "auto_close_duration": "31536000",
            "verify": "true",
        },
        writes=(CREATE,),
        changes={
            NEW_INCIDENT: {
                **FM_STORED,
                "description": marked("Disk full", MARKER),
                "metadata": {"alert": "42", "count": "3", "urgent": "true", "correlation_id": MARKER},
            }
        },
        again=WITHOUT_REQUEST,
    ),
    "resolve": _action(
        "force_resolve_incident",
        {"reason": "Over", "expect_correlation_id": MARKER},
        "force_resolve",
        changes={NEW_INCIDENT: {"status": "resolved", "log": ["Over"]}},
        data={"summary": f"FortiMonitor incident {NEW} was resolved."},
        again={
            **WITHOUT_REQUEST,
            "summary": f"FortiMonitor incident {NEW} was already resolved; nothing was changed.",
        },
    ),
    "get": Call(
        "get_fortimonitor_incident",
        {"incident": NEW},
        SHOWN_OUTAGE,
        as_text={"incident": str(NEW)},
        before=(CREATED, TAGGED),
    ),
    "list": Call(
        "list_fortimonitor_incidents",
        {
            "server": 1001,
            "status": "Active",
            "severity": "Critical",
            "started_after": "2020-01-01T00:00:00Z",
            "started_before": 4102444800,
            "text": "disk",
            "max_results": 2,
        },
        {"incidents": [SHOWN_OUTAGE], "count": 1, "is_complete": True},
        as_text={"server": "1001", "started_before": "4102444800", "max_results": "2"},
        before=(CREATED, TAGGED),
    ),
    "log": Call(
        "get_fortimonitor_incident_log",
        {"incident": NEW, "since": 0},
        {
            "incident_id": NEW,
            "entries": [{"entry": "Seen", "public": False, "user": "{fortimonitor}/user/502"}],
            "count": 1,
        },
        as_text={"incident": str(NEW), "since": "1970-01-01 00:00:00"},
        before=(CREATED, ("add_fortimonitor_incident_note", {"incident": NEW, "note": "Seen", "user": 502})),
    ),
    "note": _action(
        "add_fortimonitor_incident_note",
        {"note": "Seen", "public": True, "user": 502},
        "outage_log",
        method="POST",
        status=201,
        data={"confirmed_by": "read_back", "warning": None},
        as_text={"public": "true", "user": "502"},
        changes={NEW_INCIDENT: {"log": ["Seen"]}},
    ),
    "acknowledge": _action(
        "acknowledge_fortimonitor_incident",
        {"who": ONCALL, "message": "On it", "should_broadcast": False, "delay_in_seconds": 600},
        "acknowledge",
        outage_id=ORDINARY,
        as_text={"should_broadcast": "false", "delay_in_seconds": "600"},
        data={"acknowledged_by": "oncall@example.com (On call, 501)"},
        changes={
            f"outage {ORDINARY}": {
                "acknowledged_by": ONCALL,
                "alerts_delayed_until": True,
                "log": ["On it", "Alerts delayed by 600 seconds"],
            }
        },
        again={**WITHOUT_REQUEST, "acknowledged_by": "oncall@example.com (On call, 501)"},
    ),
    "describe": _action(
        "update_fortimonitor_incident_description",
        {"description": "Disk nearly full"},
        "description",
        changes={NEW_INCIDENT: {"description": marked("Disk nearly full", MARKER)}},
        again=WITHOUT_REQUEST,
    ),
    "summary": _action(
        "set_fortimonitor_incident_summary",
        {"summary": "Logs filled it", "who": 502},
        "summary",
        as_text={"who": "502"},
        changes={NEW_INCIDENT: {"summary": "Logs filled it"}},
        again=WITHOUT_REQUEST,
    ),
    "tags": _action(
        "set_fortimonitor_incident_tags",
        {"tags": "night, web, night"},
        "tags",
        changes={NEW_INCIDENT: {"tags": ["night", "web"]}},
        again=WITHOUT_REQUEST,
    ),
    "lead": _action(
        "set_fortimonitor_incident_lead",
        {"who": 501},
        "lead",
        as_text={"who": "501"},
        changes={NEW_INCIDENT: {"lead": ONCALL}},
    ),
    "escalate in FortiMonitor": _action(
        "escalate_fortimonitor_incident",
        {"who": SOAR},
        "escalate",
        changes={
            NEW_INCIDENT: {"log": ["Escalated"]},
            "notifications": [{"outage_id": NEW, "kind": "escalation", "who": SOAR, "message": None}],
        },
    ),
    "broadcast": _action(
        "broadcast_fortimonitor_incident",
        {"who": 501, "message": "All hands"},
        "broadcast",
        as_text={"who": "501"},
        changes={
            NEW_INCIDENT: {"log": ["All hands"]},
            "notifications": [{"outage_id": NEW, "kind": "broadcast", "who": ONCALL, "message": "All hands"}],
        },
    ),
    "delay": _action(
        "delay_fortimonitor_incident_alerts",
        {"delay_in_seconds": 600, "who": SOAR},
        "delay/600",
        as_text={"delay_in_seconds": "600"},
        changes={NEW_INCIDENT: {"alerts_delayed_until": True, "log": ["Alerts delayed by 600 seconds"]}},
    ),
    "servers": Call(
        "list_fortimonitor_servers",
        {"text": "WEB", "tags": "web", "max_results": 1},
        [
            {
                "title": "Web frontend (web-01.example.com)",
                "value": "1001",
                "server_id": 1001,
                "name": "Web frontend",
                "fqdn": "web-01.example.com",
                "tags": ["web"],
            }
        ],
        as_text={"max_results": "1"},
    ),
    "users": Call(
        "list_fortimonitor_users",
        {"username": "oncall"},
        [
            {
                "title": "On call (oncall@example.com)",
                "value": ONCALL,
                "user_id": 501,
                "username": ONCALL,
                "display_name": "On call",
            }
        ],
    ),
    "textkeys": Call(
        "list_incident_textkeys",
        {"server": 1001},
        [{"value": "cpu_usage", "plugin_textkey": "cpu_usage"}, {"value": "fortisoar.bridge", **TEXTKEYS}],
        as_text={"server": "1001"},
    ),
    "choices of server": Call(
        "list_server_choices",
        {"text": "nothing", "max_results": 1},
        [
            {"title": "Web frontend (web-01.example.com)", "value": "1001"},
            *({"value": str(server)} for server in range(1002, 1006)),
        ],
    ),
    "choices of user": Call(
        "list_user_choices",
        {"who": "{{vars.who}}"},
        [{"title": "On call (oncall@example.com)", "value": ONCALL}, {"value": "soar@example.com"}],
    ),
    "choices of plugin textkey": Call(
        "list_plugin_textkey_choices",
        {"server": 1001, "plugin_textkey": ""},
        [{"value": "cpu_usage"}, {"value": "fortisoar.bridge"}],
        as_text={"server": "1001"},
    ),
    "choices of resource textkey": Call(
        "list_resource_textkey_choices",
        {"server": 1001, "plugin_textkey": "fortisoar.bridge"},
        [{"value": "fortisoar.incident"}],
        as_text={"server": "1001"},
    ),
    "request to FortiMonitor": Call(
        "make_fortimonitor_api_request",
        {"method": "GET", "endpoint": "/outage/active", "query": {"limit": 1, "offset": 0}},
        {
            "status": 200,
            "body": {"meta": {"limit": 1, "total_count": 2}},
            "text": None,
            "attempts": 1,
            "summary": "FortiMonitor answered 200 to GET /v2/outage/active.",
            **_request("GET /v2/outage/active", 200),
        },
        as_text={"query": '{"limit": 1, "offset": 0}'},
    ),
    "update": _update(
        "update_siem_incident",
        SIMPLE_UPDATE,
        SIMPLE_UPDATE,
        changes={"incident 1": UPDATED},
    ),
    "update of every attribute": _update(
        "update_siem_incident",
        EVERY_ATTRIBUTE,
        EVERY_ATTRIBUTE,
        since="6.7",
        changes={"incident 1": {**UPDATED, "eventSeverity": 8, "eventSeverityCat": "MEDIUM", "incidentReso": 3}},
    ),
    "clear": _update(
        "clear_siem_incident",
        {"reason": "Handled"},
        {"status": "Manually Cleared", "comments": "Handled"},
        changes={"incident 1": CLEARED},
    ),
    "clear with a resolution": _update(
        "clear_siem_incident",
        {"reason": "Handled", "resolution": "True Positive"},
        {"status": "Manually Cleared", "comments": "Handled", "resolution": "True Positive"},
        since="6.7",
        changes={"incident 1": {**CLEARED, "incidentReso": 2}},
        again={
            **WITHOUT_REQUEST,
            "verified": {},
            "warning": "It is Manually Cleared already; neither reason nor resolution was sent.",
        },
    ),
    "comment": _update(
        "comment_siem_incident",
        {"comment": "Handled"},
        {"comments": "Handled"},
        changes={"incident 1": {"incidentComments": "Handled"}},
    ),
    "get from FortiSIEM": Call(
        "get_siem_incident",
        {"incident_id": 1, "fields": "incidentTitle, phCustId"},
        {**SHOWN_SIEM, "external_ticket_id": None, "comments": None, "other": {"phCustId": 1}},
        as_text={"incident_id": "1"},
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
    ),
    "list from FortiSIEM": Call(
        "list_siem_incidents",
        {
            "status": ["Active"],
            "severity": ["High", "Medium"],
            "category": ["Security"],
            "event_type": "PH_RULE_BRUTE_FORCE_LOGIN_SUCCESS, PH_RULE_SNMP_DOWN",
            "organization": "super",
            "text": "DC-01",
            "time_from": "2020-01-01T00:00:00Z",
            "time_to": 4102444800,
            "fields": "phCustId",
            "max_results": 2,
        },
        {"incidents": [{**SHOWN_SIEM, "other": {"phCustId": 1}}], "count": 1, "is_complete": True},
        as_text={
            "status": "Active",
            "severity": '["High", "Medium"]',
            "category": "Security",
            "time_to": "4102444800",
            "max_results": "2",
        },
        since="6.4",
        older=TOO_OLD.format(goal="Could not list FortiSIEM incidents", request=f"POST {LISTS}"),
    ),
    "events": Call(
        "get_siem_incident_events",
        {"incident_id": 1, "max_results": 2},
        {
            "incident_id": 1,
            "events": [{"event_type": "Win-Security-4624"}, {"event_type": "Win-Security-4625"}],
            "count": 2,
        },
        as_text={"incident_id": "1", "max_results": "2"},
        since="6.4",
        older=TOO_OLD.format(
            goal="Could not read the events of FortiSIEM incident 1", request=f"GET {LISTS}/triggeringEvents"
        ),
    ),
    "request to FortiSIEM": Call(
        "make_fortisiem_api_request",
        {
            "method": "POST",
            "endpoint": "/incident/external",
            "query": {},
            "body": {"incidentId": "1", "externalTicketId": "INC42"},
        },
        {"status": 200, "body": "OK", "text": None, "attempts": 1, **_request(EXTERNAL, 200)},
        as_text={"query": "{}", "body": '{"incidentId": "1", "externalTicketId": "INC42"}'},
        writes=(EXTERNAL,),
        changes={"incident 1": {"incidentExtTicketId": "INC42"}},
    ),
    "escalate": Call(
        "escalate_siem_incident",
        {**ESCALATION, "description": "Brute force", "comments": "Paged"},
        {
            "outcome": "done",
            "changed": True,
            "fortimonitor": {**BY_READ, "incident_id": NEW, "correlation_id": PAIR, "server_id": 1001},
            "fortisiem": {**BY_READ, "incident_id": 1, "fields": {**OF_PAIR, "comments": "Paged"}},
        },
        as_text={"incident_id": "1", "server": "1001"},
        writes=(CREATE, EXTERNAL),
        changes={
            NEW_INCIDENT: {
                **FM_STORED,
                "description": f"[{{pair's tag}}] Brute force\n[correlation_id: {PAIR}]",
                "metadata": {"correlation_id": PAIR},
            },
            "incident 1": {
                "incidentExtTicketId": str(NEW),
                "incidentExtTicketState": "New",
                "incidentComments": "Paged",
            },
        },
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
        again={**ALREADY, "fortimonitor": WITHOUT_REQUEST, "fortisiem": WITHOUT_REQUEST},
    ),
    "close": Call(
        "close_incident",
        {"incident_id": 1, "reason": "Handled"},
        {
            "outcome": "done",
            "changed": True,
            "fortimonitor": {**BY_ANSWER, "incident_id": NEW},
            "fortisiem": {
                **BY_READ,
                "incident_id": 1,
                "fields": {"status": "Manually Cleared", "comments": "Handled", "external_ticket_state": "Closed"},
            },
        },
        as_text={"incident_id": "1"},
        before=(ESCALATED,),
        writes=(f"PUT /v2/outage/{NEW}/force_resolve", EXTERNAL),
        changes={
            NEW_INCIDENT: {"status": "resolved", "log": ["Handled"]},
            "incident 1": {
                **CLEARED,
                "incidentComments": "Escalated to FortiMonitor: {fortimonitor}/outage/-1000001\nHandled",
                "incidentExtTicketState": "Closed",
            },
        },
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
        again={**ALREADY, "fortimonitor": WITHOUT_REQUEST, "fortisiem": WITHOUT_REQUEST},
    ),
    "state": Call(
        "get_incident_state",
        {"incident_id": 1},
        {
            "state": "out_of_step",
            "summary": f"FortiMonitor incident {NEW} and FortiSIEM incident 1 differ in: status.",
            "agree": False,
            "differences": [{"what": "status", "fortimonitor": "resolved", "fortisiem": "Active"}],
            "fortimonitor": {**SHOWN_OUTAGE, "status": "resolved", "correlation_id": PAIR, "end_time": ...},
            "fortisiem": {**SHOWN_SIEM, "external_ticket_id": str(NEW), "external_ticket_state": "New"},
        },
        as_text={"incident_id": "1"},
        before=(ESCALATED, TAGGED, ("force_resolve_incident", {"incident": NEW})),
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
        again={"agree": False},
    ),
    "close of one that was not raised": Call(
        "close_incident",
        {"incident_id": 1, "reason": "Handled"},
        {
            **{"outcome": "done", "changed": True, "summary": f"{NOT_RAISED} {SIMPLY_CLEARED}"},
            "fortimonitor": {**WITHOUT_REQUEST, "outcome": "not_raised", "incident_id": None},
            "fortisiem": {**BY_READ, "fields": {"status": "Manually Cleared", "comments": "Handled"}},
        },
        as_text={"incident_id": "1"},
        writes=(EXTERNAL,),
        changes={"incident 1": CLEARED},
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
        again={**ALREADY, "fortimonitor": {"outcome": "not_raised"}, "fortisiem": WITHOUT_REQUEST},
    ),
    "state of one that was not raised": Call(
        "get_incident_state",
        {"incident_id": 1},
        {"state": "not_raised", "agree": None, "summary": NOT_RAISED, "fortimonitor": None, "fortisiem": SHOWN_SIEM},
        as_text={"incident_id": "1"},
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
    ),
    "updates": Call(
        "update_siem_incidents",
        {"items": ITEMS, "skip_done": True, "concurrency": 2},
        {
            "outcome": "done",
            "changed": True,
            "counts": _counts(done=2),
            "results": _results(**BY_ANSWER, **PASSED),
            "resume": [],
            "stopped_by": None,
        },
        as_text={"items": json.dumps(ITEMS), "skip_done": "true", "concurrency": "2"},
        writes=(EXTERNAL, EXTERNAL),
        changes={"incident 1": {"incidentExtTicketId": "INC42"}, "incident 2": {"incidentExtUser": "jdoe"}},
        again={
            **ALREADY,
            "counts": _counts(already_done=2),
            "results": _results(outcome="already_done", changed=False, confirmed_by="read_back", attempts=0),
        },
        blind={
            "again": {"outcome": "done", "changed": True, "counts": _counts(done=2), "results": _results(**BY_ANSWER)},
            "again_writes": (EXTERNAL, EXTERNAL),
        },
    ),
    "resolves": Call(
        "force_resolve_incidents",
        {"items": [NEW, f"#{NEW - 1}"], "reason": "Over", "concurrency": 1},
        {
            "outcome": "done",
            "changed": True,
            "counts": _counts(done=2),
            "results": _results(**BY_ANSWER, **PASSED),
            "resume": [],
            "stopped_by": None,
        },
        as_text={"items": json.dumps([str(NEW), f"#{NEW - 1}"]), "concurrency": "1"},
        before=(CREATED, ("create_custom_incident", {**INCIDENT, "correlation_id": "/api/3/alerts/43"})),
        writes=tuple(f"PUT /v2/outage/{number}/force_resolve" for number in (NEW, NEW - 1)),
        changes={f"outage {number}": {"status": "resolved", "log": ["Over"]} for number in (NEW, NEW - 1)},
        again={
            **ALREADY,
            "counts": _counts(already_done=2),
            "results": _results(outcome="already_done", changed=False, confirmed_by="read_back", attempts=1),
        },
        again_writes=tuple(f"PUT /v2/outage/{number}/force_resolve" for number in (NEW, NEW - 1)),
    ),
    "fetch from FortiSIEM": Call(
        "fetch_incidents",
        {"source": "FortiSIEM", "watermark": 0, "overlap": 60, "lookback": 60, "max_results": 5000},
        {
            # By their last occurrence, as the lab's incidents lie.
            "incidents": [
                {"source": "FortiSIEM", "incident": {"incident_id": number}} for number in (5, 4, 3, 6, 7, 2, 1)
            ],
            "count": 7,
            "is_complete": True,
        },
        as_text={"watermark": "0", "overlap": "60", "lookback": "60", "max_results": "5000"},
        since="6.4",
        older=TOO_OLD.format(goal="Could not list FortiSIEM incidents", request=f"POST {LISTS}"),
    ),
    "fetch with events": Call(
        "fetch_incidents",
        {"source": "FortiSIEM", "incident_id": "1", "include_events": True},
        {"incidents": [{"source": "FortiSIEM", "incident": {"incident_id": 1, "events": ...}}], "count": 1},
        as_text={"include_events": "true"},
        since="6.4",
        older=TOO_OLD.format(goal="Could not read FortiSIEM incident 1", request=f"POST {LISTS}"),
    ),
    "fetch from FortiMonitor": Call(
        "fetch_incidents",
        {"source": "FortiMonitor", "watermark": 0, "max_results": 4},
        {
            "incidents": [
                {"source": "FortiMonitor", "incident": {"incident_id": number}}
                for number in (2001, -3001, ORDINARY, NEW)
            ],
            "count": 4,
            "is_complete": True,
        },
        as_text={"watermark": "0", "max_results": "4"},
        before=(CREATED,),
    ),
    "diagnostics": Call(
        "get_diagnostics",
        {},
        {
            "connector": {"name": "fortinet-incident-bridge"},
            "configuration": {"fortimonitor_api_key": "***", "ca_certificate": "(set)"},
            "products": [
                {"product": "FortiMonitor", "is_usable": True, "message": None},
                {"product": "FortiSIEM", "is_usable": True, "message": None},
            ],
        },
    ),
}


class InsideLab(InstalledBridge):
    """A lab in this process with the connector, so that a test sees what the products store, whatever they show."""

    monitor: FortiMonitor
    siem: FortiSiem

    def fresh(self, sign_in: Mapping[str, Any] | None = None, **fortisiem: Any) -> str:
        """Put the products back to their seeds; return the name of the configuration to use.

        Parameters:
            sign_in: changes of the configuration.
            fortisiem: positions of FortiSIEM's switches.
        """
        self.monitor.reset()
        self.siem.reset()
        # Each worker of FortiSOAR has a token of its own, and FortiSIEM gives a client one every 5 seconds alone.
        self.control.switch("fortisiem", token_rate_limit=False, **fortisiem)
        return self.configuration(**(sign_in or {}))

    def execute(self, action: str, params: dict[str, Any], configuration: str | None = None) -> Any:
        """Execute an action that must succeed; return its data, which have the keys that the manifest promises."""
        answer = self.answer(action, params, configuration or self.configuration())
        envelope = answer.json()
        assert (answer.status_code, envelope.get("status")) == (200, "Success"), envelope
        assert_fits(output_schema(action), envelope["data"])
        return envelope["data"]

    def prepare(self, call: Call, configuration: str) -> None:
        """Run what a call needs to be run before it, and forget the requests for it."""
        if call.operation in REMEMBERING:
            self.install()
        for operation, params in call.before:
            self.execute(operation, params, configuration)
        self.forget_requests()

    def stored(self) -> State:
        """Return what both products store: outages, incidents, and who was paged."""
        return stored(self.monitor, self.siem)

    def requests(self) -> list[tuple[str, str, dict[str, str], Any]]:
        """Return the method, path, query and body of each request to the products; fail if a GET among them acted.

        A request with a token of before the last reset is refused and sent again: that one is left out.
        """
        assert self.monitor.counters()["side_effect_gets"] == 0
        entries = [entry for product in ("fortimonitor", "fortisiem") for entry in self.control.journal(product)]
        taken = [
            entry
            for entry in entries
            if not (entry["status"] == 401 and entry["headers"]["authorization"].startswith("Bearer "))
        ]
        return [(entry["method"], entry["path"], entry["query"], entry["body"]) for entry in taken]

    def filled(self, value: Any) -> Any:
        """Put the lab's addresses into the texts of a value."""
        if isinstance(value, dict):
            return {name: self.filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part) for part in value]
        if not isinstance(value, str):
            return value
        pair = self.source_id(1)
        stands_for = {
            "{fortimonitor}": self.ready["fortimonitor"]["url"],
            PAIR: pair,
            "{pair's tag}": module("clients.fortimonitor.markers").tag_of(pair),
        }
        for name, text in stands_for.items():
            value = value.replace(name, text)
        return value

    def source_id(self, number: int, product: str = "fortisiem") -> str:
        """Return the Source ID of a product's incident, which is also the correlation id of a FortiSIEM one's pair."""
        return f"{product}:{urlsplit(self.ready[product]['url']).netloc}:{number}"

    def writes(self) -> list[str]:
        """Return the requests that could change something, in order."""
        paths = [each.partition(" ") for each in self.sent()]
        return [f"{method} {path}" for method, _, path in paths if method != "GET" and path not in (LISTS, TOKEN)]


def stored(monitor: FortiMonitor, siem: FortiSiem) -> State:
    """Return what both products store: outages, incidents, and who was paged."""
    ids = [2001, -3001, ORDINARY, *(incident["id"] for incident in monitor.incidents())]
    return {
        **{f"outage {number}": _timeless(monitor.outage(number)) for number in ids},
        **{f"incident {row['incidentId']}": _timeless(row) for row in siem.incidents()},
        "notifications": [
            {name: value for name, value in each.items() if name != "time"} for each in monitor.notifications()
        ],
    }


def _timeless(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: bool(value) if name in TIMES else value for name, value in row.items()}


@contextmanager
def inside_lab(archive: Path) -> Iterator[InsideLab]:
    """Run a lab in this process until the end of the block, with the connector installed."""
    with running_lab(base_port=0) as running:
        control = Control(running.ready["control"])
        lab = InsideLab(SimpleNamespace(ready=running.ready, control=control), archive)
        monitor, siem = running.products["fortimonitor"], running.products["fortisiem"]
        assert isinstance(monitor, FortiMonitor)
        assert isinstance(siem, FortiSiem)
        lab.monitor, lab.siem = monitor, siem
        yield lab
        lab.close()
        control.close()


def changed(before: State, after: State) -> State:
    """Return what is new or different in the second state."""
    assert before.keys() <= after.keys()
    different = {name: value for name, value in after.items() if before.get(name) != value}
    return {
        name: {key: part for key, part in value.items() if before[name][key] != part}
        if isinstance(value, dict) and name in before
        else value
        for name, value in different.items()
    }


def assert_holds(found: Any, expected: Any, where: str = "data") -> None:
    """Fail unless a value is the expected one. Of an object more may be there; ``...`` is anything but null."""
    if expected is ...:
        assert found is not None, where
    elif isinstance(expected, dict):
        assert isinstance(found, dict), where
        for name, value in expected.items():
            assert name in found, f"{where}.{name}"
            assert_holds(found[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list), where
        assert len(found) == len(expected), where
        for place, value in enumerate(expected):
            assert_holds(found[place], value, f"{where}[{place}]")
    else:
        assert (type(found), found) == (type(expected), expected), where


def assert_fits(schema: Any, data: Any, where: str = "data") -> None:
    """Fail unless data have the keys of an output schema at every depth.

    An empty text stands for a text, a number, true, false or null; a list's element for each of its elements. Every key
    must be there, and no further one, but for what stands above. A list of objects must have one, or nothing is checked;
    those of MAY_BE_EMPTY need not.
    """
    name = where.rpartition(".")[2]
    if where in MAY_BE_NULL and data is None:
        return
    if isinstance(schema, dict):
        assert isinstance(data, dict), where
        if name == OF_EITHER_PRODUCT:
            assert set(data) - {"events"} in map(set, incidents_of_both()), where
            assert set(data) <= set(schema), where
        elif name not in NAMED_BY_OTHERS:
            assert set(data) <= set(schema) if name in SPARSE else set(data) == set(schema), where
        for key in data.keys() & schema.keys():
            assert_fits(schema[key], data[key], f"{where}.{key}")
    elif isinstance(schema, list):
        assert isinstance(data, list), where
        assert data or schema == [""] or name in MAY_BE_EMPTY, where
        for place, value in enumerate(data):
            assert_fits(schema[0], value, f"{where}[{place}]")
    else:
        assert name.partition("[")[0] in ANYTHING or not isinstance(data, (dict, list)), where


def incidents_of_both() -> list[dict[str, Any]]:
    """Return what an incident of FortiMonitor and of FortiSIEM holds that was fetched: not its age, but whose it is."""
    read = (output_schema(action) for action in ("get_fortimonitor_incident", "get_siem_incident"))
    owner = {"configuration_id": ""}
    return [owner | {name: part for name, part in schema.items() if name not in AGES} for schema in read]
