"""Nothing was sent: the message says so, and such a request is the only one that is sent again on its own."""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import ssl
import threading
import warnings
from typing import Any

import pytest

from tests.support.package import ConnectorError, configuration, context, execute, module
from tests.support.wire import answering, hanging, http_answer, resetting

RESOLVED = http_answer("204 No Content")
GOAL = "Could not resolve incident 5: "


def resolve(origin, **config):
    config = configuration(fortisiem_sign_in="Off", fortimonitor_url=f"{origin}/v2", **config)
    return execute("force_resolve_incident", {"incident": "5"}, config)


def failure(origin, **config):
    with pytest.raises(ConnectorError) as caught:
        resolve(origin, **config)
    return str(caught.value)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_refused_connection_is_tried_three_times(waits):
    origin = f"https://127.0.0.1:{free_port()}"
    assert failure(origin) == (
        f"{GOAL}FortiMonitor at {origin} cannot be reached: the connection was refused. Nothing was changed. Check the "
        "address, the firewall and the proxy."
    )
    assert waits == [0.5, 1.0]


def test_a_server_that_comes_back_meanwhile_is_reached(serve, monkeypatch):
    server = serve(answering(RESOLVED))
    real, tries = socket.socket.connect, []

    def refused_once(self, address):
        tries.append(address)
        if len(tries) == 1:
            raise ConnectionRefusedError
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", refused_once)
    assert resolve(server.origin)["attempts"] == 2
    assert (len(server.requests), len(tries)) == (1, 2)


def test_a_name_that_does_not_resolve_says_so(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "cannot be reached: its name does not resolve. Nothing was changed." in failure("https://nowhere.test")


def test_a_certificate_of_an_unknown_authority_is_refused_once_and_nothing_is_sent(serve, server_context, waits):
    server = serve(answering(RESOLVED), tls=server_context())
    assert failure(server.origin) == (
        f"{GOAL}FortiMonitor at {server.origin} shows a certificate that is not trusted: unable to get local issuer "
        "certificate. Nothing was changed. Put the certificate authority's PEM text into CA Certificate, or correct the "
        "address."
    )
    assert (server.requests, server.connections, waits) == ([], 1, [])


def test_the_own_certificate_authority_is_trusted(serve, server_context, ca_pem):
    server = serve(answering(RESOLVED), tls=server_context())
    assert resolve(server.origin, ca_certificate=ca_pem)["outcome"] == "done"


def test_a_certificate_for_another_name_is_refused(serve, server_context, ca_pem):
    server = serve(answering(RESOLVED), tls=server_context("elsewhere.test"))
    message = failure(server.origin, ca_certificate=ca_pem)
    assert "shows a certificate that is not trusted: IP address mismatch" in message
    assert "Nothing was changed." in message
    assert server.requests == []


def test_an_expired_certificate_is_refused(serve, server_context, ca_pem):
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    server = serve(
        answering(RESOLVED), tls=server_context(not_after=past, not_before=past - datetime.timedelta(days=9))
    )
    assert "certificate has expired. Nothing was changed." in failure(server.origin, ca_certificate=ca_pem)
    assert server.requests == []


def test_verification_can_be_switched_off(serve, server_context):
    server = serve(answering(RESOLVED), tls=server_context("elsewhere.test"))
    assert resolve(server.origin, verify_ssl=False)["outcome"] == "done"


def test_a_session_without_verification_is_never_used_with_it(serve, server_context):
    server = serve(answering(RESOLVED), tls=server_context())
    assert resolve(server.origin, verify_ssl=False)["outcome"] == "done"
    assert "not trusted" in failure(server.origin)
    assert len(server.requests) == 1


def test_a_ca_bundle_in_the_environment_changes_nothing(serve, server_context, ca_pem, tmp_path, monkeypatch):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(bundle))
    server = serve(answering(RESOLVED), tls=server_context())
    assert resolve(server.origin, ca_certificate=ca_pem)["outcome"] == "done"


def test_a_netrc_file_does_not_replace_the_key(serve, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(answering(RESOLVED))
    resolve(server.origin)
    assert b"Authorization: ApiKey " in server.requests[0]


def test_plain_http_on_the_tls_port_is_refused(serve):
    server = serve(
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), accepting=answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    )
    message = failure(server.origin.replace("http:", "https:"))
    assert "does not speak TLS there. Nothing was changed." in message


@pytest.mark.field_case("K9")
def test_tls_older_than_1_2_is_refused(serve, server_context, ca_pem):
    old = server_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    server = serve(answering(RESOLVED), tls=old)
    message = failure(server.origin, ca_certificate=ca_pem)
    assert "not in a version that is allowed (1.2 or newer). Nothing was changed." in message
    assert server.requests == []


