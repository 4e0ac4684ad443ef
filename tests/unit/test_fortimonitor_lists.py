"""FortiMonitor's lists page by page: nothing lost, nothing twice, nothing asked for before it is needed."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.support.fortimonitor import account, expect_page, outage, undeclared
from tests.support.package import ConnectorError, execute, module

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


def expect(http, shown, offset=0, total=None, following="more", path="/outage", query=None):
    expect_page(http, path, shown, offset=offset, total=total, following=following, query=query)


def ids(found):
    return [outage.id for outage in found]


# Where a list ends.


def test_the_total_is_an_end_whatever_next_says(http):
    expect(http, down(3, 1), total=3)
    assert ids(account().outages()) == [3, 2, 1]


def test_without_a_next_page_a_list_ends(http):
    expect(http, down(3, 1), following=None)
    assert ids(account().outages()) == [3, 2, 1]


def test_an_empty_page_is_an_end_whatever_the_total_says(http):
    expect(http, down(3, 1), total=9)
    expect(http, [], offset=3, total=9)
    assert ids(account().outages()) == [3, 2, 1]


def test_a_total_that_is_missing_is_no_end(http):
    expect(http, down(3, 1))
    expect(http, [], offset=3)
    assert ids(account().outages()) == [3, 2, 1]


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
    expect(http, rows(2), total=2, path=SERVER, query=query)
    expect(http, rows(1), offset=1, total=2, path=SERVER, query=query)
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
    assert ids(account().outages()) == [2, 1]


@pytest.mark.parametrize(("query", "second"), [({}, 2), (ACTIVE, 1)])
def test_a_page_that_comes_again_is_an_error_and_not_an_endless_loop(http, query, second):
    expect(http, rows(4, 3), total=9, query=query)
    expect(http, rows(4, 3), offset=second, total=9, query=query)
    with pytest.raises(ConnectorError) as caught:
        execute("list_fortimonitor_incidents", {"status": "Active"} if query else {})
    assert str(caught.value) == (
        "Could not list the incidents: FortiMonitor answered 200 to GET /v2/outage with a page that cannot be right. Nothing "
        "was changed."
    )


META = {"limit": 50, "offset": 0, "next": None, "total_count": 1}


@pytest.mark.parametrize(
    ("body", "happened"),
    [
        ({"meta": META}, "a page that cannot be right"),
        ({"outage_list": []}, "a page that cannot be right"),
        ({"outage_list": {}, "meta": META}, "a page that cannot be right"),
        ({"outage_list": [5], "meta": META}, "a page that cannot be right"),
        ({"outage_list": [], "meta": []}, "a page that cannot be right"),
        ({"outage_list": [], "meta": {**META, "total_count": None}}, "a page that cannot be right"),
        ({"outage_list": [], "meta": {**META, "total_count": "1"}}, "a page that cannot be right"),
        ({"server_list": [], "meta": META}, "a page that cannot be right"),
        ([], "without a JSON object"),
    ],
)
def test_a_page_of_another_shape_is_refused(http, body, happened):
    expect_page(http, "/outage", [], json=body)
    with pytest.raises(ConnectorError) as caught:
        execute("list_fortimonitor_incidents", {})
    assert str(caught.value).startswith(
        f"Could not list the incidents: FortiMonitor answered 200 to GET /v2/outage with {happened}. Nothing was changed."
    )


def test_a_page_that_fails_is_told_and_a_part_is_not_taken_for_the_whole(http):
    expect(http, rows(2), total=2)
    expect_page(http, "/outage", [], offset=1, status=500)
    with pytest.raises(
        ConnectorError, match="Could not list the incidents: FortiMonitor answered 500 to GET /v2/outage"
    ):
        execute("list_fortimonitor_incidents", {})


# Streaming.


def test_the_first_page_is_asked_for_when_the_first_row_is(http):
    found = account().outages()
    assert len(http.calls) == 0
    expect(http, rows(2, 1), total=2)
    assert next(found).id == 2


def test_the_next_page_is_asked_for_when_its_first_row_is(http):
    expect(http, rows(3, 2), total=3)
    found = account().outages()
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
    expect(http, rows(3, 2), total=3, query=query)
    expect(http, rows(1), offset=2, total=3, query=query)
    assert ids(account().outages(**query)) == [3, 2, 1]


# Bounds of time.

MOMENTS = {
    5: "Fri, 05 Nov 2021 17:00:05 -0000",
    4: "Fri, 05 Nov 2021 18:00:04 +0100",
    3: "Fri, 05 Nov 2021 17:00:03 -0000",
    2: None,
}


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
