"""The lab's FortiMonitor through an outage's life: acknowledged, escalated, described, logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lab.fortimonitor import FortiMonitor
from tests.lab.test_fortimonitor_product import BASE, StillClock, assert_refused, client_of, created

OUTAGE, ANOMALY, CUSTOM = "/v2/outage/2002", "/v2/outage/-3001", "/v2/outage/-1000001"
ON_CALL, SOAR, NIGHT_SHIFT = BASE + "/user/501", BASE + "/user/502", BASE + "/contact/601"
REQUIRED = "This field is required"
WRONG_WHO = "This field is invalid: Please enter a valid user or contact URL in the who field"
PUTS: dict[str, dict[str, Any]] = {
    "acknowledge": {"who": SOAR},
    "escalate": {"who": SOAR},
    "delay/60": {"who": SOAR},
    "broadcast": {"who": SOAR, "message": "All hands"},
    "lead": {"who": SOAR},
    "summary": {"who": SOAR, "summary": "Disk is full"},
    "tags": {"tags": ["disk"]},
}
WITH_WHO = sorted(PUTS.keys() - {"tags"})


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def monitor(tmp_path: Path, clock: StillClock) -> Iterator[FortiMonitor]:
    product = FortiMonitor(tmp_path, clock, BASE, api_key="key-rw", read_only_api_key="key-ro")
    product.switches.set("rate_limit", False)
    yield product
    product.close()


@pytest.fixture
def client(monitor: FortiMonitor) -> TestClient:
    return client_of(monitor, "ApiKey key-rw")


def invalid(field: str, expected: str) -> str:
    return f"This field is invalid: Please enter {expected} in the {field} field"


def log_of(client: TestClient, outage: str = OUTAGE) -> list[tuple[str, str | None]]:
    return [(item["entry"], item["user"]) for item in client.get(outage + "/outage_log").json()["outage_log_list"]]


def untouched(monitor: FortiMonitor) -> bool:
    stored = monitor.outage(2002)
    changed = [stored[name] for name in ("summary", "tags", "acknowledged_by", "lead", "alerts_delayed_until", "log")]
    return not any(changed) and monitor.notifications() == []


# What every write has in common


@pytest.mark.parametrize("status", [204, 200])
@pytest.mark.parametrize("action", PUTS)
def test_a_put_that_worked_is_204_or_200_with_no_body(
    monitor: FortiMonitor, client: TestClient, action: str, status: int
) -> None:
    monitor.switches.set("put_status", status)
    answer = client.put(f"{OUTAGE}/{action}", json=PUTS[action])
    assert (answer.status_code, answer.content) == (status, b"")
    assert not untouched(monitor)


@pytest.mark.parametrize("action", PUTS)
def test_a_put_of_nothing_known_changes_nothing(monitor: FortiMonitor, client: TestClient, action: str) -> None:
    assert client.put(f"/v2/outage/99/{action}", content=b"{").status_code == 404
    assert_refused(client.put(f"{OUTAGE}/{action}"), 400, {"error": "The request body is not valid JSON"})
    assert_refused(client.put(f"{OUTAGE}/{action}", json=[]), 400, {"error": "The request body must be a JSON object"})
    assert client.put(f"{OUTAGE}/{action}", json={}).status_code == 400
    assert client.post(f"{OUTAGE}/{action}", json=PUTS[action]).status_code == 405
    assert client_of(monitor, "ApiKey key-ro").put(f"{OUTAGE}/{action}", json=PUTS[action]).status_code == 405
    monitor.switches.set("strict_fields", True)
    refused = client.put(f"{OUTAGE}/{action}", json={**PUTS[action], "body": {}})
    assert_refused(refused, 400, {"body": "This field is not allowed"}, "body: This field is not allowed")
    assert untouched(monitor)
    assert client.put(f"{OUTAGE}/{action}", json=PUTS[action]).status_code == 204


@pytest.mark.parametrize("action", WITH_WHO)
def test_who_must_be_the_url_of_a_user_or_contact(monitor: FortiMonitor, client: TestClient, action: str) -> None:
    for who in (None, ""):
        answer = client.put(f"{OUTAGE}/{action}", json={**PUTS[action], "who": who})
        assert_refused(answer, 400, {"who": REQUIRED}, f"who: {REQUIRED}")
    others = [BASE + "/user/999", BASE + "/user/601", BASE + "/contact/501", "https://evil.example/v2/user/501"]
    for wrong in [*others, "soar@example.com", "502", 502, [SOAR], {"url": SOAR}]:
        answer = client.put(f"{OUTAGE}/{action}", json={**PUTS[action], "who": wrong})
        assert_refused(answer, 400, {"who": WRONG_WHO}, f"who: {WRONG_WHO}")
    assert untouched(monitor)
    assert client.put(f"{OUTAGE}/{action}", json={**PUTS[action], "who": NIGHT_SHIFT}).status_code == 204


def test_every_wrong_field_is_named_at_once_in_both_forms(client: TestClient) -> None:
    both = {"who": REQUIRED, "message": REQUIRED}
    for answer in (client.put(OUTAGE + "/broadcast", json={}), client.get(OUTAGE + "/broadcast")):
        assert_refused(answer, 400, both, f"who: {REQUIRED}; message: {REQUIRED}")


# Alerts


def test_an_acknowledgement_shows_the_whole_user_and_leaves_an_entry(monitor: FortiMonitor, client: TestClient) -> None:
    assert client.put(OUTAGE + "/acknowledge", json={"who": SOAR}).status_code == 204
    assert client.get(OUTAGE).json()["acknowledged"] == client.get("/v2/user/502").json()
    assert client.put(OUTAGE + "/acknowledge", json={"who": NIGHT_SHIFT, "message": "Mine"}).status_code == 204
    assert client.get(OUTAGE).json()["acknowledged"] == client.get("/v2/contact/601").json()
    assert log_of(client) == [("Acknowledged", SOAR), ("Mine", NIGHT_SHIFT)]
    assert monitor.outage(2002)["acknowledged_by"] == "night-shift@example.com"
    assert monitor.counters() == {"side_effect_gets": 0, "escalations": 0, "broadcasts": 0}


EVERYTHING: dict[str, Any] = {"who": SOAR, "message": "Mine", "should_broadcast": True, "delay_in_seconds": 90}


def test_an_acknowledgement_can_broadcast_and_delay_in_both_forms(monitor: FortiMonitor, client: TestClient) -> None:
    client.put(OUTAGE + "/acknowledge", json=EVERYTHING)
    by_put = monitor.outage(2002)
    client.get("/v2/outage/2001/acknowledge", params={**EVERYTHING, "should_broadcast": "true"})
    by_get = monitor.outage(2001)
    assert by_put["log"] == ["Mine", "Mine", "Alerts delayed by 90 seconds"]
    assert by_get["log"] == ["Outage resolved", *by_put["log"]]
    assert by_put["alerts_delayed_until"] == by_get["alerts_delayed_until"] == "2026-03-04 05:07:37"
    assert monitor.counters() == {"side_effect_gets": 1, "escalations": 0, "broadcasts": 2}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("message", 5, "a valid string"),
        ("should_broadcast", "true", "a valid boolean"),
        ("should_broadcast", 1, "a valid boolean"),
        ("delay_in_seconds", "60", "a valid number of seconds"),
        ("delay_in_seconds", -1, "a valid number of seconds"),
        ("delay_in_seconds", True, "a valid number of seconds"),
        ("delay_in_seconds", 10**12, "a valid number of seconds"),
    ],
)
def test_a_wrong_field_of_an_acknowledgement_is_refused_and_nothing_of_it_done(
    monitor: FortiMonitor, client: TestClient, field: str, value: Any, expected: str
) -> None:
    answer = client.put(OUTAGE + "/acknowledge", json={**EVERYTHING, field: value})
    assert_refused(answer, 400, {field: invalid(field, expected)}, f"{field}: {invalid(field, expected)}")
    assert untouched(monitor)


@pytest.mark.parametrize("query", [{"should_broadcast": "yes"}, {"delay_in_seconds": "-1"}, {"delay_in_seconds": "x"}])
def test_a_query_that_cannot_be_read_is_refused(monitor: FortiMonitor, client: TestClient, query: Any) -> None:
    assert client.get(OUTAGE + "/acknowledge", params={"who": SOAR, **query}).status_code == 400
    assert client.get(OUTAGE + "/acknowledge", params={"who": SOAR, "should_broadcast": "false"}).status_code == 200
    assert monitor.notifications() == []


def test_an_anomaly_cannot_be_acknowledged_unless_switched(monitor: FortiMonitor, client: TestClient) -> None:
    created(client)
    for anomaly in (ANOMALY, CUSTOM):
        answer = client.put(anomaly + "/acknowledge", json={"who": SOAR})
        assert_refused(answer, 400, {"error": "Only outages can be acknowledged, not anomalies"})
    assert monitor.outage(-1000001)["acknowledged_by"] is None
    monitor.switches.set("acknowledge_anomaly", 204)
    assert client.put(CUSTOM + "/acknowledge", json={"who": SOAR}).status_code == 204
    assert client.get(CUSTOM).json()["acknowledged"]["url"] == SOAR


def test_each_escalation_and_broadcast_is_counted_and_in_the_log(
    monitor: FortiMonitor, client: TestClient, clock: StillClock
) -> None:
    client.put(OUTAGE + "/escalate", json={"who": SOAR})
    clock.advance(1)
    client.put(ANOMALY + "/broadcast", json={"who": ON_CALL, "message": "All hands"})
    client.get(OUTAGE + "/escalate", params={"who": NIGHT_SHIFT})
    oncall, soar, night = "oncall@example.com", "soar@example.com", "night-shift@example.com"
    first, then = "2026-03-04 05:06:07", "2026-03-04 05:06:08"
    assert monitor.notifications() == [
        {"outage_id": 2002, "kind": "escalation", "who": soar, "message": None, "time": first},
        {"outage_id": -3001, "kind": "broadcast", "who": oncall, "message": "All hands", "time": then},
        {"outage_id": 2002, "kind": "escalation", "who": night, "message": None, "time": then},
    ]
    assert monitor.counters() == {"side_effect_gets": 1, "escalations": 2, "broadcasts": 1}
    assert log_of(client) == [("Escalated", SOAR), ("Escalated", NIGHT_SHIFT)]
    assert log_of(client, ANOMALY) == [("All hands", ON_CALL)]
    monitor.reset()
    assert monitor.counters() == {"side_effect_gets": 0, "escalations": 0, "broadcasts": 0}


@pytest.mark.parametrize(
    ("seconds", "until", "entry"),
    [
        (300, "2026-03-04 05:11:07", "Alerts delayed by 300 seconds"),
        (1, "2026-03-04 05:06:08", "Alerts delayed by 1 seconds"),
        (0, "9999-12-31 23:59:59", "Alerts delayed permanently"),
    ],
)
def test_alerts_are_delayed_for_a_time_or_permanently(
    monitor: FortiMonitor, client: TestClient, seconds: int, until: str, entry: str
) -> None:
    assert client.put(f"{OUTAGE}/delay/{seconds}", json={"who": SOAR}).status_code == 204
    assert monitor.outage(2002)["alerts_delayed_until"] == until
    assert log_of(client) == [(entry, SOAR)]


def test_a_delay_that_is_no_number_of_seconds_has_no_path_and_one_beyond_all_time_is_refused(
    client: TestClient,
) -> None:
    for wrong in ("-1", "1.5", "soon", "", "9" * 30):
        assert client.put(f"{OUTAGE}/delay/{wrong}", json={"who": SOAR}).status_code == 404
    text = invalid("delay_in_seconds", "a valid number of seconds")
    path = OUTAGE + "/delay/" + "9" * 18
    for answer in (client.put(path, json={"who": SOAR}), client.get(path, params={"who": SOAR})):
        assert_refused(answer, 400, {"delay_in_seconds": text}, f"delay_in_seconds: {text}")


@pytest.mark.parametrize("action", ["acknowledge", "escalate", "delay/60"])
def test_the_public_puts_act_on_the_outage_of_that_hash(monitor: FortiMonitor, client: TestClient, action: str) -> None:
    secret = client.get(OUTAGE).json()["hash"]
    assert client.put(f"/v2/public/outage/{secret}/{action}", json={"who": SOAR}).status_code == 204
    assert client.put(f"/v2/public/outage/other/{action}", json={"who": SOAR}).status_code == 404
    assert len(log_of(client)) == 1
    assert monitor.side_effect_gets == 0


# What an outage says of itself


def test_the_outage_shows_summary_and_tags_but_not_its_lead_and_none_is_logged(
    monitor: FortiMonitor, client: TestClient
) -> None:
    before = client.get(OUTAGE).json()
    assert (before["summary"], before["tags"]) == ("", [])
    client.put(OUTAGE + "/summary", json={"summary": "Disk is full", "who": SOAR})
    client.put(OUTAGE + "/tags", json={"tags": ["disk"]})
    client.put(OUTAGE + "/lead", json={"who": ON_CALL})
    assert client.get(OUTAGE).json() == {**before, "summary": "Disk is full", "tags": ["disk"]}
    assert monitor.outage(2002)["lead"] == "oncall@example.com"
    assert log_of(client) == []
    client.put(OUTAGE + "/summary", json={"summary": "", "who": SOAR})
    assert client.get(OUTAGE).json()["summary"] == ""


def test_whether_a_summary_and_an_entry_must_name_somebody_is_a_switch(
    monitor: FortiMonitor, client: TestClient
) -> None:
    nobody = {"summary": "Disk is full", "entry": "Looking"}
    assert_refused(client.put(OUTAGE + "/summary", json=nobody), 400, {"who": REQUIRED}, f"who: {REQUIRED}")
    assert_refused(client.post(OUTAGE + "/outage_log", json=nobody), 400, {"user": REQUIRED}, f"user: {REQUIRED}")
    monitor.switches.set("who_required", False)
    assert client.put(OUTAGE + "/summary", json=nobody).status_code == 204
    assert client.put(OUTAGE + "/summary", json={**nobody, "who": "x"}).status_code == 400
    assert client.post(OUTAGE + "/outage_log", json=nobody).status_code == 201
    assert log_of(client) == [("Looking", None)]


@pytest.mark.parametrize(
    ("tags", "stored"), [(["a b", "c,d"], ["a b", "c,d"]), ("a b, c,,", ["a b", "c"]), ([], []), ("", []), ([" "], [])]
)
def test_tags_are_a_list_or_text_with_commas_and_replace_those_there_were(
    client: TestClient, tags: Any, stored: list[str]
) -> None:
    client.put(OUTAGE + "/tags", json={"tags": ["before"]})
    assert client.put(OUTAGE + "/tags", json={"tags": tags}).status_code == 204
    assert client.get(OUTAGE).json()["tags"] == stored


@pytest.mark.parametrize("tags", [5, {"a": "b"}, ["a", 5], [None]])
def test_other_tags_are_refused(monitor: FortiMonitor, client: TestClient, tags: Any) -> None:
    text = invalid("tags", "a valid list of tags")
    assert_refused(client.put(OUTAGE + "/tags", json={"tags": tags}), 400, {"tags": text}, f"tags: {text}")
    assert untouched(monitor)


@pytest.mark.parametrize(("keeps", "shown"), [(True, "Disk full again\nsoar_ref: abc"), (False, "Disk full again")])
def test_only_a_custom_incident_gets_a_new_description_and_may_lose_its_metadata_there(
    monitor: FortiMonitor, client: TestClient, keeps: bool, shown: str
) -> None:
    monitor.switches.set("description_keeps_metadata", keeps)
    created(client, metadata={"soar_ref": "abc"})
    new = {"description": "Disk full again"}
    assert client.put(CUSTOM + "/description", json=new).status_code == 204
    monitor.switches.set("description_keeps_metadata", True)
    client.put(CUSTOM + "/description", json=new)
    outage = client.get(CUSTOM).json()
    assert (outage["description"], outage["metadata"]) == (shown, [{"name": "soar_ref", "value": "abc"}])
    assert log_of(client, CUSTOM) == []
    for ordinary in (OUTAGE, ANOMALY):
        answer = client.put(ordinary + "/description", json=new)
        assert_refused(answer, 400, {"error": "Only the description of a custom incident can be updated"})
    empty = client.put(CUSTOM + "/description", json={"description": ""})
    assert_refused(empty, 400, {"description": REQUIRED}, f"description: {REQUIRED}")


# The log and the metadata


@pytest.mark.parametrize("status", [201, 200])
def test_a_log_entry_gets_an_address_an_id_and_is_read_back(
    monitor: FortiMonitor, client: TestClient, clock: StillClock, status: int
) -> None:
    monitor.switches.set("create_status", status)
    clock.advance(3)
    body = {"entry": "Looking", "public": True, "user": SOAR}
    answers = [client.post(OUTAGE + "/outage_log", json=body) for _ in range(2)]
    assert [(each.status_code, each.content, each.headers["Content-Type"]) for each in answers] == [
        (status, b"", "application/json")
    ] * 2
    entries = client.get(OUTAGE + "/outage_log").json()["outage_log_list"]
    assert [each["url"] for each in entries] == [each.headers["Location"] for each in answers]
    assert [each["url"] for each in entries] == [f"{BASE}/outage/2002/outage_log/{a.headers['id']}" for a in answers]
    assert entries[1] == client.get(entries[1]["url"]).json()
    assert entries[1] == {**body, "created": "Wed, 04 Mar 2026 05:06:10 -0000", "url": entries[1]["url"]}
    number = answers[0].headers["id"]
    for path in (f"/v2/outage/2001/outage_log/{number}", OUTAGE + "/outage_log/999", OUTAGE + "/outage_log/x"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("entry", None, REQUIRED),
        ("entry", "", REQUIRED),
        ("entry", 5, invalid("entry", "a valid string")),
        ("public", "yes", invalid("public", "a valid boolean")),
        ("user", NIGHT_SHIFT, invalid("user", "a valid user URL")),
        ("user", "soar", invalid("user", "a valid user URL")),
    ],
)
def test_a_log_entry_of_a_wrong_form_is_refused(
    monitor: FortiMonitor, client: TestClient, field: str, value: Any, text: str
) -> None:
    answer = client.post(OUTAGE + "/outage_log", json={"entry": "Looking", "user": SOAR, field: value})
    assert_refused(answer, 400, {field: text}, f"{field}: {text}")
    assert untouched(monitor)


def test_a_resolved_outage_takes_no_entry_unless_switched(monitor: FortiMonitor, client: TestClient) -> None:
    log, body = "/v2/outage/2001/outage_log", {"entry": "Late", "user": SOAR}
    refusal = {"error": "Log entries can only be added to an ongoing outage"}
    assert_refused(client.post(log, json=body), 400, refusal)
    assert monitor.outage(2001)["log"] == ["Outage resolved"]
    monitor.switches.set("log_on_resolved", 201)
    assert client.post(log, json=body).status_code == 201
    assert client.get(log).json()["outage_log_list"][1]["public"] is False


def test_metadata_is_added_after_what_there_is_and_stays_out_of_the_description(
    monitor: FortiMonitor, client: TestClient
) -> None:
    created(client, metadata={"a": "1"})
    path, new = CUSTOM + "/outage_metadata", {"outage_metadata_type": "ticket", "value": "INC1"}
    answer = client.post(path, json=new)
    assert (answer.status_code, answer.headers["id"]) == (201, "2")
    item = client.get(path).json()["outage_metadata_list"][1]
    assert (
        item
        == {**new, "url": answer.headers["Location"]}
        == {**new, "url": BASE + "/outage/-1000001/outage_metadata/2"}
    )
    shown = client.get(CUSTOM).json()
    assert shown["description"] == "Disk full\na: 1"
    assert shown["metadata"] == [{"name": "a", "value": "1"}, {"name": "ticket", "value": "INC1"}]
    assert monitor.outage(-1000001)["metadata"] == {"a": "1", "ticket": "INC1"}
    missing = {"outage_metadata_type": REQUIRED, "value": REQUIRED}
    assert client.post(path, json={}).json() == missing
    assert client.post(path, json={**new, "value": 5}).headers["id"] == "3"
    assert [item["value"] for item in client.get(path).json()["outage_metadata_list"]] == ["1", "INC1", 5]
    monitor.switches.set("metadata_values", "text")
    assert client.post(path, json={**new, "value": 5}).json() == {"value": invalid("value", "a valid string")}
    monitor.switches.set("metadata_shown", False)
    assert client.get(path).json()["outage_metadata_list"] == client.get(CUSTOM).json()["metadata"] == []


# People


def test_users_and_contacts_are_found_and_are_not_each_other(monitor: FortiMonitor, client: TestClient) -> None:
    users = client.get("/v2/user?username=SOAR").json()["user_list"]
    assert users == [client.get("/v2/user/502").json()]
    contacts = client.get("/v2/contact?name=night").json()["contact_list"]
    assert contacts == [client.get("/v2/contact/601").json()] == client.get("/v2/contact").json()["contact_list"]
    assert set(contacts[0]) == {"contact_info", "name", "timezone", "url"}
    assert (contacts[0]["name"], contacts[0]["url"]) == ("Night shift", NIGHT_SHIFT)
    assert client.get("/v2/user").json()["meta"]["total_count"] == 2
    for path in ("/v2/user/601", "/v2/contact/501", "/v2/user/999", "/v2/user/x", "/v2/contact/-601"):
        assert_refused(client.get(path), 404, {"message": "Item Not Found"})
    monitor.switches.set("people_match", "exact")
    for query in ("user?username=SOAR", "user?username=soar", "contact?name=night"):
        assert client.get("/v2/" + query).json()["meta"]["total_count"] == 0
    assert client.get("/v2/user?username=soar@example.com").json()["user_list"] == users
