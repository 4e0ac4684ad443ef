"""The simulated FortiSIEM: the events of an incident in every version's way, health, and the user interface's calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Optional
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from lab.fortisiem import Account, FortiSiem
from lab.fortisiem.versions import VERSIONS
from lab.kit.clock import Clock

REST = "/phoenix/rest"
EVENTS = f"{REST}/pub/incident/triggeringEvents"
H5 = f"{REST}/h5/sec"
TOKEN = f"{REST}/pub/security/oauth/token"
HOUR = 3600 * 1000
DAY = 24 * HOUR

ADMIN = ("super/admin", "Admin*123")
ACME = ("Acme/admin", "Acme*123")
ACCOUNTS = [Account("super", "admin", "Admin*123"), Account("Acme", "admin", "Acme*123")]
LISTING = [version for version in VERSIONS if version != "5.2.5"]
QUERYING = ["7.3.3", "7.5.1"]
FIRST = 6482650188627892238  # the id of the first event of incident 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def siem(tmp_path: Path, clock: Clock) -> Iterator[FortiSiem]:
    product = FortiSiem(tmp_path, clock, ACCOUNTS, [])
    yield product
    product.close()


@pytest.fixture
def admin(siem: FortiSiem) -> TestClient:
    return client_of(siem, ADMIN)


def client_of(siem: FortiSiem, auth: Optional[tuple[str, str]] = None) -> TestClient:
    client = TestClient(siem.app, base_url="https://127.0.0.1")
    if auth:
        client.auth = auth
    return client


def started(client: TestClient, incident_id: int = 1, **times: Any) -> str:
    answer = client.get(f"{EVENTS}/start", params={"incidentId": incident_id, **times}).json()
    return str(answer["queryId"] if isinstance(answer, dict) else answer)


def nids(events: Any) -> list[str]:
    return [event["nid"] for event in events]


def assert_json_error(answer: Any, description: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()) == (status, {"result": {"code": 255, "description": description}})


def parsed(answer: Any) -> ElementTree.Element:
    return ElementTree.fromstring(answer.text)  # noqa: S314 - made by the lab itself


# What is there


def test_every_incident_of_the_seed_has_events(siem: FortiSiem, admin: TestClient) -> None:
    for one in siem.incidents():
        events = admin.get(EVENTS, params={"incidentId": one["incidentId"]}).json()["data"]
        assert events
        assert events[0]["receiveTime"] == one["incidentLastSeen"]
        assert {event["custId"] for event in events} == {one["phCustId"]}
        assert all(event["attributes"]["Reporting IP"] == one["incidentRptIp"] for event in events)
        assert all(event["rawMessage"].startswith("<") and "{" not in event["rawMessage"] for event in events)


def test_incident_7_holds_values_with_colons_and_an_attribute_twice(siem: FortiSiem) -> None:
    seventh = siem.incidents()[6]
    assert seventh["incidentSrc"] == "srcIpAddr:2001:db8:51::23, srcMACAddr:00:00:5e:00:53:af,"
    assert seventh["incidentTarget"] == "destIpAddr:192.0.2.80, destIpAddr:2001:db8:80::1, hostName:shop.example.com,"
    assert seventh["incidentDetail"] == (
        "infoURL:https://shop.example.com:8443/login.php?next=/admin&id=1, attackCount:7, "
    )


def test_an_event_has_the_documented_keys_and_its_id_is_a_rounded_nid(siem: FortiSiem, admin: TestClient) -> None:
    document = admin.get(EVENTS, params={"incidentId": 1, "size": 1}).json()
    assert document["result"] == {"code": 0, "description": "1 event found in this time range"}
    [event] = document["data"]
    raw = event.pop("rawMessage")
    assert event == {
        "custId": 1,
        "index": 0,
        "id": 6482650188627892000,
        "eventType": "Win-Security-4624",
        "receiveTime": siem.incidents()[0]["incidentLastSeen"],
        "nid": "6482650188627892240",
        "attributes": {
            "Event Type": "Win-Security-4624",
            "Reporting IP": "192.0.2.10",
            "Reporting Device": "dc-01.example.com",
            "Event Severity": "1",
            "User": "jdoe",
            "Source IP": "198.51.100.23",
        },
        "eventAttributes": [],
        "dataStr": {},
    }
    assert raw.endswith("TargetUserName=jdoe IpAddress=198.51.100.23 IpPort=50121")


def test_events_that_differ_can_have_the_same_id_but_never_the_same_nid(siem: FortiSiem, admin: TestClient) -> None:
    siem.add_events(2, 50)
    events = admin.get(EVENTS, params={"incidentId": 2, "size": 100}).json()["data"]
    assert len({event["id"] for event in events}) == 1
    assert len(set(nids(events))) == len(events) == 52


# At once


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_from_6_3_on_shows_events_in_its_own_shape(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    answer = admin.get(EVENTS, params={"incidentId": 1})
    if version == "5.2.5":
        assert answer.status_code == 404
        return
    document = answer.json()
    events = document if version == "6.4" else document["data"]
    assert nids(events) == [str(FIRST + 2), str(FIRST + 1), str(FIRST)]
    assert [event["index"] for event in events] == [0, 1, 2]
    if version == "6.4":
        assert events[0]["attributes"] == {
            "1": "Win-Security-4624",
            "2": "192.0.2.10",
            "3": "dc-01.example.com",
            "5": "1",
            "6": "jdoe",
            "7": "198.51.100.23",
        }
    else:
        assert document["result"] == {"code": 0, "description": "3 events found in this time range"}


@pytest.mark.parametrize("version", ["6.4", "7.5.1"])
def test_an_incident_without_events_in_the_window_is_an_empty_list(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    answer = admin.get(EVENTS, params={"incidentId": 1, "timeFrom": 1000, "timeTo": 2000})
    empty = {"result": {"code": 0, "description": "0 events found in this time range"}, "data": []}
    assert (answer.status_code, answer.json()) == (200, [] if version == "6.4" else empty)


def test_the_newest_events_come_first_and_of_equals_the_one_with_the_greater_nid(
    siem: FortiSiem, admin: TestClient
) -> None:
    siem.add_events(3, 5)
    siem.add_events(3, 5)
    events = admin.get(EVENTS, params={"incidentId": 3, "size": 100}).json()["data"]
    order = [(event["receiveTime"], int(event["nid"])) for event in events]
    assert len(order) == 13
    assert order == sorted(order, reverse=True)
    few = admin.get(EVENTS, params={"incidentId": 3, "size": 4}).json()["data"]
    assert nids(few) == nids(events)[:4]


@pytest.mark.parametrize("path", ["", "/start"])
@pytest.mark.parametrize("number", ["562", "abc", "", "-1", "9223372036854775808", "-9223372036854775809", "1.0"])
def test_an_id_that_no_incident_has_is_refused(admin: TestClient, path: str, number: str) -> None:
    answer = admin.get(f"{EVENTS}{path}", params={"incidentId": number})
    assert_json_error(answer, f"Invalid Incident Id {number}")


@pytest.mark.parametrize("path", ["", "/start"])
def test_an_incident_of_another_organization_is_refused_as_an_unknown_one(siem: FortiSiem, path: str) -> None:
    acme = client_of(siem, ACME)
    assert_json_error(acme.get(f"{EVENTS}{path}", params={"incidentId": 1}), "Invalid Incident Id 1")
    assert acme.get(f"{EVENTS}{path}", params={"incidentId": 6}).status_code == 200


@pytest.mark.parametrize(
    ("size", "number"), [(None, 10), ("", 10), ("0", 10), ("4", 4), ("100", 100), ("101", 100), ("10000", 100)]
)
def test_events_are_10_unless_told_and_100_at_most(
    siem: FortiSiem, admin: TestClient, size: Optional[str], number: int
) -> None:
    siem.add_events(1, 200)
    wanted = {"incidentId": "1", **({} if size is None else {"size": size})}
    assert len(admin.get(EVENTS, params=wanted).json()["data"]) == number
    query = started(admin, size=100)
    wanted.pop("incidentId")
    assert len(admin.get(f"{EVENTS}/result/{query}", params=wanted).json()["data"]) == number


def test_a_query_gives_no_more_than_it_was_started_for(siem: FortiSiem, admin: TestClient) -> None:
    siem.add_events(1, 200)
    assert len(admin.get(f"{EVENTS}/result/{started(admin)}?size=50").json()["data"]) == 10
    assert len(admin.get(f"{EVENTS}/result/{started(admin, size=20)}?size=50").json()["data"]) == 20


@pytest.mark.parametrize("path", ["", "/start"])
def test_a_window_of_more_than_24_hours_is_refused(siem: FortiSiem, admin: TestClient, path: str) -> None:
    now = siem.now()
    wanted = {"incidentId": 1, "timeFrom": now - DAY, "timeTo": now}
    assert admin.get(f"{EVENTS}{path}", params=wanted).status_code == 200
    answer = admin.get(f"{EVENTS}{path}", params={**wanted, "timeTo": now + 1})
    assert_json_error(answer, "The time range must not exceed 24 hours")


def test_both_ends_belong_to_the_window_and_each_may_be_left_out(siem: FortiSiem, admin: TestClient) -> None:
    middle = siem.incidents()[0]["incidentLastSeen"] - 30_000

    def found(**times: int) -> list[str]:
        return nids(admin.get(EVENTS, params={"incidentId": 1, **times}).json()["data"])

    assert found(timeFrom=middle, timeTo=middle) == [str(FIRST + 1)]
    assert found(timeFrom=middle) == [str(FIRST + 2), str(FIRST + 1)]
    assert found(timeTo=middle) == [str(FIRST + 1), str(FIRST)]
    query = started(admin, timeFrom=middle, timeTo=middle)
    assert nids(admin.get(f"{EVENTS}/result/{query}").json()["data"]) == [str(FIRST + 1)]


@pytest.mark.parametrize("path", ["", "/start"])
@pytest.mark.parametrize("name", ["size", "timeFrom", "timeTo"])
@pytest.mark.parametrize("value", ["x", "-1", "1.5", str(10**29)])
def test_a_number_of_no_sense_is_refused(admin: TestClient, path: str, name: str, value: str) -> None:
    answer = admin.get(f"{EVENTS}{path}", params={"incidentId": 1, name: value})
    assert_json_error(answer, f"Invalid value {value} for {name}")


# As a query


@pytest.mark.parametrize("version", VERSIONS)
def test_a_query_can_be_started_from_7_3_3_on_and_names_its_id_by_version(
    siem: FortiSiem, admin: TestClient, version: str
) -> None:
    siem.switches.set("version", version)
    answer = admin.get(f"{EVENTS}/start", params={"incidentId": 1})
    if version == "7.5.1":
        assert answer.json() == {"queryId": "14262"}
    elif version == "7.3.3":
        assert answer.text == '"14262"'
    else:
        assert answer.status_code == 404
    found = 200 if version in QUERYING else 404
    assert admin.get(f"{EVENTS}/progress/14262").status_code == found
    assert admin.get(f"{EVENTS}/result/14262").status_code == found


@pytest.mark.parametrize("version", QUERYING)
@pytest.mark.parametrize("form", ["number", "object"])
@pytest.mark.parametrize(("steps", "percents"), [(0, [100, 100]), (1, [50, 100, 100]), (2, [33, 66, 100, 100])])
def test_a_query_progresses_as_its_switches_say(
    siem: FortiSiem, admin: TestClient, version: str, form: str, steps: int, percents: list[int]
) -> None:
    siem.switches.set("version", version)
    siem.switches.set("triggering_progress", form)
    siem.switches.set("triggering_query_steps", steps)
    query = started(admin)
    answers = [admin.get(f"{EVENTS}/progress/{query}").json() for _ in percents]
    assert answers == (percents if form == "number" else [{"progressPct": percent} for percent in percents])
    at_once = admin.get(EVENTS, params={"incidentId": 1}).json()["data"]
    assert admin.get(f"{EVENTS}/result/{query}").json() == {"data": at_once}


def test_a_result_that_is_asked_for_too_early_is_400_and_comes_later(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("triggering_query_steps", 1)
    query = started(admin)
    for _ in range(2):
        assert_json_error(admin.get(f"{EVENTS}/result/{query}"), f"Query {query} is not complete")
    admin.get(f"{EVENTS}/progress/{query}")
    assert len(admin.get(f"{EVENTS}/result/{query}").json()["data"]) == 3


def test_a_result_can_be_read_again(admin: TestClient) -> None:
    query = started(admin)
    first, second = (admin.get(f"{EVENTS}/result/{query}").json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("value", ["x", "-1"])
def test_a_result_of_a_size_of_no_sense_is_refused(admin: TestClient, value: str) -> None:
    answer = admin.get(f"{EVENTS}/result/{started(admin)}", params={"size": value})
    assert_json_error(answer, f"Invalid value {value} for size")


@pytest.mark.parametrize("step", ["progress", "result"])
@pytest.mark.parametrize("query", ["99", "abc", "-1", "9" * 30])
def test_an_unknown_query_is_404(admin: TestClient, step: str, query: str) -> None:
    assert_json_error(admin.get(f"{EVENTS}/{step}/{query}"), f"Invalid query {query}", 404)


@pytest.mark.parametrize("step", ["progress", "result"])
def test_a_query_of_another_account_is_404(siem: FortiSiem, admin: TestClient, step: str) -> None:
    query = started(admin)
    assert_json_error(client_of(siem, ACME).get(f"{EVENTS}/{step}/{query}"), f"Invalid query {query}", 404)


def test_two_queries_are_two(admin: TestClient) -> None:
    first, second = started(admin, 1), started(admin, 4)
    assert first != second
    assert len(admin.get(f"{EVENTS}/result/{first}").json()["data"]) == 3
    assert len(admin.get(f"{EVENTS}/result/{second}").json()["data"]) == 1


# The limit on concurrent queries


def test_the_eleventh_query_is_429_until_a_result_is_read(siem: FortiSiem, admin: TestClient) -> None:
    queries = [started(admin) for _ in range(10)]
    assert admin.get(f"{EVENTS}/start", params={"incidentId": 1}).status_code == 429
    assert admin.get(EVENTS, params={"incidentId": 1}).status_code == 429
    assert admin.post(f"{REST}/pub/incident", json={"filters": {"incidentId": [1]}}).status_code == 429
    assert admin.get(f"{EVENTS}/progress/{queries[0]}").status_code == 200
    assert admin.get(f"{EVENTS}/result/{queries[0]}").status_code == 200
    assert admin.get(EVENTS, params={"incidentId": 1}).status_code == 200
    assert admin.get(f"{EVENTS}/start", params={"incidentId": 1}).status_code == 200
    assert admin.get(f"{EVENTS}/start", params={"incidentId": 1}).status_code == 429


def test_lists_that_are_being_answered_and_started_queries_count_together(siem: FortiSiem, admin: TestClient) -> None:
    with ExitStack() as others:
        for _ in range(6):
            others.enter_context(siem.queries.running("testclient"))
        others.enter_context(siem.queries.running("elsewhere"))
        for _ in range(4):
            started(admin)
        assert admin.get(f"{EVENTS}/start", params={"incidentId": 1}).status_code == 429
    started(admin)


def test_queries_of_another_address_do_not_count(siem: FortiSiem, admin: TestClient) -> None:
    elsewhere = TestClient(siem.app, base_url="https://127.0.0.1", client=("192.0.2.99", 1))
    elsewhere.auth = ADMIN
    for _ in range(10):
        started(elsewhere)
    assert admin.get(f"{EVENTS}/start", params={"incidentId": 1}).status_code == 200


def test_without_the_limit_any_number_runs(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("concurrency_limit", 0)
    assert len({started(admin) for _ in range(12)}) == 12


def test_a_query_that_nobody_reads_ends_after_a_minute(admin: TestClient, clock: Clock) -> None:
    for _ in range(10):
        started(admin)
    clock.advance(55)
    assert admin.get(EVENTS, params={"incidentId": 1}).status_code == 429
    clock.advance(5)
    assert admin.get(EVENTS, params={"incidentId": 1}).status_code == 200


def test_a_reset_ends_every_query(siem: FortiSiem, admin: TestClient) -> None:
    queries = [started(admin) for _ in range(10)]
    siem.reset()
    assert admin.get(f"{EVENTS}/result/{queries[0]}").status_code == 404
    assert admin.get(EVENTS, params={"incidentId": 1}).status_code == 200


# Before 6.3


@pytest.mark.parametrize("version", VERSIONS)
def test_event_ids_are_listed_in_xml_before_6_3_alone(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    answer = admin.get(f"{REST}/incident/triggeringEvents", params={"incidentIds": "1, 2,999,x"})
    if version != "5.2.5":
        assert answer.status_code == 404
        return
    assert answer.headers["content-type"] == "application/xml"
    listed = {one.get("id"): one.findtext("triggerEvents") for one in parsed(answer).iter("incident")}
    assert listed == {"1": f"{FIRST},{FIRST + 1},{FIRST + 2}", "2": f"{FIRST + 3},{FIRST + 4}"}


@pytest.mark.parametrize("numbers", ["", "999", "x", str(10**29)])
def test_no_event_ids_are_204(siem: FortiSiem, admin: TestClient, numbers: str) -> None:
    siem.switches.set("version", "5.2.5")
    answer = admin.get(f"{REST}/incident/triggeringEvents", params={"incidentIds": numbers})
    assert (answer.status_code, answer.content) == (204, b"")


def test_event_ids_of_another_organization_are_not_listed(siem: FortiSiem) -> None:
    siem.switches.set("version", "5.2.5")
    answer = client_of(siem, ACME).get(f"{REST}/incident/triggeringEvents", params={"incidentIds": "1,6"})
    assert [one.get("id") for one in parsed(answer).iter("incident")] == ["6"]


# XML event queries


def test_a_finished_event_query_is_read_in_parts(siem: FortiSiem, admin: TestClient) -> None:
    query = siem.add_event_query(1)
    answer = admin.get(f"{REST}/query/events/{query}/1/1")
    [result] = parsed(answer).findall("result/queryResult")
    assert query.startswith("10931,")
    assert result.attrib == {"errorCode": "0", "queryId": "10931", "start": "1", "totalCount": "3"}
    [event] = result.findall("events/event")
    assert (event.findtext("id"), event.findtext("nid"), event.findtext("index")) == (str(FIRST + 1),) * 2 + ("1",)
    assert (event.findtext("custId"), event.findtext("eventType")) == ("1", "Win-Security-4625")
    attributes = {one.get("name"): one.text or "" for one in event.iter("attribute")}
    assert (attributes["User"], attributes["Source IP"]) == ("jdoe", "198.51.100.23")
    assert 'Message="An account failed to log on."' in attributes["Raw Event Log"]


def test_every_event_of_a_query_is_within_its_total(siem: FortiSiem, admin: TestClient) -> None:
    siem.add_events(3, 20)
    root = parsed(admin.get(f"{REST}/query/events/{siem.add_event_query(3)}/0/1000"))
    assert len(list(root.iter("event"))) == 23
    assert [one.get("totalCount") for one in root.iter("queryResult")] == ["23"]


@pytest.mark.parametrize("part", ["1,2/0/10", "{query}/x/10", "{query}/0/-1", "{query}/0/" + "9" * 25])
def test_an_unknown_event_query_or_part_of_it_is_an_xml_error(siem: FortiSiem, admin: TestClient, part: str) -> None:
    answer = admin.get(f"{REST}/query/events/{part.format(query=siem.add_event_query(1))}")
    [error] = parsed(answer).iter("error")
    assert (answer.status_code, error.get("code")) == (400, "255")


def test_an_event_query_over_another_organization_is_unknown(siem: FortiSiem) -> None:
    answer = client_of(siem, ACME).get(f"{REST}/query/events/{siem.add_event_query(1)}/0/10")
    assert answer.status_code == 400


# Health


@pytest.mark.parametrize("version", VERSIONS)
def test_the_health_of_an_instance_shows_the_version(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    [named] = [one for one in admin.get(f"{REST}/system/health/summary").json() if one["name"] == "Super"]
    [detail] = admin.get(f"{REST}/system/health/instance", params={"instanceId": named["id"]}).json()
    assert (detail["id"], detail["name"], detail["healthStatus"]) == (1, "Super", "Normal")
    assert [node["versionInfo"]["version"] for node in detail["nodes"]] == [version] * 2
    assert [set(node) for node in detail["nodes"]] == [
        {"summary", "metrics", "hostinfo", "versionInfo", "hardware"}
    ] * 2


@pytest.mark.parametrize("key", ["nodesType", "nodeType"])
def test_the_complete_health_is_that_of_every_instance(siem: FortiSiem, admin: TestClient, key: str) -> None:
    siem.switches.set("health_node_type_key", key)
    whole = admin.get(f"{REST}/system/health").json()
    parts = [
        admin.get(f"{REST}/system/health/instance", params={"instanceId": number}).json()[0] for number in (1, 2000)
    ]
    assert whole == parts
    [collector] = whole[1]["nodes"]
    assert collector["summary"] == {
        "instanceId": 2000,
        "name": "collector-01",
        key: "Collector",
        "status": "No connection",
    }
    assert collector["metrics"][key] == "Collector"
    assert collector["metrics"]["healthSummary"]["reason"][0]["attribute"] == "Last Event time Received"


@pytest.mark.parametrize("query", ["?instanceId=7", "?instanceId=x", ""])
def test_an_unknown_instance_is_refused(admin: TestClient, query: str) -> None:
    answer = admin.get(f"{REST}/system/health/instance{query}")
    assert_json_error(answer, f"Invalid Instance Id {query.partition('=')[2] or None}")


@pytest.mark.parametrize("path", ["health", "health/instance?instanceId=1", "health/instance?instanceId=7"])
@pytest.mark.parametrize(("position", "status"), [("missing", 404), ("forbidden", 403)])
def test_the_detailed_health_is_missing_or_forbidden_with_the_summary(
    siem: FortiSiem, admin: TestClient, path: str, position: str, status: int
) -> None:
    siem.switches.set("health_summary", position)
    assert admin.get(f"{REST}/system/{path}").status_code == status


# The user interface


def logged_in(siem: FortiSiem, domain: str = "Super") -> TestClient:
    client = client_of(siem)
    secret = (ADMIN if domain == "Super" else ACME)[1]
    answer = client.post(f"{H5}/login", json={"username": "admin", "password": secret, "domain": domain})
    assert (answer.status_code, answer.json()) == (200, "success")
    client.headers["s"] = client.cookies["s"].encode().hex().upper()
    return client


def made(client: TestClient, **form: Any) -> Any:
    whole = {"name": "lab", "grantType": "client_credentials", "expiresIn": 1440, "clientExpiresIn": 2880}
    return client.post(f"{H5}/oauth/token", json={**whole, **form})


def ask_token(siem: FortiSiem, client_id: str, proof: str) -> Any:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": proof}
    return client_of(siem).post(TOKEN, data=form)


@pytest.mark.parametrize(
    "form",
    [
        {"username": "admin", "password": "wrong", "domain": "Super"},
        {"username": "nobody", "password": "Admin*123", "domain": "Super"},
        {"username": "admin", "password": "Admin*123", "domain": "Acme"},
        {"username": "admin", "password": "\ud800", "domain": "Super"},
        {},
        [],
    ],
)
def test_a_login_with_wrong_credentials_is_401_and_sets_no_cookie(siem: FortiSiem, form: Any) -> None:
    client = client_of(siem)
    assert client.post(f"{H5}/login", content=json.dumps(form)).status_code == 401
    assert client.post(f"{H5}/login", content=b"{").status_code == 401
    assert not client.cookies


def test_the_licence_is_shown_in_a_session_alone(siem: FortiSiem, admin: TestClient) -> None:
    assert admin.get(f"{REST}/system/license").status_code == 403
    assert admin.get(f"{H5}/license").status_code == 403
    licence = logged_in(siem).get(f"{H5}/license").json()
    assert licence["sn"] == "FSMTESTLAB000001"
    assert licence["licenseEndTime"] > siem.now()


@pytest.mark.parametrize("shown", ["", "jklmno", "6a6b6c6d6e6f"])
def test_what_changes_something_needs_the_s_cookie_in_hexadecimal_capitals(
    siem: FortiSiem, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    monkeypatch.setattr("lab.fortisiem.h5.secrets.token_urlsafe", lambda _size: "jklmno")
    client = logged_in(siem)
    assert client.headers["s"] == "6A6B6C6D6E6F"
    client.headers["s"] = shown
    answer = made(client)
    assert (answer.status_code, answer.content) == (403, b"")
    assert client.get(f"{H5}/oauth/tokens").json() == []
    client.headers["s"] = "6A6B6C6D6E6F"
    assert made(client).status_code == 200


def test_a_made_client_gets_tokens_with_its_makers_rights_for_as_long_as_was_said(
    siem: FortiSiem, clock: Clock
) -> None:
    gui = logged_in(siem, "acme")
    document = made(gui).json()
    issued = document["issuedTokenInfo"]
    assert (document["id"], document["name"], document["revoked"]) == (1, "lab", False)
    assert (document["expiresIn"], document["clientExpiresIn"], document["ownerName"]) == (1440, 2880, "Acme/admin")
    assert (issued["clientId"], issued["expiresIn"]) == (document["clientId"], 1440)
    answer = ask_token(siem, issued["clientId"], issued["clientSecret"])
    assert answer.json()["expires_in"] == 1440
    bearer = client_of(siem)
    bearer.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    seen = bearer.post(f"{REST}/pub/incident", json={"timeFrom": 0, "timeTo": siem.now()}).json()["data"]
    assert [row["incidentId"] for row in seen] == [6]
    clock.advance(1440 * 60 - 60)
    assert bearer.get(f"{REST}/system/health/summary").status_code == 200
    clock.advance(60)
    assert bearer.get(f"{REST}/system/health/summary").status_code == 401


def test_a_made_clients_secret_is_shown_once_and_ends(siem: FortiSiem, clock: Clock, tmp_path: Path) -> None:
    gui = logged_in(siem)
    issued = made(gui).json()["issuedTokenInfo"]
    [listed] = gui.get(f"{H5}/oauth/tokens").json()
    assert listed["clientId"] == issued["clientId"]
    assert issued["clientSecret"] not in json.dumps(listed)
    assert ask_token(siem, issued["clientId"], "wrong").json()["message"] == "Invalid ClientId or ClientSecret"
    clock.advance(2880 * 60)
    assert ask_token(siem, issued["clientId"], issued["clientSecret"]).json()["message"] == "Client secret expired"
    siem.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert issued["clientSecret"].encode() not in kept
    assert gui.cookies["JSESSIONID"].encode() not in kept


def test_a_revoked_client_gets_no_token_and_its_tokens_end(siem: FortiSiem, clock: Clock) -> None:
    gui = logged_in(siem)
    first, second = made(gui).json(), made(gui, name="other").json()
    assert first["id"] != second["id"]
    issued = first["issuedTokenInfo"]
    token = ask_token(siem, issued["clientId"], issued["clientSecret"]).json()["access_token"]
    assert gui.post(f"{H5}/oauth/token/{first['id']}/revoke").status_code == 200
    assert [one["revoked"] for one in gui.get(f"{H5}/oauth/tokens").json()] == [True, False]
    bearer = client_of(siem)
    bearer.headers["Authorization"] = f"Bearer {token}"
    assert bearer.get(f"{REST}/system/health/summary").status_code == 401
    clock.advance(5)
    assert ask_token(siem, issued["clientId"], issued["clientSecret"]).json()["message"] == "Client ID revoked"


@pytest.mark.parametrize("number", ["7", "x"])
def test_an_unknown_client_cannot_be_revoked(siem: FortiSiem, number: str) -> None:
    assert logged_in(siem).post(f"{H5}/oauth/token/{number}/revoke").status_code == 404


@pytest.mark.parametrize(
    "form", [{"name": ""}, {"grantType": "password"}, {"expiresIn": "x"}, {"clientExpiresIn": None}]
)
def test_a_client_that_lacks_something_is_not_made(siem: FortiSiem, form: dict[str, Any]) -> None:
    gui = logged_in(siem)
    assert made(gui, **form).json() == {"code": 255, "msg": "Invalid input parameters"}
    assert gui.get(f"{H5}/oauth/tokens").json() == []


@pytest.mark.parametrize("version", VERSIONS)
def test_clients_are_made_from_7_5_on(siem: FortiSiem, version: str) -> None:
    siem.switches.set("version", version)
    gui = logged_in(siem)
    assert gui.get(f"{H5}/oauth/tokens").status_code == (200 if version == "7.5.1" else 404)
    assert gui.get(f"{H5}/license").status_code == 200
    assert gui.get(f"{H5}/elsewhere").status_code == 404


def test_neither_a_login_nor_a_session_reaches_the_journal(siem: FortiSiem) -> None:
    gui = logged_in(siem)
    gui.get(f"{H5}/license")
    journal = json.dumps(siem.journal.as_json())
    assert "Admin*123" not in journal
    assert gui.cookies["JSESSIONID"] not in journal
