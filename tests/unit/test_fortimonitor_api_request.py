"""make_fortimonitor_api_request: what it lets through, what goes out, and what an answer becomes."""

from __future__ import annotations

import base64

import pytest
from responses import matchers

from tests.support.fortimonitor import HEADERS, LATE, LOST, READ_HEADERS, SIGN_IN, undeclared
from tests.support.package import API_KEY, FORTIMONITOR_URL, PASSWORD, WAIT_FIRST, ConnectorError, execute

NOTHING, UNKNOWN = "Nothing was changed.", "Whether anything was changed is unknown."
INVALID = "Could not make the API request: The parameters are not valid:"


@pytest.fixture(autouse=True)
def nothing_undeclared(http):
    """Fail where a request was sent that the test does not expect."""
    yield
    assert undeclared(http) == []


def ask(endpoint="/user", method="GET", **params):
    return execute("make_fortimonitor_api_request", {"method": method, "endpoint": endpoint, **params})


def failure(endpoint="/user", method="GET", **params):
    with pytest.raises(ConnectorError) as caught:
        ask(endpoint, method, **params)
    return str(caught.value)


def expect(http, path="/user", method="GET", sent=None, query=None, **answer):
    """Expect a request, with its body if it has one and no other one."""
    http.add(
        method,
        f"{FORTIMONITOR_URL}{path}",
        match=[
            matchers.query_param_matcher(query or {}),
            matchers.header_matcher(READ_HEADERS if sent is None else HEADERS),
            _no_body if sent is None else matchers.json_params_matcher(sent, strict_match=True),
        ],
        **(answer or {"json": {}}),
    )


def _no_body(request):
    return not request.body, "there is a body"


# What goes out.


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_each_allowed_method_is_sent_once_with_the_key_in_its_header(http, method):
    answer = {"json": {"username": "soar"}, "headers": {"Location": f"{FORTIMONITOR_URL}/user/502"}}
    expect(http, "/user/502", method, status=200, **answer)
    assert ask("/user/502", method) == {
        "summary": f"FortiMonitor answered 200 to {method} /v2/user/502.",
        "status": 200,
        "body": {"username": "soar"},
        "text": None,
        "location": f"{FORTIMONITOR_URL}/user/502",
        "attempts": 1,
        "request": {"method": method, "path": "/v2/user/502", "status": 200},
    }


def test_without_a_method_it_is_a_get(http):
    expect(http)
    assert execute("make_fortimonitor_api_request", {"endpoint": "/user"})["status"] == 200


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "GET /x"])
def test_any_other_method_is_refused(http, method):
    assert failure(method=method) == (
        f"The parameters are not valid: Method {method!r} is not one of: GET, POST, PUT, DELETE. {NOTHING}"
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_body_is_sent_as_json(http, method):
    sent = {"who": None, "tags": ["a"], "deep": {"b": 1.5}}
    expect(http, method=method, sent=sent)
    assert ask(method=method, body=sent)["status"] == 200


def test_an_empty_body_is_a_body(http):
    expect(http, "/outage/-5/force_resolve", "PUT", sent={}, status=204)
    assert ask("/outage/-5/force_resolve", "PUT", body="{}")["status"] == 204


def test_a_query_goes_out_in_the_vendors_forms(http):
    expect(http, query={"limit": "5", "full": "true", "active": "false", "name": "a&b=c", "part": "1.5"})
    query = {"limit": 5, "full": True, "active": False, "name": "a&b=c", "part": 1.5, "absent": None}
    assert ask(query=query)["status"] == 200


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        (f"{FORTIMONITOR_URL}/user", "/user"),
        ("https://FORTIMONITOR.test:443/v2/user", "/user"),
        ("/user/", "/user/"),
        ("/outage/-5/outage_log", "/outage/-5/outage_log"),
        ("/server/a%20b", "/server/a%20b"),
        ("/server/a;b", "/server/a%3Bb"),
    ],
)
def test_an_endpoint_is_a_path_below_the_base_or_a_url_of_it(http, endpoint, path):
    expect(http, path)
    assert ask(endpoint)["request"]["path"] == f"/v2{path}"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://elsewhere.test/v2/user",
        "https://fortimonitor.test.elsewhere.test/v2/user",
        "https://fortimonitor.test@elsewhere.test/v2/user",
        "https://user@fortimonitor.test/v2/user",
        "https://fortimonitor.test:8443/v2/user",
        "http://fortimonitor.test/v2/user",
        "https://fortimonitor.test/user",
        "https://fortimonitor.test/v2",
        "ftp://fortimonitor.test/v2/user",
        "user",
        "v2/user",
        "javascript:alert(1)",
    ],
)
def test_no_other_origin_and_no_other_base_is_asked(http, endpoint):
    assert failure(endpoint) == (
        f"{INVALID} Endpoint {endpoint!r} is neither a path that begins with / nor a URL of {FORTIMONITOR_URL}. {NOTHING}"
    )


