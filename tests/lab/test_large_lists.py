"""Long lists, read by the package while the lab's products change between two pages: nothing is lost, nothing twice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.support.busy import INCIDENTS, OUTAGES, Busy, busy, fill, peak_while_listing
from tests.support.package import go_by, module

DAY = 24 * 60 * 60 * 1000
FM_PAGE, SIEM_PAGE = 50, 500
BOTH_STYLES = ["6.4", "7.5.1"]
PAGING = [("6.4", None), ("6.7", "start_size"), ("6.7", "query_id"), ("7.0", None), ("7.5.1", None)]
Failure = module("core.errors").Failure
BYTES_OF_AN_ID = 500  # in two sets, each of which may be an eighth full; a row takes six times as much


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Databases with so many active outages more than the seed has, and so many incidents."""
    folder = tmp_path_factory.mktemp("stock")
    fill(folder, OUTAGES, INCIDENTS)
    return folder


@pytest.fixture
def lab(tmp_path: Path, stock: Path) -> Iterator[Busy]:
    """Both products with all that is in stock."""
    with busy(tmp_path, stock) as served:
        served.monitor.switches.set("rate_limit", False)
        yield served


@pytest.fixture
def small_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    """Both products as they are seeded, without FortiMonitor's rate limit."""
    with busy(tmp_path_factory.mktemp("small")) as served:
        served.monitor.switches.set("rate_limit", False)
        yield served


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the package wait for nothing; return the waits that it asked for."""
    waits: list[float] = []
    go_by(monkeypatch, sleep=waits.append, chance=lambda: 1.0)
    return waits


def listed_outages(lab: Busy, **filters: Any) -> list[int]:
    return [outage.id for outage in lab.bridge().fortimonitor.outages(**filters)]


def listed_incidents(lab: Busy, **changes: Any) -> list[int]:
    wanted = {"filters": {}, "time_from": 0, "time_to": lab.siem.now() + DAY, "fields": ["incidentId", "incidentTitle"]}
    rows = lab.bridge().fortisiem.all_incidents(module("clients.fortisiem.lists").Wanted(**{**wanted, **changes}))
    return [row["incidentId"] for row in rows]


def iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).isoformat()


def stand_at(lab: Busy, version: str, paging: str | None) -> None:
    lab.siem.switches.set("version", version)
    if paging:
        lab.siem.switches.set("paging_6_7", paging)


def outages_change(lab: Busy, at_start: list[int], listed: int = 1) -> Callable[[int], None]:
    """Before every fifth request an outage starts, and some end: the last one, and the first ones, listed already."""
    first, last = iter(at_start), iter(reversed(at_start))

    def change(number: int) -> None:
        if number % 5:
            return
        lab.monitor.add_outages(1)
        for outage_id in (next(last), *itertools.islice(first, listed)):
            lab.monitor.resolve_outage(outage_id)

    return change


def incidents_change(lab: Busy) -> Callable[[int], None]:
    """Before every third request one occurs; one is cleared and two recur, of which one was cleared."""
    active = iter([row["incidentId"] for row in lab.siem.incidents() if row["incidentStatus"] == 0][::97])

    def change(number: int) -> None:
        if number % 3:
            return
        lab.siem.add_incidents(1)
        lab.siem.recur_incident(next(active))
        cleared = next(active)
        lab.siem.clear_incident(cleared)
        lab.siem.recur_incident(cleared)

    return change


# FortiMonitor


@pytest.mark.parametrize("cap", [50, None])
def test_no_outage_is_lost_or_comes_twice_while_others_start_and_end(lab: Busy, cap: int | None) -> None:
    lab.monitor.switches.set("page_cap", cap)
    at_start = lab.outage_ids()
    assert len(at_start) == OUTAGES + 3
    lab.fronts["fortimonitor"].before = outages_change(lab, at_start)
    assert listed_outages(lab) == at_start  # newest first, and those that started meanwhile come before
    now = lab.outage_ids()
    sent = [(entry.path, entry.query) for entry in lab.monitor_requests()]
    assert len(now) == len(at_start) + len(sent) // 5
    pages = math.ceil(len(now) / FM_PAGE)
    assert sent == [("/v2/outage", {"limit": "50", "offset": str(FM_PAGE * page)}) for page in range(pages)]


def test_pages_of_active_outages_share_a_row_with_the_one_before(small_lab: Busy) -> None:
    small_lab.monitor.add_outages(600)
    active = small_lab.outage_ids(active=True)
    assert listed_outages(small_lab, status="active") == active
    offsets = [int(entry.query["offset"]) for entry in small_lab.monitor_requests()]
    # The first page has 50 new rows, each further one 49.
    assert offsets == [page * (FM_PAGE - 1) for page in range(1 + math.ceil((len(active) - FM_PAGE) / (FM_PAGE - 1)))]


def test_no_active_outage_is_lost_or_comes_twice_while_others_start_and_end(lab: Busy) -> None:
    active = lab.outage_ids(active=True)
    lab.fronts["fortimonitor"].before = outages_change(lab, active, listed=2)
    found = listed_outages(lab, status="active")
    requests = len(lab.monitor_requests())
    changes = requests // 5
    assert found == active[:-changes]  # the last ones ended before they were reached
    # Each change moves what follows up by a row. It costs a page that begins at a new row, and the way back to the one
    # before. The first page has 50 new rows, each further one 49.
    assert requests <= 1 + math.ceil((len(found) - FM_PAGE) / (FM_PAGE - 1)) + 2 * changes


def test_nothing_is_lost_when_more_outages_end_at_once_than_a_page_holds(small_lab: Busy) -> None:
    small_lab.monitor.add_outages(600)
    active = small_lab.outage_ids(active=True)
    ended = active[100:350]

    def end(number: int) -> None:
        for outage_id in ended if number == 11 else ():
            small_lab.monitor.resolve_outage(outage_id)

    small_lab.fronts["fortimonitor"].before = end
    assert listed_outages(small_lab, status="active") == active


def test_nothing_is_lost_when_the_last_pages_end_at_once(small_lab: Busy) -> None:
    small_lab.monitor.add_outages(160)
    active = small_lab.outage_ids(active=True)

    def end(number: int) -> None:
        for outage_id in active[10:140] if number == 4 else ():
            small_lab.monitor.resolve_outage(outage_id)

    small_lab.fronts["fortimonitor"].before = end
    assert listed_outages(small_lab, status="active") == active


def test_the_action_lists_all_outages(lab: Busy) -> None:
    at_start = lab.outage_ids()
    lab.fronts["fortimonitor"].before = outages_change(lab, at_start)
    result = lab.execute("list_fortimonitor_incidents", max_results=25_000)
    assert [row["incident_id"] for row in result["incidents"]] == at_start
    assert (result["count"], result["is_complete"]) == (len(at_start), True)
    assert len(lab.monitor_requests()) == math.ceil(len(lab.outage_ids()) / FM_PAGE)


# FortiSIEM


@pytest.mark.parametrize(("version", "paging"), PAGING)
def test_no_incident_is_lost_or_comes_twice_while_others_occur_and_are_cleared(
    lab: Busy, version: str, paging: str | None
) -> None:
    stand_at(lab, version, paging)
    lab.fronts["fortisiem"].before = incidents_change(lab)
    found = listed_incidents(lab)
    stored = [row["incidentId"] for row in lab.siem.incidents()]
    assert found == stored  # by id, so that those which occurred meanwhile come last
    requests = len(lab.siem_requests())
    assert requests == math.ceil(len(stored) / SIEM_PAGE)
    assert len(stored) == INCIDENTS + 2 * (requests // 3)  # one that recurs after it was cleared is a new one


@pytest.mark.parametrize(("version", "status"), [("7.0", "404"), ("7.5.1", "by_version"), ("7.5.1", "429")])
def test_pages_that_are_not_ready_are_waited_for(
    small_lab: Busy, slept: list[float], version: str, status: str
) -> None:
    stand_at(small_lab, version, None)
    small_lab.siem.add_incidents(2600)
    small_lab.siem.switches.set("page_not_ready", 2)
    small_lab.siem.switches.set("page_not_ready_status", status)
    small_lab.fronts["fortisiem"].before = incidents_change(small_lab)
    found = listed_incidents(small_lab)
    assert found == [row["incidentId"] for row in small_lab.siem.incidents()]
    pages = math.ceil(len(found) / SIEM_PAGE)
    assert len(small_lab.siem_requests()) == pages + 2 * (pages - 1)
    assert len(slept) == 2 * (pages - 1)


@pytest.mark.parametrize(("version", "paging"), [("6.7", "query_id"), ("7.0", None)])
def test_the_second_of_two_pages_that_never_comes_is_read_in_thirds(
    small_lab: Busy, slept: list[float], version: str, paging: str | None
) -> None:
    stand_at(small_lab, version, paging)
    small_lab.siem.add_incidents(993)
    small_lab.fronts["fortisiem"].before = lambda number: number == 4 and small_lab.siem.add_incidents(1)
    assert listed_incidents(small_lab) == list(range(1, 1002))
    sent = [(entry.method, entry.status, (entry.body or {}).get("size")) for entry in small_lab.siem_requests()]
    further = ("GET", 200, None)
    assert sent == [("POST", 200, 500), ("GET", 404, None), ("POST", 200, 334), further, further]
    assert slept == []


@pytest.mark.parametrize("version", BOTH_STYLES)
def test_a_list_from_which_incidents_went_is_read_again(small_lab: Busy, version: str) -> None:
    stand_at(small_lab, version, None)
    small_lab.siem.add_incidents(2600)
    until = small_lab.siem.now()
    small_lab.clock.advance(60)

    def leave(number: int) -> None:
        if number == 4:  # it recurs after the window, so that the rest moves up
            small_lab.siem.recur_incident(1)

    small_lab.fronts["fortisiem"].before = leave
    found = listed_incidents(small_lab, time_to=until)
    assert sorted(found) == list(range(1, 2608))  # 1 was listed before it went
    assert found != sorted(found)  # the one that slipped past came in the second pass
    assert len(small_lab.siem_requests()) == 2 * 6


def test_a_list_from_which_incidents_keep_going_is_read_three_times_and_not_called_complete(small_lab: Busy) -> None:
    small_lab.siem.add_incidents(1200, incidentStatus=0)
    until = small_lab.siem.now()
    small_lab.clock.advance(60)
    small_lab.fronts["fortisiem"].before = lambda number: small_lab.siem.recur_incident(7 + number)
    result = small_lab.execute(
        "list_siem_incidents", time_from=iso(until - 10 * DAY), time_to=iso(until), max_results=25_000
    )
    listed = [row["incident_id"] for row in result["incidents"]]
    asked = len(small_lab.siem_requests())
    assert asked == 1 + 3 * 3
    gone = range(8, 8 + asked)
    assert set(range(1, 1208)) - set(gone) <= set(listed) <= set(range(1, 1208))
    assert len(listed) == len(set(listed)) == result["count"]
    assert result["is_complete"] is False
    with pytest.raises(Failure) as failed:
        listed_incidents(small_lab, time_to=until)
    assert str(failed.value) == (
        "Could not list FortiSIEM incidents: FortiSIEM did not send all incidents that it counted. Nothing was "
        "changed. Run the action again."
    )


@pytest.mark.parametrize("version", BOTH_STYLES)
def test_the_action_lists_all_incidents(lab: Busy, version: str) -> None:
    stand_at(lab, version, None)
    result = lab.execute("list_siem_incidents", time_from=iso(lab.siem.now() - 10 * DAY), max_results=25_000)
    assert [row["incident_id"] for row in result["incidents"]] == list(range(INCIDENTS, 0, -1))
    assert (result["count"], result["is_complete"]) == (INCIDENTS, True)
    # The newest ones first, then all of them; a full page may be followed by another one, so the last one is empty.
    assert len(lab.siem_requests()) == 1 + INCIDENTS // SIEM_PAGE + 1


def test_of_more_incidents_than_asked_for_the_action_lists_the_newest(small_lab: Busy) -> None:
    small_lab.siem.add_incidents(2593)
    small_lab.fronts["fortisiem"].before = lambda number: number == 4 and small_lab.siem.add_incidents(1)
    time_from = iso(small_lab.siem.now() - 10 * DAY)
    result = small_lab.execute("list_siem_incidents", time_from=time_from, max_results=2600)
    assert [row["incident_id"] for row in result["incidents"]] == list(range(2601, 1, -1))
    assert (result["count"], result["is_complete"]) == (2600, False)


def test_no_active_incident_is_lost_while_others_are_cleared(lab: Busy) -> None:
    before = {row["incidentId"] for row in lab.siem.incidents() if row["incidentStatus"] == 0}
    lab.fronts["fortisiem"].before = incidents_change(lab)
    result = lab.execute(
        "list_siem_incidents", status=["Active"], time_from=iso(lab.siem.now() - 10 * DAY), max_results=25_000
    )
    stored = lab.siem.incidents()
    after = {row["incidentId"] for row in stored if row["incidentStatus"] == 0}
    found = [row["incident_id"] for row in result["incidents"]]
    assert found == sorted(set(found), reverse=True)
    assert before & after <= set(found) <= before | after
    assert result["is_complete"] is True
    assert len(lab.siem_requests()) == math.ceil(len(stored) / SIEM_PAGE) + 1


# Memory


@pytest.mark.parametrize(("product", "rows"), [("fortimonitor", OUTAGES + 3), ("fortisiem", INCIDENTS)])
def test_a_list_four_times_as_long_takes_more_memory_for_its_ids_alone(
    lab: Busy, small_lab: Busy, product: str, rows: int
) -> None:
    small_lab.monitor.add_outages(OUTAGES // 4)
    small_lab.siem.add_incidents(INCIDENTS // 4)
    few, less = peak_while_listing(small_lab.config, product)
    many, more = peak_while_listing(lab.config, product)
    assert many == rows
    assert more - less < BYTES_OF_AN_ID * (many - few)


@pytest.mark.parametrize("status", [None, "active"])
def test_as_many_new_outages_as_a_page_holds_are_no_broken_answer(small_lab: Busy, status: str | None) -> None:
    small_lab.monitor.add_outages(160)
    listed = small_lab.outage_ids(active=status == "active")
    step = FM_PAGE if status is None else FM_PAGE - 1
    small_lab.fronts["fortimonitor"].before = lambda number: (
        number == 2 and small_lab.monitor.add_outages(step, spacing_seconds=0)
    )
    assert listed_outages(small_lab, status=status) == listed
