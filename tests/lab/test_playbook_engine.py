"""The lab's workflow engine, over FortiSOAR's API in this process."""

from __future__ import annotations

import io
import json
import tarfile
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

Row = dict[str, Any]

CODE = """
from connectors.core.connector import Connector, ConnectorError

class Probe(Connector):
    def execute(self, config, operation, params, **kwargs):
        if operation == "refuse":
            raise ConnectorError("I will not")
        return {"config": config["name"], "params": params}
"""
INFO = {
    "name": "probe",
    "label": "Probe",
    "version": "1.2.0",
    "description": "Echoes.",
    "publisher": "Community",
    "category": "Utilities",
    "configuration": {"fields": [{"name": "server", "title": "Server", "type": "text", "required": True}]},
    "operations": [
        {"operation": name, "title": name.title(), "description": name, "parameters": []} for name in ("echo", "refuse")
    ],
}


def comment(name: str, content: str, **more: Any) -> Row:
    """Make a step that writes a comment: what it wrote tells that it ran."""
    return step(name, "InsertData", collection="/api/3/comments", resource={"content": content}, **more)


def decision(name: str, *options: Row) -> Row:
    return step(name, "Decision", conditions=list(options), step_variables=[])


def option(label: str, target: str, condition: str | None = None) -> Row:
    row = {"option": label, "step_iri": step_iri("P", target), "step_name": target}
    return row | ({"default": True} if condition is None else {"condition": condition})


def utility(name: str, operation: str, **params: Any) -> Row:
    return step(name, "CyopsUtilites", connector="cyops_utilities", version="3.2.4", operation=operation, params=params)


def connector_step(name: str, operation: str = "echo", **more: Any) -> Row:
    arguments = {"name": "Probe", "connector": "probe", "version": "1.2.0", "config": "", "operation": operation}
    return step(name, "Connectors", **{**arguments, "params": {}, "step_variables": [], **more})


def install(soar: Soar, playbooks: Row | None = None) -> Row:
    target = io.BytesIO()
    files = {"probe/info.json": json.dumps(INFO), "probe/connector.py": CODE}
    if playbooks is not None:
        files["probe/playbooks/playbooks.json"] = json.dumps(playbooks)
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    upload = {"file": ("probe.tgz", target.getvalue(), "application/gzip")}
    answer = soar.http.post("/api/3/solutionpacks/install?$type=connector&$replace=true", files=upload)
    assert answer.status_code == 200, answer.text
    connector: Row = answer.json()
    return connector


def configure(soar: Soar, connector: Row) -> None:
    body = {"connector": connector["id"], "name": "Main", "default": True, "config": {"server": "s"}}
    soar.ask("POST", "/api/integration/configuration/", body, 201)


# Variables and Jinja.


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ 1 + 1 }}", 2),
        ("{{ [1, 2] | length > 1 }}", True),
        ("{{ vars.nothing }}", ""),
        ("{{ none }}", None),
        ("a {{ 1 }} b", "a 1 b"),
        ("{{ '{\"a\": 1}' }}", {"a": 1}),
        ("{'a': {{ 2 }} }", {"a": 2}),
        ("{{ '[not a list' }}", "[not a list"),
        ("{{ {'a': 1} | toJSON }}", '{"a": 1}'),
        ("x{{ {'a': none} | toJSON }}", 'x{"a": null}'),
        ("{{ '{\"a\": 1}' | toDict }}", {"a": 1}),
        ("{{ {'a': [{'b': 3}]} | json_query('a[0].b') }}", 3),
        ("{{ 'HIGH' | resolveRange({'high': 'H'}) }}", "H"),
        ("{{ 7 | resolveRange({'1-4': 'low', '5-9': 'high'}) }}", "high"),
        ("{{ 'other' | resolveRange({'high': 'H'}) }}", ""),
        ("{{ 'abc' | md5 }}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{ 'abc' | hash('sha256') }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{{ 'abc' | b64encode | b64decode }}", "abc"),
        ("{{ 'a-1' | regex_replace('[0-9]', 'x') }}", "a-x"),
        ("{{ 'a-12' | regex_search('-([0-9]+)', '\\\\1') }}", ["12"]),
        ("{{ [1, [2, [3]]] | flatten }}", [1, 2, 3]),
        ("{{ {'a': 1} | combine({'b': 2}) }}", {"a": 1, "b": 2}),
        ("{{ arrow.get('2026-01-02T03:04:05Z').shift(days=1).int_timestamp }}", 1767409445),
        ("{{ ('Severity' | picklist('High')).itemValue }}", "High"),
        ("{{ 'Severity' | picklist('High', 'itemValue') }}", "High"),
        ("{% set x = 3 %}{{ x * 2 }}", 6),
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
    ],
)
def test_a_template_gives_a_value(soar: Soar, template: str, value: Any) -> None:
    given = soar.variables(set_variables("Set", x=template))["x"]

    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ 1 | no_such_filter }}", "No filter named 'no_such_filter'."),
        ("{{ vars.nothing.deeper }}", "'dict object' has no attribute 'nothing'"),
        ("{{ 1 + }}", "unexpected 'end of print statement'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ 'Severity' | picklist('Dire') }}", "Picklist 'Severity' has no item 'Dire'"),
        ("{{ now() }}", "'now' is undefined"),
    ],
)
def test_a_template_that_cannot_be_rendered_fails_the_run_with_its_reason(
    soar: Soar, template: str, reason: str
) -> None:
    message = soar.failure(set_variables("Set", x=template))

    assert reason in message
    assert template in message


