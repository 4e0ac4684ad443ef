"""The connector under every position of every switch of the three products.

What sources leave open must not matter: whatever the position, the same scenario ends with one incident and the same
words about it, or with a refusal that says what was changed. Where an action must fail, the tables below say so. A new
switch has no line in them, and its tests fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lab.fortimonitor.switches import DECLARED as FORTIMONITOR_SWITCHES
from lab.fortisiem.switches import SWITCHES as FORTISIEM_SWITCHES
from lab.fortisiem.versions import VERSIONS
from lab.fortisoar.switches import SWITCHES as FORTISOAR_SWITCHES
from lab.kit.sending import SENDING
from lab.kit.switches import Switch
from lab.kit.texts import WITH_AUTHOR
from tests.support.every_action import (
    BEGAN_EARLIER,
    CALLS,
    NEW,
    SHOWN_SIEM,
    InsideLab,
    assert_holds,
    changed,
    inside_lab,
)
from tests.support.installed import BY_TOKEN, TAG, InstalledBridge

CREATE, RESOLVE, UPDATE = "create_custom_incident", "force_resolve_incident", "update_siem_incident"
MARKER = "/api/3/alerts/42"
UNKNOWN = 4242
ORDINARY = 2002
SECOND = 2  # the FortiSIEM incident of the scenario
DECLARED = {"fortimonitor": FORTIMONITOR_SWITCHES, "fortisiem": FORTISIEM_SWITCHES, "fortisoar": FORTISOAR_SWITCHES}
WRONG = "not-the-secret-0123456789"

TICKET = {"external_ticket_type": "High", "external_ticket_id": "INC0012345", "external_ticket_state": "In Progress"}
ATTRIBUTES = {"status": "Manually Cleared", "comments": "Handled", **TICKET}
STORED = {  # where FortiSIEM stores an attribute, and what
    "status": ("incidentStatus", 2),
    "comments": ("incidentComments", "Handled"),
    "severity": ("eventSeverityCat", "LOW"),
    "resolution": ("incidentReso", 3),
    "external_ticket_type": ("incidentExtTicketType", "HIGH"),
    "external_ticket_id": ("incidentExtTicketId", "INC0012345"),
    "external_ticket_state": ("incidentExtTicketState", "In Progress"),
}
# What FortiSIEM itself changes when an incident is cleared.
CLEARING = {"incidentStatus", "incidentClearedTime", "incidentClearedUser", "incidentClearedReason"}


@dataclass(frozen=True)
class Case:
    """How the scenario goes under a switch.

    Parameters:
        together: positions of other switches of that product, without which this one would not matter.
        configuration: changes of the configuration.
        create, update: more parameters of the create, and the attributes of the update.
        fails: for each position and step, the core of the message with which it must fail.
        warned: for each position, the core of the warning with which the create must succeed.
        sometimes: for each position, the core of the message with which any step may fail.
        verified: for each position, what the update finds when it is other than "applied" throughout.
    """

    together: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    create: dict[str, Any] = field(default_factory=dict)
    update: dict[str, str] = field(default_factory=lambda: ATTRIBUTES)
    fails: dict[Any, dict[str, str]] = field(default_factory=dict)
    warned: dict[Any, str] = field(default_factory=dict)
    sometimes: dict[Any, str] = field(default_factory=dict)
    verified: dict[Any, dict[str, str]] = field(default_factory=dict)


PASSES = Case()
NOT_IN_WHOLE = (
    "FortiMonitor's list of incidents could not be read in whole, so an earlier one of this event may have been"
)
EVERY_CREATE_OPTION = {
    "metadata": {"alert": "42", "count": 3, "urgent": True},
    "start_time": "2026-02-03T06:30:00+01:00",
    "auto_close_duration": 86400,
}


def for_each(positions: Any, **fails: str) -> dict[Any, dict[str, str]]:
    """Let steps fail alike under several positions; ``{}`` stands for the position."""
    return {each: {step: core.replace("{}", str(each)) for step, core in fails.items()} for each in positions}


# How answers are sent makes no difference to any step.
SENT = {switch.name: PASSES for switch in SENDING}

FORTIMONITOR = {
    "rate_limit": PASSES,
    "rate_limit_header": PASSES,  # and see the tests of the rate limit
    "auth_order": Case(
        configuration={"fortimonitor_api_key": WRONG},
        fails=for_each(
            ("key_first", "path_first"),
            health="FortiMonitor answered 401 to GET /v2/outage/active",
            create="FortiMonitor answered 401 to GET /v2/server/1001/outage",
            resolve_unknown="FortiMonitor answered 401 to PUT /v2/outage/-4242/force_resolve",
            resolve_ordinary="FortiMonitor answered 401 to PUT /v2/outage/2002/force_resolve",
        ),
    ),
    "allow_query_key": PASSES,
    "read_only_status": Case(
        configuration={"fortimonitor_api_key": "{read_only}"},
        fails=for_each(
            (405, 401, 403),
            create="FortiMonitor answered {} to POST /v2/server/1001/custom_incident",
            resolve_unknown="FortiMonitor answered {} to PUT /v2/outage/-4242/force_resolve",
            resolve_ordinary="FortiMonitor answered {} to PUT /v2/outage/2002/force_resolve",
        ),
    ),
    "error_shape": PASSES,
    "error_headers": PASSES,
    "custom_incidents": Case(fails={False: {"create": "Custom incidents are not enabled for this account"}}),
    "feature_off_status": Case(
        together={"custom_incidents": False},
        fails=for_each((400, 401, 404, 405), create="FortiMonitor answered {} to POST /v2/server/1001/custom_incident"),
    ),
    "unknown_textkeys_status": Case(
        create={"resource_textkey": "nonsense"},
        fails={
            **for_each((400, 404), create="FortiMonitor answered {} to POST /v2/server/1001/custom_incident"),
            500: {
                "create": f"and no incident with correlation id '{MARKER}' was found afterwards. Whether anything was changed "
                f"is unknown. Wait 5 minutes, then run the action again with Correlation ID {MARKER}"
            },
        },
    ),
    "strict_fields": Case(create=EVERY_CREATE_OPTION),
    "metadata_values": Case(create=EVERY_CREATE_OPTION),
    "id_sign": PASSES,
    "create_status": PASSES,
    "create_body": PASSES,
    "location": PASSES,
    "id_header": PASSES,
    "metadata_in_description": Case(create=EVERY_CREATE_OPTION),
    "metadata_shown": Case(create=EVERY_CREATE_OPTION),
    "server_id_form": PASSES,
    "resolve_status": PASSES,
    "resolve_resolved_status": PASSES,
    "resolve_ordinary_status": PASSES,
    "page_cap": PASSES,  # and see the test of pages
    "fqdn_match": Case(create={"server": "web-01.example.com"}),
    "definitions_listed": PASSES,
    "put_status": PASSES,
    "acknowledge_anomaly": PASSES,
    "who_required": PASSES,
    "description_keeps_metadata": PASSES,
    "log_on_resolved": PASSES,
    "people_match": PASSES,
    "severity_words": PASSES,
    "start_time": PASSES,
    "tags": PASSES,
    "acknowledged": PASSES,
    "description": PASSES,
    "notes": PASSES,
    "url_host": PASSES,
    "total_count": Case(warned={"too_high": NOT_IN_WHOLE}),
    "next": PASSES,
    "odd_rows": Case(warned=dict.fromkeys(("without_url", "no_object"), NOT_IN_WHOLE)),
    "shows_after_seconds": Case(together={"seconds_to_answer": 30}),  # and see the tests of what shows late
    **SENT,
}

EXTERNAL, TWIN = "/phoenix/rest/incident/external", "/phoenix/rest/pub/incident/update"
READ = "/phoenix/rest/pub/incident"
TOKEN_FAILS = "FortiSIEM answered 400 to POST /phoenix/rest/pub/security/oauth/token: BAD_REQUEST: "


def refused_tokens(**words: str) -> dict[Any, dict[str, str]]:
    return {each: dict.fromkeys(("health", "update", "update_unknown"), text) for each, text in words.items()}


FORTISIEM = {
    "version": Case(verified={"5.2.5": dict.fromkeys(ATTRIBUTES, "not readable")}),
    "external_endpoint": PASSES,
    "twin_endpoint": PASSES,
    "comments_mode": PASSES,
    "comments": Case(verified={WITH_AUTHOR: {"comments": "not readable"}}),
    "ok_body": PASSES,
    "ok_content_type": PASSES,
    "unknown_id_mode": PASSES,
    "updates_reach": PASSES,  # and see the test of several configurations
    "strict_vocab": PASSES,
    "empty_text": PASSES,
    "resolution_clears": Case(update={"resolution": "False Positive", "comments": "Handled"}),
    "twin_body_id": Case(together={"external_endpoint": "retired"}),
    "xml_error_under_200": Case(together={"unknown_id_mode": "400xml"}),
    "xml_error_shape": Case(together={"unknown_id_mode": "400xml", "xml_error_under_200": True}),
    "paging_6_7": Case(together={"version": "6.7"}),
    "page_not_ready": PASSES,
    "page_not_ready_status": PASSES,
    "two_page_defect": Case(together={"version": "7.0"}),
    "severity_category_filter": Case(update={"severity": "Low", "comments": "Handled"}),
    "unset_attributes": Case(
        # Before 7.0 this address takes the ticket alone, so that the comment stays unset.
        together={"version": "6.4", "external_endpoint": "retired"},
        update={"comments": "Handled", **TICKET},
        verified={
            "empty": {"comments": "not applied"},
            "null": {"comments": "not applied"},
            "absent": {"comments": "not readable"},
        },
    ),
    "json_content_type": PASSES,
    "largest_page": PASSES,
    "further_pages": PASSES,
    "total": PASSES,
    "shows_after_seconds": PASSES,
    "ids_need_times": PASSES,
    "numbers": PASSES,
    "times": PASSES,
    "words": PASSES,
    "attribute_lists": PASSES,
    "organization_shown": PASSES,
    "odd_rows": PASSES,
    "no_events": PASSES,
    "concurrency_limit": PASSES,
    "triggering_progress": PASSES,
    "triggering_query_steps": PASSES,
    "health_summary": PASSES,
    "health_node_type_key": PASSES,
    "unauthorized_body": Case(
        configuration={"fortisiem_password": WRONG},
        fails=for_each(
            ("html", "text", "empty"),
            health="FortiSIEM answered 401 to GET /phoenix/rest/system/health/summary",
            # It is read first, for the comment, and refused credentials are not tried again.
            update=f"FortiSIEM answered 401 to POST {READ}",
            update_unknown=f"FortiSIEM answered 401 to POST {READ}",
        ),
    ),
    # FortiSOAR's workers share no memory, so each asks for a token of its own. The second one waits for its turn, but
    # where FortiSIEM gives a client one token only, it must do without.
    "token_single_use": Case(
        together={"token_rate_limit": False},
        configuration=BY_TOKEN,
        sometimes={True: f"{TOKEN_FAILS}Invalid input parameters"},
    ),
    "token_rate_limit": Case(configuration=BY_TOKEN),
    "expires_in_unit": Case(together={"token_rate_limit": False}, configuration=BY_TOKEN),
    **SENT,
    "token_answer": Case(
        together={"token_rate_limit": False},
        configuration=BY_TOKEN,
        fails=refused_tokens(
            unauthorized_user=f"{TOKEN_FAILS}Unauthorized user",
            secret_expired=f"{TOKEN_FAILS}Client secret expired",
            client_revoked=f"{TOKEN_FAILS}Client ID revoked",
            internal_error="FortiSIEM answered 500 to POST /phoenix/rest/pub/security/oauth/token: INTERNAL_ERROR",
        ),
    ),
    "failure": Case(
        fails={
            "429": {
                "health": "FortiSIEM answered 429 to GET /phoenix/rest/system/health/summary, too many requests",
                "update": f"FortiSIEM answered 429 to POST {EXTERNAL}, too many requests. Nothing was changed.",
                "update_unknown": f"FortiSIEM answered 429 to POST {EXTERNAL}, too many requests. Nothing was changed.",
            },
            **{
                position: {
                    "health": f"FortiSIEM answered {said[:3]} to GET /phoenix/rest/system/health/summary",
                    "update": f"FortiSIEM answered {said}. Whether anything was changed is unknown.",
                    "update_unknown": f"FortiSIEM answered {said}. Whether anything was changed is unknown.",
                }
                for position, said in {
                    "500": f"500 to POST {EXTERNAL}",
                    "503_html": f"503 to POST {EXTERNAL}",
                    "html_200": f"200 to POST {EXTERNAL} with a web page instead of an API answer",
                }.items()
            },
        }
    ),
}

FORTISOAR = {
    "coercion": PASSES,
    "operation_in_envelope": PASSES,
    "unconfigured_health_status": PASSES,
    "disconnected_http_status": PASSES,
    "error_with_stack_trace": PASSES,
    "unauthorized_body": PASSES,
    "expired_token_status": PASSES,
    "update_reply_status": PASSES,
    "existing_config_id": PASSES,
    "connector_name_suffices": PASSES,
    "delete_configuration_by_integer": PASSES,
    "incomplete_configuration_status": PASSES,
}


def positions(table: dict[str, Case], declared: Sequence[Switch]) -> list[Any]:
    """Return every position of every switch, for parametrize.

    Where a case adds nothing, all first positions are one and the same scenario: that of the first switch runs.
    """
    return [
        pytest.param(switch.name, position, id=f"{switch.name}={position}")
        for switch in declared
        for position in switch.positions
        if switch is declared[0] or position != switch.positions[0] or table.get(switch.name) != PASSES
    ]


@pytest.fixture(scope="module", autouse=True)
def fresh_workers(lab: Any, archive: Path) -> None:
    """Let FortiSOAR's workers forget what they learnt of FortiSIEM in other tests: tokens, and its address for updates."""
    installed = InstalledBridge(lab, archive)
    installed.install()
    installed.close()


