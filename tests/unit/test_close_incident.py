"""close_incident: resolved in FortiMonitor and cleared in FortiSIEM, each side once."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import expect_page, expect_read, outage
from tests.support.package import ConnectorError, execute
from tests.support.pair import (
    CLOSED,
    MARKER,
    OUTAGE_URL,
    TICKET,
    expect_resolve,
    expect_siem_read,
    expect_siem_row,
    expect_siem_update,
    siem_row,
)

SENT = {"incidentStatus": "2", "comments": "Patched", "externalTicketState": "Closed"}
READ = ["incidentStatus", "incidentComments", "incidentExtTicketState"]
WRITTEN = {"incidentStatus": 2, "incidentComments": "Patched", "incidentExtTicketState": "Closed"}
FIELDS = {"status": "Manually Cleared", "comments": "Patched", "external_ticket_state": "Closed"}
GOAL = "Could not close FortiSIEM incident 1 and its incident in FortiMonitor: "
NOTHING = "Nothing was changed."
PARTLY = "A part of it was done. Running it again finishes the rest."
READ_ONLY = "A read-only API key is the usual reason; check the key's role under API keys."
ACCESS = "Make sure that the account has the appropriate access."
TRY_LATER = "The API request failed due to an internal server error. Try again later."
RESOLVE = "Could not resolve incident -1000001: FortiMonitor answered {} to PUT /v2/outage/-1000001/force_resolve"
UPDATE = "Could not update FortiSIEM incident 1: FortiSIEM answered {} to POST /phoenix/rest/incident/external"


def close(**params):
    return execute("close_incident", {"incident_id": 1, "reason": "Patched", **params})


def failure(**params):
    with pytest.raises(ConnectorError) as caught:
        close(**params)
    return str(caught.value)


def expect_pair(http, status="active", marker=MARKER, **row):
    expect_siem_row(http, siem_row(**{**TICKET, **row}))
    expect_read(http, -1000001, outage(-1000001, marker, status))


def expect_cleared(http, sent=None, fields=READ, row=None):
    expect_siem_update(http, SENT if sent is None else sent)
    expect_siem_read(http, fields, WRITTEN if row is None else row)


RESOLVED = "FortiMonitor incident -1000001 was resolved."
CLEARED = "FortiSIEM incident 1: status set to Manually Cleared, comment added, external ticket state set to Closed."
ALREADY = (
    "FortiMonitor incident -1000001 was already resolved;",
    "FortiSIEM incident 1 was already cleared;",
)


def test_the_external_ticket_is_resolved_and_the_incident_cleared(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(http)
    assert close() == {
        "summary": f"{RESOLVED} {CLEARED}",
        "outcome": "done",
        "changed": True,
        "fortimonitor": {
            "summary": RESOLVED,
            "outcome": "done",
            "changed": True,
            "confirmed_by": "response",
            "attempts": 1,
            "incident_id": -1000001,
            "incident_url": OUTAGE_URL,
            "page_url": None,
            "request": {"method": "PUT", "path": "/v2/outage/-1000001/force_resolve", "status": 204},
            "warning": None,
        },
        "fortisiem": {
            "summary": CLEARED,
            "outcome": "done",
            "changed": True,
            "confirmed_by": "read_back",
            "attempts": 1,
            "incident_id": 1,
            "page_url": None,
            "fields": FIELDS,
            "verified": dict.fromkeys(FIELDS, "applied"),
            "warning": None,
            "request": {"method": "POST", "path": "/phoenix/rest/incident/external", "status": 200},
        },
    }


@pytest.mark.parametrize(("status", "word"), [(1, "Auto Cleared"), ("2", "Manually Cleared"), (3, "System Cleared")])
@pytest.mark.parametrize("comments", ["Patched", "Something else"])
def test_run_again_it_reads_each_side_once_and_changes_nothing(http, status, word, comments):
    expect_pair(http, "resolved", **{**CLOSED, "incidentStatus": status, "incidentComments": comments})
    resolved, cleared = (f"{each} nothing was changed." for each in ALREADY)
    assert close(resolution="False Positive") == {
        "summary": f"{resolved} {cleared}",
        "outcome": "already_done",
        "changed": False,
        "fortimonitor": {
            "summary": resolved,
            "outcome": "already_done",
            "changed": False,
            "confirmed_by": "read_back",
            "attempts": 0,
            "incident_id": -1000001,
            "incident_url": OUTAGE_URL,
            "page_url": None,
            "request": {},
            "warning": None,
        },
        "fortisiem": {
            "summary": cleared,
            "outcome": "already_done",
            "changed": False,
            "confirmed_by": "read_back",
            "attempts": 0,
            "incident_id": 1,
            "page_url": None,
            "fields": {
                "status": "Manually Cleared",
                "comments": "Patched",
                "resolution": "False Positive",
                "external_ticket_state": "Closed",
            },
            "verified": {},
            "warning": f"It is {word} already; neither reason nor resolution was sent.",
            "request": {},
        },
    }
    assert len(http.calls) == 2


def test_the_resolution_goes_out_with_the_clearing(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(
        http,
        {**SENT, "resolution": "3"},
        ["incidentStatus", "incidentComments", "incidentReso", "incidentExtTicketState"],
        {**WRITTEN, "incidentReso": 3},
    )
    assert close(resolution="False Positive")["fortisiem"]["fields"]["resolution"] == "False Positive"


@pytest.mark.field_case("W21")
def test_of_a_cleared_incident_only_the_ticket_is_closed_and_no_second_comment_is_made(http):
    expect_pair(http, "resolved", **{**CLOSED, "incidentExtTicketState": "New"})
    expect_cleared(http, {"externalTicketState": "Closed"}, ["incidentExtTicketState"])
    result = close(resolution="True Positive")
    assert (result["changed"], result["fortimonitor"]["changed"], result["fortisiem"]["changed"]) == (True, False, True)
    assert result["fortisiem"]["fields"] == {"external_ticket_state": "Closed"}
    assert result["fortisiem"]["warning"] == ("It is Manually Cleared already; neither reason nor resolution was sent.")


@pytest.mark.field_case("W4")
@pytest.mark.parametrize(
    "older", ["Not Patched yet", "Patched by itself", "see: Patched.", "Before\nPatched", "Patched"]
)
def test_a_reason_is_never_taken_for_given_because_an_older_comment_has_it(http, older):
    expect_pair(http, "resolved", incidentComments=older)
    expect_cleared(http, row={**WRITTEN, "incidentComments": f"{older}\nPatched"})
    result = close()
    assert (result["outcome"], result["fortisiem"]["warning"]) == ("done", None)
    assert result["fortisiem"]["verified"]["comments"] == "applied"


@pytest.mark.parametrize(
    ("after", "reading"),
    [
        ("Not Patched yet", "not applied"),
        ("Not Patched yet\nNot Patched either", "not readable"),
        ("Not Patched yet\nadmin: Patched", "not readable"),
        ("", "not readable"),
    ],
)
def test_a_reason_that_does_not_show_as_an_entry_of_its_own_is_told(http, after, reading):
    expect_pair(http, "resolved", incidentComments="Not Patched yet")
    expect_cleared(http, row={**WRITTEN, "incidentComments": after})
    result = close()["fortisiem"]
    assert (result["verified"]["comments"], result["warning"]) == (reading, f"Read back: comments {reading}.")


# Which incident of FortiMonitor.


@pytest.mark.parametrize("incident", ["-1000001", "#-1000001", OUTAGE_URL, -1000001])
def test_an_incident_that_the_analyst_names_is_resolved_without_asking_for_a_marker(http, incident):
    expect_siem_row(http, siem_row())
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(http, {"incidentStatus": "2", "comments": "Patched"}, ["incidentStatus", "incidentComments"])
    assert close(incident=incident)["fortimonitor"]["incident_id"] == -1000001


def test_an_incident_that_the_analyst_names_with_a_marker_must_carry_it(http):
    expect_pair(http, marker="/api/3/alerts/42")
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(http)
    assert close(incident="-1000001", correlation_id="/api/3/alerts/42")["outcome"] == "done"


def test_the_ticket_must_carry_the_marker_that_the_analyst_names(http):
    expect_pair(http, marker="/api/3/alerts/42")
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(http)
    assert close(correlation_id="/api/3/alerts/42")["outcome"] == "done"


@pytest.mark.field_case("W6")
@pytest.mark.parametrize(
    ("row", "carried"),
    [
        (outage(-1000001, "fortisiem:fortisiem.test:11"), "correlation id 'fortisiem:fortisiem.test:11'"),
        (outage(-1000001, "", in_metadata=False, in_description=False), "no correlation id"),
        (outage(-1000001, "other", "resolved"), "correlation id 'other'"),
        (outage(-1000001, "x" * 10_000, in_description=False), f"correlation id '{'x' * 197}...'"),
    ],
)
def test_a_ticket_of_something_else_is_refused_and_neither_side_is_touched(http, row, carried):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, row)
    assert failure() == (
        f"Could not resolve incident -1000001: it carries {carried}, not '{MARKER}'. {NOTHING} It is another incident; check "
        "its ID."
    )


def test_an_incident_with_another_marker_than_the_analyst_named_is_refused_and_neither_side_is_touched(http):
    expect_pair(http)
    assert "it carries correlation id" in failure(incident="-1000001", correlation_id="/api/3/alerts/42")


def test_an_ordinary_outage_is_refused_and_fortisiem_is_not_touched(http):
    expect_siem_row(http, siem_row())
    expect_resolve(http, {"reason": "Patched"}, status=400)
    expect_read(http, -1000001, outage(-1000001, MARKER, type="outage"))
    assert failure(incident="-1000001") == (
        "Could not resolve incident -1000001: it is an ordinary outage (FortiMonitor answered 400 to PUT "
        f"/v2/outage/-1000001/force_resolve). {NOTHING} Only custom incidents can be force-resolved."
    )


@pytest.mark.parametrize(
    ("ticket", "shown"),
    [
        ("INC-7", "the external ticket 'INC-7'"),
        ("I" * 10_000, f"the external ticket '{'I' * 57}...'"),
        ({"id": 7}, """the external ticket '{"id":7}'"""),
    ],
)
def test_with_the_ticket_of_something_else_the_incident_must_be_given(http, ticket, shown):
    expect_siem_row(http, siem_row(incidentExtTicketId=ticket))
    assert failure() == (
        f"{GOAL}The parameters are not valid: FortiMonitor Incident is required: the FortiSIEM incident has {shown}. {NOTHING}"
    )


UNRAISED = {
    "summary": "FortiSIEM incident 1 has no active incident in FortiMonitor.",
    "outcome": "not_raised",
    "changed": False,
    "confirmed_by": "read_back",
    "attempts": 0,
    "incident_id": None,
    "incident_url": None,
    "page_url": None,
    "request": {},
    "warning": None,
}


@pytest.mark.parametrize("ticket", [None, " "])
def test_an_incident_that_was_not_raised_is_cleared_in_fortisiem_alone(http, ticket):
    expect_siem_row(http, siem_row(incidentExtTicketId=ticket))
    expect_page(http, "/outage", [outage(-7, "x")], total=1, query={"status": "active"})
    expect_cleared(http, UNRESOLVED, UNRESOLVED_READ)
    result = close()
    cleared = "FortiSIEM incident 1: status set to Manually Cleared, comment added."
    assert result["summary"] == f"{UNRAISED['summary']} {cleared}"
    assert (result["outcome"], result["changed"], result["fortimonitor"]) == ("done", True, UNRAISED)
    assert (result["fortisiem"]["outcome"], result["fortisiem"]["summary"]) == ("done", cleared)


def test_an_incident_that_was_not_raised_and_is_cleared_is_left_alone(http):
    expect_siem_row(http, siem_row(incidentStatus=2))
    expect_page(http, "/outage", [], total=0, query={"status": "active"})
    result = close()
    assert (result["outcome"], result["changed"]) == ("already_done", False)
    assert result["summary"] == f"{UNRAISED['summary']} FortiSIEM incident 1 was already cleared; nothing was changed."


def test_an_incident_that_no_ticket_names_is_found_by_its_marker_and_resolved(http):
    expect_siem_row(http, siem_row())
    expect_page(http, "/outage", [outage(-1000001, MARKER)], total=1, query={"status": "active"})
    expect_read(http, -1000001, outage(-1000001, MARKER))
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(http, UNRESOLVED, UNRESOLVED_READ)
    assert close()["fortimonitor"]["incident_id"] == -1000001


def test_where_not_all_active_incidents_can_be_read_nothing_is_closed(http):
    expect_siem_row(http, siem_row())
    expect_page(http, "/outage", [{"url": "?"}], total=1, query={"status": "active"})
    assert failure() == (
        f"{GOAL}The parameters are not valid: FortiMonitor Incident is required: the FortiSIEM incident has no external "
        f"ticket, and FortiMonitor's list of incidents could not be read in whole. {NOTHING}"
    )


def test_an_incident_that_fortisiem_does_not_show_is_not_closed(http):
    expect_siem_row(http)
    assert failure(incident="-1000001") == (
        f"{GOAL}FortiSIEM shows no incident 1. {NOTHING} Check the ID, and that the account sees the incident's organization; else choose the configuration that owns it."
    )


# Half done, and run again. The ticket is closed once what it names is resolved.

UNRESOLVED = {"incidentStatus": "2", "comments": "Patched"}
UNRESOLVED_READ = ["incidentStatus", "incidentComments"]


def test_what_fortimonitor_refuses_is_cleared_in_fortisiem_all_the_same(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"}, status=405)
    expect_read(http, -1000001, outage(-1000001, MARKER))
    expect_cleared(http, UNRESOLVED, UNRESOLVED_READ)
    assert failure() == (
        f"{GOAL}FortiSIEM is done (incident 1); FortiMonitor is not: {RESOLVE.format(405)}. {PARTLY} {READ_ONLY}"
    )


def test_run_again_after_that_fortimonitor_is_resolved_and_the_ticket_closed(http):
    cleared = {**WRITTEN, "incidentExtTicketState": "New"}
    expect_pair(http, **cleared)
    expect_resolve(http, {"reason": "Patched"})
    expect_siem_update(http, {"externalTicketState": "Closed"})
    expect_siem_read(http, ["incidentExtTicketState"], siem_row(**WRITTEN))
    result = close()
    assert (result["outcome"], result["fortisiem"]["outcome"]) == ("done", "done")


def test_where_all_is_written_only_fortimonitor_is_resolved(http):
    expect_pair(http, **WRITTEN)
    expect_resolve(http, {"reason": "Patched"})
    result = close()
    assert (result["outcome"], result["fortisiem"]["outcome"]) == ("done", "already_done")
    assert len(http.calls) == 3


def test_what_fortisiem_refuses_is_resolved_in_fortimonitor_all_the_same(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"})
    expect_siem_update(http, SENT, status=403)
    assert failure() == (
        f"{GOAL}FortiMonitor is done (incident -1000001); FortiSIEM is not: {UPDATE.format(403)}. {PARTLY} {ACCESS}"
    )


def test_run_again_after_that_only_fortisiem_is_cleared(http):
    expect_pair(http, "resolved")
    expect_cleared(http)
    result = close()
    assert (result["outcome"], result["fortimonitor"]["outcome"]) == ("done", "already_done")
    assert len(http.calls) == 4


def test_refused_again_nothing_was_changed_this_time(http):
    expect_pair(http, "resolved")
    expect_siem_update(http, SENT, status=403)
    assert failure() == (
        f"{GOAL}FortiMonitor is done (incident -1000001); FortiSIEM is not: {UPDATE.format(403)}. {NOTHING} {ACCESS}"
    )


@pytest.mark.field_case("W6")
@pytest.mark.parametrize("ticket", ["4711", "-1000001", 4711])
def test_a_ticket_that_names_no_incident_in_fortimonitor_is_left_alone_on_both_sides(http, ticket):
    expect_siem_row(http, siem_row(incidentExtTicketId=ticket, incidentExtTicketState="New"))
    expect_read(http, ticket, status=404)
    assert failure() == (
        f"{GOAL}its external ticket '{ticket}' names no incident in FortiMonitor. {NOTHING} It may be another system's "
        "ticket. Clear the FortiSIEM incident alone, or give FortiMonitor Incident."
    )
    assert len(http.calls) == 2


def test_where_the_incident_that_the_analyst_names_is_gone_fortisiem_is_left_alone(http):
    """A mistyped ID would clear FortiSIEM's, and no re-run could ever finish the rest."""
    expect_siem_row(http, siem_row(**TICKET))
    expect_resolve(http, {"reason": "Patched"}, status=404)
    expect_read(http, -1000001, status=404)
    assert failure(incident="-1000001") == (
        f"{RESOLVE.format(404)}. {NOTHING} The requested resource does not exist. IDs of custom incidents may be negative: "
        "the control panel may show the same number without its minus sign. If it is of another account, choose the configuration that owns it."
    )


