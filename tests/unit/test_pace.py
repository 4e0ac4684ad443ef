"""FortiMonitor's 100 requests a minute: kept by bulk actions, whoever else takes from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fortimonitor import expect_read, outage
from tests.support.package import API_KEY, FORTIMONITOR_URL, configuration, context, execute, go_by, module

pace, deadline = module("core.http.rate_limit"), module("core.deadline")


class Clock:
    """A clock that moves only when somebody sleeps, and tells about every sleep."""

    def __init__(self, on_sleep=None):
        self.now = 1000.0
        self.slept = []
        self._on_sleep = on_sleep

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        if self._on_sleep:
            self._on_sleep(self)

    def deadline(self, seconds=1e9):
        return deadline.Deadline(seconds, deadline.Timing(monotonic=lambda: self.now, sleep=self.sleep))


def test_a_hundred_go_at_once_and_the_next_one_waits_for_a_minute():
    clock, bucket = Clock(), pace.RateLimit()
    whole = clock.deadline()
    assert all(bucket.take_when_free(whole) for _ in range(100))
    assert clock.slept == []
    assert bucket.take_when_free(whole) is True
    assert clock.slept == [61.0]


def test_each_token_comes_back_a_minute_after_it_was_taken():
    clock, bucket = Clock(), pace.RateLimit()
    whole = clock.deadline()
    for _ in range(100):
        bucket.take_when_free(whole)
        clock.now += 0.5
    assert bucket.take_when_free(whole)
    assert bucket.take_when_free(whole)
    assert clock.slept == [11.0, 0.5]


def test_a_single_action_never_waits_and_its_requests_count_all_the_same():
    clock, bucket = Clock(), pace.RateLimit()
    whole = clock.deadline()
    for _ in range(150):
        bucket.take(whole)
    assert clock.slept == []
    bucket.take_when_free(whole)
    assert clock.slept == [61.0]


def test_a_wait_that_would_outlast_the_deadline_is_refused_at_once_and_takes_nothing():
    clock, bucket = Clock(), pace.RateLimit()
    for _ in range(100):
        bucket.take_when_free(clock.deadline())
    assert bucket.take_when_free(clock.deadline(61)) is False
    assert clock.slept == []
    assert bucket.take_when_free(clock.deadline(61.5)) is True
    assert clock.slept == [61.0]


def test_a_token_that_somebody_else_took_meanwhile_is_waited_for_again():
    bucket = pace.RateLimit()

    def take_fifty(clock):
        if len(clock.slept) == 1:
            for _ in range(50):
                bucket.take(clock.deadline())

    clock = Clock(take_fifty)
    for _ in range(2):
        for _ in range(50):
            bucket.take(clock.deadline())
        clock.now += 10
    assert bucket.take_when_free(clock.deadline()) is True
    assert clock.slept == [41.0, 10.0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "take_when_free"]), st.integers(1, 120), st.sampled_from([0.0, 0.25, 7.0, 61.0])
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whoever_takes_a_turn_is_never_beyond_the_hundredth_of_its_minute_and_never_waits_for_nothing(steps):
    clock, bucket = Clock(), pace.RateLimit()
    taken: list[float] = []
    for kind, times, pause in steps:
        for _ in range(times):
            before = clock.now
            earlier = [each for each in taken if each > before - 61]
            getattr(bucket, kind)(clock.deadline())
            if kind == "take":
                assert clock.now == before
            else:
                assert sum(each > clock.now - 61 for each in taken) < 100
                assert clock.now == (before if len(earlier) < 100 else earlier[-100] + 61)
            taken.append(clock.now)
        clock.now += pause


@given(st.lists(st.sampled_from([0.0, 0.125, 0.5, 3.0, 60.0, 61.0]), min_size=101, max_size=350))
def test_those_who_take_turns_are_never_more_than_a_hundred_in_any_61_seconds(pauses):
    clock, bucket, taken = Clock(), pace.RateLimit(), []
    for pause in pauses:
        clock.now += pause
        bucket.take_when_free(clock.deadline())
        taken.append(clock.now)
    assert all(later - earlier >= 61 for earlier, later in zip(taken, taken[100:]))


def test_an_account_is_its_address_and_key_and_neither_is_kept():
    def limit_of(url, key):
        config = configuration(fortimonitor_url=url, fortimonitor_api_key=key)
        return context(config).fortimonitor._rate_limit

    one = limit_of(FORTIMONITOR_URL, API_KEY)
    assert limit_of(f"{FORTIMONITOR_URL}/", API_KEY) is one
    assert limit_of(FORTIMONITOR_URL, "another") is not one
    assert limit_of("https://other.test", API_KEY) is not one
    assert limit_of("https://a.test", "bc") is not limit_of("https://a.testb", "c")
    kept = repr(vars(module("core.process_state").STATE.rate_limits))
    assert not any(part in kept for part in (API_KEY, "another", "fortimonitor.test"))


# As the actions use it.


@pytest.fixture
def clock(monkeypatch):
    """Every call's clock."""
    made = Clock()
    go_by(monkeypatch, monotonic=lambda: made.now, wall=lambda: made.now, sleep=made.sleep, chance=lambda: 1.0)
    return made


def test_single_actions_do_not_wait_and_take_from_what_a_bulk_action_has(http, clock):
    for _ in range(101):
        expect_read(http, -5, outage(-5, "m"))
    for _ in range(101):
        execute("get_fortimonitor_incident", {"incident": "-5"})
    assert clock.slept == []
    clock.now += 31
    http.put(f"{FORTIMONITOR_URL}/outage/-5/force_resolve", status=204)
    assert execute("force_resolve_incidents", {"items": [-5]})["outcome"] == "done"
    assert clock.slept == [30.0]