@pytest.fixture
def bridge(fresh_products: Any, archive: Path) -> Iterator[InstalledBridge]:
    installed = InstalledBridge(fresh_products, archive)
    yield installed
    put_back(installed, "fortisoar")
    installed.close()


@pytest.fixture
def forgetful(bridge: InstalledBridge) -> Iterator[InstalledBridge]:
    """The same, for a FortiSIEM that lacks an address for updates: workers remember which one it has."""
    yield bridge
    bridge.install()


def put_back(bridge: InstalledBridge, product: str) -> None:
    """Put every switch of a product into its default position; its data stay."""
    bridge.control.switch(product, **{switch.name: switch.positions[0] for switch in DECLARED[product]})


class Steps:
    """The steps of a scenario: each must end as its case says."""

    def __init__(self, bridge: InstalledBridge, case: Case, position: Any) -> None:
        key = bridge.ready["fortimonitor"]["read_only_api_key"]
        changes = {name: key if value == "{read_only}" else value for name, value in case.configuration.items()}
        self._bridge = bridge
        self._configuration = bridge.configuration(**changes)
        self._fails = case.fails.get(position, {})
        self._sometimes = case.sometimes.get(position)

    def health(self) -> None:
        """Check the configuration's health."""
        core = self._fails.get("health")
        _, health = self._bridge.health(self._configuration)
        if self._sometimes and health["status"] == "Disconnected":
            core = self._sometimes
        assert health["status"] == ("Disconnected" if core else "Available"), health
        assert (core or "Connector is available") in health["message"]

    def take(self, step: str, action: str, **params: Any) -> dict[str, Any] | None:
        """Run an action; return its data, None where it failed as it must or may."""
        if step in self._fails:
            self.refuse(self._fails[step], action, **params)
            return None
        answer = self._bridge.answer(action, params, self._configuration)
        if self._sometimes and answer.status_code == 400:
            assert self._sometimes in answer.json()["message"]
            assert "Nothing was changed." in answer.json()["message"]
            return None
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def refuse(self, core: str, action: str, **params: Any) -> None:
        """Run an action that must fail."""
        message = self._bridge.failure(action, params, self._configuration)
        assert (self._sometimes and self._sometimes in message) or core in message
        assert message.endswith(TAG)
        assert ("Nothing was changed." in message) != ("Whether anything was changed is unknown." in message)

    def refuse_unknown(self, step: str, core: str, action: str, **params: Any) -> None:
        """Run an action on what is not there."""
        self.refuse(self._fails.get(step, core), action, **params)


