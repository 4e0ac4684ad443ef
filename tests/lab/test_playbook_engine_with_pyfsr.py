"""The lab's workflow engine under a client that was written against the real one: pyfsr, over TLS."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.playbooks import (
    COLLECTION,
    Soar,
    exported,
    playbook,
    set_variables,
    start,
    step,
    step_iri,
    workflow_uuid,
)

# A FortiSOAR, its base URL and its CA's file; the last is Any because pyfsr declares verify_ssl as bool alone.


@pytest.fixture
def soar(served: tuple[Soar, str, str]) -> Soar:
    return served[0]


def test_a_playbook_is_triggered_by_name_and_its_run_tracked(soar: Soar, client: Any) -> None:
    child = playbook("Child", start(), set_variables("Return", data=2))
    reference = f"/api/3/workflows/{workflow_uuid('Child')}"
    call = step("Call", "WorkflowReference", workflowReference=reference, arguments=[])
    soar.load(playbook("P", start(), call), child)

    task_id = client.playbooks.trigger("P", env={"a": 1}).task_id
    soar.product.playbooks.settle()

    assert client.playbooks.status(task_id) == "finished"
    run = client.playbooks.last_run("P")
    assert (run.task_id, run.status, run.source) == (task_id, "finished", "live")
    assert [one.name for one in client.playbooks.child_runs(run)] == ["Child"]
    assert client.playbooks.run_env(task_id).steps["Call"].result == {"data": 2}
    assert client.playbooks.run_env(task_id).env["a"] == 1
    assert [node.name for node in client.playbooks.run_tree(task_id).children] == ["Child"]
    assert client.playbooks.count() == {"count": 2}


def test_a_failed_runs_step_and_reason_are_found(soar: Soar, client: Any) -> None:
    fail = step("Fail", "CyopsUtilites", connector="cyops_utilities", operation="raise_exception", params={"msg": "no"})
    soar.load(playbook("P", start(), fail))
    soar.trigger("P")

    failure = client.playbooks.why_failed("P")

    assert (failure.status, failure.failing_step) == ("failed", "Fail")
    assert failure.error_message.endswith("ERROR :: no")
    assert [run.name for run in client.playbooks.search_executions(status="failed")] == ["P"]
    logs = client.playbooks.query_logs(filters=[{"field": "status", "operator": "eq", "value": "failed"}])
    assert [row["name"] for row in logs["hydra:member"]] == ["P"]


def test_a_failed_runs_steps_are_in_the_history(soar: Soar, client: Any) -> None:
    soar.load(playbook("P", start(), set_variables("Set", x=1)))

    steps = client.playbooks.historical_steps(soar.trigger("P"))

    assert [(one["name"], one["status"], one["func"]) for one in steps] == [
        ("Start", "finished", "set_multiple"),
        ("Set", "finished", "set_multiple"),
    ]


def test_a_manual_input_is_answered(soar: Soar, client: Any) -> None:
    form = {"schema": {"title": "How many?", "description": "", "inputVariables": [{"name": "n", "type": "string"}]}}
    options = {"options": [{"option": "Go", "step_iri": step_iri("P", "Set"), "primary": True}]}
    ask = step("Ask", "ManualInput", input=form, response_mapping=options, is_approval=False)
    soar.load(playbook("P", start(), ask, set_variables("Set", x="{{ vars.steps.Ask.input.n }}")))
    task_id = soar.trigger("P")
    (pending,) = client.manual_input.pending_for_run(task_id)
    assert (pending.title, client.manual_input.count(assigned_to="all")) == ("How many?", 1)

    said = client.manual_input.answer(7, by_title="How many?")

    assert (said.task_id, said.message) == (task_id, "Awaiting Playbook resumed successfully.")
    assert client.playbooks.run_env(task_id).env["x"] == 7


def test_a_schedule_is_made_fired_and_removed(soar: Soar, client: Any) -> None:
    soar.load(
        playbook("P", start(), step("Note", "InsertData", collection="/api/3/comments", resource={"content": "x"}))
    )

    task = client.schedules.create("nightly", client.playbooks.resolve_iri("P"), "7 2 * * *")
    said = client.schedules.trigger_now(name="nightly")
    soar.product.playbooks.settle()

    assert (task.name, task.crontab.hour) == ("nightly", "2")
    assert said == {"message": "The associated workflow is successfully triggered"}
    assert soar.comments() == ["x"]
    assert client.schedules.disable("nightly")["enabled"] is False
    client.schedules.delete("nightly")
    assert client.schedules.list() == []


def test_global_variables_and_templates(soar: Soar, client: Any) -> None:
    assert client.wf_tools.set_dynamic_variable("Pull", "1")["value"] == "1"
    assert client.wf_tools.set_dynamic_variable("Pull", "2")["value"] == "2"
    assert client.wf_tools.dynamic_variable("Pull") == "2"
    assert client.wf_tools.render("{{ name | upper }} {{ globalVars.Pull }}", {"name": "alert"}) == "ALERT 2"
    assert client.wf_tools.delete_dynamic_variable("Pull") is True


def test_playbooks_and_collections_are_listed(soar: Soar, client: Any) -> None:
    soar.load(playbook("P", start()), playbook("Q", start()))

    assert [row["name"] for row in client.playbooks.list()] == ["P", "Q"]
    assert client.playbooks.resolve("Q", collection="Tests")["uuid"] == workflow_uuid("Q")
    definition = client.playbooks.get_definition(workflow_uuid("P"), relationships=True)
    assert [one["name"] for one in definition["steps"]] == ["Start"]
    assert client.playbooks.ensure_active("P")["isActive"] is True


def test_a_playbook_runs_on_a_record_by_its_button(soar: Soar, client: Any) -> None:
    button = start("cybersponse.action", route="r0ute", resources=["alerts"], inputVariables=[{"name": "why"}])
    said = set_variables("Set", what="{{ vars.input.records[0].name }}: {{ vars.input.params.why }}")
    soar.load(playbook("P", button, said, isActive=True))
    alert = client.records("alerts").create({"name": "Disk full"})

    answer = client.playbooks.trigger_action("r0ute", module="alerts", record_uuid=alert.uuid, env={"why": "test"})
    (task_id,) = answer.task_ids
    soar.product.playbooks.settle()

    assert client.playbooks.status(task_id) == "finished"
    assert client.playbooks.run_env(task_id).env["what"] == "Disk full: test"
    logged = client.playbooks.log_list(task_id=task_id)
    assert [(run["name"], run["status"]) for run in logged["hydra:member"]] == [("P", "finished")]


def test_a_playbook_runs_by_its_endpoints_name(soar: Soar, client: Any) -> None:
    hook = start("cybersponse.api_call", route="hook")
    soar.load(playbook("P", hook, set_variables("Set", x="{{ vars.request.data.a }}"), isActive=True))

    task_id = client.playbooks.trigger_by_name("hook", body={"a": 1}).task_id
    soar.product.playbooks.settle()

    assert client.playbooks.step_status(task_id, "Set") == "finished"
    assert client.playbooks.run_env(task_id).env["x"] == 1


def test_a_run_is_waited_for_and_its_steps_are_told(soar: Soar, client: Any) -> None:
    soar.load(playbook("P", start(), set_variables("Set", x=1)))

    run = client.playbooks.trigger("P", follow=True, interval=0.01)

    assert (run.name, run.status) == ("P", "finished")
    timeline = client.playbooks.step_timeline(run)
    assert [(one.name, one.status) for one in timeline] == [("Start", "finished"), ("Set", "finished")]


def test_a_failed_run_is_taken_up_again(soar: Soar, client: Any) -> None:
    fail = step("Fail", "CyopsUtilites", connector="cyops_utilities", operation="raise_exception", params={"msg": "no"})
    soar.load(playbook("P", start(), fail))
    soar.trigger("P")
    failed = client.playbooks.last_run("P")

    again = client.playbooks.retry(failed.pk)
    soar.product.playbooks.settle()

    assert again["result"] == "workflow retry queued"
    assert client.playbooks.status(again["task_id"]) == "failed"
    assert client.playbooks.start(failed.pk)["status"] == "started"
    soar.product.playbooks.settle()
    assert client.playbooks.count() == {"count": 1}


def test_a_collection_is_imported_read_and_removed(soar: Soar, client: Any) -> None:
    collections = client.workflow_collections

    (made,) = collections.import_export(exported(playbook("P", start())))

    assert (made.uuid, made.name) == (COLLECTION, "Tests")
    assert [row.uuid for row in collections.list()] == [COLLECTION]
    assert [row["name"] for row in collections.get(COLLECTION).workflows] == ["P"]
    assert [row["name"] for row in client.playbooks.find(name="P")] == ["P"]
    collections.delete(COLLECTION)
    assert (collections.exists(COLLECTION), client.playbooks.list()) == (False, [])
