"""create_custom_incident: the request that goes out, and what each answer becomes."""

from __future__ import annotations

import json

import pytest
from responses import matchers

from tests.support.fortimonitor import FRESH, REQUIRED, create_body, expect_create, expect_search, marked
from tests.support.package import API_KEY, FORTIMONITOR_URL, ConnectorError, configuration, execute

pytestmark = pytest.mark.usefixtures("fresh_marker")


def failure(params=REQUIRED, config=None):
    with pytest.raises(ConnectorError) as caught:
        execute("create_custom_incident", params, config)
    assert API_KEY not in str(caught.value)
    return str(caught.value)


def test_the_required_fields_alone_make_the_seeds_request_and_the_location_gives_id_and_url(http):
    expect_create(http)
    assert execute("create_custom_incident", REQUIRED) == {
        "summary": "FortiMonitor incident -1000001 was created on server 1001.",
        "outcome": "done",
        "changed": True,
        "confirmed_by": "response",
        "attempts": 1,
        "incident_id": -1000001,
        "incident_url": f"{FORTIMONITOR_URL}/outage/-1000001",
        "page_url": None,
        "correlation_id": FRESH,
        "server_id": 1001,
        "warning": None,
        "request": {"method": "POST", "path": "/v2/server/1001/custom_incident", "status": 201},
    }


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"start_time": "2026-11-22 10:00:00"}, {"start_time": "2026-11-22 10:00:00"}),
        ({"start_time": "2026-11-22T10:00:00+01:00"}, {"start_time": "2026-11-22 09:00:00"}),
        ({"start_time": "2026-11-22T10:00:00.250Z"}, {"start_time": "2026-11-22 10:00:00"}),
        ({"start_time": 1795341600}, {"start_time": "2026-11-22 10:00:00"}),
        ({"start_time": "1795341600"}, {"start_time": "2026-11-22 10:00:00"}),
        ({"auto_close_duration": 600}, {"auto_close_duration": 600}),
        ({"auto_close_duration": "600"}, {"auto_close_duration": 600}),
        ({"metadata": "", "start_time": None, "auto_close_duration": " ", "correlation_id": ""}, {}),
    ],
)
def test_each_optional_field_goes_out_in_the_form_that_fortimonitor_documents(http, given, sent):
    expect_create(http, {**create_body(), **sent})
    assert execute("create_custom_incident", {**REQUIRED, **given})["outcome"] == "done"


@pytest.mark.parametrize(
    ("metadata", "sent"),
    [
        ({"ticket": "INC-1"}, {"ticket": "INC-1"}),
        ('{"ticket": "INC-1"}', {"ticket": "INC-1"}),
        (
            {"count": 3, "new": True, "owner": None, "load": 0.5},
            {"count": "3", "new": "true", "owner": "null", "load": "0.5"},
        ),
        ({}, {}),
    ],
)
def test_metadata_goes_out_as_text_with_the_marker_beside_it(http, metadata, sent):
    expect_create(http, {**create_body(), "metadata": {**sent, "correlation_id": FRESH}})
    assert execute("create_custom_incident", {**REQUIRED, "metadata": metadata})["outcome"] == "done"


def test_the_description_goes_out_between_the_tag_and_the_readable_id(http):
    tag = "fsr6cwsrefqgfancamv"
    sent = {"description": f"[{tag}] Disk full\n[correlation_id: shop/1]", "metadata": {"correlation_id": "shop/1"}}
    expect_search(http)
    expect_create(http, {**create_body(), **sent})
    assert execute("create_custom_incident", {**REQUIRED, "correlation_id": "shop/1"})["correlation_id"] == "shop/1"


def test_text_is_stripped_and_numbers_in_text_fields_are_sent_as_text(http):
    expect_create(http, {**create_body(), "description": marked("42", FRESH)})
    assert execute("create_custom_incident", {**REQUIRED, "server": 1001, "description": " 42 "})["outcome"] == "done"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_with_a_location_is_success(http, status):
    expect_create(http, status=status)
    result = execute("create_custom_incident", REQUIRED)
    assert (result["incident_id"], result["request"]["status"]) == (-1000001, status)