def fortimonitor_scenario(bridge: InstalledBridge, case: Case, position: Any, switched: dict[str, Any]) -> None:
    """Create, create again, resolve, resolve again; then what is not there, and what is somebody else's."""
    before = bridge.outages()
    bridge.control.switch("fortimonitor", **switched)
    bridge.forget_requests()
    steps = Steps(bridge, case, position)
    params = bridge.create_parameters(**{"correlation_id": MARKER, **case.create})
    steps.health()
    created = steps.take("create", CREATE, **params)
    number = created and created["incident_id"]
    if created:
        assert (created["outcome"], created["changed"]) == ("done", True)
        warning = case.warned.get(position, BEGAN_EARLIER if "start_time" in case.create else None)
        assert created["warning"] is None if warning is None else warning in created["warning"]
        assert created["confirmed_by"] == "read_back"
        again = steps.take("create_again", CREATE, **params)
        summary = f"FortiMonitor incident {number} was already created on server 1001; nothing was changed."
        nothing_sent = {"outcome": "already_done", "changed": False, "attempts": 0, "request": {}, "warning": None}
        assert again == {**created, **nothing_sent, "summary": summary}
        assert bridge.fortimonitor(f"/outage/{number}")["status"] == "active"
        resolve = {"incident": str(number), "reason": "Over"}
        resolved = steps.take("resolve", RESOLVE, **resolve, expect_correlation_id=MARKER)
        assert resolved
        assert (resolved["outcome"], resolved["incident_id"]) == ("done", number)
        again = steps.take("resolve_again", RESOLVE, **resolve, expect_correlation_id=MARKER)
        assert again
        assert (again["outcome"], again["changed"], again["attempts"]) == ("already_done", False, 0)
        # Where FortiMonitor takes a second resolve without a word, only a read before it could tell the two apart.
        takes_it = switched.get("resolve_resolved_status") == 204
        again = steps.take("resolve_again", RESOLVE, **resolve)
        assert again
        assert (again["outcome"], again["attempts"]) == ("done" if takes_it else "already_done", 1)
    unknown = (
        f"Could not resolve incident -{UNKNOWN}: FortiMonitor answered 404 to PUT /v2/outage/-{UNKNOWN}/force_resolve"
    )
    steps.refuse_unknown("resolve_unknown", unknown, RESOLVE, incident=f"-{UNKNOWN}")
    ordinary = f"Could not resolve incident {ORDINARY}: it is an ordinary outage"
    steps.refuse_unknown("resolve_ordinary", ordinary, RESOLVE, incident=str(ORDINARY))

    writes = [request for request in bridge.sent() if not request.startswith("GET ")]
    put_back(bridge, "fortimonitor")
    after = bridge.outages()
    of_ours = [row for row in after.values() if f"[correlation_id: {MARKER}]" in row["description"]]
    assert {id: row for id, row in after.items() if row not in of_ours} == before
    strangers = [f"PUT /v2/outage/{stranger}/force_resolve" for stranger in (-UNKNOWN, ORDINARY)]
    if created:
        assert [row["url"] for row in of_ours] == [created["incident_url"]]
        assert created["incident_url"] == f"{bridge.ready['fortimonitor']['url']}/outage/{number}"
        assert (of_ours[0]["status"], bridge.log(created["incident_id"])) == ("resolved", ["Over"])
        ours = f"PUT /v2/outage/{number}/force_resolve"
        assert writes == ["POST /v2/server/1001/custom_incident", ours, ours, *strangers]
    else:
        assert of_ours == []
        assert writes.count("POST /v2/server/1001/custom_incident") <= 1
        assert writes[-2:] == strangers