@pytest.mark.field_case("W6")
@pytest.mark.parametrize("ticket", ["INC0012345", "4711", "-1000002", "1000001", "-1000001x"])
def test_the_ticket_of_another_system_keeps_its_state(http, ticket):
    expect_siem_row(http, siem_row(incidentExtTicketId=ticket, incidentExtTicketState="New"))
    expect_resolve(http, {"reason": "Patched"})
    expect_cleared(http, {"incidentStatus": "2", "comments": "Patched"}, ["incidentStatus", "incidentComments"])
    result = close(incident="-1000001")
    assert result["fortisiem"]["fields"] == {"status": "Manually Cleared", "comments": "Patched"}


def test_where_both_sides_refuse_both_are_named(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"}, status=405)
    expect_read(http, -1000001, outage(-1000001, MARKER))
    expect_siem_update(http, UNRESOLVED, status=403)
    assert failure() == (
        f"{GOAL}FortiMonitor is not: {RESOLVE.format(405)}; FortiSIEM is not: {UPDATE.format(403)}. {NOTHING} {READ_ONLY} "
        f"{ACCESS}"
    )


def test_where_nobody_knows_of_either_side_both_are_named_and_their_advice_once(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"}, status=500)
    expect_read(http, -1000001, status=500)
    expect_siem_update(http, UNRESOLVED, status=500)
    expect_siem_read(http, UNRESOLVED_READ, status=500)
    assert failure() == (
        f"{GOAL}FortiMonitor is not: {RESOLVE.format(500)}; FortiSIEM is not: {UPDATE.format(500)}. Whether anything was "
        f"changed is unknown. {TRY_LATER}"
    )


def test_the_side_of_which_nobody_knows_is_named(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"}, status=500)
    expect_read(http, -1000001, status=500)
    expect_cleared(http, UNRESOLVED, UNRESOLVED_READ)
    assert failure() == (
        f"{GOAL}FortiSIEM is done (incident 1); FortiMonitor is not: {RESOLVE.format(500)}. {PARTLY} Whether anything was "
        f"changed in FortiMonitor is unknown. {TRY_LATER}"
    )


def test_where_both_fail_the_side_of_which_nobody_knows_is_named(http):
    expect_pair(http)
    expect_resolve(http, {"reason": "Patched"}, status=500)
    expect_read(http, -1000001, status=500)
    expect_siem_update(http, UNRESOLVED, status=403)
    assert failure() == (
        f"{GOAL}FortiMonitor is not: {RESOLVE.format(500)}; FortiSIEM is not: {UPDATE.format(403)}. Whether anything was "
        f"changed is unknown. Whether anything was changed in FortiMonitor is unknown. {TRY_LATER} {ACCESS}"
    )


def test_after_an_answer_that_was_lost_a_second_run_finds_both_done(http):
    expect_pair(http, "resolved", **WRITTEN)
    assert close()["outcome"] == "already_done"
