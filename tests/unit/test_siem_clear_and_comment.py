"""clear_siem_incident and comment_siem_incident: what is read first, what goes out, and what is never sent twice."""

from __future__ import annotations

import pytest

from tests.support.package import ConnectorError, execute
from tests.support.pair import expect_siem_read, expect_siem_row, expect_siem_update

CLEARING = {"incidentStatus": "2", "comments": "Fixed"}
FIELDS = {"status": "Manually Cleared", "comments": "Fixed"}
SENT = {"method": "POST", "path": "/phoenix/rest/incident/external", "status": 200}
NOTHING = "Nothing was changed."
UNKNOWN = "Whether anything was changed is unknown."
SERVER_ERROR = "The API request failed due to an internal server error. Try again later."


def clear(verify=False, **params):
    return execute("clear_siem_incident", {"incident_id": 1, "reason": "Fixed", "verify": verify, **params})


def comment(verify=False, **params):
    return execute("comment_siem_incident", {"incident_id": 1, "comment": "Seen", "verify": verify, **params})


def failure(action, **params):
    with pytest.raises(ConnectorError) as caught:
        action(**params)
    return str(caught.value)


SUMMARIES = {
    "done": "FortiSIEM incident 1: {deed}.",
    "already_done": "FortiSIEM incident 1 was already cleared; nothing was changed.",
}


def result(fields, deed="status set to Manually Cleared, comment added", **changes):
    return {
        "summary": SUMMARIES[changes.get("outcome", "done")].format(deed=deed),
        "outcome": "done",
        "changed": True,
        "confirmed_by": "response",
        "attempts": 1,
        "request": SENT,
        "incident_id": 1,
        "page_url": None,
        "fields": fields,
        "verified": {},
        "warning": None,
        **changes,
    }


# Clearing.


@pytest.mark.parametrize("status", [0, "0", 9, None, ""])
def test_an_incident_that_is_not_cleared_is_cleared_with_the_reason_as_comment(http, status):
    expect_siem_row(http, {"incidentStatus": status})
    expect_siem_update(http, CLEARING)
    assert clear() == result(FIELDS)


def test_an_incident_that_does_not_show_its_status_is_cleared(http):
    expect_siem_row(http, {})
    expect_siem_update(http, CLEARING)
    assert clear()["changed"] is True


@pytest.mark.parametrize(("resolution", "sent"), [("True Positive", "2"), ("False Positive", "3")])
def test_a_resolution_goes_out_with_the_clearing(http, resolution, sent):
    expect_siem_row(http, {"incidentStatus": 0})
    expect_siem_update(http, {**CLEARING, "resolution": sent})
    assert clear(resolution=resolution)["fields"] == {**FIELDS, "resolution": resolution}


@pytest.mark.field_case("W21")
@pytest.mark.parametrize(
    ("status", "word"),
    [(1, "Auto Cleared"), (2, "Manually Cleared"), (3, "System Cleared"), ("2", "Manually Cleared")],
)
@pytest.mark.parametrize("resolution", [None, "True Positive"])
def test_an_incident_that_is_cleared_already_is_left_alone(http, status, word, resolution):
    expect_siem_row(http, {"incidentStatus": status})
    fields = {**FIELDS, "resolution": resolution} if resolution else FIELDS
    assert clear(verify=True, resolution=resolution) == result(
        fields,
        outcome="already_done",
        changed=False,
        confirmed_by="read_back",
        attempts=0,
        request={},
        warning=f"It is {word} already; neither reason nor resolution was sent.",
    )


def test_a_server_without_an_address_for_reading_has_the_incident_cleared_all_the_same(http):
    expect_siem_row(http, status=404)
    expect_siem_update(http, CLEARING)
    assert clear() == result(FIELDS)


def test_on_a_server_without_an_address_for_reading_nothing_is_verified(http):
    expect_siem_row(http, status=404)
    expect_siem_update(http, CLEARING)
    expect_siem_read(http, ["incidentStatus", "incidentComments"], status=404)
    assert clear(verify=True) == result(
        FIELDS,
        "status set to Manually Cleared, comment added; status, comments not confirmed",
        verified={"status": "not readable", "comments": "not readable"},
        warning="Read back: status, comments not readable.",
    )


