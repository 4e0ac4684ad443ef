"""fetch_incidents: which requests go out, what comes back in which order, and which watermark follows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from responses import matchers

from tests.support.fortimonitor import expect_page, marked, outage
from tests.support.package import FORTIMONITOR_URL, ConnectorError, configuration, context, execute, go_by, module
from tests.support.pair import BASIC, INCIDENTS

START = 1762300800000  # 2025-11-05T00:00:00Z
NOW = datetime(2025, 11, 6, tzinfo=timezone.utc)
FAR = int((NOW + timedelta(days=365)).timestamp() * 1000)
FAILED = "Could not fetch incidents from {0}: "
LISTING = "Could not list FortiSIEM incidents: "
READING = "Could not list the incidents: "
NOTHING = "Nothing was changed."


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Let this machine's clock stand still, and nothing sleep."""
    go_by(monkeypatch, wall=NOW.timestamp, sleep=lambda seconds: None, chance=lambda: 1.0)


def row(number, second, **values):
    """Return an incident of FortiSIEM whose last occurrence is so many seconds after START."""
    return {"incidentId": number, "incidentLastSeen": START + round(second * 1000), **values}


def rows(*places):
    return [row(number, second) for number, second in places]


def expect_query(
    http, shown, total=None, since=0, until=None, by="incidentLastSeen", size=500, newest=False, start=0, **answer
):
    """Expect FortiSIEM to be asked for a page, of incidents that occurred so many seconds after START."""
    wanted = {
        "filters": {},
        "timeFrom": START + round(since * 1000),
        "timeTo": FAR if until is None else START + round(until * 1000),
        "start": start,
        "size": size,
        "orderBy": by,
        "descending": newest,
        "fields": list(module("clients.fortisiem.attributes").READ_FIELDS),
    }
    http.post(
        INCIDENTS,
        match=[matchers.json_params_matcher(wanted, strict_match=True), matchers.header_matcher(BASIC)],
        **(answer or {"json": {"total": len(shown) if total is None else total, "data": shown}}),
    )


def expect_all(http, shown, **given):
    """Expect FortiSIEM to be asked for all, by id, of which one page shows all."""
    expect_query(http, shown, by="incidentId", **given)


def expect_newest(http, shown, **given):
    """Expect FortiSIEM to be asked for its youngest incident."""
    expect_query(http, shown, total=9, by="incidentId", size=1, newest=True, **given)


def at(second):
    """Return a watermark with nothing waiting, so many seconds after START."""
    return str(START + round(second * 1000))


def behind(second, number, newest):
    """Return a watermark with more waiting behind an incident."""
    return f"{at(second)}/{number}/{at(newest)}"


def started(number, second, **changes):
    """Return an outage that started so many seconds after START."""
    moment = datetime.fromtimestamp(START / 1000 + second, timezone.utc)
    return outage(number, "m", **{"start_time": format_datetime(moment), "description": f"Outage {number}", **changes})


def outages(*places):
    return [started(number, second) for number, second in places]


def expect_outages(http, shown, since=0, oldest_first=True, **given):
    """Expect a page of outages; it is asked for what started a second before ``since`` or later."""
    moment = datetime.fromtimestamp(START / 1000 + since - 1, timezone.utc)
    query = {"start_time": moment.strftime("%Y-%m-%d %H:%M:%S")}
    order = {"order_by": "start_time", "order": "asc"} if oldest_first else {}
    expect_page(http, "/outage", shown, query={**query, **order}, **given)


def answer(source, watermark=None, overlap=0, **params):
    return execute("fetch_incidents", {"source": source, "watermark": watermark, "overlap": overlap, **params})


def fetched(source, watermark=None, **params):
    """Return the ids that were fetched, the watermark, and whether these are all."""
    result = answer(source, watermark or at(0), **params)
    assert result["count"] == len(result["incidents"])
    ids = [incident["incident"]["incident_id"] for incident in result["incidents"]]
    return ids, result["watermark"], result["is_complete"]


def failure(source, watermark=None, **params):
    with pytest.raises(ConnectorError) as caught:
        answer(source, watermark or at(0), **params)
    return str(caught.value)


SIEM, MONITOR = "FortiSIEM", "FortiMonitor"
PLACES = pytest.mark.parametrize("where", ["first", "middle", "last", "all"])
NO_ID, NO_OBJECT = "it has no ID that is a whole number", "it is not an object"
NO_ROOM = "it has no time, and more of these came than there is room for"


