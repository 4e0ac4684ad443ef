"""Whatever stands in a playbook or in what triggers it, the lab refuses it or its run ends, fails or waits in words."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.fortisoar.playbooks import work
from tests.properties.examples import examples
from tests.support.mutations import ODD
from tests.support.playbooks import Soar, exported, playbook, running_soar, set_variables, start, step, workflow_uuid

Row = dict[str, Any]
Path = tuple[str | int, ...]

ALERT = "/api/3/alerts/0bfed618-0316-11e7-93ae-92361f002671"
OPTIONS: Row = {
    "when": "{{ true }}",
    "for_each": {
        "item": "{{ [1, 2] }}", "condition": "{{ vars.item }}", "parallel": False, "concurrency": True,
        "concurrencyCount": 2, "break_loop": "{{ false }}",
    },
    "do_until": {"condition": "{{ false }}", "retries": 1, "delay": 1},
    "ignore_errors": False,
    "mock_result": '{"data": 1}',
    "message": {"content": "{{ vars.result }}", "records": ALERT, "type": None},
    "step_variables": {"after": "{{ vars.result }}"},
}  # fmt: skip
BULK = {"item": "{{ [1, 2] }}", "__bulk": True, "batch_size": 2, "condition": ""}
FILTERS = {"logic": "AND", "filters": [{"field": "name", "operator": "eq", "value": "A"}], "sort": [], "limit": 30}


def utility(operation: str, **params: Any) -> Row:
    return step(operation, "CyopsUtilites", connector="cyops_utilities", operation=operation, params=params)


def call(name: str, target: str, **more: Any) -> Row:
    reference = f"/api/3/workflows/{workflow_uuid(target)}"
    return step(name, "WorkflowReference", workflowReference=reference, arguments={"a": 1}, apply_async=False, **more)


def ask(**more: Any) -> Row:
    form = {"schema": {"title": "?", "description": "", "inputVariables": [{"name": "a"}]}}
    options = [{"option": "Go", "primary": True, "step_iri": "/api/3/workflow_steps/a"}]
    return step("Ask", "ManualInput", type="InputBased", input=form, response_mapping={"options": options}, **more)


# Playbooks that make sense, with every option and every type of step between them.
STARTS = {
    "action": start(
        "cybersponse.action", route="go", resources=["alerts"], inputVariables=[{"name": "a", "required": False}],
        step_variables={"input": {"params": {"b": 1}, "records": "{{ vars.input.records }}"}, "c": 1},
        noRecordExecution=True, singleRecordExecution=True,
    ),
    "referenced": start(step_variables={"input": {"params": {"b": 1}}}),
    "endpoint": start("cybersponse.api_call", route="go"),
    "created": start("cybersponse.post_create", resources=["assets"], fieldbasedtrigger=FILTERS),
    "deleted": start("cybersponse.post_delete", resources=["assets"], fieldbasedtrigger=FILTERS),
}  # fmt: skip
STEPS = [
    [set_variables("Set", x="{{ vars.input }}", **OPTIONS)],
    [set_variables("Set", x=1), step("Decide", "Decision", conditions=[
        {"option": "A", "condition": "{{ vars.x }}", "step_iri": "/api/3/workflow_steps/a", "step_name": "A"},
        {"option": "B", "default": True, "step_iri": "/api/3/workflow_steps/b", "step_name": "B"},
    ])],
    [step("Insert", "InsertData", collection="/api/3/comments", resource={"content": "a"}, for_each=BULK)],
    [step("Upsert", "InsertData", collection="/api/3/upsert/alerts", resource={"name": "a"}, operation="Overwrite")],
    [step("Feed", "IngestBulkFeed", collection="/api/ingest-feeds/alerts", resource={"name": "a"}, for_each=BULK)],
    [step("Find", "FindRecords", module="alerts?$limit=5", query=FILTERS),
     step("Update", "UpdateRecord", collection="{{ vars.result[0] }}", resource={"name": "b", "__link": {}})],
    [step("Act", "Connectors", name="A", connector="a", version="1", config="''", operation="b", params={"c": 1})],
    [utility("make_cyops_request", method="GET", iri="/api/3/alerts", body=""),
     utility("query_cyops_resource", resource="alerts", query=FILTERS)],
    [utility("updatemacro", macro="a", value="b"), utility("get_macro_list"), utility("no_op"),
     utility("format_richtext", value="a")],
    [utility("json_to_html", data='[{"a": 1}]', row_fields=["a"]), utility("xml_to_dictionary", xml="<a/>")],
    [utility("raise_exception", msg="no")],
    [call("Each", "Called", pass_parent_env=True, pass_input_record=True, **OPTIONS), call("Alone", "Called")],
    [step("Wait", "Delay", type="TimeBased", delay={"days": 0, "hours": 0, "minutes": 0, "seconds": 1})],
    [ask(timeout={"days": 1, "step_iri": "/api/3/workflow_steps/a"}, is_approval=True, record="a", owner_detail={})],
    [step("Task", "ManualTask", collection="tasks", resource={"name": "a"}, message=OPTIONS["message"])],
    [step("Script", "RunScript", script="/wf/workflow/tasks/crudhub_crud",
          arguments={"method": "GET", "collection": "/api/3/alerts", "resource": ""})],
    [step("Keys", "SetAPIKeys", public_key="a", private_key="b")],
]  # fmt: skip
RECORD = {"@id": ALERT, "name": "A"}
BODY: Row = {
    "input": {"params": {"a": [1]}, "records": [RECORD]},
    "records": [],
    "request": {"data": {"a": 1}},
    "useMockOutput": True,
    "globalMock": False,
}
CALLED = playbook("Called", start(), ask())
DRAWN = [
    {"playbook": playbook("P", STARTS["referenced"], *steps), "body": {**BODY, "useMockOutput": False}}
    for steps in STEPS
] + [
    {"playbook": playbook("P", first, set_variables("Set", x=1), isActive=True), "body": BODY}
    for first in STARTS.values()
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soar]:
    """A FortiSOAR whose steps wait for no clock."""
    with pytest.MonkeyPatch.context() as patch, running_soar(tmp_path_factory.mktemp("soar")) as soar:
        patch.setattr(soar.product.playbooks.running, "wait", lambda state, seconds: None)
        patch.setattr(work, "MOST_RETRIES", 2)
        soar.ask("POST", "/api/3/alerts", {"name": "A", "uuid": ALERT.rsplit("/", 1)[-1]}, 201)
        yield soar


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every place in a document."""
    if path:
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


