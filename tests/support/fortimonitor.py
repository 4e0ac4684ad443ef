"""FortiMonitor as a strict mock: requests to expect, and outages to show."""

from __future__ import annotations

import requests
from responses import matchers

from tests.support.package import API_KEY, FORTIMONITOR_URL, configuration, context, module

CREATE_URL = f"{FORTIMONITOR_URL}/server/1001/custom_incident"
LOCATION = {"Location": f"{FORTIMONITOR_URL}/outage/-1000001"}
HEADERS = {"Authorization": f"ApiKey {API_KEY}", "Content-Type": "application/json", "Accept": "application/json"}
FRESH = f"fsr-{7:032x}"  # the marker of a call without a correlation id, where what is drawn is made to be 7
TEXTKEYS = {"plugin_textkey": "fsr.bridge", "resource_textkey": "incident"}
READ_HEADERS = {"Authorization": f"ApiKey {API_KEY}", "Accept": "application/json"}
SIGN_IN = {"status": 200, "body": "<html>Sign in</html>", "content_type": "text/html"}
LATE = {"body": requests.ReadTimeout("canary")}
LOST = {"body": requests.ConnectionError("canary")}
AMBIGUOUS = [{"status": 500}, {"status": 503}, SIGN_IN, LATE, LOST]  # answers after which a change may have been made
REQUIRED = {"server": "1001", "description": "Disk full", **TEXTKEYS, "verify": False}


def marked(description, correlation_id):
    """Return a description that carries a correlation ID's marker."""
    return module("clients.fortimonitor.markers").marked(description, correlation_id)


def create_body(marker=FRESH):
    """Return what goes out for REQUIRED."""
    return {
        "description": marked("Disk full", marker),
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
    description = marked("Disk full", marker) if in_description else "Disk full"
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


def expect_search(http, active=(), resolved=(), fails=None):
    """Expect that a server's incidents are searched for an event: the active ones, then, without any, back in time."""
    expect_outages(http, list(active), fails=fails)
    if not fails and not active:
        query = {"limit": "50", "offset": "0", "status": "resolved"}
        http.get(
            f"{FORTIMONITOR_URL}/server/1001/outage",
            match=[matchers.query_param_matcher(query, strict_match=False)],
            json={"outage_list": list(resolved), "meta": {"next": None, "total_count": len(resolved)}},
        )


def expect_read(http, number, row=None, **answer):
    http.get(f"{FORTIMONITOR_URL}/outage/{number}", **(answer or {"json": row}))


def account(**changes):
    """Return the client of the configured account, as an action gets it."""
    return context(configuration(**changes), API_KEY).fortimonitor


def expect_get(http, path, query=None, **answer):
    http.get(
        f"{FORTIMONITOR_URL}{path}",
        match=[matchers.query_param_matcher(query or {}), matchers.header_matcher(READ_HEADERS)],
        **answer,
    )


def expect_page(http, path, rows, offset=0, total=None, following=None, query=None, **answer):
    """Expect one page of a list, by default its last one; ``following`` as in ``meta``."""
    meta = {"limit": 50, "offset": offset, "next": following, **({} if total is None else {"total_count": total})}
    body = {f"{path.rpartition('/')[2]}_list": rows, "meta": meta}
    expect_get(http, path, {"limit": "50", "offset": str(offset), **(query or {})}, **(answer or {"json": body}))


def expect_put(http, path, sent, **answer):
    http.put(
        f"{FORTIMONITOR_URL}{path}",
        match=[
            matchers.json_params_matcher(sent, strict_match=True),
            matchers.query_param_matcher({}),
            matchers.header_matcher(HEADERS),
        ],
        **{"status": 204, **answer},
    )


def user(number=502, username="soar@example.com", name="SOAR", kind="user"):
    """Return a user as FortiMonitor shows it, as far as the connector reads it."""
    return {"url": f"{FORTIMONITOR_URL}/{kind}/{number}", "username": username, "display_name": name}


def server(number, name, fqdn, **changes):
    """Return a server as FortiMonitor shows it, as far as the connector reads it."""
    return {"url": f"{FORTIMONITOR_URL}/server/{number}", "name": name, "fqdn": fqdn, "status": "active", **changes}


def undeclared(http):
    """Return the requests that no mock expected. The connector takes them for a broken connection."""
    return [
        f"{call.request.method} {call.request.url}"
        for call in http.calls
        if "refused by Responses" in str(call.response)
    ]
