"""Servers on real sockets."""

from __future__ import annotations

import ssl

import pytest
import trustme

from tests.support.package import go_by, let_go
from tests.support.wire import WireServer


@pytest.fixture(scope="session")
def authority():
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_pem(authority):
    return authority.cert_pem.bytes().decode()


@pytest.fixture(scope="session")
def server_context(authority):
    """Return a maker of server contexts: for 127.0.0.1, or for the names that are given."""

    def make(*names: str, **options) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("127.0.0.1",)), **options).configure_cert(context)
        return context

    return make


@pytest.fixture
def serve():
    """Return a maker of servers, all of which are closed at the end, after the connector's own connections."""
    servers: list[WireServer] = []

    def make(*args, **kwargs) -> WireServer:
        servers.append(WireServer(*args, **kwargs))
        return servers[-1]

    yield make
    let_go()
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Let nothing sleep between two requests; return the list of waits that were asked for."""
    asked: list[float] = []
    go_by(monkeypatch, sleep=asked.append, chance=lambda: 1.0)
    return asked
