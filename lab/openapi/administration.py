"""What is known of the requests that administer the local FortiSOAR, and that move its configuration and files."""

from __future__ import annotations

from typing import Any

from .known import Request

LOGIN = {"loginid": "a@example.com", "user_type": 1, "access_type": "Named", "status": 1}
PERSON = {"firstname": "A", "email": "a@example.com", "roles": [], "teams": [], "user": LOGIN}
ROLE = {"name": "R", "modulePermissions": [{"module": "/api/3/modules/alerts", "canRead": True}]}
ACTIVITIES = {"page": 0, "limit": 5, "startDate": 1, "endDate": 2, "operation": "Create", "search": "a"}
BINDING = {"name": "k", "userId": "1", "roles": [], "teams": []}
TEMPLATE = {
    "name": "All alerts",
    "options": {"recordSets": ["alerts"], "playbooks": [], "globalVariables": [], "picklistNames": []},
}
IMPORT = {"file": "/api/3/files/1", "type": "Export Wizard", "status": "Draft", "options": {}}
LIST: dict[str, Any] = {"$limit": 5, "$page": 1}
REQUESTS = {
    "POST /api/public/license": Request({"action": "get_status", "nodeId": "SELF"}),
    "POST /api/auth/license": Request({"license_key": "k"}),
    "GET /api/auth/license": Request(query={"param": "license_details", "node_id": "SELF"}),
    "POST /api/auth/token": Request({"action": "logout", "users": ["1"]}),
    "GET /api/auth/config": Request(query={"section": "TOKEN"}),
    "PUT /api/auth/config": Request({"option": "idle_time", "value": 5}),
    "GET /api/auth/users": Request(query={"uuid": "1", "show_api_key": "true"}),
    "POST /api/auth/users": Request({"type": 9, "status": 1, "api_key_validity": 5}),
    "PUT /api/auth/users": Request({"update": {"uuid": "1", "status": 1, "user_type": 1, "access_type": "Named"}}),
    "POST /api/auth/query/users": Request({"users": ["1"], "show_api_key": True}),
    "POST /api/3/people": Request(PERSON),
    "PUT /api/3/people/{uuid}": Request(PERSON),
    "POST /api/3/insert/people": Request({"data": [PERSON]}),
    "POST /api/3/resetpassword": Request(
        {"uuid": "1", "currentUUID": "1", "loginId": "a@example.com", "password": "b"}
    ),
    "PUT /api/3/changepassword": Request({"uuid": "1", "loginId": "a", "oldPassword": "a", "newPassword": "b"}),
    "POST /api/3/api_keys": Request(BINDING),
    "PUT /api/3/api_keys/{uuid}": Request(BINDING),
    "POST /api/3/roles": Request(ROLE),
    "PUT /api/3/roles/{uuid}": Request(ROLE),
    "GET /api/auth/cluster/health": Request(query={"latest": "True", "section": "cpu,ram", "nodeId": "1"}),
    "POST /api/gateway/audit/activities": Request(ACTIVITIES),
    "POST /api/gateway/audit/activities/count": Request(ACTIVITIES),
    "DELETE /api/gateway/audit/activities": Request(query={"uptoDate": 1}),
    "POST /api/wf/api/workflows/auto_vacuum/": Request({"date": "2021-07-22 09:00:35"}),
    "GET /api/3/export_templates": Request(query=LIST),
    "POST /api/3/export_templates": Request(TEMPLATE),
    "PUT /api/3/export_templates/{uuid}": Request(TEMPLATE),
    "PUT /api/export": Request(query={"fileName": "all.zip", "template": "1"}),
    "GET /api/3/import_jobs": Request(query=LIST),
    "POST /api/3/import_jobs": Request(IMPORT),
    "PUT /api/3/import_jobs/{uuid}": Request(IMPORT),
}
