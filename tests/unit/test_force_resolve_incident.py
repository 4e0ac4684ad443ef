"""force_resolve_incident: the request that goes out, and what each answer becomes."""

from __future__ import annotations

import pytest
from responses import matchers

from tests.support.fortimonitor import expect_read, outage
from tests.support.package import API_KEY, FORTIMONITOR_URL, WAIT_FIRST, ConnectorError, configuration, execute

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
        "summary": "FortiMonitor incident -28000855 was resolved.",
        "outcome": "done",
        "changed": True,
        "confirmed_by": "response",
        "attempts": 1,
        "incident_id": -28000855,
        "incident_url": OUTAGE_URL,
        "page_url": None,
        "request": {"method": "PUT", "path": "/v2/outage/-28000855/force_resolve", "status": 204},
        "warning": None,
    }


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_reason_counts_as_none(http, blank):
    expect_resolve(http)
    assert resolve(reason=blank)["changed"] is True


def test_the_reason_goes_out_as_it_is(http):
    expect_resolve(http, {"reason": 'Fixed "it"\nby hand'})
    assert resolve(reason='Fixed "it"\nby hand')["outcome"] == "done"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_other_2xx_is_success_where_a_read_shows_it(http, status):
    expect_resolve(http, status=status)
    expect_read(http, -28000855, shown("resolved"))
    result = resolve()
    assert (result["outcome"], result["confirmed_by"], result["request"]["status"]) == ("done", "read_back", status)


def test_a_200_that_cannot_be_read_back_is_success_by_its_word(http):
    expect_resolve(http, status=200)
    expect_read(http, -28000855, status=500)
    assert resolve()["confirmed_by"] == "response"


def test_a_read_that_shows_another_incident_confirms_nothing(http):
    expect_resolve(http, status=500)
    expect_read(http, -28000855, shown("resolved", number=-99))
    assert "Whether anything was changed is unknown." in failure()


def test_a_200_that_did_nothing_is_not_success(http, slept):
    for _ in range(3):
        expect_resolve(http, status=200)
        expect_read(http, -28000855, shown())
        expect_read(http, -28000855, shown())
    assert failure() == (
        "Could not resolve incident -28000855: FortiMonitor answered 200 to PUT /v2/outage/-28000855/force_resolve without "
        "effect. Nothing was changed. It was read back and is still active."
    )


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
        f"The parameters are not valid: FortiMonitor Incident {str(incident)!r} is not an ID such as -28000855, #-28000855, a URL such "
        f"as {OUTAGE_URL}, or a Source ID such as fortimonitor:api2.panopta.com:-28000855. Nothing was changed."
    )


@pytest.mark.parametrize("incident", [True, ["5"], {"id": 5}])
def test_an_incident_that_is_no_text_is_refused(http, incident):
    assert "FortiMonitor Incident " in failure(incident)
    assert failure(incident).endswith("is not text. Nothing was changed.")


WHERE = "Could not resolve incident -28000855: FortiMonitor answered {} to PUT /v2/outage/-28000855/force_resolve"
NOTHING, UNKNOWN = "Nothing was changed.", "Whether anything was changed is unknown."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"status": 401, "headers": {"ErrorMessage": "Authentication failed"}},
            f"{WHERE.format(401)}: Authentication failed. {NOTHING} The API key provided is not valid. Check FortiMonitor API "
            "Key in the configuration.",
        ),
        (
            {"status": 403},
            f"{WHERE.format(403)}. {NOTHING} The API key's role does not allow this. Check its roles under API keys.",
        ),
    ],
)
def test_each_failing_status_says_what_happened_where_what_to_do_and_what_was_changed(http, answer, message):
    expect_resolve(http, **answer)
    assert failure() == message


# What a read settles.


def shown(status="active", kind="anomaly", marker="m", number=-28000855):
    return outage(number, marker, status, type=kind)


@pytest.mark.parametrize("status", [400, 404, 405])
def test_an_incident_that_is_resolved_already_is_success_without_a_change(http, status):
    expect_resolve(http, status=status, json={"error": "No"})
    expect_read(http, -28000855, shown("resolved"))
    assert resolve() == {
        "summary": "FortiMonitor incident -28000855 was already resolved; nothing was changed.",
        "outcome": "already_done",
        "changed": False,
        "confirmed_by": "read_back",
        "attempts": 1,
        "incident_id": -28000855,
        "incident_url": OUTAGE_URL,
        "page_url": None,
        "request": {"method": "PUT", "path": "/v2/outage/-28000855/force_resolve", "status": status},
        "warning": None,
    }


@pytest.mark.parametrize("status", [400, 404, 405])
def test_an_ordinary_outage_is_refused_with_the_reason(http, status):
    expect_resolve(http, status=status)
    expect_read(http, -28000855, shown(kind="outage"))
    assert failure() == (
        "Could not resolve incident -28000855: it is an ordinary outage (FortiMonitor answered "
        f"{status} to PUT /v2/outage/-28000855/force_resolve). Nothing was changed. Only custom incidents can be "
        "force-resolved."
    )


@pytest.mark.parametrize("read", [{"row": shown()}, {"status": 404}, {"status": 500}])
@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (
            400,
            "The request failed, often due to a missing or misconfigured parameter. Only custom incidents can be force-resolved.",
        ),
        (
            404,
            "The requested resource does not exist. IDs of custom incidents may be negative: the control panel may show the "
            "same number without its minus sign. If it is of another account, choose the configuration that owns it.",
        ),
        (405, "A read-only API key is the usual reason; check the key's role under API keys."),
    ],
)
def test_a_refusal_that_the_read_does_not_explain_is_told_as_it_is(http, read, status, advice):
    expect_resolve(http, status=status)
    expect_read(http, -28000855, **read)
    assert failure() == f"{WHERE.format(status)}. {NOTHING} {advice}"


