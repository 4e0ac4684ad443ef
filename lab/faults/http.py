"""Requests and answers as whole pieces of bytes, of which only as much is understood as a proxy must."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import h11

from ..kit.bodies import LARGEST
from .connection import CHUNK, Connection

NO_BODY = (204, 304)
KEPT_SECONDS = 60  # less than the product waits for the next request on a connection


@dataclass(frozen=True)
class Request:
    """A whole request.

    Parameters:
        raw: every byte of it.
        path: without its query, and unquoted.
        keeps_open: whether the client expects the connection to stay open.
    """

    raw: bytes
    method: str
    path: str
    keeps_open: bool


async def read_request(connection: Connection) -> Request | None:
    """Read one request; return None if the client has left instead.

    Raises: h11.RemoteProtocolError if what came is not HTTP.
    """
    parser = h11.Connection(h11.SERVER)
    raw = bytearray()
    head: h11.Request | None = None
    while True:
        event: Any = parser.next_event()
        if event is h11.NEED_DATA:
            if parser.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                await connection.send(parser.send(go_on) or b"")
            received = await connection.receive()
            raw += received
            if len(raw) > LARGEST:
                raise h11.RemoteProtocolError(f"A request of more than {LARGEST} bytes", 413)
            parser.receive_data(received)
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.ConnectionClosed):
            return None
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            early, _ = parser.trailing_data
            connection.give_back(early)
            del raw[len(raw) - len(early) :]
            return _request(bytes(raw), head, parser)


def _request(raw: bytes, head: h11.Request, parser: h11.Connection) -> Request:
    path = unquote(head.target.partition(b"?")[0].decode("ascii"))
    return Request(raw, head.method.decode("ascii"), path, parser.their_state is not h11.MUST_CLOSE)


class Product:
    """A plain HTTP server, asked over connections that are used again as a client would.

    Parameters:
        address: where it listens.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def ask(self, request: Request) -> Answer:
        """Send a request; return its whole answer.

        Raises: OSError if no whole answer came.
        """
        reader, writer = self._kept() or await asyncio.open_connection(*self._address)
        answer = Answer(request)
        try:
            writer.write(request.raw)
            while not answer.is_whole:
                answer.feed(await reader.read(CHUNK))
        except h11.RemoteProtocolError as error:
            raise ConnectionError(f"No whole answer came: {error}") from error
        finally:
            if answer.keeps_open:
                self._idle.append((reader, writer, time.monotonic()))
            else:
                writer.close()
        return answer

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._idle:
            self._idle.pop()[1].close()

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Return a connection that stands: one on which a request is lost could not tell whether the product acted."""
        while self._idle:
            reader, writer, since = self._idle.pop()
            if time.monotonic() - since < KEPT_SECONDS and not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None


def keeps_open(request: Request, raw: bytes) -> bool:
    """Return whether the connection can go on once an answer was sent: it is whole and does not say otherwise."""
    answer = Answer(request)
    try:
        answer.feed(raw)
    except h11.RemoteProtocolError:
        return False
    return answer.keeps_open


class Answer:
    """An answer while it comes in, with what HTTP says about its end."""

    def __init__(self, request: Request) -> None:
        self.raw = b""
        self.is_whole = False
        self._request = request
        self._parser = h11.Connection(h11.CLIENT)
        # Only the method matters: an answer to HEAD has no body, whatever its headers say.
        self._parser.send(h11.Request(method=request.method, target="/", headers=[("Host", "product")]))
        self._parser.send(h11.EndOfMessage())

    @property
    def keeps_open(self) -> bool:
        """Whether the connection goes on: the answer is whole, nothing follows it, and neither side says otherwise."""
        is_clean = self._parser.their_state is h11.DONE and self._parser.trailing_data == (b"", False)
        return self._request.keeps_open and self.is_whole and is_clean

    def feed(self, data: bytes) -> None:
        self.raw += data
        self._parser.receive_data(data)
        while (event := self._parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.InformationalResponse):
                # The client was told to go on when its request was read.
                self.raw = self.raw.partition(b"\r\n\r\n")[2]
            if isinstance(event, h11.EndOfMessage):
                self.is_whole = True
                return


def head_and_body(answer: bytes) -> tuple[bytes, bytes]:
    """Return the header block of an answer, its blank line included, and the body."""
    end = answer.index(b"\r\n\r\n") + 4
    return answer[:end], answer[end:]


def with_header(answer: bytes, name: str, value: str | None) -> bytes:
    """Return an answer with a header of its own changed, or with None taken away; without such a header, as it is."""
    head, body = head_and_body(answer)
    lines = []
    for line in head.split(b"\r\n"):
        if line.partition(b":")[0].lower() != name.lower().encode("ascii"):
            lines.append(line)
        elif value is not None:
            lines.append(f"{name}: {value}".encode("ascii"))
    return b"\r\n".join(lines) + body


def header(answer: bytes, name: str) -> str | None:
    """Return the value of an answer's header, None if it has none."""
    for line in head_and_body(answer)[0].split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.lower() == name.lower().encode("ascii"):
            return value.strip().decode("latin-1")
    return None


def whole_answer(method: str, status: int, headers: dict[str, str], body: str) -> bytes:
    """Return the bytes of an answer to a request with this method."""
    content = body.encode("utf-8")
    lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in headers.items())]
    if status in NO_BODY:
        content = b""
    elif not {"content-length", "transfer-encoding"} & {name.lower() for name in headers}:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if method == "HEAD" else content)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