def among(good, bad, where):
    """Return rows with a bad one at a place, or bad ones alone."""
    place = {"first": 0, "middle": len(good) // 2, "last": len(good)}
    return [bad] * len(good) if where == "all" else [*good[: place[where]], bad, *good[place[where] :]]


def came(result):
    """Return the ids of what came with a time, and of what came without one."""
    return tuple(
        [each["incident"]["incident_id"] for each in result["incidents"] if bool(each["last_time"]) == is_dated]
        for is_dated in (True, False)
    )


# Where a fetch begins.


def test_the_first_fetch_looks_back_a_day_and_the_overlap(http):
    expect_query(http, [], since=-300)
    nothing = {"incidents": [], "count": 0, "left_out": 0, "watermark": at(0), "is_complete": True, "skipped": []}
    assert answer(SIEM, overlap=None) == nothing


def test_the_first_fetch_looks_back_as_long_as_it_is_told(http):
    expect_query(http, [], since=86400 - 120)
    assert answer(SIEM, lookback=2)["watermark"] == at(86400 - 120)


@pytest.mark.parametrize("watermark", [at(600), int(at(600)), f" {at(600)} "])
def test_a_fetch_begins_before_its_watermark_by_the_overlap(http, watermark):
    expect_query(http, [], since=300)
    expect_query(http, [], since=590.5)
    assert fetched(SIEM, watermark, overlap=None) == ([], at(600), True)
    assert fetched(SIEM, at(600.5), overlap=10) == ([], at(600.5), True)


def test_lookback_counts_for_nothing_where_there_is_a_watermark(http):
    expect_query(http, [])
    assert fetched(SIEM, lookback=7) == ([], at(0), True)


def test_no_fetch_begins_before_1970(http):
    expect_query(http, [], since=-START / 1000)
    assert fetched(SIEM, "5000", overlap=6) == ([], "5000", True)


def test_fortimonitor_is_asked_for_what_started_a_second_earlier(http):
    expect_outages(http, [], since=300)
    expect_outages(http, [], since=599)
    assert fetched(MONITOR, at(600), overlap=None) == ([], at(600), True)
    assert fetched(MONITOR, at(599.999)) == ([], at(599.999), True)


def test_a_fetch_goes_on_at_its_place_without_overlap(http):
    expect_query(http, [], since=600)
    assert fetched(SIEM, behind(600, 7, 900), overlap=300) == ([], at(900), True)
    expect_outages(http, [], since=600)
    assert fetched(MONITOR, behind(600, -7, 900), overlap=300) == ([], at(900), True)


@pytest.mark.parametrize(
    "watermark",
    [
        "yesterday",
        "2025-11-05T00:00:00Z",
        "-1",
        "1.5",
        "123456789012345",
        "1700000000000/",
        "1700000000000/5",
        "1700000000000/5/",
        "1700000000000/x/5",
        "1700000000000/5/-5",
        "1700000000000/5/6/7",
        "\u0661",
    ],
)
def test_a_watermark_that_is_none_is_refused_before_anything_is_asked(http, watermark):
    assert failure(SIEM, watermark) == (
        f"The parameters are not valid: Watermark {watermark!r} is not one that this action returned, such as "
        f"1700000000000. {NOTHING}"
    )


def test_a_long_watermark_is_not_repeated_whole(http):
    assert f"Watermark '{'x' * 57}...' is not" in failure(SIEM, "x" * 61)


def test_a_wrong_watermark_is_named_with_whatever_else_is_wrong(http):
    message = failure(SIEM, "yesterday", max_results=0)
    assert "Max Results '0' is not between 1 and 5000." in message
    assert "Watermark 'yesterday' is not one" in message


# FortiSIEM: order, ties, recurrences.


def test_the_watermark_is_the_latest_time_that_came(http):
    expect_query(http, rows((9, 1), (3, 5), (4, 5)))
    assert fetched(SIEM) == ([9, 3, 4], at(5), True)


def test_a_watermark_never_goes_back_where_nothing_is_waiting(http):
    expect_query(http, rows((9, 1)), since=-10)
    expect_outages(http, outages((9, 1)), since=-10)
    assert fetched(SIEM, at(20), overlap=30) == ([9], at(20), True)
    assert fetched(MONITOR, at(20), overlap=30) == ([9], at(20), True)


def clock_at(second):
    """Return the header by which a product tells its time, so many seconds after START."""
    moment = datetime.fromtimestamp(START / 1000 + second, timezone.utc)
    return {"Date": format_datetime(moment, usegmt=True)}


def test_an_incident_ahead_of_the_products_clock_does_not_carry_the_watermark_with_it(http):
    expect_query(http, [], json={"total": 2, "data": rows((9, 1), (3, 7200))}, headers=clock_at(60))
    assert fetched(SIEM) == ([9, 3], at(60.999), True)
    page = {"outage_list": outages((9, 1), (8, 7200)), "meta": {"limit": 50, "offset": 0, "next": None}}
    expect_outages(http, [], json=page, headers=clock_at(60))
    assert fetched(MONITOR) == ([9, 8], at(60.999), True)


def test_an_incident_of_the_very_second_carries_the_watermark(http):
    expect_query(http, [], json={"total": 1, "data": rows((9, 60.5))}, headers=clock_at(60))
    assert fetched(SIEM) == ([9], at(60.5), True)


def test_a_watermark_ahead_of_the_products_clock_goes_back(http):
    expect_query(http, [], json={"total": 0, "data": []}, since=7200, headers=clock_at(60))
    assert fetched(SIEM, at(7200)) == ([], at(60.999), True)


def test_the_newest_time_is_not_ahead_of_the_products_clock_either(http):
    expect_query(http, [], json={"total": 2, "data": rows((9, 1), (3, 7200))}, headers=clock_at(60), size=2)
    expect_newest(http, rows((3, 7200)))
    assert fetched(SIEM, max_results=1) == ([9], behind(1, 9, 60.999), False)


def test_incidents_of_one_moment_come_by_id(http):
    expect_query(http, rows((4, 1), (7, 5), (2, 5), (5, 5)))
    assert fetched(SIEM) == ([4, 2, 5, 7], at(5), True)


def test_more_than_are_wanted_wait_for_the_next_call(http):
    expect_query(http, rows((9, 1), (3, 5), (4, 6)), size=3)
    expect_newest(http, rows((8, 4)))
    assert fetched(SIEM, max_results=2) == ([9, 3], behind(5, 3, 5), False)


def test_as_many_as_are_wanted_are_all_where_no_more_wait(http):
    expect_query(http, rows((9, 1), (3, 5)), size=3)
    assert fetched(SIEM, max_results=2) == ([9, 3], at(5), True)


def test_the_newest_time_is_that_of_the_youngest_incident_where_it_is_later(http):
    expect_query(http, rows((9, 1), (3, 5)), total=3, size=2)
    expect_newest(http, rows((11, 60)))
    assert fetched(SIEM, max_results=1) == ([9], behind(1, 9, 60), False)


def test_the_newest_time_is_never_before_the_watermark(http):
    expect_query(http, rows((9, 1), (3, 5)), since=-10, size=2)
    expect_newest(http, [], since=-10)
    assert fetched(SIEM, at(20), overlap=30, max_results=1) == ([9], behind(1, 9, 20), False)


def test_the_newest_time_is_asked_for_once_and_kept_while_more_waits(http):
    expect_query(http, rows((9, 1), (3, 5), (4, 70)), total=4, since=1, size=3)
    expect_query(http, rows((4, 70), (5, 80)), since=70, size=3)
    expect_query(http, rows((4, 70), (5, 80)), since=70, size=3)
    assert fetched(SIEM, behind(1, 9, 60), max_results=2) == ([3, 4], behind(70, 4, 60), False)
    assert fetched(SIEM, behind(70, 4, 60), max_results=2) == ([5], at(60), True)


def test_going_on_leaves_out_what_came_before_its_place_and_no_more(http):
    expect_query(http, rows((2, 5), (5, 5), (7, 5), (1, 6)), since=5)
    assert fetched(SIEM, behind(5, 5, 5)) == ([7, 1], at(5), True)


def test_each_page_is_a_query_of_its_own_from_the_last_time_on(http):
    expect_query(http, rows((9, 1), (3, 5)), total=4)
    expect_query(http, rows((3, 5), (4, 6)), total=3, since=5)
    expect_query(http, rows((4, 6), (5, 6)), since=6)
    assert fetched(SIEM) == ([9, 3, 4, 5], at(6), True)


def test_a_page_that_shows_as_many_as_are_counted_is_the_last_one_also_where_the_count_is_text(http):
    expect_query(http, rows((9, 1), (3, 5)), total="2")
    assert fetched(SIEM) == ([9, 3], at(5), True)


def test_an_incident_that_recurs_between_two_pages_comes_once_at_its_later_time(http):
    expect_query(http, [row(9, 1, count=1), row(3, 5)], total=3)
    expect_query(http, [row(3, 5), row(4, 6), row(9, 7, count=2)], since=5)
    result = answer(SIEM, at(0))
    assert [each["incident"]["incident_id"] for each in result["incidents"]] == [3, 4, 9]
    assert (result["incidents"][-1]["incident"]["count"], result["watermark"]) == (2, at(7))


def test_reading_ends_as_soon_as_enough_have_come_of_moments_that_are_read_whole(http):
    expect_query(http, rows((9, 1), (3, 5)), total=9, size=2)
    expect_newest(http, [])
    assert fetched(SIEM, max_results=1) == ([9], behind(1, 9, 1), False)


def test_what_is_of_the_pages_last_moment_is_not_enough(http):
    # Of the last moment more may come, with lower ids.
    expect_query(http, rows((9, 1), (3, 5), (8, 5)), total=9, size=3)
    expect_query(http, rows((2, 5), (3, 5), (8, 5)), total=9, since=5, size=3)
    expect_all(http, rows((2, 5), (3, 5), (8, 5)), since=5, until=5.001)
    expect_newest(http, [])
    assert fetched(SIEM, max_results=2) == ([9, 2], behind(5, 2, 5), False)


def test_a_full_page_that_is_just_enough_does_not_show_that_more_wait(http):
    expect_query(http, rows((9, 1), (3, 2), (4, 3)), total=4, size=4)
    expect_query(http, rows((4, 3), (2, 3)), since=3, size=4)
    expect_newest(http, [])
    assert fetched(SIEM, max_results=3) == ([9, 3, 2], behind(3, 2, 3), False)


def test_incidents_that_recur_out_of_what_was_enough_make_reading_go_on(http):
    # Both of the first page recur; what is left is not enough.
    expect_query(http, rows((9, 1), (3, 5)), total=9, size=3)
    expect_query(http, rows((9, 8), (3, 8), (4, 9)), total=4, since=5, size=3)
    expect_newest(http, [])
    assert fetched(SIEM, max_results=2) == ([3, 9], behind(8, 9, 8), False)


def test_a_page_full_of_one_moment_is_read_whole_by_id(http):
    expect_query(http, rows((9, 1), (8, 1)), total=9)
    expect_all(http, rows((7, 1), (8, 1), (9, 1)), until=1.001)
    expect_query(http, rows((3, 6)), since=1.001)
    assert fetched(SIEM) == ([7, 8, 9, 3], at(6), True)


def test_what_is_of_a_moment_that_was_read_whole_is_enough(http):
    expect_query(http, rows((9, 1), (8, 1)), total=9, size=3)
    expect_all(http, rows((7, 1), (8, 1), (9, 1)), until=1.001)
    expect_newest(http, [])
    assert fetched(SIEM, max_results=2) == ([7, 8], behind(1, 8, 1), False)


def test_a_moment_that_is_just_enough_does_not_show_whether_more_wait(http):
    expect_query(http, rows((9, 1), (8, 1)), total=9, size=4)
    expect_all(http, rows((7, 1), (8, 1), (9, 1)), until=1.001)
    expect_query(http, rows((3, 6)), since=1.001, size=4)
    expect_newest(http, [])
    assert fetched(SIEM, max_results=3) == ([7, 8, 9], behind(1, 9, 1), False)


def test_going_on_within_a_moment_that_fills_a_page_comes_to_its_end(http):
    expect_query(http, rows((9, 1), (8, 1)), total=5, since=1)
    expect_all(http, rows((7, 1), (8, 1), (9, 1)), since=1, until=1.001)
    expect_query(http, rows((3, 6)), since=1.001)
    assert fetched(SIEM, behind(1, 8, 3)) == ([9, 3], at(3), True)


def test_a_server_that_sorts_otherwise_is_read_whole_by_id(http):
    expect_query(http, rows((9, 8), (3, 5)), total=4)
    expect_all(http, rows((3, 5), (5, 1), (8, 2), (9, 8)))
    assert fetched(SIEM) == ([5, 8, 3, 9], at(8), True)


def test_a_server_that_sorts_otherwise_later_on_is_read_whole_from_there_on(http):
    expect_query(http, rows((9, 1), (3, 5)), total=5)
    expect_query(http, rows((4, 8), (3, 5)), total=4, since=5)
    expect_all(http, rows((3, 5), (4, 8), (5, 7), (6, 9)), since=5)
    assert fetched(SIEM) == ([9, 3, 5, 4, 6], at(9), True)


def test_a_server_that_begins_with_a_page_of_its_newest_moment_loses_nothing(http):
    expect_query(http, rows((9, 8), (8, 8)), total=4)
    expect_all(http, rows((3, 5), (5, 1), (8, 8), (9, 8)), until=8.001)
    expect_query(http, [], since=8.001)
    assert fetched(SIEM) == ([5, 3, 8, 9], at(8), True)


def test_a_server_that_lists_what_is_before_the_period_does_not_hold_up_a_fetch(http):
    expect_query(http, rows((9, -2), (8, 0)), total=4)
    expect_all(http, rows((3, 5), (5, 1), (8, 0), (9, -2)))
    assert fetched(SIEM) == ([9, 8, 5, 3], at(5), True)


COUNTED = {"row": "", "reason": "FortiSIEM counts more incidents than it sends"}


def test_a_page_without_the_incidents_that_are_counted_leaves_the_watermark_where_it_is(http):
    expect_query(http, [], total=4)
    result = answer(SIEM, at(0))
    assert (result["count"], result["watermark"], result["is_complete"]) == (0, at(0), False)
    assert result["skipped"] == [COUNTED]


class Server:
    """A FortiSIEM that answers as it is asked.

    Parameters:
        shown: the incidents that it sends.
        hidden: how many more it counts, as it may for an account that must not see them.
        sorts: whether it sorts as it is asked to.
        clamp: the most incidents of an answer.
        refuses: the status for a page behind the last one.
    """

    def __init__(self, http, shown, hidden=0, sorts=True, clamp=500, refuses=200):
        self.asked = 0
        self._refuses = refuses
        self._rows, self._hidden, self._sorts, self._clamp = shown, hidden, sorts, clamp
        http.add_callback("POST", INCIDENTS, self.answer)

    def answer(self, request):
        self.asked += 1
        body = json.loads(request.body)
        found = [row for row in self._rows if body["timeFrom"] <= row["incidentLastSeen"] <= body["timeTo"]]
        if self._sorts or body["orderBy"] == "incidentId":
            found.sort(key=lambda row: row[body["orderBy"]], reverse=body["descending"])
        page = [
            {name: value for name, value in row.items() if name in body["fields"]}
            for row in found[body["start"] : body["start"] + min(body["size"], self._clamp)]
        ]
        status = self._refuses if body["start"] and not page else 200
        return status, {}, json.dumps({"total": len(found) + self._hidden, "data": page})


@pytest.mark.parametrize("places", [[(7, 1)], [(4, 9), (5, 3), (6, 1)], [(2, 4), (3, 4), (4, 4), (1, 4)]])
@pytest.mark.parametrize("hidden", [1, 3, 1000])
@pytest.mark.parametrize("sorts", [True, False], ids=["sorted", "unsorted"])
@pytest.mark.parametrize("clamp", [1, 2, 500])
def test_a_server_that_always_counts_too_many_does_not_hold_up_ingestion(many_answers, places, hidden, sorts, clamp):
    server = Server(many_answers, rows(*places), hidden, sorts, clamp)
    result = answer(SIEM, at(0))
    newest = max(second for _, second in places)
    assert sorted(each["incident"]["incident_id"] for each in result["incidents"]) == sorted(n for n, _ in places)
    assert (result["watermark"], result["is_complete"], result["skipped"]) == (at(newest), False, [COUNTED])
    assert server.asked < 40


@pytest.mark.parametrize("hidden", [1, 1000])
@pytest.mark.parametrize("refuses", [400, 404])
def test_a_server_that_refuses_what_it_counts_too_many_does_not_hold_up_ingestion(many_answers, hidden, refuses):
    Server(many_answers, rows((4, 9), (5, 3), (6, 3), (7, 1)), hidden, refuses=refuses)
    result = answer(SIEM, at(0))
    assert [each["incident"]["incident_id"] for each in result["incidents"]] == [7, 5, 6, 4]
    assert (result["watermark"], result["is_complete"], result["skipped"]) == (at(9), False, [COUNTED])


@pytest.mark.parametrize("refuses", [401, 403, 429, 500])
def test_any_other_refusal_of_a_page_that_is_counted_fails_the_fetch(many_answers, refuses):
    Server(many_answers, rows((4, 9)), 5, refuses=refuses)
    assert f"FortiSIEM answered {refuses} to POST" in failure(SIEM)


@pytest.mark.field_case("K1")
@pytest.mark.parametrize("following", [[], [(5, 3), (4, 1)]], ids=["nothing more", "the same again"])
def test_outages_that_are_counted_and_never_come_are_told(http, following):
    expect_outages(http, outages((4, 1), (5, 3)), total=9)
    for offset in (2, 4, 6)[: 3 if following else 1]:
        expect_outages(http, outages(*following), offset=offset, total=9)
    result = answer(MONITOR, at(0))
    assert (result["count"], result["watermark"], result["is_complete"]) == (2, at(3), False)
    assert result["skipped"] == [{"row": "", "reason": "FortiMonitor counts more incidents than it sends"}]


@pytest.mark.parametrize("seconds", [range(30), [5] * 30, [*[1] * 10, *range(20)]], ids=["apart", "at once", "both"])
@pytest.mark.parametrize("large", [(1,), (30,), (12, 13), (3, 9, 21)])
def test_incidents_that_no_answer_can_hold_come_with_what_is_short_of_them(many_answers, monkeypatch, seconds, large):
    monkeypatch.setattr(module("core.http.transport"), "LARGEST_ANSWER", 2000)
    titles = {number: {"incidentTitle": "x" * 2000 if number in large else "fits"} for number in range(1, 31)}
    server = Server(many_answers, [row(n, second, **titles[n]) for n, second in enumerate(seconds, 1)])
    result = answer(SIEM, at(0))
    titled = {each["incident"]["incident_id"]: each["title"] for each in result["incidents"]}
    assert titled == {number: f"Incident {number}" if number in large else "fits" for number in range(1, 31)}
    assert (result["count"], result["watermark"], result["is_complete"]) == (30, at(max(seconds)), True)
    assert server.asked < 120  # nine halvings for each


def test_an_incident_whose_numbers_are_text_is_read_like_any_other(http):
    expect_query(http, [{"incidentId": "9", "incidentLastSeen": at(1)}])
    result = answer(SIEM, at(0))
    assert (result["incidents"][0]["source_id"], result["watermark"]) == ("fortisiem:fortisiem.test:9", at(1))


def test_a_page_that_fails_half_way_fails_the_fetch(http):
    expect_query(http, rows((9, 1), (3, 5)), total=4)
    expect_query(http, None, since=5, status=500)
    assert failure(SIEM).startswith(f"{LISTING}FortiSIEM answered 500 to POST /phoenix/rest/pub/incident. {NOTHING}")


def test_a_fetch_fails_if_the_newest_time_cannot_be_asked_for(http):
    expect_query(http, rows((9, 1), (3, 5)), size=2)
    expect_newest(http, None, status=500)
    assert failure(SIEM, max_results=1).startswith(f"{LISTING}FortiSIEM answered 500 to ")


# Bad rows of FortiSIEM: one costs one.


@pytest.mark.field_case("F9")
@PLACES
@pytest.mark.parametrize("time", [None, 0, "", "yesterday", [], {}, True, "9" * 400, -5, 1e300])
def test_an_incident_without_a_readable_time_comes_with_what_it_has_and_moves_no_watermark(http, time, where):
    bad = {"incidentId": 7, "incidentLastSeen": time, "incidentTitle": "Odd"}
    shown = among(rows((9, 1), (3, 5)), bad, where)
    expect_query(http, shown)
    result = answer(SIEM, at(0))
    dated = [] if where == "all" else [9, 3]
    assert came(result) == (dated, [7])
    odd = result["incidents"][0]
    assert (odd["source_id"], odd["title"], odd["status"]) == ("fortisiem:fortisiem.test:7", "Odd", "Open")
    assert (result["watermark"], result["is_complete"], result["skipped"]) == (at(5 if dated else 0), True, [])


@pytest.mark.field_case("F9")
@PLACES
@pytest.mark.parametrize(
    ("bad", "named", "reason"),
    [
        (None, "", NO_OBJECT),
        ("canary", "canary", NO_OBJECT),
        ([7], "[7]", NO_OBJECT),
        ({"incidentId": None, "incidentLastSeen": START}, f'{{"incidentId":null,"incidentLastSeen":{START}}}', NO_ID),
        ({"incidentLastSeen": START}, f'{{"incidentLastSeen":{START}}}', NO_ID),
        ({"incidentId": "x"}, "x", NO_ID),
        ({"incidentId": 7.5}, "7.5", NO_ID),
        ({"incidentId": 0}, "0", NO_ID),
        ({"incidentId": -3}, "-3", NO_ID),
        ({"incidentId": True}, "true", NO_ID),
        ({"incidentId": 2.0**60}, "1.152921504606847e+18", NO_ID),
    ],
)
def test_a_row_that_is_no_incident_costs_itself_alone_and_is_named(http, bad, named, reason, where):
    expect_query(http, among(rows((9, 1), (3, 5)), bad, where))
    result = answer(SIEM, at(0))
    dated = [] if where == "all" else [9, 3]
    assert came(result) == (dated, [])
    assert result["skipped"] == [{"row": named, "reason": reason}] * (2 if where == "all" else 1)
    assert (result["watermark"], result["is_complete"]) == (at(5 if dated else 0), True)


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("bad", [{"incidentId": 7}, {"incidentId": "x"}, None])
def test_a_bad_row_on_a_full_page_does_not_keep_the_next_page_from_being_read(http, bad, where):
    expect_query(http, among(rows((9, 1), (3, 5)), bad, where), total=4, size=4)
    expect_query(http, rows((3, 5), (4, 6)), since=5, size=4)
    if bad == {"incidentId": 7}:
        expect_newest(http, rows((4, 6)))
    result = answer(SIEM, at(0), max_results=3)
    ids, timeless = came(result)
    if bad == {"incidentId": 7}:
        assert (ids, timeless, result["skipped"]) == ([9, 3], [7], [])  # in the room of one
        assert result["watermark"] == behind(5, 3, 6)
    else:
        assert (ids, timeless, len(result["skipped"]), result["watermark"]) == ([9, 3, 4], [], 1, at(6))


def test_pages_with_nothing_but_timeless_rows_are_read_by_id_and_the_next_call_sees_them_again(http):
    for _ in range(2):
        expect_query(http, [{"incidentId": 5}, {"incidentId": 6}], total=3)
        expect_all(http, [{"incidentId": 5}, {"incidentId": 6}, row(7, 4)])
        result = answer(SIEM, at(0))
        assert came(result) == ([7], [6, 5])
        assert (result["watermark"], result["is_complete"]) == (at(4), True)


def test_rows_that_are_no_incidents_are_named_also_where_all_is_read_by_id(http):
    expect_query(http, rows((9, 8), (3, 5)), total=4)
    expect_query(http, [row(3, 5), None], total=4, by="incidentId")
    expect_query(http, [None, row(9, 8)], total=4, by="incidentId", start=2)
    expect_query(http, [], total=4, by="incidentId", start=4)
    result = answer(SIEM, at(0))
    assert came(result) == ([3, 9], [])
    assert result["skipped"] == [{"row": "", "reason": NO_OBJECT}] * 2


def test_incidents_without_a_time_get_half_of_the_room_at_most_and_those_left_out_are_named(http):
    odd = [{"incidentId": number} for number in (11, 12, 13)]
    expect_query(http, [*odd, row(9, 1), row(3, 5)], total=6, size=5)
    expect_query(http, [*odd, row(3, 5), row(4, 6)], total=5, since=5, size=5)
    expect_newest(http, [])
    result = answer(SIEM, at(0), max_results=4)
    assert came(result) == ([9, 3], [13, 12])
    assert (result["count"], result["watermark"]) == (4, behind(5, 3, 5))
    assert result["skipped"] == [{"row": "11", "reason": NO_ROOM}]


def test_where_one_incident_comes_at_a_time_those_without_a_time_are_named(http):
    expect_query(http, [{"incidentId": 11}, row(9, 1)], size=2)
    result = answer(SIEM, at(0), max_results=1)
    assert came(result) == ([9], [])
    assert (result["watermark"], result["skipped"]) == (at(1), [{"row": "11", "reason": NO_ROOM}])


def test_an_incident_that_gets_its_time_between_two_pages_comes_once(http):
    expect_query(http, [{"incidentId": 4}, row(9, 1), row(3, 5)], total=4)
    expect_query(http, rows((3, 5), (4, 6)), since=5)
    assert came(answer(SIEM, at(0))) == ([9, 3, 4], [])


def test_skipped_rows_are_logged_by_their_ids_and_nothing_else_of_them(http, caplog):
    secret = "canary-in-a-row"
    expect_query(http, [{"incidentTitle": secret}, secret, {"incidentId": -7, "incidentTitle": secret}, row(9, 1)])
    result = answer(SIEM, at(0))
    assert len(result["skipped"]) == 3
    assert secret not in caplog.text
    assert (
        f"FortiSIEM: 3 rows could not be read: one without ID ({NO_ID}), one without ID ({NO_OBJECT}), -7 ({NO_ID})"
        in caplog.text
    )


def test_no_more_than_five_skipped_rows_are_logged(http, caplog):
    expect_query(http, [{"incidentId": -number} for number in range(1, 8)])
    answer(SIEM, at(0))
    assert "FortiSIEM: 7 rows could not be read: -1" in caplog.text
    assert f"-5 ({NO_ID}), ..." in caplog.text
    assert "-6" not in caplog.text


@pytest.mark.field_case("F40")
@pytest.mark.parametrize("bad", ["\0", "\ud800", "\udfff\ud800"])
def test_what_databases_refuse_is_replaced_before_it_is_handed_over(http, bad):
    expect_query(http, [row(7, 1, incidentTitle=f"Disk{bad}", incidentComments=bad, incidentTarget=f"a:{bad}")])
    expect_outages(http, [started(-7, 1, description=f"Disk{bad}", tags=[bad], metadata={bad: [bad]})])
    for source in (SIEM, MONITOR):
        result = answer(source, at(0))
        assert result["incidents"][0]["title"].startswith("Disk\ufffd")
        text = json.dumps(result, ensure_ascii=False)
        assert "\0" not in text
        assert text.encode().count("\ufffd".encode()) >= 2


# Answers that are too large.


@pytest.mark.field_case("F16")
def test_after_an_answer_that_is_too_large_this_page_and_the_next_ones_are_smaller(http, monkeypatch):
    monkeypatch.setattr(module("core.http.transport"), "LARGEST_ANSWER", 1000)  # room for about 17 incidents
    waiting = rows(*((number, number) for number in range(1, 21)))
    expect_query(http, waiting, size=31)
    expect_query(http, waiting[:15], total=20, size=15)
    expect_query(http, waiting[14:], since=15, size=15)
    assert fetched(SIEM, max_results=30) == ([*range(1, 21)], at(20), True)


# Clocks.


@pytest.mark.field_case("K13")
@pytest.mark.parametrize(
    ("ahead", "is_asked_again"), [(0, False), (60, False), (-60, False), (61, True), (-3600, True)]
)
def test_the_first_look_back_goes_by_the_products_clock_where_it_differs(http, ahead, is_asked_again):
    day = 86400
    here, there = at(day - 600), at(day - 600 + ahead)
    body, headers = {"total": 0, "data": []}, clock_at(day + ahead)
    for since in (day - 600, *([day - 600 + ahead] if is_asked_again else [])):
        expect_query(http, [], since=since, json=body, headers=headers)
    assert answer(SIEM, lookback=10)["watermark"] == (there if is_asked_again else here)
    page = {"outage_list": [], "meta": {"limit": 50, "offset": 0, "next": None}}
    for since in (day - 600, *([day - 600 + ahead] if is_asked_again else [])):
        expect_outages(http, [], since=since, json=page, headers=headers)
    assert answer(MONITOR, lookback=10)["watermark"] == (there if is_asked_again else here)


@pytest.mark.field_case("K13")
def test_what_a_look_by_the_wrong_clock_showed_counts_for_nothing(http):
    expect_query(http, [], since=86400 - 600, json={"total": 2, "data": [row(9, 1), None]}, headers=clock_at(600))
    expect_query(http, [], json={"total": 1, "data": [row(3, 5)]}, headers=clock_at(600))
    result = answer(SIEM, lookback=10)
    assert (came(result), result["skipped"], result["watermark"]) == (([3], []), [], at(5))


def test_a_product_that_believes_it_is_1970_is_asked_for_everything_and_its_watermark_can_be_read(http):
    headers = {"Date": "Thu, 01 Jan 1970 00:05:00 GMT"}
    expect_query(http, [], since=86400 - 600, json={"total": 0, "data": []}, headers=headers)
    expect_query(http, [], since=-START / 1000, json={"total": 0, "data": []}, headers=headers)
    assert answer(SIEM, lookback=10)["watermark"] == "0"


def test_a_watermark_goes_by_no_other_clock(http):
    expect_query(http, [], since=5, json={"total": 0, "data": []}, headers=clock_at(7200))
    assert fetched(SIEM, at(5)) == ([], at(5), True)


# FortiMonitor.


def test_outages_come_by_their_start_and_id(http):
    expect_outages(http, outages((9, 1), (-3, 5), (4, 5), (-7, 5)), total=4)
    assert fetched(MONITOR) == ([9, -7, -3, 4], at(5), True)


def test_outages_are_read_page_after_page(http):
    expect_outages(http, outages((9, 1), (3, 5)), total=3, following="more")
    expect_outages(http, outages((4, 6)), offset=2, total=3)
    assert fetched(MONITOR) == ([9, 3, 4], at(6), True)


def test_more_outages_than_are_wanted_wait_for_the_next_call(http):
    expect_outages(http, outages((9, 1), (3, 5), (4, 6)), total=9, following="more")
    expect_outages(http, outages((11, 60)), oldest_first=False, total=9, following="more")
    assert fetched(MONITOR, max_results=2) == ([9, 3], behind(5, 3, 60), False)


def test_as_many_outages_as_are_wanted_are_all_where_no_more_wait(http):
    expect_outages(http, outages((9, 1), (3, 5)), total=2)
    assert fetched(MONITOR, max_results=2) == ([9, 3], at(5), True)


def test_going_on_leaves_out_the_outages_before_its_place_and_no_more(http):
    expect_outages(http, outages((9, 4), (-2, 5), (-5, 5), (-7, 5), (1, 6)), since=5, total=5)
    assert fetched(MONITOR, behind(5, -5, 8)) == ([-2, 1], at(8), True)


def test_outages_that_were_left_out_do_not_count_as_enough(http):
    expect_outages(http, outages((1, 5), (2, 5), (3, 5), (4, 6)), since=5, total=6, following="more")
    expect_outages(http, outages((5, 7), (6, 8)), since=5, offset=4, total=6)
    assert fetched(MONITOR, behind(5, 2, 7), max_results=2) == ([3, 4], behind(6, 4, 7), False)


def test_of_outages_that_started_at_one_moment_none_is_lost_where_the_page_ends_between_them(http):
    expect_outages(http, outages((9, 1), (3, 5), (4, 5)), total=9, following="more")
    expect_outages(http, outages((2, 5), (1, 6)), offset=3, total=9, following="more")
    expect_outages(http, [], oldest_first=False)
    assert fetched(MONITOR, max_results=2) == ([9, 2], behind(5, 2, 5), False)


@pytest.mark.parametrize(
    "listed",
    [
        ((4, 6), (3, 5), (9, 1)),
        ((4, 6), (5, 6), (9, 1)),  # what started at one moment does not show which way they are sorted
        ((3, 5), (9, 2), (4, 6), (5, 1)),
        ((3, 5), (9, 2), (4, 2), (5, 6), (6, 1)),
    ],
)
def test_a_fortimonitor_that_sorts_otherwise_is_read_whole(http, listed):
    oldest = min(time for _, time in listed)
    expect_outages(http, outages(*listed[:2]), total=len(listed), following="more")
    expect_outages(http, outages(*listed[2:]), offset=2, total=len(listed))
    expect_outages(http, [], oldest_first=False)
    assert fetched(MONITOR, max_results=1) == ([listed[-1][0]], behind(oldest, listed[-1][0], oldest), False)


def test_no_more_than_2000_outages_come_at_once(http, monkeypatch):
    ingestion = module("operations.ingestion")
    assert {name: source.most for name, source in ingestion._SOURCES.items()} == {SIEM: 5000, MONITOR: 2000}
    monkeypatch.setitem(ingestion._SOURCES, MONITOR, ingestion._SOURCES[MONITOR]._replace(most=2))
    expect_outages(http, outages((9, 1), (3, 5), (4, 6)), total=3)
    expect_outages(http, [], oldest_first=False)
    assert fetched(MONITOR, max_results=3) == ([9, 3], behind(5, 3, 5), False)


@pytest.mark.field_case("F9", "W20")
@PLACES
@pytest.mark.parametrize("start", [None, "", "yesterday", 0, [], {}, True])
def test_an_outage_without_a_readable_start_comes_with_what_it_has_and_moves_no_watermark(http, start, where):
    expect_outages(http, among(outages((9, 1), (3, 5)), started(-7, 1, start_time=start), where))
    result = answer(MONITOR, at(0))
    dated = [] if where == "all" else [9, 3]
    assert came(result) == (dated, [-7])
    odd = result["incidents"][0]
    assert (odd["source_id"], odd["title"], odd["status"]) == ("fortimonitor:fortimonitor.test:-7", "Outage -7", "Open")
    assert (result["watermark"], result["is_complete"], result["skipped"]) == (at(5 if dated else 0), True, [])


@pytest.mark.field_case("F9")
@pytest.mark.parametrize(
    "written",
    [
        "Wed, 05 Nov 2025 00:00:07 -0000",
        "2025-11-05T00:00:07Z",
        "2025-11-05T01:00:07+01:00",
        "2025-11-05 00:00:07",
        START // 1000 + 7,
        str(START // 1000 + 7),
        START + 7000,
        str(START + 7000),
    ],
)
def test_a_start_is_read_in_whatever_form_it_comes(http, written):
    expect_outages(http, [started(-7, 1, start_time=written)])
    assert fetched(MONITOR) == ([-7], at(7), True)


@pytest.mark.field_case("F9")
@PLACES
@pytest.mark.parametrize(
    ("bad", "named", "reason"),
    [
        (None, "", NO_OBJECT),
        ("canary", "canary", NO_OBJECT),
        (started(-7, 1, url=None), None, "it has no usable URL"),
        (started(-7, 1, url=""), None, "it has no usable URL"),
        (started(-7, 1, url="/v2/server/7"), "/v2/server/7", "it has no usable URL"),
        (started(-7, 1, url=7), "7", "it has no usable URL"),
    ],
)
def test_a_row_that_is_no_outage_costs_itself_alone_and_is_named(http, bad, named, reason, where):
    expect_outages(http, among(outages((9, 1), (3, 5)), bad, where))
    result = answer(MONITOR, at(0))
    dated = [] if where == "all" else [9, 3]
    assert came(result) == (dated, [])
    assert {each["reason"] for each in result["skipped"]} == {reason}
    assert named is None or {each["row"] for each in result["skipped"]} == {named}
    assert (result["watermark"], result["is_complete"]) == (at(5 if dated else 0), True)


def test_outages_without_a_start_get_half_of_the_room_at_most_and_those_left_out_are_named(http):
    odd = [started(-number, 0, start_time=None) for number in (11, 12, 13)]
    expect_outages(http, [*odd, *outages((9, 1), (3, 5), (4, 6), (5, 7), (6, 8))], total=9, following="more")
    expect_outages(http, outages((6, 8)), oldest_first=False)
    result = answer(MONITOR, at(0), max_results=4)
    assert came(result) == ([9, 3], [-13, -12])
    assert (result["watermark"], result["skipped"]) == (behind(5, 3, 8), [{"row": "-11", "reason": NO_ROOM}])


def test_a_page_of_outages_that_fails_half_way_fails_the_fetch(http):
    expect_outages(http, outages((9, 1), (3, 5)), total=4, following="more")
    expect_outages(http, None, offset=2, status=500)
    assert failure(MONITOR).startswith(f"{READING}FortiMonitor answered 500 to GET /v2/outage. {NOTHING}")


# What an incident looks like.


def test_an_incident_of_fortisiem_is_shown_whole(http):
    shown = row(
        7,
        90.5,
        incidentTitle="Brute force",
        incidentStatus=2,
        eventSeverityCat="HIGH",
        incidentFirstSeen=START,
        incidentClearedTime=START + 120_000,
        attackTechnique='[{"techniqueid": "T1110", "name": "Brute Force"}]',
        eventName="Brute Force Login Success",
        phIncidentCategory=4,
        phSubIncidentCategory="Credential Access",
        incidentSrc="srcIpAddr:198.51.100.23, user:jdoe,",
        incidentTarget="hostIpAddr:192.0.2.10, hostName:dc-01,",
        incidentDetail="failureCount:148, ",
        incidentRptIp="192.0.2.1",
        incidentRptDevName="fw-01",
    )
    expect_query(http, [shown])
    assert answer(SIEM, at(0)) == {
        "incidents": [
            {
                "source_id": "fortisiem:fortisiem.test:7",
                "former_source_id": None,
                "source": "FortiSIEM",
                "title": "Brute force",
                "status": "Closed",
                "severity": "High",
                "start_time": "2025-11-05T00:00:00Z",
                "last_time": "2025-11-05T00:01:30Z",
                "end_time": "2025-11-05T00:02:00Z",
                "techniques": [{"id": "T1110", "name": "Brute Force"}],
                "description": "Brute Force Login Success\nSource: srcIpAddr:198.51.100.23, user:jdoe\n"
                "Target: hostIpAddr:192.0.2.10, hostName:dc-01\nDetail: failureCount:148\nReported by: fw-01 192.0.2.1",
                "category": "Security",
                "subcategory": "Credential Access",
                "source_ips": ["198.51.100.23"],
                "destination_ips": ["192.0.2.10"],
                "hosts": ["dc-01"],
                "users": ["jdoe"],
                "incident": {
                    "configuration_id": configuration()["config_id"],
                    **module("operations.results").siem_incident(context(configuration()), shown),
                },
            }
        ],
        "count": 1,
        "left_out": 0,
        "watermark": at(90.5),
        "is_complete": True,
        "skipped": [],
    }


@pytest.mark.field_case("F6")
@pytest.mark.parametrize(
    ("values", "field", "wanted"),
    [
        ({"incidentStatus": 0}, "status", "Open"),
        ({"incidentStatus": 1}, "status", "Closed"),
        ({"incidentStatus": 3}, "status", "Closed"),
        ({}, "status", "Open"),
        ({"eventSeverityCat": "MEDIUM"}, "severity", "Medium"),
        ({"eventSeverityCat": "LOW"}, "severity", "Low"),
        ({"eventSeverityCat": "high"}, "severity", "High"),
        ({"eventSeverityCat": ""}, "severity", "Medium"),
        ({"eventSeverityCat": "SEVERE"}, "severity", "Medium"),
        ({"eventSeverityCat": ["HIGH"]}, "severity", "Medium"),
        ({"incidentClearedTime": 0}, "end_time", None),
        ({"attackTechnique": ""}, "techniques", []),
        ({"incidentTitle": "A", "eventName": "B"}, "title", "A"),
        ({"incidentTitle": "", "eventName": "B"}, "title", "B"),
        ({}, "title", "Incident 7"),
        ({}, "description", ""),
        ({"incidentTitle": "A"}, "description", "A"),
        ({"phIncidentCategory": 1}, "category", "Availability"),
        ({"phIncidentCategory": "Compliance"}, "category", "Compliance"),
        (
            {"incidentSrc": "srcIpAddr:192.0.2.1,srcIpAddr:2001:db8::1,srcIpAddr:192.0.2.1"},
            "source_ips",
            ["192.0.2.1", "2001:db8::1"],
        ),
        ({"incidentSrc": "srcName:web-01", "incidentTarget": "destName:db-01"}, "hosts", ["db-01", "web-01"]),
        ({"incidentSrc": "user:jdoe", "incidentTarget": "targetUser:root, userName:"}, "users", ["jdoe", "root"]),
        ({"incidentDetail": "fileName:a.exe", "incidentSrc": "malwareName:X"}, "hosts", []),
        ({"incidentTarget": "nothing of that kind"}, "destination_ips", []),
    ],
)
def test_what_fortisiem_shows_becomes_what_a_record_has(http, values, field, wanted):
    expect_query(http, [row(7, 1, **values)])
    assert answer(SIEM, at(0))["incidents"][0][field] == wanted


def test_an_outage_is_shown_whole(http):
    shown = started(-7, 1, severity="critical", description="Disk full\nsince noon", status="resolved")
    shown |= {"server_fqdn": "web-01.example.com", "server_name": "Web server"}
    shown["end_time"] = "Wed, 05 Nov 2025 00:02:00 -0000"
    expect_outages(http, [shown])
    found = answer(MONITOR, at(0))["incidents"]
    incident = found[0].pop("incident")
    assert found == [
        {
            "source_id": "fortimonitor:fortimonitor.test:-7",
            "former_source_id": None,
            "source": "FortiMonitor",
            "title": "Disk full",
            "status": "Closed",
            "severity": "Critical",
            "start_time": "2025-11-05T00:00:01Z",
            "last_time": "2025-11-05T00:00:01Z",
            "end_time": "2025-11-05T00:02:00Z",
            "techniques": [],
            "description": "Disk full\nsince noon",
            "category": None,
            "subcategory": None,
            "source_ips": [],
            "destination_ips": [],
            "hosts": ["web-01.example.com"],
            "users": [],
        }
    ]
    assert incident["incident_url"] == f"{FORTIMONITOR_URL}/outage/-7"
    assert (incident["incident_id"], incident["description"]) == (-7, "Disk full\nsince noon")


@pytest.mark.field_case("F6")
@pytest.mark.parametrize(
    ("values", "field", "wanted"),
    [
        ({"status": "active"}, "status", "Open"),
        ({"severity": "warning"}, "severity", "Medium"),
        ({"severity": " Critical "}, "severity", "Critical"),
        ({"severity": "ERROR"}, "severity", "High"),
        ({"severity": "info"}, "severity", "Low"),
        ({"severity": "catastrophic"}, "severity", "Medium"),
        ({"severity": 1}, "severity", "Medium"),
        ({"severity": None}, "severity", "Medium"),
        ({"description": "\n \n Disk full \nsince noon"}, "title", "Disk full"),
        ({"description": marked("Disk full\nsince noon", "alert 42")}, "title", "Disk full"),
        ({"description": marked("Disk full", "alert 42").replace("\n", " ") + " more"}, "title", "Disk full"),
        ({"description": marked("", "alert 42")}, "title", "Incident -7"),
        ({"description": " \n"}, "title", "Incident -7"),
        ({"description": None}, "title", "Incident -7"),
        ({}, "end_time", None),
        ({"description": marked("Disk full\nsince noon", "alert 42")}, "description", "Disk full\nsince noon"),
        ({"server_fqdn": "192.0.2.7", "server_name": "Web server"}, "destination_ips", ["192.0.2.7"]),
        ({"server_fqdn": "192.0.2.7", "server_name": "Web server"}, "hosts", ["Web server"]),
        ({"server_fqdn": "2001:db8::1", "server_name": ""}, "hosts", []),
        ({"server_fqdn": "", "server_name": "Web server"}, "hosts", ["Web server"]),
        ({"server_fqdn": None, "server_name": None}, "hosts", []),
    ],
)
def test_what_fortimonitor_shows_becomes_what_a_record_has(http, values, field, wanted):
    expect_outages(http, [started(-7, 1, **values)])
    assert answer(MONITOR, at(0))["incidents"][0][field] == wanted


@pytest.mark.field_case("W2")
def test_source_ids_carry_a_port_that_is_not_the_usual_one_and_name_the_form_before_that(http):
    config = configuration(fortisiem_server="fortisiem.test:8443", fortimonitor_url="https://fortimonitor.test:9443/v2")
    http.post(INCIDENTS.replace(".test", ".test:8443"), json={"total": 1, "data": rows((9, 1))})
    http.get("https://fortimonitor.test:9443/v2/outage", json={"outage_list": outages((-7, 1)), "meta": {"next": None}})
    for source, ids in (
        (SIEM, ("fortisiem:fortisiem.test:8443:9", "fortisiem:fortisiem.test:9")),
        (MONITOR, ("fortimonitor:fortimonitor.test:9443:-7", "fortimonitor:fortimonitor.test:-7")),
    ):
        result = execute("fetch_incidents", {"source": source, "watermark": at(0)}, config)
        assert [(each["source_id"], each["former_source_id"]) for each in result["incidents"]] == [ids]


# What is chosen.

MIXED = [
    row(1, 1, incidentStatus=0, eventSeverityCat="HIGH", phIncidentCategory=4),
    row(2, 2, incidentStatus=2, eventSeverityCat="HIGH", phIncidentCategory=4),
    row(3, 3, incidentStatus=0, eventSeverityCat="LOW", phIncidentCategory=1),
    row(4, 4, incidentStatus=1, eventSeverityCat="MEDIUM", phIncidentCategory="9"),
]


def chosen(source, watermark=None, **params):
    """Return the ids that were fetched, how many were left out, the watermark, and whether these are all."""
    result = answer(source, watermark or at(0), **params)
    ids = [incident["incident"]["incident_id"] for incident in result["incidents"]]
    assert result["count"] == len(ids)
    return ids, result["left_out"], result["watermark"], result["is_complete"]


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"status": ["Open"]}, [1, 3]),
        ({"status": ["Closed"]}, [2, 4]),
        ({"status": "Open,Closed"}, [1, 2, 3, 4]),
        ({"status": "", "severity": [], "category": None}, [1, 2, 3, 4]),
        ({"severity": ["High", "Low"]}, [1, 2, 3]),
        ({"severity": ["Critical"]}, []),
        ({"category": ["Security"]}, [1, 2]),
        ({"status": ["Open"], "category": ["Security", "Availability"], "severity": ["High"]}, [1]),
    ],
)
def test_incidents_of_fortisiem_are_chosen_here_and_the_watermark_passes_all(http, params, ids):
    expect_query(http, MIXED)  # without any filter
    assert chosen(SIEM, **params) == (ids, 4 - len(ids), at(4), True)


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"status": ["Open"]}, [-1]),
        ({"status": ["Closed"], "severity": ["Medium", "Low"]}, [3]),
        ({"severity": ["Critical"]}, [-1, 2]),
        ({"category": ["Security"]}, [-1, 2, 3]),  # of FortiSIEM alone
    ],
)
def test_outages_are_chosen_here_and_the_watermark_passes_all(http, params, ids):
    shown = [
        started(-1, 1, status="active", severity="critical"),
        started(2, 2, status="resolved", severity="critical"),
        started(3, 3, status="resolved", severity="warning"),
    ]
    expect_outages(http, shown)
    assert chosen(MONITOR, **params) == (ids, 3 - len(ids), at(3), True)


