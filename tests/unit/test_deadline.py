"""The deadline, its waits, and what a rate limit asks for."""

from __future__ import annotations

import time

import pytest
from requests.structures import CaseInsensitiveDict

from tests.support.package import module

deadline = module("core.deadline")


class Clock:
    def __init__(self):
        self.time = 1000.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def timing(clock):
    return deadline.Timing(
        monotonic=lambda: clock.time, wall=lambda: 1795341600.0, sleep=clock.sleep, chance=lambda: 0.5
    )


def test_what_remains_shrinks_to_nothing_and_not_below(clock, timing):
    whole = deadline.Deadline(10, timing)
    clock.time += 4
    assert whole.remaining() == 6
    clock.time += 100
    assert whole.remaining() == 0


def test_a_wait_that_fits_is_slept_and_one_that_does_not_is_refused_at_once(clock, timing):
    whole = deadline.Deadline(10, timing)
    assert whole.wait(9.5) is True
    assert whole.wait(0.5) is False
    assert clock.slept == [9.5]


def test_backoff_doubles_up_to_its_cap_with_full_jitter(timing):
    whole = deadline.Deadline(10, timing)
    assert [whole.backoff(attempt) for attempt in (1, 2, 3, 4, 5, 6)] == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


@pytest.mark.field_case("K8")
@pytest.mark.parametrize("name", ["Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("1795341609", 9.0),
        ("1795341500", 0.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1795341609000", 9.0),
        ("1795341500000", 0.0),
        ("1e15", None),
        ("86401", None),
        ("7, 7", 7.0),
    ],
)
def test_a_rate_limit_is_read_as_seconds_epoch_or_date(timing, name, value, seconds):
    assert deadline.retry_after(CaseInsensitiveDict({name.lower(): value}), timing) == seconds


def test_retry_after_comes_before_the_others(timing):
    assert deadline.retry_after({"X-RateLimit-Reset": "9", "Retry-After": "7"}, timing) == 7.0
    assert deadline.retry_after({"X-RateLimit-Reset": "9", "Retry-After": "soon"}, timing) == 9.0
    assert deadline.retry_after({}, timing) is None


@pytest.mark.field_case("K8")
@pytest.mark.parametrize("name", ["Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"])
@pytest.mark.parametrize("until", ["Sun, 22 Nov 2026 07:00:30 GMT", "1795330830", "1795330830000"])
@pytest.mark.parametrize("timezone", ["Sun, 22 Nov 2026 07:00:00 GMT", "Sun, 22 Nov 2026 08:00:00 +0100"])
def test_a_moment_is_one_of_the_servers_clock_which_is_three_hours_behind_ours(timing, name, until, timezone):
    assert deadline.retry_after({name: until, "Date": timezone}, timing) == 30.0


@pytest.mark.field_case("K8")
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("until", ["Sun, 22 Nov 2026 07:00:30 -0000", "Sun, 22 Nov 2026 07:00:30"])
@pytest.mark.parametrize("date", ["Sun, 22 Nov 2026 07:00:00 GMT", "Sun, 22 Nov 2026 07:00:00 -0000"])
def test_a_moment_without_a_zone_is_in_utc_wherever_the_machine_stands(timing, monkeypatch, zone, until, date):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert deadline.retry_after({"Retry-After": until, "Date": date}, timing) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("date", ["", "soon", "Sun, 99 Nov 2026 07:00:00 GMT", "nan"])
def test_without_a_clock_of_the_servers_ours_counts(timing, date):
    assert deadline.retry_after({"Retry-After": "1795341609", "Date": date}, timing) == 9.0


def test_a_number_of_seconds_has_nothing_to_do_with_any_clock(timing):
    assert deadline.retry_after({"Retry-After": "7", "Date": "Sun, 22 Nov 2020 07:00:00 GMT"}, timing) == 7.0
