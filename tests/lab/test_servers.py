"""The lab's servers end every connection that they have when they stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import sys
import threading
from pathlib import Path
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


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_connection_whose_request_is_under_way_is_closed_when_the_servers_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_tls: bool
) -> None:
    left: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: left.append(repr(unraisable.exc_value)))
    authority = trustme.CA()
    server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    authority.configure_trust(client_side)
    app = Waiting()
    with listening({"https": 0}) as listeners:
        client = socket.create_connection(listeners["https"].getsockname(), timeout=10)
        with serving([Site(listeners["https"], app, server_side if is_tls else None)]):
            if is_tls:
                client = client_side.wrap_socket(client, server_hostname="127.0.0.1")
            client.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
            assert app.asked.wait(10)
        client.close()
    gc.collect()
    assert left == []