def fortisiem_scenario(bridge: InstalledBridge, case: Case, position: Any, switched: dict[str, Any]) -> None:
    """Update an incident and read it back; then one that is not there."""
    before = bridge.siem_incidents()
    bridge.control.switch("fortisiem", **switched)
    bridge.forget_requests()
    steps = Steps(bridge, case, position)
    steps.health()
    updated = steps.take("update", UPDATE, incident_id=SECOND, verify=True, **case.update)
    unknown = f"Could not update FortiSIEM incident {UNKNOWN}: FortiSIEM answered "
    steps.refuse_unknown("update_unknown", unknown, UPDATE, incident_id=UNKNOWN, comments="Handled")
    bridge.requests()

    put_back(bridge, "fortisiem")
    after = bridge.siem_incidents()
    changed = {name for name in after[SECOND] if after[SECOND][name] != before[SECOND][name]}
    assert {**after, SECOND: None} == {**before, SECOND: None}
    if updated is None:
        assert changed == set()
        return
    verified = {**dict.fromkeys(case.update, "applied"), **case.verified.get(position, {})}
    assert (updated["outcome"], updated["fields"], updated["verified"]) == ("done", case.update, verified)
    assert (updated["confirmed_by"] == "read_back") == (set(verified.values()) == {"applied"})
    assert (updated["warning"] is None) == (set(verified.values()) == {"applied"})
    for name, found in verified.items():
        key, value = STORED[name]
        assert found == "not readable" or (after[SECOND][key] == value) == (found == "applied"), name
    asked_for = {STORED[name][0] for name in case.update}
    assert changed <= asked_for | (CLEARING if {"status", "resolution"} & set(case.update) else set())


def case_of(table: dict[str, Case], switch: str) -> Case:
    assert switch in table, f"There is no expectation for the switch {switch!r} yet."
    return table[switch]


# Every position of every switch.


@pytest.mark.parametrize(("switch", "position"), positions(FORTIMONITOR, FORTIMONITOR_SWITCHES))
def test_under_every_position_of_fortimonitor(bridge: InstalledBridge, switch: str, position: Any) -> None:
    case = case_of(FORTIMONITOR, switch)
    fortimonitor_scenario(bridge, case, position, {**case.together, switch: position})


@pytest.mark.parametrize(("switch", "position"), positions(FORTISIEM, FORTISIEM_SWITCHES))
def test_under_every_position_of_fortisiem(
    bridge: InstalledBridge, request: pytest.FixtureRequest, switch: str, position: Any
) -> None:
    case = case_of(FORTISIEM, switch)
    switched = {**case.together, switch: position}
    if switched.get("external_endpoint") == "retired":
        request.getfixturevalue("forgetful")
    fortisiem_scenario(bridge, case, position, switched)


@pytest.mark.parametrize(("switch", "position"), positions(FORTISOAR, FORTISOAR_SWITCHES))
def test_under_every_position_of_fortisoar(bridge: InstalledBridge, switch: str, position: Any) -> None:
    case = case_of(FORTISOAR, switch)
    bridge.control.switch("fortisoar", **{switch: position})
    made = bridge.configure(f"{switch} {position}", read_timeout=29)
    path = f"/api/integration/configuration/{made['config_id']}/"
    changed = {"name": made["name"], "default": False, "config": {**made["config"], "read_timeout": 28}}
    assert bridge.ask("PUT", path, json=changed).json()["config"]["read_timeout"] == 28
    fortimonitor_scenario(bridge, case, position, {})
    fortisiem_scenario(bridge, case, position, {})
    params = {"incident_id": 1, "comments": "Handled"}
    envelope = bridge.answer(UPDATE, params, made["name"]).json()
    named = (switch, position) == ("operation_in_envelope", "name")
    assert (envelope["status"], envelope["operation"]) == ("Success", UPDATE if named else None)
    message = bridge.failure(UPDATE, {**params, "comments": ""}, made["name"])
    assert (
        message
        == f"The parameters are not valid: At least one attribute to update must be given. Nothing was changed.{TAG}"
    )
    status, health = bridge.health(bridge.configuration(fortimonitor_api_key=WRONG))
    assert status == (position if switch == "disconnected_http_status" else 200)
    assert health["status"] == "Disconnected"
    assert bridge.ask("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    ("table", "declared"),
    [(FORTIMONITOR, FORTIMONITOR_SWITCHES), (FORTISIEM, FORTISIEM_SWITCHES), (FORTISOAR, FORTISOAR_SWITCHES)],
)
def test_every_expectation_has_its_switch(table: dict[str, Case], declared: Sequence[Switch]) -> None:
    assert set(table) == {switch.name for switch in declared}
    for switch in declared:
        case = table[switch.name]
        assert {*case.fails, *case.verified, *case.sometimes} <= set(switch.positions)


# Pairs that matter.


@pytest.mark.parametrize(("shown", "described"), list(product((True, False), repeat=2)))
@pytest.mark.parametrize("create", [{}, EVERY_CREATE_OPTION], ids=["plain", "with metadata"])
def test_wherever_the_marker_shows(
    bridge: InstalledBridge, shown: bool, described: bool, create: dict[str, Any]
) -> None:
    switched = {"metadata_shown": shown, "metadata_in_description": described}
    fortimonitor_scenario(bridge, Case(create=create), None, switched)


