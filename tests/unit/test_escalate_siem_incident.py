"""escalate_siem_incident: one incident in FortiMonitor for one of FortiSIEM, however often it is run."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import TEXTKEYS, expect_create, expect_outages, expect_read, outage
from tests.support.package import FORTIMONITOR_URL, ConnectorError, configuration, execute
from tests.support.pair import (
    CLOSED,
    MARKER,
    OUTAGE_URL,
    TICKET,
    expect_siem_read,
    expect_siem_row,
    expect_siem_update,
    siem_row,
)

REQUIRED = {"incident_id": 1, "server": "1001", **TEXTKEYS}
DESCRIPTION = (
    "Brute force (FortiSIEM incident 1, severity High)\nSource: srcIpAddr:10.1.1.1\nTarget: hostIpAddr:2001:db8::1, "
    "hostName:web-01"
)
COMMENT = f"Escalated to FortiMonitor: {OUTAGE_URL}"
SENT = {"externalTicketId": "-1000001", "externalTicketState": "New", "comments": COMMENT}
READ = ["incidentExtTicketId", "incidentExtTicketState", "incidentComments"]
WRITTEN = {**TICKET, "incidentComments": COMMENT}
GOAL = "Could not escalate FortiSIEM incident 1: "
NOTHING = "Nothing was changed."
PARTLY = "A part of it was done. Running it again finishes the rest and repeats nothing."
ACCESS = "Make sure that the account has the appropriate access."
FORBIDDEN = (
    "FortiMonitor is done (incident -1000001); FortiSIEM is not: Could not update FortiSIEM incident 1: FortiSIEM answered 403 "
    "to POST /phoenix/rest/incident/external."
)


def create_body(description=DESCRIPTION, marker=MARKER):
    marked = f"{description}\n[correlation_id: {marker}]"
    return {"description": marked, "metadata": {"correlation_id": marker}, **TEXTKEYS}


def expect_no_incident_yet(http, **row):
    expect_siem_row(http, siem_row(**row))
    expect_outages(http, [], status=None)


def expect_created(http, sent=None, marker=MARKER):
    expect_create(http, sent or create_body(marker=marker))
    expect_read(http, -1000001, outage(-1000001, marker))


def expect_ticketed(http, comment=COMMENT):
    expect_siem_update(http, {**SENT, "comments": comment})
    expect_siem_read(http, READ, {**WRITTEN, "incidentComments": comment})


def escalate(config=None, **params):
    return execute("escalate_siem_incident", {**REQUIRED, **params}, config)


def failure(config=None, **params):
    with pytest.raises(ConnectorError) as caught:
        escalate(config, **params)
    return str(caught.value)


def test_the_incident_is_created_and_written_back_as_external_ticket(http):
    expect_no_incident_yet(http)
    expect_created(http)
    expect_ticketed(http)
    assert escalate() == {
        "outcome": "done",
        "changed": True,
        "fortimonitor": {
            "outcome": "done",
            "changed": True,
            "confirmed_by": "read_back",
            "attempts": 1,
            "incident_id": -1000001,
            "incident_url": OUTAGE_URL,
            "correlation_id": MARKER,
            "server_id": 1001,
            "warning": None,
            "request": {"method": "POST", "path": "/v2/server/1001/custom_incident", "status": 201},
        },
        "fortisiem": {
            "outcome": "done",
            "changed": True,
            "confirmed_by": "read_back",
            "attempts": 1,
            "incident_id": 1,
            "fields": {"external_ticket_id": "-1000001", "external_ticket_state": "New", "comments": COMMENT},
            "verified": dict.fromkeys(("external_ticket_id", "external_ticket_state", "comments"), "applied"),
            "warning": None,
            "request": {"method": "POST", "path": "/phoenix/rest/incident/external", "status": 200},
        },
    }


@pytest.mark.parametrize("shown", [TICKET, {**TICKET, "incidentExtTicketId": -1000001}, {**TICKET, **CLOSED}])
@pytest.mark.parametrize("status", ["active", "resolved"])
def test_run_again_it_reads_each_side_once_and_changes_nothing(http, shown, status):
    expect_siem_row(http, siem_row(**shown))
    expect_read(http, -1000001, outage(-1000001, MARKER, status))
    assert escalate() == {
        "outcome": "already_done",
        "changed": False,
        "fortimonitor": {
            "outcome": "already_done",
            "changed": False,
            "confirmed_by": "read_back",
            "attempts": 0,
            "incident_id": -1000001,
            "incident_url": OUTAGE_URL,
            "correlation_id": MARKER,
            "server_id": 1001,
            "warning": None,
            "request": None,
        },
        "fortisiem": {
            "outcome": "already_done",
            "changed": False,
            "confirmed_by": "read_back",
            "attempts": 0,
            "incident_id": 1,
            "fields": {"external_ticket_id": "-1000001", "external_ticket_state": "New", "comments": COMMENT},
            "verified": {},
            "warning": None,
            "request": None,
        },
    }
    assert len(http.calls) == 2


def test_the_server_is_the_one_on_which_the_incident_is_and_else_the_one_that_was_given(http):
    for server_id in (1002, None):
        expect_siem_row(http, siem_row(**TICKET))
        expect_read(http, -1000001, outage(-1000001, MARKER, server_id=server_id))
    assert [escalate()["fortimonitor"]["server_id"] for _ in range(2)] == [1002, 1001]


# What goes out.


def test_texts_and_marker_of_the_analyst_take_the_place_of_the_defaults(http):
    expect_no_incident_yet(http)
    expect_created(http, create_body("Web shop down", "shop"), "shop")
    expect_ticketed(http, "Handed over")
    result = escalate(description="Web shop down", comments="Handed over", correlation_id="shop")
    assert result["fortimonitor"]["correlation_id"] == "shop"


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"incidentSrc": None}, DESCRIPTION.replace("\nSource: srcIpAddr:10.1.1.1", "")),
        ({"incidentTarget": ""}, DESCRIPTION.split("\nTarget")[0]),
        (
            {"incidentSrc": None, "incidentTarget": None, "eventSeverityCat": "LOW"},
            "Brute force (FortiSIEM incident 1, severity Low)",
        ),
    ],
)
def test_the_description_tells_what_fortisiem_shows_and_no_more(http, changes, description):
    expect_no_incident_yet(http, **changes)
    expect_created(http, create_body(description))
    expect_ticketed(http)
    assert escalate()["outcome"] == "done"


@pytest.mark.parametrize(
    "address",
    ["fortisiem.test", "FortiSIEM.test", "https://fortisiem.test/phoenix/login.html", "https://fortisiem.test:443"],
)
def test_the_marker_is_made_of_host_and_incident_however_the_address_is_written(http, address):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, outage(-1000001, MARKER))
    assert escalate(configuration(fortisiem_server=address))["fortimonitor"]["correlation_id"] == MARKER


# What is refused before anything is sent.


@pytest.mark.parametrize(
    ("ticket", "answer"),
    [
        ("INC-7", None),
        ("-1000001", {"status": 404}),
        ("-1000001", {"json": outage(-1000001, "fortisiem:fortisiem.test:11")}),
        ("-1000001", {"json": outage(-1000001, "", in_metadata=False, in_description=False)}),
    ],
)
def test_a_ticket_of_something_else_is_not_overwritten(http, ticket, answer):
    expect_siem_row(http, siem_row(incidentExtTicketId=ticket))
    if answer:
        expect_read(http, -1000001, **answer)
    assert failure() == (
        f"{GOAL}it has the external ticket '{ticket}' already, which is not its incident in FortiMonitor. {NOTHING} Empty the "
        "ticket in FortiSIEM, or give the Correlation ID of its incident in FortiMonitor."
    )


def test_the_ticket_of_an_incident_with_another_marker_is_taken_where_the_analyst_names_that_marker(http):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, outage(-1000001, "/api/3/alerts/42"))
    assert escalate(correlation_id="/api/3/alerts/42")["outcome"] == "already_done"


def test_a_ticket_that_cannot_be_read_is_not_taken_for_none(http):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, status=500)
    assert failure().startswith("Could not read incident -1000001: FortiMonitor answered 500 to GET")


@pytest.mark.parametrize(("status", "shown"), [(1, "Auto Cleared"), ("2", "Manually Cleared"), (3, "System Cleared")])
def test_a_cleared_incident_is_not_escalated(http, status, shown):
    expect_siem_row(http, siem_row(incidentStatus=status))
    assert failure() == f"{GOAL}it is {shown} already. {NOTHING} Only an active incident is escalated."


def test_an_incident_that_fortisiem_does_not_show_is_not_escalated(http):
    expect_siem_row(http)
    assert failure() == (
        f"{GOAL}FortiSIEM shows no incident 1. {NOTHING} Check the ID, and that the account sees the incident's organization."
    )


def test_a_server_that_is_none_is_refused_before_fortisiem_is_asked(http):
    for name in ("name", "fqdn"):
        http.get(
            f"{FORTIMONITOR_URL}/server?{name}=web&limit=50&offset=0",
            json={"server_list": [], "meta": {"total_count": 0, "next": None}},
        )
    assert failure(server="web") == (
        f"{GOAL}The parameters are not valid: Server 'web' is no server's ID, exact name or FQDN, or the API key cannot see it. "
        f"{NOTHING}"
    )


@pytest.mark.parametrize(
    ("side", "product"), [("fortimonitor_enabled", "FortiMonitor"), ("fortisiem_enabled", "FortiSIEM")]
)
def test_both_products_are_needed(http, side, product):
    assert failure(configuration(**{side: False})) == (
        f"{GOAL}{product} is switched off in this configuration. {NOTHING} Switch Use {product} on, or choose another one."
    )


# Half done, and run again.


def test_a_ticket_that_fortisiem_refuses_leaves_the_incident_and_says_so(http):
    expect_no_incident_yet(http)
    expect_created(http)
    expect_siem_update(http, SENT, status=403)
    assert failure() == f"{GOAL}{FORBIDDEN} {PARTLY} {ACCESS}"


def test_run_again_after_that_only_the_ticket_is_written(http):
    expect_siem_row(http, siem_row())
    expect_outages(http, [outage(-1000001, MARKER)], status=None)
    expect_ticketed(http)
    result = escalate()
    assert (result["outcome"], result["changed"]) == ("done", True)
    assert (result["fortimonitor"]["outcome"], result["fortisiem"]["outcome"]) == ("already_done", "done")
    assert len(http.calls) == 4


def test_refused_again_nothing_was_changed_this_time(http):
    expect_siem_row(http, siem_row())
    expect_outages(http, [outage(-1000001, MARKER)], status=None)
    expect_siem_update(http, SENT, status=403)
    assert failure() == f"{GOAL}{FORBIDDEN} {NOTHING} {ACCESS}"


@pytest.mark.parametrize(("is_new", "changed"), [(True, PARTLY), (False, "Whether anything was changed is unknown.")])
def test_a_ticket_of_which_nobody_knows_is_told_as_unknown_on_that_side(http, is_new, changed):
    if is_new:
        expect_no_incident_yet(http)
        expect_created(http)
    else:
        expect_siem_row(http, siem_row())
        expect_outages(http, [outage(-1000001, MARKER)], status=None)
    expect_siem_update(http, SENT, status=500)
    expect_siem_read(http, READ, status=500)
    assert failure() == (
        f"{GOAL}{FORBIDDEN.replace('403', '500')} {changed} Whether anything was changed in FortiSIEM is unknown. The API "
        "request failed due to an internal server error. Try again later."
    )


def test_an_incident_that_fortimonitor_refuses_is_not_written_into_fortisiem(http):
    expect_no_incident_yet(http)
    expect_create(http, create_body(), status=405, headers={})
    assert failure() == (
        "Could not create a custom incident on server 1001: FortiMonitor answered 405 to POST "
        f"/v2/server/1001/custom_incident. {NOTHING} A read-only API key is the usual reason; check the key's role under API "
        "keys."
    )


def test_an_incident_of_which_nobody_knows_names_the_marker_and_writes_nothing_into_fortisiem(http):
    expect_no_incident_yet(http)
    expect_create(http, create_body(), status=500, headers={})
    for _ in range(3):
        expect_outages(http, [])
    assert failure() == (
        "Could not create a custom incident on server 1001: FortiMonitor answered 500 to POST "
        f"/v2/server/1001/custom_incident, and no incident with correlation id '{MARKER}' was found afterwards. Whether "
        f"anything was changed is unknown. Run the action again with Correlation ID {MARKER}: it will not create a second "
        "incident."
    )


def test_an_incident_whose_answer_was_lost_is_found_and_written_into_fortisiem(http):
    expect_no_incident_yet(http)
    expect_create(http, create_body(), status=500, headers={})
    expect_outages(http, [outage(-1000001, MARKER)])
    expect_ticketed(http)
    assert escalate()["fortimonitor"]["confirmed_by"] == "read_back"
