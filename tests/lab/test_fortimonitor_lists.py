"""The lab's FortiMonitor with thousands of outages, and with some that come and go while a list is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import NoResultFound
from starlette.testclient import TestClient

from lab.fortimonitor import FortiMonitor
from tests.lab.test_fortimonitor_product import BASE, StillClock, client_of, created, ids


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def monitor(tmp_path: Path, clock: StillClock) -> Iterator[FortiMonitor]:
    product = FortiMonitor(tmp_path, clock, BASE, api_key="key-rw", read_only_api_key="key-ro")
    yield product
    product.close()


@pytest.fixture
def client(monitor: FortiMonitor) -> TestClient:
    return client_of(monitor, "ApiKey key-rw")


def test_outages_are_added_in_bulk_with_the_last_one_starting_now(monitor: FortiMonitor, client: TestClient) -> None:
    assert monitor.add_outages(3, server_id=1005, spacing_seconds=60) == [2003, 2004, 2005]
    listed = client.get("/v2/server/1005/outage").json()["outage_list"]
    assert [(each["type"], each["description"], each["start_time"][17:25], each["status"]) for each in listed] == [
        ("outage", "Outage 3 of 3", "05:06:07", "active"),
        ("outage", "Outage 2 of 3", "05:05:07", "active"),
        ("outage", "Outage 1 of 3", "05:04:07", "active"),
    ]
    assert len({each["hash"] for each in listed}) == 3
    assert monitor.incidents() == []


def test_resolved_outages_are_added_in_bulk_and_none_ends_after_now(monitor: FortiMonitor, client: TestClient) -> None:
    made = monitor.add_outages(3, active=False, spacing_seconds=60)
    resolved = client.get("/v2/outage/resolved?limit=3")
    assert ids(resolved) == made[::-1]
    ends = [each["end_time"][17:25] for each in resolved.json()["outage_list"]]
    assert ends == ["05:06:07", "05:06:07", "05:05:07"]


def test_custom_incidents_are_added_in_bulk_and_created_after_them(monitor: FortiMonitor, client: TestClient) -> None:
    assert monitor.add_outages(2, custom=True) == [-1000001, -1000002]
    assert created(client) == -1000003
    assert [each["description"] for each in monitor.incidents()] == ["Outage 1 of 2", "Outage 2 of 2", "Disk full"]
    assert client.put("/v2/outage/-1000001/force_resolve", json={}).status_code == 204
    monitor.switches.set("id_sign", "positive")
    assert monitor.add_outages(1, custom=True, server_id=1003) == [1000004]
    with pytest.raises(ValueError, match=r"^Server 1002 has no custom incident definition\.$"):
        monitor.add_outages(1, server_id=1002, custom=True)


def test_an_outage_that_comes_or_ends_between_two_pages_moves_the_second(
    monitor: FortiMonitor, client: TestClient, clock: StillClock
) -> None:
    made = monitor.add_outages(6)[::-1]
    clock.advance(1)
    path = "/v2/outage/active?server_id=1001&limit=3"
    assert ids(client.get(path)) == made[:3]
    monitor.resolve_outage(made[0])
    assert ids(client.get(path + "&offset=3")) == [*made[4:], -3001]
    assert client.get(f"/v2/outage/{made[0]}").json()["end_time"] == "Wed, 04 Mar 2026 05:06:08 -0000"
    assert monitor.outage(made[0])["log"] == ["Outage resolved"]
    (newest,) = monitor.add_outages(1)
    assert ids(client.get(path)) == [newest, *made[1:3]]


def test_what_is_not_there_is_neither_shown_nor_resolved(monitor: FortiMonitor) -> None:
    for ask in (monitor.outage, monitor.resolve_outage):
        with pytest.raises(NoResultFound):
            ask(99)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("order_by=end_time", [2001, 2002, -3001]),
        ("order_by=end_time&order=asc", [-3001, 2002, 2001]),
        ("order=asc", [2001, -3001, 2002]),
        ("start_time=2026-03-02 05:06:08&end_time=2026-03-03 05:06:07", [-3001]),
        ("start_time=2026-03-02 05:06:07&end_time=2026-03-03 05:06:06", [2001]),
        ("start_time=2026-03-05 00:00:00", []),
    ],
)
def test_lists_are_ordered_and_bounded_by_time(client: TestClient, query: str, expected: list[int]) -> None:
    assert ids(client.get("/v2/outage?" + query)) == expected


def test_12345_outages_are_walked_through_page_by_page_and_none_is_lost(
    monitor: FortiMonitor, client: TestClient
) -> None:
    monitor.switches.set("rate_limit", False)
    expected = [*monitor.add_outages(12_343, spacing_seconds=0)[::-1], 2002, -3001]
    for offset in (0, 50, 6_000, 12_250, 12_300, 12_345):
        answer = client.get(f"/v2/outage/active?limit=200&offset={offset}")
        assert ids(answer) == expected[offset : offset + 50]
        meta = answer.json()["meta"]
        assert (meta["total_count"], meta["next"] is None) == (12_345, offset >= 12_300)


@contextmanager
def statements(monitor: FortiMonitor) -> Iterator[list[tuple[str, Any]]]:
    """Gather what is asked of the database."""
    gathered: list[tuple[str, Any]] = []

    def gather(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        gathered.append((statement, parameters))

    with monitor.store.transaction() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", gather)
    yield gathered
    event.remove(engine, "before_cursor_execute", gather)


@pytest.mark.parametrize(
    "path",
    [
        "/outage",
        "/outage?order_by=end_time",
        "/outage?status=active&order=asc",
        "/outage?start_time=2026-01-01 00:00:00&end_time=2027-01-01 00:00:00",
        "/outage/active",
        "/outage/active?server_id=1001",
        "/outage/resolved?order_by=end_time",
        "/server/1001/outage",
        "/server/1001/outage?start_time=2026-01-01 00:00:00",
    ],
)
def test_a_page_is_read_from_an_index_in_few_queries_however_many_outages_there_are(
    monitor: FortiMonitor, client: TestClient, path: str
) -> None:
    monitor.add_outages(60)
    monitor.add_outages(60, active=False)
    joint = "&" if "?" in path else "?"
    with statements(monitor) as asked:
        assert len(ids(client.get(f"/v2{path}{joint}limit=50"))) == 50
    # The incidents whose time is up, the count, the page, and each server once.
    assert len(asked) <= 5
    with monitor.store.transaction() as session:
        for statement, parameters in asked:
            plan = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()
            steps = [row.detail for row in plan]
            assert not any("TEMP B-TREE" in step for step in steps), steps
            assert all("INDEX" in step or "PRIMARY KEY" in step for step in steps), steps
