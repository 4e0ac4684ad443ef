"""create_custom_incident: never twice, never lost, whatever the answer."""

from __future__ import annotations

import html
import unicodedata
from datetime import datetime, timezone

import pytest
from responses import matchers

from tests.support.fortimonitor import (
    FRESH,
    REQUIRED,
    create_body,
    expect_create,
    expect_outages,
    expect_read,
    expect_search,
    marked,
    outage,
)
from tests.support.package import FORTIMONITOR_URL, ConnectorError, execute, go_by, module

GOAL = "Could not create a custom incident on server 1001: "
LOST = (
    f"and no incident with correlation id '{FRESH}' was found afterwards. Whether anything was changed is unknown. Wait 5 "
    f"minutes, then run the action again with Correlation ID {FRESH}: it will not create a second incident."
)
VERIFIED = {**REQUIRED, "verify": True}
NAME = "/api/3/alerts/42"
NAMED = {**REQUIRED, "correlation_id": NAME}

TODAY = 1795737600.0  # 2026-11-27T00:00:00Z

pytestmark = pytest.mark.usefixtures("fresh_marker")


@pytest.fixture(autouse=True)
def today(slept, monkeypatch):
    """Make it TODAY, without any sleep."""
    go_by(monkeypatch, wall=lambda: TODAY, sleep=slept.append, chance=lambda: 1.0)


def create(params=REQUIRED):
    return execute("create_custom_incident", params)


def failure(params=REQUIRED):
    with pytest.raises(ConnectorError) as caught:
        create(params)
    return str(caught.value)


# A clean answer.


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"in_metadata": False},
        {"in_description": False},
        {"status": "resolved"},
        {"server_id": 1001},
        {"url": "https://api2.panopta.com/v2/outage/-1000001"},
    ],
)
@pytest.mark.parametrize("verify", [True, "true", None, ""])
def test_a_new_incident_is_read_once_and_compared(http, shown, verify):
    expect_create(http)
    expect_read(http, -1000001, outage(-1000001, FRESH, **shown))
    result = create({**REQUIRED, "verify": verify})
    assert (result["outcome"], result["incident_id"], result["confirmed_by"]) == ("done", -1000001, "read_back")
    assert (result["attempts"], result["warning"]) == (1, None)


def test_without_any_marker_the_server_and_the_description_decide(http):
    expect_create(http, {**create_body(), "description": marked("x" * 100, FRESH)})
    expect_read(http, -1000001, outage(-1000001, "", in_metadata=False, description="x" * 60 + "..."))
    assert create({**VERIFIED, "description": "x" * 100})["incident_id"] == -1000001


@pytest.mark.parametrize(
    "stranger",
    [
        {"row": outage(-1000001, "somebody else's")},
        {"row": outage(-1000001, "somebody else's", metadata=[{"name": "correlation_id", "value": FRESH}])},
        {"row": outage(-1000001, FRESH, description="Disk full", metadata=[{"name": "correlation_id", "value": "x"}])},
        {"row": outage(-1000001, FRESH, in_metadata=False, description="Disk full\n[correlation_id: x]")},
        {"row": outage(-1000001, "", in_metadata=False, description="Something else")},
        {"row": outage(-1000001, "", in_metadata=False, in_description=False, server_id="1002")},
        {"row": outage(-2000002, FRESH)},
    ],
)
def test_a_wrong_id_is_caught_and_the_right_one_found(http, stranger):
    expect_create(http)
    expect_read(http, -1000001, **stranger)
    expect_outages(http, [outage(-1000005, FRESH)])
    result = create(VERIFIED)
    assert (result["incident_id"], result["confirmed_by"]) == (-1000005, "read_back")


@pytest.mark.parametrize("description", ["", "Custom incident on web", "Disk f"])
def test_an_incident_that_shows_nothing_to_know_it_by_is_no_ground_for_a_promise(http, slept, description):
    expect_create(http)
    expect_read(http, -1000001, outage(-1000001, "", in_metadata=False, description=description))
    for _ in range(3):
        expect_outages(http, [])
    assert failure(VERIFIED) == (
        f"{GOAL}FortiMonitor's answer names incident -1000001, which shows no correlation ID and another text, and no "
        f"incident with correlation id '{FRESH}' was found afterwards. Whether anything was changed is unknown. Look at "
        "incident -1000001 in FortiMonitor: if it is this one, running the action again would create a second one."
    )


