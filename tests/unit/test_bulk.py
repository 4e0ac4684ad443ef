"""update_siem_incidents and force_resolve_incidents: many items, one result each, and a list to go on with."""

from __future__ import annotations

import concurrent.futures
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import responses
from responses import matchers

from tests.support.fortimonitor import expect_read, outage
from tests.support.package import (
    API_KEY,
    FORTIMONITOR_URL,
    FORTISIEM_URL,
    PASSWORD,
    ConnectorError,
    configuration,
    execute,
    go_by,
    module,
    with_token,
)

INCIDENTS = f"{FORTISIEM_URL}/phoenix/rest/pub/incident"
UPDATES = f"{FORTISIEM_URL}/phoenix/rest/incident/external"
TOKEN = f"{FORTISIEM_URL}/phoenix/rest/pub/security/oauth/token"
OK = {"body": '"OK"', "content_type": "text/plain"}
NOTHING = "Nothing was changed."

bulk, errors, writes = (module(name) for name in ("operations.bulk", "core.errors", "operations.writes"))


def update(items, config=None, skip_done=False, concurrency=1):
    params = {"items": items, "skip_done": skip_done, "concurrency": concurrency}
    return execute("update_siem_incidents", params, config)


def resolve(items, concurrency=1, config=None, **params):
    return execute("force_resolve_incidents", {"items": items, "concurrency": concurrency, **params}, config)


def failure(action, *args, **params):
    with pytest.raises(ConnectorError) as caught:
        action(*args, **params)
    return str(caught.value)


def comments(*numbers, text="hello"):
    return [{"incident_id": number, "comments": text} for number in numbers]


def expect_update(http, number, sent=None, **answer):
    body = {"incidentId": str(number), **(sent or {"comments": "hello"})}
    http.post(UPDATES, match=[matchers.json_params_matcher(body, strict_match=True)], **(answer or OK))


def expect_rows(http, numbers, fields, rows=(), **answer):
    body = {"filters": {"incidentId": list(numbers)}, "fields": ["incidentId", *fields]}
    http.post(
        INCIDENTS,
        match=[matchers.json_params_matcher(body, strict_match=True)],
        **(answer or {"json": {"total": len(rows), "data": rows}}),
    )


def expect_resolve(http, number, sent=None, **answer):
    http.put(
        f"{FORTIMONITOR_URL}/outage/{number}/force_resolve",
        match=[matchers.json_params_matcher(sent or {}, strict_match=True)],
        **{"status": 204, **answer},
    )


def outcomes(result):
    return [(each["incident_id"], each["outcome"]) for each in result["results"]]


# One result for each.


def test_each_update_goes_out_once_and_has_its_result_in_the_order_of_the_items(http):
    for number in (3, 1, 2):
        expect_update(http, number)
    assert update(comments(3, "1", 2)) == {
        "summary": "3 of 3 incidents were updated.",
        "outcome": "done",
        "changed": True,
        "counts": {"done": 3, "already_done": 0, "failed": 0, "unknown": 0, "not_attempted": 0},
        "results": [
            {
                "index": index,
                "incident_id": number,
                "page_url": None,
                "outcome": "done",
                "changed": True,
                "confirmed_by": "response",
                "attempts": 1,
                "message": None,
            }
            for index, number in enumerate((3, 1, 2))
        ],
        "resume": [],
        "stopped_by": None,
    }


def test_each_incident_is_resolved_once_however_it_is_named(http):
    expect_resolve(http, -1, {"reason": "Planned"})
    expect_resolve(http, -2, {"reason": "Planned"})
    expect_resolve(http, -3, {"reason": "Its own"})
    expect_resolve(http, -4, {"reason": "Planned"})
    items = [-1, "#-2", {"incident": "-3", "reason": "Its own"}, f"{FORTIMONITOR_URL}/outage/-4"]
    result = resolve(items, reason="Planned")
    assert outcomes(result) == [(number, "done") for number in (-1, -2, -3, -4)]
    assert (result["outcome"], result["counts"]["done"], result["resume"]) == ("done", 4, [])


def test_without_a_reason_none_is_sent(http):
    expect_resolve(http, -1)
    assert resolve([-1])["changed"] is True


def test_an_item_that_asks_for_a_marker_is_refused_on_its_own(http):
    expect_read(http, -1, outage(-1, "other"))
    expect_read(http, -2, outage(-2, "mine", "resolved"))
    result = resolve([{"incident": number, "expect_correlation_id": "mine"} for number in (-1, -2)])
    assert outcomes(result) == [(-1, "failed"), (-2, "already_done")]
    assert (result["outcome"], result["changed"], result["stopped_by"]) == ("partial", False, None)
    assert result["results"][0]["message"] == (
        f"Could not resolve incident -1: it carries correlation id 'other', not 'mine'. {NOTHING} It is another incident; "
        "check its ID."
    )


