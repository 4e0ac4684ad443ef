"""``make bench``: a warm write by the connector against the same request by a bare ``requests.Session``, as a ratio.

The server is a thread of the same process that keeps its connections and answers what each write is confirmed by, over
TLS with an authority of its own and in the clear. The bare session is a default one, and sends the same method, URL,
headers and body. The two take turns in blocks; of each pair of blocks the ratio of their medians is taken, and of these
ratios the quartiles are told. The connector reads nothing back, which would be a request more.
"""

from __future__ import annotations

import json
import platform
import socket
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import Any

import click
import requests
import trustme

from tests.support.package import configuration, connector

HOST = "127.0.0.1"
PAIRS = 60
CALLS = 20  # in a block
WANTED = 1.00
# The time until it is done, and the caller's own processor time, which other work on the machine cannot upset.
CLOCKS = {"elapsed": time.perf_counter, "processor": time.thread_time}
WRITES: dict[str, dict[str, Any]] = {
    "force_resolve_incident": {"incident": "-7", "reason": "The disk was cleared."},
    "update_siem_incident": {"incident_id": 7, "status": "Manually Cleared", "comments": "Done.", "verify": False},
    "create_custom_incident": {
        "server": "1001",
        "description": "The disk of web-01 is full.",
        "plugin_textkey": "fsr.bridge",
        "resource_textkey": "incident",
        "metadata": {"ticket": "INC-1", "priority": 2},
        "verify": False,
    },
}


class Server:
    """Answers to writes on loopback.

    ``connections`` is how many were made, ``last`` the last request: its first line, its headers and its body.

    Parameters:
        tls: the server's TLS context; None for plain HTTP.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._listener = socket.create_server((HOST, 0))
        self.origin = f"{'https' if tls else 'http'}://{HOST}:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.last: tuple[str, dict[str, str], bytes] = ("", {}, b"")
        dated = "Date: Sat, 01 Nov 2025 10:00:00 GMT\r\n"
        self._answers = {
            "force_resolve": f"HTTP/1.1 204 No Content\r\n{dated}\r\n".encode(),
            "custom_incident": f"HTTP/1.1 201 Created\r\n{dated}Location: {self.origin}/v2/outage/-7\r\n"
            "Content-Length: 0\r\n\r\n".encode(),
            "external": f"HTTP/1.1 200 OK\r\n{dated}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK".encode(),
        }
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talking = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
        with talking, suppress(OSError):
            received = b""
            while more := talking.recv(65536):
                received += more
                head, blank, body = received.partition(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = dict(line.split(": ", 1) for line in lines)
                if blank and len(body) == int(headers.get("Content-Length", 0)):
                    self.last, received = (first, headers, body), b""
                    talking.sendall(self._answers[first.split()[1].rpartition("/")[2]])


@contextmanager
def blocks(server: Server, authority: trustme.CA, operation: str) -> Iterator[tuple[Callable[[], Any], ...]]:
    """Give a call of the connector and the bare session's, both warm and shown to be the same to the server."""
    certificate = authority.cert_pem.bytes().decode("ascii")
    config = configuration(
        fortimonitor_url=f"{server.origin}/v2", fortisiem_server=server.origin, ca_certificate=certificate
    )

    bridge = connector()  # not anew for each call: that would read info.json in FortiSOAR's place

    def ours() -> None:
        bridge.execute(config, operation, WRITES[operation])

    ours()
    first, headers, body = server.last
    method, path, _ = first.split()
    url, content = server.origin + path, json.loads(body)
    own = {
        name: headers.get(name) for name in ("Authorization", "Accept", "Accept-Encoding", "User-Agent", "Connection")
    }
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as bundle, requests.Session() as session:
        bundle.write(certificate)
        bundle.flush()

        def bare() -> None:
            session.request(method, url, headers=own, json=content, verify=bundle.name)

        bare()
        assert server.last == (first, headers, body), "the two do not send the same"
        made = server.connections
        yield ours, bare
        assert server.connections == made, "a connection was made anew"


def median_of(call: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Return the seconds that one call of a block takes."""
    taken = []
    for _ in range(CALLS):
        began = clock()
        call()
        taken.append(clock() - began)
    return statistics.median(taken)


def main() -> None:
    """Print the ratios."""
    software = ", ".join(f"{name} {version(name)}" for name in ("requests", "urllib3"))
    click.echo(
        f"A warm write against the same by a bare requests.Session: {PAIRS} pairs of blocks of {CALLS} calls, "
        f"Python {platform.python_version()}, {software}, {ssl.OPENSSL_VERSION}"
    )
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    for name, server in {"TLS": Server(tls), "plain": Server(None)}.items():
        for operation in WRITES:
            with blocks(server, authority, operation) as (ours, bare):
                for kind, clock in CLOCKS.items():
                    pairs = [(median_of(ours, clock), median_of(bare, clock)) for _ in range(PAIRS)]
                    low, middle, high = statistics.quantiles([one / other for one, other in pairs], n=4)
                    ours_us, bare_us = (statistics.median(times) * 1e6 for times in zip(*pairs, strict=True))
                    click.echo(
                        f"{name:5} {operation:22} {kind:9} {ours_us:4.0f} us, bare {bare_us:4.0f} us: "
                        f"ratio {middle:.2f} (quartiles {low:.2f} and {high:.2f})"
                    )
    click.echo(f"wanted: {WANTED:.2f} or less")


if __name__ == "__main__":
    main()
