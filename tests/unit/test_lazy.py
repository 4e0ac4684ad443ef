"""What is computed once for each object, and holds up no other one."""

from __future__ import annotations

import threading

import pytest

from tests.support.package import module

lazy = module("core.lazy").lazy


def test_it_is_computed_when_it_is_first_asked_for_and_once_for_each_object():
    computed = []

    class Thing:
        @lazy
        def length(self):
            """How long it is."""
            computed.append(self)
            return len(computed)

    first, second = Thing(), Thing()
    assert computed == []
    assert (first.length, first.length, second.length, first.length) == (1, 1, 2, 1)
    assert vars(first) == {"length": 1}


def test_what_fails_is_computed_again():
    class Thing:
        tries = 0

        @lazy
        def value(self):
            self.tries += 1
            if self.tries == 1:
                raise ValueError("not yet")
            return self.tries

    thing = Thing()
    with pytest.raises(ValueError, match="not yet"):
        _ = thing.value
    assert thing.value == 2


def test_an_object_whose_value_is_being_computed_holds_up_no_other_one():
    """Nor a process that is forked meanwhile, which has no thread that would ever let go of a lock."""
    entered, leave = threading.Event(), threading.Event()

    class Thing:
        def __init__(self, waits):
            self.waits = waits

        @lazy
        def value(self):
            if self.waits:
                entered.set()
                assert leave.wait(60)
            return self.waits

    slow, quick = Thing(True), Thing(False)
    seen = []
    threads = [threading.Thread(target=lambda thing=thing: seen.append(thing.value)) for thing in (slow, quick)]
    threads[0].start()
    assert entered.wait(60)
    threads[1].start()
    threads[1].join(60)
    assert seen == [False]
    leave.set()
    threads[0].join(60)
    assert seen == [False, True]


def test_the_package_uses_nothing_that_locks_all_objects_of_a_class():
    for name, owner in (("clients.context", "Context"), ("core.http.answers", "Answer")):
        computed = vars(getattr(module(name), owner)).values()
        assert any(isinstance(each, lazy) for each in computed)
        assert not any(hasattr(each, "lock") for each in computed)