def reset_within_the_handshake(connection, server):
    connection.settimeout(10)
    connection.recv(1)
    resetting(connection, server)


def test_a_connection_that_is_reset_before_tls_stands_was_not_used_for_the_request(serve, ca_pem):
    server = serve(answering(RESOLVED), accepting=reset_within_the_handshake)
    message = failure(server.origin.replace("http:", "https:"), ca_certificate=ca_pem)
    assert "cannot be reached: no connection could be made. Nothing was changed." in message
    assert server.connections == 3


def test_a_handshake_that_hangs_ends_with_the_connect_timeout(serve, ca_pem):
    server = serve(answering(RESOLVED), accepting=hanging)
    message = failure(
        server.origin.replace("http:", "https:"), ca_certificate=ca_pem, connect_timeout=1, total_timeout=2
    )
    assert "cannot be reached: no connection within the connect timeout. Nothing was changed." in message


CREATE = {"server": "1001", "description": "d", "plugin_textkey": "p", "resource_textkey": "r"}


@pytest.mark.field_case("K9")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_demands_a_client_certificate_got_nothing_and_is_told_apart(
    serve, server_context, ca_pem, version, waits
):
    demanding = server_context()
    demanding.minimum_version = demanding.maximum_version = version
    demanding.verify_mode = ssl.CERT_REQUIRED

    def refuse(connection, server):
        connection.settimeout(10)
        tls = demanding.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with contextlib.suppress(ssl.SSLError):
            tls.do_handshake()
        server.stopped.wait(30)  # so that no reset overtakes the refusal
        tls.close()

    server = serve(answering(RESOLVED), tls=demanding, accepting=refuse)
    config = configuration(fortisiem_sign_in="Off", fortimonitor_url=f"{server.origin}/v2", ca_certificate=ca_pem)
    with pytest.raises(ConnectorError) as caught:
        execute("create_custom_incident", CREATE, config)
    message = str(caught.value)
    assert f"FortiMonitor at {server.origin} refused the TLS handshake" in message
    assert "demands a client certificate" in message
    assert "Nothing was changed." in message
    assert (server.connections, waits) == (1, [])


@pytest.mark.field_case("K9")
@pytest.mark.parametrize("names", [("elsewhere.test",), ("127.0.0.2",), ("10.0.0.1", "*.test"), ("localhost",)])
def test_a_certificate_without_the_address_is_refused(serve, server_context, ca_pem, names):
    server = serve(answering(RESOLVED), tls=server_context(*names))
    message = failure(server.origin, ca_certificate=ca_pem)
    assert "shows a certificate that is not trusted: IP address mismatch" in message
    assert "Nothing was changed." in message
    assert server.requests == []


@pytest.mark.parametrize("names", [("elsewhere.test",), ("127.0.0.1",), ("*.localhost",), ("localhost.test",)])
def test_a_certificate_without_the_host_name_is_refused(serve, server_context, ca_pem, names):
    server = serve(answering(RESOLVED), tls=server_context(*names))
    message = failure(f"https://localhost:{server.port}", ca_certificate=ca_pem)
    assert "shows a certificate that is not trusted: Hostname mismatch" in message
    assert server.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_with_name_and_address_is_trusted_for_both(serve, server_context, ca_pem, host):
    server = serve(answering(RESOLVED), tls=server_context("localhost", "127.0.0.1"))
    assert resolve(f"https://{host}:{server.port}", ca_certificate=ca_pem)["outcome"] == "done"