@pytest.mark.parametrize("sign", ["negative", "positive"])
@pytest.mark.parametrize("location", ["outage", "trailing_slash", "relative", "missing", "custom_incident"])
def test_whatever_the_location_and_the_sign_of_the_id(bridge: InstalledBridge, location: str, sign: str) -> None:
    fortimonitor_scenario(bridge, PASSES, None, {"location": location, "id_sign": sign})


@pytest.mark.parametrize(("external", "twin"), list(product(("present", "retired"), repeat=2)))
@pytest.mark.parametrize("version", VERSIONS)
def test_whichever_address_for_updates_a_version_has(
    forgetful: InstalledBridge, version: str, external: str, twin: str
) -> None:
    case = PASSES
    if external == "retired":
        # 6.x lists the ticket's keys alone for the twin; 5.2.5 has no twin.
        ticket_alone = Case(verified={None: {"status": "not applied", "comments": "not applied"}})
        case = {"6.7": ticket_alone, "6.4": ticket_alone}.get(version, PASSES)
    if external == "retired" and (twin == "retired" or version == "5.2.5"):
        nowhere = f"FortiSIEM answered 404 to POST {EXTERNAL}. Nothing was changed. Either incident"
        case = Case(fails={None: {"update": nowhere, "update_unknown": nowhere}})
    elif version == "5.2.5":
        case = Case(verified={None: FORTISIEM["version"].verified["5.2.5"]})
    switched = {"version": version, "external_endpoint": external, "twin_endpoint": twin}
    fortisiem_scenario(forgetful, case, None, switched)


def test_a_server_that_changes_its_address_for_updates_is_followed(forgetful: InstalledBridge) -> None:
    for external, twin, sent in (
        # The twin may ignore a comment (before 7), so it is read back whether that is asked for or not.
        ("retired", "present", [f"POST {EXTERNAL}", f"POST {TWIN}/1", f"POST {READ}"]),
        ("present", "retired", [f"POST {TWIN}/1", f"POST {EXTERNAL}"]),
    ):
        forgetful.control.switch("fortisiem", external_endpoint=external, twin_endpoint=twin)
        tried = []
        for _ in range(4):
            forgetful.forget_requests()
            forgetful.execute(UPDATE, {"incident_id": 1, "comments": "Handled", "verify": False})
            tried.append(forgetful.sent())
        assert all(each in (sent, sent[1:]) for each in tried), tried
        assert tried.count(sent) <= 2  # once for each of FortiSOAR's workers, which share no memory