def test_arrow_tells_the_labs_time(soar: Soar) -> None:
    soar.clock.advance(86_400 * 365)

    told = soar.variables(set_variables("Set", x="{{ arrow.utcnow().int_timestamp }}", y="{{ get_current_date() }}"))

    assert abs(told["x"] - soar.clock.now().timestamp()) < 60
    assert told["y"][:7] == soar.clock.now().strftime("%Y-%m")


def test_a_steps_result_is_known_by_name_and_as_the_last_one(soar: Soar) -> None:
    variables = soar.variables(
        set_variables("First Step", a=1),
        set_variables("Second", last="{{ vars.result.a }}", named="{{ vars.steps.First_Step.a }}"),
    )

    assert (variables["last"], variables["named"]) == (1, 1)


def test_step_variables_see_their_own_steps_result(soar: Soar) -> None:
    made = comment("Note", "hello", step_variables={"told": "{{ vars.result.content }}"})

    assert soar.variables(made)["told"] == "hello"


def test_the_triggers_body_becomes_variables(soar: Soar) -> None:
    variables = soar.variables(
        set_variables("Set", x="{{ vars.input.params.since }}", y="{{ vars.request.env_setup }}", z="{{ vars.extra }}"),
        input={"params": {"since": "now"}},
        request={"env_setup": True},
        extra="more",
    )

    assert (variables["x"], variables["y"], variables["z"]) == ("now", True, "more")


def test_answers_to_a_starts_form_are_parameters(soar: Soar) -> None:
    form = start("cybersponse.action", route="r", inputVariables=[{"name": "reason"}])

    run = soar.run(playbook("P", form, set_variables("Set", x="{{ vars.input.params.reason }}")), reason="tired")

    assert run["env"]["x"] == "tired"


def test_global_variables_are_read_and_may_be_templates(soar: Soar) -> None:
    soar.load(
        playbook("P", start(), set_variables("Set", x="{{ globalVars.A }}", y="{{ globalVars.none_such }}")),
        macros=[{"name": "A", "value": "{{ 1 + 2 }}", "default_value": ""}],
    )

    env = soar.runs(soar.trigger("P"))[0]["env"]

    assert (env["x"], env["y"]) == (3, "")


# Which step is next.


def test_a_decision_takes_the_first_option_that_holds(soar: Soar) -> None:
    run = soar.run(
        playbook(
            "P",
            start(),
            decision(
                "Which",
                option("No", "A", "{{ 1 > 2 }}"),
                option("Yes", "B", "{{ 2 > 1 }}"),
                option("Yes Too", "C", "{{ vars.nothing.deeper }}"),
                option("Else", "D"),
            ),
            *[comment(name, name) for name in "ABCD"],
            routes=[("Start", "Which"), *[("Which", name) for name in "ABCD"]],
        )
    )

    assert (run["status"], soar.comments()) == ("finished", ["B"])


def test_a_decision_takes_its_default_when_nothing_holds(soar: Soar) -> None:
    which = decision("Which", option("Else", "B"), option("No", "A", "{{ false }}"))

    soar.run(
        playbook("P", start(), which, comment("A", "A"), comment("B", "B"), routes=_both("Which", "A", "B")),
    )

    assert soar.comments() == ["B"]


