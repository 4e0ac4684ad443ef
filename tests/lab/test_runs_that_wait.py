"""Runs that wait for a person: in loops, in playbooks that call playbooks, over a restart, to a time-out or an end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from lab.fortisoar import FortiSoar
from lab.kit.clock import Clock
from tests.support.playbooks import Soar, playbook, set_variables, start, step, step_iri, workflow_uuid

Row = dict[str, Any]

WORKFLOWS = "/api/wf/api/workflows"
INPUTS = "/api/wf/api/manual-wf-input"
ITEMS = ["a", "b", "c"]


def question(owner: str = "Asks", **more: Any) -> Row:
    """Make a step that asks about a parameter of its playbook, and leads to the step Say."""
    options = [{"option": "Go", "step_iri": step_iri(owner, "Say"), "primary": True}]
    form = {"schema": {"title": "{{ vars.input.params.about }}?", "inputVariables": [{"name": "word"}]}}
    return step("Ask", "ManualInput", type="InputBased", input=form, response_mapping={"options": options}, **more)


def asks(name: str = "Asks", **more: Any) -> Row:
    """Make a playbook that asks and returns what it was told."""
    said = set_variables("Say", said="{{ vars.input.params.about }}: {{ vars.steps.Ask.input.word }}")
    return playbook(name, start(), question(name, **more), said, parameters=["about"])


def call(target: str, about: str = "{{ vars.item }}", **more: Any) -> Row:
    reference = f"/api/3/workflows/{workflow_uuid(target)}"
    return step("Call", "WorkflowReference", workflowReference=reference, arguments={"about": about}, **more)


def loop(parallel: bool = False, items: list[Any] | None = None, **more: Any) -> Row:
    return {"item": ITEMS if items is None else items, "parallel": parallel, **more}


def calls(name: str, *target: Any, **more: Any) -> Row:
    """Make a playbook that calls another one and then writes that it is done."""
    return playbook(name, start(), call(*target, **more), comment(f"{name} is done"), parameters=["about"])


def comment(content: str) -> Row:
    return step("Note", "InsertData", collection="/api/3/comments", resource={"content": content})


def asked(soar: Soar) -> list[str]:
    """Return the open questions, the oldest first."""
    rows = soar.ask("GET", f"{INPUTS}/?limit=100")["hydra:member"]
    return [row["title"] for row in reversed(rows)]


def answer(soar: Soar, title: str, word: str = "yes", status: int = 200) -> Any:
    rows = soar.ask("GET", f"{INPUTS}/?limit=100")["hydra:member"]
    row = next(row for row in rows if row["title"] == title)
    iri = row["response_mapping"]["options"][0]["step_iri"]
    body = {"input": {"word": word}, "step_iri": iri, "step_id": row["step_id"], "manual_input_id": row["id"]}
    said = soar.ask("POST", f"{WORKFLOWS}/{row['workflow']}/wfinput_resume/", body, status)
    soar.product.playbooks.settle()
    return said


def begin(soar: Soar, *playbooks: Row) -> str:
    """Trigger the first playbook, which must come to wait; return its task id."""
    soar.load(*playbooks)
    task_id = soar.trigger(playbooks[0]["name"])
    assert top(soar, task_id)["status"] == "awaiting"
    return task_id


def top(soar: Soar, task_id: str) -> Row:
    row = soar.ask("POST", f"{WORKFLOWS}/log_list/?ordering=id&task_id={task_id}", {})["hydra:member"][0]
    run: Row = soar.ask("GET", f"/api{row['@id']}")
    return run


def said(*words: str) -> list[Row]:
    return [{"said": word} for word in words]


# Loops around a playbook that asks.


def test_a_loop_goes_on_with_its_next_item_when_it_is_answered(soar: Soar) -> None:
    task_id = begin(soar, calls("P", "Asks", for_each=loop()), asks())

    for item in ITEMS:
        assert asked(soar) == [f"{item}?"]
        assert soar.comments() == []
        answer(soar, f"{item}?", f"about {item}")

    run = top(soar, task_id)
    assert run["status"] == "finished"
    assert run["env"]["steps"]["Call"] == said("a: about a", "b: about b", "c: about c")
    assert soar.comments() == ["P is done"]
    assert [one["status"] for one in run["steps"]] == ["finished"] * 3


def test_items_of_a_parallel_loop_wait_at_the_same_time_and_are_answered_in_any_order(soar: Soar) -> None:
    task_id = begin(soar, calls("P", "Asks", for_each=loop(parallel=True)), asks())
    assert sorted(asked(soar)) == ["a?", "b?", "c?"]

    for item in ("c", "a", "b"):
        assert top(soar, task_id)["status"] == "awaiting"
        answer(soar, f"{item}?", f"about {item}")

    run = top(soar, task_id)
    assert run["env"]["steps"]["Call"] == said("a: about a", "b: about b", "c: about c")
    assert soar.comments() == ["P is done"]


def test_all_items_of_a_parallel_loop_are_answered_at_once_and_the_run_goes_on_once(soar: Soar) -> None:
    items = [f"item {number}" for number in range(6)]
    task_id = begin(soar, calls("P", "Asks", for_each=loop(True, items)), asks())
    rows = soar.ask("GET", f"{INPUTS}/?limit=100")["hydra:member"]
    together = threading.Barrier(len(rows))

    def send(row: Row) -> None:
        body = {"input": {"word": "yes"}, "step_iri": step_iri("Asks", "Say"), "manual_input_id": row["id"]}
        together.wait()
        soar.ask("POST", f"{WORKFLOWS}/{row['workflow']}/wfinput_resume/", body)

    threads = [threading.Thread(target=send, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    soar.product.playbooks.settle()

    run = top(soar, task_id)
    assert (run["status"], soar.comments()) == ("finished", ["P is done"])
    assert run["env"]["steps"]["Call"] == said(*(f"{item}: yes" for item in items))


@pytest.mark.parametrize("parallel", [False, True], ids=["in turn", "at once"])
def test_a_loop_in_a_loop_waits_and_goes_on(soar: Soar, parallel: bool) -> None:
    inner = playbook(
        "Inner",
        start(),
        call("Asks", "{{ vars.input.params.about }}{{ vars.item }}", for_each=loop(parallel, [1, 2])),
        set_variables("Return", all="{{ vars.steps.Call }}"),
        parameters=["about"],
    )
    task_id = begin(soar, calls("P", "Inner", for_each=loop(parallel, ["a", "b"])), inner, asks())

    questions = []
    while waiting := asked(soar):
        questions.append(waiting[-1])
        answer(soar, waiting[-1])

    assert sorted(questions) == ["a1?", "a2?", "b1?", "b2?"]
    run = top(soar, task_id)
    assert run["env"]["steps"]["Call"] == [
        {"all": said("a1: yes", "a2: yes")},
        {"all": said("b1: yes", "b2: yes")},
    ]
    assert {run["status"] for run in soar.runs(task_id)} == {"finished"}


def test_a_playbook_that_calls_one_that_calls_one_that_asks_waits(soar: Soar) -> None:
    middle = playbook("Middle", start(), call("Asks", "{{ vars.input.params.about }}"), parameters=["about"])
    task_id = begin(soar, calls("P", "Middle", for_each=loop(items=["a", "b"])), middle, asks())

    answer(soar, "a?", "first")
    assert [run["status"] for run in soar.runs(task_id)].count("awaiting") == 3
    answer(soar, "b?", "second")

    assert top(soar, task_id)["env"]["steps"]["Call"] == said("a: first", "b: second")


def test_a_step_that_is_repeated_until_somebody_says_so_asks_again(soar: Soar) -> None:
    until = {"condition": "{{ 'enough' in vars.result.said }}", "retries": 5, "delay": 0}
    task_id = begin(soar, calls("P", "Asks", "more", do_until=until), asks())

    answer(soar, "more?", "on")
    answer(soar, "more?", "on")
    answer(soar, "more?", "enough")

    run = top(soar, task_id)
    assert (run["status"], run["env"]["steps"]["Call"]) == ("finished", {"said": "more: enough"})
    assert len(soar.runs(task_id)) == 1 + 3


def test_a_loop_of_repetitions_waits_in_each(soar: Soar) -> None:
    until = {"condition": "{{ 'enough' in vars.result.said }}", "retries": 5, "delay": 0}
    task_id = begin(soar, calls("P", "Asks", for_each=loop(items=["a", "b"]), do_until=until), asks())

    for title, word in (("a?", "on"), ("a?", "enough"), ("b?", "on"), ("b?", "on"), ("b?", "enough")):
        assert asked(soar) == [title]
        answer(soar, title, word)

    assert top(soar, task_id)["env"]["steps"]["Call"] == said("a: enough", "b: enough")


def test_a_loop_that_breaks_after_an_answer_asks_no_further(soar: Soar) -> None:
    each = loop(break_loop="{{ 'stop' in vars.result.said }}")
    task_id = begin(soar, calls("P", "Asks", for_each=each), asks())

    answer(soar, "a?", "on")
    answer(soar, "b?", "stop")

    assert asked(soar) == []
    assert top(soar, task_id)["env"]["steps"]["Call"] == said("a: on", "b: stop")


def test_a_manual_input_in_a_loop_asks_for_each_item(soar: Soar) -> None:
    ask = step(
        "Ask",
        "ManualInput",
        input={"schema": {"title": "{{ vars.item }}?"}},
        response_mapping={"options": [{"option": "Go", "step_iri": step_iri("P", "Note")}]},
        for_each=loop(items=["a", "b"]),
    )
    task_id = begin(
        soar, playbook("P", start(), ask, comment("{{ vars.steps.Ask | map(attribute='input.word') | join }}"))
    )

    answer(soar, "a?", "one")
    answer(soar, "b?", "two")

    assert top(soar, task_id)["status"] == "finished"
    assert soar.comments() == ["onetwo"]


def test_another_branch_goes_on_while_one_waits(soar: Soar) -> None:
    made = playbook(
        "Asks",
        start(),
        question(),
        set_variables("Say", x=1),
        comment("beside"),
        routes=[("Start", "Ask"), ("Ask", "Say"), ("Start", "Note")],
    )
    task_id = begin(soar, made)
    assert soar.comments() == ["beside"]

    answer(soar, "?")

    assert top(soar, task_id)["status"] == "finished"
    assert soar.comments() == ["beside"]


# Failures.


def test_a_called_playbook_that_fails_after_its_answer_fails_its_callers_and_lets_go_of_the_other_items(
    soar: Soar,
) -> None:
    fails = asks()
    fails["steps"][2]["arguments"] = {"said": "{{ vars.no.such }}"}
    task_id = begin(soar, calls("P", "Asks", for_each=loop(parallel=True)), fails)

    answer(soar, "b?")

    run = top(soar, task_id)
    assert run["status"] == "failed"
    assert run["result"]["Error message"].startswith("Asks: '{{ vars.no.such }}'")
    assert asked(soar) == []
    assert sorted(run["status"] for run in soar.runs(task_id)[1:]) == ["failed", "terminated", "terminated"]


def test_a_failed_loop_is_retried_from_its_first_item(soar: Soar) -> None:
    fails = asks()
    fails["steps"][2]["arguments"] = {"said": "{{ vars.steps.Ask.input.word * 1 / (vars.steps.Ask.input.word | int) }}"}
    task_id = begin(soar, calls("P", "Asks", for_each=loop(items=["a"])), fails)
    answer(soar, "a?", "0")
    assert top(soar, task_id)["status"] == "failed"

    again = soar.ask("GET", f"/api{top(soar, task_id)['@id']}retry/")["task_id"]
    soar.product.playbooks.settle()

    assert asked(soar) == ["a?"]
    assert top(soar, again)["status"] == "awaiting"


def test_ignored_errors_of_a_loop_that_waits_let_the_run_go_on(soar: Soar) -> None:
    fails = asks()
    fails["steps"][2]["arguments"] = {"said": "{{ vars.no.such }}"}
    task_id = begin(soar, calls("P", "Asks", for_each=loop(items=["a"]), ignore_errors=True), fails)

    answer(soar, "a?")

    assert top(soar, task_id)["status"] == "finished with error"
    assert soar.comments() == ["P is done"]


# Time-outs, ends and restarts.


def test_a_question_that_nobody_answers_in_time_leads_to_its_time_outs_step(soar: Soar) -> None:
    late = {"hours": 1, "step_iri": step_iri("Asks", "Say")}
    task_id = begin(soar, calls("P", "Asks", for_each=loop(items=["a", "b"])), asks(timeout=late))
    (row,) = soar.ask("POST", f"{INPUTS}/list_wfinput/", {})["hydra:member"]
    assert row["timeout"] is not None

    for _ in range(2):
        soar.clock.advance(3601)
        soar.product.playbooks.running.look()
        soar.product.playbooks.settle()

    run = top(soar, task_id)
    assert (run["status"], asked(soar)) == ("finished", [])
    assert run["env"]["steps"]["Call"] == said("a: ", "b: ")


def test_a_question_without_a_step_for_its_time_out_fails_the_run(soar: Soar) -> None:
    task_id = begin(soar, asks(timeout={"minutes": 5}))

    soar.clock.advance(299)
    soar.product.playbooks.running.look()
    soar.product.playbooks.settle()
    assert top(soar, task_id)["status"] == "awaiting"
    soar.clock.advance(2)
    soar.product.playbooks.running.look()
    soar.product.playbooks.settle()

    run = top(soar, task_id)
    assert run["result"] == {"Error message": "The manual input was not answered in time"}


def test_a_run_that_waits_is_terminated_with_all_that_it_waits_for(soar: Soar) -> None:
    middle = playbook("Middle", start(), call("Asks", "{{ vars.input.params.about }}"), parameters=["about"])
    task_id = begin(soar, calls("P", "Middle", for_each=loop(parallel=True)), middle, asks())

    ended = soar.ask("POST", f"/api{top(soar, task_id)['@id']}terminate/", {})

    assert ended == {"task_id": task_id, "result": "workflow terminated"}
    assert asked(soar) == []
    runs = soar.runs(task_id)
    assert [run["status"] for run in runs] == ["terminated"] * 7
    assert [one["status"] for one in runs[0]["steps"]] == ["finished", "terminated"]
    words = soar.ask("POST", f"/api{runs[0]['@id']}terminate/", {}, 400)["message"]
    assert words == "The workflow has ended: it is terminated."


def test_a_called_run_that_is_terminated_fails_the_step_that_waits_for_it(soar: Soar) -> None:
    task_id = begin(soar, calls("P", "Asks", for_each=loop()), asks())

    soar.ask("POST", f"/api{soar.runs(task_id)[1]['@id']}terminate/", {})
    soar.product.playbooks.settle()

    run = top(soar, task_id)
    assert (run["status"], run["result"]) == ("failed", {"Error message": "Asks: The run was terminated"})


def test_a_run_under_way_is_terminated_at_its_next_step(soar: Soar) -> None:
    wait = step("Wait", "Delay", delay={"days": 999})
    soar.load(calls("P", "Waits"), playbook("Waits", start(), wait))
    task_id = soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {})["task_id"]
    while len(soar.runs(task_id)) < 2 or len(soar.runs(task_id)[1]["steps"]) < 2:
        pass

    soar.ask("POST", f"/api{top(soar, task_id)['@id']}terminate/", {})
    soar.product.playbooks.settle()

    assert [run["status"] for run in soar.runs(task_id)] == ["terminated", "terminated"]
    assert soar.comments() == []


@contextmanager
def one_life(folder: Path, key: bytes) -> Iterator[Soar]:
    """Run a FortiSOAR on a kept folder until the end of the block."""
    product = FortiSoar(folder, Clock(), "csadmin", "pa55", "k3y", key, {}, workers=1)
    try:
        yield Soar(product, product.playbooks.running._clock)  # the clock that it was given
    finally:
        product.close()


@pytest.mark.parametrize("parallel", [False, True], ids=["in turn", "at once"])
def test_runs_that_wait_outlive_restarts_of_the_lab(tmp_path: Path, parallel: bool) -> None:
    key = Fernet.generate_key()
    with one_life(tmp_path, key) as soar:
        task_id = begin(soar, calls("P", "Asks", for_each=loop(parallel)), asks())
    for item in ITEMS:
        with one_life(tmp_path, key) as soar:
            assert top(soar, task_id)["status"] == "awaiting"
            answer(soar, f"{item}?", item)
    with one_life(tmp_path, key) as soar:
        assert top(soar, task_id)["env"]["steps"]["Call"] == said("a: a", "b: b", "c: c")
        assert soar.comments() == ["P is done"]


def test_what_came_just_before_the_lab_was_stopped_wakes_the_run_at_the_next_start(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    with one_life(tmp_path, key) as soar:
        task_id = begin(soar, asks())
        (row,) = soar.ask("GET", f"{INPUTS}/")["hydra:member"]
        # As if the lab had been killed between the answer and what follows it.
        soar.product.playbooks._questions.answer(row["id"], {"input": {"word": "yes"}}, [])
    with one_life(tmp_path, key) as soar:
        soar.product.playbooks.settle()
        assert top(soar, task_id)["status"] == "finished"


def test_a_called_run_that_a_restart_ended_fails_its_caller(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    wait = step("Wait", "Delay", delay={"days": 9})
    slow = asks()
    slow["steps"].append({**playbook("Asks", start(), wait)["steps"][1]})
    slow["routes"].append(playbook("Asks", start(), set_variables("Say"), wait)["routes"][1])
    with one_life(tmp_path, key) as soar:
        task_id = begin(soar, calls("P", "Asks", for_each=loop(items=["a", "b"])), slow)
        threading.Thread(target=answer, args=(soar, "a?"), daemon=True).start()
        while len(soar.runs(task_id)[1]["steps"]) < 4:
            pass
    with one_life(tmp_path, key) as soar:
        soar.product.playbooks.settle()
        run = top(soar, task_id)
        assert run["result"] == {"Error message": "Asks: The run was terminated"}


def test_the_second_of_two_answers_finds_the_question_gone(soar: Soar) -> None:
    begin(soar, asks())
    (row,) = soar.ask("GET", f"{INPUTS}/")["hydra:member"]
    body = {"input": {}, "step_iri": step_iri("Asks", "Say"), "manual_input_id": row["id"]}
    soar.ask("POST", f"{WORKFLOWS}/{row['workflow']}/wfinput_resume/", body)

    soar.ask("POST", f"{WORKFLOWS}/{row['workflow']}/wfinput_resume/", body, 404)
