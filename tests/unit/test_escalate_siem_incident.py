"""escalate_siem_incident: one incident in FortiMonitor for one of FortiSIEM, however often it is run."""

from __future__ import annotations

import pytest

from tests.support import pair
from tests.support.fortimonitor import (
    TEXTKEYS,
    expect_create,
    expect_outages,
    expect_read,
    expect_search,
    marked,
    outage,
)
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
PARTLY = "A part of it was done. Running it again finishes the rest."
ACCESS = "Make sure that the account has the appropriate access."
FORBIDDEN = (
    "FortiMonitor is done (incident -1000001); FortiSIEM is not: Could not update FortiSIEM incident 1: FortiSIEM answered 403 "
    "to POST /phoenix/rest/incident/external."
)


def create_body(description=DESCRIPTION, marker=MARKER):
    return {"description": marked(description, marker), "metadata": {"correlation_id": marker}, **TEXTKEYS}


def expect_no_incident_yet(http, **row):
    expect_siem_row(http, siem_row(**row))
    expect_outages(http, [])


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


CREATED = "FortiMonitor incident -1000001 was created on server 1001."
TICKETED = "FortiSIEM incident 1: external ticket id set to -1000001, external ticket state set to New, comment added."


def test_the_incident_is_created_and_written_back_as_external_ticket(http):
    expect_no_incident_yet(http)
    expect_created(http)
    expect_ticketed(http)
    assert escalate() == {
        "summary": f"{CREATED} {TICKETED}",
        "outcome": "done",
        "changed": True,
        "fortimonitor": {
            "summary": CREATED,
            "outcome": "done",
            "changed": True,
            "confirmed_by": "read_back",
            "attempts": 1,
            "incident_id": -1000001,
            "incident_url": OUTAGE_URL,
            "page_url": None,
            "correlation_id": MARKER,
            "server_id": 1001,
            "warning": None,
            "request": {"method": "POST", "path": "/v2/server/1001/custom_incident", "status": 201},
        },
        "fortisiem": {
            "summary": TICKETED,
            "outcome": "done",
            "changed": True,
            "confirmed_by": "read_back",
            "attempts": 1,
            "incident_id": 1,
            "page_url": None,
            "fields": {"external_ticket_id": "-1000001", "external_ticket_state": "New", "comments": COMMENT},
            "verified": dict.fromkeys(("external_ticket_id", "external_ticket_state", "comments"), "applied"),
            "warning": None,
            "request": {"method": "POST", "path": "/phoenix/rest/incident/external", "status": 200},
        },
    }


@pytest.mark.parametrize("shown", [TICKET, {**TICKET, "incidentExtTicketId": -1000001}, {**TICKET, **CLOSED}])
@pytest.mark.parametrize(
    ("status", "given", "warning"),
    [
        ("active", {}, None),
        ("active", {"if_resolved": "Return Existing"}, None),
        ("resolved", {"if_resolved": "Return Existing"}, "It is resolved."),
    ],
)
def test_run_again_it_reads_each_side_once_and_changes_nothing(http, shown, status, given, warning):
    expect_siem_row(http, siem_row(**shown))
    expect_read(http, -1000001, outage(-1000001, MARKER, status))
    created = "FortiMonitor incident -1000001 was already created on server 1001; nothing was changed."
    ticketed = "FortiSIEM incident 1 was already linked to FortiMonitor incident -1000001; nothing was changed."
    assert escalate(**given) == {
        "summary": f"{created} {ticketed}",
        "outcome": "already_done",
        "changed": False,
        "fortimonitor": {
            "summary": created,
            "outcome": "already_done",
            "changed": False,
            "confirmed_by": "read_back",
            "attempts": 0,
            "incident_id": -1000001,
            "incident_url": OUTAGE_URL,
            "page_url": None,
            "correlation_id": MARKER,
            "server_id": 1001,
            "warning": warning,
            "request": {},
        },
        "fortisiem": {
            "summary": ticketed,
            "outcome": "already_done",
            "changed": False,
            "confirmed_by": "read_back",
            "attempts": 0,
            "incident_id": 1,
            "page_url": None,
            "fields": {"external_ticket_id": "-1000001", "external_ticket_state": "New", "comments": COMMENT},
            "verified": {},
            "warning": None,
            "request": {},
        },
    }
    assert len(http.calls) == 2


# An incident that has recurred.