def test_without_a_default_the_run_ends_at_the_decision(soar: Soar) -> None:
    which = decision("Which", option("No", "A", "{{ false }}"))

    run = soar.run(playbook("P", start(), which, comment("A", "A"), comment("After", "after")))

    assert (run["status"], soar.comments()) == ("finished", [])


def test_branches_that_join_go_on_once(soar: Soar) -> None:
    which = decision("Which", option("Yes", "A", "{{ true }}"), option("Else", "B"))

    soar.run(
        playbook(
            "P",
            start(),
            which,
            comment("Joined", "joined"),
            comment("A", "A"),
            comment("B", "B"),
            routes=[*_both("Which", "A", "B"), ("A", "Joined"), ("B", "Joined")],
        ),
    )

    assert soar.comments() == ["A", "joined"]


def test_steps_in_a_circle_fail_the_run(soar: Soar) -> None:
    circle = playbook(
        "P",
        start(),
        comment("A", "A"),
        comment("B", "B"),
        routes=[("Start", "A"), ("A", "B"), ("B", "A")],
    )

    assert soar.run(circle)["result"] == {"Error message": "The steps wait for each other in a circle: A"}


def _both(source: str, *targets: str) -> list[tuple[str, str]]:
    return [("Start", source), *[(source, target) for target in targets]]


# How often a step is done.


def test_a_step_whose_condition_does_not_hold_is_skipped_and_the_run_goes_on(soar: Soar) -> None:
    run = soar.run(
        playbook("P", start(), comment("A", "A", when="{{ vars.result == 1 }}"), comment("B", "B", when="{{ true }}"))
    )

    assert soar.comments() == ["B"]
    assert [(one["name"], one["status"]) for one in run["steps"]] == [
        ("Start", "finished"),
        ("A", "skipped"),
        ("B", "finished"),
    ]


def test_a_loop_does_the_step_for_each_item_that_passes_its_condition(soar: Soar) -> None:
    loop = {"item": "{{ [1, 2, 3, 4] }}", "condition": "{{ vars.item is even }}", "parallel": False}

    run = soar.run(playbook("P", start(), comment("Each", "{{ 'n' ~ vars.item }}", for_each=loop)))

    assert soar.comments() == ["n2", "n4"]
    assert [row["content"] for row in run["env"]["steps"]["Each"]] == ["n2", "n4"]


def test_a_loop_asks_the_steps_condition_for_each_item(soar: Soar) -> None:
    soar.run(
        playbook(
            "P",
            start(),
            comment("Each", "{{ 'n' ~ vars.item }}", for_each={"item": "{{ [1, 2] }}"}, when="{{ vars.item > 1 }}"),
        )
    )

    assert soar.comments() == ["n2"]


def test_a_loop_breaks_when_it_is_told_to(soar: Soar) -> None:
    loop = {"item": "{{ [1, 2, 3] }}", "break_loop": "{{ vars.result.content == 'n2' }}"}

    soar.run(playbook("P", start(), comment("Each", "{{ 'n' ~ vars.item }}", for_each=loop)))

    assert soar.comments() == ["n1", "n2"]


def test_a_loop_over_no_list_fails(soar: Soar) -> None:
    message = soar.failure(comment("Each", "x", for_each={"item": "{{ 'text' }}"}))

    assert message == "for_each needs a list, and {{ 'text' }} is str"


def test_a_bulk_loop_stores_its_records_in_batches(soar: Soar) -> None:
    loop = {"item": "{{ range(5) | list }}", "__bulk": True, "batch_size": 2, "parallel": False, "condition": ""}
    resource = {"name": "A{{ vars.item }}", "sourceId": "s{{ vars.item }}", "__replace": "true"}

    run = soar.run(
        playbook(
            "P",
            start(),
            step("Create Record", "InsertData", collection="/api/3/upsert/alerts", resource=resource, for_each=loop),
            step("Again", "InsertData", collection="/api/3/upsert/alerts", resource=resource, for_each=loop),
        )
    )

    assert run["status"] == "finished", run["result"]
    alerts = soar.ask("GET", "/api/3/alerts?$orderby=id")["hydra:member"]
    assert [(row["name"], row["sourceId"]) for row in alerts] == [(f"A{n}", f"s{n}") for n in range(5)]
    assert [row["sourceId"] for row in run["env"]["steps"]["Create_Record"]] == [f"s{n}" for n in range(5)]


