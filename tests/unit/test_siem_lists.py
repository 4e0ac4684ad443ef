"""list_siem_incidents: which requests go out in either style of paging, and that no incident is lost or shown twice."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from responses import matchers

from tests.support.package import FORTISIEM_URL, ConnectorError, ageless, configuration, context, execute, module
from tests.support.pair import BASIC

INCIDENTS = f"{FORTISIEM_URL}/phoenix/rest/pub/incident"
FROM, TO = 1762300800000, 1762387200000  # 2025-11-05 and the day after
PERIOD = {"time_from": "2025-11-05T00:00:00Z", "time_to": "2025-11-06T00:00:00Z"}
FAILED = "Could not list FortiSIEM incidents: "
NOTHING = "Nothing was changed."
WHERE_PAGE = "FortiSIEM answered {} to GET /phoenix/rest/pub/incident/q-1/{}"


def row(number, **values):
    return {"incidentId": number, **values}


def rows(*numbers, **values):
    return [row(number, **values) for number in numbers]


def expect_query(
    http, shown, total=None, size=500, start=0, newest=False, filters=None, further=(), fields=None, **body
):
    """Expect a query for a page; what else is in the answer's body goes by name, such as queryId and pages."""
    wanted = {
        "filters": filters or {},
        "timeFrom": FROM,
        "timeTo": TO,
        "start": start,
        "size": size,
        "orderBy": "incidentId",
        "descending": newest,
        "fields": list(fields or [*module("clients.fortisiem.attributes").READ_FIELDS, *further]),
    }
    http.post(
        INCIDENTS,
        match=[matchers.json_params_matcher(wanted, strict_match=True), matchers.header_matcher(BASIC)],
        json={"total": len(shown) if total is None else total, "data": shown, **body},
    )


def expect_newest(http, shown, total=None, size=101, **given):
    expect_query(http, shown, total, size, newest=True, **given)


def expect_page(http, number, shown=None, total=0, query="q-1", **answer):
    body = {"total": total, "data": shown, "queryId": query, "pages": answer.pop("pages", 0)}
    http.get(f"{INCIDENTS}/{query}/{number}", match=[matchers.header_matcher(BASIC)], **(answer or {"json": body}))


def expect_nothing_behind(http, number, query="q-1"):
    """Expect the page behind a full last one to be asked for, which there is not."""
    expect_page(http, number, query=query, status=404)


def answer(config=None, **params):
    return execute("list_siem_incidents", {**PERIOD, **params}, config)


def listed(config=None, **params):
    """Return the ids that are listed and whether these are all."""
    result = answer(config, **params)
    assert result["count"] == len(result["incidents"])
    return [incident["incident_id"] for incident in result["incidents"]], result["is_complete"]


def failure(config=None, **params):
    with pytest.raises(ConnectorError) as caught:
        answer(config, **params)
    return str(caught.value)


@pytest.fixture
def pages_of_two(monkeypatch):
    make_pages(monkeypatch, 2)


def make_pages(monkeypatch, size):
    places = [
        module("clients.fortisiem.lists"),
        module("operations.fortisiem"),
    ]  # both, before the one has another size
    for place in places:
        monkeypatch.setattr(place, "PAGE_SIZE", size)


# One request is enough.


def test_an_incident_is_shown_as_by_the_action_that_reads_one(http):
    shown = row(7, incidentTitle="Brute force", incidentStatus=0, phCustId=2000)
    expect_newest(http, [shown], further=["phCustId"])
    incident = module("operations.results").siem_incident(context(configuration()), shown, ["phCustId"])
    assert incident["other"] == {"phCustId": 2000}
    result = answer(fields="phCustId, incidentStatus")
    assert {**result, "incidents": list(map(ageless, result["incidents"]))} == {
        "incidents": [incident],
        "count": 1,
        "is_complete": True,
        "skipped": [],
    }


@pytest.mark.parametrize("total", [2, "2"])
def test_a_page_that_holds_them_all_is_the_only_request(http, total):
    expect_newest(http, rows(9, 8), total=total)
    assert listed() == ([9, 8], True)


def test_none_at_all_is_an_answer(http):
    expect_newest(http, [])
    assert answer() == {"incidents": [], "count": 0, "is_complete": True, "skipped": []}


@pytest.mark.parametrize("total", [3, "3"])
def test_the_newest_are_enough_where_no_more_are_wanted(http, total):
    expect_newest(http, rows(9, 8), total=total, size=3)
    assert listed(max_results=2) == ([9, 8], False)


def test_no_more_than_wanted_are_shown_even_if_more_come(http):
    expect_newest(http, rows(9, 8, 7, 6), size=3)
    assert listed(max_results="2") == ([9, 8], False)


def test_as_many_as_wanted_are_all_where_there_are_no_more(http):
    expect_newest(http, rows(9, 8), size=3)
    assert listed(max_results=2) == ([9, 8], True)


def test_a_page_is_never_larger_than_500(http):
    expect_newest(http, rows(9), size=500)
    assert listed(max_results=25000) == ([9], True)


# Filters.