def test_what_is_left_out_takes_part_in_how_many_come_so_that_each_call_gets_on(http):
    expect_query(http, MIXED, size=3)
    expect_newest(http, [row(4, 4)])
    assert chosen(SIEM, max_results=2, severity=["Low"]) == ([], 2, behind(2, 2, 4), False)
    expect_query(http, MIXED[1:], since=2, size=3)
    assert chosen(SIEM, behind(2, 2, 4), max_results=2, severity=["Low"]) == ([3], 1, at(4), True)


def test_an_incident_without_a_time_is_chosen_like_any_other(http):
    expect_query(http, [{"incidentId": 5, "eventSeverityCat": "LOW"}, *MIXED])
    assert chosen(SIEM, severity=["Low"]) == ([5, 3], 3, at(4), True)


@pytest.mark.parametrize("named", ["7", 7, "fortisiem:fortisiem.test:7"])
def test_one_incident_of_fortisiem_is_fetched_by_its_id_whatever_else_is_chosen(http, named):
    http.post(INCIDENTS, json={"total": 1, "data": [row(7, -99_999, eventSeverityCat="LOW", incidentTitle="Old")]})
    result = answer(SIEM, at(5), incident_id=named, severity=["High"], max_results=1)
    (incident,) = result.pop("incidents")
    assert (incident["title"], incident["source_id"]) == ("Old", "fortisiem:fortisiem.test:7")
    assert result == {"count": 1, "left_out": 0, "watermark": at(5), "is_complete": True, "skipped": []}
    assert json.loads(http.calls[0].request.body)["filters"] == {"incidentId": [7]}