def test_a_bulk_loop_with_a_refused_record_fails_the_step(soar: Soar) -> None:
    loop = {"item": "{{ [1, 2] }}", "__bulk": True, "batch_size": 10}
    # A record without the text that the module needs.
    resource = {"name": "{{ 'ok' if vars.item == 1 else none }}", "sourceId": "s{{ vars.item }}"}

    message = soar.failure(
        step("Create", "InsertData", collection="/api/3/upsert/no_such_module", resource=resource, for_each=loop)
    )

    assert "POST /api/3/bulkupsert/no_such_module was answered with 404" in message


@pytest.mark.parametrize("own_result", ["vars.result", "vars.steps.Until"])
def test_a_step_is_repeated_until_its_condition_holds_with_the_labs_clock_between(
    soar: Soar, monkeypatch: pytest.MonkeyPatch, own_result: str
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(soar.product.playbooks.running, "wait", lambda state, seconds: waits.append(seconds))
    until = {"condition": f"{{{{ {own_result}.id >= vars.first + 2 }}}}", "delay": 7, "retries": 5}

    run = soar.run(
        playbook(
            "P",
            start(),
            comment("First", "x", step_variables={"first": "{{ vars.result.id }}"}),
            comment("Until", "y", do_until=until),
        )
    )

    assert (run["status"], waits, soar.comments()) == ("finished", [7.0], ["x", "y", "y"])


def test_a_step_is_repeated_no_more_often_than_retries_says(soar: Soar) -> None:
    until = {"condition": "{{ false }}", "delay": 0, "retries": 2}

    run = soar.run(playbook("P", start(), comment("Until", "y", do_until=until)))

    assert (run["status"], soar.comments()) == ("finished", ["y", "y", "y"])


def test_ignored_errors_let_the_run_go_on_and_are_told(soar: Soar) -> None:
    run = soar.run(
        playbook(
            "P",
            start(),
            utility("Fail", "raise_exception", msg="no"),
            comment("After", "{{ vars.steps.Fail['Error message'] }}"),
        )
    )
    assert run["status"] == "failed"

    failing = utility("Fail", "raise_exception", msg="no")
    failing["arguments"]["ignore_errors"] = True
    run = soar.run(playbook("P", start(), failing, comment("After", "{{ vars.steps.Fail['Error message'] }}")))

    assert run["status"] == "finished with error"
    assert [one["status"] for one in run["steps"]] == ["finished", "finished_with_error", "finished"]
    assert soar.comments() == ["CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: no"]


def test_mock_output_stands_in_for_the_step(soar: Soar) -> None:
    mocked = comment("Note", "x", mock_result='{"data": {"id": 5}}')
    steps = (mocked, set_variables("Set", x="{{ vars.steps.Note.data.id }}"))

    assert soar.variables(*steps, useMockOutput=True)["x"] == 5
    assert soar.comments() == []


def test_a_delay_waits_by_the_labs_clock(soar: Soar) -> None:
    soar.load(playbook("P", start(), step("Wait", "Delay", type="TimeBased", delay={"hours": 1}), comment("A", "A")))
    soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {})

    assert soar.comments() == []
    while not soar.comments():
        soar.clock.advance(3600)
    soar.product.playbooks.settle()

    assert soar.comments() == ["A"]


def test_a_steps_message_is_written_on_the_records(soar: Soar) -> None:
    alert = soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)

    soar.run(
        playbook("P", start(), set_variables("Set", x=1), comment("B", "B", message={"content": "told {{ vars.x }}"})),
        input={"records": [alert]},
    )

    told = soar.ask("GET", f"{alert['@id']}/comments")["hydra:member"]
    assert [row["content"] for row in told] == ["told 1"]


# What steps do.


def test_a_connector_step_takes_the_execute_path(soar: Soar) -> None:
    configure(soar, install(soar))

    run = soar.run(
        playbook(
            "P",
            start(),
            set_variables("Set", number=3),
            connector_step("Echo", params={"n": "{{ vars.number }}"}, config="''"),
        )
    )

    assert run["result"] == {
        "data": {"config": "Main", "params": {"n": 3}},
        "message": "",
        "operation": None,
        "status": "Success",
    }