@pytest.mark.parametrize(
    ("given", "filters"),
    [
        ({"status": ["Active"]}, {"status": [0]}),
        ({"status": "System Cleared, Auto Cleared"}, {"status": [1, 3]}),
        ({"status": '["Manually Cleared"]'}, {"status": [2]}),
        ({"category": ["Other", "Availability"]}, {"phIncidentCategory": [1, 5]}),
        ({"category": ["Security"], "status": ["Active"]}, {"status": [0], "phIncidentCategory": [4]}),
        ({"status": [], "category": ""}, {}),
    ],
)
def test_status_and_category_are_left_to_fortisiem_and_one_more_than_wanted_is_asked_for(http, given, filters):
    expect_newest(http, [], size=4, filters=filters)
    assert listed(max_results=3, **given) == ([], True)


@pytest.mark.parametrize(
    ("given", "fits", "does_not"),
    [
        (
            {"status": ["Active", "Auto Cleared"]},
            [{"incidentStatus": 0}, {"incidentStatus": "1"}],
            [{"incidentStatus": 2}, {}],
        ),
        (
            {"category": ["Security"]},
            [{"phIncidentCategory": 4}],
            [{"phIncidentCategory": 1}, {"phIncidentCategory": None}],
        ),
    ],
)
def test_filters_that_fortisiem_ignores_are_applied_all_the_same(http, given, fits, does_not):
    names = {"status": ("status", [0, 1]), "category": ("phIncidentCategory", [4])}
    name, values = names[next(iter(given))]
    given_rows = [row(number, **each) for number, each in enumerate([*fits, *does_not], 1)]
    expect_newest(http, given_rows, filters={name: values})
    assert listed(**given) == (list(range(1, len(fits) + 1)), True)


HERE = [
    ({"severity": ["High", "Low"]}, [{"eventSeverityCat": "HIGH"}, {"eventSeverityCat": "LOW"}], [{"eventSeverityCat": "MEDIUM"}, {}]),
    ({"event_type": "A, B,"}, [{"eventType": "A"}, {"eventType": "B"}], [{"eventType": "AB"}, {"eventType": "a"}, {}]),
    ({"organization": "acme"}, [{"customer": "Acme"}, {"customer": "ACME"}], [{"customer": "Acme 2"}, {"customer": None}]),
    (
        {"text": "WEB-01"},
        [
            {"incidentTitle": "Down: web-01"},
            {"incidentSrc": "hostName:web-01,"},
            {"incidentTarget": "hostName:WEB-01,"},
            {"incidentDetail": "x:Web-01"},
            {"incidentRptIp": "web-01"},
            {"incidentRptDevName": "web-01.example.com"},
        ],
        [{"incidentTitle": "web", "incidentSrc": "-01"}, {"incidentComments": "web-01"}, {}],
    ),
    ({"text": "none"}, [{"incidentTitle": "None left"}], [{"incidentTitle": None}]),
    ({"severity": ["High"], "text": "a"}, [{"eventSeverityCat": "HIGH", "incidentSrc": "a"}], [{"eventSeverityCat": "HIGH"}, {"incidentSrc": "a"}]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "fits", "does_not"), HERE)
def test_what_fortisiem_cannot_filter_is_chosen_from_a_whole_page(http, given, fits, does_not):
    given_rows = [row(number, **each) for number, each in enumerate([*fits, *does_not], 1)]
    expect_newest(http, given_rows, size=500)
    assert listed(max_results=10, **given) == (list(range(1, len(fits) + 1)), True)


def test_enough_on_the_first_page_are_enough(http):
    expect_newest(http, rows(9, 8, 7, eventSeverityCat="HIGH"), total=5000, size=500)
    assert listed(max_results=2, severity=["High"]) == ([9, 8], False)


@pytest.mark.usefixtures("pages_of_two")
def test_where_too_few_are_on_the_first_page_all_pages_are_read_and_the_newest_shown(http):
    expect_newest(http, rows(6, 5), total=6, size=2)
    expect_query(http, [row(1, eventSeverityCat="HIGH"), row(2)], total=6, size=2)
    expect_query(http, [row(3, eventSeverityCat="HIGH"), row(4)], total=6, size=2, start=2)
    expect_query(http, [row(5, eventSeverityCat="HIGH"), row(6, eventSeverityCat="HIGH")], total=6, size=2, start=4)
    expect_query(http, [], total=6, size=2, start=6)
    assert listed(max_results=3, severity=["High"]) == ([6, 5, 3], False)


@pytest.mark.usefixtures("pages_of_two")
def test_as_many_as_wanted_in_all_pages_are_complete(http):
    expect_newest(http, rows(4, 3), total=4, size=2)
    expect_query(http, [row(1, eventType="A"), row(2)], total=4, size=2)
    expect_query(http, [row(3), row(4, eventType="A")], total=4, size=2, start=2)
    expect_query(http, [], total=4, size=2, start=4)
    assert listed(max_results=2, event_type="A") == ([4, 1], True)


@pytest.mark.usefixtures("pages_of_two")
def test_the_status_is_off_the_wire_when_all_pages_are_read(http):
    expect_newest(
        http, rows(6, 5, incidentStatus=0), total=3, size=2, filters={"status": [0], "phIncidentCategory": [4]}
    )
    all_of = {"filters": {"phIncidentCategory": [4]}, "size": 2, "total": 4}
    seen = {"phIncidentCategory": 4}
    expect_query(http, [row(1, incidentStatus=0, **seen), row(2, incidentStatus=2, **seen)], **all_of)
    expect_query(http, rows(5, 6, incidentStatus=0, **seen), start=2, **all_of)
    expect_query(http, [], start=4, **all_of)
    assert listed(status=["Active"], category=["Security"]) == ([6, 5, 1], True)