def test_an_incident_that_does_not_exist_is_not_cleared(http):
    expect_siem_row(http)
    assert failure(clear) == (
        f"Could not clear FortiSIEM incident 1: FortiSIEM shows no incident 1. {NOTHING} Check the ID, and that the account "
        "sees the incident's organization; else choose the configuration that owns it."
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"status": 500}, f"FortiSIEM answered 500 to POST /phoenix/rest/pub/incident. {NOTHING} {SERVER_ERROR}"),
        (
            {"status": 403},
            f"FortiSIEM answered 403 to POST /phoenix/rest/pub/incident. {NOTHING} Make sure that the account has the "
            "appropriate access.",
        ),
        (
            {"json": {}},
            f"FortiSIEM answered 200 to POST /phoenix/rest/pub/incident without a list of incidents. {NOTHING}",
        ),
    ],
)
def test_an_incident_whose_status_cannot_be_read_is_not_cleared(http, answer, message):
    expect_siem_row(http, **answer)
    assert failure(clear) == f"Could not read FortiSIEM incident 1: {message}"


def test_a_clearing_is_verified_by_a_read(http):
    expect_siem_row(http, {"incidentStatus": 0})
    expect_siem_update(http, {**CLEARING, "resolution": "3"})
    shown = {"incidentStatus": 2, "incidentComments": "before\nFixed", "incidentReso": 1}
    expect_siem_read(http, ["incidentStatus", "incidentComments", "incidentReso"], shown)
    assert clear(verify=True, resolution="False Positive") == result(
        {**FIELDS, "resolution": "False Positive"},
        "status set to Manually Cleared, comment added; resolution not applied",
        verified={"status": "applied", "comments": "applied", "resolution": "not applied"},
        warning="Read back: resolution not applied.",
    )


def test_clearing_is_verified_unless_that_is_switched_off(http):
    expect_siem_row(http, {"incidentStatus": 0})
    expect_siem_update(http, CLEARING)
    expect_siem_read(http, ["incidentStatus", "incidentComments"], {"incidentStatus": 2, "incidentComments": "Fixed"})
    cleared = execute("clear_siem_incident", {"incident_id": 1, "reason": "Fixed"})
    assert (cleared["confirmed_by"], cleared["verified"]) == ("read_back", {"status": "applied", "comments": "applied"})


def test_of_a_clearing_that_was_cut_only_the_status_is_sent_again(http, slept):
    expect_siem_row(http, {"incidentStatus": 0})
    expect_siem_update(http, CLEARING, status=500)
    expect_siem_read(http, ["incidentStatus", "incidentComments"], {"incidentStatus": 0, "incidentComments": "Fixed"})
    expect_siem_update(http, {"incidentStatus": "2"})
    assert clear() == result(FIELDS, attempts=2)
    assert slept == [0.5]


def test_a_clearing_that_was_refused_says_so(http):
    expect_siem_row(http, {"incidentStatus": 0})
    expect_siem_update(http, CLEARING, status=403)
    assert failure(clear) == (
        f"Could not update FortiSIEM incident 1: FortiSIEM answered 403 to POST /phoenix/rest/incident/external. {NOTHING} "
        "Make sure that the account has the appropriate access."
    )


# Comments.


def test_a_comment_goes_out_alone_and_without_a_read(http):
    expect_siem_update(http, {"comments": "Seen"})
    assert comment() == result({"comments": "Seen"}, "comment added")


def test_a_comment_keeps_its_lines_and_signs(http):
    text = 'a "quoted"\n<b>line</b> \u00fc'
    expect_siem_update(http, {"comments": text})
    assert comment(comment=f"  {text}\n")["fields"] == {"comments": text}


def test_a_comment_is_verified_by_a_read_before_and_after_unless_that_is_switched_off(http):
    expect_siem_read(http, ["incidentComments"], {"incidentComments": "before"})
    expect_siem_update(http, {"comments": "Seen"})
    expect_siem_read(http, ["incidentComments"], {"incidentComments": "before\nSeen"})
    assert execute("comment_siem_incident", {"incident_id": 1, "comment": "Seen"}) == result(
        {"comments": "Seen"}, "comment added", confirmed_by="read_back", verified={"comments": "applied"}
    )


