"""The forms in which the lab's FortiSIEM shows incidents, counts them and tells that there are none."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lab.fortisiem import Account, FortiSiem
from lab.kit.clock import Clock

INCIDENTS = "/phoenix/rest/pub/incident"
EVENTS = f"{INCIDENTS}/triggeringEvents"
DAY = 24 * 3600 * 1000
SOURCE = "srcIpAddr:198.51.100.23, user:jdoe,"
COMMENT = f"Seen\n  by R&D, u\N{COMBINING DIAERESIS} \N{FIRE} {'and others ' * 30}."


@pytest.fixture
def siem(tmp_path: Path) -> Iterator[FortiSiem]:
    product = FortiSiem(tmp_path, Clock(), [Account("super", "admin", "Admin*123")], [])
    yield product
    product.close()


@pytest.fixture
def admin(siem: FortiSiem) -> TestClient:
    basic = base64.b64encode(b"super/admin:Admin*123").decode()
    return TestClient(siem.app, headers={"Authorization": f"Basic {basic}"}, base_url="https://siem")


def listed(siem: FortiSiem, client: TestClient, **body: Any) -> Any:
    window = {"timeFrom": siem.now() - 30 * DAY, "timeTo": siem.now()}
    return client.post(INCIDENTS, json={**window, **body}).json()


def shown(siem: FortiSiem, client: TestClient) -> Any:
    """Return incident 1 as it is listed."""
    return listed(siem, client, filters={"incidentId": [1]})["data"][0]


@pytest.mark.parametrize(
    ("switch", "position", "name", "value"),
    [
        ("numbers", "integers", "incidentId", 1),
        ("numbers", "doubles", "incidentId", 1.0),
        ("numbers", "texts", "incidentId", "1"),
        ("numbers", "doubles", "incidentStatus", 0.0),
        ("words", "documented", "eventSeverityCat", "HIGH"),
        ("words", "lower_case", "eventSeverityCat", "high"),
        ("words", "status_as_word", "incidentStatus", "ACTIVE"),
        ("attribute_lists", "with_spaces", "incidentSrc", SOURCE),
        ("attribute_lists", "without_spaces", "incidentSrc", "srcIpAddr:198.51.100.23,user:jdoe,"),
        ("attribute_lists", "json", "incidentSrc", '{"srcIpAddr": "198.51.100.23", "user": "jdoe"}'),
        ("organization_shown", "name", "customer", "Super"),
        ("organization_shown", "object", "customer", {"name": "Super"}),
        ("organization_shown", "list", "customer", ["Super"]),
    ],
)
def test_an_attribute_is_shown_in_the_form_of_its_switch(
    siem: FortiSiem, admin: TestClient, switch: str, position: str, name: str, value: Any
) -> None:
    siem.switches.set(switch, position)
    found = shown(siem, admin)[name]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("form", "stored", "shown_as"),
    [
        ("as_given", COMMENT, COMMENT),
        ("cut_at_255", COMMENT, COMMENT[:255]),
        ("html_escaped", COMMENT, COMMENT.replace("&", "&amp;")),
        ("white_space_folded", COMMENT, " ".join(COMMENT.split())),
        ("line_ends", COMMENT, COMMENT.replace("\n", "\r\n")),
        ("normalised", COMMENT, COMMENT.replace("u\N{COMBINING DIAERESIS}", "\N{LATIN SMALL LETTER U WITH DIAERESIS}")),
        ("basic_plane", COMMENT, COMMENT.replace("\N{FIRE}", "?")),
        ("with_author", f"admin: {COMMENT}", f"admin: {COMMENT}"),
    ],
)
def test_comments_are_shown_in_the_form_of_their_switch(
    siem: FortiSiem, admin: TestClient, form: str, stored: str, shown_as: str
) -> None:
    siem.switches.set("comments", form)
    admin.post("/phoenix/rest/incident/external", json={"incidentId": "1", "comments": COMMENT})
    assert siem.incidents()[0]["incidentComments"] == stored
    row = listed(siem, admin, filters={"incidentId": [1]}, fields=["incidentComments"])["data"][0]
    assert row == {"incidentComments": shown_as}


def test_an_incident_shows_only_some_seconds_after_it_first_occurred(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("shows_after_seconds", 5)
    (number,) = siem.add_incidents(1, incidentFirstSeen=siem.now())
    late = {"timeTo": siem.now() + DAY}
    assert number not in [row["incidentId"] for row in listed(siem, admin, **late)["data"]]
    siem.clock.advance(6)
    assert number in [row["incidentId"] for row in listed(siem, admin, **late)["data"]]


@pytest.mark.parametrize(("form", "sign"), [("iso_8601", "T"), ("rfc_2822", ", ")])
def test_times_are_shown_in_the_form_of_their_switch_and_never_is_0(
    siem: FortiSiem, admin: TestClient, form: str, sign: str
) -> None:
    siem.switches.set("times", form)
    row = shown(siem, admin)
    assert sign in row["incidentFirstSeen"]
    assert sign in row["incidentLastSeen"]
    assert row["incidentClearedTime"] == 0


@pytest.mark.parametrize(
    ("position", "total"), [("counted", 6), ("null", None), ("double", 6.0), ("too_low", 3), ("too_high", 7)]
)
@pytest.mark.parametrize("version", ["6.4", "7.5.1"])
def test_a_list_is_counted_as_its_switch_says(
    siem: FortiSiem, admin: TestClient, version: str, position: str, total: Any
) -> None:
    siem.switches.set("version", version)
    siem.switches.set("total", position)
    page = listed(siem, admin, filters={"customer": ["Super"]})
    assert (page["total"], len(page["data"])) == (total, 6)
    siem.switches.set("total", "absent")
    assert "total" not in listed(siem, admin)


def test_a_list_may_have_a_row_that_is_no_incident_or_incidents_without_a_time(
    siem: FortiSiem, admin: TestClient
) -> None:
    siem.switches.set("odd_rows", "without_id")
    assert listed(siem, admin)["data"][-1] == {"incidentTitle": "A row without an ID"}
    siem.switches.set("odd_rows", "no_object")
    assert listed(siem, admin)["data"][-1] is None
    siem.switches.set("odd_rows", "without_first_seen")
    assert all("incidentFirstSeen" not in row and "incidentLastSeen" in row for row in listed(siem, admin)["data"])


@pytest.mark.parametrize("version", ["6.4", "7.5.1"])
def test_pages_may_be_small_and_repeat_the_first(siem: FortiSiem, admin: TestClient, version: str) -> None:
    siem.switches.set("version", version)
    siem.switches.set("largest_page", 2)
    siem.switches.set("further_pages", "repeated")
    first = listed(siem, admin, size=500)
    if "queryId" in first:
        second = admin.get(f"{INCIDENTS}/{first['queryId']}/2").json()
    else:
        second = listed(siem, admin, size=500, start=2)
    assert len(first["data"]) == 2
    assert second["data"] == first["data"]


def test_a_list_by_id_may_need_times(siem: FortiSiem, admin: TestClient) -> None:
    siem.switches.set("ids_need_times", True)
    refused = admin.post(INCIDENTS, json={"filters": {"incidentId": [1]}})
    assert (refused.status_code, refused.json()["result"]["code"]) == (400, 255)
    assert shown(siem, admin)["incidentId"] == 1


@pytest.mark.parametrize("position", ["empty", "null", "error"])
def test_that_there_are_no_events_is_told_as_the_switch_says(siem: FortiSiem, admin: TestClient, position: str) -> None:
    siem.switches.set("no_events", position)
    long_ago = {"incidentId": 1, "timeFrom": 0, "timeTo": DAY}
    query = admin.get(f"{EVENTS}/start", params=long_ago).json()["queryId"]
    for answer in (admin.get(EVENTS, params=long_ago), admin.get(f"{EVENTS}/result/{query}")):
        if position == "error":
            assert answer.status_code == 400
            assert answer.json() == {"result": {"code": 255, "description": "No triggering events found"}}
        else:
            assert answer.json()["data"] == {"empty": [], "null": None}[position]
