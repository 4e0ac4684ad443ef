"""Bulk actions on the lab's products: each write once, whatever stops the run half way."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.fortisiem import FortiSiem
from lab.kit.journal import Entry
from lab.running import running_lab
from tests.conftest import Control
from tests.support.busy import UPDATES, Busy, busy
from tests.support.fault_lab import until
from tests.support.installed import InstalledBridge
from tests.support.package import ConnectorError, execute, go_by

NUMBER = 1000
FIRST = 8  # the seed has incidents 1 to 7
UPDATE, RESOLVE = "update_siem_incidents", "force_resolve_incidents"
READS = NUMBER // 100  # requests that skip_done sends
KILLED_AT = 500
PROGRESS = re.compile(rf" INFO (\d+) \S+: update of \S+: \d+ of {NUMBER} items$", re.M)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Busy]:
    """Both products, with 1,000 active incidents in FortiSIEM after those of the seed."""
    with busy(tmp_path) as served:
        served.siem.add_incidents(NUMBER, incidentStatus=0)
        yield served


def items(**more: str) -> list[dict[str, Any]]:
    """Return an update of each of the 1,000 incidents, the last one first."""
    return [{"incident_id": number, "external_ticket_id": f"FM-{number}", **more} for number in ids()]


def ids() -> list[int]:
    return list(range(FIRST + NUMBER - 1, FIRST - 1, -1))


def updates(entries: list[Entry]) -> list[int]:
    """Return the incident of each update that FortiSIEM received."""
    return [int(entry.body["incidentId"]) for entry in entries if entry.path == UPDATES]


def reads(entries: list[Entry]) -> int:
    return sum(entry.path == "/phoenix/rest/pub/incident" for entry in entries)


def assert_each_updated_once(siem: FortiSiem, comment: str = "") -> None:
    """Fail unless each of the 1,000 incidents was updated, and by one request alone."""
    assert Counter(updates(siem.journal.entries())) == dict.fromkeys(ids(), 1)
    stored = siem.incidents()[FIRST - 1 :]
    assert [row["incidentExtTicketId"] for row in stored] == [f"FM-{number}" for number in reversed(ids())]
    assert [row["incidentComments"] for row in stored] == [comment] * NUMBER


# Concurrency


def test_as_many_updates_as_asked_for_are_under_way_at_once(lab: Busy) -> None:
    front = lab.fronts["fortisiem"]
    front.together = 8  # no update is answered before eight have come
    result = lab.execute(UPDATE, items=items(), skip_done=False, concurrency=8)
    assert front.most == 8
    assert_each_updated_once(lab.siem)
    assert len(lab.siem_requests()) == NUMBER
    assert (result["outcome"], result["changed"], result["resume"], result["stopped_by"]) == ("done", True, [], None)
    assert result["counts"] == {"done": NUMBER, "already_done": 0, "failed": 0, "unknown": 0, "not_attempted": 0}
    assert result["results"] == [
        {
            "index": place,
            "incident_id": number,
            "page_url": None,
            "outcome": "done",
            "changed": True,
            "confirmed_by": "response",
            "attempts": 1,
            "message": None,
        }
        for place, number in enumerate(ids())
    ]


def test_with_concurrency_1_the_updates_go_out_one_after_another(lab: Busy) -> None:
    result = lab.execute(UPDATE, items=items(), skip_done=False, concurrency=1)
    assert lab.fronts["fortisiem"].most == 1
    assert updates(lab.siem_requests()) == ids()
    assert_each_updated_once(lab.siem)
    assert result["outcome"] == "done"


# A worker that is killed, through FortiSOAR


@pytest.fixture(scope="module")
def installed(archive: Path) -> Iterator[tuple[InstalledBridge, FortiSiem]]:
    """A lab in this process with the connector installed, and its FortiSIEM."""
    with running_lab(base_port=0) as inside:
        control = Control(inside.ready["control"])
        bridge = InstalledBridge(SimpleNamespace(ready=inside.ready, control=control), archive)
        siem = inside.products["fortisiem"]
        assert isinstance(siem, FortiSiem)
        yield bridge, siem
        bridge.close()
        control.close()


def kill_the_worker_at(bridge: InstalledBridge, siem: FortiSiem, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Kill the process that runs the connector as soon as FortiSIEM has carried out so many updates.

    The answers to those that are under way then, the last one included, reach nobody.
    """
    record, count = siem.journal.record, itertools.count(1)

    def recorded(method: str, path: str, *rest: Any) -> None:
        record(method, path, *rest)
        if path == UPDATES and next(count) == number:
            os.kill(int(PROGRESS.findall(bridge.connectors_log())[-1]), signal.SIGKILL)

    monkeypatch.setattr(siem.journal, "record", recorded)


