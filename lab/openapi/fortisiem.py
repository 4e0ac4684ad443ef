"""What is known of the requests of the local FortiSIEM."""

from __future__ import annotations

from .known import Known, Request

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
TIMES = {"incidentId": 1, "timeFrom": 1, "timeTo": 4102444800000}
SESSION = {"s": "a"}
LOG_IN = {"username": "admin", "password": "p", "organization": "super", "domain": "Empty"}
FORM = "application/x-www-form-urlencoded"
KNOWN = Known(
    title="The lab's FortiSIEM",
    about="The REST API of a FortiSIEM Supervisor, as far as the lab has it.",
    security={"basic": {"type": "http", "scheme": "basic"}, "token": {"type": "http", "scheme": "bearer"}},
    path_values={"incidentId": ("1", "2"), "offset": ("0",), "limit": ("5",)},
    requests={
        "POST /phoenix/rest/incident/external": Request(EXTERNAL),
        "POST /phoenix/rest/pub/incident/update/{incidentId}": Request(EXTERNAL),
        "POST /phoenix/rest/pub/incident": Request(LISTING),
        "GET /phoenix/rest/pub/incident": Request(query={**TIMES, "status": "0,1", "size": 5, "start": 0}),
        "GET /phoenix/rest/pub/incident/triggeringEvents": Request(query={**TIMES, "size": 5}),
        "GET /phoenix/rest/pub/incident/triggeringEvents/start": Request(query=TIMES),
        "GET /phoenix/rest/pub/incident/triggeringEvents/result/{queryId}": Request(query={"start": 0, "size": 5}),
        "GET /phoenix/rest/incident/triggeringEvents": Request(query={"incidentId": 1, "size": 5}),
        "GET /phoenix/rest/system/health/instance": Request(query={"name": "a"}),
        "POST /phoenix/rest/pub/security/oauth/token": Request({"grant_type": "client_credentials"}, media=FORM),
        "POST /phoenix/rest/h5/sec/login": Request(LOG_IN, SESSION),
        "GET /phoenix/rest/h5/sec/license": Request(query=SESSION),
        "POST /phoenix/rest/h5/sec/oauth/token": Request({"name": "n", "tokenExpire": 5, "secretExpire": 5}, SESSION),
        "POST /phoenix/rest/h5/sec/oauth/token/{id}/revoke": Request({}, SESSION),
    },
)
