"""How long ago an incident began, and how long it took, by the clock of the call."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import expect_page, expect_read, outage
from tests.support.package import execute, go_by, module
from tests.support.pair import MARKER, TICKET, expect_siem_row, siem_row

NOW = 1762364250  # 2025-11-05T17:37:30Z
BEGAN = NOW - 5400
NAMES = ("age_seconds", "age", "duration_seconds", "duration")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    go_by(monkeypatch, wall=lambda: float(NOW))


def ages(incident):
    return tuple(incident[name] for name in NAMES)


def siem_ages(http, **row):
    expect_siem_row(http, siem_row(**row))
    return ages(execute("get_siem_incident", {"incident_id": 1}))


@pytest.mark.parametrize(
    ("status", "start", "end", "shown"),
    [
        ("active", BEGAN, None, (5400, "1 h 30 min", None, None)),
        ("active", BEGAN, BEGAN + 45, (5400, "1 h 30 min", None, None)),
        ("resolved", BEGAN, BEGAN + 45, (5400, "1 h 30 min", 45, "45 s")),
        ("resolved", BEGAN, BEGAN - 1, (5400, "1 h 30 min", None, None)),
        ("resolved", None, NOW, (None, None, None, None)),
        ("active", NOW + 60, None, (0, "0 s", None, None)),
    ],
)
def test_an_incident_of_fortimonitor_has_them_when_it_is_read_and_listed(http, status, start, end, shown):
    row = outage(-1000001, MARKER, status, start_time=start, end_time=end)
    expect_read(http, -1000001, row)
    expect_page(http, "/outage", [row], total=1)
    assert ages(execute("get_fortimonitor_incident", {"incident": -1000001})) == shown
    assert ages(execute("list_fortimonitor_incidents", {})["incidents"][0]) == shown


def test_an_incident_of_fortisiem_ends_when_it_is_cleared(http):
    began = BEGAN * 1000
    assert siem_ages(http, incidentFirstSeen=began) == (5400, "1 h 30 min", None, None)
    cleared = {"incidentFirstSeen": began, "incidentClearedTime": began + 90_000}
    assert siem_ages(http, **cleared, incidentStatus=2) == (5400, "1 h 30 min", 90, "1 min 30 s")
    # One that came again may keep the time at which it was cleared before.
    assert siem_ages(http, **cleared, incidentStatus=0) == (5400, "1 h 30 min", None, None)
    assert siem_ages(http) == (None, None, None, None)


def test_both_sides_of_a_pair_have_them(http):
    expect_siem_row(http, siem_row(**TICKET, incidentFirstSeen=BEGAN * 1000))
    expect_read(http, -1000001, outage(-1000001, MARKER, start_time=BEGAN + 60))
    result = execute("get_incident_state", {"incident_id": 1})
    assert (result["fortisiem"]["age_seconds"], result["fortimonitor"]["age_seconds"]) == (5400, 5340)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (90_000, "1 d 1 h"),
        (86_460, "1 d"),
        (100 * 86_400, "100 d"),
    ],
)
def test_a_time_is_spelt_out_in_its_two_largest_units(seconds, text):
    assert module("core.times").spelt_out(seconds) == text