def test_a_failed_connector_step_fails_the_run_with_the_executes_message(soar: Soar) -> None:
    configure(soar, install(soar))

    run = soar.run(playbook("P", start(), connector_step("Refuse", "refuse")))

    assert run["status"] == "failed"
    message = run["result"]["Error message"]
    answer = soar.ask(
        "POST",
        "/api/integration/execute/",
        {"connector": "probe", "version": "1.2.0", "operation": "refuse", "params": {}},
        400,
    )
    assert message == answer["message"]
    assert "I will not" in message


def test_records_are_created_found_and_updated(soar: Soar) -> None:
    query = {"logic": "AND", "filters": [{"field": "sourceId", "operator": "eq", "value": "{{ vars.id }}"}]}

    run = soar.run(
        playbook(
            "P",
            start(),
            set_variables("Set", id="s-1"),
            step("Create", "InsertData", collection="/api/3/alerts", resource={"name": "A", "sourceId": "s-1"}),
            step("Find", "FindRecords", module="alerts?$limit=5", query=query),
            step("Update", "UpdateRecord", collection="{{ vars.result[0]['@id'] }}", resource={"name": "B"}),
        )
    )

    assert run["status"] == "finished", run["result"]
    assert run["env"]["steps"]["Find"][0]["sourceId"] == "s-1"
    assert [row["name"] for row in soar.ask("GET", "/api/3/alerts")["hydra:member"]] == ["B"]


def test_an_update_without_a_record_fails_in_the_appliances_words(soar: Soar) -> None:
    step_without = step("Update", "UpdateRecord", collection="{{ vars.nothing }}", resource={})

    assert soar.failure(step_without) == "CS-WF-35: Record IRI is empty"


def test_a_refused_record_fails_the_run(soar: Soar) -> None:
    twice = [
        step(name, "InsertData", collection="/api/3/alerts", resource={"name": "A", "sourceId": "s-1"}) for name in "AB"
    ]

    assert "POST /api/3/alerts was answered with 409" in soar.failure(*twice)


def test_a_text_field_that_gets_an_object_shows_the_trap(soar: Soar) -> None:
    soar.run(
        playbook(
            "P",
            start(),
            set_variables("Set", incident={"id": 1}),
            step(
                "Bad",
                "InsertData",
                collection="/api/3/alerts",
                resource={"name": "bad", "sourcedata": "{{ vars.incident }}"},
            ),
            step(
                "Good",
                "InsertData",
                collection="/api/3/alerts",
                resource={"name": "good", "sourcedata": "{{ vars.incident | toJSON }}"},
            ),
        )
    )

    alerts = {row["name"]: row["sourcedata"] for row in soar.ask("GET", "/api/3/alerts")["hydra:member"]}
    assert alerts == {"bad": "Array", "good": '{"id": 1}'}


def test_a_global_variable_is_read_created_and_updated_by_the_utilities(soar: Soar) -> None:
    path = "/api/wf/api/dynamic-variable/?format=json"
    run = soar.run(
        playbook(
            "P",
            start(),
            utility("Lost", "updatemacro", macro="Pull", value="0"),
            utility("Create", "make_cyops_request", iri=path, method="POST", body={"name": "Pull", "value": "1"}),
            utility("Update", "updatemacro", macro="Pull", value="2"),
            utility("Read", "make_cyops_request", iri=f"{path}&name=Pull", method="GET", body=""),
            utility("Nothing", "no_op"),
        )
    )

    assert run["status"] == "finished", run["result"]
    steps = run["env"]["steps"]
    assert steps["Lost"] == {"data": None, "message": "", "operation": None, "status": "Success"}
    row = {"default_value": "", "id": steps["Create"]["data"]["id"], "name": "Pull", "value": "2"}
    assert steps["Update"]["data"] == row
    assert steps["Read"]["data"]["hydra:member"] == [row]


def test_a_refused_api_call_fails_the_step(soar: Soar) -> None:
    message = soar.failure(utility("Read", "make_cyops_request", iri="/api/3/no_such_module", method="GET", body=""))

    assert message.startswith(
        "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: "
        "GET /api/3/no_such_module was answered with 404: "
    )


def test_what_the_lab_does_not_have_stops_the_run_by_name(soar: Soar) -> None:
    assert soar.failure(step("Ask", "6832e556-b9c7-497a-babe-feda3bd27dcg")) == (
        "The local FortiSOAR does not run steps of the type Approval"
    )
    assert soar.failure(step("Odd", "11111111-0316-11e7-93ae-92361f002671")) == (
        "The local FortiSOAR has no step type 11111111-0316-11e7-93ae-92361f002671"
    )
    assert soar.failure(utility("Zip", "zip_and_protect_file")) == (
        "The local FortiSOAR has no operation zip_and_protect_file of cyops_utilities"
    )


