"""make_fortisiem_api_request: what it lets through, what goes out, and what an answer becomes."""

from __future__ import annotations

import base64

import pytest
from responses import matchers

from tests.support.package import (
    CLIENT_SECRET,
    FORTISIEM_URL,
    PASSWORD,
    WAIT_FIRST,
    ConnectorError,
    configuration,
    execute,
    with_token,
)
from tests.support.pair import BASIC

REST = "/phoenix/rest"
NOTHING, UNKNOWN = "Nothing was changed.", "Whether anything was changed is unknown."
FAILED = f"Could not make the API request: FortiSIEM answered {{}} to {{}} {REST}/config/Domain"
INVALID = "Could not make the API request: The parameters are not valid:"
BAD_REQUEST = "The request failed, often due to a missing or misconfigured parameter."
SERVER_ERROR = "The API request failed due to an internal server error. Try again later."


def ask(endpoint="/config/Domain", method="GET", config=None, **params):
    return execute("make_fortisiem_api_request", {"method": method, "endpoint": endpoint, **params}, config)


def failure(endpoint="/config/Domain", method="GET", config=None, **params):
    with pytest.raises(ConnectorError) as caught:
        ask(endpoint, method, config, **params)
    return str(caught.value)


def expect(http, path="/config/Domain", method="GET", sent=None, query=None, url=FORTISIEM_URL, **answer):
    """Expect a request, with its body if it has one and no other one."""
    http.add(
        method,
        f"{url}{REST}{path}",
        match=[
            matchers.query_param_matcher(query or {}, strict_match=True),
            matchers.header_matcher(BASIC),
            no_body if sent is None else matchers.json_params_matcher(sent, strict_match=True),
        ],
        **(answer or {"json": {}}),
    )


def no_body(request):
    return not request.body, "there is a body"


# What goes out.


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_each_allowed_method_is_sent_once_below_phoenix_rest(http, method):
    expect(http, "/watchlist/7", method, json={"status": "Success"}, headers={"Location": f"{FORTISIEM_URL}/x"})
    assert ask("/watchlist/7", method) == {
        "summary": f"FortiSIEM answered 200 to {method} {REST}/watchlist/7.",
        "status": 200,
        "body": {"status": "Success"},
        "text": None,
        "location": f"{FORTISIEM_URL}/x",
        "attempts": 1,
        "request": {"method": method, "path": f"{REST}/watchlist/7", "status": 200},
    }


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("/config/Domain", "/config/Domain"),
        (" /config/Domain ", "/config/Domain"),
        ("/phoenix/rest/config/Domain", "/config/Domain"),
        (f"{FORTISIEM_URL}/phoenix/rest/config/Domain", "/config/Domain"),
        (f"{FORTISIEM_URL}:443/phoenix/rest/config/Domain", "/config/Domain"),
        ("HTTPS://FORTISIEM.test/phoenix/rest/config/Domain", "/config/Domain"),
        (f"{FORTISIEM_URL}/config/Domain", "/config/Domain"),
        ("/phoenix/mcp", "/phoenix/mcp"),
        ("/phoenix/restart", "/phoenix/restart"),
        ("/query/events/10931,1638796483313/0/10", "/query/events/10931,1638796483313/0/10"),
        ("/pub/incident/q%2F1/2", "/pub/incident/q%2F1/2"),
        ("/a;b", "/a%3Bb"),
    ],
)
def test_an_endpoint_is_a_path_below_phoenix_rest_or_a_url_of_the_server(http, endpoint, path):
    expect(http, path)
    assert ask(endpoint)["request"]["path"] == f"{REST}{path}"