AGAIN = {"incidentExtTicketId": "-900", "incidentExtTicketState": "New"}


@pytest.mark.field_case("F28", "W22")
@pytest.mark.parametrize("if_resolved", [None, "", "Create Another"])
@pytest.mark.parametrize("status", ["resolved", "RESOLVED", "Resolved"])
def test_a_resolved_incident_of_the_ticket_does_not_count_and_another_one_is_created(http, if_resolved, status):
    expect_siem_row(http, siem_row(**AGAIN))
    expect_read(http, -900, outage(-900, MARKER, status))
    expect_outages(http, [])  # without a look at the resolved ones
    expect_created(http)
    expect_ticketed(http)
    result = escalate(if_resolved=if_resolved)
    assert (result["outcome"], result["changed"]) == ("done", True)
    assert (result["fortimonitor"]["outcome"], result["fortimonitor"]["incident_id"]) == ("done", -1000001)
    assert (result["fortisiem"]["outcome"], result["fortisiem"]["fields"]["external_ticket_id"]) == ("done", "-1000001")


@pytest.mark.field_case("F28", "W22")
def test_of_an_incident_that_has_recurred_an_active_one_counts_all_the_same(http):
    expect_siem_row(http, siem_row(**AGAIN))
    expect_read(http, -900, outage(-900, MARKER, "resolved"))
    expect_outages(http, [outage(-1000001, MARKER)])
    expect_ticketed(http)
    result = escalate()
    assert (result["fortimonitor"]["outcome"], result["fortimonitor"]["incident_id"]) == ("already_done", -1000001)
    assert result["fortisiem"]["outcome"] == "done"


@pytest.mark.field_case("F28", "W22")
def test_without_a_ticket_a_resolved_incident_counts_only_where_that_is_wanted(http):
    expect_siem_row(http, siem_row())
    expect_search(http, resolved=[outage(-1000001, MARKER, "resolved")])
    expect_ticketed(http)
    result = escalate(if_resolved="Return Existing")
    assert (result["fortimonitor"]["outcome"], result["fortimonitor"]["incident_id"]) == ("already_done", -1000001)


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_cleared_incident_whose_ticket_is_resolved_is_not_escalated_again(http, status):
    expect_siem_row(http, siem_row(**AGAIN, incidentStatus=status))
    expect_read(http, -900, outage(-900, MARKER, "resolved"))
    assert failure().startswith(f"{GOAL}it is ")


@pytest.mark.parametrize("choice", ["Fail", "create another", 1])
def test_what_to_do_with_a_resolved_incident_is_one_of_two_choices(http, choice):
    assert f"If Resolved '{choice}' is not one of: Create Another, Return Existing." in failure(if_resolved=choice)


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


HOSTILE = [
    "Mail with [correlation_id: /api/3/alerts/9]",
    f"{marked('', '/api/3/alerts/9').split()[0]} Brute force",
    "&#91;correlation_id: x&#93;\n[correlation_id: y]",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_what_fortisiem_shows_is_never_refused_and_carries_no_marker(http, title):
    description = DESCRIPTION.replace("Brute force", title, 1)
    shown = outage(-1000001, "", in_metadata=False, description=marked(description, MARKER))
    expect_no_incident_yet(http, incidentTitle=title)
    expect_create(http, create_body(description))
    expect_read(http, -1000001, shown)
    expect_ticketed(http)
    result = escalate()
    assert (result["outcome"], result["fortimonitor"]["correlation_id"]) == ("done", MARKER)
    # An event that the text names does not take this incident for its own.
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, shown)
    assert "which is not its incident in FortiMonitor" in failure(correlation_id="/api/3/alerts/9")


@pytest.mark.parametrize("description", HOSTILE)
def test_a_description_of_the_analysts_that_could_be_taken_for_a_marker_is_refused(http, description):
    assert failure(description=description).startswith("The parameters are not valid: Description must not contain ")


