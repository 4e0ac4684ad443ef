"""The requests of every route, as they make sense: what mutations start from. The routes are the lab's own word."""

from __future__ import annotations

import re
from typing import Any

from starlette.types import ASGIApp

from lab.openapi import described
from lab.openapi.fortisoar import FILTERS, SCHEDULE
from tests.support.mutations import Shape
from tests.support.playbooks import COLLECTION, exported, playbook, set_variables, start, step, workflow_uuid

AGGREGATES = {
    "logic": "AND",
    "filters": [],
    "aggregates": [
        {"operator": "countdistinct", "field": "*", "alias": "total"},
        {"operator": "groupby", "field": "severity.itemValue", "alias": "severity"},
        {"operator": "max", "field": "createDate", "alias": "last"},
    ],
}
STEPS = [
    start(),
    set_variables("Set", a="{{ vars.input.params }}", b=5),
    step(
        "Loop",
        "SetVariable",
        for_each={"item": "{{ [1, 2] }}", "condition": "{{ vars.item > 1 }}", "__bulk": False, "batch_size": 5},
        do_until={"condition": "{{ true }}", "retries": 2, "delay": 0},
        when="{{ true }}",
        x="{{ vars.item | regex_replace('a', 'b') }}",
    ),
    step("Decide", "Decision", conditions=[{"option": "Yes", "condition": "{{ true }}", "step_iri": ""}]),
    step("Find", "FindRecords", module="alerts?$limit=5", query=FILTERS),
    step("Insert", "InsertData", collection="/api/3/alerts", resource={"name": "{{ 1 }}"}, message={"content": "a"}),
    step("Utility", "CyopsUtilites", connector="cyops_utilities", operation="no_op", params={}, version="1"),
    step("Wait", "Delay", type="TimeBased", delay={"seconds": 0}),
]
FIELDS = [
    {"name": "url", "title": "URL", "type": "text", "required": True},
    {"name": "secret", "title": "Secret", "type": "password"},
    {"name": "many", "title": "Many", "type": "multiselect", "options": ["a", "b"]},
    {"name": "on", "title": "On", "type": "checkbox", "onchange": {"true": [{"name": "more", "type": "integer"}]}},
]
INFO = {
    "name": "odd",
    "label": "Odd",
    "version": "1.0.0",
    "description": "Odd",
    "category": ["Test"],
    "configuration": {"fields": FIELDS},
    "operations": [
        {
            "operation": "go",
            "title": "Go",
            "annotation": "go",
            "category": "investigation",
            "parameters": FIELDS,
            "output_schema": {"a": ""},
            "visible": True,
            "enabled": True,
        }
    ],
}
WF = workflow_uuid("P")
STEP = playbook("P", *STEPS)["steps"][0]["uuid"]


def _of(method: str, path: str, body: Any = None, ids: tuple[str, ...] = ("1",), **query: Any) -> Shape:
    return Shape(method, path, query, body, ids)


# Playbooks, and what else is worth more than one example.
FORTISOAR = [
    _of("POST", "/api/query/{}", AGGREGATES, ids=("alerts", "incidents")),
    *[_of("POST", "/api/3/workflow_collections", exported(playbook("P", *STEPS), macros=[{"name": "m"}]))] * 4,
    *[_of("POST", "/api/3/workflow_collections", {"name": "C", "workflows": [playbook("Q", *STEPS)]})] * 2,
    _of("POST", "/api/3/upsert/workflow_collections", {"name": "C", "workflows": [playbook("Q", *STEPS)]}),
    _of("GET", "/api/3/workflow_collections/{}", ids=(COLLECTION,)),
    _of("PUT", "/api/3/workflow_collections/{}", {"name": "D", "workflows": [playbook("P", *STEPS)]}, (COLLECTION,)),
    *[_of("POST", "/api/3/workflows", playbook("R", *STEPS))] * 2,
    _of("POST", "/api/3/bulkupsert/workflows", [playbook("R", *STEPS)]),
    *[_of("POST", "/api/query/workflows", {**FILTERS, "filters": FILTERS["filters"][:2]})] * 2,
    _of("GET", "/api/3/workflows/{}", ids=(WF,)),
    *[_of("PUT", "/api/3/workflows/{}", playbook("P", *STEPS), ids=(WF,))] * 3,
    _of("GET", "/api/3/workflow_steps/{}", ids=(STEP,)),
    _of("PUT", "/api/3/workflow_steps/{}", {"name": "S"}, ids=(STEP,)),
    *[_of("POST", f"/api/triggers/1/notrigger/{WF}", {"input": {"params": {}}, "useMockOutput": False})] * 4,
    *[_of("PUT", "/api/wf/api/scheduled/{}/", SCHEDULE, ids=("schedule-1", "1"))] * 2,
]
CONTROL = [
    _of("POST", "/reset", {"product": "fortigate"}),
    _of("PUT", "/switches/{}", {"rate_limit": True, "page_cap": None}, ids=("nothing",)),
    *[_of("POST", "/faults", {"kind": kind, "product": "fortisiem"}) for kind in ("cut", "delay", "redirect", "reset")],
]


def shapes_of(name: str, app: ASGIApp) -> list[Shape]:
    """Return the requests of every route that an application of the lab has, by its OpenAPI document.

    One with a body comes thrice: there is more to be made wrong in it.
    """
    document = described(name, app, "")
    return [
        _shape(method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for _ in range(3 if "requestBody" in operation else 1)
    ]


def _shape(method: str, path: str, operation: dict[str, Any]) -> Shape:
    known = {"path": {}, "query": {}}  # type: dict[str, dict[str, list[Any]]]
    for parameter in operation["parameters"]:
        known[parameter["in"]][parameter["name"]] = parameter["schema"]["examples"]
    body = next(iter(operation["requestBody"]["content"].values())) if "requestBody" in operation else {}
    return Shape(
        method,
        re.sub(r"\{[^}]*\}", "{}", path),
        {name: examples[0] for name, examples in known["query"].items()},
        body.get("example", {} if "requestBody" in operation else None),
        tuple(str(value) for examples in known["path"].values() for value in examples) or ("1",),
    )