def test_an_item_is_verified_only_if_it_says_so(http):
    expect_rows(http, [1], ["incidentComments"], [{"incidentId": 1, "incidentComments": ""}])
    expect_update(http, 1)
    expect_rows(http, [1], ["incidentComments"], [{"incidentId": 1, "incidentComments": ""}])
    expect_update(http, 2)
    expect_update(http, 3)
    expect_update(http, 4)
    one, two, three, four = comments(1, 2, 3, 4)
    result = update([{**one, "verify": "true"}, {**two, "verify": False}, {**three, "verify": ""}, four])
    assert [each["message"] for each in result["results"]] == ["Read back: comments not applied.", None, None, None]


def test_every_outcome_has_its_count_and_whether_it_changed_anything(http):
    expect_update(http, 1)
    expect_update(http, 2, body="Incident not found")
    expect_update(http, 3, status=500)
    expect_rows(http, [3], ["incidentComments"], status=500)
    expect_update(http, 4, {"incidentStatus": "2"}, status=500)
    expect_rows(http, [4], ["incidentStatus"], [{"incidentId": 4, "incidentStatus": 2}])
    result = update([*comments(1, 2, 3), {"incident_id": 4, "status": "Manually Cleared"}])
    shown = [(each["outcome"], each["changed"], each["confirmed_by"], each["attempts"]) for each in result["results"]]
    assert shown == [
        ("done", True, "response", 1),
        ("failed", False, None, 1),
        ("unknown", None, None, 1),
        ("done", True, "read_back", 1),
    ]
    assert result["counts"] == {"done": 2, "already_done": 0, "failed": 1, "unknown": 1, "not_attempted": 0}
    assert (result["outcome"], result["changed"], result["resume"]) == ("partial", True, [])
    assert result["summary"] == "2 of 4 incidents were updated, 1 failed, the outcome of 1 is unknown."
    assert [each["message"] for each in result["results"]] == [
        None,
        "Could not update FortiSIEM incident 2: FortiSIEM answered 200 to POST /phoenix/rest/incident/external: Incident not "
        f"found. {NOTHING} Check that incident 2 exists in organization super.",
        "Could not update FortiSIEM incident 3: FortiSIEM answered 500 to POST /phoenix/rest/incident/external. Whether "
        "anything was changed is unknown. The API request failed due to an internal server error. Try again later.",
        None,
    ]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_run_of_which_all_items_failed_is_no_partial_success(http, number):
    for place in range(1, number + 1):
        expect_update(http, place, body="Incident not found")
    result = update(comments(*range(1, number + 1)))
    assert (result["outcome"], result["changed"], result["stopped_by"]) == ("failed", False, None)
    assert (result["counts"]["failed"], result["resume"]) == (number, [])


SOME, NONE, NOBODY_KNOWS = {"body": '"OK"'}, {"body": "Incident not found"}, {"status": 500}


@pytest.mark.parametrize(
    ("answers", "outcome", "changed"),
    [
        ([NOBODY_KNOWS], "partial", None),
        ([NOBODY_KNOWS, NOBODY_KNOWS], "partial", None),
        ([NONE, NOBODY_KNOWS], "partial", None),
        ([NOBODY_KNOWS, SOME], "partial", True),
        ([SOME, NONE], "partial", True),
        ([SOME, SOME], "done", True),
        ([NONE, NONE, NONE], "failed", False),
    ],
)
def test_whether_a_run_changed_anything_is_unknown_where_nobody_knows_of_an_item(http, answers, outcome, changed):
    for number, answer in enumerate(answers, 1):
        expect_update(http, number, **answer)
        if answer is NOBODY_KNOWS:
            expect_rows(http, [number], ["incidentComments"], status=500)
    result = update(comments(*range(1, len(answers) + 1)))
    assert (result["outcome"], result["changed"]) == (outcome, changed)


# Before the first request.


ITEM_TEXT = json.dumps(comments(1, 2))


@pytest.mark.parametrize("items", [ITEM_TEXT, f" {ITEM_TEXT} ", comments(1, 2)])
def test_the_items_may_be_json_text(http, items):
    expect_update(http, 1)
    expect_update(http, 2)
    assert update(items)["counts"]["done"] == 2


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ([], "Items '[]' is not a JSON list of 1 to 1000 items."),
        ("[]", "Items '[]' is not a JSON list of 1 to 1000 items."),
        ("hello", "Items 'hello' is not a JSON list of 1 to 1000 items."),
        ({"incident_id": 1}, """Items '{"incident_id": 1}' is not a JSON list of 1 to 1000 items."""),
        ("", "Items is required."),
        (None, "Items is required."),
    ],
)
@pytest.mark.parametrize("action", [update, resolve])
def test_items_that_are_no_list_of_some_are_refused(http, action, items, problem):
    assert failure(action, items) == f"The parameters are not valid: {problem} {NOTHING}"


