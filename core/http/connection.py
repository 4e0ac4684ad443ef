"""The wire under ``requests``: strict answers, a deadline that holds for every byte, and proof of what was sent.

Measured on requests 2.31 and 2.34 (reliability reference, 4.1 and 4.2):

- An answer cut anywhere in its headers is taken for whole. ``Location: .../outage/-28`` instead of ``-28000855``
  looks like success. Here a header block that does not end in its blank line is an error.
- A read timeout counts from the last byte, so a server that drips never times out. Here each read gets no more than
  what is left until the deadline.
- From an exception nobody can tell whether a request was sent. Here the connection notes it.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import Any, Iterator, Optional

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..deadline import Deadline
from ..process_state import STATE


class Exchange(threading.local):
    """What this thread's present request may take, and how far it came."""

    deadline: Optional[Deadline] = None
    read_timeout: float = 0.0
    connecting: bool = False
    sent: bool = False

    @property
    def provably_not_sent(self) -> bool:
        """A connection was being made, and the request's bytes were never handed to it."""
        return self.connecting and not self.sent


exchange = Exchange()


@contextmanager
def one_exchange(deadline: Deadline, read_timeout: float) -> Iterator[Exchange]:
    """Watch over one request of this thread."""
    exchange.deadline, exchange.read_timeout = deadline, read_timeout
    exchange.connecting = exchange.sent = False
    try:
        yield exchange
    finally:
        exchange.deadline = None


class _TimedReader(io.RawIOBase):
    """Bytes from a socket, each read within the time that is left."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        if exchange.deadline is not None:
            remaining = exchange.deadline.remaining()
            if remaining <= 0:
                raise socket.timeout("the deadline has passed")
            self._sock.settimeout(min(exchange.read_timeout, remaining))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LineKeeper(io.BufferedReader):
    """A reader that remembers its last line."""

    last_line = b""

    def readline(self, size: Optional[int] = -1) -> bytes:
        self.last_line = super().readline(size)
        return self.last_line


class StrictResponse(http.client.HTTPResponse):
    """An answer whose header block must be whole."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = _LineKeeper(_TimedReader(self.fp.detach(), sock))

    def begin(self) -> None:
        """Read status line and headers. Raises HTTPException if they do not end in their blank line."""
        reader = self.fp
        super().begin()
        if reader.last_line not in (b"\r\n", b"\n"):
            raise http.client.HTTPException("the answer was cut within its headers")


class _NotingSent:
    """Note on the exchange when a request's bytes are handed over. The connection itself comes first."""

    sock: Any
    _connecting = False

    def connect(self) -> None:
        exchange.connecting = self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
            STATE.sockets.add(self.sock)
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if not self._connecting:  # while it is connecting, only a CONNECT goes to a proxy
            exchange.sent = True
        super().send(data)  # type: ignore[misc]


class _Connection(_NotingSent, HTTPConnection):
    response_class = StrictResponse


class _SecureConnection(_NotingSent, HTTPSConnection):
    response_class = StrictResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class StrictAdapter(HTTPAdapter):
    """The transport adapter of ``requests`` on strict connections.

    Parameters:
        context: the TLS context, with every certificate authority that is trusted.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of strict connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of strict connections through a proxy."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
