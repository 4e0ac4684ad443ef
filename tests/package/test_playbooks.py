"""The collection of playbooks that ships: built from its sources, true to info.json, and as FortiSOAR's wizard wants it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from release.archive import ROOT, BuildError
from release.playbooks import COLLECTION, SOURCES, STEP_TYPES, build

Row = dict[str, Any]

INFO = json.loads((ROOT / "info.json").read_text("ascii"))
ACTIONS = {action["operation"]: action for action in INFO["operations"]}
VISIBLE = [action for action in ACTIONS.values() if action["enabled"] and action["visible"]]
DOCUMENT = json.loads((ROOT / COLLECTION).read_text("ascii"))
(COLLECTED,) = DOCUMENT["data"]
WORKFLOWS: dict[str, Row] = {workflow["name"]: workflow for workflow in COLLECTED["workflows"]}
SAMPLES = [action["title"] for action in VISIBLE]
STORIES = sorted(set(WORKFLOWS) - set(SAMPLES))
# What names the configuration that owns a record, and the one that ingested it.
OWNERS = {
    "{{vars.configuration}}",
    "{{vars.configurations[vars.owner] if vars.owner in vars.configurations else vars.recorded}}",
}
CAME_BY = "{{vars.recorded}}"
UNKNOWN = "Unknown Outcome - Ask, Then Re-run Safely"
FETCH, CREATE, INGEST = (
    "> Fortinet Incident Bridge > Fetch",
    "> Fortinet Incident Bridge > Create",
    "Fortinet Incident Bridge > Ingest",
)
CLOSE, CLOSE_BY_HAND = "FortiSOAR Record Closed - Close Everywhere", "FortiSOAR Record - Close Everywhere by Hand"


def steps(name: str) -> dict[str, Row]:
    """Return the steps of a playbook by their names."""
    return {step["name"]: step for step in WORKFLOWS[name]["steps"]}


def arguments(name: str, step: str) -> Row:
    """Return the arguments of a step."""
    given: Row = steps(name)[step]["arguments"]
    return given


def connector_steps() -> Iterator[tuple[str, Row]]:
    """Return every step that runs an action of this connector, with its playbook's name."""
    for name in WORKFLOWS:
        for step in steps(name).values():
            if step["arguments"].get("connector") == INFO["name"]:
                yield name, step["arguments"]