# Times.


@pytest.fixture
def noon(monkeypatch):
    """Let it be noon on 2025-11-05."""

    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2025, 11, 5, 12, tzinfo=tz)

    monkeypatch.setattr(module("operations.fortisiem"), "datetime", Noon)


def milliseconds(day, hour):
    return int(datetime(2025, 11, day, hour, tzinfo=timezone.utc).timestamp() * 1000)


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("given", "period"),
    [
        ({}, (milliseconds(4, 12), milliseconds(6, 12))),
        ({"time_to": "2025-11-03T06:00:00Z"}, (milliseconds(2, 6), milliseconds(3, 6))),
        ({"time_from": "2025-11-01 01:00:00"}, (milliseconds(1, 1), milliseconds(6, 12))),
        ({"time_from": 1762300800, "time_to": "2025-11-06T01:00:00+01:00"}, (FROM, TO)),
        ({"time_from": "2025-11-05T00:00:00Z", "time_to": "2025-11-05T00:00:00Z"}, (FROM, FROM)),
    ],
)
def test_the_period_is_the_last_day_unless_it_is_given(http, given, period):
    http.post(
        INCIDENTS,
        match=[matchers.json_params_matcher({"timeFrom": period[0], "timeTo": period[1]}, strict_match=False)],
        json={"total": 0, "data": []},
    )
    assert execute("list_siem_incidents", given)["count"] == 0


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"time_from": "2025-11-07T00:00:00Z"}, "Time From must not lie in the future."),
        (
            {"time_from": "2025-11-05T00:00:01Z", "time_to": "2025-11-05T00:00:00Z"},
            "Time From must not be later than Time To.",
        ),
        ({"max_results": 0}, "Max Results '0' is not between 1 and 25000."),
        ({"max_results": 25001}, "Max Results '25001' is not between 1 and 25000."),
        (
            {"status": ["Open"]},
            "Status '[\"Open\"]' is not one of: Active, Auto Cleared, Manually Cleared, System Cleared.",
        ),
        (
            {"time_from": "yesterday"},
            "Time From 'yesterday' is not ISO 8601 with offset, epoch seconds, or 'YYYY-MM-DD HH:MM:SS' in UTC.",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_sent(http, given, problem):
    with pytest.raises(ConnectorError) as caught:
        execute("list_siem_incidents", given)
    assert str(caught.value) == f"The parameters are not valid: {problem} {NOTHING}"


# All pages by start and size, as in 6.x.

TWO = pytest.mark.usefixtures("pages_of_two")


def many(http, total):
    """Expect the request for the newest, which are too few."""
    expect_newest(http, rows(99), total=total, size=2)


@TWO
def test_pages_by_start_go_on_by_what_came_until_the_total(http):
    many(http, 5)
    expect_query(http, rows(1, 2), total=5, size=2)
    expect_query(http, rows(3), total=5, size=2, start=2)
    expect_query(http, rows(4, 5), total=5, size=2, start=3)
    expect_query(http, [], total=5, size=2, start=5)
    assert listed() == ([5, 4, 3, 2, 1], True)


@TWO
def test_incidents_that_come_while_the_list_is_read_are_read_too(http):
    many(http, 3)
    expect_query(http, rows(1, 2), total=3, size=2)
    expect_query(http, rows(3, 4), total=5, size=2, start=2)
    expect_query(http, rows(5), total=5, size=2, start=4)
    assert listed() == ([5, 4, 3, 2, 1], True)


@TWO
def test_where_the_total_falls_the_list_is_read_again_and_nothing_shown_twice(http):
    many(http, 4)
    expect_query(http, rows(1, 2), total=4, size=2)
    expect_query(http, rows(4), total=3, size=2, start=2)  # 1 has left, so that 3 slipped past
    expect_query(http, rows(2, 3), total=3, size=2)
    expect_query(http, rows(4), total=3, size=2, start=2)
    incidents, is_complete = listed()
    assert (sorted(incidents), is_complete) == ([1, 2, 3, 4], True)


@TWO
def test_a_total_that_falls_and_rises_again_has_fallen(http):
    many(http, 7)
    expect_query(http, rows(1, 2), total=7, size=2)
    expect_query(http, rows(4, 5), total=6, size=2, start=2)
    expect_query(http, rows(6, 7), total=7, size=2, start=4)
    expect_query(http, rows(8), total=7, size=2, start=6)
    for start, numbers in ((0, (2, 3)), (2, (4, 5)), (4, (6, 7)), (6, (8,))):
        expect_query(http, rows(*numbers), total=7, size=2, start=start)
    assert sorted(listed()[0]) == [1, 2, 3, 4, 5, 6, 7, 8]


@TWO
def test_what_came_before_the_list_was_read_again_does_not_stand_in_for_what_does_not_come(http):
    many(http, 4)
    expect_query(http, rows(1, 2), total=4, size=2)
    expect_query(http, rows(4), total=3, size=2, start=2)
    for start in (0, 2):
        expect_query(http, rows(2, 3), total=3, size=2, start=start)
    incidents, is_complete = listed()
    assert (sorted(incidents), is_complete) == ([1, 2, 3, 4], False)


@TWO
def test_a_list_that_keeps_falling_is_read_three_times_and_no_more(http):
    many(http, 9)
    for _ in range(3):
        expect_query(http, rows(1, 2), total=4, size=2)
        expect_query(http, rows(3), total=3, size=2, start=2)
    assert listed() == ([3, 2, 1], False)


@TWO
@pytest.mark.parametrize("second", [rows(1, 2), []])
def test_fewer_incidents_than_were_counted_are_not_taken_for_all(http, second):
    many(http, 4)
    expect_query(http, rows(1, 2), total=4, size=2)
    expect_query(http, second, total=4, size=2, start=2)
    assert listed() == ([2, 1], False)


@TWO
def test_a_first_page_without_incidents_ends_the_list(http):
    many(http, 4)
    expect_query(http, [], total=4, size=2)
    assert listed() == ([], False)


@TWO
def test_ids_as_text_are_the_same_incidents(http):
    many(http, 3)
    expect_query(http, rows("1", "2"), total=3, size=2)
    expect_query(http, rows(2, 3), total=3, size=2, start=2)
    expect_query(http, [], total=3, size=2, start=4)
    assert listed() == ([3, 2, 1], True)


# All pages by queryId, as in 7.x.


def expect_first(http, shown, total, pages, size=2, query="q-1"):
    expect_query(http, shown, total, size, queryId=query, pages=pages)


@TWO
def test_further_pages_come_by_query_id_from_page_two_on(http):
    many(http, 5)
    expect_first(http, rows(1, 2), 5, pages=3)
    expect_page(http, 2, rows(3, 4), 5)
    expect_page(http, 3, rows(5), 5)
    assert listed() == ([5, 4, 3, 2, 1], True)


@TWO
@pytest.mark.parametrize("pages", [1, 0])
def test_the_only_page_needs_no_further_request(http, pages):
    many(http, 3)
    expect_first(http, rows(1), 1, pages=pages)
    assert listed() == ([1], True)


@TWO
@pytest.mark.parametrize("nothing", [{"status": 404}, {"status": 503}, {"json": {"total": 2, "data": [], "pages": 1}}])
def test_behind_a_full_last_page_one_look_shows_that_there_is_no_more(http, slept, nothing):
    many(http, 3)
    expect_first(http, rows(1, 2), 2, pages=1)
    expect_page(http, 2, **nothing)
    assert listed() == ([2, 1], True)
    assert slept == []


@TWO
def test_pages_that_are_added_meanwhile_are_read_too(http):
    many(http, 5)
    expect_first(http, rows(1, 2), 5, pages=3)
    expect_page(http, 2, rows(3, 4), 5, pages=3)
    expect_page(http, 3, rows(5, 6), 7, pages=4)
    expect_page(http, 4, rows(7), 7, pages=4)
    assert listed()[0] == [7, 6, 5, 4, 3, 2, 1]


@TWO
def test_incidents_that_are_counted_after_the_query_need_not_come_with_it(http):
    many(http, 5)
    expect_first(http, rows(1, 2), 5, pages=3)
    expect_page(http, 2, rows(3, 4), 6, pages=3)
    expect_page(http, 3, rows(5), 6, pages=3)
    expect_nothing_behind(http, 4)
    assert listed() == ([5, 4, 3, 2, 1], True)


@TWO
def test_pages_that_are_gone_are_not_asked_for_and_the_list_is_read_again(http):
    many(http, 5)
    expect_first(http, rows(1, 2), 5, pages=3)
    expect_page(http, 2, rows(5), 3, pages=2)  # 1 and 2 have left, so that 3 and 4 slipped past
    expect_first(http, rows(3, 4), 3, pages=2, query="q-2")
    expect_page(http, 2, rows(5), 3, pages=2, query="q-2")
    assert sorted(listed()[0]) == [1, 2, 3, 4, 5]


@TWO
def test_a_repeated_page_by_query_id_is_not_taken_for_another(http):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    expect_page(http, 2, rows(1, 2), 6)
    assert listed() == ([2, 1], False)


@TWO
@pytest.mark.parametrize("status", [400, 404, 503])
def test_a_page_that_is_not_ready_is_waited_for(http, slept, status):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    for _ in range(5):
        expect_page(http, 2, status=status)
    expect_page(http, 2, rows(3, 4), 6)
    expect_page(http, 3, status=status)
    expect_page(http, 3, rows(5, 6), 6)
    expect_nothing_behind(http, 4)
    assert listed() == ([6, 5, 4, 3, 2, 1], True)
    assert slept == [0.5, 1.0, 2.0, 4.0, 8.0, 0.5]


@TWO
def test_a_page_for_which_fortisiem_is_too_busy_is_waited_for(http, slept):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    for _ in range(3):
        expect_page(http, 2, status=429, headers={"Retry-After": "3"})
    expect_page(http, 2, rows(3, 4), 6)
    expect_page(http, 3, rows(5, 6), 6)
    expect_nothing_behind(http, 4)
    assert listed()[0] == [6, 5, 4, 3, 2, 1]
    assert slept == [3.0, 3.0, 0.5]


@TWO
def test_a_page_that_is_never_ready_ends_the_action_with_what_fortisiem_says(http, slept):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    for _ in range(6):
        expect_page(http, 2, status=503, body="Page 2 is not ready")
    assert failure() == (
        f"{FAILED}{WHERE_PAGE.format(503, 2)}: Page 2 is not ready. {NOTHING} The API request failed due to an internal server "
        "error. Try again later."
    )
    assert slept == [0.5, 1.0, 2.0, 4.0, 8.0]


@TWO
def test_a_page_is_not_waited_for_beyond_the_deadline(http, slept):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    for _ in range(3):
        expect_page(http, 2, status=404)
    assert WHERE_PAGE.format(404, 2) in failure(configuration(total_timeout=2))
    assert slept == [0.5, 1.0]


@TWO
@pytest.mark.parametrize("status", [401, 403, 405, 500, 502])
def test_a_page_that_is_refused_is_not_waited_for(http, slept, status):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    expect_page(http, 2, status=status)
    assert failure().startswith(f"{FAILED}{WHERE_PAGE.format(status, 2)}. {NOTHING}")
    assert slept == []


# 6.7 to 7.0.0 never deliver page 2 of exactly 2.


@pytest.mark.parametrize("status", [400, 404, 503])
def test_of_two_pages_the_second_that_does_not_come_is_replaced_by_thirds(http, slept, status):
    expect_newest(http, rows(99), total=601, size=500)
    expect_first(http, rows(*range(1, 501)), 601, pages=2, size=500)
    expect_page(http, 2, status=status)
    expect_first(http, rows(*range(1, 202)), 601, pages=3, size=201, query="q-2")
    expect_page(http, 2, rows(*range(202, 403)), 601, query="q-2", pages=3)
    expect_page(http, 3, rows(*range(403, 602)), 601, query="q-2", pages=3)
    assert listed(max_results=1000) == (list(range(601, 0, -1)), True)
    assert slept == []


@TWO
def test_of_two_pages_the_second_that_comes_at_once_is_taken(http):
    many(http, 4)
    expect_first(http, rows(1, 2), 4, pages=2)
    expect_page(http, 2, rows(3, 4), 4, pages=2)
    expect_nothing_behind(http, 3)
    assert listed() == ([4, 3, 2, 1], True)


@pytest.mark.parametrize("total", [4, 0])
def test_pages_that_cannot_be_cut_in_thirds_are_waited_for(http, slept, pages_of_two, total):
    """Thirds of a list of four are pages of two, and those of an unknown number none."""
    many(http, 4)
    expect_first(http, rows(1, 2), total, pages=2)
    expect_page(http, 2, status=503)
    expect_page(http, 2, rows(3, 4), total, pages=2)
    expect_page(http, 3, [], total, pages=2)
    assert listed() == ([4, 3, 2, 1], True)
    assert slept == [0.5]


def test_three_pages_are_not_cut_in_thirds(http, slept, monkeypatch):
    make_pages(monkeypatch, 4)
    expect_newest(http, rows(99), total=9, size=4)
    expect_first(http, rows(1, 2, 3, 4), 9, pages=3, size=4)
    expect_page(http, 2, status=503)
    expect_page(http, 2, rows(5, 6, 7, 8), 9)
    expect_page(http, 3, rows(9), 9)
    assert listed() == ([9, 8, 7, 6, 5, 4, 3, 2, 1], True)
    assert slept == [0.5]


@TWO
@pytest.mark.parametrize("status", [500, 403])
def test_a_second_page_that_is_refused_is_not_replaced(http, status):
    many(http, 3)
    expect_first(http, rows(1, 2), 3, pages=2)
    expect_page(http, 2, status=status)
    assert WHERE_PAGE.format(status, 2) in failure()


@pytest.mark.field_case("K1")
@pytest.mark.parametrize(("total", "most"), [(1, 100), (None, 100), (120, 120)])
@pytest.mark.parametrize("row", [{}, {"incidentId": 1}])
def test_rows_without_end_are_read_as_far_as_they_are_counted_or_for_a_hundred_pages(many_answers, row, total, most):
    asked = []

    def page(request):
        asked.append(request.url)
        rows = [{"place": len(asked), **{name: len(asked) for name in row}}] * (2 if total == 1 else 1)
        return 200, {}, json.dumps({"data": rows, "total": total})

    many_answers.add_callback("POST", INCIDENTS, page)
    assert answer()["is_complete"] is False
    assert len(asked) in (most, most + 1)  # one more looks for the newest ones


# Answers that are no page.


@pytest.mark.parametrize("body", [{"body": "x"}, {"json": []}, {"json": {}}, {"json": {"data": {}}}])
def test_an_answer_without_a_list_is_no_page(http, body):
    http.post(INCIDENTS, **body)
    assert failure() == (
        f"{FAILED}FortiSIEM answered 200 to POST /phoenix/rest/pub/incident without a list of incidents. {NOTHING}"
    )


@TWO
def test_a_further_page_that_is_none_is_said_to_be_none(http):
    many(http, 6)
    expect_first(http, rows(1, 2), 6, pages=3)
    expect_page(http, 2, body="hello")
    assert failure() == f"{FAILED}{WHERE_PAGE.format(200, 2)} without a list of incidents. {NOTHING}"


@pytest.mark.parametrize("query", [".", "..", "../../config", "a/b", "a?b", "q 1", "x" * 101, {"a": 1}, ["q"]])
def test_a_query_id_that_would_lead_elsewhere_is_refused(http, query):
    http.post(INCIDENTS, json={"total": 9, "pages": 5, "queryId": query, "data": []})
    assert failure() == (
        f"{FAILED}FortiSIEM answered 200 to POST /phoenix/rest/pub/incident with a query's ID that is none. {NOTHING}"
    )


@TWO
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("pub_inc_query_81_1684452618294", "pub_inc_query_81_1684452618294"),
        (14262, "14262"),
        (14262.0, "14262"),
        ("a.b-c", "a.b-c"),
        ("cXVlcnktMQ==", "cXVlcnktMQ%3D%3D"),
    ],
)
def test_a_query_id_is_taken_as_text_or_number(http, query, named):
    many(http, 5)
    expect_first(http, rows(1, 2), 5, pages=3, query=query)
    for number, shown in ((2, rows(3, 4)), (3, rows(5))):
        expect_page(http, number, query=named, json={"total": 5, "data": shown, "queryId": query})
    assert listed()[0] == [5, 4, 3, 2, 1]