@pytest.mark.parametrize("body", ['"OK"', "OK", "SUCCESS", "empty"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
def test_whatever_form_the_success_takes(bridge: InstalledBridge, body: str, content_type: str) -> None:
    fortisiem_scenario(bridge, PASSES, None, {"ok_body": body, "ok_content_type": content_type})


@pytest.mark.parametrize("body", ['"OK"', "empty"])
def test_an_update_that_nothing_confirms_says_so(bridge: InstalledBridge, body: str) -> None:
    bridge.control.switch("fortisiem", ok_body=body, version="5.2.5")
    result = bridge.execute(UPDATE, {"incident_id": 1, "comments": "Handled"})
    assert (result["outcome"], result["confirmed_by"]) == ("done", "response" if body == '"OK"' else None)
    assert result["warning"] == "Read back: comments not readable."


@pytest.mark.parametrize("mode", ["ok200", "400xml", "404"])
@pytest.mark.parametrize("version", VERSIONS)
def test_whatever_an_unknown_incident_gets(bridge: InstalledBridge, mode: str, version: str) -> None:
    fortisiem_scenario(bridge, FORTISIEM["version"], version, {"unknown_id_mode": mode, "version": version})


# What some switches do besides.


@pytest.mark.parametrize(("mode", "stored"), [("append", "First\nSecond"), ("overwrite", "Second")])
def test_a_second_comment_is_read_back_whether_it_follows_or_replaces(
    bridge: InstalledBridge, mode: str, stored: str
) -> None:
    bridge.control.switch("fortisiem", comments_mode=mode)
    for comment in ("First", "Second"):
        result = bridge.execute(UPDATE, {"incident_id": 1, "comments": comment})
        assert result["verified"] == {"comments": "applied"}
    assert bridge.siem_incidents()[1]["incidentComments"] == stored


@pytest.mark.parametrize("cap", [50, None])
def test_an_incident_on_a_later_page_is_found(bridge: InstalledBridge, cap: int | None) -> None:
    bridge.control.switch("fortimonitor", page_cap=cap, rate_limit=False)
    params = bridge.create_parameters(correlation_id=MARKER)
    first = bridge.execute(CREATE, params)
    plain = bridge.create_parameters()
    for _ in range(55):
        bridge.create_past_the_connector({name: plain[name] for name in plain if name != "server"})
    bridge.forget_requests()
    again = bridge.execute(CREATE, params)
    assert (again["outcome"], again["incident_id"]) == ("already_done", first["incident_id"])
    assert [query["offset"] for _, _, query, _ in bridge.requests()] == [
        "0",
        "49",
    ]  # active ones may end meanwhile: pages share a row


@pytest.mark.parametrize(("position", "status"), [("no", 0), ("false_positive", 2), ("true_or_false_positive", 2)])
def test_a_resolution_may_clear_the_incident_too(bridge: InstalledBridge, position: str, status: int) -> None:
    bridge.control.switch("fortisiem", resolution_clears=position)
    result = bridge.execute(UPDATE, {"incident_id": 1, "resolution": "False Positive"})
    assert result["verified"] == {"resolution": "applied"}
    assert bridge.siem_incidents()[1]["incidentStatus"] == status


# The rate limit of FortiMonitor: 100 requests a minute.


def use_up_the_minute(bridge: InstalledBridge) -> None:
    for _ in range(100):
        bridge.fortimonitor("/outage/active", limit=1)
    bridge.forget_requests()


@pytest.mark.parametrize(
    "header", next(switch.positions for switch in FORTIMONITOR_SWITCHES if switch.name == "rate_limit_header")
)
@pytest.mark.parametrize("named", [{}, {"correlation_id": MARKER}], ids=["unnamed", "named"])
def test_a_create_over_the_rate_limit_says_when_to_run_it_again(
    bridge: InstalledBridge, header: str, named: dict[str, str]
) -> None:
    bridge.control.switch("fortimonitor", rate_limit=False)
    before = bridge.outages()
    bridge.control.switch("fortimonitor", rate_limit=True, rate_limit_header=header)
    use_up_the_minute(bridge)
    message = bridge.failure(CREATE, bridge.create_parameters(**named))
    goal = "list the incidents of" if named else "create a custom incident on"
    request = "GET /v2/server/1001/outage" if named else "POST /v2/server/1001/custom_incident"
    said = (
        f"Could not {goal} server 1001: FortiMonitor answered 429 to {request}, too many requests. Nothing was changed. "
        "FortiMonitor is reachable. Run the action again in "
    )
    assert message.startswith(said)
    when = message[len(said) :].removesuffix(f".{TAG}")
    if header == "none":
        assert when == "a minute"
    else:
        # A reset in whole epoch seconds may be one later; a busy machine uses the minute up more slowly.
        assert when in {f"{seconds} s" for seconds in range(20, 62)}
    assert bridge.sent() == [request] * (3 if header == "none" else 1)
    put_back(bridge, "fortimonitor")
    bridge.control.switch("fortimonitor", rate_limit=False)
    assert bridge.outages() == before


def test_a_create_waits_for_a_rate_limit_that_ends_soon(bridge: InstalledBridge) -> None:
    began = datetime.fromisoformat(bridge.control.ask("GET", "/clock")["now"])
    use_up_the_minute(bridge)
    taken = datetime.fromisoformat(bridge.control.ask("GET", "/clock")["now"]) - began
    # However long that took, the first of them ends to count in 3 s.
    bridge.control.advance(57 - taken.total_seconds())
    result = bridge.execute(CREATE, bridge.create_parameters())
    statuses = [entry["status"] for entry in bridge.control.journal("fortimonitor") if entry["method"] == "POST"]
    assert statuses == [429, 201]
    assert (result["outcome"], result["attempts"], result["incident_id"]) == ("done", 2, -1000001)
    bridge.control.switch("fortimonitor", rate_limit=False)
    assert len(bridge.outages()) == 4


# The other actions: those that a switch touches.


@dataclass(frozen=True)
class Touched:
    """What a switch touches besides the scenario above.

    Parameters:
        calls: names of calls in ``tests.support.every_action.CALLS``.
        together: positions of other switches of that product, without which this one would not matter.
        sign_in: changes of the configuration.
        otherwise: by position, and by name of a call: what is other than there, or the core of the message.
    """

    calls: tuple[str, ...]
    together: dict[str, Any] = field(default_factory=dict)
    sign_in: dict[str, str] = field(default_factory=dict)
    otherwise: dict[Any, dict[str, dict[str, Any] | str]] = field(default_factory=dict)

    def adds_to_default(self, position: Any) -> bool:
        """Tell whether a default position is more here than the lab as it starts."""
        return bool(self.together) or position in self.otherwise


BY_PUT = ("acknowledge", "describe", "summary", "tags", "lead", "escalate in FortiMonitor", "broadcast", "delay")
WRITES = ("create", "resolve", "note", *BY_PUT)
PAIRS = ("escalate", "close", "state")
UPDATES = ("update", "clear", "comment", "updates", "escalate", "close")
LISTED = ("get from FortiSIEM", "list from FortiSIEM", "fetch from FortiSIEM", "state", "escalate", "updates")
FEATURE_OFF = "FortiMonitor answered {} to POST /v2/server/1001/custom_incident"
SOURCE = {"srcIpAddr": ["198.51.100.23"], "user": ["jdoe"]}
# Calls of these actions that only some positions of a switch make interesting.
MORE_CALLS = {
    "note without a user": replace(
        CALLS["note"], params={"incident": NEW, "note": "Seen"}, changes={f"outage {NEW}": {"log": ["Seen"]}}
    ),
    "note on a resolved incident": replace(
        CALLS["note"],
        before=(*CALLS["note"].before, (RESOLVE, {"incident": NEW, "reason": "Over"})),
        changes={f"outage {NEW}": {"log": ["Over", "Seen"]}},
    ),
    "acknowledge an anomaly": replace(
        CALLS["acknowledge"],
        params={"incident": -3001, "who": "oncall@example.com"},
        data={"outcome": "done", "acknowledged_by": "oncall@example.com (On call, 501)"},
        changes={"outage -3001": {"acknowledged_by": "oncall@example.com", "log": ["Acknowledged"]}},
    ),
    "describe with metadata": replace(
        CALLS["describe"], before=((CREATE, {**CALLS["create"].params, "metadata": {"alert": "42"}}),)
    ),
    "server by FQDN": replace(CALLS["textkeys"], params={"server": "web-01.example.com"}),
}
EVERY_CALL = {**CALLS, **MORE_CALLS}

TOUCHED_OF_FORTIMONITOR = {
    "rate_limit": Touched(("resolves", "list")),
    "allow_query_key": Touched(("request to FortiMonitor",)),
    "custom_incidents": Touched(("escalate",), otherwise={False: {"escalate": "Custom incidents are not enabled"}}),
    "feature_off_status": Touched(
        ("escalate",),
        together={"custom_incidents": False},
        otherwise={status: {"escalate": FEATURE_OFF.format(status)} for status in (400, 401, 404, 405)},
    ),
    "strict_fields": Touched((*WRITES, "escalate")),
    "metadata_values": Touched(("create", "escalate")),
    "id_sign": Touched((*WRITES, "get", "list", "log", *PAIRS, "resolves")),
    "create_status": Touched(("escalate", "note")),
    "create_body": Touched(("escalate", "note")),
    "location": Touched(("escalate", "note")),
    "id_header": Touched(("escalate", "note")),
    "metadata_in_description": Touched(("get", "list", "describe with metadata", *PAIRS)),
    "metadata_shown": Touched(("get", "list", "describe with metadata", *PAIRS)),
    "server_id_form": Touched(("get", "list", "fetch from FortiMonitor", "servers", *PAIRS)),
    "resolve_status": Touched(("resolves", "close")),
    "resolve_resolved_status": Touched(("resolves", "close")),
    "put_status": Touched(BY_PUT),
    "acknowledge_anomaly": Touched(
        ("acknowledge", "acknowledge an anomaly"),
        otherwise={
            400: {
                "acknowledge an anomaly": "Could not acknowledge incident -3001: FortiMonitor answered 400 to PUT "
                "/v2/outage/-3001/acknowledge: Only outages can be acknowledged, not anomalies"
            }
        },
    ),
    "who_required": Touched(
        ("note", "summary", "note without a user"),
        otherwise={
            True: {
                "note without a user": f"Could not add a note to incident {NEW}: FortiMonitor answered 400 to POST "
                f"/v2/outage/{NEW}/outage_log: user: This field is required"
            }
        },
    ),
    "description_keeps_metadata": Touched(("describe", "describe with metadata")),
    "log_on_resolved": Touched(
        ("note on a resolved incident", "log"),
        otherwise={
            400: {
                "note on a resolved incident": f"Could not add a note to incident {NEW}: FortiMonitor answered 400 to "
                f"POST /v2/outage/{NEW}/outage_log"
            }
        },
    ),
    "notes": Touched(
        ("note",),
        otherwise={
            WITH_AUTHOR: {
                "note": {
                    "data": {
                        "outcome": "done",
                        "warning": "FortiMonitor accepted the note; its log does not show it as it was sent, or not yet.",
                    }
                }
            }
        },
    ),
    "shows_after_seconds": Touched(("create",), together={"seconds_to_answer": 30}),
    **dict.fromkeys(SENT, Touched(("list",))),
    "page_cap": Touched(
        ("list", "log", "servers", "users", "choices of server", "choices of user", "fetch from FortiMonitor")
    ),
    "fqdn_match": Touched(("server by FQDN", "servers")),
    "people_match": Touched(
        ("users", "acknowledge", "delay"),
        otherwise={"exact": {"users": {"params": {"username": "oncall@example.com"}}}},
    ),
    "definitions_listed": Touched(
        ("textkeys", "choices of plugin textkey"),
        otherwise={
            False: {name: {"data": CALLS[name].data[:1]} for name in ("textkeys", "choices of plugin textkey")},
        },
    ),
}
# The first change how a failure looks, which the scenario above has; the others are in test_fortimonitor_forms.py.
ELSEWHERE_OF_FORTIMONITOR = {
    "rate_limit_header",
    "auth_order",
    "read_only_status",
    "error_shape",
    "error_headers",
    "unknown_textkeys_status",
    "resolve_ordinary_status",
    "severity_words",
    "start_time",
    "tags",
    "acknowledged",
    "description",
    "url_host",
    "total_count",
    "next",
    "odd_rows",
}
TOUCHED_OF_FORTISIEM = {
    "external_endpoint": Touched(UPDATES),
    "twin_endpoint": Touched(UPDATES),
    "comments_mode": Touched(
        UPDATES,
        otherwise={
            "overwrite": {
                "close": {
                    "changes": {
                        **CALLS["close"].changes,
                        "incident 1": {**CALLS["close"].changes["incident 1"], "incidentComments": "Handled"},
                    }
                }
            }
        },
    ),
    "comments": Touched(
        ("comment",),
        otherwise={
            WITH_AUTHOR: {
                "comment": {
                    "data": {"outcome": "done", "verified": {"comments": "not readable"}},
                    "changes": {"incident 1": {"incidentComments": "soar: Handled"}},
                }
            }
        },
    ),
    "shows_after_seconds": Touched(("list from FortiSIEM",)),
    **dict.fromkeys(SENT, Touched(("list from FortiSIEM",))),
    "ok_body": Touched(
        (*UPDATES, "request to FortiSIEM"),
        otherwise={
            body: {
                "request to FortiSIEM": {
                    "data": {"status": 200, "body": None, "text": "" if body == "empty" else body}
                },
                **({"updates": {"data": {"outcome": "done", "changed": True}}} if body == "empty" else {}),
            }
            for body in ("OK", "SUCCESS", "empty")
        },
    ),
    "ok_content_type": Touched((*UPDATES, "request to FortiSIEM")),
    "strict_vocab": Touched(("update", "escalate", "close")),
    "empty_text": Touched(UPDATES),
    "resolution_clears": Touched(("clear with a resolution", "update of every attribute")),
    "twin_body_id": Touched(UPDATES, together={"external_endpoint": "retired"}),
    "paging_6_7": Touched(("list from FortiSIEM", "fetch from FortiSIEM"), together={"version": "6.7"}),
    "page_not_ready": Touched(("list from FortiSIEM", "fetch from FortiSIEM")),
    "page_not_ready_status": Touched(("list from FortiSIEM", "fetch from FortiSIEM")),
    "two_page_defect": Touched(("list from FortiSIEM", "fetch from FortiSIEM"), together={"version": "7.0"}),
    "severity_category_filter": Touched(("list from FortiSIEM", "fetch from FortiSIEM")),
    "unset_attributes": Touched((*LISTED, "close", "clear")),
    "json_content_type": Touched((*LISTED, "events", "diagnostics")),
    "largest_page": Touched(("list from FortiSIEM",)),
    "further_pages": Touched(
        ("list from FortiSIEM",),
        together={"largest_page": 2},
        otherwise={"repeated": {"list from FortiSIEM": {"data": {"is_complete": False}}}},
    ),
    "total": Touched(
        ("list from FortiSIEM",),
        otherwise={
            "too_high": {"list from FortiSIEM": {"data": {**CALLS["list from FortiSIEM"].data, "is_complete": False}}}
        },
    ),
    "ids_need_times": Touched(("get from FortiSIEM", "comment", "clear")),
    "numbers": Touched(
        ("get from FortiSIEM", "list from FortiSIEM", "update", "clear"),
        otherwise={  # further attributes are shown as they are
            form: {
                "get from FortiSIEM": {"data": {**CALLS["get from FortiSIEM"].data, "other": {"phCustId": as_is}}},
                "list from FortiSIEM": {"data": {"incidents": [{**SHOWN_SIEM, "other": {"phCustId": as_is}}]}},
            }
            for form, as_is in (("doubles", 1), ("texts", "1"))
        },
    ),
    "times": Touched(("list from FortiSIEM", "clear")),
    "words": Touched(("get from FortiSIEM", "list from FortiSIEM", "update", "clear")),
    "attribute_lists": Touched(
        ("list from FortiSIEM",),
        otherwise={
            form: {"list from FortiSIEM": {"data": {"incidents": [{"source": {"text": text, "attributes": SOURCE}}]}}}
            for form, text in (
                ("without_spaces", "srcIpAddr:198.51.100.23,user:jdoe,"),
                ("json", '{"srcIpAddr": "198.51.100.23", "user": "jdoe"}'),
            )
        },
    ),
    "organization_shown": Touched(("list from FortiSIEM",)),
    "odd_rows": Touched(
        ("get from FortiSIEM", "list from FortiSIEM"),
        otherwise={
            position: {"list from FortiSIEM": {"data": {**CALLS["list from FortiSIEM"].data, "is_complete": False}}}
            for position in ("without_id", "no_object")
        },
    ),
    "no_events": Touched(("events",)),
    "concurrency_limit": Touched(("list from FortiSIEM", "events", "updates")),
    "triggering_progress": Touched(("events",), together={"triggering_query_steps": 1}),
    "triggering_query_steps": Touched(("events",)),
    "health_summary": Touched(("diagnostics",)),
    "health_node_type_key": Touched(("diagnostics",)),
    "token_rate_limit": Touched(("get from FortiSIEM", "escalate"), sign_in=BY_TOKEN),
    "expires_in_unit": Touched(
        ("get from FortiSIEM", "events", "escalate"), together={"token_rate_limit": False}, sign_in=BY_TOKEN
    ),
}
# The versions have tests of their own, of every action; the others change how a failure looks.
ELSEWHERE_OF_FORTISIEM = {
    "version",
    "unknown_id_mode",
    "updates_reach",  # matters to accounts of one organization
    "xml_error_under_200",
    "xml_error_shape",
    "unauthorized_body",
    "token_single_use",
    "token_answer",
    "failure",
}
HOW = ("attempts", "request", "confirmed_by")  # how it went; what came of it is the same


@pytest.fixture(scope="module")
def inside(archive: Path) -> Iterator[InsideLab]:
    with inside_lab(archive) as lab:
        yield lab


@pytest.fixture
def inside_forgetful(inside: InsideLab) -> Iterator[InsideLab]:
    """The same, for a FortiSIEM that lacks an address for updates: workers remember which one it has."""
    yield inside
    inside.install()


def touched(table: dict[str, Touched], declared: Sequence[Switch]) -> list[Any]:
    """Return every call under every position of every switch that touches it, for parametrize.

    test_every_action.py runs all calls under the default positions, so the first one is left out where it is alone.
    """
    return [
        pytest.param(switch.name, position, name, id=f"{switch.name}={position}-{name}")
        for switch in declared
        if switch.name in table
        for position in switch.positions
        if position != switch.positions[0] or table[switch.name].adds_to_default(position)
        for name in table[switch.name].calls
    ]


def what_came_of_it(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: what_came_of_it(part) for name, part in value.items() if name not in HOW}
    return [what_came_of_it(part) for part in value] if isinstance(value, list) else value


def with_positive_ids(value: Any) -> Any:
    """Return a value with the ids of custom incidents as they are where these are positive."""
    if isinstance(value, dict):
        return {with_positive_ids(name): with_positive_ids(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(with_positive_ids(part) for part in value)
    if isinstance(value, str):
        return value.replace(str(NEW), str(-NEW)).replace(str(NEW - 1), str(1 - NEW))
    return -value if value in (NEW, NEW - 1) else value


def run_touched(lab: InsideLab, product: str, case: Touched, switch: str, position: Any, name: str) -> None:
    """Run a call under a position of a switch: what comes of it is what comes of it under the default positions."""
    call = EVERY_CALL[name]
    configuration = lab.fresh(case.sign_in)
    lab.control.switch(product, **{**case.together, switch: position})
    if (switch, position) == ("id_sign", "positive"):
        call = replace(
            call,
            params=with_positive_ids(call.params),
            data=with_positive_ids(call.data),
            before=with_positive_ids(call.before),
            changes=with_positive_ids(call.changes),
        )
    other = case.otherwise.get(position, {}).get(name, {})
    if isinstance(other, dict):
        call = replace(call, **other)
    lab.prepare(call, configuration)
    before = lab.stored()
    if isinstance(other, str):
        message = lab.failure(call.operation, call.params, configuration)
        assert other in message
        assert "Nothing was changed." in message
        assert lab.stored() == before
        return
    data = lab.execute(call.operation, call.params, configuration)
    assert_holds(data, lab.filled(what_came_of_it(call.data)))
    after = lab.stored()
    assert changed(before, after) == lab.filled(call.changes)
    if call.again is not None:
        lab.execute(call.operation, call.params, configuration)
        assert lab.stored() == after
    assert lab.monitor.counters()["side_effect_gets"] == 0


@pytest.mark.parametrize(("switch", "position", "name"), touched(TOUCHED_OF_FORTIMONITOR, FORTIMONITOR_SWITCHES))
def test_an_action_under_a_switch_of_fortimonitor(inside: InsideLab, switch: str, position: Any, name: str) -> None:
    run_touched(inside, "fortimonitor", TOUCHED_OF_FORTIMONITOR[switch], switch, position, name)


@pytest.mark.parametrize(("switch", "position", "name"), touched(TOUCHED_OF_FORTISIEM, FORTISIEM_SWITCHES))
def test_an_action_under_a_switch_of_fortisiem(
    inside: InsideLab, request: pytest.FixtureRequest, switch: str, position: Any, name: str
) -> None:
    if "external_endpoint" in {switch, *TOUCHED_OF_FORTISIEM[switch].together}:
        request.getfixturevalue("inside_forgetful")
    run_touched(inside, "fortisiem", TOUCHED_OF_FORTISIEM[switch], switch, position, name)


@pytest.mark.parametrize(
    ("touches", "elsewhere", "declared"),
    [
        (TOUCHED_OF_FORTIMONITOR, ELSEWHERE_OF_FORTIMONITOR, FORTIMONITOR_SWITCHES),
        (TOUCHED_OF_FORTISIEM, ELSEWHERE_OF_FORTISIEM, FORTISIEM_SWITCHES),
    ],
)
def test_every_switch_has_the_actions_that_it_touches(
    touches: dict[str, Touched], elsewhere: set[str], declared: Sequence[Switch]
) -> None:
    assert touches.keys() | elsewhere == {switch.name for switch in declared}
    assert not touches.keys() & elsewhere