@pytest.mark.parametrize(
    "location",
    [
        f"{FORTIMONITOR_URL}/outage/-1000001/",
        "/v2/outage/-1000001",
        "https://FORTIMONITOR.test:443/v2/outage/-1000001",
    ],
)
def test_every_way_to_write_the_same_location_gives_the_same_incident(http, location):
    expect_create(http, headers={"Location": location})
    result = execute("create_custom_incident", REQUIRED)
    assert (result["incident_id"], result["incident_url"]) == (-1000001, f"{FORTIMONITOR_URL}/outage/-1000001")


WHERE = "Could not create a custom incident on server 1001: FortiMonitor answered {} to POST /v2/server/1001/custom_incident"
NOTHING = "Nothing was changed."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"status": 400, "json": {"start_time": "This field is invalid"}},
            f"{WHERE.format(400)}: start_time: This field is invalid. {NOTHING} The request failed, often due to a missing "
            "or misconfigured parameter. The Custom Incidents feature must be enabled, and a custom incident defined on the "
            "server.",
        ),
        (
            {"status": 400, "json": {"resource_textkey": "This field is invalid: unknown textkey"}},
            f"{WHERE.format(400)}: resource_textkey: This field is invalid: unknown textkey. {NOTHING} Check Plugin Textkey "
            "and Resource Textkey against the custom incident that is defined on that server; each server needs one.",
        ),
        (
            {"status": 400, "json": {"error": "Custom incidents are not enabled for this account"}},
            f"{WHERE.format(400)}: Custom incidents are not enabled for this account. {NOTHING} The Custom Incidents feature "
            "must be enabled on the account; ask FortiMonitor's support for it.",
        ),
        (
            {"status": 401, "headers": {"ErrorCode": "1002", "ErrorMessage": "Authentication failed"}},
            f"{WHERE.format(401)}: Authentication failed (ErrorCode 1002). {NOTHING} The API key provided is not valid. Check "
            "FortiMonitor API Key in the configuration.",
        ),
        (
            {"status": 403, "json": {"message": "Forbidden"}},
            f"{WHERE.format(403)}: Forbidden. {NOTHING} The API key's role does not allow this. Check its roles under API keys.",
        ),
        (
            {"status": 404, "json": {"message": "Item Not Found"}},
            f"{WHERE.format(404)}: Item Not Found. {NOTHING} The requested resource does not exist. Check the server's ID, and that FortiMonitor URL ends in /v2.",
        ),
        (
            {"status": 405},
            f"{WHERE.format(405)}. {NOTHING} A read-only API key is the usual reason; check the key's role under API keys.",
        ),
        ({"status": 418, "body": "teapot"}, f"{WHERE.format(418)}: teapot. {NOTHING}"),
    ],
)
def test_each_failing_status_says_what_happened_where_what_to_do_and_what_was_changed(http, answer, message):
    expect_create(http, **{"headers": {}, **answer})
    assert failure() == message


def test_a_rate_limit_without_a_time_is_tried_three_times_with_growing_waits(http, slept):
    for _ in range(3):
        expect_create(http, status=429, headers={})
    assert failure() == (
        f"{WHERE.format(429)}, too many requests. {NOTHING} FortiMonitor is reachable. Run the action again in a minute."
    )
    assert slept == [0.5, 1.0]


@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"])
def test_a_rate_limit_that_ends_before_the_deadline_is_waited_for(http, slept, header):
    expect_create(http, status=429, headers={header: "7"})
    expect_create(http)
    assert execute("create_custom_incident", REQUIRED)["attempts"] == 2
    assert slept == [7.0]


