"""Steps, utilities and filters that the playbooks of published connectors use, over FortiSOAR's API in this process."""

from __future__ import annotations

from typing import Any

import pytest

from lab.fortisoar.playbooks.definitions import OTHER_STEP_TYPES, STEP_TYPES
from tests.support.playbooks import Soar, playbook, set_variables, start, step, step_iri

Row = dict[str, Any]

FEEDS = "/api/ingest-feeds/threat_intel_feeds"
EVERY = "{'Red': {{'TrafficLightProtocol' | picklist('Red')}}, 'White': {{'TrafficLightProtocol' | picklist('White')}}}"


def utility(name: str, operation: str, **params: Any) -> Row:
    return step(name, "CyopsUtilites", connector="cyops_utilities", version="3.2.4", operation=operation, params=params)


def result(soar: Soar, operation: str, **params: Any) -> Any:
    """Return the data of an operation of the utilities."""
    return soar.variables(utility("Do", operation, **params))["steps"]["Do"]["data"]


def wrong(soar: Soar, operation: str, **params: Any) -> str:
    """Return why an operation of the utilities failed."""
    before = "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: "
    message = soar.failure(utility("Do", operation, **params))
    assert message.startswith(before)
    return message.removeprefix(before)


# Feeds.


def ingesting(**loop: Any) -> Row:
    """Make a step as feed connectors have it: items that were looked up by name, None where there is nothing."""
    return step(
        "Create Record",
        "IngestBulkFeed",
        collection=FEEDS,
        resource={
            "value": "{{ vars.item.ip }}",
            "source": "Blocklist",
            "tLP": "{% if vars.item.tlp %}{{ vars.item.tlp | resolveRange(vars.tlp_map) }}{% else %}None{% endif %}",
            "confidence": "{% if vars.item.score %}{{ vars.item.score }}{% else %}None{% endif %}",
            "expiresOn": "{% if vars.item.expiry %}{{ vars.item.expiry }}{% endif %}",
            "typeOfFeed": "{{ 'ThreatIntelFeedType' | picklist('IP Address') }}",
            "sourceData": "{{ vars.item | toJSON }}",
            "__replace": "true",
        },
        for_each={"item": "{{ vars.input.params.ingestedData }}", "parallel": False, "condition": "", **loop},
        _showJson=False,
        __recommend=[],
        step_variables=[],
    )


def ingested(soar: Soar, *items: Row, **loop: Any) -> Row:
    steps = (set_variables("Configuration", tlp_map=EVERY), ingesting(**loop))
    made = playbook("P", start(), *steps, parameters=["ingestedData"])
    return soar.run(made, input={"params": {"ingestedData": list(items)}})


def feeds(soar: Soar) -> list[Row]:
    rows: list[Row] = soar.ask("GET", "/api/3/threat_intel_feeds?$orderby=id")["hydra:member"]
    return rows


def test_a_bulk_feed_is_stored_in_batches(soar: Soar) -> None:
    items = [{"ip": f"192.0.2.{number}"} for number in range(5)]

    run = ingested(soar, *items, __bulk=True, batch_size=2)

    assert run["status"] == "finished", run["result"]
    assert [row["value"] for row in feeds(soar)] == [item["ip"] for item in items]
    assert run["env"]["steps"]["Create_Record"] == [{"status": "success"}] * 3


def test_a_feed_that_comes_again_updates_its_records(soar: Soar) -> None:
    ingested(soar, {"ip": "192.0.2.1", "tlp": "Red", "score": 80, "expiry": 1800000000}, __bulk=True)
    ingested(soar, {"ip": "192.0.2.1", "tlp": "White"}, __bulk=True)

    (row,) = feeds(soar)
    assert (row["tLP"]["itemValue"], row["confidence"], row["expiresOn"]) == ("White", None, 1800000000)
    assert row["sourceData"] == '{"ip": "192.0.2.1", "tlp": "White"}'


def test_a_feed_without_bulk_is_stored_row_by_row(soar: Soar) -> None:
    run = ingested(soar, {"ip": "192.0.2.1"}, {"ip": "192.0.2.2"})

    assert run["result"] == [{"status": "success"}] * 2
    assert [row["value"] for row in feeds(soar)] == ["192.0.2.1", "192.0.2.2"]


