"""Nothing was sent: the message says so, and such a request is the only one that is sent again on its own."""

from __future__ import annotations

import datetime
import socket
import ssl
import warnings

import pytest

from tests.support.package import ConnectorError, configuration, execute
from tests.support.wire import answering, hanging, http_answer, resetting

RESOLVED = http_answer("204 No Content")
GOAL = "Could not resolve incident 5: "


def resolve(origin, **config):
    config = configuration(fortisiem_enabled=False, fortimonitor_url=f"{origin}/v2", **config)
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


# Proxies.


def test_a_proxy_is_used_where_the_configuration_names_one(serve):
    proxy = serve(answering(RESOLVED))
    assert resolve("http://127.0.0.1:1", proxy=proxy.origin)["outcome"] == "done"
    assert proxy.requests[0].startswith(b"PUT http://127.0.0.1:1/v2/outage/5/force_resolve HTTP/1.1\r\n")


def test_a_proxy_that_refuses_to_connect_was_not_given_the_request(serve, ca_pem):
    proxy = serve(answering(http_answer("403 Forbidden")))
    message = failure("https://127.0.0.1:1", ca_certificate=ca_pem, proxy=proxy.origin)
    assert b"ApiKey" not in b"".join(proxy.requests)
    assert all(request.startswith(b"CONNECT 127.0.0.1:1 ") for request in proxy.requests)
    assert message == (
        f"{GOAL}FortiMonitor at https://127.0.0.1:1 cannot be reached: the proxy {proxy.origin} answered 403. Nothing was "
        "changed. Check Proxy in the configuration, and the user name and the password in it."
    )
