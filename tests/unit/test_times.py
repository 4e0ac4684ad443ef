"""Times as analysts and playbooks write them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.package import module

times = module("core.times")
MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22 10:00:00",
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00z",
        "2026-11-22T10:00Z",
        "2026-11-22T10:00:00.000Z",
        "2026-11-22t12:00:00.0+02",
        "2026-11-22T10:00:00+0000",
        "2026-11-22T10:00:00 -00:00",
        "20261122T100000Z",
        "2026-11-22T10:00:00+00:00",
        "2026-11-22T12:30:00+02:30",
        "2026-11-22 05:00:00-05:00",
        " 1795341600 ",
        1795341600,
        1795341600.0,
        "1795341600.0",
    ],
)
def test_each_documented_form_is_the_same_moment(value):
    assert times.utc(value) == MOMENT
    assert times.fortimonitor_time(times.utc(value)) == "2026-11-22 10:00:00"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2026-11-22",
        "20261122",
        20261122,
        "2026-W47-7T10:00:00Z",
        "2026-11-22T10:00:61Z",
        "2026-11-22T10:00:00",
        "22.11.2026 10:00",
        "2026-11-22 10:00",
        1795341600000,
        -1,
        True,
        None,
        [],
    ],
)
def test_any_other_form_is_refused(value):
    with pytest.raises((ValueError, OverflowError)):
        times.utc(value)


def test_zero_is_the_beginning_of_the_epoch():
    assert {times.utc(value) for value in (0, 0.0, "0")} == {datetime(1970, 1, 1, tzinfo=timezone.utc)}


def test_a_fraction_of_any_length_is_read():
    for fraction in (".5", ",5", ".50000000000001"):
        assert times.utc(f"2026-11-22T10:00:00{fraction}Z") == MOMENT.replace(microsecond=500_000)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.timezones()))
def test_every_moment_survives_iso_8601(moment):
    assert times.utc(moment.isoformat()) == moment.astimezone(timezone.utc)
