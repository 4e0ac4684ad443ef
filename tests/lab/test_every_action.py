"""Every action of the manifest in the lab: on every version of FortiSIEM, by either way to sign in, and what fails.

Each call goes through FortiSOAR's execute over HTTPS to the built archive. What succeeds stands in
tests/support/every_action.py; what fails, with its whole message, in the tables below. An action without a line in them
fails a test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.fortisiem.versions import VERSIONS, Version
from tests.support.every_action import CALLS, NEW, ORDINARY, Call, InsideLab, assert_holds, changed, inside_lab
from tests.support.installed import BY_TOKEN, INFO, TAG

OPERATIONS = {operation["operation"] for operation in INFO["operations"]}
OF_BOTH_PRODUCTS = ("close_incident", "get_incident_state", "get_diagnostics")
Server = tuple[str, dict[str, str]]
SERVERS: dict[str, Server] = {**{version: (version, {}) for version in VERSIONS}, "7.5.1 by token": ("7.5.1", BY_TOKEN)}


@pytest.fixture(scope="module")
def lab(archive: Path) -> Iterator[InsideLab]:
    with inside_lab(archive) as lab:
        yield lab


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, lab: InsideLab) -> Server:
    """A version of FortiSIEM and a way to sign in; FortiSOAR's workers know nothing of the one before."""
    lab.install()
    return SERVERS[request.param]


def test_every_action_is_called() -> None:
    assert {call.operation for call in CALLS.values()} == OPERATIONS


def asks_fortisiem(call: Call) -> bool:
    """Return whether a call, or what comes before it, asks FortiSIEM."""
    operations = {call.operation, *(operation for operation, _ in call.before)}
    named = any("siem" in each or each in OF_BOTH_PRODUCTS for each in operations)
    return named or call.params.get("source") == "FortiSIEM"


@pytest.mark.parametrize(
    ("server", "name"),
    [
        pytest.param(each, name, id=f"{each}-{name}")
        for each in SERVERS
        for name, call in CALLS.items()
        if each == VERSIONS[0] or asks_fortisiem(call)
    ],
    indirect=["server"],
)
def test_it_works_on_every_version_that_can_and_says_so_on_the_others(
    lab: InsideLab, server: Server, name: str
) -> None:
    version, sign_in = server
    call = CALLS[name]
    configuration = lab.fresh(sign_in, version=version)
    if Version(version) < call.since:
        before = lab.stored()
        assert not call.older or lab.failure(call.operation, call.params, configuration) == call.older
        assert (lab.writes(), lab.stored()) == ([], before)
        return
    if not Version(version).lists_incidents:
        call = replace(call, **call.blind)
    lab.prepare(call, configuration)
    before = lab.stored()

    assert_holds(lab.execute(call.operation, call.params, configuration), lab.filled(call.data))
    assert sorted(lab.writes()) == sorted(call.writes)
    after = lab.stored()
    assert changed(before, after) == lab.filled(call.changes)

    if call.again is not None:
        lab.forget_requests()
        assert_holds(lab.execute(call.operation, call.params, configuration), call.again)
        assert sorted(lab.writes()) == sorted(call.again_writes)
        assert lab.stored() == after


def test_events_are_asked_for_as_the_version_allows(lab: InsideLab, server: Server) -> None:
    version, sign_in = server
    if not Version(version).lists_incidents:
        return  # it fails, as the test of every version has it
    configuration = lab.fresh(sign_in, version=version)
    lab.prepare(CALLS["events"], configuration)
    data = lab.execute("get_siem_incident_events", {"incident_id": 1}, configuration)
    address = "GET /phoenix/rest/pub/incident/triggeringEvents"
    sent = [each for each in lab.sent() if each.startswith("GET")]
    if Version(version).runs_triggering_event_queries:
        assert [each.removeprefix(address).split("/")[1] for each in sent] == ["start", "progress", "result"]
    else:
        assert sent == [f"{address}/start", address]
    # Their ids are more than a double can tell apart.
    assert len({event["event_id"] for event in data["events"]}) == 3
    assert all(event["received"].endswith("Z") or "+" in event["received"] for event in data["events"])


