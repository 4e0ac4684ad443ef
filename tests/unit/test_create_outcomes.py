"""create_custom_incident: never twice, never lost, whatever the answer."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import (
    FRESH,
    REQUIRED,
    create_body,
    expect_create,
    expect_outages,
    expect_read,
    outage,
)
from tests.support.package import FORTIMONITOR_URL, ConnectorError, execute

GOAL = "Could not create a custom incident on server 1001: "
LOST = (
    f"and no incident with correlation id '{FRESH}' was found afterwards. Whether anything was changed is unknown. Run the "
    f"action again with Correlation ID {FRESH}: it will not create a second incident."
)
VERIFIED = {**REQUIRED, "verify": True}
NAME = "/api/3/alerts/42"
NAMED = {**REQUIRED, "correlation_id": NAME}

pytestmark = pytest.mark.usefixtures("fresh_marker")


def create(params=REQUIRED):
    return execute("create_custom_incident", params)


def failure(params=REQUIRED):
    with pytest.raises(ConnectorError) as caught:
        create(params)
    return str(caught.value)


# A clean answer.


@pytest.mark.parametrize(
    "shown",
    [{}, {"in_metadata": False}, {"in_description": False}, {"status": "resolved"}, {"server_id": 1001}],
)
@pytest.mark.parametrize("verify", [True, "true", None, ""])
def test_a_new_incident_is_read_once_and_compared(http, shown, verify):
    expect_create(http)
    expect_read(http, -1000001, outage(-1000001, FRESH, **shown))
    result = create({**REQUIRED, "verify": verify})
    assert (result["outcome"], result["incident_id"], result["confirmed_by"]) == ("done", -1000001, "read_back")
    assert (result["attempts"], result["warning"]) == (1, None)


def test_without_any_marker_the_server_and_the_description_decide(http):
    expect_create(http, {**create_body(), "description": f"{'x' * 100}\n[correlation_id: {FRESH}]"})
    expect_read(http, -1000001, outage(-1000001, "", in_metadata=False, description="x" * 60 + "..."))
    assert create({**VERIFIED, "description": "x" * 100})["incident_id"] == -1000001


@pytest.mark.parametrize(
    "stranger",
    [
        {"row": outage(-1000001, "somebody else's")},
        {"row": outage(-1000001, FRESH, metadata=[{"name": "correlation_id", "value": "somebody else's"}])},
        {"row": outage(-1000001, "", in_metadata=False, description="Something else")},
        {"row": outage(-1000001, "", in_metadata=False, in_description=False, server_id="1002")},
        {"row": outage(-2000002, FRESH)},
        {"status": 404},
    ],
)
def test_a_wrong_id_is_caught_and_the_right_one_found(http, stranger):
    expect_create(http)
    expect_read(http, -1000001, **stranger)
    expect_outages(http, [outage(-1000005, FRESH)])
    result = create(VERIFIED)
    assert (result["incident_id"], result["confirmed_by"]) == (-1000005, "read_back")


def test_a_wrong_id_without_a_right_one_is_unknown(http, slept):
    expect_create(http)
    expect_read(http, -1000001, outage(-1000001, "other"))
    for _ in range(3):
        expect_outages(http, [])
    assert failure(VERIFIED) == f"{GOAL}FortiMonitor's answer names incident -1000001, which is not this one, {LOST}"


def test_a_new_incident_that_cannot_be_read_back_is_done_with_a_warning(http):
    expect_create(http)
    expect_read(http, -1000001, status=500)
    result = create(VERIFIED)
    assert (result["outcome"], result["incident_id"], result["confirmed_by"]) == ("done", -1000001, "response")
    assert result["warning"] == (
        "The new incident could not be read back: FortiMonitor answered 500 to GET /v2/outage/-1000001."
    )


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        f"{FORTIMONITOR_URL}/server/1001/custom_incident/7",
        "https://elsewhere.test/v2/outage/-1000001",
        "https://fortimonitor.test@elsewhere.test/v2/outage/-1000001",
        "http://fortimonitor.test/v2/outage/-1000001",
        f"{FORTIMONITOR_URL}/outage/0",
        f"{FORTIMONITOR_URL}/outage/--1",
        f"{FORTIMONITOR_URL}/outage/12345678901234567890",
        f"{FORTIMONITOR_URL}/outage/-1000001/force_resolve",
        "https://fortimonitor.test/v1/outage/-1000001",
    ],
)
def test_a_location_that_names_no_incident_of_this_fortimonitor_is_not_believed(http, location):
    expect_create(http, headers={} if location is None else {"Location": location})
    expect_outages(http, [outage(-1000002, FRESH), outage(-1000001, "another")])
    result = create()
    assert (result["outcome"], result["incident_id"], result["confirmed_by"]) == ("done", -1000002, "read_back")


def test_an_incident_that_is_neither_named_nor_found_is_unknown(http, slept):
    expect_create(http, headers={})
    for _ in range(3):
        expect_outages(http, [])
    assert failure() == f"{GOAL}FortiMonitor accepted it, but its answer does not name an incident of its own, {LOST}"
    assert slept == [1, 2]


# An ambiguous answer.

AMBIGUOUS = {
    "500": (
        {"status": 500, "headers": {"ErrorCode": "17", "ErrorMessage": "boom"}, "body": "boom"},
        ": boom (ErrorCode 17)",
    ),
    "301": (
        {"status": 301, "headers": {"Location": "https://login.elsewhere.test/path?next=1"}},
        ", a redirect to https://login.elsewhere.test, which is not followed",
    ),
    "303": ({"status": 303, "headers": {"Location": "/v3/other"}}, ", a redirect, which is not followed"),
    "307": (
        {"status": 307, "headers": {"Location": "/v2/outage/5"}},
        ", a redirect to another of its own addresses, which is not followed",
    ),
    "408": ({"status": 408, "body": "Request Time-out"}, ": Request Time-out"),
    "503": ({"status": 503, "headers": {"Retry-After": "1"}}, ""),
    "504": ({"status": 504, "body": "upstream request timeout"}, ": upstream request timeout"),
    "502": ({"status": 502, "body": "<html>Bad gateway</html>", "content_type": "text/html"}, ""),
    "page": (
        {"status": 200, "body": "<!DOCTYPE html><html>Sign in</html>", "content_type": "text/html"},
        " with a web page instead of an API answer",
    ),
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_an_ambiguous_answer_is_never_sent_again_but_read_back(http, slept, kind):
    answer = AMBIGUOUS[kind][0]
    expect_create(http, **{"headers": {}, **answer})
    expect_outages(http, [outage(-1000003, "other")])
    expect_outages(http, [], fails=500)
    expect_outages(http, [outage(-1000004, FRESH), outage(-1000003, "other")])
    result = create()
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, "read_back")
    assert (result["incident_id"], result["correlation_id"], result["attempts"]) == (-1000004, FRESH, 1)
    assert result["request"] == {
        "method": "POST",
        "path": "/v2/server/1001/custom_incident",
        "status": answer["status"],
    }
    assert slept == [1, 2]


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_an_ambiguous_answer_that_nothing_settles_names_the_marker_for_a_safe_re_run(http, kind):
    answer, text = AMBIGUOUS[kind]
    expect_create(http, **{"headers": {}, **answer})
    for _ in range(3):
        expect_outages(http, [])
    where = f"FortiMonitor answered {answer['status']} to POST /v2/server/1001/custom_incident{text}"
    assert failure() == f"{GOAL}{where}, {LOST}"


def test_reading_back_follows_pages(http):
    expect_create(http, headers={}, status=500)
    expect_outages(http, [outage(-number, "other") for number in range(1, 11)], following="x")
    expect_outages(http, [outage(-10, "other"), outage(-11, FRESH)], offset=9)
    assert create()["incident_id"] == -11


# A correlation id of the analyst's own.


def test_a_named_event_is_looked_for_before_it_is_created(http):
    expect_outages(http, [outage(-1, "/api/3/alerts/4"), outage(-2, "/api/3/alerts/421")], status=None)
    expect_create(http, create_body(NAME))
    result = create(NAMED)
    assert (result["outcome"], result["correlation_id"]) == ("done", NAME)


@pytest.mark.parametrize("status", ["active", "resolved"])
@pytest.mark.parametrize("if_exists", ["Return Existing", "", None])
def test_an_event_that_has_its_incident_gets_no_second_one(http, status, if_exists):
    expect_outages(http, [outage(-9, "x"), outage(-8, NAME, status)], status=None)
    assert create({**NAMED, "if_exists": if_exists}) == {
        "outcome": "already_done",
        "changed": False,
        "confirmed_by": "read_back",
        "attempts": 0,
        "incident_id": -8,
        "incident_url": f"{FORTIMONITOR_URL}/outage/-8",
        "correlation_id": NAME,
        "server_id": 1001,
        "warning": None,
        "request": None,
    }


def test_of_several_incidents_the_newest_is_returned_with_a_warning(http):
    expect_outages(http, [outage(-9, NAME), outage(-8, NAME, "resolved")], status=None)
    result = create(NAMED)
    assert result["incident_id"] == -9
    assert result["warning"] == (
        "Several incidents have this correlation id; this is the newest: -9 (active), -8 (resolved)."
    )


def test_an_event_that_has_its_incident_can_be_a_failure(http):
    expect_outages(http, [outage(-8, NAME)], status=None)
    assert failure({**NAMED, "if_exists": "Fail"}) == (
        f"{GOAL}there is one with correlation id '{NAME}': -8 (active). Nothing was changed."
    )


def test_another_incident_can_be_created_and_is_told_from_the_first_when_read_back(http):
    expect_outages(http, [outage(-8, NAME)], status=None)
    expect_create(http, create_body(NAME), headers={}, status=500)
    expect_outages(http, [outage(-9, NAME), outage(-8, NAME)])
    result = create({**NAMED, "if_exists": "Create Another"})
    assert (result["outcome"], result["incident_id"]) == ("done", -9)


def test_an_older_incident_of_the_same_event_is_not_taken_for_the_new_one(http):
    expect_outages(http, [outage(-1000001, NAME)], status=None)
    expect_create(http, create_body(NAME))
    expect_read(http, -1000001, outage(-1000001, NAME))
    expect_outages(http, [outage(-9, NAME), outage(-1000001, NAME)])
    assert create({**NAMED, "if_exists": "Create Another", "verify": True})["incident_id"] == -9


def test_nothing_is_created_where_the_first_look_fails(http):
    expect_outages(http, [], status=None, fails=500)
    assert failure(NAMED) == (
        "Could not list the incidents of server 1001: FortiMonitor answered 500 to GET /v2/server/1001/outage. Nothing was "
        "changed. The API request failed due to an internal server error. Try again later."
    )


@pytest.mark.parametrize("marker", ["a[b", "a]b", "a\nb", "a\x00b", "x" * 201, "a\u2028b"])
def test_a_correlation_id_that_could_be_taken_for_another_is_refused(http, marker):
    assert "is not one line of at most 200 characters without brackets. Nothing was changed." in failure(
        {**REQUIRED, "correlation_id": marker}
    )


def test_a_description_or_metadata_that_pretends_a_marker_is_refused(http):
    params = {**REQUIRED, "description": "a [correlation_id: b]", "metadata": {"correlation_id": "c"}}
    assert failure(params) == (
        "The parameters are not valid: Description must not contain '[correlation_id:'; use Correlation ID. Metadata must not "
        "have the key 'correlation_id'; use Correlation ID. Nothing was changed."
    )


def test_two_equal_calls_without_a_correlation_id_carry_different_markers(http, monkeypatch):
    monkeypatch.undo()
    for number in (1, 2):
        http.post(
            f"{FORTIMONITOR_URL}/server/1001/custom_incident",
            status=201,
            headers={"Location": f"{FORTIMONITOR_URL}/outage/-{number}"},
        )
    first, second = create(), create()
    assert first["correlation_id"] != second["correlation_id"]
    for result, call in zip((first, second), http.calls, strict=True):
        assert result["correlation_id"].encode() in call.request.body