def test_a_thousand_items_are_taken_and_one_more_is_refused(http, monkeypatch):
    monkeypatch.setattr(bulk, "update", lambda *_args: writes.ALREADY_DONE.result())
    result = update(comments(*range(1, 1001)), concurrency=16)
    assert (result["outcome"], result["changed"], result["counts"]["already_done"]) == ("already_done", False, 1000)
    assert failure(update, comments(*range(1, 1002))).endswith("is not a JSON list of 1 to 1000 items. " + NOTHING)


def test_the_problems_of_all_items_are_told_at_once_with_their_places(http):
    items = [
        {"incident_id": "x", "comments": "a"},
        {"incident_id": 1, "comments": "a"},
        {"status": "Closed", "commments": "a"},
        "hello",
        {"incident_id": 2},
        None,
    ]
    assert failure(update, items) == (
        "The parameters are not valid: Item 1: FortiSIEM Incident ID 'x' is not an ID such as 42, or a Source ID such "
        "as fortisiem:siem.example.com:42. Item 3: There is no parameter 'commments'; 'comments' comes close. Item 3: FortiSIEM Incident ID is required. Item 3: Status 'Closed' is not one of: Active, "
        "Auto Cleared, Manually Cleared, System Cleared. Item 4: They must be an object of names and values. Item 5: At least "
        f"one attribute to update must be given. Item 6: FortiSIEM Incident ID is required. {NOTHING}"
    )


def test_items_without_anything_to_update_are_refused(http):
    items = [*comments(1), {"incident_id": 2}, {"incident_id": 3, "comments": " ", "verify": True}]
    assert failure(update, items) == (
        "The parameters are not valid: Item 2: At least one attribute to update must be given. Item 3: At least one "
        f"attribute to update must be given. {NOTHING}"
    )


def test_what_names_no_incident_of_fortimonitor_is_refused_with_its_place(http):
    problem = (
        "is not an ID such as -28000855, #-28000855, a URL such as https://fortimonitor.test/v2/outage/-28000855, or a Source "
        "ID such as fortimonitor:api2.panopta.com:-28000855."
    )
    assert failure(resolve, ["5.0", -1, "https://other.test/v2/outage/5", {"incident": "0"}]) == (
        f"The parameters are not valid: Item 1: FortiMonitor Incident '5.0' {problem} Item 3: FortiMonitor Incident 'https://other.test/v2/outage/5' "
        f"{problem} Item 4: FortiMonitor Incident '0' {problem} {NOTHING}"
    )


@pytest.mark.parametrize(("bad", "rest"), [(20, ""), (21, "1 more. "), (999, "979 more. ")])
def test_no_more_than_twenty_problems_are_shown_and_the_rest_is_counted(http, bad, rest):
    shown = " ".join(f"Item {place}: FortiMonitor Incident is required." for place in range(1, 21))
    assert failure(resolve, [{}] * bad) == f"The parameters are not valid: {shown} {rest}{NOTHING}"


def test_two_items_for_one_incident_are_refused(http):
    assert failure(update, comments(1, 2, "1", 2, 1)) == (
        "The parameters are not valid: Items 1 and 3 are for the same incident 1. Items 2 and 4 are for the same incident 2. "
        f"Items 1 and 5 are for the same incident 1. {NOTHING}"
    )
    assert failure(resolve, [-5, "#-5", f"{FORTIMONITOR_URL}/outage/-5/"]) == (
        "The parameters are not valid: Items 1 and 2 are for the same incident -5. Items 1 and 3 are for the same incident "
        f"-5. {NOTHING}"
    )


def test_a_product_that_is_off_is_told(http):
    assert failure(update, comments(1), configuration(fortisiem_sign_in="Off")).startswith("FortiSIEM is switched off")
    off = configuration(fortimonitor_sign_in="Off")
    assert failure(resolve, [-1], config=off).startswith("FortiMonitor is switched off")


# Several at once.