@pytest.mark.parametrize("name", CALLS)
def test_values_as_text_do_the_same_as_values_in_their_types(lab: InsideLab, name: str) -> None:
    call = CALLS[name]
    sent = []
    for params, coercion in ((call.params, False), ({**call.params, **call.as_text}, False), (call.params, True)):
        configuration = lab.fresh()
        lab.prepare(call, configuration)
        lab.control.switch("fortisoar", coercion=coercion)
        before = lab.stored()
        assert_holds(lab.execute(call.operation, params, configuration), lab.filled(call.data))
        lab.control.switch("fortisoar", coercion=False)
        assert changed(before, lab.stored()) == lab.filled(call.changes)
        sent.append(sorted((without_now(request) for request in lab.requests()), key=str))
    assert sent[0] == sent[1] == sent[2]


def without_now(request: tuple[str, str, dict[str, str], Any]) -> tuple[Any, ...]:
    """Return a request without the end of its period, which an action without one of its own takes from the clock."""
    method, path, query, body = request
    return method, path, query, {**body, "timeTo": ...} if isinstance(body, dict) and "timeTo" in body else body


# What fails, with the parameters of the call that succeeds but for what is wrong.

FORTIMONITOR, FORTISIEM = "fortimonitor", "fortisiem"
TITLES = {FORTIMONITOR: "FortiMonitor", FORTISIEM: "FortiSIEM"}
NOTHING = "Nothing was changed."
WRONG = "not-the-secret-0123456789"
WRONG_SECRET = {FORTIMONITOR: {"fortimonitor_api_key": WRONG}, FORTISIEM: {"fortisiem_password": WRONG}}
REFUSAL = {
    FORTIMONITOR: f": Authentication failed (ErrorCode 401). {NOTHING} The API key provided is not valid. Check FortiMonitor "
    "API Key in the configuration.",
    FORTISIEM: f". {NOTHING} Check user name, password and organization: use 'super' for Enterprise deployments and Super "
    "Global accounts, else the organization of the account.",
}
READ_ONLY = (
    f": Method Not Allowed (ErrorCode 405). {NOTHING} A read-only API key is the usual reason; check the key's role under API "
    "keys."
)
NO_OUTAGE = (
    f": Item Not Found (ErrorCode 404). {NOTHING} The requested resource does not exist. IDs of custom incidents may be "
    "negative: the control panel may show the same number without its minus sign. If it is of another account, choose the configuration that owns it."
)
NO_SERVER = (
    f": Item Not Found (ErrorCode 404). {NOTHING} The requested resource does not exist. Check the server's ID, and that "
    "FortiMonitor URL ends in /v2."
)
NO_INCIDENT = f"FortiSIEM shows no incident 4242. {NOTHING} Check the ID, and that the account sees the incident's organization; else choose the configuration that owns it."
IS_OFF = "{title} is switched off in this configuration. {nothing} Choose a way to sign in under {title} Sign-in, or another configuration."
INVALID = "The parameters are not valid: "
INVALID_REQUEST = f"Could not make the API request: {INVALID}"
OUTAGE, MISSING = f"/v2/outage/{NEW}", "/v2/outage/-4242"
LIST, EXTERNAL = "POST /phoenix/rest/pub/incident", "POST /phoenix/rest/incident/external"
CLOSING = "Could not close FortiSIEM incident 1 and its incident in FortiMonitor: "
READING = ("Could not read FortiSIEM incident 1", LIST)