def test_a_refusal_of_the_list_says_why(http):
    http.post(INCIDENTS, status=400, json={"result": {"code": 255, "description": "Invalid timeFrom"}})
    assert failure() == (
        f"{FAILED}FortiSIEM answered 400 to POST /phoenix/rest/pub/incident: Invalid timeFrom. {NOTHING} The request failed, "
        "often due to a missing or misconfigured parameter."
    )


def test_a_list_that_fails_changed_nothing_although_it_is_a_post(http):
    http.post(INCIDENTS, status=500)
    assert failure() == (
        f"{FAILED}FortiSIEM answered 500 to POST /phoenix/rest/pub/incident. {NOTHING} The API request failed due to an "
        "internal server error. Try again later."
    )


def test_a_list_whose_connection_breaks_is_asked_for_again(http, slept):
    http.post(INCIDENTS, body=ConnectionError("cut"))
    expect_newest(http, rows(9))
    assert listed() == ([9], True)
    assert slept == [0.5]


# Counts that are missing, wrong, or written in another form.


class Server:
    """A FortiSIEM with incidents 1 to ``number``, which answers each query as it is asked.

    Parameters:
        total: what it calls the total, from the number of incidents and the rows of the page.
        clamp: the most rows on a page.
        fixed: whether every query gets the first page.
    """

    def __init__(self, http, number, total, clamp=10_000, fixed=False):
        self.asked = 0
        self._rows = rows(*range(1, number + 1))
        self._total, self._clamp, self._fixed = total, clamp, fixed
        http.add_callback("POST", INCIDENTS, self.answer)
        http.assert_all_requests_are_fired = False

    def enlarge(self, number):
        """Give an incident a title that no answer can hold."""
        self._rows[number - 1]["incidentTitle"] = "x" * 300

    def answer(self, request):
        self.asked += 1
        body = json.loads(request.body)
        found = self._rows[::-1] if body["descending"] else self._rows
        start = 0 if self._fixed else body["start"]
        page = [
            {name: value for name, value in row.items() if name in body["fields"]}
            for row in found[start : start + min(body["size"], self._clamp)]
        ]
        total = self._total(len(self._rows), page)
        named = {} if total is ABSENT else {"total": total}
        return 200, {}, json.dumps({**named, "data": page})