@pytest.mark.parametrize("endpoint", ["/user?limit=0", "/user#top", "/user\\x", "/us er", "/us\ter", "/us\u00e9r"])
def test_a_query_or_odd_characters_are_refused_in_an_endpoint(http, endpoint):
    assert failure(endpoint) == (f"{INVALID} Endpoint {endpoint!r} must be a plain path without a query. {NOTHING}")


@pytest.mark.parametrize(
    "endpoint",
    [
        "//elsewhere.test/v2/user",
        "/outage//5",
        "/../user",
        "/outage/./5",
        "/outage/%2e%2E/user",
        "/outage/..",
        "/..%2foutside",
        "/..%5coutside",
        "/%252e%252e/user",
        "/x%2F..%2Foutage/5/acknowledge",
        "/outage/5/x%2F..%2Facknowledge",
        "/user%",
        "/user%zz",
        f"{FORTIMONITOR_URL}/../user",
    ],
)
def test_a_path_that_could_become_another_one_is_refused(http, endpoint):
    assert failure(endpoint) == f"{INVALID} Endpoint {endpoint!r} must be a plain path. {NOTHING}"


# GETs that would act.

ACTING = [
    "/outage/5/acknowledge",
    "/outage/-28000855/escalate",
    "/outage/5/broadcast",
    "/outage/5/delay/0",
    "/outage/5/delay",
    "/public/outage/QrV5m7aD22Ue3Is/acknowledge",
    "/public/outage/QrV5m7aD22Ue3Is/delay/60",
    "/public/outage/QrV5m7aD22Ue3Is/escalate",
    "/outage/5/acknowledge/",
    "/OUTAGE/5/Acknowledge",
    "/Public/Outage/x/ESCALATE",
    "/outage/5/%61cknowledge",
    "/%6futage/5/broadcas%74",
    "/outage%2F5%2facknowledge",
    "/outage/5/%2561cknowledge",
    "/outage%25252F5/acknowledge",
    "/outage/5%2Fdelay%2F0",
    "/%2Foutage/5/acknowledge",
    "/outage/5/acknowledge%0A",
    "/outage/5%0A/acknowledge",
    "/outage/5/acknowledge;a=b",
    "/outage/5/acknowledge.json",
    "/outage/5;a/escalate",
    f"{FORTIMONITOR_URL}/outage/5/acknowledge",
    f"{FORTIMONITOR_URL}/public/outage/x/escalate",
]


@pytest.mark.parametrize("endpoint", ACTING)
def test_a_get_that_would_act_is_never_sent(http, endpoint):
    assert failure(endpoint, query={"who": "x"}) == (
        f"{INVALID} Endpoint {endpoint[:60]!r} changes something although it is a GET; use PUT. {NOTHING}"
    )


@pytest.mark.parametrize("path", ["/outage/5/acknowledge", "/outage/5/delay/0", "/public/outage/x/escalate"])
def test_the_put_forms_are_sent(http, path):
    expect(http, path, "PUT", sent={"who": f"{FORTIMONITOR_URL}/user/502"}, status=204)
    assert ask(path, "PUT", body={"who": f"{FORTIMONITOR_URL}/user/502"})["status"] == 204


@pytest.mark.parametrize(
    "path",
    [
        "/outage",
        "/outage/active",
        "/outage/5",
        "/outage/5/actions",
        "/outage/5/outage_log",
        "/outage/5/preoutage_graph",
        "/outage/5/countermeasure_output",
        "/server/5/outage",
        "/acknowledge",
    ],
)
def test_gets_that_only_read_are_sent(http, path):
    expect(http, path)
    assert ask(path)["status"] == 200


# The key stays in its header.


def test_a_key_in_the_query_is_refused(http):
    assert failure(query={"api_key": API_KEY, "limit": 1}) == (
        f"{INVALID} Query must not have the key 'api_key'. {NOTHING}"
    )


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_a_query_has_scalars_alone(http, value):
    assert failure(query={"a": value}) == (
        "The parameters are not valid: Query has a value that is not text, a number, true, false or null: 'a'. "
        f"{NOTHING}"
    )


@pytest.mark.parametrize("name", ["Query", "Body"])
@pytest.mark.parametrize("value", ["[1]", "text", 5, "{1, 2}", "{'a': b'c'}", "{'a': " * 5000])
def test_query_and_body_are_objects(http, name, value):
    assert failure(**{name.lower(): value}).startswith(f"The parameters are not valid: {name} ")


# Answers.


