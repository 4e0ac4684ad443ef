"""Loops of playbooks: which items, how many at once, in batches, and until when; over FortiSOAR's API in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.playbooks import Soar, playbook, set_variables, start, step, workflow_uuid

Row = dict[str, Any]

PATIENCE = 60  # seconds until something that never comes fails the test


def note(content: str, **more: Any) -> Row:
    return step("Note", "InsertData", collection="/api/3/comments", resource={"content": content}, **more)


def loop(items: Any, **more: Any) -> Row:
    return {"item": items, "parallel": True, **more}


class AtOnce:
    """Stands between the engine and FortiSOAR; lets requests through when so many of them have come together."""

    def __init__(self, inside: Any, together: int) -> None:
        self._inside = inside
        self._gate = threading.Barrier(together)
        self._lock = threading.Lock()
        self.now = self.peak = 0

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        if path != "/api/3/comments":
            answer: tuple[int, Any] = self._inside.ask(method, path, body)
            return answer
        with self._lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        self._gate.wait(PATIENCE)
        answer = self._inside.ask(method, path, body)
        with self._lock:
            self.now -= 1
        return answer


@contextmanager
def at_once(soar: Soar, together: int) -> Iterator[AtOnce]:
    playbooks = soar.product.playbooks
    inside = playbooks._inside
    playbooks._inside = between = AtOnce(inside, together)  # type: ignore[assignment]
    try:
        yield between
    finally:
        playbooks._inside = inside


def test_items_of_a_parallel_loop_are_at_work_at_the_same_time(soar: Soar) -> None:
    with at_once(soar, 4) as between:
        run = soar.run(playbook("P", start(), note("{{ vars.item }}", for_each=loop([1, 2, 3, 4]))))

    assert (run["status"], between.peak) == ("finished", 4)
    assert [row["content"] for row in run["env"]["steps"]["Note"]] == ["1", "2", "3", "4"]
    assert sorted(soar.comments()) == ["1", "2", "3", "4"]


def test_a_parallel_loop_has_no_more_items_at_work_than_it_says(soar: Soar) -> None:
    bounded = loop(list(range(8)), concurrency=True, concurrencyCount=2)
    with at_once(soar, 2) as between:
        run = soar.run(playbook("P", start(), note("{{ vars.item }}", for_each=bounded)))

    assert (run["status"], between.peak) == ("finished", 2)
    assert len(soar.comments()) == 8


def test_a_loop_that_is_not_parallel_has_one_item_at_work(soar: Soar) -> None:
    with at_once(soar, 1) as between:
        soar.run(playbook("P", start(), note("{{ vars.item }}", for_each={"item": [1, 2, 3]})))

    assert (between.peak, soar.comments()) == (1, ["1", "2", "3"])


def test_a_parallel_loop_without_a_bound_has_eight_items_at_work(soar: Soar) -> None:
    with at_once(soar, 8) as between:
        run = soar.run(playbook("P", start(), note("{{ vars.item }}", for_each=loop(list(range(16))))))

    assert (run["status"], between.peak) == ("finished", 8)


def test_parallel_loops_in_parallel_loops_take_no_thread_from_each_other(soar: Soar) -> None:
    def calling(name: str, target: str) -> Row:
        reference = f"/api/3/workflows/{workflow_uuid(target)}"
        call = step("Call", "WorkflowReference", workflowReference=reference, arguments={}, for_each=loop([1, 2, 3]))
        return playbook(name, start(), call, debug=False)

    soar.load(calling("P", "Q"), calling("Q", "R"), calling("R", "S"), playbook("S", start(), note("x"), debug=False))
    for _ in range(8):
        soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {})
    soar.product.playbooks.settle()

    assert soar.ask("GET", "/api/3/comments?$limit=1")["hydra:totalItems"] == 8 * 27


def test_each_item_of_a_parallel_loop_sees_itself_and_what_it_sets_comes_in_the_order_of_items(soar: Soar) -> None:
    each = step(
        "Each",
        "SetVariable",
        mine="{{ vars.item * 10 }}",
        for_each=loop([1, 2, 3]),
        do_until={"condition": "{{ vars.steps.Each.mine == vars.item * 10 }}", "retries": 3},
    )
    variables = soar.variables(each)

    assert variables["steps"]["Each"] == [{"mine": 10}, {"mine": 20}, {"mine": 30}]
    assert variables["mine"] == 30


def test_conditions_choose_among_the_items_of_a_parallel_loop(soar: Soar) -> None:
    chosen = note(
        "{{ vars.item }}", when="{{ vars.item != 2 }}", for_each=loop([1, 2, 3, 4], condition="{{ vars.item < 4 }}")
    )
    run = soar.run(playbook("P", start(), chosen))

    assert [row["content"] for row in run["env"]["steps"]["Note"]] == ["1", "3"]


def test_a_parallel_loop_that_breaks_begins_with_no_further_item(soar: Soar) -> None:
    breaking = loop(list(range(50)), concurrency=True, concurrencyCount=2, break_loop="{{ true }}")
    run = soar.run(playbook("P", start(), note("{{ vars.item }}", for_each=breaking)))

    assert run["status"] == "finished"
    assert 1 <= len(soar.comments()) <= 2


def test_an_item_that_fails_fails_the_loop_and_the_first_one_is_told(soar: Soar) -> None:
    failing = step("Set", "SetVariable", x="{{ 1 / vars.item }}", for_each=loop([1, 0, 2]))

    assert "ZeroDivisionError" in soar.failure(failing)


def test_a_decision_in_a_loop_leads_to_all_that_were_chosen(soar: Soar) -> None:
    run = soar.run(
        playbook(
            "P",
            start(),
            step("Decide", "Decision", conditions=[], for_each={"item": [1, 2]}),
            note("never"),
        )
    )
    assert run["env"]["steps"]["Decide"] == [{"step_name": None}, {"step_name": None}]
    assert soar.comments() == []


@pytest.mark.parametrize("size", [2, "2", "{{ 1 + 1 }}"])
def test_a_bulk_loop_takes_the_size_of_its_batches_in_any_form(soar: Soar, size: Any) -> None:
    many = {"item": [1, 2, 3], "__bulk": True, "batch_size": size}
    run = soar.run(playbook("P", start(), note("{{ vars.item }}", for_each=many)))

    assert [row["content"] for row in run["env"]["steps"]["Note"]] == ["1", "2", "3"]
    assert soar.comments() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"for_each": "text"}, "for_each must be an object, and is 'text'"),
        ({"for_each": {"item": {"a": 1}}}, "for_each needs a list, and {'a': 1} is dict"),
        (
            {"for_each": {"item": [1], "__bulk": True, "batch_size": 0}},
            "for_each.batch_size must be a whole number from 1 on, and is 0",
        ),
        (
            {"for_each": {"item": [1], "parallel": True, "concurrency": True, "concurrencyCount": 1}},
            "for_each.concurrencyCount must be a whole number from 2 on, and is 1",
        ),
        ({"do_until": [1]}, "do_until must be an object, and is [1]"),
        (
            {"do_until": {"condition": "{{ false }}", "retries": "many"}},
            "do_until.retries must be a whole number from 0 on, and is 'many'",
        ),
        (
            {"do_until": {"condition": "{{ false }}", "retries": 1, "delay": -1}},
            "do_until.delay must be a number from 0 to 1000000000, and is -1",
        ),
        (
            {"do_until": {"condition": "{{ false }}", "retries": 1, "delay": True}},
            "do_until.delay must be a number from 0 to 1000000000, and is True",
        ),
    ],
)
def test_an_option_that_cannot_be_fails_the_step_in_words(soar: Soar, option: Row, words: str) -> None:
    assert soar.failure(note("x", **option)) == words


@pytest.mark.parametrize(("unit", "seconds"), [("seconds", 7.0), ("milliseconds", 0.007)])
def test_the_delay_between_repetitions_has_a_unit_that_is_a_switch(
    soar: Soar, monkeypatch: pytest.MonkeyPatch, unit: str, seconds: float
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(soar.product.playbooks.running, "wait", lambda state, seconds: waits.append(seconds))
    soar.product.switches.set("do_until_delay_unit", unit)

    soar.run(playbook("P", start(), set_variables("Set", x=1, do_until={"condition": "0", "retries": 1, "delay": 7})))

    assert waits == [seconds]
