"""What lives between calls: bounded, expiring where it was learnt, and never shared with a forked process."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from tests.support.package import module

process_state = module("core.process_state")


@pytest.fixture
def closed():
    return []


@pytest.fixture
def closable(closed):
    """Return a maker of things that note when they are closed."""
    return lambda name: lambda: SimpleNamespace(name=name, close=lambda: closed.append(name))


def test_beyond_so_many_the_least_used_one_goes():
    kept = process_state.Kept(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_what_was_learnt_expires():
    kept = process_state.Kept(2, seconds=300)
    kept.put("a", "address", now=1000.0)
    assert kept.get("a", now=1299.9) == "address"
    assert kept.get("a", now=1300.0) is None
    assert kept.get("a", now=1000.0) is None


def test_what_is_learnt_again_is_kept_from_then_on():
    kept = process_state.Kept(2, seconds=300)
    kept.put("a", "address", now=0.0)
    kept.put("a", "address", now=200.0)
    assert kept.get("a", now=400.0) == "address"


def test_a_value_is_made_once_for_a_key():
    kept = process_state.Kept(2)
    made = iter(["value"])
    assert [kept.get_or_make("a", lambda: next(made)) for _ in range(2)] == ["value", "value"]


@pytest.mark.field_case("W9")
@pytest.mark.parametrize("name", ["update_addresses", "without_event_queries"])
def test_what_was_learnt_about_a_server_is_kept_for_five_minutes(name):
    kept = getattr(process_state.ProcessState(), name)
    kept.put("account", "learnt", now=0.0)
    assert (kept.get("account", now=299.0), kept.get("account", now=300.0)) == ("learnt", None)


def test_every_cache_is_bounded():
    state = process_state.ProcessState()
    caches = [each for each in vars(state).values() if isinstance(each, process_state.Kept)]
    for cache in caches:
        for number in range(1000):
            cache.put(number, "value")
        assert sum(cache.get(number) is not None for number in range(1000)) <= 256
    state.requests.extend(range(1000))
    assert (len(caches), len(state.requests)) == (9, 50)


def test_what_was_put_back_is_lent_again_and_to_its_own_key_alone(closable):
    spare = process_state.Spare(4)
    for key, expected in [("a", "first"), ("b", "second"), ("a", "first"), ("b", "second")]:
        with spare.lent(key, closable("first" if key == "a" else "second")) as lent:
            assert lent.name == expected
    assert len(spare) == 2


def test_two_users_at_once_never_have_the_same(closable):
    spare = process_state.Spare(4)
    with spare.lent("a", closable("first")) as one, spare.lent("a", closable("second")) as other:
        assert (one.name, other.name) == ("first", "second")


def test_the_one_that_has_lain_longest_is_closed(closable, closed):
    spare = process_state.Spare(2)
    for key in "abac":
        with spare.lent(key, closable(key)):
            pass
    assert closed == ["b"]


def test_what_is_lent_when_all_is_let_go_is_closed_when_it_comes_back(closable, closed):
    spare = process_state.Spare(2)
    with spare.lent("a", closable("a")):
        spare.forget()
        assert closed == []
    assert (closed, len(spare)) == (["a"], 0)


def test_after_a_fork_locks_are_fresh_and_nothing_is_shared(closable):
    state = process_state.ProcessState()
    with state.sessions.lent("a", closable("a")):
        pass
    state.tokens.put("a", "token")
    for cache in (state.sessions, state.tokens):
        cache._lock.acquire()  # as if another thread of the parent held it, which the child does not have
    state.start_anew()
    assert (state.tokens.get("a"), len(state.sessions)) == (None, 0)


def test_many_threads_may_use_it_at_once():
    kept, failed = process_state.Kept(8), []

    def use():
        try:
            for number in range(500):
                kept.put(number % 16, number)
                kept.get(number % 16)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails for it
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
