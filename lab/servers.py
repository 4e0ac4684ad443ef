"""HTTP servers on loopback: ports bound first, then all served by one event loop in the background."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from .errors import LabError

HOST = "127.0.0.1"
DEFAULT_PORTS = {"https": 9443, "fortimonitor": 9444, "fortisiem": 9445, "control": 9446, "http": 9080}
STARTED_WITHIN = 10.0
# Idle TLS clients, such as a connector's pooled connections, do not answer the closing handshake: do not wait long.
DRAINED_WITHIN = 1
THREADS = 500
OTHER_PORTS = "Choose other ports with --ports BASE, or free ones with --ports 0."


@dataclass(frozen=True)
class Site:
    """One application behind one listening socket; ``tls`` is None for plain HTTP."""

    listener: socket.socket
    app: ASGIApp
    tls: ssl.SSLContext | None = None


def port_numbers(base: int | None) -> dict[str, int]:
    """Return the port of each site: the defaults, free ones (0), or a row of ports from ``base`` on."""
    if base is None:
        return dict(DEFAULT_PORTS)
    return {name: base + place if base else 0 for place, name in enumerate(DEFAULT_PORTS)}


@contextmanager
def listening(ports: Mapping[str, int], way_out: str = OTHER_PORTS) -> Iterator[dict[str, socket.socket]]:
    """Listen on every port, all or none.

    Raises: LabError naming the port that is taken, and the way out.
    """
    with ExitStack() as stack:
        yield {name: stack.enter_context(_listener(port, way_out)) for name, port in ports.items()}


def _listener(port: int, way_out: str) -> socket.socket:
    # asyncio sends small packets at once (TCP_NODELAY) only where the protocol is spelled out; without it, each answer
    # would wait for the client's delayed acknowledgement, 40 ms (seen in 3.11).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        # Two sockets with SO_REUSEADDR may bind one port as long as neither listens, so listen at once.
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise LabError(f"Port {port} on {HOST} {reason}. {way_out}") from error
    return listener


class Server(Protocol):
    """What is served by the event loop: it sets ``ready`` once it accepts, and ends soon after ``should_exit``."""

    ready: threading.Event
    should_exit: bool

    async def serve(self) -> None: ...


@contextmanager
def serving(sites: Sequence[Site], others: Sequence[Server] = ()) -> Iterator[None]:
    """Serve all sites, and what else there is to serve, until the end of the block."""
    servers: list[Server] = [*(_Server(site) for site in sites), *others]
    thread = threading.Thread(target=asyncio.run, args=(_serve(servers),), name="lab-servers", daemon=True)
    thread.start()
    try:
        if not all(server.ready.wait(STARTED_WITHIN) for server in servers):
            raise LabError(f"The lab's servers did not start within {STARTED_WITHIN:.0f} s.")
        yield
    finally:
        for server in servers:
            server.should_exit = True
        thread.join()


async def _serve(servers: Sequence[Server]) -> None:
    # One event loop has 40 threads by default. FortiSOAR's execute calls hold one each while they wait for a connector
    # that in turn waits for FortiMonitor or FortiSIEM: 40 of them at once would leave the products none to answer with.
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    await asyncio.gather(*(server.serve() for server in servers))


class _Protocol(H11Protocol):
    """HTTP on one connection, which is closed at most once.

    uvicorn closes some a second time. A TLS transport then lets go of the connection that it has not closed yet, and
    nothing can end it any more (seen in Python 3.11.2, where the attempt fails, to 3.13).
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        close = transport.close

        def close_once() -> None:
            if not transport.is_closing():
                close()

        transport.close = close_once  # type: ignore[method-assign]
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """A quiet uvicorn server that says when it is ready."""

    def __init__(self, site: Site) -> None:
        tls = site.tls
        super().__init__(
            uvicorn.Config(
                site.app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody stands between: the lab's own proxy relays what came
                date_header=False,  # the products tell the lab's time
                timeout_keep_alive=75,  # like the appliance's nginx; uvicorn's 5 s would race with pooled connections
                timeout_graceful_shutdown=DRAINED_WITHIN,
                ssl_context_factory=(lambda _config, _default: tls) if tls else None,
            )
        )
        self.ready = threading.Event()
        self._listener = site.listener

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets or [self._listener])
        # uvicorn cancels what is still under way, but leaves its connection: over TLS it would wait for a farewell that
        # does not come, and be found unclosed after the event loop has ended (seen in 0.54).
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
