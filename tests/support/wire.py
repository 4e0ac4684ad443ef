"""A server that does to the wire what it is told: answers whole or cut, resets, hangs, drips, over plain TCP or TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

Behaviour = Callable[[socket.socket, "WireServer"], None]


class WireServer:
    """Accept connections on loopback, read each request whole, count it, and let a behaviour answer.

    Parameters:
        behave: what to do with a request that was read; it gets the socket and this server.
        tls: the server's TLS context; None for plain TCP.
        accepting: what to do with a connection before anything is read; None to go on.
    """

    def __init__(
        self, behave: Behaviour, tls: ssl.SSLContext | None = None, accepting: Behaviour | None = None
    ) -> None:
        self.behave = behave
        self.accepting = accepting
        self.requests: list[bytes] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop accepting, wake every behaviour that waits, and wait for the threads."""
        self.stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        with suppress(OSError), connection:
            if self.accepting:
                self.accepting(connection, self)
                return
            if self._tls:
                connection.settimeout(10)
                connection = self._tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)
                connection.settimeout(0.05)
            with connection:
                while (request := self._read_request(connection)) is not None:
                    with self._lock:
                        self.requests.append(request)
                    self.behave(connection, self)
                    if connection.fileno() == -1:
                        return

    def _read_request(self, connection: socket.socket) -> bytes | None:
        content = b""
        while not _is_whole(content):
            try:
                received = connection.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                if self.stopped.is_set():
                    return None
                continue
            if not received:
                return None
            content += received
        return content


def _is_whole(content: bytes) -> bool:
    head, blank, body = content.partition(b"\r\n\r\n")
    if not blank:
        return False
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= (int(lengths[0]) if lengths else 0)


def answering(*answers: bytes) -> Behaviour:
    """Send the answers in turn, the last one ever after, and keep the connection open."""
    left = list(answers)
    lock = threading.Lock()

    def behave(connection: socket.socket, server: WireServer) -> None:
        with lock:
            answer = left.pop(0) if len(left) > 1 else left[0]
        connection.sendall(answer)

    return behave


def cutting(answer: bytes) -> Behaviour:
    """Send an answer and close the connection, over TLS without a farewell."""

    def behave(connection: socket.socket, server: WireServer) -> None:
        connection.sendall(answer)
        connection.close()

    return behave


def resetting(connection: socket.socket, server: WireServer) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hanging(connection: socket.socket, server: WireServer) -> None:
    """Say nothing until the server is closed."""
    server.stopped.wait(60)
    connection.close()


def dripping(answer: bytes, seconds: float = 0.1) -> Behaviour:
    """Send one byte after the other with a pause after each; then close."""

    def behave(connection: socket.socket, server: WireServer) -> None:
        for position in range(len(answer)):
            connection.sendall(answer[position : position + 1])
            if server.stopped.wait(seconds):
                break
        connection.close()

    return behave


def http_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of an answer with its length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body
