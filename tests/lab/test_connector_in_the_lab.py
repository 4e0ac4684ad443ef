"""The three actions, and what a newcomer gets wrong, through FortiSOAR's API with the built archive."""

from __future__ import annotations

import copy
import io
import json
import socket
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
import trustme
from pyfsr import FortiSOAR
from pyfsr.exceptions import APIError

from lab.connector import NAME
from tests.support.every_action import BEGAN_EARLIER
from tests.support.fortimonitor import marked
from tests.support.installed import BY_TOKEN, INFO, TAG, VERSION, InstalledBridge, output_schema

CREATE, RESOLVE, UPDATE = "create_custom_incident", "force_resolve_incident", "update_siem_incident"
OUTAGES, CREATES, NEW = "/v2/server/1001/outage", "/v2/server/1001/custom_incident", "/v2/outage/-1000001"
EXTERNAL, READ = "/phoenix/rest/incident/external", "/phoenix/rest/pub/incident"
FIRST_PAGE = {"limit": "50", "offset": "0"}
ACTIVE_ONES = ("GET", OUTAGES, {"status": "active", **FIRST_PAGE}, "")
MARKER = "/api/3/alerts/42"
FAILED = "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: "

STARTED = "2026-02-03T06:30:00+01:00"
EVERY_CREATE_OPTION = {
    "metadata": {"alert": "42", "count": 3, "urgent": True, "owner": None},
    "start_time": STARTED,
    "auto_close_duration": 86400,
    "correlation_id": MARKER,
    "if_exists": "Fail",
    "verify": True,
}
CREATED = {
    "description": marked("Disk full", MARKER),
    "plugin_textkey": "fortisoar.bridge",
    "resource_textkey": "fortisoar.incident",
    "auto_close_duration": 86400,
    "start_time": "2026-02-03 05:30:00",
    "metadata": {"alert": "42", "count": "3", "urgent": "true", "owner": "null", "correlation_id": MARKER},
}
EVERY_ATTRIBUTE = {
    "status": "Manually Cleared",
    "comments": "Handled",
    "severity": "Medium",
    "resolution": "False Positive",
    "external_ticket_type": "High",
    "external_ticket_id": "INC0012345",
    "external_ticket_state": "In Progress",
    "external_assigned_user": "jdoe",
}
TOLD = (
    "FortiSIEM incident 1: status set to Manually Cleared, comment added, severity set to Medium, resolution set to False "
    "Positive, external ticket type set to High, external ticket id set to INC0012345, external ticket state set to In "
    "Progress, external assigned user set to jdoe."
)
UPDATED = {
    "incidentId": "1",
    "incidentStatus": "2",
    "comments": "Handled",
    "severity": "MEDIUM",
    "resolution": "3",
    "externalTicketType": "HIGH",
    "externalTicketId": "INC0012345",
    "externalTicketState": "In Progress",
    "externalAssignedUser": "jdoe",
}
STORED = {
    "incidentStatus": 2,
    "incidentComments": "Handled",
    "eventSeverityCat": "MEDIUM",
    "incidentReso": 3,
    "incidentExtTicketType": "HIGH",
    "incidentExtTicketId": "INC0012345",
    "incidentExtTicketState": "In Progress",
    "incidentExtUser": "jdoe",
    "incidentClearedUser": "soar",
    "incidentClearedReason": "Handled",
}
READ_BACK = {
    "filters": {"incidentId": [1]},
    "fields": [
        "incidentId",
        "incidentStatus",
        "incidentComments",
        "eventSeverityCat",
        "incidentReso",
        "incidentExtTicketType",
        "incidentExtTicketId",
        "incidentExtTicketState",
        "incidentExtUser",
    ],
}


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
    installed.control.switch("fortisoar", coercion=False)
    installed.close()


# From the archive to the last state, with two clients of FortiSOAR's API.


class Client(Protocol):
    """What both clients can do, in FortiSOAR's own words."""

    def install(self, archive: Path) -> dict[str, Any]: ...

    def configure(self, name: str, values: dict[str, Any]) -> dict[str, Any]: ...

    def health(self, name: str) -> tuple[str, str]: ...

    def execute(self, action: str, params: dict[str, Any], name: str) -> dict[str, Any]: ...

    def failure(self, action: str, params: dict[str, Any], name: str) -> str: ...

    def set_active(self, active: bool) -> None: ...

    def uninstall(self) -> None: ...


