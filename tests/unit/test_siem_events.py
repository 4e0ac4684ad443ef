"""get_siem_incident_events: by start, progress and result, or in one call, and what each answer becomes."""

from __future__ import annotations

from typing import Any

import pytest
from responses import matchers

from tests.support.package import FORTISIEM_URL, ConnectorError, configuration, execute
from tests.support.pair import BASIC

BELOW = "/phoenix/rest/pub/incident/triggeringEvents"
EVENTS = f"{FORTISIEM_URL}{BELOW}"
EVENT = {
    "custId": 1,
    "index": 0,
    "id": 6482650188627892000,
    "nid": "6482650188627892238",
    "eventType": "Win-Security-4625",
    "receiveTime": 1762364250000,
    "rawMessage": "<13>4625: failed",
    "attributes": {"Reporting IP": "10.1.1.1"},
}
SHOWN = {
    "event_id": "6482650188627892238",
    "event_type": "Win-Security-4625",
    "received": "2025-11-05T17:37:30Z",
    "raw_message": "<13>4625: failed",
    "attributes": {"Reporting IP": "10.1.1.1"},
}
FAILED = "Could not read the events of FortiSIEM incident 562: "
NOTHING = "Nothing was changed."
NOT_THERE = "Check that the incident exists in organization super."
REFUSED = {"result": {"code": 255, "description": "Invalid Incident Id 562"}}
WAITS = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]


def expect(http, below="", query=None, url=EVENTS, **answer):
    http.get(
        f"{url}{below}",
        match=[matchers.query_param_matcher(query or {}, strict_match=True), matchers.header_matcher(BASIC)],
        **answer,
    )


def expect_start(http, size=100, url=EVENTS, **given):
    times: dict[str, str] = {name: given.pop(name) for name in ("timeFrom", "timeTo") if name in given}
    query = {"incidentId": "562", "size": str(size), **times}
    answer: dict[str, Any] = given or {"json": {"queryId": "14262"}}
    expect(http, "/start", query, url, **answer)


def expect_query(http, events, progress=100, size=100, **given):
    """Expect a whole event query that is done at once."""
    expect_start(http, size, **given)
    expect(http, "/progress/14262", json=progress)
    expect(http, "/result/14262", {"size": str(size)}, json={"data": events})


def expect_one_call(http, size=100, url=EVENTS, **given):
    times = {name: given.pop(name) for name in ("timeFrom", "timeTo") if name in given}
    expect(http, "", {"incidentId": "562", "size": str(size), **times}, url, **given)


def get(config=None, **params):
    return execute("get_siem_incident_events", {"incident_id": 562, **params}, config)


def failure(config=None, **params):
    with pytest.raises(ConnectorError) as caught:
        get(config, **params)
    return str(caught.value)


# The query: start, progress, result.


@pytest.mark.parametrize(
    "started",
    [
        {"json": {"queryId": "14262"}},
        {"json": {"queryId": 14262}},
        {"json": "14262"},
        {"json": 14262},
        {"body": " 14262\n", "content_type": "text/plain"},
    ],
)
def test_an_event_query_is_started_followed_and_read(http, slept, started):
    expect_query(http, [EVENT], **started)
    assert get() == {"incident_id": 562, "page_url": None, "events": [SHOWN], "count": 1, "skipped": []}
    assert slept == []


@pytest.mark.parametrize("name", ["phq_77-a.b", "_1"])
def test_the_name_of_a_query_may_be_bare_text(http, name):
    expect_start(http, body=name)
    expect(http, f"/progress/{name}", body="100")
    expect(http, f"/result/{name}", {"size": "100"}, json={"data": []})
    assert get()["count"] == 0


@pytest.mark.parametrize(
    "started",
    [
        {"json": {}},
        {"json": {"queryId": None}},
        {"json": {"queryId": ""}},
        {"json": {"queryId": ".."}},
        {"json": "."},
        {"json": "../../config/Domain"},
        {"json": "1/2"},
        {"json": [1]},
        {"body": ""},
        {"body": "two words"},
        {"body": "x" * 101},
    ],
)
def test_an_answer_without_the_querys_id_is_said_to_be_one(http, started):
    expect_start(http, **started)
    assert failure() == f"{FAILED}FortiSIEM answered 200 to GET {BELOW}/start without the query's ID. {NOTHING}"


@pytest.mark.parametrize("done", [100, "100", "100%", 100.0, 101, {"progressPct": 100}, {"progressPct": "100"}])
def test_progress_is_read_in_each_form(http, slept, done):
    expect_query(http, [EVENT], progress=done)
    assert get()["count"] == 1
    assert slept == []