def test_a_tls_library_that_refuses_to_begin_sent_nothing(serve, server_context, ca_pem, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise ValueError("check_hostname requires server_hostname")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    server = serve(answering(RESOLVED), tls=None)
    message = failure(server.origin.replace("http:", "https:"), ca_certificate=ca_pem)
    assert "cannot be reached: no connection could be made. Nothing was changed." in message
    assert server.requests == []


BEFORE_A_CONNECTION = [
    ValueError("x"),
    UnicodeError("label too long"),
    OSError("x"),
    KeyError("x"),
    MemoryError(),
    TypeError("x"),
]


@pytest.mark.field_case("W19")
@pytest.mark.parametrize("error", BEFORE_A_CONNECTION, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["socket", "getaddrinfo"])
def test_whatever_goes_wrong_before_a_connection_stands_sent_nothing(monkeypatch, place, error):
    def broken(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(socket, place, broken)
    config = configuration(fortisiem_sign_in="Off", fortimonitor_url="https://nowhere.test/v2")
    with pytest.raises(ConnectorError) as caught:
        execute("create_custom_incident", CREATE, config)
    assert "Nothing was changed." in str(caught.value)
    assert "unknown" not in str(caught.value)


# Names and addresses, within the time.


def resolving_to(monkeypatch, *addresses):
    """Let every name have these addresses."""

    def found(host, port, *_args, **_kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def deaf(monkeypatch, *addresses):
    """Let connections to these addresses get no answer; return the timeouts with which they were tried."""
    real, tried = socket.socket.connect, []

    def connect(self, address):
        if address[0] in addresses:
            tried.append(self.gettimeout())
            raise socket.timeout("timed out")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


@pytest.mark.field_case("W13")
def test_all_addresses_of_a_name_share_the_connect_timeout(monkeypatch):
    addresses = [f"198.51.100.{number}" for number in range(1, 5)]
    resolving_to(monkeypatch, *addresses)
    tried = deaf(monkeypatch, *addresses)
    message = failure("https://many.test", connect_timeout=4, total_timeout=55)
    assert "cannot be reached: no connection within the connect timeout. Nothing was changed." in message
    assert len(tried) == 12  # three attempts
    assert max(tried[0::4]) <= 1.0
    assert all(each <= 4 for each in tried)


def test_the_first_address_that_answers_is_taken(serve, monkeypatch):
    server = serve(answering(RESOLVED))
    resolving_to(monkeypatch, "198.51.100.1", "127.0.0.1")
    tried = deaf(monkeypatch, "198.51.100.1")
    assert resolve(f"http://localhost:{server.port}")["attempts"] == 1
    assert len(tried) == 1


def test_a_name_without_an_address_cannot_be_reached(monkeypatch):
    resolving_to(monkeypatch)
    assert "cannot be reached: no connection could be made. Nothing was changed." in failure("https://empty.test")


@pytest.mark.field_case("W13")
def test_a_resolver_that_hangs_takes_no_longer_than_the_connect_timeout_and_one_thread(monkeypatch):
    over, asked = threading.Event(), []

    def hang(*args, **_kwargs):
        asked.append(args)
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        message = failure("https://slow.test", connect_timeout=1, total_timeout=5)
    finally:
        over.set()
    assert "cannot be reached: no connection within the connect timeout. Nothing was changed." in message
    assert len(asked) == 1  # the three attempts waited for one look-up


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "siem..test", "x" * 300 + ".test"])
def test_a_name_that_no_resolver_takes_does_not_resolve(host):
    settings = module("core.http.sessions").ConnectionSettings(module("core.urls").Origin("https", host, 443))
    base, bridge = module("core.urls").BaseUrl(settings.origin, ""), context(configuration())
    http = module("core.http.transport").Transport(
        "FortiMonitor", base, settings, (5, 30), bridge.deadline, bridge.redact
    )
    with pytest.raises(module("core.errors").Unreachable, match="cannot be reached: its name does not resolve"):
        http.send("POST", "/x")


# What cannot be written.


def circular():
    body: dict[str, Any] = {}
    body["itself"] = body
    return body


def deep():
    body: dict[str, Any] = {}
    for _ in range(5000):
        body = {"a": body}
    return body


UNWRITABLE = {
    "NaN": ({"value": float("nan")}, "NaN or infinity"),
    "infinity": ({"a": [float("-inf")]}, "NaN or infinity"),
    "circular": (circular(), "itself"),
    "deep": (deep(), "nested too deeply"),
    "101 levels": (json.loads('{"a":' * 101 + "1" + "}" * 101), "nested too deeply"),
    "half a pair": ({"value": "\ud800"}, "half of a surrogate pair"),
    "half a pair in a name": ({"\udfff": 1}, "half of a surrogate pair"),
    "bytes": ({"value": b"x"}, "no form for"),
    "a set": ({"value": {1}}, "no form for"),
}


@pytest.mark.field_case("F19", "W19")
@pytest.mark.parametrize("kind", UNWRITABLE)
def test_a_body_that_json_has_no_form_for_is_refused_before_anything_is_sent(serve, kind):
    body, words = UNWRITABLE[kind]
    server = serve(answering(RESOLVED))
    http = context(configuration(fortimonitor_url=f"{server.origin}/v2")).fortimonitor._http
    with pytest.raises(module("core.errors").InvalidInput) as caught:
        http.send("POST", "/x", json_body=body)
    assert words in str(caught.value)
    assert str(caught.value).endswith("Nothing was changed.")
    assert server.connections == 0


@pytest.mark.field_case("W19")
@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"Authorization": "ApiKey \u20ac"}},
        {"headers": {"Authorization": "ApiKey a\r\nX: b"}},
        {"headers": {"Authorization": "ApiKey \ud800"}},
        {"params": {"name": "\ud800"}},
        {"form": {"client_secret": "\udc00"}},
    ],
)
def test_a_request_with_characters_that_do_not_fit_is_refused_before_anything_is_sent(serve, given):
    server = serve(answering(RESOLVED))
    http = context(configuration(fortimonitor_url=f"{server.origin}/v2")).fortimonitor._http
    with pytest.raises(module("core.errors").InvalidInput, match="cannot be sent") as caught:
        http.send("POST", "/x", **given)
    assert str(caught.value).endswith("Nothing was changed.")
    assert server.connections == 0