class ByPyfsr:
    """pyfsr, which was written against the real FortiSOAR."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._soar = FortiSOAR(ready["https"], api_key=ready["api_key"], verify_ssl=ready["ca"])
        self.session = self._soar.session

    def install(self, archive: Path) -> dict[str, Any]:
        row: dict[str, Any] = self._soar.connectors.install_from_file(str(archive))
        return row

    def configure(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        made = self._soar.connectors.create_configuration(NAME, values, name=name, version=VERSION)
        row: dict[str, Any] = made.model_dump()
        return row

    def health(self, name: str) -> tuple[str, str]:
        checked = self._soar.connectors.healthcheck(NAME, version=VERSION, config=name)
        return str(checked.status), str(checked.message)

    def execute(self, action: str, params: dict[str, Any], name: str) -> dict[str, Any]:
        envelope: dict[str, Any] = self._soar.connectors.execute(
            NAME, action, version=VERSION, config=name, params=params
        ).model_dump(exclude_unset=True)
        return envelope

    def failure(self, action: str, params: dict[str, Any], name: str) -> str:
        with pytest.raises(APIError) as caught:
            self.execute(action, params, name)
        return str(caught.value)

    def set_active(self, active: bool) -> None:
        number = self._soar.connectors.resolve_connector_id(NAME)
        self._soar.put(f"/api/integration/connectors/{number}/", data={"active": active})

    def uninstall(self) -> None:
        self._soar.connectors.uninstall(NAME)


class ByRequests:
    """Nothing but HTTP, as a shell script would speak it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._origin = ready["https"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ready["ca"]
        self.session.headers["Authorization"] = f"API-KEY {ready['api_key']}"
        self._number = 0

    def install(self, archive: Path) -> dict[str, Any]:
        with archive.open("rb") as file:
            row = self._ask(
                "POST", "/api/3/solutionpacks/install", 200, params={"$type": "connector"}, files={"file": file}
            )
        self._number = row["id"]
        return row

    def configure(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        body = {"connector": self._number, "name": name, "default": False, "config": values}
        return self._ask("POST", "/api/integration/configuration/", 201, json=body)

    def health(self, name: str) -> tuple[str, str]:
        path = f"/api/integration/connectors/healthcheck/{NAME}/{VERSION}/"
        checked = self._ask("GET", path, 200, params={"config": name})
        return checked["status"], checked["message"]

    def execute(self, action: str, params: dict[str, Any], name: str) -> dict[str, Any]:
        return self._ask("POST", "/api/integration/execute/", 200, json=self._body(action, params, name))

    def failure(self, action: str, params: dict[str, Any], name: str) -> str:
        body = self._ask("POST", "/api/integration/execute/", 400, json=self._body(action, params, name))
        assert set(body) == {"message", "status", "_status"}
        return str(body["message"])

    def set_active(self, active: bool) -> None:
        self._ask("PUT", f"/api/integration/connectors/{self._number}/", 200, json={"active": active})

    def uninstall(self) -> None:
        self._ask("DELETE", f"/api/integration/connectors/{self._number}/", 204)

    def _body(self, action: str, params: dict[str, Any], name: str) -> dict[str, Any]:
        return {"connector": NAME, "version": VERSION, "config": name, "operation": action, "params": params}

    def _ask(self, method: str, path: str, expected: int, **parts: Any) -> dict[str, Any]:
        answer = self.session.request(method, self._origin + path, timeout=60, **parts)
        assert answer.status_code == expected, answer.text
        body: dict[str, Any] = answer.json() if answer.content else {}
        return body


def with_manifest(archive: Path, into: Path, info: bytes) -> Path:
    """Return a copy of the archive with another info.json."""
    written = into / archive.name
    with tarfile.open(archive) as source, tarfile.open(written, "w:gz") as target:
        for member in source:
            content = source.extractfile(member)
            if member.name.endswith("/info.json"):
                content, member.size = io.BytesIO(info), len(info)
            target.addfile(member, content)
    return written


def test_a_label_with_an_accent_as_connector_studio_may_write_it_is_read(
    fresh_lab: Any, archive: Path, tmp_path: Path
) -> None:
    info = copy.deepcopy(INFO)
    (action,) = (each for each in info["operations"] if each["operation"] == "get_siem_incident")
    action["parameters"][0]["title"] = "N\u00famero de incidente \u2014 FortiSIEM"
    accented = with_manifest(archive, tmp_path, json.dumps(info, ensure_ascii=False).encode())
    bridge = InstalledBridge(fresh_lab, accented)
    read = bridge.answer("get_siem_incident", {"incident_id": 2}, bridge.configuration()).json()
    assert (read["status"], read["data"]["incident_id"]) == ("Success", 2)
    assert "N\u00famero de incidente \u2014 FortiSIEM 'x' is not" in bridge.failure(
        "get_siem_incident", {"incident_id": "x"}
    )
    bridge.close()


@pytest.fixture(params=[ByPyfsr, ByRequests])
def client(request: pytest.FixtureRequest, fresh_lab: Any) -> Iterator[Client]:
    made = request.param(fresh_lab.ready["fortisoar"])
    yield made
    made.session.close()


@pytest.mark.parametrize("sign_in", [{}, BY_TOKEN], ids=["password", "token"])
def test_from_the_archive_to_the_last_state(
    client: Client, fresh_lab: Any, archive: Path, sign_in: dict[str, Any]
) -> None:
    installed = client.install(archive)
    assert (installed["name"], installed["version"], installed["active"]) == (NAME, VERSION, True)
    bridge = InstalledBridge(fresh_lab, archive)
    # Each worker process of FortiSOAR gets a token of its own, and FortiSIEM gives one every 5 seconds alone.
    fresh_lab.control.switch("fortisiem", token_rate_limit=False)
    configured = client.configure("Mine", bridge.values(**sign_in))
    bridge.assert_no_secret(json.dumps(configured))
    siem_secret = "fortisiem_client_secret" if sign_in else "fortisiem_password"
    assert configured["config"]["fortimonitor_api_key"] == configured["config"][siem_secret] == "NULL"
    assert client.health("Mine") == ("Available", "Connector is available")

    answers = [
        client.execute(CREATE, bridge.create_parameters(**EVERY_CREATE_OPTION), "Mine"),
        client.execute(RESOLVE, {"incident": "-1000001", "reason": "Over", "expect_correlation_id": MARKER}, "Mine"),
        client.execute(UPDATE, {"incident_id": 1, **EVERY_ATTRIBUTE, "verify": True}, "Mine"),
    ]
    url = f"{fresh_lab.fortimonitor.url}/outage/-1000001"
    done = {"outcome": "done", "changed": True, "attempts": 1}
    data = [
        {
            **done,
            "summary": "FortiMonitor incident -1000001 was created on server 1001.",
            "confirmed_by": "read_back",
            "incident_id": -1000001,
            "incident_url": url,
            "page_url": None,
            "correlation_id": MARKER,
            "server_id": 1001,
            "warning": BEGAN_EARLIER,
            "request": {"method": "POST", "path": CREATES, "status": 201},
        },
        {
            **done,
            "summary": "FortiMonitor incident -1000001 was resolved.",
            "confirmed_by": "response",
            "incident_id": -1000001,
            "incident_url": url,
            "page_url": None,
            "warning": None,
            "request": {"method": "PUT", "path": f"{NEW}/force_resolve", "status": 204},
        },
        {
            **done,
            "summary": TOLD,
            "confirmed_by": "read_back",
            "incident_id": 1,
            "page_url": None,
            "fields": EVERY_ATTRIBUTE,
            "verified": dict.fromkeys(EVERY_ATTRIBUTE, "applied"),
            "warning": None,
            "request": {"method": "POST", "path": EXTERNAL, "status": 200},
        },
    ]
    assert answers == [{"data": each, "message": "", "operation": None, "status": "Success"} for each in data]
    outages, siem_incidents = bridge.state()
    assert (outages[-1000001]["status"], bridge.log(-1000001)) == ("resolved", ["Over"])
    assert siem_incidents[1].items() >= STORED.items()

    client.set_active(False)
    assert client.failure(RESOLVE, {"incident": "-3001"}, "Mine") == f"{FAILED}Connector {NAME} is not active"
    client.set_active(True)
    assert client.health("Mine")[0] == "Available"
    client.uninstall()
    assert client.failure(RESOLVE, {"incident": "-3001"}, "Mine") == f"{FAILED}Connector {NAME} does not exists"
    bridge.assert_no_secret(bridge.connectors_log())
    bridge.close()


# Each action: what it sends, what it answers, what is stored.


def test_a_create_looks_for_its_event_creates_once_and_reads_back(bridge: InstalledBridge) -> None:
    strangers = bridge.outages()
    bridge.forget_requests()
    result = bridge.execute(CREATE, bridge.create_parameters(**EVERY_CREATE_OPTION))
    active, (method, path, query, _), *others = bridge.requests()
    assert active == ACTIVE_ONES
    since = datetime.strptime(query.pop("start_time"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    assert (method, path, query) == ("GET", OUTAGES, {"status": "resolved", **FIRST_PAGE})
    # Resolved ones are looked for from 90 days before the event on.
    assert since == datetime(2026, 2, 3, 5, 30, tzinfo=timezone.utc) - timedelta(days=90)
    assert others == [("POST", CREATES, {}, CREATED), ("GET", NEW, {}, "")]
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, "read_back")
    outages = bridge.outages()
    assert set(outages) - set(strangers) == {result["incident_id"]} == {-1000001}
    assert {number: outages[number] for number in strangers} == strangers
    new = outages[-1000001]
    assert (new["status"], new["type"], new["server_id"]) == ("active", "anomaly", 1001)
    assert new["start_time"] == "Tue, 03 Feb 2026 05:30:00 -0000"
    assert {item["name"]: item["value"] for item in new["metadata"]} == CREATED["metadata"]
    assert new["description"].startswith(CREATED["description"])


def test_a_create_without_a_correlation_id_is_one_write_and_one_read(bridge: InstalledBridge) -> None:
    bridge.forget_requests()
    first, second = (bridge.execute(CREATE, bridge.create_parameters()) for _ in range(2))
    assert bridge.sent() == [f"POST {CREATES}", f"GET {NEW}", f"POST {CREATES}", "GET /v2/outage/-1000002"]
    assert (first["incident_id"], second["incident_id"]) == (-1000001, -1000002)
    assert first["correlation_id"] != second["correlation_id"]
    stored = bridge.outages()
    for result in (first, second):
        shown = stored[result["incident_id"]]["description"]
        assert shown.startswith(marked("Disk full", result["correlation_id"]))


def test_a_create_that_is_not_verified_is_one_write(bridge: InstalledBridge) -> None:
    bridge.forget_requests()
    result = bridge.execute(CREATE, bridge.create_parameters(verify=False))
    assert bridge.sent() == [f"POST {CREATES}"]
    assert (result["outcome"], result["confirmed_by"], result["incident_id"]) == ("done", "response", -1000001)


@pytest.mark.parametrize(
    ("server", "lists"), [("Web frontend", 2), ("web-01.example.com", 2), ("WEB-01.example.com", 2), ("1001", 0)]
)
def test_a_server_may_be_named(bridge: InstalledBridge, server: str, lists: int) -> None:
    bridge.forget_requests()
    assert bridge.execute(CREATE, bridge.create_parameters(server=server))["server_id"] == 1001
    searches = [("GET", "/v2/server", {key: server, **FIRST_PAGE}, "") for key in ("name", "fqdn")]
    assert bridge.requests()[:lists] == searches[:lists]
    assert bridge.sent()[lists:] == [f"POST {CREATES}", f"GET {NEW}"]


def test_a_re_run_of_a_create_finds_what_the_first_made(bridge: InstalledBridge) -> None:
    params = bridge.create_parameters(correlation_id=MARKER)
    first = bridge.execute(CREATE, params)
    stored = bridge.outages()
    bridge.forget_requests()
    again = bridge.execute(CREATE, params)
    assert bridge.requests() == [ACTIVE_ONES]  # found there, so that resolved ones are not looked at
    summary = "FortiMonitor incident -1000001 was already created on server 1001; nothing was changed."
    not_sent = {"summary": summary, "outcome": "already_done", "changed": False, "attempts": 0, "request": {}}
    assert again == {**first, **not_sent}
    assert bridge.outages() == stored


def test_another_incident_of_the_same_event_is_made_where_it_is_asked_for(bridge: InstalledBridge) -> None:
    params = bridge.create_parameters(correlation_id=MARKER)
    bridge.execute(CREATE, params)
    other = bridge.execute(CREATE, {**params, "if_exists": "Create Another"})
    assert (other["outcome"], other["incident_id"]) == ("done", -1000002)
    again = bridge.execute(CREATE, params)
    assert (again["outcome"], again["incident_id"]) == ("already_done", -1000002)
    assert again["warning"] == (
        "Several incidents have this correlation id; this is the newest: -1000002 (active), -1000001 (active)."
    )
    failure = bridge.failure(CREATE, {**params, "if_exists": "Fail"})
    assert failure == (
        f"Could not create a custom incident on server 1001: there is one with correlation id '{MARKER}': "
        f"-1000002 (active), -1000001 (active). Nothing was changed.{TAG}"
    )


def test_an_incident_that_closes_by_itself_still_answers_a_re_run(bridge: InstalledBridge) -> None:
    params = bridge.create_parameters(correlation_id=MARKER, auto_close_duration=60)
    bridge.execute(CREATE, params)
    bridge.control.advance(61)
    assert bridge.outages()[-1000001]["status"] == "resolved"
    assert bridge.execute(CREATE, params)["outcome"] == "already_done"


@pytest.mark.parametrize("spelled", ["-1000001", "#-1000001", "{url}/outage/-1000001"])
@pytest.mark.parametrize(("given", "body"), [({"reason": "Over"}, {"reason": "Over"}), ({}, {})])
def test_a_resolve_is_one_write(
    bridge: InstalledBridge, spelled: str, given: dict[str, str], body: dict[str, str]
) -> None:
    bridge.execute(CREATE, bridge.create_parameters())
    other = bridge.execute(CREATE, bridge.create_parameters())
    strangers = bridge.outages()
    del strangers[-1000001]
    bridge.forget_requests()
    incident = spelled.format(url=bridge.ready["fortimonitor"]["url"])
    result = bridge.execute(RESOLVE, {"incident": incident, **given})
    assert bridge.requests() == [("PUT", f"{NEW}/force_resolve", {}, body)]
    assert (result["outcome"], result["confirmed_by"], result["incident_id"]) == ("done", "response", -1000001)
    outages = bridge.outages()
    assert outages.pop(-1000001)["status"] == "resolved"
    assert outages == strangers
    assert outages[other["incident_id"]]["status"] == "active"
    assert bridge.log(-1000001) == [given.get("reason", "Force resolved")]


def test_a_resolve_that_expects_a_correlation_id_reads_first(bridge: InstalledBridge) -> None:
    bridge.execute(CREATE, bridge.create_parameters(correlation_id=MARKER))
    bridge.forget_requests()
    params = {"incident": "-1000001", "expect_correlation_id": MARKER}
    assert bridge.execute(RESOLVE, params)["outcome"] == "done"
    assert bridge.sent() == [f"GET {NEW}", f"PUT {NEW}/force_resolve"]
    bridge.forget_requests()
    again = bridge.execute(RESOLVE, params)
    assert bridge.sent() == [f"GET {NEW}"]
    assert (again["outcome"], again["changed"], again["request"]) == ("already_done", False, {})


def test_a_second_resolve_says_that_it_was_done_already(bridge: InstalledBridge) -> None:
    bridge.execute(CREATE, bridge.create_parameters())
    bridge.execute(RESOLVE, {"incident": "-1000001", "reason": "Over"})
    bridge.forget_requests()
    again = bridge.execute(RESOLVE, {"incident": "-1000001", "reason": "Over again"})
    assert bridge.sent() == [f"PUT {NEW}/force_resolve", f"GET {NEW}"]
    assert (again["outcome"], again["changed"], again["attempts"]) == ("already_done", False, 1)
    assert again["request"] == {"method": "PUT", "path": f"{NEW}/force_resolve", "status": 400}
    assert bridge.log(-1000001) == ["Over"]


@pytest.mark.parametrize("name", EVERY_ATTRIBUTE)
def test_an_update_of_one_attribute_changes_that_one(bridge: InstalledBridge, name: str) -> None:
    before = bridge.siem_incidents()
    bridge.forget_requests()
    result = bridge.execute(UPDATE, {"incident_id": 2, name: EVERY_ATTRIBUTE[name]})
    assert (result["fields"], result["verified"]) == ({name: EVERY_ATTRIBUTE[name]}, {name: "applied"})
    # A comment is known as a whole entry by what was there before.
    read_before = [f"POST {READ}"] if name == "comments" else []
    assert bridge.sent() == [*read_before, f"POST {EXTERNAL}", f"POST {READ}"]
    after = bridge.siem_incidents()
    changed = {key for key in after[2] if after[2][key] != before[2][key]}
    cleared = {"incidentStatus", "incidentClearedTime", "incidentClearedUser"}
    stored = {"comments": {"incidentComments"}, "status": cleared}.get(name)
    assert changed == stored if stored else len(changed) == 1
    assert {**after, 2: None} == {**before, 2: None}


def test_an_update_of_every_attribute_is_one_write_between_two_reads(bridge: InstalledBridge) -> None:
    before = bridge.state()
    bridge.forget_requests()
    result = bridge.execute(UPDATE, {"incident_id": 1, **EVERY_ATTRIBUTE})
    read: tuple[Any, ...] = ("POST", READ, {}, READ_BACK)
    assert bridge.requests() == [read, ("POST", EXTERNAL, {}, UPDATED), read]
    assert set(result["fields"]) == set(result["verified"]) == set(output_schema(UPDATE)["fields"])
    after = bridge.state()
    assert after[1][1].items() >= STORED.items()
    assert (after[0], {**after[1], 1: None}) == (before[0], {**before[1], 1: None})


def test_an_update_that_is_not_verified_is_one_write(bridge: InstalledBridge) -> None:
    bridge.forget_requests()
    result = bridge.execute(UPDATE, {"incident_id": 1, "comments": "Handled", "verify": False})
    assert bridge.requests() == [("POST", EXTERNAL, {}, {"incidentId": "1", "comments": "Handled"})]
    assert (result["outcome"], result["confirmed_by"], result["verified"]) == ("done", "response", {})


def test_fortisoar_serves_the_output_schema_that_results_keep(bridge: InstalledBridge) -> None:
    path = f"/api/integration/connector_output_schema/{NAME}/{VERSION}/"
    for action in (CREATE, RESOLVE, UPDATE):
        served = bridge.ask("POST", path, json={"operation": action}).json()
        assert served == {"data": {"output_schema": output_schema(action)}, "status": "Success"}


def test_values_as_text_send_the_same_requests_as_values_in_their_types(bridge: InstalledBridge) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        (CREATE, bridge.create_parameters(**EVERY_CREATE_OPTION)),
        # With a start, since where they look for earlier ones would else depend on the clock.
        (CREATE, bridge.create_parameters(correlation_id=MARKER, start_time=STARTED)),
        (CREATE, bridge.create_parameters(server=1001, correlation_id="other", verify=False, start_time=STARTED)),
        (RESOLVE, {"incident": -1000001}),
        (RESOLVE, {"incident": "-1000001", "expect_correlation_id": MARKER}),
        (UPDATE, {"incident_id": 1, **EVERY_ATTRIBUTE, "verify": False}),
        (UPDATE, {"incident_id": "1", "comments": "Again"}),
    ]
    taken = []
    for coercion in (False, True):
        for product in ("fortimonitor", "fortisiem"):
            bridge.control.reset(product)
        bridge.control.switch("fortisoar", coercion=coercion)
        answers = [bridge.execute(action, params) for action, params in calls]
        requests_sent = bridge.requests()
        taken.append((answers, requests_sent, bridge.siem_incidents()[1]["incidentComments"]))
    assert taken[0] == taken[1]
    # 4 and 1 and 3 for the creates, of which the first looks at two lists; 1 and 1 for the resolves; 1 and 3.
    assert len(taken[0][1]) == 14
    assert taken[0][2] == "Handled\nAgain"


# What a newcomer gets wrong.

WRONG = "not-the-secret-0123456789"
CREATE_GOAL = "Could not create a custom incident on server 1001: "
UPDATE_GOAL, READ_GOAL = "Could not update FortiSIEM incident 1: ", "Could not read FortiSIEM incident 1: "
NOTHING = "Nothing was changed."
UNAUTHORIZED = (
    f"{READ_GOAL}FortiSIEM answered 401 to POST {READ}. {NOTHING} Check user name, password and organization: use "
    "'super' for Enterprise deployments and Super Global accounts, else the organization of the account."
)
READ_ONLY = f"Method Not Allowed (ErrorCode 405). {NOTHING} A read-only API key is the usual reason; check the key's role under API keys."
UNKNOWN_OUTAGE = (
    f"Item Not Found (ErrorCode 404). {NOTHING} The requested resource does not exist. IDs of custom incidents may be "
    "negative: the control panel may show the same number without its minus sign. If it is of another account, choose the configuration that owns it."
)
CONFIGURATIONS: dict[str, tuple[dict[str, Any], str, str, list[str]]] = {
    "a wrong API key": (
        {"fortimonitor_api_key": WRONG},
        CREATE,
        f"{CREATE_GOAL}FortiMonitor answered 401 to POST {CREATES}: Authentication failed (ErrorCode 401). {NOTHING} "
        "The API key provided is not valid. Check FortiMonitor API Key in the configuration.",
        [f"POST {CREATES}"],
    ),
    "a wrong organization": ({"fortisiem_organization": "Acme"}, UPDATE, UNAUTHORIZED, [f"POST {READ}"]),
    "a wrong password": ({"fortisiem_password": WRONG}, UPDATE, UNAUTHORIZED, [f"POST {READ}"]),
    "a wrong client secret": (
        {**BY_TOKEN, "fortisiem_client_secret": WRONG},
        UPDATE,
        "Could not get an access token from FortiSIEM: FortiSIEM answered 400 to POST /phoenix/rest/pub/security/oauth/token: "
        f"BAD_REQUEST: Invalid ClientId or ClientSecret. {NOTHING} Check Client ID and Client Secret; both are made in "
        "FortiSIEM 7.5.1 or newer.",
        ["POST /phoenix/rest/pub/security/oauth/token"],
    ),
    "no CA": (
        {"ca_certificate": ""},
        CREATE,
        f"{CREATE_GOAL}FortiMonitor at {{fortimonitor}} shows a certificate that is not trusted: unable to get local issuer "
        f"certificate. {NOTHING} Put the certificate authority's PEM text into CA Certificate, or correct the address.",
        [],
    ),
    "a closed port of FortiMonitor": (
        {"fortimonitor_url": "{closed}/v2"},
        CREATE,
        f"{CREATE_GOAL}FortiMonitor at {{closed}} cannot be reached: the connection was refused. {NOTHING} Check the address, "
        "the firewall and the proxy.",
        [],
    ),
    "a closed port of FortiSIEM": (
        {"fortisiem_server": "{closed}"},
        UPDATE,
        f"{READ_GOAL}FortiSIEM at {{closed}} cannot be reached: the connection was refused. {NOTHING} Check the address, the "
        "firewall and the proxy.",
        [],
    ),
    "a port without TLS": (
        {"fortisiem_server": "{plain}"},
        UPDATE,
        f"{READ_GOAL}FortiSIEM at {{plain}} does not speak TLS there. {NOTHING} Check the address and its port.",
        [],
    ),
    "an address without /v2": (
        {"fortimonitor_url": "{fortimonitor}"},
        CREATE,
        f"{CREATE_GOAL}FortiMonitor answered 404 to POST /server/1001/custom_incident: Item Not Found (ErrorCode 404). "
        f"{NOTHING} The requested resource does not exist. Check the server's ID, and that FortiMonitor URL ends in /v2.",
        ["POST /server/1001/custom_incident"],
    ),
    "a read-only key, creating": (
        {"fortimonitor_api_key": "{read_only}"},
        CREATE,
        f"{CREATE_GOAL}FortiMonitor answered 405 to POST {CREATES}: {READ_ONLY}",
        [f"POST {CREATES}"],
    ),
    "a read-only key, resolving": (
        {"fortimonitor_api_key": "{read_only}"},
        RESOLVE,
        f"Could not resolve incident -3001: FortiMonitor answered 405 to PUT /v2/outage/-3001/force_resolve: {READ_ONLY}",
        ["PUT /v2/outage/-3001/force_resolve", "GET /v2/outage/-3001"],
    ),
    "FortiMonitor switched off": (
        {"fortimonitor_sign_in": "Off"},
        CREATE,
        f"FortiMonitor is switched off in this configuration. {NOTHING} Choose a way to sign in under FortiMonitor Sign-in, or another configuration.",
        [],
    ),
    "FortiSIEM switched off": (
        {"fortisiem_sign_in": "Off"},
        UPDATE,
        f"{UPDATE_GOAL}FortiSIEM is switched off in this configuration. {NOTHING} Choose a way to sign in under FortiSIEM Sign-in, or another configuration.",
        [],
    ),
    "neither product switched on": (
        {"fortimonitor_sign_in": "Off", "fortisiem_sign_in": "Off"},
        UPDATE,
        f"The configuration is not valid: FortiMonitor Sign-in and FortiSIEM Sign-in are both Off: choose a way to sign in for at least one of them. {NOTHING}",
        [],
    ),
    "a CA that is no certificate": (
        {"ca_certificate": "my CA"},
        UPDATE,
        f"The configuration is not valid: CA Certificate is not PEM text with at least one certificate. {NOTHING}",
        [],
    ),
    "fields below a way to sign in left empty": (
        {"fortisiem_username": "", "fortisiem_password": ""},
        UPDATE,
        f"The configuration is not valid: FortiSIEM Username is required. FortiSIEM Password is required. {NOTHING}",
        [],
    ),
}
PARAMETERS: dict[str, Any] = {
    CREATE: {},
    RESOLVE: {"incident": "-3001"},
    UPDATE: {"incident_id": 1, "comments": "Handled"},
}


@pytest.fixture
def places(bridge: InstalledBridge) -> Iterator[dict[str, str]]:
    """Addresses and keys that a wrong configuration names."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        yield {
            "{closed}": f"https://127.0.0.1:{closed.getsockname()[1]}",
            "{plain}": bridge.ready["control"]["url"].replace("http:", "https:"),
            "{fortimonitor}": bridge.ready["fortimonitor"]["url"].removesuffix("/v2"),
            "{read_only}": bridge.ready["fortimonitor"]["read_only_api_key"],
        }


@pytest.mark.parametrize("mistake", CONFIGURATIONS)
def test_a_mistake_in_the_configuration_is_named_and_changes_nothing(
    bridge: InstalledBridge, places: dict[str, str], mistake: str
) -> None:
    changes, action, message, sent = CONFIGURATIONS[mistake]
    configuration = bridge.configuration(**{name: filled(value, places) for name, value in changes.items()})
    params = bridge.create_parameters() if action == CREATE else PARAMETERS[action]
    whole = filled(message, places)
    log = assert_refused(bridge, action, params, whole + TAG, sent, configuration)
    assert f"{action} failed: {whole}\n" in log


@pytest.mark.parametrize("action", [CREATE, UPDATE])
def test_another_authority_s_certificate_is_not_trusted(bridge: InstalledBridge, action: str) -> None:
    other = trustme.CA().cert_pem.bytes().decode("ascii")
    configuration = bridge.configure(f"Another CA for {action}", ca_certificate=other)["name"]
    product, goal = ("fortimonitor", CREATE_GOAL) if action == CREATE else ("fortisiem", READ_GOAL)
    title = {"fortimonitor": "FortiMonitor", "fortisiem": "FortiSIEM"}[product]
    origin = bridge.ready[product]["url"].removesuffix("/v2")
    params = bridge.create_parameters() if action == CREATE else PARAMETERS[action]
    before = bridge.state()
    bridge.forget_requests()
    message = bridge.failure(action, params, configuration)
    assert bridge.sent() == []
    start = f"{goal}{title} at {origin} shows a certificate that is not trusted: "
    end = f". {NOTHING} Put the certificate authority's PEM text into CA Certificate, or correct the address.{TAG}"
    assert message.startswith(start)
    assert message.endswith(end)
    # OpenSSL finds either no authority, or, since all of trustme's have one name, a signature that is not its own.
    assert message[len(start) : -len(end)] in (
        "unable to get local issuer certificate",
        "certificate signature failure",
        "self-signed certificate in certificate chain",
    )
    assert bridge.state() == before


MISTAKES: dict[str, tuple[str, dict[str, Any], str, list[str]]] = {
    "a server that is not there": (
        CREATE,
        {"server": "4242"},
        "Could not create a custom incident on server 4242: FortiMonitor answered 404 to POST /v2/server/4242/custom_incident: "
        f"Item Not Found (ErrorCode 404). {NOTHING} The requested resource does not exist. Check the server's ID, and that FortiMonitor URL ends in /v2.",
        ["POST /v2/server/4242/custom_incident"],
    ),
    "a server's name that is not there": (
        CREATE,
        {"server": "web-09.example.com"},
        "The parameters are not valid: Server 'web-09.example.com' is no server's ID, exact name or FQDN, or the API key cannot "
        f"see it. {NOTHING}",
        ["GET /v2/server", "GET /v2/server"],
    ),
    "a part of a server's name": (
        CREATE,
        {"server": "Web"},
        "The parameters are not valid: Server 'Web' is no server's ID, exact name or FQDN. Similar servers: "
        "1001 (Web frontend, web-01.example.com), 1005 (Web frontend staging, web-staging-01.example.com). " + NOTHING,
        ["GET /v2/server", "GET /v2/server"],
    ),
    "an ambiguous name of a server": (
        CREATE,
        {"server": "Mail relay"},
        "The parameters are not valid: Server 'Mail relay' is the name of several servers: "
        "1003 (Mail relay, mail-01.example.com), 1004 (Mail relay, mail-02.example.com). Give the ID. " + NOTHING,
        ["GET /v2/server", "GET /v2/server"],
    ),
    "textkeys that are not defined": (
        CREATE,
        {"resource_textkey": "nonsense"},
        f"{CREATE_GOAL}FortiMonitor answered 400 to POST {CREATES}: resource_textkey: This field is invalid: No custom incident "
        f"with these textkeys is defined on this server (ErrorCode 400). {NOTHING} Check Plugin Textkey and Resource Textkey "
        "against the custom incident that is defined on that server; each server needs one.",
        [f"POST {CREATES}"],
    ),
    "textkeys on a server without a definition": (
        CREATE,
        {"server": "1002"},
        "Could not create a custom incident on server 1002: FortiMonitor answered 400 to POST /v2/server/1002/custom_incident: "
        "resource_textkey: This field is invalid: No custom incident with these textkeys is defined on this server "
        f"(ErrorCode 400). {NOTHING} Check Plugin Textkey and Resource Textkey against the custom incident that is defined on "
        "that server; each server needs one.",
        ["POST /v2/server/1002/custom_incident"],
    ),
    "two wrong parameters at once": (
        CREATE,
        {"auto_close_duration": "soon", "start_time": "yesterday"},
        "The parameters are not valid: Auto Close Duration 'soon' is not a whole number. Start Time 'yesterday' is not ISO 8601 "
        f"with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in UTC. {NOTHING}",
        [],
    ),
    "an incident that is not there": (
        RESOLVE,
        {"incident": "-4242"},
        f"Could not resolve incident -4242: FortiMonitor answered 404 to PUT /v2/outage/-4242/force_resolve: {UNKNOWN_OUTAGE}",
        ["PUT /v2/outage/-4242/force_resolve", "GET /v2/outage/-4242"],
    ),
    "an id without its minus sign": (
        RESOLVE,
        {"incident": "3001"},
        f"Could not resolve incident 3001: FortiMonitor answered 404 to PUT /v2/outage/3001/force_resolve: {UNKNOWN_OUTAGE}",
        ["PUT /v2/outage/3001/force_resolve", "GET /v2/outage/3001"],
    ),
    "an incident of somebody else": (
        RESOLVE,
        {"incident": "-3001", "expect_correlation_id": MARKER},
        f"Could not resolve incident -3001: it carries no correlation id, not '{MARKER}'. {NOTHING} It is another incident; "
        "check its ID.",
        ["GET /v2/outage/-3001"],
    ),
    "an ordinary outage": (
        RESOLVE,
        {"incident": "2002"},
        "Could not resolve incident 2002: it is an ordinary outage (FortiMonitor answered 400 to PUT "
        "/v2/outage/2002/force_resolve: Only custom incidents can be force resolved (ErrorCode 400)). "
        f"{NOTHING} Only custom incidents can be force-resolved.",
        ["PUT /v2/outage/2002/force_resolve", "GET /v2/outage/2002"],
    ),
    "an anomaly of FortiMonitor's own": (
        RESOLVE,
        {"incident": "-3001"},
        "Could not resolve incident -3001: FortiMonitor answered 400 to PUT /v2/outage/-3001/force_resolve: Only custom "
        f"incidents can be force resolved (ErrorCode 400). {NOTHING} The request failed, often due to a missing or "
        "misconfigured parameter. Only custom incidents can be force-resolved.",
        ["PUT /v2/outage/-3001/force_resolve", "GET /v2/outage/-3001"],
    ),
    "a URL of another FortiMonitor": (
        RESOLVE,
        {"incident": "https://elsewhere.example/v2/outage/-3001"},
        "The parameters are not valid: FortiMonitor Incident 'https://elsewhere.example/v2/outage/-3001' is not an ID such as -28000855, "
        f"#-28000855, a URL such as {{url}}/outage/-28000855, or a Source ID such as fortimonitor:api2.panopta.com:-28000855. {NOTHING}",
        [],
    ),
    "a FortiSIEM incident that is not there": (
        UPDATE,
        {"incident_id": 4242, "comments": "Handled"},
        f"Could not update FortiSIEM incident 4242: FortiSIEM answered 200 to POST {EXTERNAL}: Incident not found. {NOTHING} "
        "Check that incident 4242 exists in organization super.",
        [f"POST {READ}", f"POST {EXTERNAL}"],
    ),
    "nothing to update": (
        UPDATE,
        {"incident_id": 1, "verify": True},
        f"The parameters are not valid: At least one attribute to update must be given. {NOTHING}",
        [],
    ),
    "a status that is none": (
        UPDATE,
        {"incident_id": 1, "status": "Closed"},
        "The parameters are not valid: Status 'Closed' is not one of: Active, Auto Cleared, Manually Cleared, System Cleared. "
        + NOTHING,
        [],
    ),
    "a parameter that there is not": (
        UPDATE,
        {"incident_id": 1, "owner": "jdoe"},
        "The parameters are not valid: There is no parameter 'owner'; the parameters are: incident_id, status, comments, "
        "severity, resolution, external_ticket_type, external_ticket_id, external_ticket_state, external_assigned_user, "
        f"verify, text_format. At least one attribute to update must be given. {NOTHING}",
        [],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_parameters_is_named_and_changes_nothing(bridge: InstalledBridge, mistake: str) -> None:
    action, given, message, sent = MISTAKES[mistake]
    params = bridge.create_parameters(**given) if action == CREATE else given
    whole = filled(message, {"{url}": bridge.ready["fortimonitor"]["url"]})
    log = assert_refused(bridge, action, params, whole + TAG, sent)
    assert f"{action} failed: {whole}\n" in log


def test_an_incident_of_another_event_is_not_resolved(bridge: InstalledBridge) -> None:
    bridge.execute(CREATE, bridge.create_parameters(correlation_id="/api/3/alerts/7"))
    params = {"incident": "-1000001", "expect_correlation_id": MARKER}
    message = (
        f"Could not resolve incident -1000001: it carries correlation id '/api/3/alerts/7', not '{MARKER}'. {NOTHING} "
        f"It is another incident; check its ID.{TAG}"
    )
    assert_refused(bridge, RESOLVE, params, message, [f"GET {NEW}"])


def test_an_account_without_custom_incidents_is_told_so(bridge: InstalledBridge) -> None:
    bridge.control.switch("fortimonitor", custom_incidents=False)
    message = (
        f"{CREATE_GOAL}FortiMonitor answered 400 to POST {CREATES}: Custom incidents are not enabled for this account "
        f"(ErrorCode 400). {NOTHING} The Custom Incidents feature must be enabled on the account; ask FortiMonitor's support "
        f"for it.{TAG}"
    )
    assert_refused(bridge, CREATE, bridge.create_parameters(), message, [f"POST {CREATES}"])


@pytest.mark.parametrize(
    ("action", "params", "blank"),
    [
        (CREATE, {"server": "1001", "description": ""}, "Description, Plugin Textkey, Resource Textkey"),
        (RESOLVE, {"reason": "Over"}, "FortiMonitor Incident"),
        (UPDATE, {"status": "Active"}, "FortiSIEM Incident ID"),
    ],
)
def test_a_missing_parameter_is_fortisoar_s_own_refusal(
    bridge: InstalledBridge, action: str, params: dict[str, Any], blank: str
) -> None:
    message = f"Invalid params provided :: Parameters {blank} have either blank value or not provided{TAG}"
    assert_refused(bridge, action, params, message, [])


def test_an_unknown_operation_and_an_unknown_configuration_are_fortisoar_s_own_refusals(
    bridge: InstalledBridge,
) -> None:
    assert_refused(bridge, "delete_everything", {}, f"{FAILED}Operation delete_everything not found", [])
    message = (
        "INTEGRATION-12: Could not find a connector configuration matching the given configuration id or name Nobody's"
    )
    assert_refused(bridge, RESOLVE, {"incident": "-3001"}, message + TAG, [], "Nobody's")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"fortimonitor_api_key": WRONG},
            "FortiMonitor answered 401 to GET /v2/outage/active: Authentication failed (ErrorCode 401). The API key provided is "
            "not valid. Check FortiMonitor API Key in the configuration. Nothing was changed.",
        ),
        (
            {"fortimonitor_api_key": WRONG, "fortisiem_password": WRONG},
            "FortiMonitor answered 401 to GET /v2/outage/active: Authentication failed (ErrorCode 401). The API key provided is "
            "not valid. Check FortiMonitor API Key in the configuration. FortiSIEM answered 401 to GET "
            "/phoenix/rest/system/health/summary. Check user name, password and organization: use 'super' for Enterprise "
            "deployments and Super Global accounts, else the organization of the account. Nothing was changed.",
        ),
    ],
)
def test_health_names_every_product_that_cannot_be_used(
    bridge: InstalledBridge, changes: dict[str, str], message: str
) -> None:
    status, health = bridge.health(bridge.configuration(**changes))
    assert (status, health["status"], health["message"]) == (200, "Disconnected", message)


def test_no_secret_is_in_any_answer_of_the_configuration_api(bridge: InstalledBridge) -> None:
    made = bridge.configure("Kept secret", fortimonitor_api_key=WRONG, **BY_TOKEN)
    path = f"/api/integration/configuration/{made['config_id']}/"
    body = {"name": "Kept secret", "default": False, "config": {**bridge.values(), "fortimonitor_api_key": WRONG}}
    details = f"/api/integration/connectors/{NAME}/{VERSION}/"
    texts = [
        json.dumps(made),
        *(bridge.ask("GET", address).text for address in (path, "/api/integration/configuration/")),
        bridge.ask("POST", details, json={}).text,
        bridge.ask("PUT", path, json=body).text,
        bridge.ask("GET", path).text,
        bridge.connectors_log(),
    ]
    for text in texts:
        bridge.assert_no_secret(text, WRONG)
    assert bridge.ask("DELETE", path).status_code == 204


def filled(text: Any, places: dict[str, str]) -> Any:
    for place, value in places.items():
        text = text.replace(place, value) if isinstance(text, str) else text
    return text


def assert_refused(
    bridge: InstalledBridge,
    action: str,
    params: dict[str, Any],
    message: str,
    sent: list[str],
    configuration: str | None = None,
) -> str:
    """Fail unless an action is refused with a message after these requests, with nothing changed and nothing told.

    Returns: what was logged.
    """
    before = bridge.state()
    logged = len(bridge.connectors_log())
    bridge.forget_requests()
    assert bridge.failure(action, params, configuration) == message
    assert bridge.sent() == sent
    assert WRONG not in message
    log = bridge.connectors_log()[logged:]
    bridge.assert_no_secret(log, WRONG)
    assert bridge.state() == before
    return log