@pytest.mark.parametrize("concurrency", [1, 2, 8, 16])
def test_exactly_as_many_are_under_way_as_asked_for(http, monkeypatch, concurrency):
    everybody = threading.Barrier(concurrency, timeout=60)
    lock, under_way, most, threads = threading.Lock(), [], [], set()

    def act(_bridge, incident_id, *_args):
        with lock:
            under_way.append(incident_id)
            most.append(len(under_way))
            threads.add(threading.get_ident())
        everybody.wait()  # broken unless so many get here
        with lock:
            under_way.remove(incident_id)
        return writes.ALREADY_DONE.result()

    monkeypatch.setattr(bulk, "update", act)
    numbers = list(range(1, 6 * concurrency + 1))
    result = update(comments(*numbers), concurrency=concurrency)
    assert (max(most), len(threads)) == (concurrency, concurrency)
    assert [each["incident_id"] for each in result["results"]] == numbers
    assert [each["index"] for each in result["results"]] == [number - 1 for number in numbers]


def test_results_stand_in_the_order_of_the_items_and_not_in_the_order_in_which_they_ended(http, monkeypatch):
    second_ended = threading.Event()

    def act(_bridge, incident_id, *_args):
        if incident_id == 2:
            return writes.ALREADY_DONE.result()
        assert second_ended.wait(60)
        raise errors.Rejected("too late")

    finish = bulk._Run._finish

    def finished(run, place, result):
        finish(run, place, result)
        second_ended.set()

    monkeypatch.setattr(bulk, "update", act)
    monkeypatch.setattr(bulk._Run, "_finish", finished)
    assert outcomes(update(comments(1, 2), concurrency=2)) == [(1, "failed"), (2, "already_done")]


def test_eight_are_under_way_unless_asked_otherwise_and_no_more_than_there_are_items(http, monkeypatch):
    asked = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers):
            asked.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(bulk, "update", lambda *_args: writes.ALREADY_DONE.result())
    execute("update_siem_incidents", {"items": comments(*range(1, 21)), "skip_done": False})
    update(comments(1, 2), concurrency=16)
    assert asked == [8, 2]


@pytest.mark.parametrize("concurrency", [0, 17, "many"])
def test_a_concurrency_out_of_bounds_is_refused(http, concurrency):
    wanted = "a whole number" if concurrency == "many" else "between 1 and 16"
    assert failure(update, comments(1), concurrency=concurrency) == (
        f"The parameters are not valid: Concurrency '{concurrency}' is not {wanted}. {NOTHING}"
    )