def test_a_rate_limit_that_outlasts_the_deadline_is_not_waited_for(http, slept):
    expect_create(http, status=429, headers={"Retry-After": "60"})
    assert failure() == (
        f"{WHERE.format(429)}, too many requests. {NOTHING} FortiMonitor is reachable. Run the action again in 60 s."
    )
    assert slept == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"json": {"message": "m"}}, "m"),
        ({"json": {"error": "e"}}, "e"),
        ({"json": {"error": "e", "message": "m", "details": {"field": "f"}}}, "e: m"),
        ({"json": {"a": "wrong", "b": "also wrong"}}, "a: wrong; b: also wrong"),
        ({"body": "plain text"}, "plain text"),
        ({"body": "one <b>bold</b>\n  word."}, "one bold word"),
        ({"json": {"message": "x" * 400}}, "x" * 297 + "..."),
    ],
)
def test_the_body_is_read_in_each_of_its_shapes_and_never_shown_as_html_or_at_length(http, body, text):
    expect_create(http, status=418, headers={}, **body)
    assert failure() == f"{WHERE.format(418)}: {text}. {NOTHING}"


def test_a_header_and_a_different_body_are_both_told(http):
    expect_create(http, status=418, headers={"ErrorMessage": "Bad"}, json={"field": "worse"})
    assert failure() == f"{WHERE.format(418)}: Bad; field: worse. {NOTHING}"


def test_a_secret_is_masked_before_a_long_text_is_cut(http):
    expect_create(http, status=418, headers={}, body="x" * 285 + API_KEY + "y" * 50)
    assert API_KEY[:8] not in failure()


def test_a_secret_that_the_product_echoes_is_masked(http):
    expect_create(http, status=418, headers={}, json={"message": f"key {API_KEY} is bad"})
    assert failure() == f"{WHERE.format(418)}: key *** is bad. {NOTHING}"


# The server by its name.

SERVERS = f"{FORTIMONITOR_URL}/server"


def row(number, name, fqdn):
    return {"url": f"{SERVERS}/{number}", "name": name, "fqdn": fqdn}


def expect_list(http, key, text, rows, offset=0, total=None, following=None):
    http.get(
        SERVERS,
        match=[matchers.query_param_matcher({key: text, "limit": "50", "offset": str(offset)})],
        json={
            "server_list": rows,
            "meta": {
                "limit": 50,
                "offset": offset,
                "next": following,
                "total_count": len(rows) if total is None else total,
            },
        },
    )


def create_on(server):
    return execute("create_custom_incident", {**REQUIRED, "server": server})


@pytest.mark.parametrize("server", ["Web frontend", "web-01.example.com", "WEB-01.example.com"])
def test_a_server_is_found_by_its_exact_name_or_fqdn(http, server):
    rows = [row(1005, "Web frontend staging", "web-05.example.com"), row(1001, "Web frontend", "web-01.example.com")]
    expect_list(http, "name", server, rows)
    expect_list(http, "fqdn", server, rows[1:])
    expect_create(http)
    assert create_on(server)["server_id"] == 1001


def test_a_name_that_several_servers_have_is_refused_with_their_ids(http):
    rows = [row(1003, "Mail relay", "mail-a.example.com"), row(1004, "Mail relay", "mail-b.example.com")]
    expect_list(http, "name", "Mail relay", rows)
    expect_list(http, "fqdn", "Mail relay", [])
    assert failure({**REQUIRED, "server": "Mail relay"}) == (
        "The parameters are not valid: Server 'Mail relay' is the name of several servers: 1003 (Mail relay, "
        "mail-a.example.com), 1004 (Mail relay, mail-b.example.com). Give the ID. Nothing was changed."
    )


def test_a_name_that_no_server_has_exactly_is_refused_with_similar_ones(http):
    expect_list(http, "name", "Web front", [row(1001, "Web frontend", "web-01.example.com")])
    expect_list(http, "fqdn", "Web front", [])
    assert failure({**REQUIRED, "server": "Web front"}) == (
        "The parameters are not valid: Server 'Web front' is no server's ID, exact name or FQDN. Similar servers: 1001 "
        "(Web frontend, web-01.example.com). Nothing was changed."
    )


