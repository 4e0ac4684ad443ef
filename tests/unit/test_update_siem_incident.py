"""update_siem_incident: the request that goes out, and what each answer becomes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from responses import matchers

from tests.support.package import (
    CLIENT_SECRET,
    FORTISIEM_URL,
    PASSWORD,
    WAIT_FIRST,
    ConnectorError,
    configuration,
    execute,
    module,
    with_token,
)

URL = f"{FORTISIEM_URL}/phoenix/rest/incident/external"
BASIC = "Basic " + base64.b64encode(f"super/admin:{PASSWORD}".encode()).decode()
OK = {"body": '"OK"', "content_type": "text/plain"}


def expect_update(http, sent, authorization=BASIC, **answer):
    http.post(
        URL,
        match=[
            matchers.json_params_matcher({"incidentId": "1", **sent}, strict_match=True),
            matchers.header_matcher({"Authorization": authorization, "Content-Type": "application/json"}),
        ],
        **{"status": 200, **(answer or OK)},
    )


def update(config=None, incident_id=1, verify=False, **params):
    return execute("update_siem_incident", {"incident_id": incident_id, "verify": verify, **params}, config)


def failure(config=None, incident_id=1, **params):
    with pytest.raises(ConnectorError) as caught:
        update(config, incident_id, **(params or {"comments": "hello"}))
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_the_seeds_payload_goes_out_as_strings(http):
    expect_update(
        http,
        {
            "comments": "XYZ",
            "incidentStatus": "3",
            "externalTicketType": "MEDIUM",
            "externalTicketId": "1111",
            "externalTicketState": "Closed",
            "externalAssignedUser": "ABC",
        },
    )
    fields = {
        "status": "System Cleared",
        "comments": "XYZ",
        "external_ticket_type": "Medium",
        "external_ticket_id": "1111",
        "external_ticket_state": "Closed",
        "external_assigned_user": "ABC",
    }
    assert update(**{**fields, "external_ticket_id": 1111}) == {
        "summary": "FortiSIEM incident 1: status set to System Cleared, comment added, external ticket type set to Medium, "
        "external ticket id set to 1111, external ticket state set to Closed, external assigned user set to ABC.",
        "outcome": "done",
        "changed": True,
        "confirmed_by": "response",
        "attempts": 1,
        "incident_id": 1,
        "page_url": None,
        "fields": fields,
        "verified": {},
        "warning": None,
        "request": {"method": "POST", "path": "/phoenix/rest/incident/external", "status": 200},
    }


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"status": "Active"}, {"incidentStatus": "0"}),
        ({"status": "Auto Cleared"}, {"incidentStatus": "1"}),
        ({"status": "Manually Cleared"}, {"incidentStatus": "2"}),
        ({"status": "System Cleared"}, {"incidentStatus": "3"}),
        ({"comments": "a\nb"}, {"comments": "a\nb"}),
        ({"severity": "Low"}, {"severity": "LOW"}),
        ({"severity": "Medium"}, {"severity": "MEDIUM"}),
        ({"severity": "High"}, {"severity": "HIGH"}),
        ({"resolution": "True Positive"}, {"resolution": "2"}),
        ({"resolution": "False Positive"}, {"resolution": "3"}),
        ({"external_ticket_type": "Low"}, {"externalTicketType": "LOW"}),
        ({"external_ticket_type": "Medium"}, {"externalTicketType": "MEDIUM"}),
        ({"external_ticket_type": "High"}, {"externalTicketType": "HIGH"}),
        ({"external_ticket_id": "-1000001"}, {"externalTicketId": "-1000001"}),
        ({"external_ticket_state": "New"}, {"externalTicketState": "New"}),
        ({"external_ticket_state": "Assigned"}, {"externalTicketState": "Assigned"}),
        ({"external_ticket_state": "In Progress"}, {"externalTicketState": "In Progress"}),
        ({"external_ticket_state": "Closed"}, {"externalTicketState": "Closed"}),
        ({"external_assigned_user": "ABC"}, {"externalAssignedUser": "ABC"}),
    ],
)
def test_only_the_given_attribute_goes_out(http, given, sent):
    expect_update(http, sent)
    result = update(**given, **{name: "" for name in ("comments", "status") if name not in given})
    assert result["fields"] == given


@pytest.mark.parametrize("body", ['"OK"', "OK", "SUCCESS", '"SUCCESS"', " ok \n"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "application/text", "text/html"])
def test_success_is_told_by_the_body_and_not_by_its_content_type(http, body, content_type):
    expect_update(http, {"comments": "a"}, body=body, content_type=content_type)
    assert update(comments="a")["confirmed_by"] == "response"


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_empty_body_is_accepted_but_not_confirmed(http, status):
    expect_update(http, {"comments": "a"}, status=status, body="")
    result = update(comments="a")
    assert (result["outcome"], result["confirmed_by"], result["request"]["status"]) == ("done", None, status)


WHERE = "Could not update FortiSIEM incident 1: FortiSIEM answered {} to POST /phoenix/rest/incident/external"
NOTHING = "Nothing was changed."
UNKNOWN = "Whether anything was changed is unknown."
XML = '<response requestId="1"><error code="255"><description>Invalid status</description></error></response>'
XML_INSIDE = "<response><result><error code='255'><description>Invalid status</description></error></result></response>"
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa">]><response><error code="255"><description>&a;</description></error></response>'
NOT_THERE = "Check that the incident exists in organization super."
REQUEST_FAILED = "The request failed, often due to a missing or misconfigured parameter."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"status": 200, "body": "Incident not found", "content_type": "text/plain"},
            f"{WHERE.format(200)}: Incident not found. {NOTHING} Check that incident 1 exists in organization super.",
        ),
        ({"status": 200, "body": XML}, f"{WHERE.format(200)}: Invalid status. {NOTHING} {REQUEST_FAILED}"),
        ({"status": 200, "body": XML_INSIDE}, f"{WHERE.format(200)}: Invalid status. {NOTHING} {REQUEST_FAILED}"),
        ({"status": 200, "body": BOMB}, f"{WHERE.format(200)}: an XML error. {NOTHING} {REQUEST_FAILED}"),
        (
            {"status": 200, "body": '<error code="255">'},
            f"{WHERE.format(200)}: an XML error. {NOTHING} {REQUEST_FAILED}",
        ),
        ({"status": 400, "body": XML}, f"{WHERE.format(400)}: Invalid status. {NOTHING} {REQUEST_FAILED}"),
        (
            {"status": 400, "body": "Invalid incident id"},
            f"{WHERE.format(400)}: Invalid incident id. {NOTHING} {NOT_THERE}",
        ),
        (
            {"status": 400, "json": {"result": {"code": 255, "description": "Invalid Incident Id 562"}}},
            f"{WHERE.format(400)}: Invalid Incident Id 562. {NOTHING} {NOT_THERE}",
        ),
        (
            {"status": 401, "body": "<html><body>401</body></html>", "content_type": "text/html"},
            f"{WHERE.format(401)}. {NOTHING} Check user name, password and organization: use 'super' for Enterprise "
            "deployments and Super Global accounts, else the organization of the account.",
        ),
        ({"status": 403}, f"{WHERE.format(403)}. {NOTHING} Make sure that the account has the appropriate access."),
    ],
)
def test_each_refusal_says_what_happened_where_what_to_do_and_what_was_changed(http, answer, message):
    expect_update(http, {"comments": "hello"}, **answer)
    assert failure() == message


AMBIGUOUS: dict[str, tuple[dict[str, Any], str]] = {
    "500": (
        {"status": 500},
        f"{WHERE.format(500)}. {UNKNOWN} The API request failed due to an internal server error. Try again later.",
    ),
    "503": (
        {"status": 503, "body": "<html>busy</html>", "content_type": "text/html"},
        f"{WHERE.format(503)}. {UNKNOWN} {WAIT_FIRST.format('FortiSIEM')}",
    ),
    "302": (
        {"status": 302, "headers": {"Location": "https://sso.test/login"}},
        f"{WHERE.format(302)}, a redirect to https://sso.test, which is not followed. {UNKNOWN} Check the address. "
        f"{WAIT_FIRST.format('FortiSIEM')}",
    ),
    "other text": (
        {"status": 200, "body": "Hm", "content_type": "text/plain"},
        f"{WHERE.format(200)}: Hm. {UNKNOWN} FortiSIEM answers so where the incident does not exist; check that 1 is one of "
        "organization super, and look whether it was updated.",
    ),
    "page": (
        {"status": 200, "body": "<html>Sign in</html>", "content_type": "text/html"},
        f"{WHERE.format(200)} with a web page instead of an API answer. {UNKNOWN} Something between here and the product "
        "answered, such as a proxy or a login page. Check the address.",
    ),
}
INCIDENTS = f"{FORTISIEM_URL}/phoenix/rest/pub/incident"
BOTH = ["incidentStatus", "incidentComments"]
STATES = ((0, "before"), (2, "before\nhello"))


def expect_read(http, fields, row=None, **answer):
    wanted = {"filters": {"incidentId": [1]}, "fields": ["incidentId", *fields]}
    rows = [] if row is None else [{"incidentId": 1, **row}]
    http.post(
        INCIDENTS,
        match=[
            matchers.json_params_matcher(wanted, strict_match=True),
            matchers.header_matcher({"Authorization": BASIC}),
        ],
        **(answer or {"json": {"total": len(rows), "data": rows}}),
    )


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_an_ambiguous_answer_that_cannot_be_read_back_stays_unknown(http, kind):
    answer, message = AMBIGUOUS[kind]
    expect_update(http, {"comments": "hello"}, **answer)
    expect_read(http, ["incidentComments"], status=404)
    assert failure() == message


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_an_ambiguous_answer_is_read_back_and_found_done(http, kind):
    before, after = ({"incidentStatus": status, "incidentComments": text} for status, text in STATES)
    expect_read(http, BOTH, before)
    expect_update(http, {"comments": "hello", "incidentStatus": "2"}, **AMBIGUOUS[kind][0])
    expect_read(http, BOTH, after)  # what became of it
    expect_read(http, BOTH, after)  # what it is verified by
    result = update(comments="hello", status="Manually Cleared", verify=True)
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, "read_back")
    assert (result["verified"], result["warning"]) == ({"status": "applied", "comments": "applied"}, None)


@pytest.mark.parametrize("shown", ["before\nhello", "hello", "hello\nhello", "say hello"])
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_an_ambiguous_comment_without_a_read_before_is_unknown_whatever_a_read_shows(http, kind, shown):
    answer, message = AMBIGUOUS[kind]
    expect_update(http, {"comments": "hello"}, **answer)
    expect_read(http, ["incidentComments"], {"incidentComments": shown})
    assert failure() == message


@pytest.mark.field_case("W4")
@pytest.mark.parametrize("kind", AMBIGUOUS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Not hello yet", "Not hello yet"),
        ("Not hello yet", "Not hello yet\nhello you"),
        ("hello", "hello"),
        ("a\nhello", "a\nhello"),
        ("hello\nb", "hello\nb"),
        ("", "admin: hello"),
    ],
)
def test_a_comment_is_not_known_again_by_what_was_there_or_by_a_part_of_another(http, kind, before, after):
    expect_read(http, ["incidentComments"], {"incidentComments": before})
    expect_update(http, {"comments": "hello"}, **AMBIGUOUS[kind][0])
    expect_read(http, ["incidentComments"], {"incidentComments": after})
    assert UNKNOWN in failure(comments="hello", verify=True)


@pytest.mark.field_case("W4")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "hello"),
        (None, "hello"),
        ("Not hello yet", "Not hello yet\r\nhello"),
        ("hello", "hello\nhello"),
        ("hello", "b\nhello\nhello\n"),
        ("old", "hello"),  # a version that overwrites
        ("a\nhello", "hello"),
    ],
)
def test_a_comment_is_known_again_as_an_entry_more_or_as_the_only_one(http, before, after):
    expect_read(http, ["incidentComments"], {"incidentComments": before})
    expect_update(http, {"comments": "hello"}, status=500)
    for _ in range(2):
        expect_read(http, ["incidentComments"], {"incidentComments": after})
    result = update(comments="hello", verify=True)
    assert (result["outcome"], result["confirmed_by"], result["verified"]) == (
        "done",
        "read_back",
        {"comments": "applied"},
    )


FORMS = {
    "line ends": ("step 1\r\nstep 2", "step 1\nstep 2"),
    "folded": ("step 1\nstep 2", "step 1 step 2"),
    "a lost emoji": ("fixed \U0001f600 now", "fixed now"),
    "a question mark for it": ("fixed \U0001f600", "fixed ??"),
    "escaped": ("a < b & c", "a &lt; b &amp; c"),
    "composed": ("u\u0308ber", "\u00fcber"),
    "blanks": ("a  b\t c", "a b c"),
}


@pytest.mark.field_case("F13", "W10")
@pytest.mark.parametrize("form", FORMS)
def test_a_comment_in_another_form_is_the_same_comment(http, form):
    sent, shown = FORMS[form]
    expect_read(http, ["incidentComments"], {"incidentComments": "before"})
    expect_update(http, {"comments": sent}, body="")
    expect_read(http, ["incidentComments"], {"incidentComments": f"before\n{shown}"})
    result = update(comments=sent, verify=True)
    assert (result["outcome"], result["confirmed_by"]) == ("done", "read_back")
    assert (result["verified"], result["warning"]) == ({"comments": "applied"}, None)


@pytest.mark.field_case("F13", "W10")
@pytest.mark.parametrize("after", ["before\nhel", "before\nh\u00ebllo", "before\nby admin: hello"])
def test_a_comment_that_is_shown_otherwise_is_not_readable_and_never_nothing(http, after):
    expect_read(http, ["incidentComments"], {"incidentComments": "before"})
    expect_update(http, {"comments": "hello"}, body="")
    expect_read(http, ["incidentComments"], {"incidentComments": after})
    result = update(comments="hello", verify=True)
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, None)
    assert result["warning"] == "Read back: comments not readable."


def test_only_what_a_read_shows_to_be_missing_is_sent_again(http, slept):
    expect_read(http, BOTH, {"incidentStatus": 0, "incidentComments": ""})
    expect_update(http, {"comments": "hello", "incidentStatus": "2"}, status=500)
    expect_read(http, BOTH, {"incidentStatus": 0, "incidentComments": "hello"})
    expect_update(http, {"incidentStatus": "2"}, **OK)
    expect_read(http, BOTH, {"incidentStatus": 2, "incidentComments": "hello"})
    result = update(comments="hello", status="Manually Cleared", verify=True)
    assert (result["outcome"], result["confirmed_by"], result["attempts"]) == ("done", "read_back", 2)
    assert result["fields"] == {"status": "Manually Cleared", "comments": "hello"}
    assert slept == [0.5]


def test_a_comment_that_cannot_be_read_is_never_sent_again(http):
    expect_update(http, {"comments": "hello", "incidentStatus": "2"}, status=500)
    expect_read(http, ["incidentStatus", "incidentComments"], {"incidentStatus": 0})
    assert UNKNOWN in failure(comments="hello", status="Manually Cleared")


def test_after_three_repeats_it_is_known_not_to_be_done(http):
    for _ in range(3):
        expect_update(http, {"incidentStatus": "2"}, status=500)
        expect_read(http, ["incidentStatus"], {"incidentStatus": 0})
    assert failure(status="Manually Cleared") == (
        f"{WHERE.format(500)}. {NOTHING} It was read back: status not applied. The API request failed due to an internal server "
        "error. Try again later."
    )


# Reading back after a clean answer.


@pytest.mark.parametrize(
    ("given", "sent", "row", "reading"),
    [
        ({"status": "Manually Cleared"}, {"incidentStatus": "2"}, {"incidentStatus": 2}, "applied"),
        ({"status": "Manually Cleared"}, {"incidentStatus": "2"}, {"incidentStatus": "2"}, "applied"),
        ({"status": "Manually Cleared"}, {"incidentStatus": "2"}, {"incidentStatus": 0}, "not applied"),
        ({"status": "Manually Cleared"}, {"incidentStatus": "2"}, {}, "not readable"),
        ({"comments": "b"}, {"comments": "b"}, {"incidentComments": "a\nb"}, "applied"),
        ({"comments": "b"}, {"comments": "b"}, {"incidentComments": "a"}, "not applied"),
        ({"comments": "b"}, {"comments": "b"}, {"incidentComments": None}, "not readable"),
        ({"comments": "b"}, {"comments": "b"}, {"incidentComments": "ab"}, "not readable"),
        ({"severity": "High"}, {"severity": "HIGH"}, {"eventSeverityCat": "HIGH"}, "applied"),
        ({"severity": "High"}, {"severity": "HIGH"}, {"eventSeverityCat": "LOW"}, "not applied"),
        ({"resolution": "False Positive"}, {"resolution": "3"}, {"incidentReso": 3}, "applied"),
        (
            {"external_ticket_type": "Medium"},
            {"externalTicketType": "MEDIUM"},
            {"incidentExtTicketType": "Medium"},
            "applied",
        ),
        ({"external_ticket_id": "7"}, {"externalTicketId": "7"}, {"incidentExtTicketId": 7}, "applied"),
        ({"external_ticket_id": "7"}, {"externalTicketId": "7"}, {"incidentExtTicketId": ""}, "not applied"),
        ({"external_ticket_id": "7"}, {"externalTicketId": "7"}, {"incidentExtTicketId": None}, "not applied"),
        ({"external_ticket_id": "7"}, {"externalTicketId": "7"}, {"incidentExtTicketId": "77"}, "not readable"),
        ({"external_ticket_id": "A-1"}, {"externalTicketId": "A-1"}, {"incidentExtTicketId": "A1"}, "not readable"),
        (
            {"external_ticket_state": "Closed"},
            {"externalTicketState": "Closed"},
            {"incidentExtTicketState": "CLOSED"},
            "applied",
        ),
        ({"external_assigned_user": "ABC"}, {"externalAssignedUser": "ABC"}, {"incidentExtUser": "ABC"}, "applied"),
    ],
)
def test_each_attribute_is_told_as_applied_not_applied_or_not_readable(http, given, sent, row, reading):
    field = module("clients.fortisiem.client").ATTRIBUTES[next(iter(given))].read
    if "comments" in given:  # whether it is there is told by what was there before
        expect_read(http, [field], {"incidentComments": "a"})
    expect_update(http, sent, **OK)
    expect_read(http, [field], row)
    result = update(verify=True, **given)
    assert result["verified"] == dict.fromkeys(given, reading)
    assert result["confirmed_by"] == ("read_back" if reading == "applied" else "response")
    assert result["warning"] == (None if reading == "applied" else f"Read back: {next(iter(given))} {reading}.")


@pytest.mark.parametrize(
    "read",
    [
        {"status": 500},
        {"status": 404},
        {"json": []},
        {"body": "x"},
        {"json": {"data": []}},
        {"json": {"data": [{"incidentId": 2}]}},
    ],
)
def test_an_update_that_cannot_be_read_back_is_done_all_the_same(http, read):
    expect_read(http, ["incidentComments"], **read)
    expect_update(http, {"comments": "a"}, **OK)
    expect_read(http, ["incidentComments"], **read)
    result = update(verify=True, comments="a")
    assert (result["outcome"], result["verified"]) == ("done", {"comments": "not readable"})
    assert result["warning"] == "Read back: comments not readable."


@pytest.mark.parametrize("shown", ["", None, "before", "hello you"])
def test_an_empty_answer_of_which_nothing_is_applied_is_not_success(http, shown):
    expect_read(http, ["incidentComments"], {"incidentComments": shown})
    expect_update(http, {"comments": "hello"}, body="")
    expect_read(http, ["incidentComments"], {"incidentComments": shown})
    with pytest.raises(ConnectorError) as caught:
        update(verify=True, comments="hello")
    assert str(caught.value) == (
        "Could not update FortiSIEM incident 1: FortiSIEM accepted the update, but reading it back shows no "
        "change. Nothing was changed."
    )


@pytest.mark.parametrize("kept", ["x" * 255, "R&amp;D " * 31 + "R&amp;D &a"])
def test_a_comment_behind_where_comments_are_cut_may_be_there_all_the_same(http, kept):
    for answer in ({"body": ""}, OK):
        expect_read(http, ["incidentComments"], {"incidentComments": kept})
        expect_update(http, {"comments": "hello"}, **answer)
        expect_read(http, ["incidentComments"], {"incidentComments": kept})
        result = update(verify=True, comments="hello")
        assert (result["outcome"], result["verified"]) == ("done", {"comments": "not readable"})
        assert result["warning"] == "Read back: comments not readable."


def test_a_comment_is_never_sent_again_even_if_a_read_does_not_show_it(http):
    expect_update(http, {"comments": "hello", "incidentStatus": "2"}, status=500)
    expect_read(http, ["incidentStatus", "incidentComments"], {"incidentStatus": 0, "incidentComments": ""})
    assert failure(comments="hello", status="Manually Cleared") == (
        f"{WHERE.format(500)}. {UNKNOWN} It was read back: status, comments not applied. The API request failed due to an "
        "internal server error. Try again later."
    )


# The twin address.

TWIN = f"{FORTISIEM_URL}/phoenix/rest/pub/incident/update/1"


def expect_twin(http, sent, **answer):
    http.post(
        TWIN,
        match=[matchers.json_params_matcher({"incidentId": "1", **sent}, strict_match=True)],
        **{"status": 200, **(answer or {"body": "SUCCESS", "content_type": "application/text"})},
    )


def shows(http, **row):
    http.post(INCIDENTS, json={"data": [{"incidentId": 1, **row}], "total": 1})


@pytest.mark.field_case("W9")
@pytest.mark.parametrize("status", [404, 405, 410])
def test_where_one_address_is_gone_the_other_is_used_and_remembered(http, status):
    expect_update(http, {"incidentStatus": "2"}, status=status)
    expect_twin(http, {"incidentStatus": "2"})
    shows(http, incidentStatus=2)
    result = update(status="Manually Cleared")
    assert result["request"]["path"] == "/phoenix/rest/pub/incident/update/1"
    expect_twin(
        http,
        {
            "incidentStatus": "3",
            "comments": "XYZ",
            "incidentSeverity": "LOW",
            "incidentExtTicketType": "MEDIUM",
            "incidentExtTicketId": "1111",
            "incidentExtTicketState": "Closed",
            "incidentExtUser": "ABC",
        },
    )
    shows(http, incidentStatus=3, incidentComments="XYZ", eventSeverityCat="LOW")
    result = update(
        status="System Cleared",
        comments="XYZ",
        severity="Low",
        resolution="True Positive",
        external_ticket_type="Medium",
        external_ticket_id="1111",
        external_ticket_state="Closed",
        external_assigned_user="ABC",
    )
    assert result["warning"] == (
        "This server's address for updates does not take resolution. Read back: comments not readable."
    )


@pytest.mark.field_case("W9")
def test_a_remembered_address_that_goes_away_is_replaced_too(http):
    expect_update(http, {"externalTicketId": "a"}, status=404)
    expect_twin(http, {"incidentExtTicketId": "a"})
    update(external_ticket_id="a")
    expect_twin(http, {"incidentExtTicketId": "b"}, status=404)
    expect_update(http, {"externalTicketId": "b"}, **OK)
    assert update(external_ticket_id="b")["request"]["path"] == "/phoenix/rest/incident/external"


@pytest.mark.field_case("W9")
@pytest.mark.parametrize("verify", [True, False])
def test_an_address_that_is_gone_for_a_moment_loses_no_status_with_success(http, verify):
    """Before 7.0 the other address ignores the status and says OK all the same."""
    expect_update(http, {"incidentStatus": "2"}, status=404)
    expect_twin(http, {"incidentStatus": "2"})
    shows(http, incidentStatus=0)
    assert failure(verify=verify, status="Manually Cleared") == (
        "Could not update FortiSIEM incident 1: FortiSIEM accepted the update, but reading it back shows no change. "
        f"{NOTHING} Run the action again."
    )
    expect_update(http, {"incidentStatus": "2"}, **OK)  # the other address is not remembered
    assert update(status="Manually Cleared")["outcome"] == "done"


def test_what_was_applied_beside_what_was_ignored_is_told(http):
    expect_update(http, {"incidentStatus": "2", "externalTicketId": "7"}, status=404)
    expect_twin(http, {"incidentStatus": "2", "incidentExtTicketId": "7"})
    shows(http, incidentStatus=0, incidentExtTicketId="7")
    result = update(verify=True, status="Manually Cleared", external_ticket_id="7")
    assert result["verified"] == {"status": "not applied", "external_ticket_id": "applied"}
    assert (result["confirmed_by"], result["warning"]) == ("response", "Read back: status not applied.")


def test_where_neither_address_answers_both_reasons_are_named(http):
    expect_update(http, {"comments": "hello"}, status=404)
    expect_twin(http, {"comments": "hello"}, status=404)
    assert failure() == (
        f"{WHERE.format(404)}. {NOTHING} Either incident 1 does not exist in organization super, or the server has no address "
        "for this update: FortiSIEM 5.2.5 or newer has one. Check FortiSIEM Server."
    )


def test_an_attribute_that_the_only_address_does_not_take_is_refused(http):
    expect_update(http, {"resolution": "2"}, status=404)
    assert failure(resolution="True Positive") == (
        "Could not update FortiSIEM incident 1: this server's address for updates, /pub/incident/update/{id}, does not take "
        f"resolution. {NOTHING}"
    )


def test_an_unknown_incident_does_not_make_the_other_address_be_tried(http):
    expect_update(http, {"comments": "hello"}, body="Incident not found")
    assert "Check that incident 1 exists in organization super." in failure()


def test_basic_credentials_never_show_even_if_the_product_echoes_them(http):
    encoded = BASIC.split()[1]
    expect_update(http, {"comments": "hello"}, status=418, body=f"bad {encoded} and {PASSWORD} and {BASIC}")
    message = failure()
    assert encoded not in message
    assert message == f"{WHERE.format(418)}: bad *** and *** and Basic ***. {NOTHING}"


@pytest.mark.parametrize(
    "incident_id", ["abc", "0", 0, -1, "-1", "1.5", 1.5, True, "\u0661", "1;2", "99999999999999999999", []]
)
def test_an_id_that_is_no_positive_integer_is_refused_before_sending(http, incident_id):
    message = failure(incident_id=incident_id)
    assert message.startswith("The parameters are not valid: FortiSIEM Incident ID ")
    assert message.endswith(". Nothing was changed.")


ACME = {
    "fortisiem_server": "siem.test:8443",
    "fortisiem_organization": "acme",
    "fortisiem_username": "bob",
    "fortisiem_password": "secret",
}
BOB = matchers.header_matcher({"Authorization": "Basic " + base64.b64encode(b"acme/bob:secret").decode()})


def expect_acmes_read(http, **answer):
    http.post("https://siem.test:8443/phoenix/rest/pub/incident", match=[BOB], **answer)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({"json": {"data": [{"incidentId": 1}]}}, id="it is the organization's"),
        pytest.param({"status": 404}, id="a server before 6.3 cannot tell"),
    ],
)
def test_an_account_of_one_organization_updates_what_it_is_shown(http, shown):
    expect_acmes_read(http, **shown)
    http.post("https://siem.test:8443/phoenix/rest/incident/external", match=[BOB], **OK)
    assert update(configuration(**ACME), external_ticket_id="7")["outcome"] == "done"


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (
            {"json": {"data": []}},
            f"FortiSIEM shows no incident 1. {NOTHING} Check the ID, and that the account sees the incident's organization; "
            "else choose the configuration that owns it.",
        ),
        ({"status": 403}, "FortiSIEM answered 403 to POST /phoenix/rest/pub/incident"),
    ],
)
def test_an_account_of_one_organization_sends_nothing_to_an_incident_that_it_is_not_shown(http, shown, said):
    expect_acmes_read(http, **shown)
    message = failure(configuration(**ACME), status="Manually Cleared")
    assert said in message
    assert NOTHING in message


def test_nothing_to_update_is_refused(http):
    with pytest.raises(ConnectorError) as caught:
        update(comments=" ")
    assert str(caught.value) == (
        "The parameters are not valid: At least one attribute to update must be given. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"status": "Cleared"},
            "Status 'Cleared' is not one of: Active, Auto Cleared, Manually Cleared, System Cleared.",
        ),
        ({"status": 2}, "Status '2' is not one of: Active, Auto Cleared, Manually Cleared, System Cleared."),
        ({"severity": "HIGH"}, "Severity 'HIGH' is not one of: Low, Medium, High."),
        ({"resolution": "Open"}, "Resolution 'Open' is not one of: True Positive, False Positive."),
        ({"external_ticket_type": "Urgent"}, "External Ticket Type 'Urgent' is not one of: Low, Medium, High."),
        (
            {"external_ticket_state": "closed"},
            "External Ticket State 'closed' is not one of: New, Assigned, In Progress, Closed.",
        ),
        ({"comments": {"a": 1}}, "Comment '{\"a\": 1}' is not text."),
    ],
)
def test_values_outside_the_seeds_words_are_refused_with_the_words(http, given, problem):
    assert failure(**given) == f"The parameters are not valid: {problem} Nothing was changed."


# API tokens.

TOKEN_URL = f"{FORTISIEM_URL}/phoenix/rest/pub/security/oauth/token"
FORM = {"grant_type": "client_credentials", "client_id": "client-1", "client_secret": CLIENT_SECRET}


def expect_token(http, text="token-abcdef", expires_in=15, **answer):
    http.post(
        TOKEN_URL,
        match=[matchers.urlencoded_params_matcher(FORM)],
        **({"json": {"access_token": text, "token_type": "Bearer", "expires_in": expires_in}} | answer),
    )


def test_a_token_is_minted_once_and_used_for_every_call(http):
    expect_token(http)
    for _ in range(3):
        expect_update(http, {"comments": "a"}, "Bearer token-abcdef", **OK)
        assert update(with_token(), comments="a")["outcome"] == "done"


@pytest.mark.parametrize("verify", [False, True])
def test_a_token_that_comes_too_late_leaves_nothing_to_be_carried_out(http, verify):
    for _ in range(2 if verify else 1):  # the read before a comment settles nothing
        expect_token(http, body=requests.ReadTimeout("canary"), json=None)
    assert failure(with_token(), comments="a", verify=verify) == (
        "Could not get an access token from FortiSIEM: FortiSIEM did not answer in time to POST "
        f"/phoenix/rest/pub/security/oauth/token. {NOTHING}"
    )


def test_a_token_that_is_refused_is_replaced_once(http):
    expect_token(http, "token-old-1")
    expect_update(http, {"comments": "a"}, "Bearer token-old-1", status=401)
    expect_token(http, "token-new-2")
    expect_update(http, {"comments": "a"}, "Bearer token-new-2", **OK)
    assert update(with_token(), comments="a")["outcome"] == "done"


def test_a_new_token_that_is_refused_too_is_a_failure(http):
    for text in ("token-1111", "token-2222"):
        expect_token(http, text)
        expect_update(http, {"comments": "hello"}, f"Bearer {text}", status=401, body=f"no {text}")
    assert failure(with_token()) == (
        f"{WHERE.format(401)}: no ***. {NOTHING} Check Client ID and Client Secret; both are made in FortiSIEM 7.5.1 or newer."
    )


def test_two_clients_never_share_a_token(http):
    expect_token(http, "token-one-1")
    expect_update(http, {"comments": "a"}, "Bearer token-one-1", **OK)
    update(with_token(), comments="a")
    http.post(TOKEN_URL, json={"access_token": "token-two-2", "expires_in": 15})
    expect_update(http, {"comments": "a"}, "Bearer token-two-2", **OK)
    update(with_token(fortisiem_client_secret="another-secret"), comments="a")


@pytest.mark.parametrize(
    ("answer", "happened"),
    [
        (
            {"status": 400, "json": {"error": "BAD_REQUEST", "message": "Invalid ClientId or ClientSecret"}},
            "400 to POST /phoenix/rest/pub/security/oauth/token: BAD_REQUEST: Invalid ClientId or ClientSecret",
        ),
        ({"status": 200, "json": {}}, "200 to POST /phoenix/rest/pub/security/oauth/token without an access token"),
        (
            {"status": 200, "body": "hello"},
            "200 to POST /phoenix/rest/pub/security/oauth/token without an access token",
        ),
    ],
)
def test_a_client_that_gets_no_token_is_told_why(http, answer, happened):
    http.post(TOKEN_URL, **answer)
    assert failure(with_token()) == (
        f"Could not get an access token from FortiSIEM: FortiSIEM answered {happened}. {NOTHING} Check Client ID and Client "
        "Secret; both are made in FortiSIEM 7.5.1 or newer."
    )


LIMITED = {"status": 400, "json": {"error": "BAD_REQUEST", "message": "Rate limit exceeded. Limit is 1 token request"}}


def test_a_token_that_another_worker_just_got_is_waited_for(http, slept):
    expect_token(http, **LIMITED)
    expect_token(http)
    expect_update(http, {"comments": "a"}, "Bearer token-abcdef", **OK)
    assert update(with_token(), comments="a")["outcome"] == "done"
    assert slept == [6.0]


def test_a_token_is_not_waited_for_beyond_the_deadline(http, slept):
    expect_token(http, **LIMITED)
    assert failure(with_token(total_timeout=5)) == (
        "Could not get an access token from FortiSIEM: FortiSIEM answered 400 to POST /phoenix/rest/pub/security/oauth/token: "
        f"BAD_REQUEST: Rate limit exceeded. Limit is 1 token request. {NOTHING} FortiSIEM gives a client one token every 5 "
        "seconds. Run the action again."
    )
    assert slept == []


def test_a_server_without_tokens_is_named_as_too_old(http):
    http.post(TOKEN_URL, status=404)
    assert "FortiSIEM 7.5.1 or newer does" in failure(with_token())
