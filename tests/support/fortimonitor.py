"""FortiMonitor as a strict mock: requests to expect, and outages to show."""

from __future__ import annotations

from uuid import UUID

from responses import matchers

from tests.support.package import API_KEY, FORTIMONITOR_URL

CREATE_URL = f"{FORTIMONITOR_URL}/server/1001/custom_incident"
LOCATION = {"Location": f"{FORTIMONITOR_URL}/outage/-1000001"}
HEADERS = {"Authorization": f"ApiKey {API_KEY}", "Content-Type": "application/json", "Accept": "application/json"}
FRESH = f"fsr-{UUID(int=7).hex}"  # the marker of a call without a correlation id, where uuid4 is made to be 7
TEXTKEYS = {"plugin_textkey": "fsr.bridge", "resource_textkey": "incident"}
REQUIRED = {"server": "1001", "description": "Disk full", **TEXTKEYS, "verify": False}


def create_body(marker=FRESH):
    """Return what goes out for REQUIRED."""
    return {
        "description": f"Disk full\n[correlation_id: {marker}]",
        "metadata": {"correlation_id": marker},
        **TEXTKEYS,
    }


def expect_create(http, sent=None, **answer):
    http.post(
        CREATE_URL,
        match=[
            matchers.json_params_matcher(create_body() if sent is None else sent, strict_match=True),
            matchers.header_matcher(HEADERS),
        ],
        **{"status": 201, "headers": LOCATION, **answer},
    )


def outage(number, marker, status="active", in_metadata=True, in_description=True, **changes):
    """Return an outage as FortiMonitor shows it, as far as the connector reads it."""
    description = f"Disk full\n[correlation_id: {marker}]" if in_description else "Disk full"
    return {
        "url": f"{FORTIMONITOR_URL}/outage/{number}",
        "server_id": "1001",
        "status": status,
        "type": "anomaly",
        "description": description,
        "metadata": [{"name": "correlation_id", "value": marker}] if in_metadata else [],
        **changes,
    }


def expect_outages(http, rows, status="active", offset=0, following=None, fails=None):
    wanted = {"limit": "50", "offset": str(offset), **({"status": status} if status else {})}
    meta = {
        "limit": 10,
        "offset": offset,
        "next": following,
        "total_count": offset + len(rows) + (1 if following else 0),
    }
    http.get(
        f"{FORTIMONITOR_URL}/server/1001/outage",
        match=[matchers.query_param_matcher(wanted)],
        **({"status": fails} if fails else {"json": {"outage_list": rows, "meta": meta}}),
    )


def expect_read(http, number, row=None, **answer):
    http.get(f"{FORTIMONITOR_URL}/outage/{number}", **(answer or {"json": row}))