@pytest.mark.parametrize(
    "not_done",
    [{"json": 0}, {"json": 99.9}, {"json": {"progressPct": 99}}, {"json": {}}, {"json": None}, {"json": []}, {"body": ""}, {"body": "running"}],
)  # fmt: skip
def test_what_is_no_hundred_is_asked_again(http, slept, not_done):
    expect_start(http)
    expect(http, "/progress/14262", **not_done)
    expect(http, "/progress/14262", json={"progressPct": 50})
    expect(http, "/progress/14262", body="100")
    expect(http, "/result/14262", {"size": "100"}, json={"data": [EVENT]})
    assert get()["events"] == [SHOWN]
    assert slept == WAITS[:2]


def test_a_query_is_asked_once_more_after_the_longest_wait(http, slept):
    expect_start(http)
    for _ in WAITS:
        expect(http, "/progress/14262", json=99)
    expect(http, "/progress/14262", json=100)
    expect(http, "/result/14262", {"size": "100"}, json={"data": []})
    assert get()["count"] == 0
    assert slept == WAITS


UNFINISHED = f"{FAILED}FortiSIEM did not finish its search for the events in time. {NOTHING} Run the action again."


def test_a_query_that_never_ends_is_left(http, slept):
    expect_start(http)
    for _ in range(8):
        expect(http, "/progress/14262", json=99)
    assert failure() == UNFINISHED
    assert slept == WAITS


def test_a_query_is_not_waited_for_beyond_the_deadline(http, slept):
    expect_start(http)
    for _ in range(4):
        expect(http, "/progress/14262", json=99)
    assert failure(configuration(total_timeout=2)) == UNFINISHED
    assert slept == WAITS[:3]


@pytest.mark.parametrize("step", ["/start", "/progress/14262", "/result/14262"])
@pytest.mark.parametrize("status", [400, 200])
def test_a_refusal_at_each_step_says_why_under_whichever_status(http, step, status):
    if step != "/start":
        expect_start(http)
    if step == "/result/14262":
        expect(http, "/progress/14262", json=100)
    query = {"/start": {"incidentId": "562", "size": "100"}, "/result/14262": {"size": "100"}}.get(step)
    expect(http, step, query, status=status, json=REFUSED)
    advice = f" {NOT_THERE}" if status == 400 else ""
    assert failure() == (
        f"{FAILED}FortiSIEM answered {status} to GET {BELOW}{step}: Invalid Incident Id 562. {NOTHING}{advice}"
    )


@pytest.mark.parametrize("status", [404, 405, 410, 500])
@pytest.mark.parametrize("step", ["/progress/14262", "/result/14262"])
def test_a_step_that_fails_after_the_start_is_no_reason_for_the_one_call(http, step, status):
    expect_start(http)
    if step == "/result/14262":
        expect(http, "/progress/14262", json=100)
    expect(http, step, {"size": "100"} if "result" in step else None, status=status)
    assert failure().startswith(f"{FAILED}FortiSIEM answered {status} to GET {BELOW}{step}. {NOTHING}")


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_start_that_is_refused_is_no_reason_for_the_one_call(http, status):
    expect_start(http, status=status)
    assert failure().startswith(f"{FAILED}FortiSIEM answered {status} to GET {BELOW}/start. {NOTHING}")


def test_a_refusal_in_xml_under_200_says_why(http):
    xml = '<response requestId="1"><error code="255"><description>Too many queries</description></error></response>'
    expect_start(http, body=xml, content_type="text/xml")
    assert failure() == (
        f"{FAILED}FortiSIEM answered 200 to GET {BELOW}/start: Too many queries. {NOTHING} The request failed, often due to a "
        "missing or misconfigured parameter."
    )


def test_a_message_that_looks_like_an_error_is_none(http):
    text = '<event><error code="255"><description>not ours</description></error></event>'
    expect_query(http, [{**EVENT, "rawMessage": text}])
    assert get()["events"][0]["raw_message"] == text


# The one call, where there are no event queries.


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize(
    "body",
    [
        [EVENT],
        {"result": {"code": 0, "description": "1 event found"}, "data": [EVENT]},
        {"result": {"description": "1 event found"}, "data": [EVENT]},
        {"data": [EVENT]},
    ],
)
def test_where_there_are_no_queries_one_call_is_made_and_remembered(http, status, body):
    expect_start(http, status=status)
    expect_one_call(http, json=body)
    expected = {"incident_id": 562, "page_url": None, "events": [SHOWN], "count": 1, "skipped": []}
    assert get() == expected
    expect_one_call(http, json=body)
    assert get() == expected


