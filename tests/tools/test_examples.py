"""What differs from run to run is the same in the examples that pages show, and the rest is what came."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from release.executed import CONFIGURATION_ID, SHOWN_NOW, _Steady
from tests.support.package import module

READY = {"fortimonitor": {"url": "https://127.0.0.1:41001/v2"}, "fortisiem": {"url": "https://127.0.0.1:41002"}}
MADE = "972b59f2-9c23-4e50-974b-e948955b276c"  # the ID that FortiSOAR gave the configuration
LEAP_DAY = datetime(2028, 2, 29, 11, 22, 33, 500_000, tzinfo=timezone.utc)
TAG = module("clients.fortimonitor.markers").tag_of


@pytest.mark.parametrize("began", [datetime(2027, 1, 1, 0, 0, 5, tzinfo=timezone.utc), LEAP_DAY])
@pytest.mark.parametrize("late", [-0.5, 0.0, 28.0])
@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (lambda moment: moment.isoformat()[:19] + "Z", "2026-02-03T07:30:00Z"),
        (lambda moment: moment.isoformat(sep=" ")[:19], "2026-02-03 07:30:00"),
        (lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S -0000"), "Tue, 03 Feb 2026 07:30:00 -0000"),
        (lambda moment: f"<13>{moment:%b} {moment.day:2} {moment:%H:%M:%S} host", "<13>Feb  3 07:30:00 host"),
        (lambda moment: f"{int(moment.timestamp())}/6", f"{int(SHOWN_NOW.timestamp()) - 1800}/6"),
        (lambda moment: int(moment.timestamp() * 1000), (int(SHOWN_NOW.timestamp()) - 1800) * 1000),
    ],
    ids=["ISO", "ISO without T", "RFC 2822", "syslog", "epoch in a text", "milliseconds"],
)
def test_a_time_half_an_hour_ago_is_shown_as_one(began: datetime, late: float, form: Any, shown: Any) -> None:
    assert _Steady(READY, MADE, began).value(form(began + timedelta(minutes=-30, seconds=late))) == shown


def test_addresses_and_what_is_made_of_them_are_those_of_an_appliance() -> None:
    source_id, shown = "fortisiem:127.0.0.1:41002:1", "fortisiem:siem.example.com:1"
    text = f"[{TAG(source_id)}] {source_id} fortisiem:127.0.0.1:1 https://127.0.0.1:41001/v2/outage/7"
    wanted = f"[{TAG(shown)}] {shown} {shown} https://api2.panopta.com/v2/outage/7"
    assert _Steady(READY, MADE, LEAP_DAY).value({"text": [text]}) == {"text": [wanted]}


def test_what_the_machine_and_the_run_make_is_always_the_same() -> None:
    came = {"milliseconds": 53, "age_seconds": 7201, "age": "1 s", "software": {"python": "3.11.7"}, "by": f"ID {MADE}"}
    shown = {"milliseconds": 20, "age_seconds": 7200, "age": "0 s", "software": {"python": "3.9.18"}}
    assert _Steady(READY, MADE, LEAP_DAY).value(came) == {**shown, "by": f"ID {CONFIGURATION_ID}"}


def test_all_else_is_what_came() -> None:
    came = {"id": -1000001, "event": "6482650188627892240", "agent": "20.6.0", "on": True, "none": None, "tags": ["a"]}
    assert _Steady(READY, MADE, LEAP_DAY).value(came) == came
