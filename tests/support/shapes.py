"""The requests of every route, as they make sense: what mutations start from."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lab.fortisoar.administration.licence import NODE, licence_key
from lab.fortisoar.shapes import SELF_AGENT
from tests.support.mutations import Shape
from tests.support.playbooks import COLLECTION, exported, playbook, set_variables, start, step, workflow_uuid

FILTERS: dict[str, Any] = {
    "logic": "AND",
    "limit": 5,
    "sort": [{"field": "name", "direction": "DESC"}],
    "filters": [
        {"field": "name", "operator": "like", "value": "%a%"},
        {"logic": "OR", "filters": [{"field": "id", "operator": "gt", "value": 1}]},
        {"field": "createDate", "operator": "lt", "value": 1700000000},
        {"field": "severity.itemValue", "operator": "in", "value": ["High"]},
        {"field": "recordTags", "operator": "in", "value": ["a"]},
    ],
}
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
ALERT = {
    "name": "An alert",
    "severity": "/api/3/picklists/58d0753f-f7e4-403b-953c-b0f521eab759",
    "source": "lab",
    "sourceId": "a-1",
    "sourcedata": {"a": 1},
    "recordTags": ["a"],
    "assignedTo": None,
}
CRON = {"minute": "*/5", "hour": "*", "day_of_week": "*", "day_of_month": "*", "month_of_year": "*"}
SCHEDULE = {
    "name": "Hourly",
    "crontab": CRON,
    "kwargs": {"wf_iri": f"/api/3/workflows/{workflow_uuid('P')}", "exit_if_running": True},
    "enabled": False,
}
CONFIG: dict[str, Any] = {
    "connector": 1,
    "connector_name": "odd",
    "connector_version": "1.0.0",
    "name": "Main",
    "config_id": "11111111-2222-3333-4444-555555555555",
    "config": {"url": "https://example.com", "secret": "h1dden-away", "many": ["a"], "on": True},
    "default": True,
    "teams": [],
}
EXECUTE = {"connector": "odd", "version": "1.0.0", "config": "Main", "operation": "go", "params": {"a": 1}}
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
RUN = "/api/wf/api/workflows/"
WF = workflow_uuid("P")


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

MODULES = ("alerts", "incidents", "comments", "picklists", "tasks", "nothing")
FORTISOAR = [
    _of("POST", "/auth/authenticate", {"credentials": {"loginid": "csadmin", "password": "pa55"}}),
    _of("GET", "/api/integration/connectors/", name="odd", page=1, page_size=5, search="o", active="true"),
    _of("POST", "/api/integration/connector/development/list/", {}),
    _of("POST", "/api/integration/connector_details/", {}, exclude="operation"),
    _of("POST", "/api/integration/connector_details/{}/{}/", {}, ids=("odd", "1.0.0"), operation="go"),
    _of("POST", "/api/integration/connector_output_schema/odd/1.0.0/", {"operation": "go"}),
    _of("GET", "/api/integration/connectors/healthcheck/odd/1.0.0/", config="Main"),
    _of("GET", "/api/integration/connectors/dependencies_check/odd/{}/", ids=("1.0.0",)),
    _of("POST", "/api/integration/connectors/{}/", {}),
    _of("PUT", "/api/integration/connectors/{}/", {"active": True}),
    _of("POST", "/api/integration/connectors/{}/{}/", {}, ids=("odd", "1.0.0")),
    _of("GET", "/api/integration/configuration/", connector=1, page=1),
    *[_of("POST", "/api/integration/configuration/", CONFIG)] * 3,
    _of("GET", "/api/integration/configuration/{}/", ids=("1", CONFIG["config_id"])),
    *[_of("PUT", "/api/integration/configuration/{}/", CONFIG, ids=("1", CONFIG["config_id"]))] * 2,
    _of("DELETE", "/api/integration/configuration/{}/", ids=("7",)),
    *[_of("POST", "/api/integration/execute/", EXECUTE)] * 3,
    _of("GET", "/api/3/actors/current"),
    _of("POST", "/api/search", {"q": "alert", "index": ["alerts"], "size": 5, "offset": 0, "modifyDateGte": 0}),
    *[_of("POST", "/api/query/{}", FILTERS, ids=MODULES)] * 4,
    *[_of("POST", "/api/query/{}", AGGREGATES, ids=MODULES)] * 2,
    _of("POST", "/api/query/alerts/{}/comments", FILTERS),
    *[_of("POST", "/api/3/{}", ALERT, ids=MODULES)] * 3,
    _of("GET", "/api/3/{}", ids=MODULES),
    _of("GET", "/api/3/alerts/{}"),
    _of("PUT", "/api/3/alerts/{}", ALERT),
    _of("DELETE", "/api/3/alerts/{}"),
    _of("GET", "/api/3/alerts/{}/comments"),
    _of("POST", "/api/3/alerts/{}/comments", ["/api/3/comments/1"]),
    _of("DELETE", "/api/3/alerts/{}/comments/{}"),
    *[_of("POST", "/api/3/insert/{}", {"data": [ALERT]}, ids=MODULES)] * 2,
    _of("PUT", "/api/3/update/{}", {"data": [{"@id": "/api/3/alerts/1", **ALERT}]}, ids=MODULES),
    _of("DELETE", "/api/3/delete/alerts", {"ids": ["1"]}),
    _of("DELETE", "/api/3/delete-with-query/alerts", FILTERS),
    *[_of("POST", "/api/3/upsert/{}", ALERT, ids=MODULES)] * 2,
    *[_of("POST", "/api/3/bulkupsert/{}", [ALERT], ids=MODULES)] * 2,
    *[_of("POST", "/api/ingest-feeds/alerts", {"data": [ALERT]})] * 2,
    _of("GET", "/api/3/{}", ids=("model_metadatas", "staging_model_metadatas", "picklist_names")),
    Shape("GET", "/api/3/workflow_collections", {"name$like": "%a%"}),
    *[_of("POST", "/api/3/workflow_collections", exported(playbook("P", *STEPS), macros=[{"name": "m"}]))] * 4,
    *[_of("POST", "/api/3/workflow_collections", {"name": "C", "workflows": [playbook("Q", *STEPS)]})] * 2,
    _of("POST", "/api/3/upsert/workflow_collections", {"name": "C", "workflows": [playbook("Q", *STEPS)]}),
    _of("POST", "/api/3/bulkupsert/workflow_collections", [{"name": "C", "workflows": []}]),
    _of("GET", "/api/3/workflow_collections/{}", ids=(COLLECTION,)),
    _of("PUT", "/api/3/workflow_collections/{}", {"name": "D", "workflows": [playbook("P", *STEPS)]}, (COLLECTION,)),
    _of("DELETE", "/api/3/workflow_collections/{}"),
    _of("GET", "/api/3/workflows", isActive="true"),
    *[_of("POST", "/api/3/workflows", playbook("R", *STEPS))] * 2,
    _of("POST", "/api/3/bulkupsert/workflows", [playbook("R", *STEPS)]),
    *[_of("POST", "/api/query/workflows", {**FILTERS, "filters": FILTERS["filters"][:2]})] * 2,
    _of("GET", "/api/3/workflows/{}", ids=(WF,)),
    *[_of("PUT", "/api/3/workflows/{}", playbook("P", *STEPS), ids=(WF,))] * 3,
    _of("DELETE", "/api/3/workflows/{}"),
    _of("GET", "/api/3/workflow_steps/{}", ids=(playbook("P", *STEPS)["steps"][0]["uuid"],)),
    _of("PUT", "/api/3/workflow_steps/{}", {"name": "S"}, ids=(playbook("P", *STEPS)["steps"][0]["uuid"],)),
    _of("GET", "/api/3/workflow_versions"),
    _of("POST", "/api/3/workflow_versions", {"note": "n", "workflow": f"/api/3/workflows/{WF}", "json": "{}"}),
    _of("GET", "/api/3/workflow_versions/{}"),
    _of("GET", "/api/integration/data-import/", configuration="c"),
    _of("POST", "/api/integration/data-import/", {"configuration": "c", "sample_data": [{}], "schedule": {}}),
    *[_of("POST", f"/api/triggers/1/notrigger/{WF}", {"input": {"params": {}}, "useMockOutput": False})] * 4,
    _of("POST", "/api/triggers/1/action/{}", {"records": ["/api/3/alerts/1"], "singleRecordExecution": True}),
    _of("POST", "/api/triggers/1/{}", {"a": 1}),
    _of("GET", "/api/wf/api/dynamic-variable/", limit=5, offset=0),
    *[_of("POST", "/api/wf/api/dynamic-variable/", {"name": "n", "value": "v", "default_value": ""})] * 2,
    _of("PUT", "/api/wf/api/dynamic-variable/{}/", {"name": "n", "value": "v"}, ids=("1", "2", "3")),
    _of("DELETE", "/api/wf/api/dynamic-variable/{}/"),
    *[_of("POST", "/api/wf/api/jinja-editor/", {"template": "{{ a | toJSON }}", "values": {"a": [1]}})] * 2,
    _of("GET", RUN, limit=5, offset=0, task_id="a", created_after="2024-01-01T00:00:00", tags_include="a"),
    _of("GET", f"{RUN}count/", status="failed"),
    _of("POST", f"{RUN}log_list/", {}, limit=5, ordering="-id", parent_wf__isnull="true"),
    _of("DELETE", f"{RUN}delete/", {"date": "2000-01-01", "exclude_awaiting_wf": True}),
    _of("GET", f"{RUN}{{}}/"),
    *(_of("POST", f"{RUN}{{}}/{verb}/", {}) for verb in ("start", "resume", "approval", "terminate", "retry")),
    _of("GET", "/api/wf/api/historical-workflows/{}/"),
    _of("GET", "/api/wf/api/historical-workflows/", limit=5),
    _of("GET", "/api/wf/api/historical-steps/", workflow="1", limit=5),
    *[
        _of(
            "POST",
            "/api/wf/api/query/workflow_logs/",
            {
                "filters": [{"field": "status", "operator": "eq", "value": "failed"}, {"logic": "OR", "filters": []}],
                "sort": [{"field": "modified", "direction": "desc"}],
                "aggregates": [{"operator": "groupby", "field": "status", "alias": "s"}],
                "limit": 5,
            },
        )
    ]
    * 2,
    _of("GET", f"{RUN}{{}}/retry/"),
    _of("POST", f"{RUN}{{}}/start/", {}),
    _of("POST", "/api/wf/api/manual-wf-input/list_wfinput/", {"is_approval": False}),
    _of("GET", "/api/wf/api/manual-wf-input/", workflow="1"),
    _of("GET", "/api/wf/api/manual-wf-input/{}/"),
    _of("POST", f"{RUN}{{}}/wfinput_resume/", {"manual_input_id": 1, "input": {}, "step_iri": "/a/b", "user": "u"}),
    _of("GET", "/api/wf/api/scheduled/", name="Hourly", limit=5),
    *[_of("POST", "/api/wf/api/scheduled/", SCHEDULE)] * 2,
    *[_of("PUT", "/api/wf/api/scheduled/{}/", SCHEDULE, ids=("schedule-1", "1"))] * 2,
    _of("DELETE", "/api/wf/api/scheduled/{}/"),
    _of("POST", "/api/wf/api/scheduled/trigger-now/", {"id": "schedule-1"}),
]

OUTAGES = ("2001", "2002", "-1000001", "1")
INCIDENT = {
    "description": "Slow",
    "plugin_textkey": "fortisoar.bridge",
    "resource_textkey": "fortisoar.incident",
    "severity": "critical",
    "auto_close_duration": 60,
    "start_time": "2024-01-01 00:00:00",
    "metadata": {"a": "b"},
    "tags": ["a"],
}
_OUTAGE = "/v2/outage/{}"
FORTIMONITOR = [
    *[_of("POST", "/v2/server/{}/custom_incident", INCIDENT, ids=("1001",))] * 4,
    _of("PUT", f"{_OUTAGE}/force_resolve", {"reason": "r", "force": True}, OUTAGES),
    *[
        _of("PUT", f"{_OUTAGE}/{what}", {"who": 1, "message": "m", "user": "/v2/user/1", "tags": ["a"]}, OUTAGES)
        for what in ("acknowledge", "escalate", "broadcast", "delay/60", "lead", "tags")
    ],
    _of("PUT", f"{_OUTAGE}/delay/{{}}", {}, OUTAGES),
    _of("PUT", f"{_OUTAGE}/summary", {"summary": "s"}, OUTAGES),
    _of("PUT", f"{_OUTAGE}/description", {"description": "s"}, OUTAGES),
    *[_of("GET", path, limit=5, offset=0, order_by="id", server=1001, severity="critical", start_time="2024-01-01 00:00:00")
      for path in ("/v2/outage", "/v2/outage/active", "/v2/outage/resolved", "/v2/server/1001/outage")],
    _of("GET", _OUTAGE, ids=OUTAGES, full="true"),
    _of("GET", f"{_OUTAGE}/outage_log", ids=OUTAGES),
    _of("POST", f"{_OUTAGE}/outage_log", {"entry": "e", "public": True}, OUTAGES),
    _of("GET", f"{_OUTAGE}/outage_log/{{}}", ids=OUTAGES),
    _of("GET", f"{_OUTAGE}/outage_metadata", ids=OUTAGES),
    _of("POST", f"{_OUTAGE}/outage_metadata", {"a": "b"}, OUTAGES),
    *[_of("GET", path, limit=5, offset=0, name="a", tags="a")
      for path in ("/v2/server", "/v2/server/{}", "/v2/server/{}/agent_resource", "/v2/agent_resource_type", "/v2/user",
                   "/v2/user/{}", "/v2/contact", "/v2/contact/{}", "/v2/public/outage/{}/acknowledge")],
]  # fmt: skip

REST = "/phoenix/rest"
LISTING = {
    "filters": {"status": [0], "incidentId": [1], "customer": ["Super"], "eventSeverityCat": ["HIGH"]},
    "timeFrom": 1,
    "timeTo": 4102444800000,
    "start": 0,
    "size": 5,
    "orderBy": "incidentLastSeen",
    "descending": True,
    "fields": ["incidentId", "eventSeverity"],
}
EXTERNAL = {
    "incidentId": "1",
    "comments": "c",
    "incidentStatus": "3",
    "externalTicketType": "Low",
    "externalTicketState": "New",
    "externalClearedTime": "1700000000000",
    "externalAssignedUser": "u",
    "incidentReso": 2,
}
FORTISIEM = [
    *[_of("POST", f"{REST}/incident/external", EXTERNAL)] * 3,
    *[_of("POST", f"{REST}/pub/incident/update/{{}}", EXTERNAL)] * 2,
    *[_of("POST", f"{REST}/pub/incident", LISTING)] * 4,
    *[_of("GET", f"{REST}/pub/incident", status="0,1", incidentId="1", timeFrom=1, timeTo=4102444800000, size=5, start=0)] * 3,
    _of("GET", f"{REST}/pub/incident/{{}}/{{}}"),
    _of("GET", f"{REST}/pub/incident/triggeringEvents", incidentId=1, size=5, timeFrom=1, timeTo=2),
    _of("GET", f"{REST}/pub/incident/triggeringEvents/start", incidentId=1, timeFrom=1, timeTo=4102444800000),
    _of("GET", f"{REST}/pub/incident/triggeringEvents/progress/{{}}"),
    _of("GET", f"{REST}/pub/incident/triggeringEvents/result/{{}}", start=0, size=5),
    _of("GET", f"{REST}/incident/triggeringEvents", incidentId=1, size=5),
    _of("GET", f"{REST}/query/events/{{}}/{{}}/{{}}"),
    _of("GET", f"{REST}/system/health/summary"),
    _of("GET", f"{REST}/system/health/instance", name="a"),
    _of("GET", f"{REST}/config/Domain"),
    _of("GET", f"{REST}/organization/list"),
    _of("POST", f"{REST}/pub/security/oauth/token", {"grant_type": "client_credentials"}, grant_type="client_credentials"),
    _of("POST", f"{REST}/h5/sec/login", {"username": "admin", "password": "p", "organization": "super", "domain": "Empty"}, s="a"),
    _of("GET", f"{REST}/h5/sec/license", s="a"),
    _of("POST", f"{REST}/h5/sec/oauth/token", {"name": "n", "tokenExpire": 5, "secretExpire": 5}, s="a"),
    _of("POST", f"{REST}/h5/sec/oauth/token/{{}}/revoke", {}, s="a"),
]  # fmt: skip

FAULT = {"kind": "answer", "product": "fortimonitor", "method": "GET", "path": "/v2/*", "when": "before", "times": 1,
         "status": 500, "headers": {"A": "b"}, "body": "b"}  # fmt: skip
PRODUCTS = ("fortisoar", "fortimonitor", "fortisiem")
CONTROL = [
    _of("GET", "/"),
    _of("POST", "/reset", {"product": "fortigate"}),
    _of("GET", "/switches"),
    _of("GET", "/switches/{}", ids=PRODUCTS),
    _of("PUT", "/switches/{}", {"rate_limit": True, "page_cap": None}, ids=("nothing",)),
    _of("GET", "/worlds"),
    _of("PUT", "/world", {"world": "clean"}),
    _of("GET", "/journal/{}", ids=PRODUCTS),
    _of("GET", "/counters/{}", ids=PRODUCTS),
    _of("GET", "/faults"),
    *[_of("POST", "/faults", [FAULT])] * 3,
    *[_of("POST", "/faults", {"kind": kind, "product": "fortisiem"}) for kind in ("cut", "delay", "redirect", "reset")],
    _of("GET", "/wire/{}", ids=PRODUCTS),
    _of("GET", "/clock"),
    *[_of("POST", "/clock", {"advance": 0})] * 2,
]