def test_it_is_remembered_for_each_server_alone(http):
    expect_start(http, status=404)
    expect_one_call(http, json=[])
    get()
    other = f"https://siem.test{BELOW}"
    expect_start(http, url=other, json="7")
    expect(http, "/progress/7", url=other, json=100)
    expect(http, "/result/7", {"size": "100"}, url=other, json={"data": [EVENT]})
    assert get(configuration(fortisiem_server="siem.test"))["count"] == 1


def test_times_and_size_go_out_in_the_one_call_too(http):
    expect_start(http, 5, status=404, timeFrom="1762300800000", timeTo="1762304400000")
    expect_one_call(http, 5, json=[EVENT], timeFrom="1762300800000", timeTo="1762304400000")
    period = {"time_from": "2025-11-05T00:00:00Z", "time_to": "2025-11-05T01:00:00Z"}
    assert get(max_results=5, **period)["count"] == 1


@pytest.mark.parametrize("status", [400, 200])
def test_a_refusal_of_the_one_call_says_why(http, status):
    expect_start(http, status=404)
    expect_one_call(http, status=status, json=REFUSED)
    advice = f" {NOT_THERE}" if status == 400 else ""
    assert (
        failure() == f"{FAILED}FortiSIEM answered {status} to GET {BELOW}: Invalid Incident Id 562. {NOTHING}{advice}"
    )


@pytest.mark.parametrize("body", [{"json": {}}, {"json": {"data": {"a": 1}}}, {"json": "x"}, {"body": "x"}])
def test_an_answer_without_a_list_has_no_events(http, body):
    expect_start(http, status=404)
    expect_one_call(http, **body)
    assert failure() == f"{FAILED}FortiSIEM answered 200 to GET {BELOW} without a list of events. {NOTHING}"


# No events.

NONE_FOUND = [
    {"status": 400, "json": {"result": {"code": 255, "description": "No triggering events found"}}},
    {"status": 404, "json": {"result": {"code": 255, "description": "No events found for this incident."}}},
    {"status": 400, "body": "Triggering events not found"},
    {"json": {"result": {"code": 255, "description": "There are no triggering events"}}},
    {"body": '<response><error code="255"><description>No event found</description></error></response>'},
    {"json": {"data": None, "result": {"code": 0, "description": "0 events found in this time range"}}},
    {"json": {"data": [], "result": {"code": "0"}}},
    {"json": {"result": {"code": 0.0}}},
    {"json": {"data": None}},
    {"json": {"data": {}}},
    {"json": {"data": ""}},
    {"json": None},
    {"json": "No triggering events found"},
    {"body": "No events found", "content_type": "text/plain"},
    {"status": 204},
]


@pytest.mark.field_case("F10")
@pytest.mark.parametrize("none_found", NONE_FOUND)
def test_no_events_are_an_answer_of_the_one_call_however_they_are_told(http, none_found):
    expect_start(http, status=404)
    expect_one_call(http, **none_found)
    assert get() == {"incident_id": 562, "page_url": None, "events": [], "count": 0, "skipped": []}


@pytest.mark.field_case("F10")
@pytest.mark.parametrize("none_found", NONE_FOUND)
def test_no_events_are_an_answer_of_a_query_however_they_are_told(http, none_found):
    expect_start(http)
    expect(http, "/progress/14262", json=100)
    expect(http, "/result/14262", {"size": "100"}, **none_found)
    assert get()["events"] == []


@pytest.mark.field_case("F10")
@pytest.mark.parametrize("none_found", NONE_FOUND[:5])
def test_no_events_at_the_start_of_a_query_are_an_answer_and_no_reason_for_the_one_call(http, none_found):
    for _ in range(2):
        expect_start(http, **none_found)
        assert get()["events"] == []


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "body": "No events found"},
        {"status": 403, "body": "No events for you"},
        {"status": 400, "body": "No permission to read events"},
        {"status": 400, "body": "Invalid Incident Id 562"},
    ],
)
def test_another_failure_does_not_count_as_no_events(http, answer):
    expect_start(http, status=404)
    expect_one_call(http, **answer)
    assert failure().startswith(f"{FAILED}FortiSIEM answered {answer['status']} to GET {BELOW}: {answer['body']}.")


def test_a_row_that_is_no_event_costs_itself_alone(http):
    expect_query(http, [EVENT, None, "x", EVENT])
    result = get()
    assert result["events"] == [SHOWN, SHOWN]
    assert result["skipped"] == [
        {"row": "", "reason": "it is not an object"},
        {"row": "x", "reason": "it is not an object"},
    ]


