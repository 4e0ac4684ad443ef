"""FortiMonitor's lists page by page: nothing lost, nothing twice, nothing asked for before it is needed."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.support.fortimonitor import account, expect_page, outage, undeclared
from tests.support.package import FORTIMONITOR_URL, ConnectorError, execute, module

SERVER = "/server/1001/outage"
ACTIVE = {"status": "active"}


@pytest.fixture(autouse=True)
def nothing_undeclared(http):
    """Fail where a request was sent that the test does not expect."""
    yield
    assert undeclared(http) == []


def rows(*numbers):
    return [outage(number, "m") for number in numbers]


def down(first, last):
    """Return outages of descending ids, newest first."""
    return rows(*range(first, last - 1, -1))


def expect(http, shown, offset=0, total=None, following=..., path="/outage", query=None):
    """Expect a page, whose ``next`` says by default what the total says."""
    if following is ...:
        following = "more" if total is None or offset + len(shown) < total else None
    expect_page(http, path, shown, offset=offset, total=total, following=following, query=query)


def ids(found):
    return [outage.id for outage in found]


# Where a list ends.


UNSAID = object()


def pages(http, *shown, **meta):
    """Expect pages of outages 3, 2, ... as they are given, each with the same ``meta``, and read them all.

    Returns: their ids, and whether the list is complete.
    """
    offset = 0
    for page in shown:
        said = {name: value for name, value in {"limit": 50, "offset": offset, **meta}.items() if value is not UNSAID}
        expect_page(http, "/outage", [], offset=offset, json={"outage_list": rows(*page), "meta": said})
        offset += len(page)
    listing = account().outages()
    return ids(listing), listing.is_complete


@pytest.mark.parametrize("following", [None, UNSAID])
@pytest.mark.parametrize("total", [3, "3", 3.0, "3.0", 2])
def test_a_list_ends_where_the_total_is_reached_and_no_page_is_named_next(http, following, total):
    assert pages(http, (3, 2, 1), next=following, total_count=total) == ([3, 2, 1], True)


@pytest.mark.parametrize("total", [50, "50", 3])
def test_a_full_page_that_alone_is_counted_may_be_followed_by_another_one(http, total):
    pages_of = (range(60, 10, -1), range(10, 0, -1))
    assert pages(http, *pages_of, next=UNSAID, total_count=total) == ([*range(60, 0, -1)], True)


@pytest.mark.field_case("F17", "W18")
@pytest.mark.parametrize("total", [None, UNSAID, "many", "1,200", True, -1.5, [3], 1e300])
def test_without_a_readable_total_a_list_ends_where_no_page_is_named_next(http, total):
    assert pages(http, (3, 2, 1), next=None, total_count=total) == ([3, 2, 1], True)


@pytest.mark.field_case("W18")
@pytest.mark.parametrize("total", [None, UNSAID, "many"])
def test_without_both_an_empty_page_is_the_end(http, total):
    assert pages(http, (3, 2, 1), (), next=UNSAID, total_count=total) == ([3, 2, 1], True)


@pytest.mark.parametrize("total", [3, 2, None, UNSAID])
def test_a_page_that_is_named_next_is_read_whatever_the_total_says(http, total):
    assert pages(http, (3, 2, 1), (), next="more", total_count=total) == ([3, 2, 1], True)


@pytest.mark.field_case("F17", "W18")
@pytest.mark.parametrize("following", [None, UNSAID, "more"])
@pytest.mark.parametrize("total", [4, "4", 120, "120.0"])
def test_a_list_that_ends_before_its_total_is_not_complete(http, following, total):
    assert pages(http, (3, 2, 1), (), next=following, total_count=total) == ([3, 2, 1], False)


@pytest.mark.parametrize("meta", [None, [], "x", 5, {}])
def test_without_any_meta_a_list_is_read_to_an_empty_page(http, meta):
    expect_page(http, "/outage", [], json={"outage_list": rows(3, 2), "meta": meta})
    expect_page(http, "/outage", [], offset=2, json={"outage_list": []})
    result = execute("list_fortimonitor_incidents", {})
    assert ([each["incident_id"] for each in result["incidents"]], result["is_complete"]) == ([3, 2], True)


def test_seven_hundred_without_a_total_are_all_listed(http):
    for offset in range(0, 700, 50):
        expect(http, down(700 - offset, 651 - offset), offset=offset)
    expect(http, [], offset=700)
    result = execute("list_fortimonitor_incidents", {"max_results": 1000})
    assert (result["count"], result["is_complete"]) == (700, True)


def test_an_empty_list_is_one_request(http):
    expect(http, [], total=0)
    assert ids(account().outages()) == []


@pytest.mark.parametrize("size", [10, 50, 3])
def test_the_offset_advances_by_what_came_and_not_by_what_was_asked_for(http, size):
    total = 2 * size + 1
    expect(http, down(total, size + 2), total=total)
    expect(http, down(size + 1, 2), offset=size, total=total)
    expect(http, rows(1), offset=2 * size, total=total, following=None)
    assert ids(account().outages()) == list(range(total, 0, -1))


def test_a_short_page_is_no_end(http):
    expect(http, rows(5, 4, 3), total=5)
    expect(http, rows(2), offset=3, total=5)
    expect(http, rows(1), offset=4, total=5)
    assert ids(account().outages()) == [5, 4, 3, 2, 1]


def test_more_than_was_asked_for_is_taken_too(http):
    expect(http, down(70, 1), total=70)
    assert len(ids(account().outages())) == 70


def test_every_page_has_the_same_filters(http):
    query = {"severity": "critical", "start_time": "2026-03-01 00:00:00"}
    for offset, number in enumerate((2, 1)):
        row = outage(number, "m", severity="critical")
        expect(http, [row], offset=offset, total=2, path=SERVER, query=query)
    since = datetime(2026, 3, 1, tzinfo=timezone.utc)
    assert ids(account().outages(1001, severity="critical", since=since)) == [2, 1]


# Nothing twice, nothing for ever.


def test_what_moved_down_to_the_next_page_is_not_shown_twice(http):
    expect(http, rows(4, 3), total=4)
    expect(http, rows(3, 2), offset=2, total=5)
    expect(http, rows(1), offset=4, total=5, following=None)
    assert ids(account().outages()) == [4, 3, 2, 1]


def test_an_outage_that_stands_twice_on_a_page_is_told_by_its_url(http):
    expect(http, rows(2, 1), total=4)
    expect(http, rows(1, 2), offset=2, total=4)
    listing = account().outages()
    assert (ids(listing), listing.is_complete) == ([2, 1], False)


def listed(**params):
    result = execute("list_fortimonitor_incidents", params)
    return [each["incident_id"] for each in result["incidents"]], result["is_complete"]


@pytest.mark.field_case("K1")
@pytest.mark.parametrize("total", [None, 100_000])
def test_a_page_that_comes_again_three_times_ends_a_list_that_is_not_complete(http, total):
    for offset in (0, 2, 4, 6):
        expect(http, rows(4, 3), offset=offset, total=total)
    assert listed() == ([4, 3], False)


@pytest.mark.field_case("K1")
@pytest.mark.parametrize("total", [None, 100_000])
def test_pages_that_loop_end_when_three_of_them_brought_nothing_new(http, total):
    for offset, shown in enumerate([(6, 5), (4, 3), (6, 5), (4, 3), (6, 5)]):
        expect(http, rows(*shown), offset=2 * offset, total=total)
    assert listed() == ([6, 5, 4, 3], False)


@pytest.mark.field_case("K1")
@pytest.mark.parametrize("total", [None, 100_000])
def test_pages_that_are_clamped_to_the_last_one_end_too(http, total):
    for offset, shown in enumerate([(6, 5), (4, 3), (4, 3), (4, 3), (4, 3)]):
        expect(http, rows(*shown), offset=2 * offset, total=total)
    assert listed() == ([6, 5, 4, 3], False)


@pytest.mark.field_case("K1")
def test_pages_that_repeat_themselves_are_complete_once_all_that_is_counted_came(http):
    for offset, shown in enumerate([(4, 3), (2, 1), (2, 1), (2, 1), (2, 1)]):
        expect(http, rows(*shown), offset=2 * offset, total=4, following="more")
    assert listed() == ([4, 3, 2, 1], True)


@pytest.mark.field_case("K1")
@pytest.mark.parametrize(("total", "most"), [(3, 100), (None, 100), (120, 120)])
@pytest.mark.parametrize(
    ("operation", "params", "path", "key"),
    [
        ("list_fortimonitor_users", {}, "/user", "user_list"),
        ("list_incident_textkeys", {}, "/agent_resource_type", "agent_resource_type_list"),
        ("get_fortimonitor_incident_log", {"incident": "-5"}, "/outage/-5/outage_log", "outage_log_list"),
        ("fetch_incidents", {"source": "FortiMonitor"}, "/outage", "outage_list"),
    ],
)
def test_rows_without_end_are_read_as_far_as_they_are_counted_or_for_a_minutes_requests(
    many_answers, operation, params, path, key, total, most
):
    asked = []

    def answer(request):
        asked.append(request.url)
        number = len(asked)
        row = {"entry": f"seen {number} s ago", "url": f"/v2/{path.split('/')[1]}/{number}"}
        return 200, {}, json.dumps({key: [row], "meta": {"next": "more", "total_count": total}})

    many_answers.add_callback("GET", re.compile(f"{FORTIMONITOR_URL}{path}"), answer)
    execute(operation, params)
    assert len(asked) == most


@pytest.mark.parametrize("first", [[4, 3], [4, 3, 2], [2, 4, 3, 1]])
def test_active_outages_whose_first_page_comes_again_and_again_end_too(http, first):
    expect(http, rows(*first), total=100, query=ACTIVE)
    place = len(first) - 1
    for _ in range(3):
        # It does not begin at the last one of the page before, but with one that was seen: it brings nothing.
        expect(http, rows(*first), offset=place, total=100, query=ACTIVE)
        place += len(first) - 1
    assert listed(status="Active") == (first, False)


def test_entries_of_a_log_that_loops_end_too(http):
    log = "/outage/-5/outage_log"
    for offset in (0, 2, 4, 6):
        shown = [{"entry": "same"}, {"entry": "same"}]
        expect_page(http, log, shown, offset=offset, total=100_000, following="more")
    result = execute("get_fortimonitor_incident_log", {"incident": "-5"})
    assert [each["entry"] for each in result["entries"]] == ["same", "same"]


META = {"limit": 50, "offset": 0, "next": None, "total_count": 1}


@pytest.mark.field_case("K7")
@pytest.mark.parametrize(
    ("body", "happened"),
    [
        ({"meta": META}, "without outage_list"),
        ({"outage_list": {}, "meta": META}, "without outage_list"),
        ({"outage_list": None, "meta": META}, "without outage_list"),
        ({"outage_list": "", "meta": META}, "without outage_list"),
        ({"server_list": [], "meta": META}, "without outage_list"),
        ({"error": "no"}, "without outage_list"),
        ({"error": "it is down"}, "with an error in its body: 'it is down'"),
        ({"outage_list": [], "meta": META, "errors": ["no"]}, "with an error in its body: '[\"no\"]'"),
        (
            {"outage_list": rows(1), "meta": META, "error": "a shard is down"},
            "with an error in its body: 'a shard is down'",
        ),
        ({"outage_list": [], "meta": META, "success": False}, "with an error in its body: 'success: false'"),
        ([], "without a JSON object"),
    ],
)
def test_a_page_of_another_shape_is_refused(http, body, happened):
    expect_page(http, "/outage", [], json=body)
    with pytest.raises(ConnectorError) as caught:
        execute("list_fortimonitor_incidents", {})
    assert str(caught.value).startswith(
        f"Could not list the incidents: FortiMonitor answered 200 to GET /v2/outage {happened}. Nothing was changed."
    )


UNREADABLE: list[Any] = [
    (5, "5", "it is not an object"),
    (None, "", "it is not an object"),
    ([], "[]", "it is not an object"),
    ({"description": "Disk full"}, '{"description":"Disk full"}', "it has no usable URL"),
    ({"url": None, "a": 1}, '{"url":null,"a":1}', "it has no usable URL"),
    ({"url": "https://fortimonitor.test/v2/outage/"}, "https://fortimonitor.test/v2/outage/", "it has no usable URL"),
    ({"url": "/v2/server/5"}, "/v2/server/5", "it has no usable URL"),
    ({"url": "/v2/outage/5.0"}, "/v2/outage/5.0", "it has no usable URL"),
    ({"url": "/v2/outage/9223372036854775808"}, "/v2/outage/9223372036854775808", "it has no usable URL"),
    ({"url": "https://[bad/v2/outage/5"}, "https://[bad/v2/outage/5", "it has no usable URL"),
]


@pytest.mark.parametrize(("row", "name", "reason"), UNREADABLE)
@pytest.mark.parametrize("query", [{}, ACTIVE])
def test_a_row_that_cannot_be_read_costs_itself_and_is_named(http, row, name, reason, query):
    expect(http, [*rows(4), row, *rows(3)], total=3, query=query)
    result = execute("list_fortimonitor_incidents", {"status": "Active"} if query else {})
    assert [each["incident_id"] for each in result["incidents"]] == [4, 3]
    assert (result["count"], result["skipped"]) == (2, [{"row": name, "reason": reason}])


@pytest.mark.parametrize("status", ["active", "resolved"])
def test_no_more_rows_are_read_than_asked_for_even_if_the_filter_is_ignored(http, status):
    query = {"status": "resolved"}
    for offset in (0, 50):
        shown = [outage(1000 - number, "m", status) for number in range(offset, offset + 50)]
        expect(http, shown, offset=offset, total=6000, query=query)
    listing = account().outages(status="resolved", most=100)
    assert (len(ids(listing)), listing.is_complete) == (100 if status == "resolved" else 0, False)


def test_a_page_that_fails_is_told_and_a_part_is_not_taken_for_the_whole(http):
    expect(http, rows(2), total=2)
    expect_page(http, "/outage", [], offset=1, status=500)
    with pytest.raises(
        ConnectorError, match="Could not list the incidents: FortiMonitor answered 500 to GET /v2/outage"
    ):
        execute("list_fortimonitor_incidents", {})


# Streaming.


def test_the_first_page_is_asked_for_when_the_first_row_is(http):
    found = iter(account().outages())
    assert len(http.calls) == 0
    expect(http, rows(2, 1), total=2)
    assert next(found).id == 2


def test_the_next_page_is_asked_for_when_its_first_row_is(http):
    expect(http, rows(3, 2), total=3)
    found = iter(account().outages())
    assert [next(found).id, next(found).id] == [3, 2]
    assert len(http.calls) == 1
    expect(http, rows(1), offset=2, total=3, following=None)
    assert ids(found) == [1]


def test_no_page_is_asked_for_beyond_the_results_that_are_wanted(http):
    expect(http, down(100, 51), total=100)
    result = execute("list_fortimonitor_incidents", {"max_results": 49})
    assert (result["count"], result["is_complete"]) == (49, False)


def test_whether_there_is_more_takes_the_next_page(http):
    expect(http, down(100, 51), total=100)
    expect(http, down(50, 1), offset=50, total=100)
    result = execute("list_fortimonitor_incidents", {"max_results": 50})
    assert (result["count"], result["is_complete"]) == (50, False)


# Active outages leave their list while it is read.


def test_a_page_of_active_outages_begins_at_the_last_one_of_the_page_before(http):
    expect(http, rows(5, 4, 3), total=5, query=ACTIVE)
    expect(http, rows(3, 2, 1), offset=2, total=5, following=None, query=ACTIVE)
    assert ids(account().outages(status="active")) == [5, 4, 3, 2, 1]


def test_what_moved_up_because_others_left_is_not_lost(http):
    expect(http, rows(6, 5, 4), total=6, query=ACTIVE)
    # 6 and 5 are resolved: 3 moved to where the first page was.
    expect(http, rows(2, 1), offset=2, total=4, query=ACTIVE)
    expect(http, rows(4, 3, 2), offset=0, total=4, query=ACTIVE)
    expect(http, rows(2, 1), offset=2, total=4, following=None, query=ACTIVE)
    assert ids(account().outages(status="active")) == [6, 5, 4, 3, 2, 1]


def test_one_page_back_is_enough_where_it_begins_with_what_was_seen(http):
    expect(http, rows(9, 8, 7), total=9, query=ACTIVE)
    expect(http, rows(7, 6, 5), offset=2, total=9, query=ACTIVE)
    # 9 is resolved.
    expect(http, rows(4, 3), offset=4, total=8, query=ACTIVE)
    expect(http, rows(6, 5, 4), offset=2, total=8, query=ACTIVE)
    expect(http, rows(4, 3, 2), offset=4, total=8, query=ACTIVE)
    expect(http, rows(2, 1), offset=6, total=8, following=None, query=ACTIVE)
    assert ids(account().outages(status="active")) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_it_goes_back_further_where_more_left(http):
    expect(http, rows(9, 8, 7), total=9, query=ACTIVE)
    expect(http, rows(7, 6, 5), offset=2, total=9, query=ACTIVE)
    # 9, 8, 7, 6 and 5 are resolved.
    expect(http, [], offset=4, total=4, query=ACTIVE)
    expect(http, rows(4, 3, 2), offset=0, total=4, query=ACTIVE)
    expect(http, rows(2, 1), offset=2, total=4, following=None, query=ACTIVE)
    assert ids(account().outages(status="active")) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_it_goes_back_page_by_page_until_one_begins_with_what_was_seen_or_the_list_does(http):
    expect(http, down(20, 18), total=20, query=ACTIVE)
    expect(http, down(18, 16), offset=2, total=20, query=ACTIVE)
    expect(http, down(16, 14), offset=4, total=20, query=ACTIVE)
    # 20 to 14 are resolved, and 10 to 1 soon after.
    expect(http, down(7, 5), offset=6, total=13, query=ACTIVE)
    expect(http, down(10, 8), offset=3, total=13, query=ACTIVE)
    expect(http, down(13, 11), offset=0, total=3, query=ACTIVE)
    assert ids(account().outages(status="active")) == list(range(20, 10, -1))


def test_where_all_the_rest_left_the_list_ends(http):
    expect(http, rows(4, 3), total=3, query=ACTIVE)
    expect(http, [], offset=1, total=0, following=None, query=ACTIVE)
    expect(http, [], offset=0, total=0, following=None, query=ACTIVE)
    assert ids(account().outages(status="active")) == [4, 3]


def test_pages_of_one_row_are_taken_as_they_come(http):
    for offset, number in enumerate((3, 2, 1)):
        expect(http, rows(number), offset=offset, total=3, query=ACTIVE)
    assert ids(account().outages(status="active")) == [3, 2, 1]


def test_the_active_outages_of_a_server_are_read_in_the_same_way(http):
    expect(http, rows(3, 2), total=3, path=SERVER, query=ACTIVE)
    expect(http, rows(2, 1), offset=1, total=3, path=SERVER, query=ACTIVE)
    assert ids(account().outages(1001, "active")) == [3, 2, 1]


@pytest.mark.parametrize("query", [{"status": "resolved"}, {}])
def test_no_outage_leaves_any_other_list_so_its_pages_do_not_overlap(http, query):
    status = query.get("status", "active")
    expect(http, [outage(number, "m", status) for number in (3, 2)], total=3, query=query)
    expect(http, [outage(1, "m", status)], offset=2, total=3, query=query)
    assert ids(account().outages(**query)) == [3, 2, 1]


FILTERS = {
    "status": [("Active", ["active", "ACTIVE", " Active "]), ("Resolved", ["resolved", "Resolved", "RESOLVED"])],
    "severity": [("Critical", ["critical", "CRITICAL", "Critical "]), ("Warning", ["warning", "Warning", "WARNING"])],
}


@pytest.mark.field_case("F18", "K3")
@pytest.mark.parametrize(
    ("name", "wanted", "shown"), [(name, *choice) for name, choices in FILTERS.items() for choice in choices]
)
def test_a_filter_that_fortimonitor_ignores_is_applied_here_in_any_letter_case(http, name, wanted, shown):
    others: list[Any] = [word for choice, words in FILTERS[name] if choice != wanted for word in words]
    others += ["unheard of", None] if name == "severity" else []
    rows = [outage(number, "m", **{name: word}) for number, word in enumerate([*shown, *others], 1)]
    expect(http, rows, total=len(rows), query={name: wanted.lower()})
    result = execute("list_fortimonitor_incidents", {name: wanted})
    assert [each["incident_id"] for each in result["incidents"]] == [1, 2, 3]
    assert (result["count"], result["is_complete"], result["skipped"]) == (3, True, [])


@pytest.mark.parametrize("status", ["closed", "", None, 5])
def test_of_a_status_that_nobody_knows_the_end_tells(http, status):
    rows = [outage(1, "m", status=status, end_time="Fri, 05 Nov 2021 17:37:35 -0000"), outage(2, "m", status=status)]
    for wanted in ("active", "resolved"):
        expect(http, rows, total=2, query={"status": wanted})
    assert [listed(status=wanted)[0] for wanted in ("Active", "Resolved")] == [[2], [1]]


# Bounds of time.

MOMENTS = {
    5: "Fri, 05 Nov 2021 17:00:05 -0000",
    4: "Fri, 05 Nov 2021 18:00:04 +0100",
    3: "Fri, 05 Nov 2021 17:00:03 -0000",
    2: None,
}


@pytest.mark.field_case("F18")
@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (4, None, [5, 4, 2]),
        (None, 4, [4, 3, 2]),
        (4, 4, [4, 2]),
        (6, None, [2]),
        (None, 2, [2]),
        (3, 5, [5, 4, 3, 2]),
    ],
)
def test_rows_are_compared_with_the_bounds_once_more(http, since, until, expected):
    bounds = {"start_time": since, "end_time": until}
    query = {name: f"2021-11-05 17:00:0{second}" for name, second in bounds.items() if second}
    shown = [outage(number, "m", start_time=text) for number, text in MOMENTS.items()]
    expect(http, shown, total=4, query=query)
    since, until = (
        datetime(2021, 11, 5, 17, 0, second, tzinfo=timezone.utc) if second else None for second in (since, until)
    )
    assert ids(account().outages(since=since, until=until)) == expected


# The rate limit.


def test_many_requests_wait_their_turn_and_one_action_does_not(http, slept):
    for _ in range(100):
        expect(http, [], total=0)
    for _ in range(100):
        ids(account().outages())
    expect(http, [], total=0)
    ids(account().outages())
    with pytest.raises(module("core.errors").RateLimited) as caught:
        ids(account().within_rate_limit().outages())
    assert str(caught.value) == (
        "Could not list the incidents: FortiMonitor's 100 requests a minute are used up. Nothing was changed. Run it again in "
        "a minute."
    )
    assert slept == []
