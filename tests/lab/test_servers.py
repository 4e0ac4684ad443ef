"""The lab's servers end every connection that they have when they stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from lab.servers import Site, listening, serving


class Waiting:
    """An application that never answers, and says when it was asked."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.set()
        await asyncio.sleep(3600)


class Farewell:
    """An application that ends the connection with its answer, and then fails."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"connection", b"close"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body"})
        raise RuntimeError("after its answer")


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_connection_whose_request_is_under_way_is_closed_when_the_servers_stop(
    monkeypatch: pytest.MonkeyPatch, is_tls: bool
) -> None:
    app = Waiting()
    with served(app, monkeypatch, is_tls) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert app.asked.wait(10)


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_connection_that_the_server_has_closed_and_the_client_has_not_is_closed_when_the_servers_stop(
    monkeypatch: pytest.MonkeyPatch, is_tls: bool
) -> None:
    with served(Farewell(), monkeypatch, is_tls) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 500 ")


@contextmanager
def served(app: Any, monkeypatch: pytest.MonkeyPatch, is_tls: bool) -> Iterator[socket.socket]:
    """Serve an application to one client; when the servers have stopped, nothing of the connection may be left."""
    left: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: left.append(repr(unraisable.exc_value)))
    monkeypatch.setattr(threading, "excepthook", lambda failed: left.append(repr(failed.exc_value)))
    authority = trustme.CA()
    server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    authority.configure_trust(client_side)
    with listening({"https": 0}) as listeners:
        client = socket.create_connection(listeners["https"].getsockname(), timeout=10)
        with serving([Site(listeners["https"], app, server_side if is_tls else None)]):
            if is_tls:
                client = client_side.wrap_socket(client, server_hostname="127.0.0.1")
            yield client
        client.close()
    gc.collect()
    assert left == []