def changed(document: Any, path: Path, odd: Any) -> Any:
    """Return a document with something else at a place, if there is such a place."""
    made = copy.deepcopy(document)
    inner = made
    try:
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = odd
    except (KeyError, IndexError, TypeError):
        return document
    return made


@st.composite
def mutated(draw: st.DrawFn) -> Row:
    """A playbook and a trigger's body with one to three things made wrong, most of them in arguments and the body."""
    document: Row = draw(st.sampled_from(DRAWN))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(document))
        inner = [path for path in found if path[0] == "body" or "arguments" in path]
        path = draw(st.sampled_from(inner + inner + found))
        document = changed(document, path, draw(st.sampled_from(ODD)))
    return document


def send(soar: Soar, method: str, path: str, body: Any) -> Any:
    """Send a request, which may be refused but not fail; return what was answered."""
    content = json.dumps(body).encode()
    answer = soar.http.request(method, path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
    return answer.json() if answer.content and answer.status_code < 300 else {}


def check_runs(soar: Soar) -> None:
    """Check how every run ended, and forget them."""
    soar.product.playbooks.settle()
    for row in send(soar, "POST", "/api/wf/api/workflows/log_list/?limit=100", {})["hydra:member"]:
        run = send(soar, "GET", f"/api{row['@id']}", None)
        assert run["status"] in ("finished", "finished with error", "failed", "awaiting", "terminated"), run["status"]
        words = json.dumps([run["result"], [one["result"] for one in run["steps"] if "result" in one]])
        assert "The local FortiSOAR failed" not in words, words
        assert "cannot be done with what it was given" not in words, words
        if run["status"] == "awaiting":
            send(soar, "POST", f"/api{row['@id']}terminate/", {})
    soar.product.playbooks.settle()
    send(soar, "DELETE", "/api/wf/api/workflows/delete/", {"date": "2999-01-01"})


@examples(60)
@given(document=mutated())
def test_an_odd_playbook_or_trigger_is_refused_or_its_run_ends_in_words(lab: Soar, document: Row) -> None:
    send(lab, "DELETE", f"/api/3/workflow_collections/{CALLED['collection'].rsplit('/', 1)[-1]}?$hardDelete=true", None)
    send(lab, "POST", "/api/3/workflow_collections", exported(document["playbook"], CALLED))
    for path in (f"notrigger/{workflow_uuid('P')}", "action/go", "go", "deferred/go"):
        send(lab, "POST", f"/api/triggers/1/{path}", document["body"])
    asset = send(lab, "POST", "/api/3/assets", {"name": "A"})
    send(lab, "DELETE", asset["@id"], None)

    check_runs(lab)
