"""What is told of runs, and what can be done with them, over FortiSOAR's API in this process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.playbooks import Soar, playbook, set_variables, start, step, step_iri, workflow_uuid

Row = dict[str, Any]

WORKFLOWS = "/api/wf/api/workflows"
RUN_KEYS = {
    "@id", "@type", "created", "debug", "env", "metadata", "modified", "name", "node_name", "parent_wf", "peer_details",
    "result", "status", "steps", "tags", "template_iri", "user",
}  # fmt: skip
ENV_KEYS = {
    "auth_info", "child_step_id", "debug", "globalMock", "input", "last_run_at", "mockPlaybookId", "request",
    "resources", "step_id", "task_id", "wf_id", "currentUser", "audit_info", "result",
}  # fmt: skip
FAIL = step("Fail", "CyopsUtilites", connector="cyops_utilities", operation="raise_exception", params={"msg": "no"})


def laid_out(document: Row) -> Row:
    """Give the steps of a playbook their places in the designer."""
    for number, one in enumerate(document["steps"]):
        one |= {"left": "125", "top": str(30 + 135 * number), "group": None}
    return document


def ask_step(**more: Any) -> Row:
    options = [{"option": "Go", "step_iri": step_iri("P", "Set")}]
    form = {"schema": {"title": "?"}}
    return step("Ask", "ManualInput", input=form, response_mapping={"options": options}, **more)


def control(soar: Soar, run: Row, verb: str, status: int = 200, method: str = "POST") -> Any:
    answer = soar.ask(method, f"/api{run['@id']}{verb}/", {} if method == "POST" else None, status)
    soar.product.playbooks.settle()
    return answer


def test_a_run_has_the_captured_keys_and_its_metadata_the_playbooks_routes(soar: Soar) -> None:
    run = soar.run(laid_out(playbook("P", start(), set_variables("Set", x=1))))

    # Two more than the capture: clients read them.
    assert set(run) == RUN_KEYS | {"task_id"}
    assert set(run["env"]) >= ENV_KEYS
    assert (run["user"], run["peer_details"]) == ("", {})
    (route,) = run["metadata"]["metadata"]["routes"]
    assert (route["name"], route["targetStep"]) == ("Start -> Set", step_iri("P", "Set"))
    assert run["metadata"]["template_iri"] == f"/api/3/workflows/{workflow_uuid('P')}"
    trigger = "/api/3/workflow_step_types/b348f017-9a94-471f-87f8-ce88b6a7ad62"
    assert run["metadata"]["metadata"]["trigger_step_type"] == trigger


def test_a_step_of_a_run_tells_where_it_stands_and_how_it_is_drawn(soar: Soar) -> None:
    run = soar.run(laid_out(playbook("P", start(), set_variables("Set", x=1, ignore_errors=True))))

    one = run["steps"][1]
    assert one["metadata"]["template_iri"] == step_iri("P", "Set") == one["template_iri"]
    assert one["metadata"]["metadata"] == {
        "globalMockUsed": False,
        "group": None,
        "ignore_errors": True,
        "left": "125",
        "mockOutputUsed": False,
        "stepType": {"background": "#f7ac20", "displayName": "Set Variable", "icon": "icon icon-set-variables"},
        "top": "165",
        "uuid": step_iri("P", "Set").rsplit("/", 1)[-1],
        "when": True,
    }


def test_a_connectors_step_names_the_connector(soar: Soar) -> None:
    act = step("Act", "Connectors", name="Probe", connector="probe", version="1.2.0", operation="x", params={})

    run = soar.run(laid_out(playbook("P", start(), act)))

    drawn = run["steps"][1]["metadata"]["metadata"]["stepType"]
    assert (drawn["displayName"], drawn["connectorName"], drawn["connectorVersion"]) == ("Connector", "Probe", "1.2.0")


def test_a_skipped_step_tells_where_it_stands_alone(soar: Soar) -> None:
    run = soar.run(laid_out(playbook("P", start(), set_variables("Set", x=1, when="{{ false }}"))))

    skipped = run["steps"][1]
    assert (skipped["status"], set(skipped["metadata"]["metadata"])) == (
        "skipped",
        {"group", "left", "stepType", "top", "uuid"},
    )


def test_a_run_of_a_playbook_that_is_gone_is_told_without_its_layout(soar: Soar) -> None:
    run = soar.run(playbook("P", start(), set_variables("Set", x=1)))
    soar.ask("DELETE", f"/api/3/workflows/{workflow_uuid('P')}?$hardDelete=true", status=204)

    again = soar.ask("GET", f"/api{run['@id']}")

    assert (again["metadata"], [one["name"] for one in again["steps"]]) == ({}, ["Start", "Set"])


@pytest.mark.parametrize(
    ("steps", "status", "verb", "words"),
    [
        ([set_variables("Set", x=1)], "finished", "start", "Only a failed or terminated workflow can be started"),
        ([set_variables("Set", x=1)], "finished", "resume", "Only a paused workflow can be resumed"),
        ([set_variables("Set", x=1)], "finished", "terminate", "The workflow has ended: it is finished."),
        ([FAIL], "failed", "resume", "Only a paused workflow can be resumed, and this one is failed."),
        ([ask_step()], "awaiting", "resume", "Only a paused workflow can be resumed, and this one is awaiting."),
        ([ask_step()], "awaiting", "start", "Only a failed or terminated workflow can be started"),
    ],
)
def test_what_cannot_be_done_with_a_run_is_refused_in_words(
    soar: Soar, steps: list[Row], status: str, verb: str, words: str
) -> None:
    run = soar.run(playbook("P", start(), *steps))
    assert run["status"] == status

    assert control(soar, run, verb, 400)["message"].startswith(words)

    assert soar.ask("GET", f"/api{run['@id']}")["status"] == status


def test_a_retry_is_read_and_not_posted(soar: Soar) -> None:
    run = soar.run(playbook("P", start(), FAIL))
    assert control(soar, run, "retry", 405)["message"] == 'Method "POST" not allowed.'
    assert control(soar, soar.run(playbook("P", start())), "retry", 400, "GET")["message"] == (
        "Only a failed workflow can be retried."
    )

    retried = control(soar, run, "retry", method="GET")

    assert (retried["result"], retried["task_id"] != run["task_id"]) == ("workflow retry queued", True)
    (again,) = soar.runs(retried["task_id"])
    assert [one["name"] for one in again["steps"]] == ["Start", "Fail", "Fail"]


def test_a_terminated_run_is_started_from_where_it_stood(soar: Soar) -> None:
    run = soar.run(playbook("P", start(), ask_step(), set_variables("Set", x=1)))
    control(soar, run, "terminate")
    assert soar.ask("GET", f"/api{run['@id']}")["status"] == "terminated"

    started = control(soar, run, "start")

    assert started["status"] == "started"
    (again,) = soar.runs(started["task_id"])
    assert again["status"] == "awaiting"
    assert [one["name"] for one in again["steps"]] == ["Start", "Ask", "Ask"]
    assert len(soar.ask("GET", "/api/wf/api/manual-wf-input/")["hydra:member"]) == 1


def test_the_approvals_that_a_run_waits_for_are_listed_and_none_of_other_questions(soar: Soar) -> None:
    run = soar.run(playbook("P", start(), ask_step(is_approval=True), set_variables("Set", x=1)))
    other = soar.run(playbook("Q", start(), ask_step(), set_variables("Set", x=1)))

    (row,) = control(soar, run, "approval")["hydra:member"]

    assert (row["title"], row["is_approval"], row["response_mapping"]["options"][0]["option"]) == ("?", True, "Go")
    assert control(soar, other, "approval")["hydra:member"] == []
    assert soar.ask("GET", f"/api{run['@id']}")["status"] == "awaiting"


def test_there_is_no_run_to_be_controlled(soar: Soar) -> None:
    for verb in ("start", "resume", "approval", "terminate"):
        soar.ask("POST", f"{WORKFLOWS}/99/{verb}/", {}, 404)
    soar.ask("GET", f"{WORKFLOWS}/99/retry/", status=404)