def test_a_wrong_id_without_a_right_one_is_unknown(http, slept):
    expect_create(http)
    expect_read(http, -1000001, outage(-1000001, "other"))
    for _ in range(3):
        expect_outages(http, [])
    assert failure(VERIFIED) == f"{GOAL}FortiMonitor's answer names incident -1000001, which is not this one, {LOST}"


LATER = "FortiMonitor does not show the new incident yet; running the action again before it does would create a second one."
GET = "The new incident could not be read back: FortiMonitor answered {} to GET /v2/outage/-1000001{}."


@pytest.mark.field_case("W7")
@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    ("read", "warning"),
    [
        ({"status": 404}, LATER),
        ({"status": 500}, GET.format(500, "")),
        ({"status": 403}, GET.format(403, "")),
        ({"json": []}, GET.format(200, " without a JSON object")),
        ({"json": {"url": None}}, GET.format(200, ", but it has no usable URL")),
    ],
)
def test_a_whole_answer_is_believed_where_no_read_contradicts_it(http, status, read, warning):
    expect_create(http, status=status)
    expect_read(http, -1000001, **read)
    result = create(VERIFIED)
    assert (result["outcome"], result["changed"], result["incident_id"]) == ("done", True, -1000001)
    assert (result["confirmed_by"], result["attempts"], result["warning"]) == ("response", 1, warning)


ESCAPED = "&lt;b&gt; &amp; more"
SURVIVING = {
    "cut at 255": lambda text: text[:255],
    "cut at 60": lambda text: text[:60],
    "escaped": lambda text: html.escape(text).replace("[", "&#91;").replace("]", "&#93;"),
    "escaped twice": lambda text: html.escape(html.escape(text).replace("[", "&#91;").replace("]", "&#x5d;")),
    "folded": lambda text: " ".join(text.split()),
    "with other line ends": lambda text: text.replace("\n", "\r\n"),
    "decomposed": lambda text: unicodedata.normalize("NFKD", text),
    "composed": lambda text: unicodedata.normalize("NFKC", text),
    "in capitals": lambda text: text.upper(),
    "in small letters": lambda text: text.lower(),
    "without brackets": lambda text: text.replace("[", "").replace("]", ""),
    "with a blank before": lambda text: f"  \n{text}",
    "with question marks": lambda text: text.encode("ascii", "replace").decode(),
    "all of it": lambda text: html.escape(" ".join(unicodedata.normalize("NFKC", text).split())).upper()[:255],
}
LONG = "D\u00efsk \u2460 <b> & \U0001f600 full\n" * 20
DIFFICULT = "case?a=1&b=<2> \u00fc \u2460"


@pytest.mark.field_case("F12", "W8")
@pytest.mark.parametrize("kind", SURVIVING)
def test_the_marker_survives_what_a_product_does_to_a_text(http, kind):
    params = {**VERIFIED, "description": LONG, "correlation_id": DIFFICULT}
    sent = marked(LONG.strip(), DIFFICULT)
    row = outage(-1000001, "", in_metadata=False, description=SURVIVING[kind](sent))
    expect_search(http)
    expect_create(http, {**create_body(DIFFICULT), "description": sent})
    expect_read(http, -1000001, row)
    first = create(params)
    assert (first["outcome"], first["confirmed_by"], first["warning"]) == ("done", "read_back", None)
    expect_search(http, [row])
    again = create(params)
    assert (again["outcome"], again["incident_id"]) == ("already_done", -1000001)


@pytest.mark.field_case("F12", "W8")
@pytest.mark.parametrize(
    "description",
    ["Disk full", "Disk full\nowner: SOC", "DISK FULL", "Disk full\n[correlation_id: /api/3/al"],
)
def test_a_marker_that_is_lost_is_told_where_a_re_run_would_need_it(http, description):
    lost = outage(-1000001, "", in_metadata=False, description=description)
    expect_search(http)
    expect_create(http, create_body(NAME))
    expect_read(http, -1000001, lost)
    result = create({**NAMED, "verify": True})
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, "read_back")
    assert result["warning"] == (
        "FortiMonitor does not show the correlation ID in the new incident, so running the action again with it would "
        "create a second one."
    )
    expect_create(http)
    expect_read(http, -1000001, lost)
    assert create(VERIFIED)["warning"] is None  # nobody would look for a fresh one


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        f"{FORTIMONITOR_URL}/server/1001/custom_incident/7",
        f"{FORTIMONITOR_URL}/outage/0",
        f"{FORTIMONITOR_URL}/outage/--1",
        f"{FORTIMONITOR_URL}/outage/12345678901234567890",
        f"{FORTIMONITOR_URL}/outage/-1000001/force_resolve",
        "https://[bad/v2/outage/-1000001",
        f"{FORTIMONITOR_URL}/server/-1000001",
        f"{FORTIMONITOR_URL}/outage/-1000001, {FORTIMONITOR_URL}/outage/-1000002",
    ],
)
def test_a_location_that_names_no_incident_of_this_fortimonitor_is_not_believed(http, location):
    expect_create(http, headers={} if location is None else {"Location": location})
    expect_outages(http, [outage(-1000002, FRESH), outage(-1000001, "another")])
    result = create()
    assert (result["outcome"], result["incident_id"], result["confirmed_by"]) == ("done", -1000002, "read_back")


