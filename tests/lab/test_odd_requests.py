"""What nobody sends on purpose is refused in words that name it, and leaves the rest as it was."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from tests.support.playbooks import Soar, exported, playbook, set_variables, start, step, workflow_uuid

BEYOND = 2**63
DIGITS = "9" * 4301
A_NUMBER = "Ensure that this value is a whole number from"
OBJECTS = "This value should be a list of objects."
SCHEDULE = {"name": "A", "crontab": {"minute": "*"}, "kwargs": {"wf_iri": "/api/3/workflows/a"}, "enabled": False}
NAMED = {"field": "name", "operator": "eq", "value": "a"}
VARIABLE = "/api/wf/api/dynamic-variable/"
LOGS = "/api/wf/api/query/workflow_logs/"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", f"{VARIABLE}?limit=0", None, 400, f"limit: {A_NUMBER} 1 on."),
        ("GET", f"{VARIABLE}?limit={DIGITS}", None, 400, f"limit: {A_NUMBER} 1 on."),
        ("GET", f"{VARIABLE}?offset={BEYOND}", None, 400, f"offset: {A_NUMBER} 0 on."),
        ("GET", f"/api/wf/api/workflows/?limit=5&offset={DIGITS}", None, 400, f"offset: {A_NUMBER} 0 on."),
        ("POST", LOGS, {"sort": "name"}, 400, f"sort: {OBJECTS}"),
        ("POST", LOGS, {"filters": [5]}, 400, f"filters: {OBJECTS}"),
        ("POST", LOGS, {"aggregates": {"a": 1}}, 400, f"aggregates: {OBJECTS}"),
        ("POST", LOGS, {"query": [1]}, 400, "query: This value should be an object."),
        ("POST", "/api/3/workflow_collections", exported() | {"data": 5}, 400, f"data: {OBJECTS}"),
        ("POST", "/api/3/workflow_collections", exported() | {"macros": ["a"]}, 400, f"macros: {OBJECTS}"),
        (
            "POST",
            "/api/3/workflow_collections",
            {"name": "C", "workflows": 5},
            400,
            "workflows: This value should be a list.",
        ),
        (
            "POST",
            "/api/3/workflows",
            playbook("Q", {**start(), "name": "A"}) | {"steps": [{"name": None}]},
            400,
            "name: This value should not be blank.",
        ),
        ("GET", f"/api/wf/api/manual-wf-input/{BEYOND}/", None, 404, "The local FortiSOAR has no GET"),
        ("DELETE", f"/api/integration/connectors/{DIGITS}/", None, 404, "The local FortiSOAR has no DELETE"),
        ("GET", f"/api/integration/configuration/?connector=1&page={DIGITS}", None, 200, "itemsPerPage"),
        ("PUT", f"/api/integration/configuration/{BEYOND}/", {"config": {}}, 404, "does not exist"),
        ("POST", "/api/wf/api/scheduled/trigger-now/", {"id": f"schedule-{BEYOND}"}, 404, "Not found."),
        (
            "POST",
            "/api/query/alerts",
            {"filters": [{**NAMED, "operator": "gt", "value": None}]},
            200,
            '"hydra:member": []',
        ),
        ("POST", "/api/query/alerts", {"filters": [{**NAMED, "operator": {}}]}, 400, "Operator {} is not supported."),
        ("POST", "/api/query/alerts", {"logic": "OR", "filters": [NAMED] * 3000}, 400, "what no database takes"),
        ("POST", "/api/query/alerts", {"filters": [], "sort": [{"field": "name"}] * 3000}, 400, "no database takes"),
        ("POST", "/api/search", {"q": "alert " * 3000, "index": ["alerts"]}, 400, "what no database takes"),
        ("POST", "/api/search", {"q": "alert", "index": [["alerts"]]}, 400, "There is nothing to search in"),
        (
            "POST",
            "/api/query/alerts",
            {"filters": [], "aggregates": 5},
            400,
            'aggregates\\" must be a list of objects.',
        ),
        ("POST", "/api/query/alerts", {"filters": [], "__selectFields": [{}]}, 200, '"hydra:member": []'),
        ("POST", f"/api/query/alerts?$limit={DIGITS}", {}, 200, '"hydra:member": []'),
        ("POST", "/api/query/workflows", {"filters": 5}, 400, 'filters\\" must be a list.'),
        ("POST", "/api/query/workflows", {"sort": "name"}, 400, 'sort\\" must be a list of objects.'),
        ("PUT", f"/api/3/workflows/{workflow_uuid('P')}", {"steps": 5}, 400, "steps: This value should be a list."),
        (
            "POST",
            "/api/wf/api/workflows/1/wfinput_resume/",
            {"manual_input_id": BEYOND},
            404,
            "Not found.",
        ),
    ],
)
def test_a_request_that_cannot_be_used_is_refused_with_the_name_of_the_field(
    soar: Soar, method: str, path: str, body: Any, status: int, words: str
) -> None:
    soar.run(playbook("P", start()))
    answer = soar.http.request(method, path, json=body)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_json_with_a_number_beyond_all_numbers_is_refused(soar: Soar) -> None:
    content = '{"name": "C", "workflows": [], "x": 1e999}'
    answer = soar.http.post("/api/3/workflow_collections", content=content)
    assert (answer.status_code, answer.json()["message"]) == (400, "JSON parse error - 1e999 is larger than any number")
    assert soar.ask("GET", "/api/3/workflow_collections")["hydra:member"] == []


def test_a_name_that_is_taken_is_refused_when_it_is_given_later_too(soar: Soar) -> None:
    for name in ("A", "B"):
        soar.ask("POST", VARIABLE, {"name": name, "value": "v"}, 201)
        soar.ask("POST", "/api/wf/api/scheduled/", {**SCHEDULE, "name": name}, 201)
    taken = soar.ask("PUT", f"{VARIABLE}2/", {"name": "A"}, 400)
    assert taken == {"message": "Dynamic variable with this name already exists."}
    taken = soar.ask("PUT", "/api/wf/api/scheduled/schedule-2/", {"name": "A"}, 400)
    assert taken == {"message": "name: periodic task with this name already exists."}
    assert [row["name"] for row in soar.ask("GET", VARIABLE)["hydra:member"]] == ["A", "B"]
    assert [row["name"] for row in soar.ask("GET", "/api/wf/api/scheduled/")["hydra:member"]] == ["A", "B"]


@pytest.mark.parametrize(
    "broken",
    [
        {"data": [{"uuid": "u", "name": "Broken"}]},
        {"data": [{"name": "Broken", "workflows": 5}]},
        {"data": [{"name": "Broken", "workflows": [5]}]},
        {"data": [{"name": "Broken", "workflows": [{"name": "W", "steps": 5}]}]},
        {"data": [{"name": "Broken", "workflows": [{"name": "W", "steps": [{"name": ""}]}]}]},
        {"data": 5, "macros": 5},
        {"data": [5], "macros": [5, {}, {"name": {}}]},
    ],
)
def test_playbooks_that_cannot_be_read_cost_their_connector_alone(
    soar: Soar, broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    soar.load(playbook("P", start(), set_variables("Set", a=1)))
    upload(soar, json.dumps({"type": "workflow_collections", **broken}))
    names = [row["name"] for row in soar.ask("GET", "/api/3/workflow_collections")["hydra:member"]]
    assert names == ["Tests"]
    assert soar.runs(soar.trigger("P"))[0]["status"] == "finished"
    (row,) = soar.ask("GET", "/api/integration/connectors/")["data"]
    assert row["name"] == "odd"
    if broken["data"] and isinstance(broken["data"], list) and isinstance(broken["data"][0], dict):
        assert "The playbooks of odd_1_0_0 cannot be imported: 400" in caplog.text


def upload(soar: Soar, playbooks: str) -> None:
    info = {"name": "odd", "label": "Odd", "version": "1.0.0", "operations": []}
    files = {"info.json": json.dumps(info), "connector.py": "", "playbooks/playbooks.json": playbooks}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"odd/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    parts = {"file": ("odd.tgz", made.getvalue())}
    answer = soar.http.post("/api/3/solutionpacks/install?$type=connector&$replace=true", files=parts)
    assert answer.status_code == 200, answer.text


def test_a_step_that_was_given_what_it_cannot_use_fails_in_words(soar: Soar) -> None:
    loop = {"item": "{{ [{}] }}", "__bulk": True, "batch_size": "many"}
    said = soar.failure(step("Insert", "InsertData", for_each=loop, resource={"name": "a"}))
    assert said == "for_each.batch_size must be a whole number from 1 on, and is 'many'"
    assert soar.ask("GET", f"/api/3/workflows/{workflow_uuid('P')}")["name"] == "P"
