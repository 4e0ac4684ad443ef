"""get_diagnostics: what a support ticket needs, and no secret in it."""

from __future__ import annotations

import base64
import json
import platform
import ssl
from importlib.metadata import PackageNotFoundError, version

import pytest
import requests
import trustme
from responses import matchers

from tests.support.fortimonitor import expect_read, outage
from tests.support.package import (
    API_KEY,
    CLIENT_SECRET,
    FORTIMONITOR_URL,
    FORTISIEM_URL,
    PASSWORD,
    ConnectorError,
    configuration,
    execute,
    go_by,
    module,
    with_token,
)

ACTIVE = f"{FORTIMONITOR_URL}/outage/active"
SUMMARY = f"{FORTISIEM_URL}/phoenix/rest/system/health/summary"
INSTANCE = f"{FORTISIEM_URL}/phoenix/rest/system/health/instance"
TOKEN = f"{FORTISIEM_URL}/phoenix/rest/pub/security/oauth/token"
EMPTY_LIST = {"json": {"outage_list": [], "meta": {"total_count": 0}}}
USABLE_MONITOR = {
    "product": "FortiMonitor",
    "address": "https://fortimonitor.test",
    "is_usable": True,
    "message": None,
    "version": None,
    "features": [],
}


def expect_products(http, fortimonitor=EMPTY_LIST, shown="7.5.1"):
    http.get(ACTIVE, **fortimonitor)
    http.get(SUMMARY, json=[{"id": 3, "name": "Worker"}, {"id": 7, "name": "Super"}])
    http.get(SUMMARY, json=[{"id": 3, "name": "Worker"}, {"id": 7, "name": "Super"}])
    http.get(
        INSTANCE, match=[matchers.query_param_matcher({"instanceId": "7"})], json={"phVersion": {"version": shown}}
    )


def diagnostics(config=None):
    return execute("get_diagnostics", {}, config)


def test_it_names_the_connector_the_software_and_the_configuration_without_secrets(http):
    expect_products(http)
    result = diagnostics()
    assert list(result) == ["connector", "software", "configuration", "products", "last_requests"]
    info = module("core.manifest").manifest()
    assert result["connector"] == {"name": info["name"], "version": info["version"]}
    assert result["software"] == {
        "python": platform.python_version(),
        "requests": version("requests"),
        "urllib3": version("urllib3"),
        "jsonschema": version("jsonschema"),
        "openssl": ssl.OPENSSL_VERSION,
    }
    assert result["configuration"] == {
        "fortimonitor_sign_in": "API Key",
        "fortimonitor_url": FORTIMONITOR_URL,
        "fortimonitor_api_key": "***",
        "fortisiem_sign_in": "Username and Password",
        "fortisiem_server": "fortisiem.test",
        "fortisiem_organization": "super",
        "fortisiem_username": "admin",
        "fortisiem_password": "***",
        "verify_ssl": True,
        "proxy_mode": "System Settings",
        "advanced": True,
        "connect_timeout": 5,
        "read_timeout": 30,
        "total_timeout": 55,
    }


