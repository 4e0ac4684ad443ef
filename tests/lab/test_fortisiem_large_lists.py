"""The simulated FortiSIEM with many incidents: what lists select, their order and pages, what changes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool
from starlette.testclient import TestClient

from lab.fortisiem import Account, FortiSiem
from lab.kit.clock import Clock

INCIDENTS = "/phoenix/rest/pub/incident"
EVENTS = f"{INCIDENTS}/triggeringEvents"
MINUTE = 60 * 1000
DAY = 24 * 60 * MINUTE
ACCOUNTS = [Account("super", "admin", "Admin*123"), Account("Acme", "admin", "Acme*123")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def siem(tmp_path: Path, clock: Clock) -> Iterator[FortiSiem]:
    product = FortiSiem(tmp_path, clock, ACCOUNTS, [])
    yield product
    product.close()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FortiSiem]:
    """A FortiSIEM of 400 incidents more, 100 of them of Acme. Tests read it only."""
    product = FortiSiem(tmp_path_factory.mktemp("crowded"), Clock(), ACCOUNTS, [])
    product.add_incidents(300)
    product.add_incidents(100, phCustId=2000, incidentComments="seen")
    yield product
    product.close()


def client_of(siem: FortiSiem, organization: str = "super") -> TestClient:
    client = TestClient(siem.app, base_url="http://127.0.0.1")
    client.auth = (f"{organization}/admin", "Admin*123" if organization == "super" else "Acme*123")
    return client


def listed(siem: FortiSiem, client: TestClient, **body: Any) -> dict[str, Any]:
    now = siem.now()
    window = {"timeFrom": now - 30 * DAY, "timeTo": now + DAY}
    document: dict[str, Any] = client.post(INCIDENTS, json={**window, **body}).json()
    return document


def ids(document: dict[str, Any]) -> list[int]:
    return [row["incidentId"] for row in document["data"]]


def whole(siem: FortiSiem, client: TestClient, **body: Any) -> list[int]:
    """Return the ids of every page of a list, in the order they come."""
    first = listed(siem, client, **body)
    found = ids(first)
    for number in range(2, first["pages"] + 1):
        page = client.get(f"{INCIDENTS}/{first['queryId']}/{number}").json()
        assert page["total"] == first["total"]
        found += ids(page)
    assert len(found) == first["total"]
    return found


# Filling


def test_incidents_are_added_after_those_that_are_there(siem: FortiSiem) -> None:
    before = siem.incidents()
    assert siem.add_incidents(3) == [8, 9, 10]
    assert siem.add_incidents(1) == [11]
    assert siem.add_incidents(0) == []
    assert siem.incidents()[:7] == before
    assert len(siem.incidents()) == 11


def test_added_incidents_are_of_every_kind_and_were_seen_in_the_last_days(siem: FortiSiem) -> None:
    number = len(siem.incidents())
    siem.add_incidents(500)
    added, now = siem.incidents()[number:], siem.now()
    assert {one["incidentStatus"] for one in added} == {0, 1, 2, 3}
    assert {one["eventSeverityCat"] for one in added} == {"LOW", "MEDIUM", "HIGH"}
    assert {one["phIncidentCategory"] for one in added} == {1, 2, 3, 4, 5}
    assert len({one["eventType"] for one in added}) == 7
    assert all(now - 5 * DAY <= one["incidentFirstSeen"] + DAY for one in added)
    assert all(now - 5 * DAY <= one["incidentLastSeen"] <= now for one in added)
    assert all(one["incidentFirstSeen"] <= one["incidentLastSeen"] for one in added)
    assert all(bool(one["incidentClearedTime"]) is (one["incidentStatus"] > 0) for one in added)
    by_time = sorted(added, key=lambda one: one["incidentLastSeen"])
    assert [one["incidentId"] for one in by_time] != [one["incidentId"] for one in added]
    for one in added:
        word = "LOW" if one["eventSeverity"] <= 4 else "MEDIUM" if one["eventSeverity"] <= 8 else "HIGH"
        assert one["eventSeverityCat"] == word


def test_added_incidents_can_have_attributes_alike(siem: FortiSiem) -> None:
    for number in siem.add_incidents(5, incidentStatus=0, incidentLastSeen=1234, incidentComments="x"):
        one = siem.incidents()[number - 1]
        assert (one["incidentStatus"], one["incidentLastSeen"], one["incidentComments"]) == (0, 1234, "x")


def test_added_events_end_with_the_last_occurrence_one_each_second(siem: FortiSiem) -> None:
    [number] = siem.add_incidents(1)
    siem.add_events(number, 3)
    events = client_of(siem).get(EVENTS, params={"incidentId": number}).json()["data"]
    seen = siem.incidents()[number - 1]["incidentLastSeen"]
    assert [event["receiveTime"] for event in events] == [seen, seen - 1000, seen - 2000]
    assert len({event["nid"] for event in events}) == 3


# What is listed, against a plain reading of what is stored


FILTERS: list[dict[str, list[Any]]] = [
    {},
    {"incidentStatus": [0]},
    {"status": ["1", "2"]},
    {"incidentStatus": [1, 2], "phIncidentCategory": [4, 5]},
    {"eventSeverity": [9, "10"]},
    {"eventSeverityCat": ["high", "LOW"]},
    {"phCustId": [2000]},
    {"customer": ["ACME"]},
    {"customer": ["nobody"]},
    {"customer": ["super", "acme"], "incidentReso": [1]},
    {"incidentId": list(range(5, 60, 3))},
    {"incidentId": [5], "incidentStatus": [0]},
    {"eventSeverity": ["09", "x", True, None, 10**25]},
]


@pytest.mark.parametrize("organization", ["super", "Acme"])
@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize(
    ("order", "descending"),
    [("incidentId", False), ("incidentId", True), ("incidentLastSeen", True), ("customer", True), ("count", False)],
)
def test_pages_hold_what_is_selected_in_its_order(
    crowded: FortiSiem, organization: str, filters: dict[str, list[Any]], order: str, descending: bool
) -> None:
    def passes(row: dict[str, Any]) -> bool:
        return (organization == "super" or row["customer"] == organization) and all(
            str(row["incidentStatus" if name == "status" else name]).casefold()
            in [str(value).casefold() for value in values]
            for name, values in filters.items()
        )

    selected = [row for row in crowded.incidents() if passes(row)]
    expected = sorted(selected, key=lambda row: row[order], reverse=descending)
    found = whole(
        crowded, client_of(crowded, organization), filters=filters, orderBy=order, descending=descending, size=90
    )
    assert found == [row["incidentId"] for row in expected]


@pytest.mark.parametrize("order", ["incidentTitle", "customer", "incidentComments", "incidentExtClearedTime"])
def test_a_list_can_be_ordered_by_what_it_does_not_show(crowded: FortiSiem, order: str) -> None:
    stored = sorted(crowded.incidents(), key=lambda row: row[order])
    document = listed(crowded, client_of(crowded), orderBy=order, fields=["incidentId"], size=1000)
    assert document["data"] == [{"incidentId": row["incidentId"]} for row in stored]


def test_rows_show_what_is_stored(crowded: FortiSiem) -> None:
    stored = {row["incidentId"]: row for row in crowded.incidents()}
    document = listed(crowded, client_of(crowded), size=1000)
    assert len(document["data"]) == len(stored) == 407
    for row in document["data"]:
        assert row == {name: stored[row["incidentId"]][name] for name in row}


def test_a_window_cuts_the_last_occurrence(crowded: FortiSiem) -> None:
    since, until = crowded.now() - 3 * DAY, crowded.now() - DAY
    expected = [row["incidentId"] for row in crowded.incidents() if since <= row["incidentLastSeen"] <= until]
    assert 50 < len(expected) < 350
    assert whole(crowded, client_of(crowded), timeFrom=since, timeTo=until, size=100) == expected


@pytest.mark.parametrize("name", ["timeFrom", "timeTo", "start"])
def test_a_number_beyond_what_is_stored_lists_without_an_error(crowded: FortiSiem, name: str) -> None:
    document = listed(crowded, client_of(crowded), **{name: 10**25})
    assert document["total"] == (0 if name == "timeFrom" else 407)
    assert bool(document["data"]) is (name == "timeTo")


def test_a_filter_may_name_more_ids_than_a_statement_has_parameters(crowded: FortiSiem) -> None:
    document = listed(crowded, client_of(crowded), filters={"incidentId": list(range(-20_000, 20_000))}, size=1000)
    assert document["total"] == 407


def test_text_that_is_no_text_is_refused(crowded: FortiSiem) -> None:
    for name in ("customer", "eventSeverityCat"):
        answer = client_of(crowded).post(
            INCIDENTS, content=f'{{"filters": {{"{name}": ["\\ud800"]}}, "timeFrom": 0, "timeTo": 1}}'
        )
        refusal = {"result": {"code": 255, "description": "The request body is not valid JSON"}}
        assert (answer.status_code, answer.json()) == (400, refusal)


# What changes between two pages


def test_an_incident_that_is_cleared_meanwhile_moves_the_rest_forward(siem: FortiSiem) -> None:
    client = client_of(siem)
    added = siem.add_incidents(20, incidentStatus=0)
    body = {"filters": {"incidentStatus": [0], "incidentId": added}, "size": 10}
    first = listed(siem, client, **body)
    siem.clear_incident(added[0])
    second = client.get(f"{INCIDENTS}/{first['queryId']}/2").json()
    assert (first["total"], second["total"]) == (20, 19)
    assert ids(first) == added[:10]
    assert ids(second) == added[11:]
    cleared = siem.incidents()[added[0] - 1]
    assert (cleared["incidentStatus"], cleared["incidentClearedUser"]) == (1, "System")
    assert cleared["incidentClearedReason"] == "Clear condition met"
    assert abs(siem.now() - cleared["incidentClearedTime"]) < MINUTE


def test_an_incident_that_recurs_meanwhile_hides_one_row_or_shows_one_twice(siem: FortiSiem, clock: Clock) -> None:
    client = client_of(siem)
    added = siem.add_incidents(4, incidentStatus=0)
    by_time = {"orderBy": "incidentLastSeen", "filters": {"incidentId": added}, "size": 2}
    upwards = listed(siem, client, **by_time)
    oldest, older = ids(upwards)
    downwards = listed(siem, client, **by_time, descending=True)
    newest, newer = ids(downwards)
    clock.advance(60)
    assert siem.recur_incident(oldest) == oldest
    assert ids(client.get(f"{INCIDENTS}/{upwards['queryId']}/2").json()) == [newest, oldest]  # newer is never shown
    assert ids(client.get(f"{INCIDENTS}/{downwards['queryId']}/2").json()) == [newer, older]  # newer is shown again


def test_an_incident_that_recurs_after_the_window_leaves_the_list(siem: FortiSiem, clock: Clock) -> None:
    client = client_of(siem)
    first = listed(siem, client, size=4, timeTo=siem.now())
    clock.advance(60)
    siem.recur_incident(1)
    second = client.get(f"{INCIDENTS}/{first['queryId']}/2").json()
    assert (first["total"], second["total"]) == (7, 6)
    assert (ids(first), ids(second)) == ([1, 2, 3, 4], [6, 7])


def test_an_active_incident_recurs_under_its_id_and_a_cleared_one_under_a_new_one(
    siem: FortiSiem, clock: Clock
) -> None:
    siem.add_incidents(2)
    before = siem.incidents()[0]
    clock.advance(600)
    assert siem.recur_incident(1) == 1
    after = siem.incidents()[0]
    assert after == {**before, "incidentLastSeen": after["incidentLastSeen"], "count": before["count"] + 1}
    assert before["incidentLastSeen"] + 10 * MINUTE <= after["incidentLastSeen"] <= siem.now()
    siem.clear_incident(1)
    cleared = siem.incidents()[0]
    assert siem.recur_incident(1) == 10
    assert siem.incidents()[0] == cleared
    new = siem.incidents()[9]
    same = ("phCustId", "incidentTitle", "eventType", "eventSeverity", "incidentSrc", "incidentTarget", "attackTactic")
    assert [new[name] for name in same] == [cleared[name] for name in same]
    assert (new["incidentStatus"], new["incidentClearedTime"], new["incidentComments"]) == (0, 0, "")
    assert (new["count"], new["incidentReso"]) == (1, 1)
    assert new["incidentFirstSeen"] == new["incidentLastSeen"] >= after["incidentLastSeen"]
    for number, events in ((1, 4), (10, 1)):
        newest = client_of(siem).get(EVENTS, params={"incidentId": number}).json()["data"]
        assert len(newest) == events
        assert newest[0]["receiveTime"] == siem.incidents()[number - 1]["incidentLastSeen"]


def test_one_incident_more_makes_the_list_longer(siem: FortiSiem) -> None:
    client = client_of(siem)
    first = listed(siem, client, size=4)
    [new] = siem.add_incidents(1)
    second = client.get(f"{INCIDENTS}/{first['queryId']}/2").json()
    assert (first["total"], second["total"]) == (7, 8)
    assert ids(second) == [5, 6, 7, new]


# Speed


def test_each_page_of_1000_out_of_25000_is_read_without_the_others(siem: FortiSiem) -> None:
    siem.add_incidents(25_000)
    client = client_of(siem)
    body = {"size": 1000, "orderBy": "incidentLastSeen", "descending": True}
    found, most = [], 0
    first = listed(siem, client, **body)
    for number in range(1, first["pages"] + 1):
        with rows_read() as rows:
            page = client.get(f"{INCIDENTS}/{first['queryId']}/{number}").json()
        most = max(most, len(rows))
        found += ids(page)
    assert len(set(found)) == len(found) == 25_007
    # The page's own rows, and those of the account, the query and the total; a list that reads every row has 25,007.
    assert 1000 <= most < 2000


@contextmanager
def rows_read() -> Iterator[list[int]]:
    """Collect the length of every row that a database hands over."""
    lengths: list[int] = []

    def handed_over(_cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
        lengths.append(len(row))
        return row

    def watch(connection: Any, *_: Any) -> None:
        connection.row_factory = handed_over

    def leave(connection: Any, *_: Any) -> None:
        connection.row_factory = None

    event.listen(Pool, "checkout", watch)
    event.listen(Pool, "checkin", leave)
    try:
        yield lengths
    finally:
        event.remove(Pool, "checkout", watch)
        event.remove(Pool, "checkin", leave)