@pytest.mark.parametrize("query_id", [14262.0, "14262"])
def test_the_id_of_a_query_may_be_written_as_a_double(http, query_id):
    expect_query(http, [EVENT], json={"queryId": query_id})
    assert get()["count"] == 1


# Times and bounds.

DAY = {"timeFrom": "1762300800000", "timeTo": "1762387200000"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"time_from": "2025-11-05T00:00:00Z", "time_to": "2025-11-06T00:00:00Z"}, DAY),
        ({"time_from": "2025-11-05 00:00:00"}, DAY),
        ({"time_to": 1762387200}, DAY),
        ({"time_from": 1762387200, "time_to": 1762387200}, {"timeFrom": "1762387200000", "timeTo": "1762387200000"}),
    ],
)
def test_a_period_is_one_day_at_most_and_that_if_one_end_is_given(http, given, sent):
    expect_query(http, [], **sent, json={"queryId": "14262"})
    assert get(**given)["count"] == 0


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"time_from": "2025-11-05T00:00:00Z", "time_to": "2025-11-06T00:00:01Z"},
            "Time From and Time To must be within 24 hours.",
        ),
        (
            {"time_from": "2025-11-05T00:00:01Z", "time_to": "2025-11-05T00:00:00Z"},
            "Time From must not be later than Time To.",
        ),
        ({"max_results": 101}, "Max Results '101' is not between 1 and 100."),
        ({"max_results": 0}, "Max Results '0' is not between 1 and 100."),
        (
            {"incident_id": 0},
            "FortiSIEM Incident ID '0' is not an ID such as 42, or a Source ID such as fortisiem:siem.example.com:42.",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_sent(http, given, problem):
    assert failure(**given) == f"The parameters are not valid: {problem} {NOTHING}"


def test_no_more_than_wanted_are_shown_even_if_more_come(http):
    expect_query(http, [EVENT, {**EVENT, "nid": "2"}, {**EVENT, "nid": "3"}], size=2)
    result = get(max_results=2)
    assert ([event["event_id"] for event in result["events"]], result["count"]) == (["6482650188627892238", "2"], 2)


# What an event looks like.


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({}, {"event_id": "", "event_type": None, "received": None, "raw_message": None, "attributes": {}}),
        ({**EVENT, "nid": 7}, {**SHOWN, "event_id": "7"}),
        ({**EVENT, "nid": None}, {**SHOWN, "event_id": "6482650188627892000"}),
        ({**EVENT, "receiveTime": "2025-11-05 17:37:30"}, SHOWN),
        ({**EVENT, "receiveTime": "1762364250000.0"}, SHOWN),
        ({**EVENT, "receiveTime": "yesterday"}, {**SHOWN, "received": "yesterday"}),
        ({**EVENT, "receiveTime": -1}, {**SHOWN, "received": "-1"}),
        ({**EVENT, "rawMessage": {"a": "\ud800"}}, {**SHOWN, "raw_message": '{"a":"\ufffd"}'}),
        ({**EVENT, "attributes": [1]}, {**SHOWN, "attributes": {}}),
        ({**EVENT, "receiveTime": "Wed, 05 Nov 2025 17:37:30 +0000"}, SHOWN),
        ({**EVENT, "attributes": None}, {**SHOWN, "attributes": {}}),
        ({**EVENT, "attributes": {"1": "x"}}, {**SHOWN, "attributes": {"1": "x"}}),
    ],
)
def test_an_event_is_shown_with_its_exact_id_and_its_time(http, row, shown):
    expect_query(http, [row])
    assert get()["events"] == [shown]


@pytest.mark.field_case("W9")
def test_an_address_that_was_gone_for_a_moment_is_asked_again(http):
    expect_start(http, status=404)
    expect_one_call(http, status=404)
    assert failure().startswith(f"{FAILED}FortiSIEM answered 404 to GET {BELOW}. {NOTHING}")
    expect_query(http, [EVENT])
    assert get()["events"] == [SHOWN]


@pytest.mark.field_case("W9")
def test_what_was_learnt_is_dropped_when_it_no_longer_holds(http):
    expect_start(http, status=404)
    expect_one_call(http, json=[])
    assert get()["events"] == []
    expect_one_call(http, status=410)
    expect_query(http, [EVENT])
    assert get()["events"] == [SHOWN]
    expect_query(http, [EVENT])
    assert get()["events"] == [SHOWN]