@pytest.mark.parametrize("named", ["-7", "#-7", f"{FORTIMONITOR_URL}/outage/-7", "fortimonitor:fortimonitor.test:-7"])
def test_one_outage_is_fetched_by_its_id_and_without_a_watermark_there_is_none(http, named):
    http.get(f"{FORTIMONITOR_URL}/outage/-7", json=started(-7, 1))
    result = answer(MONITOR, incident_id=named, status=["Closed"])
    assert [each["title"] for each in result["incidents"]] == ["Outage -7"]
    assert (result["count"], result["watermark"]) == (1, None)


def test_an_incident_that_is_named_and_not_there_fails_the_fetch(http):
    http.post(INCIDENTS, json={"total": 0, "data": []})
    assert failure(SIEM, incident_id=4242).startswith(
        f"{FAILED.format(SIEM)}FortiSIEM shows no incident 4242. {NOTHING}"
    )


@pytest.mark.parametrize(
    ("source", "named", "said"),
    [
        (SIEM, "-7", "Incident ID '-7' is not an ID such as 42, or a Source ID such as fortisiem:siem.example.com:42"),
        (MONITOR, "web", "Incident 'web' is not an ID such as -28000855"),
        (
            MONITOR,
            "fortisiem:fortisiem.test:7",
            "is not of FortiMonitor: it is the Source ID of an incident of another",
        ),
    ],
)
def test_what_names_no_incident_of_the_product_is_refused_before_anything_is_asked(http, source, named, said):
    assert said in failure(source, incident_id=named)