def test_a_library_whose_version_cannot_be_told_is_unknown(http, monkeypatch):
    def lost(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", lost)
    expect_products(http)
    software = diagnostics()["software"]
    assert {software[name] for name in ("requests", "urllib3", "jsonschema")} == {"unknown"}


@pytest.mark.parametrize(
    ("shown", "features"),
    [
        ("5.2.5", ["update"]),
        ("6.7.0.1716", ["update", "lists", "events", "severity", "pages"]),
        (
            "7.5.1",
            ["update", "lists", "events", "severity", "pages", "event queries", "bearer", "tokens"],
        ),
        ("unknown", []),
    ],
)
def test_it_tells_the_supervisors_version_and_what_that_has(http, shown, features):
    expect_products(http, shown=shown)
    assert diagnostics()["products"] == [
        USABLE_MONITOR,
        {
            "product": "FortiSIEM",
            "address": FORTISIEM_URL,
            "is_usable": True,
            "message": None,
            "version": shown,
            "features": features,
        },
    ]


def test_products_that_cannot_be_used_are_told(http):
    http.get(ACTIVE, body=requests.ConnectionError("no"))
    http.get(ACTIVE, body=requests.ConnectionError("no"))
    http.get(ACTIVE, body=requests.ConnectionError("no"))
    http.get(SUMMARY, status=401)
    assert diagnostics()["products"] == [
        {
            **USABLE_MONITOR,
            "is_usable": False,
            "message": "FortiMonitor broke the connection before its answer was whole to GET /v2/outage/active.",
        },
        {
            "product": "FortiSIEM",
            "address": FORTISIEM_URL,
            "is_usable": False,
            "message": "FortiSIEM answered 401 to GET /phoenix/rest/system/health/summary. Check user name, password and "
            "organization: use 'super' for Enterprise deployments and Super Global accounts, else the organization of the "
            "account.",
            "version": None,
            "features": [],
        },
    ]


def test_a_product_that_cannot_be_used_is_not_asked_for_its_version(http):
    http.get(ACTIVE, **EMPTY_LIST)
    http.get(SUMMARY, status=500)
    diagnostics()
    assert len(http.calls) == 2


def test_a_product_that_is_off_is_neither_asked_nor_shown(http):
    http.get(ACTIVE, **EMPTY_LIST)
    result = diagnostics(configuration(fortisiem_sign_in="Off"))
    assert [product["product"] for product in result["products"]] == ["FortiMonitor"]
    assert "fortisiem_password" not in result["configuration"]


# Secrets.


def test_no_secret_is_in_it_even_where_a_product_repeats_one(http):
    basic = base64.b64encode(f"super/admin:{PASSWORD}".encode()).decode()
    http.get(ACTIVE, status=400, json={"message": f"bad key {API_KEY}"})
    http.get(SUMMARY, status=400, body=f"bad login {basic} {PASSWORD}")
    result = diagnostics()
    text = json.dumps(result)
    assert not any(secret in text for secret in (API_KEY, PASSWORD, json.dumps(PASSWORD)[1:-1], basic))
    assert [product["message"].split(":")[1].split(".")[0] for product in result["products"]] == [
        " bad key ***",
        " bad login *** ***",
    ]


def test_even_a_secret_too_short_to_be_masked_in_a_text_is_not_shown(http):
    expect_products(http)
    assert diagnostics(configuration(fortisiem_password="abc"))["configuration"]["fortisiem_password"] == "***"


def test_a_secret_in_the_path_of_an_earlier_request_is_masked(http):
    http.get(f"{FORTIMONITOR_URL}/server/{API_KEY}", json={})
    execute("make_fortimonitor_api_request", {"method": "GET", "endpoint": f"/server/{API_KEY}"})
    expect_products(http)
    assert diagnostics()["last_requests"][0]["path"] == "/v2/server/***"


def test_neither_the_clients_secret_nor_the_token_is_in_it(http):
    http.get(ACTIVE, **EMPTY_LIST)
    http.post(TOKEN, json={"access_token": "canary-token-1234", "expires_in": 15})
    http.get(SUMMARY, status=500, body="canary-token-1234")
    result = diagnostics(with_token())
    assert result["configuration"]["fortisiem_client_secret"] == "***"
    text = json.dumps(result)
    assert CLIENT_SECRET not in text
    assert "canary-token-1234" not in text


@pytest.mark.field_case("S11")
def test_the_password_of_a_proxy_is_masked_and_its_address_is_not(http):
    expect_products(http)
    proxy = {"proxy": "http://proxy.test:3128", "proxy_username": "svc", "proxy_password": "hunter22"}
    shown = diagnostics(configuration(**proxy))["configuration"]
    assert {name: shown[name] for name in proxy} == {**proxy, "proxy_password": "***"}


def test_a_certificate_authority_is_told_and_not_shown(http):
    expect_products(http)
    pem = trustme.CA().cert_pem.bytes().decode()
    assert diagnostics(configuration(ca_certificate=pem))["configuration"]["ca_certificate"] == "(set)"


# The last requests.


def test_the_last_requests_to_these_servers_are_shown_the_oldest_first_without_query_and_body(http, monkeypatch):
    go_by(monkeypatch, wall=lambda: 1762363800.0)
    other = configuration(fortimonitor_url="https://other.test/v2", fortisiem_sign_in="Off")
    http.get("https://other.test/v2/outage/-5", json={**outage(-5, "m"), "url": "https://other.test/v2/outage/-5"})
    execute("get_fortimonitor_incident", {"incident": "-5"}, other)
    expect_read(http, -1000001, status=404)
    with pytest.raises(ConnectorError, match="404"):
        execute("get_fortimonitor_incident", {"incident": "-1000001"})
    expect_products(http, {"status": 200, "body": requests.ReadTimeout("no")})
    result = diagnostics()
    shown = [(sent["product"], sent["method"], sent["path"], sent["status"]) for sent in result["last_requests"]]
    assert shown == [
        ("FortiMonitor", "GET", "/v2/outage/-1000001", 404),
        ("FortiMonitor", "GET", "/v2/outage/active", None),
        ("FortiSIEM", "GET", "/phoenix/rest/system/health/summary", 200),
        ("FortiSIEM", "GET", "/phoenix/rest/system/health/summary", 200),
        ("FortiSIEM", "GET", "/phoenix/rest/system/health/instance", 200),
    ]
    assert {sent["at"] for sent in result["last_requests"]} == {"2025-11-05T17:30:00Z"}
    assert all(type(sent["milliseconds"]) is int for sent in result["last_requests"])


def test_no_more_than_fifty_requests_are_kept():
    recent = module("core.http.request_log")
    for number in range(60):
        recent.note(recent.Sent(0.0, "FortiMonitor", "https://fortimonitor.test", "GET", f"/v2/{number}", 200, 13))
    kept = recent.recent(["https://fortimonitor.test"])
    assert [sent.path for sent in kept] == [f"/v2/{number}" for number in range(10, 60)]
    assert recent.recent(["https://other.test"]) == []
