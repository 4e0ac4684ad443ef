"""Requests are made ready here, and just as ``requests`` makes them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.package import module

transport = module("core.http.transport")
Request = module("core.http.answers").Request

URL = "https://api2.panopta.com/v2"
LOGIN = {"Authorization": "ApiKey a key: 42~"}


def parts(prepared: requests.PreparedRequest) -> Any:
    return prepared.method, prepared.url, list(prepared.headers.items()), prepared.body


def assert_same(method: str, url: str, params: dict[str, Any], headers: dict[str, str], content: Any) -> None:
    ours = transport._prepared(Request(method, "", True), url, params, headers, content)
    all_headers = {**transport.HEADERS, **headers}
    if isinstance(content, bytes):
        all_headers["Content-Type"] = "application/json"
    written = {
        name: {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        for name, value in params.items()
    }
    theirs = requests.Request(method, url, headers=all_headers, params=written, data=content).prepare()
    assert parts(ours) == parts(theirs)
    assert ours.path_url == theirs.path_url


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "content", [None, b"{}", b'{"a": "\\u00e9"}', {"grant_type": "x", "client_secret": "\u00e9 &=+/~"}]
)
def test_a_request_is_the_one_that_requests_would_send(method, content):
    assert_same(method, f"{URL}/outage", {}, LOGIN, content)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.test/x",
        "https://a.test/%2e/%2F/%c3%A9/%41%5a%7e%5F%2d/%25%32%31",
        "http://[::1]:9444/v2//outage/-1000001",
        "https://siem:8443/phoenix/rest/pub/incident/update/7,8@x:y",
    ],
)
def test_an_address_is_written_as_requests_writes_it(url):
    assert_same("GET", url, {}, LOGIN, None)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
@settings(max_examples=300, deadline=None)
def test_a_query_is_written_as_requests_writes_it(params):
    assert_same("GET", f"{URL}/server", params, {}, None)
