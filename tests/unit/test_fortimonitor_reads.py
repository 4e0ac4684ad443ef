"""What FortiMonitor's reading actions ask for, and what they make of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.fortimonitor import (
    AMBIGUOUS,
    LOST,
    SIGN_IN,
    expect_get,
    expect_page,
    marked,
    outage,
    server,
    undeclared,
    user,
)
from tests.support.package import FORTIMONITOR_URL, ConnectorError, ageless, execute

NOBODY: list[Any] = [{}, [], "", "false", 0, "off", "N", "n/a", "-", [None], "{}"]
# The last second of 9999 and the first ones of 3000 and 2201; read as milliseconds, they would be of the 1970s.
NEVER: list[Any] = [253402300799, "253402300799", 32503680000, 7289654400, -62135596800]

READ = "/outage/-28000855"
NOTHING = "Nothing was changed."
# As FortiMonitor showed it in 2021 (fortimonitor-api reference, section 3), without what the connector does not read.
OUTAGE: dict[str, Any] = {
    "acknowledged": None,
    "description": "Ping: Incident simulation",
    "end_time": None,
    "hash": "QrV5m7aD22Ue3Is",
    "metadata": [],
    "server_fqdn": "192.0.2.39",
    "server_id": "10571663",
    "server_name": "web-1",
    "severity": "critical",
    "start_time": "Fri, 05 Nov 2021 17:37:35 -0000",
    "status": "active",
    "summary": "",
    "tags": [],
    "type": "outage",
    "url": f"{FORTIMONITOR_URL}/outage/1853189891",
}
SHOWN = {
    "incident_id": 1853189891,
    "incident_url": f"{FORTIMONITOR_URL}/outage/1853189891",
    "page_url": None,
    "server_id": 10571663,
    "server_name": "web-1",
    "server_fqdn": "192.0.2.39",
    "status": "active",
    "severity": "critical",
    "type": "outage",
    "description": "Ping: Incident simulation",
    "correlation_id": None,
    "start_time": "2021-11-05T17:37:35Z",
    "end_time": None,
    "acknowledged": False,
    "acknowledged_by": None,
    "summary": "",
    "tags": [],
    "metadata": {},
}


@pytest.fixture(autouse=True)
def nothing_undeclared(http):
    """Fail where a request was sent that the test does not expect."""
    yield
    assert undeclared(http) == []


def read(incident):
    return ageless(execute("get_fortimonitor_incident", {"incident": incident}))


def failure(operation, **params):
    with pytest.raises(ConnectorError) as caught:
        execute(operation, params)
    return str(caught.value)


# One incident.


def test_an_incident_is_shown_in_whole(http):
    expect_get(http, "/outage/1853189891", json=OUTAGE)
    assert read("1853189891") == SHOWN


@pytest.mark.field_case("F5", "K12")
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"server_id": 10571663}, {"server_id": 10571663}),
        ({"server_id": None}, {"server_id": None}),
        (
            {"status": "resolved", "end_time": "Fri, 05 Nov 2021 18:37:35 +0100"},
            {"status": "resolved", "end_time": "2021-11-05T17:37:35Z"},
        ),
        ({"start_time": None}, {"start_time": None}),
        ({"start_time": "yesterday"}, {"start_time": None}),
        ({"acknowledged": user()}, {"acknowledged": True, "acknowledged_by": "soar@example.com (SOAR, 502)"}),
        (
            {"acknowledged": {"url": f"{FORTIMONITOR_URL}/contact/601", "name": "Night shift"}},
            {"acknowledged": True, "acknowledged_by": "Night shift"},
        ),
        (
            {"acknowledged": {"url": f"{FORTIMONITOR_URL}/contact/601"}},
            {"acknowledged": True, "acknowledged_by": f"{FORTIMONITOR_URL}/contact/601"},
        ),
        ({"acknowledged": False}, {"acknowledged": False, "acknowledged_by": None}),
        ({"summary": "Disk"}, {"summary": "Disk"}),
        ({"summary": None, "severity": None}, {"summary": "", "severity": ""}),
        ({"tags": ["a", 5]}, {"tags": ["a", "5"]}),
        ({"tags": "a,b"}, {"tags": ["a", "b"]}),
        ({"tags": " a , ,b,"}, {"tags": ["a", "b"]}),
        ({"tags": [" a ", "", None, 5.0]}, {"tags": ["a", "5"]}),
        ({"tags": {"a": 1}}, {"tags": []}),
        ({"tags": None}, {"tags": []}),
        ({"status": "ACTIVE", "severity": "Critical"}, {}),
        ({"status": " Active ", "type": "OUTAGE"}, {}),
        ({"status": "Resolved"}, {"status": "resolved"}),
        ({"start_time": "2021-11-05T17:37:35Z"}, {}),
        ({"start_time": "2021-11-05 17:37:35"}, {}),
        ({"start_time": "2021-11-05T18:37:35.250+0100"}, {}),
        ({"start_time": 1636133855}, {}),
        ({"start_time": "1636133855"}, {}),
        ({"start_time": 1636133855000}, {}),
        ({"start_time": "Fri, 05 Nov 2021 17:37:35 GMT"}, {}),
        ({"start_time": 0}, {"start_time": None}),
        ({"start_time": {"a": 1}}, {"start_time": None}),
        *(({"end_time": never}, {"end_time": None}) for never in NEVER),
        ({"acknowledged": True}, {"acknowledged": True, "acknowledged_by": "somebody"}),
        ({"acknowledged": "true"}, {"acknowledged": True, "acknowledged_by": "somebody"}),
        ({"acknowledged": "yes"}, {"acknowledged": True, "acknowledged_by": "somebody"}),
        ({"acknowledged": {"url": None, "username": ""}}, {"acknowledged": True, "acknowledged_by": "somebody"}),
        (
            {"acknowledged": f"{FORTIMONITOR_URL}/user/502"},
            {"acknowledged": True, "acknowledged_by": f"{FORTIMONITOR_URL}/user/502"},
        ),
        (
            {"acknowledged": {"username": "gone@example.com"}},
            {"acknowledged": True, "acknowledged_by": "gone@example.com"},
        ),
        (
            {"acknowledged": {"url": None, "display_name": "Deleted user"}},
            {"acknowledged": True, "acknowledged_by": "Deleted user"},
        ),
        *(({"acknowledged": nobody}, {"acknowledged": False, "acknowledged_by": None}) for nobody in NOBODY),
        (
            {"metadata": [{"name": "case", "value": 7}, {"value": 1}, "odd"]},
            {"metadata": {"case": 7}},
        ),
        ({"metadata": {"case": 7}}, {"metadata": {"case": 7}}),
        ({"metadata": {"case": float("nan")}}, {"metadata": {"case": None}}),
        ({"metadata": "case"}, {"metadata": {}}),
        (
            {"metadata": [{"name": "correlation_id", "value": "m-1"}], "description": "[correlation_id: m-2]"},
            {
                "metadata": {"correlation_id": "m-1"},
                "description": "[correlation_id: m-2]",
                "correlation_id": "m-1",
            },
        ),
        (
            {"description": "[correlation_id: m-1]\n[correlation_id: m-2]"},
            {"description": "[correlation_id: m-1]\n[correlation_id: m-2]", "correlation_id": "m-2"},
        ),
        (
            {"description": marked("Disk full", "m-1")},
            {"description": marked("Disk full", "m-1"), "correlation_id": "m-1"},
        ),
        (
            {"description": marked("x" * 300, "m-1")[:255]},
            {"description": marked("x" * 300, "m-1")[:255], "correlation_id": None},
        ),
    ],
)
def test_each_form_that_a_field_may_take_is_read(http, change, shown):
    expect_get(http, "/outage/1853189891", json={**OUTAGE, **change})
    assert read("1853189891") == {**SHOWN, **shown}


def test_fields_that_older_versions_lack_are_empty(http):
    expect_get(http, READ, json={"url": f"{FORTIMONITOR_URL}{READ}/"})
    assert read("#-28000855") == {
        **SHOWN,
        **dict.fromkeys(("server_name", "server_fqdn", "status", "severity", "type", "description"), ""),
        "incident_id": -28000855,
        "incident_url": f"{FORTIMONITOR_URL}{READ}",
        "page_url": None,
        "server_id": None,
        "start_time": None,
    }


NO_OBJECT: list[dict[str, Any]] = [{"json": []}, {"body": "OK"}, {"body": ""}, {"json": None}, {"body": b"\xff"}]
GET = "Could not read incident -28000855: FortiMonitor answered {} to GET /v2/outage/-28000855"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"status": 404},
            f"{GET.format(404)}. {NOTHING} The requested resource does not exist. IDs of custom incidents may be negative: "
            "the control panel may show the same number without its minus sign. If it is of another account, choose the configuration that owns it.",
        ),
        (
            {"status": 405},
            f"{GET.format(405)}. {NOTHING} The server rejected the method for the requested resource. Check FortiMonitor URL.",
        ),
        (
            {"status": 503},
            f"{GET.format(503)}. {NOTHING} The API request failed due to an internal server error. Try again later.",
        ),
        (
            SIGN_IN,
            f"{GET.format(200)} with a web page instead of an API answer. {NOTHING} Something between here and the product "
            "answered, such as a proxy or a login page. Check the address.",
        ),
        *((answer, f"{GET.format(200)} without a JSON object. {NOTHING} Check the address.") for answer in NO_OBJECT),
        *(
            ({"json": {"url": url}}, f"{GET.format(200)}, but it has no usable URL. {NOTHING}")
            for url in (None, "", 5, "https://[bad/v2/outage/5", f"{FORTIMONITOR_URL}/server/5", "/outage/5/log")
        ),
        (
            {"json": {**OUTAGE, "url": f"{FORTIMONITOR_URL}/outage/-99"}},
            f"{GET.format(200)} with incident -99. {NOTHING}",
        ),
    ],
)
def test_an_incident_that_cannot_be_read_is_told_with_the_reason(http, answer, message):
    expect_get(http, READ, **answer)
    assert failure("get_fortimonitor_incident", incident="-28000855") == message


@pytest.mark.field_case("F4")
@pytest.mark.parametrize(
    "url",
    [
        "https://api2.panopta.com/v2/outage/-28000855",
        "http://10.1.1.1:8080/behind/a/proxy/outage/-28000855/",
        "https://FORTIMONITOR.test:443/v2/outage/-28000855?full=true#top",
        "/v2/outage/-28000855",
        "outage/-28000855",
    ],
)
def test_the_id_is_read_from_the_path_and_the_url_is_of_the_configured_address(http, url):
    expect_get(http, READ, json={**OUTAGE, "url": url})
    expect_page(http, "/outage", [{**OUTAGE, "url": url}], total=1)
    one = read("-28000855")
    (same,) = map(ageless, execute("list_fortimonitor_incidents", {})["incidents"])
    assert one == same == {**SHOWN, "incident_id": -28000855, "incident_url": f"{FORTIMONITOR_URL}{READ}"}


# Incidents.


def numbered(*numbers, **changes):
    return [outage(number, "m", **changes) for number in numbers]


def listed(**params):
    result = execute("list_fortimonitor_incidents", params)
    assert result["count"] == len(result["incidents"])
    return [each["incident_id"] for each in result["incidents"]], result["is_complete"]


def test_incidents_are_shown_as_one_is(http):
    expect_page(http, "/outage", [OUTAGE], total=1)
    result = execute("list_fortimonitor_incidents", {})
    assert {**result, "incidents": list(map(ageless, result["incidents"]))} == {
        "incidents": [SHOWN],
        "count": 1,
        "is_complete": True,
        "skipped": [],
    }


def test_no_incidents_are_a_complete_list(http):
    expect_page(http, "/outage", [], total=0)
    assert listed() == ([], True)


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({"status": "Active"}, {"status": "active"}),
        ({"status": "Resolved"}, {"status": "resolved"}),
        ({"severity": "Critical"}, {"severity": "critical"}),
        ({"severity": "Warning"}, {"severity": "warning"}),
        ({"started_after": "2026-03-01T02:00:00+02:00"}, {"start_time": "2026-03-01 00:00:00"}),
        ({"started_before": 1772323200}, {"end_time": "2026-03-01 00:00:00"}),
        ({"status": " ", "severity": None, "text": ""}, {}),
    ],
)
def test_filters_go_out_in_the_vendors_words(http, given, query):
    shown = {name: query[name] for name in ("status", "severity") if name in query}
    expect_page(http, "/outage", numbered(1, **shown), total=1, query=query)
    assert listed(**given) == ([1], True)


@pytest.mark.parametrize("given", ["1001", 1001])
def test_incidents_of_a_server_are_asked_of_that_server(http, given):
    expect_page(http, "/server/1001/outage", numbered(1), total=1)
    assert listed(server=given) == ([1], True)


def test_a_server_may_be_named_by_its_name(http):
    near = [server(1002, "web-10", "web-10.test"), server(1001, "web-1", "web-1.test")]
    expect_page(http, "/server", near, total=2, query={"name": "web-1"})
    expect_page(http, "/server", [], total=0, query={"fqdn": "web-1"})
    expect_page(http, "/server/1001/outage", numbered(1), total=1)
    assert listed(server="web-1") == ([1], True)


def test_the_text_must_be_in_the_description_in_any_case(http):
    rows = [outage(number, "m", description=text) for number, text in ((1, "DISK full"), (2, "Ping"), (3, "a disk"))]
    expect_page(http, "/outage", rows, total=3)
    assert listed(text="Disk") == ([1, 3], True)


def test_a_list_that_is_cut_says_so(http):
    expect_page(http, "/outage", numbered(3, 2, 1), total=3)
    assert listed(max_results=2) == ([3, 2], False)


def test_a_list_that_just_fits_is_complete(http):
    expect_page(http, "/outage", numbered(3, 2), total=2)
    assert listed(max_results="2") == ([3, 2], True)


def test_what_does_not_match_does_not_make_a_list_incomplete(http):
    expect_page(http, "/outage", [*numbered(3), outage(2, "m", description="Ping")], total=2)
    assert listed(max_results=1, text="disk") == ([3], True)


def test_by_default_a_hundred_are_listed(http):
    for first in (200, 150):
        rows = numbered(*range(first, first - 50, -1))
        expect_page(http, "/outage", rows, offset=200 - first, total=101, following="more")
    expect_page(http, "/outage", numbered(100), offset=100, total=101)
    ids, is_complete = listed()
    assert (len(ids), is_complete) == (100, False)


def test_a_period_that_ends_before_it_begins_is_refused(http):
    assert failure("list_fortimonitor_incidents", started_after=1700000001, started_before=1700000000) == (
        f"The parameters are not valid: Started After must not be later than Started Before. {NOTHING}"
    )


@pytest.mark.parametrize("most", [0, 25001])
def test_the_number_of_results_has_its_limits(http, most):
    assert failure("list_fortimonitor_incidents", max_results=most) == (
        f"The parameters are not valid: Max Results '{most}' is not between 1 and 25000. {NOTHING}"
    )


def test_a_failing_list_names_the_server(http):
    expect_page(http, "/server/1001/outage", [], status=404)
    assert failure("list_fortimonitor_incidents", server="1001") == (
        "Could not list the incidents of server 1001: FortiMonitor answered 404 to GET /v2/server/1001/outage. "
        f"{NOTHING} The requested resource does not exist. Check the server's ID, and that FortiMonitor URL ends in /v2."
    )


# The log of an incident.

LOG = f"{READ}/outage_log"
ENTRY = {
    "created": "Fri, 05 Nov 2021 17:37:35 -0000",
    "entry": "Looking into it",
    "public": False,
    "user": f"{FORTIMONITOR_URL}/user/502",
}


def test_a_log_is_shown_in_whole(http):
    expect_page(http, LOG, [ENTRY, {"entry": "Alert sent"}], total=2)
    assert execute("get_fortimonitor_incident_log", {"incident": "#-28000855"}) == {
        "incident_id": -28000855,
        "page_url": None,
        "entries": [
            {
                "created": "2021-11-05T17:37:35Z",
                "entry": "Looking into it",
                "public": False,
                "user": f"{FORTIMONITOR_URL}/user/502",
            },
            {"created": None, "entry": "Alert sent", "public": None, "user": None},
        ],
        "count": 2,
    }


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"user": user()}, {"user": f"{FORTIMONITOR_URL}/user/502"}),
        ({"user": 5}, {"user": "5"}),
        ({"user": None}, {"user": None}),
        ({"user": {}}, {"user": None}),
        ({"public": True}, {"public": True}),
        ({"public": "yes"}, {"public": True}),
        ({"public": "False"}, {"public": False}),
        ({"public": 1}, {"public": True}),
        ({"public": "perhaps"}, {"public": None}),
        ({"created": "2021-11-05T17:37:35Z"}, {"created": "2021-11-05T17:37:35Z"}),
        ({"created": 1636133855}, {"created": "2021-11-05T17:37:35Z"}),
        ({"entry": None}, {"entry": ""}),
    ],
)
def test_each_form_of_an_entry_is_read(http, change, shown):
    expect_page(http, LOG, [{**ENTRY, **change}], total=1)
    (entry,) = execute("get_fortimonitor_incident_log", {"incident": "-28000855"})["entries"]
    assert {name: entry[name] for name in shown} == shown


def test_a_log_since_a_moment_has_nothing_older_whatever_comes(http):
    rows = [{**ENTRY, "created": f"Fri, 05 Nov 2021 17:37:3{second} -0000"} for second in (4, 5, 6)]
    expect_page(
        http, LOG, [*rows, {"entry": "timeless"}], total=4, query={"log_start_timestamp": "2021-11-05 17:37:35"}
    )
    result = execute("get_fortimonitor_incident_log", {"incident": "-28000855", "since": "2021-11-05T17:37:35Z"})
    assert [each["created"] for each in result["entries"]] == ["2021-11-05T17:37:35Z", "2021-11-05T17:37:36Z", None]


def test_a_log_of_several_pages_is_read_to_its_end_with_equal_entries_kept(http):
    expect_page(http, LOG, [{"entry": "same"}, {"entry": "a"}], total=3, following="more")
    expect_page(http, LOG, [{"entry": "same"}], offset=2, total=3)
    result = execute("get_fortimonitor_incident_log", {"incident": "-28000855"})
    assert [each["entry"] for each in result["entries"]] == ["same", "a", "same"]


def test_a_log_that_is_not_there_is_told_as_the_incident_is(http):
    expect_page(http, LOG, [], status=404)
    assert failure("get_fortimonitor_incident_log", incident="-28000855") == (
        "Could not read the log of incident -28000855: FortiMonitor answered 404 to GET /v2/outage/-28000855/outage_log. "
        f"{NOTHING} The requested resource does not exist. IDs of custom incidents may be negative: the control panel may "
        "show the same number without its minus sign. If it is of another account, choose the configuration that owns it."
    )


# Servers, users and textkeys.

SERVERS = [
    server(1001, "web-1", "web-1.test", tags=["prod"]),
    server(1002, "db", "DB.test", status="suspended"),
    server(1003, "mail", "mx.test"),
]


def test_servers_are_listed(http):
    expect_page(http, "/server", SERVERS[:1], total=1)
    assert execute("list_fortimonitor_servers", {}) == [
        {
            "title": "web-1 (web-1.test)",
            "value": "1001",
            "server_id": 1001,
            "name": "web-1",
            "fqdn": "web-1.test",
            "status": "active",
            "tags": ["prod"],
        }
    ]


@pytest.mark.parametrize(
    ("text", "ids"), [("DB", [1002]), ("db.T", [1002]), ("MAIL", [1003]), ("mx", [1003]), (".test", [1001, 1002, 1003])]
)
def test_the_text_is_looked_for_in_name_and_fqdn_in_any_case(http, text, ids):
    expect_page(http, "/server", SERVERS, total=3)
    assert [each["server_id"] for each in execute("list_fortimonitor_servers", {"text": text})] == ids


def test_tags_are_fortimonitors_filter(http):
    expect_page(http, "/server", SERVERS, total=3, query={"tags": "prod,dmz"})
    assert len(execute("list_fortimonitor_servers", {"tags": "prod,dmz"})) == 3


def test_no_more_servers_are_read_than_wanted(http):
    expect_page(http, "/server", SERVERS[:2], total=3, following="more")
    assert [each["server_id"] for each in execute("list_fortimonitor_servers", {"max_results": 2})] == [1001, 1002]


@pytest.mark.parametrize("url", [None, "", 5, f"{FORTIMONITOR_URL}/outage/5", f"{FORTIMONITOR_URL}/server/-5"])
def test_a_server_without_a_usable_url_costs_itself_alone(http, url):
    expect_page(http, "/server", [{"name": "web-1", "url": url}, *SERVERS], total=4)
    assert [each["server_id"] for each in execute("list_fortimonitor_servers", {})] == [1001, 1002, 1003]


@pytest.mark.parametrize("url", ["https://api2.panopta.com/v2/server/7", "http://10.1.1.1/a/b/server/7/", "/server/7"])
def test_a_server_is_known_by_its_urls_path_whatever_host_it_names(http, url):
    expect_page(http, "/server", [{**SERVERS[0], "url": url}], total=1)
    assert [each["value"] for each in execute("list_fortimonitor_servers", {})] == ["7"]


def test_users_are_listed(http):
    expect_page(http, "/user", [user()], total=1)
    assert execute("list_fortimonitor_users", {}) == [
        {
            "title": "SOAR (soar@example.com)",
            "value": "soar@example.com",
            "user_id": 502,
            "username": "soar@example.com",
            "display_name": "SOAR",
            "user_url": f"{FORTIMONITOR_URL}/user/502",
        }
    ]


def test_users_are_narrowed_by_their_name(http):
    expect_page(http, "/user", [], total=0, query={"username": "soar"})
    assert execute("list_fortimonitor_users", {"username": " soar "}) == []


TYPE = {
    "plugin_textkey": "fsr.bridge",
    "resource_textkey": "incident",
    "label": "Case",
    "category": "FSR",
}
CHOICE = {"title": "Case: fsr.bridge / incident", **TYPE}


def test_textkeys_without_a_server_are_those_of_all_types(http):
    expect_page(http, "/agent_resource_type", [TYPE], total=1)
    assert execute("list_incident_textkeys", {}) == [{**CHOICE, "value": "fsr.bridge"}]


def test_textkeys_of_a_server_are_those_of_its_resources(http):
    expect_page(http, "/server/1001/agent_resource", [TYPE], total=1)
    assert execute("list_incident_textkeys", {"server": "1001"}) == [{**CHOICE, "value": "fsr.bridge"}]


@pytest.mark.parametrize(
    ("names", "label"),
    [
        ({"label": "", "formatted_name": "Formatted", "name": "Name"}, "Formatted"),
        ({"label": None, "formatted_name": None, "name": "Name"}, "Name"),
    ],
)
def test_textkeys_are_labelled_by_the_best_name_there_is(http, names, label):
    expect_page(http, "/server/1001/agent_resource", [{**TYPE, **names, "category": None}], total=1)
    (choice,) = execute("list_incident_textkeys", {"server": "1001"})
    assert (choice["label"], choice["title"], choice["category"]) == (label, f"{label}: fsr.bridge / incident", "")


def test_rows_without_both_textkeys_and_pairs_that_repeat_are_left_out(http):
    rows = [
        {**TYPE, "url": "1"},
        {**TYPE, "url": "2"},
        {**TYPE, "plugin_textkey": ""},
        {**TYPE, "resource_textkey": None},
        {**TYPE, "resource_textkey": "other"},
    ]
    expect_page(http, "/agent_resource_type", rows, total=5)
    assert [each["resource_textkey"] for each in execute("list_incident_textkeys", {})] == ["incident", "other"]


# What the drop-downs of the forms offer.

# A form as FortiSOAR hands it over, with fields that have other actions' names and mean other things.
FORM = {"text": "DB", "max_results": 1, "username": "ada", "tags": "prod", "status": "", "incident": "{{vars.id}}"}
OTHER_PAIRS = [
    TYPE,
    {**TYPE, "resource_textkey": "other", "label": "Other"},
    {"plugin_textkey": "cpu_usage", "resource_textkey": "usage_percentage", "label": "CPU", "category": ""},
]
PLUGINS = [
    {"title": "fsr.bridge (FSR)", "value": "fsr.bridge"},
    {"title": "cpu_usage", "value": "cpu_usage"},
]


def test_the_choices_of_server_are_all_servers_whatever_else_the_form_holds(http):
    expect_page(http, "/server", SERVERS, total=3)
    assert execute("list_server_choices", {**FORM, "server": "10"}) == [
        {"title": "web-1 (web-1.test)", "value": "1001"},
        {"title": "db (DB.test)", "value": "1002"},
        {"title": "mail (mx.test)", "value": "1003"},
    ]


def test_the_choices_of_user_are_all_users_whatever_else_the_form_holds(http):
    expect_page(http, "/user", [user()], total=1)
    assert execute("list_user_choices", {**FORM, "who": "{{vars.who}}"}) == [
        {"title": "SOAR (soar@example.com)", "value": "soar@example.com"}
    ]


def test_the_choices_of_plugin_textkey_are_those_of_the_chosen_server_each_once(http):
    expect_page(http, "/server/1001/agent_resource", OTHER_PAIRS, total=3)
    assert execute("list_plugin_textkey_choices", {**FORM, "server": "1001", "plugin_textkey": "fsr"}) == PLUGINS


def test_the_choices_of_resource_textkey_are_those_of_the_chosen_server_and_plugin(http):
    expect_page(http, "/server/1001/agent_resource", OTHER_PAIRS, total=3)
    form = {**FORM, "server": "1001", "plugin_textkey": "fsr.bridge", "resource_textkey": "gone"}
    assert execute("list_resource_textkey_choices", form) == [
        {"title": "incident (Case)", "value": "incident"},
        {"title": "other (Other)", "value": "other"},
    ]


@pytest.mark.parametrize("unchosen", [None, "", " ", "{{vars.input.records[0].server}}", "x {% if a %}", "None"])
@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("list_plugin_textkey_choices", "server"),
        ("list_resource_textkey_choices", "server"),
        ("list_resource_textkey_choices", "plugin_textkey"),
    ],
)
def test_while_what_decides_on_the_choices_is_blank_or_an_expression_there_are_none_and_nobody_is_asked(
    http, operation, name, unchosen
):
    chosen = {"server": "1001", "plugin_textkey": "fsr.bridge"}
    assert execute(operation, {**FORM, **chosen, name: unchosen}) == []


def test_a_form_that_is_not_handed_over_gets_the_textkeys_of_all_types(http):
    for _ in range(2):
        expect_page(http, "/agent_resource_type", OTHER_PAIRS, total=3)
    assert execute("list_plugin_textkey_choices", {}) == PLUGINS
    resources = execute("list_resource_textkey_choices", {})
    assert [each["value"] for each in resources] == ["incident", "other", "usage_percentage"]


@pytest.mark.parametrize(
    ("operation", "path", "goal"),
    [
        ("list_fortimonitor_servers", "/server", "list servers"),
        ("list_fortimonitor_users", "/user", "list users"),
        ("list_incident_textkeys", "/agent_resource_type", "list textkeys"),
        ("list_plugin_textkey_choices", "/agent_resource_type", "list textkeys"),
        ("list_resource_textkey_choices", "/agent_resource_type", "list textkeys"),
        ("list_server_choices", "/server", "list servers"),
        ("list_user_choices", "/user", "list users"),
        ("list_fortimonitor_incidents", "/outage", "list the incidents"),
    ],
)
def test_a_list_that_is_refused_says_what_was_attempted(http, operation, path, goal):
    expect_page(http, path, [], status=401)
    assert failure(operation) == (
        f"Could not {goal}: FortiMonitor answered 401 to GET /v2{path}. {NOTHING} The API key provided is not valid. Check "
        "FortiMonitor API Key in the configuration."
    )


@pytest.mark.parametrize("answer", AMBIGUOUS)
def test_no_failing_read_ever_says_that_something_may_be_changed(http, answer):
    for _ in range(3 if answer is LOST else 1):  # a read that lost its connection is repeated
        expect_get(http, READ, **answer)
    assert NOTHING in failure("get_fortimonitor_incident", incident="-28000855")