@pytest.mark.field_case("W2")
@pytest.mark.parametrize(
    ("address", "marker"),
    [
        ("fortisiem.test:8443", "fortisiem:fortisiem.test:8443:1"),
        ("https://FortiSIEM.test:8443/phoenix", "fortisiem:fortisiem.test:8443:1"),
        ("10.0.0.1:9001", "fortisiem:10.0.0.1:9001:1"),
    ],
)
def test_the_port_belongs_to_the_marker_where_it_is_not_the_usual_one(http, monkeypatch, address, marker):
    monkeypatch.setattr(pair, "INCIDENTS", f"https://{marker[len('fortisiem:') : -2]}/phoenix/rest/pub/incident")
    config = configuration(fortisiem_server=address)
    old = marker.replace(":8443", "").replace(":9001", "")
    # The form that was made before counts where the ticket names its incident.
    for known in (marker, old):
        expect_siem_row(http, siem_row(**TICKET))
        expect_read(http, -1000001, outage(-1000001, known))
        assert escalate(config)["fortimonitor"]["correlation_id"] == known
    # Another FortiSIEM on the same host does not count.
    for other in (f"{old[:-2]}:9443:1", f"{marker}1", marker.replace("fortisiem:", "fortisiem:x")):
        expect_siem_row(http, siem_row(**TICKET))
        expect_read(http, -1000001, outage(-1000001, other))
        assert "which is not its incident in FortiMonitor" in failure(config)
    # Without a ticket the one that is looked for has the port.
    expect_siem_row(http, siem_row())
    expect_outages(http, [outage(-5, old), outage(-4, f"{old[:-2]}:9443:1")])
    expect_create(http, create_body(marker=marker), status=405, headers={})
    assert "FortiMonitor answered 405" in failure(config)


@pytest.mark.parametrize(
    "address",
    ["fortisiem.test", "FortiSIEM.test", "https://fortisiem.test/phoenix/login.html", "https://fortisiem.test:443"],
)
def test_the_marker_is_made_of_host_and_incident_however_the_address_is_written(http, address):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, outage(-1000001, MARKER))
    assert escalate(configuration(fortisiem_server=address))["fortimonitor"]["correlation_id"] == MARKER


# What is refused before anything is sent.


@pytest.mark.field_case("W6")
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
        f"{GOAL}FortiSIEM shows no incident 1. {NOTHING} Check the ID, and that the account sees the incident's organization; else choose the configuration that owns it."
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
    ("side", "product"), [("fortimonitor_sign_in", "FortiMonitor"), ("fortisiem_sign_in", "FortiSIEM")]
)
def test_both_products_are_needed(http, side, product):
    assert failure(configuration(**{side: "Off"})) == (
        f"{GOAL}{product} is switched off in this configuration. {NOTHING} Choose a way to sign in under {product} Sign-in, or another configuration."
    )


# Half done, and run again.


def test_a_ticket_that_fortisiem_refuses_leaves_the_incident_and_says_so(http):
    expect_no_incident_yet(http)
    expect_created(http)
    expect_siem_update(http, SENT, status=403)
    assert failure() == f"{GOAL}{FORBIDDEN} {PARTLY} {ACCESS}"


def test_run_again_after_that_only_the_ticket_is_written(http):
    expect_siem_row(http, siem_row())
    expect_outages(http, [outage(-1000001, MARKER)])
    expect_ticketed(http)
    result = escalate()
    assert (result["outcome"], result["changed"]) == ("done", True)
    assert (result["fortimonitor"]["outcome"], result["fortisiem"]["outcome"]) == ("already_done", "done")
    assert len(http.calls) == 4


def test_refused_again_nothing_was_changed_this_time(http):
    expect_siem_row(http, siem_row())
    expect_outages(http, [outage(-1000001, MARKER)])
    expect_siem_update(http, SENT, status=403)
    assert failure() == f"{GOAL}{FORBIDDEN} {NOTHING} {ACCESS}"


@pytest.mark.parametrize(("is_new", "changed"), [(True, PARTLY), (False, "Whether anything was changed is unknown.")])
def test_a_ticket_of_which_nobody_knows_is_told_as_unknown_on_that_side(http, is_new, changed):
    if is_new:
        expect_no_incident_yet(http)
        expect_created(http)
    else:
        expect_siem_row(http, siem_row())
        expect_outages(http, [outage(-1000001, MARKER)])
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
        f"anything was changed is unknown. Wait 5 minutes, then run the action again with Correlation ID {MARKER}: it will not create a second "
        "incident."
    )


def test_an_incident_whose_answer_was_lost_is_found_and_written_into_fortisiem(http):
    expect_no_incident_yet(http)
    expect_create(http, create_body(), status=500, headers={})
    expect_outages(http, [outage(-1000001, MARKER)])
    expect_ticketed(http)
    assert escalate()["fortimonitor"]["confirmed_by"] == "read_back"