def order(name: str) -> list[str]:
    """Return the steps of a playbook that a run without decisions goes through, in their order."""
    by_iri = {f"/api/3/workflow_steps/{step['uuid']}": step["name"] for step in WORKFLOWS[name]["steps"]}
    follows = {by_iri[route["sourceStep"]]: by_iri[route["targetStep"]] for route in WORKFLOWS[name]["routes"]}
    found = ["Start"]
    while found[-1] in follows:
        found.append(follows[found[-1]])
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what the collection is built from."""
    (tmp_path / "playbooks").mkdir()
    shutil.copyfile(ROOT / "info.json", tmp_path / "info.json")
    shutil.copytree(ROOT / SOURCES, tmp_path / SOURCES)
    return tmp_path


def change(tree: Path, file: str, **changes: Any) -> None:
    """Change keys of a source."""
    path = tree / SOURCES / file
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("ascii")), **changes}, sort_keys=False), "ascii")


# The build.


def test_the_collection_that_ships_is_what_its_sources_make_byte_for_byte() -> None:
    assert build().encode("ascii") == (ROOT / COLLECTION).read_bytes()


def test_a_release_leaves_the_uuids_of_playbooks_and_steps_as_they_are(tree: Path) -> None:
    (tree / "info.json").write_text(json.dumps({**INFO, "version": "1.2.0"}))
    released = json.loads(build(tree))["data"][0]
    assert released["name"] == "Sample - Fortinet Incident Bridge - 1.2.0"
    assert {workflow["uuid"] for workflow in released["workflows"]} == {w["uuid"] for w in WORKFLOWS.values()}
    assert _every(released, "uuid") == _every(COLLECTED, "uuid")
    assert set(_every(released, "version")) == {"1.2.0", "3.2.4"}


def test_the_command_writes_the_collection_and_prints_its_path() -> None:
    before = (ROOT / COLLECTION).read_bytes()
    command = [sys.executable, "-m", "release", "playbooks"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (built.returncode, built.stdout, built.stderr) == (0, f"{ROOT / COLLECTION}\n", "")
    assert (ROOT / COLLECTION).read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "Get FortiSIEM Incident"}, "Two playbooks have the same name."),
        ({"steps": {"A": {"set": {}, "then": "B"}}}, "Source leads to steps that it does not have: B."),
        ({"steps": {"A": {"set": {}, "then": "end"}, "B": {"set": {}}}}, "Source never reaches B."),
        ({"steps": {"A": {"call": "C", "with": {}}}}, "Source calls playbooks that there are not: C."),
        (
            {"steps": {"A": {"action": "resolve", "params": {}}}},
            "Source has an action that info.json does not have: resolve.",
        ),
        ({"steps": {"A": {"then": "end"}}}, "Source, step A: it says nothing to do."),
    ],
)
def test_a_source_that_does_not_hold_together_is_refused_by_name(tree: Path, changes: Row, problem: str) -> None:
    change(tree, "escalate.yaml", **{"name": "Source", **changes})
    with pytest.raises(BuildError) as refused:
        build(tree)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("file", "name"), [("ingestion_fetch.yaml", FETCH), ("ingestion_ingest.yaml", INGEST)], ids=["fetch", "ingest"]
)
@pytest.mark.parametrize(
    ("step", "rare"),
    [({"utility": "raise_exception", "params": {}}, "raise_exception"), ({"ask": "Sure?", "options": {}}, "ask")],
)
def test_an_ingestion_that_uses_what_no_official_one_does_is_refused(
    tree: Path, file: str, name: str, step: Row, rare: str
) -> None:
    change(tree, file, steps={"A": step})
    with pytest.raises(BuildError) as refused:
        build(tree)
    assert str(refused.value) == f"{name} uses {rare}, which is for stories: no official ingestion has it."


def test_what_no_official_collection_has_stands_in_stories_and_where_a_run_must_fail() -> None:
    rare = {STEP_TYPES[kind] for kind in ("ask", "updated")}
    users = {
        name
        for name in WORKFLOWS
        for step in WORKFLOWS[name]["steps"]
        if step["stepType"].rpartition("/")[2] in rare or step["arguments"].get("operation") == "raise_exception"
    }
    assert users == {
        "FortiSOAR Record Closed - Close Everywhere",
        "Unknown Outcome - Ask, Then Re-run Safely",
        CREATE,
    }


def test_what_works_on_alerts_can_be_started_by_hand() -> None:
    starts = {name: steps(name)["Start"]["stepType"].rpartition("/")[2] for name in STORIES if name[0] != ">"}
    assert {name for name, start in starts.items() if start != STEP_TYPES["manual"]} == {CLOSE}
    by_hand, itself = (steps(name) for name in (CLOSE_BY_HAND, CLOSE))
    differing = {name for name in itself if by_hand[name]["arguments"] != itself[name]["arguments"]}
    assert {"Start", "Configuration"} <= differing
    assert all("conditions" in itself[name]["arguments"] for name in differing - {"Start", "Configuration"})
    assert arguments(CLOSE_BY_HAND, "Configuration") == {**arguments(CLOSE, "Configuration"), "status": "Closed"}


def test_steps_that_stand_in_one_row_stand_beside_each_other() -> None:
    for name in WORKFLOWS:
        places = [(step["left"], step["top"]) for step in WORKFLOWS[name]["steps"]]
        assert len(set(places)) == len(places), name
    decided = steps("FortiSIEM Incident Escalated to FortiMonitor")
    assert (decided["Note Escalation"]["left"], decided["Note Failure"]["left"]) == ("125", "425")
    assert decided["Note Escalation"]["top"] == decided["Note Failure"]["top"] > decided["Is It Escalated"]["top"]


# The format.


def test_the_collection_is_named_after_label_and_version_and_tells_all_tags() -> None:
    assert COLLECTED["name"] == f"Sample - {INFO['label']} - {INFO['version']}"
    assert DOCUMENT["type"] == "workflow_collections"
    assert COLLECTED["recordTags"] == ["Fortinet", INFO["name"]]
    assert DOCUMENT["exported_tags"] == ["Fortinet", "create", "dataingestion", "fetch", INFO["name"], "ingest"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_playbook_ships_inactive_and_not_debugged_with_its_tags(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert (workflow["isActive"], workflow["debug"]) == (False, False)
    assert workflow["collection"] == f"/api/3/workflow_collections/{COLLECTED['uuid']}"
    assert workflow["description"].endswith(".")
    if name in (FETCH, CREATE, INGEST):
        assert workflow["tag"] is None
    else:
        assert (workflow["tag"], workflow["recordTags"]) == (f"#{INFO['label']}", ["Fortinet", INFO["name"]])


def test_no_uuid_is_there_twice() -> None:
    found = _every(COLLECTED, "uuid") + _every(COLLECTED, "route")
    assert len(set(found)) == len(found)
    assert all(UUID(each).version == 5 for each in found)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_decision_and_its_routes_agree(name: str) -> None:
    routes = {(r["sourceStep"], r["label"]): r["targetStep"] for r in WORKFLOWS[name]["routes"]}
    for step in WORKFLOWS[name]["steps"]:
        given = step["arguments"]
        options = given.get("conditions") or (given.get("response_mapping") or {}).get("options") or []
        out = {label: to for (source, label), to in routes.items() if source.endswith(step["uuid"]) and label}
        assert out == {option["option"]: option["step_iri"] for option in options}
        if "conditions" in given:
            assert [option.get("default", False) for option in options] == [False] * (len(options) - 1) + [True]


def test_a_step_of_the_connector_names_its_version_and_the_default_configuration_unless_a_record_has_an_owner() -> None:
    for name, given in connector_steps():
        shown = {key: given[key] for key in ("name", "version", "pickFromTenant")}
        assert shown == {"name": INFO["label"], "version": INFO["version"], "pickFromTenant": False}, name
        by_source_id = bool({"{{vars.source_id}}", "{{vars.incident}}"} & set((given["params"] or {}).values()))
        assert given["config"] in (OWNERS if by_source_id else {"", CAME_BY}), name
        assert (given["config"] == CAME_BY) == (name == UNKNOWN), name
        assert given["operationTitle"] == ACTIONS[given["operation"]]["title"]


def test_no_playbook_takes_a_source_id_apart_for_its_id() -> None:
    text = (ROOT / COLLECTION).read_text("ascii")
    assert not {part for part in ("split(':')", ":')[-1]", ":')[2]") if part in text}


def test_every_parameter_exists_and_every_required_one_is_given() -> None:
    for name, given in connector_steps():
        parameters = {parameter["name"]: parameter for parameter in ACTIONS[given["operation"]]["parameters"]}
        params = given["params"] or {}
        assert set(params) <= set(parameters), name
        assert {each for each, parameter in parameters.items() if parameter["required"]} <= set(params), name


def test_a_fixed_choice_is_one_of_the_options() -> None:
    for name, given in connector_steps():
        for parameter in ACTIONS[given["operation"]]["parameters"]:
            value = (given["params"] or {}).get(parameter["name"], "")
            if isinstance(value, str) and "{" not in value and value and "options" in parameter:
                assert value in parameter["options"], name


def test_text_that_begins_with_a_brace_is_serialised_where_a_record_stores_it() -> None:
    stored = [step["arguments"]["resource"].get("sourcedata") for step in steps(CREATE).values() if _stores(step)]
    assert stored == ["{{vars.item.incident | toJSON}}", "{{vars.item.incident | toJSON}}", None]


# The samples.


def test_every_visible_action_has_one_sample_and_no_other_has() -> None:
    assert list(WORKFLOWS)[: len(SAMPLES)] == SAMPLES
    assert "List Resource Textkeys" not in WORKFLOWS


@pytest.mark.parametrize("action", VISIBLE, ids=lambda action: action["operation"])
def test_a_sample_has_two_steps_and_hands_its_own_parameters_on(action: Row) -> None:
    workflow = WORKFLOWS[action["title"]]
    start, done = workflow["steps"]
    names = [parameter["name"] for parameter in action["parameters"]]
    assert (start["name"], start["arguments"]) == ("Start", {"step_variables": {"input": {"params": []}}})
    assert (done["name"], done["arguments"]["operation"]) == (action["title"], action["operation"])
    assert workflow["parameters"] == names == list(done["arguments"]["params"])
    assert workflow["description"] == action["description"]
    (route,) = workflow["routes"]
    assert route["name"] == f"Start -> {action['title']}"
    for parameter in action["parameters"]:
        default = parameter.get("value")
        shown = "" if default in (None, "") else f" | default({default!r})"
        handed = done["arguments"]["params"][parameter["name"]]
        assert handed.replace("['items']", ".items") == f"{{{{vars.input.params.{parameter['name']}{shown}}}}}"


def test_a_parameter_named_like_a_method_of_dictionaries_is_handed_on_all_the_same() -> None:
    for name in ("Update FortiSIEM Incidents", "Force Resolve FortiMonitor Incidents"):
        assert arguments(name, name)["params"]["items"] == "{{vars.input.params['items']}}"


# Ingestion.


def test_the_wizard_finds_its_three_playbooks_by_their_exact_tags() -> None:
    tagged = {n: w["recordTags"] for n, w in WORKFLOWS.items() if "dataingestion" in w["recordTags"]}
    assert tagged == {
        CREATE: ["dataingestion", "create", INFO["name"]],
        FETCH: ["dataingestion", "fetch", INFO["name"]],
        INGEST: ["dataingestion", "ingest", INFO["name"]],
    }


def test_the_wizards_form_asks_for_what_the_step_configuration_holds() -> None:
    form = json.loads(arguments(FETCH, "Start")["step_variables"]["_configuration_schema"])
    assert {field["name"]: field["value"] for field in form} == arguments(FETCH, "Configuration")
    for field in form:
        assert set(field) - {"options"} == {
            *("title", "name", "type", "required", "editable", "visible", "description", "tooltip", "value")
        }
        assert field["tooltip"] != field["description"]
        assert len(field["tooltip"]) <= 80
        parameter = next((p for p in ACTIONS["fetch_incidents"]["parameters"] if p["name"] == field["name"]), field)
        assert field["value"] == parameter.get("value", field["value"])


def test_fetching_begins_with_the_configuration_and_returns_data() -> None:
    assert order(FETCH)[:2] == ["Start", "Configuration"]
    assert arguments(FETCH, "Fetch")["operation"] == "fetch_incidents"
    assert set(arguments(FETCH, "Return Data")) == set(arguments(FETCH, "Return Nothing"))
    found = "vars.steps.Fetch.data.incidents"
    assert arguments(FETCH, "Return Data")["data"] == f"{{{{{found}[:10] if vars.request.env_setup else {found}}}}}"


def test_only_the_wizard_fetches_the_incident_that_it_names_as_a_sample() -> None:
    given = arguments(FETCH, "Fetch")["params"]
    assert given["incident_id"] == "{{vars.incident_id if vars.request.env_setup else ''}}"
    assert given.keys() == {parameter["name"] for parameter in ACTIONS["fetch_incidents"]["parameters"]}


def test_the_watermark_is_written_only_behind_all_that_stores() -> None:
    stores = [name for name, step in steps(CREATE).items() if _stores(step)]
    assert stores == ["Create Record", "Refresh Known Alerts", "Close Known Alerts"]
    way = order(CREATE)
    assert max(way.index(name) for name in stores) < way.index("Get Watermark") < way.index("Does the Watermark Exist")
    assert arguments(CREATE, "Create Watermark")["params"] == {
        "iri": "/api/wf/api/dynamic-variable/?format=json",
        "method": "POST",
        "body": {"name": "{{vars.macro}}", "value": "{{vars.watermark}}", "default_value": ""},
    }
    assert arguments(CREATE, "Update Watermark")["params"] == {"macro": "{{vars.macro}}", "value": "{{vars.watermark}}"}
    assert not any("ignore_errors" in step["arguments"] for step in steps(CREATE).values())


def test_records_are_upserted_in_bulk_by_their_source_id() -> None:
    for name in ("Create Record", "Refresh Known Alerts", "Close Known Alerts"):
        given = arguments(CREATE, name)
        assert given["collection"] == "/api/3/upsert/alerts"
        assert (given["for_each"]["__bulk"], given["for_each"]["batch_size"]) == (True, 100)
        is_known = name != "Create Record"  # maybe under the form before ports were part of it
        former = "vars.item.former_source_id if vars.item.former_source_id in vars.former else " if is_known else ""
        assert given["resource"]["sourceId"] == f"{{{{{former}vars.item.source_id}}}}"


def test_an_alert_that_exists_gets_source_data_alone_and_its_status_only_where_the_incident_is_closed() -> None:
    assert {"name", "severity", "status"} < arguments(CREATE, "Create Record")["resource"].keys()
    assert arguments(CREATE, "Refresh Known Alerts")["resource"].keys() == {"sourceId", "sourcedata", "__replace"}
    closing = arguments(CREATE, "Close Known Alerts")["resource"].keys()
    assert closing == {"sourceId", "status", "resolveddate", "__replace"}
    assert arguments(CREATE, "Close Known Alerts")["for_each"]["item"] == "{{vars.closed_incidents}}"


def test_each_product_is_fetched_and_stored_on_its_own() -> None:
    products = ("FortiSIEM", "FortiMonitor")
    assert order(INGEST)[1:] == [
        name for each in products for name in (f"Fetch {each}", f"{each} Fetched", f"Store {each}")
    ]
    for source in ("FortiSIEM", "FortiMonitor"):
        fetched, stored = arguments(INGEST, f"Fetch {source}"), arguments(INGEST, f"Store {source}")
        assert fetched["workflowReference"] == f"/api/3/workflows/{WORKFLOWS[FETCH]['uuid']}"
        assert stored["workflowReference"] == f"/api/3/workflows/{WORKFLOWS[CREATE]['uuid']}"
        assert fetched["arguments"] == {"source": source}
        assert (fetched["ignore_errors"], stored["ignore_errors"]) == (True, True)
        watermark = f"{source.lower()}_watermark"
        assert arguments(INGEST, f"{source} Fetched")[watermark] == "{{vars.result.watermark | default('')}}"
        assert stored["arguments"]["watermark"] == f"{{{{vars.{watermark}}}}}"
        assert stored["when"] == f"{{{{vars.{watermark} != ''}}}}"
        assert list(stored["arguments"]) == WORKFLOWS[CREATE]["parameters"]


def test_the_documentation_tells_which_field_of_an_alert_comes_from_what() -> None:
    page = (ROOT / "docs/playbooks.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    told = {field: re.findall(r"\w+", keys) for field, keys in rows}
    resource = {
        name: list(dict.fromkeys(re.findall(r"vars\.item\.(\w+)", value)))
        for name, value in arguments(CREATE, "Create Record")["resource"].items()
        if name != "__replace"
    }
    assert told == resource
    (incident,) = ACTIONS["fetch_incidents"]["output_schema"]["incidents"]
    assert {key for keys in told.values() for key in keys} <= incident.keys()


# The stories.


def test_no_variable_has_a_name_that_the_engine_takes_for_its_own() -> None:
    reserved = {"input", "items", "item", "message", "request", "result", "steps", "step_variables", "timeout"}
    reserved |= {"when", "for_each", "do_until", "ignore_errors", "mock_result"}
    for name in WORKFLOWS:
        for step in WORKFLOWS[name]["steps"]:
            if step["stepType"].endswith(STEP_TYPES["set"]):
                assert not set(step["arguments"]) & reserved, f"{name}: {step['name']}"


def test_there_are_no_other_playbooks_than_these() -> None:
    assert set(STORIES) == {
        FETCH,
        CREATE,
        INGEST,
        "> FortiMonitor Alert > Mirror",
        "> FortiSIEM Alert > Mirror",
        "FortiMonitor Cleared - Mirror into FortiSOAR",
        "FortiSIEM Cleared - Mirror into FortiSOAR",
        "FortiSIEM Incident Escalated to FortiMonitor",
        "FortiSOAR Record Closed - Close Everywhere",
        "FortiSOAR Record - Close Everywhere by Hand",
        "Unknown Outcome - Ask, Then Re-run Safely",
    }


def test_an_analyst_is_asked_for_what_an_escalation_needs() -> None:
    start = arguments("FortiSIEM Incident Escalated to FortiMonitor", "Start")
    assert [each["name"] for each in start["inputVariables"]] == ["server", "plugin_textkey", "resource_textkey"]
    assert all(each["required"] for each in start["inputVariables"])
    assert (start["resources"], start["noRecordExecution"], start["singleRecordExecution"]) == (["alerts"], False, True)


def test_closing_starts_when_the_status_of_an_alert_changes() -> None:
    start = arguments("FortiSOAR Record Closed - Close Everywhere", "Start")
    assert (start["resource"], start["resources"]) == ("alerts", ["alerts"])
    assert start["fieldbasedtrigger"]["filters"] == [
        {"type": "object", "field": "status", "value": "", "operator": "changed"}
    ]


def test_the_second_run_is_the_same_call_with_the_same_correlation_id() -> None:
    name = "Unknown Outcome - Ask, Then Re-run Safely"
    assert arguments(name, "Create Incident Again") == arguments(name, "Create Incident")
    assert arguments(name, "Create Incident")["params"]["correlation_id"] == "{{vars.correlation_id}}"
    assert arguments(name, "Configuration")["correlation_id"] == "fortisoar:{{vars.input.records[0].uuid}}"
    asked = arguments(name, "Ask the Analyst")["response_mapping"]["options"]
    assert [option["option"] for option in asked] == ["Run Again", "Leave It"]


def test_a_step_whose_failure_is_noted_does_not_stop_the_run() -> None:
    for name in STORIES:
        for step in steps(name).values():
            is_ours = step["arguments"].get("connector") == INFO["name"]
            if is_ours and name != FETCH:
                assert step["arguments"]["ignore_errors"] is True, f"{name}: {step['name']}"


def test_names_in_templates_are_those_of_steps_before() -> None:
    for name in WORKFLOWS:
        known = {step.replace(" ", "_") for step in steps(name)}
        used = set(re.findall(r"vars\.steps\.(\w+)", json.dumps(WORKFLOWS[name]["steps"])))
        assert used <= known, name


def _stores(step: Row) -> bool:
    """Tell whether a step creates or changes records."""
    return "fieldOperation" in step["arguments"]


def _every(document: Any, key: str) -> list[str]:
    """Return what a key holds anywhere in a document, where that is text."""
    if isinstance(document, list):
        return [found for each in document for found in _every(each, key)]
    if not isinstance(document, dict):
        return []
    own = [document[key]] if isinstance(document.get(key), str) else []
    return own + [found for each in document.values() for found in _every(each, key)]