def alike(operations: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return a table in which all operations have one value."""
    return dict.fromkeys(operations, value)


# What the message begins with where a product is switched off, for each that the action needs.
SWITCHED_OFF: dict[str, dict[str, str]] = {
    **alike(
        (
            "create_custom_incident",
            "force_resolve_incident",
            "get_fortimonitor_incident",
            "list_fortimonitor_incidents",
            "get_fortimonitor_incident_log",
            "add_fortimonitor_incident_note",
            "acknowledge_fortimonitor_incident",
            "update_fortimonitor_incident_description",
            "set_fortimonitor_incident_summary",
            "set_fortimonitor_incident_tags",
            "set_fortimonitor_incident_lead",
            "escalate_fortimonitor_incident",
            "broadcast_fortimonitor_incident",
            "delay_fortimonitor_incident_alerts",
            "list_fortimonitor_servers",
            "list_incident_textkeys",
            "list_plugin_textkey_choices",
            "list_resource_textkey_choices",
            "force_resolve_incidents",
        ),
        {FORTIMONITOR: ""},
    ),
    **alike(
        ("get_siem_incident", "get_siem_incident_events", "update_siem_incidents"),
        {FORTISIEM: ""},
    ),
    "list_siem_incidents": {FORTISIEM: "Could not list FortiSIEM incidents: "},
    "list_server_choices": {FORTIMONITOR: "Could not list servers: "},
    **alike(("list_fortimonitor_users", "list_user_choices"), {FORTIMONITOR: "Could not list users: "}),
    "fetch_incidents": {title: f"Could not fetch incidents from {TITLES[title]}: " for title in TITLES},
    "make_fortimonitor_api_request": {FORTIMONITOR: "Could not make the API request: "},
    "make_fortisiem_api_request": {FORTISIEM: "Could not make the API request: "},
    "update_siem_incident": {FORTISIEM: "Could not update FortiSIEM incident 1: "},
    "clear_siem_incident": {FORTISIEM: "Could not clear FortiSIEM incident 1: "},
    "comment_siem_incident": {FORTISIEM: "Could not comment FortiSIEM incident 1: "},
    "escalate_siem_incident": dict.fromkeys(TITLES, "Could not escalate FortiSIEM incident 1: "),
    "close_incident": dict.fromkeys(TITLES, CLOSING),
    "get_incident_state": dict.fromkeys(TITLES, ""),
}
# The first request to the product whose key is wrong, and what it was for.
UNAUTHORIZED: dict[str, dict[str, tuple[str, str]]] = {
    **alike(
        (
            "force_resolve_incident",
            "get_fortimonitor_incident",
            "update_fortimonitor_incident_description",
            "set_fortimonitor_incident_summary",
            "set_fortimonitor_incident_tags",
        ),
        {FORTIMONITOR: (f"Could not read incident {NEW}", f"GET {OUTAGE}")},
    ),
    **alike(
        ("create_custom_incident", "list_fortimonitor_incidents"),
        {FORTIMONITOR: ("Could not list the incidents of server 1001", "GET /v2/server/1001/outage")},
    ),
    **alike(
        ("get_fortimonitor_incident_log", "add_fortimonitor_incident_note"),
        {FORTIMONITOR: (f"Could not read the log of incident {NEW}", f"GET {OUTAGE}/outage_log")},
    ),
    **alike(
        ("escalate_fortimonitor_incident", "delay_fortimonitor_incident_alerts"),
        {FORTIMONITOR: ("Could not find user 'soar@example.com'", "GET /v2/user")},
    ),
    **alike(
        ("list_incident_textkeys", "list_plugin_textkey_choices", "list_resource_textkey_choices"),
        {FORTIMONITOR: ("Could not list textkeys", "GET /v2/server/1001/agent_resource")},
    ),
    "acknowledge_fortimonitor_incident": {
        FORTIMONITOR: (f"Could not read incident {ORDINARY}", f"GET /v2/outage/{ORDINARY}")
    },
    "set_fortimonitor_incident_lead": {
        FORTIMONITOR: (f"Could not set the lead of incident {NEW}", f"PUT {OUTAGE}/lead")
    },
    "broadcast_fortimonitor_incident": {
        FORTIMONITOR: (f"Could not broadcast a message on incident {NEW}", f"PUT {OUTAGE}/broadcast")
    },
    **alike(
        ("list_fortimonitor_servers", "list_server_choices"),
        {FORTIMONITOR: ("Could not list servers", "GET /v2/server")},
    ),
    **alike(("list_fortimonitor_users", "list_user_choices"), {FORTIMONITOR: ("Could not list users", "GET /v2/user")}),
    "make_fortimonitor_api_request": {FORTIMONITOR: ("Could not make the API request", "GET /v2/outage/active")},
    "force_resolve_incidents": {FORTIMONITOR: (f"Could not resolve incident {NEW}", f"PUT {OUTAGE}/force_resolve")},
    **alike(
        # Where a comment is verified, the incident is read before it is updated.
        (
            "clear_siem_incident",
            "get_siem_incident",
            "close_incident",
            "update_siem_incident",
            "comment_siem_incident",
        ),
        {FORTISIEM: READING},
    ),
    "list_siem_incidents": {FORTISIEM: ("Could not list FortiSIEM incidents", LIST)},
    "fetch_incidents": {
        FORTIMONITOR: ("Could not list the incidents", "GET /v2/outage"),
        FORTISIEM: ("Could not list FortiSIEM incidents", LIST),
    },
    "get_siem_incident_events": {
        FORTISIEM: ("Could not read the events of FortiSIEM incident 1", f"GET{LIST[4:]}/triggeringEvents/start")
    },
    "make_fortisiem_api_request": {FORTISIEM: ("Could not make the API request", EXTERNAL)},
    "update_siem_incidents": {FORTISIEM: ("Could not read the FortiSIEM incidents", LIST)},
    "escalate_siem_incident": {
        FORTIMONITOR: ("Could not list the incidents of server 1001", "GET /v2/server/1001/outage"),
        FORTISIEM: READING,
    },
    "get_incident_state": {FORTIMONITOR: (f"Could not read incident {NEW}", f"GET {OUTAGE}"), FORTISIEM: READING},
}
# The write that a read-only key may not do.
READ_ONLY_KEY: dict[str, tuple[str, str]] = {
    "create_custom_incident": ("create a custom incident on server 1001", "POST /v2/server/1001/custom_incident"),
    "force_resolve_incident": (f"resolve incident {NEW}", f"PUT {OUTAGE}/force_resolve"),
    "add_fortimonitor_incident_note": (f"add a note to incident {NEW}", f"POST {OUTAGE}/outage_log"),
    "acknowledge_fortimonitor_incident": (
        f"acknowledge incident {ORDINARY}",
        f"PUT /v2/outage/{ORDINARY}/acknowledge",
    ),
    "update_fortimonitor_incident_description": (
        f"update the description of incident {NEW}",
        f"PUT {OUTAGE}/description",
    ),
    "set_fortimonitor_incident_summary": (f"set the summary of incident {NEW}", f"PUT {OUTAGE}/summary"),
    "set_fortimonitor_incident_tags": (f"set the tags of incident {NEW}", f"PUT {OUTAGE}/tags"),
    "set_fortimonitor_incident_lead": (f"set the lead of incident {NEW}", f"PUT {OUTAGE}/lead"),
    "escalate_fortimonitor_incident": (f"escalate incident {NEW}", f"PUT {OUTAGE}/escalate"),
    "broadcast_fortimonitor_incident": (f"broadcast a message on incident {NEW}", f"PUT {OUTAGE}/broadcast"),
    "delay_fortimonitor_incident_alerts": (f"delay the alerts of incident {NEW}", f"PUT {OUTAGE}/delay/600"),
    "escalate_siem_incident": ("create a custom incident on server 1001", "POST /v2/server/1001/custom_incident"),
}
READERS = {
    "get_fortimonitor_incident",
    "list_fortimonitor_incidents",
    "get_fortimonitor_incident_log",
    "list_fortimonitor_servers",
    "list_fortimonitor_users",
    "list_incident_textkeys",
    "list_plugin_textkey_choices",
    "list_resource_textkey_choices",
    "list_server_choices",
    "list_user_choices",
    "make_fortimonitor_api_request",
    "get_incident_state",
    "fetch_incidents",
}
NO_ID = (
    f"{INVALID}FortiMonitor Incident 'abc' is not an ID such as -28000855, #-28000855, a URL such as "
    f"{{fortimonitor}}/outage/-28000855, or a Source ID such as fortimonitor:api2.panopta.com:-28000855. {NOTHING}"
)
NO_USER = f"User 'nobody@example.com' is no user's ID, user name or URL, or the API key cannot see it. {NOTHING}"
ZERO = f"{INVALID}FortiSIEM Incident ID '0' is not an ID such as 42, or a Source ID such as fortisiem:siem.example.com:42. {NOTHING}"
NOT_READ = (
    f"Could not read incident -4242: FortiMonitor answered 404 to GET {MISSING}{NO_OUTAGE}",
    f"GET {MISSING}",
)
NOT_UPDATED = (
    f"Could not update FortiSIEM incident 4242: FortiSIEM answered 200 to {EXTERNAL}: Incident not found. {NOTHING} Check that "
    "incident 4242 exists in organization super."
)
UNKNOWN, NOBODY = {"incident": -4242}, {"who": "nobody@example.com"}


def _unknown(goal: str, write: str) -> str:
    return f"Could not {goal} incident -4242: FortiMonitor answered 404 to {write[:4]}{MISSING}{write[4:]}{NO_OUTAGE}"


# What is wrong in the parameters, the whole message, and the last request, none where nothing is sent.
MISTAKES: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "create_custom_incident",
        {"server": 4242},
        f"Could not list the incidents of server 4242: FortiMonitor answered 404 to GET /v2/server/4242/outage{NO_SERVER}",
        "GET /v2/server/4242/outage",
    ),
    (
        "create_custom_incident",
        {"auto_close_duration": "soon"},
        f"{INVALID}Auto Close Duration 'soon' is not a whole number. {NOTHING}",
        "",
    ),
    *(
        (operation, UNKNOWN, *NOT_READ)
        for operation in (
            "force_resolve_incident",
            "get_fortimonitor_incident",
            "acknowledge_fortimonitor_incident",
            "update_fortimonitor_incident_description",
            "set_fortimonitor_incident_summary",
            "set_fortimonitor_incident_tags",
        )
    ),
    *(
        (operation, UNKNOWN, _unknown("read the log of", "GET /outage_log"), f"GET {MISSING}/outage_log")
        for operation in ("get_fortimonitor_incident_log", "add_fortimonitor_incident_note")
    ),
    *(
        (operation, UNKNOWN, _unknown(goal, f"PUT /{endpoint}"), f"PUT {MISSING}/{endpoint}")
        for operation, goal, endpoint in (
            ("set_fortimonitor_incident_lead", "set the lead of", "lead"),
            ("escalate_fortimonitor_incident", "escalate", "escalate"),
            ("broadcast_fortimonitor_incident", "broadcast a message on", "broadcast"),
            ("delay_fortimonitor_incident_alerts", "delay the alerts of", "delay/600"),
        )
    ),
    *(
        (operation, {"incident": "abc"}, NO_ID, "")
        for operation in sorted({call.operation for call in CALLS.values() if "incident" in call.params})
    ),
    *(
        (operation, NOBODY, f"Could not {goal} incident {outage_id}: {INVALID}{NO_USER}", "GET /v2/user")
        for operation, goal, outage_id in (
            ("acknowledge_fortimonitor_incident", "acknowledge", ORDINARY),
            ("set_fortimonitor_incident_summary", "set the summary of", NEW),
            ("set_fortimonitor_incident_lead", "set the lead of", NEW),
            ("escalate_fortimonitor_incident", "escalate", NEW),
            ("broadcast_fortimonitor_incident", "broadcast a message on", NEW),
            ("delay_fortimonitor_incident_alerts", "delay the alerts of", NEW),
        )
    ),
    (
        "list_fortimonitor_incidents",
        {"started_before": "2019-01-01T00:00:00Z"},
        f"{INVALID}Started After must not be later than Started Before. {NOTHING}",
        "",
    ),
    (
        "fetch_incidents",
        {"watermark": "yesterday"},
        f"{INVALID}Watermark 'yesterday' is not one that this action returned, such as 1700000000000. {NOTHING}",
        "",
    ),
    (
        "fetch_incidents",
        {"source": "FortiGate"},
        f"{INVALID}Source 'FortiGate' is not one of: FortiSIEM, FortiMonitor. {NOTHING}",
        "",
    ),
    (
        "list_fortimonitor_servers",
        {"max_results": 0},
        f"{INVALID}Max Results '0' is not between 1 and 25000. {NOTHING}",
        "",
    ),
    (
        "list_fortimonitor_users",
        {"username": ["oncall"]},
        f"{INVALID}Username '[\"oncall\"]' is not text. {NOTHING}",
        "",
    ),
    *(
        (
            operation,
            {"server": 4242},
            f"Could not list textkeys: FortiMonitor answered 404 to GET /v2/server/4242/agent_resource{NO_SERVER}",
            "GET /v2/server/4242/agent_resource",
        )
        for operation in ("list_incident_textkeys", "list_plugin_textkey_choices", "list_resource_textkey_choices")
    ),
    (
        "make_fortimonitor_api_request",
        {"endpoint": f"/outage/{ORDINARY}/acknowledge"},
        f"{INVALID_REQUEST}Endpoint '/outage/2002/acknowledge' changes something although it is a GET; use PUT. {NOTHING}",
        "",
    ),
    (
        "make_fortimonitor_api_request",
        {"endpoint": "https://example.com/v2/outage"},
        f"{INVALID_REQUEST}Endpoint 'https://example.com/v2/outage' is neither a path that begins with / nor a URL of "
        f"{{fortimonitor}}. {NOTHING}",
        "",
    ),
    *(
        (operation, {"incident_id": 4242}, NOT_UPDATED, EXTERNAL)
        for operation in ("update_siem_incident", "comment_siem_incident")
    ),
    ("clear_siem_incident", {"incident_id": 4242}, f"Could not clear FortiSIEM incident 4242: {NO_INCIDENT}", LIST),
    ("get_siem_incident", {"incident_id": 4242}, NO_INCIDENT, LIST),
    (
        "get_incident_state",
        {"incident_id": 4242},
        f"Could not compare FortiSIEM incident 4242 with its incident in FortiMonitor: {NO_INCIDENT}",
        LIST,
    ),
    (
        "escalate_siem_incident",
        {"incident_id": 4242},
        f"Could not escalate FortiSIEM incident 4242: {NO_INCIDENT}",
        LIST,
    ),
    (
        "close_incident",
        {"incident_id": 4242},
        f"Could not close FortiSIEM incident 4242 and its incident in FortiMonitor: {NO_INCIDENT}",
        LIST,
    ),
    (
        "get_siem_incident_events",
        {"incident_id": 4242},
        f"Could not read the events of FortiSIEM incident 4242: FortiSIEM answered 400 to GET{LIST[4:]}/triggeringEvents/start: "
        f"Invalid Incident Id 4242. {NOTHING} Check that the incident exists in organization super.",
        f"GET{LIST[4:]}/triggeringEvents/start",
    ),
    *(
        (operation, {"incident_id": 0}, ZERO, "")
        for operation in (
            "update_siem_incident",
            "clear_siem_incident",
            "comment_siem_incident",
            "get_siem_incident",
            "get_siem_incident_events",
            "escalate_siem_incident",
            "close_incident",
            "get_incident_state",
        )
    ),
    (
        "list_siem_incidents",
        {"severity": "Highest"},
        f"{INVALID}Severity '[\"Highest\"]' is not one of: Low, Medium, High. {NOTHING}",
        "",
    ),
    (
        "make_fortisiem_api_request",
        {"endpoint": "/nowhere"},
        f"Could not make the API request: FortiSIEM answered 404 to POST /phoenix/rest/nowhere. {NOTHING} The server does not "
        "have this resource. Check FortiSIEM Server; updating incidents needs FortiSIEM 5.2.5 or newer, reading them FortiSIEM "
        "6.3.0 or newer.",
        "POST /phoenix/rest/nowhere",
    ),
    (
        "update_siem_incidents",
        {"items": [{"incident_id": 1, "comments": "Seen"}, {"incident_id": 1, "comments": "Again"}, {"comments": "x"}]},
        f"{INVALID}Item 3: FortiSIEM Incident ID is required. {NOTHING}",
        "",
    ),
    (
        "update_siem_incidents",
        {"items": [{"incident_id": 1, "comments": "Seen"}, {"incident_id": 1, "comments": "Again"}]},
        f"{INVALID}Items 1 and 2 are for the same incident 1. {NOTHING}",
        "",
    ),
    (
        "force_resolve_incidents",
        {"items": [NEW, "abc"]},
        NO_ID.replace("FortiMonitor Incident 'abc'", "Item 2: FortiMonitor Incident 'abc'"),
        "",
    ),
    (
        "force_resolve_incidents",
        {"items": {}},
        f"{INVALID}Items '{{}}' is not a JSON list of 1 to 1000 items. {NOTHING}",
        "",
    ),
]


def call_of(operation: str) -> Call:
    return next(call for call in CALLS.values() if call.operation == operation)


def source_of(operation: str, product: str) -> dict[str, str]:
    """Return the parameter by which the one action that asks either product asks this one."""
    return {"source": TITLES[product]} if operation == "fetch_incidents" else {}


def refused(lab: InsideLab, operation: str, configuration: str, **wrong: Any) -> str:
    """Run an action that must fail and change nothing; return its message without FortiSOAR's own words."""
    call = call_of(operation)
    lab.prepare(call, lab.configuration())
    before = lab.stored()
    message = lab.failure(operation, {**call.params, **wrong}, configuration)
    assert message.endswith(TAG)
    assert lab.stored() == before
    return message.removesuffix(TAG)


def test_every_action_has_its_failures() -> None:
    without_parameters = {"list_server_choices", "list_user_choices"}
    for table in (SWITCHED_OFF, UNAUTHORIZED, {operation for operation, *_ in MISTAKES} | without_parameters):
        assert set(table) == OPERATIONS - {"get_diagnostics"}
    of_fortimonitor = {operation for operation, goals in SWITCHED_OFF.items() if FORTIMONITOR in goals}
    assert READ_ONLY_KEY.keys() | READERS | {"close_incident", "force_resolve_incidents"} == of_fortimonitor


@pytest.mark.parametrize(
    ("operation", "product"), [(operation, product) for operation, goals in SWITCHED_OFF.items() for product in goals]
)
def test_a_product_that_is_switched_off_is_named(lab: InsideLab, operation: str, product: str) -> None:
    configuration = lab.fresh({f"{product}_sign_in": "Off"})
    message = refused(lab, operation, configuration, **source_of(operation, product))
    assert message == SWITCHED_OFF[operation][product] + IS_OFF.format(title=TITLES[product], nothing=NOTHING)
    assert lab.writes() == []


@pytest.mark.parametrize(
    ("operation", "product"), [(operation, product) for operation, asked in UNAUTHORIZED.items() for product in asked]
)
def test_a_wrong_key_is_tried_once(lab: InsideLab, operation: str, product: str) -> None:
    configuration = lab.fresh(WRONG_SECRET[product])
    goal, request = UNAUTHORIZED[operation][product]
    message = refused(lab, operation, configuration, **source_of(operation, product))
    said = f"{TITLES[product]} answered 401 to {request}{REFUSAL[product]}"
    assert message == (f"{goal}: {said}" if goal else said)
    assert [entry["status"] for entry in lab.control.journal(product)] == [401]


@pytest.mark.parametrize("operation", READ_ONLY_KEY)
def test_a_read_only_key_is_told_so_and_tried_once(lab: InsideLab, operation: str) -> None:
    configuration = lab.fresh({"fortimonitor_api_key": lab.ready["fortimonitor"]["read_only_api_key"]})
    goal, request = READ_ONLY_KEY[operation]
    assert (
        refused(lab, operation, configuration) == f"Could not {goal}: FortiMonitor answered 405 to {request}{READ_ONLY}"
    )
    assert lab.writes() == [request]


def test_a_read_only_key_costs_each_of_few_items_and_nothing_is_resolved(lab: InsideLab) -> None:
    configuration = lab.fresh({"fortimonitor_api_key": lab.ready["fortimonitor"]["read_only_api_key"]})
    call = CALLS["resolves"]
    lab.prepare(call, lab.configuration())
    before = lab.stored()
    data = lab.execute(call.operation, call.params, configuration)
    assert (data["outcome"], data["changed"], data["stopped_by"], data["resume"]) == ("failed", False, None, [])
    assert data["counts"] == {"done": 0, "already_done": 0, "failed": 2, "unknown": 0, "not_attempted": 0}
    for result, number in zip(data["results"], (NEW, NEW - 1), strict=True):
        said = f"FortiMonitor answered 405 to PUT /v2/outage/{number}/force_resolve{READ_ONLY}"
        assert result["message"] == f"Could not resolve incident {number}: {said}"
        assert (result["outcome"], result["changed"]) == ("failed", False)
    assert sorted(lab.writes()) == sorted(call.writes)  # each was tried once
    assert lab.stored() == before


@pytest.mark.parametrize("operation", sorted(READERS))
def test_a_read_only_key_suffices_to_read(lab: InsideLab, operation: str) -> None:
    call = call_of(operation)
    configuration = lab.fresh({"fortimonitor_api_key": lab.ready["fortimonitor"]["read_only_api_key"]})
    lab.prepare(call, lab.configuration())
    assert_holds(lab.execute(operation, call.params, configuration), lab.filled(call.data))


@pytest.mark.parametrize(
    ("operation", "wrong", "message", "last"),
    MISTAKES,
    ids=[f"{operation}-{'-'.join(wrong)}-{place}" for place, (operation, wrong, *_) in enumerate(MISTAKES)],
)
def test_a_mistake_in_the_parameters_is_named(
    lab: InsideLab, operation: str, wrong: dict[str, Any], message: str, last: str
) -> None:
    assert refused(lab, operation, lab.fresh(), **wrong) == lab.filled(message)
    assert lab.sent()[-1:] == ([last] if last else [])
    assert lab.writes() == ([last] if last and last != LIST and not last.startswith("GET") else [])


@pytest.mark.parametrize(
    ("changes", "said", "writes"),
    [
        (
            WRONG_SECRET[FORTIMONITOR],
            f"Could not read incident {NEW}: FortiMonitor answered 401 to GET {OUTAGE}{REFUSAL[FORTIMONITOR]}",
            [EXTERNAL],
        ),
        (
            {"fortimonitor_api_key": "{read_only}"},
            f"Could not resolve incident {NEW}: FortiMonitor answered 405 to PUT {OUTAGE}/force_resolve{READ_ONLY}",
            [f"PUT {OUTAGE}/force_resolve", EXTERNAL],
        ),
    ],
    ids=["wrong key", "read-only key"],
)
def test_a_close_that_is_half_done_says_so_and_is_finished_by_running_it_again(
    lab: InsideLab, changes: dict[str, str], said: str, writes: list[str]
) -> None:
    call = CALLS["close"]
    key = lab.ready["fortimonitor"]["read_only_api_key"]
    configuration = lab.fresh({name: value.replace("{read_only}", key) for name, value in changes.items()})
    lab.prepare(call, lab.configuration())
    before = lab.stored()
    message = lab.failure(call.operation, call.params, configuration)
    part = "A part of it was done. Running it again finishes the rest."
    assert (
        message == f"{CLOSING}FortiSIEM is done (incident 1); FortiMonitor is not: {said.replace(NOTHING, part)}{TAG}"
    )
    assert lab.writes() == writes
    # The ticket is closed only once what it names is resolved.
    of_siem = {name: value for name, value in call.changes["incident 1"].items() if name != "incidentExtTicketState"}
    assert changed(before, lab.stored()) == lab.filled({"incident 1": of_siem})
    lab.forget_requests()
    again = lab.execute(call.operation, call.params)
    assert (again["fortimonitor"]["outcome"], again["fortisiem"]["outcome"]) == ("done", "done")
    assert lab.writes() == [f"PUT {OUTAGE}/force_resolve", EXTERNAL]
    assert changed(before, lab.stored()) == lab.filled(call.changes)


@pytest.mark.parametrize("product", TITLES)
def test_diagnostics_tell_what_is_wrong_and_do_not_fail(lab: InsideLab, product: str) -> None:
    configuration = lab.fresh(WRONG_SECRET[product])
    data = lab.execute("get_diagnostics", {}, configuration)
    usable = {each["product"]: each["is_usable"] for each in data["products"]}
    assert usable == {title: name != product for name, title in TITLES.items()}
    message = next(each["message"] for each in data["products"] if each["product"] == TITLES[product])
    request = {FORTIMONITOR: "GET /v2/outage/active", FORTISIEM: "GET /phoenix/rest/system/health/summary"}[product]
    refusal = REFUSAL[product].replace(f" {NOTHING}", "")
    assert message == f"{TITLES[product]} answered 401 to {request}{refusal}"
    lab.assert_no_secret(json.dumps(data), WRONG)