ELSEWHERE = [
    "https://api2.panopta.com/v2/outage/-1000001",
    "https://api2.panopta.com/v2/outage/-1000001/",
    "https://fortimonitor.test@elsewhere.test/v2/outage/-1000001",
    "http://fortimonitor.test/v2/outage/-1000001",
    "https://fortimonitor.test:8443/v2/outage/-1000001",
    "https://fortimonitor.test/v1/outage/-1000001",
    "https://fortimonitor.test/outage/-1000001",
]


@pytest.mark.field_case("F4")
@pytest.mark.parametrize("location", ELSEWHERE)
def test_an_id_that_another_address_names_is_believed_where_it_is_shown_here(http, location):
    expect_create(http, headers={"Location": location})
    expect_read(http, -1000001, outage(-1000001, FRESH))
    result = create()  # although it is not asked to verify
    assert (result["outcome"], result["incident_id"], result["confirmed_by"]) == ("done", -1000001, "read_back")
    assert result["incident_url"] == f"{FORTIMONITOR_URL}/outage/-1000001"
    assert {call.request.url.split("/v2/")[0] for call in http.calls} == {"https://fortimonitor.test"}


@pytest.mark.field_case("F4")
@pytest.mark.parametrize("location", ELSEWHERE)
@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ({"status": 404}, "but at another address, and reading it here did not show it"),
        ({"status": 500}, "but at another address, and reading it here did not show it"),
        ({"row": outage(-1000001, "another event")}, "which is not this one"),
    ],
)
def test_an_id_that_another_address_names_is_not_believed_else(http, location, read, reason, slept):
    for found in ([], [outage(-1000005, FRESH)]):
        expect_create(http, headers={"Location": location})
        expect_read(http, -1000001, **read)
        for _ in range(1 if found else 3):
            expect_outages(http, found)
        if found:
            result = create()
            assert (result["incident_id"], result["confirmed_by"]) == (-1000005, "read_back")
        else:
            assert failure() == f"{GOAL}FortiMonitor's answer names incident -1000001, {reason}, {LOST}"
    assert {call.request.url.split("/v2/")[0] for call in http.calls} == {"https://fortimonitor.test"}


def test_an_incident_that_is_neither_named_nor_found_is_unknown(http, slept):
    expect_create(http, headers={})
    for _ in range(3):
        expect_outages(http, [])
    assert failure() == f"{GOAL}FortiMonitor accepted it, but its answer does not name an incident of its own, {LOST}"
    assert slept == [1, 2]


# A start in the past.


@pytest.mark.field_case("W20")
@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(
    ("ago", "is_told"), [(0, False), (300, False), (301, True), (600, True), (86_400, True), (-600, False)]
)
def test_an_incident_that_begins_further_back_than_an_ingestion_looks_is_told(http, ago, is_told, verify):
    start = datetime.fromtimestamp(TODAY - ago, timezone.utc)
    sent = {**create_body(), "start_time": start.strftime("%Y-%m-%d %H:%M:%S")}
    expect_create(http, sent)
    if verify:
        expect_read(http, -1000001, outage(-1000001, FRESH))
    result = create({**REQUIRED, "start_time": start.isoformat(), "verify": verify})
    assert (result["outcome"], result["changed"]) == ("done", True)
    assert result["warning"] == (
        "It began further back than an ingestion looks by default, and FortiMonitor shows no time of creation: Fetch "
        "Incidents passes it over unless Overlap is longer."
        if is_told
        else None
    )