@pytest.mark.parametrize(
    ("answer", "body", "text"),
    [
        ({"json": [1, {"a": None}]}, [1, {"a": None}], None),
        ({"json": "text"}, "text", None),
        ({"body": '{"a": 1}', "content_type": "text/plain"}, {"a": 1}, None),
        ({"body": ""}, None, ""),
        ({"body": "null"}, None, "null"),
        ({"body": " plain text\n"}, None, "plain text"),
        ({"body": b"\xffa"}, None, "\ufffda"),
        ({"body": "<response/>", "content_type": "application/xml"}, None, "<response/>"),
    ],
)
def test_json_is_read_and_anything_else_is_text(http, answer, body, text):
    expect(http, **answer)
    result = ask()
    assert (result["body"], result["text"]) == (body, text)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_an_answer(http, status):
    expect(http, method="POST", status=status)
    result = ask(method="POST")
    assert (result["status"], result["request"]["status"]) == (status, status)


BASE64 = base64.b64encode(API_KEY.encode()).decode()
ECHO = {API_KEY: f"key {API_KEY}", "list": [BASE64, 5, True, None, {"deep": PASSWORD}]}


def test_secrets_in_an_answer_are_masked(http):
    expect(http, json=ECHO)
    assert ask()["body"] == {"***": "key ***", "list": ["***", 5, True, None, {"deep": "***"}]}


def test_secrets_in_a_text_are_masked(http):
    expect(http, body=f"ApiKey {API_KEY}, {BASE64}")
    assert ask()["text"] == "ApiKey ***, ***"


def test_secrets_in_a_refusal_are_masked(http):
    expect(http, status=400, json={"error": f"no {API_KEY}"}, headers={"ErrorMessage": BASE64})
    assert failure() == (
        f"Could not make the API request: FortiMonitor answered 400 to GET /v2/user: ***; no ***. {NOTHING} The request "
        "failed, often due to a missing or misconfigured parameter."
    )


WEB_PAGE = (
    "200 to {} with a web page instead of an API answer",
    "Something between here and the product answered, such as a proxy or a login page. Check the address.",
)


@pytest.mark.parametrize(
    ("answer", "happened", "advice"),
    [
        (
            {"status": 401},
            "401 to {}",
            "The API key provided is not valid. Check FortiMonitor API Key in the configuration.",
        ),
        ({"status": 403}, "403 to {}", "The API key's role does not allow this. Check its roles under API keys."),
        (
            {"status": 404, "json": {"message": "Item Not Found"}},
            "404 to {}: Item Not Found",
            "The requested resource does not exist.",
        ),
        ({"status": 418, "body": "Teapot."}, "418 to {}: Teapot", ""),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_is_refused_changed_nothing(http, method, answer, happened, advice):
    expect(http, method=method, **answer)
    message = (
        f"Could not make the API request: FortiMonitor answered {happened.format(f'{method} /v2/user')}. {NOTHING}"
    )
    assert failure(method=method) == f"{message} {advice}".rstrip()


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", NOTHING), ("DELETE", f"{UNKNOWN} Check the address. {WAIT_FIRST.format('FortiMonitor')}")],
)
def test_a_redirected_read_changed_nothing_and_a_redirected_write_may_have(http, method, rest):
    expect(http, method=method, status=302, headers={"Location": "https://login.test/x"})
    assert failure(method=method) == (
        f"Could not make the API request: FortiMonitor answered 302 to {method} /v2/user, a redirect to "
        f"https://login.test, which is not followed. {rest}"
    )


@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_a_read_that_a_gateway_gave_up_on_changed_nothing_and_is_not_sent_again(http, status):
    expect(http, status=status)
    assert NOTHING in failure()


@pytest.mark.parametrize(
    ("method", "advice"),
    [
        ("GET", "The server rejected the method for the requested resource. Check FortiMonitor URL."),
        ("POST", "A read-only API key is the usual reason; check the key's role under API keys."),
    ],
)
def test_a_405_means_another_thing_for_a_read_than_for_a_write(http, method, advice):
    expect(http, method=method, status=405)
    assert failure(method=method).endswith(f"answered 405 to {method} /v2/user. {NOTHING} {advice}")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("answer", "happened"),
    [
        ({"status": 500}, "answered 500 to {}. "),
        (SIGN_IN, "answered 200 to {} with a web page instead of an API answer. "),
        (LATE, "did not answer in time to {}. "),
        (LOST, "broke the connection before its answer was whole to {}. "),
    ],
)
def test_a_write_without_a_trustworthy_answer_is_sent_once_and_unknown(http, method, answer, happened):
    expect(http, method=method, **answer)
    clause = happened.format(f"{method} /v2/user")
    assert failure(method=method).startswith(f"Could not make the API request: FortiMonitor {clause}{UNKNOWN}")


@pytest.mark.parametrize(("answer", "times"), [({"status": 500}, 1), (SIGN_IN, 1), (LATE, 1), (LOST, 3)])
def test_a_read_without_a_trustworthy_answer_changed_nothing(http, answer, times):
    for _ in range(times):
        expect(http, **answer)
    assert NOTHING in failure()


def test_a_rate_limit_is_waited_for(http, slept):
    expect(http, method="POST", status=429, headers={"Retry-After": "3"})
    expect(http, method="POST")
    assert (ask(method="POST")["attempts"], slept) == (2, [3.0])