ABSENT = object()
TOTALS = {
    "right": lambda number, page: number,
    "absent": lambda number, page: ABSENT,
    "null": lambda number, page: None,
    "text": lambda number, page: str(number),
    "double": lambda number, page: float(number),
    "text of a double": lambda number, page: f"{number}.0",
    "grouped": lambda number, page: f"1,{number:03}",
    "word": lambda number, page: "many",
    "true": lambda number, page: True,
    "-1": lambda number, page: -1,
    "NaN": lambda number, page: float("nan"),
    "zero": lambda number, page: 0,
    "too low": lambda number, page: number // 2 + 1,
    "of the first page": lambda number, page: 5,
    "of the page": lambda number, page: len(page),
    "too high": lambda number, page: number * 2,
}


@pytest.mark.field_case("F17", "W18")
@pytest.mark.parametrize("clamp", [10_000, 2])
@pytest.mark.parametrize("number", [7, 5, 10])
@pytest.mark.parametrize("total", TOTALS)
def test_whatever_the_total_all_incidents_come_and_no_list_is_called_complete_that_is_not(
    many_answers, monkeypatch, total, number, clamp
):
    make_pages(monkeypatch, 5)
    server = Server(many_answers, number, TOTALS[total], clamp)
    incidents, is_complete = listed(max_results=100)
    if total == "of the page" and clamp == 2:
        return  # a count that agrees with a page that has room for more: nothing tells that it is wrong
    assert sorted(incidents) == list(range(1, number + 1))
    if total in ("right", "text", "double", "text of a double"):
        assert is_complete
    if total == "too high":
        assert not is_complete
    assert server.asked <= 3 * (number // min(clamp, 5) + 3)


@pytest.mark.field_case("F17", "W18")
@pytest.mark.parametrize("total", TOTALS)
def test_whatever_the_total_fewer_than_there_are_are_not_called_complete(many_answers, total):
    server = Server(many_answers, 7, TOTALS[total])
    assert listed(max_results=3) == ([7, 6, 5], False)
    assert server.asked == 1


@pytest.mark.field_case("K1")
@pytest.mark.parametrize("total", TOTALS)
def test_a_server_that_sends_the_same_page_again_and_again_is_asked_a_few_times_only(many_answers, monkeypatch, total):
    make_pages(monkeypatch, 5)
    server = Server(many_answers, 7, TOTALS[total], fixed=True)
    assert listed(max_results=100) == ([5, 4, 3, 2, 1], False)
    assert server.asked <= 4


# Answers that are too large.


@pytest.fixture
def small_answers(monkeypatch):
    """Let an answer have at most 300 bytes, which is room for about ten incidents."""
    monkeypatch.setattr(module("core.http.transport"), "LARGEST_ANSWER", 300)


@pytest.mark.field_case("F16")
@pytest.mark.usefixtures("small_answers")
@pytest.mark.parametrize(
    ("most", "came", "is_complete"), [(100, 40, True), (40, 40, True), (20, 20, False), (3, 3, False)]
)
def test_a_list_whose_answer_is_too_large_comes_in_smaller_pages(many_answers, most, came, is_complete):
    server = Server(many_answers, 40, TOTALS["right"])
    assert listed(max_results=most) == (list(range(40, 40 - came, -1)), is_complete)
    assert server.asked <= 24


@TWO
@pytest.mark.usefixtures("small_answers")
def test_a_further_page_that_is_too_large_is_read_anew_with_smaller_pages(http):
    many(http, 3)
    expect_first(http, rows(1, 2), 3, pages=2)
    expect_page(http, 2, rows(3, incidentTitle="x" * 300), 3)
    for number, query in ((1, "q-2"), (2, "q-3"), (3, "q-4")):
        if number == 1:
            expect_first(http, rows(1), 3, pages=3, size=1, query=query)
        else:
            expect_page(http, number, rows(number), 3, pages=3, query="q-2")
    expect_page(http, 4, query="q-2", status=404)
    assert listed() == ([3, 2, 1], True)


@pytest.mark.usefixtures("small_answers")
def test_an_incident_that_alone_is_too_large_on_a_further_page_is_said_to_be(http, monkeypatch):
    make_pages(monkeypatch, 1)
    expect_newest(http, rows(9), total=3, size=1)
    expect_first(http, rows(1), 3, pages=3, size=1)
    expect_page(http, 2, rows(2, incidentTitle="x" * 300), 3)
    assert failure().startswith(f"{FAILED}FortiSIEM sent more than 300 bytes")


@pytest.mark.usefixtures("small_answers")
def test_an_incident_that_no_answer_can_hold_is_listed_with_its_short_fields(many_answers):
    server = Server(many_answers, 40, TOTALS["right"])
    server.enlarge(7)
    result = answer(max_results=100)
    assert [each["incident_id"] for each in result["incidents"]] == list(range(40, 0, -1))
    assert (result["count"], result["is_complete"]) == (40, True)
    assert {each["incident_id"] for each in result["incidents"] if each["title"]} == set()
    assert server.asked <= 30


@pytest.mark.usefixtures("small_answers")
def test_an_incident_that_is_too_large_whatever_is_asked_for_is_said_to_be(http):
    for size, fields in ((2, None), (1, None), (1, module("clients.fortisiem.attributes").SHORT_FIELDS)):
        expect_newest(http, rows(9, incidentTitle="x" * 300), size=size, fields=fields)
    assert failure(max_results=1).startswith(f"{FAILED}FortiSIEM sent more than 300 bytes")


# Rows that cannot be read, and a part of a list.


@pytest.mark.parametrize(
    ("bad", "skipped"),
    [
        (None, {"row": "", "reason": "it is not an object"}),
        ("x", {"row": "x", "reason": "it is not an object"}),
        ({}, {"row": "{}", "reason": "it has no ID that is a whole number"}),
        ({"incidentId": None, "count": 1}, {"row": '{"incidentId":null,"count":1}', "reason": "it has no ID that is a whole number"}),
        ({"incidentId": "abc"}, {"row": "abc", "reason": "it has no ID that is a whole number"}),
        ({"incidentId": 0}, {"row": "0", "reason": "it has no ID that is a whole number"}),
        ({"incidentId": float(2**60)}, {"row": "1.152921504606847e+18", "reason": "it has no ID that is a whole number"}),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_costs_itself_alone(http, bad, skipped):
    shown = [row(9), bad, row(8)]
    expect_newest(http, shown)
    expect_query(http, shown, size=500)
    result = answer()
    assert sorted(incident["incident_id"] for incident in result["incidents"]) == [8, 9]
    assert (result["count"], result["is_complete"], result["skipped"]) == (2, False, [skipped])


@pytest.mark.parametrize(
    "odd",
    [{"incidentFirstSeen": 0}, {"incidentFirstSeen": "x"}, {"incidentLastSeen": None}, {"incidentLastSeen": "-1"}],
)
def test_an_odd_row_is_listed_with_what_it_has(http, odd):
    expect_newest(http, [row(9), row(8, incidentTitle="odd", **odd)])
    result = answer()
    assert [incident["title"] for incident in result["incidents"]] == [None, "odd"]
    assert (result["is_complete"], result["skipped"]) == (True, [])


ERRORS: list[Any] = [
    {"result": {"code": 255, "description": "Query timed out"}},
    {"result": {"status": "FAILED", "description": "Query timed out"}},
    {"error": "Query timed out"},
    {"Error": {"message": "Query timed out"}},
    {"errString": "Query timed out", "code": 3},
    {"errorMsg": "Query timed out"},
    {"error_message": "Query timed out"},
    {"message": "Query timed out", "success": False},
    {"message": "Query timed out", "status": "error"},
    {"message": "Query timed out", "result": "failure"},
    {"message": "Query timed out", "code": "500"},
    {"message": "Query timed out", "errorCode": 255},
]
NO_ERRORS: list[Any] = [
    {"result": {"code": 0, "description": "Success"}},
    {"result": "success", "status": "ok"},
    {"code": 200, "errorCode": "0", "success": True},
    {"error": False, "errors": [], "errString": None},
]


@pytest.mark.field_case("K7")
@pytest.mark.parametrize("error", ERRORS)
def test_a_part_of_a_list_that_comes_with_an_error_is_not_complete(http, error):
    expect_newest(http, rows(9, 8), **error)
    expect_query(http, rows(8, 9), size=500, **error)
    result = answer()
    assert (result["count"], result["is_complete"]) == (2, False)
    where = "FortiSIEM answered 200 to POST /phoenix/rest/pub/incident"
    (skipped,) = result["skipped"]
    assert skipped["reason"].startswith(f"{where}: ")
    assert "Query timed out" in skipped["reason"]


@pytest.mark.field_case("K7")
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("nothing", [{"data": None}, {"data": [], "total": 0}])
def test_an_error_without_rows_is_a_failure(http, error, nothing):
    http.post(INCIDENTS, json={**nothing, **error})
    where = "FortiSIEM answered 200 to POST /phoenix/rest/pub/incident: "
    message = failure()
    assert message.startswith(f"{FAILED}{where}")
    assert "Query timed out" in message


@pytest.mark.parametrize("nothing", NO_ERRORS)
def test_what_says_that_there_is_no_error_is_none(http, nothing):
    http.post(INCIDENTS, json={"data": [], "total": 0, **nothing})
    assert answer() == {"incidents": [], "count": 0, "is_complete": True, "skipped": []}


@pytest.mark.parametrize("nothing", [{"total": 0, "data": None}, {"total": 0}, {"total": "0", "data": []}])
def test_nothing_in_another_form_is_nothing(http, nothing):
    http.post(INCIDENTS, json=nothing)
    assert answer() == {"incidents": [], "count": 0, "is_complete": True, "skipped": []}


# Filters on what is written in another form.


@pytest.mark.field_case("F18")
@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"severity": ["High"]}, [{"eventSeverityCat": "high"}, {"eventSeverityCat": " High "}]),
        ({"status": ["Active"]}, [{"incidentStatus": "ACTIVE"}, {"incidentStatus": 0.0}, {"incidentStatus": "0.0"}]),
        ({"status": ["Manually Cleared"]}, [{"incidentStatus": "MANUALLY_CLEARED"}, {"incidentStatus": "2.0"}]),
        ({"category": ["Security"]}, [{"phIncidentCategory": 4.0}, {"phIncidentCategory": "security"}]),
        ({"event_type": "7"}, [{"eventType": 7}, {"eventType": 7.0}]),
        ({"organization": "acme"}, [{"customer": {"name": "Acme"}}, {"customer": ["Super", "ACME"]}]),
        ({"text": "web"}, [{"incidentTarget": {"hostName": "WEB-1"}}, {"incidentSrc": ["web"]}]),
    ],
)
def test_a_filter_fits_what_is_written_in_another_form(http, given, fits):
    shown = [row(number, **each) for number, each in enumerate(fits, 1)]
    http.post(INCIDENTS, json={"total": len(shown), "data": shown})
    assert listed(**given) == (list(range(1, len(fits) + 1)), True)


# One page in memory at a time.


@TWO
@pytest.mark.parametrize("by_query", [True, False])
def test_a_page_is_asked_for_only_when_the_one_before_is_used_up(http, by_query):
    given = {"queryId": "q-1", "pages": 2} if by_query else {}
    expect_query(http, rows(1, 2), total=4, size=2, **given)
    if by_query:
        expect_page(http, 2, rows(3, 4), 4)
    else:
        expect_query(http, rows(3, 4), total=4, size=2, start=2)
    if by_query:
        expect_nothing_behind(http, 3)
    else:
        expect_query(http, [], total=4, size=2, start=4)
    wanted = module("clients.fortisiem.lists").Wanted({}, FROM, TO, module("clients.fortisiem.attributes").READ_FIELDS)
    incidents = context(configuration()).fortisiem.all_incidents(wanted)
    asked = []
    for _ in incidents:
        asked.append(len(http.calls))
    assert asked == [1, 1, 2, 2]
