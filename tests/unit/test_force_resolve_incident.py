"""force_resolve_incident: the request that goes out, and what each answer becomes."""

from __future__ import annotations

import pytest
from responses import matchers

from tests.support.package import API_KEY, FORTIMONITOR_URL, ConnectorError, configuration, execute

OUTAGE_URL = f"{FORTIMONITOR_URL}/outage/-28000855"
URL = f"{OUTAGE_URL}/force_resolve"
HEADERS = {"Authorization": f"ApiKey {API_KEY}", "Content-Type": "application/json"}


def expect_resolve(http, sent=None, url=URL, **answer):
    http.put(
        url,
        match=[matchers.json_params_matcher(sent or {}, strict_match=True), matchers.header_matcher(HEADERS)],
        **{"status": 204, **answer},
    )


def resolve(incident="-28000855", **params):
    return execute("force_resolve_incident", {"incident": incident, **params})


def failure(incident="-28000855", **params):
    with pytest.raises(ConnectorError) as caught:
        resolve(incident, **params)
    return str(caught.value)


def test_without_a_reason_an_empty_object_is_sent(http):
    expect_resolve(http)
    assert resolve() == {
        "outcome": "done",
        "changed": True,
        "confirmed_by": "response",
        "attempts": 1,
        "incident_id": -28000855,
        "incident_url": OUTAGE_URL,
        "request": {"method": "PUT", "path": "/v2/outage/-28000855/force_resolve", "status": 204},
    }


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_reason_counts_as_none(http, blank):
    expect_resolve(http)
    assert resolve(reason=blank)["changed"] is True


def test_the_reason_goes_out_as_it_is(http):
    expect_resolve(http, {"reason": 'Fixed "it"\nby hand'})
    assert resolve(reason='Fixed "it"\nby hand')["outcome"] == "done"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(http, status):
    expect_resolve(http, status=status)
    assert resolve()["request"]["status"] == status


@pytest.mark.parametrize(
    "incident",
    [
        -28000855,
        " -28000855 ",
        "#-28000855",
        OUTAGE_URL,
        f"{OUTAGE_URL}/",
        "https://FORTIMONITOR.test:443/v2/outage/-28000855",
        f"{OUTAGE_URL}?full=true#top",
    ],
)
def test_an_incident_is_named_by_signed_id_number_sign_or_url_of_the_configured_origin(http, incident):
    expect_resolve(http)
    assert resolve(incident)["incident_id"] == -28000855


@pytest.mark.parametrize(
    "incident",
    [
        "0",
        "-0",
        "007",
        "+5",
        "5.0",
        5.0,
        "1_000",
        "12345678901234567890",
        "1 2",
        "##5",
        "#",
        "-",
        "\u0665",
        "5\u0660",
        "outage/5",
        "/v2/outage/5",
        "../5",
        "5/../6",
        "https://elsewhere.test/v2/outage/5",
        "https://fortimonitor.test.elsewhere.test/v2/outage/5",
        "https://fortimonitor.test@elsewhere.test/v2/outage/5",
        "https://user@fortimonitor.test/v2/outage/5",
        "http://fortimonitor.test/v2/outage/5",
        "https://fortimonitor.test:8443/v2/outage/5",
        "https://fortimonitor.test/v2/server/5",
        "https://fortimonitor.test/v2/outage/5/acknowledge",
        "https://fortimonitor.test/v2/../outage/5",
        "https://fortimonitor.test/outage/5",
        "https://fortimonitor.test:port/v2/outage/5",
        "https://[bad/v2/outage/5",
        "https://fortimonitor.test/v2/outage/5%0a",
    ],
)
def test_nothing_else_names_an_incident_and_nothing_is_sent(http, incident):
    assert failure(incident) == (
        f"The parameters are not valid: Incident {str(incident)!r} is not an ID such as -28000855, #-28000855, or a URL such "
        f"as {OUTAGE_URL}. Nothing was changed."
    )


@pytest.mark.parametrize("incident", [True, ["5"], {"id": 5}])
def test_an_incident_that_is_no_text_is_refused(http, incident):
    assert "Incident " in failure(incident)
    assert failure(incident).endswith("is not text. Nothing was changed.")


WHERE = "Could not resolve incident -28000855: FortiMonitor answered {} to PUT /v2/outage/-28000855/force_resolve"
NOTHING = "Nothing was changed."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"status": 400, "json": {"error": "Only custom incidents can be resolved"}},
            f"{WHERE.format(400)}: Only custom incidents can be resolved. {NOTHING} The request failed, often due to a missing "
            "or misconfigured parameter. Only custom incidents can be force-resolved.",
        ),
        (
            {"status": 400, "json": {"error": "Outage is already resolved"}},
            f"{WHERE.format(400)}: Outage is already resolved. {NOTHING} The incident is resolved already; there is nothing "
            "left to do.",
        ),
        (
            {"status": 401, "headers": {"ErrorMessage": "Authentication failed"}},
            f"{WHERE.format(401)}: Authentication failed. {NOTHING} The API key provided is not valid. Check FortiMonitor API "
            "Key in the configuration.",
        ),
        (
            {"status": 403},
            f"{WHERE.format(403)}. {NOTHING} The API key's role does not allow this. Check its roles under API keys.",
        ),
        (
            {"status": 404, "json": {"message": "Item Not Found"}},
            f"{WHERE.format(404)}: Item Not Found. {NOTHING} The requested resource does not exist. IDs of custom incidents "
            "may be negative: the control panel may show the same number without its minus sign.",
        ),
        (
            {"status": 405},
            f"{WHERE.format(405)}. {NOTHING} A read-only API key is the usual reason; check the key's role under API keys.",
        ),
        (
            {"status": 500, "headers": {"ErrorCode": "1", "ErrorMessage": "Internal"}},
            f"{WHERE.format(500)}: Internal (ErrorCode 1). Whether anything was changed is unknown. The API request failed due "
            "to an internal server error. Try again later.",
        ),
        (
            {"status": 302, "headers": {"Location": "https://login.test/"}},
            f"{WHERE.format(302)}, a redirect to https://login.test, which is not followed. {NOTHING}",
        ),
        (
            {"status": 200, "body": "<html>Sign in</html>", "content_type": "text/html"},
            f"{WHERE.format(200)} with a web page instead of an API answer. Whether anything was changed is unknown. Something "
            "between here and the product answered, such as a proxy or a login page. Check the address.",
        ),
    ],
)
def test_each_failing_status_says_what_happened_where_what_to_do_and_what_was_changed(http, answer, message):
    expect_resolve(http, **answer)
    assert failure() == message


def test_a_rate_limit_is_waited_for(http, slept):
    expect_resolve(http, status=429, headers={"Retry-After": "3"})
    expect_resolve(http)
    assert (resolve()["attempts"], slept) == (2, [3.0])


def test_the_base_url_of_the_configuration_is_where_the_request_goes(http):
    expect_resolve(http, url="https://other.test:8443/api/v2/outage/5/force_resolve")
    config = configuration(fortimonitor_url="https://Other.test:8443/api/v2/")
    assert execute("force_resolve_incident", {"incident": "5"}, config)["incident_url"] == (
        "https://other.test:8443/api/v2/outage/5"
    )
