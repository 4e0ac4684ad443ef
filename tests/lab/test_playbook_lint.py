"""The checks of playbooks that need no run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.cli import main
from lab.fortisoar.playbooks.checks.lint import lint
from tests.support.playbooks import exported, playbook, set_variables, start, step, step_iri, workflow_uuid

Row = dict[str, Any]

MANIFEST: Row = {
    "name": "probe",
    "label": "Probe",
    "version": "1.2.0",
    "configuration": {"fields": [{"name": "server"}]},
    "operations": [
        {
            "operation": "echo",
            "title": "Echo",
            "parameters": [
                {"name": "text", "type": "text", "required": True},
                {"name": "count", "type": "integer"},
                {"name": "is_loud", "type": "checkbox", "onchange": {"true": [{"name": "volume", "type": "integer"}]}},
                {"name": "mode", "type": "select", "options": ["Slow", "Fast"]},
                {"name": "kinds", "type": "multiselect", "options": ["A", "B"]},
            ],
        }
    ],
}


def found(*playbooks: Row) -> list[str]:
    return [str(finding) for finding in lint(exported(*playbooks), [MANIFEST])]


def echo(name: str = "Echo", *, params: Any = None, **more: Any) -> Row:
    arguments = {
        "connector": "probe",
        "version": "1.2.0",
        "config": "",
        "operation": "echo",
        "operationTitle": "Echo",
        "params": {"text": "x"} if params is None else params,
    }
    made = step(name, "Connectors", **{**arguments, **more})
    made["arguments"].setdefault("name", "Probe")
    return made


def decision(*options: Row) -> Row:
    return step("Which", "Decision", conditions=list(options))


def option(label: str, target: str, condition: str | None = None) -> Row:
    row: Row = {"option": label, "step_iri": step_iri("P", target)}
    return row | ({"default": True} if condition is None else {"condition": condition})


def test_a_playbook_without_faults_has_no_findings() -> None:
    good = playbook(
        "P",
        start(),
        set_variables("First Step", a="{{ vars.input.params.n }}"),
        echo(
            params={"text": "{{ vars.a }} {{ vars.steps.First_Step.a }}", "is_loud": True, "volume": 3, "mode": "Fast"}
        ),
        decision(option("Yes", "A", "{{ vars.result.data.x is defined }}"), option("No", "B")),
        set_variables("A", x="{{ vars.maybe | default('') }}{{ globalVars.Any }}{{ arrow.utcnow() }}"),
        set_variables("B", x="{% set y = 1 %}{{ y }}"),
        routes=[
            ("Start", "First Step"),
            ("First Step", "Echo"),
            ("Echo", "Which"),
            ("Which", "A"),
            ("Which", "B"),
        ],
        parameters=["n"],
    )
    caller = playbook(
        "Q", start(), step("Call", "WorkflowReference", workflowReference=f"/api/3/workflows/{workflow_uuid('P')}")
    )

    assert found(good, caller) == []


def changed(row: Row, change: Callable[[Row], Any]) -> Row:
    change(row)
    return row


GRAPHS: list[tuple[Row, str]] = [
    (
        playbook("P", start(), set_variables("Lost", x=1), routes=[]),
        "P / Lost: no route leads here from the start",
    ),
    (
        playbook("P", start(), decision(option("Yes", "A", "{{ true }}")), set_variables("A", x=1)),
        "P / Which: it has no default, so that the run ends here when no condition holds",
    ),
    (
        playbook(
            "P", start(), decision(option("No", "A"), {"option": "Yes", "condition": "x"}), set_variables("A", x=1)
        ),
        "P / Which: the option 'Yes' leads to no step",
    ),
    (
        playbook("P", start(), decision(option("No", "B")), set_variables("A", x=1)),
        f"P / Which: the option 'No' leads to {step_iri('P', 'B')}, and no route goes there",
    ),
    (
        playbook(
            "P",
            start(),
            decision(option("No", "A")),
            set_variables("A", x=1),
            set_variables("B", x=1),
            routes=[("Start", "Which"), ("Which", "A"), ("Which", "B")],
        ),
        "P / Which: no option leads along the route 'Which -> B'",
    ),
    (
        playbook("P", start(), step("Ask", "ManualInput", response_mapping={"options": []})),
        "P / Ask: it has no option to answer with",
    ),
    (
        playbook("P", start(), set_variables("A", x=1), routes=[("Start", "A"), ("A", "B")]),
        f"P: the route 'A -> B' has the targetStep {step_iri('P', 'B')}, which is none of its steps",
    ),
    (
        playbook("P", start(), step("Call", "WorkflowReference", workflowReference="/api/3/workflows/none")),
        "P / Call: it calls /api/3/workflows/none, which is not in this file",
    ),
    (
        changed(playbook("P", start()), lambda row: row.update(collection="/api/3/workflow_collections/x")),
        "P: collection is /api/3/workflow_collections/x, not the collection it is in",
    ),
    (
        changed(playbook("P", start()), lambda row: row.update(triggerStep="/api/3/workflow_steps/x")),
        "P: triggerStep is /api/3/workflow_steps/x, which is none of its steps",
    ),
    (playbook("P", set_variables("A", x=1)), "P / A: it is the first step and no start"),
    (playbook("P", start(), step("Odd", "no-such-type")), "P / Odd: the local FortiSOAR has no step type no-such-type"),
    (
        playbook(
            "P",
            start(),
            set_variables("A", x=1),
            set_variables("B", x=1),
            routes=[("Start", "A"), ("A", "B"), ("B", "A")],
        ),
        "P / A: its routes lead back to it",
    ),
]


@pytest.mark.parametrize(("bad", "finding"), GRAPHS, ids=[finding for _, finding in GRAPHS])
def test_a_fault_of_the_graph_is_found(bad: Row, finding: str) -> None:
    assert finding in found(bad)


@pytest.mark.parametrize(
    ("template", "finding"),
    [
        ("{{ vars.later }}", "vars.later is not set by a step before"),
        ("{{ vars['later'] }}", "vars.later is not set by a step before"),
        ("{{ vars.steps.Later.x }}", "vars.steps.Later is no step before"),
        ("{{ vars.input.params.none }}", "vars.input.params.none is no parameter of the playbook"),
        ("{{ nothing }}", "'{{ nothing }}' names nothing, which is not there"),
        ("{{ 1 | nope }}", "'{{ 1 | nope }}': No filter named 'nope' in the local FortiSOAR"),
        (
            "{% if true %}{{ 1 | nope }}{% endif %}",
            "'{% if true %}{{ 1 | nope }}{% endif %}': No filter named 'nope' in the local FortiSOAR",
        ),
        ("{{ 1 is nope }}", "'{{ 1 is nope }}': No test named 'nope' in the local FortiSOAR"),
        ("{{ 1 + }}", "'{{ 1 + }}': unexpected 'end of print statement'"),
    ],
)
def test_a_template_that_names_what_is_not_there_is_found(template: str, finding: str) -> None:
    bad = playbook("P", start(), set_variables("A", x=template), set_variables("Later", later=1))

    assert found(bad) == [f"P / A: {finding}"]


def test_what_follows_a_step_may_name_its_own_result() -> None:
    after = {
        "step_variables": {"x": "{{ vars.steps.A.data }}"},
        "do_until": {"condition": "{{ vars.steps.A.ok }}", "retries": 1, "delay": 0},
        "message": {"content": "{{ vars.steps.A.data }}"},
    }
    good = playbook("P", start(), step("A", "Delay", **after))
    bad = playbook("P", start(), step("A", "Delay", minutes="{{ vars.steps.A.data }}"))

    assert found(good) == []
    assert found(bad) == ["P / A: vars.steps.A is no step before"]


def test_a_name_that_a_template_sets_in_a_branch_is_there() -> None:
    text = "{% if vars.task_id %}{% set name = 1 %}{{ name }}{% endif %}"

    assert found(playbook("P", start(), set_variables("A", x=text))) == []


def test_a_start_may_name_whatever_its_trigger_brings_but_no_step() -> None:
    given = {"input": {"params": {"a": "{{ vars.brought }}", "b": "{{ vars.steps.A.x }}"}}}

    assert found(playbook("P", start(step_variables=given), set_variables("A", x=1))) == [
        "P / Start: vars.steps.A is no step before"
    ]


def test_a_playbook_that_inherits_its_callers_variables_may_name_them() -> None:
    child = playbook("P", start(), set_variables("A", x="{{ vars.of_the_caller }}"))
    reference = f"/api/3/workflows/{workflow_uuid('P')}"
    caller = playbook(
        "Q", start(), step("Call", "WorkflowReference", workflowReference=reference, pass_parent_env=True)
    )

    assert found(child, caller) == []


@pytest.mark.parametrize(
    ("bad", "finding"),
    [
        (echo(version="1.1.0"), "version is 1.1.0, and the connector's is 1.2.0"),
        (echo(operation="shout"), "there is no operation 'shout'"),
        (echo(operationTitle="Shout"), "operationTitle is 'Shout', and the title is 'Echo'"),
        (echo(config="5e8b"), "config is '5e8b'; only the default configuration is on every FortiSOAR"),
        (echo(params={}), "the required parameter 'text' is missing"),
        (echo(params={"text": ""}), "the required parameter 'text' is blank"),
        (echo(params={"text": "x", "pitch": 1}), "there is no parameter 'pitch' of echo with the others as they are"),
        (
            echo(params={"text": "x", "is_loud": False, "volume": 3}),
            "there is no parameter 'volume' of echo with the others as they are",
        ),
        (echo(params={"text": "x", "mode": "Fat"}), "mode is 'Fat', which is none of Slow, Fast"),
        (echo(params={"text": "x", "kinds": ["A", "C"]}), "kinds has ['C'], which are none of A, B"),
        (echo(params={"text": "x", "count": "many"}), "count is 'many', which is no integer"),
        (echo(params={"text": "x", "is_loud": "yes"}), "is_loud is 'yes', which is neither true nor false"),
    ],
)
def test_a_step_that_its_connector_does_not_take_is_found(bad: Row, finding: str) -> None:
    assert found(playbook("P", start(), bad)) == [f"P / Echo: {finding}"]


def test_a_label_that_is_not_the_connectors_is_found() -> None:
    bad = echo()
    bad["arguments"]["name"] = "Prob"

    assert found(playbook("P", start(), bad)) == ["P / Echo: name is 'Prob', and the connector's label is 'Probe'"]


def test_a_utility_that_the_lab_cannot_run_is_found() -> None:
    bad = step("Zip", "CyopsUtilites", connector="cyops_utilities", operation="unzip_protected_file", params={})

    assert found(playbook("P", start(), bad)) == [
        "P / Zip: the local FortiSOAR cannot run the operation unzip_protected_file of cyops_utilities"
    ]


def test_a_step_without_a_configuration_takes_the_default_one() -> None:
    good = echo()
    del good["arguments"]["config"]

    assert found(playbook("P", start(), good)) == []


def test_a_step_may_choose_its_configuration_when_it_runs() -> None:
    assert found(playbook("P", start(), echo(config="{{vars.input.records[0].name}}"))) == []


@pytest.mark.parametrize(
    ("export", "finding"),
    [
        ({"data": []}, 'type is not "workflow_collections"'),
        ({"type": "workflow_collections"}, "data must be a list of collections"),
        ({"type": "workflow_collections", "data": ["C"]}, "data must be a list of collections"),
        ({"type": "workflow_collections", "data": [{"uuid": "1", "workflows": {"P": 1}}]}, "workflows must be a list"),
        ({"type": "workflow_collections", "data": [{"uuid": "1", "workflows": [1]}]}, "a playbook must be an object"),
    ],
)
def test_a_file_that_is_no_export_is_found(export: Row, finding: str) -> None:
    assert [str(one) for one in lint(export, [])] == [finding]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda row: row.pop("uuid"), "P: the playbook has no uuid"),
        (lambda row: row.update(steps="A"), "P: steps must be a list of objects"),
        (lambda row: row.update(routes=[1]), "P: routes must be a list of objects"),
        (lambda row: row["steps"][1].pop("uuid"), "P: the step 'A' has no uuid"),
        (lambda row: row["steps"][1].update(stepType=None), "P: the step 'A' has no stepType"),
        (lambda row: row["routes"][0].pop("targetStep"), "P: the route 'Start -> A' has no targetStep"),
    ],
)
def test_a_playbook_that_is_not_whole_is_found_and_the_others_are_checked(
    change: Callable[[Row], Any], finding: str
) -> None:
    bad = changed(playbook("P", start(), set_variables("A", x=1)), change)

    assert found(bad, playbook("Q", start(), set_variables("Lost", x=1), routes=[])) == [
        finding,
        "Q / Lost: no route leads here from the start",
    ]


def test_a_collection_without_a_uuid_is_found_once() -> None:
    export = exported(playbook("P", start()), playbook("Q", start()))
    del export["data"][0]["uuid"]

    assert [str(one) for one in lint(export, [])] == ["the collection 'Tests' has no uuid"]


def test_the_command_prints_the_findings_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "playbooks.json"
    file.write_text(json.dumps(exported(playbook("P", start(), set_variables("Lost", x=1), routes=[]))))

    assert main(["playbook", "lint", str(file)]) == 1
    assert capsys.readouterr().out == "P / Lost: no route leads here from the start\n"
    file.write_text(json.dumps(exported(playbook("P", start()))))
    assert main(["playbook", "lint", str(file)]) == 0
    assert capsys.readouterr().out == ""


def package(folder: Path, info: Any) -> str:
    """Write a connector's package whose playbook calls an operation; return the playbooks' file."""
    (folder / "playbooks").mkdir()
    (folder / "info.json").write_text(json.dumps(info))
    file = folder / "playbooks" / "playbooks.json"
    file.write_text(json.dumps(exported(playbook("P", start(), echo(operation="shout")))))
    return str(file)


def test_the_playbooks_of_another_package_are_checked_against_its_own_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["playbook", "lint", package(tmp_path, MANIFEST)]) == 1
    shown = capsys.readouterr()
    assert shown.out == "P / Echo: there is no operation 'shout'\n"
    assert shown.err == f"1 finding in {tmp_path / 'playbooks' / 'playbooks.json'}.\n"


def test_a_manifest_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", "lint", package(tmp_path, {"name": "probe"})]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"Error: {tmp_path / 'info.json'} is not the info.json of a connector.\n")


def test_the_shipped_playbooks_have_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["playbook", "lint"]) == 0, capsys.readouterr().out