def test_an_empty_feed_stores_nothing(soar: Soar) -> None:
    assert ingested(soar, __bulk=True)["result"] == []


def test_a_feed_with_a_bad_row_fails_the_step(soar: Soar) -> None:
    run = ingested(soar, {"ip": "192.0.2.1"}, {"ip": "192.0.2.2", "score": "high"}, __bulk=True)

    assert run["status"] == "failed"
    assert run["result"]["Error message"] == (
        f'CS-WF-6: POST {FEEDS}?$statusOnly=true was answered with 400: The "confidence" field expects an integer.'
    )
    assert feeds(soar) == []


def test_none_is_nothing_in_a_created_record_too(soar: Soar) -> None:
    resource = {"name": "A", "eventTime": "{% if vars.x %}{{ vars.x }}{% else %}None{% endif %}"}

    made = soar.variables(step("Create", "InsertData", collection="/api/3/alerts", resource=resource))["result"]

    assert (made["name"], made["eventTime"]) == ("A", None)


# Connectors with a step type of their own, and approvals.


@pytest.mark.parametrize(("kind", "connector"), [("CodeSnippet", "code-snippet"), ("SendMail", "smtp")])
def test_a_connectors_own_step_calls_the_connector(soar: Soar, kind: str, connector: str) -> None:
    asked = {"version": "2.1.4", "operation": "do", "params": {}}
    refused = soar.ask("POST", "/api/integration/execute/", {"connector": connector, "config": "", **asked}, 400)

    assert connector in refused["message"]
    assert soar.failure(step("Do", kind, **asked)) == refused["message"]
    assert soar.failure(step("Do", kind, connector=connector, **asked)) == refused["message"]


def test_an_approval_is_a_question(soar: Soar) -> None:
    approval = step(
        "Ask",
        "ApprovalManualInput",
        type="InputBased",
        is_approval=True,
        input={"schema": {"title": "Block {{ vars.ip }}?", "inputVariables": []}},
        response_mapping={"options": [{"option": "Approve", "step_iri": step_iri("P", "Block")}]},
    )
    run = soar.run(
        playbook("P", start(), set_variables("Set", ip="192.0.2.1"), approval, set_variables("Block", blocked=True))
    )
    assert run["status"] == "awaiting"

    path = "/api/wf/api/manual-wf-input/list_wfinput/"
    (question,) = soar.ask("POST", path, {"assigned_to": "all", "is_approval": True})["hydra:member"]
    number = run["@id"].rstrip("/").rsplit("/", 1)[-1]
    body = {"manual_input_id": question["id"], "step_iri": step_iri("P", "Block"), "input": {}}
    said = soar.ask("POST", f"/api/wf/api/workflows/{number}/wfinput_resume/", body)
    soar.product.playbooks.settle()

    assert question["title"] == "Block 192.0.2.1?"
    assert soar.runs(said["task_id"])[0]["env"]["blocked"] is True


# Utilities.


def test_records_are_created_changed_and_found_by_utilities(soar: Soar) -> None:
    query = {"logic": "AND", "filters": [{"field": "name", "operator": "eq", "value": "A"}]}
    steps = soar.variables(
        utility("Create", "insert_cyops_resource", iri="/api/3/alerts", body={"name": "A"}),
        utility(
            "Update",
            "update_cyops_resource",
            iri="{{ vars.result.data['@id'] }}",
            body='{ "description": "<b>{{ vars.result.data.name }}</b>" }',
        ),
        utility("Find", "query_cyops_resource", resource="alerts", query=query),
        utility("None", "query_cyops_resource", resource="incidents", query=""),
    )["steps"]

    assert steps["Create"]["data"]["name"] == "A"
    assert (steps["Update"]["data"]["name"], steps["Update"]["data"]["description"]) == ("A", "<b>A</b>")
    assert [row["@id"] for row in steps["Find"]["data"]] == [steps["Create"]["data"]["@id"]]
    assert steps["None"]["data"] == []


