"""The wire under ``requests``: strict answers, a deadline that holds for every byte, and proof of what was sent.

Measured on requests 2.31 and 2.34 (reliability reference, 4.1 and 4.2):

- An answer cut anywhere in its headers is taken for whole. ``Location: .../outage/-28`` instead of ``-28000855``
  looks like success. Here a header block that does not end in its blank line is an error.
- A read timeout counts from the last byte, so a server that drips never times out; a connect timeout counts for each
  address of a name, and none counts while the name is looked up. Here all of it gets no more than what is left.
- From an exception nobody can tell whether a request was sent. Here the connection notes it.
- Answers with more than 100 headers, or with 102 or 103 before the real one, are misread. Here they are not.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional, Tuple

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import prepend_scheme_if_needed, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ..deadline import Deadline
from ..process_state import STATE

LONGEST_LINE = 64 * 1024  # bytes, with its end
LONGEST_HEAD = 256 * 1024
SHORTEST_HANDSHAKE = 0.1  # seconds
FRAMING = (b"content-length", b"transfer-encoding", b"connection", b"keep-alive", b"proxy-connection")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Exchange(threading.local):
    """What this thread's present request may take, and how far it came.

    ``is_begun``: a connection was made or used. ``is_fresh``: it was made for this request. ``is_sent``: the
    request's bytes were handed to it. ``is_answered``: at least one byte came back.
    """

    deadline: Optional[Deadline] = None
    read_timeout = 0.0
    is_begun = is_fresh = is_sent = is_answered = False

    def limit(self, sock: socket.socket) -> None:
        """Let the next operation on a socket take no longer than what is left."""
        if self.deadline is None:
            return
        remaining = self.deadline.remaining()
        if remaining <= 0:
            raise socket.timeout("the deadline has passed")
        timeout = min(self.read_timeout, remaining)
        if sock.gettimeout() != timeout:  # to set it is a call of the system
            sock.settimeout(timeout)


exchange = Exchange()


@contextmanager
def one_exchange(deadline: Deadline, read_timeout: float) -> Iterator[Exchange]:
    """Watch over one request of this thread."""
    exchange.deadline, exchange.read_timeout = deadline, read_timeout
    exchange.is_begun = exchange.is_fresh = exchange.is_sent = exchange.is_answered = False
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
        exchange.limit(self._sock)
        count = self._raw.readinto(buffer)
        exchange.is_answered = exchange.is_answered or bool(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class StrictResponse(http.client.HTTPResponse):
    """An answer whose header block must be whole."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = io.BufferedReader(_TimedReader(self.fp.detach(), sock))

    def begin(self) -> None:
        """Read the status line and the headers of the real answer. Raises HTTPException if they are cut.

        ``http.client`` gets the lines that frame the body, and no other: it gives up at 100, and at an odd one it
        takes those behind it for the body.
        """
        if self.headers is not None:
            return
        status_line, fields = self._head()
        framing = b"".join(b"%b: %b\r\n" % (name, _once(value)) for name, value in fields if name.lower() in FRAMING)
        reader, self.fp = self.fp, io.BytesIO(status_line + framing + b"\r\n" if status_line else b"")
        try:
            super().begin()
        finally:
            self.fp = reader
        self.headers = self.msg = http.client.HTTPMessage()
        for name, value in fields:
            self.headers[name.decode("latin-1")] = _header_text(value)

    def _head(self) -> Tuple[bytes, List[Tuple[bytes, bytes]]]:
        """Read up to the blank line; answers of 1xx say only that the real one is still to come."""
        while True:
            status_line = self.fp.readline(LONGEST_LINE)
            if not status_line.startswith(b"HTTP/"):
                return status_line, []  # http.client says what is wrong with it
            fields = self._fields()
            code = status_line.split(None, 2)[1:2]
            if not (code and len(code[0]) == 3 and code[0].startswith(b"1")) or code == [b"101"]:
                return status_line, fields

    def _fields(self) -> List[Tuple[bytes, bytes]]:
        fields: List[Tuple[bytes, bytes]] = []
        size = 0
        while True:
            line = self.fp.readline(LONGEST_LINE)
            size += len(line)
            if not line.endswith(b"\n") or size > LONGEST_HEAD:
                raise http.client.HTTPException("the answer was cut within its headers, or they do not end")
            name, colon, value = line.partition(b":")
            if not line.strip(b"\r\n"):
                return fields
            if line[:1] in b" \t" and fields:  # an old form, in which a long value goes on on the next line
                fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
            elif colon and name.strip():
                fields.append((name.strip(), value.strip()))


def _once(value: bytes) -> bytes:
    """Return a value that came twice on one line as it came once: a proxy may join two lines (RFC 9110, 8.6)."""
    parts = {part.strip() for part in value.split(b",")}
    return parts.pop() if len(parts) == 1 else value


def _header_text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return CONTROL.sub(" ", text)