# Events.

EVENTS = f"{INCIDENTS}/triggeringEvents"
EVENT = {"nid": "6482650188627892238", "eventType": "Login-Failed", "rawMessage": "<13>4625: failed"}


def expect_events(http, number, shown):
    http.get(
        f"{EVENTS}/start",
        match=[matchers.query_param_matcher({"incidentId": str(number), "size": "20"})],
        json={"queryId": str(number)},
    )
    http.get(f"{EVENTS}/progress/{number}", json=100)
    http.get(f"{EVENTS}/result/{number}", json={"data": shown})


def test_incidents_of_fortisiem_come_with_their_events_and_no_more_than_50_at_once(http):
    expect_query(http, MIXED[:2], size=51)
    expect_events(http, 1, [EVENT, "no event"])
    expect_events(http, 2, [])
    result = answer(SIEM, at(0), include_events=True)
    first, second = (each["incident"]["events"] for each in result["incidents"])
    assert [event["event_type"] for event in first] == ["Login-Failed"]
    unread = {"row": "1", "reason": "one of its events could not be read: it is not an object"}
    assert (second, result["skipped"]) == ([], [unread])


def test_events_are_read_of_what_is_chosen_alone_and_of_one_that_is_named(http):
    expect_query(http, MIXED, size=51)
    expect_events(http, 3, [EVENT])
    assert len(answer(SIEM, at(0), include_events=True, severity=["Low"])["incidents"][0]["incident"]["events"]) == 1
    http.post(INCIDENTS, json={"total": 1, "data": [row(3, 3)]})
    expect_events(http, 3, [EVENT])
    assert len(answer(SIEM, include_events=True, incident_id="3")["incidents"][0]["incident"]["events"]) == 1


def test_events_that_cannot_be_read_cost_no_incident_and_are_told(http):
    expect_query(http, MIXED[:2], size=51)
    http.get(f"{EVENTS}/start", status=403)
    expect_events(http, 2, [EVENT])
    result = answer(SIEM, at(0), include_events=True)
    first, second = (each["incident"]["events"] for each in result["incidents"])
    assert (first, len(second), result["count"], result["watermark"]) == (None, 1, 2, at(2))
    ((row_, reason),) = [tuple(each.values()) for each in result["skipped"]]
    assert row_ == "1"
    assert reason.startswith("its events could not be read: FortiSIEM answered 403 to GET")


def test_fortimonitor_has_no_events_to_include(http):
    expect_outages(http, outages((9, 1)))
    assert "events" not in answer(MONITOR, at(0), include_events=True)["incidents"][0]["incident"]