AMBIGUOUS = [
    ({"status": 500}, "FortiSIEM answered 500 to POST /phoenix/rest/incident/external"),
    ({"status": 503}, "FortiSIEM answered 503 to POST /phoenix/rest/incident/external"),
    ({"body": "Hm"}, "FortiSIEM answered 200 to POST /phoenix/rest/incident/external: Hm"),
    (
        {"body": ConnectionError("cut")},
        "FortiSIEM broke the connection before its answer was whole to POST /phoenix/rest/incident/external",
    ),
]


@pytest.mark.parametrize(("answer", "happened"), AMBIGUOUS)
@pytest.mark.parametrize("shown", [{"incidentComments": ""}, {"incidentComments": "before"}, {}, None])
def test_a_comment_of_which_nothing_is_known_is_never_sent_twice(http, slept, answer, happened, shown):
    is_empty = shown == {"incidentComments": ""}
    expect_siem_update(http, {"comments": "Seen"}, **answer)
    expect_siem_read(http, ["incidentComments"], shown)
    message = failure(comment)
    assert message.startswith(f"Could not update FortiSIEM incident 1: {happened}. {UNKNOWN}")
    assert ("It was read back: comments not applied." in message) is is_empty
    expect_siem_read(http, ["incidentComments"], shown)
    expect_siem_update(http, {"comments": "Seen"}, **answer)
    expect_siem_read(http, ["incidentComments"], shown)
    message = failure(comment, verify=True)
    assert message.startswith(f"Could not update FortiSIEM incident 1: {happened}. {UNKNOWN}")
    assert ("It was read back: comments not applied." in message) is bool(shown)
    assert slept == []


@pytest.mark.parametrize(("answer", "happened"), AMBIGUOUS)
def test_a_comment_that_a_read_shows_is_done(http, answer, happened):
    expect_siem_read(http, ["incidentComments"], {"incidentComments": "before"})
    expect_siem_update(http, {"comments": "Seen"}, **answer)
    for _ in range(2):
        expect_siem_read(http, ["incidentComments"], {"incidentComments": "before\nSeen"})
    done = comment(verify=True)
    assert (done["outcome"], done["changed"], done["confirmed_by"]) == ("done", True, "read_back")


@pytest.mark.parametrize(("answer", "happened"), AMBIGUOUS)
@pytest.mark.parametrize("older", ["Seen", "before\nSeen", "Seen by nobody", "Not Seen"])
def test_a_comment_that_is_shown_may_be_an_older_one_where_nobody_read_before(http, answer, happened, older):
    expect_siem_update(http, {"comments": "Seen"}, **answer)
    expect_siem_read(http, ["incidentComments"], {"incidentComments": older})
    message = failure(comment)
    assert message.startswith(f"Could not update FortiSIEM incident 1: {happened}. {UNKNOWN}")
    assert "not applied" not in message


def test_a_comment_on_an_incident_that_does_not_exist_says_so(http):
    expect_siem_update(http, {"comments": "Seen"}, body="Incident not found")
    assert failure(comment) == (
        "Could not update FortiSIEM incident 1: FortiSIEM answered 200 to POST /phoenix/rest/incident/external: Incident not "
        f"found. {NOTHING} Check that incident 1 exists in organization super."
    )


# What is refused before anything is sent.


@pytest.mark.parametrize(
    ("action", "given", "problem"),
    [
        (clear, {"reason": " "}, "Reason is required."),
        (clear, {"reason": None}, "Reason is required."),
        (clear, {"resolution": "Open"}, "Resolution 'Open' is not one of: True Positive, False Positive."),
        (
            clear,
            {"incident_id": "x"},
            "FortiSIEM Incident ID 'x' is not an ID such as 42, or a Source ID such as fortisiem:siem.example.com:42.",
        ),
        (comment, {"comment": ""}, "Comment is required."),
        (comment, {"comment": ["a"]}, "Comment '[\"a\"]' is not text."),
        (comment, {"incident_id": None}, "FortiSIEM Incident ID is required."),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(http, action, given, problem):
    assert failure(action, **given) == f"The parameters are not valid: {problem} {NOTHING}"