def test_how_far_an_ingestion_looks_back_by_default_is_what_the_manifest_has():
    actions = {action["operation"]: action for action in module("core.manifest").manifest()["operations"]}
    overlap = next(field for field in actions["fetch_incidents"]["parameters"] if field["name"] == "overlap")
    assert module("operations.creation").OVERLAP.total_seconds() == overlap["value"]


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
    "error": (
        {"status": 200, "json": {"error": "feature is not enabled"}},
        " with an error in its body: 'feature is not enabled'",
    ),
    "errors": (
        {"status": 201, "json": {"result": {"errors": [{"field": "server"}]}}},
        """ with an error in its body: '[{"field":"server"}]'""",
    ),
    "no success": (
        {"status": 201, "json": {"success": False, "id": 5}},
        " with an error in its body: 'success: false'",
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


@pytest.mark.field_case("W7")
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
    others = [outage(-1, "/api/3/alerts/4"), outage(-2, "/api/3/alerts/421"), outage(-3, NAME.upper())]
    expect_outages(http, others)
    expect_resolved(http, [outage(number, name, "resolved") for number, name in ((-4, "x"), (-5, f"{NAME} "))])
    expect_create(http, create_body(NAME))
    result = create(NAMED)
    assert (result["outcome"], result["correlation_id"], result["warning"]) == ("done", NAME, None)


def expect_resolved(http, shown, offset=0, total=None, since="2026-08-29 00:00:00"):
    """Expect a page of the resolved incidents since a moment, by default 90 days before TODAY."""
    total = len(shown) if total is None else total
    meta = {"next": "more" if offset + len(shown) < total else None, "total_count": total}
    query = {"limit": "50", "offset": str(offset), "status": "resolved", "start_time": since}
    http.get(
        f"{FORTIMONITOR_URL}/server/1001/outage",
        match=[matchers.query_param_matcher(query)],
        json={"outage_list": shown, "meta": meta},
    )


@pytest.mark.field_case("W11")
@pytest.mark.parametrize(
    ("given", "since"),
    [
        ({}, "2026-08-29 00:00:00"),
        ({"search_days": ""}, "2026-08-29 00:00:00"),
        ({"search_days": 7}, "2026-11-20 00:00:00"),
        ({"search_days": "0"}, "2026-11-27 00:00:00"),
        ({"search_days": 3650}, "2016-11-29 00:00:00"),
        ({"search_days": 7, "start_time": "2026-01-08T00:00:00Z"}, "2026-01-01 00:00:00"),
        ({"search_days": 7, "start_time": "2027-01-08T00:00:00Z"}, "2026-11-20 00:00:00"),
    ],
)
def test_resolved_incidents_are_looked_for_as_far_back_as_asked(http, given, since):
    expect_outages(http, [])
    expect_resolved(http, [outage(-8, NAME, "resolved")], since=since)
    assert create({**NAMED, **given})["incident_id"] == -8


@pytest.mark.parametrize("days", [-1, 3651, "many", 1.5])
def test_a_search_without_end_is_refused(http, days):
    assert "The parameters are not valid: Search Back (Days) " in failure({**NAMED, "search_days": days})


def test_all_pages_are_searched_for_the_event(http):
    expect_outages(http, [outage(-9, "x"), outage(-8, "y")], following="x")
    expect_outages(http, [outage(-8, "y"), outage(-7, "z")], offset=1)
    expect_resolved(http, [outage(-6, "v", "resolved"), outage(-5, "w", "resolved")], total=3)
    expect_resolved(http, [outage(-4, NAME, "resolved")], offset=2, total=3)
    result = create(NAMED)
    assert (result["outcome"], result["incident_id"], result["warning"]) == ("already_done", -4, None)


OLDEST = "Fri, 16 Oct 2026 10:00:00 -0000"


@pytest.mark.field_case("W11")
@pytest.mark.parametrize("ignored", [False, True])
def test_no_more_than_2000_resolved_incidents_are_looked_at_and_what_was_not_is_told(http, ignored):
    status = "active" if ignored else "resolved"
    expect_outages(http, [])
    for offset in range(0, 2000, 50):
        rows = [outage(-10_000 + number, "x", status, start_time=OLDEST) for number in range(offset, offset + 50)]
        expect_resolved(http, rows, offset, total=6000)
    expect_create(http, create_body(NAME))
    result = create(NAMED)
    assert (result["outcome"], result["confirmed_by"]) == ("done", "response")
    oldest = "2026-11-27T00:00:00Z" if ignored else "2026-10-16T10:00:00Z"
    assert result["warning"] == f"Resolved incidents that began before {oldest} were not looked at."


def test_exactly_2000_resolved_incidents_are_all(http):
    expect_outages(http, [])
    for offset in range(0, 2000, 50):
        rows = [outage(-10_000 + number, "x", "resolved") for number in range(offset, offset + 50)]
        expect_resolved(http, rows, offset, total=2000)
    expect_create(http, create_body(NAME))
    assert create(NAMED)["warning"] is None


NOT_ALL_READ = (
    "FortiMonitor's list of incidents could not be read in whole, so an earlier one of this event may have been missed."
)


@pytest.mark.field_case("W11")
@pytest.mark.parametrize("row", [{"url": None}, "odd", {"url": "/v2/server/5", "description": "x"}])
@pytest.mark.parametrize("place", ["active", "resolved"])
def test_a_row_that_cannot_be_read_is_told_since_it_may_be_the_one(http, row, place):
    expect_outages(http, [row] if place == "active" else [])
    expect_resolved(http, [row] if place == "resolved" else [])
    expect_create(http, create_body(NAME))
    result = create(NAMED)
    assert (result["outcome"], result["warning"]) == ("done", NOT_ALL_READ)


def test_a_list_of_active_incidents_that_never_ends_is_told_too(http):
    for offset in range(4):
        expect_outages(http, [outage(-9, "x")], offset=offset, following="x")
    expect_resolved(http, [])
    expect_create(http, create_body(NAME))
    result = create(NAMED)
    assert (result["outcome"], result["warning"]) == ("done", NOT_ALL_READ)


@pytest.mark.parametrize("status", ["active", "resolved"])
@pytest.mark.parametrize("if_exists", ["Return Existing", "", None])
def test_an_event_that_has_its_incident_gets_no_second_one(http, status, if_exists):
    if status == "active":
        expect_outages(http, [outage(-9, "x"), outage(-8, NAME)])
    else:
        expect_search(http, resolved=[outage(-9, "x", status), outage(-8, NAME, status)])
    assert create({**NAMED, "if_exists": if_exists}) == {
        "summary": "FortiMonitor incident -8 was already created on server 1001; nothing was changed.",
        "outcome": "already_done",
        "changed": False,
        "confirmed_by": "read_back",
        "attempts": 0,
        "incident_id": -8,
        "incident_url": f"{FORTIMONITOR_URL}/outage/-8",
        "page_url": None,
        "correlation_id": NAME,
        "server_id": 1001,
        "warning": None,
        "request": {},
    }


@pytest.mark.parametrize("status", ["active", "resolved"])
def test_of_several_incidents_the_newest_is_returned_with_a_warning(http, status):
    expect_search(http, **{status: [outage(-9, NAME, status), outage(-8, NAME, status)]})
    result = create(NAMED)
    assert result["incident_id"] == -9
    assert result["warning"] == (
        f"Several incidents have this correlation id; this is the newest: -9 ({status}), -8 ({status})."
    )


@pytest.mark.parametrize("status", ["active", "resolved"])
def test_an_event_that_has_its_incident_can_be_a_failure(http, status):
    expect_search(http, **{status: [outage(-8, NAME, status)]})
    assert failure({**NAMED, "if_exists": "Fail"}) == (
        f"{GOAL}there is one with correlation id '{NAME}': -8 ({status}). Nothing was changed."
    )


def test_another_incident_can_be_created_and_is_told_from_the_first_when_read_back(http):
    expect_outages(http, [outage(-8, NAME)])
    expect_create(http, create_body(NAME), headers={}, status=500)
    expect_outages(http, [outage(-9, NAME), outage(-8, NAME)])
    result = create({**NAMED, "if_exists": "Create Another"})
    assert (result["outcome"], result["incident_id"]) == ("done", -9)


def test_an_older_incident_of_the_same_event_is_not_taken_for_the_new_one(http):
    expect_outages(http, [outage(-1000001, NAME)])
    expect_create(http, create_body(NAME))
    expect_read(http, -1000001, outage(-1000001, NAME))
    expect_outages(http, [outage(-9, NAME), outage(-1000001, NAME)])
    assert create({**NAMED, "if_exists": "Create Another", "verify": True})["incident_id"] == -9


def test_nothing_is_created_where_the_first_look_fails(http):
    expect_search(http, fails=500)
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
    tag = marked("", NAME).split()[0]
    params = {**REQUIRED, "description": f"{tag} Disk full", "metadata": {" Correlation ID": "c", "case": 5}}
    assert failure(params) == (
        f"The parameters are not valid: Description must not contain '{tag[:-1]}'; use Correlation ID. Metadata must not have "
        "the key ' Correlation ID'; use Correlation ID. Nothing was changed."
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