@pytest.mark.parametrize("comment", ["", "Seen by the network team"])
def test_a_run_whose_worker_was_killed_half_way_ends_with_each_write_once(
    installed: tuple[InstalledBridge, FortiSiem], monkeypatch: pytest.MonkeyPatch, comment: str
) -> None:
    bridge, siem = installed
    bridge.control.reset("fortisiem")
    siem.add_incidents(NUMBER, incidentStatus=0)
    params = {"items": items(**({"comments": comment} if comment else {})), "skip_done": True, "concurrency": 8}
    kill_the_worker_at(bridge, siem, monkeypatch, KILLED_AT)

    message = bridge.failure(UPDATE, params, bridge.configuration())
    assert message == (
        "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: "
        "the worker process ended during _handle_operation (exit code -9)"
    )
    # What the connector had handed over by then arrives, with nobody left to take the answer.
    until(lambda: forwarded(bridge) == len(siem.journal.entries()))
    written = len(updates(siem.journal.entries()))
    assert KILLED_AT <= written < KILLED_AT + 8

    result = executed(bridge, params)
    assert result["counts"] == {
        "done": NUMBER - written,
        "already_done": written,
        "failed": 0,
        "unknown": 0,
        "not_attempted": 0,
    }
    assert [each["incident_id"] for each in result["results"]] == ids()
    assert_each_updated_once(siem, comment)
    assert reads(siem.journal.entries()) == 2 * READS

    again = executed(bridge, params)
    assert (again["outcome"], again["changed"]) == ("already_done", False)
    assert_each_updated_once(siem, comment)


def executed(bridge: InstalledBridge, params: dict[str, Any]) -> dict[str, Any]:
    answer = bridge.answer(UPDATE, params, bridge.configuration())
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def forwarded(bridge: InstalledBridge) -> int:
    return sum(each["forwarded"] for each in bridge.control.ask("GET", "/wire/fortisiem")["requests"])


# A deadline


@pytest.mark.parametrize("comment", ["", "Seen by the network team"])
def test_runs_that_end_at_the_deadline_hand_on_what_is_left(
    lab: Busy, monkeypatch: pytest.MonkeyPatch, comment: str
) -> None:
    updates_each_run(lab, monkeypatch, 360)
    left, runs = items(**({"comments": comment} if comment else {})), 0
    while left:
        runs += 1
        result = lab.execute(UPDATE, items=left, skip_done=False, concurrency=8)
        attempted = result["counts"]["done"]
        assert result["resume"] == left[attempted:]
        assert result["counts"]["not_attempted"] == len(left) - attempted
        assert [each["outcome"] for each in result["results"]] == (
            ["done"] * attempted + ["not_attempted"] * (len(left) - attempted)
        )
        if result["resume"]:
            assert 360 <= attempted <= 360 + 8
            assert result["outcome"] == "partial"
            assert result["stopped_by"] == "The time was over (Total Timeout 60 s). Run it with resume."
        left = result["resume"]
    assert (runs, result["outcome"], result["stopped_by"]) == (3, "done", None)
    assert_each_updated_once(lab.siem, comment)