def test_a_change_that_is_refused_or_no_json_fails_the_step(soar: Soar) -> None:
    iri = "/api/3/alerts/00000000-0000-4000-8000-000000000000"

    assert wrong(soar, "update_cyops_resource", iri=iri, body={"name": "B"}).startswith(
        f"PUT {iri} was answered with 404: "
    )
    assert wrong(soar, "insert_cyops_resource", iri="/api/3/alerts", body="name: A").startswith(
        "The body is not JSON: "
    )


def test_the_global_variables_are_listed_by_name_however_many_they_are(soar: Soar) -> None:
    names = [f"V{number}" for number in range(31)]
    soar.load(
        playbook("P", start(), utility("Do", "get_macro_list")),
        macros=[{"name": name, "value": "", "default_value": ""} for name in names],
    )

    assert soar.runs(soar.trigger("P"))[0]["result"]["data"] == names


@pytest.mark.parametrize("operation", ["format_richtext", "format_richtext_html"])
def test_rich_text_comes_back(soar: Soar, operation: str) -> None:
    assert result(soar, operation, value="# Title") == {"formatted_string": "# Title"}


def test_data_becomes_a_table(soar: Soar) -> None:
    data = [{"ip": "192.0.2.1", "note": "<b>"}, {"ip": "192.0.2.2"}]

    assert result(soar, "json_to_html", data=data, row_fields="") == (
        "<table><tr><th>ip</th><th>note</th></tr>"
        "<tr><td>192.0.2.1</td><td>&lt;b&gt;</td></tr><tr><td>192.0.2.2</td><td></td></tr></table>"
    )
    assert result(soar, "json_to_html", data='{"a": 1, "b": 2, "c": 3}', row_fields="c, a") == (
        "<table><tr><th>c</th><th>a</th></tr><tr><td>3</td><td>1</td></tr></table>"
    )
    assert wrong(soar, "json_to_html", data="a: 1").startswith("The data is not JSON: ")


def test_a_run_is_stopped_with_a_message(soar: Soar) -> None:
    assert wrong(soar, "raise_exception", msg="Nothing was fetched.") == "Nothing was fetched."


def test_xml_becomes_objects(soar: Soar) -> None:
    text = '<?xml version="1.0" ?><a id="7">t<b>1</b><b>2</b><c:d><![CDATA[x]]></c:d><e/></a>'.replace(
        "<a ", '<a xmlns:c="urn:c" '
    )

    assert result(soar, "xml_to_dictionary", xml=text) == {
        "a": {"@xmlns:c": "urn:c", "@id": "7", "b": ["1", "2"], "c:d": "x", "e": None, "#text": "t"}
    }
    assert wrong(soar, "xml_to_dictionary", xml="<a>").startswith("not XML: ")
    assert wrong(soar, "xml_to_dictionary", xml='<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>') == (
        "XML that declares entities is refused"
    )


