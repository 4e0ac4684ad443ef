"""The health check: one authenticated read for each product, and every product that fails in one message."""

from __future__ import annotations

import pytest
from responses import matchers

from tests.support.package import (
    API_KEY,
    FORTIMONITOR_URL,
    FORTISIEM_URL,
    ConnectorError,
    configuration,
    connector,
    execute,
)

ACTIVE = f"{FORTIMONITOR_URL}/outage/active"
SUMMARY = f"{FORTISIEM_URL}/phoenix/rest/system/health/summary"
DOMAIN = f"{FORTISIEM_URL}/phoenix/rest/config/Domain"
EMPTY_LIST = {"outage_list": [], "meta": {"limit": 1, "offset": 0, "total_count": 0}}


def fortimonitor_answers(http, **answer):
    http.get(
        ACTIVE,
        match=[
            matchers.query_param_matcher({"limit": "1", "offset": "0"}),
            matchers.header_matcher({"Authorization": f"ApiKey {API_KEY}"}),
        ],
        **(answer or {"json": EMPTY_LIST}),
    )


def failure(**changes):
    with pytest.raises(ConnectorError) as caught:
        connector().check_health(configuration(**changes))
    return str(caught.value)


def test_both_products_are_asked_once(http):
    fortimonitor_answers(http)
    http.get(SUMMARY, json=[{"id": 1, "name": "Super"}])
    assert connector().check_health(configuration()) is True


def test_a_product_that_is_off_is_not_asked(http):
    fortimonitor_answers(http)
    assert connector().check_health(configuration(fortisiem_sign_in="Off")) is True


@pytest.mark.parametrize("status", [403, 404])
def test_an_older_fortisiem_is_asked_for_its_domains(http, status):
    http.get(SUMMARY, status=status)
    http.get(DOMAIN, body="<response><result><domains><domain/></domains></result></response>")
    assert connector().check_health(configuration(fortimonitor_sign_in="Off")) is True


def test_all_failing_products_are_named_in_one_message(http):
    fortimonitor_answers(http, status=401, headers={"ErrorMessage": "Authentication failed"})
    http.get(SUMMARY, status=401, body="<html>401</html>", content_type="text/html")
    assert failure() == (
        "FortiMonitor answered 401 to GET /v2/outage/active: Authentication failed. The API key provided is not valid. "
        "Check FortiMonitor API Key in the configuration. FortiSIEM answered 401 to GET "
        "/phoenix/rest/system/health/summary. Check user name, password and organization: use 'super' for Enterprise "
        "deployments and Super Global accounts, else the organization of the account. Nothing was changed."
    )


def test_one_failing_product_is_enough_and_the_other_is_asked_all_the_same(http):
    fortimonitor_answers(http, status=500)
    http.get(SUMMARY, json=[])
    assert failure() == (
        "FortiMonitor answered 500 to GET /v2/outage/active. The API request failed due to an internal server error. Try "
        "again later. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("answer", "happened"),
    [
        ({"json": {"hello": 1}}, "200 to GET /v2/outage/active without a list of outages"),
        ({"json": []}, "200 to GET /v2/outage/active without a JSON object"),
        ({"body": "hello"}, "200 to GET /v2/outage/active without a JSON object"),
        (
            {"body": "<html>app</html>", "content_type": "text/html"},
            "200 to GET /v2/outage/active with a web page instead of an API answer",
        ),
    ],
)
def test_a_server_that_is_no_fortimonitor_is_not_healthy(http, answer, happened):
    fortimonitor_answers(http, **answer)
    assert failure(fortisiem_sign_in="Off").startswith(f"FortiMonitor answered {happened}. ")


@pytest.mark.parametrize("answer", [{"json": {}}, {"body": "hello"}, {"body": '<error code="255">'}])
def test_a_server_that_is_no_fortisiem_is_not_healthy(http, answer):
    http.get(SUMMARY, **answer)
    assert failure(fortimonitor_sign_in="Off") == (
        "FortiSIEM answered 200 to GET /phoenix/rest/system/health/summary with something that no FortiSIEM sends. Check "
        "FortiSIEM Server. Nothing was changed."
    )


def test_domains_that_are_an_error_are_not_healthy(http):
    http.get(SUMMARY, status=404)
    http.get(DOMAIN, body='<response><domains/><error code="255"/></response>')
    assert "something that no FortiSIEM sends" in failure(fortimonitor_sign_in="Off")


def test_a_405_on_the_read_points_to_the_address_and_not_to_the_key(http):
    fortimonitor_answers(http, status=405)
    assert failure(fortisiem_sign_in="Off") == (
        "FortiMonitor answered 405 to GET /v2/outage/active. The server rejected the method for the requested resource. "
        "Check FortiMonitor URL. Nothing was changed."
    )


def test_a_used_up_rate_limit_says_that_the_product_is_reachable(http):
    fortimonitor_answers(http, status=429, headers={"Retry-After": "59"})
    assert failure(fortisiem_sign_in="Off") == (
        "FortiMonitor answered 429 to GET /v2/outage/active, too many requests. FortiMonitor is reachable. Run the action "
        "again in 59 s. Nothing was changed."
    )


ELSEWHERE = (
    "FortiMonitor at https://fortimonitor.test names its incidents by the host 'api2.panopta.com'. Requests go to "
    "https://fortimonitor.test alone; make sure that it is the same FortiMonitor."
)


@pytest.mark.field_case("F4")
@pytest.mark.parametrize(
    ("url", "lines"),
    [
        ("https://api2.panopta.com/v2/outage/-5", [ELSEWHERE]),
        ("https://user:word@api2.panopta.com/v2/outage/-5", [ELSEWHERE]),
        (f"{FORTIMONITOR_URL}/outage/-5", []),
        ("/v2/outage/-5", []),
        ("https://api2.panopta.com/", []),
        ("https://[", []),
        (None, []),
    ],
)
def test_a_fortimonitor_that_names_itself_by_another_host_is_told_with_both_in_the_log(http, caplog, url, lines):
    fortimonitor_answers(http, json={**EMPTY_LIST, "outage_list": [{"url": url}]})
    assert connector().check_health(configuration(fortisiem_sign_in="Off")) is True
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == lines


def test_a_fortimonitor_that_names_itself_by_another_host_is_told_in_the_diagnostics(http):
    row = {"url": "https://api2.panopta.com/v2/outage/-5"}
    fortimonitor_answers(http, json={**EMPTY_LIST, "outage_list": [row]})
    product = execute("get_diagnostics", {}, configuration(fortisiem_sign_in="Off"))["products"][0]
    assert (product["is_usable"], product["message"]) == (True, ELSEWHERE)