def test_another_port_and_organization_are_used(http):
    account = base64.b64encode(f"acme/admin:{PASSWORD}".encode()).decode()
    http.get(
        f"https://siem.test:8443{REST}/config/Domain",
        match=[matchers.header_matcher({"Authorization": f"Basic {account}"})],
        body="<domains/>",
    )
    config = configuration(fortisiem_server="https://siem.test:8443/phoenix", fortisiem_organization="acme")
    assert ask(config=config)["text"] == "<domains/>"


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ({"size": 5, "on": True, "off": False, "none": None, "half": 0.5}, {"size": "5", "on": "true", "off": "false", "half": "0.5"}),
        ('{"value": "a&b=c d/\\u00fc"}', {"value": "a&b=c d/\u00fc"}),
        ({}, {}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_query_goes_out_encoded_and_in_the_words_of_json(http, query, sent):
    expect(http, query=sent)
    assert ask(query=query)["status"] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(("body", "sent"), [({"a": [1, None]}, {"a": [1, None]}), ('{"a": {}}', {"a": {}}), ({}, {})])
def test_a_body_goes_out_as_json(http, method, body, sent):
    expect(http, method=method, sent=sent)
    assert ask(method=method, body=body)["status"] == 200


def test_a_request_that_changes_something_is_sent_again_with_a_new_token_alone(http):
    token = f"{FORTISIEM_URL}{REST}/pub/security/oauth/token"
    url = f"{FORTISIEM_URL}{REST}/config/Domain"
    http.post(token, json={"access_token": "token-old-1", "expires_in": 15})
    http.post(url, match=[matchers.header_matcher({"Authorization": "Bearer token-old-1"})], status=401)
    http.post(token, json={"access_token": "token-new-2", "expires_in": 15})
    http.post(
        url,
        match=[matchers.header_matcher({"Authorization": "Bearer token-new-2"})],
        body=f"you are token-new-2 of {CLIENT_SECRET}",
    )
    assert ask(method="POST", config=with_token())["text"] == "you are *** of ***"


# What an answer becomes.


@pytest.mark.parametrize(
    ("answer", "body", "text"),
    [
        ({"json": [1, {"a": None}]}, [1, {"a": None}], None),
        ({"body": '{"a": 1}', "content_type": "text/plain"}, {"a": 1}, None),
        ({"body": "100"}, 100, None),
        ({"body": " Cannot find. ", "content_type": "application/json"}, None, "Cannot find."),
        ({"body": "<domains><domain/></domains>"}, None, "<domains><domain/></domains>"),
        ({"body": "", "status": 204}, None, ""),
    ],
)
def test_an_answer_is_json_where_it_can_be_read_so_and_text_else(http, answer, body, text):
    expect(http, **answer)
    result = ask()
    assert (result["body"], result["text"], result["location"]) == (body, text, None)
    assert result["status"] == result["request"]["status"] == answer.get("status", 200)


def test_secrets_that_are_echoed_are_masked(http):
    encoded = BASIC["Authorization"].split()[1]
    expect(http, json={"login": [PASSWORD, encoded]}, headers={"Location": f"/x?{encoded}"})
    result = ask()
    assert (result["body"], result["location"]) == ({"login": ["***", "***"]}, "/x?***")
    expect(http, body=f"hello {PASSWORD}")
    assert ask()["text"] == "hello ***"


@pytest.mark.parametrize("text", ['<response><error code="255"/></response>', "<error code='1'>"])
def test_an_error_that_is_quoted_inside_of_an_answer_is_none(http, text):
    expect(http, json={"rawMessage": text})
    assert ask()["body"] == {"rawMessage": text}
    expect(http, body=f"seen: {text}")
    assert ask()["text"] == f"seen: {text}"


# Failures.

XML = '<response requestId="1"><result><error code="255"><description>{}</description></error></result></response>'


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_error_in_xml_under_200_is_a_refusal(http, method):
    expect(http, method=method, body=XML.format("No such report"), content_type="text/xml")
    assert failure(method=method) == f"{FAILED.format(200, method)}: No such report. {NOTHING} {BAD_REQUEST}"


@pytest.mark.parametrize(
    ("method", "answer", "message"),
    [
        ("POST", {"status": 400, "json": {"code": 7, "errString": "No such report"}}, f"400 POST: No such report. {NOTHING} {BAD_REQUEST}"),
        ("GET", {"status": 403}, f"403 GET. {NOTHING} Make sure that the account has the appropriate access."),
        (
            "GET",
            {"status": 404},
            f"404 GET. {NOTHING} The server does not have this resource. Check FortiSIEM Server; updating incidents needs "
            "FortiSIEM 5.2.5 or newer, reading them FortiSIEM 6.3.0 or newer.",
        ),
        ("PUT", {"status": 405}, f"405 PUT. {NOTHING} The server rejected the method for the requested resource. Check FortiSIEM Server."),
        ("GET", {"status": 500}, f"500 GET. {NOTHING} {SERVER_ERROR}"),
        ("POST", {"status": 500}, f"500 POST. {UNKNOWN} {SERVER_ERROR}"),
        ("DELETE", {"status": 503}, f"503 DELETE. {UNKNOWN} {WAIT_FIRST.format('FortiSIEM')}"),
        ("GET", {"status": 418}, f"418 GET. {NOTHING}"),
        ("PUT", {"status": 302, "headers": {"Location": "https://sso.test/x"}}, f"302 PUT, a redirect to https://sso.test, which is not followed. {UNKNOWN} Check the address. {WAIT_FIRST.format('FortiSIEM')}"),
        (
            "POST",
            {"body": "<html>Sign in</html>", "content_type": "text/html"},
            f"200 POST with a web page instead of an API answer. {UNKNOWN} Something between here and the product answered, "
            "such as a proxy or a login page. Check the address.",
        ),
    ],
)  # fmt: skip
def test_each_other_answer_is_a_failure_that_says_what_was_changed(http, method, answer, message):
    status, rest = message.split(f" {method}", 1)
    expect(http, method=method, **answer)
    assert failure(method=method) == FAILED.format(status, method) + rest


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_change_whose_connection_breaks_is_sent_once(http, method):
    expect(http, method=method, body=ConnectionError("cut"))
    assert failure(method=method) == (
        f"Could not make the API request: FortiSIEM broke the connection before its answer was whole to {method} "
        f"{REST}/config/Domain. {UNKNOWN}"
    )


def test_a_read_whose_connection_breaks_is_sent_again(http, slept):
    expect(http, body=ConnectionError("cut"))
    expect(http, json=1)
    assert ask()["attempts"] == 2
    assert slept == [0.5]


# What is refused before anything is sent.

NEITHER = f"is neither a path that begins with / nor a URL of {FORTISIEM_URL}."


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("config/Domain", NEITHER),
        ("https://other.test/phoenix/rest/x", NEITHER),
        ("http://fortisiem.test/phoenix/rest/x", NEITHER),
        ("https://fortisiem.test:8443/x", NEITHER),
        ("https://admin:x@fortisiem.test/x", NEITHER),
        ("https://fortisiem.test.evil.test/x", NEITHER),
        ("file:///etc/passwd", NEITHER),
        ("//other.test/x", "must be a plain path."),
        ("/a//b", "must be a plain path."),
        ("/../x", "must be a plain path."),
        ("/phoenix/rest/../x", "must be a plain path."),
        ("/a/%2e%2E/x", "must be a plain path."),
        ("/a%zz", "must be a plain path."),
        ("/a?b=c", "must be a plain path without a query."),
        ("/a#b", "must be a plain path without a query."),
        ("/a b", "must be a plain path without a query."),
        ("/a\\b", "must be a plain path without a query."),
    ],
)
def test_an_endpoint_that_leads_elsewhere_is_refused(http, endpoint, reason):
    assert failure(endpoint) == f"{INVALID} Endpoint {endpoint!r} {reason} {NOTHING}"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"method": "PATCH"}, "Method 'PATCH' is not one of: GET, POST, PUT, DELETE."),
        ({"method": "get"}, "Method 'get' is not one of: GET, POST, PUT, DELETE."),
        ({"endpoint": " "}, "Endpoint is required."),
        ({"query": "a=1"}, "Query 'a=1' is not a JSON object."),
        ({"query": {"a": [1]}}, "Query has a value that is not text, a number, true, false or null: 'a'."),
        ({"body": [1]}, "Body '[1]' is not a JSON object."),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(http, given, problem):
    assert failure(**given) == f"The parameters are not valid: {problem} {NOTHING}"
