"""The requests of every route, as they make sense: what mutations start from. The routes are the lab's own word."""

from __future__ import annotations

import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.types import ASGIApp

from lab.fortisoar.administration.licence import NODE, licence_key
from lab.fortisoar.shapes import SELF_AGENT
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


LOGINID, LOGIN = "a@example.com", {"loginid": "a@example.com", "user_type": 1, "access_type": "Named", "status": 1}
KEY_ACCOUNT, BINDING = (str(uuid5(NAMESPACE_URL, name)) for name in ("account:key", "api_key:lab"))
PERSON = {"firstname": "A", "email": LOGINID, "roles": [], "teams": [], "user": LOGIN}
ROLE = {"name": "R", "modulePermissions": [{"module": "/api/3/modules/alerts", "canRead": True}]}
ACTIVITIES = {"page": 0, "limit": 5, "startDate": 1, "endDate": 2, "operation": "Create", "search": "a"}
LICENCE = {"action": "deploy_license", "license_key": licence_key(), "nodeId": NODE, "data": {"license_token": "t"}}
ADMINISTRATION = [
    *[_of("POST", "/api/public/license", LICENCE | {"action": action})
      for action in ("deploy_license", "get_status", "get_info", "install_flex_license")],
    _of("POST", "/api/auth/license", LICENCE),
    _of("GET", "/auth/license/", param="license_details", node_id="SELF"),
    _of("POST", "/api/auth/token", {"action": "logout", "users": ["1"]}),
    _of("GET", "/api/auth/config", section="TOKEN"),
    _of("PUT", "/api/auth/config", {"option": "idle_time", "value": 5}),
    _of("GET", "/api/auth/users", uuid=KEY_ACCOUNT, show_api_key="true"),
    _of("POST", "/api/auth/users", {"type": 9, "status": 1, "api_key_validity": 5}),
    _of("PUT", "/api/auth/users", {"update": {"uuid": KEY_ACCOUNT, "status": 1, "access_type": "Named"}}),
    *[_of("PUT", "/api/auth/users", {"uuid": KEY_ACCOUNT, "key_type": "API_KEY", "operation": operation})
      for operation in ("REGENERATE", "RESET_VALIDITY", "DEACTIVATE")],
    _of("POST", "/api/auth/query/users", {"users": [KEY_ACCOUNT], "show_api_key": True}),
    *[_of("POST", "/api/3/people", PERSON)] * 2,
    _of("PUT", f"/api/3/people/{SELF_AGENT}", PERSON),
    *[_of("POST", "/api/3/insert/people", {"data": [PERSON]})] * 2,
    _of("POST", "/api/3/resetpassword", {"uuid": "1", "currentUUID": "1", "loginId": LOGINID, "password": "pw"}),
    _of("PUT", "/api/3/changepassword", {"uuid": "1", "loginId": LOGINID, "oldPassword": "a", "newPassword": "b"}),
    _of("GET", "/api/permissions/current"),
    _of("GET", "/api/3/api_keys/{}", ids=(BINDING,)),
    _of("POST", "/api/3/api_keys", {"name": "k", "userId": KEY_ACCOUNT, "roles": [], "teams": []}),
    _of("PUT", "/api/3/api_keys/{}", {"name": "k", "roles": [], "teams": []}, ids=(BINDING,)),
    _of("GET", "/api/3/roles"),
    *[_of("POST", "/api/3/roles", ROLE)] * 2,
    _of("PUT", "/api/3/roles/{}", ROLE),
    _of("GET", "/api/auth/cluster/health", latest="True", section="cpu,ram", nodeId=NODE),
    *[_of("POST", "/api/gateway/audit/activities", ACTIVITIES)] * 3,
    _of("POST", "/gateway/audit/activities/count", ACTIVITIES),
    _of("GET", "/gateway/audit/activities/{}"),
    _of("DELETE", "/gateway/audit/activities", uptoDate=1),
    _of("POST", "/api/wf/api/workflows/auto_vacuum/", {"date": "2021-07-22 09:00:35"}),
]  # fmt: skip

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