class Lookup:
    """The addresses of a host name, looked up in a thread of its own: the system's resolver knows no timeout.

    Those who ask for the same name meanwhile wait for the same look-up, so that no more threads hang than names.

    Parameters:
        host, port: as ``socket.getaddrinfo`` takes them.
    """

    def __init__(self, host: str, port: int) -> None:
        self._asked = (host, port)
        self._done = threading.Event()
        self._found: List[Any] = []
        self._error: Optional[Exception] = None
        threading.Thread(target=self._run, daemon=True).start()

    def addresses(self, seconds: float) -> List[Any]:
        """Return what ``getaddrinfo`` returned, or raise what it raised; socket.timeout if it takes longer."""
        if not self._done.wait(seconds):
            raise socket.timeout("the name was not resolved in time")
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self) -> None:
        try:
            self._found = _looked_up(*self._asked)
        except Exception as error:  # noqa: BLE001 - raised again in the threads that wait
            self._error = error
        STATE.lookups.drop(self._asked)
        self._done.set()


def _looked_up(host: str, port: int) -> List[Any]:
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)


def _addresses(host: str, port: int, deadline: Deadline) -> List[Any]:
    if is_address(host):
        return _looked_up(host, port)
    lookup: Lookup = STATE.lookups.get_or_make((host, port), lambda: Lookup(host, port))
    return lookup.addresses(deadline.remaining())


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address and no name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class _Watched:
    """Connect within the connect timeout, whatever the number of addresses, and note how far a request came."""

    sock: Any
    host: str
    port: int
    timeout: Any
    socket_options: Any
    _is_connecting = False

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        exchange.is_begun = True
        super().putrequest(*args, **kwargs)  # type: ignore[misc]

    def connect(self) -> None:
        exchange.is_begun = exchange.is_fresh = self._is_connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._is_connecting = exchange.is_answered = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        exchange.limit(self.sock)
        if not self._is_connecting:  # while it is connecting, only a CONNECT goes to a proxy
            exchange.is_sent = True
        super().send(data)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        timing = exchange.deadline.timing if exchange.deadline else None
        deadline = Deadline(self.timeout, timing) if timing else Deadline(self.timeout)
        try:
            # At once, as newer ones do: urllib3 1.26.4 would leave it open where TLS cannot even begin.
            self.sock = self._connected(deadline)
        except socket.timeout as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"no connection to {self.host}") from error  # type: ignore[arg-type]
        return self.sock  # type: ignore[no-any-return]

    def _connected(self, deadline: Deadline) -> socket.socket:
        addresses = _addresses(self.host.strip("[]"), self.port, deadline)
        error: OSError = OSError("the name has no address")
        for left, address in zip(range(len(addresses), 0, -1), addresses):
            try:
                return self._connected_to(address, deadline, left)
            except OSError as refused:
                error = refused
        raise error

    def _connected_to(self, address: Any, deadline: Deadline, share: int) -> socket.socket:
        """Connect to one address, and leave time to the others. The rest is for TLS."""
        family, kind, protocol, _, place = address
        remaining = deadline.remaining()
        if remaining <= 0:
            raise socket.timeout("the connect timeout has passed")
        sock = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(remaining / share)
            sock.connect(place)
            sock.settimeout(deadline.remaining() or SHORTEST_HANDSHAKE)  # 0 would mean not to wait at all
        except BaseException:
            sock.close()
            raise
        STATE.sockets.add(sock)
        return sock


class _Connection(_Watched, HTTPConnection):
    response_class = StrictResponse


class _SecureConnection(_Watched, HTTPSConnection):
    response_class = StrictResponse

    def connect(self) -> None:
        super().connect()
        STATE.sockets.add(self.sock)  # TLS took over the descriptor of the one below


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class TlsContext(ssl.SSLContext):
    """Verification of a server by its certificate; where it has no name, by its address.

    urllib3 1.26 does not say the name of a server that is an address, and ssl refuses to go on without one.
    """

    address: Optional[str] = None

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Begin TLS on a connected socket."""
        kwargs["server_hostname"] = kwargs.get("server_hostname") or self.address
        return super().wrap_socket(*args, **kwargs)


class StrictAdapter(HTTPAdapter):
    """The transport adapter of ``requests`` on strict connections to one server, on one way.

    Parameters:
        context: the TLS context, with every certificate authority that is trusted.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._pool: Any = None  # made when the first request asks for it, whose failure it is if that cannot be
        super().__init__(pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """Return the connections to the server, without the context that requests 2.32.2 would put in place of ours."""
        return self.get_connection(request.url, proxies)

    def get_connection(self, url: Any, proxies: Any = None) -> Any:
        """Return the connections to the server. So requests asks for them before 2.32."""
        if self._pool is None:
            proxy = select_proxy(url, proxies)
            manager = self.poolmanager
            if proxy:
                manager = self.proxy_manager_for(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]
            self._pool = manager.connection_from_url(url)
        return self._pool

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return the answer with nothing read out of it: requests would look for cookies and a charset."""
        response = Response()
        response.request, response.url, response.raw = req, req.url or "", resp
        response.status_code, response.headers = resp.status, resp.headers
        return response

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Have the context alone say what is trusted: requests would read its own bundle for each connection."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of strict connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of strict connections through a proxy."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