# Filters.


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ 'a: [1, 2]' | from_yaml }}", {"a": [1, 2]}),
        ("{{ {'a': 1} | from_yaml }}", {"a": 1}),
        ("{{ 'a: 1\n---\nb: 2' | from_yaml_all }}", [{"a": 1}, {"b": 2}]),
        ("{{ {'b': [1], 'a': vars.nothing} | to_yaml }}", "a: null\nb: [1]\n"),
        ("{{ {'b': [1], 'a': {'c': 2}} | to_nice_yaml(indent=2) }}", "a:\n  c: 2\nb:\n- 1\n"),
        (
            "{{ '<person><name>john</name><age>20</age></person>' | xml_to_dict }}",
            {"person": {"name": "john", "age": "20"}},
        ),
        ("{{ [{'a': 1, 'b': 2}] | json2html(['b']) }}", "<table><tr><th>b</th></tr><tr><td>2</td></tr></table>"),
        ("{{ '/var/log/a.tar.gz' | basename }}", "a.tar.gz"),
        ("{{ '/var/log/a.gz' | dirname }}", "/var/log"),
        ("{{ 'a.tar.gz' | splitext }}", ["a.tar", ".gz"]),
        ("{{ ['/var', 'log'] | path_join }}", "/var/log"),
        ("{{ '/var' | path_join }}", "/var"),
        ("{{ 'C:\\\\Temp\\\\a.exe' | win_basename }}", "a.exe"),
        ("{{ 'C:\\\\Temp\\\\a.exe' | win_dirname }}", "C:\\Temp"),
        ("{{ 'C:\\\\Temp' | win_splitdrive }}", ["C:", "\\Temp"]),
        ("{{ 'https://u:p@example.com:8443/x?y=1#z' | urlsplit('hostname') }}", "example.com"),
        ("{{ ('https://u:p@example.com:8443/x?y=1#z' | urlsplit).port }}", 8443),
        ("{{ 1 | log }}", 0.0),
        ("{{ 8 | log(2) }}", 3.0),
        ("{{ 2 | pow(5) }}", 32.0),
        ("{{ 9 | root }}", 3.0),
        ("{{ 16 | root(4) }}", 2.0),
        ("{{ ['a', 'b', 'c'] | combinations(2) }}", [["a", "b"], ["a", "c"], ["b", "c"]]),
        ("{{ [1, 2] | permutations }}", [[1, 2], [2, 1]]),
        ("{{ [1] | product(['a', 'b']) }}", [[1, "a"], [1, "b"]]),
        ("{{ [1, 2] | zip_longest(['a'], fillvalue='-') }}", [[1, "a"], [2, "-"]]),
        ("{{ [1, 2, 3] | shuffle(seed=7) | sort }}", [1, 2, 3]),
        ("{{ [1, 2, 3] | shuffle(seed=7) == [1, 2, 3] | shuffle(seed=7) }}", True),
        ("{{ [0, 2] | map('extract', ['x', 'y', 'z']) | list }}", ["x", "z"]),
        ("{{ 'a' | extract({'a': {'b': [5]}}, ['b', 0]) }}", 5),
        ("{{ 'a' | extract({'a': {'b': 5}}, 'b') }}", 5),
        ("{{ [{'n': 1, 'g': {'l': ['x', 'y']}}] | subelements('g.l') | map('last') | list }}", ["x", "y"]),
        ("{{ {'k': {'l': ['x']}, 'm': {}} | subelements('l', skip_missing=true) }}", [[{"l": ["x"]}, "x"]]),
        ("{{ [{'n': 'a', 'v': 1}] | rekey_on_member('n') }}", {"a": {"n": "a", "v": 1}}),
        (
            "{{ [{'n': 'a', 'v': 1}, {'n': 'a', 'v': 2}] | rekey_on_member('n', duplicates='overwrite') }}",
            {"a": {"n": "a", "v": 2}},
        ),
        ("{{ ('2026-01-02 00:00:00' | to_datetime - '2026-01-01' | to_datetime('%Y-%m-%d')).days }}", 1),
    ],
)
def test_a_filter_gives_a_value(soar: Soar, template: str, value: Any) -> None:
    given = soar.variables(set_variables("Set", x=template))["x"]

    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ 'https://x' | urlsplit('color') }}", "urlsplit knows no color"),
        ("{{ [{'n': 'a'}, {'n': 'a'}] | rekey_on_member('n') }}", "'a' stands twice"),
        ("{{ [{}] | subelements('l') }}", "KeyError: 'l'"),
        ("{{ '<a' | xml_to_dict }}", "not XML: "),
        ("{{ '8.8.8.8' | extract_artifacts }}", "No filter named 'extract_artifacts'."),
        ("{{ '/etc/passwd' | readfile }}", "No filter named 'readfile'."),
    ],
)
def test_a_filter_that_cannot_or_is_not_there_fails_the_run(soar: Soar, template: str, reason: str) -> None:
    assert reason in soar.failure(set_variables("Set", x=template))


# Tasks, scripts, and what is not run.

TASK = {
    "name": "Isolate {{ vars.input.params.host }}",
    "status": "{{ ('TaskStatus' | picklist('Awaiting'))['@id'] }}",
    "incidents": "['{{ vars.input.records[0]['@id'] }}']",
    "__showJson": False,
}
MESSAGE = {"content": "Please do task {{ vars.result.name }}", "records": "{{ vars.input.records[0]['@id'] }}"}


def task_run(soar: Soar, **more: Any) -> tuple[Row, Row]:
    """Run a playbook with a manual task on an incident; return its run and the task."""
    incident = soar.ask("POST", "/api/3/incidents", {"name": "I"}, 201)
    task = step("Task", "ManualTask", collection="tasks", resource=TASK, step_variables=[], **more)
    after = set_variables("After", status="{{ vars.steps.Task.status.itemValue }}")
    run = soar.run(playbook("P", start(), task, after), input={"params": {"host": "h1"}, "records": [incident]})
    (made,) = soar.ask("GET", "/api/3/tasks?$relationships=true")["hydra:member"]
    assert [each["name"] for each in made["incidents"]] == ["I"]
    return run, made