# Playbooks that call playbooks.


def call(name: str, target: str, **more: Any) -> Row:
    reference = f"/api/3/workflows/{workflow_uuid(target)}"
    return step(
        name, "WorkflowReference", **{"workflowReference": reference, "arguments": [], "apply_async": False, **more}
    )


def test_a_called_playbook_gets_its_arguments_and_gives_its_last_result(soar: Soar) -> None:
    child = playbook("Child", start(), set_variables("Return", data="{{ vars.input.params.n * 2 }}"), parameters=["n"])
    parent = playbook("P", start(), set_variables("Set", n=21), call("Call", "Child", arguments={"n": "{{ vars.n }}"}))

    soar.load(parent, child)
    task_id = soar.trigger("P")

    runs = {run["name"]: run for run in soar.runs(task_id)}
    assert runs["P"]["result"] == {"data": 42}
    assert runs["Child"]["parent_wf"] == runs["P"]["@id"]
    assert runs["P"]["parent_wf"] is None
    assert runs["Child"]["env"]["audit_info"]["cyops_playbook_iri"] == f"/api/3/workflows/{child['uuid']}"


def test_a_called_playbook_sees_the_callers_variables_and_records_only_if_they_are_passed(soar: Soar) -> None:
    child = playbook("Child", start(), set_variables("Return", x="{{ vars.x }}", n="{{ vars.input.records | length }}"))
    given = {"pass_parent_env": True, "pass_input_record": True}
    parent = playbook(
        "P",
        start(),
        set_variables("Set", x="mine"),
        call("Without", "Child"),
        call("With", "Child", **given),
    )
    alert = soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)

    steps = soar.run(parent, child, input={"records": [alert]})["env"]["steps"]

    assert steps["Without"] == {"x": "", "n": 0}
    assert steps["With"] == {"x": "mine", "n": 1}


def test_a_failed_called_playbook_fails_its_caller(soar: Soar) -> None:
    child = playbook("Child", start(), utility("Fail", "raise_exception", msg="no"))

    run = soar.run(playbook("P", start(), call("Call", "Child")), child)

    assert run["result"]["Error message"].startswith("Child: CS-INTEGRATION-5: ")


def test_a_playbook_that_calls_itself_without_end_fails(soar: Soar) -> None:
    message = soar.failure(call("Call", "P"))

    assert message.endswith("More than 20 playbooks call each other")


def test_a_playbook_that_is_not_there_cannot_be_called(soar: Soar) -> None:
    missing = workflow_uuid("Missing")

    assert soar.failure(call("Call", "Missing")) == f"The playbook /api/3/workflows/{missing} does not exist"


def test_an_asynchronous_call_does_not_wait(soar: Soar) -> None:
    child = playbook("Child", start(), comment("Note", "child"))
    soar.load(playbook("P", start(), call("Call", "Child", apply_async=True)), child)

    task_id = soar.trigger("P")

    assert soar.runs(task_id)[0]["result"] == {"task_id": task_id}
    assert soar.comments() == ["child"]


# Manual inputs.


def question(**more: Any) -> Row:
    options = [
        {"option": "Again", "step_iri": step_iri("P", "Yes"), "primary": True},
        {"option": "Leave", "step_iri": step_iri("P", "No")},
    ]
    return step(
        "Ask",
        "ManualInput",
        **{
            "type": "InputBased",
            "input": {"schema": {"title": "Again, {{ vars.x }}?", "inputVariables": [{"name": "reason"}]}},
            "response_mapping": {"options": options},
            **more,
        },
    )


def asking() -> Row:
    return playbook(
        "P",
        start(),
        set_variables("Set", x="you"),
        question(),
        comment("Yes", "yes, {{ vars.steps.Ask.input.reason }}"),
        comment("No", "no"),
        routes=[("Start", "Set"), ("Set", "Ask"), ("Ask", "Yes"), ("Ask", "No")],
    )


