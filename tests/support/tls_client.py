"""A TLS client that sees how a connection ends: Python's own takes a reset for an end."""

from __future__ import annotations

import socket
import ssl
from typing import Literal

End = Literal["farewell", "fin", "reset", "bad record"]


class TlsClient:
    """One connection to a server on loopback.

    Parameters:
        context: what is accepted of the server.
    Raises: ssl.SSLError if the handshake fails, ConnectionResetError if there is none.
    """

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        try:
            while not self._shaken():
                self._feed(self._socket.recv(65536))
        except OSError:
            self._socket.close()
            raise

    def send(self, request: bytes) -> None:
        """Send bytes."""
        self._tls.write(request)
        self._socket.sendall(self._outgoing.read())

    def receive(self) -> bytes | End:
        """Return the next bytes, or how the connection ended."""
        while True:
            try:
                return self._tls.read(65536) or "farewell"
            except ssl.SSLWantReadError:
                try:
                    received = self._socket.recv(65536)
                except ConnectionResetError:
                    return "reset"
                self._feed(received)
            except ssl.SSLEOFError:
                return "fin"
            except ssl.SSLError as error:
                if error.reason != "DECRYPTION_FAILED_OR_BAD_RECORD_MAC":
                    raise
                return "bad record"

    def answer(self) -> bytes:
        """Return one whole answer, whose length is given by its Content-Length or its 204."""
        content = b""
        while not _is_whole(content):
            received = self.receive()
            assert isinstance(received, bytes), f"{received} after {content!r}"
            content += received
        return content

    def rest(self) -> tuple[bytes, End]:
        """Return everything up to the end, and how that came."""
        content = b""
        while isinstance(received := self.receive(), bytes):
            content += received
        return content, received

    def waits(self, seconds: float) -> bool:
        """Return whether nothing comes for so long."""
        self._socket.settimeout(seconds)
        try:
            return not self.receive()
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(20)

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _feed(self, received: bytes) -> None:
        if received:
            self._incoming.write(received)
        else:
            self._incoming.write_eof()

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._socket.sendall(self._outgoing.read())
        return True


def _is_whole(content: bytes) -> bool:
    head, blank, body = content.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    return bool(blank) and len(body) >= (lengths[0] if lengths else 0)