# Proxies.

CREDENTIALS = {"proxy_username": "svc", "proxy_password": "Winter2026"}


@pytest.mark.field_case("K10", "S11")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("407 Proxy Authentication Required", "answered 407: it wants a user name and a password"),
        ("502 Bad Gateway", "answered 502"),
        ("504 Gateway Timeout", "answered 504"),
    ],
)
def test_a_tunnel_that_is_refused_is_the_proxys_doing_and_its_credentials_are_not_shown(serve, ca_pem, status, words):
    proxy = serve(answering(http_answer(status, b"", 'Proxy-Authenticate: Basic realm="x"')))
    message = failure("https://127.0.0.1:1", ca_certificate=ca_pem, proxy=proxy.origin, **CREDENTIALS)
    assert f"cannot be reached: the proxy {proxy.origin} {words}. Nothing was changed." in message
    assert "Winter2026" not in message
    assert "svc" not in message
    assert b"Proxy-Authorization: Basic" in proxy.requests[0]
    assert b"ApiKey" not in b"".join(proxy.requests)


@pytest.mark.field_case("K10")
def test_a_plain_407_is_the_proxys_doing(serve):
    proxy = serve(answering(http_answer("407 Proxy Authentication Required", b"<html>", "Content-Type: text/html")))
    assert failure("http://127.0.0.1:1", proxy=proxy.origin, **CREDENTIALS) == (
        f"{GOAL}the proxy {proxy.origin} answered 407: it wants a user name and a password. Nothing was changed. Check "
        "Proxy Mode and the fields below it in the configuration."
    )
    assert len(proxy.requests) == 1


@pytest.mark.field_case("S11")
@pytest.mark.parametrize("origin", ["https://127.0.0.1:1", "http://127.0.0.1:1"])
def test_a_proxy_that_is_not_there_is_named(origin):
    proxy = f"127.0.0.1:{free_port()}"
    message = failure(origin, proxy=f"http://{proxy}", **CREDENTIALS)
    assert f"cannot be reached: the proxy http://{proxy} cannot be reached. Nothing was changed." in message


@pytest.mark.field_case("K10", "W10")
@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "htp://127.0.0.1:1", "http://127.0.0.1:99999", "127.0.0.1:port", "http://[::1"]
)
def test_a_proxy_of_the_environment_that_cannot_be_used_was_not_given_the_request(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    assert failure("https://fortimonitor.test") == (
        f"{GOAL}FortiMonitor at https://fortimonitor.test cannot be reached: the proxy {proxy} cannot be used. Nothing was "
        "changed. Check Proxy Mode and the fields below it in the configuration."
    )


def test_what_signs_in_to_a_proxy_counts_for_nothing_without_one(serve):
    server = serve(answering(RESOLVED))
    assert resolve(server.origin, **CREDENTIALS)["outcome"] == "done"
    assert b"Proxy-Authorization" not in server.requests[0]


def test_a_proxy_is_used_where_the_configuration_names_one(serve):
    proxy = serve(answering(RESOLVED))
    assert resolve("http://127.0.0.1:1", proxy=proxy.origin)["outcome"] == "done"
    assert proxy.requests[0].startswith(b"PUT http://127.0.0.1:1/v2/outage/5/force_resolve HTTP/1.1\r\n")


@pytest.mark.field_case("K10")
def test_a_proxy_that_refuses_to_connect_was_not_given_the_request(serve, ca_pem):
    proxy = serve(answering(http_answer("403 Forbidden")))
    message = failure("https://127.0.0.1:1", ca_certificate=ca_pem, proxy=proxy.origin)
    assert b"ApiKey" not in b"".join(proxy.requests)
    assert all(request.startswith(b"CONNECT 127.0.0.1:1 ") for request in proxy.requests)
    assert message == (
        f"{GOAL}FortiMonitor at https://127.0.0.1:1 cannot be reached: the proxy {proxy.origin} answered 403. Nothing was "
        "changed. Check Proxy Mode and the fields below it in the configuration."
    )
