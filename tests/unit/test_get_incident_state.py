"""get_incident_state: whether the two incidents of a pair agree, in what they differ, and since when."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import expect_page, expect_read, outage
from tests.support.package import ConnectorError, execute
from tests.support.pair import CLOSED, MARKER, OUTAGE_URL, TICKET, expect_siem_row, siem_row

START = "Wed, 05 Nov 2025 17:30:00 -0000"
END = {"end_time": "Wed, 05 Nov 2025 17:37:35 -0000"}


def state(**params):
    return execute("get_incident_state", {"incident_id": 1, **params})


def expect_pair(http, row, shown):
    expect_siem_row(http, row)
    expect_read(http, -1000001, shown)


def failure(**params):
    with pytest.raises(ConnectorError) as caught:
        state(**params)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (siem_row(**TICKET), "active"),
        (siem_row(**TICKET), "acknowledged"),
        (siem_row(**{**TICKET, "incidentStatus": 4}), "active"),
        *((siem_row(**{**TICKET, **CLOSED, "incidentStatus": status}), "resolved") for status in (1, "2", 3)),
    ],
)
def test_a_pair_that_is_open_or_closed_on_both_sides_agrees(http, row, status):
    expect_pair(http, row, outage(-1000001, MARKER, status))
    result = state()
    assert (result["state"], result["agree"], result["differences"]) == ("in_step", True, [])
    both = "closed" if status == "resolved" else "active"
    assert result["summary"] == f"FortiMonitor incident -1000001 and FortiSIEM incident 1 agree: both are {both}."
    assert (result["fortimonitor"]["incident_id"], result["fortisiem"]["incident_id"]) == (-1000001, 1)
    assert len(http.calls) == 2


@pytest.mark.parametrize(
    ("row", "shown", "difference"),
    [
        (
            siem_row(**TICKET),
            outage(-1000001, MARKER, "resolved", **END),
            {"what": "status", "fortimonitor": "resolved", "fortisiem": "Active", "since": "2025-11-05T17:37:35Z"},
        ),
        (
            siem_row(**TICKET),
            outage(-1000001, MARKER, "resolved", end_time=None),
            {"what": "status", "fortimonitor": "resolved", "fortisiem": "Active", "since": None},
        ),
        (
            siem_row(**{**TICKET, **CLOSED}),
            outage(-1000001, MARKER, **END),
            {
                "what": "status",
                "fortimonitor": "active",
                "fortisiem": "Manually Cleared",
                "since": "2025-11-05T17:37:30Z",
            },
        ),
        (
            siem_row(**{**TICKET, **CLOSED, "incidentStatus": 1}),
            outage(-1000001, MARKER),
            {"what": "status", "fortimonitor": "active", "fortisiem": "Auto Cleared", "since": "2025-11-05T17:37:30Z"},
        ),
        (
            siem_row(**TICKET),
            outage(-1000001, "other", start_time=START),
            {
                "what": "correlation id",
                "fortimonitor": "other",
                "fortisiem": MARKER,
                "since": "2025-11-05T17:30:00Z",
            },
        ),
        (
            siem_row(**TICKET),
            outage(-1000001, "", in_metadata=False, in_description=False),
            {"what": "correlation id", "fortimonitor": None, "fortisiem": MARKER, "since": None},
        ),
    ],
)
def test_a_difference_is_told_with_both_sides_and_the_time_of_the_side_that_changed(http, row, shown, difference):
    expect_pair(http, row, shown)
    result = state()
    assert (result["state"], result["agree"], result["differences"]) == ("out_of_step", False, [difference])
    pair = "FortiMonitor incident -1000001 and FortiSIEM incident 1"
    assert result["summary"] == f"{pair} differ in: {difference['what']}."


@pytest.mark.parametrize("ticket", [None, " ", "INC-7", "1000001"])
def test_a_ticket_that_names_another_incident_than_the_given_one_is_a_difference(http, ticket):
    expect_pair(http, siem_row(incidentExtTicketId=ticket), outage(-1000001, MARKER))
    shown = ticket if ticket and ticket.strip() else None
    difference = {"what": "external ticket", "fortimonitor": -1000001, "fortisiem": shown, "since": None}
    assert state(incident=OUTAGE_URL)["differences"] == [difference]


def test_all_differences_are_told_at_once(http):
    expect_pair(http, siem_row(), outage(-1000001, "other", "resolved", **END))
    result = state(incident="-1000001")
    assert [difference["what"] for difference in result["differences"]] == [
        "status",
        "external ticket",
        "correlation id",
    ]


def test_the_marker_of_the_analyst_is_the_one_that_is_compared(http):
    expect_pair(http, siem_row(**TICKET), outage(-1000001, "/api/3/alerts/42"))
    assert state(correlation_id="/api/3/alerts/42")["agree"] is True


GOAL = "Could not compare FortiSIEM incident 1 with its incident in FortiMonitor: "


@pytest.mark.parametrize("ticket", [None, " ", "INC-7", {"id": 7}])
@pytest.mark.parametrize("others", [[], [outage(-7, "fortisiem:fortisiem.test:11"), outage(-8, MARKER, "resolved")]])
def test_an_incident_that_was_not_raised_is_an_answer(http, ticket, others):
    expect_siem_row(http, siem_row(incidentExtTicketId=ticket))
    expect_page(http, "/outage", others, total=len(others), query={"status": "active"})
    result = state()
    assert (result["state"], result["agree"], result["differences"]) == ("not_raised", None, [])
    assert result["summary"] == "FortiSIEM incident 1 has no active incident in FortiMonitor."
    assert (result["fortimonitor"], result["fortisiem"]["incident_id"]) == (None, 1)


def test_an_incident_that_was_raised_and_has_no_ticket_is_found_by_its_marker(http):
    expect_siem_row(http, siem_row())
    expect_page(http, "/outage", [outage(-7, "x"), outage(-1000001, MARKER)], total=2, query={"status": "active"})
    expect_read(http, -1000001, outage(-1000001, MARKER))
    result = state()
    assert (result["state"], result["agree"]) == ("out_of_step", False)
    assert result["summary"] == "FortiMonitor incident -1000001 and FortiSIEM incident 1 differ in: external ticket."


def test_where_not_all_active_incidents_can_be_read_nobody_is_told_that_it_was_not_raised(http):
    expect_siem_row(http, siem_row())
    expect_page(http, "/outage", [{"url": "?"}], total=1, query={"status": "active"})
    assert failure() == (
        f"{GOAL}The parameters are not valid: FortiMonitor Incident is required: the FortiSIEM incident has no external "
        "ticket, and FortiMonitor's list of incidents could not be read in whole. Nothing was changed."
    )


def test_an_incident_that_fortisiem_does_not_show_is_told(http):
    expect_siem_row(http)
    assert failure() == (
        f"{GOAL}FortiSIEM shows no incident 1. Nothing was changed. Check the ID, and that the account sees the incident's "
        "organization; else choose the configuration that owns it."
    )


def test_an_incident_that_fortimonitor_does_not_show_is_told(http):
    expect_siem_row(http, siem_row(**TICKET))
    expect_read(http, -1000001, status=404)
    assert failure() == (
        "Could not read incident -1000001: FortiMonitor answered 404 to GET /v2/outage/-1000001. Nothing was changed. The "
        "requested resource does not exist. IDs of custom incidents may be negative: the control panel may show the same "
        "number without its minus sign. If it is of another account, choose the configuration that owns it."
    )