PAGE = {"status": 200, "body": "<html>Sign in</html>", "content_type": "text/html"}


REDIRECT = {"status": 302, "headers": {"Location": "https://login.test/"}}
LATE_STATUSES = [408, 502, 503, 504]


@pytest.mark.parametrize("answer", [{"status": 500}, *({"status": status} for status in LATE_STATUSES), PAGE, REDIRECT])
def test_an_ambiguous_answer_is_read_back_and_found_done(http, answer):
    expect_resolve(http, **answer)
    expect_read(http, -28000855, shown("resolved"))
    result = resolve()
    assert (result["outcome"], result["changed"], result["confirmed_by"]) == ("done", True, "read_back")
    assert result["request"]["status"] == answer["status"]


def test_an_ambiguous_answer_that_a_read_shows_to_be_undone_is_repeated(http, slept):
    for _ in range(2):
        expect_resolve(http, {"reason": "r"}, status=500)
        expect_read(http, -28000855, shown())
    expect_resolve(http, {"reason": "r"})
    result = resolve(reason="r")
    assert (result["outcome"], result["confirmed_by"], result["attempts"]) == ("done", "response", 3)
    assert slept == [0.5, 1.0]


def test_a_refusal_after_an_ambiguous_try_finds_what_that_try_did(http):
    expect_resolve(http, status=500)
    expect_read(http, -28000855, shown())
    expect_resolve(http, status=400)
    expect_read(http, -28000855, shown("resolved"))
    result = resolve()
    assert (result["outcome"], result["changed"], result["attempts"]) == ("done", True, 2)


@pytest.mark.parametrize("location", ["http://[bad", "https://a b/", "https://:443/"])
def test_a_redirect_without_a_usable_target_is_a_redirect_all_the_same(http, location):
    expect_resolve(http, status=302, headers={"Location": location})
    expect_read(http, -28000855, status=500)
    assert failure() == (
        f"{WHERE.format(302)}, a redirect, which is not followed. {UNKNOWN} Check the address. {WAIT_FIRST.format('FortiMonitor')}"
    )


@pytest.mark.parametrize("status", [*LATE_STATUSES, 301, 302, 303, 307, 308])
def test_what_a_gateway_gave_up_on_or_sent_elsewhere_stays_unknown_though_a_read_shows_nothing(http, status):
    for _ in range(3):
        expect_resolve(http, status=status)
        expect_read(http, -28000855, shown())
    message = failure()
    assert f"answered {status} to PUT /v2/outage/-28000855/force_resolve" in message
    assert f"{UNKNOWN} It was read back and is still active." in message
    assert message.endswith(WAIT_FIRST.format("FortiMonitor"))


@pytest.mark.parametrize(("asked", "wait"), [("7", "5 minutes"), ("900", "900 s"), ("soon", "5 minutes")])
def test_how_long_to_wait_is_what_the_gateway_asks_but_no_less_than_five_minutes(http, asked, wait):
    expect_resolve(http, status=503, headers={"Retry-After": asked})
    expect_read(http, -28000855, status=500)
    assert f"may still carry it out: wait {wait}, and look" in failure()


def test_after_three_repeats_it_is_known_not_to_be_done(http):
    for _ in range(3):
        expect_resolve(http, status=500)
        expect_read(http, -28000855, shown())
    assert failure() == (
        f"{WHERE.format(500)}. {NOTHING} It was read back and is still active. The API request failed due to an internal "
        "server error. Try again later."
    )


def test_an_ambiguous_answer_that_cannot_be_read_back_stays_unknown(http):
    expect_resolve(http, status=500, headers={"ErrorCode": "1", "ErrorMessage": "Internal"})
    expect_read(http, -28000855, status=500)
    assert failure() == (
        f"{WHERE.format(500)}: Internal (ErrorCode 1). Whether anything was changed is unknown. The API request failed due to "
        "an internal server error. Try again later."
    )


# An expected correlation id.


def test_an_incident_with_the_expected_marker_is_resolved(http):
    expect_read(http, -28000855, shown(marker="/api/3/alerts/42"))
    expect_resolve(http)
    assert resolve(expect_correlation_id="/api/3/alerts/42")["outcome"] == "done"


def test_an_incident_with_the_expected_marker_that_is_resolved_is_left_alone(http):
    expect_read(http, -28000855, shown("resolved", marker="/api/3/alerts/42"))
    result = resolve(expect_correlation_id="/api/3/alerts/42")
    assert (result["outcome"], result["changed"], result["attempts"], result["request"]) == (
        "already_done",
        False,
        0,
        {},
    )


@pytest.mark.parametrize(
    ("row", "carried"),
    [
        (shown(marker="other"), "correlation id 'other'"),
        (shown(marker="/api/3/alerts/421"), "correlation id '/api/3/alerts/421'"),
        (outage(-28000855, "", in_metadata=False, in_description=False), "no correlation id"),
        (shown("resolved", marker="other"), "correlation id 'other'"),
    ],
)
def test_any_other_incident_is_not_touched(http, row, carried):
    expect_read(http, -28000855, row)
    assert failure(expect_correlation_id="/api/3/alerts/42") == (
        f"Could not resolve incident -28000855: it carries {carried}, not '/api/3/alerts/42'. {NOTHING} It is another "
        "incident; check its ID."
    )


def test_an_incident_that_cannot_be_read_is_not_resolved_on_a_guess(http):
    expect_read(http, -28000855, status=404)
    assert failure(expect_correlation_id="x").startswith(
        "Could not read incident -28000855: FortiMonitor answered 404 to GET /v2/outage/-28000855. Nothing was changed."
    )


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