def picklist_item(soar: Soar, name: str, item: str) -> str:
    body = {"template": f"{{{{ ('{name}' | picklist('{item}'))['@id'] }}}}"}
    iri: str = soar.ask("POST", "/api/wf/api/jinja-editor/", body)["result"]
    return iri


def test_a_manual_task_is_created_and_waited_for(soar: Soar) -> None:
    run, task = task_run(soar, message=MESSAGE)
    assert (run["status"], task["name"]) == ("awaiting", "Isolate h1")
    assert soar.comments() == ["Please do task Isolate h1"]
    soar.ask("PUT", task["@id"], {"status": picklist_item(soar, "TaskStatus", "In Progress")})
    soar.product.playbooks.settle()
    assert soar.ask("GET", f"/api{run['@id']}")["status"] == "awaiting"

    soar.ask("PUT", task["@id"], {"status": picklist_item(soar, "TaskStatus", "Completed")})
    soar.product.playbooks.settle()

    run = soar.ask("GET", f"/api{run['@id']}")
    assert (run["status"], run["env"]["status"]) == ("finished", "Completed")
    assert soar.comments() == ["Please do task Isolate h1"]
    assert soar.ask("GET", "/api/wf/api/manual-wf-input/")["hydra:member"] == []


def test_a_manual_task_that_is_deleted_fails_the_run(soar: Soar) -> None:
    run, task = task_run(soar)

    soar.ask("DELETE", task["@id"], status=204)
    soar.product.playbooks.settle()

    run = soar.ask("GET", f"/api{run['@id']}")
    assert run["result"] == {"Error message": f"{task['@id']} was deleted before it was done"}


def test_a_manual_task_is_just_created_where_the_switch_says_so(soar: Soar) -> None:
    soar.product.switches.set("manual_task_waits", False)

    run, _ = task_run(soar, message=MESSAGE)

    assert (run["status"], run["env"]["status"]) == ("finished", "Awaiting")
    assert soar.comments() == ["Please do task Isolate h1"]


def script(name: str, **arguments: Any) -> Row:
    return step("Script", "RunScript", script=f"/wf/workflow/tasks/{name}", arguments=arguments, step_variables=[])


def test_scripts_run_what_they_name(soar: Soar) -> None:
    soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)
    assert soar.variables(script("no_op"))["steps"]["Script"] == {}
    found = soar.variables(script("crudhub_crud", method="GET", resource="", collection="/api/3/alerts?name=A"))
    assert found["steps"]["Script"]["hydra:totalItems"] == 1
    assert soar.variables(script("set_multiple", x="{{ 1 + 1 }}"))["x"] == 2


def test_a_script_that_is_not_there_is_named(soar: Soar) -> None:
    assert soar.failure(script("database_query")) == (
        "The local FortiSOAR does not run the script '/wf/workflow/tasks/database_query'"
    )


def test_api_keys_are_variables(soar: Soar) -> None:
    variables = soar.variables(step("Keys", "SetAPIKeys", public_key="a", private_key="b"))

    assert (variables["public_key"], variables["private_key"]) == ("a", "b")


@pytest.mark.parametrize("uuid", OTHER_STEP_TYPES)
def test_a_type_of_step_that_is_not_run_is_named(soar: Soar, uuid: str) -> None:
    message = f"The local FortiSOAR does not run steps of the type {OTHER_STEP_TYPES[uuid]}"
    assert soar.failure(step("Step", uuid)) == message


@pytest.mark.parametrize("kind", sorted(STEP_TYPES.values()))
def test_each_type_of_step_runs_or_fails_in_words_with_nothing_given(soar: Soar, kind: str) -> None:
    (run,) = [soar.run(playbook("P", start(), step("Step", kind)))]

    assert run["status"] in ("finished", "awaiting", "failed")
    if run["status"] == "failed":
        assert "Error:" not in run["result"]["Error message"]