def test_a_fault_of_the_connectors_own_in_a_thread_is_told_as_one(http, monkeypatch):
    monkeypatch.setattr(bulk, "update", lambda *_args: 1 // 0)
    assert failure(update, comments(1)).startswith("Unexpected ZeroDivisionError in the connector at test_bulk.py:")


def test_the_threads_share_one_token(monkeypatch):
    everybody = threading.Barrier(4, timeout=60)

    def answer(_request):
        everybody.wait()
        return 200, {}, "OK"

    with responses.RequestsMock() as mocked:
        token = mocked.post(TOKEN, json={"access_token": "t" * 20, "expires_in": 15})
        mocked.add_callback("POST", UPDATES, answer)
        assert update(comments(1, 2, 3, 4), with_token(), concurrency=4)["outcome"] == "done"
        assert token.call_count == 1


# What stops a run.

ACCESS = "Make sure that the account has the appropriate access."
CREDENTIALS = (
    "Check user name, password and organization: use 'super' for Enterprise deployments and Super Global accounts, else the "
    "organization of the account."
)
WHERE = "Could not update FortiSIEM incident {}: FortiSIEM answered {} to POST /phoenix/rest/incident/external"
STOPS: dict[str, tuple[dict[str, Any], str, str]] = {
    "401": (
        {"status": 401},
        f"{WHERE.format('{}', 401)}.",
        CREDENTIALS,
    ),
    "429": (
        {"status": 429, "headers": {"Retry-After": "600"}},
        f"{WHERE.format('{}', 429)}, too many requests.",
        "FortiSIEM is reachable. Run the action again in 600 s.",
    ),
}


@pytest.mark.parametrize("kind", STOPS)
def test_what_would_meet_every_item_stops_the_run_and_leaves_a_list_to_go_on_with(http, kind):
    answer, happened, advice = STOPS[kind]
    expect_update(http, 1)
    expect_update(http, 2, **answer)
    items = comments(1, 2, 3)
    result = update(items)
    assert outcomes(result) == [(1, "done"), (2, "not_attempted"), (3, "not_attempted")]
    assert (result["outcome"], result["changed"], result["resume"]) == ("partial", True, items[1:])
    assert result["stopped_by"] == f"{happened.format(2)} {advice}"
    assert result["results"][2] == {
        "index": 2,
        "incident_id": 3,
        "page_url": None,
        "outcome": "not_attempted",
        "changed": False,
        "confirmed_by": None,
        "attempts": 0,
        "message": None,
    }


@pytest.mark.parametrize("kind", STOPS)
def test_where_it_stops_before_anything_came_of_any_item_it_is_a_failure(http, kind):
    answer, happened, advice = STOPS[kind]
    expect_update(http, 1, **answer)
    assert failure(update, comments(1, 2, 3)) == f"{happened.format(1)} {NOTHING} {advice}"


@pytest.mark.parametrize(
    ("first", "outcome"), [({"status": 500}, "unknown"), ({"body": "Incident not found"}, "failed")]
)
def test_what_came_of_an_item_is_told_even_where_none_was_done(http, first, outcome):
    expect_update(http, 1, **first)
    if outcome == "unknown":
        expect_rows(http, [1], ["incidentComments"], status=500)
    expect_update(http, 2, status=401)
    result = update(comments(1, 2))
    assert outcomes(result) == [(1, outcome), (2, "not_attempted")]
    assert result["stopped_by"] == f"{WHERE.format(2, 401)}. {CREDENTIALS}"


def test_what_was_done_already_is_told_where_the_rest_was_stopped(http):
    expect_rows(http, [1, 2], ["incidentComments"], [{"incidentId": 1, "incidentComments": "hello"}])
    expect_update(http, 2, status=401)
    assert outcomes(update(comments(1, 2), skip_done=True)) == [(1, "already_done"), (2, "not_attempted")]


def expect_refusal(http, number, status):
    """Expect an item to be refused, which for some statuses a read may explain."""
    expect_resolve(http, number, status=status)
    if status != 403:
        expect_read(http, number, status=500)


@pytest.mark.field_case("W14")
@pytest.mark.parametrize("place", [1, 2, 4])
@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_what_meets_one_item_alone_costs_that_item_and_stops_nothing(http, status, place):
    for number in range(1, 6):
        if number == place:
            expect_refusal(http, number, status)
        else:
            expect_resolve(http, number)
    result = resolve([1, 2, 3, 4, 5])
    own = "unknown" if status == 500 else "failed"
    assert outcomes(result) == [(number, own if number == place else "done") for number in range(1, 6)]
    assert (result["outcome"], result["changed"], result["resume"], result["stopped_by"]) == ("partial", True, [], None)


RESOLVE = "Could not resolve incident 1: FortiMonitor answered {} to PUT /v2/outage/1/force_resolve"
KEY = {
    403: "The API key's role does not allow this. Check its roles under API keys.",
    405: "A read-only API key is the usual reason; check the key's role under API keys.",
}


@pytest.mark.parametrize("statuses", [(405, 405, 405), (403, 403, 403), (405, 403, 405)])
@pytest.mark.parametrize("more", [0, 1, 7])
def test_what_refuses_the_first_three_of_all_refuses_the_account_and_is_a_failure(http, statuses, more):
    for number, status in enumerate(statuses, 1):
        expect_refusal(http, number, status)
    message = f"{RESOLVE.format(statuses[0])}. {NOTHING} {KEY[statuses[0]]}"
    assert failure(resolve, list(range(1, 4 + more))) == message


@pytest.mark.field_case("W14")
@pytest.mark.parametrize(
    ("first", "outcome"), [((405,), "failed"), ((403,), "failed"), ((405, 405), "failed"), ((403, 405), "failed")]
)
def test_fewer_than_three_refusals_are_each_items_own(http, first, outcome):
    for number, status in enumerate(first, 1):
        expect_refusal(http, number, status)
    result = resolve(list(range(1, len(first) + 1)))
    assert outcomes(result) == [(number, outcome) for number in range(1, len(first) + 1)]
    assert (result["outcome"], result["changed"], result["resume"], result["stopped_by"]) == ("failed", False, [], None)
    assert result["results"][0]["message"] == f"{RESOLVE.format(first[0])}. {NOTHING} {KEY[first[0]]}"


@pytest.mark.parametrize("other", [204, 400, 500])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_refusals_among_the_first_that_ended_otherwise_stop_nothing(http, other, place):
    for number in range(1, 6):
        if number != place:
            expect_refusal(http, number, 403)
        elif other == 204:
            expect_resolve(http, number)
        else:
            expect_refusal(http, number, other)
    result = resolve([1, 2, 3, 4, 5])
    wanted = {204: "done", 400: "failed", 500: "unknown"}[other]
    assert outcomes(result) == [(number, wanted if number == place else "failed") for number in range(1, 6)]
    assert (result["stopped_by"], result["resume"]) == (None, [])


@pytest.mark.field_case("W14")
def test_a_run_that_begins_with_what_was_refused_goes_on_behind_it(http):
    expect_refusal(http, 1, 405)
    expect_resolve(http, 2)
    expect_resolve(http, 3, status=401)
    result = resolve([1, 2, 3, 4])
    assert outcomes(result) == [(1, "failed"), (2, "done"), (3, "not_attempted"), (4, "not_attempted")]
    assert result["resume"] == [3, 4]


def test_what_is_under_way_when_the_account_turns_out_to_be_refused_has_its_own_result(http, monkeypatch):
    refused = threading.Event()
    finished = bulk._Run._finish

    def act(_bridge, incident_id, *_args):
        if incident_id == 1:
            assert refused.wait(60)
            return writes.ALREADY_DONE.result()
        raise errors.PermissionDenied(f"refused {incident_id}", "")

    def finish(run, place, result):
        finished(run, place, result)
        if run._stopped_by is not None:
            refused.set()

    monkeypatch.setattr(bulk, "update", act)
    monkeypatch.setattr(bulk._Run, "_finish", finish)
    result = update(comments(1, 2, 3, 4, 5, 6), concurrency=2)
    assert outcomes(result) == [(1, "already_done"), *((number, "not_attempted") for number in range(2, 7))]
    assert (result["resume"], result["stopped_by"]) == (comments(2, 3, 4, 5, 6), "refused 2.")


def test_a_server_that_cannot_be_reached_stops_the_run(http, monkeypatch):
    unreachable = errors.Unreachable("FortiSIEM at https://fortisiem.test cannot be reached: no", "Check the address.")

    def act(_bridge, incident_id, *_args):
        if incident_id == 2:
            raise unreachable
        return writes.ALREADY_DONE.result()

    monkeypatch.setattr(bulk, "update", act)
    result = update(comments(1, 2, 3))
    assert outcomes(result) == [(1, "already_done"), (2, "not_attempted"), (3, "not_attempted")]
    assert result["stopped_by"] == "FortiSIEM at https://fortisiem.test cannot be reached: no. Check the address."


def test_an_item_of_which_nobody_knows_is_unknown_even_where_the_run_would_stop(http, monkeypatch):
    def act(_bridge, incident_id, *_args):
        raise errors.RateLimited("refused after a try that may arrive late", "", "unknown")

    monkeypatch.setattr(bulk, "update", act)
    assert outcomes(update(comments(1, 2))) == [(1, "unknown"), (2, "unknown")]


def test_what_is_under_way_when_it_stops_still_ends_and_the_first_reason_is_told(http, monkeypatch):
    both, stopped = threading.Barrier(2, timeout=60), threading.Event()

    def act(_bridge, incident_id, *_args):
        both.wait()
        if incident_id == 1:
            raise errors.AuthenticationFailed("the first", "")
        assert stopped.wait(60)
        raise errors.RateLimited("the second", "")

    finish = bulk._Run._finish

    def finished(run, place, result):
        finish(run, place, result)
        stopped.set()

    monkeypatch.setattr(bulk, "update", act)
    monkeypatch.setattr(bulk._Run, "_finish", finished)
    assert failure(update, comments(1, 2, 3), concurrency=2) == f"the first. {NOTHING}"


def test_what_ends_after_the_stop_has_its_result_and_what_was_stopped_does_not_count_as_progress(
    http, monkeypatch, caplog
):
    both, stopped = threading.Barrier(2, timeout=60), threading.Event()

    def act(_bridge, incident_id, *_args):
        both.wait()
        if incident_id == 1:
            raise errors.AuthenticationFailed("not allowed", "")
        assert stopped.wait(60)
        return writes.ALREADY_DONE.result()

    finish = bulk._Run._finish

    def finished(run, place, result):
        finish(run, place, result)
        stopped.set()

    monkeypatch.setattr(bulk, "update", act)
    monkeypatch.setattr(bulk._Run, "_finish", finished)
    caplog.set_level(logging.INFO)
    result = update(comments(1, 2, 3), concurrency=2)
    assert outcomes(result) == [(1, "not_attempted"), (2, "already_done"), (3, "not_attempted")]
    assert (result["resume"], result["stopped_by"]) == (comments(1, 3), "not allowed.")
    assert log_lines(caplog) == ["update of fortisiem.test: 1 of 3 items"]


def test_run_with_the_list_to_go_on_with_the_rest_is_done(http):
    expect_resolve(http, -1)
    expect_resolve(http, -2, status=401)
    resume = resolve(["-1", "#-2", {"incident": "-3", "reason": "own"}])["resume"]
    assert resume == ["#-2", {"incident": "-3", "reason": "own"}]
    expect_resolve(http, -2)
    expect_resolve(http, -3, {"reason": "own"})
    result = resolve(resume)
    assert (result["outcome"], result["resume"]) == ("done", [])


# The time.


class Clock:
    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    go_by(monkeypatch, monotonic=lambda: made.now, wall=lambda: made.now, sleep=made.sleep, chance=lambda: 1.0)
    return made


@pytest.mark.parametrize(("seconds", "done"), [(30, 2), (18.1, 3), (18, 4), (11, 5)])
def test_in_the_last_tenth_of_the_time_nothing_is_begun(http, monkeypatch, clock, seconds, done):
    def act(*_args):
        clock.now += seconds
        return writes.ALREADY_DONE.result()

    monkeypatch.setattr(bulk, "update", act)
    items = comments(*range(1, 7))
    result = update(items, configuration(total_timeout=60))
    assert result["counts"]["already_done"] == done
    assert result["resume"] == items[done:]
    assert result["stopped_by"] == "The time was over (Total Timeout 60 s). Run it with resume."


def test_where_nothing_could_be_begun_in_time_everything_is_left_to_go_on_with(http, clock):
    def late(_request):
        clock.now += 54.5
        return 200, {}, '{"data": []}'

    http.add_callback("POST", INCIDENTS, late)
    result = update(comments(1, 2), configuration(total_timeout=60), skip_done=True)
    assert (result["outcome"], result["changed"], result["resume"]) == ("partial", False, comments(1, 2))
    assert result["stopped_by"] == "The time was over (Total Timeout 60 s). Run it with resume."


def test_a_run_that_ends_with_its_time_was_not_stopped(http, monkeypatch, clock):
    def act(*_args):
        clock.now += 30
        return writes.ALREADY_DONE.result()

    monkeypatch.setattr(bulk, "update", act)
    result = update(comments(1, 2), configuration(total_timeout=60))
    assert (result["outcome"], result["resume"], result["stopped_by"]) == ("already_done", [], None)


def test_more_than_fortimonitor_allows_in_a_minute_wait_for_the_next_one(http, clock):
    for number in range(1, 102):
        expect_resolve(http, number)
    result = resolve(list(range(1, 102)), config=configuration(total_timeout=600))
    assert (result["counts"]["done"], clock.slept) == (101, [61.0])


def test_where_the_next_minute_is_too_late_the_run_stops(http, clock):
    for number in range(1, 101):
        expect_resolve(http, number)
    result = resolve(list(range(1, 103)))
    assert (result["counts"]["done"], result["resume"], clock.slept) == (100, [101, 102], [])
    assert result["stopped_by"] == (
        "Could not resolve incident 101: FortiMonitor's 100 requests a minute are used up. Run it again in a minute."
    )


# Leaving out what is done.


def test_incidents_are_read_a_hundred_at_once_and_only_what_is_missing_is_sent(http):
    def shown(number):
        done = {"incidentStatus": 2, "incidentComments": "before\nhello"}
        return {"incidentId": number, **(done if number not in (7, 205) else {"incidentStatus": 2})}

    fields = ["incidentComments", "incidentStatus"]
    for first, last in ((1, 100), (101, 200), (201, 205)):
        numbers = range(first, last + 1)
        expect_rows(http, numbers, fields, [shown(number) for number in numbers if number != 101])
    sent = {"comments": "hello", "incidentStatus": "2"}
    for number in (7, 101, 205):
        expect_update(http, number, sent)
    items = [{**item, "status": "Manually Cleared"} for item in comments(*range(1, 206))]
    result = update(items, skip_done=True)
    assert result["counts"] == {"done": 3, "already_done": 202, "failed": 0, "unknown": 0, "not_attempted": 0}
    assert (result["outcome"], result["changed"]) == ("done", True)
    assert {each["index"] for each in result["results"] if each["outcome"] == "done"} == {6, 100, 204}
    assert result["results"][0] == {
        "index": 0,
        "incident_id": 1,
        "page_url": None,
        "outcome": "already_done",
        "changed": False,
        "confirmed_by": "read_back",
        "attempts": 0,
        "message": None,
    }


def test_done_items_are_left_out_unless_asked_otherwise(http):
    expect_rows(http, [1], ["incidentComments"], [{"incidentId": 1, "incidentComments": "hello"}])
    assert execute("update_siem_incidents", {"items": comments(1)})["outcome"] == "already_done"


def test_only_the_attributes_that_some_item_has_are_read(http):
    rows = [{"incidentId": 1, "incidentComments": "hello"}, {"incidentId": 2, "incidentExtTicketId": "7"}]
    expect_rows(http, [1, 2], ["incidentComments", "incidentExtTicketId"], rows)
    items = [*comments(1), {"incident_id": 2, "external_ticket_id": 7}]
    assert update(items, skip_done=True)["outcome"] == "already_done"


def test_a_server_that_cannot_be_read_is_sent_everything(http):
    expect_rows(http, [1], ["incidentComments"], status=404)
    expect_update(http, 1)
    assert update(comments(1), skip_done=True)["counts"]["done"] == 1


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_read_that_fails_for_another_reason_sends_nothing(http, status):
    expect_rows(http, [1], ["incidentComments"], status=status)
    message = failure(update, comments(1), skip_done=True)
    assert message.startswith(
        f"Could not read the FortiSIEM incidents: FortiSIEM answered {status} to POST /phoenix/rest/pub/incident. {NOTHING}"
    )


# Logs and secrets.


def log_lines(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]


def test_the_progress_is_logged_ten_times_and_at_the_end(http, monkeypatch, caplog):
    monkeypatch.setattr(bulk, "update", lambda *_args: writes.ALREADY_DONE.result())
    caplog.set_level(logging.INFO)
    update(comments(*range(1, 110)))
    places = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 109]
    assert log_lines(caplog) == [f"update of fortisiem.test: {place} of 109 items" for place in places]