def test_a_name_that_nothing_resembles_is_refused(http):
    expect_list(http, "name", "-5", [])
    expect_list(http, "fqdn", "-5", [])
    assert failure({**REQUIRED, "server": "-5"}) == (
        "The parameters are not valid: Server '-5' is no server's ID, exact name or FQDN, or the API key cannot see it. "
        "Nothing was changed."
    )


def test_pages_are_followed_by_what_arrived_and_not_by_the_limit(http):
    first = [row(number, f"Web {number}", f"w{number}.example.com") for number in range(1, 11)]
    expect_list(http, "name", "Web", first, total=11, following=f"{SERVERS}?offset=10")
    expect_list(http, "name", "Web", [row(1001, "Web", "web.example.com")], offset=10, total=11)
    expect_list(http, "fqdn", "Web", [])
    expect_create(http)
    assert create_on("Web")["server_id"] == 1001


def test_a_page_that_repeats_is_asked_for_three_times_more_and_not_for_ever(http):
    rows = [row(1, "Web 1", "w1.example.com")]
    for offset in range(4):
        expect_list(http, "name", "Web", rows, offset=offset, total=90, following="x")
    expect_list(http, "fqdn", "Web", [])
    assert failure({**REQUIRED, "server": "Web"}) == (
        "The parameters are not valid: Server 'Web' is no server's ID, exact name or FQDN. Similar servers: 1 (Web 1, "
        "w1.example.com). Nothing was changed."
    )


def test_a_failing_look_up_says_that_it_was_the_look_up(http):
    http.get(SERVERS, status=500)
    assert failure({**REQUIRED, "server": "Web"}) == (
        "Could not find server 'Web': FortiMonitor answered 500 to GET /v2/server. Nothing was changed. The API request "
        "failed due to an internal server error. Try again later."
    )


# What is refused before anything is sent.


def test_every_problem_is_named_at_once_by_title_and_nothing_is_sent(http):
    assert failure(
        {
            "server": "",
            "description": None,
            "plugin_textkey": True,
            "metadata": "[1]",
            "start_time": "2026-11-22T10:00:00",
            "auto_close_duration": 0,
            "severity": "high",
        }
    ) == (
        "The parameters are not valid: There is no parameter 'severity'; the parameters are: server, description, "
        "plugin_textkey, resource_textkey, metadata, start_time, auto_close_duration, correlation_id, if_exists, search_days, verify, text_format. Server is required. Description is required. Plugin "
        "Textkey 'true' is not text. Resource Textkey is required. Metadata '[1]' is not a JSON object. Auto Close Duration "
        "'0' is not 1 or more. Start Time '2026-11-22T10:00:00' is not ISO 8601 with offset, epoch seconds, or "
        "'YYYY-MM-DD HH:MM:SS' in UTC. Nothing was changed."
    )


@pytest.mark.parametrize("metadata", [{"a": {"b": 1}}, json.dumps({"a": [1]}), {"a": []}])
def test_metadata_values_that_are_not_scalars_are_refused_by_name(http, metadata):
    assert failure({**REQUIRED, "metadata": metadata}) == (
        "The parameters are not valid: Metadata has a value that is not text, a number, true, false or null: 'a'. "
        "Nothing was changed."
    )


@pytest.mark.parametrize("start", ["yesterday", "1795341600000", 1795341600000, True, "2026-13-01 00:00:00", [], "NaN"])
def test_a_start_time_in_any_other_form_is_refused(http, start):
    assert "Start Time" in failure({**REQUIRED, "start_time": start})


@pytest.mark.parametrize("duration", ["1.5", 5.5, True, "ten", "-1", "1_000"])
def test_a_duration_that_is_not_a_positive_whole_number_is_refused(http, duration):
    assert "Auto Close Duration" in failure({**REQUIRED, "auto_close_duration": duration})


def test_an_action_of_a_product_that_is_switched_off_is_refused(http):
    assert failure(config=configuration(fortimonitor_sign_in="Off")) == (
        "FortiMonitor is switched off in this configuration. Nothing was changed. Choose a way to sign in under "
        "FortiMonitor Sign-in, or another configuration."
    )