def updates_each_run(lab: Busy, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let time pass with each update alone, so that a run's time for new ones is over after so many."""
    lab.config["total_timeout"] = 60
    passed = itertools.accumulate(itertools.repeat(0.9 * 60 / number))
    now = [0.0]
    lab.fronts["fortisiem"].before = lambda _: now.__setitem__(0, next(passed))
    go_by(monkeypatch, monotonic=lambda: now[0])


# FortiMonitor, with its rate limit


def test_thirty_incidents_are_resolved_within_the_rate_limit(lab: Busy) -> None:
    added = lab.monitor.add_outages(30, custom=True)
    result = lab.execute(RESOLVE, items=[str(number) for number in added], reason="Done", concurrency=8)
    assert [each["incident_id"] for each in result["results"]] == added
    assert {each["outcome"] for each in result["results"]} == {"done"}
    assert (result["outcome"], result["counts"]["done"], result["resume"]) == ("done", 30, [])
    sent = Counter((entry.method, entry.path, entry.status) for entry in lab.monitor_requests())
    assert sent == {("PUT", f"/v2/outage/{number}/force_resolve", 204): 1 for number in added}
    assert {(one["status"], *one["log"]) for one in lab.monitor.incidents()} == {("resolved", "Done")}


def test_more_incidents_than_requests_in_a_minute_are_resolved_without_one_refusal(
    lab: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = lab.monitor.add_outages(150, custom=True)
    now = [0.0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds
        lab.clock.advance(seconds)

    go_by(monkeypatch, monotonic=lambda: now[0], sleep=sleep)
    lab.config["total_timeout"] = 120
    result = lab.execute(RESOLVE, items=added, concurrency=1)
    assert (result["outcome"], result["counts"]["done"]) == ("done", 150)
    assert Counter(entry.status for entry in lab.monitor_requests()) == {204: 150}
    assert waits == [61.0]


def test_incidents_beyond_the_rate_limit_are_left_when_the_deadline_comes_first(lab: Busy) -> None:
    added = lab.monitor.add_outages(150, custom=True)
    result = lab.execute(RESOLVE, items=added, concurrency=8)
    assert result["counts"] == {"done": 100, "already_done": 0, "failed": 0, "unknown": 0, "not_attempted": 50}
    assert result["resume"] == [one["id"] for one in lab.monitor.incidents() if one["status"] == "active"]
    assert Counter(entry.status for entry in lab.monitor_requests()) == {204: 100}
    assert re.fullmatch(
        r"Could not resolve incident -\d+: FortiMonitor's 100 requests a minute are used up\. Run it again in a minute\.",
        result["stopped_by"],
    )


def test_a_wrong_key_stops_the_run_at_once(lab: Busy) -> None:
    added = lab.monitor.add_outages(30, custom=True)
    with pytest.raises(ConnectorError) as failed:
        execute(RESOLVE, {"items": added, "concurrency": 8}, {**lab.config, "fortimonitor_api_key": "wrong"})
    first = re.fullmatch(
        r"Could not resolve incident (-\d+): FortiMonitor answered 401 to PUT /v2/outage/(-\d+)/force_resolve: "
        r"Authentication failed \(ErrorCode 401\)\. Nothing was changed\. The API key provided is not valid\. "
        r"Check FortiMonitor API Key in the configuration\.",
        str(failed.value),
    )
    assert first is not None, failed.value
    assert first[1] == first[2]
    assert int(first[1]) in added[:8]
    assert {entry.status for entry in lab.monitor_requests()} == {401}
    assert len(lab.monitor_requests()) <= 8  # those that were under way when the first answer came
    assert {one["status"] for one in lab.monitor.incidents()} == {"active"}


def test_an_unknown_incident_fails_alone(lab: Busy) -> None:
    added = lab.monitor.add_outages(29, custom=True)
    numbers = [*added[:10], -424242, *added[10:]]
    result = lab.execute(RESOLVE, items=numbers, concurrency=8)
    outcomes = {each["incident_id"]: each["outcome"] for each in result["results"]}
    assert outcomes == dict.fromkeys(added, "done") | {-424242: "failed"}
    assert [each["incident_id"] for each in result["results"]] == numbers
    assert result["results"][10]["message"] == (
        "Could not resolve incident -424242: FortiMonitor answered 404 to PUT /v2/outage/-424242/force_resolve: "
        "Item Not Found (ErrorCode 404). Nothing was changed. The requested resource does not exist. IDs of custom "
        "incidents may be negative: the control panel may show the same number without its minus sign. If it is of another account, choose the configuration that owns it."
    )
    assert (result["outcome"], result["resume"], result["stopped_by"]) == ("partial", [], None)
    assert {one["status"] for one in lab.monitor.incidents()} == {"resolved"}