def answer(soar: Soar, label: str, **values: Any) -> Any:
    (row,) = soar.ask("GET", "/api/wf/api/manual-wf-input/?format=json")["hydra:member"]
    chosen = next(one for one in row["response_mapping"]["options"] if one["option"] == label)
    body = {"input": values, "step_iri": chosen["step_iri"], "step_id": row["step_id"], "manual_input_id": row["id"]}
    said = soar.ask("POST", f"/api/wf/api/workflows/{row['workflow']}/wfinput_resume/", body)
    soar.product.playbooks.settle()
    return said


def test_a_run_waits_for_a_manual_input_and_goes_on_with_its_answer(soar: Soar) -> None:
    run = soar.run(asking())
    assert run["status"] == "awaiting"
    (listed,) = soar.ask("POST", "/api/wf/api/manual-wf-input/list_wfinput/", {"assigned_to": "all"})["hydra:member"]
    assert (listed["title"], "input" in listed) == ("Again, you?", False)

    said = answer(soar, "Again", reason="because")

    assert said["message"] == "Awaiting Playbook resumed successfully."
    (run,) = soar.runs(said["task_id"])
    assert (run["status"], soar.comments()) == ("finished", ["yes, because"])
    assert [one["status"] for one in run["steps"]] == ["finished"] * 4
    assert run["steps"][2]["input"]["input"]["schema"]["title"] == "Again, you?"
    assert soar.ask("GET", "/api/wf/api/manual-wf-input/?format=json")["hydra:member"] == []


def test_the_other_answer_leads_the_other_way(soar: Soar) -> None:
    soar.run(asking())

    answer(soar, "Leave")

    assert soar.comments() == ["no"]


def test_a_caller_waits_with_the_playbook_it_called(soar: Soar) -> None:
    soar.load(playbook("Caller", start(), call("Call", "P"), comment("After", "after")), asking())
    task_id = soar.trigger("Caller")
    assert [run["status"] for run in soar.runs(task_id)] == ["awaiting", "awaiting"]

    answer(soar, "Leave")

    assert [run["status"] for run in soar.runs(task_id)] == ["finished", "finished"]
    assert soar.comments() == ["no", "after"]


def test_an_answer_without_a_step_is_an_internal_error(soar: Soar) -> None:
    soar.run(asking())
    (row,) = soar.ask("GET", "/api/wf/api/manual-wf-input/?format=json")["hydra:member"]

    soar.ask(
        "POST",
        f"/api/wf/api/workflows/{row['workflow']}/wfinput_resume/",
        {"manual_input_id": row["id"], "step_iri": None},
        500,
    )


# Collections.


def test_a_connectors_playbooks_come_and_go_with_it(soar: Soar) -> None:
    install(soar, exported(playbook("P", start())))
    names = [row["name"] for row in soar.ask("GET", "/api/3/workflows")["hydra:member"]]
    assert names == ["P"]
    assert soar.ask("GET", "/api/3/workflow_collections")["hydra:member"][0]["uuid"] == COLLECTION

    install(soar, exported(playbook("Q", start())))
    assert [row["name"] for row in soar.ask("GET", "/api/3/workflows")["hydra:member"]] == ["Q"]

    number = soar.ask("GET", "/api/integration/connectors/")["data"][0]["id"]
    soar.ask("DELETE", f"/api/integration/connectors/{number}/", status=204)

    assert soar.ask("GET", "/api/3/workflows")["hydra:member"] == []
    assert soar.ask("GET", "/api/3/workflow_collections")["hydra:member"] == []


def test_a_playbook_shows_its_steps_only_with_its_relationships(soar: Soar) -> None:
    soar.load(playbook("P", start()))
    path = f"/api/3/workflows/{workflow_uuid('P')}"

    assert "steps" not in soar.ask("GET", path)
    assert [row["name"] for row in soar.ask("GET", f"{path}?$relationships=true")["steps"]] == ["Start"]


def test_a_playbook_is_changed_and_deleted(soar: Soar) -> None:
    soar.load(playbook("P", start()))
    path = f"/api/3/workflows/{workflow_uuid('P')}"

    assert soar.ask("PUT", path, {"isActive": True})["isActive"] is True
    assert len(soar.ask("GET", f"{path}?$relationships=true")["steps"]) == 1
    soar.ask("DELETE", path, status=204)
    soar.ask("GET", path, status=404)


def test_importing_a_collection_again_replaces_its_playbooks(soar: Soar) -> None:
    soar.load(playbook("P", start()))
    soar.load(playbook("Q", start()))

    assert [row["name"] for row in soar.ask("GET", "/api/3/workflows")["hydra:member"]] == ["Q"]