def test_the_progress_of_few_items_is_logged_with_each_and_what_was_not_attempted_is_none(http, caplog):
    caplog.set_level(logging.INFO)
    expect_resolve(http, -1)
    expect_resolve(http, -2, status=401)
    resolve([-1, -2])
    assert log_lines(caplog) == ["force resolve: 1 of 2 items"]


def test_secrets_are_masked_in_the_message_of_an_item_and_in_what_stopped_the_run(http):
    expect_update(http, 1, status=400, json={"message": f"bad {PASSWORD}"})
    expect_update(http, 2, status=401, json={"message": f"no {API_KEY}"})
    result = update(comments(1, 2))
    assert result["results"][0]["message"] == f"{WHERE.format(1, 400)}: bad ***. {NOTHING} " + (
        "The request failed, often due to a missing or misconfigured parameter."
    )
    assert result["stopped_by"] == f"{WHERE.format(2, 401)}: no ***. {CREDENTIALS}"


def test_secrets_are_masked_wherever_in_a_failure_they_stand(http, monkeypatch):
    kinds = {1: errors.Rejected, 2: errors.AuthenticationFailed}

    def act(_bridge, incident_id, *_args):
        raise kinds[incident_id](f"{API_KEY} was refused", f"Replace {PASSWORD}.")

    monkeypatch.setattr(bulk, "update", act)
    result = update(comments(1, 2))
    assert result["results"][0]["message"] == f"*** was refused. {NOTHING} Replace ***."
    assert result["stopped_by"] == "*** was refused. Replace ***."


