"""What is known of the requests of the local FortiSOAR."""

from __future__ import annotations

from typing import Any

from .administration import REQUESTS as ADMINISTRATION
from .known import Known, Request, key_in_authorization

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
ALERT = {
    "name": "An alert",
    "severity": "/api/3/picklists/58d0753f-f7e4-403b-953c-b0f521eab759",
    "source": "lab",
    "sourceId": "a-1",
    "sourcedata": {"a": 1},
    "recordTags": ["a"],
    "assignedTo": None,
}
CONFIGURATION = {
    "connector": 1,
    "connector_name": "odd",
    "connector_version": "1.0.0",
    "name": "Main",
    "config_id": "11111111-2222-3333-4444-555555555555",
    "config": {"url": "https://example.com", "secret": "h1dden-away", "many": ["a"], "on": True},
    "default": True,
    "teams": [],
}
EXECUTION = {"connector": "odd", "version": "1.0.0", "config": "Main", "operation": "go", "params": {"a": 1}}
SCHEDULE = {
    "name": "Hourly",
    "crontab": {"minute": "*/5", "hour": "*", "day_of_week": "*", "day_of_month": "*", "month_of_year": "*"},
    "kwargs": {"wf_iri": "/api/3/workflows/e5b8f0c5-5b8f-4f3a-8f1c-2f6a5a3d9c11", "exit_if_running": True},
    "enabled": False,
}
LOG_QUERY = {
    "filters": [{"field": "status", "operator": "eq", "value": "failed"}, {"logic": "OR", "filters": []}],
    "sort": [{"field": "modified", "direction": "desc"}],
    "aggregates": [{"operator": "groupby", "field": "status", "alias": "s"}],
    "limit": 5,
}
VARIABLE = {"name": "n", "value": "v", "default_value": ""}
LIST = {"$limit": 5, "$page": 1, "$orderby": "-id"}
PAGE = {"limit": 5, "offset": 0}
WF = "/api/wf/api"
INTEGRATION = "/api/integration"
KNOWN = Known(
    title="The lab's FortiSOAR",
    about="The API of a FortiSOAR appliance, as far as the lab has it.",
    security=key_in_authorization("API-KEY"),
    path_values={
        "module": (
            "alerts",
            "incidents",
            "comments",
            "picklists",
            "tasks",
            "workflows",
            "workflow_collections",
            "nothing",
        ),
        "relation": ("comments",),
        "name": ("odd",),
        "version": ("1.0.0",),
        "key": ("1", "11111111-2222-3333-4444-555555555555"),
    },
    requests={
        **ADMINISTRATION,
        "POST /auth/authenticate": Request({"credentials": {"loginid": "csadmin", "password": "pa55"}}),
        f"GET {INTEGRATION}/connectors/": Request(
            query={"name": "odd", "page": 1, "page_size": 5, "search": "o", "active": "true"}
        ),
        f"POST {INTEGRATION}/connector_details/": Request({}, {"exclude": "operation"}),
        f"POST {INTEGRATION}/connector_details/{{name}}/{{version}}/": Request({}, {"operation": "go"}),
        f"POST {INTEGRATION}/connector_output_schema/{{name}}/{{version}}/": Request({"operation": "go"}),
        f"GET {INTEGRATION}/connectors/healthcheck/{{name}}/{{version}}/": Request(query={"config": "Main"}),
        f"PUT {INTEGRATION}/connectors/{{number}}/": Request({"active": True}),
        f"GET {INTEGRATION}/configuration/": Request(query={"connector": 1, "page": 1}),
        f"POST {INTEGRATION}/configuration/": Request(CONFIGURATION),
        f"PUT {INTEGRATION}/configuration/{{key}}/": Request(CONFIGURATION),
        f"POST {INTEGRATION}/execute/": Request(EXECUTION),
        f"GET {INTEGRATION}/data-import/": Request(query={"configuration": "c"}),
        f"POST {INTEGRATION}/data-import/": Request({"configuration": "c", "sample_data": [{}], "schedule": {}}),
        "POST /api/search": Request({"q": "alert", "index": ["alerts"], "size": 5, "offset": 0, "modifyDateGte": 0}),
        "POST /api/query/{module}": Request(FILTERS),
        "POST /api/query/{module}/{uuid}/{relation}": Request(FILTERS),
        "POST /api/3/{module}": Request(ALERT),
        "GET /api/3/{module}": Request(query=LIST),
        "PUT /api/3/{module}/{uuid}": Request(ALERT),
        "GET /api/3/{module}/{uuid}": Request(query={"$relationships": "true"}),
        "POST /api/3/{module}/{uuid}/{relation}": Request(["/api/3/comments/1"]),
        "POST /api/3/insert/{module}": Request({"data": [ALERT]}),
        "PUT /api/3/update/{module}": Request({"data": [{"@id": "/api/3/alerts/1", **ALERT}]}),
        "DELETE /api/3/delete/{module}": Request({"ids": ["1"]}),
        "DELETE /api/3/delete-with-query/{module}": Request(FILTERS),
        "POST /api/3/upsert/{module}": Request(ALERT),
        "POST /api/3/bulkupsert/{module}": Request([ALERT]),
        "POST /api/ingest-feeds/{module}": Request({"data": [ALERT]}),
        "POST /api/triggers/1/notrigger/{uuid}": Request({"input": {"params": {}}, "useMockOutput": False}),
        "POST /api/triggers/1/action/{name}": Request({"records": ["/api/3/alerts/1"], "singleRecordExecution": True}),
        "POST /api/triggers/1/{name}": Request({"a": 1}),
        f"GET {WF}/dynamic-variable/": Request(query=PAGE),
        f"POST {WF}/dynamic-variable/": Request(VARIABLE),
        f"PUT {WF}/dynamic-variable/{{number}}/": Request(VARIABLE),
        f"POST {WF}/jinja-editor/": Request({"template": "{{ a | toJSON }}", "values": {"a": [1]}}),
        f"GET {WF}/workflows/": Request(
            query={**PAGE, "task_id": "a", "created_after": "2024-01-01T00:00:00", "tags_include": "a"}
        ),
        f"GET {WF}/workflows/count/": Request(query={"status": "failed"}),
        f"POST {WF}/workflows/log_list/": Request({}, {**PAGE, "ordering": "-id", "parent_wf__isnull": "true"}),
        f"DELETE {WF}/workflows/delete/": Request({"date": "2000-01-01", "exclude_awaiting_wf": True}),
        f"GET {WF}/historical-workflows/": Request(query=PAGE),
        f"GET {WF}/historical-steps/": Request(query={**PAGE, "workflow": "1"}),
        f"POST {WF}/query/workflow_logs/": Request(LOG_QUERY),
        f"POST {WF}/manual-wf-input/list_wfinput/": Request({"is_approval": False}),
        f"GET {WF}/manual-wf-input/": Request(query={"workflow": "1"}),
        f"POST {WF}/workflows/{{number}}/wfinput_resume/": Request(
            {"manual_input_id": 1, "input": {}, "step_iri": "/a/b", "user": "u"}
        ),
        f"GET {WF}/scheduled/": Request(query={**PAGE, "name": "Hourly"}),
        f"POST {WF}/scheduled/": Request(SCHEDULE),
        f"PUT {WF}/scheduled/{{number}}/": Request(SCHEDULE),
        f"POST {WF}/scheduled/trigger-now/": Request({"id": "schedule-1"}),
    },
)
