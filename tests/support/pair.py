"""An incident in both products as a strict mock: FortiSIEM's incident 1, and FortiMonitor's -1000001."""

from __future__ import annotations

import base64

from responses import matchers

from tests.support.package import FORTIMONITOR_URL, FORTISIEM_URL, PASSWORD, module

INCIDENTS = f"{FORTISIEM_URL}/phoenix/rest/pub/incident"
UPDATES = f"{FORTISIEM_URL}/phoenix/rest/incident/external"
OUTAGE_URL = f"{FORTIMONITOR_URL}/outage/-1000001"
MARKER = "fortisiem:fortisiem.test:1"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"super/admin:{PASSWORD}".encode()).decode()}
CLEARED_AT = 1762364250000  # 2025-11-05T17:37:30Z
TICKET = {"incidentExtTicketId": "-1000001", "incidentExtTicketState": "New"}
CLOSED = {"incidentStatus": 2, "incidentClearedTime": CLEARED_AT, "incidentExtTicketState": "Closed"}


def siem_row(**changes):
    """Return incident 1 as FortiSIEM shows it: active, and without an external ticket."""
    return {
        "incidentId": 1,
        "incidentTitle": "Brute force",
        "incidentStatus": 0,
        "eventSeverityCat": "HIGH",
        "incidentSrc": "srcIpAddr:10.1.1.1, ",
        "incidentTarget": "hostIpAddr:2001:db8::1, hostName:web-01, ",
        "incidentClearedTime": 0,
        "incidentExtTicketId": None,
        "incidentExtTicketState": None,
        "incidentComments": "",
        **changes,
    }


def expect_siem_row(http, row=None, **answer):
    """Expect the read of all that FortiSIEM shows of incident 1."""
    expect_siem_read(http, module("clients.fortisiem.attributes").READ_FIELDS, row, **answer)


def expect_siem_read(http, fields, row=None, **answer):
    """Expect a read of some fields of incident 1; without a row, there is no such incident."""
    rows = [] if row is None else [{"incidentId": 1, **row}]
    http.post(
        INCIDENTS,
        match=[
            matchers.json_params_matcher(
                {"filters": {"incidentId": [1]}, "fields": list(dict.fromkeys(["incidentId", *fields]))},
                strict_match=True,
            ),
            matchers.header_matcher(BASIC),
        ],
        **(answer or {"json": {"total": len(rows), "data": rows}}),
    )


def expect_siem_update(http, sent, **answer):
    """Expect an update of incident 1."""
    http.post(
        UPDATES,
        match=[
            matchers.json_params_matcher({"incidentId": "1", **sent}, strict_match=True),
            matchers.header_matcher(BASIC),
        ],
        **(answer or {"body": '"OK"', "content_type": "text/plain"}),
    )


def expect_resolve(http, sent, **answer):
    """Expect FortiMonitor's incident to be force-resolved."""
    http.put(
        f"{OUTAGE_URL}/force_resolve",
        match=[matchers.json_params_matcher(sent, strict_match=True)],
        **{"status": 204, **answer},
    )