def test_a_connection_that_breaks_is_read_back_and_stops_nothing(http):
    expect_update(http, 1, {"incidentStatus": "2"}, body=requests.ConnectionError("no"))
    expect_rows(http, [1], ["incidentStatus"], [{"incidentId": 1, "incidentStatus": 2}])
    expect_update(http, 2)
    items = [{"incident_id": 1, "status": "Manually Cleared"}, *comments(2)]
    assert outcomes(update(items)) == [(1, "done"), (2, "done")]


@pytest.mark.field_case("W4")
@pytest.mark.parametrize("older", ["Not closed yet...", "closed by nobody", "see: closed", "un closed", "closed."])
@pytest.mark.parametrize("skip_done", [True, False])
def test_a_comment_that_only_stands_in_an_older_one_is_written(http, older, skip_done):
    row = {"incidentId": 1, "incidentComments": older}
    if skip_done:
        expect_rows(http, [1], ["incidentComments"], [row])
    expect_update(http, 1, {"comments": "closed"})
    result = update(comments(1, text="closed"), skip_done=skip_done)
    assert (outcomes(result), result["changed"]) == ([(1, "done")], True)


@pytest.mark.parametrize("after", ["Not closed yet...\nclosed", "Not closed yet...\r\nclosed\r\n"])
def test_a_comment_of_which_nobody_knows_is_found_by_what_was_read_before(http, after):
    expect_rows(http, [1], ["incidentComments"], [{"incidentId": 1, "incidentComments": "Not closed yet..."}])
    expect_update(http, 1, {"comments": "closed"}, status=500)
    expect_rows(http, [1], ["incidentComments"], [{"incidentId": 1, "incidentComments": after}])
    result = update(comments(1, text="closed"), skip_done=True)
    assert (result["outcome"], result["results"][0]["confirmed_by"]) == ("done", "read_back")


@pytest.mark.field_case("W17")
@pytest.mark.parametrize("empty", ["None", "null", "{}", "undefined"])
def test_an_item_that_expects_no_correlation_id_in_particular_is_refused_with_its_place(http, empty):
    items = ["-1", {"incident": "-2", "expect_correlation_id": empty}]
    assert failure(resolve, items) == (
        f"The parameters are not valid: Item 2: Expected Correlation ID '{empty}' is what an expression without a value "
        f"renders to. {NOTHING}"
    )
